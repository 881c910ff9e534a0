"""DigitalMicrograph .dm3, .dm4 (Gatan), binary.

Recognised by the suffix, and the version 3 or 4 as a big-endian integer in the first four bytes. There are no
columns.

Structure: version, length of the file (4 bytes; DM4: 8), whether data are little-endian (4). Then a group: two bytes
(sorted, open), number of tags (4 or 8), tags. A tag: one byte (20 group, 21 data), length of its name (2), name, in
DM4 its length in bytes (8); then a group, or `%%%%`, a number of integers (4 or 8 each) that describe the data, and
the data: 2 to 12 are numbers, 15 a record of numbers, 18 text, 20 an array of one of these. Integers of the structure
are big-endian.

Used: `ImageList`, of which each has `ImageData` (`Data`, `Dimensions` with the fastest first,
`Calibrations.Dimension` with Origin, Scale and Units: energy = (channel - Origin) * Scale) and `ImageTags.Meta
Data.Signal` ('EELS', 'X-ray'). The thumbnail (colours) is left out.

A file above 500 MB is mapped, and its spectra are brought into the order pixel, energy in blocks: it needs its own size in
memory once. Above 2.1 GB it is refused before anything is read.

Refused: a file that is cut off or nests endlessly, sizes that do not fit the data, no spectrum and no image. The
intensity scale is not applied: values are counts only where they are whole numbers.

Source: Schaffer, The DigitalMicrograph file format, 2007; compared value by value with rosettasciio.
"""

from __future__ import annotations

import mmap
import struct
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from closo.dataset import Dataset
from closo.errors import ReadError
from closo.readers.tools.microscopes import LARGEST, LENGTHS, measurement, per_electronvolt, pixels_first, square
from closo.readers.tools.text import MAX_BYTES, load_bytes, mapped, size_of

_NUMBERS = {2: "i2", 3: "i4", 4: "u2", 5: "u4", 6: "f4", 7: "f8", 8: "u1", 9: "i1", 10: "u1", 11: "i8", 12: "u8"}
_GROUP, _DATA, _RECORD, _TEXT, _ARRAY = 20, 21, 15, 18, 20
_DEEPEST, _COLOURS = 64, 23
_AGAIN = "Copy it again, or export the spectrum as .msa."


@dataclass
class _Bytes:
    """The content and where it is being read."""

    path: Path
    content: memoryview
    wide: bool = False  # DM4: sizes have eight bytes
    order: str = "<"
    at: int = 0

    def take(self, count: int) -> memoryview:
        if not 0 <= count <= len(self.content) - self.at:
            raise ReadError("it is cut off or damaged.", file=self.path, where=f"byte {self.at}", hint=_AGAIN)
        self.at += count
        return self.content[self.at - count : self.at]

    def number(self, code: str) -> int:
        return int(struct.unpack(f">{code}", self.take(struct.calcsize(code)))[0])

    def size(self) -> int:
        return self.number("q" if self.wide else "i")


def read(path: Path) -> tuple[Dataset, ...]:
    """Read the spectra, spectrum images and images of a DigitalMicrograph file.

    Raises
    ------
    ReadError  when it is no such file, is damaged, or holds none of them.
    """
    source = _Bytes(path, load_bytes(path) if size_of(path) <= MAX_BYTES else mapped(path, LARGEST))
    version = source.number("i")
    if version not in (3, 4):
        raise ReadError("this is not a DigitalMicrograph 3 or 4 file.", file=path, hint=_AGAIN)
    source.wide = version == 4
    source.size()
    source.order = "<" if source.number("i") == 1 else ">"
    tags = _group(source, 0)
    images = [image for image in _listed(tags.get("ImageList")) if isinstance(image.get("ImageData"), dict)]
    kept = [image for image in images if image["ImageData"].get("DataType") != _COLOURS]
    found = tuple(_measurement(source, image, part=k + 1) for k, image in enumerate(kept))
    if not found:
        raise ReadError("it holds no spectrum and no image.", file=path, hint=_AGAIN)
    return found


def _group(source: _Bytes, depth: int) -> dict[str, Any]:
    """Return name -> value of a group of tags; tags without a name are numbered."""
    if depth > _DEEPEST:
        raise ReadError("its tags nest without end.", file=source.path, where=f"byte {source.at}", hint=_AGAIN)
    source.take(2)
    count, tags = source.size(), {}
    for k in range(count):
        what = source.number("B")
        name = bytes(source.take(source.number("H"))).decode("latin-1") or str(k)
        if source.wide and what in (_GROUP, _DATA):
            source.take(8)
        if what == _GROUP:
            tags[name] = _group(source, depth + 1)
        elif what == _DATA:
            tags[name] = _data(source)
        else:
            raise ReadError(
                f"tag {name[:40]!r} is of no known sort.", file=source.path, where=f"byte {source.at}", hint=_AGAIN
            )
    return tags


