"""Dataset -> Result: the normalised edge with its background models, energies and shares of its peaks."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy.special import chdtr, chdtrc
from xarray import Variable

from closo.dataset import Dataset, name_of, new, require
from closo.errors import StudyError
from closo.quantity import Quantity, uncertain, withheld
from closo.result import Check, Result
from closo.techniques.eels.background import rise_of
from closo.techniques.noise import neighbour_scatter, odd_values
from closo.techniques.xray_raman.background import backgrounds, inside, integral
from closo.techniques.xray_raman.edges import AMBIGUOUS, EDGES, Peak, check_settings, peaks_of
from closo.techniques.xray_raman.peaks import places_of
from closo.techniques.xray_raman.reduction import Asked, Reduced, asked_of, momentum, reduced

_ANGLE_U = math.radians(1.0)
_UNSURE = 0.4
_MOVED = 0.25  # of an area: where the background models move it more, the check fails
_NOISE = (0.1, 3.0)  # variance of points over what is stated; what is interpolated has a sixth at least
_SCATTER = 2.0  # reduced chi-square of scan against scan, or of an analyser against the others


def analyse(
    data: Dataset,
    *,
    edge: str | None = None,
    peaks: str | None = None,
    background: str | None = None,
    normalise: str | None = None,
    analysers: str | None = None,
    angle: str | None = None,
    analyser_energy: float | None = None,
    formula: str | None = None,
    count_rate: str | None = None,
    dead_time: float = 0.0,
    axis_u: float = 0.03,
) -> Result:
    """Return the normalised edge of a loss spectrum, its peaks and its momentum transfer.

    Parameters
    ----------
    data : a measurement of kind 'raman_scan' or 'near_edge'.
    edge : 'B K', 'C K', 'N K', 'O K' or 'Na K'.
    peaks : 'NAME:LOW-HIGH, ...' [eV]; those of the table when absent. background, normalise : windows [eV].
    analysers : numbers that are summed. angle : of scattering [deg], one or one per analyser in use.
    analyser_energy : [eV], where no elastic line tells it. formula : for the atomic Compton profile.
    count_rate : linear range at the top of an elastic line [1/s]. dead_time : [us]. axis_u : of the loss scale [eV].

    Raises
    ------
    DataError  when the edge is not in the data. StudyError  when a setting is wrong.
    """
    asked_for = {name: value for name, value in locals().items() if name != "data"}
    require(data, "energy", who="xray_raman")
    if edge is None:
        raise StudyError("xray_raman needs the edge.", hint=f"--set edge='O K'; known: {', '.join(EDGES)}.")
    check_settings(asked_for)
    asked, name = asked_of(asked_for), name_of(data)
    done = reduced(data, asked)
    wanted = peaks_of(peaks if peaks is not None else asked.edge.peaks)
    quantities = _geometry(done, asked, name)
    drawn = []
    for peak in wanted:
        found, model = peak_quantities(done, asked, peak, name=name, axis_u=axis_u)
        quantities |= found
        drawn.append({"names": list(peak.names), "window": list(peak.window), "model": model})
    told, notes = _of_analysers(done, asked, wanted)
    unclear = ambiguity(asked.edge.name, wanted)
    findings: dict[str, Any] = {
        "edge": asked.edge.name,
        "background": [{"model": m.name, "bic": m.bic} for m in done.models],
        "windows": {"background": list(asked.background), "normalise": [list(w) for w in asked.windows]},
        "analysers": told,
        "dead": list(done.dead),
        "peaks": drawn,
    } | ({"ambiguous": unclear} if unclear else {})
    return Result(
        technique="xray_raman",
        name=name,
        quantities=quantities,
        curves=curves_of(done, name),
        checks=(*_checks(done, asked, wanted, told), *_of_points(done, asked, wanted)),
        settings={key: value for key, value in asked_for.items() if value is not None},
        notes=(*done.loss.notes, *notes, *((unclear,) if unclear else ())),
        findings=findings,
    )


def ambiguity(edge: str, peaks: tuple[Peak, ...]) -> str:
    """Return what cannot be told apart at the peaks of an edge, '' where nothing is known."""
    if edge not in AMBIGUOUS:
        return ""
    (low, high), text = AMBIGUOUS[edge]
    return f"{edge}: {text}." if any(p.window[0] < high and low < p.window[1] for p in peaks) else ""


def _geometry(done: Reduced, asked: Asked, name: str) -> dict[str, Quantity]:
    """Return elastic line, resolution, momentum transfer and dipole parameter."""
    loss, found = done.loss, {}
    if loss.elastic > 1000.0:
        number = uncertain(loss.elastic, {f"elastic line:{name}": max(loss.zero_u, 1e-4)})
        found["elastic_energy"] = Quantity("elastic_energy", number, "mean over the analysers")
    if math.isfinite(loss.width) and loss.width > 0:
        widths = [one.width for one in loss.analysers if math.isfinite(one.width)]
        spread = float(np.std(widths, ddof=1)) / math.sqrt(len(widths)) if len(widths) > 1 else 0.05 * loss.width
        number = uncertain(loss.width, {f"elastic line:{name}": max(spread, 0.01 * loss.width)})
        found["energy_resolution"] = Quantity(
            "energy_resolution", number, "full width of the elastic line at half height"
        )
    q = momentum(asked, loss)
    if q is None:
        why = (
            "the scattering angle, or the energy of the analysers, is not stated (--set angle=55, analyser_energy=9690)"
        )
        found["momentum_transfer"] = withheld("momentum_transfer", why)
        return found
    slope = q[0] / (2.0 * math.tan(math.radians(float(np.mean(asked.angle))) / 2.0))
    number = uncertain(q[0], {f"angle:{name}": abs(slope) * _ANGLE_U, f"spread of the analysers:{name}": q[1]})
    found["momentum_transfer"] = Quantity("momentum_transfer", number, "k1, k2 and the angle, known to 1 deg")
    method = (
        f"q times {asked.edge.radius * 1e10:.4f} angstrom of the 1s level (Slater); dipole transitions alone where << 1"
    )
    found["dipole_parameter"] = Quantity("dipole_parameter", number * asked.edge.radius, method)
    return found


def peak_quantities(
    done: Reduced, asked: Asked, peak: Peak, *, name: str, axis_u: float
) -> tuple[dict[str, Quantity], list[float] | None]:
    """Return energies of the peaks of a window and, for a single one, its share of the area; and the fitted model."""
    places, model = places_of(done.loss.energy, done.edge, done.u, peak)
    others = [places_of(done.loss.energy, done.under(k), done.u, peak)[0] for k in range(1, len(done.models))]
    found: dict[str, Quantity] = {}
    low, high = peak.window
    for k, (label, place) in enumerate(zip(peak.names, places, strict=True)):
        method = f"Gaussian on a line, {low:g}-{high:g} eV, background '{done.models[0].name}'"
        if place.why:
            found[f"peak_energy:{label}"] = withheld("peak_energy", place.why, method=method)
            continue
        moved = [o[k].energy - place.energy for o in others if not o[k].why]
        sources = {
            f"fit {label}:{name}": place.fit,
            f"peak shape {label}:{name}": place.choice,
            f"background model {label}:{name}": math.sqrt(float(np.mean(np.square(moved)))) if moved else 0.0,
            f"elastic line:{name}": done.loss.zero_u,
            f"energy scale:{name}": axis_u,
        }
        found[f"peak_energy:{label}"] = Quantity("peak_energy", uncertain(place.energy, sources), method)
    if len(peak.names) == 1 and (low < done.loss.energy[0] or high > done.loss.energy[-1]):
        return found, model.tolist() if model is not None else None
    for norm, window in enumerate(asked.windows if len(peak.names) == 1 else ()):
        if window[1] > done.loss.energy[-1] + 0.5:
            continue
        key = f"peak_area:{peak.names[0]}" + ("" if norm == 0 else " second window")
        found[key] = _share(done, asked, peak, norm, name=name, axis_u=math.hypot(axis_u, done.loss.zero_u))
    return found, model.tolist() if model is not None else None


def _share(done: Reduced, asked: Asked, peak: Peak, norm: int, *, name: str, axis_u: float) -> Quantity:
    """Return the share of the edge's area within the limits of a peak."""
    (low, high), whole = peak.window, asked.windows[norm]
    method = f"{low:g}-{high:g} eV over {whole[0]:g}-{whole[1]:g} eV, mean over {len(done.models)} backgrounds"
    value, counting, spread = done.share((low, high), asked, norm=norm)
    moved = [done.share((low + d, high + d), asked, norm=norm)[0] for d in (-axis_u, axis_u)]
    sources = {
        f"counting {peak.names[0]}:{name}": counting,
        f"background model {peak.names[0]}:{name}": spread,
        f"energy scale {peak.names[0]}:{name}": 0.5 * (moved[1] - moved[0]),
    }
    number = uncertain(value, sources)
    if value <= 0 or float(number.u) > _UNSURE * value:
        highest = max(value, 0.0) + 1.645 * float(number.u)
        return withheld("peak_area", f"not detected, < {highest:.2g} (95 %): {value:.2g} ± {float(number.u):.2g}",
                        method=method)  # fmt: skip
    return Quantity("peak_area", number, method)


