"""JCAMP-DX of infrared spectra: plain and compressed numbers, several spectra in one file.

Recognised by `##JCAMP` or `##DATA TYPE=INFRARED`.

Structure: records `##LABEL= value`, each until the next `##`; `$$` begins a comment. Labels are compared without blanks,
capitals, `-`, `/` and `_`. A spectrum is a block from `##TITLE=` to `##END=`; blocks may stand inside a LINK block. Used:
DATA TYPE (must speak of infrared), XUNITS (1/CM), YUNITS, XFACTOR, YFACTOR, FIRSTX, LASTX, NPOINTS, RESOLUTION, ORIGIN,
DATE, LONGDATE.

Columns: `##XYDATA=(X++(Y..Y))` has in each line a wavenumber, then ordinates, evenly spaced from FIRSTX to LASTX;
`##XYPOINTS=(XY..XY)` has pairs. Ordinates are numbers (AFFN), or the compressed forms PAC, SQZ, DIF and DUP: a
letter is the first digit with its sign (`@`, `A`-`I`, `a`-`i` the value, `%`, `J`-`R`, `j`-`r` the difference to the value
before), `S`-`Z`, `s` says how often the last one occurs. After a line that ends in a difference, the first value of the next
one repeats the last value and is compared with it, as is the wavenumber of every line with the number of points before it.
YUNITS: absorbance, transmittance or reflectance (a fraction, or with `%` or PERCENT in per cent), Kubelka-Munk, log(1/R),
single beam or arbitrary units. Programs that write labels above two plain columns (1/cm, ordinate) without ##XYDATA are
read as well.

Refused: other kinds of spectra, NTUPLES, peak tables, micrometres, an unknown ordinate, a wrong check value, another number
of points than NPOINTS, a block without ##END=.

Source: McDonald, Wilks, Appl. Spectrosc. 1988, 42, 151, doi:10.1366/0003702884428734 (JCAMP-DX 4.24).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from closo.dataset import Dataset
from closo.readers.tools.infrared import PERCENT, measurement
from closo.readers.tools.table import best_separator, read_rows
from closo.readers.tools.text import Text, load, shown

_ADVICE = "Export it again as JCAMP-DX with plain numbers (AFFN), or as CSV."
_MOST_POINTS = 5_000_000
_SQZ = {c: str(i) for i, c in enumerate("@ABCDEFGHI")} | {c: f"-{i}" for i, c in enumerate("abcdefghi", 1)}
_DIF = {c: str(i) for i, c in enumerate("%JKLMNOPQR")} | {c: f"-{i}" for i, c in enumerate("jklmnopqr", 1)}
_DUP = {c: str(i) for i, c in enumerate("STUVWXYZs", 1)}
_TOKEN = re.compile(
    r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]\d+)?|[@A-Ia-i]\d*(?:\.\d*)?|[%J-Rj-r]\d*|[S-Zs]\d*|[?]", re.ASCII
)
_FIRST = re.compile(r"\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]\d+)?)", re.ASCII)


@dataclass
class _Block:
    """A spectrum: label -> (value, line), and the lines of its table."""

    labels: dict[str, tuple[str, int]] = field(default_factory=dict)
    form: str = ""
    table: range = range(0)
    ended: bool = False

    def said(self, *names: str) -> str:
        return next((self.labels[name][0] for name in names if name in self.labels), "")

    def line(self, name: str) -> int:
        return self.labels[name][1] if name in self.labels else self.table.start


def read(path: Path) -> tuple[Dataset, ...]:
    """Read every infrared spectrum of a JCAMP-DX file.

    Raises
    ------
    ReadError  when there is none, or one is damaged or of a form that is refused.
    """
    text = load(path)
    blocks = [block for block in _blocks(text) if block.form]
    if not blocks:
        raise text.error("it holds no ##XYDATA= or ##XYPOINTS=.", _ADVICE)
    return tuple(_spectrum(text, block, part=k + 1) for k, block in enumerate(blocks))


def _blocks(text: Text) -> list[_Block]:
    """Return the blocks of a file in order."""
    blocks: list[_Block] = []
    for i, raw in enumerate(text.lines):
        line = raw.split("$$", 1)[0]
        if not line.lstrip().startswith("##"):
            if blocks and blocks[-1].form and not blocks[-1].ended and blocks[-1].table.stop == i:
                blocks[-1].table = range(blocks[-1].table.start, i + 1)
            elif blocks and not blocks[-1].form and best_separator(line) is not None:  # columns below bare labels
                blocks[-1].form, blocks[-1].table = "columns", range(i, i + 1)
            continue
        name, _, value = line.strip()[2:].partition("=")
        label = re.sub(r"[\s/_-]", "", name).upper()
        if label == "TITLE" or not blocks:
            blocks.append(_Block())
        block = blocks[-1]
        if label == "END":
            block.ended = True
        elif label in ("XYDATA", "XYPOINTS", "NTUPLES", "PEAKTABLE", "PEAKASSIGNMENTS"):
            block.form, block.table = label + "".join(value.split()).upper(), range(i + 1, i + 1)
        block.labels.setdefault(label, (value.strip(), i))
    return blocks


def _spectrum(text: Text, block: _Block, *, part: int) -> Dataset:
    """Return the spectrum of one block."""
    kind = block.said("DATATYPE", "DATACLASS")
    if "INFRARED" not in kind.upper() or "INTERFEROGRAM" in kind.upper():
        raise text.error(
            f"its data type is {shown(kind or 'not named')}, not an infrared spectrum.",
            "closo reads infrared spectra of this format.",
            line=block.line("DATATYPE"),
        )
    unit = re.sub(r"[\s^]", "", block.said("XUNITS").upper())
    if unit not in ("1/CM", "CM-1"):
        raise text.error(
            f"the abscissa is in {shown(unit or 'no unit')}.",
            "Export it over wavenumbers (1/CM).",
            line=block.line("XUNITS"),
        )
    ordinate, percent = _ordinate(text, block)
    if block.form == "columns":
        rows = read_rows(
            text, block.table, best_separator(text.lines[block.table.start]) or " ", wanted=[0, 1], width=2
        )
        x, y, warnings = rows.values[:, 0], rows.values[:, 1], rows.warnings
    else:
        x, y, warnings = *_table(text, block), ()
    about = {"resolution": "RESOLUTION", "origin": "ORIGIN", "date": "LONGDATE", "sampling": "SAMPLINGPROCEDURE"}
    metadata = {key: block.said(label)[:300] for key, label in about.items() if block.said(label)}
    if "DATE" in block.labels and "date" not in metadata:
        metadata["date"] = block.said("DATE")[:50]
    return measurement(
        text.path,
        x,
        y * percent,
        ordinate=ordinate,
        part=part,
        title=block.said("TITLE"),
        metadata=metadata,
        warnings=warnings,
    )


def _ordinate(text: Text, block: _Block) -> tuple[str, float]:
    """Return the ordinate and what it must be multiplied with."""
    said = block.said("YUNITS").upper()
    plain = re.sub(r"[\s_-]", "", said)
    percent = PERCENT if "%" in said or "PERCENT" in said else 1.0
    for words, ordinate in (
        (("LOG(1/R)", "LOG1/R"), "log(1/R)"),
        (("ABSORBANCE", "ABS", "A"), "absorbance"),
        (("KUBELKAMUNK", "KM"), "Kubelka-Munk"),
        (("TRANSMITTANCE", "TRANSMISSION", "%T", "T"), "transmittance"),
        (("REFLECTANCE", "%R", "R"), "reflectance"),
        (("SINGLEBEAM", "ARBITRARYUNITS"), "single beam"),
    ):
        if any(plain == word or (len(word) > 3 and word in plain) for word in words):
            return ordinate, percent
    raise text.error(
        f"the ordinate {shown(said or 'without a name')} is not known.",
        "Known YUNITS: ABSORBANCE, TRANSMITTANCE, REFLECTANCE, KUBELKA-MUNK, LOG(1/R), each also with %.",
        line=block.line("YUNITS"),
    )


def _table(text: Text, block: _Block) -> tuple[np.ndarray, np.ndarray]:
    """Return wavenumbers and ordinates of a block in JCAMP's own forms, compared with what its labels say."""
    if not block.ended:
        raise text.error("its ##END= is missing: the file is cut off.", _ADVICE, line=block.table.start)
    count = _number(text, block, "NPOINTS", need=True)
    x_factor, y_factor = (_number(text, block, name) or 1.0 for name in ("XFACTOR", "YFACTOR"))
    if not 2 <= count <= _MOST_POINTS:
        raise text.error(f"NPOINTS = {count:g} is not a number of points.", _ADVICE, line=block.line("NPOINTS"))
    if block.form.startswith("XYDATA(X++(Y..Y))"):
        first, last = (_number(text, block, name, need=True) for name in ("FIRSTX", "LASTX"))
        y = np.array(_ordinates(text, block, first / x_factor, (last - first) / (count - 1) / x_factor))
        x = np.linspace(first, last, int(count))
    elif block.form.startswith(("XYPOINTS(XY..XY)", "XYDATA(XY..XY)")):
        numbers = [
            float(n) for i in block.table for n in re.findall(r"[^\s,;]+", _plain(text, i)) if _is_number(text, i, n)
        ]
        pairs = np.array(numbers[: len(numbers) // 2 * 2]).reshape(-1, 2)
        x, y = pairs[:, 0] * x_factor, pairs[:, 1]
    else:
        raise text.error(f"closo does not read the form {shown(block.form)}.", _ADVICE, line=block.table.start - 1)
    if y.size != count:
        raise text.error(f"{count:g} points are announced, {y.size} are there.", _ADVICE, line=block.line("NPOINTS"))
    return x, y * y_factor


def _plain(text: Text, i: int) -> str:
    return text.lines[i].split("$$", 1)[0].strip()


def _is_number(text: Text, i: int, word: str) -> bool:
    if _FIRST.fullmatch(word) is None:
        raise text.error(f"{shown(word, 20)} is not a number.", _ADVICE, line=i)
    return True


def _number(text: Text, block: _Block, name: str, *, need: bool = False) -> float:
    """Return the number of a label, 0 where the label lacks and is not needed."""
    said = block.said(name).replace(",", ".")
    if not said and not need:
        return 0.0
    match = _FIRST.fullmatch(said) if len(said) < 60 else None
    value = float(said) if match else np.nan
    if not abs(value) < 1e30:
        raise text.error(f"##{name}= is {shown(said)}, not a number.", _ADVICE, line=block.line(name))
    return value


def _ordinates(text: Text, block: _Block, first: float, step: float) -> list[float]:
    """Return the ordinates of (X++(Y..Y)); `first` and `step` in the unit of the lines' abscissas.

    Raises
    ------
    ReadError  when a check value, or the abscissa of a line, is not that of the points before it.
    """
    values: list[float] = []
    difference = False  # whether the line before ended in a difference
    for i in block.table:
        line = _plain(text, i)
        if not line:
            continue
        start = _FIRST.match(line)
        if start is None:
            raise text.error(f"the line begins with no abscissa: {shown(line)}.", _ADVICE, line=i)
        at = len(values) - (1 if difference else 0)
        if abs(float(start[1]) - first - at * step) > max(0.75 * abs(step), 2e-6 * abs(first)):
            expected = f"{first + at * step:.6g} after {at} points"
            raise text.error(f"the line begins at {start[1][:20]}, expected {expected}.", _ADVICE, line=i)
        found, ended = _decode(text, i, line[start.end() :], values[-1] if difference else None)
        if difference and found:
            if abs(found[0] - values[-1]) > 1e-6 * max(abs(values[-1]), 1.0):
                raise text.error(
                    f"the check value {found[0]:g} is not the value before, {values[-1]:g}.", _ADVICE, line=i
                )
            found = found[1:]
        values += found
        difference = ended
        if len(values) > _MOST_POINTS:
            raise text.error("it holds more points than a spectrum has.", _ADVICE, line=i)
    return values


def _decode(text: Text, i: int, line: str, before: float | None) -> tuple[list[float], bool]:
    """Return the values of one line, and whether it ends in a difference; `before` is the last value of the line above."""
    values: list[float] = []
    step: float | None = None  # the difference to repeat, None where the value itself is repeated
    end = 0
    for match in _TOKEN.finditer(line):
        if line[end : match.start()].strip(" \t,;"):
            break
        end, word = match.end(), match[0]
        letter, rest = word[0], word[1:]
        if letter in _DUP:
            times = int(_DUP[letter] + rest) if len(rest) < 8 else _MOST_POINTS
            if not values or times >= _MOST_POINTS:
                raise text.error(f"{shown(word, 20)} repeats nothing, or too often.", _ADVICE, line=i)
            values += [values[-1] + (step or 0.0) * k for k in range(1, times)]
        elif letter in _DIF:
            step = float(_DIF[letter] + rest)
            if not values and before is None:
                raise text.error("a difference stands where no value is before it.", _ADVICE, line=i)
            values.append((values[-1] if values else before or 0.0) + step)
        else:
            step = None
            values.append(np.nan if letter == "?" else float(_SQZ[letter] + rest if letter in _SQZ else word))
    if line[end:].strip(" \t,;"):
        raise text.error(f"{shown(line[end:], 20)} is not a number of JCAMP-DX.", _ADVICE, line=i)
    return values, step is not None
