"""Dataset -> Result: the first rising sweep, the definitions of its onset, and what lies between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from closo.dataset import Dataset, name_of, require, voltage_of
from closo.errors import DataError, StudyError
from closo.quantity import Number, Quantity, as_stated, uncertain, withheld
from closo.result import Check, Result
from closo.techniques.instrument import CLOCK
from closo.techniques.voltammetry.curve import Baseline, find_baseline, jump
from closo.techniques.voltammetry.onsets import Crossing, Nowhere, Tangents, by_noise, by_tangents, by_threshold
from closo.techniques.voltammetry.sweeps import Sweep, find_sweeps, first_rising

_NAME = "onset_potential"
_DEFINITIONS = ("tangent", "threshold", "noise")
_THRESHOLD = 0.1  # A/m2, 10 uA/cm2
_THRESHOLD_CURRENT = 1e-5  # A, where no area is known
_TYPED_RESISTANCE = 0.05  # relative u of a resistance that was typed without one
_DROP = 0.005  # V of ohmic drop that is not worth a correction
_AGREE = 0.05  # V between the definitions
_MOST_POINTS = 3000
_ABSURD = 1e15  # V or A; beyond, a number is a misread one, and products of such numbers overflow


@dataclass(frozen=True)
class _Curve:
    """The sweep that is judged, and what is needed to judge it."""

    name: str
    time: np.ndarray | None
    potential: np.ndarray
    current: np.ndarray
    baseline: Baseline | None
    versus: str
    area: Number | None
    resistance: Number | None


def analyse(
    data: Dataset,
    *,
    threshold: str | None = None,
    factor: float = 5.0,
    resistance: float | None = None,
    reference: str | None = None,
    area: Number | None = None,
    temperature: Number | None = None,
    lead_resistance: Number | None = None,
) -> Result:
    """Return the oxidative onset of a sweep.

    Parameters
    ----------
    data : a measurement of kind 'voltammetry'.
    threshold : current densities [A/m2], or currents [A] where no area is known; several with commas, '0.05, 0.1'.
    factor : how many times the scatter about the baseline the current must exceed it.
    resistance : in series with the electrode [ohm], known to 5 %; wins over `lead_resistance`.
    reference : what the potential is measured against, e.g. 'Na+/Na'.
    area [m2], temperature [K], lead_resistance [ohm] : of the specimen, with their sources.

    Raises
    ------
    DataError  when there is no rising sweep of at least 20 points.
    StudyError  when a setting is wrong.
    """
    thresholds = _thresholds(threshold, area is not None)
    if not (np.isfinite(factor) and factor > 0):
        raise StudyError(f"factor = {factor} must be > 0.", hint="5 is usual.")
    series = _resistance(resistance, lead_resistance, name_of(data))
    curve, sweep, cut = _curve(data, reference=reference, area=area, resistance=series)
    found = _definitions(curve, thresholds, factor)
    checks = [_baseline_check(curve), _jump_check(curve, cut), *_drop_check(curve, found)]
    quantities = _quantities(curve, found, checks)
    quantities["scan_rate"] = _scan_rate(curve)
    if temperature is not None:
        quantities["temperature"] = as_stated("temperature", temperature)
    settings = {"thresholds": thresholds, "threshold_unit": "A" if curve.area is None else "A/m2", "factor": factor}
    findings = _findings(curve, found)
    findings["sweep"] = [sweep.start, sweep.stop, len(find_sweeps(voltage_of(data, who="voltammetry")[1]))]
    notes = _notes(data, curve, sweep)
    return Result(
        "voltammetry", curve.name, quantities, _curves(curve), tuple(checks), settings, notes, findings=findings
    )


def _thresholds(text: str | None, per_area: bool) -> list[float]:
    """Return the thresholds [A/m2 or A].

    Raises
    ------
    StudyError  when the text is not a list of positive numbers.
    """
    if text is None:
        return [_THRESHOLD if per_area else _THRESHOLD_CURRENT]
    try:
        values = [float(part) for part in str(text).split(",")]
    except ValueError:
        values = []
    if not values or not all(np.isfinite(v) and v > 0 for v in values):
        raise StudyError(
            f"threshold = '{text}' is not a list of positive numbers.",
            hint=f"In {'A/m2' if per_area else 'A'}, with commas: threshold=0.01,0.1.",
        )
    return values


def _resistance(typed: float | None, lead: Number | None, name: str) -> Number | None:
    """Return the resistance in series [ohm] with its source, None where none is known."""
    if typed is None:
        return lead
    if not 0 <= typed < 1e12:
        raise StudyError(f"resistance = {typed} ohm is not valid.", hint="Give ohms, >= 0.")
    return uncertain(typed, {f"resistance:{name}": _TYPED_RESISTANCE * typed})


def _curve(
    data: Dataset, *, reference: str | None, area: Number | None, resistance: Number | None
) -> tuple[_Curve, Sweep, tuple[float, float] | None]:
    """Return the first rising sweep, cut before a jump of the current; and the jump (potential, times)."""
    require(data, "current", who="voltammetry")
    _, potential = voltage_of(data, who="voltammetry")
    current = np.asarray(data["current"].values, float)
    bad = int(np.sum(~(np.isfinite(potential) & np.isfinite(current))))
    if bad:
        raise DataError(
            f"voltammetry needs finite potentials and currents; {bad} of {current.size} rows are not.",
            file=data.attrs.get("source"),
            hint="Cut the record to the rows that were measured.",
        )
    largest = float(np.max(np.abs([potential, current]), initial=0.0))
    if largest > _ABSURD:
        raise DataError(
            f"voltammetry found {largest:.3g} in SI units among potentials and currents, which no cell reaches.",
            file=data.attrs.get("source"),
            hint="A column is not what it is taken for, or the file is damaged.",
        )
    sweep = first_rising(potential)
    if sweep is None:
        raise DataError(
            f"an oxidative onset needs a rising sweep of at least 20 points; the potential goes from {potential[0]:.3f} V "
            f"through {potential.min():.3f} V to {potential[-1]:.3f} V.",
            file=data.attrs.get("source"),
            hint="Use a sweep to high potential.",
        )
    rows = slice(sweep.start, sweep.stop)
    e, i = potential[rows], current[rows]
    cut, at = None, jump(i)
    if at is not None and at + 1 >= 20:
        times = abs(float(i[at + 1])) / max(float(np.max(np.abs(i[: at + 1]))), 1e-30)
        cut = (float(e[at]), times)
        rows = slice(sweep.start, sweep.start + at + 1)
        e, i = potential[rows], current[rows]
    time = np.asarray(data["time"].values[rows], float) if "time" in data else None
    versus = f"vs. {reference}" if reference else "vs. the file's reference"
    curve = _Curve(name_of(data), time, e, i, find_baseline(e, i), versus, area, resistance)
    return curve, sweep, cut


def _definitions(curve: _Curve, thresholds: list[float], factor: float) -> dict[str, Crossing | Tangents | Nowhere]:
    """Return every definition on the measured potential: key -> what was found, or why nothing was."""
    none = Nowhere("no baseline: no straight piece lies below half of the largest current")
    base = curve.baseline
    found: dict[str, Crossing | Tangents | Nowhere] = {
        "tangent": none if base is None else by_tangents(curve.potential, curve.current, base)
    }
    scale = 1.0 if curve.area is None else float(curve.area.x)
    for k, value in enumerate(thresholds):
        key = "threshold" if k == 0 else f"threshold {value:g} {'A' if curve.area is None else 'A/m2'}"
        found[key] = by_threshold(curve.potential, curve.current, base, value * scale)
    found["noise"] = none if base is None else by_noise(curve.potential, curve.current, base, factor)
    return found


def _quantities(
    curve: _Curve, found: dict[str, Crossing | Tangents | Nowhere], checks: list[Check]
) -> dict[str, Quantity]:
    """Return the onsets, corrected for the ohmic drop where it is known, and their mean; adds the check of agreement."""
    plain = {key: _quantity(curve, key, value, None) for key, value in found.items()}
    if curve.resistance is None:
        quantities = plain
    else:
        quantities = {key: _quantity(curve, key, value, curve.resistance) for key, value in found.items()}
    mean = _mean(curve, {k: quantities[k] for k in _DEFINITIONS}, [found[k] for k in _DEFINITIONS])
    told = [q.value for k, q in quantities.items() if k in _DEFINITIONS and q.value is not None]
    apart = max(told) - min(told) if len(told) > 1 else None
    detail = (
        f"{len(told)} of 3 definitions give an onset"
        if apart is None
        else f"{len(told)} definitions lie {1e3 * apart:.0f} mV apart (limit {1e3 * _AGREE:.0f} mV): say which is meant"
    )
    checks.append(Check("agreement of the definitions", None if apart is None else bool(apart < _AGREE), detail))
    result = {_NAME: mean} | {f"{_NAME}:{key}": q for key, q in quantities.items()}
    if curve.resistance is not None:
        result |= {f"{_NAME}:{key} uncorrected": q for key, q in plain.items()}
    return result


def _quantity(curve: _Curve, key: str, found: Crossing | Tangents | Nowhere, resistance: Number | None) -> Quantity:
    """Turn one definition into a quantity."""
    label = f"{key}, {curve.versus}"
    if isinstance(found, Nowhere):
        return withheld(_NAME, found.why, method=label)
    if isinstance(found, Tangents):
        return _tangent(curve, found, resistance, label)
    number = uncertain(found.potential, {f"fit {key}:{curve.name}": found.fit_u}, df=found.df)
    number = number + uncertain(0.0, {f"window {key}:{curve.name}": found.window_u})
    current: Number | float = found.current
    if key.startswith("threshold") and curve.area is not None:
        current = found.current * curve.area / float(curve.area.x)
        number = number + (current - found.current) / found.slope
    how = f"{label}; current of {1e6 * found.current:.3g} uA"
    if resistance is None:
        return Quantity(_NAME, number, how)
    drop = f"E - I R with R = {float(resistance.x):.4g} ohm"
    return Quantity(_NAME, number - current * resistance, f"{how}; {drop}")


def _tangent(curve: _Curve, found: Tangents, resistance: Number | None, label: str) -> Quantity:
    """The onset by tangents; with a resistance the tangents are drawn again on E - I R."""
    how = f"{label}; baseline and steepest part meet"
    source = f"fit tangent:{curve.name}"
    if resistance is None:
        number = uncertain(found.potential, {source: found.fit_u}, df=found.df)
        return Quantity(_NAME, number + uncertain(0.0, {f"window tangent:{curve.name}": found.window_u}), how)
    ohms = float(resistance.x)
    step = 0.01 * ohms + 1e-9
    drawn = [_corrected_tangents(curve, r) for r in (ohms, ohms + step, ohms - step)]
    first, up, down = drawn
    if isinstance(first, Nowhere) or isinstance(up, Nowhere) or isinstance(down, Nowhere):
        why = next(d.why for d in drawn if isinstance(d, Nowhere))
        return withheld(_NAME, f"with E - I R ({ohms:.4g} ohm): {why}", method=label)
    number = uncertain(first.potential, {source: first.fit_u}, df=first.df)
    number = number + uncertain(0.0, {f"window tangent:{curve.name}": first.window_u})
    number = number + (up.potential - down.potential) / (2.0 * step) * (resistance - ohms)
    return Quantity(_NAME, number, f"{how}; E - I R with R = {ohms:.4g} ohm")


def _corrected_tangents(curve: _Curve, ohms: float) -> Tangents | Nowhere:
    e = curve.potential - curve.current * ohms
    base = find_baseline(e, curve.current)
    return Nowhere("no baseline is left") if base is None else by_tangents(e, curve.current, base)


def _mean(curve: _Curve, quantities: dict[str, Quantity], found: list[Crossing | Tangents | Nowhere]) -> Quantity:
    """Return the mean of the definitions; their standard deviation is a source.

    One definition alone has no spread, and one that puts the onset beyond the sweep contradicts a mean inside it: withheld.
    """
    told = {key: q.number for key, q in quantities.items() if q.number is not None}
    others = [f"{key}: {q.why}" for key, q in quantities.items() if q.number is None]
    if not told:
        reason = next(iter(quantities.values())).why or ""
        return withheld(_NAME, f"none of the definitions gives an onset: {reason}", method=curve.versus)
    if len(told) == 1:
        why = f"only one of three definitions ({next(iter(told))}) gives an onset; {'; '.join(others)}"
        return withheld(_NAME, why, method=curve.versus)
    total = sum(told.values(), start=uncertain(0.0, {})) / len(told)
    spread = float(np.std([float(n.x) for n in told.values()], ddof=1))
    total = total + uncertain(0.0, {f"definition:{curve.name}": spread})
    mean = Quantity(_NAME, total, f"mean of {', '.join(told)}, {curve.versus}")
    high = (mean.interval() or (-np.inf, np.inf))[1]
    if any(f.above > high for f in found if isinstance(f, Nowhere)):
        why = f"the definitions contradict each other: {', '.join(told)} give {mean}, but {'; '.join(others)}"
        return withheld(_NAME, why, method=curve.versus)
    return mean


def _scan_rate(curve: _Curve) -> Quantity:
    if curve.time is None or not np.all(np.diff(curve.time) > 0):
        return withheld("scan_rate", "needs rising times beside the potentials")
    t = curve.time - curve.time.mean()
    slope = float(np.sum(t * curve.potential) / np.sum(t * t))
    rest = curve.potential - curve.potential.mean() - slope * t
    u = float(np.sqrt(np.sum(rest**2) / max(t.size - 2, 1) / np.sum(t * t)))
    u = max(u, CLOCK * abs(slope))  # no ramp is better than the clock
    return Quantity("scan_rate", uncertain(slope, {f"ramp:{curve.name}": u}), "slope of the potential over time")


def _baseline_check(curve: _Curve) -> Check:
    base = curve.baseline
    if base is None:
        text = "no straight piece of 15 % of the range lies below half of the largest current"
        if abs(float(curve.current.min())) > abs(float(curve.current.max())):
            text += (
                f"; the largest current is negative ({1e6 * float(curve.current.min()):.3g} uA): is its sign swapped?"
            )
        return Check("baseline", False, text)
    low, high = curve.potential[base.start], curve.potential[base.stop - 1]
    return Check("baseline", True, f"{low:.3f} to {high:.3f} V, scatter {1e9 * base.sd:.3g} nA about the line")


def _jump_check(curve: _Curve, cut: tuple[float, float] | None) -> Check:
    if cut is None:
        return Check("no jump of the current", True, "none of more than five times the largest current so far")
    detail = (
        f"at {cut[0]:.3f} V the current jumps to {cut[1]:.3g} times all before (a short?); what follows is left out"
    )
    return Check("no jump of the current", False, detail)


def _drop_check(curve: _Curve, found: dict[str, Crossing | Tangents | Nowhere]) -> list[Check]:
    largest = float(np.max(np.abs(curve.current)))
    if curve.resistance is None:
        return [
            Check(
                "ohmic drop",
                None,
                f"no resistance is given; {1e6 * largest:.3g} uA through 100 ohm is {1e5 * largest:.3g} mV",
            )
        ]
    ohms = float(curve.resistance.x)
    at_onset = [f.current * ohms for f in found.values() if isinstance(f, Crossing)]
    drop = max(at_onset, default=0.0)
    detail = f"{1e3 * drop:.3g} mV at the highest threshold, {1e3 * largest * ohms:.3g} mV at the largest current"
    return [Check("ohmic drop", bool(drop < _DROP), f"{detail}; corrected (small below {1e3 * _DROP:.0f} mV)")]


def _notes(data: Dataset, curve: _Curve, sweep: Sweep) -> tuple[str, ...]:
    notes = list(data.attrs.get("warnings", ()))
    if sweep.stop - sweep.start < data.sizes["point"]:
        span = f"{curve.potential[0]:.3f} to {curve.potential[-1]:.3f} V"
        notes.append(
            f"Only the first rising sweep is used ({span}, {curve.current.size} of {data.sizes['point']} points)."
        )
    if curve.area is None:
        notes.append("No area is known: thresholds are currents, not current densities, and depend on the cell.")
    if curve.versus.endswith("file's reference"):
        stated = data.attrs.get("metadata", {}).get("reference_electrode")
        notes.append(f"The reference is not named (setting `reference`); the file says: {stated or 'nothing'}.")
    return tuple(notes)


def _findings(curve: _Curve, found: dict[str, Crossing | Tangents | Nowhere]) -> dict[str, Any]:
    """Return what the curve was corrected by, and the constructions that the figure draws."""
    findings: dict[str, Any] = {
        "versus": curve.versus,
        "area": None if curve.area is None else float(curve.area.x),
        "resistance": None if curve.resistance is None else float(curve.resistance.x),
    }
    base, tangent = curve.baseline, found["tangent"]
    if base is not None:
        findings["baseline"] = {
            "low": float(curve.potential[base.start]),
            "high": float(curve.potential[base.stop - 1]),
            "centre": base.centre,
            "level": base.level,
            "slope": base.slope,
            "sd": base.sd,
        }
    if isinstance(tangent, Tangents):
        findings["tangent"] = {"centre": tangent.centre, "level": tangent.level, "slope": tangent.slope}
    return findings


def _curves(curve: _Curve) -> Dataset:
    """Return the sweep, thinned where it is long."""
    n = curve.current.size
    kept = np.arange(n) if n <= _MOST_POINTS else np.unique(np.linspace(0, n - 1, _MOST_POINTS).astype(int))
    variables = {"potential": curve.potential[kept], "current": curve.current[kept]}
    units = {"potential": "V", "current": "A"}
    return xr.Dataset({key: ("point", values, {"units": units[key]}) for key, values in variables.items()})
