"""Which code a result was computed by: the modules that its technique, reader or combination imports, and no others.

The imports are read from the text of the modules, those inside functions too. The tables of readers, techniques and
combinations choose by name what runs; what they chose is named beside this hash, so their own text is left out, and a new
row makes nothing stale.
"""

from __future__ import annotations

import hashlib
import importlib.util
import re
from functools import cache
from pathlib import Path

import closo

_ROOT = Path(closo.__file__).parent
_NO_NUMBERS = ("closo.figures", "closo.report", "closo.cli")
_TABLES = ("closo", "closo.readers", "closo.techniques", "closo.combine", "closo.pipeline")
_IMPORT = re.compile(r"^[ \t]*(?:from (closo[\w.]*) import (\([^)]*\)|[^\n#]*)|import (closo[\w.]*))", re.MULTILINE)


@cache
def code_version(*modules: str) -> str:
    """Return closo's version with a hash of these modules and of all that they import of closo.

    Example
    -------
    >>> code_version("closo.errors") == code_version("closo.errors") != code_version("closo.fit")
    True
    """
    digest = hashlib.sha256()
    for name in sorted(_reached(modules)):
        digest.update(f"{name}+{_text_of(name)}".encode())
    return f"{closo.__version__}+{digest.hexdigest()[:12]}"


def _reached(modules: tuple[str, ...]) -> set[str]:
    """Return the modules and all modules of closo that they import."""
    reached: set[str] = set()
    left = list(modules)
    while left:
        name = left.pop()
        if name in _TABLES and name in modules:
            reached.add(name)
        elif name not in reached and name not in _TABLES and not name.startswith(_NO_NUMBERS):
            reached.add(name)
            left += _imports(name)
    return reached


@cache
def _imports(module: str) -> tuple[str, ...]:
    """Return the modules of closo that a module imports by its text, and the packages that it lies in."""
    modules = {module.rpartition(".")[0]} if module.count(".") else set()
    for origin, names, whole in _IMPORT.findall(_text_of(module)):
        modules.add(origin or whole)
        for name in re.findall(r"[\w]+", names):
            inner = f"{origin}.{name}"
            if _file_of(inner) is not None:
                modules.add(inner)
    return tuple(name for name in modules if name == "closo" or name.startswith("closo."))


@cache
def _text_of(module: str) -> str:
    file = _file_of(module)
    return "" if file is None else file.read_text(encoding="utf-8")


def _file_of(module: str) -> Path | None:
    """Return where a module lies, without importing it."""
    if module.partition(".")[0] == "closo":
        path = _ROOT.joinpath(*module.split(".")[1:])
        files = [path / "__init__.py", path.with_suffix(".py")] if module != "closo" else [_ROOT / "__init__.py"]
        return next((file for file in files if file.is_file()), None)
    spec = importlib.util.find_spec(module)
    return Path(spec.origin) if spec is not None and spec.origin and Path(spec.origin).is_file() else None
