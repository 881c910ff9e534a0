"""Write a .dm4 of DigitalMicrograph: the tags that a reader needs, and a name that says it is synthetic."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from closo.twin.truth import SYNTHETIC

_CODES = {"int16": 2, "int32": 3, "uint16": 4, "uint32": 5, "float32": 6, "float64": 7, "uint8": 10}
_TYPES = {"int16": 1, "int32": 7, "uint16": 10, "uint32": 11, "float32": 2, "float64": 12, "uint8": 6}
Axis = tuple[float, float, str]  # value of the first channel, step, unit


def write_dm4(path: Path, values: np.ndarray, axes: Sequence[Axis], *, signal: str = "EELS", title: str = "") -> None:
    """Write one spectrum, image or spectrum image; `axes` in the order of the array's dimensions."""
    path.write_bytes(dm4_bytes(values, axes, signal=signal, title=title))


def dm4_bytes(values: np.ndarray, axes: Sequence[Axis], *, signal: str = "EELS", title: str = "") -> bytes:
    """Return the bytes of a .dm4 file; equal content gives equal bytes."""
    calibrations = {
        str(k): {"Origin": -first / step, "Scale": step, "Units": unit}
        for k, (first, step, unit) in enumerate(reversed(axes))
    }
    content = {
        "Calibrations": {"Dimension": calibrations},
        "Data": values,
        "DataType": _TYPES[values.dtype.name],
        "Dimensions": {str(k): size for k, size in enumerate(reversed(values.shape))},
    }
    image = {"ImageData": content, "ImageTags": {"Meta Data": {"Signal": signal}}, "Name": f"{title} ({SYNTHETIC})"}
    body = _group({SYNTHETIC: 1, "ImageList": {"0": image}})
    return struct.pack(">iqi", 4, len(body) + 8, 1) + body + bytes(8)


def _group(tags: Mapping[str, Any]) -> bytes:
    """Return a group of tags; numbered ones have no name in the file."""
    parts = [struct.pack(">BBq", 1, 0, len(tags))]
    for name, value in tags.items():
        text = b"" if name.isdigit() else name.encode("latin-1")
        body = _group(value) if isinstance(value, Mapping) else _data(value)
        what = 20 if isinstance(value, Mapping) else 21
        parts.append(struct.pack(">BH", what, len(text)) + text + struct.pack(">q", len(body)) + body)
    return b"".join(parts)


def _data(value: float | str | np.ndarray) -> bytes:
    """Return the description and the little-endian bytes of a number, a text or an array."""
    if isinstance(value, str):
        value = np.frombuffer(value.encode("utf-16-le"), "<u2")
    layout: tuple[int, ...]
    if isinstance(value, np.ndarray):
        layout = (20, _CODES[value.dtype.name], value.size)
        content = value.astype(value.dtype.newbyteorder("<")).tobytes()
    elif isinstance(value, int):
        layout, content = (5,), struct.pack("<I", value)
    else:
        layout, content = (7,), struct.pack("<d", value)
    return b"%%%%" + struct.pack(f">q{len(layout)}q", len(layout), *layout) + content
