"""A quantity of a sample or a pellet, from whatever results there are of it.

`results` are those of a study, key -> Result; each says which specimen and sample it is about (`Result.about`). A
pellet's conductivity at a temperature comes from its Arrhenius law, or from measurements within 2 K of it where there
is not a law; a sample's is the mean over its pellets with the spread between them.

Limits
    Without an Arrhenius law of the sample, an activation energy of 0.50 ± 0.15 eV is assumed to bring the measurements
    to the temperature and the uncertainty of the temperature into the conductivity; the method says so. The same of a
    single measurement of a conductivity or of a resistance of the electrolyte; the law is one of the whole pellet, so for
    grains, boundaries and electrons the energy is always assumed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from zlib import crc32

import numpy as np

from closo.combine.arrhenius import Point, predict
from closo.combine.arrhenius.points import celsius
from closo.combine.replicates import (
    ASSUMED_ENERGY,
    activation,
    mean_of_pellets,
    pooled_spread,
    replicates,
    spread_source,
)
from closo.constants import BOLTZMANN, ELECTRONVOLT, ONE_TEMPERATURE
from closo.errors import DataError
from closo.nomenclature import look_up
from closo.quantity import Number, Quantity, exp, log, uncertain, withheld
from closo.result import Result

_ASSUMED_ENERGY = (0.50, 0.15)  # eV, range of solid Na electrolytes
_ACTIVATED = {  # what goes with temperature as exp(-E/kT)/T: 1, and its inverse: -1
    "ionic_conductivity": 1,
    "bulk_conductivity": 1,
    "grain_boundary_conductivity": 1,
    "electronic_conductivity": 1,
    "total_resistance": -1,
    "bulk_resistance": -1,
    "grain_boundary_resistance": -1,
}
_ASSUMPTION = f"; temperatures by an assumed {_ASSUMED_ENERGY[0]:.2f} ± {_ASSUMED_ENERGY[1]:.2f} eV"
_OF_THE_LAW = ("ionic_conductivity", "total_resistance")
# Relative, between pellets; laboratories differ by tens of per cent (Ohno et al. 2020, doi:10.1021/acsenergylett.9b02764).
_ASSUMED_SPREAD = 0.2


def specimens_of(results: Mapping[str, Result], of: str) -> list[str]:
    """Return the specimens of a sample; a specimen is its own; empty where nothing was measured on `of`."""
    about = [r.about for r in results.values() if of in (r.about.sample, r.about.owner)]
    return list(dict.fromkeys(a.owner for a in about if a.kind in ("specimen", "cell")))


def study_spread(results: Mapping[str, Result]) -> tuple[float, int] | None:
    """Return the spread between pellets, pooled over all samples of a study, with its degrees of freedom."""
    return pooled_spread([r for r in results.values() if r.technique == "replicates"])


def conductivity(
    results: Mapping[str, Result], of: str, temperature: float, *, spread: tuple[float, int] | None = None
) -> Result:
    """Return the conductivity of a sample or specimen at a temperature, with that of each pellet.

    Parameters
    ----------
    of : a sample or a specimen.
    temperature : [K].
    spread : between pellets, pooled over samples (`study_spread`); for a sample.

    Returns
    -------
    Result
        technique 'replicates'; quantities ionic_conductivity and ionic_conductivity:<specimen>.

    Raises
    ------
    DataError  when no pellet has a conductivity at that temperature; says why.
    """
    points: list[Point] = []
    methods: dict[str, str] = {}
    reasons: list[str] = []
    for specimen in specimens_of(results, of):
        found = _points_at(results, specimen, temperature)
        if isinstance(found, str):
            reasons.append(found)
        else:
            points += found[0]
            methods[specimen] = found[1]
    if not points:
        raise DataError(" ".join(reasons) or f"nothing was measured on '{of}'.")
    measured = any(method.startswith("measured") for method in methods.values())
    energy = _energy_of(results, of) if measured else None
    whole_sample = of not in methods
    made = replicates(
        points,
        name=of,
        temperature=temperature,
        activation_energy=energy
        or uncertain(_ASSUMED_ENERGY[0] * ELECTRONVOLT, {}),  # points of a law are at the temperature
        spread=spread if whole_sample else None,
    )
    return _with_method(made, of, methods, assumed=measured and energy is not None and _assumed(energy))


def _points_at(results: Mapping[str, Result], specimen: str, temperature: float) -> tuple[list[Point], str] | str:
    """Return the points of one pellet at a temperature and how they were obtained, or why there are none."""
    law = results.get(f"{specimen}/arrhenius")
    why = ""
    if law is not None:
        predicted = predict(law, temperature)
        if predicted.number is not None:
            point = Point(uncertain(temperature, {}), predicted.number, "", specimen)
            return [point], predicted.method
        why = f" and {predicted.why}"
    near = [
        Point(kelvin, sigma, "", specimen)
        for r in _measured_on(results, specimen, "ionic_conductivity")
        if _is_near(r, temperature)
        and (kelvin := r.quantities["temperature"].number) is not None
        and (sigma := r.quantities["ionic_conductivity"].number) is not None
    ]
    if not near:
        withheld_why = _why_withheld(results, specimen, "ionic_conductivity")
        return (
            withheld_why
            or f"'{specimen}' was not measured within {ONE_TEMPERATURE:g} K of {celsius(temperature)}{why}."
        )
    often = "once" if len(near) == 1 else f"{len(near)} times"
    return near, f"measured {often} near {celsius(temperature)}"


def _measured_on(results: Mapping[str, Result], specimen: str, key: str) -> list[Result]:
    """Return the single measurements of a specimen that gave the quantity."""
    return [
        r
        for r in results.values()
        if r.about.owner == specimen
        and r.technique not in ("arrhenius", "impedance_series", "replicates", "series")
        and key in r.quantities
        and r.quantities[key].number is not None
    ]


def _read_temperature(result: Result, key: str) -> Quantity | None:
    """Return the temperature at which a quantity of a result was measured, None where it states none."""
    part = key.partition(":")[2]
    return result.quantities.get(f"temperature:{part}", result.quantities.get("temperature"))


def _is_near(result: Result, temperature: float, key: str = "") -> bool:
    found = _read_temperature(result, key)
    return found is not None and found.value is not None and abs(found.value - temperature) <= ONE_TEMPERATURE


def _why_withheld(results: Mapping[str, Result], specimen: str, key: str) -> str | None:
    """Return why a quantity of a specimen has no value, where results say so."""
    for r in results.values():
        if r.about.owner == specimen and key in r.quantities and r.quantities[key].number is None:
            return f"'{specimen}': {r.quantities[key].why}."
    return None


def _energy_of(results: Mapping[str, Result], of: str) -> Number:
    """Return the activation energy [J] of ln(sigma T) of a sample, or the assumed one."""
    for specimen in specimens_of(results, of):
        law = results.get(f"{specimen}/arrhenius")
        found = None if law is None else law.quantities.get("activation_energy:lnsigmaT")
        if found is not None and found.number is not None:
            return found.number
    return _assumed_energy(of)


def _assumed_energy(of: str) -> Number:
    value, u = _ASSUMED_ENERGY
    return uncertain(value * ELECTRONVOLT, {f"{ASSUMED_ENERGY}{of}": u * ELECTRONVOLT})


def _assumed(energy: Number) -> bool:
    return math.isclose(float(energy.x), _ASSUMED_ENERGY[0] * ELECTRONVOLT, rel_tol=1e-12)


def _with_method(made: Result, of: str, methods: Mapping[str, str], *, assumed: bool) -> Result:
    """Say in the methods how each pellet's conductivity was obtained."""
    quantities = dict(made.quantities)
    for specimen, method in methods.items():
        old = quantities[f"ionic_conductivity:{specimen}"]
        quantities[f"ionic_conductivity:{specimen}"] = Quantity(old.name, old.number, method)
    mean = quantities["ionic_conductivity"]
    if of in methods:  # a single pellet
        text = methods[of]
    else:
        kinds = dict.fromkeys(_without_name(method, specimen) for specimen, method in methods.items())
        text = f"{mean.method}; each {' or '.join(kinds)}"
    if assumed:
        text += _ASSUMPTION
    quantities["ionic_conductivity"] = Quantity(mean.name, mean.number, text)
    return Result(  # not `replace`, which would open the curves
        made.technique,
        made.name,
        quantities,
        checks=made.checks,
        settings=made.settings,
        notes=made.notes,
        findings=made.findings,
    )


