"""The charge ledger: what a cell took and did not give back, against the capacity it lost, and where it may have gone."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from closo.combine.doubts import marks_of, with_marks
from closo.combine.ledgers.balance import Balance, CycleTable, balance
from closo.combine.ledgers.shares import value_of
from closo.combine.ledgers.suspects import Evidence, Verdict, judge
from closo.combine.ledgers.sweep import sweep_current
from closo.combine.ledgers.table import table_of
from closo.constants import FARADAY
from closo.dataset import Dataset
from closo.models.cell.forms import electrons_per_anion, leak_current_density
from closo.quantity import Number, Quantity, withheld
from closo.result import Check, Result

_OF_TABLE = ("charge", "current", "coulombic_efficiency")  # what a doubt of the table of cycles speaks of
_ENDS = 4  # cycles at the beginning and at the end, whose leaks are compared


def charge_ledger(
    cycling: Result,
    *,
    area: Number | None,
    anions: Number | None = None,
    lsv: Result | None = None,
    lsv_area: Number | None = None,
    electronic_conductivity: Number | None = None,
    thickness: Number | None = None,
    resistance_ratio: Number | None = None,
    first: int | None = None,
    last: int | None = None,
    current_offset: float | None = None,
) -> Result:
    """Return what a cell took and did not give back, what that means per anion and as a current, and the verdict.

    Parameters
    ----------
    cycling : result of cycling, with its table of cycles.
    area : of the electrode [m2].
    anions : in the cathode's electrolyte [mol] (`models.cell.anions_in_electrode`).
    lsv : result of voltammetry on the same electrolyte and kind of electrode, against the same reference.
    lsv_area : of its electrode [m2]; that in its findings, without an uncertainty, where absent.
    electronic_conductivity : of the electrolyte [S/m], with `thickness` of the pellet [m].
    resistance_ratio : resistance of the cell after over before cycling [1].
    first, last : numbers of the cycles to sum over, both included; all complete ones where absent.
    current_offset : standard uncertainty of the instrument's current offset [A]; that of the cycling result where absent.

    Returns
    -------
    Result
        technique 'charge_ledger'; quantities missing_charge (sum of 1 - CE), capacity_loss, charge:missing,
        cumulative_areal_capacity:missing, areal_amount:electrons and :anions, electrons_per_anion, leak_current_density,
        :first and :last (of four cycles each), :sweep, :electronic. `findings["verdict"]` is a word,
        `findings["answer"]` the sentence, `findings["measurement"]` what would decide.

    Raises
    ------
    DataError  when the result has no table of cycles, or no complete cycle in the range.
    """
    table = table_of(cycling, current_offset=current_offset).between(first, last)
    found = balance(table, name=cycling.name)
    stretch = f"{table.cycle[0]:.0f} to {table.cycle[-1]:.0f}"
    quantities = _sums(found, stretch) | _per_area(found, area, anions)
    leaks = _leaks(table, found, area, cycling.name)
    leaks |= _compared(table, None if lsv is None else (lsv, lsv_area), electronic_conductivity, thickness)
    quantities |= leaks
    doubts = marks_of(*(q for k, q in cycling.quantities.items() if k.partition(":")[0] in _OF_TABLE))
    quantities = {key: with_marks(quantity, doubts) for key, quantity in quantities.items()}
    verdict = _verdict(found, quantities, resistance_ratio, stretch=stretch)
    findings: dict[str, Any] = {
        "verdict": verdict.name,
        "answer": f"{verdict.sentence}.",
        "measurement": verdict.measurement,
        "arguments": list(verdict.arguments),
        "cycles": [float(table.cycle[0]), float(table.cycle[-1])],
    }
    decides = (f"What would decide: {verdict.measurement}.",) if verdict.measurement else ()
    notes = (findings["answer"], *decides)
    curves = _curves(table, found, area, name=cycling.name)
    checks = _checks(found, quantities)
    return Result("charge_ledger", cycling.name, quantities, curves, checks, {}, notes, findings=findings)


def _sums(found: Balance, stretch: str) -> dict[str, Quantity]:
    """Return what is missing and what was lost."""
    loss = (
        withheld("capacity_loss", "fewer than 3 cycles")
        if found.loss is None
        else Quantity(
            "capacity_loss", found.loss, f"trend of the discharges of cycles {stretch}, from its start to its end"
        )
    )
    return {
        "missing_charge": Quantity("missing_charge", found.share, f"sum of 1 - CE over cycles {stretch}"),
        "capacity_loss": loss,
        "charge:missing": Quantity("charge", found.missing, f"sum of charge put in - got back over cycles {stretch}"),
    }


def _per_area(found: Balance, area: Number | None, anions: Number | None) -> dict[str, Quantity]:
    """Return what is missing per area and per anion."""
    method = "missing charge over F"
    lines = {}
    each = (
        withheld("electrons_per_anion", "the amount of anions in the cathode is not known", method=method)
        if anions is None
        else Quantity("electrons_per_anion", electrons_per_anion(found.missing, anions), f"{method} and the anions")
    )
    names = ("cumulative_areal_capacity", "areal_amount")
    if area is None:
        why = "the electrode area is not known"
        lines = {f"{n}:{k}": withheld(n, why) for n, k in zip(names, ("missing", "electrons"), strict=True)}
    else:
        per_area = found.missing / area
        lines["cumulative_areal_capacity:missing"] = Quantity(names[0], per_area, "missing charge over the area")
        lines["areal_amount:electrons"] = Quantity(names[1], per_area / FARADAY, method)
        if anions is not None:
            lines["areal_amount:anions"] = Quantity(names[1], anions / area, "anions of the cathode's electrolyte")
    return lines | {"electrons_per_anion": each}


def _leaks(table: CycleTable, found: Balance, area: Number | None, name: str) -> dict[str, Quantity]:
    """Return the mean leak, and that at the beginning and at the end."""
    key, method = "leak_current_density", "(charge put in - got back) over the time of the cycles"
    if area is None:
        return {key: withheld(key, "the electrode area is not known", method=method)}
    lines = {key: Quantity(key, found.leak / area, method)}
    if len(table) >= 2 * _ENDS:
        for word, some in (("first", slice(0, _ENDS)), ("last", slice(-_ENDS, None))):
            low, high = table.cycle[some][0], table.cycle[some][-1]
            part = table.between(low, high)
            leak = leak_current_density(balance(part, name=name).missing / area, float(part.duration.sum()))
            lines[f"{key}:{word}"] = Quantity(key, leak, f"{method}, cycles {low:.0f} to {high:.0f}")
    return lines


def _compared(
    table: CycleTable, sweep: tuple[Result, Number | None] | None, electronic: Number | None, thickness: Number | None
) -> dict[str, Quantity]:
    """Return the currents that the leak can be compared with, at the mean voltage of the charge."""
    key, lines = "leak_current_density", {}
    volts = table.voltage[np.isfinite(table.voltage)]
    if not len(volts):
        return {}
    at = float(np.mean(volts))
    if sweep is not None:
        lsv, lsv_area = sweep
        current = sweep_current(lsv, at, area=lsv_area)
        against = f" {lsv.findings['versus']}" if "versus" in lsv.findings else ""
        method = f"current of the sweep '{lsv.name}' at {at:.2f} V{against}"
        lines[f"{key}:sweep"] = (
            withheld(key, current, method=method)
            if isinstance(current, str)
            else with_marks(Quantity(key, current, method), marks_of(*lsv.quantities.values()))
        )
    if electronic is not None and thickness is not None:
        lines[f"{key}:electronic"] = Quantity(key, electronic * at / thickness, f"sigma_e U/L at {at:.2f} V")
    return lines


def _verdict(found: Balance, lines: dict[str, Quantity], resistance_ratio: Number | None, *, stretch: str) -> Verdict:
    def number(key: str) -> Number | None:
        return lines[key].number if key in lines else None

    return judge(
        Evidence(
            share=found.share,
            loss=found.loss,
            between=found.between,
            per_anion=number("electrons_per_anion"),
            leak=number("leak_current_density"),
            sweep=number("leak_current_density:sweep"),
            electronic=number("leak_current_density:electronic"),
            resistance_ratio=resistance_ratio,
            cycles=stretch,
        )
    )


def _checks(found: Balance, lines: dict[str, Quantity]) -> tuple[Check, ...]:
    share = lines["missing_charge"]
    value, u = float(share.value or 0.0), float(share.u or 0.0)
    offset = next((v for k, v in share.budget().items() if k.startswith("current offset:")), 0.0)
    detail = f"missing {share}, of its uncertainty {100 * offset:.2g} % is the current's offset"
    checks = [Check("missing charge resolved", value > 2.0 * u, detail)]
    if found.loss is not None:
        loss = lines["capacity_loss"]
        difference = found.between - found.loss
        size = value_of(difference)
        flat = size <= 2.0 * float(Quantity("ratio", difference).u or 0.0)
        checks.append(Check("missing charge is lost capacity", flat, f"missing {share}, capacity lost {loss}"))
    return tuple(checks)


def _curves(table: CycleTable, found: Balance, area: Number | None, *, name: str) -> Dataset:
    """Return what the figure draws, per cycle."""
    leak = (table.put - table.back) / table.duration
    density = leak / value_of(area) if area is not None else np.full(len(table), np.nan)
    variables = {
        "cycle": ("point", table.cycle.astype(float), {"units": "1"}),
        "missing_charge": ("point", found.cumulative, {"units": "1"}),
        "capacity_loss": ("point", found.lost, {"units": "1"}),
        "leak_current_density": ("point", density, {"units": "A/m2"}),
    }
    return xr.Dataset(variables, attrs={"kind": "ledger", "source": name})
