"""What closo says about a table that it does not know: what it knows of its columns, and the `--columns` to paste.

A proposal is built from what is understood of the header, with sign and unit, filled up with columns whose unit leaves no
choice, and, without names, from the usual order f, Z', Z''. It is offered only where `columns.from_request` takes it and the
first rows fit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from closo.errors import ReadError, StudyError
from closo.nomenclature import NAMES
from closo.readers.tools.clocks import clock_for, seconds
from closo.readers.tools.columns import Column, UnknownUnitError, from_header, from_request, names_in, to_request
from closo.readers.tools.immittance import PAIRS, pair_in
from closo.readers.tools.names import bare_name, si_of, understand, unit_of
from closo.readers.tools.reading import SIGNALS
from closo.readers.tools.requested import read_requested
from closo.readers.tools.table import best_separator, cells, read_rows
from closo.readers.tools.text import Text, shown
from closo.readers.tools.units import unit_factor

_LINES_SEARCHED = 3000
_FIRST_ROWS = 200
_LEAST_STEPS = 20  # of a column in equal steps
_SYMBOLS = {row.symbol.lower(): name for name, row in reversed(NAMES.items())}
_BY_UNIT = {"Hz": "frequency", "s": "time", "V": "voltage", "A": "current"}
_EXAMPLE = (
    "Name them, for example --columns frequency,impedance_real,-impedance_imag or time,current[mA],voltage "
    "('_' skips a column)."
)


def unnamed(text: Text) -> ReadError:
    """Return the error for a table without known names; it proposes the `--columns` to paste."""
    i = next((i for i, line in enumerate(text.lines[:_LINES_SEARCHED]) if best_separator(line) is not None), None)
    if i is None:
        return text.error(
            "there is no table of numbers with at least two columns in it.", "Export it with column names."
        )
    separator = best_separator(text.lines[i]) or " "
    row = cells(text.lines[i], separator)
    width = len(row) - (1 if not row[-1].strip() else 0)
    names, units = _names_above(text, i, separator, width=width)
    what = _known(names, units) if names else f"the columns have no names: {shown(text.lines[i])}"
    found = proposal(text, i, separator, width=width, names=names, units=units)
    if found is None:
        where = "" if names and any(names_in(names)) else ", and they do not look like frequency, Z' and Z''"
        return text.error(f"{what}{where}.", _EXAMPLE, line=i)
    return text.error(f"{what}.", f"If they are what they seem, read it with --columns {found}", line=i)


def _names_above(text: Text, first: int, separator: str, *, width: int) -> tuple[list[str], list[str] | None]:
    """Return the names above the first row ([] without) and the row of units below them (None without)."""
    above = [text.lines[k] for k in range(first - 1, max(first - 5, -1), -1) if text.lines[k].strip()][:2]
    rows = [[n.strip() for n in cells(line[:20_000], separator)] for line in above]
    rows = [row[:-1] if len(row) == width + 1 and not row[-1] else row for row in rows]
    rows = [row for row in rows if len(row) == width and any(any(c.isalpha() for c in n) for n in row)]
    if not rows:
        return [], None
    units = [n.strip("()[] ") for n in rows[0]]
    if len(rows) > 1 and all(not u or unit_factor(u) for u in units):
        return rows[1], units
    return rows[0], None


def _known(names: Sequence[str], units: Sequence[str] | None) -> str:
    """Return a sentence that says which columns are known, and which are not."""
    cells_known = dict(enumerate(names_in(names)))
    known = [f"{name} ({shown(names[i], 30)})" for i, name in cells_known.items() if name]
    others = ", ".join(shown(names[i], 30)[1:-1] for i, name in cells_known.items() if not name and names[i])
    if not known:
        return f"closo knows no column names such as {shown(','.join(names), 80)}"
    found = set(cells_known.values())
    lacks = (
        "no impedance"
        if "frequency" in found
        else "no time, and more than potential and current"
        if found & set(SIGNALS)
        else "no potential, voltage or current"
        if "time" in found
        else "no frequency and no time"
    )
    return f"{lacks} among the columns: known are {', '.join(known[:6])}" + (
        f"; not known: {others[:200]}" if others else ""
    )


def proposal(
    text: Text,
    first: int,
    separator: str,
    *,
    width: int,
    names: Sequence[str] = (),
    units: Sequence[str] | None = None,
) -> str | None:
    """Return a text for `columns` that is taken and fits the first rows, None when there is none.

    Parameters
    ----------
    first : line of the first row.
    width : number of cells of a row.
    names, units : of the columns; empty and None where the file has none.
    """
    if not 1 < width < 50:
        return None
    values = _first_values(text, first, separator, width=width)
    clocks = _clocks(text, first, separator, width=width)
    candidates = [_from_names(names, units, clocks), _by_symbols(names)] if names else []
    candidates.append(_by_position(values, names, units))
    for columns in candidates:
        if columns:
            request = to_request(width, columns)
            if _works(text, first, request):
                return request
    return None


def _first_values(text: Text, first: int, separator: str, *, width: int) -> np.ndarray:
    """Return the numbers of the first rows, shape (rows, width); none where they do not fit."""
    lines = range(first, min(len(text.lines), first + _FIRST_ROWS))
    try:
        return read_rows(text, lines, separator, wanted=list(range(width)), width=width).values
    except ReadError:
        return np.empty((0, width))


def _clocks(text: Text, first: int, separator: str, *, width: int) -> dict[int, str]:
    """Return position -> 'time' or 'date_time' of the columns that hold times written as text."""
    lines = text.lines[first : first + _FIRST_ROWS]
    rows = [row for row in (cells(line, separator) for line in lines) if len(row) in (width, width + 1)]
    found = {i: clock_for([row[i] for row in rows]) for i in range(width)}
    return {i: "time" if clock is seconds else "date_time" for i, clock in found.items() if clock is not None}


def _works(text: Text, first: int, request: str) -> bool:
    """Return True where the user's way of reading takes the text and the first rows."""
    beginning = Text(text.path, "\n".join(text.lines[: first + _FIRST_ROWS]) + "\n", text.encoding)
    try:
        width, found = from_request(request)
        read, line = read_requested(beginning, width, list(found.values()))
    except (ReadError, StudyError):
        return False
    return line == first and all(np.isfinite(v).any() for v in read.columns.values())