def _without_name(method: str, specimen: str) -> str:
    return method.replace(f" of {specimen}", "", 1)


def quantity(results: Mapping[str, Result], of: str, key: str, *, temperature: float | None = None) -> Quantity:
    """Return a quantity of a sample, a specimen or a single result.

    Parameters
    ----------
    of : key of a result, a sample, a powder, a specimen, or a cell.
    key : of a quantity, 'activation_energy:lnsigmaT'.
    temperature : [K], for what depends on it.

    Returns
    -------
    Quantity
        withheld, with the reason, where there is none; the reason begins with 'nothing' when nothing was measured.
    """
    name = look_up(key.partition(":")[0]).name
    if of in results:
        return _of_result(results, results[of], key, temperature=temperature)
    owners = specimens_of(results, of)
    owners += [of] if of not in owners and any(r.about.owner == of for r in results.values()) else []
    if not owners:
        return withheld(name, f"nothing was measured on '{of}'")
    if key == "ionic_conductivity" and temperature is not None:
        spread = study_spread(results)
        try:
            return conductivity(results, of, temperature, spread=spread).quantities[key]
        except DataError as error:
            return withheld(name, f"nothing known: {error}")
    found = {owner: _of_specimen(results, owner, key, temperature=temperature) for owner in owners}
    return _mean(found, of, key)


