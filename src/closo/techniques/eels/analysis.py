"""Edges of a loss spectrum, or of a map of them, above their backgrounds; thickness from low losses."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import xarray as xr
from scipy.special import gammaincc

from closo.dataset import Dataset, name_of, require
from closo.errors import DataError, StudyError
from closo.quantity import Quantity, uncertain, withheld
from closo.result import Check, Result
from closo.techniques.eels import background as kernel
from closo.techniques.eels.background import FLATTEST, ONSETS, STEEPEST, Spectra
from closo.techniques.eels.joint import across, joint
from closo.techniques.eels.low_loss import LowLoss, holds_peak, read_low_loss, single_share, thickness
from closo.techniques.eels.request import asked_of, profile_of
from closo.techniques.element_map.places import square_pixel

_USUAL = ("Si L", "B K", "C K", "O K", "Na K", "Si K")
_BESIDE = {"Si L1": 149.7} | {name: ONSETS[name] for name in _USUAL}  # what may lie before or behind an edge
_STARTS = (0.12, 0.06, 0.09, 0.18, 0.25)  # of the onset, where a background's window may begin; the first is usual
_OFF = 8.0  # eV from its place: BO3 rises 6 eV above the onset of B K
_GAP, _LEAST, _BEHIND = 1.5, 12, 12.0  # eV before the onset; channels of a window; eV behind an edge before it
_VAGUE, _MISFIT, _FLAT = 0.4, 10.0, 0.5  # relative u; chi2 without a number; exponent of what does not fall
_BENT = 1.0  # change of the exponent per unit of ln E that backgrounds may have
_ADRIFT = _OFF / 3**0.5  # eV, u of a zero that is not calibrated: what is further off is seen
_UNCALIBRATED = (
    f"The axis is uncalibrated, that of the file: no zero-loss peak (low_loss, zero_loss). Up to {_OFF:g} eV it may be off "
    "without a sign, which is a source of every edge (axis)."
)


@dataclass(frozen=True)
class _Edge:
    """An edge with masks of its background's window and of its signal; of other windows that fit; its net counts.

    `bend` : of the widest window and u; what 1 of it adds to the background below the signal (`kernel.bend_of`).
    """

    name: str
    window: np.ndarray
    signal: np.ndarray
    others: tuple[np.ndarray, ...]
    net: kernel.Net
    advice: str
    bend: tuple[float, float, float]


def analyse(
    data: Dataset,
    *,
    low_loss: Sequence[Dataset] = (),
    edges: str | None = None,
    window: str | None = None,
    width: float = 40.0,
    references: str | None = None,
    profile: str | None = None,
    zero_loss: float | None = None,
    gain: float | None = None,
) -> Result:
    """Return edges above their backgrounds, or the thickness where the spectrum holds the zero-loss peak.

    Parameters
    ----------
    data : a measurement of kind 'energy_loss' or 'energy_loss_image'.
    low_loss : the low losses of the same place: their peak is the zero of the axis, plural scattering is removed.
    edges : 'B K, O K'; those of B, C, O, Na and Si in the range when absent.
    window : of the background before the first edge [eV], '165-187'.
    width : of the signal above the onset [eV].
    references : files of spectra that are fitted together with the background, separated by commas.
    profile : 'A/B@C', the ratio of two maps across the edge of particles that a third one marks.
    zero_loss : where the zero-loss peak lies on the axis of the file [eV].
    gain : of values that are no counts, per electron.

    Raises
    ------
    DataError  when no edge has enough channels before and behind it, or the noise of the values cannot be known.
    StudyError  when a setting is wrong, or a reference cannot be read.
    """
    kept = {name: value for name, value in locals().items() if name not in ("data", "low_loss") and value is not None}
    kept |= {"low_loss": low_loss[0].attrs["title"]} if low_loss else {}
    require(data, "energy_loss", who="eels")
    wanted, limits = asked_of(edges, window)
    if len(low_loss) > 1:
        raise StudyError(f"low_loss names {len(low_loss)} spectra.", hint="Name one: FILE#2 is the second of a file.")
    low = read_low_loss(low_loss[0]) if low_loss else None
    zero = zero_loss if zero_loss is not None else low.position if low is not None else None
    spectra, plural = _spectra(data, zero, gain), low
    warned = tuple(data.attrs["warnings"])
    if wanted and zero is None and holds_peak(spectra.total, spectra.energies):
        low = read_low_loss(data)
        zero, spectra = low.position, _spectra(data, low.position, gain)
    elif not wanted and holds_peak(spectra.total, spectra.energies):
        quantities, checks = thickness(spectra.total, spectra.energies, spectra.name)
        mean = spectra.total / spectra.share
        curves = xr.Dataset({"mean_counts": ("energy_loss", mean)}, {"energy_loss": spectra.energies})
        notes = (*warned, "The zero-loss peak was analysed; name edges (edges) to have those of this spectrum.")
        return Result("eels", spectra.name, quantities, curves, tuple(checks), kept, notes)
    found = _edges(data, spectra, wanted, limits, width=width)
    spectra = spectra if "counts" in data else replace(spectra, dark=_dark_u(spectra, found))
    quantities = {key: q for edge in found for key, q in _of_edge(spectra, edge, plural).items()}
    quantities |= _ratios(found, quantities)
    seen = [edge.name for edge in found if quantities[f"edge_intensity:{edge.name}"].value is not None]
    first = int(np.flatnonzero(found[0].window)[0])
    odd = kernel.odd_channels(spectra.total[first:], spectra.energies[first:])
    checks = [_calibrated(zero_loss, low), Check("channels", not odd, odd or "none is dead, cut off or apart")]
    checks += [*_noise(spectra, first), *(_fits(edge) for edge in found)]
    checks += [_rises(spectra, edge) for edge in found if edge.name in seen]
    windows = {e.name: [float(end) for end in spectra.energies[e.window][[0, -1]]] for e in found}
    findings = {"edges": [edge.name for edge in found], "seen": seen, "windows": windows}
    variables = _curves(spectra, found)
    more, drawn, told, tested = _further(data, spectra, found[0], references, profile=profile, maps=variables)
    curves = xr.Dataset(variables | drawn, {"energy_loss": spectra.energies})
    notes = warned if zero is not None else (*warned, _UNCALIBRATED)
    return Result(
        "eels", spectra.name, quantities | more, curves, (*checks, *tested), kept, notes, None, findings | told
    )


def _further(
    data: Dataset, spectra: Spectra, edge: _Edge, references: str | None, *, profile: str | None, maps: dict[str, Any]
) -> tuple[dict[str, Quantity], dict[str, Any], dict[str, Any], list[Check]]:
    """Return what references and maps add: quantities, curves, findings, checks."""
    quantities: dict[str, Quantity] = {}
    drawn: dict[str, Any] = {}
    told: dict[str, Any] = {}
    checks: list[Check] = []
    if references is not None:
        quantities, drawn, check = joint(
            spectra, references, first=int(np.flatnonzero(edge.window)[0]),
            exponent=float(edge.net.law.exponent), file=data.attrs.get("source"),
        )  # fmt: skip
        checks.append(check)
    if spectra.raster is not None:
        counted = kernel.components_above_noise(spectra.cube)
        text = f"{counted} components stand above the noise (their number only is used)"
        checks.append(Check("components", None, text))
    asked = profile_of(profile)
    if asked is not None:
        more, curves, told, check = across(spectra, maps | drawn, asked)
        quantities, drawn, checks = quantities | more, drawn | curves, [*checks, check]
    return quantities, drawn, told, checks


def _spectra(data: Dataset, zero: float | None, gain: float | None) -> Spectra:
    """Return the counts as (pixels, n); values that are no counts over what one electron adds to their variance."""
    if "counts" not in data:
        require(data, "intensity", who="eels")
    values = data["counts" if "counts" in data else "intensity"].values
    energies = np.asarray(data["energy_loss"].values, float) - (zero or 0.0)
    raster = values.shape[:2] if values.ndim == 3 else None
    cube = values.reshape(-1, len(energies))
    factor, smoothed = 1.0 if gain is None else float(gain), False
    if gain is None and "counts" not in data:
        factor, smoothed = kernel.gain_of(cube.sum(axis=0, dtype=float))
    if not factor > 0:
        raise StudyError(f"gain = {gain} is not possible.", hint="It must be > 0.")
    cube = cube if factor == 1.0 else cube / factor
    axis_u = _ADRIFT if zero is None else 0.0
    scale, total = factor if gain is None else 1.0, cube.sum(axis=0, dtype=float)
    return Spectra(name_of(data), cube, total, energies, raster, scale, smoothed, axis_u, square_pixel(data))


def _calibrated(zero_loss: float | None, low: LowLoss | None) -> Check:
    if zero_loss is not None:
        return Check("zero of the axis", True, "as set")
    if low is not None:
        return Check("zero of the axis", True, f"peak of the low losses at {low.position:.2f} ± {low.u:.2g} eV")
    return Check("zero of the axis", None, _UNCALIBRATED)


def _edges(
    data: Dataset, spectra: Spectra, wanted: tuple[str, ...] | None, limits: tuple[float, float] | None, *, width: float
) -> list[_Edge]:
    """Return the edges that have a window before and a signal behind their onset."""
    energies = spectra.energies
    found: list[_Edge] = []
    for name in wanted or _USUAL:
        onset = ONSETS[name]
        later = [other for other in _BESIDE.values() if other > onset + 5.0]
        signal = (energies >= onset) & (energies < min([onset + width, *(other - 2.0 for other in later)]))
        windows = _windows(energies, onset, limits if not found else None)
        if windows and signal.sum() >= _LEAST:
            found.append(_edge(spectra, name, windows, signal))
        elif wanted:
            text = f"{name} needs {_LEAST} channels before and behind {onset:g} eV; the spectrum has "
            text += f"{energies[0]:.5g} to {energies[-1]:.5g} eV."
            raise DataError(text, file=data.attrs.get("source"), hint="Leave the edge out, or set window.")
    if not found:
        text = f"none of the edges {', '.join(_USUAL)} lies with its background in "
        text += f"{energies[0]:.5g} to {energies[-1]:.5g} eV."
        raise DataError(text, file=data.attrs.get("source"), hint="Name one: --set edges='N K'.")
    return found


def _windows(energies: np.ndarray, onset: float, limits: tuple[float, float] | None) -> list[np.ndarray]:
    """Return masks of the window that is used and of those it is compared with: above the edge before, below the onset."""
    if limits is not None:
        masks = [(energies >= limits[0]) & (energies <= limits[1]) & (energies < onset)]
    else:
        before = max([0.0, *(other for other in _BESIDE.values() if other < onset - 5.0)]) + _BEHIND
        starts = [max(before, onset * (1.0 - share)) for share in _STARTS]
        masks = [(energies >= start) & (energies < onset - _GAP) for start in dict.fromkeys(starts)]
    good = [mask for mask in masks if mask.sum() >= _LEAST and energies[mask][0] > 0]
    return [mask for k, mask in enumerate(good) if not any(np.array_equal(mask, other) for other in good[:k])]


def _edge(spectra: Spectra, name: str, windows: list[np.ndarray], signal: np.ndarray) -> _Edge:
    """Return an edge over its first window, and what the other windows would give."""
    nets = [kernel.net_of(spectra.total, spectra.energies, mask, signal) for mask in windows]
    fits = [
        gammaincc(0.5 * (m.sum() - 2), 0.5 * float(n.law.chi2) * (m.sum() - 2)) > 1e-3
        for m, n in zip(windows, nets, strict=True)
    ]
    others = tuple(mask for mask, ok in zip(windows[1:], fits[1:], strict=True) if ok)
    order = [k for k in range(len(windows)) if fits[k]] or [0]
    best = min(order, key=lambda k: float(nets[k].variance))
    ends = spectra.energies[windows[best]][[0, -1]]
    weight = float(nets[best].variance) / max(float(spectra.total[signal].sum()), 1.0)
    advice = (
        f"{ends[0]:.0f}-{ends[1]:.0f} eV is the best window that a power law fits: variance {weight:.1f} times counts"
    )
    widest = max(windows, key=lambda mask: int(mask.sum()))
    bend, moved = (kernel.bend_of(spectra.total, spectra.energies, mask, signal) for mask in (widest, windows[0]))
    return _Edge(name, windows[0], signal, others, nets[0], advice, (*bend[:2], moved[2]))


def _of_edge(spectra: Spectra, edge: _Edge, low: LowLoss | None = None) -> dict[str, Quantity]:
    """Return counts (per pixel) and exponent of an edge, and its counts without plural scattering."""
    pixels, name, net = spectra.share, spectra.name, edge.net
    others = [_net(spectra.total, spectra, replace(edge, window=mask)) for mask in edge.others]
    spread = float(np.sqrt(np.mean([(value - float(net.value)) ** 2 for value in others]))) if others else 0.0
    inflate = max(1.0, float(net.law.chi2))
    sources = {
        f"counting {edge.name}:{name}": float(net.variance * inflate) ** 0.5 / pixels,
        f"background {edge.name}:{name}": spread / pixels,
        f"bend of the background {edge.name}:{name}": _bent(edge) / pixels,
        f"dark current:{name}": (_net(spectra.total + spectra.dark, spectra, edge) - float(net.value)) / pixels,
        f"axis {edge.name}:{name}": _adrift(spectra, edge) / pixels,
    }
    first, last = spectra.energies[edge.signal][[0, -1]]
    a, b = spectra.energies[edge.window][[0, -1]]
    how = f"counts from {first:.0f} to {last:.0f} eV over a power law through {a:.0f} to {b:.0f} eV"
    how += ("" if spectra.raster is None else ", mean of a pixel") + (", axis uncalibrated" if spectra.axis_u else "")
    if spectra.scale != 1.0:
        how += f"; in the values of the file, of which {spectra.scale:.3g} scatter as an electron"
    through = f"power law through {a:.0f} to {b:.0f} eV"
    keys = (f"edge_intensity:{edge.name}", f"background_exponent:{edge.name}")
    falls, u = float(net.law.exponent), float(net.law.covariance[1, 1] * inflate) ** 0.5
    if not float(net.law.chi2) <= _MISFIT or falls + u < _FLAT:
        chi2 = float(net.law.chi2)
        why = f"a {through} does not fit: chi2 over its degrees of freedom {chi2:.3g}, exponent {falls:.2g}"
        why = why if np.isfinite(chi2) else "the values before the edge are not positive (a dark current subtracted?)"
        return {key: withheld(key.split(":")[0], why) for key in keys}
    number = uncertain(float(net.value) / pixels, sources)
    exponent = uncertain(falls, {f"exponent {edge.name}:{name}": u})
    quantity = Quantity("edge_intensity", number, how)
    if float(quantity.u or 0.0) > _VAGUE * float(quantity.value or 0.0):
        limit = max(float(quantity.value or 0.0), 0.0) + 1.645 * float(quantity.u or 0.0)
        seen = float(quantity.value or 0.0) > 3.0 * sources[f"counting {edge.name}:{name}"]
        why = f"seen, but not known to 40 % ({max(sources, key=lambda s: abs(sources[s]))})" if seen else "not seen"
        quantity = withheld("edge_intensity", f"{why}: below {limit:.3g} (95 %)", method=how)
    found = dict(zip(keys, (quantity, Quantity("background_exponent", exponent, through)), strict=True))
    return found | ({} if low is None else _scattered_once(spectra, edge, low, quantity))


def _bent(edge: _Edge) -> float:
    """Return by how much a bend of the background may move the counts: what is seen, and what `_BENT` leaves open."""
    bend, u, moved = edge.bend
    known = _BENT**2 / (_BENT**2 + u**2)
    return float(abs(moved) * np.hypot(known * bend, known**0.5 * u))


def _dark_u(spectra: Spectra, found: list[_Edge]) -> float:
    """Return by how much the zero of the values may be off: all that leaves exponents of thin specimens before each edge."""
    ends = [(-np.inf, np.inf)]
    for edge in found:
        falls, u = float(edge.net.law.exponent), 2.0 * float(edge.net.law.covariance[1, 1]) ** 0.5
        level = max(float(spectra.total[edge.window].mean()), 0.0)
        ends.append((level * (max(falls - u, 0.0) / STEEPEST - 1.0), level * ((falls + u) / FLATTEST - 1.0)))
    low, high = np.nanmax(ends, axis=0)[0], np.nanmin(ends, axis=0)[1]
    return float((low**2 + low * high + high**2) / 3.0) ** 0.5 if np.isfinite(low) else 0.0  # rms of what lies between


def _adrift(spectra: Spectra, edge: _Edge) -> float:
    """Return by how much the counts of an edge change with a window that is as far off as the axis may be."""
    steps = round(spectra.axis_u / float(np.median(np.diff(spectra.energies))))
    if not steps:
        return 0.0
    moved = replace(edge, signal=np.append(edge.signal[steps:], np.zeros(steps, bool)))
    return abs(_net(spectra.total, spectra, moved) - float(edge.net.value))


def _net(values: np.ndarray, spectra: Spectra, edge: _Edge) -> float:
    """Return the net counts of an edge in other values."""
    return float(kernel.net_of(values, spectra.energies, edge.window, edge.signal).value)


def _scattered_once(spectra: Spectra, edge: _Edge, low: LowLoss, whole: Quantity) -> dict[str, Quantity]:
    """Return the counts of an edge without plural scattering (Fourier ratio)."""
    key = f"edge_intensity:{edge.name} single scattering"
    if whole.number is None:
        return {key: withheld("edge_intensity", whole.why or "not seen", method=whole.method)}
    behind = spectra.energies >= spectra.energies[edge.signal][0]
    net = np.where(behind, spectra.total - edge.net.law.at(spectra.energies), 0.0)
    share, u = single_share(net, spectra.energies, low, edge.signal)
    if not 0.0 < share < 1.2:
        return {key: withheld("edge_intensity", f"the low losses leave {share:.0%} of it: not those of this place")}
    once = uncertain(share, {f"end of the zero-loss peak {edge.name}:{spectra.name}": u})
    how = f"{whole.method}; plural scattering removed by the low losses"
    return {key: Quantity("edge_intensity", whole.number * once, how)}


def _ratios(found: list[_Edge], quantities: dict[str, Quantity]) -> dict[str, Quantity]:
    """Return the counts of each edge over those of the next one."""
    ratios = {}
    for one, other in itertools.pairwise(edge.name for edge in found):
        key = f"edge_ratio:{one}/{other}"
        a, b = (quantities[f"edge_intensity:{name}"].number for name in (one, other))
        if a is None or b is None:
            lacking = [name for name, number in ((one, a), (other, b)) if number is None]
            ratios[key] = withheld("edge_ratio", f"{' and '.join(lacking)} withheld")
        else:
            ratios[key] = Quantity("edge_ratio", a / b, "counts, not amounts")
    return ratios


def _fits(edge: _Edge) -> Check:
    chi2, points = float(edge.net.law.chi2), int(edge.window.sum())
    likely = float(gammaincc(0.5 * (points - 2), 0.5 * chi2 * (points - 2)))
    said = f"chi2 over its degrees of freedom {chi2:.2f} in {points} channels (p = {likely:.2g}, limit 0.001); {edge.advice}"
    said += "; less scatter than counts have: scaled or smoothed values" if likely > 1 - 1e-6 else ""
    falls, u = float(edge.net.law.exponent), float(edge.net.law.covariance[1, 1]) ** 0.5
    steep, flat = falls - 2.0 * u > STEEPEST, falls + 2.0 * u < FLATTEST
    said += f"; exponent {falls:.1f} above {STEEPEST:g}: is a dark current subtracted twice?" if steep else ""
    said += f"; exponent {falls:.1f} below {FLATTEST:g}: a logarithm, a root, or a dark current?" if flat else ""
    bend, off, _ = edge.bend
    bent = abs(bend) - 3.0 * off > _BENT
    said += f"; it bends by {bend:.1f} ± {off:.1f} per unit of ln E: an afterglow, or a dark current?" if bent else ""
    return Check(f"background of {edge.name}", 1e-3 < likely <= 1 - 1e-6 and not (steep or flat or bent), said)


def _noise(spectra: Spectra, first: int) -> list[Check]:
    """Return whether the noise of values that are no counts can be known, and what a dark current says."""
    odd = kernel.odd_zero(spectra.total[first:], spectra.energies[first:])
    dark = Check(
        "dark current", not odd, odd or "no part of the spectrum is below zero, and its end falls as losses do"
    )
    said = "neighbouring channels share their noise: smoothed or interpolated values; it is taken from sums of eight"
    return [dark, Check("noise", False, said)] if spectra.smoothed else [dark]


def _rises(spectra: Spectra, edge: _Edge) -> Check:
    """Return whether an edge that is seen begins near its place: an axis that is off puts every window beside its edge."""
    energies = spectra.energies
    behind = (energies > energies[edge.window][-1]) & (energies <= energies[edge.signal][-1])
    found = kernel.rise_of(energies[behind], (spectra.total - edge.net.law.at(energies))[behind])
    said = f"rises at {found:.1f} eV, {found - ONSETS[edge.name]:+.1f} eV from its place (limit {_OFF:g} eV)"
    return Check(f"place of {edge.name}", abs(found - ONSETS[edge.name]) <= _OFF, said)


def _curves(spectra: Spectra, found: list[_Edge]) -> dict[str, Any]:
    """Return the mean spectrum with its backgrounds and, of a map, net counts and their uncertainties."""
    pixels, energies = spectra.share, spectra.energies
    variables: dict[str, Any] = {"mean_counts": ("energy_loss", spectra.total / pixels)}
    for edge in found:
        line = edge.net.law.at(energies) / pixels
        shown = (energies >= energies[edge.window][0]) & (energies <= energies[edge.signal][-1])
        variables[f"background:{edge.name}"] = ("energy_loss", np.where(shown, line, np.nan))
        if spectra.raster is not None:
            net, variance = kernel.net_map(
                spectra.cube, energies, edge.window, edge.signal, exponent=float(edge.net.law.exponent)
            )
            for suffix, values in (("", net), ("_u", np.sqrt(variance))):
                variables[f"map{suffix}:{edge.name}"] = (("y", "x"), spectra.scale * values.reshape(spectra.raster))
    return variables
