"""From understood columns to measurements: the checks that every reader shares.

A reader collects a `Part` per measurement and hands them to `finish`, which leaves out rows that are no measurement (with
a warning that counts them), looks for what is suspicious, numbers the parts in file order and builds the Datasets.
Nothing is repaired silently, and a file without a usable row is a `ReadError`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

import numpy as np

from closo.dataset import KINDS, Dataset, new
from closo.readers.tools.suggestions import from_name
from closo.readers.tools.table import all_finite
from closo.readers.tools.text import Text

Columns = Mapping[str, np.ndarray]
_OVERLOAD = 1e30  # ohm; meters write 9.9E37 where they could not measure
_HIGHEST = 100.0  # V, beyond which no cell is
_LOST = 0.01  # share of the rows of a record under current that may be left out


@dataclass(frozen=True)
class Part:
    """One measurement as a reader found it; warnings, checks and metadata are of this part alone."""

    kind: str  # one of dataset.KINDS
    technique: str  # as in a title, e.g. 'PEIS'; numbered by `finish`
    columns: Columns  # nomenclature name -> values [SI]; of an impedance real and imaginary, or modulus and phase
    line: int = 0  # where it begins in the file, from 0
    metadata: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    uncalibrated: bool = False
    failed_checks: tuple[Mapping[str, str], ...] = ()


def split_ac_dc(columns: Columns) -> list[tuple[bool, dict[str, np.ndarray]]]:
    """Split rows into runs with an alternating signal (True) and without (False), in file order.

    A row without has frequency 0 and impedance 0; a frequency of 0 beside an impedance is a defect and stays with its run.
    """
    names = [n for n in ("impedance_real", "impedance_imag", "impedance_modulus") if n in columns]
    ac = np.any([columns[name] != 0 for name in ("frequency", *names)], axis=0)
    return [(bool(ac[rows.start]), _take(columns, rows)) for rows in runs(ac)]


def split_sweeps(columns: Columns, counter: np.ndarray | None = None) -> list[dict[str, np.ndarray]]:
    """Split stacked spectra where `counter` (the instrument's cycle number) changes or the frequency starts again.

    The frequency starts again where it jumps by more than a factor of 3 against the direction of the sweep. If pieces of
    fewer than 3 points would come out, the rows are not stacked sweeps and stay together.
    """
    pieces = []
    for rows in runs(counter) if counter is not None else [slice(0, len(columns["frequency"]))]:
        pieces += _restarts(_take(columns, rows))
    return pieces


def finish(
    text: Text,
    parts: Sequence[Part],
    *,
    metadata: Mapping[str, Any] | None = None,
    suggestions: Mapping[str, Any] | None = None,
    warnings: Iterable[str] = (),
) -> tuple[Dataset, ...]:
    """Check, number and build the measurements of a file; metadata, suggestions and warnings of the file go to each.

    Raises
    ------
    ReadError  when no part has a usable row.
    """
    guesses = from_name(text.path) | dict(suggestions or {})
    done: list[Dataset] = []
    empty: list[str] = []
    counts: Counter[str] = Counter()
    for part in parts:
        cleaned = _spectrum(text, part) if part.kind == "impedance" else _record(part)
        if cleaned is None:
            empty.append(_why_empty(part))
            continue
        _refuse_remnant(text, part, cleaned)
        counts[part.technique] += 1
        done.append(
            new(
                part.kind,
                cleaned.columns,
                source=text.path.name,
                part=len(done) + 1,
                title=f"{part.technique} {counts[part.technique]}",
                metadata=dict(metadata or {}) | dict(cleaned.metadata),
                suggestions=guesses,
                warnings=(*warnings, *cleaned.warnings, *empty),
                failed_checks=cleaned.failed_checks,
                uncalibrated=part.uncalibrated,
            )
        )
    if not done:
        rows = max((_length(part.columns) for part in parts), default=0)
        raise text.error(
            f"no measurement in it: {empty[0]}" if empty else "no measurement in it.",
            "Export it again with these columns as plain numbers."
            if rows
            else "Export it again; the run may have been stopped before its first point.",
        )
    return tuple(done)


def _why_empty(part: Part) -> str:
    """Return why a part holds no usable row: a column it does not have, or rows without numbers in all that it needs."""
    where = f"{part.technique} at line {part.line + 1}"
    for choices in KINDS[part.kind].needs if part.kind != "impedance" else ():
        if not any(name in part.columns and np.isfinite(part.columns[name]).any() for name in choices):
            return f"{where}: there are no numbers of {' or '.join(choices)} in its {_length(part.columns)} rows."
    needed = ("frequency", "impedance") if part.kind == "impedance" else tuple(part.columns)
    return f"{where}: none of its rows ({_length(part.columns)}) has finite numbers of {' and '.join(needed)}."


def _refuse_remnant(text: Text, part: Part, cleaned: Part) -> None:
    """Refuse a measurement of which most rows had to be left out: what remains is not what was measured."""
    rows, left = _length(part.columns), _length(cleaned.columns)
    if rows >= 6 and left < rows / 2:
        reason = next((w for w in cleaned.warnings if w.endswith(" left out.")), "")
        raise text.error(
            f"only {left} of the {rows} rows of {part.technique} can be used. {reason}".rstrip(),
            "Check the columns and how their numbers are written, and export it again.",
            line=part.line,
        )


def _spectrum(text: Text, part: Part) -> Part | None:
    """Return the part with `impedance` and without bad rows; None when nothing is left."""
    columns = dict(part.columns)
    warnings = list(part.warnings)
    with np.errstate(all="ignore"):
        wrong = _wrong_modulus(columns)
        if wrong is not None:
            raise text.error(wrong, "Check the names of the columns, or name them with --columns.", line=part.line)
        failed = (*part.failed_checks, *_wrong_phase(columns))
        impedance = _impedance(columns, warnings)
        frequency = columns.pop("frequency")
        finite = np.isfinite(frequency) & (np.abs(impedance) < _OVERLOAD)
        keep = finite & (frequency > 0)
        if not keep.any():
            return None
        if not finite.all():
            warnings.append(f"{_rows(~finite)} without a finite frequency and impedance left out.")
        if (finite & ~keep).any():
            warnings.append(f"{_rows(finite & ~keep)} with a frequency of zero or less left out.")
        frequency, impedance = frequency[keep], impedance[keep]
        warnings += _suspicious_spectrum(frequency, impedance)
        others = _others(columns, keep, warnings)
    found = {"frequency": frequency, "impedance": impedance} | others
    return replace(part, columns=found, warnings=tuple(warnings), failed_checks=failed)


def _wrong_phase(columns: Columns) -> tuple[Mapping[str, str], ...]:
    """Return a failed check when the phase beside Z' and Z'', with either sign, agrees with them to 5 deg in no row."""
    if not {"phase", "impedance_real", "impedance_imag"} <= set(columns):
        return ()
    phase, angle = columns["phase"], np.arctan2(columns["impedance_imag"], columns["impedance_real"])
    off = np.minimum(np.abs(np.exp(1j * phase) - np.exp(1j * angle)), np.abs(np.exp(-1j * phase) - np.exp(1j * angle)))
    off = off[np.isfinite(off)]
    if len(off) < 3 or not np.any(phase) or np.any(off < 0.087):
        return ()
    detail = f"the phase differs from that of Z' and Z'' by more than 5 deg in all {len(off)} rows (shifted names?)"
    return ({"name": "phase against Z", "detail": detail},)


def _wrong_modulus(columns: Columns) -> str | None:
    """Return a sentence when |Z| beside Z' and Z'' agrees with them in hardly a row, as where names are shifted by a column.

    A few rows agree by chance where two other quantities cross.
    """
    if not {"impedance_modulus", "impedance_real", "impedance_imag"} <= set(columns):
        return None
    modulus = columns["impedance_modulus"]
    ratio = np.hypot(columns["impedance_real"], columns["impedance_imag"]) / modulus
    ratio = ratio[np.isfinite(ratio) & (modulus != 0)]
    agree = int(np.sum(np.abs(ratio - 1.0) <= 0.01))
    if len(ratio) < 3 or agree > 0.1 * len(ratio):
        return None
    middle = float(np.median(ratio))
    return (
        f"|Z| agrees with Z' and Z'' in {agree or 'none'} of {len(ratio)} rows (their modulus is {middle:.3g} times "
        "|Z|): names and columns are shifted against each other, or a unit is wrong."
    )


def _impedance(columns: dict[str, np.ndarray], warnings: list[str]) -> np.ndarray:
    """Take the impedance out of the columns; warn when the modulus beside it disagrees."""
    modulus, phase = columns.pop("impedance_modulus", None), columns.pop("phase", None)
    real, imag = columns.pop("impedance_real", None), columns.pop("impedance_imag", None)
    if real is None or imag is None:
        return np.asarray(modulus * np.exp(1j * np.asarray(phase)))
    impedance = np.empty(real.shape, dtype=complex)
    impedance.real, impedance.imag = real, imag
    if modulus is not None and np.any(modulus):
        off = np.abs(np.abs(impedance) / modulus - 1.0)
        if np.any(off > 0.01):
            worst = float(np.max(off[np.isfinite(off)], initial=0.0))
            warnings.append(f"|Z| differs from Z' and Z'' in {_rows(off > 0.01)}, by up to {worst:.2g} of |Z|.")
    if phase is not None and np.sum(phase * imag < 0) > 0.5 * len(imag):
        warnings.append("The phase has the sign opposite to Z'' in most rows: one of the two columns is inverted.")
    return impedance


def _suspicious_spectrum(frequency: np.ndarray, impedance: np.ndarray) -> list[str]:
    """Return a sentence for each thing about a spectrum that is rarely right."""
    found = []
    n = len(frequency)
    distinct, repeats = np.unique(frequency, return_counts=True)
    if len(distinct) < n:
        first = distinct[np.argmax(repeats > 1)]
        found.append(
            f"{n - len(distinct)} of {n} frequencies occur more than once (first: {first:.6g} Hz); all are kept."
        )
    for name, values in (("Z'", impedance.real), ("Z''", impedance.imag)):
        if n > 2 and np.all(values == values[0]):
            found.append(f"{name} is {values[0]:.6g} ohm in all {n} rows: the channel may not have been connected.")
    if n > 4 and np.mean(impedance.imag > 0) > 0.8:
        found.append(
            f"Z'' is positive (inductive) in {int(np.sum(impedance.imag > 0))} of {n} rows: if the file holds -Z'' "
            "(or the negative of the phase), read it with --columns and '-' before its name."
        )
    if n > 4 and np.mean(impedance.real < 0) > 0.5:
        found.append(f"Z' is negative in {int(np.sum(impedance.real < 0))} of {n} rows: the columns may be swapped.")
    steps = np.sign(np.diff(frequency))
    if n > 9 and max(np.mean(steps >= 0), np.mean(steps <= 0)) < 0.8:
        found.append("The frequencies neither rise nor fall along the file: the columns may be swapped.")
    elif n > 9:
        against = np.flatnonzero(steps == -np.sign(np.sum(steps)))
        if len(against):
            a, b = frequency[against[0]], frequency[against[0] + 1]
            found.append(
                f"The frequency goes back from {a:.6g} to {b:.6g} Hz: ranges that overlap are kept as one spectrum."
            )
    return found


def _record(part: Part) -> Part | None:
    """Return the part without rows that lack what its kind needs; None when nothing is left."""
    columns = {n: v for n, v in part.columns.items() if np.isfinite(v[:1]).any() or np.isfinite(v).any()}
    lost = [name for name in part.columns if name not in columns]
    needed = [axis for axis in KINDS[part.kind].dims if axis in columns]
    for choices in KINDS[part.kind].needs:
        name = next((c for c in choices if c in columns), None)
        if name is None:
            return None
        needed.append(name)
    if part.kind == "cycling":  # a row without them would be dropped from, or counted into, the charge unseen
        needed += [name for name in ("current", "frequency") if name in columns]
    needed = needed or list(columns)
    if not needed:
        return None
    keep = _finite([columns[name] for name in needed])
    if not keep.any():
        return None
    warnings = [*part.warnings, *(f"The column {name} holds no numbers and was left out." for name in lost)]
    if not keep.all():
        warnings.append(f"{_rows(~keep)} without a finite {' and '.join(needed)} left out.")
    kept = {name: _kept(columns[name], keep) for name in needed}
    kept |= _others({n: v for n, v in columns.items() if n not in kept}, keep, warnings)
    for name in needed:
        if name != "time" and keep.sum() > 2 and not np.any(kept[name]):
            warnings.append(f"{name} is 0 in all {int(keep.sum())} rows: the channel may not have been connected.")
    if "time" in kept:
        warnings += _backwards(kept["time"])
    failed = (*part.failed_checks, *_beyond_cells(kept), *(_sparse(keep) if part.kind == "cycling" else ()))
    return replace(part, columns=kept, warnings=tuple(warnings), failed_checks=failed)


def _beyond_cells(columns: Columns) -> tuple[Mapping[str, str], ...]:
    """Return a failed check where voltages are larger than any cell has."""
    some = {n: columns[n][:: 1 + len(columns[n]) // 1000] for n in ("potential", "voltage") if n in columns}
    usual = {n: float(np.median(np.abs(v[np.isfinite(v)]))) for n, v in some.items() if np.isfinite(v).any()}
    detail = "the {} is {:.4g} V in most rows, which no cell has: is the column in mV?"
    return tuple({"name": "unit", "detail": detail.format(n, v)} for n, v in usual.items() if v > _HIGHEST)


def _sparse(keep: np.ndarray) -> tuple[Mapping[str, str], ...]:
    """Return a failed check where so many rows inside a record are left out that its charge is not known."""
    inside = keep[np.argmax(keep) : len(keep) - np.argmax(keep[::-1])]
    detail = f"{int(np.sum(~inside))} of {len(inside)} rows are not whole: the charge that passed in them is not known"
    return ({"name": "rows left out", "detail": detail},) if np.mean(inside) < 1.0 - _LOST else ()


def _backwards(time: np.ndarray) -> list[str]:
    """Return a sentence that says where the time runs backwards, [] where it does not."""
    back = np.flatnonzero(time[1:] < time[:-1])
    if len(back) == 0:
        return []
    at, often = int(back[0]), "at one point" if len(back) == 1 else f"at {len(back)} points"
    return [
        f"The time decreases {often}, first from {time[at]:.6g} s to {time[at + 1]:.6g} s at row {at + 2} (a clock "
        "that starts again with a step?). It is kept as it is: the charge that passed there is not known."
    ]


def _others(columns: Columns, keep: np.ndarray, warnings: list[str]) -> dict[str, np.ndarray]:
    """Return the side columns of the kept rows; one that has gaps there is left out."""
    kept = {}
    for name, every in columns.items():
        values = _kept(every, keep)
        if all_finite(values):
            kept[name] = values
        else:
            warnings.append(f"The column {name} has cells that are not numbers and was left out.")
    return kept


def _finite(columns: Sequence[np.ndarray]) -> np.ndarray:
    """Return True in the rows where all columns are finite."""
    finite = np.ones(len(columns[0]), bool)
    for values in columns:
        if not all_finite(values):
            finite &= np.isfinite(values)
    return finite


def _kept(values: np.ndarray, keep: np.ndarray) -> np.ndarray:
    """Return the values of the kept rows, without a copy where these are all."""
    return values if keep.all() else values[keep]


def _rows(mask: np.ndarray) -> str:
    n = int(np.sum(mask))
    return "1 row" if n == 1 else f"{n} rows"


def _length(columns: Columns) -> int:
    return max((len(v) for v in columns.values()), default=0)


def _take(columns: Columns, rows: slice) -> dict[str, np.ndarray]:
    return {name: values[rows] for name, values in columns.items()}


def runs(values: np.ndarray) -> list[slice]:
    """Return the slices in which neighbours are equal; a NaN (damaged cell) counts as equal to the one before."""
    if len(values) == 0:
        return []
    good = np.flatnonzero(~np.isnan(values))
    changed = good[1:][values[good[1:]] != values[good[:-1]]]
    edges = [0, *changed.tolist(), len(values)]
    return [slice(a, b) for a, b in pairwise(edges)]


def _restarts(columns: dict[str, np.ndarray]) -> list[dict[str, np.ndarray]]:
    """Split one run of rows where the frequency starts again or turns; rows without a frequency do not count."""
    frequency = columns["frequency"]
    good = np.flatnonzero(np.isfinite(frequency) & (frequency > 0))
    if len(good) < 6:
        return [columns]
    steps = np.diff(np.log(frequency[good]))
    direction = 1.0 if np.sum(steps > 0) > np.sum(steps < 0) else -1.0
    for starts in (_turns(steps), np.flatnonzero(steps * direction < -np.log(3.0)) + 1):
        edges = [0, *good[starts].tolist(), len(frequency)]
        if len(starts) and min(np.diff(edges)) >= 3:
            return [_take(columns, slice(a, b)) for a, b in pairwise(edges)]
    return [columns]


def _turns(steps: np.ndarray) -> np.ndarray:
    """Return the rows at which a new sweep begins: where the frequency turns, or jumps back by more than a factor of 3.

    Parameters
    ----------
    steps : differences of ln f between neighbours. The row of the turn belongs to the sweep before; one that repeats its
        frequency begins the next.
    """
    moving = np.flatnonzero(steps)
    direction = np.sign(steps[moving])
    changed = np.flatnonzero(direction[1:] != direction[:-1]) + 1
    starts, k = [], 0
    while k < len(changed):
        at = int(changed[k])
        if k + 1 < len(changed) and changed[k + 1] == at + 1:  # one step: a jump, or two rows exchanged
            starts += [int(moving[at]) + 1] if abs(steps[moving[at]]) > np.log(3.0) else []
            k += 2
        else:
            starts.append(int(moving[at - 1]) + 2)
            k += 1
    return np.array(starts, dtype=int)
