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
from closo.models.milling import share_formed

Ratio = Callable[[np.ndarray, np.ndarray, np.ndarray, str], tuple[np.ndarray, np.ndarray]]
Values = Mapping[str, np.ndarray]

K_EV = BOLTZMANN / ELECTRONVOLT  # eV/K
_FAR = 30.0  # ln(sigma/sigma_matrix) beyond which nothing is measured
TYPICAL = 1e-8  # m, diameter that scales with size refer to
_LEVELS = 4  # of a graded shell
_LOW, _LOW_U = (0.044, 2.6, 1.7, 0.56), 0.02  # what steps of a graded shell miss of ln sigma; its u over ln(contrast)
_EXPONENT = 2.0  # of conduction above a threshold in three dimensions


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
    contrast = np.exp(_log_contrast(values, place))
    gain, u = _on_particles(ratio, place, np.broadcast_to(shell_ratio, contrast.shape), contrast)
    share = np.broadcast_to(_share_of_salt(place, shell_ratio), gain.shape)
    return Prediction(matrix + gain, u, share)


def _log_contrast(values: Values, place: Place) -> np.ndarray:
    """Return ln of the conductivity of the interphase over that of the matrix."""
    interphase = _phase(values, "interphase", place) + _development(values, place)
    return np.asarray(np.clip(interphase - _phase(values, "matrix", place), -_FAR, _FAR))


def with_sizes(shell_ratio: np.ndarray, size_spread: np.ndarray) -> np.ndarray:
    """Return thickness over diameter of equal spheres whose shells take the same volume, shape as given.

    The diameters of the real ones are log-normal with standard deviation `size_spread` of ln d; d = 6/(rho S) is then
    <d^3>/<d^2>, and <(d + 2 delta)^3>/<d^3> = 1 + 6 x + 12 x^2 exp(s^2) + 8 x^3 exp(3 s^2).

    Example
    -------
    >>> float(with_sizes(np.array(0.2), np.array(0.5)).round(3))
    0.217
    """
    x, s2 = np.minimum(shell_ratio, 50.0), np.minimum(size_spread, 1.5) ** 2
    volume = 6.0 * x + 12.0 * x**2 * np.exp(s2) + 8.0 * x**3 * np.exp(3.0 * s2)
    return np.asarray(0.5 * (np.cbrt(1.0 + volume) - 1.0))


def fixed_thickness(values: Values, diameter: np.ndarray) -> np.ndarray:
    """Return thickness over diameter of a shell of one thickness."""
    return np.asarray(1e-9 * values["shell_thickness"] / diameter)


def scaled_thickness(values: Values, diameter: np.ndarray) -> np.ndarray:
    """Return thickness over diameter of a shell whose thickness is a power of the diameter."""
    size = np.log(diameter / TYPICAL)
    return np.asarray(1e-9 * values["shell_thickness"] * np.exp(values["size_exponent"] * size) / diameter)


def fixed_film(values: Values, diameter: np.ndarray) -> np.ndarray:
    """Return thickness over diameter of a shell whose volume per area is fixed."""
    return np.asarray(0.5 * (np.cbrt(1.0 + 6e-9 * values["film_thickness"] / diameter) - 1.0))


def fixed_volume(values: Values, diameter: np.ndarray) -> np.ndarray:
    """Return thickness over diameter of a shell whose volume per silica is fixed."""
    return np.asarray(0.5 * (np.cbrt(1.0 + values["shell_per_silica"]) - 1.0) + 0.0 * diameter)


def shell_of(shell_ratio: Callable[[Values, np.ndarray], np.ndarray]) -> Predictor:
    """Return the forward model of a kind of shell; where its values have a `size_spread`, on particles of many sizes."""

    def predict(values: Values, place: Place, ratio: Ratio) -> Prediction:
        x = shell_ratio(values, place.diameter)
        return _shells(values, place, ratio, with_sizes(x, values["size_spread"]) if "size_spread" in values else x)

    return predict


