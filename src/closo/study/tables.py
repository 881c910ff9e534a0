"""The tables of study.toml: one frozen pydantic model each; unknown keys are refused.

Every table carries `label`, the name that its numbers' uncertainty sources bear (`thickness:pellet1`); `load` fills it
in from the TOML key. A number is a `quantity.Number` in SI, or None where the study does not state it.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, PrivateAttr, ValidationInfo, model_validator

from closo.errors import StudyError
from closo.nomenclature import look_up
from closo.quantity import Quantity
from closo.study.fields import (
    Branch,
    CellKind,
    File,
    Name,
    Part,
    Setting,
    Stage,
    Table,
    Temperature,
    measured,
    read_masses,
)
from closo.toml import read_number

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
    masses: Annotated[dict[Name, Any], BeforeValidator(read_masses)] = Field(default_factory=dict)
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
    joined: tuple[File, ...] = ()  # the further ones of file = ["a_01_OCV.mpr", "a_02_GCPL.mpr"]
    part: Part | None = None
    temperature: Temperature | None = None
    branch: Branch | None = None
    stage: Stage | None = None
    chamber: str | None = None
    conditions: tuple[Condition, ...] = ()
    columns: str | None = None
    reader: str | None = None
    settings: dict[str, Setting] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _several_files(cls, data: Any) -> Any:
        """Take a list of files apart into the first and the further ones."""
        if not isinstance(data, dict):
            return data
        if "joined" in data:
            raise ValueError("'joined' is not a key of a measurement. Write file = ['first.mpr', 'second.mpr'].")
        files = data.get("file")
        if not isinstance(files, list):
            return data
        if not files or len({str(f) for f in files}) < len(files):
            raise ValueError("file is a list that is empty or names a file twice. Name each file once.")
        return data | {"file": files[0], "joined": files[1:]}

    @model_validator(mode="after")
    def _one_owner(self) -> Measurement:
        if (self.specimen is None) == (self.cell is None):
            raise ValueError("a measurement is of a specimen or of a cell: name one of the two.")
        return self

    @property
    def files(self) -> tuple[str, ...]:
        """All files of the measurement, as they are listed."""
        return (self.file, *self.joined)

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
    _counted: tuple[Any, frozenset[str]] = PrivateAttr(default=(None, frozenset()))

    @property
    def unique_names(self) -> frozenset[str]:
        """The bare file names that only one of the measured files has."""
        if self._counted[0] is not self.measurements:
            count = Counter(file.rpartition("/")[2] for file in {m.file for m in self.measurements})
            self._counted = (self.measurements, frozenset(name for name, times in count.items() if times == 1))
        return self._counted[1]
