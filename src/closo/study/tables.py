"""The tables of study.toml: one frozen pydantic model each; unknown keys are refused.

Every table carries `label`, the name that its numbers' uncertainty sources bear (`thickness:pellet1`); `load` fills it
in from the TOML key. A number is a `quantity.Number` in SI, or None where the study does not state it.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BeforeValidator, Field, PrivateAttr, ValidationInfo, model_validator

from closo.errors import StudyError
from closo.models.recipe import disc_area, theoretical_capacity
from closo.nomenclature import look_up
from closo.quantity import Number, Quantity
from closo.result import About
from closo.study.fields import (
    Branch,
    CellKind,
    File,
    Measured,
    Name,
    Part,
    Setting,
    Stage,
    Table,
    Temperature,
    as_number,
    measured,
    read_masses,
)
from closo.toml import read_number


class Owner(Table):
    """What a measurement can be made on."""

    kind_of_owner: ClassVar[str]

    def given(self, name: str) -> Number | None:
        """Return a property [SI] by the name that techniques use; of a range its middle; None where it is not stated."""
        return as_number(getattr(self, name, None))

    def states(self) -> dict[str, Any]:
        """Return the settings of techniques that the table states already."""
        return {}

    def about(self, name: str) -> About:
        """Return what results say of their owner, whose name in the study is `name`."""
        return About(name, self.kind_of_owner)


class Material(Table):
    """[materials.NAME]."""

    density: Annotated[Measured, measured("density")] = None
    molar_mass: Annotated[Measured, measured("molar_mass")] = None  # of a salt, per anion


class Powder(Owner):
    """[powders.NAME]: a powder as bought, with the numbers its supplier or a paper prints."""

    kind_of_owner: ClassVar[str] = "powder"
    material: str | None = None
    specific_surface_area: Annotated[Measured, measured("specific_surface_area")] = None
    pore_volume: Annotated[Measured, measured("pore_volume")] = None
    silanol_density: Annotated[Measured, measured("silanol_density")] = None
    particle_size: Annotated[Any, measured("particle_size", ranges=True)] = None


class Chamber(Table):
    """[chambers.NAME]: what all temperatures measured in it have in common."""

    temperature_offset: Annotated[Measured, measured("temperature_difference")] = None


class Recipe(Table):
    """samples.NAME.recipe."""

    matrix: str | None = None
    filler: str | None = None
    filler_type: str | None = None
    filler_fraction: Annotated[Quantity | None, measured("fraction")] = None
    masses: Annotated[dict[Name, Any], BeforeValidator(read_masses)] = Field(default_factory=dict)
    batch_mass: Annotated[Measured, measured("mass")] = None


class Milling(Table):
    """samples.NAME.milling."""

    time: Annotated[Measured, measured("duration")] = None
    speed: Annotated[Measured, measured("milling_speed")] = None
    ball_to_powder: Annotated[Measured, measured("ball_to_powder_ratio")] = None
    pattern: str | None = None
    time_counts: Literal["net", "total"] | None = None  # without or with the pauses of the pattern
    ball_mass: Annotated[Measured, measured("mass")] = None
    ball_diameter: Annotated[Measured, measured("diameter")] = None
    vial_diameter: Annotated[Measured, measured("diameter")] = None
    disc_radius: Annotated[Measured, measured("radius")] = None
    speed_ratio: float | None = None  # of the vial to the disc, negative


class Sample(Owner):
    """[samples.NAME]: a powder that was made."""

    kind_of_owner: ClassVar[str] = "sample"
    recipe: Recipe | None = None
    milling: Milling | None = None
    changed_fraction: Annotated[Measured, measured("volume_fraction")] = None  # of the salt, as X-ray Raman sees it

    def about(self, name: str) -> About:
        """Return what results say of their owner."""
        return About(name, self.kind_of_owner, sample=name)


class Specimen(Owner):
    """[specimens.NAME]: a pellet that was measured."""

    kind_of_owner: ClassVar[str] = "specimen"
    sample: str
    area: Annotated[Measured, measured("area")] = None
    diameter: Annotated[Measured, measured("diameter")] = None
    thickness: Annotated[Any, measured("thickness", ranges=True)] = None
    mass: Annotated[Any, measured("mass", ranges=True)] = None
    pressure: Annotated[Measured, measured("pressure")] = None
    force: Annotated[Measured, measured("force")] = None
    lead_resistance: Annotated[Measured, measured("lead_resistance")] = None

    def given(self, name: str) -> Number | None:
        """Return a property [SI]; the area also from the diameter."""
        if name == "area" and self.area is None and self.diameter is not None:
            return disc_area(self.diameter)
        return super().given(name)

    def about(self, name: str) -> About:
        """Return what results say of their owner."""
        return About(name, self.kind_of_owner, sample=self.sample)


_ELECTRODES = {"blocking cell": "blocking", "symmetric cell": "nonblocking"}


class Cell(Owner):
    """[cells.NAME]: a cell with electrodes that react, or a symmetric or blocking one.

    It is not a specimen of a sample: its electrodes react, so that it says nothing about the powder alone.
    """

    kind_of_owner: ClassVar[str] = "cell"
    kind: CellKind | None = None
    reference: str | None = None
    pressure: Annotated[Measured, measured("pressure")] = None
    lead_resistance: Annotated[Measured, measured("lead_resistance")] = None
    electrolyte_fraction: Annotated[Measured, measured("mass_fraction")] = None
    carbon_fraction: Annotated[Measured, measured("mass_fraction")] = None
    active_material: str | None = None
    carbon_material: str | None = None
    cathode_thickness: Annotated[Measured, measured("thickness")] = None
    porosity: Annotated[Measured, measured("volume_fraction")] = None
    particle_radius: Annotated[Measured, measured("particle_size")] = None
    diffusivity: Annotated[Measured, measured("diffusivity")] = None
    diffusion_energy: Annotated[Measured, measured("activation_energy")] = None
    exchange_current_density: Annotated[Measured, measured("exchange_current_density")] = None
    cathode_ionic_conductivity: Annotated[Measured, measured("ionic_conductivity")] = None
    cathode_electronic_conductivity: Annotated[Measured, measured("electronic_conductivity")] = None
    interfacial_resistance: Annotated[Measured, measured("interfacial_resistance")] = None
    electrolyte_molar_mass: Annotated[Measured, measured("molar_mass")] = None
    area: Annotated[Measured, measured("area")] = None
    cathode_mass: Annotated[Measured, measured("mass")] = None
    active_mass: Annotated[Measured, measured("active_mass")] = None
    active_fraction: Annotated[Measured, measured("mass_fraction")] = None
    theoretical_capacity: Annotated[Measured, measured("specific_capacity")] = None
    areal_capacity: Annotated[Measured, measured("areal_capacity")] = None
    current_density: Annotated[Measured, measured("current_density")] = None
    c_rate: Annotated[Measured, measured("c_rate")] = None
    separator_mass: Annotated[Measured, measured("mass")] = None
    separator_thickness: Annotated[Measured, measured("thickness")] = None
    separator_sample: str | None = None
    diameter: Annotated[Measured, measured("diameter")] = None
    molar_mass: Annotated[Measured, measured("molar_mass")] = None
    electrons: Annotated[int, Field(strict=True, ge=1, le=12)] | None = None

    def given(self, name: str) -> Number | None:
        """Return a property [SI]; the area also from the diameter, capacity and active mass from what they follow from."""
        if name == "area" and self.area is None and self.diameter is not None:
            return disc_area(self.diameter)
        if name == "thickness":
            return as_number(self.separator_thickness)
        if name == "active_mass" and self.active_mass is None:
            mass, share = self.cathode_mass, self.active_fraction
            return None if mass is None or share is None else mass * share
        if name == "theoretical_capacity" and self.theoretical_capacity is None:
            mass, electrons = self.molar_mass, self.electrons
            return None if mass is None or electrons is None else theoretical_capacity(mass, electrons=electrons)
        return super().given(name)

    def states(self) -> dict[str, Any]:
        """Return kind, reference and electrodes, where they are stated."""
        known = {"cell": self.kind, "reference": self.reference, "electrodes": _ELECTRODES.get(self.kind or "")}
        return {key: value for key, value in known.items() if value is not None}


class Press(Table):
    """[presses.NAME]: torque on screws, or a force, and the pressure it is said to give."""

    torque: Annotated[Measured, measured("torque")] = None
    screws: Annotated[int, Field(strict=True, ge=1, le=100)] | None = None
    screw_diameter: Annotated[Measured, measured("diameter")] = None
    nut_factor: Annotated[Measured, measured("nut_factor")] = None
    area: Annotated[Measured, measured("area")] = None
    pressure: Annotated[Measured, measured("pressure")] = None
    force: Annotated[Measured, measured("force")] = None


class Condition(Table):
    """What differs between the parts of one file: one entry per part in order, or with `part` for each."""

    part: Part | None = None
    temperature: Temperature | None = None
    branch: Branch | None = None
    stage: Stage | None = None
    chamber: str | None = None


class Measurement(Table):
    """[[measurements]]: one instrument file, whole or one part of it, of a sample, powder, specimen or cell."""

    of: str | None = None
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
        if len([name for name in (self.of, self.specimen, self.cell) if name is not None]) != 1:
            raise ValueError("a measurement is of one thing: write of = 'NAME' of a sample, powder, specimen or cell.")
        return self

    @property
    def files(self) -> tuple[str, ...]:
        """All files of the measurement, as they are listed."""
        return (self.file, *self.joined)

    @property
    def owner(self) -> str:
        """The name of what was measured."""
        return self.of or self.specimen or self.cell or ""


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
    temperature: Annotated[Measured, measured("temperature")] = None
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

    def owners(self, name: str) -> list[Owner]:
        """Return the samples, powders, specimens and cells of a name: one, or none, or several by mistake."""
        tables: tuple[dict[str, Any], ...] = (self.samples, self.powders, self.specimens, self.cells)
        return [table[name] for table in tables if name in table]

    def owner_of(self, measurement: Measurement) -> Owner:
        """Return what was measured."""
        if measurement.specimen is not None:
            return self.specimens[measurement.specimen]
        return self.owners(measurement.owner)[-1]

    def given(self, owner: Owner, name: str) -> Number | None:
        """Return a property [SI] of an owner; of a powder also what its material states, such as the density."""
        number = owner.given(name)
        if number is None and isinstance(owner, Powder) and owner.material in self.materials:
            number = as_number(getattr(self.materials[owner.material], name, None))
        return number

    def about(self, name: str) -> About:
        """Return what results say of the sample, powder, specimen or cell called `name`."""
        return self.owners(name)[-1].about(name)

    @property
    def unique_names(self) -> frozenset[str]:
        """The bare file names that only one of the measured files has."""
        if self._counted[0] is not self.measurements:
            count = Counter(file.rpartition("/")[2] for file in {m.file for m in self.measurements})
            self._counted = (self.measurements, frozenset(name for name, times in count.items() if times == 1))
        return self._counted[1]
