"""`closo run ... --script FILE.py`: the same analysis as a Python script."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from closo.errors import StudyError

_TEXT = '''"""Written by `closo run {technique} --script`: gives the same numbers from Python."""

import closo

results = closo.run(
{arguments}
)
print(results)
# results[0]["..."] is a value with its uncertainty; results.to_pandas() a table; results[0].plot() the picture.
'''


def write_script(path: Path, technique: str, files: list[str], given: Mapping[str, Any]) -> None:
    """Write the script that calls `closo.run` with the same arguments.

    Parameters
    ----------
    given : keyword -> value; what is absent, empty or False is left out. A preset has been read into the settings.

    Raises
    ------
    StudyError  when the file is no `.py` or cannot be written.
    """
    if path.suffix != ".py":
        raise StudyError(f"--script {path} does not end in .py.", hint="Write for example --script analysis.py.")
    listed = [str(Path(file).resolve()) for file in files]
    keywords = {key: value for key, value in given.items() if value not in (None, False, {}, [])}
    lines = [_literal(technique), _literal(listed[0] if len(listed) == 1 else listed)]
    lines += [f"{key}={_literal(value)}" for key, value in keywords.items()]
    arguments = "\n".join(f"    {line}," for line in lines)
    try:
        path.write_text(_TEXT.format(technique=technique, arguments=arguments), encoding="utf-8")
    except OSError as error:
        raise StudyError(f"the script cannot be written ({error.strerror}).", file=path) from None


def _literal(value: Any) -> str:
    """Return a value as Python writes it, with double quotes and letters of any language.

    Example
    -------
    >>> print(_literal({"f_min": "10 Hz", "drt": False}), _literal("5 µm"))
    {"f_min": "10 Hz", "drt": False} "5 µm"
    """
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_literal(key)}: {_literal(inner)}" for key, inner in value.items()) + "}"
    return "[" + ", ".join(map(_literal, value)) + "]" if isinstance(value, list | tuple) else repr(value)
