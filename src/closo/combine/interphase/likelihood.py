"""How probable the data are under an explanation, for many parameter vectors at once.

ln sigma is normal about the forward model. Its covariance has four parts: the named sources of the data (fixed, they
correlate all rows that share a thickness or a chamber), a scatter from sample to sample and the uncertainty of the
table of voxel solves, both common to all temperatures of one sample, and a scatter of its activation energy. Half the
variance of the voxel solves is common to all samples: their error is alike where the structures are.

The last three have few dimensions: with A the fixed part, C = A + U D U^T, whose inverse and determinant need only
matrices of twice the number of samples (Woodbury's identity).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from closo.combine.interphase.forward import K_EV, Prediction, Ratio
from closo.combine.interphase.mechanisms import Mechanism, Parameter, natural, parameters_of
from closo.combine.interphase.records import Place, Table

__all__ = ["Model", "Noise", "predict"]

_LOG_2PI = math.log(2.0 * math.pi)
_LARGEST = 8.0  # z beyond it has a prior of 1e-15


@dataclass(frozen=True)
class Effects:
    """Standard deviations of what moves whole composites: D = S S^T with S = (diag(own), common).

    Attributes
    ----------
    own : shape (draws, 2 m), of the level and of the activation energy of each of m composites.
    common : shape (draws, m), of the level, fully correlated between composites.
    """

    own: np.ndarray
    common: np.ndarray

    def gather(self, x: np.ndarray) -> np.ndarray:
        """Return S^T x for x of shape (draws, 2 m)."""
        last = (self.common * x[:, : self.common.shape[1]]).sum(axis=1, keepdims=True)
        return np.hstack([self.own * x, last])

    def spread(self, y: np.ndarray) -> np.ndarray:
        """Return S y for y of shape (draws, 2 m + 1)."""
        moved = np.asarray(self.own * y[:, :-1])
        moved[:, : self.common.shape[1]] += self.common * y[:, -1:]
        return moved


@dataclass(frozen=True)
class Noise:
    """The fixed part of the covariance of some rows, made ready.

    Attributes
    ----------
    rows : shape (n,), indices into the table.
    whiten : shape (n, n), inverse of the Cholesky factor of A.
    arms : shape (n, 2 m), whitened U: what the level and the activation energy of each of m composites do to the rows.
    log_determinant : of A.
    """

    rows: np.ndarray
    whiten: np.ndarray
    arms: np.ndarray
    log_determinant: float

    @staticmethod
    def of(table: Table, rows: np.ndarray) -> Noise:
        """Return the noise of the rows (indices) of a table."""
        factor = np.linalg.cholesky(table.covariance[np.ix_(rows, rows)])
        whiten = np.linalg.inv(factor)
        level = (table.owner[rows, None] == np.arange(len(table.composites))) & ~table.chemical[rows, None]
        arms = whiten @ np.hstack([level, level * lever(table.place)[rows, None]])
        return Noise(rows, whiten, arms, 2.0 * float(np.log(np.diag(factor)).sum()))

    def inner(self, effects: Effects) -> tuple[np.ndarray, np.ndarray]:
        """Return the Cholesky factor of 1 + S^T U^T A^-1 U S (draws, 2 m + 1, 2 m + 1), and ln det C (draws,)."""
        s, m = effects.own, effects.common.shape[1]
        gram = self.arms.T @ self.arms
        across = effects.common @ gram[:m]
        inner = np.empty((len(s), 2 * m + 1, 2 * m + 1))
        inner[:, :-1, :-1] = np.eye(2 * m) + s[:, :, None] * gram * s[:, None, :]
        inner[:, -1, :-1] = inner[:, :-1, -1] = s * across
        inner[:, -1, -1] = 1.0 + (across[:, :m] * effects.common).sum(axis=1)
        factor = np.linalg.cholesky(inner)
        return factor, self.log_determinant + 2.0 * np.log(np.diagonal(factor, axis1=1, axis2=2)).sum(axis=1)


@dataclass(frozen=True)
class Model:
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
    def structure(self) -> int:
        """Index of the parameter that says how much interphase there is."""
        return [p.name for p in self.parameters].index(self.mechanism.parameters[0].name)

    def without(self, composite: int) -> Model:
        """Return the model for the data without one composite."""
        return replace(self, noise=Noise.of(self.table, np.flatnonzero(self.table.owner != composite)))

    def misfit(self, z: np.ndarray) -> tuple[np.ndarray, Effects]:
        """Return residuals (draws, n) of all rows and the effects on whole composites at z (draws, d)."""
        t = self.table
        found = predict(self, z, t.place)
        residuals = t.y - np.where(t.chemical, found.chemical_share, found.log_conductivity)
        values = natural(self.parameters, z)
        u = found.emulator_u @ self._mean_of_rows()
        energy = np.broadcast_to(values["energy_scatter"], u.shape)
        return residuals, Effects(np.hstack([np.sqrt(values["scatter"] ** 2 + 0.5 * u**2), energy]), math.sqrt(0.5) * u)

    def log_likelihood(self, z: np.ndarray) -> np.ndarray:
        """Return ln p(used rows | z), shape (draws,)."""
        white, log_determinant = self._white(z)
        return np.asarray(-0.5 * ((white**2).sum(axis=1) + log_determinant + len(self.noise.rows) * _LOG_2PI))

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
        white, log_determinant = self._white(np.clip(z, -_LARGEST, _LARGEST))
        level = np.sqrt(np.maximum(log_determinant - self.noise.log_determinant, 0.0) + 1.0)
        return np.concatenate([white, level[:, None], z], axis=1)

    def log_left_out(self, z: np.ndarray) -> np.ndarray:
        """Return ln p(rows of a composite | all other rows, z), shape (draws, composites); of a model with all rows."""
        residuals, effects = self.misfit(z)
        noise = Noise.of(self.table, np.arange(len(self.table.y)))
        factor, _ = noise.inner(effects)
        base, m = noise.arms.T @ noise.whiten, effects.common.shape[1]
        arms = np.concatenate([effects.own[:, :, None] * base, (effects.common @ base[:m])[:, None]], axis=1)
        arms = np.linalg.solve(factor, arms)  # precision = A^-1 - arms^T arms
        fixed = noise.whiten.T @ noise.whiten
        pull = residuals @ fixed - np.einsum("kji,kj->ki", arms, np.einsum("kji,ki->kj", arms, residuals))
        found = np.empty((len(z), len(self.table.composites)))
        for k in range(found.shape[1]):
            mine = np.flatnonzero(self.table.owner == k)
            own = arms[:, :, mine]
            block = fixed[np.ix_(mine, mine)] - own.transpose(0, 2, 1) @ own
            inside = np.einsum("ki,ki->k", pull[:, mine], np.linalg.solve(block, pull[:, mine, None])[..., 0])
            found[:, k] = 0.5 * (np.linalg.slogdet(block)[1] - inside - len(mine) * _LOG_2PI)
        return found

    def _white(self, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return numbers whose squares add up to r^T C^-1 r, shape (draws, used rows + 2 m + 1), and ln det C (draws,)."""
        residuals, effects = self.misfit(z)
        factor, log_determinant = self.noise.inner(effects)
        white = residuals[:, self.noise.rows] @ self.noise.whiten.T
        half = np.linalg.solve(factor, effects.gather(white @ self.noise.arms)[..., None])
        likeliest = np.linalg.solve(factor.transpose(0, 2, 1), half)[..., 0]
        return np.hstack([white - effects.spread(likeliest) @ self.noise.arms.T, likeliest]), log_determinant

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
