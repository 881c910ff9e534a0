"""How the fields of study.toml are read: numbers with a unit, names, files, parts; and what all tables share.

A table keeps the text that its fields were written with, so that what it states can be quoted (`written`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    PrivateAttr,
    SkipValidation,
    ValidationInfo,
    model_validator,
)

from closo.errors import StudyError
from closo.nomenclature import look_up
from closo.quantity import Number, Quantity
from closo.toml import Range, read_number, read_range

_DECIMAL = r"\d+(?:\.\d+)?"


def _customary(value: object, quantity: str) -> object:
    """Turn the customary 'C/20' into '0.05 1/h', and '140:1' into '140'."""
    text = value.strip() if isinstance(value, str) else ""
    if quantity == "c_rate" and (rate := re.fullmatch(rf"C\s*/\s*({_DECIMAL})", text)) and float(rate[1]) > 0:
        return f"{1.0 / float(rate[1])!r} ± 0 1/h"
    if quantity == "ball_to_powder_ratio" and (ratio := re.fullmatch(rf"({_DECIMAL})\s*:\s*1", text)):
        return ratio[1]
    return value


def _fraction(value: object, *, label: str) -> Quantity:
    """Return a volume or a mass fraction, whichever the unit says."""
    name = "mass_fraction" if isinstance(value, str) and value.rstrip().endswith("wt%") else "volume_fraction"
    number = read_number(value, name, label=label)
    quantity = Quantity(name, number)
    if not 0.0 <= (quantity.value or 0.0) <= 1.0:
        raise StudyError(f"'{value}' is not a fraction between 0 and 100 %.", hint="Write for example '35 vol%'.")
    return quantity


_SHARES = ("mass_fraction", "volume_fraction")


def _check_share(text: object, quantity: str, number: Any) -> None:
    """Refuse a share outside 0 to 100 %, or of the other kind."""
    other = "vol%" if quantity == "mass_fraction" else "wt%"
    if isinstance(text, str) and text.rstrip().endswith(other):
        wanted = quantity.replace("_", " ")
        raise StudyError(f"'{text}' is not a {wanted}.", hint=f"Convert it and write {look_up(quantity).shown}.")
    if not 0.0 <= float(number.x) <= 1.0:
        raise StudyError(f"'{text}' is not a fraction between 0 and 100 %.", hint="Correct it.")


def _validate(value: object, info: ValidationInfo, *, quantity: str, ranges: bool) -> Any:
    """Read one field of a table; its source is `<field>:<label of the table>`."""
    field = "temperature offset" if info.field_name == "temperature_offset" else info.field_name
    source = f"{field}:{info.data.get('label')}"
    try:
        if quantity == "fraction":
            return _fraction(value, label=source)
        value = _customary(value, quantity)
        number = (read_range if ranges else read_number)(value, quantity, label=source)
        if quantity in _SHARES:
            _check_share(value, quantity, number)
        return number
    except StudyError as error:
        raise ValueError(str(error)) from None


def measured(quantity: str, *, ranges: bool = False) -> BeforeValidator:
    """Return the pydantic validator of a field that holds `quantity`; with `ranges`, '200-400 um' is allowed."""
    return BeforeValidator(partial(_validate, quantity=quantity, ranges=ranges))


def _check_name(name: object) -> str:
    """Refuse names that could not be part of a result's key or of a source's label."""
    if not isinstance(name, str):
        raise ValueError(f"a name must be text in quotes, but {name!r} was found.")
    if not name.strip() or name != name.strip() or len(name) > 80:
        raise ValueError(f"{name[:80]!r} is not a name: it needs 1 to 80 characters and no blanks at its ends.")
    if not name.isprintable() or re.search(r"[/\\#]", name) or re.search(r"\[\d+\]$", name) or name in (".", ".."):
        raise ValueError(f"{name!r} is not a name: leave out '/', '\\', '#', a final '[1]', and control characters.")
    if name == "series":
        raise ValueError("'series' is reserved; choose another name.")
    return name


def _check_file(text: object) -> str:
    """Refuse a file that is not named relative to the study folder, inside it."""
    if not isinstance(text, str) or not text.strip() or len(text) > 300 or not text.isprintable():
        raise ValueError(f"{str(text)[:80]!r} is not a file name.")
    if "://" in text:
        raise ValueError(f"'{text}' is an address. Copy the file into the study folder.")
    if "\\" in text:
        raise ValueError(f"'{text}' has a backslash. Write '{text.replace(chr(92), '/')}'.")
    path = PurePosixPath(text)
    if path.is_absolute() or re.match(r"[A-Za-z]:", text) or text.startswith("~"):
        raise ValueError(f"'{text}' is not relative to the study folder. Copy the file into it and name it from there.")
    if ".." in path.parts:
        raise ValueError(f"'{text}' leaves the study folder. Copy the file into it and name it from there.")
    return str(path)


def _check_temperature(text: object) -> str:
    """Keep a temperature as text: its source is named when the measurement is known."""
    try:
        read_number(text, "temperature", label="temperature")
    except StudyError as error:
        raise ValueError(str(error)) from None
    return str(text)


def _check_part(part: object) -> int | str:
    if isinstance(part, bool) or not isinstance(part, int | str) or part == "":
        raise ValueError(f"part = {part!r} is neither a number nor a title. Write for example 3 or 'PEIS 3'.")
    if isinstance(part, int) and part < 1:
        raise ValueError(f"part = {part} does not exist: parts are counted from 1.")
    return part


def read_masses(table: object, info: ValidationInfo) -> Any:
    """Read the masses of a recipe; each has its own source `mass:<sample>/<material>`."""
    if not isinstance(table, dict):
        raise ValueError(f"masses must be a table like {{ SiO2 = '250.1 mg' }}, but {table!r} was found.")
    owner = info.data.get("label")
    try:
        return {name: read_number(mass, "mass", label=f"mass:{owner}/{name}") for name, mass in table.items()}
    except StudyError as error:
        raise ValueError(str(error)) from None


def _check_setting(value: object) -> bool | int | float | str:
    if not isinstance(value, bool | int | float | str):
        raise ValueError(f"{value!r} is not a setting: it must be true, false, a number, or text in quotes.")
    return value


Name = Annotated[str, BeforeValidator(_check_name)]
File = Annotated[str, BeforeValidator(_check_file)]
Temperature = Annotated[str, BeforeValidator(_check_temperature)]
Part = Annotated[int | str, BeforeValidator(_check_part)]
Measured = Annotated[Number | None, SkipValidation]  # what `measured` returned
Setting = Annotated[Any, BeforeValidator(_check_setting)]  # true/false, a number, or text
Branch = Literal["heating", "cooling"]
Stage = Literal["before", "after"]
CellKind = Literal["cathode half cell", "anode half cell", "full cell", "symmetric cell", "blocking cell"]


def as_number(value: Number | Range | None) -> Number | None:
    """Return a number; of a range its middle with the rectangular uncertainty."""
    return value.number if isinstance(value, Range) else value


class Table(BaseModel):
    """What all tables share: frozen, no unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)
    label: str
    note: str = ""
    _written: dict[str, str] = PrivateAttr(default_factory=dict)

    @model_validator(mode="wrap")
    @classmethod
    def _keep_text(cls, data: Any, read: Callable[[Any], Any]) -> Any:
        """Read the table and keep the text of its fields."""
        table = read(data)
        if isinstance(data, dict):
            table._written = {key: str(value) for key, value in data.items() if isinstance(value, str | int | float)}
        return table

    def written(self, field: str) -> str | None:
        """Return a field as it stands in study.toml, None where it is not there."""
        return self._written.get(field)
