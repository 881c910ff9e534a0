"""The characteristic lines of X-ray tubes, and which radiation a pattern was measured with.

Sources: Hölzer et al., Phys. Rev. A 1997, 56, 4554, doi:10.1103/PhysRevA.56.4554 (Co, Cu); Deslattes et al., Rev. Mod. Phys.
2003, 75, 35, doi:10.1103/RevModPhys.75.35 (Mo).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from closo.errors import DataError, StudyError, did_you_mean

ANODES: dict[str, tuple[float, float]] = {
    "Co": (1.7889960, 1.7928350),
    "Cu": (1.5405929, 1.5444274),
    "Mo": (0.7093172, 0.7136070),
}
"""Anode -> K alpha 1 and K alpha 2 [angstrom]."""

_RATIO = 0.5  # intensity of K alpha 2 over K alpha 1
_RANGE = (0.1, 5.0)  # angstrom, between which a laboratory's wavelength lies
_SAME = 2e-3  # relative difference up to which two wavelengths are meant to be one


@dataclass(frozen=True)
class Radiation:
    """The lines of a tube.

    Attributes
    ----------
    lines : (wavelength [angstrom], share of the intensity), the strongest first; the shares add up to 1.
    name : for people.
    """

    lines: tuple[tuple[float, float], ...]
    name: str

    @property
    def main(self) -> float:
        """Wavelength of the strongest line [angstrom]."""
        return self.lines[0][0]

    @property
    def energy(self) -> float:
        """Energy of the strongest line [eV]."""
        return 12398.4198 / self.main


def radiation_of(
    metadata: Mapping[str, Any], *, anode: str | None, wavelength: float | None, file: object
) -> Radiation:
    """Return the radiation: as the user says, else as the file says.

    Parameters
    ----------
    metadata : of the measurement; 'anode', 'wavelength' [m], 'wavelength_alpha2' [m], 'alpha2_ratio'.
    anode : Co, Cu or Mo: its doublet.
    wavelength : of a single line [angstrom].

    Raises
    ------
    DataError  where neither says it, or the two contradict each other.
    StudyError  where what the user says cannot be.

    Example
    -------
    >>> radiation_of({}, anode="Co", wavelength=None, file="a.xy").lines[0]
    (1.788996, 0.6666666666666666)
    """
    stated = _stated(metadata)
    if wavelength is not None:
        if anode is not None:
            raise StudyError("anode and wavelength are both given.", hint="Give one of the two.")
        if not (math.isfinite(wavelength) and _RANGE[0] <= wavelength <= _RANGE[1]):
            raise StudyError(
                f"wavelength = {wavelength:g} angstrom is not valid.", hint="Give angstrom, 1.5406 for Cu."
            )
        asked = Radiation(((wavelength, 1.0),), f"{wavelength:g} angstrom")
    elif anode is not None:
        if anode not in ANODES:
            raise StudyError(f"anode = '{anode}' is not known.", hint=did_you_mean(anode, ANODES))
        asked = Radiation(_doublet(*ANODES[anode], _RATIO), f"{anode} K alpha")
    elif stated is None:
        raise DataError(
            "diffraction needs the wavelength, which this file does not state.",
            file=file,
            hint="Say it with --set anode=Co (Cu, Mo) or --set wavelength=1.5406 (angstrom).",
        )
    else:
        return stated
    if stated is not None and abs(stated.main / asked.main - 1.0) > _SAME:
        raise DataError(
            f"the file states {stated.name} ({stated.main:.5f} angstrom), but {asked.name} ({asked.main:.5f}) is asked for.",
            file=file,
            hint="Leave anode and wavelength out, or check which tube was used.",
        )
    return stated if stated is not None and wavelength is None and len(stated.lines) > 1 else asked


def _doublet(first: float, second: float, ratio: float) -> tuple[tuple[float, float], ...]:
    return ((first, 1.0 / (1.0 + ratio)), (second, ratio / (1.0 + ratio)))


def _stated(metadata: Mapping[str, Any]) -> Radiation | None:
    """Return the radiation that the file states: its wavelengths, else the doublet of its anode."""
    anode = str(metadata.get("anode") or "").capitalize()
    first, second = (_angstrom(metadata.get(key)) for key in ("wavelength", "wavelength_alpha2"))
    if first is None:
        return Radiation(_doublet(*ANODES[anode], _RATIO), f"{anode} K alpha") if anode in ANODES else None
    ratio = metadata.get("alpha2_ratio")
    ratio = float(ratio) if ratio is not None and 0.0 <= float(ratio) <= 1.0 else _RATIO
    name = f"{anode} K alpha" if anode else f"{first:g} angstrom"
    if second is None or ratio == 0.0 or not 0.0 < second / first - 1.0 < 0.01:
        return Radiation(((first, 1.0),), name)
    return Radiation(_doublet(first, second, ratio), name)


def _angstrom(value: Any) -> float | None:
    number = float(value) * 1e10 if isinstance(value, int | float) else 0.0
    return number if _RANGE[0] <= number <= _RANGE[1] else None
