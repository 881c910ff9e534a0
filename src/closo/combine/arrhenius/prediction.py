"""Conductivity at any temperature, ratios at a stated temperature, and what they are due to.

Everything is rebuilt from the quantities and findings of a result, so it works on results read back from disk and two
results that share sources (the offset of one chamber) stay correlated.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from closo.combine.arrhenius.points import K_B, celsius, check_temperature
from closo.constants import LN10
from closo.errors import StudyError
from closo.quantity import Number, Quantity, exp, log, uncertain, withheld
from closo.result import Check, Result

_UNKNOWN, _LARGEST = 20.0, 200.0  # uncertainty and size of ln sigma beyond which there is no conductivity to speak of


@dataclass(frozen=True)
class _Law:
    """The law that holds at one temperature: y = level - energy/k (1/T - 1/reference)."""

    level: Number  # ln(sigma T) or ln sigma at the reference temperature
    energy: Number  # [J]; of a Vogel curve the local one
    reference: float  # [K]
    where: str  # how it was obtained, with a warning when the temperature lies outside the measured range


def predict(result: Result, temperature: Number | float) -> Quantity:
    """Return the conductivity that an Arrhenius result gives at a temperature.

    Parameters
    ----------
    result : of `arrhenius`, also when read back from disk.
    temperature : [K]; a plain number is exact.

    Returns
    -------
    Quantity
        ionic_conductivity with all its sources; withheld where the result has no law. `method` says when the
        temperature lies outside the measured range.

    Raises
    ------
    DataError  for a temperature that cannot be.
    StudyError  when the result is not an Arrhenius result.
    """
    number = uncertain(float(temperature), {}) if isinstance(temperature, int | float) else temperature
    kelvin = float(number.x)
    law = _law_at(result, kelvin)
    if isinstance(law, str):
        return withheld("ionic_conductivity", law, method=f"Arrhenius law of {result.name} at {celsius(kelvin)}")
    y = law.level - law.energy / K_B * (1.0 / number - 1.0 / law.reference)
    if y.u > _UNKNOWN or abs(y.x) > _LARGEST:
        return withheld("ionic_conductivity", f"ln sigma = {y.x:.3g} ± {y.u:.3g} says nothing", method=law.where)
    sigma = exp(y) / number if result.settings["convention"] == "sigmaT" else exp(y)
    return Quantity("ionic_conductivity", sigma, law.where)


def _law_at(result: Result, kelvin: float, phase: str = "") -> _Law | str:
    """Return the law that holds at `kelvin` (or in the named phase), or the reason why there is none."""
    if result.technique != "arrhenius":
        raise StudyError(f"'{result.name}' is a result of {result.technique}; an Arrhenius result is needed.")
    check_temperature(kelvin, f"the prediction for '{result.name}'")
    findings = result.findings
    model = findings.get("model")
    if model == "vogel":
        return _tangent(result, kelvin)
    side = ":high" if kelvin >= findings.get("transition", math.inf) else ":low"
    segment = phase or (side if "transition" in findings else "")
    energy, sigma = (
        result.quantities.get(f"{key}{segment}") for key in ("activation_energy", "ionic_conductivity:reference")
    )
    if energy is None or sigma is None or energy.number is None or sigma.number is None:
        why = energy.why if energy is not None else None
        return why or f"'{result.name}' has no activation energy"
    reference = float(findings[f"reference_temperature{segment}"])
    level = log(sigma.number) + (math.log(reference) if result.settings["convention"] == "sigmaT" else 0.0)
    return _Law(level, energy.number, reference, _where(result, kelvin, segment))


def conductivity_at(result: Result, kelvin: float, phase: str = "") -> float:
    """Return the conductivity [S/m] of the law without its uncertainty (fast); NaN where there is no law.

    Parameters
    ----------
    phase : ':low' or ':high' to take that side of a transition whatever the temperature.
    """
    law = _law_at(result, kelvin, phase)
    if isinstance(law, str):
        return math.nan
    y = float(law.level.x) - float(law.energy.x) / K_B * (1.0 / kelvin - 1.0 / law.reference)
    return math.exp(min(y, _LARGEST)) / (kelvin if result.settings["convention"] == "sigmaT" else 1.0)


def _tangent(result: Result, kelvin: float) -> _Law:
    """Return the straight line that touches a Vogel curve at `kelvin`."""
    quantities, reference = result.quantities, float(result.findings["reference_temperature"])
    keys = ("vogel_temperature", "activation_energy:vogel", "ionic_conductivity:reference")
    t0, energy, sigma = (n for key in keys if (n := quantities[key].number) is not None)
    b, at_reference = energy / K_B, log(sigma)
    if result.settings["convention"] == "sigmaT":
        at_reference = at_reference + math.log(reference)
    level = at_reference - b * (1.0 / (kelvin - t0) - 1.0 / (reference - t0))
    return _Law(level, K_B * b * (kelvin / (kelvin - t0)) ** 2, kelvin, _where(result, kelvin, ""))


def _where(result: Result, kelvin: float, segment: str) -> str:
    """Return the method of a prediction: law, convention, temperature, extrapolation."""
    low, high = result.findings["temperature_range"]
    quoted = "ln(sigma T)" if result.settings["convention"] == "sigmaT" else "ln sigma"
    kind = {"vogel": "Vogel curve", "line": "straight line"}.get(
        str(result.findings["model"]), f"{segment[1:]}-temperature line"
    )
    text = f"{kind} of {quoted} of {result.name} at {celsius(kelvin)}"
    outside = max(low - kelvin, kelvin - high)
    if outside > 0.5:
        text += f", extrapolated {outside:.0f} K beyond the measured {celsius(low)} to {celsius(high)}"
    return text


def ratio(a: Result, b: Result, temperature: Number | float) -> Quantity:
    """Return log10(sigma_a / sigma_b) at one temperature; sources that both share cancel.

    Parameters
    ----------
    a, b : results of `arrhenius`.
    temperature : [K]; both at the same one.
    """
    first, second = predict(a, temperature), predict(b, temperature)
    method = f"{first.method}; over {second.method}"
    if first.number is None or second.number is None:
        why = (first if first.number is None else second).why
        return withheld("conductivity_ratio", why or "", method=method)
    return Quantity("conductivity_ratio", (log(first.number) - log(second.number)) / LN10, method)


def decompose(a: Result, b: Result, temperature: float) -> Result:
    """Say how much of log10(sigma_a / sigma_b) comes from the activation energy and how much from the prefactor.

    log10(sigma_a/sigma_b) = (E_b - E_a)/(k T ln 10) + log10(prefactor_a/prefactor_b). When both change together
    (Meyer-Neldel rule) the two laws meet at the isokinetic temperature (E_a - E_b)/(k ln(prefactor_a/prefactor_b)).

    Parameters
    ----------
    a, b : results of `arrhenius` in one convention.
    temperature : [K], exact.

    Returns
    -------
    Result
        technique 'decomposition': conductivity_ratio, conductivity_ratio:activation_energy,
        conductivity_ratio:prefactor (decades) and temperature:isokinetic; the check 'mostly activation energy' passes
        when the energy's part has the sign of the whole and is the larger one, both beyond doubt.

    Raises
    ------
    StudyError  when the conventions differ: the split would then compare unlike prefactors.

    Source: Meyer and Neldel 1937; Yelon, Movaghar, Crandall 2006, doi:10.1088/0034-4885/69/4/R04.
    """
    conventions = [r.settings.get("convention") for r in (a, b)]
    if conventions[0] != conventions[1]:
        raise StudyError(
            f"'{a.name}' uses {conventions[0]} and '{b.name}' {conventions[1]}; their prefactors cannot be compared.",
            hint="Analyse both with one convention.",
        )
    total = ratio(a, b, temperature)
    name = f"{a.name} over {b.name}"
    settings: dict[str, Any] = {"temperature": temperature, "convention": conventions[0], "of": a.name, "to": b.name}
    laws = [_law_at(r, temperature) for r in (a, b)]
    first, second = laws
    if isinstance(first, str) or isinstance(second, str) or total.number is None:
        return Result("decomposition", name, {"conductivity_ratio": total}, settings=settings)
    from_energy = (second.energy - first.energy) / (K_B * temperature * LN10)
    from_prefactor = total.number - from_energy
    parts = {
        "conductivity_ratio": total,
        "conductivity_ratio:activation_energy": Quantity(
            "conductivity_ratio", from_energy, f"(E_b - E_a)/(k T ln 10) at {celsius(temperature)}"
        ),
        "conductivity_ratio:prefactor": Quantity(
            "conductivity_ratio", from_prefactor, "log10 of the prefactors' ratio"
        ),
        "temperature:isokinetic": _isokinetic(first.energy - second.energy, from_prefactor),
    }
    said = (_sentence(parts, temperature),)
    return Result("decomposition", name, parts, checks=(_mostly_energy(parts),), settings=settings, notes=said)


def _isokinetic(energies: Number, decades: Number) -> Quantity:
    """Return the temperature at which two laws give the same conductivity."""
    method = "temperature at which both laws meet"
    if abs(energies.x) <= 2.0 * energies.u or abs(decades.x) <= 2.0 * decades.u:
        return withheld(
            "temperature", "the energies or the prefactors do not differ by twice their uncertainty", method=method
        )
    meeting = energies / (K_B * LN10 * decades)
    if meeting.x <= 0:
        return withheld(
            "temperature", "energy and prefactor both favour the same sample: the laws do not meet", method=method
        )
    return Quantity("temperature", meeting, method)


def _mostly_energy(parts: dict[str, Quantity]) -> Check:
    """Judge the sentence 'the difference is mostly due to the activation energy'."""
    three = (parts[f"conductivity_ratio{part}"].number for part in ("", ":activation_energy", ":prefactor"))
    total, energy, prefactor = (number for number in three if number is not None)
    sign = math.copysign(1.0, total.x)
    ahead = [sign * total, sign * energy, sign * energy - prefactor, sign * energy + prefactor]
    limits = [Quantity("conductivity_ratio", number).interval() or (0.0, 0.0) for number in ahead]
    sure, against = all(low > 0 for low, _ in limits), any(high < 0 for _, high in limits[1:])
    shares = [f"{part.x:+.2f} ± {part.u:.2f}" for part in (energy, prefactor)]
    detail = f"of {total.x:+.2f} decades the energy gives {shares[0]} and the prefactor {shares[1]}"
    return Check("mostly activation energy", True if sure else False if against else None, detail)


def _sentence(parts: dict[str, Quantity], temperature: float) -> str:
    """Return the split as a sentence for the report."""
    total, energy, prefactor = (parts[f"conductivity_ratio{p}"] for p in ("", ":activation_energy", ":prefactor"))
    place = celsius(temperature)
    return f"At {place}: {total} decades = {energy} from the activation energy + {prefactor} from the prefactor."
