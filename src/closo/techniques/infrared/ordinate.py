"""The ordinate of a spectrum: what the file holds, what is analysed, and where neither can be trusted."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from closo.dataset import Dataset, name_of, require
from closo.errors import DataError
from closo.techniques.infrared.request import ORDINATES

_VARIABLES = {"absorbance": "absorbance", "log(1/R)": "absorbance", "reflectance": "reflectance",
              "transmittance": "transmittance", "Kubelka-Munk": "kubelka_munk"}  # fmt: skip
_KNOWN = ("absorbance", "reflectance", "transmittance", "kubelka_munk", "intensity")
_LOWEST, _HIGHEST = -0.05, 1.5  # that a share of light may be read as
_ABSURD = 100.0  # an absorbance or Kubelka-Munk function that no instrument gives
_LEAST_LIGHT = {"absorbance": 0.005, "Kubelka-Munk": 0.05}
_MOST_LIGHT = {"absorbance": 1.0, "Kubelka-Munk": 0.9}
_FEWEST = 50  # points
_LOWEST_WAVE, _HIGHEST_WAVE = 3700.0, 12_600.0  # 1/cm: what begins below (mid infrared) ends below
_NO_LIGHT = 0.005  # of the most light of a reference
_MOSTLY = 0.85  # share of dark points beyond which the ordinate is another


@dataclass(frozen=True)
class Spectrum:
    """A spectrum on the scale that is analysed.

    Attributes
    ----------
    x : shape (n,), wavenumbers [1/cm], rising in even steps.
    y : shape (n,), absorbance or Kubelka-Munk function; NaN where there is no light.
    light : shape (n,), share of light reflected or transmitted.
    dark, bright : shape (n,), True where it is below `r_min`, above `r_max`.
    ordinate, scale : what the file holds, and what y is.
    """

    name: str
    x: np.ndarray
    y: np.ndarray
    light: np.ndarray
    dark: np.ndarray
    bright: np.ndarray
    ordinate: str
    scale: str
    notes: tuple[str, ...] = ()
    limits: tuple[float, float] = field(default=(0.0, 1.0))


def kubelka_munk(reflectance: np.ndarray) -> np.ndarray:
    """Return (1 - R)|1 - R| / 2R; above R = 1 it is negative, so that noise about 1 has no bias. NaN for R <= 0.

    Source: Kubelka, Munk, Z. Tech. Phys. 1931, 12, 593; Kubelka, J. Opt. Soc. Am. 1948, 38, 448, doi:10.1364/JOSA.38.000448.

    Example
    -------
    >>> kubelka_munk(np.array([0.5, 1.0, 1.1])).round(5).tolist()
    [0.25, 0.0, -0.00455]
    """
    with np.errstate(all="ignore"):
        values = (1.0 - reflectance) * np.abs(1.0 - reflectance) / (2.0 * reflectance)
    return np.asarray(np.where(reflectance > 0, values, np.nan))


def reflectance_of(function: np.ndarray) -> np.ndarray:
    """Return R of a Kubelka-Munk function, 1 + F - sqrt(F^2 + 2F); above 1 for a negative one.

    Example
    -------
    >>> reflectance_of(np.array([0.25, 0.0, -0.01 / 2.2])).round(5).tolist()
    [0.5, 1.0, 1.1]
    """
    size = np.abs(function)
    root = np.sqrt(size * (size + 2.0))
    return np.asarray(np.where(function >= 0, 1.0 + size - root, 1.0 + size + root))


def scaled(light: np.ndarray, scale: str) -> np.ndarray:
    """Return absorbance or Kubelka-Munk function of a share of light; NaN without light."""
    if scale == "Kubelka-Munk":
        return kubelka_munk(light)
    with np.errstate(all="ignore"):
        return np.where(light > 0, -np.log10(light), np.nan)


def spectrum_of(
    data: Dataset,
    *,
    ordinate: str | None = None,
    scale: str | None = None,
    r_min: float | None = None,
    r_max: float | None = None,
    reference: Dataset | None = None,
) -> Spectrum:
    """Return a spectrum on the scale that is analysed; a single beam is divided by that of a `reference`.

    Raises
    ------
    DataError  when it is a single beam, too short, or its ordinate cannot be what it is said to be.
    """
    require(data, "wavenumber", who="infrared")
    stored = next((name for name in _KNOWN if name in data), None)
    if stored is None:
        require(data, "absorbance", who="infrared")
    said, source = ordinate or _said(data, str(stored)), data.attrs.get("source")
    single = _said(data, str(stored)) == "single beam"
    if reference is not None and not single:
        raise DataError(f"it holds {said}, which no reference divides.", file=source, hint="Leave reference out.")
    if reference is not None:
        said = ordinate or "reflectance"
    elif said == "single beam":
        text = "a single beam shows source, optics and detector besides the sample."
        raise DataError(text, file=source, hint="Name the single beam of the KBr or the mirror: --set reference=FILE.")
    measured = data[str(stored)].values if reference is None else _divided(data, str(stored), reference)
    x, values = _even(data["wavenumber"].values, measured, source)
    light = _light(values, said, source)
    kind = scale or ("absorbance" if said in ("absorbance", "transmittance") else "Kubelka-Munk")
    low, high = (_LEAST_LIGHT[kind] if r_min is None else r_min), (_MOST_LIGHT[kind] if r_max is None else r_max)
    y = values if said == kind else scaled(light, kind)
    with np.errstate(invalid="ignore"):
        dark, bright = ~(light >= low), light > high
    if np.mean(dark) > _MOSTLY:
        raise DataError(
            f"read as {said}, {100 * np.mean(dark):.0f} % of its points have less than {low:g} of the light: none has.",
            file=source,
            hint="If it is in per cent or another ordinate, say so: --columns wavenumber,reflectance[%], --set ordinate=...",
        )
    notes = list(data.attrs.get("warnings", ()))
    if reference is not None:
        notes.append(f"A single beam over that of '{name_of(reference)}', taken for {said}.")
    if y is not values:
        notes.append(f"The file holds {said}; analysed is {_WORDS[kind]}.")
    elif said == "absorbance":
        notes.append("Absorbance is analysed as it is; of a reflectance, set ordinate=log(1/R) or Kubelka-Munk.")
    return Spectrum(name_of(data), x, y, light, dark, bright, said, kind, tuple(notes), (low, high))


_WORDS = {
    "absorbance": "the absorbance, log10(1/R) or log10(1/T)",
    "Kubelka-Munk": "the Kubelka-Munk function, (1 - R)^2/(2 R)",
}


def _divided(data: Dataset, stored: str, reference: Dataset) -> np.ndarray:
    """Return a single beam over another one, 0 where that has less than 0.5 % of its light.

    Raises
    ------
    DataError  when the other one is not a single beam, or was measured with other steps or another range.
    """
    below = next((name for name in _KNOWN if name in reference), "")
    file = reference.attrs.get("source")
    if not below or _said(reference, below) != "single beam":
        raise DataError("the reference is not a single beam.", file=file, hint="Name the one before it was divided.")
    (x, y), (other, light) = (
        (one["wavenumber"].values, one[name].values) for one, name in ((data, stored), (reference, below))
    )
    if x.shape != other.shape or np.max(np.abs(x - other)) > 0.05 * abs(x[1] - x[0]):
        raise DataError(
            "the reference has other wavenumbers than the spectrum: lines of vapour would not cancel.", file=file,
            hint="Measure both with one resolution and range.",
        )  # fmt: skip
    seen = light > _NO_LIGHT * np.nanmax(light)
    return np.asarray(np.where(seen, y / np.where(seen, light, 1.0), 0.0))


def _said(data: Dataset, stored: str) -> str:
    """Return the ordinate that the file names, else the one of its variable."""
    said = data.attrs.get("metadata", {}).get("ordinate")
    if said in (*ORDINATES, "single beam"):
        return str(said)
    return next((name for name, variable in _VARIABLES.items() if variable == stored), "single beam")


def _even(x: np.ndarray, y: np.ndarray, source: object) -> tuple[np.ndarray, np.ndarray]:
    """Return wavenumbers that rise in even steps, and the ordinate there (between points by a straight line)."""
    x, y = np.asarray(x, float), np.asarray(y, float)
    bad = int(np.sum(~(np.isfinite(x) & np.isfinite(y))))
    if bad or x.size < _FEWEST:
        text = f"infrared needs at least {_FEWEST} finite points; {x.size - bad} of {x.size} are."
        raise DataError(text, file=source, hint="Export the whole spectrum.")
    if x[0] > x[-1]:
        x, y = x[::-1], y[::-1]
    if x[-1] > _HIGHEST_WAVE and x[0] < _LOWEST_WAVE:
        text = f"its wavenumbers reach from {x[0]:.0f} to {x[-1]:.0f} 1/cm: no instrument's do; are they wavelengths in nm?"
        raise DataError(text, file=source, hint="Export it over the wavenumber.")
    if not np.all(np.diff(x) > 0):
        raise DataError(
            "the wavenumbers neither rise nor fall from point to point.", file=source, hint="Sort out the columns."
        )
    grid = np.linspace(x[0], x[-1], x.size)
    if np.max(np.abs(grid - x)) < 0.02 * (x[-1] - x[0]) / x.size:
        return x, y
    step = float(np.median(np.diff(x)))
    count = (x[-1] - x[0]) / step
    if count > 20 * x.size:
        raise DataError("the steps of the wavenumbers are too uneven.", file=source, hint="Export it in even steps.")
    grid = np.linspace(x[0], x[-1], round(count) + 1)
    return grid, np.interp(grid, x, y)


def _light(values: np.ndarray, said: str, source: object) -> np.ndarray:
    """Return the share of light of an ordinate.

    Raises
    ------
    DataError  when the values cannot be of this ordinate.
    """
    low, high = float(values.min()), float(values.max())
    if said in ("reflectance", "transmittance"):
        if low < _LOWEST or high > _HIGHEST:
            raise DataError(
                f"it is said to be a {said}, but reaches from {low:.3g} to {high:.3g}, and a share of light lies between 0 "
                "and 1: absorbance was taken for it, or per cent for a fraction.",
                file=source,
                hint="Say what it is: --set ordinate=absorbance, or --columns wavenumber," + said + "[%].",
            )
        return values
    if max(-low, high) > _ABSURD:
        raise DataError(
            f"it is said to be {said}, but reaches from {low:.3g} to {high:.3g}, which no such ordinate does.",
            file=source,
            hint=f"Say what it is: --set ordinate= one of {', '.join(ORDINATES)}, or --columns wavenumber,reflectance[%].",
        )
    return reflectance_of(values) if said == "Kubelka-Munk" else np.asarray(10.0**-values)
