"""Edges of a loss spectrum, or of a map of them, above their backgrounds; thickness from low losses."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from scipy.special import gammaincc

from closo.dataset import Dataset, name_of, require
from closo.errors import DataError, StudyError
from closo.quantity import Quantity, uncertain, withheld
from closo.result import Check, Result
from closo.techniques.eels import background as kernel
from closo.techniques.eels.background import ONSETS
from closo.techniques.eels.request import asked_of
from closo.techniques.linear_fit import LinearFit, block_bootstrap, fit_linear

__all__ = ["analyse"]

_USUAL = ("Si L", "B K", "C K", "O K", "Na K", "Si K")
_BESIDE = {"Si L1": 149.7} | {name: ONSETS[name] for name in _USUAL}  # what may lie before or behind an edge
_STARTS = (
    0.12,
    0.06,
    0.09,
    0.18,
    0.25,
)  # of the onset: where the window of the background may begin; the first is usual
_OFF = 8.0  # eV from its place: BO3 rises 6 eV above the onset of B K
_GAP, _LEAST, _BEHIND = 1.5, 12, 12.0  # eV before the onset; channels of a window; eV behind an edge before it
_SHIFT, _THICK, _VAGUE, _MISFIT = 0.3, 0.5, 0.4, 10.0  # eV of alignment; t/lambda; relative u; chi2 without a number


@dataclass(frozen=True)
class _Spectra:
    """What is analysed: counts (pixels, n), their sum, energies [eV], rows and columns of the map (None for a spectrum)."""

    name: str
    cube: np.ndarray
    total: np.ndarray
    energies: np.ndarray
    raster: tuple[int, int] | None
    gain_u: float


@dataclass(frozen=True)
class _Edge:
    """An edge with masks of its background's window and of its signal; of other windows that fit; its net counts."""

    name: str
    window: np.ndarray
    signal: np.ndarray
    others: tuple[np.ndarray, ...]
    net: kernel.Net
    advice: str


def analyse(
    data: Dataset,
    *,
    edges: str | None = None,
    window: str | None = None,
    width: float = 40.0,
    references: str | None = None,
    zero_loss: float | None = None,
    gain: float | None = None,
) -> Result:
    """Return edges above their backgrounds, or the thickness where the spectrum holds the zero-loss peak.

    Parameters
    ----------
    data : a measurement of kind 'energy_loss' or 'energy_loss_image'.
    edges : 'B K, O K'; those of B, C, O, Na and Si in the range when absent.
    window : of the background before the first edge [eV], '165-187'.
    width : of the signal above the onset [eV].
    references : files of spectra that are fitted together with the background, separated by commas.
    zero_loss : where the zero-loss peak lies on the axis of the file [eV].
    gain : of values that are no counts, per electron.

    Raises
    ------
    DataError  when no edge has enough channels before and behind it, or the noise of the values cannot be known.
    StudyError  when a setting is wrong, or a reference cannot be read.
    """
    require(data, "energy_loss", who="eels")
    wanted, limits = asked_of(edges, window)
    spectra = _spectra(data, zero_loss or 0.0, gain)
    low = spectra.energies[0] < -1.0 and abs(float(spectra.energies[int(np.argmax(spectra.total))])) < 20.0
    settings = {
        "edges": edges,
        "window": window,
        "width": width,
        "references": references,
        "zero_loss": zero_loss,
        "gain": gain,
    }
    kept = {key: value for key, value in settings.items() if value is not None}
    if low:
        quantities, checks = _thickness(spectra)
        curves = xr.Dataset(
            {"mean_counts": ("energy_loss", spectra.total / len(spectra.cube))}, {"energy_loss": spectra.energies}
        )
        return Result("eels", spectra.name, quantities, curves, tuple(checks), kept, tuple(data.attrs["warnings"]))
    found = _edges(data, spectra, wanted, limits, width=width)
    quantities = {key: q for edge in found for key, q in _of_edge(spectra, edge).items()} | _ratios(spectra, found)
    curves = _curves(spectra, found)
    seen = [edge.name for edge in found if quantities[f"edge_intensity:{edge.name}"].value is not None]
    checks = [_calibrated(zero_loss), *(_fits(edge) for edge in found)]
    checks += [_rises(spectra, edge) for edge in found if edge.name in seen]
    if references is not None:
        more, joint, check = _joint(data, spectra, found[0], references)
        quantities, curves, checks = quantities | more, curves.assign(joint), [*checks, check]
    if spectra.raster is not None:
        counted = kernel.components_above_noise(spectra.cube)
        checks.append(
            Check("components", None, f"{counted} components stand above the noise (their number only is used)")
        )
    findings = {"edges": [edge.name for edge in found], "seen": seen, "advice": {e.name: e.advice for e in found}}
    findings["windows"] = {
        e.name: [float(spectra.energies[k]) for k in np.flatnonzero(e.window)[[0, -1]]] for e in found
    }
    return Result(
        "eels", spectra.name, quantities, curves, tuple(checks), kept, tuple(data.attrs["warnings"]), None, findings
    )


