"""What maps of elements say beyond their sums: mixing, elements that go together, and the surface of particles."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from closo.dataset import Dataset
from closo.quantity import Quantity, uncertain, withheld
from closo.result import Check
from closo.techniques.element_map import profile
from closo.techniques.element_map.profile import MODELS, Edge

_VAGUE, _DECIDES = 0.4, 6.0  # relative u; difference of BIC
_FADES = (0.0, 0.3, 0.6, 0.9)  # how far a shell may fade, of its width
_TEMPER = 0.25  # what its misfit counts: probe and particle are no better known
_DEAD, _FEWEST = 0.01, 8  # share of pixels; rows and columns
_TILES = (4, 2)  # rows and columns, so that a particle in the middle is cut
_NO_SIZE = "the file does not state the size of a pixel, or pixels are not square"
Number = Callable[[np.ndarray], float]


@dataclass(frozen=True)
class Maps:
    """Counts of each element at each pixel, shape (k, y, x), covariances (k, k, y, x), and the size of a pixel [m]."""

    name: str
    elements: tuple[str, ...]
    values: np.ndarray
    covariances: np.ndarray
    pixel: float | None

    @property
    def variances(self) -> np.ndarray:
        """Variances, shape (k, y, x)."""
        return np.stack([self.covariances[k, k] for k in range(len(self.elements))])


def square_pixel(data: Dataset) -> float | None:
    """Return the length of a pixel of a map [m], None where it is not stated or pixels are not square."""
    steps = [float(np.diff(data[name].values[:2])[0]) for name in "yx" if name in data and data.sizes[name] > 1]
    return steps[-1] if steps and max(steps) < 1.01 * min(steps) else None


def incomplete(counts: np.ndarray, raster: tuple[int, ...]) -> str:
    """Return why the pixels, of which `counts` holds the sums, say nothing of places; '' where they do."""
    if min(raster) < _FEWEST:
        return f"the map has {raster[0]} x {raster[1]} pixels, fewer than {_FEWEST} in a direction"
    dead = float(np.mean(counts == 0))
    if dead > _DEAD and np.exp(-float(np.median(counts[counts > 0]))) < _DEAD:
        return f"{dead:.0%} of the pixels hold no counts (not scanned, or dead): cut them off"
    return ""


def _jackknife(number: Number, raster: tuple[int, ...]) -> float:
    """Return the standard uncertainty of a number from leaving out a tile of the map at a time; NaN where it fails."""
    row, column = (np.arange(size) * tiles // size for size, tiles in zip(raster, _TILES, strict=True))
    tile = row[:, None] * _TILES[1] + column[None, :]
    found = np.array([number(tile != k) for k in range(_TILES[0] * _TILES[1])])
    return float(np.sqrt((len(found) - 1) / len(found) * np.sum((found - found.mean()) ** 2)))


def mixing(maps: Maps, element: str) -> dict[str, Quantity]:
    """Return the unevenness of an element and the size of its regions."""
    k = maps.elements.index(element)
    values, variances, quantities = maps.values[k], maps.covariances[k, k], {}
    mean, halves = float(values.mean()), [(slice(size // 2), slice(size // 2, None)) for size in values.shape]
    if mean <= 0:
        return {}
    parts = [(slice(None), slice(None)), *((row, column) for row in halves[0] for column in halves[1])]
    found = np.array([profile.domains(values[p] / mean, float(variances[p].mean()) / mean**2) for p in parts])
    few = not found[0, 1] < min(values.shape) / 8  # also where it is not finite
    for row, name, factor in ((0, "mixing_unevenness", 1.0), (1, "domain_size", maps.pixel)):
        value, quarters = found[0, row], found[1:, row][np.isfinite(found[1:, row])]
        if factor is None:
            quantities[f"{name}:{element}"] = withheld(name, _NO_SIZE)
        elif few or len(quarters) < 3:
            why = "no scatter above the noise, or fewer than 60 regions in the map"
            quantities[f"{name}:{element}"] = withheld(name, why)
        else:
            u = float(quarters.std(ddof=1)) / len(quarters) ** 0.5
            number = uncertain(
                float(value) * factor, {f"places {name} {element}:{maps.name}": u * factor}, df=len(quarters) - 1
            )
            quantities[f"{name}:{element}"] = Quantity(
                name, number, "without the noise of counts; u from quarters of the map"
            )
    return quantities


def together(maps: Maps, one: str, other: str) -> Quantity:
    """Return the correlation of two elements without noise."""
    pair = [maps.elements.index(e) for e in (one, other)]

    def number(keep: np.ndarray) -> float:
        noise = maps.covariances[np.ix_(pair, pair)][:, :, keep].mean(axis=-1)
        return profile.correlation(maps.values[pair[0]][keep], maps.values[pair[1]][keep], noise)

    raster = maps.values[0].shape
    value, u = number(np.ones(raster, bool)), _jackknife(number, raster)
    if not (np.isfinite(value) and np.isfinite(u)) or u > _VAGUE or abs(value) > 1.5:
        return withheld("colocalisation", "the scatter of a map is not above its noise")
    correlated = uncertain(value, {f"places {one} {other}:{maps.name}": u})
    return Quantity("colocalisation", correlated, "correlation, noise taken off; u from tiles of the map")


def surface(
    maps: Maps, ratio: tuple[str, str], particle: str
) -> tuple[dict[str, Quantity], dict[str, Any], dict[str, Any], Check]:
    """Return the enrichment at the edge of particles, the width of a shell, the profile, findings, and a check."""
    order = [maps.elements.index(e) for e in (*ratio, particle)]
    values, variances, key = maps.values[order], maps.variances[order], f"enrichment:{'/'.join(ratio)}"
    usual = profile.particle_edge(values[2], noise=float(variances[2].mean()))
    if usual is None:
        why = "no particles stand out in the map"
        lost = {name: withheld(name.split(":")[0], why) for name in (key, "shell_width")}
        return lost, {}, {}, Check("particles", False, why)

    def enrichment(keep: np.ndarray, edge: Edge = usual) -> float:
        here, far = (np.abs(edge.distance) <= 1.5) & keep, (edge.distance > 4.5) & keep
        sums = [values[i][where].sum() for where in (here, far) for i in (0, 1)]
        return float(sums[0] * sums[3] / (sums[1] * sums[2])) if min(sums) > 0 else float("nan")

    def width(keep: np.ndarray, edge: Edge = usual) -> float:
        return profile.fit_shell(profile.profile_of(values, variances, edge, keep)).width

    moved = [e for e in (profile.particle_edge(values[2], factor=f) for f in (0.8, 1.2)) if e is not None]
    everywhere = np.ones(values[2].shape, bool)

    def sources(name: str, number: Callable[..., float], own: Mapping[str, float], counting: float) -> dict[str, float]:
        edge = float(np.sqrt(np.mean([(number(everywhere, e) - number(everywhere)) ** 2 for e in moved] or [0.0])))
        places = _jackknife(number, everywhere.shape)
        rest = max(places**2 - counting**2, 0.0) ** 0.5 if np.isfinite(places) else places
        return {**own, f"edge {name}:{maps.name}": edge, f"places {name}:{maps.name}": rest}

    seen = profile.profile_of(values, variances, usual)
    fits = [profile.fit_shell(seen, fade=fade) for fade in _FADES]
    fit = fits[0]
    told, why = _told(fit)
    how = "at the edge (3 pixels) over more than 4.5 pixels outside"
    quantities = {key: _number("enrichment", enrichment(everywhere), sources("enrichment", enrichment, {}, 0.0), how)}
    if told != MODELS[2] or maps.pixel is None:
        quantities["shell_width"] = withheld("shell_width", why if told != MODELS[2] else _NO_SIZE)
    else:
        mean, shape = _over_fades(fits)
        own = {f"counting shell_width:{maps.name}": fit.u, f"shape:{maps.name}": shape}
        scaled = {label: u * maps.pixel for label, u in sources("shell_width", width, own, fit.u).items()}
        how = "shell of a sphere in projection, mean over how it may fade"
        quantities["shell_width"] = _number("shell_width", mean * maps.pixel, scaled, how)
    found: dict[str, Any] = {"model": told, "chi2": fit.chi2, "points": fit.points, "ratio": "/".join(ratio)}
    found |= {"blur_pixels": fit.blur, "radius_pixels": fit.radius}
    check = Check("model of the profile", None if told is None else True, why)
    return quantities, _drawn(seen, fit, maps.pixel or 1.0), found, check


def _over_fades(fits: list[profile.ShellFit]) -> tuple[float, float]:
    """Return mean and standard deviation of the width over all fades, equally likely before the profile is seen."""
    widths, chi2 = np.array([one.width for one in fits]), np.array([one.chi2[MODELS[2]] for one in fits])
    scale = max(1.0, float(chi2.min()) / max(fits[0].points - 3, 1))
    weights = np.exp(-0.5 * _TEMPER * (chi2 - chi2.min()) / scale) * np.array([0.5, 1.0, 1.0, 0.5])
    mean = float(np.average(widths, weights=weights))
    return mean, float(np.sqrt(np.average((widths - mean) ** 2, weights=weights)))


def _drawn(seen: profile.Profile, fit: profile.ShellFit, pixel: float) -> dict[str, Any]:
    """Return the ratio over the distance to the edge, its uncertainty, and the model of a shell."""
    (a, b, _), (a2, b2, _) = seen.means, seen.variances
    with np.errstate(all="ignore"):
        shown = {
            "profile": a / b,
            "profile_u": np.abs(a / b) * np.sqrt(a2 / a**2 + b2 / b**2),
            "profile_model": fit.model / b,
        }
    return {"distance": ("distance", seen.distance * pixel)} | {key: ("distance", part) for key, part in shown.items()}


def _told(fit: profile.ShellFit) -> tuple[str | None, str]:
    """Return the model that explains the profile by BIC, None where none is best by far, and a sentence with the numbers."""
    scale = max(1.0, fit.chi2[MODELS[2]] / max(fit.points - 3, 1))
    criterion = {m: fit.chi2[m] / scale + k * np.log(fit.points) for m, k in zip(MODELS, (1, 2, 3), strict=True)}
    best, second = sorted(criterion, key=lambda m: criterion[m])[:2]
    sure = criterion[second] - criterion[best] > _DECIDES and not (best == MODELS[2] and fit.excess <= 0)
    told = best if sure else None
    numbers = ", ".join(f"{m} {value:.1f}" for m, value in criterion.items())
    return told, f"{told or 'no model'} explains the profile best by {_DECIDES:g} (BIC: {numbers})"


def _number(name: str, value: float, sources: Mapping[str, float], how: str) -> Quantity:
    """Return a quantity, withheld where it is not known to 40 %."""
    if not np.isfinite(value) or not all(np.isfinite(u) for u in sources.values()):
        return withheld(name, "it differs between places of the map without bound", method=how)
    quantity = Quantity(name, uncertain(value, sources), how)
    if float(quantity.u or 0.0) > _VAGUE * abs(value):
        return withheld(name, f"not known to 40 %: u is {float(quantity.u or 0.0) / abs(value):.0%} of it", method=how)
    return quantity
