"""Our docstrings as numpydoc reads them: `name : what it is` on one line, 'Example', bars that are no substitutions."""

from __future__ import annotations

import re
from typing import Any

_TYPE = re.compile(r"(array|str|int|float|bool|number or text)\b.{0,40}")  # `closo.impedance` and the like state types


def rewrite(lines: list[str]) -> list[str]:
    """Return the lines of a docstring as numpydoc understands them."""
    made: list[str] = []
    section = ""
    for number, line in enumerate(lines):
        following = lines[number + 1] if number + 1 < len(lines) else ""
        if re.fullmatch(r"-{3,}", following) and line.strip():
            section = "Examples" if line == "Example" else line
            made.append(section)
        elif re.fullmatch(r"-{3,}", line):
            made.append("-" * max(len(section), 3))
        elif section in ("Parameters", "Attributes") and (entry := re.fullmatch(r"(\w[\w, ]*) : (.+)", line)):
            stated = _TYPE.fullmatch(entry[2])
            made += [line] if stated else [entry[1], f"    {entry[2]}"]
        elif section == "Raises" and (entry := re.fullmatch(r"([\w, ]+?)  +(.+)", line)):
            made += [entry[1], f"    {entry[2]}"]
        else:
            made.append(line)
    return [line if line.lstrip().startswith((">>>", "...")) else line.replace("|", r"\|") for line in made]


def _on_docstring(*event: Any) -> None:
    lines: list[str] = event[-1]
    lines[:] = rewrite(lines)


def setup(app: Any) -> dict[str, bool]:
    """Rewrite each docstring before numpydoc parses it."""
    app.connect("autodoc-process-docstring", _on_docstring, priority=100)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
