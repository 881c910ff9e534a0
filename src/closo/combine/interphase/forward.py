"""Forward models of the explanations: from parameter values to conductivities.

`values` maps each parameter to an array of shape (draws, 1); rows are those of a `Place`. The conductivity of a shell
structure comes from `ratio`; with contrast 1 the same function gives the effect of insulating particles alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from closo.combine.interphase.records import Place
from closo.constants import BOLTZMANN, ELECTRONVOLT

__all__ = [
    "K_EV",
    "Prediction",
    "Predictor",
    "Ratio",
    "Values",
    "filled_pores",
    "fixed_film",
    "fixed_thickness",
    "fixed_volume",
    "milled_matrix",
    "share_formed",
    "shell_of",
    "with_voids",
]

Ratio = Callable[[np.ndarray, np.ndarray, np.ndarray, str], tuple[np.ndarray, np.ndarray]]
Values = Mapping[str, np.ndarray]

K_EV = BOLTZMANN / ELECTRONVOLT  # eV/K
_FAR = 30.0  # ln(sigma/sigma_matrix) beyond which nothing is measured


@dataclass(frozen=True)
class Prediction:
    """What an explanation says; shapes (draws, rows).

    Attributes
    ----------
    log_conductivity : ln(sigma / (S/m)).
    emulator_u : standard uncertainty of it from the table of voxel solves.
    chemical_share : share of the salt that X-ray Raman should see changed.
    """

    log_conductivity: np.ndarray
    emulator_u: np.ndarray
    chemical_share: np.ndarray


Predictor = Callable[[Values, Place, Ratio], Prediction]


def _phase(values: Values, kind: str, place: Place) -> np.ndarray:
    """Return ln sigma of the matrix or the interphase at the temperatures of the rows."""
    t, t0 = place.temperature, place.reference_temperature
    energy = values[f"{kind}_energy"] / K_EV
    return np.asarray(np.log(values[f"{kind}_conductivity"]) + np.log(t0 / t) - energy * (1.0 / t - 1.0 / t0))


def share_formed(hours: np.ndarray | float, form: np.ndarray, decay: np.ndarray | float) -> np.ndarray:
    """Return the share of B after milling, for A -> B -> C with rates [1/h]; also where they are equal.

    Example
    -------
    >>> float(share_formed(4.0, np.array(0.640), 0.064).round(3))
    0.774
    """
    x = np.abs((form - decay) * hours)
    part = np.where(x < 1e-8, 1.0, -np.expm1(-x) / np.where(x < 1e-8, 1.0, x))
    return np.asarray(np.clip(form * hours * np.exp(-np.minimum(form, decay) * hours) * part, 0.0, 1.0))


def _development(values: Values, place: Place) -> np.ndarray | float:
    """Return ln of the share of the interphase in state B over that at the reference time."""
    if not place.many_times:
        return 0.0
    form, decay = values["rate_form"], values["rate_decay"]
    now, then = share_formed(place.hours, form, decay), share_formed(place.reference_hours, form, decay)
    return np.asarray(np.log(np.maximum(now, 1e-12) / np.maximum(then, 1e-12)))


def _on_particles(
    ratio: Ratio, place: Place, shell_ratio: np.ndarray, contrast: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return ln(sigma_eff/sigma_matrix) and its u of particles with shells; 0 for the salt alone."""
    filled = place.filler_fraction > 0
    shape = np.broadcast_shapes(shell_ratio.shape, contrast.shape)
    result, u = np.zeros(shape), np.zeros(shape)
    thick, high = (np.broadcast_to(a, shape)[:, filled] for a in (shell_ratio, contrast))
    phi = np.broadcast_to(place.filler_fraction[filled], thick.shape)
    result[:, filled], u[:, filled] = ratio(phi, thick, high, "dispersed")
    return np.clip(np.nan_to_num(result, nan=-_FAR), -_FAR, _FAR), np.nan_to_num(u, nan=1.0)


def _insulating(ratio: Ratio, place: Place, draws: int) -> tuple[np.ndarray, np.ndarray]:
    """Return ln of what insulating particles leave of a conductivity, and its u, shape (draws, rows)."""
    ones = np.ones((1, len(place.temperature)))
    found, u = _on_particles(ratio, place, 0.1 * ones, ones)
    return np.repeat(found, draws, axis=0), np.repeat(u, draws, axis=0)


