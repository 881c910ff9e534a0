"""Conjugate gradients that stop on the gap between two energies."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from closo.models.transport import balance, composite, elimination, flux, kernels
from closo.models.transport.connected import remove_means
from closo.models.transport.device import ArrayWork, library
from closo.models.transport.multigrid import MANY, cycle, hierarchy
from closo.models.transport.network import Medium

_LOOSENESS = 4.0  # first guess of gap / error of the energy for each cell along the current, as on spheres with shells
_REFRESH = 1e-8  # the residual is computed anew where its energy has fallen by this: single precision is used up
_ROUND = 30  # iterations after which it is computed anew in any case
_FINE = 1e-6  # tolerances below this
_STEEP = 2e4  # and contrasts above this need double precision
_ROUNDING = 1e-14


@dataclass(frozen=True)
class Potential:
    """A potential and what is known of its energy, in units of the largest conductivity."""

    x: np.ndarray
    upper: float
    lower: float
    best: float
    iterations: int


def converge(medium: Medium, *, tolerance: float, max_iterations: int, device: str = "cpu") -> Potential:
    """Iterate until (upper - lower) < tolerance upper or the iterations are used up.

    The vectors of the iteration are single precision, also the potential less that of a homogeneous box; energies are
    double. At a contrast or a tolerance for which that is too coarse, only the preconditioner is single. r.z of the
    preconditioned residual estimates the error of the energy at no cost; the balanced flux is made only when that is small
    enough.

    A network that is almost a tree is solved by elimination, and only its bound is formed here.

    `device` : 'cpu', or what `device.library` knows.
    """
    eliminated = _eliminated(medium, tolerance) if device == "cpu" else None
    if eliminated is not None:
        return eliminated
    double = _needs_double(medium, tolerance)
    work: _Work | ArrayWork
    work = _Work(medium, double=double) if device == "cpu" else ArrayWork(medium, double=double, xp=library(device))
    upper = work.imbalance()
    looseness, before, fresh, iteration = _LOOSENESS * medium.cells.shape[0], 0.0, 0.0, 0
    while True:
        error, sound = work.step(before)
        iteration += 1
        left = error * min(1.0, error / before) if before else error
        last = iteration >= max_iterations or not error > 0
        fresh, before = fresh or left, error if sound else 0.0
        if left * looseness < tolerance * upper or last:
            upper = work.imbalance()
            gap = work.gap() + _ROUNDING * upper
            if gap <= 0.98 * tolerance * upper or last:
                return Potential(
                    work.solution(), upper, max(upper - gap, 0.0), upper - min(max(left, 0.0), gap / 2), iteration
                )
            looseness = 1.2 * gap / max(left, 1e-300)
            fresh = left
        elif left < _REFRESH * fresh or not sound or iteration % _ROUND == 0:
            upper, fresh = work.imbalance(), left


def _eliminated(medium: Medium, tolerance: float) -> Potential | None:
    """Return the potential found by elimination where that is the shorter way and its bound is as tight as asked."""
    x = elimination.potential(medium)
    if x is None:
        return None
    conductors = (medium.cells, medium.resistance, medium.faces, medium.factors)
    ramp, r = _ramp(medium), np.zeros(x.shape)
    x -= ramp
    upper = _imbalance(conductors, x, r, periodic=medium.periodic)
    x += ramp
    gap = flux.gap(conductors, medium.tree, r.astype(np.float32)) + _ROUNDING * upper
    return Potential(x, upper, max(upper - gap, 0.0), upper, 0) if gap <= tolerance * upper else None


def _needs_double(medium: Medium, tolerance: float) -> bool:
    """Say whether currents between cells would drown in the rounding of single precision."""
    if medium.faces.shape[1]:
        faces = medium.faces[medium.faces > 0]
        contrast = float(faces.max() / faces.min()) if faces.size else 1.0
    else:
        conducting = medium.resistance[1:-1]
        contrast = float(conducting.max() / conducting.min())
    return tolerance < _FINE or contrast > _STEEP


class _Work:
    """The vectors of one solution."""

    def __init__(self, medium: Medium, *, double: bool) -> None:
        precision = np.float64 if double else np.float32
        self.medium = medium
        self.conductors = (medium.cells, medium.resistance, medium.faces, medium.factors)
        self.single = medium.network(np.float32)
        self.network = medium.network(np.float64) if double else self.single
        self.levels = hierarchy(self.single, medium.cells.shape, periodic=medium.periodic)
        self.x, self.r, self.p = (kernels.zeros(medium.cells.shape, precision) for _ in range(3))
        self.z = kernels.zeros(self.x.shape, np.float32)
        self.power, self.steps = 0.0, 0  # p.(A p)
        self.sums = np.zeros((3, medium.cells.shape[0]))

    def precondition(self) -> float:
        """Write the approximate solution for r / scale into z; return the scale."""
        periodic = self.medium.periodic
        if periodic:  # rounding lets the constant, which nothing holds, drift
            remove_means(self.r, self.medium.cells, self.medium.part)
        scale, source = 1.0, self.r
        if self.r.dtype == np.float64:
            scale = float(np.abs(self.r).max()) or 1.0
            source = (self.r / scale).astype(np.float32)
        cycle(self.single, self.levels, self.z, source, periodic=periodic, both=self.steps > MANY)
        if periodic:
            remove_means(self.z, self.medium.cells, self.medium.part)
        return scale

    def step(self, before: float) -> tuple[float, bool]:
        """Do one step of flexible conjugate gradients; return r.z and whether the step was sound.

        `before` : r.z of the last step; 0 starts anew. A p is computed where it is used and not kept.
        """
        periodic, size, number = self.medium.periodic, self.x.size, self.r.dtype.type
        self.steps += 1
        scale = self.precondition()
        if periodic:
            kernels.fill_ghosts(self.z)
        kernels.products.on(size)(self.network, self.z, (self.r, self.p), self.sums)
        zz, error, zp = (np.array([scale**2, scale, scale]) * self.sums.sum(axis=1)).tolist()
        if not error > 0:
            return error, False
        beta = -zp / self.power if before else 0.0
        self.power = zz + (beta * zp if before else 0.0)
        kernels.blend.on(size)(self.p, number(beta), self.z, number(scale))
        if not self.power > 0:
            return error, False
        kernels.advance.on(size)(self.network, self.p, (self.x, self.r), number(error / self.power))
        return error, True

    def solution(self) -> np.ndarray:
        """Return the padded potential; the vectors of the iteration are let go before it is made."""
        del self.r, self.p, self.z, self.levels, self.network, self.single
        x: np.ndarray = np.add(_ramp(self.medium), self.x, out=kernels.zeros(self.x.shape, np.float64))
        return x

    def imbalance(self) -> float:
        """Compute r, the current that every cell gains, anew in double precision; return the energy."""
        return _imbalance(self.conductors, self.x, self.r, periodic=self.medium.periodic)

    def gap(self) -> float:
        """Return the gap to the energy of the balanced flux."""
        self.z[...] = self.r
        return flux.gap(self.conductors, self.medium.tree, self.z)


def _ramp(medium: Medium) -> np.ndarray:
    """Return the potential (n0 + 2, 1, 1) of a homogeneous box: 1 at the lower electrode, 0 at the upper one."""
    n0 = medium.shape[0]
    return np.asarray((1 - (np.arange(-1, n0 + 1) + 0.5) / n0)[:, None, None])


def _imbalance(conductors: flux.Conductors, x: np.ndarray, r: np.ndarray, *, periodic: bool) -> float:
    """Set the ghosts of x, write the current that every cell gains into r, and return the energy.

    x is the potential less that of a homogeneous box, which at the ghosts has passed the electrodes by half a cell.
    """
    if periodic:
        kernels.fill_ghosts(x)
    else:
        half = 0.5 / (x.shape[0] - 2)
        x[0], x[-1] = -half, half
    return float(balance.energy_and_imbalance(conductors, x, r, periodic))


def shares(medium: Medium, x: np.ndarray) -> np.ndarray:
    """Return sigma dE/dsigma of every class of the medium at the potential x (with its ghosts)."""
    if medium.fine is None:
        conductors = (medium.cells, medium.resistance, medium.faces, medium.factors)
        return np.asarray(balance.energies(conductors, x, medium.periodic))
    drops = balance.squared_drops(x, periodic=medium.periodic)
    drops[medium.faces == 0] = 0  # what was dropped holds no potential
    conductivity = 0.5 / medium.resistance[:-1]
    return composite.energies(
        medium.fine,
        conductivity,
        medium.subvoxels,
        medium.factors,
        drops=drops,
        periodic=medium.periodic,
        rod_share=medium.rod_share,
    )
