"""Diffuse-reflectance spectra of a borohydride on silica, with everything that spoils them, as JCAMP-DX.

The bands are Voigt profiles, symmetric or skewed, seen through an instrument function. Nuisances: a curved background
with the slope of scattering, an interference fringe, lines like those of water vapour, noise that neighbouring points
share, an error of the wavenumber and of the reflectance scale. The positions of the vapour lines are drawn once and
are no real ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy.special import voigt_profile

from closo.twin.truth import SYNTHETIC, Truth, stream

Range = tuple[float, float]

BANDS: Mapping[str, tuple[Range, Range, Range]] = {  # limits and anchors of the areas that the truth states
    "silanol": ((3728.0, 3760.0), (3723.0, 3728.0), (3760.0, 3766.0)),
    "O-H": ((3000.0, 3700.0), (2660.0, 2720.0), (3780.0, 3840.0)),
    "B-H": ((2400.0, 2600.0), (2382.0, 2400.0), (2600.0, 2630.0)),
    "overtone": ((1800.0, 1930.0), (1790.0, 1800.0), (1930.0, 1940.0)),
    "water": ((1590.0, 1680.0), (1545.0, 1565.0), (1735.0, 1765.0)),
}
_STEP = 1.9285  # 1/cm, of an instrument with a He-Ne laser at 4 1/cm, zero-filled once
_RANGE = (650.0, 4000.0)
_FINE = 8  # points of the model per point of the file
_RESOLUTION = 4.0  # 1/cm
_FACTOR = 1e-7  # the unit of the whole numbers in a file


@dataclass(frozen=True)
class Peak:
    """A band: position and full width [1/cm], height, share of Lorentzian width, skew (relative slope of the width)."""

    place: float
    width: float
    height: float
    lorentzian: float = 0.5
    skew: float = 0.0


@dataclass(frozen=True)
class InfraredTruth:
    """What a spectrum is made of."""

    bands: Mapping[str, Sequence[Peak]]  # name -> peaks that make it, in units of the Kubelka-Munk function
    others: Sequence[Peak] = ()  # peaks of no band (silica lattice, shoulders)
    background: tuple[float, float, float] = (0.05, 0.0, 0.0)  # level, slope per 1000 1/cm, curvature per its square
    scattering: tuple[float, float] = (0.0, 2.0)  # a background that rises: height at 4000 1/cm, exponent
    fringe: tuple[float, float] = (0.0, 60.0)  # amplitude, period [1/cm]
    vapour: float = 0.0  # height of its strongest line
    noise: float = 2e-4  # of R, per point
    shift: float = 0.0  # error of the wavenumber [1/cm]
    gain: float = 0.0  # error of the reflectance scale, relative

    def area(self, name: str) -> float:
        """Return the area of a band above a straight line through its anchors, as it would be alone and without noise."""
        x = np.arange(_RANGE[0], _RANGE[1], _STEP / _FINE)
        limits, left, right = BANDS[name]
        return line_area(x, _seen(_sum(x, self.bands[name]), _STEP / _FINE), limits, (left, right))

    def position(self, name: str) -> float:
        """Return the maximum of a band between its limits [1/cm]."""
        (low, high), *_ = BANDS[name]
        x = np.arange(_RANGE[0], _RANGE[1], _STEP / _FINE)
        y = np.where((x > low) & (x < high), _seen(_sum(x, self.bands[name]), _STEP / _FINE), -np.inf)
        top = int(np.argmax(y))
        a, b, c = y[top - 1 : top + 2]
        return float(x[top] + 0.5 * (a - c) / (a - 2.0 * b + c) * (x[1] - x[0]))


EXCHANGE = 6.0
"""Area of O-H that grows per area of silanol that milling takes away."""


def drifts_truth(specific_surface_area: float, volume_fraction: float, *, milled: bool) -> InfraredTruth:
    """Return the spectrum of a mixture of Na2B12H12 and silica in KBr, before or after milling.

    Free choices: silanol grows with the surface; milling takes all of it and gives about `EXCHANGE` times its area as O-H;
    the B-H band is three before, one broad one after.

    Parameters
    ----------
    specific_surface_area : of the silica [m2/kg].
    volume_fraction : of the silica.
    """
    silica = volume_fraction * Truth().density_silica
    share = silica / (silica + (1.0 - volume_fraction) * Truth().density_salt)
    silanol = Peak(3745.0, 8.0, 0.18 * share * specific_surface_area / 349.2e3, 0.5)
    gained = EXCHANGE * silanol.height * silanol.width / 300.0
    split = [Peak(2440.0, 26.0, 0.5, 0.5), Peak(2476.0, 26.0, 0.7, 0.5), Peak(2512.0, 26.0, 0.4, 0.5)]
    salt = [Peak(2484.0, 75.0, 0.6, 0.4, -0.15)] if milled else split
    return InfraredTruth(
        bands={
            "silanol": [] if milled else [silanol],
            "O-H": [Peak(3420.0, 300.0, 0.06 + (gained if milled else 0.0), 0.2)],
            "B-H": [Peak(p.place, p.width, p.height * (1.0 - share), p.lorentzian, p.skew) for p in salt],
            "overtone": [Peak(1870.0, 60.0, 0.14 * share, 0.2)],
            "water": [Peak(1632.0, 55.0, 0.03, 0.4)],
        },
        others=[
            Peak(1985.0, 70.0, 0.05 * share, 0.2),
            Peak(1100.0, 160.0, 2.5 * share, 0.3),
            Peak(805.0, 50.0, 0.6 * share, 0.3),
        ],
        background=(0.01, 0.001, 0.0005),
        scattering=(0.01, 2.0),
        fringe=(1e-4, 80.0),
        vapour=3e-4,
        noise=1e-4,
    )


def write_drifts(folder: Path, seed: int) -> dict[str, InfraredTruth]:
    """Write the spectra of the silica types at 35 vol%, and of A380 at 50 and 75 vol%, before and after 4 h of milling.

    Returns
    -------
    File name -> what it is made of; 'A200-35-PM.dx' is the physical mixture, 'A200-35-4h.dx' the composite.
    """
    truths: dict[str, InfraredTruth] = {}
    mixtures = [(silica, 35) for silica in Truth().silicas]
    mixtures += [(silica, per_cent) for silica in Truth().silicas if silica.name == "A380" for per_cent in (50, 75)]
    for silica, per_cent in mixtures:
        for milled in (False, True):
            name = f"{silica.name}-{per_cent}-{'4h' if milled else 'PM'}"
            random = stream(seed, "infrared", name)
            truth = drifts_truth(silica.specific_surface_area, per_cent / 100.0, milled=milled)
            truth = replace(truth, shift=float(random.normal(0.0, 0.3)), gain=float(random.normal(0.0, 0.01)))
            x, reflectance = infrared_spectrum(truth, int(random.integers(2**31)))
            write_jcamp(folder / f"{name}.dx", x, reflectance, title=name)
            truths[f"{name}.dx"] = truth
    return truths


def line_area(x: np.ndarray, y: np.ndarray, limits: Range, anchors: tuple[Range, Range]) -> float:
    """Return the area between limits above the least-squares line through two anchors [y / cm]."""
    chosen = np.any([(x >= low) & (x <= high) for low, high in anchors], axis=0)
    slope, level = np.polyfit(x[chosen], y[chosen], 1)
    fine = np.linspace(*limits, 4001)
    return float(np.trapezoid(np.interp(fine, x, y) - level - slope * fine, fine))


def infrared_spectrum(truth: InfraredTruth, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return wavenumbers [1/cm], falling, and reflectance.

    Parameters
    ----------
    seed : of the noise and of the phase of the fringe.
    """
    random = np.random.default_rng(seed)
    step = _STEP / _FINE
    x = np.arange(_RANGE[0] - 20.0, _RANGE[1] + 20.0, step)
    t = (x - 2500.0) / 1000.0
    level, slope, bend = truth.background
    peaks = [peak for group in truth.bands.values() for peak in group] + list(truth.others)
    function = _sum(x, peaks) + level + slope * t + bend * t**2
    function = function + truth.scattering[0] * (x / 4000.0) ** truth.scattering[1]
    seen = _seen(function, step)
    reflectance = 1.0 + seen - np.sqrt(seen * (seen + 2.0))
    phase = random.uniform(0.0, 2.0 * np.pi)
    reflectance *= 1.0 + truth.fringe[0] * np.sin(2.0 * np.pi * x / truth.fringe[1] + phase)
    reflectance *= 10.0 ** -_seen(_vapour(x, truth.vapour), step)
    grid = np.arange(_RANGE[1], _RANGE[0], -_STEP)
    noise = np.convolve(random.standard_normal(grid.size + 2), [0.5, 1.0, 0.5], "valid") / np.sqrt(1.5)
    measured = np.interp(grid - truth.shift, x, reflectance) * (1.0 + truth.gain) + truth.noise * noise
    return grid, measured


