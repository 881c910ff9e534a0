"""Write docs/reference/ from the code: nomenclature, command line, techniques, combinations, readers.

`make docs` runs it; a test compares. Nothing in docs/reference/ is written by hand.
"""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

import closo
from closo import cli
from closo.combine import combinations
from closo.nomenclature import NAMES
from closo.readers import READERS
from closo.techniques import TECHNIQUES, Technique

FOLDER = Path(__file__).parent / "reference"
STUB = Path(__file__).parents[1] / "src" / "closo" / "__init__.pyi"
_NOTE = "<!-- Written by docs/generate.py; run `make docs` after a change. -->\n\n"


_INDEX = """# Reference

Written from the code, so it is complete and up to date.

```{toctree}
:maxdepth: 1
cli
techniques
combinations
readers
nomenclature
```
"""


def pages() -> dict[str, str]:
    """Return file name -> text of every generated page."""
    made = {"nomenclature": nomenclature, "cli": command_line, "techniques": techniques, "readers": readers}
    made["combinations"] = combined
    return {"index.md": _NOTE + _INDEX} | {f"{name}.md": _NOTE + make() for name, make in made.items()}


def nomenclature() -> str:
    """Return the table of names."""
    lines = [
        "# Nomenclature",
        "",
        "Every name closo uses. Inside, values have the SI unit; tables, pages and JSON have the shown unit.",
        "",
        "| name | symbol | SI unit | shown unit | meaning |",
        "|---|---|---|---|---|",
    ]
    lines += [f"| `{n.name}` | {_cell(n.symbol)} | {n.si} | {n.shown} | {_cell(n.meaning)} |" for n in NAMES.values()]
    return "\n".join(lines) + "\n"


def command_line() -> str:
    """Return every verb with its arguments and options."""
    lines = ["# Command line", "", "```text", (cli.__doc__ or "").strip(), "```", ""]
    for name, command in verbs(typer.main.get_command(cli.app)):
        text = inspect.cleandoc(command.help or "")
        lines += [f"## {name}", "", text, "", "| argument or option | meaning |", "|---|---|"]
        lines += [_parameter(parameter) for parameter in command.params]
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def verbs(group: Any, name: str = "closo") -> Iterator[tuple[str, Any]]:
    """Yield every verb with its full name, `closo sweep run` included, as `closo --help` orders them."""
    for word, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from verbs(command, f"{name} {word}")
        else:
            yield f"{name} {word}", command


def stub() -> str:
    """Return `closo/__init__.pyi`: what editors and type checkers see, a function per technique among it."""
    names = sorted(
        [(module, name) for name, module in closo._PUBLIC.items()] + [("closo.notebook", "Given")], key=_order
    )
    lines = ["# Written by docs/generate.py; run `make docs` after a change.", "from typing import Any", ""]
    lines += [f"from {module} import {name}{f' as {name}' * (name != 'Given')}" for module, name in names]
    lines += ["", "__version__: str", ""]
    for technique in TECHNIQUES:
        signature = inspect.signature(getattr(closo, technique.name))
        lines.append(f"def {technique.name}(")
        for name in technique.needs:
            lines.append(f"    {name}: Any,")
        lines.append("    *,")
        for name in list(signature.parameters)[len(technique.needs) :]:
            lines.append(f"    {name}: {_type_of(technique, name)} = ...,")
        lines.append(") -> Result: ...")
    return "\n".join(lines) + "\n"


def _order(entry: tuple[str, str]) -> tuple[str, bool, bool, str]:
    """Order imports as ruff does: constants, classes, functions."""
    module, name = entry
    return module, not name.isupper(), name.islower(), name


def _type_of(technique: Technique, name: str) -> str:
    if name == "name":
        return "str | None"
    if name in technique.inputs and name not in technique.also:
        return "Given | None"
    if name in technique.settings and name not in technique.also:
        return {str: "str", int: "int", float: "float", bool: "bool"}.get(
            technique.settings[name][0], "float | str"
        ) + " | None"
    return "Any"


def _parameter(parameter: Any) -> str:
    option = parameter.opts[0].startswith("-")
    shown = ", ".join(parameter.opts) if option else str(parameter.metavar or parameter.name).upper()
    if option and parameter.metavar:
        shown += f" {parameter.metavar}"
    return f"| `{_cell(shown)}` | {_cell(str(parameter.help or ''))} |"


def techniques() -> str:
    """Return one section per technique, from the docstring of its module."""
    lines = ["# Techniques", ""]
    for technique in TECHNIQUES:
        docstring = inspect.cleandoc(importlib.import_module(technique.module).__doc__ or "")
        lines += [f"## {technique.name}", "", *_sections(docstring), "", "| setting | meaning |", "|---|---|"]
        lines += [
            f"| `{k}` ({kind.__name__}) | {_cell(meaning)} |" for k, (kind, meaning) in technique.settings.items()
        ]
        used = ", ".join(f"`{i}`" for i in technique.inputs) or "none"
        lines += ["", f"Properties of the specimen it uses: {used}.", ""]
    return "\n".join(lines).rstrip() + "\n"


def _sections(docstring: str) -> list[str]:
    """Return a docstring whose indented sections have bold headings."""
    lines = []
    for line in docstring.splitlines():
        heading = re.fullmatch(r"[A-Z][\w ]+", line)
        lines.append(f"**{line}**  " if heading else line.strip())
    return lines


def combined() -> str:
    """Return the table of what is made of several results."""
    lines = [
        "# Combinations",
        "",
        "What `closo analyse` makes of the results of a study, where it has what is needed; some are made on request",
        "only.",
    ]
    lines += ["", "| name | what it is | made | main quantities |", "|---|---|---|---|"]
    for name, row in combinations().items():
        made = "by `closo analyse`" if row.finds else "on request"
        keys = ", ".join(f"`{key.rstrip(':')}`" for key in row.headline)
        lines.append(f"| `{name}` | {_cell(row.title)} | {made} | {keys} |")
    return "\n".join(lines) + "\n"


def readers() -> str:
    """Return the table of readers, then what each says about its format."""
    lines = ["# Readers", "", "| name | format | usual endings |", "|---|---|---|"]
    lines += [f"| `{r.name}` | {_cell(r.title)} | {', '.join(r.suffixes)} |" for r in READERS]
    for reader in READERS:
        docstring = inspect.cleandoc(reader.page or importlib.import_module(reader.module).__doc__ or "")
        if reader.page:
            recognised = f"Recognised by {_or(reader.magic)}."
            docstring = f"{reader.title}: a table that `text` reads.\n\n{recognised}\n\n{docstring.strip()}"
        lines += ["", f"## {reader.name}", "", "```text", docstring, "```"]
    return "\n".join(lines) + "\n"


def _or(words: tuple[str, ...]) -> str:
    return " or ".join("`" + word.replace("\t", "\\t") + "`" for word in words)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for file, content in pages().items():
        (FOLDER / file).write_text(content, encoding="utf-8")
    STUB.write_text(stub(), encoding="utf-8")