def _of_analysers(done: Reduced, asked: Asked, peaks: tuple[Peak, ...]) -> tuple[list[dict[str, Any]], tuple[str, ...]]:
    """Return each analyser's elastic line, the centroid of the first peak, and chi-square against the others."""
    loss, told = done.loss, []
    weights = integral(loss.energy, peaks[0].window) if peaks else np.zeros(loss.energy.size)
    span, whole = inside(loss.energy, asked.windows[0]), integral(loss.energy, asked.windows[0])
    edges, spreads = [], []
    for one in loss.analysers:
        above = one.signal - backgrounds(loss.energy, one.signal, one.variance, asked.background)[0].curve
        edges.append(above / float(whole @ above))
        spreads.append(one.variance / float(whole @ above) ** 2)
    for k, one in enumerate(loss.analysers):
        entry: dict[str, Any] = {"number": one.number, "elastic": one.elastic, "u": one.u, "width": one.width,
                                 "scans": one.scans}  # fmt: skip
        area = float(weights @ edges[k])
        if area > 0:
            entry["centroid"] = float((weights * loss.energy) @ edges[k]) / area
        rest = [j for j in range(len(edges)) if j != k]
        if rest:
            precision = sum(1.0 / spreads[j] for j in rest)
            mean = sum(edges[j] / spreads[j] for j in rest) / precision
            entry["chi2"] = float(np.mean(((edges[k] - mean) ** 2 / (spreads[k] + 1.0 / precision))[span]))
        told.append(entry)
    left = (f"Left out, because no {asked.edge.name} edge is seen: analysers {', '.join(map(str, done.dead))}.",)
    return told, left if done.dead else ()