def _data(source: _Bytes) -> Any:
    """Return the number, record, text or array of a tag."""
    if bytes(source.take(4)) != b"%%%%":
        raise ReadError("a tag has no data.", file=source.path, where=f"byte {source.at}", hint=_AGAIN)
    count = source.size()
    if not 1 <= count <= 1000:
        raise ReadError("it is damaged.", file=source.path, where=f"byte {source.at}", hint=_AGAIN)
    layout = [source.size() for _ in range(count)]
    if layout[0] == _ARRAY and count >= 3:
        kind = _kind(source, layout[1:-1])
        return np.frombuffer(source.take(layout[-1] * kind.itemsize), kind)
    if layout[0] == _TEXT and count == 2:
        return bytes(source.take(2 * layout[1])).decode("utf-16-le" if source.order == "<" else "utf-16-be", "replace")
    kind = _kind(source, layout)
    value = np.frombuffer(source.take(kind.itemsize), kind)[0]
    return value.item()


def _kind(source: _Bytes, layout: list[int]) -> np.dtype[Any]:
    """Return the numpy type of a number, or of a record of numbers."""
    fields = layout[4::2] if layout[0] == _RECORD else layout[:1]
    if not fields or any(code not in _NUMBERS for code in fields):
        raise ReadError(
            f"data of sort {layout[0]} are not known.", file=source.path, where=f"byte {source.at}", hint=_AGAIN
        )
    if layout[0] != _RECORD:
        return np.dtype(source.order + _NUMBERS[fields[0]])
    return np.dtype([(f"f{k}", source.order + _NUMBERS[code]) for k, code in enumerate(fields)])


def _listed(tags: object) -> list[dict[str, Any]]:
    return [value for value in tags.values() if isinstance(value, dict)] if isinstance(tags, dict) else []


def _text(value: object) -> str:
    """Return a text, which is stored as an array of 16-bit characters."""
    return "".join(map(chr, value)) if isinstance(value, np.ndarray) and value.dtype.kind == "u" else str(value)


def _measurement(source: _Bytes, image: dict[str, Any], *, part: int) -> Dataset:
    """Return one image of the list: a spectrum, a spectrum image, or a picture."""
    content, path = image["ImageData"], source.path
    sizes = [int(size) for size in (content.get("Dimensions") or {}).values()]
    values = content.get("Data")
    if not isinstance(values, np.ndarray) or not sizes or min(sizes) < 1 or np.prod(sizes) != values.size:
        raise ReadError(f"its data do not fit the sizes {sizes}.", file=path, hint=_AGAIN)
    shaped = values.reshape(sizes[::-1])
    axes = _listed((content.get("Calibrations") or {}).get("Dimension"))[::-1]
    axes += [{}] * (len(sizes) - len(axes))
    units = [_text(axis.get("Units", "")) for axis in axes]
    spectral = [k for k, unit in enumerate(units) if per_electronvolt(unit)]
    tags = (image.get("ImageTags") or {}).get("Meta Data") or {}
    signal = _text(tags.get("Signal", ""))
    if len(spectral) > 1 or (not spectral and len(sizes) != 2):
        raise ReadError(f"its axes are in {units}, of which one should be eV or keV.", file=path, hint=_AGAIN)
    title, pixel = _text(image.get("Name", "")), [k for k in range(len(sizes)) if k not in spectral]
    size = square([float(axes[k].get("Scale", 0.0)) * LENGTHS.get(units[k], 0.0) for k in pixel])
    stated = {"signal": signal} if signal else {}
    if not spectral:
        return measurement(path, shaped, axis="", pixel=size, title=title, metadata=stated, part=part)
    k = spectral[0]
    origin = float(axes[k].get("Origin", 0.0))
    scale = float(axes[k].get("Scale", 0.0)) * (per_electronvolt(units[k]) or 1)
    if not (np.isfinite(origin) and np.isfinite(scale)) or scale <= 0:
        raise ReadError("its energy axis is not calibrated.", file=path, hint="Calibrate it in DigitalMicrograph.")
    energies = scale * (np.arange(shaped.shape[k]) - origin)
    given_back = getattr(source.content.obj, "madvise", None)  # of a file that is mapped, where the system can
    release = None if given_back is None else partial(given_back, mmap.MADV_DONTNEED)
    cube = pixels_first(shaped, (*pixel, k), release)
    cube = cube[None] if cube.ndim == 2 else cube  # a line of spectra is an image of one row
    axis = "energy" if signal.lower().startswith(("x-ray", "eds", "edx")) else "energy_loss"
    said = () if signal else ("The file does not say whether these are energy losses or X-rays: losses are assumed.",)
    return measurement(
        path, cube, axis=axis, energies=energies, pixel=size, title=title, metadata=stated, warnings=said, part=part
    )
