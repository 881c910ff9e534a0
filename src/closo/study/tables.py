"""The tables of study.toml: one frozen pydantic model each; unknown keys are refused.

Every table carries `label`, the name that its numbers' uncertainty sources bear (`thickness:pellet1`); `load` fills it
in from the TOML key. A number is a `quantity.Number` in SI, or None where the study does not state it.
"""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, model_validator

from closo.errors import StudyError
from closo.nomenclature import look_up
from closo.quantity import Quantity
from closo.toml import read_number, read_range

__all__ = [
    "Cell",
    "Chamber",
    "Condition",
    "Material",
    "Measurement",
    "Milling",
    "Powder",
    "Press",
    "Printed",
    "Recipe",
    "Sample",
    "Series",
    "Specimen",
    "Study",
]


_DECIMAL = r"\d+(?:\.\d+)?"


def _c_rate(value: object) -> object:
    """Turn the customary 'C/20' into '0.05 1/h'."""
    match = re.fullmatch(r"\s*C\s*/\s*(\d+(?:\.\d+)?)\s*", value) if isinstance(value, str) else None
    return f"{1.0 / float(match[1])!r} ± 0 1/h" if match and float(match[1]) > 0 else value


def _ratio_to_one(value: object) -> object:
    """Turn the customary '140:1' into '140'."""
    match = re.fullmatch(rf"\s*({_DECIMAL})\s*:\s*1\s*", value) if isinstance(value, str) else None
    return match[1] if match else value


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
        if quantity == "c_rate":
            value = _c_rate(value)
        if quantity == "ball_to_powder_ratio":
            value = _ratio_to_one(value)
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


def _read_masses(table: object, info: ValidationInfo) -> Any:
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
Setting = Annotated[Any, BeforeValidator(_check_setting)]  # true/false, a number, or text
Branch = Literal["heating", "cooling"]
Stage = Literal["before", "after"]
CellKind = Literal["cathode half cell", "anode half cell", "full cell", "symmetric cell", "blocking cell"]