def _checks(done: Reduced, asked: Asked, peaks: tuple[Peak, ...], told: list[dict[str, Any]]) -> list[Check]:
    names = ", ".join(m.name for m in done.models)
    checks = []
    for peak in (p for p in peaks if len(p.names) == 1):
        value, _, spread = done.share(peak.window, asked)
        moved = spread / abs(value) if value else math.inf
        detail = f"models {names} move the share of {peak.names[0]} by {100 * moved:.2g} %, limit {100 * _MOVED:g} %"
        checks.append(Check(f"background of {peak.names[0]}", len(done.models) > 1 and moved < _MOVED, detail))
    if done.loss.analysers:
        dead = ", ".join(map(str, done.dead))
        said = f"no edge seen by {dead}: left out" if dead else f"all {len(told)} see the edge"
        checks.append(Check("dead analysers", not done.dead, said))
    if math.isfinite(done.loss.scatter):
        text = (
            f"chi-square of scan against scan {done.loss.scatter:.2g}, limit {_SCATTER:g}; the variance is scaled by it"
        )
        checks.append(Check("scan against scan", done.loss.scatter < _SCATTER, text))
    chi2 = [(one["chi2"], one["number"]) for one in told if "chi2" in one]
    if chi2:
        worst, number = max(chi2)
        text = f"of {len(chi2)}, {number} differs most from the others: chi-square {worst:.2g}, limit {_SCATTER:g}"
        checks.append(Check("analysers agree", worst < _SCATTER, text))
        places = [one["centroid"] for one in told if "centroid" in one]
        if len(places) > 2:
            spread = float(np.std(places, ddof=1))
            text = (
                f"centroids of {peaks[0].names[0]} scatter by {spread:.3f} eV over {len(places)} analysers, limit 0.1"
            )
            checks.append(Check("energy of the analysers", spread < 0.1, text))
    return checks


def _of_points(done: Reduced, asked: Asked, peaks: tuple[Peak, ...]) -> list[Check]:
    """Return whether the edge is at its place, without gaps and wild points, and whether points scatter as is stated."""
    energy, whole, before = (
        done.loss.energy,
        *(inside(done.loss.energy, w) for w in (asked.windows[0], asked.background)),
    )
    rise, step = rise_of(energy[whole], done.edge[whole]), np.diff(energy)
    place = -1.0 < rise - asked.edge.background[1] < 7.0
    wide = step > 4.0 * float(np.median(step[whole[1:]]))
    gaps = [p for p in peaks if np.any(wide & (energy[1:] >= p.window[0]) & (energy[:-1] <= p.window[1]))]
    odd = "; ".join(filter(None, [*(f"a gap in {p.names[0]}" for p in gaps), odd_values(done.loss.signal[whole])]))
    s, df = neighbour_scatter(done.loss.signal[before] / math.sqrt(float(np.mean(done.loss.variance[before]))))
    chance = min(float(chdtr(df, s * s * df)), float(chdtrc(df, s * s * df)))
    noise = _NOISE[0] < s * s < _NOISE[1] or chance > 1e-3
    said = f"points scatter {s * s:.2g} times as much as is stated (variance), limits {_NOISE[0]:g} and {_NOISE[1]:g}"
    return [
        Check("place of the edge", place, f"rises at {rise:.1f} eV: a loss scale that is off shows here"),
        Check("points", not odd, odd or "none is apart or missing"),
        Check("noise", noise, said if noise else f"{said}: scaled or smoothed values, or wrong errors"),
    ]


def curves_of(done: Reduced, name: str) -> Dataset:
    """Return loss spectrum, normalised edge and its highest and lowest over the models, background models."""
    edges = np.stack([done.under(k) for k in range(len(done.models))])
    backs = {f"background_{k}": m.curve for k, m in enumerate(done.models)}
    data = new("near_edge", {"energy": done.loss.energy, "intensity": done.edge, "intensity_u": done.u}, source=name)
    extra = {"signal": done.loss.signal, "low": edges.min(axis=0), "high": edges.max(axis=0), **backs}
    return data.assign({key: Variable(("energy",), values) for key, values in extra.items()})
