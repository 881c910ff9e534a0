"""Temperature runs: a pellet in an oven, one impedance file, and the truth behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from closo.quantity import Number, parse
from closo.twin import versastudio
from closo.twin.impedance import draw_instrument, frequencies, impedance, measured
from closo.twin.pellet import Pellet, draw_batch, draw_pellet, pellet_circuit
from closo.twin.truth import ZERO_CELSIUS, Truth, stream

CHAMBER = "oven"
# 30-130 degC: the range of the Arrhenius plot is a free choice, the text of the reference study prints none
HEATING_COOLING: tuple[tuple[float, str], ...] = (
    *((t, "heating") for t in (30.0, 40.0, 50.0, 60.0, 80.0, 100.0, 130.0)),
    *((t, "cooling") for t in (100.0, 80.0, 60.0, 50.0, 40.0, 30.0)),
)
_FIRST_DAY = datetime(2026, 1, 5, 9, 0, 0)


@dataclass(frozen=True)
class Point:
    """One spectrum. The laboratory knows `setpoint` [degC] and `branch`; `frequency` and `impedance` are in the file.

    `temperature` [K], `conductivity` [S/m] and `resistance` (of the pellet without leads, [ohm]) are the truth.
    """

    setpoint: float
    branch: str
    frequency: np.ndarray
    impedance: np.ndarray
    temperature: float
    conductivity: float
    resistance: float


@dataclass(frozen=True)
class Run:
    """Spectra of one pellet, in the order measured, and the file that holds them."""

    truth: Truth
    pellet: Pellet  # with its truth (`pellet.batch.truth` is the sample's) and its readings
    points: tuple[Point, ...]  # one per spectrum, with truth
    file: Path  # `.par`; part k of kind 'impedance' belongs to points[k - 1]

    @property
    def specimen(self) -> dict[str, str]:
        """What the notebook says of the pellet: key of `[specimens.*]` -> text as in study.toml."""
        return specimen_texts(self.truth, self.pellet)

    def numbers(self) -> dict[str, Number]:
        """Return area, thickness and lead resistance [SI], each with its own source."""
        keys = ("area", "thickness", "lead_resistance")
        return {key: parse(self.specimen[key], key, label=f"{key}:{self.pellet.name}") for key in keys}

    def temperatures(self) -> list[Number]:
        """Return one temperature per point [K]: its own scatter, and the chamber's offset that all share."""
        offset = parse(chamber_text(self.truth), "temperature_difference", label=f"temperature offset:{CHAMBER}")
        return [
            parse(condition["temperature"], "temperature", label=f"temperature:{self.file.name}#{k}") + offset
            for k, condition in enumerate(self.conditions, start=1)
        ]

    @property
    def conditions(self) -> list[dict[str, str]]:
        """One `{temperature, branch}` per spectrum, as in study.toml."""
        u = self.truth.nuisances.temperature_scatter
        return [{"temperature": f"{p.setpoint:g} ± {u:g} degC", "branch": p.branch} for p in self.points]


def chamber_text(truth: Truth) -> str:
    """Return the chamber's temperature offset as study.toml states it."""
    return f"0 ± {truth.nuisances.temperature_offset:g} K"


def specimen_texts(truth: Truth, pellet: Pellet) -> dict[str, str]:
    """Return the readings of a pellet as study.toml states them, each with the u that it was drawn with."""
    u = truth.nuisances
    return {
        "area": f"{pellet.area_reading * 1e4:.3f} ± {u.area * 1e4:.5f} cm2",
        "thickness": f"{pellet.thickness_reading * 1e6:.1f} ± {u.thickness * 1e6:g} um",
        "mass": f"{pellet.mass_reading * 1e6:.2f} ± {u.mass * 1e6:g} mg",
        "lead_resistance": f"{pellet.lead_resistance_reading:.3f} ± {u.lead_resistance_u:g} ohm",
    }


def draw_run(truth: Truth, pellet: Pellet, program: Sequence[tuple[float, str]] = HEATING_COOLING) -> list[Point]:
    """Return the spectra of a pellet along a temperature program of (setpoint [degC], branch)."""
    u = truth.nuisances
    offset = u.temperature_offset * stream(truth.seed, "chamber", CHAMBER).standard_normal()
    instrument = draw_instrument(truth.seed, u)
    frequency = frequencies()
    points = []
    for setpoint, branch in program:
        rng = stream(truth.seed, "spectrum", pellet.name, f"{setpoint:g}", branch)
        temperature = setpoint + ZERO_CELSIUS + offset + u.temperature_scatter * rng.standard_normal()
        conductivity = pellet.conductivity(temperature, branch, u.hysteresis)
        circuit = pellet_circuit(truth, pellet, conductivity)
        z = measured(frequency, impedance(frequency, circuit), instrument=instrument, nuisances=u, rng=rng)
        points.append(Point(setpoint, branch, frequency, z, temperature, conductivity, circuit.bulk_resistance))
    return points


def write_runs(path: Path, points: Sequence[Point], *, pellet: Pellet, truth: Truth, day: int = 0) -> None:
    """Write spectra as one `.par` file: before each of them half an hour at open circuit while the oven settles."""
    rng = stream(truth.seed, "file", path.name)
    actions = []
    for point in points:
        actions.append(versastudio.open_circuit(1800.0, 6, rng))
        actions.append(versastudio.potentiostatic_eis(point.frequency, point.impedance, rng))
    program = ", ".join(f"{p.setpoint:g} C {p.branch}" for p in points)
    comment = f"{pellet.name}, blocking steel electrodes, {program}"
    versastudio.write_par(path, actions, comment=comment, date=_FIRST_DAY + timedelta(days=day))


def temperature_run(
    sample: str,
    *,
    seed: int,
    folder: Path,
    program: Sequence[tuple[float, str]] = HEATING_COOLING,
    truth: Truth | None = None,
) -> Run:
    """Write one temperature run of a fresh pellet and return it with its truth.

    Everything that study.toml states an uncertainty for is drawn anew for each seed: batch, pellet, readings, oven,
    noise. So over many seeds an honest 95 % interval holds the truth in 95 % of them.

    Parameters
    ----------
    sample : name of one of `truth.RECIPES`, e.g. 'pristine', 'milled', 'A200-35-4h'.
    seed : of all draws (it replaces the seed of `truth`).
    folder : where the `.par` file goes; made when it is missing.
    program : (setpoint [degC], 'heating' or 'cooling') in the order measured.
    truth : another declared truth than the default one.

    Raises
    ------
    StudyError  when the twin has no such sample.
    """
    truth = replace(truth or Truth(), seed=seed)
    pellet = draw_pellet(truth, draw_batch(truth, sample), f"{sample}-p1")
    points = tuple(draw_run(truth, pellet, program))
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{pellet.name}_seed{seed}.par"
    write_runs(path, points, pellet=pellet, truth=truth)
    return Run(truth, pellet, points, path)
