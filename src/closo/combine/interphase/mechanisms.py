"""The explanations that compete: each a forward model with named parameters and a prior.

All share the matrix (the salt milled alone) and the interphase (whatever conducts well), each with sigma T following
Arrhenius from the reference temperature. They differ in *where* the interphase is:

| explanation | the interphase is |
|---|---|
| shell | a shell of one thickness on every primary particle, d = 6/(rho S) |
| silanol | a shell whose volume per silica *area* is fixed: what the silanols can hold (1 nm is 3.8 Na2B12H12 per nm2) |
| budget | a shell whose volume per silica *volume* is fixed: thickness x area = const |
| milled | the whole salt, transformed A -> B -> C by milling with silica as grinding aid, whatever its area |
| pores | the salt that the silica's pores hold; where salt is short, voids |
| milled + pores | as milled, with the voids of pores |
| shell + pores | as shell, with the voids of pores |
| scaled shell | a shell whose thickness is a power of the particle's diameter |
| graded shell | a shell that conducts best on the particle and falls to the matrix at its edge |
| milled by area | as milled, faster the more silica *area* there is |
| percolation | not said: the conductivity follows a law of percolation in the silica content alone |

Where a shell has a thickness, the particles have a spread of sizes (log-normal), known only roughly.

The conductivity of a shell structure comes from `ratio` (`closo.models.atlas.ratio`: voxel solves); with contrast 1 the
same function gives the effect of insulating particles alone. A mixture of two salts is Bruggeman's.

Where the data hold several milling times, the share of the interphase in state B scales its conductivity (shells) or
is the share of transformed salt (milled): consecutive reactions of first order in time.

Every prior is normal in the parameter or in its logarithm; inside closo a parameter is z = (x - centre)/spread.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from closo.combine.interphase.forward import (
    Predictor,
    Values,
    area_milled_matrix,
    filled_pores,
    fixed_film,
    fixed_thickness,
    fixed_volume,
    graded_shell,
    milled_matrix,
    percolating,
    scaled_thickness,
    shell_of,
    with_voids,
)


@dataclass(frozen=True)
class Parameter:
    """One parameter and its prior.

    Attributes
    ----------
    name, unit : as shown; the value is in this unit.
    centre : median of the prior.
    spread : its standard deviation, of the logarithm where `positive`.
    meaning : one line.
    """

    name: str
    unit: str
    centre: float
    spread: float
    meaning: str
    positive: bool = True

    def value(self, z: np.ndarray) -> np.ndarray:
        """Return the parameter at z standard deviations of its prior from its centre."""
        if self.positive:
            return np.asarray(self.centre * np.exp(self.spread * z))
        return np.asarray(self.centre + self.spread * z)


@dataclass(frozen=True)
class Mechanism:
    """An explanation: its own parameters besides the common ones, and its forward model.

    Attributes
    ----------
    name : short; title : a sentence's subject.
    parts : explanations that it contains.
    parameters : its own.
    predict : values (each of shape (draws, 1)), place, ratio -> Prediction.
    shell_ratio : values, diameter [m] -> thickness of the shell over the diameter, where there is a shell.
    unsaid : quantities that it fits and cannot say, because they go with a shape that nobody knows.
    bends : it has an exponent of its own that follows other causes too, so that it leads at most, as with anything `unsaid`.
    """

    name: str
    title: str
    parts: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    predict: Predictor
    shell_ratio: Callable[[Values, np.ndarray], np.ndarray] | None = None
    unsaid: tuple[str, ...] = ()
    bends: bool = False


SCATTER = Parameter("scatter", "1", 0.06, 0.6, "standard deviation of ln sigma from sample to sample")
ENERGY_SCATTER = Parameter("energy_scatter", "eV", 0.005, 0.8, "standard deviation of Ea from sample to sample")
DISCREPANCY = Parameter("discrepancy", "1", 0.06, 1.0, "smooth part of ln sigma that the explanation misses")
_COMMON = (
    Parameter("matrix_conductivity", "S/m", 1e-3, 3.0, "salt milled alone, at the reference temperature"),
    Parameter("matrix_energy", "eV", 0.55, 0.15, "its activation energy of ln(sigma T)", positive=False),
    Parameter("interphase_conductivity", "S/m", 0.3, 2.0, "interphase, at the reference temperature"),
    Parameter("interphase_energy", "eV", 0.40, 0.12, "its activation energy of ln(sigma T)", positive=False),
    SCATTER,
    ENERGY_SCATTER,
    DISCREPANCY,
)
_DECAY = Parameter("rate_decay", "1/h", 0.05, 1.0, "B -> C: over-milling")
_FORM = Parameter("rate_form", "1/h", 0.5, 0.8, "A -> B: the interphase forms")
_THICKNESS = Parameter("shell_thickness", "nm", 1.5, 0.7, "thickness of the shell on a primary particle")
_FILM = Parameter("film_thickness", "nm", 1.5, 0.7, "volume of the shell per silica area")
_BUDGET = Parameter("shell_per_silica", "1", 1.5, 0.7, "volume of the shell per volume of silica")
_CONVERSION = Parameter("conversion", "1", 5.0, 0.8, "salt transformed at the reference time: 1 - exp(-conversion phi)")
_RETENTION = Parameter("pore_retention", "1", 0.8, 0.35, "share of the pore volume that milling and pressing leave")
_VOID = Parameter("void_exponent", "1", 3.0, 0.4, "conductivity ~ (1 - void)^exponent")
_CHEMICAL = Parameter("chemical_layer", "nm", 0.4, 0.7, "layer seen by X-ray Raman where it is not the interphase")

_SIZES = Parameter("size_spread", "1", 0.3, 0.35, "standard deviation of ln of the particles' diameter")
_POWER = Parameter("size_exponent", "1", 0.5, 0.4, "shell thickness ~ diameter^exponent", positive=False)
_SALT = Parameter("conversion", "1", 3.0, 0.8, "salt transformed: 1 - exp(-conversion phi/(1 - phi) (10 nm/d)^q)")
_AREA = Parameter("area_exponent", "1", 0.6, 0.4, "q: how milling goes with the area of the silica", positive=False)
_MEAN = Parameter("mixing", "1", 0.25, 0.25, "power by which two salts share the current", positive=False)
_ONSET = Parameter("onset", "1", 0.12, 0.4, "silica content from which the interphase conducts through")
_CEILING = Parameter("ceiling", "1", 0.8, 0.2, "silica content from which nothing conducts")

_INTERPHASE = ("interphase_conductivity", "interphase_activation_energy")  # `unsaid` where voids or areas take part
_MILLED = ("milled", "milled + pores", "milled by area")  # their share of transformed salt has a rate already


def parameters_of(mechanism: Mechanism, *, many_times: bool, chemical: bool) -> tuple[Parameter, ...]:
    """Return all parameters of an explanation for the data at hand: kinetics and X-ray Raman only where there are data."""
    own = [*_COMMON, *mechanism.parameters]
    if many_times:
        own += [_DECAY] if mechanism.name in _MILLED else [_FORM, _DECAY]
    if chemical and mechanism.shell_ratio is None:
        own.append(_CHEMICAL)
    return tuple(own)


def natural(parameters: tuple[Parameter, ...], z: np.ndarray) -> dict[str, np.ndarray]:
    """Return name -> values of shape (draws, 1) from z of shape (draws, parameters)."""
    return {p.name: p.value(z[:, [k]]) for k, p in enumerate(parameters)}


def summary_of(parameters: tuple[Parameter, ...], z: np.ndarray) -> list[dict[str, Any]]:
    """Return one row per parameter: median, 95 % interval, unit, and the posterior's width over the prior's."""
    rows = []
    for k, p in enumerate(parameters):
        low, median, high = (float(q) for q in np.quantile(p.value(z[:, k]), [0.025, 0.5, 0.975]))
        rows.append({"name": p.name, "unit": p.unit, "median": median, "interval": [low, high]})
        rows[-1] |= {"over_prior": float(z[:, k].std()), "meaning": p.meaning}
    return rows


MECHANISMS: tuple[Mechanism, ...] = (
    Mechanism(
        "shell", "a shell of fixed thickness", (), (_THICKNESS, _SIZES), shell_of(fixed_thickness), fixed_thickness
    ),
    Mechanism("silanol", "a shell limited by silanols per area", (), (_FILM,), shell_of(fixed_film), fixed_film),
    Mechanism("budget", "a shell of fixed volume per silica", (), (_BUDGET,), shell_of(fixed_volume), fixed_volume),
    Mechanism("milled", "salt transformed by milling", (), (_CONVERSION,), milled_matrix),
    Mechanism("pores", "salt in the pores of the silica", (), (_RETENTION, _VOID), filled_pores, unsaid=_INTERPHASE),
    Mechanism(
        "milled + pores",
        "salt transformed by milling, with voids",
        ("milled",),
        (_CONVERSION, _RETENTION, _VOID),
        with_voids(milled_matrix),
        unsaid=_INTERPHASE,
    ),
    Mechanism(
        "shell + pores",
        "a shell of fixed thickness, with voids",
        ("shell",),
        (_THICKNESS, _RETENTION, _VOID, _SIZES),
        with_voids(shell_of(fixed_thickness)),
        fixed_thickness,
        _INTERPHASE,
    ),
    Mechanism(
        "scaled shell",
        "a shell whose thickness is a power of the particle's diameter",
        ("shell", "budget"),
        (_THICKNESS, _POWER, _SIZES),
        shell_of(scaled_thickness),
        scaled_thickness,
        bends=True,
    ),
    Mechanism(
        "graded shell",
        "a shell that conducts less outwards",
        (),
        (_THICKNESS, _SIZES),
        graded_shell,
        fixed_thickness,
        ("shell_thickness", *_INTERPHASE),
    ),
    Mechanism(
        "milled by area",
        "salt transformed by milling, by area",
        ("milled",),
        (_SALT, _AREA, _MEAN),
        area_milled_matrix,
        unsaid=_INTERPHASE,
    ),
    Mechanism(
        "percolation",
        "a law of percolation in the silica content",
        (),
        (_ONSET, _CEILING),
        percolating,
        unsaid=("interphase_conductivity",),
    ),
)
