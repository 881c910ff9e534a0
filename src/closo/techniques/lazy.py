"""A package whose names are imported when they are first asked for: settings are checked without the analysis."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping
from typing import Any


def lazily(package: str, modules: Mapping[str, str]) -> Callable[[str], Any]:
    """Return a package's `__getattr__` that imports each name from the module of the package that holds it.

    The package imports the same names below `if TYPE_CHECKING`, for editors and for the hash of its code.

    Example
    -------
    >>> lazily("closo.techniques", {"spelled": "choices"})("spelled").__module__
    'closo.techniques.choices'
    """

    def get(name: str) -> Any:
        if name not in modules:
            raise AttributeError(f"module '{package}' has no attribute '{name}'")
        value = getattr(importlib.import_module(f"{package}.{modules[name]}"), name)
        setattr(sys.modules[package], name, value)
        return value

    return get
