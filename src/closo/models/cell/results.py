"""A simulated cell and a design map as results with tables and figures, for the command line and for scripts.

Measures
    specific_capacity:charge and :discharge of each cycle, mean voltages, hysteresis; series_resistance of the spectrum.
    For a design: energies of the stack, and what limits it.
Needs
    a `Stack`.
Uncertainty sources
    `conductivity:<cell>`: the cell is simulated again with the conductivity one standard uncertainty higher; those of masses
    and area, where what they scale is proportional to them.
Checks
    does the sodium in the cathode balance the charge through the terminals; does the salt stay where it is at t+ = 1; is the
    reaction even enough for SPMe?
Limits
    Assumed parameters have no uncertainty here; `findings["parameters"]` names them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

import numpy as np
import xarray as xr

from closo.constants import CELSIUS
from closo.figures.spec import Axis, FigureSpec, Panel, Trace
from closo.models.cell.simulation import Protocol, Run, run, spectrum
from closo.models.cell.stack import Stack
from closo.processes import Progress
from closo.quantity import Number, Quantity, uncertain
from closo.result import Check, Result

_FREQUENCY = np.logspace(6, -2, 65)
_EVEN = 0.1  # V along the cathode, beyond which the reaction is a front and SPMe is wrong


def parameters(stack: Stack) -> list[dict[str, Any]]:
    """Return the parameters of a cell: name, value in SI, unit and source, with "assumed" where nobody says."""
    known, rows = stack.chemistry.values, []
    for key, row in known.items():
        value = getattr(stack, key, row.value)
        rows.append((key, value, row.unit, row.source if value == row.value else "stated"))
    for field in fields(Stack):
        value, derived = getattr(stack, field.name), not isinstance(field.default, float)
        if field.name not in known and isinstance(value, float):
            source = "from masses, densities and area" if derived else "stated"
            rows.append((field.name, value, "SI", "assumed" if value == field.default else source))
    rows.append(("open-circuit potential", None, "V", stack.chemistry.potential_source))
    return [dict(zip(("name", "value", "unit", "source"), row, strict=True)) for row in rows]


def simulated(
    stack: Stack,
    protocol: Protocol,
    *,
    model: str = "SPMe",
    with_spectrum: bool = True,
    scatter: Mapping[str, Number] | None = None,
    progress: Progress | None = None,
) -> Result:
    """Cycle a cell in pybamm, with its spectrum at half content, and return the numbers with their uncertainty.

    Parameters
    ----------
    scatter : key of a quantity -> number about 1 that it is proportional to (of a mass, an area), with its sources.

    Raises
    ------
    StudyError, ConvergenceError  see `simulation.run`.
    """
    done = run(stack, protocol, model=model, progress=progress)
    quantities = _quantities(stack, protocol, done, model)
    curves: dict[str, Any] = {
        "time": ("row", done.time),
        "current": ("row", done.current),
        "voltage": ("row", done.voltage),
        "leg": ("row", done.leg.astype(np.int32)),
        "charge": ("cycles", done.charge),
        "discharge": ("cycles", done.discharge),
    }
    if with_spectrum:
        curves |= {
            "frequency": ("point", _FREQUENCY),
            "impedance": ("point", spectrum(stack, protocol.kelvin, _FREQUENCY)),
        }
        quantities["series_resistance"] = _series_resistance(stack, protocol.kelvin)
    for key in quantities.keys() & (scatter or {}).keys():
        if (number := quantities[key].number) is not None:
            quantities[key] = replace(quantities[key], number=number * (scatter or {})[key])
    used = parameters(stack)
    assumed = [row["name"].replace("_", " ") for row in used if row["source"].startswith("assumed")]
    return Result(
        "cell_simulation",
        stack.name,
        quantities,
        xr.Dataset(curves, attrs={"kind": "cell_simulation", "source": stack.name}),
        _checks(stack, protocol, done, model),
        {"model": model, "c_rate": protocol.c_rate, "temperature": protocol.kelvin, "cycles": protocol.cycles},
        (f"Assumed, not measured: {', '.join(assumed)}.",),
        findings={"parameters": used, "model": model, "active_mass": stack.active_mass},
    )


def _quantities(stack: Stack, protocol: Protocol, done: Run, model: str) -> dict[str, Quantity]:
    """Return the numbers of the first cycle, with what they owe to the conductivity of the electrolyte."""
    values = _numbers(stack, done)
    others = values
    if stack.conductivity_u > 0:
        other = replace(stack, conductivity=stack.conductivity * (1.0 + stack.conductivity_u))
        others = _numbers(other, run(other, replace(protocol, cycles=1), model=model))
    made = {}
    for key, value in values.items():
        number = uncertain(value, {f"conductivity:{stack.name}": others[key] - value})
        made[key] = Quantity(key.partition(":")[0], number, f"{model}, cycle 1", basis="derived")
    return made


def _series_resistance(stack: Stack, kelvin: float) -> Quantity:
    """Return the real part of the impedance at high frequency."""
    high = float(spectrum(stack, kelvin, np.array([1e6]))[0].real)
    spread = -stack.conductivity_u * stack.separator_resistance(kelvin) / stack.area
    number = uncertain(high, {f"conductivity:{stack.name}": spread})
    return Quantity("series_resistance", number, "DFN, real part at 1 MHz", basis="derived")


def _checks(stack: Stack, protocol: Protocol, done: Run, model: str) -> tuple[Check, ...]:
    """Return the checks: charge is conserved, the salt stays, and SPMe's even reaction can be."""
    checks = [Check("charge balance", done.imbalance < 1e-6, f"{done.imbalance:.1e} of the capacity, limit 1e-6")]
    if stack.transference == 1.0:
        spread = done.concentration_spread
        checks.append(Check("salt stays", spread < 1e-10, f"spread of its concentration {spread:.1e}, limit 1e-10"))
    if model == "SPMe":
        drop = stack.cathode_drop(protocol.kelvin, protocol.c_rate)
        told = f"{1e3 * drop:.2g} mV fall along the cathode, limit {1e3 * _EVEN:g} mV; beyond, take --model DFN"
        checks.append(Check("even reaction", drop < _EVEN, told))
    return tuple(checks)