def _sum(x: np.ndarray, peaks: Sequence[Peak]) -> np.ndarray:
    total = np.zeros(x.size)
    for peak in peaks:
        t = x - peak.place
        width = peak.width * (1.0 + peak.skew * np.tanh(t / peak.width))
        gamma = 0.5 * peak.lorentzian * peak.width
        sigma = max(1.0 - peak.lorentzian, 0.02) * peak.width / 2.3548
        profile = voigt_profile(t * peak.width / width, sigma, gamma)
        total += peak.height * profile / voigt_profile(0.0, sigma, gamma)
    return total


def _seen(y: np.ndarray, step: float) -> np.ndarray:
    """Return what an instrument of 4 1/cm sees: a running mean weighted with a cosine bell."""
    half = int(_RESOLUTION / step)
    bell = 1.0 + np.cos(np.linspace(-np.pi, np.pi, 2 * half + 1))
    padded = np.pad(y, half, mode="edge")
    return np.convolve(padded, bell / bell.sum(), "valid")


def _vapour(x: np.ndarray, height: float) -> np.ndarray:
    """Return narrow lines where water vapour has its own (1400-1850 and 3600-3900 1/cm)."""
    random = np.random.default_rng(7)
    places = np.concatenate([random.uniform(1400.0, 1850.0, 45), random.uniform(3600.0, 3900.0, 40)])
    heights = random.exponential(0.3, places.size).clip(0.0, 1.0)
    total = np.zeros(x.size)
    for place, share in zip(places, heights, strict=True):
        near = slice(*np.searchsorted(x, [place - 15.0, place + 15.0]))
        total[near] += height * share / (1.0 + ((x[near] - place) / 0.5) ** 2)
    return total


