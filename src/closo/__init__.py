"""closo: solid-electrolyte studies, from instrument files to numbers with true uncertainties and a verdict per claim."""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"

_PUBLIC = {
    "read": "closo.readers",
    "Quantity": "closo.quantity",
    "Result": "closo.result",
    "ClosoError": "closo.errors",
    "ReadError": "closo.errors",
    "DataError": "closo.errors",
    "StudyError": "closo.errors",
    "TECHNIQUES": "closo.techniques",
    "READERS": "closo.readers",
    "load": "closo.study",
    "check": "closo.pipeline",
    "analyse": "closo.pipeline",
    "recall": "closo.pipeline",
    "run": "closo.pipeline",
}

__all__ = [*_PUBLIC, "__version__"]  # noqa: PLE0604  the keys of _PUBLIC are strings


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, so that `import closo` stays fast."""
    if name not in _PUBLIC:
        raise AttributeError(f"module 'closo' has no attribute '{name}'")
    return getattr(importlib.import_module(_PUBLIC[name]), name)


def __dir__() -> list[str]:
    return __all__
