"""Low losses: the zero-loss peak, the thickness, and edges without plural scattering."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from closo.dataset import Dataset, require
from closo.errors import DataError
from closo.quantity import Quantity, uncertain, withheld
from closo.result import Check

_FAR = 20.0  # eV from 0, beyond which no peak is that of zero loss
_THICK = 0.5  # t/lambda above which plural scattering takes counts out of a window


@dataclass(frozen=True)
class LowLoss:
    """A spectrum with the zero-loss peak.

    Attributes
    ----------
    energies, counts : [eV] from the peak, and without dark counts; shape (n,).
    peaks : counts of the peak alone, shape (2, n): all up to the minimum behind it, and its left flank twice.
    position, width, u : of the peak on the axis of the file, its FWHM, standard uncertainty of the position [eV].
    """

    energies: np.ndarray
    counts: np.ndarray
    peaks: np.ndarray
    position: float
    width: float
    u: float


def read_low_loss(data: Dataset) -> LowLoss:
    """Return the low losses of a measurement, the sum over its map.

    Raises
    ------
    DataError  when it has no whole zero-loss peak.
    """
    require(data, "energy_loss", who="eels")
    energies = np.asarray(data["energy_loss"].values, float)
    counts = (
        data["counts" if "counts" in data else "intensity"].values.reshape(-1, energies.size).sum(axis=0, dtype=float)
    )
    if abs(float(energies[int(np.argmax(counts))])) > _FAR:
        text = "low_loss has its highest value more than 20 eV from 0."
        raise DataError(text, file=data.attrs.get("source"), hint="Name the spectrum with the zero-loss peak.")
    return low_losses(counts, energies)


def holds_peak(counts: np.ndarray, energies: np.ndarray) -> bool:
    """Return whether a spectrum begins before its zero-loss peak, which is its highest value within 20 eV of 0."""
    top = int(np.argmax(counts))
    return bool(energies[0] < 3.0 and abs(float(energies[top])) < _FAR and counts[0] < 0.5 * counts[top])


def low_losses(counts: np.ndarray, energies: np.ndarray) -> LowLoss:
    """Return the zero-loss peak and what lies behind it; DataError where the peak is cut off."""
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
    clean = counts - (float(np.mean(counts[before])) if before.sum() > 5 else 0.0)
    behind = (energies > position + width) & (energies < position + 12.0 * width)
    cut = int(np.flatnonzero(behind)[np.argmin(counts[behind])]) if behind.any() else right
    mirrored = np.interp(2.0 * position - energies, energies, clean, left=0.0)
    peaks = np.array(
        [np.where(np.arange(len(counts)) <= cut, clean, 0.0), np.where(energies <= position, clean, mirrored)]
    )
    u = width / 2.355 / float(np.sqrt(max(peaks[1].sum(), 1.0)))
    return LowLoss(energies - position, clean, peaks, position, width, u)


def single_share(net: np.ndarray, energies: np.ndarray, low: LowLoss, signal: np.ndarray) -> tuple[float, float]:
    """Return what of an edge's counts in the window `signal` was scattered once, over all of them, and u of that.

    Fourier ratio: the transform of the edge over that of the low losses, times that of the zero-loss peak alone.

    Parameters
    ----------
    net : counts above the background, 0 before the edge; energies : [eV], even; shape (n,).

    Source: Egerton 2011, doi:10.1007/978-1-4419-9583-4, section 4.3.2.
    """
    step, own = (float(np.median(np.diff(e))) for e in (energies, low.energies))
    size, first = 2 ** int(np.ceil(np.log2(2 * net.size))), int(np.ceil(-low.energies[0] / step))
    ends = step * (np.arange(-first, net.size + 1) - 0.5)  # of channels as wide as those of the edge

    def transformed(counts: np.ndarray) -> np.ndarray:
        wide = np.diff(np.interp(ends, low.energies + 0.5 * own, np.cumsum(counts)))
        return np.fft.rfft(np.roll(np.pad(wide, (0, size - wide.size)), -first))

    ratio = np.fft.rfft(net, size) / transformed(low.counts)
    once = [np.fft.irfft(ratio * transformed(peak), size)[: net.size] for peak in low.peaks]
    shares = [float(single[signal].sum() / net[signal].sum()) for single in once]
    return float(np.mean(shares)), abs(shares[0] - shares[1]) / 12**0.5


def thickness(counts: np.ndarray, energies: np.ndarray, name: str) -> tuple[dict[str, Quantity], list[Check]]:
    """Return position and width of the zero-loss peak, and the thickness over the mean free path, ln(all/peak)."""
    low, step = low_losses(counts, energies), float(np.median(np.diff(energies)))
    ratios = np.log(np.maximum(low.counts.sum() / low.peaks.sum(axis=1), 1e-9))
    place = uncertain(low.position, {f"counting zero loss:{name}": low.u, f"channel:{name}": step / 12**0.5})
    wide = uncertain(low.width, {f"channel width:{name}": step / 6**0.5})
    value, spread = float(ratios.mean()), abs(float(ratios[0] - ratios[1])) / 12**0.5
    counting = 1.0 / max(float(counts.sum()), 1.0) ** 0.5
    thick = uncertain(value, {f"method:{name}": spread, f"counting thickness:{name}": counting})
    quantities = {
        "zero_loss_position": Quantity("zero_loss_position", place, "middle of the half heights"),
        "zero_loss_width": Quantity("zero_loss_width", wide, "full width at half height"),
        "relative_thickness": Quantity("relative_thickness", thick, "ln(all/peak), peak reflected or cut"),
    }
    if value <= 0:
        quantities["relative_thickness"] = withheld("relative_thickness", "nothing is lost beyond the zero-loss peak")
    detail = f"t/lambda = {value:.2f}, limit {_THICK} (plural scattering); "
    detail += f"losses beyond {energies[-1]:.0f} eV are not in it"
    zero = Check("zero of the axis", True, f"peak at {low.position:.2f} eV")
    return quantities, [zero, Check("thickness", value <= _THICK, detail)]
