"""The cell in pybamm: cycles and spectra of Na | composite electrolyte | composite cathode, SPMe or DFN.

The half-cell models of pybamm with a dense separator (porosity 1) are exact for a single-ion conductor: with t+ = 1 no
salt moves and the spread of its concentration stays at rounding. pybamm sends usage reports unless it is told not to
before it is imported; closo tells it.

Limits
------
No thermal model, no pressure, no side reaction: coulombic losses are those of the voltage window alone. The arc of the
electrolyte's bulk is not in a spectrum.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from closo.constants import BOLTZMANN, ELECTRONVOLT, FARADAY
from closo.errors import ConvergenceError, StudyError
from closo.models.cell.porous import impedance
from closo.models.cell.stack import SODIUM_REFERENCE, T20, Stack
from closo.processes import Progress

MODELS = ("SPMe", "DFN")
_MESH = {"x_n": 3, "x_s": 10, "x_p": 40, "r_p": 25}  # a sharp front moves by less than 1.5 % from 40 to 160 points
_HALF = {"working electrode": "positive"}


@dataclass(frozen=True)
class Protocol:
    """How a cell is cycled."""

    kelvin: float  # temperature [K]
    c_rate: float  # of the theoretical capacity [1/h]
    cycles: int = 1  # how many
    window: tuple[float, float] | None = None  # lowest and highest voltage [V]; that of the chemistry when None
    first: str | None = None  # 'charge' or 'discharge'; what the cathode can do as it is made when None
    rest: float = 600.0  # after each leg [s]


@dataclass(frozen=True)
class Run:
    """What a cell did."""

    time: np.ndarray  # [s], shape (n,)
    current: np.ndarray  # [A], > 0 charges, shape (n,)
    voltage: np.ndarray  # [V], shape (n,)
    leg: np.ndarray  # number of the leg of each row, from 0
    charge: np.ndarray  # of each cycle [C], positive
    discharge: np.ndarray  # of each cycle [C], positive
    imbalance: float  # largest |charge through the terminals - sodium in the cathode x F| over the theoretical capacity
    concentration_spread: float  # (highest - lowest)/mean of the salt in the electrolyte, at any time


def _pybamm() -> Any:
    """Return pybamm with its telemetry off.

    Raises
    ------
    StudyError  when it is not installed.
    """
    os.environ["PYBAMM_DISABLE_TELEMETRY"] = "true"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import pybamm
    except ImportError:
        raise StudyError(
            "Simulating a cell needs pybamm, which is not installed.",
            hint="Install it with \"pip install 'closo[cell]'\".",
        ) from None
    pybamm.set_logging_level("CRITICAL")
    return pybamm


def _values(pybamm: Any, stack: Stack, kelvin: float) -> Any:
    """Return pybamm's parameters of a cell; its names speak of lithium."""
    s, material = stack, stack.chemistry
    low, high = material["lower_voltage"], material["upper_voltage"]
    at = partial(_at, pybamm)
    transport = at(s.conductivity * SODIUM_REFERENCE, s.conductivity_energy, SODIUM_REFERENCE)
    factor = s.sigma_separator(kelvin) / s.sigma(kelvin)
    salt = 8233.0  # mol/m3 of Na in 65 vol% Na2B12H12; without effect at t+ = 1
    return pybamm.ParameterValues(
        _cathode(pybamm, s, at)
        | {
            "chemistry": "lithium_ion",
            "Nominal cell capacity [A.h]": s.capacity / 3600.0,
            "Current function [A]": s.current(0.05),
            "Contact resistance [Ohm]": s.lead_resistance,
            "Electrode height [m]": s.area**0.5,
            "Electrode width [m]": s.area**0.5,
            "Number of electrodes connected in parallel to make a cell": 1.0,
            "Number of cells connected in series to make a battery": 1.0,
            "Negative electrode thickness [m]": 2e-4,
            "Negative electrode OCP [V]": 0.0,
            "Negative electrode conductivity [S.m-1]": 2.1e7,
            "Negative electrode OCP entropic change [V.K-1]": 0.0,
            "Lithium metal partial molar volume [m3.mol-1]": 2.37e-5,
            "Exchange-current density for lithium metal electrode [A.m-2]": at(
                s.sodium_exchange, s.sodium_energy, SODIUM_REFERENCE
            ),
            "Negative electrode charge transfer coefficient": 0.5,
            "Negative electrode double-layer capacity [F.m-2]": s.sodium_double_layer,
            # a separator that conducts `factor` times as well as the electrolyte, as a Bruggeman factor of its layer
            "Separator thickness [m]": s.separator_thickness / factor,
            "Separator porosity": 1.0,
            "Separator Bruggeman coefficient (electrolyte)": 1.0,
            "Separator Bruggeman coefficient (electrode)": 1.5,
            "Initial concentration in electrolyte [mol.m-3]": salt,
            "Cation transference number": s.transference,
            "Electrolyte diffusivity [m2.s-1]": s.electrolyte_diffusivity,
            "Thermodynamic factor": 1.0,
            "Electrolyte conductivity [S.m-1]": lambda c_e, T: transport(T) / T,
            "Ambient temperature [K]": kelvin,
            "Initial temperature [K]": kelvin,
            "Reference temperature [K]": T20,
            "Heat transfer coefficient [W.m-2.K-1]": 10.0,
            "Lower voltage cut-off [V]": low,
            "Upper voltage cut-off [V]": high,
            "Open-circuit voltage at 0% SOC [V]": low,
            "Open-circuit voltage at 100% SOC [V]": high,
        }
    )


