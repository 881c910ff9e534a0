"""The pattern that phases, halo and background give: what the fit compares with the measurement.

A pattern is linear in the amounts of the phases, of the halo and of the terms of the background, and these are solved for
exactly at every step (variable projection, Golub and Pereyra, doi:10.1088/0266-5611/19/2/201); the amounts of phases
and halo are never negative. What is left to the optimiser is where reflections stand and how wide they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from scipy.optimize import nnls

from closo.dataset import Dataset
from closo.techniques.diffraction.profile import SCHERRER, Instrument, combine, polarisation, split
from closo.techniques.diffraction.reflections import add_peaks
from closo.techniques.diffraction.structure import Phase, cell_of, inverse_spacings, march
from closo.techniques.diffraction.wavelengths import Radiation

_DEGREE = 180.0 / np.pi


@dataclass(frozen=True)
class Hump:
    """One bump of an amorphous halo: centre and FWHM in Q = 2 pi/d [1/angstrom]; a Gaussian."""

    centre: float
    width: float


@dataclass(frozen=True)
class Measured:
    """A halo that was measured: angles 2theta [deg], rising, and intensities, smoothed and at most 1; shape (m,) each."""

    x: np.ndarray
    y: np.ndarray

    @staticmethod
    def of(data: Dataset) -> Measured:
        """Return a pattern of the filler alone in the same instrument, smoothed over 1 deg."""
        x = np.asarray(data["two_theta"].values, float)
        grid = np.arange(x[0], x[-1], 0.05)
        bell = np.exp(-4.0 * np.log(2.0) * (np.arange(-30, 31) * 0.05) ** 2)
        y = np.interp(grid, x, data["counts" if "counts" in data else "intensity"].values)
        smooth = np.convolve(np.pad(y, 30, mode="edge"), bell / bell.sum(), mode="valid")
        return Measured(grid, smooth / smooth.max())


def _family(centres: tuple[float, ...], width: float) -> tuple[Hump, ...]:
    return tuple(Hump(centre, width) for centre in centres)


HALOS: dict[str, tuple[Hump, ...]] = {
    "none": (),
    "silica": (
        *_family((0.95, 1.04, 1.13, 1.22, 1.31, 1.40, 1.49, 1.58, 1.67, 1.76, 1.85, 1.94, 2.03, 2.12), 0.25),
        *_family((2.6, 2.9, 3.2), 0.7),
        *_family((5.2,), 1.2),
    ),
    "silica, other": (
        *_family((0.98, 1.09, 1.20, 1.31, 1.42, 1.53, 1.64, 1.75, 1.86, 1.97, 2.08), 0.31),
        *_family((2.5, 2.75, 3.0, 3.25), 0.6),
        *_family((5.2,), 1.0),
    ),
}
"""Templates: bumps that add up, none negative, to the maxima of vitreous silica near 1.53, 2.9 and 5.2 per angstrom.

