"""One cell, cycled and recorded: the arrays of its file, and the truth behind them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from closo.twin.cell.draws import Draws, draw, temperature_of
from closo.twin.cell.particle import fresh
from closo.twin.cell.simulation import CHARGE, DISCHARGE, REST, REST_CHARGED, REST_DISCHARGED, Cell, Row
from closo.twin.cell.truth import CellTruth
from closo.twin.impedance import draw_instrument, measured
from closo.twin.truth import Nuisances, stream


@dataclass(frozen=True)
class CycleTruth:
    """What really happened in each cycle; arrays of shape (cycles,)."""

    charge: np.ndarray  # that went through the cell [C], > 0
    discharge: np.ndarray  # C, > 0
    efficiency: np.ndarray  # discharge over charge
    temperature: np.ndarray  # mean of the discharge [K]
    duration: np.ndarray  # from the beginning of the charge to the end of the discharge [s]
    discharging: np.ndarray  # of the discharge [s]


@dataclass(frozen=True)
class CellRun:
    """The rows of a file in SI, shape (n,), with what a notebook says of the cell and the truth."""

    truth: CellTruth
    seed: int
    time: np.ndarray  # s
    current: np.ndarray  # as the cycler reads it [A]; > 0 charges
    voltage: np.ndarray  # V
    charge: np.ndarray  # the cycler's own counter [C], spectra included
    cycle: np.ndarray  # counters
    half_cycle: np.ndarray
    step: np.ndarray  # of the program: rest, spectrum, rest, charge, rest, discharge, rest
    temperature: np.ndarray  # as read, with the error of its thermometer [K]
    frequency: np.ndarray  # Hz, 0 outside spectra
    impedance: np.ndarray  # ohm, 0 outside spectra
    draws: Draws  # the cell behind it
    cycles: CycleTruth

    @property
    def readings(self) -> dict[str, str]:
        """What the notebook says of the cell: key of `[cells.*]` -> text as in study.toml."""
        truth, u = self.truth, self.truth.nuisances
        return {
            "area": f"{self.draws.area_reading * 1e4:.3f} ± {truth.area * u.area * 1e4:.5f} cm2",
            "cathode_mass": f"{self.draws.mass_reading * 1e6:.1f} ± {u.mass * 1e6:g} mg",
        }


def cycle_cell(truth: CellTruth, *, seed: int, cycles: int | None = None) -> CellRun:
    """Cycle a cell and return what the cycler records, and the truth.

    Equal arguments give equal arrays.

    Parameters
    ----------
    seed : of mass, area, thermometer, cycler and noise. cycles : fewer than those of the truth.

    Example
    -------
    >>> from closo.twin.cell import WARM_CELL
    >>> run = cycle_cell(WARM_CELL.undisturbed(), seed=0, cycles=1)
    >>> round(171 * float(run.cycles.discharge[0] / run.draws.capacity))  # mAh/g
    141
    """
    draws = draw(truth, seed)
    cell = Cell(truth, draws, fresh(truth.initial_content), temperature_of(truth, draws, seed))
    count = truth.cycles if cycles is None else cycles
    level = truth.current_density * draws.area_reading
    true = {sign: sign * level * draws.gain + draws.offset for sign in (1, -1)}
    seconds = np.zeros((count, 2))
    kelvin = np.zeros(count)
    borders = []
    cell.run(0.0, REST, duration=truth.first_rest)
    if 0 in truth.interludes.after:
        cell.interlude()
    if truth.initial_content < 0.5:
        cell.run(true[-1], DISCHARGE)
        cell.run(0.0, REST_DISCHARGED, duration=truth.rest)
    for n in range(1, count + 1):
        cell.cycle, cell.began = n, cell.time
        fading = (1.0 - truth.fade_share) * np.exp(-truth.fade_rate * (n - 1))
        cell.share = truth.fade_share + float(fading) - truth.fade_slope * (n - 1)
        borders.append(len(cell.rows))
        seconds[n - 1, 0] = cell.run(true[1], CHARGE)
        cell.run(0.0, REST_CHARGED, duration=truth.rest)
        first = len(cell.rows)
        seconds[n - 1, 1] = cell.run(true[-1], DISCHARGE)
        kelvin[n - 1] = np.mean([row.temperature for row in cell.rows[first:]])
        cell.run(0.0, REST_DISCHARGED, duration=truth.rest)
        if n in truth.interludes.after:
            cell.interlude()
    passed = np.abs(seconds * [true[1], true[-1]])
    whole = seconds.sum(axis=1) + truth.rest
    happened = CycleTruth(passed[:, 0], passed[:, 1], passed[:, 1] / passed[:, 0], kelvin, whole, seconds[:, 1])
    return _recorded(cell, seed, level=level, borders=borders, happened=happened)


def _recorded(cell: Cell, seed: int, *, level: float, borders: list[int], happened: CycleTruth) -> CellRun:
    """Return the rows with the errors of cycler and thermometer."""
    truth, u = cell.truth, cell.truth.nuisances
    rng = stream(seed, "cycler", truth.name)
    rows = {name: np.array([getattr(row, name) for row in cell.rows]) for name in Row.__dataclass_fields__}
    step, time = rows["step"], rows["time"]
    asked = np.select([step == CHARGE, step == DISCHARGE], [level, -level], rows["current"])
    current = np.where(
        asked == 0.0, 0.0, asked + u.current_noise * truth.current_range * rng.standard_normal(step.size)
    )
    spectrum = rows["frequency"] > 0.0
    impedance = np.zeros(step.size, complex)
    impedance[spectrum] = _spectra(rows, spectrum, u.spectra, seed=seed, rng=rng)
    began = np.diff(step, prepend=-1) != 0
    cycle = np.maximum(np.searchsorted(borders, np.arange(step.size), side="right") - 1, 0)
    moved = np.where(began & ~spectrum, 0.0, current * np.diff(time, prepend=0.0))
    return CellRun(
        truth=truth,
        seed=seed,
        time=time,
        current=current,
        voltage=rows["voltage"] + u.voltage_noise * rng.standard_normal(step.size),
        charge=np.cumsum(moved),
        cycle=cycle,
        half_cycle=cycle + np.cumsum(began & (step == DISCHARGE)),
        step=step,
        temperature=rows["temperature"] + cell.draws.thermometer,
        frequency=rows["frequency"],
        impedance=impedance,
        draws=cell.draws,
        cycles=happened,
    )


def _spectra(
    rows: dict[str, np.ndarray], spectrum: np.ndarray, nuisances: Nuisances, *, seed: int, rng: np.random.Generator
) -> np.ndarray:
    """Return the impedance of all spectra as the instrument reads it, in file order."""
    frequency, true = rows["frequency"][spectrum], rows["impedance"][spectrum]
    instrument = draw_instrument(seed, nuisances)
    starts = np.flatnonzero(np.diff(frequency, prepend=0.0) > 0.0)
    parts = zip(np.split(frequency, starts[1:]), np.split(true, starts[1:]), strict=True)
    read = [measured(f, z, instrument=instrument, nuisances=nuisances, rng=rng) for f, z in parts if f.size]
    return np.concatenate(read) if read else np.zeros(0, complex)
