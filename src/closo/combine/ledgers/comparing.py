"""Cells side by side: how their capacities differ, what else differs between them, and whether it can be told apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import xarray as xr

from closo.combine.arrhenius.points import celsius
from closo.combine.ledgers.records import CellParameters
from closo.combine.ledgers.shares import u_of, value_of
from closo.dataset import Dataset
from closo.errors import DataError
from closo.models.cell.forms import loss_at
from closo.quantity import Number, Quantity, withheld
from closo.result import Check, Result
from closo.units import spelled

_RESOLVED = 2.0  # standard uncertainties
_EQUAL = 0.02  # relative difference of a condition that counts as none
_EQUAL_TEMPERATURE = 1.0  # K
_ORDER = ("temperature", "rate", "formulation", "cathode thickness", "pellet thickness")  # cheapest to change first


@dataclass(frozen=True)
class _Pair:
    """Two cells: how their capacities differ and what else does."""

    low: str
    high: str
    ratio: Number
    differs: tuple[str, ...]
    unknown: tuple[str, ...]

    @property
    def resolved(self) -> bool:
        return abs(value_of(self.ratio) - 1.0) > _RESOLVED * u_of(self.ratio)


def compare_cells(
    results: Mapping[str, Result],
    cells: Mapping[str, CellParameters],
    *,
    key: str = "specific_capacity:first_discharge",
    name: str = "cells",
) -> Result:
    """Compare the capacities of cells, and say whether their difference can be attributed.

    Parameters
    ----------
    results : cell -> its result of cycling.
    cells : cell -> what is known of it; one for each result.
    key : quantity that is compared.
    name : of the comparison.

    Returns
    -------
    Result
        technique 'cell_comparison'; quantities <key's name>:<cell> and ratio:<cell> over <cell>;
        `findings["differences"]` (pair -> conditions), `findings["answer"]`, `findings["run"]` (what would decide, or '').
        Where the activation energy of diffusion is known, also <key's name>:<cell> at <temperature>, slow diffusion (and
        lost contact): what that run would give by mechanism.

    Raises
    ------
    DataError  when there are fewer than two cells, or a result has no parameters.
    """
    lacking = [cell for cell in results if cell not in cells]
    if len(results) < 2 or lacking:
        what = f"nothing is known of {', '.join(lacking)}" if lacking else f"there are {len(results)} results"
        raise DataError(f"A comparison of cells needs two cells or more with their parameters; {what}.")
    quantity = key.split(":", maxsplit=1)[0]
    lines = {f"{quantity}:{cell}": _capacity(result, key) for cell, result in results.items()}
    numbers = {cell: n for cell in results if (n := lines[f"{quantity}:{cell}"].number) is not None}
    pairs = [_pair(a, b, numbers, cells) for a, b in combinations(numbers, 2)]
    for pair in pairs:
        method = f"{key}, lower over higher"
        lines[f"ratio:{pair.low} over {pair.high}"] = Quantity("ratio", pair.ratio, method)
    sentences = [_sentence(pair) for pair in pairs] or ["No two capacities are known, so nothing is compared."]
    runs = []
    for pair in pairs:
        foreseen = _foreseen(pair, cells, numbers[pair.low], quantity)
        lines |= foreseen
        runs.append(_run(pair, cells, foreseen))
    runs = [run for run in runs if run]
    findings: dict[str, Any] = {
        "key": key,
        "differences": {f"{p.low} over {p.high}": list(p.differs) for p in pairs},
        "answer": " ".join(sentences),
        "run": " ".join(runs),
    }
    notes = (*sentences, *runs)
    curves = _curves({cell: lines[f"{quantity}:{cell}"] for cell in results}, name)
    return Result("cell_comparison", name, lines, curves, tuple(_check(p) for p in pairs), {}, notes, findings=findings)


def _curves(found: Mapping[str, Quantity], name: str) -> Dataset:
    """Return the bars of the figure in SI, NaN where a capacity is not known."""
    value, u = (
        np.array([np.nan if (x := getattr(q, k)) is None else x for q in found.values()]) for k in ("value", "u")
    )
    quantity = next(iter(found.values())).name
    variables = {quantity: ("part", value), f"{quantity}_u": ("part", u)}
    return xr.Dataset(variables, attrs={"kind": "ledger", "source": name, "metadata": {"parts": list(found)}})


def _capacity(result: Result, key: str) -> Quantity:
    found = result.quantities.get(key)
    if found is not None:
        return found
    return withheld(key.split(":", maxsplit=1)[0], f"the result of '{result.name}' has no {key}")


def _pair(a: str, b: str, numbers: Mapping[str, Number], cells: Mapping[str, CellParameters]) -> _Pair:
    low, high = sorted((a, b), key=lambda cell: value_of(numbers[cell]))
    states = {condition: _differ(condition, cells[low], cells[high]) for condition in _ORDER}
    return _Pair(
        low,
        high,
        numbers[low] / numbers[high],
        tuple(c for c in _ORDER if states[c]),
        tuple(c for c in _ORDER if states[c] is None),
    )


def _differ(condition: str, a: CellParameters, b: CellParameters) -> bool | None:
    """Tell whether a condition differs between two cells; None where one of them does not say."""
    if condition == "formulation":
        return _formulation_differs(a, b)
    x, y = (_condition(condition, cell) for cell in (a, b))
    if x is None or y is None:
        return None
    difference = x - y
    size, u = abs(value_of(difference)), u_of(difference)
    tolerance = _EQUAL_TEMPERATURE if condition == "temperature" else _EQUAL * abs(value_of(y))
    return size > tolerance and size > _RESOLVED * u


def _condition(condition: str, cell: CellParameters) -> Number | None:
    if condition == "temperature":
        return cell.temperature
    if condition == "rate":
        return _rate(cell)
    return cell.cathode_thickness if condition == "cathode thickness" else cell.separator_thickness


def _rate(cell: CellParameters) -> Number | None:
    """Return the current over the mass of active material [A/kg]; over the area [A/m2] where the mass is not known."""
    if cell.current_density is None or cell.active_mass is None or cell.area is None:
        return cell.current_density
    return cell.current_density * cell.area / cell.active_mass


def _formulation_differs(a: CellParameters, b: CellParameters) -> bool | None:
    if not a.mass_fractions or not b.mass_fractions:
        return None
    parts = sorted({*a.mass_fractions, *b.mass_fractions})
    shift = [a.mass_fractions.get(p, 0.0) - b.mass_fractions.get(p, 0.0) for p in parts]
    return any(abs(value_of(s)) > 0.005 and abs(value_of(s)) > _RESOLVED * u_of(s) for s in shift)


def _both(words: tuple[str, ...]) -> str:
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


def _sentence(pair: _Pair) -> str:
    """Return what the pair tells."""
    percent = spelled(100.0 * value_of(pair.ratio), 100.0 * u_of(pair.ratio))
    given = f"{pair.low} gives {percent} % of {pair.high}"
    if not pair.resolved:
        return f"{given}: no difference beyond the uncertainty."
    unknown = f" (not known: {_both(pair.unknown)})" if pair.unknown else ""
    if not pair.differs:
        return f"{given}, and nothing that is known differs between them{unknown}: not identifiable."
    if len(pair.differs) == 1 and not pair.unknown:
        return f"{given}, and only the {pair.differs[0]} differs: it is the reason, unless cells scatter that much."
    return f"{given}, but they differ in {_both(pair.differs)}{unknown}: the attribution is not identifiable."


def _decides(pair: _Pair) -> bool:
    """Tell whether a further run is needed."""
    return pair.resolved and len(pair.differs) > 1


def _foreseen(pair: _Pair, cells: Mapping[str, CellParameters], capacity: Number, quantity: str) -> dict[str, Quantity]:
    """Return what the lower cell would give at the temperature of the other, by mechanism, where that can be said."""
    low, high = cells[pair.low], cells[pair.high]
    whole, energy = low.theoretical_capacity, low.diffusion_energy
    if not _decides(pair) or "temperature" not in pair.differs or quantity != "specific_capacity":
        return {}
    if whole is None or energy is None or low.temperature is None or high.temperature is None:
        return {}
    left = 1.0 - loss_at(1.0 - capacity / whole, energy, low.temperature, high.temperature)
    at = f"{quantity}:{pair.low} at {celsius(value_of(high.temperature))}"
    return {
        f"{at}, slow diffusion": Quantity(quantity, left * whole, "if diffusion withholds the rest"),
        f"{at}, lost contact": Quantity(quantity, capacity, "if the rest is in grains without contact"),
    }


def _run(pair: _Pair, cells: Mapping[str, CellParameters], foreseen: Mapping[str, Quantity]) -> str:
    """Return the measurement that would separate one condition from the others; '' where none is needed."""
    if not _decides(pair):
        return ""
    condition, rest = pair.differs[0], pair.differs[1:]
    change, warmer = f"with the {condition} of {pair.high}", cells[pair.high].temperature
    if condition == "temperature" and warmer is not None:
        change = f"at {celsius(value_of(warmer))}"
    elif condition == "rate":
        change = f"at the rate of {pair.high}"
    expected = "; ".join(f"{key.rpartition(', ')[2]} would give {q}" for key, q in foreseen.items())
    return (
        f"The run that decides: {pair.low} {change}, all else as it is. If it then gives what {pair.high} gives, the "
        f"{condition} is the reason; if it stays, the {_both(rest).replace(' and ', ' or ')}."
        + (f" Expected: {expected}." if expected else "")
    )


def _check(pair: _Pair) -> Check:
    detail = f"differ in {_both(pair.differs) or 'nothing known'}"
    detail += f"; not known: {_both(pair.unknown)}" if pair.unknown else ""
    one = len(pair.differs) == 1 and not pair.unknown
    return Check(f"difference attributable: {pair.low} and {pair.high}", one if pair.resolved else None, detail)
