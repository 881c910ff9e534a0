"""A cycler with known errors: records of a cell whose true charges are known."""

from dataclasses import dataclass, field

import numpy as np

from closo.dataset import new

CURRENT = 80e-6  # A, true
RANGE = 100e-6  # A
SECONDS = 36000.0  # of a leg of full capacity
FULL = CURRENT * SECONDS  # C


@dataclass
class Record:
    """Rows of a record, as a cycler writes them."""

    dt: float = 60.0
    end_row: bool = False  # whether a row is written where a leg ends
    time: float = 0.0
    rows: dict = field(
        default_factory=lambda: {k: [] for k in ("time", "current", "voltage", "frequency", "temperature")}
    )

    def add(self, time, current, voltage, *, frequency=0.0, temperature=293.15):
        n = len(time)
        for key, values in zip(self.rows, (time, current, voltage, frequency, temperature), strict=True):
            self.rows[key].append(np.broadcast_to(np.asarray(values, float), (n,)))

    def leg(self, sign, charge, *, limits=(2.0, 3.8), current=CURRENT, stop_at=1.0, temperature=293.15):
        """Pass `charge` [C]; the leg ends between two rows unless it is a multiple of the step. Returns nothing."""
        duration = charge / current
        inside = np.arange(0.0, duration + 1e-9, self.dt)
        if self.end_row and duration > inside[-1]:
            inside = np.append(inside, duration)
        low, high = limits
        share = inside / duration * stop_at
        voltage = low + (high - low) * (share if sign > 0 else 1.0 - share)
        self.add(self.time + inside, sign * current, voltage, temperature=temperature)
        self.time += inside[-1] + self.dt

    def rest(self, seconds, voltage=3.0, temperature=293.15):
        inside = np.arange(0.0, seconds, self.dt)
        self.add(self.time + inside, 0.0, voltage, temperature=temperature)
        self.time += inside[-1] + self.dt

    def spectrum(self, points=30, seconds=300.0, amplitude=2e-6, voltage=3.0, temperature=293.15):
        """Rows of a spectrum, with the direct current that instruments write there."""
        step = seconds / points
        frequency = np.geomspace(1e6, 0.1, points)
        self.add(
            self.time + step * np.arange(1, points + 1),
            amplitude,
            voltage,
            frequency=frequency,
            temperature=temperature,
        )
        self.time += step * points + self.dt

    def dataset(self, *, offset=0.0, gain=0.0, noise=0.0, rng=None, counter=False, ranges=True, **keywords):
        columns = {key: np.concatenate(values) for key, values in self.rows.items()}
        true = columns["current"]
        measured = np.where(true != 0, true * (1.0 + gain) + offset, 0.0)
        if noise:
            measured = measured + np.where(true != 0, noise * rng.standard_normal(len(true)), 0.0)
        columns["current"] = measured
        if counter:
            step = np.diff(columns["time"], prepend=columns["time"][0])
            columns["charge"] = np.cumsum(measured * step)
        if ranges:
            columns["current_range"] = np.full(len(true), RANGE)
        if not np.any(columns["frequency"] > 0):
            del columns["frequency"]
        if np.ptp(columns["temperature"]) == 0:
            del columns["temperature"]
        return new("cycling", columns, source=keywords.pop("source", "cell.mpr"), **keywords)


def cathode_cell(
    capacities, efficiencies, *, spectra_before=(), temperatures=None, dt=60.0, initial=0.0, rest=600.0, end_row=False
):
    """Return the record of a cathode half cell: charges, and discharges of `capacities` (fractions of FULL)."""
    record = Record(dt=dt, end_row=end_row)
    record.rest(rest)
    if initial:
        record.leg(-1, initial * FULL)
    for k, (q, ce) in enumerate(zip(capacities, efficiencies, strict=True)):
        warm = 293.15 if temperatures is None else temperatures[k]
        if k + 1 in spectra_before:
            record.spectrum(temperature=warm)
        record.leg(+1, q * FULL / ce, temperature=warm)
        record.leg(-1, q * FULL, temperature=warm)
        record.rest(rest, temperature=warm)
    return record