def _numbers(stack: Stack, done: Run) -> dict[str, float]:
    """Return the numbers of the first cycle."""
    mean = {}
    for leg in (0, 1):
        rows = done.leg == leg
        up = bool(done.current[rows][1] > 0)
        energy = float(np.trapezoid(done.voltage[rows] * np.abs(done.current[rows]), done.time[rows]))
        passed = float(np.trapezoid(np.abs(done.current[rows]), done.time[rows]))
        mean["charge" if up else "discharge"] = energy / passed
    return {
        "specific_capacity:charge": float(done.charge[0]) / stack.active_mass,
        "specific_capacity:discharge": float(done.discharge[0]) / stack.active_mass,
        "areal_capacity:discharge": float(done.discharge[0]) / stack.area,
        "mean_voltage:charge": mean["charge"],
        "mean_voltage:discharge": mean["discharge"],
        "voltage_hysteresis": mean["charge"] - mean["discharge"],
    }


def figure(result: Result) -> FigureSpec:
    """Return voltage over capacity of the first and the last cycle, and the spectrum where there is one."""
    curves, mass = result.curves, result.findings["active_mass"]
    leg, time = curves["leg"].values, curves["time"].values
    traces = []
    for k, cycle in enumerate(sorted({0, int(leg.max()) // 2})):
        for half in (0, 1):
            rows = leg == 2 * cycle + half
            passed = np.abs(curves["current"].values[rows]) * (time[rows] - time[rows][0])
            label = f"cycle {cycle + 1}" if half == 0 else ""
            x, y = passed / mass / 3600.0, curves["voltage"].values[rows]
            traces.append(Trace(x, y, label, "line" if k == 0 else "dashed", color=k))
    panels = [Panel(Axis("q / mAh g-1"), Axis("U / V"), traces, title="charge and discharge")]
    if "impedance" in curves:
        z = curves["impedance"].values
        panels.append(
            Panel(
                Axis("Z' / ohm"),
                Axis("-Z'' / ohm"),
                [Trace(z.real, -z.imag, "", "both")],
                title="impedance",
                equal=True,
            )
        )
    celsius = result.settings["temperature"] - CELSIUS
    title = f"{result.name}: {result.settings['c_rate']:g} 1/h at {celsius:.3g} degC ({result.findings['model']})"
    summary = f"Voltage over capacity of the simulated cell {result.name}; {result.notes[0]}"
    return FigureSpec(f"cell simulation {result.name}", panels, title, summary, notes=result.notes)
