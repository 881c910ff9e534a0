r"""Bruker and Siemens binary patterns (.raw), versions 1 to 4 of DIFFRAC.

Recognised by the first bytes: `RAW1.01` (version 3), `RAW4.00` (4); `RAW ` (1) and `RAW2` (2) by the suffix .raw too,
since text may hold such words. All numbers little-endian.

Version 1. Ranges follow each other, each with `RAW ` before it (later ones of old programs without): uint32 points, float32
time per step [s], float32 step [deg], uint32 mode, 4 bytes, float32 start of 2theta, theta, chi, phi, 32 bytes
sample, float32 K alpha 1, K alpha 2 [angstrom], 72 bytes, uint32 whether a range follows; then a float32 per point.

Version 2. uint16 ranges at 4; at 168 date and time (20 bytes), anode (2), float32 K alpha 1, K alpha 2 [angstrom],
ratio; ranges from 256: uint16 length of the header, uint16 points, 4 bytes, float32 time per step, step, start of
2theta, 26 bytes, uint16 temperature [K]; a float32 per point after the header.

Version 3. uint32 ranges at 12, date (10 bytes) at 16, sample (60) at 326, float32 radius [mm] at 564, anode (4) at
608, float64 mean, K alpha 1, K alpha 2, K beta, ratio from 616; ranges from 712. Of a range: uint32 length of the
header, uint32 points at 4, float64 start of 2theta at 16, step at 176, float32 time per step at 192, uint32 type of
scan at 196, uint32 columns that vary at 248 (bits), uint32 length of a record at 252 (4 + 8 per column that varies),
uint32 length of extra records at 256. After header and extra records one record per point: float32 intensity, then
the varying columns as float64 (2theta first, where it is one).

Version 4. Segments from byte 61: uint32 type, uint32 length. Type 10: name (24 bytes at 12) and text (at 36). Type
30: float64 mean, K alpha 1, K alpha 2, K beta, ratio at 72, anode (4) at 116. Type 0 or 160 begins a range: kind of
scan (24 bytes at 32), float64 start and step at 72, uint32 points at 88, float32 time per step [ms] at 92, float64
wavelength at 112, uint32 length of a record at 136, of the header's own segments at 140; these follow at 160 (type
50: uint32 moving at 8, name at 12, float64 position at 56), then the records, a float32 intensity first.

Columns: 2theta [deg] and counts; an intensity where these are not whole numbers.

Refused: another version; a scan along another axis; a header that does not add up: ranges that do not end where the
file ends, records of another length, steps of 0. Versions 1 and 2 follow published descriptions: no file of them was
at hand.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from closo.dataset import Dataset
from closo.errors import ReadError
from closo.readers.tools.scans import ANGSTROM, MOST_POINTS, Scan, finish_scans, is_two_theta, refuse_axis, steps
from closo.readers.tools.text import Text, load_bytes, shown

_AGAIN = "Was it copied whole? Else export it from DIFFRAC as .xy or .uxd."
_MOST_RANGES = 4096
_ALONG_TWO_THETA = {0, 1, 2, 20}  # types of scan of version 3: coupled (three ways) and detector
_NAMED = {3: "theta", 4: "chi", 5: "phi", 6: "x", 7: "y", 8: "z", 12: "psi", 13: "hkl", 14: "reciprocal space"}


@dataclass
class _File:
    """The bytes of a file, read by offset."""

    text: Text
    content: memoryview
    metadata: dict[str, Any] = field(default_factory=dict)

    def number(self, form: str, at: int) -> Any:
        """Return one number.

        Raises
        ------
        ReadError  where the file ends before it.
        """
        try:
            return struct.unpack_from("<" + form, self.content, at)[0]
        except struct.error:
            raise self.wrong(f"it ends inside a header, at byte {len(self.content)}") from None

    def words(self, at: int, length: int) -> str:
        """Return a text of fixed length, up to its first zero byte."""
        return bytes(self.content[at : at + length]).split(b"\0")[0].decode("latin-1").strip()

    def wrong(self, what: str) -> ReadError:
        """Return the error about what is wrong with it."""
        return self.text.error(f"{what}.", _AGAIN)

    def records(self, at: int, points: int, length: int) -> np.ndarray:
        """Return the records of a range as bytes, shape (points, length)."""
        if not 1 <= points <= MOST_POINTS:
            raise self.wrong(f"a range announces {points} points")
        if at < 0 or at + points * length > len(self.content):
            raise self.wrong(f"a range announces {points} points, which end behind the end of the file")
        return np.frombuffer(self.content, np.uint8, points * length, at).reshape(points, length)

    def wavelengths(self, first: float, second: float, ratio: float | None) -> None:
        """Note the lines of the tube [angstrom], where they are lines of a tube."""
        if 0.1 < first < 5.0:
            self.metadata["wavelength"] = first * ANGSTROM
            if first < second < 1.01 * first and (ratio is None or 0.0 < ratio <= 1.0):
                self.metadata["wavelength_alpha2"] = second * ANGSTROM
                self.metadata |= {} if ratio is None else {"alpha2_ratio": ratio}

    def state(self, stated: Mapping[str, Any]) -> None:
        """Note what the file states, where it states something."""
        self.metadata |= {key: value for key, value in stated.items() if value}


@np.errstate(all="ignore")  # numbers of a damaged file may overflow; what is not finite is refused
def read(path: Path) -> tuple[Dataset, ...]:
    """Read the ranges of a .raw file.

    Raises
    ------
    ReadError  when it is no such file, or its header does not add up.
    """
    path = Path(path)
    file = _File(Text(path, "", "binary"), load_bytes(path))
    begin = bytes(file.content[:8])
    for mark, ranges in ((b"RAW1.01", _version3), (b"RAW4.00", _version4), (b"RAW2", _version2), (b"RAW ", _version1)):
        if begin.startswith(mark):
            return finish_scans(file.text, list(ranges(file)), metadata=file.metadata)
    raise file.text.error(
        f"this is not a Bruker .raw file: it begins with {shown(begin.decode('latin-1'))}.",
        "Export it from DIFFRAC as .xy or .uxd.",
    )


def _floats(records: np.ndarray, at: int, form: str) -> np.ndarray:
    size = np.dtype(form).itemsize
    return np.ascontiguousarray(records[:, at : at + size]).view(form).ravel().astype(float)


def _equidistant(file: _File, start: float, step: float, points: int) -> np.ndarray:
    if not (math.isfinite(start) and math.isfinite(step)) or not 1e-6 < abs(step) < 20.0 or abs(start) > 180.0:
        raise file.wrong(f"a range begins at {start:g} deg with steps of {step:g} deg, which cannot be")
    return steps(start, step, points)


def _timed(seconds: float) -> dict[str, float]:
    return {"time_per_step": seconds} if 0.0 < seconds < 1e6 else {}


def _version1(file: _File) -> Iterator[Scan]:
    at, more = 4, 1
    for _ in range(_MOST_RANGES):
        if bytes(file.content[at : at + 4]) == b"RAW ":
            at += 4
        points = file.number("I", at)
        seconds, step, start = (file.number("f", at + k) for k in (4, 8, 20))
        file.wavelengths(file.number("f", at + 68), file.number("f", at + 72), None)
        file.state({"sample": file.words(at + 36, 32)})
        more = file.number("I", at + 148)
        records = file.records(at + 152, points, 4)
        yield Scan(_equidistant(file, start, step, points), _floats(records, 0, "<f4"), _timed(seconds))
        at += 152 + 4 * points
        if not more:
            break
    _ended(file, at)


def _version2(file: _File) -> Iterator[Scan]:
    count, at = file.number("H", 4), 256
    file.state({"date": file.words(168, 20), "anode": file.words(188, 2)})
    file.wavelengths(file.number("f", 190), file.number("f", 194), file.number("f", 198))
    for _ in range(_checked(file, count)):
        header, points = file.number("H", at), file.number("H", at + 2)
        seconds, step, start = (file.number("f", at + k) for k in (8, 12, 16))
        if header < 48:
            raise file.wrong(f"the header of a range announces {header} bytes, fewer than it needs")
        records = file.records(at + header, points, 4)
        yield Scan(_equidistant(file, start, step, points), _floats(records, 0, "<f4"), _timed(seconds))
        at += header + 4 * points
    _ended(file, at)


def _version3(file: _File) -> Iterator[Scan]:
    count, at = file.number("I", 12), 712
    radius = file.number("f", 564)
    file.state({"date": file.words(16, 10), "sample": file.words(326, 60), "anode": file.words(608, 4)})
    file.state({"goniometer_radius": 1e-3 * radius if 10.0 < radius < 2000.0 else None})
    file.wavelengths(file.number("d", 624), file.number("d", 632), file.number("d", 648))
    for _ in range(_checked(file, count)):
        header, points = file.number("I", at), file.number("I", at + 4)
        start, step = file.number("d", at + 16), file.number("d", at + 176)
        seconds, kind = file.number("f", at + 192), file.number("I", at + 196)
        varying, length, extra = (file.number("I", at + k) for k in (248, 252, 256))
        if not 260 <= header <= 1 << 20 or extra > 1 << 20 or length != 4 + 8 * int(varying).bit_count():
            raise file.wrong(f"the header of a range at byte {at} does not add up")
        if kind not in _ALONG_TWO_THETA:
            raise refuse_axis(file.text, _NAMED.get(kind, f"the axis with number {kind}"))
        records = file.records(at + header + extra, points, length)
        angle = _floats(records, 4, "<f8") if varying & 1 else _equidistant(file, start, step, points)
        yield Scan(angle, _floats(records, 0, "<f4"), _timed(seconds))
        at += header + extra + length * points
    _ended(file, at)


def _version4(file: _File) -> Iterator[Scan]:
    at, found = 61, 0
    while at + 4 <= len(file.content):
        kind = file.number("I", at)
        if kind in (0, 160):
            scan, at = _range4(file, at)
            found += 1
            yield scan
            continue
        length = max(file.number("I", at + 4), 8)
        if at + length > len(file.content):
            raise file.wrong(f"a segment at byte {at} ends behind the end of the file")
        if kind == 10:
            name, words = file.words(at + 12, 24).upper(), file.words(at + 36, length - 36)
            if name in ("SAMPLEID", "COMMENT"):
                file.state({"sample" if name == "SAMPLEID" else "comment": words})
        elif kind == 30:
            file.state({"anode": file.words(at + 116, 4)})
            file.wavelengths(file.number("d", at + 80), file.number("d", at + 88), file.number("d", at + 104))
        at += length
    if not found:
        raise file.wrong("it holds no range")


def _range4(file: _File, at: int) -> tuple[Scan, int]:
    """Return the range whose marker stands at byte `at`, and where it ends."""
    scan = file.words(at + 32, 24)
    start, step, points = file.number("d", at + 72), file.number("d", at + 80), file.number("I", at + 88)
    milliseconds, wavelength = file.number("f", at + 92), file.number("d", at + 112)
    length, header = file.number("I", at + 136), file.number("I", at + 140)
    if not 4 <= length <= 4096 or header > 1 << 20:
        raise file.wrong(f"the header of a range at byte {at} does not add up")
    if "wavelength" not in file.metadata:
        file.wavelengths(wavelength, 0.0, None)
    _check_drives(file, at + 160, header, start=start, scan=scan)
    records = file.records(at + 160 + header, points, length)
    angle = _equidistant(file, start, step, points)
    return Scan(angle, _floats(records, 0, "<f4"), {"scan": scan} | _timed(1e-3 * milliseconds)), at + 160 + header + (
        length * points
    )


def _check_drives(file: _File, at: int, size: int, *, start: float, scan: str) -> None:
    """Refuse a range whose moving drive, the one that stands where the range begins, is not 2theta."""
    end, moving = at + size, []
    while at < end:
        kind, length = file.number("I", at), max(file.number("I", at + 4), 8)
        if kind == 50 and file.number("I", at + 8) and abs(file.number("d", at + 56) - start) < 1e-6:
            moving.append(file.words(at + 12, 24))
        at += length
    if at != end:
        raise file.wrong(f"the header of a range ends at byte {at} instead of {end}")
    along = [axis for axis in moving if is_two_theta(axis)]
    if not along and (moving or not any(word in scan.lower() for word in ("coupled", "detector", "theta"))):
        raise refuse_axis(file.text, moving[0] if moving else scan)


def _checked(file: _File, count: int) -> int:
    if not 1 <= count <= _MOST_RANGES:
        raise file.wrong(f"its header announces {count} ranges")
    return count


def _ended(file: _File, at: int) -> None:
    """Refuse a file whose ranges do not end where it ends; zeros may follow."""
    if np.any(np.frombuffer(file.content[at:], np.uint8)):
        raise file.wrong(f"its ranges end at byte {at}, but the file has {len(file.content)}")
