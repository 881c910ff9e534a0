"""What a direct-current table is, where only the names of its columns are known: the rule, and the reason in words.

With time, potential (or voltage) and current, the rows are cut into runs of one level of the current (sign, and jumps of
more than 20 % of the largest). Below 2 % of the largest current is rest. A row is steady where the current is within 7.5 %
of the median of its run; the potential, within 0.25 % (or 0.25 mV).

1. No current in any row: open circuit.
2. The potential is swept, its rate the same (within 5 %) through 95 % of the record, and the current is not steady in nine
   of ten rows: 'voltammetry', also where the current has a plateau.
3. The current is steady in most rows under current (and, where the potential is steady too, the current changes sign or is
   the steadier): 'cycling' when the current changes sign or rests, else 'chronopotentiometry'.
4. The potential is steady in most rows under current, or within the same limits of its median in 98 % of all rows (a
   current that is noise about zero changes sign all the time): 'chronoamperometry'.
5. The potential is swept, its rate the same (within 10 %) in 80 % of the record: 'voltammetry'.
6. The current changes sign or rests: 'cycling'; else nothing is said ('record').

Current over time alone is a chronoamperogram, potential and current without time a voltammogram. Fewer than 10 rows say
nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

_FEWEST = 10
_RUNS = 2000  # that are looked at, the longest ones
_SHORT = {
    "open_circuit": "OCV",
    "chronoamperometry": "CA",
    "chronopotentiometry": "CP",
    "voltammetry": "voltammetry",
    "cycling": "cycling",
    "record": "record",
}


@np.errstate(all="ignore")
def kind_of(columns: Mapping[str, np.ndarray]) -> tuple[str, str, str]:
    """Return (kind, technique, reason) of a table; the reason is '' for a record.

    Parameters
    ----------
    columns : nomenclature name -> values [SI], shape (n,).

    Example
    -------
    >>> t = np.arange(100.0)
    >>> kind_of({"time": t, "voltage": 3 + 0.01 * t, "current": np.full(100, 1e-3)})[::2]
    ('chronopotentiometry', 'the current is constant and of one sign')
    """
    kind, reason = _decide(columns)
    return kind, _SHORT[kind], reason


def short_name(kind: str) -> str:
    """Return how a measurement of a kind is called in a title."""
    return _SHORT.get(kind, kind)


def _decide(columns: Mapping[str, np.ndarray]) -> tuple[str, str]:
    potential = columns.get("voltage", columns.get("potential"))
    current = columns.get("current")
    if current is None:
        return "record", ""
    names = ["current"] + [n for n in ("time", "voltage", "potential") if n in columns]
    whole = np.all([np.isfinite(columns[n]) for n in names], axis=0)
    if whole.sum() < _FEWEST:
        return "record", ""
    current = current[whole]
    if "time" not in columns:
        return ("voltammetry", "potential and current without time") if potential is not None else ("record", "")
    if potential is None:
        return "chronoamperometry", "a current over time, without a potential"
    return _from_three(columns["time"][whole], potential[whole], current)


def _from_three(time: np.ndarray, potential: np.ndarray, current: np.ndarray) -> tuple[str, str]:
    largest = float(np.max(np.abs(current)))
    if largest == 0.0:
        return "open_circuit", "no current flows in any row"
    level = np.where(np.abs(current) < 0.02 * largest, 0.0, np.sign(current))
    signs = set(level.tolist())
    both = {-1.0, 1.0} <= signs
    interrupted = both or int(np.sum(level == 0)) > 1
    steady_current, spread_current = _steady(current, current, level, relative=0.075, absolute=0.0)
    steady_potential, spread_potential = _steady(potential, current, level, relative=0.0025, absolute=2.5e-4)
    swept = steady_current < 0.9 and _swept(time, potential, within=0.05, share=0.95)
    if not swept and steady_current > 0.5 and (both or steady_potential <= 0.5 or spread_current <= spread_potential):
        if interrupted:
            return "cycling", "the current is constant in pieces, and changes sign or rests"
        return "chronopotentiometry", "the current is constant and of one sign"
    if not swept and (steady_potential > 0.5 or _held(potential)):
        return "chronoamperometry", "the potential is constant in pieces, and the current is not"
    if swept or _swept(time, potential):
        return "voltammetry", "the potential is swept at one rate"
    return ("cycling", "the current changes sign or rests") if interrupted else ("record", "")


def _steady(
    values: np.ndarray, current: np.ndarray, level: np.ndarray, *, relative: float, absolute: float
) -> tuple[float, float]:
    """Return the share of steady rows among those under current, and the median relative spread of the runs."""
    jumps = np.abs(np.diff(current)) > 0.2 * np.max(np.abs(current))
    edges = np.flatnonzero((np.diff(level) != 0) | jumps) + 1
    if len(edges) > max(100, len(values) // 3):  # changes with every few rows: noise
        return 0.0, np.inf
    steady, total, spreads = 0, 0, []
    starts = np.concatenate(([0], edges))
    lengths = np.diff(np.append(starts, len(values)))
    longest = np.argsort(-lengths, kind="stable")[:_RUNS]
    for start, length in zip(starts[longest], lengths[longest], strict=True):
        if level[start] == 0 or length < 3:
            continue
        run = values[start : start + length]
        low, middle, high = np.percentile(run, (25, 50, 75))
        total += len(run)
        steady += int(np.sum(np.abs(run - middle) <= max(relative * abs(middle), absolute)))
        spreads.append((high - low) / max(abs(middle), 1e-30))
    return (steady / total, float(np.median(spreads))) if total else (0.0, np.inf)


def _held(potential: np.ndarray) -> bool:
    """Return True when the potential stays at one value, other than zero, through the record."""
    middle = float(np.median(potential))
    near = np.abs(potential - middle) <= max(0.0025 * abs(middle), 2.5e-4)
    return abs(middle) > 1e-3 and float(np.mean(near)) > 0.98


def _swept(time: np.ndarray, potential: np.ndarray, *, within: float = 0.1, share: float = 0.8) -> bool:
    """Return True when the potential changes at one rate (`within`), up or down, through a share of the record."""
    rows = np.unique(np.linspace(0, len(time) - 1, 60).astype(int))
    passed = np.diff(time[rows])
    if np.ptp(potential) < 0.02 or np.any(passed <= 0):
        return False
    rate = np.abs(np.diff(potential[rows]) / passed)
    usual = float(np.median(rate))
    return usual > 0 and float(np.mean(np.abs(rate / usual - 1.0) < within)) >= share
