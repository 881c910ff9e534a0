"""Shorts, loss of contact, healthy cells: rates over 200 synthetic cells each, and what must not be called a short.

The ranges of nuisances and events are those of `closo.twin.plating_draws`; they were set before a detector was run.
"""

import functools

import numpy as np
import pytest

from closo.techniques.plating.events import CONTACT_LOSS, HARD, NONE, SOFT, find_event
from closo.techniques.plating.half_cycles import find_half_cycles
from closo.twin.plating import staircase, symmetric_cell
from plating_draws import draw_staircase, draw_symmetric

SEEDS = 200
WANTED = {"none": NONE, "hard short": HARD, "soft short": SOFT, "contact loss": CONTACT_LOSS}


def record_of(program, kind, seed):
    rng = np.random.default_rng([seed, list(WANTED).index(kind)])
    if program == "staircase":
        return staircase(draw_staircase(kind, rng), rng), rng
    half_cycles, sampling = int(rng.choice([24, 36, 56])), float(rng.choice([10.0, 60.0]))
    return symmetric_cell(draw_symmetric(kind, rng, half_cycles=half_cycles, sampling=sampling), rng), rng


@functools.cache
def verdicts(program, kind):
    """Return (found with L/sigma known to 5 %, found without, lateness in half cycles, its half cycle) of every seed."""
    found = []
    for seed in range(SEEDS):
        record, rng = record_of(program, kind, seed)
        half = find_half_cycles(record.time, record.current, record.voltage, frequency=record.frequency)
        floor = record.truth.cell.ohmic / record.truth.cell.area * (1 + 0.05 * rng.standard_normal())
        known = find_event(record.time, record.voltage, half, floor=floor, floor_u=0.05)
        alone = find_event(record.time, record.voltage, half)
        late = (known.time - record.event_time) / record.truth.half_cycle
        begins = min(int(np.searchsorted(record.time, record.event_time)), record.time.size - 1)
        found.append((known.kind, alone.kind, late, record.half_cycle[begins]))
    return found


@pytest.mark.parametrize("floor", ["known floor", "no floor"])
@pytest.mark.parametrize("kind", WANTED)
@pytest.mark.parametrize("program", ["constant", "staircase"])
def test_told_apart_in_95_of_100_and_no_false_alarm(program, kind, floor):
    place = 0 if floor == "known floor" else 1
    right = sum(v[place] == WANTED[kind] for v in verdicts(program, kind))
    assert right == SEEDS if kind == "none" else right >= 0.95 * SEEDS


@pytest.mark.parametrize("program", ["constant", "staircase"])
def test_moment_of_a_hard_short(program):
    """It hides only at rest, and while the first minutes after a change of polarity are left out (a tenth of one)."""
    late = np.array([v[2] for v in verdicts(program, "hard short") if v[3] >= 0])
    assert late.size > 0.8 * SEEDS
    assert late.min() >= 0.0
    assert late.max() < 0.1 + 3 * 60.0 / 1800.0  # and up to three samples of 60 s, of a half cycle of 1800 s


def cell(resistance, *, sampling=10.0, half_cycle=3600.0, noise=0.0, current=1e-5):
    """Return time, current, voltage of a cell whose resistance [ohm] is a function of time [s], 20 half cycles."""
    n = int(half_cycle / sampling)
    time = sampling * np.arange(20 * n)
    sign = np.where((np.arange(20 * n) // n) % 2 == 0, 1.0, -1.0)
    rng = np.random.default_rng(1)
    return time, sign * current, sign * current * resistance(time) + noise * rng.standard_normal(time.size)


def verdict(record, **keywords):
    time, current, voltage = record
    return find_event(time, voltage, find_half_cycles(time, current, voltage), **keywords)


HOUR = 3600.0


@pytest.mark.parametrize(
    "resistance",
    [
        lambda t: 1000.0 + 100.0 * t / HOUR,  # triples in 20 h, steadily
        lambda t: 1000.0 + 500.0 * np.sqrt(t / HOUR),  # an interphase that slows down
        lambda t: 500.0 + 500.0 * np.exp(-t / (5 * HOUR)),  # contact that gets better
        lambda t: 1000.0 * (1 + 0.1 * np.sin(2 * np.pi * t / (24 * HOUR))),  # day and night
        lambda t: np.where(t < 10 * HOUR, 1000.0, 850.0),  # 3 K warmer at once
        lambda t: np.where(np.abs(t - 30000.0) < 5, 10.0, 1000.0),  # one wrong sample
    ],
    ids=["steady growth", "interphase", "contact formed", "day and night", "warmer", "one sample"],
)
def test_harmless_changes_are_no_event(resistance):
    assert verdict(cell(resistance, noise=1e-5)).kind == NONE


def test_hard_short_its_moment_and_evidence():
    event = verdict(cell(lambda t: np.where(t < 5.5 * HOUR, 1000.0, 5.0), noise=1e-5))
    assert event.kind == HARD
    assert event.time == pytest.approx(5.5 * HOUR, abs=10.0)
    assert event.half_cycle == 5
    assert "0.5%" in event.evidence


def test_soft_short_below_the_floor_needs_the_floor():
    """A slow fall to 70 % of L/sigma over four hours: only L/sigma tells that no intact cell can do that."""
    record = cell(lambda t: 1000.0 - 300.0 * np.clip((t - 5 * HOUR) / (4 * HOUR), 0, 1))
    assert verdict(record).kind == NONE
    assert verdict(record, floor=1000.0, floor_u=0.03).kind == SOFT


def test_floor_known_badly_is_not_held_against_a_cell():
    record = cell(lambda t: 1000.0 + 0 * t)
    assert verdict(record, floor=1400.0, floor_u=0.02).kind == NONE  # from the beginning below: L or sigma is wrong


def test_short_from_the_beginning_shows_against_the_floor_only():
    record = cell(lambda t: 5.0 + 0 * t)
    assert verdict(record, floor=1000.0, floor_u=0.05).kind == HARD
    assert verdict(record).kind == NONE


def test_runaway_is_contact_loss_and_a_short_after_it_is_a_short():
    def resistance(t):
        return 1000.0 + 5.0 * np.exp(np.clip((t - 8 * HOUR) / (0.5 * HOUR), 0, 8))

    assert verdict(cell(resistance)).kind == CONTACT_LOSS
    event = verdict(cell(lambda t: np.where(t < 13 * HOUR, resistance(t), 5.0)))
    assert event.kind == HARD
    assert event.risen > 2


def test_contact_regained_at_a_change_of_polarity_is_no_short():
    """The resistance had crept up threefold; at a change of polarity it is back where it was at first."""

    def resistance(t):
        return np.where(t < 16 * HOUR, 1000.0 * np.exp(t / (14 * HOUR)), 1000.0)

    assert verdict(cell(resistance)).kind == NONE


def test_scaling_changes_nothing():
    def resistance(t):
        return np.where(t < 5.5 * HOUR, 1000.0, 400.0)

    one, two = verdict(cell(resistance)), verdict(cell(resistance, current=1e-3))
    assert (one.kind, one.time) == (two.kind, two.time) == (SOFT, 5.5 * HOUR)
