"""A result as plain data that can be stored or sent to another process, and back."""

from __future__ import annotations

import json
import math
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

from closo.quantity import Quantity
from closo.result import About, Check, Provenance, Result

if TYPE_CHECKING:
    from closo.dataset import Dataset


def to_document(result: Result) -> tuple[dict[str, Any], bytes]:
    """Return a result as plain JSON values and its curves as bytes; `from_document` rebuilds it."""
    from closo.dataset import to_bytes

    document = {
        "technique": result.technique,
        "name": result.name,
        "quantities": {key: quantity.as_stored() for key, quantity in result.quantities.items()},
        "checks": [
            [c.name, None if c.passed is None else bool(c.passed), c.detail, list(c.judges), c.hard]
            for c in result.checks
        ],
        "settings": dict(result.settings),
        "findings": dict(result.findings),
        "about": result.about.as_json(),
        "notes": list(result.notes),
        "provenance": None if result.provenance is None else vars(result.provenance),
    }
    return json.loads(dump(document)), to_bytes(result.curves)


def from_document(document: Mapping[str, Any], curves: bytes | Callable[[], bytes]) -> Result:
    """Rebuild a result from `to_document`; its curves are read when they are first touched."""
    provenance = document["provenance"]
    return Result(
        technique=document["technique"],
        name=document["name"],
        quantities={key: Quantity.from_stored(stored) for key, stored in document["quantities"].items()},
        curves=partial(_dataset, curves),  # type: ignore[arg-type]  # opens itself
        checks=tuple(Check(n, p, d, tuple(*more[:1]), more[1:] == [True]) for n, p, d, *more in document["checks"]),
        settings=document["settings"],
        findings=document["findings"],
        about=About(**document["about"]),
        notes=tuple(document["notes"]),
        provenance=None if provenance is None else Provenance(**provenance),
    )


def _dataset(curves: bytes | Callable[[], bytes]) -> Dataset:
    from closo.dataset import from_bytes

    return from_bytes(curves() if callable(curves) else curves)


def from_text(text: str, curves: Callable[[], bytes]) -> Result:
    """Rebuild a result from its document as JSON; it stays packed, and is opened when touched: a study holds thousands."""
    document = json.loads(text)
    kept = _Packed(zlib.compress(text.encode(), 1), curves)
    return Result.packed(document["technique"], document["name"], _about(**document["about"]), kept)


_about = lru_cache(maxsize=1024)(About)  # many results are about one owner


@dataclass(frozen=True, eq=False)
class _Packed:
    """A document, packed; calling it gives the result."""

    document: bytes
    curves: Callable[[], bytes]

    def __call__(self) -> Result:
        return _opened(self)


@lru_cache(maxsize=512)
def _opened(packed: _Packed) -> Result:
    return from_document(json.loads(zlib.decompress(packed.document)), packed.curves)


def dump(document: object) -> str:
    """Return plain values as JSON text."""
    return json.dumps(document, sort_keys=False, ensure_ascii=False, default=_plain)


def _plain(value: object) -> Any:
    """Turn what numpy left in settings into plain JSON values."""
    if hasattr(value, "tolist"):  # numpy
        return value.tolist()
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"a result's settings hold a {type(value).__name__}, which is not a plain JSON value")


def plain(value: object) -> Any:
    """Return `value` as plain JSON values.

    Example
    -------
    >>> plain({"a": (1, float("nan")), "b": {2.5}})
    {'a': [1, None], 'b': [2.5]}
    """
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(v) for v in value]
    if hasattr(value, "tolist"):  # numpy
        return plain(value.tolist())
    return str(value)