def _spectra(data: Dataset, shift: float, gain: float | None) -> _Spectra:
    """Return the counts as (pixels, n); values that are no counts over what one electron adds to them."""
    if "counts" not in data:
        require(data, "intensity", who="eels")
    values = data["counts" if "counts" in data else "intensity"].values
    energies = np.asarray(data["energy_loss"].values, float) - shift
    raster = values.shape[:2] if values.ndim == 3 else None
    cube = values.reshape(-1, len(energies))
    factor, gain_u = 1.0, 0.0
    if gain is not None:
        factor = float(gain)
    elif "counts" not in data:
        factor, gain_u = kernel.gain_of(cube.sum(axis=0, dtype=float)), 0.1
    if not factor > 0:
        raise StudyError(f"gain = {gain} is not possible.", hint="It must be > 0.")
    cube = cube if factor == 1.0 else cube / factor
    return _Spectra(name_of(data), cube, cube.sum(axis=0, dtype=float), energies, raster, gain_u)


def _calibrated(zero_loss: float | None) -> Check:
    said = (
        "as set"
        if zero_loss is not None
        else "the file has no zero-loss peak: the axis is that of the file, uncalibrated"
    )
    return Check("zero of the axis", True if zero_loss is not None else None, said)


def _thickness(spectra: _Spectra) -> tuple[dict[str, Quantity], list[Check]]:
    """Return position and width of the zero-loss peak, and the thickness over the mean free path."""
    position, width, u, ratios = kernel.zero_loss(spectra.total, spectra.energies)
    step, name = float(np.median(np.diff(spectra.energies))), spectra.name
    place = uncertain(position, {f"counting zero loss:{name}": u, f"channel:{name}": step / 12**0.5})
    wide = uncertain(width, {f"channel width:{name}": step / 6**0.5})
    value, spread = float(ratios.mean()), abs(float(ratios[0] - ratios[1])) / 12**0.5
    counting = 1.0 / max(float(spectra.total.sum()), 1.0) ** 0.5
    thick = uncertain(value, {f"method:{name}": spread, f"counting thickness:{name}": counting})
    quantities = {
        "zero_loss_position": Quantity("zero_loss_position", place, "middle of the half heights"),
        "zero_loss_width": Quantity("zero_loss_width", wide, "full width at half height"),
        "relative_thickness": Quantity("relative_thickness", thick, "ln(all/peak), peak reflected or cut"),
    }
    if value <= 0:
        quantities["relative_thickness"] = withheld("relative_thickness", "nothing is lost beyond the zero-loss peak")
    end = spectra.energies[-1]
    detail = f"t/lambda = {value:.2f}, limit {_THICK} (plural scattering); losses beyond {end:.0f} eV are not in it"
    return quantities, [
        Check("zero of the axis", True, f"peak at {position:.2f} eV"),
        Check("thickness", value <= _THICK, detail),
    ]


