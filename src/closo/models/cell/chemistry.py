"""Active materials against sodium: parameters with their sources, and open-circuit potentials.

A number without a source that was looked up says "assumed": it is a choice, and results that rest on it say so.

Sources
-------
Song et al., J. Am. Chem. Soc. 2015, 137, 2658, DOI 10.1021/ja512383b (one plateau of dehydrated Prussian white);
Jpn. J. Appl. Phys. 2016, 55, 067101 (diffusion in Mn hexacyanoferrates: 0.41 eV at x = 0.69 to 0.7 eV at x = 1.1).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from closo.errors import StudyError, did_you_mean


@dataclass(frozen=True)
class Parameter:
    """A value in SI (energies in eV), its unit and where it comes from; `source` begins with "assumed" where nobody says."""

    value: float
    unit: str
    source: str


@dataclass(frozen=True)
class Chemistry:
    """An active material."""

    name: str  # as it is called
    starts: str  # 'charge' (as made it is full of sodium) or 'discharge' (it is empty)
    values: Mapping[str, Parameter]  # name -> Parameter
    # (content of sodium 0 to 1, module of exp and tanh) -> open-circuit potential [V vs. Na+/Na].
    potential: Callable[[Any, Any], Any]
    potential_source: str  # of its shape

    def __getitem__(self, name: str) -> float:
        """Return a value."""
        return self.values[name].value


def _prussian_white(y: Any, m: Any = np) -> Any:
    return 3.485 + 0.04 * (0.5 - y) + 0.75 * m.exp(-40 * y) - 0.90 * m.exp(-40 * (1 - y))


def _titanium_disulfide(y: Any, m: Any = np) -> Any:
    return (
        1.92 - 0.30 * (y - 0.5) - 0.09 * m.tanh((y - 0.5) / 0.04) + 0.45 * m.exp(-40 * y) - 0.60 * m.exp(-40 * (1 - y))
    )


_COMMON = {
    "particle_radius": Parameter(0.5e-6, "m", "assumed"),
    "exchange_current_density": Parameter(0.02, "A/m2", "assumed; at 20 degC and half full"),
    "exchange_energy": Parameter(0.45, "eV", "assumed"),
    "electronic_conductivity": Parameter(1.0, "S/m", "assumed; of the whole composite with carbon, at 20 degC"),
    "electronic_energy": Parameter(0.30, "eV", "assumed"),
    "bruggeman": Parameter(1.5, "1", "Bruggeman 1935; that it holds here is assumed"),
    "double_layer": Parameter(0.2, "F/m2", "assumed; per surface of the particles"),
    "porosity": Parameter(0.05, "1", "assumed"),
}

PRUSSIAN_WHITE = Chemistry(
    "Prussian white",
    "charge",
    _COMMON
    | {
        "theoretical_capacity": Parameter(171.3 * 3600.0, "C/kg", "2 F/M of Na2MnFe(CN)6, M = 312.87 g/mol"),
        "density": Parameter(1900.0, "kg/m3", "assumed; 1.80 (cubic) to 2.04 g/cm3 (dehydrated) by cell volume"),
        "initial_content": Parameter(0.985, "1", "assumed; the cell is made full of sodium"),
        "diffusivity": Parameter(2e-15, "m2/s", "assumed; at 20 degC, fast enough not to limit"),
        "diffusion_energy": Parameter(0.55, "eV", "Jpn. J. Appl. Phys. 2016, 55, 067101: 0.41 to 0.7 eV"),
        "lower_voltage": Parameter(2.0, "V", "assumed"),
        "upper_voltage": Parameter(4.0, "V", "assumed"),
    },
    _prussian_white,
    "one plateau near 3.5 V: Song 2015; its steep ends are assumed",
)
TITANIUM_DISULFIDE = Chemistry(
    "TiS2",
    "discharge",
    _COMMON
    | {
        "theoretical_capacity": Parameter(239.3 * 3600.0, "C/kg", "F/M of TiS2, M = 111.99 g/mol"),
        "density": Parameter(3250.0, "kg/m3", "of the crystal, P-3m1, a 3.407, c 5.695 A, one formula unit"),
        "initial_content": Parameter(0.015, "1", "assumed; the cell is made empty"),
        "diffusivity": Parameter(1e-15, "m2/s", "assumed; at 20 degC"),
        "diffusion_energy": Parameter(0.40, "eV", "assumed"),
        "electronic_conductivity": Parameter(100.0, "S/m", "assumed; TiS2 itself is a good conductor"),
        "electronic_energy": Parameter(0.0, "eV", "assumed"),
        "lower_voltage": Parameter(1.3, "V", "assumed"),
        "upper_voltage": Parameter(2.6, "V", "assumed"),
    },
    _titanium_disulfide,
    "assumed; 2.2 to 1.6 V with a step near one half",
)
CHEMISTRIES = (PRUSSIAN_WHITE, TITANIUM_DISULFIDE)

_WORDS = {"pw": PRUSSIAN_WHITE, **{c.name.casefold(): c for c in CHEMISTRIES}}


def chemistry(name: str) -> Chemistry:
    """Return the chemistry called `name`; capitals do not matter.

    Raises
    ------
    StudyError  when there is none.

    Example
    -------
    >>> chemistry("TiS2").starts
    'discharge'
    """
    found = _WORDS.get(name.casefold())
    if found is None:
        names = [c.name for c in CHEMISTRIES]
        hint = did_you_mean(name, names) or f"There are {' and '.join(names)}."
        raise StudyError(f"closo has no parameters of an active material '{name}'.", hint=hint)
    return found