def conductivity_at(
    results: Mapping[str, Result], of: str, temperature: Number, *, pellet: str | None = None
) -> Quantity:
    """Return the conductivity of a sample at a temperature that has an uncertainty of its own.

    What the temperature shares with those behind the sample's conductivity, such as the offset of one oven, cancels.

    Parameters
    ----------
    of : a sample or a specimen.
    temperature : [K].
    pellet : name of another pellet of the sample whose conductivity it stands for, such as the separator of a cell: that
        one deviates from the mean by the spread between pellets. The mean and the other pellet are judged by one estimate
        of the spread, whose degrees of freedom count once. Where no spread was seen, 20 % is assumed.
    """
    kelvin = float(temperature.x)
    found = quantity(results, of, "ionic_conductivity", temperature=kelvin)
    if found.number is None:
        return found
    slope = float(_energy_of(results, of).x) / (BOLTZMANN * kelvin**2) - 1.0 / kelvin  # of ln sigma, ln(sigma T) linear
    number = found.number * exp(slope * (temperature - kelvin))
    if pellet is None or pellet == of:
        return Quantity(found.name, number, found.method)
    pooled = study_spread(results)
    spread = pooled or _own_spread(results, of, kelvin)
    if spread is None:
        source = f"assumed pellet spread:{of}[{crc32(pellet.encode())}]"
        number = number * exp(uncertain(0.0, {source: _ASSUMED_SPREAD}))
        method = (
            f"{found.method}; from another pellet; a {100 * _ASSUMED_SPREAD:g} % pellet-to-pellet spread is assumed"
        )
        return Quantity(found.name, number, method)
    source = spread_source(of, pellet, pooled=pooled is not None)
    number = number * exp(uncertain(0.0, {source: spread[0]}, df=spread[1]))
    return Quantity(found.name, number, f"{found.method}; of another pellet")


def _own_spread(results: Mapping[str, Result], of: str, kelvin: float) -> tuple[float, int] | None:
    """Return the spread between the pellets of one sample [1] and its degrees of freedom, None where there is one only."""
    made = conductivity(results, of, kelvin).findings
    return None if made["pellet_spread"] is None else (float(made["pellet_spread"]), int(made["n"]) - 1)


