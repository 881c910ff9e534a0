"""Separators of cells with reacting electrodes: a 6 mm disc of a composite, pressed from a weighed mass."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from closo.twin.truth import Truth, stream

AREA = 0.283e-4  # m2; printed
_AREA_U = 0.01  # relative; free
THICKNESS_U = 10e-6  # m, of a measured thickness; free
_MASS_U = 0.1e-6  # kg; free
_VOID = (0.02, 0.08)  # share of voids; free
_PRESSURE = "106 ± 30 MPa"  # printed without uncertainty; a nut factor is known to about 30 %


@dataclass(frozen=True)
class Separator:
    """A separator. `cell` is what the notebook says, the rest is the truth: area [m2], thickness [m], conductivity [S/m]."""

    sample: str
    area: float
    thickness: float
    conductivity: float
    cell: dict[str, Any]

    @property
    def resistance(self) -> float:
        """L/(sigma A) [ohm]."""
        return self.thickness / (self.conductivity * self.area)


def draw_separator(
    truth: Truth, name: str, *, temperature: float, mass: float, dense: float, sample: str = "A200-35-4h"
) -> Separator:
    """Return the separator of the cell `name`.

    Parameters
    ----------
    temperature : true one [K]. mass : weighed [kg]. dense : thickness at full density [m]; 35 mg and 0.80 mm, 45 mg and
        1.03 mm are printed.
    """
    rng = stream(truth.seed, "separator", name)
    area = AREA * (1.0 + _AREA_U * rng.standard_normal())
    thickness = dense * AREA / area / (1.0 - rng.uniform(*_VOID))
    spread = math.exp(truth.nuisances.pellet_spread * rng.standard_normal())
    measured = round(thickness + THICKNESS_U * rng.standard_normal(), 6)
    cell = {
        "area": f"{AREA * 1e4:.3f} ± {AREA * _AREA_U * 1e4:.5f} cm2",
        "separator_sample": sample,
        "separator_mass": f"{mass * 1e6:g} ± {_MASS_U * 1e6:g} mg",
        "separator_thickness": f"{measured * 1e6:.0f} ± {THICKNESS_U * 1e6:g} um",
        "pressure": _PRESSURE,
    }
    conductivity = truth.sample(sample).conductivity(temperature) * spread
    return Separator(sample, area, thickness, conductivity, cell)
