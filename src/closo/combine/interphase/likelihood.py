"""How probable the data are under an explanation, for many parameter vectors at once.

ln sigma is normal about the forward model. Its covariance has five parts: the named sources of the data (fixed, they
correlate all rows that share a thickness or a chamber); a scatter from sample to sample and the uncertainty of the
table of voxel solves, both common to all temperatures of one sample; a scatter of its activation energy; and what the
explanation itself misses (its discrepancy), a smooth function of content, particle size and time. Half the variance of
the voxel solves is common to all samples: their error is alike where the structures are.

The Cholesky factor of the covariance with the residuals as one more row holds both its determinant and the whitened
residuals: one factorisation for each draw.

Source of the discrepancy: Kennedy and O'Hagan 2001, 10.1111/1467-9868.00294.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from closo.combine.interphase.forward import K_EV, Prediction, Ratio
from closo.combine.interphase.mechanisms import (
    DISCREPANCY,
    ENERGY_SCATTER,
    SCATTER,
    Mechanism,
    Parameter,
    natural,
    parameters_of,
)
from closo.combine.interphase.records import Place, Table

_LOG_2PI = math.log(2.0 * math.pi)
_LARGEST = 8.0  # z beyond it has a prior of 1e-15
_AT_ONCE = 500  # draws: more would not stay in the cache
_ANY = 1e30  # larger than any r^T C^-1 r


@dataclass(frozen=True)
class Noise:
    """What the covariance of some rows is made of.

    Attributes
    ----------
    rows : shape (n,), indices into the table.
    parts : shape (4, n, n): the fixed part; one of level, one of activation energy, one of discrepancy, each to be
        multiplied by a variance.
    solves : shape (n, n): what is multiplied by u u^T of the table of voxel solves.
    """

    rows: np.ndarray
    parts: np.ndarray
    solves: np.ndarray

    @staticmethod
    def of(table: Table, rows: np.ndarray) -> Noise:
        """Return the noise of the rows (indices) of a table."""
        place = table.place
        mine = ((table.owner[rows, None] == np.arange(len(table.composites))) & ~table.chemical[rows, None]).astype(
            float
        )
        same, alike = mine @ mine.T, mine @ table.alike @ mine.T
        arm = lever(place)[rows]
        tilt = arm[:, None] * arm[None, :]
        thermal = K_EV * place.reference_temperature  # what is missed of ln sigma, is missed of Ea/kT
        fixed = table.covariance[np.ix_(rows, rows)]
        parts = np.stack([fixed, same, same * tilt, alike * (1.0 + thermal**2 * tilt)])
        return Noise(rows, parts, 0.5 * (same + mine.sum(axis=1)[:, None] * mine.sum(axis=1)[None, :]))

    def covariance(self, variances: np.ndarray, u: np.ndarray) -> np.ndarray:
        """Return the covariance, shape (draws, n, n).

        Parameters
        ----------
        variances : shape (draws, 4), of the parts.
        u : shape (draws, table rows), of the voxel solves.
        """
        n, here = len(self.rows), u[:, self.rows]
        found = (variances @ self.parts.reshape(4, n * n)).reshape(-1, n, n)
        outer = here[:, :, None] * here[:, None, :]
        outer *= self.solves
        found += outer
        return np.asarray(found)


class Density:
    """A density over z whose prior is standard normal: what can be sampled; `parameters` : d of them."""

    parameters: tuple[Parameter, ...]

    @property
    def name(self) -> str:
        """For messages."""
        raise NotImplementedError

    @property
    def structure(self) -> int:
        """Index of the parameter along which the ridge is followed."""
        raise NotImplementedError

    def white(self, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return numbers whose squares add up to r^T C^-1 r, shape (draws, rows), and ln det C (draws,)."""
        raise NotImplementedError

    def least(self) -> float:
        """Return ln det of the covariance without what is fitted: the smallest that it can be."""
        raise NotImplementedError

    def log_likelihood(self, z: np.ndarray) -> np.ndarray:
        """Return ln p(data | z), shape (draws,)."""
        white, log_determinant = self.white(z)
        return np.asarray(-0.5 * ((white**2).sum(axis=1) + log_determinant + white.shape[1] * _LOG_2PI))

    def log_posterior(self, z: np.ndarray) -> np.ndarray:
        """Return ln of likelihood x prior, shape (draws,); -inf far outside the prior."""
        inside = (np.abs(z) < _LARGEST).all(axis=1)
        result = np.full(len(z), -np.inf)
        if inside.any():
            prior = -0.5 * (z[inside] ** 2).sum(axis=1) - 0.5 * z.shape[1] * _LOG_2PI
            result[inside] = prior + self.log_likelihood(z[inside])
        return result

    def residuals(self, z: np.ndarray) -> np.ndarray:
        """Return what least squares minimises, shape (draws, residuals): half its square is -ln posterior + constant."""
        white, log_determinant = self.white(np.clip(z, -_LARGEST, _LARGEST))
        level = np.sqrt(np.maximum(log_determinant - self.least(), 0.0) + 1.0)
        return np.concatenate([white, level[:, None], z], axis=1)