def _at(pybamm: Any, value: float, energy: float, reference: float = T20) -> Callable[..., Any]:
    """Return a rate as a function whose last argument is the temperature."""
    slope = energy * ELECTRONVOLT / BOLTZMANN
    return lambda *args: value * pybamm.exp(-slope * (1.0 / args[-1] - 1.0 / reference))


def _cathode(pybamm: Any, s: Stack, at: Callable[..., Any]) -> dict[str, Any]:
    """Return the part of the parameters that is about the composite cathode."""
    material = s.chemistry
    sites = s.sites / (FARADAY * s.active * s.active_share)  # mol/m3 of the particles
    exchange = at(2.0 * s.exchange_current_density, s.exchange_energy)
    return {
        "Positive electrode thickness [m]": s.cathode_thickness,
        "Positive electrode porosity": s.electrolyte,
        "Positive electrode active material volume fraction": s.active * s.active_share,
        "Positive electrode Bruggeman coefficient (electrolyte)": s.bruggeman,
        "Positive electrode Bruggeman coefficient (electrode)": 0.0,
        "Positive electrode conductivity [S.m-1]": at(s.electronic_conductivity, s.electronic_energy),
        "Maximum concentration in positive electrode [mol.m-3]": sites,
        "Initial concentration in positive electrode [mol.m-3]": material["initial_content"] * sites,
        "Positive particle radius [m]": s.particle_radius,
        "Positive particle diffusivity [m2.s-1]": at(s.diffusivity, s.diffusion_energy),
        "Positive electrode OCP [V]": lambda y: material.potential(y, pybamm),
        "Positive electrode OCP entropic change [V.K-1]": 0.0,
        "Positive electrode exchange-current density [A.m-2]": lambda c_e, c, c_max, T: (
            exchange(T) * pybamm.sqrt(c / c_max * (1 - c / c_max))
        ),
        "Positive electrode charge transfer coefficient": 0.5,
        "Positive electrode double-layer capacity [F.m-2]": s.double_layer,
    }


