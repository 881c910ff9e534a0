"""Synthetic composites of every explanation that `closo.combine.interphase` knows, with a laboratory's nuisances.

They show that the inference gives back what went in, and which samples are needed for that. They cannot show that an
explanation is right, nor that the list of explanations is complete.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from closo.combine.interphase import Composite
from closo.combine.interphase.forward import Ratio
from closo.combine.interphase.mechanisms import MECHANISMS, Mechanism
from closo.combine.interphase.records import places_of
from closo.constants import BOLTZMANN, ELECTRONVOLT
from closo.errors import StudyError, did_you_mean
from closo.quantity import Number, uncertain
from closo.twin.truth import Truth

DENSITY = 2200.0  # kg/m3, skeleton of silica
REFERENCE = 333.15  # K
_K_EV = BOLTZMANN / ELECTRONVOLT  # eV/K

COMMON = {  # conductivities at the reference temperature [S/m], energies [eV]
    "matrix_conductivity": 1.9e-3,
    "matrix_energy": 0.58,
    "interphase_conductivity": 0.5,
    "interphase_energy": 0.38,
    "scatter": 0.05,
    "energy_scatter": 0.003,
    "rate_form": 0.64,
    "rate_decay": 0.064,
    "chemical_layer": 0.4,
}
TRUTHS: dict[str, dict[str, float]] = {  # explanation -> its own parameters
    "shell": {"shell_thickness": 1.5, "size_spread": 0.3},
    "silanol": {"film_thickness": 1.5},
    "budget": {"shell_per_silica": 1.5},
    "milled": {"conversion": 5.0},
    "pores": {"pore_retention": 0.8, "void_exponent": 3.0},
    "scaled shell": {"shell_thickness": 1.5, "size_exponent": 0.5, "size_spread": 0.3},
    "graded shell": {"shell_thickness": 3.0, "size_spread": 0.3},
    "milled by area": {"conversion": 3.0, "area_exponent": 0.6, "mixing": 0.25},
    "percolation": {"onset": 0.12, "ceiling": 0.8, "interphase_conductivity": 3.0},
    "milled + pores": {"conversion": 5.0, "pore_retention": 1.0, "void_exponent": 3.0},
    "shell + pores": {"shell_thickness": 1.5, "size_spread": 0.3, "pore_retention": 1.0, "void_exponent": 3.0},
}


@dataclass(frozen=True)
class Made:
    """A sample of a design."""

    filler: str  # a silica of the twin's truth; '' for the salt alone
    fraction: float  # its volume fraction
    hours: float = 4.0  # of milling
    raman: float | None = None  # u of the changed share of the salt, where X-ray Raman has seen the sample

    @property
    def label(self) -> str:
        """Name of the sample."""
        return f"{self.filler}-{100 * self.fraction:.0f}-{self.hours:g}h" if self.filler else f"salt-{self.hours:g}h"


# 15 to 55 vol% over silicas of very different area and pore volume
WIDE = (
    Made("", 0.0),
    *(Made("A380", phi) for phi in (0.15, 0.25, 0.35, 0.45, 0.55)),
    *(Made("A90", phi) for phi in (0.25, 0.45)),
    *(Made("A200", phi) for phi in (0.35, 0.50)),
    Made("A300", 0.30),
    *(Made("SBA15", phi) for phi in (0.25, 0.40)),
)
# one silica, contents close together
NARROW = (Made("", 0.0), *(Made("A380", phi) for phi in (0.25, 0.30, 0.35, 0.40)))
# as the reference study has them: all silicas at one content
PRINTED = (*NARROW, *(Made(filler, 0.35) for filler in ("A90", "A200", "A300", "SBA15")))


def bruggeman_ratio(
    filler_fraction: np.ndarray, shell_ratio: np.ndarray, contrast: np.ndarray, aggregation: str
) -> tuple[np.ndarray, np.ndarray]:
    """Return ln(sigma_effective/sigma_matrix) and its u (2 %) in closed form, in place of voxel solves.

    Bruggeman's three phases with randomly placed, overlapping shells, as `closo.twin.composite.shell_conductivity`;
    beyond 2/3 of particles, where nothing percolates in it, a thousandth is left. `aggregation` changes nothing.

    Example
    -------
    >>> found, _ = bruggeman_ratio(np.array([0.0]), np.array([0.2]), np.array([100.0]), "dispersed")
    >>> found.tolist()
    [0.0]
    """
    phi, x, k = np.broadcast_arrays(*(np.asarray(a, float) for a in (filler_fraction, shell_ratio, contrast)))
    outside = (1.0 - phi) ** ((1.0 + 2.0 * x) ** 3)
    shell = 1.0 - phi - outside
    b = shell * (2.0 * k - 1.0) + outside * (2.0 - k) - phi * (k + 1.0)
    root = np.sqrt(b * b + 8.0 * k * np.maximum(1.0 - 1.5 * phi, 1e-3))
    value = np.where(b >= 0.0, (b + root) / 4.0, 2.0 * (root * root - b * b) / 8.0 / np.where(b >= 0.0, 1.0, root - b))
    return np.log(value), np.full(value.shape, 0.02)


def composites(
    explanation: str | Mechanism,
    truth: Mapping[str, float],
    *,
    seed: int,
    design: Sequence[Made] = WIDE,
    celsius: Sequence[float] = (30.0, 60.0, 90.0, 120.0),
    ratio: Ratio = bruggeman_ratio,
) -> list[Composite]:
    """Return synthetic composites of one explanation.

    Of each sample: scatter of ln sigma and of the activation energy as in the truth, an error of `ratio` as uncertain
    as it says, 1.5 % thickness, 1 % per reading. Common to all: 1 % area, 0.5 K offset of the chamber. What a
    laboratory knows of these is stated as sources of the conductivities.

    Parameters
    ----------
    explanation : one of MECHANISMS by its name, or one that is not in the list.
    truth : its parameters, in their units; COMMON stands for those that are not given.
    seed : of the nuisances.
    design : the samples.
    celsius : temperatures [degC].
    ratio : of shell structures.

    Raises
    ------
    StudyError  when there is no such explanation.

    Example
    -------
    >>> len(composites("shell", TRUTHS["shell"], seed=1))
    13
    """
    known = {m.name: m for m in MECHANISMS}
    if isinstance(explanation, str) and explanation not in known:
        raise StudyError(f"There is no explanation '{explanation}'.", hint=did_you_mean(explanation, known))
    mechanism = known[explanation] if isinstance(explanation, str) else explanation
    rng = np.random.default_rng([seed, *mechanism.name.encode()])
    values = {**COMMON, **TRUTHS.get(mechanism.name, {}), **truth}
    area, offset, alike = 0.01 * rng.standard_normal(), 0.5 * rng.standard_normal(), rng.standard_normal()
    many = len({made.hours for made in design if made.filler}) > 1
    measured = []
    for made in design:
        exact, u, share = _exact(mechanism, values, made, kelvin=np.array(celsius) + 273.15, ratio=ratio, many=many)
        solver = u * math.sqrt(0.5) * (alike + rng.standard_normal())  # half of its variance is common to all samples
        level = solver + values["scatter"] * rng.standard_normal() + 0.015 * rng.standard_normal()
        energy = values["energy_scatter"] * rng.standard_normal()
        readings = []
        for t, y in zip(np.array(celsius) + 273.15, exact, strict=True):
            slope = 0.45 / (_K_EV * t * t)  # of ln sigma per kelvin, for an energy between matrix and interphase
            tilt = energy * (1.0 / REFERENCE - 1.0 / t) / _K_EV
            sigma = math.exp(y + level + tilt + area + slope * offset + 0.01 * rng.standard_normal())
            parts = {f"thickness:{made.label}": 0.015, "area:die": 0.01, "temperature offset:oven": 0.5 * slope}
            readings.append((float(t), uncertain(sigma, {k: part * sigma for k, part in parts.items()})))
        seen = None if made.raman is None else _seen(share, made, rng)
        measured.append(replace(_bare(made), conductivities=tuple(readings), chemical_fraction=seen))
    return measured


def _bare(made: Made) -> Composite:
    if not made.filler:
        return Composite(made.label, 0.0, 3600.0 * made.hours, ())
    silica = Truth().silica(made.filler)
    hours = 3600.0 * made.hours
    return Composite(
        made.label, made.fraction, hours, (), made.filler, silica.specific_surface_area, silica.pore_volume
    )


def _exact(
    mechanism: Mechanism, values: Mapping[str, float], made: Made, *, kelvin: np.ndarray, ratio: Ratio, many: bool
) -> tuple[np.ndarray, float, float]:
    """Return ln sigma at the temperatures, the uncertainty of `ratio`, and the changed share of the salt."""
    place = places_of([_bare(made)] * len(kelvin), kelvin, filler_density=DENSITY, like=None)
    place = replace(place, reference_temperature=REFERENCE, reference_hours=4.0, many_times=many)
    said = mechanism.predict({name: np.array([[value]]) for name, value in values.items()}, place, ratio)
    return said.log_conductivity[0], float(said.emulator_u[0].mean()), float(said.chemical_share[0, 0])


def _seen(share: float, made: Made, rng: np.random.Generator) -> Number:
    """Return the changed share of the salt as X-ray Raman sees it."""
    assert made.raman is not None
    return uncertain(share + made.raman * rng.standard_normal(), {f"X-ray Raman:{made.label}": made.raman})