def _of_result(results: Mapping[str, Result], result: Result, key: str, *, temperature: float | None) -> Quantity:
    """Return a quantity of one result."""
    if result.technique == "arrhenius" and key == "ionic_conductivity" and temperature is not None:
        return predict(result, temperature)
    found = result.quantities.get(key)
    if found is None:
        return withheld(key.partition(":")[0], f"nothing of the kind: '{result.name}' has no {key}")
    read = _read_temperature(result, key)
    if temperature is not None and read is not None and not _is_near(result, temperature, key):
        at = read.value
        measured = "an unknown temperature" if at is None else celsius(at)
        return withheld(found.name, f"nothing at {celsius(temperature)}: '{result.name}' was measured at {measured}")
    return _brought(results, result, key, temperature=temperature)


def _brought(results: Mapping[str, Result], result: Result, key: str, *, temperature: float | None) -> Quantity:
    """Return a quantity of one measurement at a temperature [K], None: the one stated, with the uncertainty of its own."""
    found = result.quantities[key]
    name, read = key.partition(":")[0], _read_temperature(result, key)
    if name not in _ACTIVATED or found.number is None or read is None or read.number is None:
        return found
    measured = read.number
    at = float(measured.x) if temperature is None else temperature
    if not measured.u and float(measured.x) == at:
        return found
    specimen = result.about.owner or result.name
    sample = result.about.sample or specimen
    laws = [_energy_of(results, owner) for owner in (specimen, sample)] if name in _OF_THE_LAW else []
    energy = next((law for law in laws if not _assumed(law)), _assumed_energy(sample))
    number = found.number * exp(_ACTIVATED[name] * activation(measured, at, energy))
    method = f"{found.method}{_ASSUMPTION if _assumed(energy) else ''}".removeprefix("; ")
    return Quantity(found.name, number, method, basis=found.basis)


def _of_specimen(results: Mapping[str, Result], specimen: str, key: str, *, temperature: float | None) -> Quantity:
    """Return a quantity of one specimen: of its Arrhenius result, or of its only measurement (at the temperature)."""
    name = key.partition(":")[0]
    law = results.get(f"{specimen}/arrhenius")
    if law is not None and key in law.quantities:
        return law.quantities[key]
    found = [r for r in _measured_on(results, specimen, key) if temperature is None or _is_near(r, temperature)]
    if len(found) == 1:
        return _brought(results, found[0], key, temperature=temperature)
    if found:
        near = "" if temperature is None else f" near {celsius(temperature)}"
        return withheld(name, f"'{specimen}' has {len(found)} different values of {key}{near}; name one result")
    why = _why_withheld(results, specimen, key)
    return withheld(name, why or f"nothing of the kind: '{specimen}' has no {key}")


def _mean(found: Mapping[str, Quantity], of: str, key: str) -> Quantity:
    """Return the mean over pellets with the spread between them; of one pellet its own value."""
    known = {specimen: q for specimen, q in found.items() if q.number is not None}
    if not known:
        return next(iter(found.values()))
    first = next(iter(known.values()))
    if len(known) == 1:
        return first
    in_logarithm = look_up(first.name).positive
    numbers = [log(n) if in_logarithm else n for q in known.values() if (n := q.number) is not None]
    mean, _ = mean_of_pellets(numbers, name=f"{of}, {key}", spread=None)
    number = exp(mean) if in_logarithm else mean
    return Quantity(first.name, number, f"mean over {len(known)} pellets; each {_common_method(known)}")


def _common_method(known: Mapping[str, Quantity]) -> str:
    return " or ".join(dict.fromkeys(_without_name(q.method, specimen) for specimen, q in known.items()))


def temperatures_of(results: Mapping[str, Result], names: Sequence[str]) -> tuple[float, float] | None:
    """Return the lowest and highest temperature [K] at which all the named samples were measured, None if nowhere."""
    ranges = []
    for of in names:
        specimens = specimens_of(results, of)
        measured = [
            float(r.quantities["temperature"].value or 0.0)
            for specimen in specimens
            for r in _measured_on(results, specimen, "temperature")
        ]
        if not measured:
            return None
        ranges.append((min(measured), max(measured)))
    low, high = float(np.max([r[0] for r in ranges])), float(np.min([r[1] for r in ranges]))
    return (low, high) if low <= high + ONE_TEMPERATURE else None
