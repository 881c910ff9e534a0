"""Conductivity of an image or of a model composite as a result with its budget, for the command line and for scripts.

Measures
    effective_conductivity of a network of voxels, and for a composite made from a geometry that of the geometry.
Needs
    labels of phases (NPY or TIFF, or a geometry) and a conductivity for each.
Uncertainty sources
    `solver`: the distance between the bounds of the network's conductivity; `grid`: the same geometry on two grids;
    `links`: two pictures of what lies between cell centres; `boxes`: scatter of boxes of finite size over seeds.
Checks
    does a path connect the two sides, is the box at least six particles wide, is the grid fine enough, do the phase
    energies add up?
Limits
    For an image alone the error of its voxels is not known and not in the budget. Point contacts are under-conducted.
Sources
    Prager and Synge 1947, DOI 10.1090/qam/25902 (bounds); see `closo.models.transport`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from closo.constants import S_PER_CM
from closo.errors import StudyError, did_you_mean
from closo.figures.spec import FigureSpec
from closo.processes import Progress
from closo.quantity import Number, Quantity, uncertain
from closo.result import Check, Result

if TYPE_CHECKING:
    from closo.models.transport import Options, Resolved, Spread

GEOMETRIES = ("overlapping", "hard", "aggregated")
_LEAST_CELLS = 16  # of the finest grid along a diameter: with fewer, the stated error of the grid is too small
_DIAMETER = 1.0  # the conductivity does not depend on the unit of length


def parse_phases(phases: list[str]) -> dict[int, float]:
    """Return label -> conductivity [S/cm] from words like '2=100'.

    Raises
    ------
    StudyError  when a word is not LABEL=CONDUCTIVITY, or a label occurs twice.

    Example
    -------
    >>> parse_phases(["0=0", "1=1.9e-5"])
    {0: 0.0, 1: 1.9e-05}
    """
    found: dict[int, float] = {}
    for word in phases:
        label, _, value = word.partition("=")
        try:
            key, sigma = int(label), float(value)
        except ValueError:
            raise StudyError(
                f"--phase {word} is not LABEL=CONDUCTIVITY.", hint="Write e.g. --phase 1=1.9e-5, in S/cm."
            ) from None
        if key in found:
            raise StudyError(f"Phase {key} is given twice.", hint="Give each label one conductivity.")
        if not 0 <= key <= 255:
            raise StudyError(f"Phase {key} is not a label; labels are 0 to 255.")
        if not (math.isfinite(sigma) and sigma >= 0):
            raise StudyError(f"Phase {key} has conductivity {sigma:g} S/cm; it is finite and not negative.")
        found[key] = sigma
    if not found:
        raise StudyError("No phase has a conductivity.", hint="Write e.g. --phase 0=0 --phase 1=1 --phase 2=100.")
    return found


def image(path: Path, phases: Mapping[int, float], options: Options | None = None) -> Result:
    """Return the effective conductivity of an image in a file.

    Parameters
    ----------
    path : NPY or TIFF stack of labels.
    phases : label -> conductivity [S/cm].
    options : of the solver; the usual ones when absent.

    Raises
    ------
    ReadError  when the file cannot be read; StudyError when it has a phase without a conductivity.
    """
    from closo.models.microstructure import read_stack
    from closo.models.transport import Options, current_map

    labels, options = read_stack(path), options or Options()
    if labels.dtype != np.uint8 and labels.size and labels.min() >= 0 and labels.max() <= 255:
        labels = labels.astype(np.uint8)
    found = current_map(labels, phases, options)
    solved = found.conduction
    assert solved is not None
    asked = {key: getattr(options, key) for key in ("axis", "boundary", "tolerance", "subvoxels", "device")}
    settings: dict[str, Any] = {**asked, "phases": {str(k): v for k, v in phases.items()}}
    findings: dict[str, Any] = {
        "lower": solved.lower,
        "upper": solved.upper,
        "relative_bound": (solved.upper - solved.lower) / solved.upper if solved.upper else 0.0,
        "iterations": solved.iterations,
        "seconds": solved.seconds,
        "dropped_fraction": solved.dropped_fraction,
        "reason": solved.reason,
        "derivatives": {str(k): v for k, v in solved.derivatives.items()},
    }
    number = uncertain(
        solved.effective_conductivity * S_PER_CM,
        {f"solver:{path.name}": 0.5 * S_PER_CM * (solved.upper - solved.lower)},
    )
    method = f"voxel network, {options.boundary} boundaries along {'xyz'[options.axis]}; bounds by two energies"
    quantities = {"effective_conductivity": Quantity("effective_conductivity", number, method)}
    notes = ("How well these voxels describe the sample is not in the budget.",)
    curves = xr.Dataset(
        {
            "labels": (("a", "b", "c"), labels if labels.ndim == 3 else labels[:, :, None]),
            "current_density": (("p", "q", "r"), found.current_density),
        },
        attrs={"kind": "conduction", "source": path.name, "axis": options.axis},
    )
    return Result(
        "conduction", path.name, quantities, curves, tuple(_checks(solved, phases)), settings, notes, findings=findings
    )


def _checks(solved: Any, phases: Mapping[int, float]) -> list[Check]:
    path = Check("conducting path", solved.reason is None, solved.reason or "a path connects the two sides")
    if solved.reason is not None:
        return [path]
    total = sum(phases[label] * slope for label, slope in solved.derivatives.items())
    error = abs(total / solved.effective_conductivity - 1)
    detail = f"sum of sigma d(sigma_eff)/d(sigma) differs from sigma_eff by {error:.1e}, limit 1e-3"
    return [path, Check("phase energies add up", error < 1e-3, detail)]


def composite(
    geometry: str,
    *,
    filler_fraction: float,
    shell_ratio: float,
    matrix: float,
    shell: float,
    filler: float = 0.0,
    width: float = 6.0,
    cells: int = 48,
    subvoxels: int = 4,
    within: float | None = 0.02,
    seeds: int = 4,
    progress: Progress | None = None,
) -> Result:
    """Return the conductivity of a model composite: particles with a conducting shell in a matrix.

    Parameters
    ----------
    geometry : one of GEOMETRIES. filler_fraction : volume fraction of the particles.
    shell_ratio : thickness of the shell over the diameter of a particle.
    matrix, shell, filler : conductivities [S/cm].
    width : edge of the periodic box in diameters.
    cells, subvoxels : cells along the edge, and samples per cell, 1 or a multiple of 4; a second grid cuts cells in eight.
    within : relative uncertainty asked of the grid; cells are halved in width until it is met or there are too many (see
        `closo.models.transport.resolved`). None: the cells stay as they are.
    seeds : number of boxes.

    Raises
    ------
    StudyError  when a parameter cannot be used.
    """
    from closo.models.microstructure import PARTICLE, SHELL, sample

    phases = {0: filler, 1: matrix, 2: shell, 3: 0.0}

    def labels(seed: int, n: int) -> Any:
        made = geometry_of(geometry, filler_fraction, width, seed=seed)
        return sample(made, n, subvoxels=subvoxels, shell=shell_ratio * _DIAMETER)

    tell = progress or (lambda _done, _seeds, _what: None)
    grid, report = (cells, subvoxels, within), lambda done: tell(done, seeds, f"box {done}")
    spread, found = _boxes(lambda seed, n: labels(seed, n).labels, phases, grid, seeds=seeds, report=report)
    shown = labels(1, cells)
    name = f"{geometry}, {100 * filler_fraction:g} vol%"
    asked = {"geometry": geometry, "filler_fraction": filler_fraction, "shell_ratio": shell_ratio, "width": width}
    resolution = {"cells": cells, "subvoxels": subvoxels, "within": within}
    settings = asked | resolution | {"phases": {str(k): v for k, v in phases.items()}}
    notes = (f"Shell: {100 * shown.fractions.get(SHELL, 0.0):.1f} vol% of the first box.", *_missed(found, within))
    finest = [each.cells for each in found]
    method = f"mean of {seeds} periodic boxes on two grids each, the finest of {max(finest)}^3 cells"
    quantity = Quantity("effective_conductivity", _mean_of(spread, found, name), method)
    curves = _curves(shown.labels, phases, subvoxels, name=name)
    findings = {
        "boxes": list(spread.values),
        "finest_cells": finest,
        "reached": {str(k): v for k, v in shown.fractions.items()},
    }
    checks = _checks_of_boxes(shown.fractions.get(PARTICLE, 0.0), filler_fraction, found, width)
    return Result("conduction", name, {quantity.name: quantity}, curves, checks, settings, notes, findings=findings)


def _checks_of_boxes(reached: float, asked: float, found: list[Resolved], width: float) -> tuple[Check, ...]:
    """Return the checks of boxes `width` diameters wide: wide enough, with what was asked, on a grid fine enough?"""
    cells = min(each.cells for each in found) / width
    return (
        Check("box wide enough", width >= 6, f"{width:g} diameters, limit 6"),
        Check("fraction met", abs(reached - asked) < 0.01, f"{100 * reached:.2f} vol% in the first box"),
        Check("grid fine enough", cells >= _LEAST_CELLS, f"{cells:.3g} cells per diameter, limit {_LEAST_CELLS}"),
    )


def _mean_of(spread: Spread, found: list[Resolved], name: str) -> Number:
    """Return the mean over boxes [S/m]. What grids get wrong is alike in all of them: no smaller for their number."""
    parts = {
        "grid": _mean([each.grid_u for each in found]),
        "links": _mean([each.link_u for each in found]),
        "solver": _mean([each.solver_u for each in found]),
    }
    number = uncertain(spread.mean * S_PER_CM, {f"boxes:{name}": spread.u * S_PER_CM}, df=len(found) - 1)
    return number + uncertain(0.0, {f"{k}:{name}": u * S_PER_CM for k, u in parts.items()})


def _missed(found: list[Resolved], within: float | None) -> tuple[str, ...]:
    """Return a sentence where the grid of a box is not known as well as was asked for."""
    error = max(each.relative_u for each in found)
    if within is None or error <= within:
        return ()
    return (
        f"The grid of a box is uncertain by up to {100 * error:.2g} %, {100 * within:g} % was asked for: the finest has "
        f"{max(each.cells for each in found)}^3 cells, and shells that touch or nearly touch need smaller ones.",
    )


def _boxes(
    labels: Callable[[int, int], np.ndarray],
    phases: Mapping[int, float],
    grid: tuple[int, int, float | None],
    *,
    seeds: int,
    report: Callable[[int], None],
) -> tuple[Spread, list[Resolved]]:
    """Return the mean conductivity over boxes, and that of each."""
    from closo.models.transport import over_seeds, resolved

    cells, subvoxels, within = grid
    found: list[Resolved] = []

    def one(seed: int) -> float:
        found.append(resolved(partial(labels, seed), cells, phases, subvoxels=subvoxels, within=within))
        report(len(found))
        return found[-1].effective_conductivity

    return over_seeds(one, range(1, seeds + 1)), found


def _curves(labels: np.ndarray, phases: Mapping[int, float], subvoxels: int, *, name: str) -> xr.Dataset:
    """Return labels and the current of a periodic box along axis 0."""
    from closo.models.transport import Options, current_map

    found = current_map(labels, phases, Options(boundary="periodic", subvoxels=subvoxels))
    return xr.Dataset(
        {"labels": (("a", "b", "c"), labels), "current_density": (("p", "q", "r"), found.current_density)},
        attrs={"kind": "conduction", "source": name, "axis": 0},
    )


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)


def geometry_of(kind: str, fraction: float, width: float, *, seed: int) -> Any:
    """Return particles of diameter 1 in a periodic box of `width` diameters; `kind` is one of GEOMETRIES.

    Raises
    ------
    StudyError  for an unknown kind, or a fraction that cannot be reached.
    """
    from closo.models.microstructure import aggregates, hard_spheres, overlapping_spheres

    if kind not in GEOMETRIES:
        raise StudyError(f"There is no geometry '{kind}'.", hint=did_you_mean(kind, GEOMETRIES))
    makers: tuple[Callable[..., Any], ...] = (overlapping_spheres, hard_spheres, aggregates)
    make = dict(zip(GEOMETRIES, makers, strict=True))[kind]
    return make(width * _DIAMETER, _DIAMETER, fraction, seed=seed)


def figure(result: Result) -> FigureSpec:
    """Return a slice of the phases beside the current density."""
    from closo.models.microstructure import LABELS
    from closo.models.transport import CurrentMap, current_figure

    labels = np.asarray(result.curves["labels"])
    found = CurrentMap(np.asarray(result.curves["current_density"]), int(result.curves.attrs["axis"]), None)
    names = LABELS if "geometry" in result.settings else None
    return current_figure(found, labels, names=names)
