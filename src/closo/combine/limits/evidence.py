"""What was measured on a cell, as the few numbers that tell mechanisms apart; and the same numbers of a simulated cell.

Discharge over theoretical capacity; first charge over first discharge, which no error of mass changes; the distance of
charge and discharge at 20, 50 and 80 % of a leg; |Z| at five frequencies. Not the shape of a curve: the potential of the
active material near its ends is not known well enough.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from closo.combine.doubts import marks_of
from closo.combine.ledgers.parameters import parameters_of
from closo.combine.samples import conductivity_at
from closo.constants import BOLTZMANN, ELECTRONVOLT
from closo.dataset import Dataset
from closo.errors import ClosoError, StudyError
from closo.models.cell.chemistry import Parameter, chemistry
from closo.models.cell.porous import Legs
from closo.models.cell.stack import SODIUM_REFERENCE, Stack, arrhenius, defaults_of
from closo.number import Number, value_of
from closo.quantity import Quantity, uncertain
from closo.result import Result
from closo.study import Study

FREQUENCIES = np.array([1e4, 1e3, 1e2, 1e1, 1e0])  # Hz; above, the bulk of the electrolyte has an arc of its own
_PLACES = (0.2, 0.5, 0.8)
_OF_CYCLING = ("temperature", "current", "charge", "coulombic_efficiency")


@dataclass(frozen=True)
class Evidence:
    """A cell and what was measured on it."""

    name: str
    stack: Stack  # nothing slow in it
    kelvin: float  # of its first cycle [K]
    c_rate: float  # of its first cycle [1/h]
    capacity: float  # of the first discharge over the theoretical one
    ratio: float  # first charge over first discharge
    gaps: np.ndarray  # charge minus discharge at 20, 50 and 80 % of a leg [V], shape (3,)
    capacity_u: float  # relative standard uncertainty of `capacity`, mostly of the mass
    impedance: np.ndarray | None = None  # |Z| at FREQUENCIES [ohm], shape (5,), None without a spectrum
    impedance_kelvin: float = 0.0  # its temperature
    # Resistance of Na against this electrolyte from another cell [ohm m2], its temperature.
    sodium: tuple[float, float] | None = None
    window: tuple[float, float] | None = None  # voltages at which its legs ended [V]; those of the chemistry when None
    doubts: frozenset[str] = frozenset()  # keys of the results whose numbers failed a check and are among these


def features(legs: Legs, stacks: list[Stack]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return capacity (B,), ratio (B,) and gaps (B, 3) of simulated cells; NaN where a cell has no capacity."""
    up, down = (0, 1) if stacks[0].chemistry.starts == "charge" else (1, 0)
    charge, discharge = np.abs(legs.charge[up]), np.abs(legs.charge[down])
    theory = np.array([s.capacity for s in stacks])
    ok = np.minimum(charge, discharge) > 0.01 * theory
    gaps = np.full((len(stacks), len(_PLACES)), np.nan)
    for k in np.flatnonzero(ok):
        curves = []
        for leg in (up, down):
            q, v = (x[:, k] for x in legs.curves[leg])
            curves.append((np.abs(q[np.isfinite(q)]), v[np.isfinite(v)]))
        gaps[k] = _gaps(curves[0], curves[1])
    return np.where(ok, discharge / theory, np.nan), np.where(ok, charge / np.maximum(discharge, 1e-30), np.nan), gaps


