"""What the user asks of a pattern: the settings, checked."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from closo.errors import StudyError, did_you_mean
from closo.quantity import Number, parse
from closo.techniques.diffraction.profile import Instrument
from closo.techniques.diffraction.wavelengths import ANODES

_MODEL_U = 0.06  # relative standard uncertainty of the calculated intensities of a phase
_PARTICLE = 1.0  # um, up to which particles may be whose diameter is not stated
_GUESS = 0.3  # relative u of a diameter that is stated without one
_MOST_PHASES = 8
_HALOS = ("none", "silica")


@dataclass(frozen=True)
class Request:
    """The settings of an analysis.

    Attributes
    ----------
    phases : CIF files.
    anode, wavelength : see `wavelengths.radiation_of`.
    instrument : profile of the instrument, None where it is not known.
    standard : the pattern is one of a standard: the profile of the instrument is what is asked.
    monochromator : angle 2theta [rad] of one behind the specimen.
    radius : of the goniometer [m], None where the file has to say it.
    halo, background : a name of `model.HALOS`; order of the polynomial, None where the range decides.
    low, high : range of 2theta used [deg].
    cell_limit : relative change of a length of the cell that is allowed.
    internal : name of a phase that was weighed in -> its mass fraction, or None.
    textures : phase (its place) and the reflection whose planes lie flat.
    model_u : relative standard uncertainty of calculated intensities.
    particles : phase (its place) -> diameter and u [um] of its particles, for which micro-absorption is corrected.
    responses : phase (its place) -> the share of its calculated intensity that a gram of the powder gives, and u.
    smallest : diameter that crystallites have at least [angstrom].
    """

    phases: tuple[str, ...]
    anode: str | None
    wavelength: float | None
    instrument: Instrument | None
    standard: bool
    monochromator: float
    radius: float | None
    halo: str
    background: int | None
    low: float
    high: float
    cell_limit: float
    internal: tuple[str, Number] | None
    textures: tuple[tuple[int, tuple[int, ...]], ...]
    model_u: float
    particles: Mapping[int, tuple[float, float]]
    responses: Mapping[int, tuple[float, float]]
    smallest: float


def make_request(settings: Mapping[str, Any]) -> Request:
    """Return the checked settings.

    Raises
    ------
    StudyError  that names the setting, what it is, and what it may be.
    """
    names = [part.strip() for part in str(settings.get("phases") or "").split(",") if part.strip()]
    if not names:
        raise StudyError("diffraction needs phases.", hint="Name their CIF files: --set phases=A.cif,B.cif.")
    stems = [name.rpartition("/")[2].removesuffix(".cif") for name in names]
    if len(names) > _MOST_PHASES or len(set(stems)) < len(stems):
        raise StudyError(
            f"phases names {len(names)} files, too many or some twice.", hint=f"At most {_MOST_PHASES}, each once."
        )
    anode = settings.get("anode")
    if anode is not None and anode not in ANODES:
        raise StudyError(f"anode = '{anode}' is not known.", hint=did_you_mean(str(anode), ANODES))
    halo = str(settings.get("halo") or "none")
    if halo not in _HALOS:
        raise StudyError(f"halo = '{halo}' is not known.", hint=did_you_mean(halo, _HALOS))
    standard = bool(settings.get("standard", False))
    if standard and len(names) > 1:
        raise StudyError("a standard is one phase.", hint="Name its CIF file alone.")
    profile = settings.get("profile")
    order = settings.get("background")
    _between(settings, "background", 0, 30)
    low, high = float(settings.get("two_theta_min") or 0.0), float(settings.get("two_theta_max") or 180.0)
    if not 0.0 <= low < high <= 180.0:
        raise StudyError(
            f"two_theta_min = {low:g} and two_theta_max = {high:g} leave no range.", hint="Give degrees, min < max."
        )
    return Request(
        phases=tuple(names),
        anode=anode,
        wavelength=settings.get("wavelength"),
        instrument=None if profile is None else Instrument.parse(str(profile)),
        standard=standard,
        monochromator=math.radians(_between(settings, "monochromator", 0.0, 120.0) or 0.0),
        radius=_scaled(_between(settings, "radius", 20.0, 2000.0), 1e-3),
        halo=halo,
        background=None if order is None else int(order),
        low=low,
        high=high,
        cell_limit=0.01 * (_between(settings, "cell_limit", 0.01, 10.0) or 1.5),
        internal=_internal(settings.get("internal_standard"), stems),
        textures=_textures(settings.get("texture"), stems),
        model_u=_first(_between(settings, "model_u", 0.0, 1.0), _MODEL_U),
        particles=_particles(settings.get("particle_size"), stems),
        responses=_responses(settings.get("response"), stems),
        smallest=10.0 * _first(_between(settings, "smallest_size", 0.5, 400.0), 0.0),
    )


def check_settings(settings: Mapping[str, Any]) -> None:
    """Refuse settings that are known to be wrong before a file is read.

    Raises
    ------
    StudyError  as `make_request`.
    """
    make_request(settings)


def _first(value: float | None, otherwise: float) -> float:
    return otherwise if value is None else value


def _scaled(value: float | None, factor: float) -> float | None:
    return None if value is None else value * factor


def _between(settings: Mapping[str, Any], key: str, low: float, high: float) -> float | None:
    value = settings.get(key)
    if value is None:
        return None
    if not low <= float(value) <= high:
        raise StudyError(f"{key} = {value:g} is not valid.", hint=f"It lies between {low:g} and {high:g}.")
    return float(value)


def _textures(text: Any, stems: list[str]) -> tuple[tuple[int, tuple[int, ...]], ...]:
    """Return what preferred orientation is asked for, from 'V2O5:0 0 1, mica:0 0 1'."""
    found = []
    for part in str(text or "").split(","):
        name, _, words = part.partition(":")
        name = name.strip()
        if not name:
            continue
        place = _place("texture", name, stems)
        try:
            hkl = tuple(int(word) for word in words.split())
        except ValueError:
            hkl = ()
        if len(hkl) != 3 or not any(hkl) or max(map(abs, hkl)) > 20:
            raise StudyError(f"texture = '{str(text)[:60]}' is not valid.", hint="Write for example 'V2O5:0 0 1'.")
        found.append((place, hkl))
    return tuple(found)


def _particles(text: Any, stems: list[str]) -> dict[int, tuple[float, float]]:
    """Return the diameter of the particles of each phase and its u [um], from '2' or 'ZnO:0.8 ± 0.2, NiO:3'.

    Where none is stated it may be all up to `_PARTICLE`, or the number given: half of that, with a u as large.
    """
    most, stated = _PARTICLE, ""
    try:
        most = _PARTICLE if text is None else float(text)
    except ValueError:
        stated = str(text)
    if not 0.0 <= most <= 1000.0:
        raise StudyError(f"particle_size = {most:g} is not valid.", hint="Between 0 and 1000 um.")
    found = dict.fromkeys(range(len(stems)), (0.5 * most, 0.5 * most))
    for part in stated.split(",") if stated else ():
        name, _, size = (word.strip() for word in part.partition(":"))
        place = _place("particle_size", name, stems)
        number = parse(size if size.endswith("m") else f"{size} um", "particle_size", label=name)
        found[place] = (1e6 * float(number.x), 1e6 * float(number.u or _GUESS * number.x))
    return found


def _place(setting: str, name: str, stems: list[str]) -> int:
    """Return the place of a phase that a setting names."""
    if name not in stems:
        raise StudyError(f"{setting} names '{name[:40]}', which is not a phase.", hint=did_you_mean(name, stems))
    return stems.index(name)


def _responses(text: Any, stems: list[str]) -> dict[int, tuple[float, float]]:
    """Return what powders give of their calculated intensity, with u, from 'anatase=87 ± 2 %, NiO=98 %'."""
    found = {}
    for part in str(text or "").split(",") if text else ():
        name, _, share = (word.strip() for word in part.partition("="))
        place = _place("response", name, stems)
        number = parse(share, "mass_fraction", label=name, default_u=_MODEL_U / 2.0)
        if not 0.3 < float(number.x) < 2.0:
            hint = "Write for example 'anatase=87 ± 2 %': found over weighed, in a mixture that was weighed."
            raise StudyError(f"response = '{str(text)[:60]}' is not valid.", hint=hint)
        found[place] = (float(number.x), float(number.u))
    return found


def _internal(text: Any, stems: list[str]) -> tuple[str, Number] | None:
    """Return the phase that was weighed in and its mass fraction, from 'corundum=20.0 ± 0.1 wt%'."""
    if text is None:
        return None
    name, _, amount = str(text).partition("=")
    name = name.strip()
    _place("internal_standard", name, stems)
    fraction = parse(amount.strip(), "mass_fraction", label=f"weighing:{name}", default_u=0.002)
    if not 0.0 < float(fraction.x) < 1.0:
        raise StudyError(
            f"internal_standard = '{text}' is not valid.", hint="Write for example 'corundum=20.0 ± 0.1 wt%'."
        )
    return name, fraction
