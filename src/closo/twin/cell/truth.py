"""The declared truth of the two sodium cells: what goes into their files, and nothing that analysis may see.

*printed*: in the text of the reference study (Hehn et al., J. Mater. Chem. A 2026, 10.1039/d5ta09128d, CC BY 3.0).
*free*: a choice of this twin, because that text prints none. It prints no specific capacity, no voltage window and no
schedule of spectra; free values were chosen so that the printed retentions and efficiencies come out.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from closo.constants import ELECTRONVOLT
from closo.twin.truth import Nuisances


@dataclass(frozen=True)
class CellNuisances:
    """What stands between the truth and a reading; drawn once per cell, each with the standard deviation that is stated.

    All are free.
    """

    mass: float = 0.05e-6  # of the weighed cathode composite [kg]
    area: float = 0.01  # of the true area about the nominal one, relative
    temperature_offset: float = 0.5  # of the thermometer [K]
    current_gain: float = 5e-4  # of the cycler's current, relative
    current_offset: float = 5e-5  # of it, relative to the current range
    current_noise: float = 5e-5  # of a current reading, relative to the current range
    voltage_noise: float = 1e-4  # of a voltage reading [V]
    wander: float = 0.01  # of a day's mean room temperature about its declared course [K], where there is such a course
    spectra: Nuisances = field(default_factory=Nuisances)  # of spectra, as in the pellets' files; nothing else of it


@dataclass(frozen=True)
class Leak:
    """A side current at high potential: it oxidises the electrolyte, so that a charge takes longer than it should.

    j(n) = end + (begin - end) exp(-(n - 1)/cycles) in cycle n, above about `potential`. All are free: the mean is 0.33
    uA/cm2 in cycles 7-10 and 0.08 in 46-50, so that the printed efficiencies of 98.7 and 99.7 % come out.
    """

    begin: float  # A/m2
    end: float  # A/m2
    cycles: float = 10.0  # constant of the decay
    potential: float = 3.0  # where it sets in [V]
    width: float = 0.05  # over which range [V]


@dataclass(frozen=True)
class Interludes:
    """Impedance spectra between cycles, at the discharged state. All are free."""

    after: tuple[int, ...] = ()  # numbers of the cycles that a spectrum follows; 0 for one before the first cycle
    rest: float = 3600.0  # at open circuit before the spectrum, and again after it [s]
    leak: float = 0.015  # self-discharge meanwhile [A/m2]; it makes the next charge longer, as the text says
    drift: float = -5e-7  # direct current during the spectrum [A]; the cycler's own counter takes it for charge
    lowest: float = 0.01  # Hz
    highest: float = 1e6  # Hz
    per_decade: int = 8


@dataclass(frozen=True)
class CellTruth:
    """Na | Na2B12H12-SiO2 | Prussian white composite, in SI units; values that are printed say so, all others are free."""

    name: str  # of the cell and its stream of random numbers
    cathode_mass: float  # of the composite, as weighed; printed
    active_fraction: float  # of that mass; printed as 7:2.5:0.5 and 6:3:1
    electrolyte_fraction: float
    carbon_fraction: float
    areal_capacity: float  # printed: 0.505 and 0.541 mAh/cm2
    c_rate: float  # printed: C/10 and C/20
    current_density: float  # printed: 50.51 and 27.1 uA/cm2
    separator_mass: float  # printed: 45 and 35 mg
    separator_thickness: float  # at full density; printed: 1.03 and 0.80 mm
    temperature: float  # printed: 40 degC and "room temperature", about 20 degC
    fade_share: float  # active share left in the end: 0.85 + 0.15 exp(-0.38 (n - 1)) of the first discharge at 40 degC
    fade_rate: float  # per cycle
    leak: Leak
    current_range: float  # of the cycler [A]
    active: str = "Prussian white"  # material of the cathode
    area: float = 0.283e-4  # printed: a 6 mm die
    theoretical_capacity: float = 171.0 * 3600.0  # printed: 171 mAh/g
    separator_void: float = 0.05  # share of voids, by which the real thickness is larger
    separator_sample: str = "A200-35-4h"  # which conductivity it has: that of the sample with the printed 5e-4 S/cm
    course: tuple[
        tuple[float, float], ...
    ] = ()  # of a room: (cycle, difference to `temperature` [K]); empty for an oven
    cycles: int = 50  # printed
    first_rest: float = 3.0 * 3600.0  # printed: at least 3 h before cycling
    rest: float = 600.0  # after each half cycle [s]
    voltage_limits: tuple[float, float] = (2.0, 4.0)
    initial_content: float = 0.985  # of Na as made, 0 to 1; a cell that is made empty is discharged once before cycle 1
    diffusivity: float = 1.5e-18  # of Na in Prussian white at 20 degC [m2/s]: the room cell gives about 116 mAh/g
    # 0.41 to 0.7 eV in Mn hexacyanoferrates, Jpn. J. Appl. Phys. 2016, 55, 067101
    diffusion_energy: float = 0.55 * ELECTRONVOLT
    particle_radius: float = 0.5e-6
    charge_transfer: float = 126e-4  # resistance of Prussian white against electrolyte at 20 degC [ohm m2]
    charge_transfer_energy: float = 0.45 * ELECTRONVOLT
    interface: float = 20e-4  # resistance of Na against electrolyte at 30 degC [ohm m2]
    interface_energy: float = 0.40 * ELECTRONVOLT
    electrolyte_capacitance: float = 1e-9  # of the separator [F]
    interface_capacitance: float = 1e-2  # F/m2
    charge_transfer_capacitance: float = 2.0  # F/m2
    diffusion_coefficient: float = 30.0  # of the low-frequency branch [S s^0.5/m2]
    fade_slope: float = 0.0  # further loss of the active share per cycle
    record: tuple[float, float] = (0.04, 600.0)  # a row per change of voltage [V] or time [s]
    interludes: Interludes = field(default_factory=Interludes)
    nuisances: CellNuisances = field(default_factory=CellNuisances)

    def undisturbed(self) -> CellTruth:
        """Return the same cell with a perfect cycler, balance and thermometer."""
        calm = Nuisances(noise=0.0, noise_edge=0.0, mains=0.0, gain=0.0, delay=0.0)
        return replace(self, nuisances=CellNuisances(*(0.0,) * 8, spectra=calm))


WARM_CELL = CellTruth(
    name="warm cell",
    cathode_mass=1.2e-6,
    active_fraction=0.70,
    electrolyte_fraction=0.25,
    carbon_fraction=0.05,
    areal_capacity=0.505 * 36000.0,
    c_rate=0.1 / 3600.0,
    current_density=0.5051,
    separator_mass=45e-6,
    separator_thickness=1.03e-3,
    temperature=313.15,
    fade_share=0.866,
    fade_rate=0.38,
    leak=Leak(begin=5.925e-3, end=0.705e-3),
    current_range=1e-4,
    interludes=Interludes(after=(0, 2, 12, 22, 32, 42)),
)

ROOM_CELL = CellTruth(
    name="room cell",
    cathode_mass=1.5e-6,
    active_fraction=0.60,
    electrolyte_fraction=0.30,
    carbon_fraction=0.10,
    areal_capacity=0.541 * 36000.0,
    c_rate=0.05 / 3600.0,
    current_density=0.271,
    separator_mass=35e-6,
    separator_thickness=0.80e-3,
    temperature=293.15,
    fade_share=0.968,
    fade_rate=0.10,
    leak=Leak(begin=1.5e-3, end=0.4e-3),
    current_range=1e-5,
    record=(0.05, 1200.0),
    course=((1, 0.0), (6, 0.5), (12, -0.2), (19, 0.6), (27, -0.5), (34, 0.4), (40, 0.1), (45, -0.345), (50, 0.37)),
)

TIS2_CELL = CellTruth(  # printed: 7:3, 60 degC; masses and rate are free
    name="TiS2 cell",
    active="TiS2",
    cathode_mass=1.2e-6,
    active_fraction=0.70,
    electrolyte_fraction=0.30,
    carbon_fraction=0.0,
    areal_capacity=0.709 * 36000.0,
    c_rate=0.1 / 3600.0,
    current_density=0.709,
    separator_mass=45e-6,
    separator_thickness=1.03e-3,
    temperature=333.15,
    fade_share=0.97,
    fade_rate=0.2,
    leak=Leak(begin=0.0, end=0.0),
    current_range=1e-4,
    theoretical_capacity=239.3 * 3600.0,
    cycles=3,
    voltage_limits=(1.3, 2.6),
    initial_content=0.015,
    diffusivity=1e-15,
    diffusion_energy=0.40 * ELECTRONVOLT,
    record=(0.02, 1200.0),
)