def _gaps(charge: tuple[np.ndarray, np.ndarray], discharge: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """Return charge minus discharge voltage at states that correspond; each (charge passed, voltage)."""
    up = [np.interp(f * charge[0][-1], *charge) for f in _PLACES]
    down = [np.interp((1.0 - f) * discharge[0][-1], *discharge) for f in _PLACES]
    return np.subtract(up, down)


def evidence_of(study: Study, results: Mapping[str, Result]) -> tuple[list[Evidence], list[str]]:
    """Return what was measured on the cathode half cells of a study, and why others are left out."""
    found: list[Evidence] = []
    notes = []
    for key, result in results.items():
        if result.technique != "cycling" or result.settings.get("cell") != "cathode half cell":
            continue
        name = result.about.owner
        if name in {e.name for e in found} or name not in study.cells:
            continue
        try:
            found.append(_evidence(study, results, name, key))
        except ClosoError as error:
            notes.append(f"'{name}' is left out: {error}")
    materials = [e.stack.chemistry.name for e in found]
    most = max(materials, key=materials.count, default="")
    notes += [
        f"'{e.name}' is left out: its active material is not {most}." for e in found if e.stack.chemistry.name != most
    ]
    return [e for e in found if e.stack.chemistry.name == most], notes


def _evidence(study: Study, results: Mapping[str, Result], name: str, key: str) -> Evidence:
    result = results[key]
    stack = stack_of(study, results, name)
    kelvin, current = (_value(result, key) for key in ("temperature", "current"))
    charge, discharge = (_value(result, f"charge:first_{leg}") for leg in ("charge", "discharge"))
    _value(result, "coulombic_efficiency:first")  # withheld, with the reason, where cycle 1 is not complete
    mass = parameters_of(study, name).active_mass
    up, down = (_curve(result.curves, sign) for sign in (1, -1))
    spectrum, plated = _spectrum(results, name), _sodium(study, results, name)
    sample, kelvins = str(study.cells[name].separator_sample), uncertain(SODIUM_REFERENCE, {})
    rests_on = [q for k, q in result.quantities.items() if k.partition(":")[0] in _OF_CYCLING]
    rests_on += [] if spectrum is None else spectrum.quantities.values()
    rests_on += [conductivity_at(results, sample, kelvins, pellet=name), *([] if plated is None else [plated[0]])]
    return Evidence(
        name=name,
        stack=stack,
        kelvin=kelvin,
        c_rate=current * 3600.0 / stack.capacity,
        capacity=discharge / stack.capacity,
        ratio=charge / discharge,
        gaps=_gaps(up, down),
        window=(float(down[1][-1]), float(up[1][-1])),
        capacity_u=float(Quantity("mass", mass).u or 0.0) / stack.active_mass,
        impedance=None if spectrum is None else _sizes(spectrum),
        impedance_kelvin=kelvin if spectrum is None else float(spectrum.quantities["temperature"].value or 0.0),
        sodium=None if plated is None else (float(plated[0].value or 0.0), plated[1]),
        doubts=frozenset(marks_of(*rests_on)),
    )


def _value(result: Result, key: str) -> float:
    quantity = result.quantities.get(key)
    if quantity is None or quantity.value is None:
        why = "" if quantity is None else f": {quantity.as_json().get('why')}"
        raise StudyError(f"its cycling has no {key}{why}.")
    return abs(float(quantity.value))


def _curve(curves: Dataset, sign: int) -> tuple[np.ndarray, np.ndarray]:
    """Return charge passed and voltage of one leg of the first cycle."""
    cycle = curves["curve_cycle"].values
    rows = (cycle == cycle.min()) & (np.sign(curves["curve_sign"].values) == sign)
    passed = np.abs(curves["curve_charge"].values[rows])
    return passed - passed.min(), curves["curve_voltage"].values[rows]


def stack_of(study: Study, results: Mapping[str, Result], name: str) -> Stack:
    """Return the layers of a cell of a study, with the conductivity of its electrolyte from that sample's own pellets.

    Raises
    ------
    StudyError  when something that it needs is not stated, or closo has no parameters of its active material.
    """
    cell, known = study.cells[name], parameters_of(study, name)
    places = {"area": "area", "separator_thickness": "separator_thickness", "cathode_thickness": "cathode_thickness"}
    places |= {"active_fraction": "active", "electrolyte_fraction": "electrolyte", "active_mass": "active_mass"}
    lacking = [key.replace("_", " ") for key in places if getattr(known, key) is None]
    if lacking or cell.separator_sample is None or cell.active_material is None:
        words = ", ".join([*lacking, *([] if cell.separator_sample else ["separator sample"])]) or "active material"
        raise StudyError(f"cell '{name}' does not say its {words}.", where=f"cells.{name}")
    material = chemistry(cell.active_material)
    stated = known.theoretical_capacity
    if stated is not None:
        own = Parameter(_float(stated), "C/kg", "stated")
        material = replace(material, values={**material.values, "theoretical_capacity": own})
    return Stack(
        name=name,
        chemistry=material,
        carbon=_float(known.carbon_fraction),
        cathode_mass=_float(cell.cathode_mass),
        separator_mass=_float(cell.separator_mass),
        **{field: _float(getattr(known, key)) for key, field in places.items()},
        **defaults_of(material),
        **_transport(results, cell.separator_sample, name),
    )


def _float(number: Number | None) -> float:
    return 0.0 if number is None else value_of(number)


def _transport(results: Mapping[str, Result], sample: str, name: str) -> dict[str, float]:
    """Return conductivity at 30 degC, its energy and its relative uncertainty."""
    at = [SODIUM_REFERENCE - 10.0, SODIUM_REFERENCE + 10.0]
    found = []
    for kelvin in at:
        quantity = conductivity_at(results, sample, uncertain(kelvin, {"reference": 1e-9}), pellet=name)
        if quantity.value is None:
            raise StudyError(f"the conductivity of '{sample}' is not known: {quantity.as_json().get('why')}")
        found.append(quantity)
    low, high = (float(q.value or 0.0) * t for q, t in zip(found, at, strict=True))
    energy = float(np.log(high / low) / (1.0 / at[0] - 1.0 / at[1])) * BOLTZMANN / ELECTRONVOLT
    sigma = low / SODIUM_REFERENCE * arrhenius(energy, SODIUM_REFERENCE, at[0])
    relative = max(float(q.u or 0.0) / float(q.value or 1.0) for q in found)
    return {"conductivity": sigma, "conductivity_energy": energy, "conductivity_u": relative}


def _spectrum(results: Mapping[str, Result], name: str) -> Result | None:
    """Return the first spectrum of a cell that covers FREQUENCIES, with its temperature."""
    for result in results.values():
        if result.technique != "impedance" or result.about.owner != name or "frequency" not in result.curves:
            continue
        f = result.curves["frequency"].values
        if f.min() <= FREQUENCIES.min() and f.max() >= FREQUENCIES.max() and "temperature" in result.quantities:
            return result
    return None


def _sizes(spectrum: Result) -> np.ndarray:
    """Return |Z| at FREQUENCIES [ohm]."""
    f, z = spectrum.curves["frequency"].values, np.abs(spectrum.curves["impedance"].values)
    order = np.argsort(f)
    return np.asarray(np.exp(np.interp(np.log(FREQUENCIES), np.log(f[order]), np.log(z[order]))))


def _sodium(study: Study, results: Mapping[str, Result], name: str) -> tuple[Quantity, float] | None:
    """Return the resistance of sodium against the electrolyte of a cell, from a symmetric cell with the same sample."""
    sample = study.cells[name].separator_sample
    for other, cell in study.cells.items():
        made = results.get(f"{other}/interface")
        if made is None or cell.separator_sample != sample:
            continue
        key = "interfacial_resistance"
        found = made.quantities.get(key)
        if found is None or found.value is None:
            found = made.quantities.get(f"{key}:upper_limit")
        if found is not None and found.value is not None and found.value > 0:
            plated = next((r for r in results.values() if r.about.owner == other and r.technique == "plating"), made)
            kelvin = plated.quantities.get("temperature")
            at = None if kelvin is None else kelvin.value
            return found, SODIUM_REFERENCE if at is None else float(at)
    return None
