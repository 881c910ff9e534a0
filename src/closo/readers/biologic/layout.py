"""The bytes of a .mpr: its modules, and the records of the data module.

Every fact here was inferred from .mpr files that lie beside the .mpt that EC-Lab exported from them: a column is known when
its numbers are those of the .mpt in all digits, a type when the widths of all columns add up to the length of a record.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement
from pathlib import Path

import numpy as np

from closo.errors import ReadError
from closo.readers.tools.text import load_bytes

MARK = b"BIO-LOGIC MODULAR FILE"
_FIRST = 52  # byte of the first module
_ADVICE = "Export it as .mpt (EC-Lab: Experiment, Export as Text)."
_AGAIN = "Copy the file again. Export it as .mpt where that does not help."

BITS = {  # column id -> name, shift, mask: these share one byte, which stands where the first of them is named
    1: ("mode", 0, 3),
    2: ("ox/red", 2, 1),
    3: ("error", 3, 1),
    21: ("control changes", 4, 1),
    31: ("Ns changes", 5, 1),
    65: ("counter inc.", 7, 1),
}
# column id -> name and type. Each is proved by at least one pair of files, named behind it:
# A GCPL 11.61, B GCPL with a short header, C Modulo Bat 11.36, D CV 11.12, E CA 11.27, F CP, G LSV, H PEIS (11.33), I OCV
STORED = {
    4: ("time/s", "<f8"),  # all
    5: ("control/V/mA", "<f4"),  # A B C
    6: ("Ewe/V", "<f4"),  # A B C D E G I
    7: ("dq/mA.h", "<f8"),  # A B C
    8: ("I/mA", "<f4"),  # C E F
    9: ("Ece/V", "<f4"),  # A B
    11: ("<I>/mA", "<f8"),  # D G
    13: ("(Q-Qo)/mA.h", "<f8"),  # A B C H
    19: ("control/V", "<f4"),  # D E G
    20: ("control/mA", "<f4"),  # F
    24: ("cycle number", "<f8"),  # D H
    32: ("freq/Hz", "<f4"),  # C H
    33: ("|Ewe|/V", "<f4"),  # H
    34: ("|I|/A", "<f4"),  # H
    35: ("Phase(Z)/deg", "<f4"),  # C H
    36: ("|Z|/Ohm", "<f4"),  # C H
    37: ("Re(Z)/Ohm", "<f4"),  # H
    38: ("-Im(Z)/Ohm", "<f4"),  # H
    39: ("I Range", "<u2"),  # A B C E F G H
    70: ("P/W", "<f4"),  # B
    74: ("|Energy|/W.h", "<f8"),  # C
    76: ("<I>/mA", "<f4"),  # H
    77: ("<Ewe>/V", "<f4"),  # H
    96: ("|Ece|/V", "<f4"),  # H
    98: ("Phase(Zce)/deg", "<f4"),  # H
    99: ("|Zce|/Ohm", "<f4"),  # H
    100: ("Re(Zce)/Ohm", "<f4"),  # H
    101: ("-Im(Zce)/Ohm", "<f4"),  # H
    123: ("Energy charge/W.h", "<f8"),  # B C E
    124: ("Energy discharge/W.h", "<f8"),  # B C
    125: ("Capacitance charge/µF", "<f8"),  # B E
    126: ("Capacitance discharge/µF", "<f8"),  # B
    131: ("Ns", "<u2"),  # A B C E F
    169: ("Cs/µF", "<f4"),  # H
    172: ("Cp/µF", "<f4"),  # H
    174: ("<Ewe>/V", "<f4"),  # F
    430: ("Phase(Zwe-ce)/deg", "<f4"),  # H
    431: ("|Zwe-ce|/Ohm", "<f4"),  # H
    432: ("Re(Zwe-ce)/Ohm", "<f4"),  # H
    433: ("-Im(Zwe-ce)/Ohm", "<f4"),  # H
    434: ("(Q-Qo)/C", "<f4"),  # D E F G
    435: ("dQ/C", "<f4"),  # E F
    441: ("<Ece>/V", "<f4"),  # F G
    467: ("Q charge/discharge/mA.h", "<f8"),  # A B C E
    468: ("half cycle", "<u4"),  # A B C E F
    469: ("z cycle", "<u4"),  # C
    471: ("<Ece>/V", "<f4"),  # H
}
_HEADERS = {2: (405, "<B"), 3: (406, "<B"), 11: (1007, "<H")}  # version of the data module -> length, type of the count
_MAX_IDS = 200
_MAX_UNKNOWN, _MAX_ANSWERS = 8, 2000
_SKIPPED = "skipped "
_PIECE = 8192  # records that are converted at a time


@dataclass(frozen=True)
class Module:
    """One module: `name`, `version`, `date` (MM/DD/YY), its `body` as far as the file goes, and the `length` it announces.

    `start` is the byte of the file at which the body begins.
    """

    name: str
    version: int
    date: str
    body: memoryview
    length: int
    start: int


@dataclass(frozen=True)
class Contents:
    """What a .mpr holds."""

    path: Path
    records: np.ndarray  # one per point; the fields are the columns, bit fields together in `flags`
    bits: tuple[str, ...]  # names of the bit fields
    settings: bytes  # body of this module, empty where there is none
    log: bytes  # body of this module, empty where there is none
    date: str  # MM/DD/YY of the settings module
    warnings: tuple[str, ...]  # what was missing at the end of the file

    def column(self, name: str) -> np.ndarray:
        """Return one stored column, shape (points,), as a contiguous array of its own type."""
        for bit, shift, mask in BITS.values():
            if bit == name and bit in self.bits:
                return (self.records["flags"] >> shift) & mask
        return np.ascontiguousarray(self.records[name])

    def numbers(self, wanted: Mapping[str, float]) -> dict[str, np.ndarray]:
        """Return stored columns times a factor, name -> shape (points,), in double precision.

        The records are gone through once, a piece at a time that stays in the cache of the processor.
        """
        found = {name: np.empty(len(self.records)) for name in wanted}
        for start in range(0, len(self.records), _PIECE):
            rows = slice(start, start + _PIECE)
            for name, factor in wanted.items():
                part = found[name][rows]
                part[:] = self.records[name][rows]
                if factor != 1.0:
                    part *= factor
        return found

    @property
    def names(self) -> tuple[str, ...]:
        """The stored columns, bit fields first."""
        return (*self.bits, *(n for n in self.records.dtype.names or () if n != "flags" and not n.startswith(_SKIPPED)))


def load(path: Path | str) -> Contents:
    """Read the modules of a .mpr and lay the records of its data module out.

    Raises
    ------
    ReadError  when it is not a .mpr, holds no points, or has a version or column that is not known.
    """
    path = Path(path)
    raw = load_bytes(path)
    if bytes(raw[: len(MARK)]) != MARK:
        raise ReadError("this is not a BioLogic .mpr file: its mark is missing.", file=path, hint=_ADVICE)
    warnings: list[str] = []
    found: dict[str, Module] = {}
    for module in _modules(path, raw, warnings):
        found.setdefault(module.name, module)
    data = found.get("VMP data")
    if data is None:
        raise ReadError(
            f"no data module in it (found: {', '.join(found) or 'nothing'}).", file=path, where="byte 52", hint=_AGAIN
        )
    records, bits = _records(path, data, warnings)
    settings, log = found.get("VMP Set"), found.get("VMP LOG")
    return Contents(
        path,
        records,
        bits,
        b"" if settings is None else bytes(settings.body),
        b"" if log is None else bytes(log.body),
        "" if settings is None else settings.date,
        tuple(warnings),
    )


def _modules(path: Path, raw: memoryview, warnings: list[str]) -> Iterator[Module]:
    """Yield the modules in file order; what ends early is warned of once the data are there, and refused before."""
    at, data_seen = _FIRST, False
    while at < len(raw):
        header = bytes(raw[at : at + 65])
        if not b"MODULE".startswith(header[:6]):
            if data_seen:
                warnings.append(f"What follows byte {at} is not a module; settings or log may be missing.")
                return
            raise ReadError(f"no module begins at byte {at}.", file=path, where=f"byte {at}", hint=_AGAIN)
        if len(header) < 65:
            warnings.append(f"The file ends inside the header of a module (byte {at}).")
            return
        short, length, version, date = struct.unpack("<6x10s25xII8s", header[:57])
        start = at + 57
        if length == 0xFFFFFFFF:  # since EC-Lab 11.50 the length has 64 bits
            length, version, date = struct.unpack("<45xQI8s", header)
            start = at + 65
        name = short.decode("latin-1").strip()
        body = raw[start : start + length]
        if len(body) < length and name != "VMP data":
            warnings.append(f"The file ends inside the module '{_plain(name)}' (byte {len(raw)}).")
        yield Module(name, version, _plain(date.decode("latin-1")), body, length, start)
        data_seen = data_seen or name == "VMP data"
        at = start + length


def _records(path: Path, data: Module, warnings: list[str]) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return the records of the data module and the names of the bit fields."""
    if data.version not in _HEADERS:
        raise ReadError(
            f"its data module has version {data.version}; known are {', '.join(map(str, _HEADERS))}.",
            file=path,
            where=f"byte {data.start}",
            hint=_ADVICE,
        )
    header, width = _HEADERS[data.version]
    first = 4 + struct.calcsize(width)
    if len(data.body) < header:
        raise ReadError(
            "the file ends before its first point.", file=path, where=f"byte {data.start + len(data.body)}", hint=_AGAIN
        )
    points, count = struct.unpack_from("<I" + width[1], data.body)
    if not 0 < count <= _MAX_IDS:
        raise ReadError(f"it names {count} columns.", file=path, where=f"byte {data.start + 4}", hint=_AGAIN)
    if points == 0:
        raise ReadError(
            "it holds no points: the technique was stopped before its first one, or has not begun.",
            file=path,
            where=f"byte {data.start}",
            hint="Read the file of the technique that ran.",
        )
    ids = struct.unpack_from(f"<{count}H", data.body, first)
    size, rest = divmod(data.length - header, points)
    skipped = skipped_widths(ids, size) if rest == 0 else None
    layout, bits = _layout(path, ids, data.start + first, skipped or {})
    if header + points * layout.itemsize != data.length:
        raise ReadError(
            f"{points} points of {layout.itemsize} bytes do not fill the data module ({data.length - header} bytes).",
            file=path,
            where=f"byte {data.start}",
            hint=_ADVICE,
        )
    there = (len(data.body) - header) // layout.itemsize
    if there == 0:
        raise ReadError("the file ends before its first point.", file=path, where=f"byte {data.start}", hint=_AGAIN)
    if there < points:
        warnings.append(f"The file ends inside its data: the first {there} of {points} points are read.")
    records = np.frombuffer(data.body, layout, min(there, points), header)
    if skipped:
        _refuse_shifted(path, records, data.start)
        left_out = ", ".join(str(number) for number in ids if number not in BITS and number not in STORED)
        warnings.append(f"The columns with the ids {left_out} are not known and were left out.")
    return records, bits


