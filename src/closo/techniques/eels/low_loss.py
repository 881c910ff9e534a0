"""Low losses: the zero-loss peak, the thickness, and edges without plural scattering."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from closo.dataset import Dataset, require
from closo.errors import DataError
from closo.quantity import Quantity, uncertain, withheld
from closo.result import Check

__all__ = ["LowLoss", "low_loss_of", "single_share", "thickness", "zero_loss"]

_THICK = 0.5  # t/lambda above which plural scattering takes counts out of a window


@dataclass(frozen=True)
class LowLoss:
    """Low losses: counts, energies [eV] from their zero-loss peak, shape (n,); where that lies on the axis [eV], and u."""

    counts: np.ndarray
    energies: np.ndarray
    position: float
    u: float


def low_loss_of(data: Dataset) -> LowLoss:
    """Return the low losses of a measurement, the sum over its map.

    Raises
    ------
    DataError  when it has no whole zero-loss peak.
    """
    require(data, "energy_loss", who="eels")
    energies = np.asarray(data["energy_loss"].values, float)
    values = data["counts" if "counts" in data else "intensity"].values
    counts = values.reshape(-1, energies.size).sum(axis=0, dtype=float)
    if abs(float(energies[int(np.argmax(counts))])) > 20.0:
        raise DataError(
            "low_loss has its highest value more than 20 eV from 0.", file=data.attrs.get("source"),
            hint="Name the spectrum with the zero-loss peak.",
        )  # fmt: skip
    position, width, u, _ = zero_loss(counts, energies)
    before = energies < position - 4.0 * width
    dark = float(np.mean(counts[before])) if before.sum() > 5 else 0.0
    return LowLoss(counts - dark, energies - position, position, u)


def single_share(net: np.ndarray, energies: np.ndarray, low: LowLoss, signal: np.ndarray) -> tuple[float, float]:
    """Return what of an edge's counts in the window `signal` was scattered once, over all of them, and u of that.

    Fourier ratio: the transform of the edge over that of the low losses, times that of the zero-loss peak alone. Where the
    peak ends is not known: at the first minimum behind it, or twice its left flank.

    Parameters
    ----------
    net : counts above the background, 0 before the edge; energies : [eV], even; shape (n,).

    Source: Egerton 2011, doi:10.1007/978-1-4419-9583-4, section 4.3.2.
    """
    step, n = float(np.median(np.diff(energies))), net.size
    size = 2 ** int(np.ceil(np.log2(2 * n)))
    first = int(np.ceil(-low.energies[0] / step))  # channels before the peak
    ends = step * (np.arange(-first, n + 1) - 0.5)  # of channels as wide as those of the edge
    own = 0.5 * float(np.median(np.diff(low.energies)))
    counts = np.diff(np.interp(ends, low.energies + own, np.cumsum(low.counts)))
    top = int(np.argmax(counts))
    width = max(2, int(np.argmax(counts[top:] < 0.5 * counts[top])))
    behind = counts[top + width : top + 12 * width]
    cut = top + width + int(np.argmin(behind))
    peaks = [np.where(np.arange(counts.size) <= cut, counts, 0.0), np.zeros_like(counts)]
    mirrored = counts[: top + 1]
    peaks[1][: top + 1] = mirrored
    right = min(2 * top, counts.size - 1)
    peaks[1][top + 1 : right + 1] = mirrored[::-1][1 : right - top + 1]
    transform = np.fft.rfft(np.roll(np.pad(counts, (0, size - counts.size)), -first))
    edge = np.fft.rfft(np.pad(net, (0, size - n)))
    shares = []
    for peak in peaks:
        alone = np.fft.rfft(np.roll(np.pad(peak, (0, size - peak.size)), -first))
        single = np.fft.irfft(edge * alone / transform, size)[:n]
        shares.append(float(single[signal].sum() / net[signal].sum()))
    return float(np.mean(shares)), abs(shares[0] - shares[1]) / 12**0.5


def thickness(total: np.ndarray, energies: np.ndarray, name: str) -> tuple[dict[str, Quantity], list[Check]]:
    """Return position and width of the zero-loss peak, and the thickness over the mean free path."""
    position, width, u, ratios = zero_loss(total, energies)
    step = float(np.median(np.diff(energies)))
    place = uncertain(position, {f"counting zero loss:{name}": u, f"channel:{name}": step / 12**0.5})
    wide = uncertain(width, {f"channel width:{name}": step / 6**0.5})
    value, spread = float(ratios.mean()), abs(float(ratios[0] - ratios[1])) / 12**0.5
    counting = 1.0 / max(float(total.sum()), 1.0) ** 0.5
    thick = uncertain(value, {f"method:{name}": spread, f"counting thickness:{name}": counting})
    quantities = {
        "zero_loss_position": Quantity("zero_loss_position", place, "middle of the half heights"),
        "zero_loss_width": Quantity("zero_loss_width", wide, "full width at half height"),
        "relative_thickness": Quantity("relative_thickness", thick, "ln(all/peak), peak reflected or cut"),
    }
    if value <= 0:
        quantities["relative_thickness"] = withheld("relative_thickness", "nothing is lost beyond the zero-loss peak")
    end = energies[-1]
    detail = f"t/lambda = {value:.2f}, limit {_THICK} (plural scattering); losses beyond {end:.0f} eV are not in it"
    return quantities, [
        Check("zero of the axis", True, f"peak at {position:.2f} eV"),
        Check("thickness", value <= _THICK, detail),
    ]


def zero_loss(counts: np.ndarray, energies: np.ndarray) -> tuple[float, float, float, np.ndarray]:
    """Return position and width (FWHM) of the zero-loss peak [eV], u of the position, and t/lambda in two ways.

    t/lambda = ln(all / peak); the peak is its left flank twice, or all up to the minimum behind it.
    """
    top = int(np.argmax(counts))
    half = counts[top] / 2.0
    left = top - int(np.argmax(counts[top::-1] < half))
    right = top + int(np.argmax(counts[top:] < half))
    if not 0 < left < top < right < len(counts) - 1:
        raise DataError("the zero-loss peak is cut off.", hint="Record the whole of it.")
    ends = [
        np.interp(half, [counts[a], counts[b]], [energies[a], energies[b]])
        for a, b in ((left, left + 1), (right, right - 1))
    ]
    position, width = float(np.mean(ends)), float(ends[1] - ends[0])
    before = energies < position - 4.0 * width
    dark = float(np.mean(counts[before])) if before.sum() > 5 else 0.0
    clean = counts - dark
    behind = (energies > position + width) & (energies < position + 12.0 * width)
    cut = int(np.flatnonzero(behind)[np.argmin(counts[behind])]) if behind.any() else right
    step = float(np.median(np.diff(energies)))
    flank = np.clip((position - energies) / step + 0.5, 0.0, 1.0)  # shares of channels left of the position
    peaks = np.array([2.0 * float(clean @ flank), float(clean[: cut + 1].sum())])
    return position, width, width / 2.355 / np.sqrt(max(peaks[0], 1.0)), np.log(clean.sum() / peaks)
