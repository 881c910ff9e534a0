"""Conductivity against filler fraction: bounds and theories as lines, what was simulated or measured as points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from closo.errors import StudyError
from closo.figures.spec import Axis, Band, FigureSpec, Panel, Span, Trace
from closo.models import mixing
from closo.models.percolation.dispersed import overlapping
from closo.models.percolation.geometry import overlapping_fractions

_NOTE = (
    "Bounds and three phases: shell of overlapping spheres. Coated theories: shells never overlap, which is "
    "more shell, so they may pass these bounds. Lower bounds are 0, as the filler insulates."
)


@dataclass(frozen=True)
class Points:
    """Conductivities over filler fraction, all (n,), in the unit of the figure."""

    filler_fraction: np.ndarray | Sequence[float]
    conductivity: np.ndarray | Sequence[float]
    u: np.ndarray | Sequence[float] | None = None  # standard uncertainties of the conductivities
    label: str = ""  # in the legend


def conductivity_figure(
    *,
    matrix: float,
    shell: float,
    shell_ratio: float,
    unit: str = "S cm-1",
    voxels: Points | None = None,
    data: Sequence[Points] = (),
    largest: float = 0.7,
) -> FigureSpec:
    """Return the figure of one composite: insulating spheres with a shell, in a matrix.

    Parameters
    ----------
    matrix, shell : conductivities > 0, in `unit`.
    shell_ratio : thickness of the shell / diameter of the sphere.
    voxels : direct solutions; with u drawn as a band of 2 u. data : measurements, with error bars.
    largest : filler fraction at the right end.

    Raises
    ------
    StudyError  for conductivities or a range that cannot be drawn.

    Example
    -------
    >>> conductivity_figure(matrix=1e-5, shell=1e-3, shell_ratio=0.25).panels[0].y.scale
    'log'
    """
    if not (matrix > 0 and shell > 0 and shell_ratio > 0 and 0 < largest < 1):
        raise StudyError(
            f"matrix {matrix}, shell {shell}, shell_ratio {shell_ratio}, largest {largest}: all are above 0, "
            "largest is below 1."
        )
    onset = float(overlapping(shell_ratio).onset)
    traces = _lines(np.linspace(0.0, largest, 141), matrix, shell, shell_ratio)
    bands: list[Band] = []
    for index, points in enumerate([*([voxels] if voxels is not None else []), *data]):
        found, band = _points(points, index, line=voxels is not None and index == 0)
        traces.append(found)
        bands += band
    panel = Panel(
        Axis("filler fraction", range=(0.0, largest)),
        Axis(f"sigma / {unit}", "log"),
        traces=traces,
        bands=bands,
        spans=[Span(0.0, onset, label="shells not connected")] if onset < largest else [],
    )
    return FigureSpec(
        name="conductivity over filler fraction",
        panels=[panel],
        title="Bounds, theories and solutions",
        summary=_summary(shell / matrix, shell_ratio, voxels, data),
        columns=1,
        notes=(_NOTE, f"Shells percolate at {onset:.3f} (overlapping spheres)."),
    )


def _lines(phi: np.ndarray, matrix: float, shell: float, ratio: float) -> list[Trace]:
    """Return the traces of bounds and theories where they are above 0."""
    traces = []
    for label, sigma, style, color in _theories(phi, matrix, shell, ratio):
        keep = np.isfinite(sigma) & (sigma > 0)
        traces.append(Trace(phi[keep], sigma[keep], label=label, style=style, color=color))
    return traces


def _theories(
    phi: np.ndarray, matrix: float, shell: float, ratio: float
) -> list[tuple[str, np.ndarray, Literal["line", "dashed"], int]]:
    """Return label, conductivities, style and colour of each line."""
    fractions = overlapping_fractions(phi, ratio)
    sigma = [0.0, shell, matrix]
    return [
        ("Wiener, upper", mixing.wiener(sigma, fractions)[1], "line", 7),
        ("Hashin-Shtrikman, upper", mixing.hashin_shtrikman(sigma, fractions)[1], "dashed", 7),
        ("Maxwell-Garnett, coated", mixing.coated_maxwell_garnett(phi, ratio, matrix=matrix, shell=shell), "line", 1),
        ("Bruggeman, coated", mixing.coated_bruggeman(phi, ratio, matrix=matrix, shell=shell), "dashed", 2),
        ("Bruggeman, three phases", mixing.bruggeman(sigma, fractions), "line", 3),
    ]


def _points(points: Points, index: int, *, line: bool) -> tuple[Trace, list[Band]]:
    """Return the trace of points; solutions get a line and a band, measurements error bars."""
    x, y = np.asarray(points.filler_fraction, float), np.asarray(points.conductivity, float)
    if x.shape != y.shape or np.any(~(y > 0)):
        raise StudyError(f"{points.label or 'Points'}: as many fractions as conductivities, all above 0, are needed.")
    u = None if points.u is None else np.asarray(points.u, float)
    color = (0, 5, 4, 6)[index % 4] if line or index else 5
    if not line:
        return Trace(x, y, label=points.label, color=color, marker=index, y_u=u), []
    order = np.argsort(x)
    x, y = x[order], y[order]
    band: list[Band] = []
    if u is not None:
        factor = np.exp(2 * u[order] / y)  # stays above 0 on a logarithmic axis
        band = [Band(x, y / factor, y * factor, color=color)]
    return Trace(x, y, label=points.label or "voxels", style="both", color=color), band


def _summary(contrast: float, ratio: float, voxels: Points | None, data: Sequence[Points]) -> str:
    """Return the figure in words."""
    words = [
        f"Conductivity over filler fraction for shells {contrast:.3g} times as conducting as the matrix and "
        f"{ratio:.3g} particle diameters thick: two bounds and three theories.",
    ]
    if voxels is not None:
        best = int(np.argmax(voxels.conductivity))
        words.append(f"The solutions are largest at {float(np.asarray(voxels.filler_fraction)[best]):.2f}.")
    if data:
        words.append(f"{sum(len(p.conductivity) for p in data)} measurements.")
    return " ".join(words)
