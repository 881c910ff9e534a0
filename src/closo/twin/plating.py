"""Symmetric cells: plating and stripping at constant current, and the staircase to the critical current density.

*printed*: in the text of the reference study (Hehn et al., J. Mater. Chem. A 2026, 10.1039/d5ta09128d, CC BY 3.0).
*free*: a choice of this twin, because that text prints none; plausible, and nothing more.

| parameter | value | kind |
|---|---|---|
| area, thickness | 0.283 cm2, 0.80 mm | printed |
| conductivity, energy | 5e-4 S/cm at 30 degC, 0.38 eV | printed |
| interface | 20 ohm cm2 each | free: gives 10 mV in all |
| current density | 0.05 mA/cm2, > 150 h | printed; 1 h per half cycle: free |
| staircase | from 0.05 in steps of 0.05 mA/cm2, one cycle of 1 h + 1 h each | free; breakdown around the printed 0.3 |

The voltage of a cell at the current density j is

    U = j [ L/sigma(T(t)) + 2 R_i(t, sign) ] x (event) + zero + noise

with both interfaces of Butler-Volmer type, (2 RT/F) asinh(j R_i F / 2RT) each, that is j R_i where it is small.
The tests draw what disturbs a cell and what happens to it. Nothing here knows how closo detects.

Events. A *hard short* puts a small resistance across the cell within a sample, for good. A *soft short* puts a
resistance of the cell's own order across it: held, with a noise of its logarithm, or on and off; it may heal. *Contact
loss* takes interface away: its resistance grows ever faster (exponentially, or as 1/(1 - x) of a shrinking area) until
the voltage limit ends the file. It may befall one polarity only, and then grows only while that one flows.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from closo.constants import BOLTZMANN, ELECTRONVOLT

_THERMAL_VOLTAGE = BOLTZMANN * 303.15 / ELECTRONVOLT  # RT/F at 30 degC [V]


@dataclass(frozen=True)
class Cell:
    """What the cell is, in SI."""

    area: float = 0.283e-4  # m2
    thickness: float = 0.80e-3  # m
    conductivity: float = 0.05  # S/m at the nominal temperature
    energy: float = 0.38  # eV
    interface: float = 20e-4  # R_i of each interface when new [ohm m2]
    growth: float = 0.0  # of each, linear [ohm m2/s]
    parabolic: float = 0.0  # of each, with the square root of time [ohm m2/s^0.5]
    forming: float = 0.0  # share of R_i more at the beginning
    forming_time: float = 3600.0  # time constant with which that dies off [s]
    asymmetry: float = 0.0  # R_i of positive over negative half cycles, less one

    @property
    def ohmic(self) -> float:
        """L/sigma at the nominal temperature [ohm m2]."""
        return self.thickness / self.conductivity


@dataclass(frozen=True)
class Disturbances:
    """What disturbs a healthy cell and its record."""

    noise: float = 1e-4  # standard deviation of the voltage [V]
    zero: float = 0.0  # zero error of the voltage [V]
    gain: float = 0.0  # relative error of voltage readings
    current_gain: float = 0.0  # of current readings
    current_zero: float = 0.0  # zero error of the current [A]
    current_noise: float = 0.0  # standard deviation of its readings [A]
    clock: float = 0.0  # relative error of the times written
    walk: float = 0.0  # sd of a slow walk of the temperature, correlated over 6 h [K]
    daily: float = 0.0  # amplitude of its daily wave [K]
    ramp: float = 0.0  # one change of it within an hour [K]
    slope: float = 0.0  # relative rise of the interfaces across a half cycle
    spike: float = 0.0  # relative height of the transient after each change of polarity
    decay: float = 30.0  # its time constant [s]
    glitches: float = 0.0  # expected number of single wrong samples per 100 h
    rest_every: int = 0  # half cycles between two rests, 0 for none
    rest: float = 1800.0  # their length [s]
    spectra: bool = False  # whether each rest holds an impedance spectrum
    phase: float | None = None  # of a logger that ignores the program: share of a sampling step after each change


@dataclass(frozen=True)
class Event:
    """What happens to the cell; shorts up to `healing`, contact loss from `rise` on."""

    kind: str = "none"  # or 'hard short', 'soft short', 'contact loss'
    moment: float = 0.5  # fraction of the record (or of the step that breaks down) at which it begins
    ratio: float = 0.01  # resistance of the short over that of the cell (hard: over L/sigma)
    onset: float = 1.0  # time over which a soft one forms [s]
    spread: float = 0.0  # sd of ln(resistance)
    correlation: float = 60.0  # its correlation time [s]
    on: float = 0.0  # mean dwell times of a flickering one [s]; 0: held
    off: float = 0.0
    healing: float = math.inf  # time after which a soft one has gone [s]
    rise: float = 3600.0  # time from its beginning to the limit [s]
    limit: float = 5.0  # where the file ends [V]
    hyperbolic: bool = False  # 1/(1 - x) instead of exponential
    one_sided: bool = False  # only in positive half cycles


@dataclass(frozen=True)
class Symmetric:
    """A cell at +-j."""

    cell: Cell = field(default_factory=Cell)
    disturbances: Disturbances = field(default_factory=Disturbances)
    event: Event = field(default_factory=Event)
    current_density: float = 0.5  # A/m2
    half_cycle: float = 3600.0  # s
    half_cycles: int = 152
    sampling: float = 10.0  # s
    one_way: bool = False  # +j only


@dataclass(frozen=True)
class Staircase:
    """A staircase of current densities."""

    cell: Cell = field(default_factory=Cell)
    disturbances: Disturbances = field(default_factory=Disturbances)
    event: Event = field(default_factory=Event)  # in the first step whose current density reaches `breakdown`
    breakdown: float = 3.0  # A/m2
    start: float = 0.5  # A/m2
    step: float = 0.5  # A/m2
    half_cycle: float = 3600.0  # s
    half_cycles_per_step: int = 2
    steps: int = 12
    sampling: float = 10.0  # s
    one_way: bool = False


@dataclass(frozen=True)
class Record:
    """A record and the truth behind it, arrays of shape (points,)."""

    truth: Symmetric | Staircase
    time: np.ndarray  # s; these four are what the file says
    current: np.ndarray  # A
    voltage: np.ndarray  # V
    frequency: np.ndarray  # Hz, 0 outside of spectra
    true_voltage: np.ndarray  # V, without errors of the instrument
    ohmic_voltage: np.ndarray  # V, its share in the electrolyte
    half_cycle: np.ndarray  # its number from 0, -1 at rest
    tau: np.ndarray  # s since its beginning
    event_time: float  # when the event began [s] by a clock that is right, nan for none
    charge_to_event: float  # that passed until then, or to the last row [C]


def symmetric_cell(truth: Symmetric, rng: np.random.Generator) -> Record:
    """Return the record of a cell at +-j (positive first), with noise and walks drawn from `rng`.

    Example
    -------
    >>> record = symmetric_cell(Symmetric(half_cycles=4), np.random.default_rng(0))
    >>> f"{1e3 * abs(record.true_voltage[-1]):.0f} mV"  # 0.05 mA/cm2 through 160 + 2 x 20 ohm cm2
    '10 mV'
    """
    levels = np.full(truth.half_cycles, truth.current_density)
    schedule = _schedule(levels, truth)
    total = float(schedule["time"][-1])
    return _record(truth, schedule, truth.event.moment * total, rng)


def staircase(truth: Staircase, rng: np.random.Generator) -> Record:
    """Return the record of a staircase of current densities (positive first), with noise and walks drawn from `rng`.

    Where no step reaches `breakdown`, nothing happens. After a short the program goes on to its last step.
    """
    levels = truth.start + truth.step * np.repeat(np.arange(truth.steps), truth.half_cycles_per_step)
    schedule = _schedule(levels, truth)
    failing = np.flatnonzero(levels >= truth.breakdown * (1 - 1e-12))
    moment = math.nan
    if truth.event.kind != "none" and failing.size:
        rows = np.flatnonzero(np.isin(schedule["half_cycle"], failing[: truth.half_cycles_per_step]))
        first, last = schedule["time"][rows[0]], schedule["time"][rows[-1]]
        moment = float(first + truth.event.moment * (last - first))
    return _record(truth, schedule, moment, rng)


def _schedule(levels: np.ndarray, truth: Symmetric | Staircase) -> dict[str, np.ndarray]:
    """Return time, tau [s], signed current density [A/m2], half cycle and frequency [Hz] of every row."""
    d = truth.disturbances
    steps = round(truth.half_cycle / truth.sampling)
    tau = np.concatenate([[1e-3], truth.sampling * np.arange(1, steps + 1)])
    blank = truth.sampling * np.arange(1, round(d.rest / truth.sampling) + 1)
    if d.phase is not None:
        tau, blank = truth.sampling * (np.arange(steps) + d.phase), blank - truth.sampling * (1 - d.phase)
    parts: list[tuple[np.ndarray, float, int, np.ndarray]] = []
    lengths: list[float] = []
    for k, level in enumerate(levels):
        if d.rest_every and k and k % d.rest_every == 0 and blank.size:
            sweep = np.zeros(blank.size)
            if d.spectra:
                sweep[: min(50, blank.size)] = np.logspace(6, 0, 50)[: blank.size]
            parts.append((blank, 0.0, -1, sweep))
            lengths.append(round(d.rest / truth.sampling) * truth.sampling)
        parts.append((tau, level if k % 2 == 0 or truth.one_way else -level, k, np.zeros(tau.size)))
        lengths.append(steps * truth.sampling)
    begins = np.cumsum([0.0, *lengths])
    return {
        "begins": begins,
        "levels": np.array([abs(level) for _, level, _, _ in parts]),
        "time": np.concatenate([begin + t for begin, (t, _, _, _) in zip(begins, parts, strict=False)]),
        "tau": np.concatenate([t for t, _, _, _ in parts]),
        "density": np.concatenate([np.full(t.size, j) for t, j, _, _ in parts]),
        "half_cycle": np.concatenate([np.full(t.size, k) for t, _, k, _ in parts]),
        "frequency": np.concatenate([f for _, _, _, f in parts]),
    }


def _record(
    truth: Symmetric | Staircase, s: dict[str, np.ndarray], event_time: float, rng: np.random.Generator
) -> Record:
    cell, d = truth.cell, truth.disturbances
    ohmic = cell.ohmic * np.exp(-_temperature(s["time"], d, rng) * _sensitivity(cell))
    shape = _transients(s, truth)
    interface = _interface(cell, s["time"], s["density"]) * shape
    j = np.abs(s["density"])
    loss = np.zeros(j.size)
    if truth.event.kind == "contact loss" and math.isfinite(event_time):
        loss = _contact_loss(truth, s, event_time, ohmic + 2 * interface)
    kinetic = 4 * _THERMAL_VOLTAGE * np.arcsinh(j * interface / (2 * _THERMAL_VOLTAGE))
    size = j * ohmic + kinetic + j * loss
    kept_share = _short_factor(truth.event, s, event_time, j * ohmic / np.maximum(size, 1e-12), rng=rng)
    size, ohmic_size = size * kept_share, j * ohmic * kept_share
    sign = np.sign(s["density"])
    kept = _until_limit(truth.event, size)
    true = sign * np.minimum(size, truth.event.limit * 1.01)
    voltage = _measured(true, s, truth, rng)
    happened = truth.event.kind != "none" and math.isfinite(event_time)
    last = event_time if happened else s["time"][kept - 1]
    return Record(
        truth,
        time=s["time"][:kept] * (1 + d.clock),
        current=_read_current(s, truth, rng)[:kept],
        voltage=voltage[:kept],
        frequency=s["frequency"][:kept],
        true_voltage=true[:kept],
        ohmic_voltage=(sign * ohmic_size)[:kept],
        half_cycle=s["half_cycle"][:kept],
        tau=s["tau"][:kept],
        event_time=event_time if happened else math.nan,
        charge_to_event=float(s["levels"] @ np.clip(last - s["begins"][:-1], 0.0, np.diff(s["begins"])) * cell.area),
    )


def _read_current(s: dict[str, np.ndarray], truth: Symmetric | Staircase, rng: np.random.Generator) -> np.ndarray:
    """Return the current that the instrument says [A]: gain, zero and noise, nothing at rest."""
    d, density = truth.disturbances, s["density"]
    noise = d.current_noise * rng.standard_normal(density.size) if d.current_noise else 0.0
    read = density * truth.cell.area * (1 + d.current_gain) + d.current_zero + noise
    return np.asarray(np.where(density == 0, 0.0, read))


def _sensitivity(cell: Cell) -> float:
    """Return d ln(sigma)/dT at 30 degC [1/K]."""
    return cell.energy * ELECTRONVOLT / (BOLTZMANN * 303.15**2)


def _correlated(time: np.ndarray, correlation: float, rng: np.random.Generator) -> np.ndarray:
    """Return noise of sd 1 that forgets itself over `correlation` [s], at (nearly) even times."""
    from scipy.signal import lfilter

    step = float(np.median(np.diff(time))) if time.size > 1 else 1.0
    keep = math.exp(-step / correlation)
    white = rng.standard_normal(time.size)
    return np.asarray(lfilter([math.sqrt(1 - keep**2)], [1.0, -keep], white, zi=[keep * rng.standard_normal()])[0])


def _temperature(time: np.ndarray, d: Disturbances, rng: np.random.Generator) -> np.ndarray:
    """Return the deviation from the nominal temperature [K]."""
    phase, begin = rng.uniform(0, 2 * math.pi), rng.uniform(0.1, 0.9) * time[-1]
    wave = d.daily * np.sin(2 * math.pi * time / 86400 + phase)
    ramp = d.ramp * np.clip((time - begin) / 3600, 0, 1)
    return np.asarray(d.walk * _correlated(time, 6 * 3600.0, rng) + wave + ramp)


def _interface(cell: Cell, time: np.ndarray, density: np.ndarray) -> np.ndarray:
    """Return R_i [ohm m2] over time, for the polarity of each row."""
    grown = cell.interface * (1 + cell.forming * np.exp(-time / cell.forming_time))
    grown = grown + cell.growth * time + cell.parabolic * np.sqrt(time)
    return np.asarray(grown * (1 + 0.5 * cell.asymmetry * np.sign(density)))


def _transients(s: dict[str, np.ndarray], truth: Symmetric | Staircase) -> np.ndarray:
    """Return the factor on the interfaces: a spike after each change of polarity and a slope across the half cycle."""
    d = truth.disturbances
    return np.asarray(
        1 + d.spike * np.exp(-s["tau"] / d.decay) + d.slope * (np.clip(s["tau"] / truth.half_cycle, 0, 1) - 0.5)
    )


def _contact_loss(
    truth: Symmetric | Staircase, s: dict[str, np.ndarray], begin: float, healthy: np.ndarray
) -> np.ndarray:
    """Return the additional resistance [ohm m2] that reaches the voltage limit after `rise`."""
    e = truth.event
    flows = s["density"] > 0 if e.one_sided else s["density"] != 0
    running = np.diff(s["time"], prepend=0.0) * flows * (s["time"] >= begin)
    since = np.minimum(np.cumsum(running) / e.rise, 1.2)
    k = int(np.searchsorted(s["time"], begin))
    j = float(np.abs(s["density"][k:]).max(initial=1e-9))
    needed = max(e.limit / j - healthy[min(k, healthy.size - 1)], 0.0)
    seed = 2 * float(truth.cell.interface)
    if e.hyperbolic:
        loss = seed * since / np.maximum(1 - since, 1e-6)
    else:
        loss = seed * np.expm1(since * math.log1p(needed / seed))
    return np.asarray(np.where(s["density"] > 0, loss, 0.0) if e.one_sided else loss)


def _short_factor(
    e: Event, s: dict[str, np.ndarray], begin: float, ohmic_share: np.ndarray, *, rng: np.random.Generator
) -> np.ndarray:
    """Return what a short across the cell leaves of the voltage (the current divides); `ohmic_share` is that of |U|."""
    after = s["time"] >= begin if math.isfinite(begin) else np.zeros(ohmic_share.size, bool)
    if e.kind not in ("hard short", "soft short") or not after.any():
        return np.ones(ohmic_share.size)
    if e.kind == "hard short":
        short = np.maximum(e.ratio * ohmic_share, 1e-9)
        return np.asarray(np.where(after, short / (1.0 + short), 1.0))
    noise = np.exp(e.spread * _correlated(s["time"], e.correlation, rng))
    grown = np.clip((s["time"] - begin) / max(e.onset, 1e-3), 0, 1)
    grown[s["time"] > begin + e.healing] = 0.0
    conductance = np.where(after, grown * noise / e.ratio, 0.0)
    if e.on > 0:
        conductance *= _telegraph(s["time"], int(np.argmax(after)), e, rng)
    return np.asarray(1.0 / (1.0 + conductance))


def _telegraph(time: np.ndarray, first: int, e: Event, rng: np.random.Generator) -> np.ndarray:
    """Return 1 where a flickering short is on, 0 where it is off; on at row `first`."""
    count = 2 + 2 * int((time[-1] - time[first]) / (e.on + e.off) + 10)
    dwell = np.where(np.arange(2 * count) % 2 == 0, e.on, e.off) * rng.exponential(size=2 * count)
    switches = time[first] + np.cumsum(dwell)
    return np.where(np.searchsorted(switches, time, side="right") % 2 == 0, 1.0, 0.0)


def _until_limit(e: Event, size: np.ndarray) -> int:
    """Return the number of rows up to the voltage limit, which ends the file."""
    over = np.flatnonzero(size >= e.limit)
    return int(over[0]) + 1 if over.size else int(size.size)


def _measured(
    true: np.ndarray, s: dict[str, np.ndarray], truth: Symmetric | Staircase, rng: np.random.Generator
) -> np.ndarray:
    """Return what the instrument says: gain, zero, noise, and single wrong samples of up to twice the voltage."""
    d = truth.disturbances
    voltage = true * (1 + d.gain) + d.zero + d.noise * rng.standard_normal(true.size)
    count = rng.poisson(d.glitches * s["time"][-1] / 360000.0)
    where = rng.integers(0, true.size, count)
    voltage[where] = voltage[where] * rng.uniform(-1.0, 2.0, count)
    return np.asarray(voltage)
