"""The table of cycles that a ledger needs, from a result of cycling."""

from __future__ import annotations

from typing import Any

import numpy as np

from closo.combine.ledgers.balance import CycleTable
from closo.errors import DataError
from closo.quantity import sources
from closo.result import Result

_COLUMNS = ("cycle", "charge", "discharge", "time", "partial", "leg_start", "leg_duration", "leg_charge")
_AGAINST_METAL = "cathode half cell"  # only there the voltage is a potential against the metal


def table_of(cycling: Result, *, current_offset: float | None = None) -> CycleTable:
    """Return the complete cycles of a result of cycling.

    Parameters
    ----------
    cycling : with the table of cycles in its curves.
    current_offset : standard uncertainty of the current's offset [A]; that in its coulombic efficiency where absent.

    Raises
    ------
    DataError  when the result has no table, or is that of a symmetric cell, which has no capacity to lose.
    """
    column = _columns(cycling)
    cell = str(cycling.curves.attrs.get("cell", ""))
    if cell == "symmetric cell":
        raise DataError(f"'{cycling.name}' is a symmetric cell: it has no capacity to balance charge against.")
    use = column["partial"] == 0
    if not use.any():
        raise DataError(f"'{cycling.name}' has no complete cycle, so there is no charge to balance.")
    starts_with_discharge = cell == "anode half cell"
    put, back = ("discharge", "charge") if starts_with_discharge else ("charge", "discharge")
    first, second = _legs(column, put, back)
    under_current = column["leg_duration"][first] + column["leg_duration"][second]
    whole = column["time"] - column["leg_start"][first]
    voltage = np.full(len(use), np.nan)
    if cell == _AGAINST_METAL and "mean_voltage_charge" in cycling.curves:
        voltage = np.asarray(cycling.curves["mean_voltage_charge"].values, float)
    arrays: dict[str, Any] = {
        "cycle": column["cycle"],
        "put": column[put],
        "back": column[back],
        "duration": np.maximum(whole, under_current),
        "under_current": under_current,
        "voltage": voltage,
    }
    quiet = _quiet(cycling, use)
    offset, common, sampling = _errors(cycling, int(quiet.sum()))
    if current_offset is None and sampling is None:
        raise DataError(
            f"The charge ledger needs the zero of the current, but the efficiency of '{cycling.name}' is withheld.",
            hint="Give current_offset.",
        )
    if "leg_noise" in cycling.curves:
        noise = np.asarray(cycling.curves["leg_noise"].values, float)
        lost = np.hypot(noise[first], noise[second])[use] / column[put][use]
        sampling = float(np.hypot(sampling or 0.0, np.sqrt(np.mean(lost**2))))
    if current_offset is None:
        times = column["leg_duration"][second][quiet], column["leg_duration"][first][quiet]
        offset = offset / _leverage(*times, column[back][quiet], column[put][quiet]) if quiet.any() else 0.0
    else:
        offset = float(current_offset)
    return CycleTable(
        **{key: values[use] for key, values in arrays.items()},
        sign=-1 if starts_with_discharge else 1,
        offset=offset,
        gain=float(cycling.settings.get("current_gain", 0.0)),
        instrument=str(cycling.findings.get("instrument", "")),
        common=common,
        sampling=sampling,
    )


def _columns(cycling: Result) -> dict[str, np.ndarray]:
    lacking = [name for name in _COLUMNS if name not in cycling.curves]
    if lacking:
        raise DataError(
            f"The charge ledger needs the table of cycles of '{cycling.name}', which lacks {', '.join(lacking)}.",
            hint="Give the result of cycling itself.",
        )
    return {name: np.asarray(cycling.curves[name].values, float) for name in _COLUMNS}


def _legs(column: dict[str, np.ndarray], put: str, back: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the indices of the two legs of each cycle: `time` is the end of the second, and their charges are known.

    A leg may begin in the very moment in which the one before ends, and may consist of one row.
    """
    for side in ("left", "right"):
        second = np.searchsorted(column["leg_start"], column["time"], side=side) - 1
        if not len(second) or second.min() < 1:
            continue
        found = np.abs(column["leg_charge"][np.concatenate([second - 1, second])])
        if np.allclose(found, np.concatenate([column[put], column[back]]), rtol=1e-6):
            return second - 1, second
    raise DataError("The table of cycles does not fit its legs.", hint="Give the result of cycling as it was stored.")


def _quiet(cycling: Result, complete: np.ndarray) -> np.ndarray:
    """Return the cycles over which the mean efficiency was formed: complete and away from spectra, or complete."""
    if "next_to_interlude" not in cycling.curves:
        return complete
    quiet = complete & (np.asarray(cycling.curves["next_to_interlude"].values) == 0)
    return quiet if quiet.any() else complete


def _errors(cycling: Result, n: int) -> tuple[float, dict[str, float], float | None]:
    """Return what the mean efficiency of `n` cycles says of its errors.

    Returns
    -------
    its change by the offset of the current (a size), by each other error that all cycles share (signed), and the
    independent standard uncertainty of one cycle (None where nothing is stated).
    """
    efficiency = cycling.quantities.get("coulombic_efficiency")
    if efficiency is None or efficiency.number is None:
        return 0.0, {}, None
    offset, common, sampling = 0.0, {}, 0.0  # a leg that ends exactly at its limit has no sampling error
    for source, (moved, _) in sources(efficiency.number).items():
        if source.startswith("current offset:"):
            offset = abs(moved)
        elif source.startswith("sampling at the cut-off:"):
            sampling = abs(moved) * float(np.sqrt(n))
        elif source.startswith(("late end of half cycles:", "integration:")):
            common[source] = moved
    return offset, common, sampling


def _leverage(t_back: np.ndarray, t_put: np.ndarray, q_back: np.ndarray, q_put: np.ndarray) -> float:
    """Return by how much an offset of 1 A moves the mean of q_back/q_put [1/A]."""
    return float(np.mean((t_back + q_back / q_put * t_put) / q_put))
