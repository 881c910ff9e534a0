"""What is fitted: which parameters are free for a pattern, between which limits, and in which variants."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from closo.techniques.diffraction.fitting import deviations
from closo.techniques.diffraction.model import HALOS, Measured, Model, Parameter
from closo.techniques.diffraction.profile import Instrument
from closo.techniques.diffraction.structure import Phase
from closo.techniques.diffraction.wavelengths import Radiation

SIZE_LIMITS = (25.0, 2e4)  # angstrom
STRAIN_LIMIT = 0.02
_DISPLACEMENT = 0.3  # deg
_ANGLE = 0.02  # rad that an angle of the cell may change
_ROUGHNESS = 0.05  # of the surface: exponent of what is lost at grazing angles
_TEXTURE = 0.3  # of the logarithm of March's ratio
_DAMPING = 0.3  # angstrom2, standard deviation of B beside what the structure states


@dataclass(frozen=True)
class Pattern:
    """Angles [deg], intensities, whether these are counts, and the factor of their noise (variance = k y)."""

    x: np.ndarray
    y: np.ndarray
    counts: bool
    scatter: float


@dataclass(frozen=True)
class Plan:
    """The choices of a fit.

    Attributes
    ----------
    order : of the background's polynomial.
    halo, measured : a name of HALOS; a halo from a file.
    shape : Lorentzian share of the broadening by size; None is fitted.
    instrument : the profile of the instrument, None where it is not known.
    cell_limit : relative change of a length of the cell that is allowed.
    strained : phases whose strain is fitted.
    standard : the one phase has neither size nor strain, and the profile of the instrument is fitted.
    zero : of 2theta [deg], added to all angles.
    transparency : shift [deg] times sin 2theta by the depth from which a weak absorber scatters.
    textures : phase and reflection whose planes lie flat.
    assumed_strain : of the phases whose strain is not fitted.
    smallest : diameter that crystallites have at least [angstrom].
    """

    order: int
    halo: str = "none"
    measured: Measured | None = None
    shape: float | None = None
    instrument: Instrument | None = None
    monochromator: float = 0.0
    cell_limit: float = 0.015
    strained: tuple[int, ...] = ()
    standard: bool = False
    zero: float = 0.0
    transparency: float = 0.0
    assumed_strain: float = 0.0
    textures: tuple[tuple[int, tuple[int, ...]], ...] = ()
    smallest: float = 0.0


def make_model(pattern: Pattern, phases: Sequence[Phase], radiation: Radiation, plan: Plan) -> Model:
    """Return the model that a plan describes."""
    humps = (*HALOS[plan.halo], *(() if plan.measured is None else (plan.measured,)))
    parameters = [Parameter("displacement", -1, 0.0, -_DISPLACEMENT, _DISPLACEMENT)]
    parameters += _of_instrument(plan)
    parameters.append(Parameter("roughness", -1, 0.0, 0.0, 0.15, _ROUGHNESS))
    if plan.shape is None and not plan.standard:
        parameters.append(Parameter("shape", -1, 0.7, 0.0, 1.0))
    for k, phase in enumerate(phases):
        parameters += _of_phase(plan, phase, k)
    fixed = {("size", k): float(np.log(1e6)) for k in range(len(phases))} if plan.standard else {}
    fixed |= {("zero", -1): plan.zero, ("transparency", -1): plan.transparency}
    fixed |= {("strain", k): plan.assumed_strain for k in range(len(phases)) if k not in plan.strained}
    return Model(
        x=pattern.x,
        y=pattern.y,
        sd=deviations(_smooth(pattern.y), pattern.scatter),
        phases=phases,
        radiation=radiation,
        instrument=plan.instrument or Instrument(axial=0.03),
        parameters=parameters,
        monochromator=plan.monochromator,
        humps=humps,
        order=plan.order,
        shape=1.0 if plan.shape is None else plan.shape,
        fixed=fixed,
        textures=dict(plan.textures),
    )


def _of_instrument(plan: Plan) -> list[Parameter]:
    if plan.instrument is not None:
        return []
    free = [
        Parameter("w", -1, 0.006, 1e-4, 0.05, None if plan.standard else 0.006),
        Parameter("axial", -1, 0.03, 0.0, 0.12, 0.03),
    ]
    if plan.standard:
        free += [
            Parameter("u", -1, 0.0, -0.05, 0.1),
            Parameter("v", -1, 0.0, -0.05, 0.05),
            Parameter("x", -1, 0.02, 0.0, 0.3),
            Parameter("y", -1, 0.02, 0.0, 0.4),
        ]
    return free


def _of_phase(plan: Plan, phase: Phase, k: int) -> list[Parameter]:
    limit = plan.cell_limit
    found = [
        Parameter(f"cell{g}", k, 0.0, -limit, limit) if group[0] < 3 else Parameter(f"cell{g}", k, 0.0, -_ANGLE, _ANGLE)
        for g, group in enumerate(phase.free)
    ]
    found.append(Parameter("b", k, 0.0, -1.0, 2.0, _DAMPING))
    if any(k == n for n, _ in plan.textures):
        found.append(Parameter("texture", k, 0.0, -1.5, 1.0, _TEXTURE))
    if not plan.standard:
        low, high = np.log((max(plan.smallest, SIZE_LIMITS[0]), SIZE_LIMITS[1]))
        found.append(Parameter("size", k, np.log(500.0), float(low), float(high)))
        if k in plan.strained:
            found.append(Parameter("strain", k, 2e-4, 0.0, STRAIN_LIMIT))
    return found


def _smooth(y: np.ndarray) -> np.ndarray:
    """Return a running mean over five points."""
    padded = np.pad(y, 2, mode="edge")
    return np.convolve(padded, np.full(5, 0.2), mode="valid")