Their shape is free within the width of a bump, wider than any reflection that is looked for: so no measured halo is needed.
"""


@dataclass(frozen=True)
class Parameter:
    """A parameter of the optimiser: what it is, of which phase, where it begins and between what it stays."""

    name: str
    phase: int  # -1 where it belongs to none
    start: float
    low: float
    high: float
    prior: float | None = None  # standard deviation about `start` that is known beforehand


@dataclass(frozen=True)
class Solution:
    """Amounts that fit best at given parameters."""

    amounts: np.ndarray  # of phases, then humps
    background: np.ndarray  # coefficients of its terms
    calculated: np.ndarray
    residuals: np.ndarray  # weighted


@dataclass
class Model:
    """A pattern with its phases.

    Attributes
    ----------
    x, y, sd : angles 2theta [deg], intensities, and their standard deviations; shape (n,).
    phases, radiation, instrument : see there.
    monochromator : its angle 2theta [rad].
    parameters : what the optimiser changes.
    humps : of the halo, and one that was measured.
    order : of the Chebyshev polynomial of the background; 1/x is a term more where `air` is True.
    shape : Lorentzian share of what the size of crystallites adds.
    fixed : values of parameters that are not free, (name, phase) -> value.
    textures : phase -> the reflection whose planes lie flat.
    """

    x: np.ndarray
    y: np.ndarray
    sd: np.ndarray
    phases: Sequence[Phase]
    radiation: Radiation
    instrument: Instrument
    parameters: Sequence[Parameter]
    monochromator: float = 0.0
    humps: Sequence[Hump | Measured] = ()
    order: int = 6
    shape: float = 1.0
    fixed: dict[tuple[str, int], float] = field(default_factory=dict)
    textures: dict[int, tuple[int, ...]] = field(default_factory=dict)
    _memory: dict[bytes, np.ndarray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.index = {(p.name, p.phase): k for k, p in enumerate(self.parameters)}
        self.base = _background(self.x, self.order)
        self.q, self.r = np.linalg.qr(self.base / self.sd[:, None])
        scaled = self.y / self.sd
        self.left = scaled - self.q @ (self.q.T @ scaled)
        self.halo = _halo(self.x, self.radiation, self.humps)
        self.free_halo = np.column_stack([self._projected(c) for c in self.halo.T]) if self.humps else self.halo
        self.halo_normal, self.halo_right = self.free_halo.T @ self.free_halo, self.free_halo.T @ self.left
        self._projections: dict[int, tuple[np.ndarray, np.ndarray]] = {}
        self._spacings: dict[int, tuple[tuple[float, ...], np.ndarray]] = {}

    def value(self, values: np.ndarray, name: str, phase: int = -1) -> float:
        """Return a parameter: free, fixed, or 0."""
        k = self.index.get((name, phase))
        return float(values[k]) if k is not None else self.fixed.get((name, phase), 0.0)

    def cell(self, values: np.ndarray, phase: int) -> tuple[float, ...]:
        """Return the cell of a phase [angstrom, deg]."""
        groups = range(len(self.phases[phase].free))
        return cell_of(self.phases[phase], np.array([self.value(values, f"cell{g}", phase) for g in groups]))

    def positions(self, values: np.ndarray, phase: int, wavelength: float | np.ndarray) -> np.ndarray:
        """Return 2theta [rad] of the reflections as they would stand without displacement; NaN where they have none."""
        cell = self.cell(values, phase)
        if self._spacings.get(phase, ((), None))[0] != cell:  # most steps leave the cell as it is
            self._spacings[phase] = cell, inverse_spacings(cell, self.phases[phase].hkl)
        with np.errstate(invalid="ignore"):
            return np.asarray(2.0 * np.arcsin(0.5 * wavelength * self._spacings[phase][1]))

    def column(self, values: np.ndarray, phase: int) -> np.ndarray:
        """Return the pattern of one phase for an amount of 1, shape (n,)."""
        own = [values[k] for k, p in enumerate(self.parameters) if p.phase in (phase, -1)]
        key = np.array([phase, *own]).tobytes()
        if key not in self._memory:
            if len(self._memory) > 64:
                self._memory.clear()
            self._memory[key] = self._reflections(values, phase)
        return self._memory[key]

    def _reflections(self, values: np.ndarray, phase: int) -> np.ndarray:
        instrument = self.instrument
        for name in ("u", "v", "w", "x", "y", "axial"):
            if (name, -1) in self.index:
                instrument = instrument.changed({name: self.value(values, name)})
        size, strain = np.exp(self.value(values, "size", phase)), self.value(values, "strain", phase)
        shape = self.value(values, "shape") if ("shape", -1) in self.index else self.shape
        own_gauss, own_lorentz = split(shape)
        strengths = self.phases[phase].strength
        if phase in self.textures:
            strengths = strengths * march(
                self.phases[phase], self.textures[phase], np.exp(self.value(values, "texture", phase))
            )
        wavelength, part = (np.repeat(column, len(strengths)) for column in np.array(self.radiation.lines, float).T)
        strength = np.tile(strengths, len(self.radiation.lines))
        angle = self.positions(values, phase, wavelength.reshape(-1, len(strengths))).ravel()
        seen = np.isfinite(angle) & (angle < np.radians(min(self.x[-1] + 3.0, 178.0)))
        wavelength, part, strength, angle = wavelength[seen], part[seen], strength[seen], angle[seen]
        theta = 0.5 * angle
        cosine, tangent, sine = np.cos(theta), np.tan(theta), np.sin(theta)
        gauss, lorentz = instrument.widths(theta)
        broad = _DEGREE * SCHERRER * wavelength / (size * cosine)
        gauss = np.sqrt(gauss**2 + (own_gauss * broad) ** 2)
        width, share = combine(gauss, lorentz + own_lorentz * broad + 4.0 * _DEGREE * strain * tangent)
        centre = angle * _DEGREE + self.value(values, "zero") + self.value(values, "displacement") * cosine
        centre = centre - self.value(values, "transparency") * np.sin(angle)
        damping = np.exp(-2.0 * self.value(values, "b", phase) * (sine / wavelength) ** 2)
        area = part * strength * damping * polarisation(angle, self.monochromator)
        area = area * np.exp(-self.value(values, "roughness") * (1.0 / sine - 1.0))
        return add_peaks(self.x, centre, fwhm=width, share=share, area=area, axial=instrument.axial)

    def columns(self, values: np.ndarray) -> np.ndarray:
        """Return the patterns of phases and humps for amounts of 1, shape (n, number of both)."""
        return np.column_stack([*(self.column(values, k) for k in range(len(self.phases))), self.halo])

    def _projected(self, column: np.ndarray) -> np.ndarray:
        """Return a weighted column without what the background explains of it."""
        scaled = column / self.sd
        return np.asarray(scaled - self.q @ (self.q.T @ scaled))

    def solve(self, values: np.ndarray) -> Solution:
        """Return the amounts that fit best, and the pattern that they make."""
        amounts, residuals = self._amounts(values)
        explained = self.columns(values) @ amounts
        coefficients = np.linalg.solve(self.r, self.q.T @ ((self.y - explained) / self.sd))
        return Solution(amounts, coefficients, self.y - residuals * self.sd, residuals)

    def _amounts(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the amounts of phases and humps that fit best, and the weighted residuals."""
        phases = np.column_stack([self._own(self.column(values, k)) for k in range(len(self.phases))])
        n = phases.shape[1]
        normal = np.empty((n + len(self.halo_right),) * 2)
        normal[:n, :n], normal[n:, n:] = phases.T @ phases, self.halo_normal
        normal[:n, n:] = phases.T @ self.free_halo
        normal[n:, :n] = normal[:n, n:].T
        right = np.concatenate([phases.T @ self.left, self.halo_right])
        scale = np.sqrt(np.diag(normal))
        scale[scale == 0] = 1.0
        amounts = _not_negative(normal / np.outer(scale, scale), right / scale) / scale
        return amounts, self.left - phases @ amounts[:n] - self.free_halo @ amounts[n:]

    def _own(self, column: np.ndarray) -> np.ndarray:
        """Return the projection of a column of `column`, kept while that is kept."""
        key = id(column)
        if key not in self._projections or self._projections[key][0] is not column:
            if len(self._projections) > 64:
                self._projections.clear()
            self._projections[key] = (column, self._projected(column))
        return self._projections[key][1]

    def residuals(self, values: np.ndarray) -> np.ndarray:
        """Return the weighted residuals, shape (n,)."""
        return self._amounts(values)[1]

    def priors(self, values: np.ndarray) -> np.ndarray:
        """Return how far each parameter is from what is known beforehand, in standard deviations; 0 where nothing is."""
        return np.array(
            [0.0 if p.prior is None else (v - p.start) / p.prior for p, v in zip(self.parameters, values, strict=True)]
        )

    def weighted(self, sd: np.ndarray) -> Model:
        """Return the model with other standard deviations of the intensities."""
        return replace(self, sd=sd, _memory=self._memory)

    def derivatives(self, values: np.ndarray, amounts: np.ndarray) -> np.ndarray:
        """Return the derivatives of the pattern at fixed amounts, shape (n, number of parameters)."""
        columns = []
        for k, parameter in enumerate(self.parameters):
            step = 1e-4 * (parameter.high - parameter.low)
            ends = [np.clip(values[k] + s, parameter.low, parameter.high) for s in (step, -step)]
            moved = []
            for end in ends:
                trial = values.copy()
                trial[k] = end
                moved.append(self.columns(trial) @ amounts)
            columns.append((moved[0] - moved[1]) / (ends[0] - ends[1]))
        return np.stack(columns, axis=1) if columns else np.zeros((len(self.x), 0))

    def slopes(self, values: np.ndarray) -> np.ndarray:
        """Return the derivatives of the residuals, shape (n, number of parameters), by differences."""
        here = self.residuals(values)
        columns = []
        for k, parameter in enumerate(self.parameters):
            step = 1e-4 * (parameter.high - parameter.low)
            step = -step if values[k] + step > parameter.high else step
            moved = values.copy()
            moved[k] += step
            columns.append((self.residuals(moved) - here) / step)
        return np.stack(columns, axis=1) if columns else np.zeros((len(self.x), 0))


