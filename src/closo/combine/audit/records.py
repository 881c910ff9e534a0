"""What the audit looks at: plain records, one per table of a study.

Every value is a `quantity.Number` in SI, or None where nobody states it. A printed range is a pair (low, high).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from closo.quantity import Number, Quantity

NumberOrRange = Number | tuple[Number, Number]
Relation = Literal["=", ">", "<", "about"]


@dataclass(frozen=True, kw_only=True)
class Material:
    """A substance and its density [kg/m3]."""

    name: str
    density: Number | None = None


@dataclass(frozen=True, kw_only=True)
class Powder:
    """A powder with its surface area [m2/kg], pore volume [m3/kg], size [m] and density of its solid [kg/m3]."""

    name: str
    specific_surface_area: Number | None = None
    pore_volume: Number | None = None
    particle_size: NumberOrRange | None = None
    density: Number | None = None


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """What a sample is made of."""

    name: str
    matrix: str | None = None
    filler: str | None = None
    filler_fraction: Quantity | None = None  # 'volume_fraction' or 'mass_fraction'
    masses: Mapping[str, Number] = field(default_factory=dict)  # material -> mass weighed [kg]
    batch_mass: Number | None = None
    densities: Mapping[str, Number] = field(default_factory=dict)  # material -> density [kg/m3], where known


@dataclass(frozen=True, kw_only=True)
class Pellet:
    """A pressed pellet; `density` [kg/m3] is the full density of its material."""

    name: str
    area: Number | None = None
    diameter: Number | None = None
    thickness: NumberOrRange | None = None
    mass: NumberOrRange | None = None
    pressure: Number | None = None
    force: Number | None = None
    density: Number | None = None


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A cell; `separator_density` [kg/m3] is the full density of the separator's material."""

    name: str
    area: Number | None = None
    diameter: Number | None = None
    cathode_mass: Number | None = None
    active_mass: Number | None = None
    active_fraction: Number | None = None
    electrolyte_fraction: Number | None = None
    carbon_fraction: Number | None = None
    theoretical_capacity: Number | None = None
    molar_mass: Number | None = None
    electrons: int | None = None
    areal_capacity: Number | None = None
    current_density: Number | None = None
    c_rate: Number | None = None
    separator_mass: Number | None = None
    separator_thickness: Number | None = None
    separator_density: Number | None = None


@dataclass(frozen=True, kw_only=True)
class Press:
    """Screws with a torque [N m], or a force [N], and the pressure [Pa] they are said to give on an area [m2]."""

    name: str
    torque: Number | None = None
    screws: int | None = None
    screw_diameter: Number | None = None
    nut_factor: Number | None = None
    area: Number | None = None
    pressure: Number | None = None
    force: Number | None = None


@dataclass(frozen=True, kw_only=True)
class Printed:
    """A number that a text prints about `of` (relative to `to`, where it is a ratio in orders of magnitude)."""

    quantity: str
    value: Number
    of: str
    to: str | None = None
    temperature: Number | None = None
    relation: Relation = "="
    convention: Literal["sigmaT", "sigma"] | None = None
    where: str = ""
