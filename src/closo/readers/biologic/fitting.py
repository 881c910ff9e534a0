"""Do the names of an EC-Lab table stand above the values they name?"""

from __future__ import annotations

import numpy as np

from closo.readers.tools.table import cells
from closo.readers.tools.text import Text

_SAMPLED = 200  # rows that are looked at
_FLAGS = ("ox/red", "error", "control changes", "Ns changes", "counter inc.")  # 0 or 1
_COUNTS = ("mode", "Ns", "cycle number", "half cycle", "z cycle", "I Range")  # whole numbers
_POLAR = ("Re(Z)/Ohm", "-Im(Z)/Ohm", "|Z|/Ohm")
_ADVICE = "Export the file again from EC-Lab, or name its columns with --columns."


def fitted(text: Text, header: int) -> tuple[Text, tuple[str, ...]]:
    """Return the text with the names that fit its rows, and what was left out.

    Flags of the program must be 0 or 1 and its counters whole numbers. Where more columns are named than the rows have,
    the names up to |Z| (or the phase behind it) are taken when |Z| is the modulus of Re(Z) and -Im(Z).

    Raises
    ------
    ReadError  when the names are shifted against the values, or more are named and nothing shows which of them are missing.
    """
    names = [name.strip() for name in text.lines[header].rstrip("\t\r ").split("\t")]
    rows = _sample(text, header)
    if not len(rows):
        return text, ()
    extra = len(names) - rows.shape[1]
    if 0 < extra <= 5 and len(names) > 2:
        return _shortened(text, header, names, rows)
    wrong = next(
        (n for n in (*_FLAGS, *_COUNTS) if n in names[: rows.shape[1]] and _unfit(n, rows[:, names.index(n)])), None
    )
    if wrong is not None:
        column = rows[:, names.index(wrong)]
        value = column[np.argmax(column != np.round(column))] if wrong in _COUNTS else column[np.argmax(column > 1)]
        raise text.error(
            f"'{wrong}' holds {value:g}, which it cannot be: names and values are shifted against each other.",
            _ADVICE,
            line=header,
        )
    return text, ()


def _sample(text: Text, header: int) -> np.ndarray:
    """Return the first rows of numbers, shape (rows, cells); cells that are not numbers are NaN."""
    found: list[list[float]] = []
    for line in text.lines[header + 1 : header + 1 + _SAMPLED]:
        if line.strip() and "\t" in line:
            found.append([_number(cell) for cell in cells(line.rstrip("\t\r "), "\t")])
    width = len(found[0]) if found else 0
    return np.array([row for row in found if len(row) == width and np.isfinite(row[0])])


def _number(cell: str) -> float:
    try:
        return float(cell.strip().replace(",", "."))
    except ValueError:
        return float("nan")


def _unfit(name: str, values: np.ndarray) -> bool:
    """Return True where more than half of the values cannot be what the name says, or rather none is a whole number."""
    finite = values[np.isfinite(values)]
    if len(finite) < 3:
        return False
    wrong = ~np.isin(finite, (0.0, 1.0)) if name in _FLAGS else finite != np.round(finite)
    return bool(np.mean(wrong) > 0.5)


def _shortened(text: Text, header: int, names: list[str], rows: np.ndarray) -> tuple[Text, tuple[str, ...]]:
    """Return the text with as many names as the rows have cells, those behind the impedance made unknown."""
    width = rows.shape[1]
    at = [names.index(name) for name in _POLAR if name in names]
    if len(at) == 3 and max(at) < width and "freq/Hz" in names[: min(at)]:
        real, imag, modulus = (rows[:, k] for k in at)
        with np.errstate(all="ignore"):
            off = np.abs(np.hypot(real, imag) / modulus - 1.0)
        if np.mean(off < 1e-3) > 0.9 and max(at) - names.index("freq/Hz") == 3:
            known = [name if k <= max(at) else f"column {k + 1}" for k, name in enumerate(names[:width])]
            lines = [*text.lines[:header], "\t".join(known), *text.lines[header + 1 :]]
            said = (
                f"{len(names)} columns are named, but the rows have {width}: only those up to |Z|, which agree with each "
                "other, are read.",
            )
            return Text(text.path, "\n".join(lines), text.encoding), said
    raise text.error(
        f"{len(names)} columns are named, but the rows have {width}, and nothing shows which of the names have no values.",
        _ADVICE,
        line=header,
    )