def skipped_widths(ids: Sequence[int], size: int) -> dict[int, int] | None:
    """Return position -> width of each run of unknown columns, where the length of a record leaves one answer only.

    Parameters
    ----------
    ids : of all columns, in order.
    size : of a record [bytes]. A column has 1, 2, 4 or 8 bytes; beside the bit fields it may be one of them, with none.

    Example
    -------
    >>> skipped_widths([4, 16, 6], 16), skipped_widths([4, 16, 6, 23], 24), skipped_widths([4, 16, 6, 23], 20)
    ({1: 4}, None, {1: 4, 3: 4})
    """
    unknown = [k for k, number in enumerate(ids) if number not in BITS and number not in STORED]
    left = size - sum(np.dtype(STORED[n][1]).itemsize for n in ids if n in STORED) - any(n in BITS for n in ids)
    if not 0 < len(unknown) <= _MAX_UNKNOWN:
        return None
    runs: list[list[int]] = []
    for k in unknown:
        if runs and runs[-1][-1] == k - 1:
            runs[-1].append(k)
        else:
            runs.append([k])
    answers: list[list[int]] = [[]]
    for run in runs:
        beside = [ids[k] for k in (run[0] - 1, run[-1] + 1) if 0 <= k < len(ids)]
        widths = {sum(w) for w in combinations_with_replacement((0, 1, 2, 4, 8), len(run))}
        if not any(number in BITS for number in beside):
            widths = {sum(w) for w in combinations_with_replacement((1, 2, 4, 8), len(run))}
        answers = [[*a, w] for a in answers for w in sorted(widths) if sum(a) + w <= left][:_MAX_ANSWERS]
    found = [a for a in answers if sum(a) == left]
    if len(found) != 1 or len(answers) == _MAX_ANSWERS:
        return None
    return {run[0]: width for run, width in zip(runs, found[0], strict=True)}


