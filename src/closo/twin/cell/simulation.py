"""Cycle a cell: constant current between two voltages, rests and spectra, and the rows that a cycler keeps of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from closo.constants import BOLTZMANN
from closo.twin.cell.draws import Draws
from closo.twin.cell.particle import Particle, advanced, open_circuit_potential, surface, titanium_disulfide
from closo.twin.cell.spectrum import cell_impedance, interface_resistances, separator_resistance
from closo.twin.cell.truth import CellTruth
from closo.twin.impedance import frequencies

REST, SPECTRUM, REST_AFTER, CHARGE, REST_CHARGED, DISCHARGE, REST_DISCHARGED = range(7)  # steps of the program
_REFERENCE = 293.15  # K, of the diffusivity
_POLL = 1.0  # s, how often the cycler looks at a limit
_POTENTIALS = {"Prussian white": open_circuit_potential, "TiS2": titanium_disulfide}
_LONGEST = 100.0 * 3600.0  # s, of a leg; none comes near


@dataclass(frozen=True)
class Row:
    """One row as it happened, without errors of the instrument; SI."""

    time: float
    current: float
    voltage: float
    step: int
    temperature: float
    frequency: float = 0.0
    impedance: complex = 0.0


@dataclass
class Cell:
    """A cell while it is cycled."""

    truth: CellTruth
    draws: Draws
    particle: Particle
    temperature: Callable[[int, float, float], float]  # (cycle, seconds in it, time) -> K
    share: float = 1.0  # of the active material that still takes part
    time: float = 0.0
    cycle: int = 1
    began: float = 0.0
    rows: list[Row] = field(default_factory=list)  # what has been recorded so far

    def now(self) -> float:
        """Return the temperature [K]."""
        return self.temperature(self.cycle, self.time - self.began, self.time)

    def leak(self, voltage: float, *, interlude: bool = False) -> float:
        """Return the side current [A]."""
        leak, n = self.truth.leak, self.cycle
        if interlude:
            return self.truth.interludes.leak * self.draws.area
        density = leak.end + (leak.begin - leak.end) * float(np.exp(-(n - 1) / leak.cycles))
        return density * self.draws.area / (1.0 + float(np.exp((leak.potential - voltage) / leak.width)))

    def moved(self, current: float, side: float, duration: float) -> tuple[Particle, float]:
        """Return the particle and the voltage [V] after `duration` [s] at `current`, of which `side` is a leak [A]."""
        truth, kelvin = self.truth, self.now()
        energy = truth.diffusion_energy / BOLTZMANN
        diffusivity = truth.diffusivity * float(np.exp(-energy * (1.0 / kelvin - 1.0 / _REFERENCE)))
        frequency = diffusivity / truth.particle_radius**2
        rate = -(current - side) / (self.draws.capacity * self.share)
        particle = advanced(self.particle, rate, frequency, duration)
        resistance = separator_resistance(truth, kelvin, self.draws.area)
        resistance += sum(interface_resistances(truth, kelvin, self.draws.area))
        voltage = _POTENTIALS[truth.active](surface(particle, rate, frequency)) + current * resistance
        return particle, voltage

    def record(self, current: float, voltage: float, step: int) -> None:
        """Keep a row."""
        self.rows.append(Row(self.time, current, voltage, step, self.now()))

    def run(self, current: float, step: int, *, duration: float = _LONGEST, interlude: bool = False) -> float:
        """Let `current` [A] flow until a voltage limit or for `duration` [s]; return the seconds that it took."""
        begin, (dv, dt_record) = self.time, self.truth.record
        if not current:  # a rest is recorded by time alone
            dv, dt_record = np.inf, min(dt_record, 0.2 * duration)
        voltage = self.moved(current, 0.0, 0.0)[1]
        self.record(current, voltage, step)
        dt = 1.0
        while (left := begin + duration - self.time) > 1e-6:
            dt = min(dt, left, max(self.rows[-1].time + dt_record - self.time, _POLL))
            side = self.leak(voltage, interlude=interlude)
            particle, after = self.moved(current, side, dt)
            if abs(after - self.rows[-1].voltage) > dv and dt > _POLL:
                dt = max(_POLL, 0.5 * dt)
                continue
            if current and self._beyond(current, after):
                dt = self._until_limit(current, side, dt)
                particle, after = self.moved(current, side, dt)
                left = dt
            self.particle, voltage, self.time = particle, after, self.time + dt
            row = self.rows[-1]
            if abs(voltage - row.voltage) >= 0.8 * dv or self.time - row.time >= dt_record - 1e-6 or dt >= left:
                self.record(current, voltage, step)
            if dt >= left:
                break
            dt *= 2.0
        return self.time - begin

    def _beyond(self, current: float, voltage: float) -> bool:
        low, high = self.truth.voltage_limits
        return voltage >= high if current > 0.0 else voltage <= low

    def _until_limit(self, current: float, side: float, longest: float) -> float:
        """Return when the voltage reaches its limit within `longest` seconds, as the cycler notices it."""
        low, high = 0.0, longest
        while high - low > 0.01:
            middle = 0.5 * (low + high)
            low, high = (low, middle) if self._beyond(current, self.moved(current, side, middle)[1]) else (middle, high)
        return float(np.ceil(high / _POLL)) * _POLL

    def interlude(self) -> None:
        """Rest, measure a spectrum, and rest again; the cell loses charge meanwhile."""
        plan, truth = self.truth.interludes, self.truth
        self.run(0.0, REST, duration=plan.rest, interlude=True)
        frequency = frequencies(plan.highest, plan.lowest, plan.per_decade)
        impedance = cell_impedance(frequency, truth, self.now(), self.draws.area)
        for f, z in zip(frequency, impedance, strict=True):
            dt = 0.8 + 4.0 / float(f)
            self.particle, voltage = self.moved(plan.drift, self.leak(0.0, interlude=True), dt)
            self.time += dt
            self.rows.append(Row(self.time, plan.drift, voltage, SPECTRUM, self.now(), float(f), complex(z)))
        self.run(0.0, REST_AFTER, duration=plan.rest, interlude=True)
