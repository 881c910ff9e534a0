"""Numbers that a text prints, judged against each other: conductivities, activation energies, orders of magnitude."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations

from closo.combine.audit.judge import (
    LIMIT,
    PLAUSIBLE,
    deviation,
    differ,
    implausible,
    listed,
    plain,
    uncertainty,
    value,
    with_u,
)
from closo.combine.audit.records import Printed
from closo.constants import BOLTZMANN
from closo.quantity import Number, exp, log
from closo.result import Check

_CONVENTIONS = {"sigmaT": "ln(sigma T)", "sigma": "ln sigma"}
_SAME_TEMPERATURE = 0.5  # K


def audit_printed(printed: Sequence[Printed]) -> list[Check]:
    """Return the checks of printed numbers.

    Tests: values that can occur; one quantity printed with two values; activation energy against two conductivities;
    orders of magnitude against each other, and against the conductivities they come from.
    """
    checks = []
    sound = []  # an impossible number is reported once and judged no further
    for row in printed:
        problem = implausible(row.quantity, row.value) if row.quantity in PLAUSIBLE else None
        if problem is None and row.temperature is not None:
            problem = implausible("temperature", row.temperature)
        if problem is None:
            sound.append(row)
        else:
            checks.append(Check(f"plausible: {row.of}", False, f"{row.of}: {problem}{_where(row)}; check its unit."))
    return checks + _judge(sound)


def _judge(printed: Sequence[Printed]) -> list[Check]:
    """Return the checks of numbers that are possible each."""
    checks = _contradictions(printed)
    for name in dict.fromkeys(row.of for row in printed):
        checks += _energies(name, printed)
    pairs = dict.fromkeys((r.of, r.to) for r in printed if r.quantity == "conductivity_ratio" and r.to is not None)
    for of, to in pairs:
        ratios = [r for r in printed if r.quantity == "conductivity_ratio" and (r.of, r.to) == (of, to)]
        checks += _ratios_together(ratios, printed)
        checks += [c for c in (_ratio_check(ratio, printed) for ratio in ratios) if c is not None]
    return checks


def _where(row: Printed) -> str:
    return f" ({row.where})" if row.where else ""


def _text(row: Printed) -> str:
    """Return '5e-4 S/cm at 30 degC (Abstract)'."""
    relation = {"=": "", "about": "about "}.get(row.relation, f"{row.relation} ")
    temperature = "" if row.temperature is None else f" at {plain('temperature', row.temperature)}"
    return f"{relation}{plain(row.quantity, row.value)}{temperature}{_where(row)}"


def _select(printed: Sequence[Printed], quantity: str, of: str) -> list[Printed]:
    """Return the rows that state a value (not a bound) of `quantity` for `of`."""
    return [r for r in printed if r.quantity == quantity and r.of == of and r.relation in ("=", "about")]


def _same_temperature(a: Printed, b: Printed) -> bool:
    if a.temperature is None or b.temperature is None:
        return a.temperature is b.temperature
    return abs(value(a.temperature) - value(b.temperature)) < _SAME_TEMPERATURE


# --- one quantity, two values ---------------------------------------------------------------------------------------


def _contradictions(printed: Sequence[Printed]) -> list[Check]:
    """Return a failed check per pair of rows that state one quantity with two values."""
    checks = []
    stated = [r for r in printed if r.relation == "=" and r.quantity != "conductivity_ratio"]
    for a, b in combinations(stated, 2):
        same = (a.quantity, a.of, a.to, a.convention) == (b.quantity, b.of, b.to, b.convention)
        if same and _same_temperature(a, b) and differ(a.value, b.value):
            quantity = a.quantity.replace("_", " ")
            detail = f"{a.of}: the {quantity} is printed as {_text(a)} and as {_text(b)}"
            detail += ": one is wrong, or of another sample."
            checks.append(Check(f"printed twice: {a.of}", False, detail))
    return checks


# --- activation energy ----------------------------------------------------------------------------------------------


def _inverse(cold: Number, hot: Number) -> Number:
    """Return 1/(k T_cold) - 1/(k T_hot) [1/J]."""
    return (1.0 / cold - 1.0 / hot) / BOLTZMANN


def _log_ratio(a: Number, b: Number) -> Number:
    return log(a / b)


def _energies(name: str, printed: Sequence[Printed]) -> list[Check]:
    """Test every activation energy of `name` against its coldest and hottest conductivity."""
    rows = [r for r in _select(printed, "ionic_conductivity", name) if r.temperature is not None]
    energies = _select(printed, "activation_energy", name)
    rows.sort(key=lambda r: value(r.temperature))
    if not energies or len(rows) < 2 or _same_temperature(rows[0], rows[-1]):
        return []
    cold, hot = rows[0], rows[-1]
    assert cold.temperature is not None
    assert hot.temperature is not None
    span = _inverse(cold.temperature, hot.temperature)
    slope = _log_ratio(hot.value, cold.value)
    implied = {"sigmaT": (slope + _log_ratio(hot.temperature, cold.temperature)) / span, "sigma": slope / span}
    return [_energy_check(energy, cold, hot, implied=implied) for energy in energies]


def _energy_check(energy: Printed, cold: Printed, hot: Printed, *, implied: dict[str, Number]) -> Check:
    """Test one activation energy; where its convention is not printed, either may be meant."""
    possible = implied if energy.convention is None else {energy.convention: implied[energy.convention]}
    found = " or ".join(f"{with_u('activation_energy', e)} from {_CONVENTIONS[c]}" for c, e in possible.items())
    given = f"{energy.of}: {_text(cold)} and {_text(hot)} imply {found}"
    name = f"activation energy: {energy.of}"
    away = {c: deviation(e, energy.value) for c, e in possible.items()}
    if any(abs(d) <= LIMIT for d in away.values()):
        return Check(name, True, f"{given}; the printed {_text(energy)} agrees.")
    far = listed(f"{abs(d):.1f}" for d in away.values())
    convention = min(away, key=lambda c: abs(away[c]))
    assert hot.temperature is not None
    needed = _conductivity(cold, energy.value, hot.temperature, convention=convention)
    detail = f"{given}, not the printed {_text(energy)} ({far} u away)"
    detail += f"; with it the second would be {plain('ionic_conductivity', value(needed))}"
    cause = "the conductivities are of different samples, or the energy is a fit over another range of temperatures"
    return Check(name, False, f"{detail}. Likely cause: {cause}.")


def _conductivity(row: Printed, energy: Number, temperature: Number, *, convention: str | None) -> Number:
    """Return the conductivity at `temperature` from that of `row` and an activation energy."""
    assert row.temperature is not None
    moved = row.value * exp(energy * _inverse(row.temperature, temperature))
    return moved if convention == "sigma" else moved * row.temperature / temperature


# --- orders of magnitude --------------------------------------------------------------------------------------------


def _range(row: Printed) -> tuple[float, float]:
    """Return the range that a printed ratio admits: its rounding (half width = sqrt(3) u), or one side of it."""
    half = math.sqrt(3.0) * uncertainty(row.value)
    if row.relation == ">":
        return value(row.value), math.inf
    if row.relation == "<":
        return -math.inf, value(row.value)
    return value(row.value) - half, value(row.value) + half


def _ratios_together(ratios: Sequence[Printed], printed: Sequence[Printed]) -> list[Check]:
    """Test whether one number fits all ratios that may be meant at one temperature."""
    if len(ratios) < 2:
        return []
    first = ratios[0]
    name = f"orders of magnitude: {first.of} / {first.to}"
    stated = listed(_text(r) for r in ratios)
    temperatures = [r for r in ratios if r.temperature is not None] or [first]
    for one in temperatures:
        group = [r for r in ratios if r.temperature is None or _same_temperature(r, one)]
        low, high = max(_range(r)[0] for r in group), min(_range(r)[1] for r in group)
        if low >= high - 1e-6:
            detail = f"{first.of} over {first.to} is printed as {stated} orders of magnitude: no single number fits all"
            if any(r.temperature is None for r in group):
                detail += ", and not every one states its temperature"
            return [Check(name, False, f"{detail}{_drift(first, printed)}.")]
    return [Check(name, True, f"{first.of} over {first.to} is printed as {stated} orders of magnitude: compatible.")]


def _drift(ratio: Printed, printed: Sequence[Printed]) -> str:
    """Say how much a ratio changes with temperature, where both activation energies are printed."""
    upper = _select(printed, "activation_energy", ratio.of)
    lower = _select(printed, "activation_energy", ratio.to or "")
    kelvin = [r.temperature for r in printed if r.quantity == "ionic_conductivity" and r.temperature is not None]
    if not upper or not lower or len(kelvin) < 2:
        return ""
    cold, hot = min(kelvin, key=value), max(kelvin, key=value)
    change = value((lower[0].value - upper[0].value) * _inverse(cold, hot)) / math.log(10.0)
    between = f"between {plain('temperature', cold)} and {plain('temperature', hot)}"
    energies = f"{plain('activation_energy', upper[0].value)} and {plain('activation_energy', lower[0].value)}"
    return f"; with {energies} the ratio changes by {abs(change):.2f} orders {between}"


def _at(printed: Sequence[Printed], of: str, temperature: Number) -> Number | None:
    """Return the printed conductivity of `of` at `temperature`, moved there by its activation energy if needed."""
    rows = [r for r in _select(printed, "ionic_conductivity", of) if r.temperature is not None]
    if not rows:
        return None
    nearest = min(rows, key=lambda r: abs(value(r.temperature) - value(temperature)))
    if abs(value(nearest.temperature) - value(temperature)) < _SAME_TEMPERATURE:
        return nearest.value
    energies = _select(printed, "activation_energy", of)
    if not energies:
        return None
    return _conductivity(nearest, energies[0].value, temperature, convention=energies[0].convention)


def _orders(ratio: Printed, printed: Sequence[Printed], temperature: Number) -> Number | None:
    """Return log10 of the ratio of the two printed conductivities at `temperature`."""
    upper, lower = _at(printed, ratio.of, temperature), _at(printed, ratio.to or "", temperature)
    return None if upper is None or lower is None else log(upper / lower) / math.log(10.0)


def _ratio_check(ratio: Printed, printed: Sequence[Printed]) -> Check | None:
    """Test a printed ratio against the printed conductivities, at its temperature or at those of the conductivities."""
    rows = [r for of in (ratio.of, ratio.to) for r in _select(printed, "ionic_conductivity", of or "")]
    known = sorted((r.temperature for r in rows if r.temperature is not None), key=value)
    temperatures = known if ratio.temperature is None else [ratio.temperature]
    found = {round(value(t), 1): (t, n) for t in temperatures if (n := _orders(ratio, printed, t)) is not None}
    if not found:
        return None
    name = f"conductivity ratio: {ratio.of} / {ratio.to}"
    orders = listed(f"{with_u('conductivity_ratio', n)} at {plain('temperature', t)}" for t, n in found.values())
    given = f"{ratio.of} over {ratio.to}: the printed conductivities give {orders} orders of magnitude"
    holds = [_holds(ratio, n) for _, n in found.values()]
    stated = f"the printed {_text(ratio)}"
    if all(holds):
        return Check(name, True, f"{given}; {stated} agrees.")
    if any(holds):
        only = listed(
            plain("temperature", t) for (t, _), holds_here in zip(found.values(), holds, strict=True) if holds_here
        )
        return Check(name, True, f"{given}; {stated} agrees only at {only}, so it needs its temperature.")
    return Check(name, False, f"{given}, against {stated}.")


def _holds(ratio: Printed, found: Number) -> bool:
    """Tell whether a ratio found is what is printed; a bound ('> 2') is meant as it stands, without rounding."""
    if ratio.relation == ">":
        return deviation(found, value(ratio.value)) > -LIMIT
    if ratio.relation == "<":
        return deviation(found, value(ratio.value)) < LIMIT
    return not differ(found, ratio.value)
