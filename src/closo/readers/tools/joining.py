"""Several files of one test -> one record: EC-Lab writes a file per technique (`_01_OCV`, `_02_GCPL`, ...).

They are put in the order of their absolute time: the date that a file states plus its own time column. Where the date of a
file is later than the first one by what its time column begins with, the column already counts from the first date. Rows of
open circuit have no current. Counters of cycles and steps begin anew in each file and are left out; the counter of charge is
carried on. Spectra are left out: they are measurements of their own.

Scans of one X-ray Raman spectrometer, elastic lines and edges in any order, become one `raman_scan` that numbers them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise

import numpy as np

from closo.dataset import Dataset, new
from closo.errors import ReadError

_OVER_TIME = ("open_circuit", "chronoamperometry", "chronopotentiometry", "cycling")
_FORMATS = (
    "%m/%d/%Y %H:%M:%S.%f",
    "%m/%d/%Y %H:%M:%S",
    "%Y-%m-%d %H:%M:%S UTC",
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%d %H:%M:%S",
)
_COLUMNS = ("potential", "voltage", "current", "frequency", "charge", "current_range", "set_current", "temperature")
_REST = ("current", "frequency", "set_current")  # 0 where a file of open circuit does not have them
_TOUCH = 1.0  # s: files of one test may overlap by the rounding of their dates
_SILENCE = 60.0  # s between two files, beyond which a warning is given


@dataclass(frozen=True)
class _Piece:
    """One record over time: its file, the date [s] that it counts from, and what was read."""

    file: str
    date: float
    data: Dataset

    @property
    def begin(self) -> float:
        """Absolute time of the first row [s]."""
        return self.date + float(self.data["time"].values[0])

    @property
    def end(self) -> float:
        """Absolute time of the last row [s]."""
        return self.date + float(self.data["time"].values[-1])


def _placed(piece: _Piece, first_date: float) -> _Piece:
    """Return a piece with the date that its time counts from: its own, or the first where that is already in its time."""
    later, starts = piece.date - first_date, float(piece.data["time"].values[0])
    return replace(piece, date=first_date) if abs(later - starts) <= _SILENCE < starts else piece


def join(files: Sequence[tuple[str, Sequence[Dataset]]]) -> Dataset:
    """Return one measurement of kind 'cycling' from the files of one test, its time counted from the first row.

    Scans of analysers give one measurement of kind 'raman_scan'.

    Parameters
    ----------
    files : name of a file and what it holds, in any order.

    Raises
    ------
    ReadError  when a file holds no record over time, does not say when it began, or overlaps with another; or scans that
        differ in their analysers.
    """
    if all(part.attrs["kind"] == "raman_scan" for _, parts in files for part in parts):
        return _scans([(file, part) for file, parts in files for part in parts])
    found = [piece for file, parts in files for piece in _pieces(file, parts)]
    first_date = min(piece.date for piece in found)
    pieces = sorted((_placed(piece, first_date) for piece in found), key=lambda piece: piece.begin)
    warnings = [text for piece in pieces for text in piece.data.attrs.get("warnings", ())]
    for earlier, later in pairwise(pieces):
        gap = later.begin - earlier.end
        if gap < -_TOUCH:
            raise ReadError(
                f"it begins {-gap / 3600.0:.3g} h before '{earlier.file}' ends, so the two are not parts of one test.",
                file=later.file,
                hint="Name only the files of one channel and one test, or correct their dates.",
            )
        if gap > _SILENCE:
            warnings.append(
                f"Between '{earlier.file}' and '{later.file}' nothing was recorded for {gap / 60.0:.3g} min."
            )
    columns = {name: _column(name, pieces) for name in _COLUMNS if any(name in piece.data for piece in pieces)}
    first = pieces[0].data.attrs
    time = np.concatenate([p.date + p.data["time"].values for p in pieces]) - pieces[0].begin
    return new(
        "cycling",
        {"time": np.maximum.accumulate(time), **columns},
        source=str(first["source"]),
        title=f"{len(files)} files joined",
        metadata={**first["metadata"], "joined": ", ".join(dict.fromkeys(piece.file for piece in pieces))},
        suggestions=first["suggestions"],
        warnings=tuple(dict.fromkeys(warnings)),
        failed_checks=tuple(check for piece in pieces for check in piece.data.attrs.get("failed_checks", ())),
    )


def _scans(files: Sequence[tuple[str, Dataset]]) -> Dataset:
    """Return the scans of one spectrometer behind one another, numbered in their order."""
    import xarray as xr

    first = files[0][1]
    names = set(first.variables)
    for file, part in files:
        if not np.array_equal(part["analyser"].values, first["analyser"].values):
            raise ReadError("its analysers are not those of the other scans.", file=file, hint="Leave it out.")
        names &= set(part.variables)
    both = [
        part.drop_vars(set(part.variables) - names).assign(scan=part["scan"] * 0 + k)
        for k, (_, part) in enumerate(files, 1)
    ]
    whole = xr.concat(both, "point", data_vars="minimal", coords="minimal", compat="override", combine_attrs="drop")
    return new(
        "raman_scan",
        {str(name): whole[name].variable for name in whole.variables},
        source=str(first.attrs["source"]),
        title=f"{len(files)} scans",
        metadata={**first.attrs["metadata"], "joined": ", ".join(file for file, _ in files)},
        suggestions=first.attrs["suggestions"],
        warnings=tuple(dict.fromkeys(text for _, part in files for text in part.attrs["warnings"])),
    )


def _pieces(file: str, parts: Sequence[Dataset]) -> list[_Piece]:
    """Return the records over time in a file."""
    useful = [p for p in parts if p.attrs["kind"] in _OVER_TIME and "time" in p and p.sizes["point"]]
    if not useful:
        kinds = ", ".join(sorted({str(p.attrs["kind"]) for p in parts})) or "nothing"
        raise ReadError(
            f"it holds no record over time that could be joined with others (it holds: {kinds}).",
            file=file,
            hint="Leave it out of the list; a spectrum is a measurement of its own.",
        )
    started = [_started(str(p.attrs["metadata"].get("date", "")), file) for p in useful]
    return [_Piece(file, date, part) for date, part in zip(started, useful, strict=True)]


def _started(date: str, file: str) -> float:
    """Return the date [s] that a file states; EC-Lab writes month/day/year."""
    for pattern in _FORMATS:
        try:
            return (datetime.strptime(date.strip(), pattern) - datetime(1970, 1, 1)).total_seconds()
        except ValueError:
            continue
    found = f"states the date '{date[:40]}', which is not understood" if date else "does not say when it was recorded"
    raise ReadError(
        f"it {found}, so its order among the other files is not known.",
        file=file,
        hint="Join the files in the instrument's software and name the one file.",
    )


def _column(name: str, pieces: Sequence[_Piece]) -> np.ndarray:
    """Return a column of all pieces; NaN where one does not have it, 0 where it rested, a counter carried on."""
    found, total = [], 0.0
    for piece in pieces:
        rested = piece.data.attrs["kind"] == "open_circuit" and name in _REST
        empty = 0.0 if rested or name == "frequency" else total if name == "charge" else np.nan
        if name in piece.data:
            values = np.asarray(piece.data[name].values, float)
        else:
            values = np.full(piece.data.sizes["point"], empty)
        if name == "charge" and name in piece.data and np.isfinite(values).any():
            known = values[np.isfinite(values)]
            values = values - known[0] + total
            total += float(known[-1] - known[0])
        found.append(values)
    return np.concatenate(found)
