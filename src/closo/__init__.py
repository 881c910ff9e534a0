"""closo: solid-electrolyte studies, from instrument files to numbers with true uncertainties and a verdict per claim.

In a notebook:

    import closo
    results = closo.run("impedance", "file.mpr", area="0.785 cm2", thickness="310 ± 5 um")
    results[0]["ionic_conductivity"], results[0].plot(), results.to_pandas()

With arrays: `closo.impedance(frequency, impedance, ...)`, and one such function per technique. A study: `closo.analyse`.
"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"

_PUBLIC = {  # `__init__.pyi` says the same to editors
    "read": "closo.readers",
    "Quantity": "closo.quantity",
    "Value": "closo.value",
    "stated": "closo.value",
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
    "figure": "closo.pipeline",
    "run": "closo.notebook",
    "plot": "closo.notebook",
    "Results": "closo.notebook",
}

__all__ = [*_PUBLIC, "__version__"]  # noqa: PLE0604  the keys of _PUBLIC are strings


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, so that `import closo` stays fast; a technique gives its function."""
    if name in _PUBLIC:
        return getattr(importlib.import_module(_PUBLIC[name]), name)
    if not name.startswith("_") and name in _techniques():
        return importlib.import_module("closo.arrays").function_of(name)
    raise AttributeError(f"module 'closo' has no attribute '{name}'")


def _techniques() -> list[str]:
    return [technique.name for technique in importlib.import_module("closo.techniques").TECHNIQUES]


def __dir__() -> list[str]:
    return [*__all__, *_techniques()]