def _from_names(names: Sequence[str], units: Sequence[str] | None, clocks: Mapping[int, str]) -> list[Column]:
    """Return the columns that are understood, and those whose unit or clock leaves no choice; [] without a measurement."""
    understood = [n if _fitting(n, units, i) else "" for i, n in enumerate(names)]
    try:
        found = from_header(understood, units)
    except UnknownUnitError:
        return []
    free = [
        i for i, n in enumerate(names) if n and i not in {c.index for c in found.values()} and not understand(n).name
    ]
    for si, name in _BY_UNIT.items():
        of_unit = [i for i in free if _si(names, units, i) == si]
        other = name == "voltage" and "potential" in found
        if name not in found and not other and len(of_unit) == 1 and ("frequency" not in found or name == "time"):
            found[name] = _column(name, of_unit[0], names, units)
    if not {"time", "step_time", "date_time"} & set(found):
        found |= {name: Column(name, i) for i, name in clocks.items() if i in free}
    in_ohm = [i for i in free if _si(names, units, i) == "ohm"]
    for i, n in enumerate(names):  # 'Rs' beside a column of ohm that is not known
        half = understand(n)
        if half.name in PAIRS[0] and half.name not in found and pair_in(found) is None and _fitting(n, units, i):
            found[half.name] = _column(half.name, i, names, units)
    halves = [name for name in PAIRS[0] if name not in found]
    if "frequency" in found and pair_in(found) is None and len(halves) == 1 and len(in_ohm) == 1:
        found[halves[0]] = _column(halves[0], in_ohm[0], names, units)
    timed = any(name in found for name in ("time", "step_time", "date_time"))
    signals = [name for name in SIGNALS if name in found]
    spectrum = "frequency" in found and pair_in(found) is not None
    if not spectrum:  # half of an impedance would be refused
        found = {n: c for n, c in found.items() if not any(n in pair for pair in PAIRS) and n != "frequency"}
    return list(found.values()) if spectrum or (timed and signals) or len(signals) > 1 else []