def write_jcamp(
    path: Path,
    wavenumber: np.ndarray,
    values: np.ndarray,
    *,
    title: str,
) -> None:
    """Write a spectrum in even steps as JCAMP-DX, in whole numbers times 1e-7."""
    numbers = np.round(values / _FACTOR).astype(int)
    first, last = float(wavenumber[0]), float(wavenumber[-1])
    step = (last - first) / (len(numbers) - 1)
    head = [
        f"##TITLE={title}",
        "##JCAMP-DX=4.24",
        "##DATA TYPE=INFRARED SPECTRUM",
        f"##ORIGIN={SYNTHETIC}",
        "##OWNER=public domain",
        "##SAMPLING PROCEDURE=diffuse reflectance",
        "##RESOLUTION=4",
        "##XUNITS=1/CM",
        "##YUNITS=REFLECTANCE",
        "##XFACTOR=1",
        f"##YFACTOR={_FACTOR:g}",
        f"##FIRSTX={first:.6f}",
        f"##LASTX={last:.6f}",
        f"##NPOINTS={len(numbers)}",
        f"##FIRSTY={numbers[0] * _FACTOR:.7g}",
        "##XYDATA=(X++(Y..Y))",
    ]
    rows = [
        f"{first + k * step:.4f} " + " ".join(str(n) for n in numbers[k : k + 8]) for k in range(0, len(numbers), 8)
    ]
    path.write_text("\n".join([*head, *rows, "##END=", ""]), encoding="utf-8", newline="\n")