class Table(BaseModel):
    """What all tables share: frozen, no unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)
    label: str
    note: str = ""


class Material(Table):
    """[materials.NAME]."""

    density: Annotated[Any, measured("density")] = None


class Powder(Table):
    """[powders.NAME]: a powder as bought, with the numbers its supplier or a paper prints."""

    material: str | None = None
    specific_surface_area: Annotated[Any, measured("specific_surface_area")] = None
    pore_volume: Annotated[Any, measured("pore_volume")] = None
    particle_size: Annotated[Any, measured("particle_size", ranges=True)] = None


class Chamber(Table):
    """[chambers.NAME]: what all temperatures measured in it have in common."""

    temperature_offset: Annotated[Any, measured("temperature_difference")] = None


class Recipe(Table):
    """samples.NAME.recipe."""

    matrix: str | None = None
    filler: str | None = None
    filler_type: str | None = None
    filler_fraction: Annotated[Quantity | None, measured("fraction")] = None
    masses: Annotated[dict[Name, Any], BeforeValidator(_read_masses)] = Field(default_factory=dict)
    batch_mass: Annotated[Any, measured("mass")] = None


class Milling(Table):
    """samples.NAME.milling."""

    time: Annotated[Any, measured("milling_time")] = None
    speed: Annotated[Any, measured("milling_speed")] = None
    ball_to_powder: Annotated[Any, measured("ball_to_powder_ratio")] = None
    pattern: str | None = None


class Sample(Table):
    """[samples.NAME]: a powder that was made."""

    recipe: Recipe | None = None
    milling: Milling | None = None
    changed_fraction: Annotated[Any, measured("volume_fraction")] = (
        None  # share of the salt that X-ray Raman sees changed
    )


class Specimen(Table):
    """[specimens.NAME]: a pellet that was measured."""

    sample: str
    area: Annotated[Any, measured("area")] = None
    diameter: Annotated[Any, measured("diameter")] = None
    thickness: Annotated[Any, measured("thickness", ranges=True)] = None
    mass: Annotated[Any, measured("mass", ranges=True)] = None
    pressure: Annotated[Any, measured("pressure")] = None
    force: Annotated[Any, measured("force")] = None
    lead_resistance: Annotated[Any, measured("lead_resistance")] = None


class Cell(Table):
    """[cells.NAME]: a cell with electrodes that react, or a symmetric or blocking one."""

    kind: CellKind | None = None
    reference: str | None = None
    pressure: Annotated[Any, measured("pressure")] = None
    lead_resistance: Annotated[Any, measured("lead_resistance")] = None
    electrolyte_fraction: Annotated[Any, measured("mass_fraction")] = None
    carbon_fraction: Annotated[Any, measured("mass_fraction")] = None
    active_material: str | None = None
    carbon_material: str | None = None
    cathode_thickness: Annotated[Any, measured("thickness")] = None
    porosity: Annotated[Any, measured("volume_fraction")] = None
    particle_radius: Annotated[Any, measured("particle_size")] = None
    diffusivity: Annotated[Any, measured("diffusivity")] = None
    diffusion_energy: Annotated[Any, measured("activation_energy")] = None
    exchange_current_density: Annotated[Any, measured("exchange_current_density")] = None
    cathode_ionic_conductivity: Annotated[Any, measured("ionic_conductivity")] = None
    cathode_electronic_conductivity: Annotated[Any, measured("electronic_conductivity")] = None
    interfacial_resistance: Annotated[Any, measured("interfacial_resistance")] = None
    electrolyte_molar_mass: Annotated[Any, measured("molar_mass")] = None
    area: Annotated[Any, measured("area")] = None
    cathode_mass: Annotated[Any, measured("mass")] = None
    active_fraction: Annotated[Any, measured("mass_fraction")] = None
    theoretical_capacity: Annotated[Any, measured("specific_capacity")] = None
    areal_capacity: Annotated[Any, measured("areal_capacity")] = None
    current_density: Annotated[Any, measured("current_density")] = None
    c_rate: Annotated[Any, measured("c_rate")] = None
    separator_mass: Annotated[Any, measured("mass")] = None
    separator_thickness: Annotated[Any, measured("thickness")] = None
    separator_sample: str | None = None
    diameter: Annotated[Any, measured("diameter")] = None
    molar_mass: Annotated[Any, measured("molar_mass")] = None
    electrons: Annotated[int, Field(strict=True, ge=1, le=12)] | None = None


class Press(Table):
    """[presses.NAME]: torque on screws, or a force, and the pressure it is said to give."""

    torque: Annotated[Any, measured("torque")] = None
    screws: Annotated[int, Field(strict=True, ge=1, le=100)] | None = None
    screw_diameter: Annotated[Any, measured("diameter")] = None
    nut_factor: Annotated[Any, measured("nut_factor")] = None
    area: Annotated[Any, measured("area")] = None
    pressure: Annotated[Any, measured("pressure")] = None
    force: Annotated[Any, measured("force")] = None


class Condition(Table):
    """What differs between the parts of one file: one entry per part in order, or with `part` for each."""

    part: Part | None = None
    temperature: Temperature | None = None
    branch: Branch | None = None
    stage: Stage | None = None
    chamber: str | None = None


class Measurement(Table):
    """[[measurements]]: one instrument file, whole or one part of it, of a specimen or of a cell."""

    specimen: str | None = None
    cell: str | None = None
    technique: str
    file: File
    part: Part | None = None
    temperature: Temperature | None = None
    branch: Branch | None = None
    stage: Stage | None = None
    chamber: str | None = None
    conditions: tuple[Condition, ...] = ()
    columns: str | None = None
    reader: str | None = None
    settings: dict[str, Setting] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_owner(self) -> Measurement:
        if (self.specimen is None) == (self.cell is None):
            raise ValueError("a measurement is of a specimen or of a cell: name one of the two.")
        return self

    @property
    def owner(self) -> str:
        """The specimen or cell that was measured."""
        return self.specimen or self.cell or ""


class Series(Table):
    """[[series]]: samples that are compared along one axis, at one temperature."""

    name: Name
    axis: Literal["volume_fraction", "milling_time", "filler_type"]
    samples: Annotated[tuple[str, ...], Field(min_length=2)]
    temperature: Temperature


def _known_quantity(name: object) -> str:
    try:
        return look_up(str(name)).name
    except StudyError as error:
        raise ValueError(str(error)) from None


def _printed_value(value: object, info: ValidationInfo) -> Any:
    """Read a printed number in the unit of the quantity beside it."""
    quantity = info.data.get("quantity")
    if quantity is None:  # already refused
        return None
    try:
        return read_number(value, quantity, label=f"value:{info.data.get('label')}")
    except StudyError as error:
        raise ValueError(str(error)) from None


class Printed(Table):
    """[[printed]]: a number that a paper prints, to be judged against the others it prints."""

    quantity: Annotated[str, BeforeValidator(_known_quantity)]
    value: Annotated[Any, BeforeValidator(_printed_value)]
    of: str
    to: str | None = None
    temperature: Annotated[Any, measured("temperature")] = None
    relation: Literal["=", ">", "<", "about"] = "="
    convention: Literal["sigmaT", "sigma"] | None = None
    where: str = ""


def _no_repeats(series: tuple[Series, ...]) -> tuple[Series, ...]:
    names = [s.name for s in series]
    twice = sorted({n for n in names if names.count(n) > 1})
    if twice:
        raise ValueError(f"the series '{twice[0]}' is there twice. Give each its own name.")
    return series


class Study(Table):
    """A whole study.toml; `folder` is where it lies."""

    folder: Path
    title: Annotated[str, Field(min_length=1)]
    synthetic: Annotated[bool, Field(strict=True)] = False
    doi: str | None = None
    settings: dict[str, dict[str, Setting]] = Field(default_factory=dict)
    materials: dict[Name, Material] = Field(default_factory=dict)
    powders: dict[Name, Powder] = Field(default_factory=dict)
    chambers: dict[Name, Chamber] = Field(default_factory=dict)
    samples: dict[Name, Sample] = Field(default_factory=dict)
    specimens: dict[Name, Specimen] = Field(default_factory=dict)
    cells: dict[Name, Cell] = Field(default_factory=dict)
    presses: dict[Name, Press] = Field(default_factory=dict)
    measurements: tuple[Measurement, ...] = ()
    printed: tuple[Printed, ...] = ()
    series: Annotated[tuple[Series, ...], AfterValidator(_no_repeats)] = ()