def _halo(x: np.ndarray, radiation: Radiation, humps: Sequence[Hump | Measured]) -> np.ndarray:
    """Return the patterns of the humps for amounts of 1, shape (n, number of humps)."""
    q = 4.0 * np.pi * np.sin(np.radians(x) / 2.0) / radiation.main
    columns = [
        np.interp(x, hump.x, hump.y)
        if isinstance(hump, Measured)
        else np.exp(-4.0 * np.log(2.0) * ((q - hump.centre) / hump.width) ** 2)
        for hump in humps
    ]
    return np.stack(columns, axis=1) if columns else np.zeros((len(x), 0))


def _not_negative(normal: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Return the non-negative least-squares solution of normal equations with a diagonal of ones."""
    triangle = np.linalg.cholesky(normal + 1e-9 * np.eye(len(normal)))
    return np.asarray(nnls(triangle.T, np.linalg.solve(triangle, right))[0])


def _background(x: np.ndarray, order: int) -> np.ndarray:
    """Return the terms of the background, shape (n, order + 2): Chebyshev polynomials, and 1/x for scattering by air."""
    scaled = 2.0 * (x - x[0]) / (x[-1] - x[0]) - 1.0
    terms = np.polynomial.chebyshev.chebvander(scaled, order)
    return np.column_stack([terms, x[0] / x])
