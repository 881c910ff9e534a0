"""Dataset -> Result: fractions of references, energies of peaks, limits of detection."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from xarray import Variable

from closo.dataset import Dataset, name_of, new, require
from closo.errors import StudyError
from closo.quantity import Number, Quantity, uncertain, withheld
from closo.result import Check, Result
from closo.techniques.near_edge.fractions import Fractions, detection_limits, fractions_of
from closo.techniques.near_edge.normalising import Prepared, prepared
from closo.techniques.near_edge.request import check_settings
from closo.techniques.noise import sample_noise
from closo.techniques.xray_raman.analysis import ambiguity, peak_quantities
from closo.techniques.xray_raman.edges import peaks_of, window_of
from closo.techniques.xray_raman.peaks import places_of
from closo.techniques.xray_raman.reduction import Asked, asked_of

_UNSURE = 0.4
_AROUND = (-20.0, 60.0)  # eV about the edge: the fit of a spectrum normalised to its step
_MISFIT, _HOPELESS = 4.0, 10.0  # reduced chi-square above which the references do not explain it; without a fraction
_ITSELF = 1e-6  # reduced chi-square below which a reference is no other measurement
_SUM = 0.1  # from 1: sum of free fractions


def analyse(
    data: Dataset,
    *,
    references: Sequence[Dataset] = (),
    edge: str | None = None,
    peaks: str | None = None,
    window: str | None = None,
    normalise: str | None = None,
    background: str | None = None,
    analysers: str | None = None,
    sum_to_one: bool = False,
    shift: float = 0.0,
    alignment_u: float | None = None,
    resolution: float | None = None,
    noise: float | None = None,
    axis_u: float | None = None,
) -> Result:
    """Return the fractions of reference spectra in a spectrum, and the energies of its peaks.

    Parameters
    ----------
    data : kind 'near_edge' or 'raman_scan'. references : measurements of these kinds, named by their titles.
    edge : of an energy loss, 'B K' ...: background and area are then taken as xray_raman does, for all spectra alike.
    peaks, background, analysers : as xray_raman. normalise : 'none', 'step', or windows of area of an energy loss.
    window : of the fit [eV]. sum_to_one : whether the fractions sum to one. shift : added to the energies of `data` [eV].
    alignment_u : of each reference against the sample [eV]; 0.03 of an energy loss, else 0.1. resolution : full width
    [eV]. noise : standard deviation of a point where no file tells it. axis_u : of the energies [eV], 0.03 or 0.1.

    Raises
    ------
    DataError  when a spectrum does not reach over the windows. StudyError  when nothing is asked, or a setting is wrong.
    """
    settings = {name: value for name, value in locals().items() if name not in ("data", "references")}
    check_settings(settings)
    require(data, "energy", who="near_edge")
    if not references and not peaks and edge is None:
        raise StudyError("near_edge needs references, peaks or an edge.", hint="--set references=A.xdi,B.xdi")
    name, titles = name_of(data), _titles(references)
    asked, way = _asked(settings)
    sample = prepared(data.assign_coords(energy=data["energy"] + shift) if shift else data, way, asked, noise=noise)
    if shift and sample.zero_u > 0:
        raise StudyError("shift has no effect: the elastic line gives the zero of the loss.", hint="Leave it out.")
    resolution = resolution or _width(sample)
    loss = sample.done is not None
    axis = axis_u if axis_u is not None else 0.03 if loss else 0.1
    quantities, findings = _peaks(sample, asked, peaks, name=name, axis_u=axis)
    checks, found = [], None
    if references:
        ready = [prepared(one, way, asked, noise=None) for one in references]
        align = alignment_u if alignment_u is not None else 0.03 if loss else 0.1
        found = fractions_of(
            sample, ready, _window(sample, window, asked), limits="simplex" if sum_to_one else "non-negative",
            alignment_u=math.hypot(align, sample.zero_u), resolution=resolution,
        )  # fmt: skip
        quantities |= _fractions(found, titles, name, sample.how)
        findings |= _told(found, titles)
        checks = _checks(found, titles)
    unclear = ambiguity(asked.edge.name, peaks_of(peaks or asked.edge.peaks)) if asked is not None else ""
    return Result(
        technique="near_edge",
        name=name,
        quantities=quantities,
        curves=_curves(sample, found, name),
        checks=tuple(checks),
        settings={k: v for k, v in settings.items() if v not in (None, False, 0.0)}
        | ({"references": ", ".join(titles)} if titles else {}),
        notes=((unclear,) if unclear else ()),
        findings=findings
        | {"normalised": sample.how, "references": titles}
        | ({"ambiguous": unclear} if unclear else {}),
    )


def _titles(references: Sequence[Dataset]) -> list[str]:
    titles = [str(one.attrs["title"]) for one in references]
    twice = next((t for t in titles if titles.count(t) > 1), None)
    if twice is not None:
        raise StudyError(f"two references are called '{twice}'.", hint="Give their files different names.")
    return titles


def _asked(settings: Mapping[str, Any]) -> tuple[Asked | None, str | None]:
    """Return how an energy loss is reduced, None for an absorption; and the way of normalising."""
    way = settings["normalise"] if settings["normalise"] in ("none", "step") else None
    if settings["edge"] is None or way is not None:
        return None, way
    return asked_of(settings), "area"


def _width(sample: Prepared) -> float:
    width = sample.done.loss.width if sample.done is not None else math.nan
    return width if math.isfinite(width) else 0.0


def _window(sample: Prepared, text: str | None, asked: Asked | None) -> tuple[float, float]:
    if text is not None:
        return window_of(text, "window")
    if asked is not None:
        return asked.windows[0]
    if math.isfinite(sample.edge):
        return sample.edge + _AROUND[0], sample.edge + _AROUND[1]
    return float(sample.energy[0]), float(sample.energy[-1])


def _peaks(
    sample: Prepared, asked: Asked | None, text: str | None, *, name: str, axis_u: float
) -> tuple[dict[str, Quantity], dict[str, Any]]:
    """Return energies of peaks, and shares of area of those of an energy loss."""
    found: dict[str, Quantity] = {}
    drawn = []
    for peak in peaks_of(text):
        if sample.done is not None and asked is not None:
            more, model = peak_quantities(sample.done, asked, peak, name=name, axis_u=axis_u)
        else:
            more, places = {}, places_of(sample.energy, sample.values, sample.u, peak)
            for label, place in zip(peak.names, places[0], strict=True):
                sources = {f"fit {label}:{name}": place.fit, f"peak shape {label}:{name}": place.choice,
                           f"energy scale:{name}": axis_u}  # fmt: skip
                method = f"Gaussian on a line, {peak.window[0]:g}-{peak.window[1]:g} eV"
                more[f"peak_energy:{label}"] = (
                    withheld("peak_energy", place.why, method=method)
                    if place.why
                    else Quantity("peak_energy", uncertain(place.energy, sources), method)
                )
            model = None if places[1] is None else places[1].tolist()
        found |= more
        drawn.append({"names": list(peak.names), "window": list(peak.window), "model": model})
    return found, {"peaks": drawn}


def _fractions(found: Fractions, titles: list[str], name: str, how: str) -> dict[str, Quantity]:
    """Return fraction and limit of detection of each reference, and the sum where it is free."""
    quantities: dict[str, Quantity] = {}
    low, high = found.energy[0], found.energy[-1]
    method = f"linear combination of {len(titles)}, {low:.6g}-{high:.6g} eV, {how}"
    if found.reduced > _HOPELESS:
        why = f"the references do not explain the spectrum (reduced chi-square {found.reduced:.3g}): one is missing"
        return {f"component_fraction:{title}": withheld("component_fraction", why, method=method) for title in titles}
    numbers = []
    for k, title in enumerate(titles):
        numbers.append(uncertain(float(found.values[k]), _sources(found, k, titles, name)))
        quantities |= _one(title, numbers[-1], method, name)
    limits = detection_limits(found) if len(titles) > 1 else []
    for title, (limit, error) in zip(titles, limits, strict=False):
        told = "simulated with the noise of these points, energies and backgrounds: found in 19 of 20"
        quantities[f"detection_limit:{title}"] = (
            Quantity("detection_limit", uncertain(limit, {f"simulation {title}:{name}": error}), told)
            if error < _UNSURE * limit
            else withheld("detection_limit", "not even a whole of it would be found for sure" if math.isinf(limit) else
                          f"about {100 * limit:.2g} %, known too badly", method=told)
        )  # fmt: skip
    if found.limits != "simplex":
        total = sum(numbers[1:], numbers[0])
        quantities["component_sum"] = Quantity("component_sum", total, "of free fractions: 100 % where all is right")
    return quantities


def _sources(found: Fractions, k: int, titles: list[str], name: str) -> dict[str, float]:
    """Return label -> what a source moves the fraction of reference k; what a reference brings bears its title alone."""
    labelled = {}
    for label, moved in found.budget.items():
        kind, bracket, direction = label.partition("[")
        kind, common, number = kind.partition(" of ")
        whose = f" of {titles[int(number)]}" if common else f":{name}"
        labelled[f"{kind}{whose}{bracket}{direction}"] = float(moved[k])
    return labelled


def _one(title: str, number: Number, method: str, name: str) -> dict[str, Quantity]:
    value, u = float(number.x), float(number.u)
    key = f"component_fraction:{title}"
    if u <= _UNSURE * value:
        return {key: Quantity("component_fraction", number, method)}
    highest = max(value, 0.0) + 1.645 * u
    why = f"not detected, < {100 * highest:.2g} % (95 %); the fit gives {100 * value:.2g} ± {100 * u:.2g} %"
    limit = uncertain(highest, {f"limit {title}:{name}": u / 3.0})
    told = "the truth exceeds it once in twenty"
    return {
        key: withheld("component_fraction", why, method=method),
        f"{key} upper_limit": Quantity("component_fraction", limit, told),
    }


def _told(found: Fractions, titles: list[str]) -> dict[str, Any]:
    """Return the combinations that BIC allows, reduced chi-square, and the effective number of points."""
    best = found.combinations[0].bic if found.combinations else 0.0
    return {
        "window": [float(found.energy[0]), float(found.energy[-1])],
        "fractions": [float(w) for w in found.values],
        "points": int(found.energy.size),
        "effective_points": found.points,
        "combinations": [
            {
                "references": [titles[k] for k in one.members],
                "fractions": [float(w) for w in one.values],
                "reduced_chi2": one.reduced,
                "bic_difference": one.bic - best,
            }
            for one in found.combinations[:40]
        ],
    }


def _checks(found: Fractions, titles: list[str]) -> list[Check]:
    total = float(found.values.sum())
    checks = []
    if found.limits != "simplex":
        text = f"the free fractions sum to {100 * total:.1f} %, limit 100 ± {100 * _SUM:g} %"
        checks.append(Check("sum of the fractions", abs(total - 1.0) < _SUM, text))
    if math.isfinite(found.reduced):
        text = f"reduced chi-square {found.reduced:.3g}, limit {_MISFIT:g}"
        text += ": one of them is the spectrum itself" if found.reduced < _ITSELF else ""
        checks.append(Check("references explain the spectrum", _ITSELF <= found.reduced < _MISFIT, text))
    elif scatter := sample_noise(found.spectrum):
        ratio = float(np.std(found.spectrum - found.values @ found.references)) / scatter
        text = f"what is left is {ratio:.2g} times the scatter from point to point, limit {_MISFIT**0.5:g}"
        text += ": it has a shape, so a reference is missing or is not quite the sample's" if ratio**2 > _MISFIT else ""
        checks.append(Check("references explain the spectrum", ratio**2 < _MISFIT, text))
    near = [one for one in found.combinations if one.bic - found.combinations[0].bic < 6.0]
    if len(titles) > 1 and near:
        words = "; ".join(" + ".join(titles[k] for k in one.members) for one in near[:4])
        text = f"{len(near)} combinations within 6 of the best BIC ({found.points:.2g} effective points): {words}"
        checks.append(Check("one combination", len(near) == 1, text))
    return checks


def _curves(sample: Prepared, found: Fractions | None, name: str) -> Dataset:
    """Return the normalised spectrum over the range of the fit, with the parts of the references and what is left."""
    if found is None:
        extra = {}
        x, y, u = sample.energy, sample.values, sample.u
    else:
        x, y, u = found.energy, found.spectrum, found.sigma
        extra = {
            f"component_{k}": w * row for k, (w, row) in enumerate(zip(found.values, found.references, strict=True))
        }
        extra["residual"] = y - found.values @ found.references
    columns = {"energy": x, "intensity": y} | ({"intensity_u": u} if np.all(u > 0) else {})
    data = new("near_edge", columns, source=name)
    return data.assign({key: Variable(("energy",), values) for key, values in extra.items()})
