"""Draw docs/images/architecture.svg: the rooms of the house on their floors, from the layers that lint-imports keeps."""

from __future__ import annotations

import tomllib
from html import escape
from pathlib import Path

ROOT = Path(__file__).parents[1]
WORDS = {
    "cli": "parse, call, show",
    "web": "pages to work in, on this machine",
    "arrays": "a function per technique, for arrays",
    "notebook": "run, Results, plot",
    "twin": "one truth written as vendors' files",
    "report": "results to pages and tables",
    "library": "many studies in one database",
    "exchange": "a study in one archive",
    "pipeline": "order, cache, provenance",
    "sweep": "a function over a grid, restartable",
    "engine": "here, processes, or a cluster",
    "claims": "a published sentence to a verdict",
    "store": "results on disk",
    "combine": "results to a result: COMBINATIONS",
    "study": "study.toml to samples, pellets, cells",
    "readers": "file to Dataset: READERS",
    "techniques": "Dataset to Result: TECHNIQUES",
    "models": "parameters to fields and curves",
    "figures": "a figure as plain data, drawn here",
    "result": "Result, Check, About",
    "views": "text, HTML, frames",
    "value": "a number as printed",
    "fit": "least squares with sources",
    "dataset": "kinds, dimensions, units",
    "toml": "numbers with units in TOML",
    "quantity": "a named number, its unit, interval",
    "number": "a value with its sources",
    "documents": "a result as plain data",
    "processes": "processes that end together",
    "units": "the grammar of units",
    "nomenclature": "every name, once",
    "errors": "three sentences at most",
    "constants": "physics and rules of the house",
}
_VOCABULARY = {
    *("result", "documents", "views", "value", "fit", "dataset", "toml", "quantity", "number", "units", "nomenclature"),
    *("errors", "processes", "constants"),
}
_WIDTH, _HEIGHT, _GAP = 880, 58, 12


def floors() -> list[list[str]]:
    """Return the rooms of each floor from the top; the vocabulary is one floor."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    layers = next(c["layers"] for c in contracts if c["type"] == "layers")
    rooms = [[room.strip().removeprefix("closo.") for room in layer.split("|")] for layer in layers]
    above = [floor for floor in rooms if floor[0] not in _VOCABULARY]
    words = [room for floor in rooms for room in floor if room in _VOCABULARY]
    half = (len(words) + 1) // 2
    return [*above, words[:half], words[half:]]


def picture() -> str:
    """Return the SVG: a box per room, a row per floor, what it does in a few words."""
    rows = floors()
    height = len(rows) * (_HEIGHT + _GAP) + 2 * _GAP + 20
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" font-family="sans-serif" role="img" '
        'aria-label="The rooms of closo on their floors; an import may only point down.">',
        f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
    ]
    for k, floor in enumerate(rows):
        width = (_WIDTH - (len(floor) + 1) * _GAP) / len(floor)
        y = _GAP + k * (_HEIGHT + _GAP)
        fill = (
            "#eef3f8" if set(floor) <= _VOCABULARY else "#dcebd8" if set(floor) & {"readers", "combine"} else "#f7efdd"
        )
        for n, room in enumerate(floor):
            x = _GAP + n * (width + _GAP)
            lines += [
                f'<rect x="{x:.1f}" y="{y}" width="{width:.1f}" height="{_HEIGHT}" rx="4" fill="{fill}" stroke="#4a5a6a"/>',
                f'<text x="{x + width / 2:.1f}" y="{y + 24}" text-anchor="middle" font-size="16" font-weight="bold" '
                f'fill="#1b2733">{escape(room)}</text>',
                f'<text x="{x + width / 2:.1f}" y="{y + 43}" text-anchor="middle" font-size="{12 if width > 200 else 10}" '
                f'fill="#1b2733">{escape(WORDS[room])}</text>',
            ]
    note = "An import may only point down. Rooms on one floor do not import each other."
    lines += [f'<text x="{_GAP}" y="{height - _GAP}" font-size="13" fill="#1b2733">{note}</text>', "</svg>"]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    (Path(__file__).parent / "images" / "architecture.svg").write_text(picture(), encoding="utf-8")