@dataclass(frozen=True)
class Model(Density):
    """An explanation together with the data, as a density over z (prior: standard normal).

    Attributes
    ----------
    mechanism : the explanation.
    parameters : d of them.
    table : the data.
    ratio : of the shell structures.
    noise : of the rows that are used.
    """

    mechanism: Mechanism
    parameters: tuple[Parameter, ...]
    table: Table
    ratio: Ratio
    noise: Noise

    @staticmethod
    def of(mechanism: Mechanism, table: Table, ratio: Ratio) -> Model:
        """Return the model of an explanation for all rows of the data."""
        chemical = bool(table.chemical.any())
        parameters = parameters_of(mechanism, many_times=table.place.many_times, chemical=chemical)
        return Model(mechanism, parameters, table, ratio, Noise.of(table, np.arange(len(table.y))))

    @property
    def name(self) -> str:
        """Name of the explanation."""
        return self.mechanism.name

    @property
    def structure(self) -> int:
        """Index of the parameter that says how much interphase there is."""
        return [p.name for p in self.parameters].index(self.mechanism.parameters[0].name)

    def without(self, composite: int) -> Model:
        """Return the model for the data without one composite."""
        return replace(self, noise=Noise.of(self.table, np.flatnonzero(self.table.owner != composite)))

    def misfit(self, z: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return residuals (draws, n) of all rows; variances (draws, 4) and u (draws, n) for `Noise.covariance`."""
        t = self.table
        found = predict(self, z, t.place)
        residuals = t.y - np.where(t.chemical, found.chemical_share, found.log_conductivity)
        values = natural(self.parameters, z)
        free = np.hstack([values[p.name] for p in (SCATTER, ENERGY_SCATTER, DISCREPANCY)]) ** 2
        u = found.emulator_u @ self._mean_of_rows()
        return residuals, np.hstack([np.ones((len(z), 1)), free]), u[:, t.owner]

    def log_left_out(self, z: np.ndarray) -> np.ndarray:
        """Return ln p(rows of a composite | all other rows, z), shape (draws, composites); of a model with all rows."""
        residuals, variances, u = self.misfit(z)
        precision = np.linalg.inv(Noise.of(self.table, np.arange(len(self.table.y))).covariance(variances, u))
        pull = np.einsum("kij,kj->ki", precision, residuals)
        found = np.empty((len(z), len(self.table.composites)))
        for k in range(found.shape[1]):
            mine = np.flatnonzero(self.table.owner == k)
            block = precision[np.ix_(np.arange(len(z)), mine, mine)]
            inside = np.einsum("ki,ki->k", pull[:, mine], np.linalg.solve(block, pull[:, mine, None])[..., 0])
            found[:, k] = 0.5 * (np.linalg.slogdet(block)[1] - inside - len(mine) * _LOG_2PI)
        return found

    def white(self, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return numbers whose squares add up to r^T C^-1 r, shape (draws, used rows), and ln det C (draws,)."""
        white, log_determinant = np.empty((len(z), len(self.noise.rows))), np.empty(len(z))
        for k in range(0, len(z), _AT_ONCE):
            part = slice(k, k + _AT_ONCE)
            residuals, variances, u = self.misfit(z[part])
            n = len(self.noise.rows)
            whole = np.empty((len(residuals), n + 1, n + 1))
            whole[:, :n, :n] = self.noise.covariance(variances, u)
            whole[:, n, :n] = whole[:, :n, n] = residuals[:, self.noise.rows]
            whole[:, n, n] = _ANY
            factor = np.linalg.cholesky(whole)
            white[part] = factor[:, n, :n]
            log_determinant[part] = 2.0 * np.log(np.diagonal(factor, axis1=1, axis2=2)[:, :n]).sum(axis=1)
        return white, log_determinant

    def least(self) -> float:
        """Return ln det of the covariance without what is fitted: the smallest that it can be."""
        return float(np.linalg.slogdet(self.noise.parts[0])[1])

    def _mean_of_rows(self) -> np.ndarray:
        """Return weights, shape (rows, composites), of the mean over the conductivities of a composite."""
        weights = np.zeros((len(self.table.y), len(self.table.composites)))
        weights[np.arange(len(self.table.y)), self.table.owner] = ~self.table.chemical
        return np.asarray(weights / np.maximum(weights.sum(axis=0), 1.0))


def predict(model: Model, z: np.ndarray, place: Place) -> Prediction:
    """Return what the explanation says at z, shape (draws, d), for any place."""
    return model.mechanism.predict(natural(model.parameters, z), place, model.ratio)


def lever(place: Place) -> np.ndarray:
    """Return what one eV more of activation energy does to ln sigma, shape (rows,)."""
    return np.asarray((1.0 / place.reference_temperature - 1.0 / place.temperature) / K_EV)