def _refuse_shifted(path: Path, records: np.ndarray, start: int) -> None:
    """Refuse records of which the time is not a time: the columns behind the unknown ones are not where they seem to be."""
    names = records.dtype.names or ()
    time = records["time/s"] if "time/s" in names else np.zeros(len(records))
    if not np.isfinite(time).all() or np.any(time < 0) or np.sum(np.diff(time) < 0) > 0.5 * len(time):
        raise ReadError(
            "it has columns that are not known, and with them left out its time does not rise.",
            file=path,
            where=f"byte {start}",
            hint=_ADVICE,
        )


def _layout(
    path: Path, ids: tuple[int, ...], start: int, skipped: Mapping[int, int]
) -> tuple[np.dtype[np.void], tuple[str, ...]]:
    """Return the packed type of a record and the names of the bit fields in it."""
    fields: list[tuple[str, str]] = []
    bits: list[str] = []
    for k, number in enumerate(ids):
        where = f"byte {start + 2 * k}"
        name, kind = (BITS[number][0], "u1") if number in BITS else STORED.get(number, ("", ""))
        if not name and skipped:
            if skipped.get(k):
                fields.append((f"{_SKIPPED}{k}", f"V{skipped[k]}"))
            continue
        if not name:
            raise ReadError(
                f"column {k + 1} has the id {number}, whose meaning and width are not known.",
                file=path,
                where=where,
                hint=_ADVICE,
            )
        if name in bits or name in (n for n, _ in fields):
            raise ReadError(
                f"the column '{name}' (id {number}) stands in it twice.", file=path, where=where, hint=_ADVICE
            )
        if number not in BITS:
            fields.append((name, kind))
            continue
        if bits and fields[-1][0] != "flags":
            raise ReadError(f"the bit fields are not together (id {number}).", file=path, where=where, hint=_ADVICE)
        if not bits:
            fields.append(("flags", "u1"))
        bits.append(name)
    return np.dtype(fields), tuple(bits)


def _plain(text: str) -> str:
    return "".join(c for c in text if c.isprintable())[:30].strip()