def _model(pybamm: Any, name: str, stack: Stack, **options: str) -> Any:
    """Return a half-cell model; the SPMe of a single-ion conductor keeps its salt where it is, as the physics does.

    (pybamm's own SPMe lets it drift by 1e-3 in ten cycles, because two forms of one current cancel only nearly.)
    """
    if name not in MODELS:
        raise StudyError(f"There is no cell model '{name}'.", hint=f"It is one of {', '.join(MODELS)}.")
    make = getattr(pybamm.lithium_ion, name)
    chosen = {**_HALF, "contact resistance": "true", **options}
    if name == "DFN" or stack.transference < 1.0:
        return make(chosen)
    model = make(chosen, build=False)
    model.submodels["electrolyte diffusion"] = pybamm.electrolyte_diffusion.ConstantConcentration(
        model.param, model.options
    )
    model.build_model()
    return model


def run(stack: Stack, protocol: Protocol, *, model: str = "SPMe", progress: Progress | None = None) -> Run:
    """Cycle a cell at constant current.

    Parameters
    ----------
    stack : the cell, as it is made. model : 'SPMe' or 'DFN'.
    progress : called with finished and all cycles.

    Raises
    ------
    StudyError  when pybamm is missing, a number cannot be, or the cathode as made cannot do the first leg.
    ConvergenceError  when the solver stops, or a leg reaches its limit at once: then the cell has no capacity.
    """
    first = _checked(stack, protocol)
    pybamm = _pybamm()
    chosen = _model(pybamm, model, stack)
    values = _values(pybamm, stack, protocol.kelvin)
    low, high = _window(stack, protocol)
    values.update({"Lower voltage cut-off [V]": min(low, 0.0) - 5.0, "Upper voltage cut-off [V]": high + 5.0})
    level = stack.current(protocol.c_rate)
    legs = [f"Charge at {level:.9e} A until {high:g} V", f"Discharge at {level:.9e} A until {low:g} V"]
    rest = (f"Rest for {protocol.rest:g} seconds",) if protocol.rest > 0 else ()
    ordered = legs if first == "charge" else legs[::-1]
    steps = tuple(step for leg in ordered for step in (leg, *rest))
    period = f"{3600.0 / protocol.c_rate / 150.0:.6g} seconds"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        experiment = pybamm.Experiment([steps] * protocol.cycles, period=period)
        simulation = pybamm.Simulation(chosen, parameter_values=values, experiment=experiment, var_pts=_MESH)
        try:
            solution = simulation.solve(callbacks=_callbacks(pybamm, progress, protocol.cycles))
        except (pybamm.SolverError, ValueError, AttributeError, IndexError) as error:
            text = str(error).splitlines()[0][:120] if str(error) else type(error).__name__
            raise ConvergenceError(
                f"The cell '{stack.name}' has no solution at {protocol.c_rate:g} 1/h: {text}.",
                hint="Does its overpotential fit into the voltage window? Lower the rate, or widen the window.",
            ) from error
        return _collected(stack, solution, protocol, first)


def _checked(stack: Stack, protocol: Protocol) -> str:
    """Return the first leg; refuse what is not valid."""
    numbers = {"temperature": protocol.kelvin, "C-rate": protocol.c_rate, "number of cycles": protocol.cycles}
    for what, number in numbers.items():
        if not (np.isfinite(number) and number > 0):
            raise StudyError(f"The {what} is {number:g}.", hint="It must be finite and > 0.")
    low, high = _window(stack, protocol)
    if not low < high:
        raise StudyError(f"A voltage window of {low:g} to {high:g} V is empty.", hint="Give the lower one first.")
    if not 0.0 < stack.transference <= 1.0:
        raise StudyError(f"A transference number of {stack.transference:g} is not valid.", hint="It lies in 0 to 1.")
    starts = stack.chemistry.starts
    first = protocol.first or starts
    if first != starts:
        state = "full of sodium" if starts == "charge" else "empty"
        raise StudyError(
            f"{stack.chemistry.name} is made {state}, so its first half cycle cannot be a {first}.",
            hint=f"Leave the first half cycle out, or give '{starts}'.",
        )
    return first


