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

    Attributes
    ----------
    mass : of the weighed cathode composite [kg]; area : of the true area about the nominal one, relative.
    temperature_offset : of the thermometer [K].
    current_gain : of the cycler's current, relative; current_offset : of it, relative to the current range.
    current_noise : of a current reading, relative to the current range; voltage_noise : of a voltage reading [V].
    wander : of a day's mean room temperature about its declared course [K]; only where there is such a course.
    spectra : what the analyser does to a spectrum, as in the pellets' files; its other entries are not used.
    """

    mass: float = 0.05e-6
    area: float = 0.01
    temperature_offset: float = 0.5
    current_gain: float = 5e-4
    current_offset: float = 5e-5
    current_noise: float = 5e-5
    voltage_noise: float = 1e-4
    wander: float = 0.01
    spectra: Nuisances = field(default_factory=Nuisances)


@dataclass(frozen=True)
class Leak:
    """A side current at high potential: it oxidises the electrolyte, so that a charge takes longer than it should.

    j(n) = end + (begin - end) exp(-(n - 1)/cycles) in cycle n, above about `potential`.

    Attributes
    ----------
    begin, end : [A/m2]; free, so that the mean is 0.33 uA/cm2 in cycles 7-10 and 0.08 in 46-50 and the printed
        efficiencies of 98.7 and 99.7 % come out.
    cycles : constant of the decay; free.
    potential, width : where it sets in, and over which range [V]; free.
    """

    begin: float
    end: float
    cycles: float = 10.0
    potential: float = 3.0
    width: float = 0.05


@dataclass(frozen=True)
class Interludes:
    """Impedance spectra between cycles, at the discharged state.

    Attributes
    ----------
    after : numbers of the cycles that a spectrum follows; 0 for one before the first cycle; free.
    rest : at open circuit before the spectrum, and again after it [s]; free.
    leak : self-discharge while the cell rests in an interlude [A/m2]; free. It makes the next charge longer, so the
        efficiency of the next cycle falls, as the text says of the cycles after a spectrum.
    drift : direct current that flows during the spectrum [A]; free. The cycler's own counter takes it for charge.
    lowest, highest, per_decade : frequencies [Hz] and points; free.
    """

    after: tuple[int, ...] = ()
    rest: float = 3600.0
    leak: float = 0.015
    drift: float = -5e-7
    lowest: float = 0.01
    highest: float = 1e6
    per_decade: int = 8


@dataclass(frozen=True)
class CellTruth:
    """Na | Na2B12H12-SiO2 | Prussian white composite. SI units.

    Attributes
    ----------
    name : of the cell and its stream of random numbers. active : material of its cathode.
    area : 0.283 cm2; printed (a 6 mm die).
    cathode_mass : of the composite, as weighed; printed.
    active_fraction, electrolyte_fraction, carbon_fraction : of that mass; printed as 7:2.5:0.5 and 6:3:1.
    theoretical_capacity : 171 mAh/g; printed.
    areal_capacity, c_rate, current_density : 0.505 mAh/cm2, C/10 = 50.51 uA/cm2 and 0.541 mAh/cm2, C/20 = 27.1 uA/cm2;
        printed.
    separator_mass, separator_thickness : 45 mg, 1.03 mm and 35 mg, 0.80 mm; printed, the thickness at full density.
    separator_void : share of voids, by which the real thickness is larger; free.
    separator_sample : which conductivity the separator has; free (the sample with the printed 5e-4 S/cm at 30 degC).
    temperature : 40 degC; printed. About 20 degC; printed as "room temperature".
    course : (cycle, difference to `temperature` [K]) of a room that is not controlled; free. Empty for an oven.
    cycles : 50; printed.
    first_rest : at least 3 h before cycling; printed. rest : 10 min after each leg; free.
    voltage_limits : 2.0 and 4.0 V; free.
    initial_content : of Na as the cell is made, 0 to 1; free. A cell that is made empty is discharged once before cycle 1.
    diffusivity : of Na in Prussian white at 20 degC, 1.5e-18 m2/s; free: makes the room cell give about 116 mAh/g.
    diffusion_energy : 0.55 eV; free, between 0.41 and 0.7 eV in Mn hexacyanoferrates (Jpn. J. Appl. Phys. 2016, 55,
        067101). particle_radius : 0.5 um; free.
    charge_transfer : resistance of Prussian white against electrolyte at 20 degC [ohm m2]; charge_transfer_energy; free.
    interface : resistance of Na against electrolyte at 30 degC, 20 ohm cm2; interface_energy [J]; free.
    electrolyte_capacitance : of the separator, 1 nF; free. interface_capacitance, charge_transfer_capacitance :
        [F/m2]; free. diffusion_coefficient : of the low-frequency branch [S s^0.5/m2]; free.
    fade_share : active share that is left in the end; fade_rate : per cycle; free, so that the capacity follows the
        printed level (0.85 + 0.15 exp(-0.38 (n - 1)) of the first discharge at 40 degC).
    fade_slope : further loss of the active share per cycle; free.
    leak, interludes : see there.
    current_range : of the cycler [A]; free. record : a row per change of voltage [V] or time [s]; free.
    """

    name: str
    cathode_mass: float
    active_fraction: float
    electrolyte_fraction: float
    carbon_fraction: float
    areal_capacity: float
    c_rate: float
    current_density: float
    separator_mass: float
    separator_thickness: float
    temperature: float
    fade_share: float
    fade_rate: float
    leak: Leak
    current_range: float
    active: str = "Prussian white"
    area: float = 0.283e-4
    theoretical_capacity: float = 171.0 * 3600.0
    separator_void: float = 0.05
    separator_sample: str = "A200-35-4h"
    course: tuple[tuple[float, float], ...] = ()
    cycles: int = 50
    first_rest: float = 3.0 * 3600.0
    rest: float = 600.0
    voltage_limits: tuple[float, float] = (2.0, 4.0)
    initial_content: float = 0.985
    diffusivity: float = 1.5e-18
    diffusion_energy: float = 0.55 * ELECTRONVOLT
    particle_radius: float = 0.5e-6
    charge_transfer: float = 126e-4
    charge_transfer_energy: float = 0.45 * ELECTRONVOLT
    interface: float = 20e-4
    interface_energy: float = 0.40 * ELECTRONVOLT
    electrolyte_capacitance: float = 1e-9
    interface_capacitance: float = 1e-2
    charge_transfer_capacitance: float = 2.0
    diffusion_coefficient: float = 30.0
    fade_slope: float = 0.0
    record: tuple[float, float] = (0.04, 600.0)
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
