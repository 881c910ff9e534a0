"""Scans of many analysers -> one loss spectrum: elastic line of each analyser, linear count rates, consistency, sum.

Each analyser sees the elastic line at an energy of its own (0.7 eV apart in one instrument); loss = incident energy - that
energy. How much the line moves from scan to scan is its uncertainty, for it is larger than the error of the fit.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import numpy as np

from closo.dataset import Dataset
from closo.errors import ConvergenceError, DataError
from closo.fit import least_squares
from closo.techniques.noise import sample_noise
from closo.techniques.xray_raman.edges import Window

_PROMINENT = 5.0  # times what lies beside it: the elastic line
_RANGE = 20.0  # eV, from the lowest energy of a scan, in which an elastic line is looked for
_NARROW = 4.0  # eV, half of the range in which an elastic line is fitted
_LEAST_POINTS = 20  # of a scan of an edge
_SCATTER = 0.01  # eV, of an elastic line where only one scan tells


@dataclass(frozen=True)
class Analyser:
    """An analyser: number, elastic line (energy, uncertainty, full width) [eV], scans that gave it, loss spectrum."""

    number: int
    elastic: float
    u: float
    width: float
    scans: int
    signal: np.ndarray = field(default_factory=lambda: np.empty(0))
    variance: np.ndarray = field(default_factory=lambda: np.empty(0))


@dataclass(frozen=True)
class Loss:
    """A loss spectrum: loss [eV], signal and its variance, uncertainty of the zero [eV], what it was made of.

    `elastic`, `width` : [eV]; NaN where no elastic line is known. `scatter` : reduced chi-square of scan against scan.
    """

    energy: np.ndarray
    signal: np.ndarray
    variance: np.ndarray
    zero_u: float = 0.0
    elastic: float = math.nan
    width: float = math.nan
    scatter: float = math.nan
    analysers: tuple[Analyser, ...] = ()
    notes: tuple[str, ...] = ()


def elastic_line(energy: np.ndarray, counts: np.ndarray) -> tuple[float, float, float] | None:
    """Return centre, its error and full width [eV] of the elastic line of a scan; None where there is none."""
    top = int(np.argmax(counts))
    apart = np.abs(energy - energy[top])
    near, beside = apart < _NARROW, counts[(apart > 1.5) & (apart < 10.0)]
    cut = counts[top] > 100 and np.sum(counts == counts[top]) > 2  # saturated: neither place nor width is known
    low = counts[top] < max(10.0, _PROMINENT * float(np.median(beside))) if beside.size else True
    if low or cut or not 1 < top < len(counts) - 2 or near.sum() < 6:
        return None
    x, y = energy[near], counts[near]
    sigma = np.sqrt(np.clip(y, 1.0, None))

    def residual(p: np.ndarray) -> np.ndarray:
        return np.asarray((p[0] * np.exp(-0.5 * ((x - p[1]) / p[2]) ** 2) + p[3] - y) / sigma)

    try:
        fit = least_squares(residual, np.array([y.max(), energy[top], 0.3, 0.0]))
    except ConvergenceError:
        return None
    centre, width = float(fit.values[1]), _width(x, y - min(float(y[0]), float(y[-1])))
    u = math.sqrt(max(float(fit.covariance[1, 1]), 0.0)) if np.isfinite(fit.covariance[1, 1]) else math.inf
    good = x[0] < centre < x[-1] and 0.02 < width < _NARROW and u < 0.2 and fit.values[0] > 0
    return (centre, u, width) if good else None


def _width(x: np.ndarray, y: np.ndarray) -> float:
    """Return the full width at half height of a line; lines are no Gaussians."""
    top = int(np.argmax(y))
    half = 0.5 * float(y[top])
    left, right = np.flatnonzero(y[:top] < half), np.flatnonzero(y[top:] < half)
    if not left.size or not right.size:
        return math.nan
    a, b = int(left[-1]), top + int(right[0])
    low = float(np.interp(half, y[a : a + 2], x[a : a + 2]))
    return float(np.interp(-half, -y[b - 1 : b + 1], x[b - 1 : b + 1])) - low


def summed(data: Dataset, wanted: Window) -> Loss:
    """Return a loss spectrum that is summed already; it is zeroed on its elastic line where it holds one.

    Of a spectrum with gaps the piece is taken that has most points in the wanted range.

    Where no standard deviations stand beside it, they are those of counts, else of the scatter of neighbours.
    """
    name = "counts" if "counts" in data else "intensity"
    energy, signal = np.asarray(data["energy"].values, float), np.asarray(data[name].values, float)
    notes: tuple[str, ...] = ()
    if f"{name}_u" in data:
        variance = np.asarray(data[f"{name}_u"].values, float) ** 2
    elif name == "counts" or (np.all(signal == np.rint(signal)) and signal.min() >= 0 and signal.max() > 20):
        variance = np.clip(signal, 1.0, None)
    else:
        variance = np.full(signal.size, max(sample_noise(signal), 1e-9 * float(np.abs(signal).max())) ** 2)
        notes = ("No counts and no standard deviations: noise is taken from neighbouring points, the same for all.",)
    around = np.abs(energy) < _RANGE
    line = elastic_line(energy[around], signal[around]) if around.sum() > 6 else None
    if line is None:
        notes += ("The zero of the loss is that of the file (no elastic line): it may be off by eV.",)
    energy, signal, variance = _piece((energy, signal, variance), wanted)
    if line is None:
        return Loss(energy, signal, variance, notes=notes)
    return Loss(energy - line[0], signal, variance, max(line[1], 1e-3), line[0], line[2], notes=notes)


def _piece(columns: tuple[np.ndarray, ...], wanted: Window) -> tuple[np.ndarray, ...]:
    """Return the columns between two gaps, of which the first is the energy."""
    energy = columns[0]
    steps = np.diff(energy)
    pieces = np.split(np.arange(energy.size), np.flatnonzero(steps > max(2.0, 20.0 * float(np.median(steps)))) + 1)
    kept = max(pieces, key=lambda at: np.sum((energy[at] >= wanted[0]) & (energy[at] <= wanted[1])))
    return tuple(column[kept] for column in columns)


def calibrated(
    data: Dataset,
    wanted: Window,
    *,
    use: tuple[float, ...] | None = None,
    rates: Window = (500.0, 5000.0),
    dead_time: float = 0.0,
) -> Loss:
    """Return the sum of the analysers over the loss, from scans of elastic lines and of an edge.

    Parameters
    ----------
    data : kind 'raman_scan'. wanted : loss [eV] that a scan of the edge reaches into.
    use : numbers of the analysers, all that are not dead when absent; rates : 1/s at the top of an elastic line that is
        used, where the scans say how long a point took; dead_time : [s], of a detector that is not paralysed.

    Raises
    ------
    DataError  when no scan holds an elastic line, or none reaches into the edge.
    """
    counts = np.asarray(data["counts"].values, float)
    energy, scan = np.asarray(data["energy"].values, float), np.asarray(data["scan"].values)
    dwell = np.asarray(data["dwell_time"].values, float) if "dwell_time" in data else None
    if dead_time and dwell is not None:
        counts = counts / np.clip(1.0 - counts / dwell[:, None] * dead_time, 0.1, None)
    monitor = np.asarray(data["monitor"].values, float) if "monitor" in data else np.ones(energy.size)
    numbers = [int(k) for k in data["analyser"].values]
    unknown = [k for k in use or () if k not in numbers]
    if unknown:
        raise DataError(f"there is no analyser {unknown[0]:g}; there are {numbers[0]} to {numbers[-1]}.",
                        file=data.attrs.get("source"))  # fmt: skip
    first = {int(k): np.flatnonzero((scan == k) & (energy < energy[scan == k].min() + _RANGE)) for k in np.unique(scan)}
    elastic = [rows for rows in first.values() if elastic_line(energy[rows], counts[rows].sum(axis=1)) is not None]
    if not elastic:
        raise DataError("no scan holds an elastic line (10 counts or more, not cut off), so the energy loss is not known.",
                        file=data.attrs.get("source"), hint="Name the elastic scans with those of the edge.")  # fmt: skip
    seen = _lines(energy, counts, elastic, rates=rates, dwell=dwell)
    lines = [line for line in (_of_analyser(n, found) for n, found in zip(numbers, seen, strict=True)) if line]
    middle = float(np.mean([line.elastic for line in lines])) if lines else math.nan
    within = (energy - middle > wanted[0]) & (energy - middle < wanted[1])
    points = {int(k): int(np.sum(within[scan == k])) for k in np.unique(scan)}
    reach = [k for k, n in points.items() if n > max(_LEAST_POINTS, 0.25 * max(points.values()))]  # no coarse overview
    if not reach:
        raise DataError(f"no scan reaches from {wanted[0]:g} to {wanted[1]:g} eV of loss.", file=data.attrs.get("source"),
                        hint="Name the scans of this edge, or another edge.")  # fmt: skip
    chosen = [line for line in lines if use is None or line.number in use]
    lost = [n for n, found in zip(numbers, seen, strict=True) if not found and (use is None or n in use)]
    said = f"No elastic line, or one that is cut off, is seen by analysers {', '.join(map(str, lost))}: left out."
    if not chosen:
        raise DataError(said, file=data.attrs.get("source"), hint="Name others: --set analysers=2-9.")
    loss = _together(chosen, (energy, counts, scan, monitor), reach=reach, numbers=numbers, wanted=wanted)
    return replace(loss, notes=(*loss.notes, said)) if lost else loss


def _lines(
    energy: np.ndarray, counts: np.ndarray, elastic: list[np.ndarray], *, rates: Window, dwell: np.ndarray | None
) -> list[list[tuple[float, float, float]]]:
    """Return the elastic lines of each analyser from the scans (rows) in which its count rate is in the linear range.

    Where no scan is, the one nearest to that range is taken.
    """
    found = []
    for k in range(counts.shape[1]):
        seen = []
        for rows in elastic:
            line = elastic_line(energy[rows], counts[rows, k])
            top = float(np.max(counts[rows, k] / (dwell[rows] if dwell is not None else 1.0)))
            off = 0.0 if dwell is None else max(rates[0] / max(top, 1e-9), top / rates[1], 1.0) - 1.0
            if line is not None:
                seen.append((off, line))
        least = min((off for off, _ in seen), default=0.0)
        found.append([line for off, line in seen if off <= least])
    return found


def _of_analyser(number: int, lines: list[tuple[float, float, float]]) -> Analyser | None:
    if not lines:
        return None
    centres = np.array([line[0] for line in lines])
    scatter = float(np.std(centres, ddof=1)) if len(lines) > 1 else _SCATTER
    u = max(scatter, float(np.mean([line[1] for line in lines]))) / math.sqrt(len(lines))
    return Analyser(number, float(centres.mean()), u, float(np.mean([line[2] for line in lines])), len(lines))


def _together(
    lines: list[Analyser], columns: tuple[np.ndarray, ...], *, reach: list[int], numbers: list[int], wanted: Window
) -> Loss:
    """Return the sum over analysers and scans on the axis of the first scan, each interpolated and divided by its monitor.

    The variance between two points is interpolated as it stands: sums over points then have the variance that they should.
    """
    energy, counts, scan, monitor = columns
    middle = float(np.mean([line.elastic for line in lines]))
    widest = max(reach, key=lambda k: np.ptp(energy[scan == k]))
    grid = np.unique(energy[scan == widest]) - middle
    low = max(energy[scan == k].min() - line.elastic for k in reach for line in lines)
    high = min(energy[scan == k].max() - line.elastic for k in reach for line in lines)
    grid = grid[(grid >= low) & (grid <= high)]
    (grid,) = _piece((grid,), wanted)
    if grid.size < 20:
        raise DataError("the scans of the edge have no range in common.", hint="Name scans of one edge.")
    mean = float(monitor[np.isin(scan, reach)].mean())
    done, by_scan = [], np.zeros((len(reach), grid.size))
    weights = np.zeros(len(lines))
    for i, line in enumerate(lines):
        signal, variance = np.zeros(grid.size), np.zeros(grid.size)
        for j, k in enumerate(reach):
            here = np.flatnonzero(scan == k)
            here = here[np.argsort(energy[here])]
            factor = mean / monitor[here]
            y = counts[here, numbers.index(line.number)]
            x = energy[here] - line.elastic
            part = np.interp(grid, x, y * factor)
            signal += part
            variance += np.interp(grid, x, np.clip(y, 1.0, None) * factor**2)
            by_scan[j] += part
        weights[i] = signal.sum()
        done.append(Analyser(line.number, line.elastic, line.u, line.width, line.scans, signal, variance))
    weights /= weights.sum()
    notes = () if np.ptp(monitor) else ("There is no monitor: how the beam changed is not taken off.",)
    total, spread = sum(one.signal for one in done), sum(one.variance for one in done)
    scatter = _between(by_scan, np.asarray(spread))
    u = math.sqrt(sum((w * one.u) ** 2 for w, one in zip(weights, done, strict=True)))
    width = float(sum(w * one.width for w, one in zip(weights, done, strict=True)))
    spread = np.asarray(spread) * (max(scatter, 1.0) if math.isfinite(scatter) else 1.0)
    return Loss(grid, np.asarray(total), spread, u, middle, width, scatter, tuple(done), notes)


def _between(by_scan: np.ndarray, variance: np.ndarray) -> float:
    """Return the reduced chi-square of scans against their mean, each scaled to it; NaN for one scan."""
    if len(by_scan) < 2:
        return math.nan
    mean = by_scan.mean(axis=0)
    scaled = by_scan * (mean.sum() / by_scan.sum(axis=1))[:, None]
    chi2 = float(np.sum((scaled - mean) ** 2 / (variance / len(by_scan))))
    return float(chi2 / ((len(by_scan) - 1) * (mean.size - 1)))