def _window(stack: Stack, protocol: Protocol) -> tuple[float, float]:
    return protocol.window or (stack.chemistry["lower_voltage"], stack.chemistry["upper_voltage"])


def _callbacks(pybamm: Any, progress: Progress | None, cycles: int) -> Any:
    if progress is None:
        return None
    report = progress

    class Report(pybamm.callbacks.Callback):  # type: ignore[misc]
        def on_cycle_end(self, logs: Any) -> None:
            number = logs["cycle number"]
            report(int(number[0] if isinstance(number, tuple) else number), cycles, "cycle")

    return [Report()]


def _collected(stack: Stack, solution: Any, protocol: Protocol, first: str) -> Run:
    """Return the rows of a solution, and the balance of charge of each leg."""
    done = [c for c in getattr(solution, "cycles", ()) if c is not None]
    legs_each = 2
    every = 1 if protocol.rest <= 0 else 2
    rows: list[tuple[np.ndarray, ...]] = []
    passed: list[float] = []
    imbalance, leg = 0.0, 0
    for cycle in done:
        for step in cycle.steps[::every][:legs_each]:
            if type(step).__name__ == "EmptySolution":  # an infeasible start
                break
            time, current = step["Time [s]"].entries, -step["Current [A]"].entries
            stored = step["Total lithium in positive electrode [mol]"].entries * FARADAY
            charge = float(np.trapezoid(current, time))
            imbalance = max(imbalance, abs(charge + float(stored[-1] - stored[0])) / stack.capacity)
            rows.append((time, current, step["Voltage [V]"].entries, np.full(time.size, leg)))
            passed.append(charge)
            leg += 1
    if len(passed) < legs_each * protocol.cycles or min(abs(q) for q in passed) < 1e-4 * stack.capacity:
        raise ConvergenceError(
            f"The cell '{stack.name}' stops in half cycle {max(len(passed), 1)}, or a half cycle has no capacity.",
            hint="Does its overpotential fit into the voltage window? Lower the rate, or widen the window.",
        )
    salt = solution["Electrolyte concentration [mol.m-3]"].entries
    charges = np.abs(passed).reshape(-1, 2)
    up = 0 if first == "charge" else 1
    time, current, voltage, number = (np.concatenate(column) for column in zip(*rows, strict=True))
    return Run(
        time,
        current,
        voltage,
        number,
        charge=charges[:, up],
        discharge=charges[:, 1 - up],
        imbalance=imbalance,
        concentration_spread=float((salt.max() - salt.min()) / salt.mean()),
    )


def spectrum(
    stack: Stack, kelvin: float, frequency: np.ndarray, *, content: float = 0.5, model: str | None = "DFN"
) -> np.ndarray:
    """Return the impedance [ohm] at an even content of sodium, linear in the frequency domain.

    Parameters
    ----------
    frequency : [Hz]. content : 0 to 1. model : 'SPMe' or 'DFN' of pybamm; None for the closed form, without pybamm.

    Raises
    ------
    StudyError  when pybamm is missing, or a content or frequency cannot be.
    """
    frequency = np.asarray(frequency, float)
    if not (0.0 < content < 1.0 and np.all(np.isfinite(frequency)) and np.all(frequency > 0)):
        raise StudyError(f"No spectrum at content {content:g}: it lies between 0 and 1, and frequencies are > 0.")
    if model is None:
        return impedance(stack, kelvin, frequency, content=content)
    pybamm = _pybamm()
    chosen = _model(pybamm, model, stack, **{"surface form": "differential"})
    values = _values(pybamm, stack, kelvin)
    key = "Initial concentration in positive electrode [mol.m-3]"
    values[key] = content * values["Maximum concentration in positive electrode [mol.m-3]"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        solved = pybamm.EISSimulation(chosen, parameter_values=values, var_pts=_MESH).solve(frequency)
    raw = solved if isinstance(solved, np.ndarray) else np.asarray(solved.impedance)
    return np.asarray(raw, complex)
