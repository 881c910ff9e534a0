"""Zahner Thales .ism: one impedance spectrum, binary.

Recognised by the name .ism.

Structure, as Zahner-elektrik publish it in the reading functions of their package zahner_analysis (MIT licence;
`ism_import`, `thales_file_utils`); all numbers big-endian: version and number of points less one, 6 bytes each; then,
each for all points, frequency [Hz], |Z| [ohm], phase [rad, negative when capacitive] and the time of the point [s],
8-byte floats, and the significance, 2-byte integers. Texts follow, each behind its length (2 bytes), small and capital
letters exchanged: date, system, potential, current, temperature, time, four comments. They become metadata where they are
plain ASCII.

Columns used: frequency, |Z| and phase, time (counted from the first point). Thales begins a sweep in the middle, goes up,
and then down through all frequencies: the overlap becomes a spectrum of its own, as for every sweep that turns.

No real file was at hand when this was written, so a file is refused unless all of it fits: the number of points the
length of the file, frequencies and |Z| positive and below 1e12, phases within 2 pi. Times that run backwards are left
out, with a warning.

Refused: anything else, with the advice to export the spectrum as text; .isc, .iss and other files of Thales.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from closo.dataset import Dataset
from closo.readers.tools.parts import Part, finish, split_sweeps
from closo.readers.tools.text import Text, load_bytes

_TO_TEXT = "Export the spectrum as text from Thales or Zahner Analysis (frequency, impedance and phase), and read that."
_MOST = 100_000  # points
_LARGEST = 1e12  # Hz, ohm
_TEXTS = ("date", "system", "potential", "current", "temperature", "time", "comment", "comment", "comment", "comment")


def read(path: Path) -> tuple[Dataset, ...]:
    """Read the spectrum of a .ism file.

    Raises
    ------
    ReadError  when its numbers cannot be those of a spectrum.
    """
    path = Path(path)
    text = Text(path, "", "binary")
    raw = bytes(load_bytes(path))
    points = int.from_bytes(raw[6:12], "big", signed=True) + 1
    if not 0 < points <= _MOST or len(raw) < 12 + 34 * points:
        raise text.error("this is not a Zahner .ism, or it is cut off: its length does not fit its points.", _TO_TEXT)
    numbers = np.frombuffer(raw, ">f8", 4 * points, 12).reshape(4, points).astype(float)
    frequency, modulus, phase, time = numbers
    sizes = np.concatenate([frequency, modulus])
    with np.errstate(all="ignore"):
        plausible = bool(np.isfinite(numbers).all() and np.all((sizes > 0) & (sizes < _LARGEST)))
        plausible = plausible and bool(np.all(np.abs(phase) <= 2.0 * np.pi))
    if not plausible:
        raise text.error("its numbers are not those of a spectrum: is it a Zahner .ism?", _TO_TEXT)
    columns = {"frequency": frequency, "impedance_modulus": modulus, "phase": phase}
    since = np.abs(time) - abs(float(time[0]))  # the time stamps count from 1980
    warnings = ("The times of the points run backwards and were left out.",) if np.any(np.diff(since) < 0) else ()
    columns |= {} if warnings else {"time": since}
    parts = [Part("impedance", "EIS", sweep) for sweep in split_sweeps(columns)]
    return finish(text, parts, metadata=_stated(raw, 12 + 34 * points), warnings=warnings)


def _stated(raw: bytes, place: int) -> dict[str, str]:
    """Return the texts behind the numbers."""
    found: dict[str, str] = {}
    for name in _TEXTS:
        length = int.from_bytes(raw[place : place + 2], "big", signed=True)
        words = raw[place + 2 : place + 2 + max(length, 0)]
        if length < 0 or len(words) < length or not words.isascii():
            break
        said = " ".join(words.decode("ascii").swapcase().split())
        if said and said.isprintable():
            found[name] = f"{found[name]}\n{said}" if name in found else said
        place += 2 + length
    return found
