"""What the header of a file knows of the sample, taken as an input where the user asks for it.

A reader only suggests it, because it may be another sample's, or a default that nobody changed. What is in the file's name,
and what the instrument's program fills in by itself, is never taken.
"""

from __future__ import annotations

from collections.abc import Container
from typing import Any

from closo.dataset import Dataset
from closo.errors import StudyError
from closo.models.recipe import disc_area
from closo.quantity import Quantity
from closo.techniques import Technique
from closo.toml import read_number

_FROM = {  # input of a technique -> suggestions that may be it, and the name under which their unit is read
    "area": ("area", "diameter"),
    "thickness": ("thickness",),
    "temperature": ("temperature",),
    "active_mass": ("active_mass", "mass"),
    "pressure": ("pressure",),
}


def take_header(
    data: Dataset, technique: Technique, *, given: Container[str], label: str
) -> tuple[dict[str, Any], list[str], Dataset]:
    """Return the inputs that the header of a measurement states, sentences that say so, and the data without them.

    Parameters
    ----------
    given : the inputs that the user gave: these win.
    label : of the source of their uncertainty, 'header of a.par'; known by their digits alone.
    """
    inputs: dict[str, Any] = {}
    notes = []
    left = dict(data.attrs["suggestions"])
    for name in (n for n in technique.inputs if n in _FROM and n not in given):
        key = next((key for key in _FROM[name] if key in left and "file name" not in _origin(left[key])), None)
        if key is None:
            continue
        text, origin = _text(left[key]), _origin(left[key])
        if "default" in origin:
            notes.append(f"{key} = {text} of the header is the default of the program, and not taken.")
            continue
        try:
            number = read_number(text, key if key == "diameter" else name, label=f"{name}:{label}")
        except StudyError as error:
            notes.append(f"{key} = {text} of the header is not taken: {error}")
            continue
        number = disc_area(number) if key == "diameter" else number
        inputs[name] = Quantity(name, number).as_stored()
        notes.append(f"{name.replace('_', ' ')} taken from the header: {key} = {text}.")
        del left[key]
    without = data.copy()
    without.attrs = {**data.attrs, "suggestions": left}
    return inputs, notes, without


def _text(entry: object) -> str:
    return str(entry.get("value", "") if isinstance(entry, dict) else entry)


def _origin(entry: object) -> str:
    return str(entry.get("from", "")) if isinstance(entry, dict) else "header"
