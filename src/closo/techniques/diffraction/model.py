"""The pattern that phases, halo and background give: what the fit compares with the measurement.

A pattern is linear in the amounts of the phases, of the halo and of the terms of the background, and these are solved for
exactly at every step (variable projection, Golub and Pereyra, doi:10.1088/0266-5611/19/2/201); the amounts of phases and halo
are never negative. What is left to the optimiser is where reflections stand and how wide they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import nnls

from closo.techniques.diffraction.profile import SCHERRER, Instrument, add_peaks, combine, polarisation, split
from closo.techniques.diffraction.structure import Phase, cell_of, inverse_spacings
from closo.techniques.diffraction.wavelengths import Radiation

__all__ = ["HALOS", "Hump", "Model", "Parameter", "Solution"]

_DEGREE = 180.0 / np.pi


@dataclass(frozen=True)
class Hump:
    """One maximum of an amorphous halo: spacing and its range [angstrom], width [1/angstrom, in 1/d], Lorentzian share."""

    spacing: float
    width: float
    share: float = 0.3
    free: bool = False


HALOS: dict[str, tuple[Hump, ...]] = {
    "none": (),
    "silica": (Hump(4.05, 0.10, free=True), Hump(2.15, 0.12), Hump(1.22, 0.16)),
}
"""Templates: the maxima of the X-ray scattering of vitreous silica at 1.53, 2.9 and 5.2 per angstrom."""


@dataclass(frozen=True)
class Parameter:
    """A parameter of the optimiser: what it is, of which phase, where it begins and between what it stays."""

    name: str
    phase: int  # -1 where it belongs to none
    start: float
    low: float
    high: float


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
    humps : of the halo.
    order : of the Chebyshev polynomial of the background; 1/x is a term more where `air` is True.
    shape : Lorentzian share of what the size of crystallites adds.
    fixed : values of parameters that are not free, (name, phase) -> value.
    """

    x: np.ndarray
    y: np.ndarray
    sd: np.ndarray
    phases: Sequence[Phase]
    radiation: Radiation
    instrument: Instrument
    parameters: Sequence[Parameter]
    monochromator: float = 0.0
    humps: Sequence[Hump] = ()
    order: int = 6
    shape: float = 1.0
    fixed: dict[tuple[str, int], float] = field(default_factory=dict)
    _memory: dict[bytes, np.ndarray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.index = {(p.name, p.phase): k for k, p in enumerate(self.parameters)}
        self.base = _background(self.x, self.order)
        self.q, self.r = np.linalg.qr(self.base / self.sd[:, None])
        scaled = self.y / self.sd
        self.left = scaled - self.q @ (self.q.T @ scaled)

    def value(self, values: np.ndarray, name: str, phase: int = -1) -> float:
        """Return a parameter: free, fixed, or 0."""
        k = self.index.get((name, phase))
        return float(values[k]) if k is not None else self.fixed.get((name, phase), 0.0)

    def cell(self, values: np.ndarray, phase: int) -> tuple[float, ...]:
        """Return the cell of a phase [angstrom, deg]."""
        groups = range(len(self.phases[phase].free))
        return cell_of(self.phases[phase], np.array([self.value(values, f"cell{g}", phase) for g in groups]))

    def positions(self, values: np.ndarray, phase: int, wavelength: float) -> np.ndarray:
        """Return 2theta [rad] of the reflections as they would stand without displacement; NaN where they have none."""
        with np.errstate(invalid="ignore"):
            sine = 0.5 * wavelength * inverse_spacings(self.cell(values, phase), self.phases[phase].hkl)
            return np.asarray(2.0 * np.arcsin(sine))

    def column(self, values: np.ndarray, phase: int) -> np.ndarray:
        """Return the pattern of one phase for an amount of 1, shape (n,)."""
        own = [values[k] for k, p in enumerate(self.parameters) if p.phase in (phase, -1) and p.name not in _HALO]
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
                instrument = instrument.changed(**{name: self.value(values, name)})
        size, strain = np.exp(self.value(values, "size", phase)), self.value(values, "strain", phase)
        shape = self.value(values, "shape") if ("shape", -1) in self.index else self.shape
        own_gauss, own_lorentz = split(shape)
        total = np.zeros(len(self.x))
        for wavelength, part in self.radiation.lines:
            angle = self.positions(values, phase, wavelength)
            seen = np.isfinite(angle) & (angle < np.radians(min(self.x[-1] + 3.0, 178.0)))
            angle, strength = angle[seen], self.phases[phase].strength[seen]
            theta = 0.5 * angle
            gauss, lorentz = instrument.widths(theta)
            broad = _DEGREE * SCHERRER * wavelength / (size * np.cos(theta))
            distorted = 4.0 * _DEGREE * strain * np.tan(theta)
            gauss = np.sqrt(gauss**2 + (own_gauss * broad) ** 2)
            width, share = combine(gauss, lorentz + own_lorentz * broad + distorted)
            centre = angle * _DEGREE + self.value(values, "zero") + self.value(values, "displacement") * np.cos(theta)
            damping = np.exp(-2.0 * self.value(values, "b", phase) * (np.sin(theta) / wavelength) ** 2)
            area = part * strength * damping * polarisation(angle, self.monochromator)
            total += add_peaks(self.x, centre, fwhm=width, share=share, area=area, axial=instrument.axial)
        return total

    def halo(self, values: np.ndarray) -> np.ndarray:
        """Return the patterns of the humps for an amount of 1, shape (n, number of humps)."""
        q = 2.0 * np.sin(np.radians(self.x) / 2.0) / self.radiation.main
        columns = []
        for hump in self.humps:
            centre, width = 1.0 / hump.spacing, hump.width
            if hump.free:
                centre *= 1.0 + self.value(values, "halo_position")
                width *= np.exp(self.value(values, "halo_width"))
            r = ((q - centre) / (0.5 * width)) ** 2
            columns.append(hump.share / (1.0 + r) + (1.0 - hump.share) * np.exp(-np.log(2.0) * r))
        return np.stack(columns, axis=1) if columns else np.zeros((len(self.x), 0))

    def columns(self, values: np.ndarray) -> np.ndarray:
        """Return the patterns of phases and humps for amounts of 1, shape (n, number of both)."""
        phases = [self.column(values, k) for k in range(len(self.phases))]
        return np.column_stack([*phases, self.halo(values)])

    def solve(self, values: np.ndarray) -> Solution:
        """Return the amounts that fit best."""
        columns = self.columns(values) / self.sd[:, None]
        norm = np.linalg.norm(columns, axis=0)
        norm[norm == 0] = 1.0
        scaled = columns / norm
        inside = self.q.T @ scaled
        free = scaled - self.q @ inside
        triangle_q, triangle = np.linalg.qr(free)
        amounts, _ = nnls(triangle, triangle_q.T @ self.left)
        fitted = free @ amounts
        coefficients = np.linalg.solve(self.r, self.q.T @ (self.y / self.sd) - inside @ amounts)
        residuals = self.left - fitted
        return Solution(amounts / norm, coefficients, self.y - residuals * self.sd, residuals)

    def residuals(self, values: np.ndarray) -> np.ndarray:
        """Return the weighted residuals, shape (n,)."""
        return self.solve(values).residuals

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


_HALO = ("halo_position", "halo_width")


def _background(x: np.ndarray, order: int) -> np.ndarray:
    """Return the terms of the background, shape (n, order + 2): Chebyshev polynomials, and 1/x for scattering by air."""
    scaled = 2.0 * (x - x[0]) / (x[-1] - x[0]) - 1.0
    terms = np.polynomial.chebyshev.chebvander(scaled, order)
    return np.column_stack([terms, x[0] / x])
