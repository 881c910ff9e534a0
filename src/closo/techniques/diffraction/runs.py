"""The fits of one pattern: the base, and the variants that show how much the choices move it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from closo.errors import ConvergenceError
from closo.techniques.diffraction.fitting import Fitted, fit, refit
from closo.techniques.diffraction.plan import Pattern, Plan, make_model
from closo.techniques.diffraction.profile import SCHERRER
from closo.techniques.diffraction.structure import Phase
from closo.techniques.diffraction.wavelengths import Radiation

_COARSE = 0.06  # deg
_PER_WIDTH = 6.0  # points over the FWHM of the narrowest reflection
_ZERO = 0.05  # deg, of a zero that nobody gauged, where lines seem not shifted: a filling may undo it
_RADIUS, _PACKING = 15.0, 0.6  # cm, of a usual goniometer; share of a powder that is filled
_LEAST_SHIFT = 0.002  # deg
_RISE = 0.1  # of chi-square, beyond which a variant contradicts the pattern
_STRAIN = 0.002  # that crystallites may have where it is not told from their size
STRAINED_LINES = 6  # resolved lines from which strain is told from size


@dataclass(frozen=True)
class Runs:
    """The fits of a pattern.

    Attributes
    ----------
    base : the fit whose values are given.
    variants : source of uncertainty -> the fits that change what it names.
    lines : per phase, how many reflections of it are resolved.
    """

    base: Fitted
    variants: dict[str, tuple[Fitted, ...]]
    lines: tuple[int, ...]

    def spread(self, number: Callable[[Fitted], float]) -> dict[str, float]:
        """Return source -> standard uncertainty that its variants give to a number of a fit.

        Variants are the ends of what is possible, so their root mean square is divided by the square root of 3; the
        zero of the goniometer is changed by its standard uncertainty, and counts in full.
        """
        base = number(self.base)
        found = {}
        for source, fits in self.variants.items():
            apart = [self._reach(other) * (number(other) - base) for other in fits]
            apart = [a for a in apart if np.isfinite(a)]
            if apart:
                scale = 1.0 if source == "goniometer zero" else 1.0 / np.sqrt(3.0)
                found[source] = float(scale * np.sqrt(np.mean(np.square(apart))))
        return found

    def _reach(self, other: Fitted) -> float:
        """Return how much of the way to a variant is possible: up to where chi-square, a parabola, grows by a tenth."""
        rise = other.chi2 / self.base.chi2 - 1.0
        return float(np.sqrt(_RISE / rise)) if rise > _RISE else 1.0


def rebinned(pattern: Pattern, factor: int) -> Pattern:
    """Return a pattern with the sums of `factor` neighbours, at the means of their angles."""
    if factor <= 1:
        return pattern
    n = len(pattern.x) // factor * factor
    x, y = (values[:n].reshape(-1, factor) for values in (pattern.x, pattern.y))
    return Pattern(x.mean(axis=1), y.sum(axis=1), pattern.counts, pattern.scatter)


def narrowest(fitted: Fitted) -> float:
    """Return the FWHM [deg] of the narrowest reflection among the strongest of each phase."""
    found = []
    for k in range(len(fitted.model.phases)):
        if fitted.solution.amounts[k] > 0:
            found.append(_width(fitted, k))
    return min(found, default=0.05)


def _width(fitted: Fitted, phase: int) -> float:
    """Return the FWHM [deg] of a phase at 2theta = 30 deg."""
    theta = np.radians(15.0)
    model = fitted.model
    w = model.value(fitted.values, "w") if ("w", -1) in model.index else model.instrument.w
    size = np.exp(model.value(fitted.values, "size", phase))
    return float(np.hypot(np.sqrt(w), np.degrees(SCHERRER * model.radiation.main / (size * np.cos(theta)))))


def fit_all(pattern: Pattern, phases: Sequence[Phase], radiation: Radiation, plan: Plan) -> Runs:
    """Fit the base and its variants.

    Raises
    ------
    ConvergenceError  where the base gives nothing finite.
    """
    step = float(np.median(np.diff(pattern.x)))
    coarse = rebinned(pattern, max(int(_COARSE / step), 1))
    found = fit(make_model(coarse, phases, radiation, plan), scatter=pattern.scatter)
    factor = max(int(narrowest(found) / _PER_WIDTH / step), 1)
    if factor < int(_COARSE / step):
        pattern = rebinned(pattern, factor)
        found = fit(make_model(pattern, phases, radiation, plan), scatter=pattern.scatter, start=_begin(found))
    else:
        pattern = coarse
    lines = tuple(_resolved(found, k) for k in range(len(phases)))
    strained = tuple(k for k, n in enumerate(lines) if n >= STRAINED_LINES)
    if strained and not plan.standard:
        plan = replace(plan, strained=strained)
        found = refit(found, make_model(pattern, phases, radiation, plan), scatter=pattern.scatter)
    return Runs(found, _variants(found, pattern, radiation, plan), lines)


def _begin(found: Fitted) -> np.ndarray:
    """Return where the fine fit begins: narrow reflections, since a coarse step hides how narrow they are."""
    values = found.values.copy()
    for (name, _), k in found.model.index.items():
        if name == "size" and np.exp(values[k]) > 800.0:
            values[k] = np.log(800.0)
    return values


def _resolved(found: Fitted, phase: int) -> int:
    """Return how many reflections of a phase stand clear of all others by their FWHM, above 3 % of its strongest."""
    model = found.model
    centres, heights, owners = [], [], []
    for n, other in enumerate(model.phases):
        angle = np.degrees(model.positions(found.values, n, model.radiation.main))
        inside = (angle > model.x[0]) & (angle < model.x[-1])
        theta = np.radians(angle[inside] / 2.0)
        height = found.solution.amounts[n] * other.strength[inside] / (np.sin(theta) ** 2 * np.cos(theta))
        centres.append(angle[inside])
        heights.append(height)
        owners.append(np.full(inside.sum(), n))
    centre, height, owner = (np.concatenate(part) for part in (centres, heights, owners))
    own = (owner == phase) & (height > 0.03 * height[owner == phase].max(initial=0.0))
    width = _width(found, phase)
    count = 0
    for k in np.flatnonzero(own & (height > 0)).tolist():
        near = (np.abs(centre - centre[k]) < width) & (height > 0.2 * height[k])
        count += int(near.sum() == 1)
    return count


def _variants(found: Fitted, pattern: Pattern, radiation: Radiation, plan: Plan) -> dict[str, tuple[Fitted, ...]]:
    """Return the fits with other choices; one that does not arrive is left out."""
    wanted: dict[str, list[Plan]] = {
        "background": [replace(plan, order=max(plan.order - 2, 0)), replace(plan, order=plan.order + 3)]
    }
    if plan.halo != "none":
        wanted["halo template"] = [replace(plan, halo=f"{plan.halo}, other")]
    elif plan.measured is not None:
        wanted["halo template"] = [replace(plan, halo="silica")]
    if not plan.standard:
        wanted["profile shape"] = [replace(plan, shape=1.0), replace(plan, shape=0.3)]
        wanted["strain"] = [replace(plan, assumed_strain=_STRAIN)]
    depth = _transparency(found.model.phases)
    if depth > _LEAST_SHIFT:
        wanted["transparency"] = [replace(plan, transparency=0.5 * depth)]
    shift = found.model.value(found.values, "displacement")
    zero = math.hypot(_ZERO, 0.5 * shift)  # half of a shift may well be that of the zero
    wanted["goniometer zero"] = [replace(plan, zero=math.copysign(zero, shift))]
    fits: dict[str, tuple[Fitted, ...]] = {}
    for source, plans in wanted.items():
        done = []
        for other in plans:
            try:
                model = make_model(pattern, found.model.phases, radiation, other)
                done.append(refit(found, model, scatter=pattern.scatter, judge=False))
            except ConvergenceError:
                continue
        fits[source] = tuple(done)
    return fits


def _transparency(phases: Sequence[Phase]) -> float:
    """Return the largest shift by transparency [deg], of an endless depth: 1/(2 mu R) in rad, times sin 2theta."""
    attenuation = _PACKING * float(np.mean([phase.attenuation for phase in phases]))
    return float(np.degrees(1.0 / (2.0 * max(attenuation, 1.0) * _RADIUS)))


def misfit(fitted: Fitted) -> float:
    """Return the weighted misfit over what stands above the background (R factor without background)."""
    model = fitted.model
    above = (model.y - model.base @ fitted.solution.background) / model.sd
    noise = max(len(model.x) * (0.0 if fitted.chi2 > 1 else 1.0), 1.0)
    rest = float(fitted.solution.residuals @ fitted.solution.residuals)
    return float(np.sqrt(max(rest - noise, 0.0) / max(float(above @ above), 1e-300)))