def _fitting(name: str, units: Sequence[str] | None, index: int) -> bool:
    """Return False for a name whose unit is of another kind: such a column is never proposed."""
    cell = understand(name)
    unit = cell.unit or (units[index] if units else "")
    return cell.name is not None and (not unit or (unit_factor(unit, si_of(cell.name)) or ("",))[0] == si_of(cell.name))


def _unit(names: Sequence[str], units: Sequence[str] | None, index: int) -> str:
    return unit_of(names[index]) or (units[index] if units else "")


def _si(names: Sequence[str], units: Sequence[str] | None, index: int) -> str:
    """Return the SI unit of what a column states as its unit, '' where it states none."""
    return (unit_factor(_unit(names, units, index)) or ("",))[0]


def _column(name: str, index: int, names: Sequence[str], units: Sequence[str] | None) -> Column:
    """Return a column with the unit and sign that its header states."""
    _, factor, offset = unit_factor(_unit(names, units, index), si_of(name)) or (si_of(name), 1.0, 0.0)
    sign = -1 if bare_name(names[index])[0] < 0 else 1
    return Column(name, index, sign, factor, offset)


def _by_symbols(names: Sequence[str]) -> list[Column]:
    """Return the columns whose names are all symbols of the nomenclature, without units."""
    known = [_SYMBOLS.get(name.lower()) for name in names]
    if None in known or len(set(known)) < len(known) or any(len(n) == 1 and not understand(n).name for n in names):
        return []  # a single letter says too little
    return [Column(str(name), i) for i, name in enumerate(known)]


def _by_position(values: np.ndarray, names: Sequence[str], units: Sequence[str] | None) -> list[Column]:
    """Return frequency, Z' and Z'' in this order where the numbers and the units allow it; a counter may stand before.

    Two columns without names, the first in equal steps, are an infrared spectrum or a powder pattern by their range.
    """
    if values.shape[1] == 2 and not names:
        return _by_range(values)
    if values.shape[1] < 3 or len(values) < 3:
        return []
    with np.errstate(all="ignore"):
        first = 1 if values.shape[1] > 3 and bool(np.all(np.diff(values[:, 0]) == 1)) else 0
        frequency, imag = values[:, first], values[:, first + 2]
        steps = np.diff(frequency)
        if not np.all(frequency > 0) or not (np.all(steps >= 0) or np.all(steps <= 0)) or not np.any(steps):
            return []
        negative = bool(np.mean(imag > 0) > 0.5)
    columns = [Column(name, first + k) for k, name in enumerate(("frequency", *PAIRS[0]))]
    if names:
        known = {i: cell.name for i, cell in enumerate(map(understand, names)) if cell.name is not None}
        if any(name != next((c.name for c in columns if c.index == i), None) for i, name in known.items()):
            return []
        stated = [c for c in columns if _unit(names, units, c.index)]
        if len(stated) not in (0, 3) or any(_si(names, units, c.index) != si_of(c.name) for c in stated):
            return []
        columns = [_column(c.name, c.index, names, units) for c in columns]
    return [*columns[:2], Column(columns[2].name, columns[2].index, -1 if negative else 1, columns[2].factor)]


def _by_range(values: np.ndarray) -> list[Column]:
    """Return wavenumber [1/cm] and absorbance, or 2theta [deg] and counts, where equal steps lie in the range of one."""
    x, y = values.T if len(values) else np.empty((2, 0))
    steps = np.abs(np.diff(x))
    if len(x) < _LEAST_STEPS or not np.ptp(steps) < 0.02 * steps.mean():
        return []
    if x.min() > 180.0 and x.max() < 15_000.0 and steps.mean() < 20.0:
        return [Column("wavenumber", 0), Column("absorbance", 1)]
    if x.min() > 0.5 and x.max() < 170.0 and steps.mean() < 0.5 and y.min() >= 0.0 and y.max() > 20.0:
        return [Column("two_theta", 0), Column("counts", 1)]
    return []
