"""What disturbs symmetric cells and what happens to them, drawn over realistic ranges.

All ranges are *free* choices (no study prints them), set from what published symmetric cells of sulfides, garnets and
hydroborates show, before any detector was run on them. U is uniform, LU uniform in the logarithm.

| nuisance | range |
|---|---|
| R_i of each interface | LU 5-200 ohm cm2 (L/sigma is 160) |
| growth over the record | U 0-1 of R_i, linear or with the root of time |
| forming | in half of the cells U 0-0.5 of R_i more at first, gone with LU 1-10 h |
| asymmetry of the polarities | sd 5 % of R_i |
| temperature | walk of sd U 0.1-1 K, daily wave U 0-0.5 K, in a third of the cells a change of U +-2 K in an hour |
| slope across a half cycle | U -10-20 % of R_i |
| spike at a change of polarity | U -0.4-1 of R_i, decaying with LU 5-150 s |
| noise, zero of the voltage | LU 0.02-0.3 mV, sd 0.1 mV |
| glitches (one sample, -1 to 2 times U) | U 0-5 per 100 h |
| rests | in half of the records every 4 or 8 half cycles 15-60 min, with or without a spectrum |

| event | range |
|---|---|
| hard short | LU 1e-4-0.03 of L/sigma |
| soft short, held (half of them) | LU 0.12-2.5 of the cell's resistance, sd of its logarithm U 0.05-0.6 |
| soft short, flickering (a third) | U 0.05-1 of it; on for LU 20-600 s, off for LU 60-3000 s on average |
| soft short, noisy (a sixth) | U 1-4 of it, sd U 0.4-1 |
| of all soft shorts | forming over LU 1-1800 s, correlated over LU 10-600 s; 40 % heal after LU 0.3-10 half cycles |
| contact loss | exponential or hyperbolic, LU 0.5-20 h to the limit of LU 0.5-5 V, half of them in one polarity only |
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from closo.twin.plating import Cell, Disturbances, Event, Staircase, Symmetric


def _log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    return float(math.exp(rng.uniform(math.log(low), math.log(high))))


def draw_cell(rng: np.random.Generator, duration: float) -> Cell:
    """Return a cell whose interfaces form and grow over a record of `duration` [s]."""
    interface = _log_uniform(rng, 5e-4, 200e-4)
    grown = rng.uniform(0, 1) * interface
    linear = rng.random() < 0.5
    forms = rng.random() < 0.5
    return Cell(
        interface=interface,
        growth=grown / duration if linear else 0.0,
        parabolic=0.0 if linear else grown / math.sqrt(duration),
        forming=rng.uniform(0, 0.5) if forms else 0.0,
        forming_time=_log_uniform(rng, 1.0, 10.0) * 3600.0,
        asymmetry=0.05 * rng.standard_normal(),
    )


def draw_disturbances(rng: np.random.Generator) -> Disturbances:
    """Return what disturbs one record."""
    rests = rng.random() < 0.5
    return Disturbances(
        noise=_log_uniform(rng, 2e-5, 3e-4),
        zero=1e-4 * rng.standard_normal(),
        gain=1e-3 * rng.standard_normal(),
        current_gain=1e-3 * rng.standard_normal(),
        walk=rng.uniform(0.1, 1.0),
        daily=rng.uniform(0, 0.5),
        ramp=rng.uniform(-2, 2) if rng.random() < 1 / 3 else 0.0,
        slope=rng.uniform(-0.1, 0.2),
        spike=rng.uniform(-0.4, 1.0),
        decay=_log_uniform(rng, 5.0, 150.0),
        glitches=rng.uniform(0, 5),
        rest_every=int(rng.choice([4, 8])) if rests else 0,
        rest=float(rng.choice([900.0, 1800.0, 3600.0])),
        spectra=bool(rng.random() < 0.5),
    )


def draw_event(kind: str, rng: np.random.Generator, half_cycle: float) -> Event:
    """Return an event of `kind` ('none', 'hard short', 'soft short', 'contact loss')."""
    moment = rng.uniform(0.1, 0.8)
    if kind == "hard short":
        return Event(kind, moment, ratio=_log_uniform(rng, 1e-4, 0.03))
    if kind == "contact loss":
        return Event(
            kind,
            moment,
            rise=_log_uniform(rng, 0.5, 20.0) * 3600.0,
            limit=_log_uniform(rng, 0.5, 5.0),
            hyperbolic=bool(rng.random() < 0.5),
            one_sided=bool(rng.random() < 0.5),
        )
    if kind != "soft short":
        return Event()
    mode = rng.choice(["held", "flicker", "noisy"], p=[1 / 2, 1 / 3, 1 / 6])
    held = Event(
        kind,
        moment,
        ratio=_log_uniform(rng, 0.12, 2.5),
        onset=_log_uniform(rng, 1.0, 1800.0),
        spread=rng.uniform(0.05, 0.6),
        correlation=_log_uniform(rng, 10.0, 600.0),
        healing=_log_uniform(rng, 0.3, 10.0) * half_cycle if rng.random() < 0.4 else math.inf,
    )
    if mode == "flicker":
        on, off = _log_uniform(rng, 20.0, 600.0), _log_uniform(rng, 60.0, 3000.0)
        return replace(held, ratio=rng.uniform(0.05, 1.0), on=on, off=off)
    if mode == "noisy":
        return replace(held, ratio=rng.uniform(1.0, 4.0), spread=rng.uniform(0.4, 1.0))
    return held


def draw_symmetric(kind: str, rng: np.random.Generator, *, half_cycles: int = 152, sampling: float = 10.0) -> Symmetric:
    """Return a cell at +-0.05 mA/cm2 with 1 h half cycles to which `kind` happens."""
    half_cycle = 3600.0
    cell, disturbances = draw_cell(rng, half_cycles * half_cycle), draw_disturbances(rng)
    event = draw_event(kind, rng, half_cycle)
    if kind == "contact loss":  # it must arrive within the record
        total, sides = half_cycles * half_cycle, 2 if event.one_sided else 1
        event = replace(event, rise=min(event.rise, 0.6 * total / sides))
        event = replace(event, moment=rng.uniform(0.1, 0.9 - sides * event.rise / total))
    return Symmetric(cell, disturbances, event, half_cycles=half_cycles, half_cycle=half_cycle, sampling=sampling)


def draw_staircase(kind: str, rng: np.random.Generator) -> Staircase:
    """Return a staircase to which `kind` happens: steps of 0.025, 0.05 or 0.1 mA/cm2, breakdown after step 2-9 of 12.

    Half cycles of 0.5 or 1 h, one or two cycles per step, samples every 10 or 60 s; the voltage limit is 1-5 V.
    """
    step = float(rng.choice([0.25, 0.5, 1.0]))
    half_cycle, per_step = float(rng.choice([1800.0, 3600.0])), int(rng.choice([2, 4]))
    steps = 12
    cell, disturbances = draw_cell(rng, steps * per_step * half_cycle), draw_disturbances(rng)
    event = draw_event(kind, rng, half_cycle)
    if kind == "contact loss":
        rise = min(event.rise, 2 * per_step * half_cycle / (2 if event.one_sided else 1))
        event = replace(event, rise=rise, limit=_log_uniform(rng, 1.0, 5.0))
    breakdown = step * rng.uniform(2.0, 9.0)
    sampling = float(rng.choice([10.0, 60.0]))
    return Staircase(
        cell,
        disturbances,
        event,
        breakdown,
        start=step,
        step=step,
        half_cycle=half_cycle,
        half_cycles_per_step=per_step,
        steps=steps,
        sampling=sampling,
    )
