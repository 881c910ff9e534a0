"""Energy of a stack against thickness of its electrolyte, loading and temperature, and what limits it where.

The stack is sodium (what the capacity needs and an excess), separator, cathode and two collectors. What limits a design is
what gains most when it is taken away: a mass, or one resistance at a time, each simulated.

Measures
    specific_energy and energy_density of the cells given; a map of both over thickness and loading for each temperature.
Needs
    a `Stack`, whose cathode keeps its composition while its thickness follows the loading.
Uncertainty sources
    `conductivity:<cell>`, as far as it reaches the energy of the cells given.
Limits
    Excess sodium, collectors and what the chemistry assumes are choices. No housing, no pressure plates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import xarray as xr

from closo.constants import CELSIUS
from closo.errors import StudyError
from closo.figures.spec import Axis, FigureSpec, Image, Panel, Trace
from closo.models.cell.forms import SODIUM_MOLAR_VOLUME, moved_thickness
from closo.models.cell.porous import cycle
from closo.models.cell.stack import Stack
from closo.processes import Progress
from closo.quantity import Quantity, uncertain
from closo.result import Check, Result

_SODIUM = 0.02299 / SODIUM_MOLAR_VOLUME  # kg/m3
_ALUMINIUM = 2700.0
_REMOVED: dict[str, dict[str, float]] = {  # field -> factor
    "separator resistance": {"separator_factor": 1e6},
    "ions in the cathode": {"bruggeman": -10.0},
    "electrons in the cathode": {"electronic_conductivity": 1e6},
    "charge transfer": {"exchange_current_density": 1e5},
    "sodium interface": {"sodium_exchange": 1e6},
    "diffusion": {"diffusivity": 1e4},
}
_LIMITS = ("mass of the separator", "mass of sodium and collectors", *_REMOVED)


@dataclass(frozen=True)
class Extras:
    """What a stack holds besides the cell, all assumed: sodium over what the capacity needs [1], two collectors [m]."""

    sodium_excess: float = 1.0
    collector: float = 15e-6


def scaled(stack: Stack, *, thickness: float, loading: float) -> Stack:
    """Return a stack with another thickness of the separator [m] and another theoretical areal capacity [C/m2].

    Example
    -------
    >>> from closo.models.cell.chemistry import chemistry
    >>> from closo.models.cell.stack import stack_from_masses
    >>> rt = stack_from_masses("RT", chemistry("PW"), area=0.283e-4, cathode_mass=1.5e-6, separator_mass=35e-6,
    ...     ratio=(6, 3, 1), electrolyte_density=1543.5)
    >>> thick = scaled(rt, thickness=20e-6, loading=2 * rt.capacity / rt.area)
    >>> round(thick.cathode_mass * 1e6, 3), round(thick.separator_mass * 1e6, 2)
    (3.0, 0.87)
    """
    factor = loading * stack.area / stack.capacity
    return replace(
        stack,
        separator_thickness=thickness,
        separator_mass=stack.separator_mass * thickness / stack.separator_thickness,
        cathode_thickness=stack.cathode_thickness * factor,
        cathode_mass=stack.cathode_mass * factor,
        active_mass=stack.active_mass * factor,
    )


def energies(stacks: Sequence[Stack], kelvin: float, c_rate: float) -> np.ndarray:
    """Return the energy [J/m2] of the first discharge of each stack; 0 where it has no capacity."""
    legs = cycle(stacks, kelvin, c_rate)
    q, v = legs.curves[1 if stacks[0].chemistry.starts == "charge" else 0]
    found = []
    for k, stack in enumerate(stacks):
        there = np.isfinite(q[:, k])
        passed, voltage = np.abs(q[there, k]), v[there, k]
        found.append(
            0.0 if passed.size < 2 else float(np.trapezoid(voltage, passed) + voltage[0] * passed[0]) / stack.area
        )
    return np.array(found)


def _weight(stack: Stack, extras: Extras) -> tuple[float, float, float]:
    """Return the mass of all, and that of separator and of sodium with collectors [kg/m2]."""
    sodium = float(moved_thickness(stack.capacity / stack.area)) * (1.0 + extras.sodium_excess) * _SODIUM
    rest = sodium + 2.0 * extras.collector * _ALUMINIUM
    separator = stack.separator_mass / stack.area
    return stack.cathode_mass / stack.area + separator + rest, separator, rest


def _height(stack: Stack, extras: Extras) -> float:
    """Return the thickness [m] of all layers."""
    sodium = float(moved_thickness(stack.capacity / stack.area)) * (1.0 + extras.sodium_excess)
    return stack.cathode_thickness + stack.separator_thickness + sodium + 2.0 * extras.collector


def design(
    stack: Stack,
    *,
    c_rate: float,
    celsius: Sequence[float] = (20.0, 60.0),
    thicknesses: Sequence[float] = tuple(np.geomspace(10e-6, 1.1e-3, 7)),
    loadings: Sequence[float] = tuple(36000.0 * np.geomspace(0.2, 8.0, 7)),
    cells: Sequence[Stack] = (),
    extras: Extras = Extras(),
    progress: Progress | None = None,
) -> Result:
    """Return the energy of stacks of one recipe, what limits each, and the cells that were made as points.

    Parameters
    ----------
    stack : the recipe. c_rate : [1/h]. celsius : temperatures.
    thicknesses, loadings : of the separator [m]; theoretical areal capacity [C/m2]. cells : that were made.

    Raises
    ------
    StudyError  when a number cannot be.
    """
    numbers = np.array([c_rate, *thicknesses, *loadings])
    if not (np.all(np.isfinite(numbers)) and np.all(numbers > 0) and all(t > -CELSIUS for t in celsius) and celsius):
        raise StudyError("A design needs a rate, thicknesses and loadings > 0, and temperatures above absolute zero.")
    made = [scaled(stack, thickness=t, loading=q) for t in thicknesses for q in loadings]
    maps = []
    for k, t in enumerate(celsius):
        if progress is not None:
            progress(k, len(celsius), f"{t:g} degC")
        maps.append(_maps(made, t + CELSIUS, c_rate, extras))
    shape = (len(celsius), len(thicknesses), len(loadings))
    found = {key: np.array([m[key] for m in maps]).reshape(shape) for key in maps[0]}
    quantities, points = _cells(list(cells) or [stack], celsius, c_rate, extras)
    curves = xr.Dataset(
        {key: (("t", "a", "b"), values) for key, values in found.items()}
        | {"thickness": ("a", np.array(thicknesses)), "areal_capacity": ("b", np.array(loadings))},
        attrs={"kind": "cell_design", "source": stack.name},
    )
    alive = float(np.mean(found["specific_energy"] > 0))
    checks = (
        Check("stacks work", alive > 0.5, f"{100 * alive:.0f} % of the stacks have a capacity at {c_rate:g} 1/h"),
    )
    corners = _corners((celsius, thicknesses, loadings), found)
    findings = {"limits": list(_LIMITS), "corners": corners, "cells": points, "celsius": list(celsius)}
    note = (
        f"Assumed: sodium {100 * extras.sodium_excess:g} % over need, two collectors of {extras.collector * 1e6:g} um "
        "aluminium, and what `closo simulate cell` lists as assumed."
    )
    settings = {"c_rate": c_rate, "celsius": list(celsius)}
    return Result("cell_design", stack.name, quantities, curves, checks, settings, (note,), findings=findings)


def _maps(stacks: Sequence[Stack], kelvin: float, c_rate: float, extras: Extras) -> dict[str, np.ndarray]:
    """Return energies of stacks, what limits each and its slowest process (of _LIMITS), and the share that this costs."""
    mass, separator, rest = np.array([_weight(s, extras) for s in stacks]).T
    with np.errstate(over="ignore"):
        energy, *freed = [
            energies([_without(s, part) for s in stacks], kelvin, c_rate) for part in ({}, *_REMOVED.values())
        ]
    gains = np.array([energy / (mass - separator), energy / (mass - rest), *(e / mass for e in freed)])
    return {
        "specific_energy": energy / mass,
        "energy_density": energy / np.array([_height(s, extras) for s in stacks]),
        "limit": np.argmax(gains, axis=0).astype(np.int32),
        "process": (2 + np.argmax(gains[2:], axis=0)).astype(np.int32),
        "cost": 1.0 - energy / np.maximum(np.max(freed, axis=0), 1e-30),
    }


def _without(stack: Stack, removed: dict[str, float]) -> Stack:
    """Return a stack in which one process is as good as instant."""
    changes = {key: factor if key == "bruggeman" else getattr(stack, key) * factor for key, factor in removed.items()}
    return replace(stack, **changes)  # type: ignore[arg-type]


def _cells(
    cells: Sequence[Stack], celsius: Sequence[float], c_rate: float, extras: Extras
) -> tuple[dict[str, Quantity], list[dict[str, Any]]]:
    """Return the energies of the cells that were made, and their places on the map."""
    quantities, points = {}, []
    for cell in cells:
        better = replace(cell, conductivity=cell.conductivity * (1.0 + cell.conductivity_u))
        points.append({"name": cell.name, "thickness": cell.separator_thickness, "loading": cell.capacity / cell.area})
        for t in celsius:
            value, other = energies([cell, better], t + CELSIUS, c_rate)
            for name, size in (
                ("specific_energy", _weight(cell, extras)[0]),
                ("energy_density", _height(cell, extras)),
            ):
                number = uncertain(value / size, {f"conductivity:{cell.name}": (other - value) / size})
                quantities[f"{name}:{cell.name} at {t:g} degC"] = Quantity(
                    name, number, "first discharge", basis="derived"
                )
    return quantities, points


def _corners(axes: tuple[Sequence[float], ...], maps: dict[str, np.ndarray]) -> list[dict[str, Any]]:
    """Return the four corners of each map; `axes` are temperatures, thicknesses, loadings."""
    return [
        {
            "celsius": t,
            "thickness": axes[1][a],
            "loading": axes[2][b],
            "specific_energy": float(maps["specific_energy"][k, a, b]) / 3600.0,
            "energy_density": float(maps["energy_density"][k, a, b]) / 3.6e6,
            "limit": _LIMITS[maps["limit"][k, a, b]],
            "process": _LIMITS[maps["process"][k, a, b]],
            "cost": float(maps["cost"][k, a, b]),
        }
        for k, t in enumerate(axes[0])
        for a in (0, -1)
        for b in (0, -1)
    ]


def _edges(values: np.ndarray) -> np.ndarray:
    """Return the borders of cells about values on a logarithmic axis."""
    x = np.log(values)
    middle = 0.5 * (x[1:] + x[:-1])
    return np.asarray(np.exp(np.concatenate([[2 * x[0] - middle[0]], middle, [2 * x[-1] - middle[-1]]])))


def figure(result: Result) -> FigureSpec:
    """Return maps of energy per mass, and of what limits it, for each temperature, with the cells made as points."""
    curves, found = result.curves, result.findings
    x, y = _edges(curves["thickness"].values * 1e6), _edges(curves["areal_capacity"].values / 36000.0)
    axes = (Axis("L / um", "log", (x[0], x[-1])), Axis("q_A / mAh cm-2", "log", (y[0], y[-1])))
    energy = curves["specific_energy"].values / 3600.0
    volume = curves["energy_density"].values / 3.6e6
    top = float(energy.max())
    names = dict(enumerate(found["limits"]))
    panels = []
    for k, t in enumerate(found["celsius"]):
        points = [
            Trace([p["thickness"] * 1e6], [p["loading"] / 36000.0], p["name"], "points", color=7, marker=n)
            for n, p in enumerate(found["cells"])
        ]
        map_ = Image(energy[k].T, x, y, kind="values", label="w / Wh kg-1", range=(0.0, top))
        panels.append(Panel(*axes, points, images=[map_], title=f"Energy per mass at {t:g} degC"))
        map_ = Image(volume[k].T, x, y, kind="values", label="w_V / Wh L-1", range=(0.0, float(volume.max())))
        panels.append(Panel(*axes, points, images=[map_], title=f"Energy per volume at {t:g} degC"))
        there = {int(n) for n in np.unique(curves["limit"].values[k])}
        limits = Image(curves["limit"].values[k].T, x, y, label="limit", names={n: names[n] for n in sorted(there)})
        panels.append(Panel(*axes, points, images=[limits], title=f"What limits it at {t:g} degC"))
    corner = "; ".join(
        f"{c['celsius']:g} degC, {c['thickness'] * 1e6:.0f} um, {c['loading'] / 36000.0:.1f} mAh/cm2: "
        f"{c['specific_energy']:.0f} Wh/kg, limited by {c['limit']}"
        for c in found["corners"]
    )
    title = f"Stacks of {result.name} at {result.settings['c_rate']:g} 1/h"
    return FigureSpec(f"cell design {result.name}", panels, title, f"Corners: {corner}.", 3, notes=result.notes)
