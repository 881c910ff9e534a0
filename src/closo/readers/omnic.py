"""OMNIC .spa and .spg (Thermo Nicolet), binary, little endian.

Recognised by `Spectral Data File` at the beginning.

Structure: the name of spectrum or group at byte 30 (256 bytes, ended by 0); the number of sections at byte 294 (2 bytes); in
a .spa the time at byte 296 (4 bytes, seconds since 1899-12-31 UTC). From byte 304 one entry of 16 bytes per section: its
key (1 byte), and at byte 2 of the entry its position and its length in bytes (4 bytes each). Keys: 2 header of a spectrum,
3 intensities, 27 history (text), 107 title of a spectrum of a group; 102 and 103 (interferograms) and all others are passed
over. A group has as many headers as intensities, in the same order.

Header of a spectrum: number of points at byte 4; unit of the abscissa at byte 8 (1: 1/cm); ordinate at byte 12; first and
last wavenumber at bytes 16 and 20 (4-byte floats); scans at byte 36 and of the background at byte 52. Ordinates: 15 single
beam, 17 absorbance (files of an iS50 prove both), 11 reflectance in %, 12 log(1/R), 16 transmittance in %, 20 Kubelka-Munk,
21 reflectance (as other readers have them). There are no columns: intensities are 4-byte floats from the first to the last
wavenumber, evenly spaced; a per cent is stored as a fraction.

Refused: an abscissa other than 1/cm (an interferogram), an ordinate that is not listed, sections beyond the end of the file,
a number of points that the section does not hold.
"""

from __future__ import annotations

import struct
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from closo.dataset import Dataset
from closo.errors import ReadError
from closo.readers.tools.infrared import PERCENT, measurement
from closo.readers.tools.text import decode, load_bytes

_MARK = b"Spectral Data File"
_ORDINATES = {
    11: ("reflectance", PERCENT),
    12: ("log(1/R)", 1.0),
    15: ("single beam", 1.0),
    16: ("transmittance", PERCENT),
    17: ("absorbance", 1.0),
    20: ("Kubelka-Munk", 1.0),
    21: ("reflectance", 1.0),
}
_EPOCH = datetime(1899, 12, 31, tzinfo=UTC)
_HEADER, _INTENSITIES, _HISTORY, _TITLE = 2, 3, 27, 107
_DAMAGED = "Copy it again, or save the spectrum as JCAMP-DX."


def read(path: Path) -> tuple[Dataset, ...]:
    """Read every spectrum of a .spa or .spg file.

    Raises
    ------
    ReadError  when it is no such file, is cut off, or holds another kind of data.
    """
    content = bytes(load_bytes(path))
    if not content.startswith(_MARK) or len(content) < 304:
        raise ReadError("this is not an OMNIC file, or only its beginning.", file=path, hint=_DAMAGED)
    sections = _sections(path, content)
    headers, intensities = sections.get(_HEADER, []), sections.get(_INTENSITIES, [])
    if not headers or len(headers) != len(intensities):
        raise ReadError(f"it holds {len(headers)} headers and {len(intensities)} spectra.", file=path, hint=_DAMAGED)
    titles = [_text(part) for part in sections.get(_TITLE, [])]
    if len(titles) != len(headers):
        titles = [_text(content[30:286])] * len(headers)
    history = sections.get(_HISTORY, [])
    metadata: dict[str, Any] = {"history": _text(history[0])[:1000]} if history else {}
    seconds = struct.unpack_from("<I", content, 296)[0]
    if seconds and len(headers) == 1:
        metadata["date"] = (_EPOCH + timedelta(seconds=seconds)).isoformat()
    return tuple(
        _spectrum(path, header, data, part=k + 1, title=title, metadata=metadata)
        for k, (header, data, title) in enumerate(zip(headers, intensities, titles, strict=True))
    )


def _sections(path: Path, content: bytes) -> dict[int, list[bytes]]:
    """Return key -> the bytes of each section of this key, in file order.

    Raises
    ------
    ReadError  when the table or a section that is used lies beyond the end of the file.
    """
    count = struct.unpack_from("<H", content, 294)[0]
    found: dict[int, list[bytes]] = {}
    for place in range(304, 304 + 16 * count, 16):
        entry = content[place : place + 16]
        if len(entry) < 16:
            raise ReadError("the table of its sections is cut off.", file=path, where=f"byte {place}", hint=_DAMAGED)
        key, (start, length) = entry[0], struct.unpack_from("<II", entry, 2)
        if key not in (_HEADER, _INTENSITIES, _HISTORY, _TITLE):
            continue
        if start + length > len(content):
            raise ReadError(
                f"it ends at byte {len(content)}, before its section {key} does: it is cut off.",
                file=path,
                where=f"byte {place}",
                hint=_DAMAGED,
            )
        found.setdefault(key, []).append(content[start : start + length])
    return found


def _spectrum(path: Path, header: bytes, data: bytes, *, part: int, title: str, metadata: dict[str, Any]) -> Dataset:
    """Return one spectrum of its header and its intensities."""
    if len(header) < 56:
        raise ReadError(f"the header of spectrum {part} is cut off.", file=path, hint=_DAMAGED)
    count = struct.unpack_from("<I", header, 4)[0]
    first, last = struct.unpack_from("<ff", header, 16)
    if header[8] != 1:
        what = "an interferogram" if header[8] == 2 else f"an abscissa of code {header[8]}"
        raise ReadError(
            f"spectrum {part} holds {what}, not intensities over wavenumbers.",
            file=path,
            hint="Save the spectrum with wavenumbers [1/cm] from OMNIC.",
        )
    if header[12] not in _ORDINATES:
        raise ReadError(
            f"the ordinate of spectrum {part} has the code {header[12]}, which closo does not know.",
            file=path,
            hint="Convert it in OMNIC to absorbance, log(1/R), Kubelka-Munk, % reflectance or % transmittance.",
        )
    if count < 2 or len(data) != 4 * count:
        raise ReadError(
            f"spectrum {part} announces {count} points, but its section holds {len(data) // 4}.",
            file=path,
            hint=_DAMAGED,
        )
    ordinate, factor = _ORDINATES[header[12]]
    scans, background = (struct.unpack_from("<I", header, place)[0] for place in (36, 52))
    with np.errstate(all="ignore"):  # damaged bytes may be any number
        values = np.frombuffer(data, "<f4").astype(float) * factor
        wavenumber = np.linspace(first, last, count)
    about = metadata | {"scans": scans, "background_scans": background}
    return measurement(path, wavenumber, values, ordinate=ordinate, part=part, title=title, metadata=about)


def _text(content: bytes) -> str:
    """Return a text that ends at its first 0, on lines without blanks around them."""
    text, _ = decode(content.split(b"\0", 1)[0])
    return "\n".join(line.strip() for line in text.splitlines() if line.strip())