def _edges(
    data: Dataset,
    spectra: _Spectra,
    wanted: tuple[str, ...] | None,
    limits: tuple[float, float] | None,
    *,
    width: float,
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


def _edge(spectra: _Spectra, name: str, windows: list[np.ndarray], signal: np.ndarray) -> _Edge:
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
    return _Edge(name, windows[0], signal, others, nets[0], advice)


def _of_edge(spectra: _Spectra, edge: _Edge) -> dict[str, Quantity]:
    """Return counts (per pixel) and exponent of an edge."""
    pixels, name, net = len(spectra.cube), spectra.name, edge.net
    others = [kernel.net_of(spectra.total, spectra.energies, mask, edge.signal).value for mask in edge.others]
    spread = float(np.sqrt(np.mean([(float(v) - float(net.value)) ** 2 for v in others]))) if others else 0.0
    inflate = max(1.0, float(net.law.chi2))
    sources = {
        f"counting {edge.name}:{name}": float(net.variance * inflate) ** 0.5 / pixels,
        f"background {edge.name}:{name}": spread / pixels,
        f"gain:{name}": spectra.gain_u * abs(float(net.value)) / pixels,
    }
    first, last = spectra.energies[edge.signal][[0, -1]]
    a, b = spectra.energies[edge.window][[0, -1]]
    how = f"counts from {first:.0f} to {last:.0f} eV over a power law through {a:.0f} to {b:.0f} eV"
    how += "" if spectra.raster is None else ", mean of a pixel"
    through = f"power law through {a:.0f} to {b:.0f} eV"
    keys = (f"edge_intensity:{edge.name}", f"background_exponent:{edge.name}")
    if not float(net.law.chi2) <= _MISFIT:
        chi2 = float(net.law.chi2)
        why = f"a {through} does not fit: chi2 over its degrees of freedom {chi2:.3g}"
        why = why if np.isfinite(chi2) else "the values before the edge are not positive (a dark current subtracted?)"
        return {key: withheld(key.split(":")[0], why) for key in keys}
    number = uncertain(float(net.value) / pixels, sources)
    exponent = uncertain(
        float(net.law.exponent), {f"exponent {edge.name}:{name}": float(net.law.covariance[1, 1] * inflate) ** 0.5}
    )
    quantity = Quantity("edge_intensity", number, how)
    if float(quantity.u or 0.0) > _VAGUE * float(quantity.value or 0.0):
        limit = max(float(quantity.value or 0.0), 0.0) + 1.645 * float(quantity.u or 0.0)
        quantity = withheld("edge_intensity", f"not seen: below {limit:.3g} (95 %)", method=how)
    return dict(zip(keys, (quantity, Quantity("background_exponent", exponent, through)), strict=True))


def _ratios(spectra: _Spectra, found: list[_Edge]) -> dict[str, Quantity]:
    """Return the counts of each edge over those of the next one."""
    quantities = {}
    for one, other in itertools.pairwise(found):
        key = f"edge_ratio:{one.name}/{other.name}"
        a, b = (_of_edge(spectra, edge)[f"edge_intensity:{edge.name}"] for edge in (one, other))
        lacking = [edge.name for edge, q in ((one, a), (other, b)) if q.value is None]
        if lacking:
            quantities[key] = withheld("edge_ratio", f"{' and '.join(lacking)} withheld")
        else:
            quantities[key] = Quantity("edge_ratio", a.number / b.number, "counts, not amounts")
    return quantities


def _fits(edge: _Edge) -> Check:
    chi2, points = float(edge.net.law.chi2), int(edge.window.sum())
    likely = float(gammaincc(0.5 * (points - 2), 0.5 * chi2 * (points - 2)))
    said = f"chi2 over its degrees of freedom {chi2:.2f} in {points} channels (p = {likely:.2g}, limit 0.001); {edge.advice}"
    return Check(f"background of {edge.name}", likely > 1e-3, said)


def _rises(spectra: _Spectra, edge: _Edge) -> Check:
    """Return whether an edge that is seen begins near its place: an axis that is off puts every window beside its edge."""
    energies = spectra.energies
    behind = (energies > energies[edge.window][-1]) & (energies <= energies[edge.signal][-1])
    found = kernel.rise_of(energies[behind], (spectra.total - edge.net.law.at(energies))[behind])
    said = f"rises at {found:.1f} eV, {found - ONSETS[edge.name]:+.1f} eV from its place (limit {_OFF:g} eV)"
    return Check(f"place of {edge.name}", abs(found - ONSETS[edge.name]) <= _OFF, said)


def _curves(spectra: _Spectra, found: list[_Edge]) -> Dataset:
    """Return the mean spectrum with its backgrounds and, of a map, net counts and their uncertainties."""
    pixels, energies = len(spectra.cube), spectra.energies
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
                variables[f"map{suffix}:{edge.name}"] = (("y", "x"), values.reshape(spectra.raster))
    return xr.Dataset(variables, {"energy_loss": energies})


def _joint(
    data: Dataset, spectra: _Spectra, edge: _Edge, references: str
) -> tuple[dict[str, Quantity], dict[str, Any], Check]:
    """Return counts of references that are fitted together with two power laws, their maps, and a check of the residuals."""
    first = int(np.flatnonzero(edge.window)[0])
    energies, names = spectra.energies[first:], []
    shapes = {}
    for text in (word.strip() for word in references.split(",") if word.strip()):
        names.append(Path(text).stem)
        shapes[names[-1]] = kernel.columns_of(Path(text))
    laws = [(energies / energies[0]) ** -(float(edge.net.law.exponent) + d) for d in (-0.2, 0.2)]

    def components(shift: float = 0.0, moved: str = "") -> np.ndarray:
        rows = []
        for name, (e, y) in shapes.items():
            row = np.interp(energies - (shift if name == moved else 0.0), e, y, left=0.0)
            if e[-1] < energies[-1] - 1.0 or row.sum() <= 0:
                text = f"the reference '{name}' ends at {e[-1]:g} eV, before the spectrum does."
                raise DataError(
                    text, file=data.attrs.get("source"), hint="Cut the spectrum, or take a longer reference."
                )
            rows.append(row / row.sum())
        return np.array([*rows, *laws])

    total = spectra.total[first:]
    fit = fit_linear(components(), total)
    model = fit.values @ components()
    blocks = block_bootstrap(components(), total, variance=np.maximum(model, 1.0), block=max(4, len(total) // 40))
    quantities, pixels = {}, len(spectra.cube)
    for k, name in enumerate(names):
        moved = [fit_linear(components(d, name), total).values[k] for d in (-_SHIFT, _SHIFT)]
        structure = max(float(blocks[:, k].var()) - float(fit.u[k]) ** 2, 0.0) ** 0.5
        sources = {
            f"counting {name}:{spectra.name}": float(fit.u[k]) / pixels,
            f"structure {name}:{spectra.name}": structure / pixels,
            f"alignment {name}:{spectra.name}": float(moved[1] - moved[0]) / 2.0 / pixels,
        }
        how = f"fitted with {len(names)} references and two power laws from {energies[0]:.0f} eV"
        quantities[f"edge_intensity:{name}"] = Quantity(
            "edge_intensity", uncertain(fit.values[k] / pixels, sources), how
        )
    curves: dict[str, Any] = {"model": ("energy_loss", np.concatenate([np.full(first, np.nan), model / pixels]))}
    if spectra.raster is not None:
        curves |= _joint_maps(spectra, names, fit_linear(components(), spectra.cube[:, first:]))
    chi2 = float(fit.chi2) / fit.df
    said = (
        f"chi2 over its degrees of freedom {chi2:.2f} (limit 1.5): a reference is wrong or missing where it is larger"
    )
    return quantities, curves, Check("residuals", chi2 <= 1.5, said)


def _joint_maps(spectra: _Spectra, names: list[str], fit: LinearFit) -> dict[str, Any]:
    """Return maps of the references with their uncertainties, and of chi2."""
    maps: dict[str, Any] = {"misfit": (("y", "x"), (fit.chi2 / fit.df).reshape(spectra.raster))}
    for k, name in enumerate(names):
        maps[f"map:{name}"] = (("y", "x"), fit.values[:, k].reshape(spectra.raster))
        maps[f"map_u:{name}"] = (("y", "x"), fit.u[:, k].reshape(spectra.raster))
    return maps