def _mixture(log_first: np.ndarray, log_second: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Return ln sigma of a mixture of two salts, `share` of the second (Bruggeman 1935, 10.1002/andp.19354160705)."""
    contrast = np.exp(np.clip(log_second - log_first, -_FAR, _FAR))
    b = (3.0 * share - 1.0) * contrast + 2.0 - 3.0 * share
    root = np.sqrt(b * b + 8.0 * contrast)
    mixed = np.where(b >= 0.0, (b + root) / 4.0, 2.0 * contrast / np.where(b >= 0.0, 1.0, root - b))
    return np.asarray(log_first + np.log(mixed))


def _share_of_salt(place: Place, shell_ratio: np.ndarray) -> np.ndarray:
    """Return the share of the salt that randomly placed, overlapping shells take."""
    phi = place.filler_fraction
    outside = np.power(1.0 - phi, np.power(1.0 + 2.0 * shell_ratio, 3))
    return np.asarray((1.0 - phi - outside) / (1.0 - phi))


def _layer(values: Values, place: Place, draws: int) -> np.ndarray:
    """Return the share of salt in a thin layer that only X-ray Raman sees; 0 where there are no such data."""
    if "chemical_layer" not in values:
        return np.zeros((draws, len(place.temperature)))
    return _share_of_salt(place, 1e-9 * values["chemical_layer"] / place.diameter)


def _filling(values: Values, place: Place) -> tuple[np.ndarray, np.ndarray]:
    """Return the share of the salt inside pores, and ln of what the pores' voids leave of the conductivity."""
    phi = place.filler_fraction
    room = phi * np.nan_to_num(place.pores) * values["pore_retention"]  # per volume of solid
    inside = np.minimum(room / (1.0 - phi), 1.0)
    empty = np.maximum(room - (1.0 - phi), 0.0)
    return inside, -values["void_exponent"] * np.log1p(empty)  # 1 - void = 1/(1 + empty)


# --- forward models -------------------------------------------------------------------------------------------------


def _shells(values: Values, place: Place, ratio: Ratio, shell_ratio: np.ndarray) -> Prediction:
    """Return what shells of the given thickness over diameter say."""
    matrix = _phase(values, "matrix", place)
    contrast = np.exp(np.clip(_phase(values, "interphase", place) + _development(values, place) - matrix, -_FAR, _FAR))
    gain, u = _on_particles(ratio, place, np.broadcast_to(shell_ratio, contrast.shape), contrast)
    share = np.broadcast_to(_share_of_salt(place, shell_ratio), gain.shape)
    return Prediction(matrix + gain, u, share)


def fixed_thickness(values: Values, diameter: np.ndarray) -> np.ndarray:
    """Return thickness over diameter of a shell of one thickness."""
    return np.asarray(1e-9 * values["shell_thickness"] / diameter)


def fixed_film(values: Values, diameter: np.ndarray) -> np.ndarray:
    """Return thickness over diameter of a shell whose volume per area is fixed."""
    return np.asarray(0.5 * (np.cbrt(1.0 + 6e-9 * values["film_thickness"] / diameter) - 1.0))


def fixed_volume(values: Values, diameter: np.ndarray) -> np.ndarray:
    """Return thickness over diameter of a shell whose volume per silica is fixed."""
    return np.asarray(0.5 * (np.cbrt(1.0 + values["shell_per_silica"]) - 1.0) + 0.0 * diameter)


def shell_of(shell_ratio: Callable[[Values, np.ndarray], np.ndarray]) -> Predictor:
    """Return the forward model of a kind of shell."""

    def predict(values: Values, place: Place, ratio: Ratio) -> Prediction:
        return _shells(values, place, ratio, shell_ratio(values, place.diameter))

    return predict


def milled_matrix(values: Values, place: Place, ratio: Ratio) -> Prediction:
    """Return what a salt says that milling has transformed, faster the more silica there is, whatever its area."""
    dose = values["conversion"] * place.filler_fraction
    if place.many_times:
        share = share_formed(place.hours, dose / place.reference_hours, values["rate_decay"])
    else:
        share = -np.expm1(-dose)
    mixed = _mixture(_phase(values, "matrix", place), _phase(values, "interphase", place), share)
    left, u = _insulating(ratio, place, len(mixed))
    return Prediction(mixed + left, u, _layer(values, place, len(mixed)))


def filled_pores(values: Values, place: Place, ratio: Ratio) -> Prediction:
    """Return what a salt says of which the part in the pores conducts well, and which leaves voids where it is short."""
    inside, voids = _filling(values, place)
    interphase = _phase(values, "interphase", place) + _development(values, place)
    mixed = _mixture(_phase(values, "matrix", place), interphase, inside) + voids
    left, u = _insulating(ratio, place, len(mixed))
    return Prediction(mixed + left, u, _layer(values, place, len(mixed)))


def with_voids(base: Predictor) -> Predictor:
    """Return an explanation with the voids of unfilled pores on top."""

    def predict(values: Values, place: Place, ratio: Ratio) -> Prediction:
        found = base(values, place, ratio)
        _, voids = _filling(values, place)
        return Prediction(found.log_conductivity + voids, found.emulator_u, found.chemical_share)

    return predict
