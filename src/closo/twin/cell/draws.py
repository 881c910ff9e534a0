"""What is drawn once per cell: masses, areas, thermometers, and the readings a notebook holds about them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from closo.twin.cell.truth import CellTruth
from closo.twin.truth import stream

_DAY = 86400.0
_DAYS = 120  # of room temperature that are drawn


@dataclass(frozen=True)
class Draws:
    """One cell. `*_reading` is what the notebook says, the rest is the truth."""

    mass: float  # of the composite [kg]
    area: float  # m2
    capacity: float  # of all its active material [C]
    gain: float  # true over set current
    offset: float  # true minus set current at zero [A]
    thermometer: float  # reading minus true temperature [K]
    mass_reading: float
    area_reading: float


def draw(truth: CellTruth, seed: int) -> Draws:
    """Return the cell of one seed."""
    u = truth.nuisances
    mass, area, gain, offset, thermometer = stream(seed, "cell", truth.name).standard_normal(5)
    true_mass = truth.cathode_mass + u.mass * mass
    return Draws(
        mass=true_mass,
        area=truth.area * (1.0 + u.area * area),
        capacity=true_mass * truth.active_fraction * truth.theoretical_capacity,
        gain=1.0 + u.current_gain * gain,
        offset=u.current_offset * truth.current_range * offset,
        thermometer=u.temperature_offset * thermometer,
        mass_reading=truth.cathode_mass,
        area_reading=truth.area,
    )


def temperature_of(truth: CellTruth, draws: Draws, seed: int) -> Callable[[int, float, float], float]:
    """Return the true temperature [K] as a function of the cycle, the seconds in it and the time [s].

    An oven stays where it is, off its setpoint by what its thermometer does not tell. A room follows the declared
    course, whatever the cell's pace, plus a little that is drawn for each day.
    """
    if not truth.course:
        return lambda cycle, within, time: truth.temperature - draws.thermometer
    cycles, differences = (np.array(column) for column in zip(*truth.course, strict=True))
    daily = truth.nuisances.wander * stream(seed, "room", truth.name).standard_normal(_DAYS)
    length = 1.4 / truth.c_rate  # of a cycle at about 70 % utilisation

    def room(cycle: int, within: float, time: float) -> float:
        place = cycle - 0.5 + min(within / length, 1.0)
        wander = np.interp(time / _DAY, np.arange(_DAYS), daily)
        return truth.temperature + float(np.interp(place, cycles, differences) + wander)

    return room
