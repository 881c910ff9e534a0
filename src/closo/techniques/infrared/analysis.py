"""Dataset -> Result: each band with its area, position and limits, and the areas over that of the silica."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from scipy.special import stdtrit

from closo.dataset import Dataset
from closo.errors import DataError, StudyError
from closo.quantity import Number, Quantity, uncertain, withheld
from closo.result import Check, Result
from closo.techniques.choices import spelled
from closo.techniques.infrared.kernels import Area, area_of, baseline_of, shared_noise
from closo.techniques.infrared.ordinate import Spectrum, scaled, spectrum_of
from closo.techniques.infrared.peaks import Components, components_of, position_of
from closo.techniques.infrared.request import BANDS, ORDINATES, SCALES, Band, bands_of, check_settings
from closo.techniques.noise import wild_points

_UNSURE = 0.4  # relative u above which nothing is detected
_ONE_SIDED = 1.645  # standard deviations, 95 %
_MOVED = 0.5  # of an area: where a baseline model moves it more, the check fails
_FEW = 6.0  # most degrees of freedom of a limit: its spread is mostly the choice of a baseline, not a count
_SMOOTHED, _OVERTONE, _ASTRAY = 0.07, 1870.0, 15.0  # see `shared_noise`; 1/cm: of silica, and how far off it may be
_SHARE_DARK = 0.05  # of the points of a band, that may be without light or cut off


@dataclass(frozen=True)
class _Found:
    """A band that was integrated.

    Attributes
    ----------
    number : its area with all sources.
    blank : standard deviation of an area of zero.
    df : behind `blank`.
    """

    band: Band
    area: Area
    number: Number
    blank: float
    df: float

    @property
    def detected(self) -> bool:
        return self.area.value > 0 and float(self.number.u) <= _UNSURE * self.area.value

    def upper_limit(self, name: str) -> Number:
        """Return the area that the truth exceeds once in twenty.

        No area is negative: a sum below zero shows that the background is wrong by that much, and counts as a spread.
        Student's t allows for how little is known of the spread.
        """
        spread = math.hypot(float(self.number.u), min(self.area.value, 0.0))
        value = max(self.area.value, 0.0) + float(stdtrit(self.df, 0.95)) * spread
        return uncertain(value, {f"limit {self.band.name}:{name}": value / math.sqrt(2.0 * self.df)})


def analyse(
    data: Dataset,
    *,
    reference: Sequence[Dataset] = (),
    bands: str | None = None,
    normalise: str = "overtone",
    ordinate: str | None = None,
    scale: str | None = None,
    r_min: float | None = None,
    r_max: float | None = None,
    axis_u: float = 0.3,
    scale_u: float = 0.01,
) -> Result:
    """Return areas, positions and limits of the bands of a spectrum.

    Parameters
    ----------
    data : a measurement of kind 'infrared'.
    reference : the single beam by which a single beam is divided.
    bands : more bands, or other limits of known ones, 'name:low-high|anchor|anchor, ...' [1/cm].
    normalise : the band that areas are divided by, or 'none'.
    ordinate : what the file holds, where it does not say or says it wrongly.
    scale : what is analysed, 'absorbance' or 'Kubelka-Munk'.
    r_min, r_max : share of light below and above which a point is not used.
    axis_u : standard uncertainty of the wavenumber [1/cm].
    scale_u : relative standard uncertainty of the reflectance scale.

    Raises
    ------
    DataError  when the spectrum is a single beam, its ordinate cannot be what it is said to be, or its bands point down.
    StudyError  when a setting is wrong.
    """
    asked: dict[str, Any] = {"bands": bands, "normalise": normalise, "axis_u": axis_u, "scale_u": scale_u}
    shares = {key: share for key, share in (("r_min", r_min), ("r_max", r_max)) if share is not None}
    check_settings(asked | shares | {"ordinate": ordinate, "scale": scale})
    if len(reference) > 1:
        raise StudyError(f"reference names {len(reference)} spectra.", hint="Name one: FILE#2 is the second of a file.")
    spectrum = spectrum_of(
        data, ordinate=spelled(ordinate, ORDINATES), scale=spelled(scale, SCALES), r_min=r_min, r_max=r_max,
        reference=reference[0] if reference else None,
    )  # fmt: skip
    wanted = bands_of(bands)
    found: dict[str, _Found] = {}
    left: dict[str, str] = {}
    for band in wanted:
        why = _unusable(spectrum, band)
        if why is None:
            found[band.name] = _integrate(spectrum, band, wanted, norm=normalise, axis_u=axis_u, scale_u=scale_u)
        else:
            left[band.name] = why
    _refuse_inverted(data, spectrum, found)
    quantities: dict[str, Quantity] = {}
    for band in wanted:
        quantities |= _of_band(spectrum, band, found.get(band.name) or left[band.name], axis_u)
    quantities |= _ratios(spectrum, found, left, normalise)
    components = _components(spectrum, found)
    quantities |= _splitting(spectrum, components)
    settings = asked | shares | {"ordinate": ordinate, "scale": scale}
    settings |= {"reference": reference[0].attrs["title"]} if reference else {}
    findings: dict[str, Any] = {
        "ordinate": spectrum.ordinate,
        "scale": spectrum.scale,
        "light_used": list(spectrum.limits),
        "bands": [_drawn(spectrum, band, found.get(band.name)) for band in wanted],
    }
    if components is not None:
        findings["components_of_B-H"] = {
            "count": components.count,
            "bic_difference": components.difference,
            "residuals": [row.tolist() for row in components.residuals],
        }
    return Result(
        technique="infrared",
        name=spectrum.name,
        quantities=quantities,
        curves=_curves(spectrum),
        checks=tuple(_checks(spectrum, found, left, components)),
        settings={key: value for key, value in settings.items() if value is not None},
        notes=spectrum.notes,
        findings=findings,
    )


def _unusable(spectrum: Spectrum, band: Band) -> str | None:
    """Return why a band cannot be integrated, None where it can."""
    x = spectrum.x
    low, high = band.span
    if low < x[0] or high > x[-1]:
        return f"the spectrum reaches from {x[0]:.0f} to {x[-1]:.0f} 1/cm, the band and its anchors from {low:g} to {high:g}"
    span = (x >= 2.0 * low - band.left[1]) & (x <= 2.0 * high - band.right[0])  # with the wider anchors
    limits = (x >= band.limits[0]) & (x <= band.limits[1])
    if limits.sum() < 5:
        return f"{int(limits.sum())} points lie between its limits; 5 are needed"
    dark = float(np.mean(spectrum.dark[limits]))
    word = "transmitted" if spectrum.scale == "absorbance" else "reflected"
    if dark > _SHARE_DARK or not np.all(np.isfinite(spectrum.y[span])):
        return (
            f"less than {spectrum.limits[0]:g} of the light is {word} at {100 * dark:.0f} % of its points: use less of the "
            "sample"
        )
    highest = float(np.nanmax(spectrum.y))
    cut = float(np.mean(spectrum.y[span] == highest))
    if cut > _SHARE_DARK and highest > float(np.nanmin(spectrum.y)):
        return f"its ordinate is cut off at {highest:.3g}, where {100 * cut:.0f} % of its points lie: use less of the sample"
    if np.all(spectrum.bright[limits]):
        return f"more than {spectrum.limits[1]:g} of the light is {word} at all of its points: use more of the sample"
    return None


def _integrate(
    spectrum: Spectrum, band: Band, bands: tuple[Band, ...], *, norm: str, axis_u: float, scale_u: float
) -> _Found:
    """Return the area of a band with its sources.

    What the baseline model does to the band that all areas are divided by, it does in every spectrum of the same silica:
    this source has no file in its name, and cancels between spectra.
    """
    name = spectrum.name
    others = tuple(other.limits for other in bands)
    area = area_of(spectrum.x, spectrum.y, band, taken=others)
    parts = {
        f"noise {band.name}:{name}": area.noise,
        f"anchors {band.name}:{name}": area.anchors,
        f"baseline model {band.name}:{'all spectra' if band.name == norm else name}": area.model,
        f"structure {band.name}:{name}": area.structure,
        f"wavenumber scale:{name}": axis_u * area.slope,
    }
    if spectrum.scale == "Kubelka-Munk":
        with np.errstate(all="ignore"):
            brighter = scaled(spectrum.light * (1.0 + scale_u), spectrum.scale)
        moved = area_of(spectrum.x, np.where(np.isfinite(brighter), brighter, 0.0), band).value - area.value
        parts[f"reflectance scale:{name}"] = moved
    number = uncertain(area.value, parts)
    weak = area.value <= 0 or float(number.u) > _UNSURE * area.value
    blank = math.sqrt(area.noise**2 + area.anchors**2 + area.structure**2 + (area.model**2 if weak else 0.0))
    return _Found(band, area, number, blank, min(area.places or _FEW, _FEW))


def _refuse_inverted(data: Dataset, spectrum: Spectrum, found: dict[str, _Found]) -> None:
    """Refuse a spectrum whose bands point down.

    Raises
    ------
    DataError  when two bands or more do, and none points up.
    """
    down = [name for name, one in found.items() if -one.area.value > 2.5 * float(one.number.u)]
    up = [name for name, one in found.items() if one.detected]
    if len(down) >= 2 and not up:
        raise DataError(
            f"read as {spectrum.ordinate}, its bands ({', '.join(down)}) point down: another ordinate was taken for it.",
            file=data.attrs.get("source"),
            hint="Say what the file holds: --set ordinate=absorbance, reflectance, transmittance, log(1/R) or Kubelka-Munk.",
        )


def _of_band(spectrum: Spectrum, band: Band, found: _Found | str, axis_u: float) -> dict[str, Quantity]:
    """Return area, limits and position of one band; `found` is why it was not integrated where it was not."""
    key, name = band.name, spectrum.name
    (low, high), (a, b), (c, d) = band.limits, band.left, band.right
    method = f"{low:g}-{high:g} 1/cm above a line through {a:g}-{b:g} and {c:g}-{d:g}, {spectrum.scale}"
    if isinstance(found, str):
        return {f"{n}:{key}": withheld(n, found, method=method) for n in ("band_area", "band_position")}
    limit = (1.0 / _UNSURE + _ONE_SIDED) * found.blank
    limit = max(limit, 1e-12)
    quantities = {}
    if found.detected:
        quantities[f"band_area:{key}"] = Quantity("band_area", found.number, method)
    else:
        highest = found.upper_limit(name)
        said = f"not detected, < {float(highest.x):.2g} 1/cm (95 %); the sum is {found.area.value:.2g}"
        said += f" ± {float(found.number.u):.2g}"
        quantities[f"band_area:{key}"] = withheld("band_area", said, method=method)
        quantities[f"band_area:{key} upper_limit"] = Quantity(
            "band_area", highest, f"the truth exceeds it once in twenty; {method}"
        )
    spread = limit / math.sqrt(2.0 * found.df)
    quantities[f"band_detection_limit:{key}"] = Quantity(
        "band_detection_limit",
        uncertain(limit, {f"limit {key}:{name}": spread}),
        f"{1.0 / _UNSURE + _ONE_SIDED:.2f} times the u of an area of zero",
    )
    quantities[f"band_position:{key}"] = _position(spectrum, band, found, axis_u)
    return quantities


def _position(spectrum: Spectrum, band: Band, found: _Found, axis_u: float) -> Quantity:
    """Return the maximum of a band that was detected."""
    if not found.detected:
        return withheld("band_position", "the band is not detected")
    place = position_of(spectrum.x, spectrum.y, band)
    if isinstance(place, str):
        return withheld("band_position", place)
    name = spectrum.name
    number = uncertain(
        place.place,
        {
            f"noise of the maximum {band.name}:{name}": place.noise,
            f"top {band.name}:{name}": place.top,
            f"baseline model of the maximum {band.name}:{name}": place.model,
            f"wavenumber scale:{name}": axis_u,
        },
    )
    return Quantity("band_position", number, "vertex of a parabola through the upper tenth of the band")


def _ratios(spectrum: Spectrum, found: dict[str, _Found], left: dict[str, str], normalise: str) -> dict[str, Quantity]:
    """Return the areas over that of one band."""
    if normalise == "none":
        return {}
    whole = found.get(normalise)
    quantities: dict[str, Quantity] = {}
    for name in (*found, *left):
        if name == normalise:
            continue
        key, method = f"band_ratio:{name}/{normalise}", f"area of {name} over that of {normalise}, {spectrum.scale}"
        if whole is None or not whole.detected:
            why = left.get(normalise, f"{normalise} is not detected")
            quantities[key] = withheld("band_ratio", f"of {normalise}: {why}", method=method)
        elif name in left:
            quantities[key] = withheld("band_ratio", left[name], method=method)
        elif found[name].detected:
            number = _bent_alike(found[name], whole, spectrum.name) / whole.number
            quantities[key] = Quantity("band_ratio", number, method)
        else:
            highest = found[name].upper_limit(spectrum.name) / whole.number
            quantities[key] = withheld("band_ratio", f"not detected, < {float(highest.x):.2g} (95 %)", method=method)
            quantities[f"{key} upper_limit"] = Quantity(
                "band_ratio", highest, f"the truth exceeds it once in twenty; {method}"
            )
    return quantities


def _bent_alike(one: _Found, whole: _Found, name: str) -> Number:
    """Return an area whose error by the baseline is in part that of the overtone: one bent background lies below both.

    Of bands of the house alone, for which twins say how much the two have in common.
    """
    if whole.band.name != "overtone" or not {one.band, whole.band} <= set(BANDS):
        return one.number
    model, alike = one.area.model, one.band.alike
    shared = {
        f"baseline model {one.band.name}:{name}": (math.sqrt(1.0 - alike**2) - 1.0) * model,
        "baseline model overtone:all spectra": alike * model,
    }
    return one.number + uncertain(0.0, shared)


def _components(spectrum: Spectrum, found: dict[str, _Found]) -> Components | None:
    """Return whether the B-H band is one or three, None where it is not detected."""
    one = found.get("B-H")
    return components_of(spectrum.x, spectrum.y, one.band) if one is not None and one.detected else None


def _splitting(spectrum: Spectrum, components: Components | None) -> dict[str, Quantity]:
    if components is None:
        return {}
    key = "band_splitting:B-H"
    if components.count != 3 or not 0 < components.splitting_u < _UNSURE * components.splitting:
        why = components.why if components.count != 3 else "the three are too close to be told apart"
        return {key: withheld("band_splitting", f"{why}: one component" if components.count == 1 else why)}
    number = uncertain(
        components.splitting, {f"profile B-H:{spectrum.name}": components.splitting_u}, df=float(components.df)
    )
    places = ", ".join(f"{place:.0f}" for place in components.places)
    return {key: Quantity("band_splitting", number, f"three profiles of one width at {places} 1/cm; {components.why}")}


def _checks(
    spectrum: Spectrum, found: dict[str, _Found], left: dict[str, str], components: Components | None
) -> list[Check]:
    """Return what was tested."""
    seen = [one for one in found.values() if one.detected]
    down = [name for name, one in found.items() if -one.area.value > 2.5 * float(one.number.u)]
    checks = [Check("bands point up", not down if found else None, f"{', '.join(down) or 'no band'} points down")]
    dark, bright = float(np.mean(spectrum.dark)), float(np.mean(spectrum.bright))
    low, high = spectrum.limits
    masked = (
        f"{100 * dark:.0f} % of all points have less than {low:g} of the light, {100 * bright:.0f} % more than {high:g}"
    )
    lost = [name for name, why in left.items() if "of the light" in why]
    checks.append(Check("light", not lost, f"{masked}; left out: {', '.join(lost) or 'no band'}"))
    moved = {one.band.name: one.area.model * math.sqrt(3.0) / one.area.value for one in seen}
    told = ", ".join(f"{name} {100 * share:.0f} %" for name, share in moved.items())
    worst = max(moved.values(), default=0.0)
    detail = f"a parabola moves the areas by up to: {told or 'no band is detected'} (limit {100 * _MOVED:.0f} %)"
    checks.append(Check("baseline", bool(worst <= _MOVED) if seen else None, detail))
    checks += _plausible(spectrum, seen)
    if components is not None:
        said = {1: "one component", 3: "three components", None: "one or three"}[components.count]
        checks.append(
            Check("components of B-H", None if components.count is None else True, f"{said}: {components.why}")
        )
    return checks


def _plausible(spectrum: Spectrum, seen: list[_Found]) -> list[Check]:
    """Return whether resolution, single points and the axis are those of a spectrum as it was recorded."""
    alike, wild = shared_noise(spectrum.x, spectrum.y), spectrum.x[wild_points(spectrum.light)]
    said = f"noise of neighbouring means over 4 1/cm is {alike:.2g} of that further apart (limit {_SMOOTHED})"
    said += (
        ""
        if alike >= _SMOOTHED
        else ": smoothed, or at 8 1/cm or more; narrow bands (silanol) spread into their anchors"
    )
    checks = [Check("resolution", alike >= _SMOOTHED if np.isfinite(alike) else None, said)]
    told = f"{len(wild)} points stand alone, the first at {wild[0]:.0f} 1/cm" if len(wild) else "none stands alone"
    checks.append(Check("points", not len(wild), told))
    place = position_of(spectrum.x, spectrum.y, BANDS[3]) if BANDS[3] in [one.band for one in seen] else ""
    if not isinstance(place, str):
        said = f"{place.place:.0f} 1/cm, {place.place - _OVERTONE:+.0f} from that of silica (limit {_ASTRAY:g})"
        checks.append(Check("place of the overtone", abs(place.place - _OVERTONE) <= _ASTRAY, said))
    return checks


def _drawn(spectrum: Spectrum, band: Band, found: _Found | None) -> dict[str, Any]:
    """Return what the figure draws of a band."""
    drawn: dict[str, Any] = {"name": band.name, "limits": list(band.limits), "anchors": [*band.left, *band.right]}
    if found is not None:
        line = baseline_of(spectrum.x, spectrum.y, band)
        drawn["line"] = [line.centre, line.level, line.slope]
        drawn["detected"] = found.detected
    return drawn


def _curves(spectrum: Spectrum) -> Dataset:
    """Return the spectrum as it was analysed; NaN where there was no light."""
    name = "kubelka_munk" if spectrum.scale == "Kubelka-Munk" else "absorbance"
    return xr.Dataset(
        {name: ("wavenumber", spectrum.y, {"units": "1"})},
        coords={"wavenumber": ("wavenumber", spectrum.x, {"units": "1/cm"})},
    )