def graded_shell(values: Values, place: Place, ratio: Ratio) -> Prediction:
    """Return what a shell says that conducts best on the particle and falls exponentially to the matrix at its edge.

    Built up in steps: each raises the conductivity of what lies inside a smaller shell to the next level, and adds what a
    uniform shell of that thickness would gain from it. A uniform shell is exact; a graded one comes out low, the more so the
    more of the salt the shells take and the less silica there is. That is corrected as voxel solves of twelve layers say (10
    to 60 vol%, shells of 0.2 to 0.7 diameters, contrasts of 10 to 3000): to 0.08 of ln sigma (rms), 0.25 at most (contrast
    3000, 20 vol%, where shells begin to connect). The uncertainty is 2 % of ln(contrast) and that of the table.
    """
    matrix, log_contrast = _phase(values, "matrix", place), _log_contrast(values, place)
    thickness = with_sizes(fixed_thickness(values, place.diameter), values["size_spread"])
    ends = [np.exp(log_contrast * (1.0 - k / _LEVELS)) for k in range(_LEVELS + 1)]
    drop = np.where(np.abs(log_contrast) < 1e-6, 1e-6, log_contrast) / _LEVELS
    at = [low * np.expm1(drop) / drop for low in ends[1:]] + [ends[-1]]  # mean conductivity of a layer: it runs along
    steps = [(k, at[k]) for k in range(_LEVELS)] + [(k, at[k + 1]) for k in range(_LEVELS - 1)]  # gained, already there
    x = [np.broadcast_to(thickness * (k + 1) / _LEVELS, log_contrast.shape) for k, _ in steps]
    found = _on_particles(ratio, place, np.concatenate(x), np.concatenate([level for _, level in steps]))
    gains, us = (part.reshape(len(steps), *log_contrast.shape) for part in found)
    gains = np.exp(gains)
    total, variance = gains[:_LEVELS].sum(0) - gains[_LEVELS:].sum(0), (gains * us)[:_LEVELS].sum(0)
    taken = _share_of_salt(place, thickness)
    low = _LOW[0] * (1.0 - place.filler_fraction) ** _LOW[1] * taken ** _LOW[2] * (1.0 - _LOW[3] * taken**4)
    gain = np.log(np.maximum(total, 1e-300)) + low * np.maximum(log_contrast, 0.0) ** 2
    u = np.hypot(np.minimum(variance / np.maximum(total, 1e-300), 1.0), _LOW_U * log_contrast)
    share = np.broadcast_to(_share_of_salt(place, 0.5 * thickness), gain.shape)
    return Prediction(matrix + gain, u, share)


def percolating(values: Values, place: Place, _ratio: Ratio) -> Prediction:
    """Return what a law of percolation in the silica content says, whatever the size of the particles."""
    phi, onset = place.filler_fraction, values["onset"]
    above = np.maximum(phi - onset, 0.0) / np.maximum(1.0 - onset, 0.1)
    left = np.maximum(1.0 - phi / values["ceiling"], 1e-9)
    best = _phase(values, "interphase", place) + _development(values, place)
    carried = best + _EXPONENT * np.log(np.maximum(above, 1e-9)) + np.log(left)
    found = np.logaddexp(_phase(values, "matrix", place) + 1.5 * np.log1p(-phi), carried)
    return Prediction(found, np.zeros_like(found), _layer(values, place, len(found)))


def milled_matrix(values: Values, place: Place, ratio: Ratio) -> Prediction:
    """Return what a salt says that milling has transformed, faster the more silica there is, whatever its area."""
    return _milled(values, place, ratio, values["conversion"] * place.filler_fraction)


def area_milled_matrix(values: Values, place: Place, ratio: Ratio) -> Prediction:
    """Return what a salt says that milling has transformed, faster the more silica and area there is per salt.

    How fast goes as a power of the area; the two salts share the current by a power mean: 0 averages logarithms.
    """
    phi = place.filler_fraction
    size = np.log(TYPICAL / place.diameter)
    return _milled(
        values, place, ratio, values["conversion"] * phi / (1.0 - phi) * np.exp(values["area_exponent"] * size)
    )


def _milled(values: Values, place: Place, ratio: Ratio, dose: np.ndarray) -> Prediction:
    """Return the mixture of two salts after a dose of milling (1 - exp(-dose) transformed at the reference time)."""
    if place.many_times:
        share = share_formed(place.hours, dose / place.reference_hours, values["rate_decay"])
    else:
        share = -np.expm1(-dose)
    two = _phase(values, "matrix", place), _phase(values, "interphase", place)
    mixed = _power_mean(*two, share, values["mixing"]) if "mixing" in values else _mixture(*two, share)
    left, u = _insulating(ratio, place, len(mixed))
    return Prediction(mixed + left, u, _layer(values, place, len(mixed)))


def _power_mean(log_first: np.ndarray, log_second: np.ndarray, share: np.ndarray, power: np.ndarray) -> np.ndarray:
    """Return ln sigma of a mixture by a power mean, `share` of the second; power 0 averages logarithms."""
    p = np.where(np.abs(power) < 1e-3, 1e-3, power)
    gap = np.clip(log_second - log_first, -_FAR, _FAR)
    return np.asarray(log_first + np.log1p(np.minimum(share, 1.0 - 1e-12) * np.expm1(p * gap)) / p)


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
