"""OPUS (Bruker), binary, little endian.

Recognised by the bytes 0A 0A FE FE at the beginning.

Structure: after the mark the version (8-byte float), then as 4-byte integers the position of the directory, the most
entries it can have, and how many it has. An entry has three 4-byte integers: type, length (in units of 4 bytes), position.
Of the type, bits 0-1 and 2-3 say of what (3 and 1: sample, 3 and 2: reference, 3 and 3: sample over reference), bits 4-9
whether the block holds data (0) or their status (1), bits 10-16 which: 1 single beam, 2 interferogram, 3 phase, 4
absorbance, 5 transmittance, 6 Kubelka-Munk, 12 reflectance, 15 log(1/R). Files prove 1 to 4, with the smallest and largest
value that each states; the others are as other readers have them, and checked in the same way.

A status block is a list of: name (3 letters and a 0), kind of value (2 bytes; 0: 4-byte integer, 1: 8-byte float, else
text), its length (2 bytes, in units of 2 bytes), value; `END` ends it. Used: NPT number of points, FXV and LXV first and
last wavenumber [1/cm], CSF scale of the values, MNY and MXY smallest and largest value, DXU unit of the abscissa (WN), DAT
and TIM. There are no columns: values are 4-byte floats, evenly spaced.

Where a file holds ratioed spectra (absorbance and the like), these are its measurements and the single beams are only
named; else the single beams are.

Refused: no spectrum, an abscissa other than WN, blocks beyond the end of the file, a number of points that a block does not
hold, values outside of what the status states (such as 3-D blocks of a map).
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np

from closo.dataset import Dataset
from closo.errors import ReadError
from closo.readers.tools.infrared import measurement
from closo.readers.tools.text import load_bytes

_MARK = b"\x0a\x0a\xfe\xfe"
_ORDINATES = {
    1: "single beam",
    4: "absorbance",
    5: "transmittance",
    6: "Kubelka-Munk",
    12: "reflectance",
    15: "log(1/R)",
}
_OF_WHAT = {1: "sample", 2: "reference", 3: "ratio"}
_STATUS = 0x10
_MOST_ENTRIES = 10_000
_ADVICE = "Copy it again, or save the spectrum as JCAMP-DX."


def read(path: Path) -> tuple[Dataset, ...]:
    """Read the spectra of an OPUS file.

    Raises
    ------
    ReadError  when it is no such file, is cut off, or holds no spectrum over wavenumbers.
    """
    content = bytes(load_bytes(path))
    if not content.startswith(_MARK) or len(content) < 24:
        raise ReadError("this is not an OPUS file, or only its beginning.", file=path, hint=_ADVICE)
    blocks = _blocks(path, content)
    spectra = [
        (kind, data) for kind, data in blocks if kind & 3 == 3 and not kind >> 4 & 63 and kind >> 10 & 127 in _ORDINATES
    ]
    ratioed = [(kind, data) for kind, data in spectra if kind >> 10 & 127 != 1]
    if not spectra:
        raise ReadError(
            "it holds no spectrum, only interferograms or parameters.", file=path, hint="Save the spectrum from OPUS."
        )
    also = [_title(kind) for kind, _ in spectra] if ratioed else []
    status = dict(reversed([(kind, data) for kind, data in blocks if kind >> 4 & 63 == 1]))
    return tuple(
        _spectrum(path, kind, data, status=status, part=k + 1, also=also)
        for k, (kind, data) in enumerate(ratioed or spectra)
    )


def _title(kind: int) -> str:
    name = _ORDINATES[kind >> 10 & 127]
    return f"{name} ({_OF_WHAT.get(kind >> 2 & 3, 'unknown')})" if name == "single beam" else name


def _blocks(path: Path, content: bytes) -> list[tuple[int, bytes]]:
    """Return (type, bytes) of every block of the directory.

    Raises
    ------
    ReadError  when the directory or a block lies beyond the end of the file.
    """
    place, _, count = struct.unpack_from("<3I", content, 12)
    if count > _MOST_ENTRIES or place + 12 * count > len(content):
        raise ReadError("its directory lies beyond its end: it is cut off.", file=path, hint=_ADVICE)
    found = []
    for k in range(count):
        kind, length, start = struct.unpack_from("<3I", content, place + 12 * k)
        wanted = kind & 3 == 3 and kind >> 4 & 63 < 2
        if wanted and start + 4 * length > len(content):
            raise ReadError(
                f"it ends at byte {len(content)}, before its block {k + 1} does: it is cut off.",
                file=path,
                where=f"byte {place + 12 * k}",
                hint=_ADVICE,
            )
        if wanted:
            found.append((kind, content[start : start + 4 * length]))
    return found


def _parameters(block: bytes) -> dict[str, Any]:
    """Return name -> value of a status block, as far as it can be read."""
    found: dict[str, Any] = {}
    place = 0
    while place + 8 <= len(block):
        name = block[place : place + 3].decode("latin-1")
        kind, length = struct.unpack_from("<2H", block, place + 4)
        value = block[place + 8 : place + 8 + 2 * length]
        if name == "END" or len(value) < 2 * length:
            break
        if kind == 0 and length == 2:
            found[name] = struct.unpack("<i", value)[0]
        elif kind == 1 and length == 4:
            found[name] = struct.unpack("<d", value)[0]
        elif kind > 1:
            found[name] = value.split(b"\0", 1)[0].decode("latin-1")
        place += 8 + 2 * length
    return found


def _spectrum(path: Path, kind: int, data: bytes, *, status: dict[int, bytes], part: int, also: list[str]) -> Dataset:
    """Return one spectrum, compared with what its status block says."""
    said = _parameters(status.get(kind | _STATUS, b""))
    lacking = [name for name in ("NPT", "FXV", "LXV") if not isinstance(said.get(name), int | float)]
    if lacking:
        raise ReadError(f"the status of its {_title(kind)} lacks {', '.join(lacking)}.", file=path, hint=_ADVICE)
    if said.get("DXU", "WN") != "WN":
        raise ReadError(
            f"the abscissa of its {_title(kind)} is {said['DXU'][:20]}, not wavenumbers (WN).",
            file=path,
            hint="Save the spectrum with wavenumbers [1/cm] from OPUS.",
        )
    count = int(said["NPT"])
    if not 2 <= count <= len(data) // 4:
        raise ReadError(
            f"its {_title(kind)} announces {count} points, but the block holds {len(data) // 4}.",
            file=path,
            hint=_ADVICE,
        )
    with np.errstate(all="ignore"):  # damaged bytes may be any number
        values = np.frombuffer(data, "<f4", count).astype(float) * float(said.get("CSF", 1.0))
        _compare(path, kind, values, said)
        wavenumber = np.linspace(float(said["FXV"]), float(said["LXV"]), count)
    metadata = {"date": f"{said['DAT']} {said.get('TIM', '')}".strip()[:100]} if "DAT" in said else {}
    about = metadata | ({"spectra_in_file": also} if also else {})
    name = _ORDINATES[kind >> 10 & 127]
    return measurement(path, wavenumber, values, ordinate=name, part=part, title=_title(kind), metadata=about)


def _compare(path: Path, kind: int, values: np.ndarray, said: dict[str, Any]) -> None:
    """Refuse values that do not reach from the smallest to the largest that the file states."""
    low, high = (float(said.get(name, np.nan)) for name in ("MNY", "MXY"))
    span = max(abs(low), abs(high), 1e-30)
    off = max(abs(float(np.nanmin(values)) - low), abs(float(np.nanmax(values)) - high))
    if np.isfinite(low) and np.isfinite(high) and not off <= 1e-4 * span:
        raise ReadError(
            f"the values of its {_title(kind)} reach from {np.nanmin(values):.4g} to {np.nanmax(values):.4g}, but the file "
            f"states {low:.4g} to {high:.4g}.",
            file=path,
            hint=_ADVICE,
        )
