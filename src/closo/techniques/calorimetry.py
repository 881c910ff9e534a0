"""Calorimetry (DSC): a transition with its onset and heat, or the heat above which there is none.

Measures
    The heat flow into a powder while it is heated or cooled at a constant rate.

Protocol
    Weigh 5 to 10 mg into a closed pan, heat and cool at 10 K/min from 100 K below to 50 K above the transition, twice: the
    first heating also shows what dries. Calibrate temperature and heat with two metals at the same rate.

Needs
    `temperature` [K] with `heat_flow` [W/kg] of one run up or down; `time` or the setting `rate`.

Gives
    Of the strongest event: `transition_temperature` (extrapolated onset), `transition_temperature:peak`,
    `transition_enthalpy` [J/kg] (> 0: heat taken up). `transition_enthalpy:detection_limit`: the heat that is found with
    95 % in an event of up to `width`. Where there is none, all are withheld ("no event above X J/g") and
    `transition_enthalpy:upper_limit` is that X.

Uncertainty sources
    `noise:<name>` (areas of the same width elsewhere in the run), `baseline:<name>` (lines through nearer and farther
    flanks, over the root of 3), `heat calibration` (`heat_u`, 3 %), `temperature calibration` (`temperature_u`, 0.5 K),
    `tangent:<name>` (the inflection read over half and twice the width).

Checks
    heat is taken up on heating and given off on cooling (else 'exo' is taken the wrong way); one event alone; one peak (no
    step of the baseline, no derivative); units (temperatures and heats of a laboratory); points (cut off, or alone).

Limits
    The first four minutes are left out (`start_up`), and an event needs its own width of baseline on both sides: the limit
    holds within `searched` of the findings. An event broader than `width` counts as baseline. The onset holds for the rate
    of the run; a transition with hysteresis is not where phases are in equilibrium.

Sources
    ISO 11357-1:2023 (onset, areas); Currie, Anal. Chem. 1968, 40, 586, doi:10.1021/ac60259a007 (limits).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from closo import dataset
from closo.errors import DataError, StudyError
from closo.figures import Axis, FigureSpec, Panel, Span, Trace
from closo.fit import straight_line
from closo.quantity import Quantity, uncertain, withheld
from closo.result import Check, Result
from closo.techniques.heat_events import shape_of, units_of
from closo.techniques.noise import odd_values

_ZERO = 273.15
_WIDTHS = 2.0 ** np.arange(-3.0, 0.1)  # of the largest width: those that are looked for
_SURE = 5.0  # robust standard deviations of areas of the same width
_POINTS = 4000  # of the even grid, at most
_LEAST = 50


@dataclass(frozen=True)
class _Run:
    """One run on an even, rising grid: temperature [K], heat capacity beside the baseline's [J/(kg K)], rate [K/s]."""

    name: str
    t: np.ndarray
    c: np.ndarray
    rate: float

    @property
    def step(self) -> float:
        return float(self.t[1] - self.t[0])


@dataclass(frozen=True)
class _Event:
    """Where something happens: centre and width [K], area [J/kg], the standard deviation of such areas elsewhere, and
    between which centres [K] was looked.
    """

    centre: float
    width: float
    area: float
    noise: float
    df: float
    searched: tuple[float, float]

    @property
    def surplus(self) -> float:
        return abs(self.area) / max(self.noise, 1e-300)


def check_settings(settings: Mapping[str, Any]) -> None:
    """Raise StudyError for settings that can be known to be wrong."""
    for key, low, high in (("rate", 1e-3, 1e4), ("width", 1.0, 500.0), ("start_up", 0.0, 1e4)):
        value = settings.get(key)
        if value is not None and not low <= float(value) <= high:
            raise StudyError(f"{key} = {value:g} is not valid.", hint=f"It lies between {low:g} and {high:g}.")
    first, last = settings.get("t_min"), settings.get("t_max")
    if first is not None and last is not None and not first < last:
        raise StudyError(f"t_min = {first:g} and t_max = {last:g} leave no range.", hint="Give degC, t_min < t_max.")


def analyse(
    data: dataset.Dataset,
    *,
    rate: float | None = None,
    exo: str | None = None,
    t_min: float | None = None,
    t_max: float | None = None,
    width: float = 40.0,
    start_up: float = 240.0,
    temperature_u: float = 0.5,
    heat_u: float = 0.03,
) -> Result:
    """Return the transition of a run, or the heat above which there is none.

    Parameters
    ----------
    data : a measurement of kind 'calorimetry', one run up or down.
    rate : of heating [K/min] where the file has no time; > 0 also for cooling.
    exo : 'up' or 'down', which way heat that is given off points in the file, where it does not say or says it wrongly.
    t_min, t_max : range [degC] that is looked at.
    width : the broadest event that is looked for, foot to foot [K].
    start_up : seconds at the beginning that are left out.
    temperature_u, heat_u : standard uncertainties of the calibration, [K] and relative.

    Raises
    ------
    DataError  when it is not a single run, its rate is not known, or it is too short.
    StudyError  when a setting is wrong.
    """
    asked = {key: value for key, value in locals().items() if key != "data" and value is not None}
    check_settings(asked)
    run = _run(data, rate, range_of=(t_min, t_max), start_up=start_up)
    if exo is not None and exo != data.attrs.get("metadata", {}).get("exo", "down"):
        run = replace(run, c=-run.c)
    events = _events(run, width)
    found = [event for event in events if event.surplus > _SURE]
    limit, df = _limit(events)
    quantities = _none(run, limit, df)
    findings: dict[str, Any] = {
        "searched": list(events[0].searched if found else max(events, key=lambda event: event.width).searched),
        "event": None,
    }
    if found:
        own, drawn = _of_event(run, found[0], width=width, temperature_u=temperature_u, heat_u=heat_u)
        quantities, findings = quantities | own, findings | drawn
    curves = dataset.new("calorimetry", {"temperature": run.t, "heat_flow": run.c * run.rate}, source=run.name)
    notes = tuple(data.attrs.get("warnings", ()))
    odd = odd_values(np.asarray(data["heat_flow"].values, float))
    units = units_of(float(np.nanmin(data["temperature"].values)), quantities["transition_enthalpy"].value or 0.0)
    checks = [Check("points", not odd, odd or "none is cut off or stands alone"), Check("units", *units)]
    checks += _checks(run, found)
    checks += [Check("one peak", *shape_of(run.t, run.c, *findings["event"]))] if found else []
    return Result("calorimetry", run.name, quantities, curves, tuple(checks), asked, notes, findings=findings)


def _run(
    data: dataset.Dataset, rate: float | None, *, range_of: tuple[float | None, float | None], start_up: float
) -> _Run:
    """Return a run on an even grid, without its start."""
    dataset.require(data, "temperature", "heat_flow", who="calorimetry")
    file = data.attrs.get("source")
    t, flow = (np.asarray(data[key].values, float) for key in ("temperature", "heat_flow"))
    good = np.isfinite(t) & np.isfinite(flow)
    t, flow = t[good], flow[good]
    if len(t) < _LEAST:
        raise DataError(f"calorimetry needs {_LEAST} points, not {len(t)}.", file=file, hint="Export the whole run.")
    up = t[-1] > t[0]
    back = np.diff(t) if up else -np.diff(t)
    if float(np.sum(back[back < 0])) < -0.05 * abs(t[-1] - t[0]):
        hint = "Give one run up or down: --part N, or cut the file where the direction changes."
        raise DataError("the temperature goes up and down within this measurement.", file=file, hint=hint)
    time = np.asarray(data["time"].values, float)[good] if "time" in data else None
    speed, steady = _steady(t, time, file) if rate is None else (rate / 60.0, slice(None))
    t, flow = t[steady], flow[steady]
    left = speed * start_up
    low = -np.inf if range_of[0] is None else range_of[0] + _ZERO
    high = np.inf if range_of[1] is None else range_of[1] + _ZERO
    used = (t >= max(low, t[0] + left if up else low)) & (t <= min(high, high if up else t[0] - left))
    order = np.argsort(t[used], kind="stable")
    t, flow = t[used][order], flow[used][order]
    if len(t) < _LEAST or t[-1] - t[0] < 20.0:
        raise DataError(
            f"{len(t)} points are left of the run after its start and within the range; {_LEAST} over 20 K are needed.",
            file=file,
            hint="Use a wider range, or a shorter start_up.",
        )
    edges = np.linspace(t[0], t[-1], min(len(t) // 2, _POINTS) + 1)
    count, total = np.histogram(t, edges)[0], np.histogram(t, edges, weights=flow)[0]
    middle = 0.5 * (edges[1:] + edges[:-1])
    seen = count > 0
    signed = speed if up else -speed
    return _Run(
        dataset.name_of(data), middle, np.interp(middle, middle[seen], total[seen] / count[seen]) / signed, signed
    )


def _steady(t: np.ndarray, time: np.ndarray | None, file: Any) -> tuple[float, slice]:
    """Return the rate [K/s] and the rows of the run without isothermal ends.

    Raises
    ------
    DataError  where no time says it, or the rate changes within the run: a heat per degree would be wrong.
    """
    if time is None or not time[-1] > time[0]:
        hint = "Say it: --set rate=10 (K/min)."
        raise DataError("calorimetry needs the rate of heating, which this file does not state.", file=file, hint=hint)
    ends = np.unique(np.linspace(0, len(t) - 1, 51).astype(int))
    with np.errstate(all="ignore"):
        rates = np.abs(np.diff(t[ends]) / np.diff(time[ends]))
    usual = float(np.median(rates[rates > 0.1 * np.nanmax(rates)]))
    moving = np.flatnonzero(rates > 0.5 * usual)
    low, high = np.percentile(rates[moving[0] : moving[-1] + 1], [10, 90])
    if not high < 1.2 * low:
        told = f"the rate changes from {60 * low:.3g} to {60 * high:.3g} K/min within the run"
        raise DataError(
            f"{told}; heat per degree needs an even one.", file=file, hint="Cut it: --set t_min=100 (degC)."
        )
    return usual, slice(int(ends[moving[0]]), int(ends[moving[-1] + 1]) + 1)


def _areas(run: _Run, width: float, *, apart: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Return centres [K] and areas [J/kg] of windows of a width above the line through flanks half as wide.

    apart : distance of the middle of the flanks from the centre, over that of flanks that touch the window.
    """
    half = max(round(0.5 * width / run.step), 1)
    total = np.concatenate([[0.0], np.cumsum(run.c)]) * run.step
    away = round(1.5 * half * apart)  # middle of a flank
    ends = away + half // 2 + 1
    k = np.arange(ends, len(run.t) - ends)

    def between(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return np.asarray(total[b] - total[a])

    low, high = away - half // 2, away - half // 2 + half
    inside = between(k - half, k + half)
    flanks = between(k - high, k - low) + between(k + low, k + high)
    return run.t[k], inside - flanks


def _events(run: _Run, width: float) -> list[_Event]:
    """Return the strongest window of each width, the surest first."""
    found = []
    for share in _WIDTHS:
        own = max(share * width, 6.0 * run.step)
        centres, areas = _areas(run, own)
        if len(areas) < 10:
            continue
        middle = float(np.median(areas))
        spread = 1.4826 * float(np.median(np.abs(areas - middle)))
        place, ends = int(np.argmax(np.abs(areas - middle))), (float(centres[0]), float(centres[-1]))
        df = max((run.t[-1] - run.t[0]) / (2.0 * own) - 1.0, 1.0)
        found.append(_Event(float(centres[place]), own, float(areas[place]), spread * (1.0 + 1.0 / df), df, ends))
    if not found:
        text = f"the run of {run.t[-1] - run.t[0]:.0f} K is too short for events of {width:g} K."
        raise DataError(text, file=run.name, hint="Use a longer run, or a smaller width.")
    return sorted(found, key=lambda event: -event.surplus)


def _limit(events: list[_Event]) -> tuple[float, float]:
    """Return the heat [J/kg] that is found with 95 %, whatever its width."""
    from scipy.special import stdtrit

    worst = max(events, key=lambda event: event.noise)
    return (_SURE + float(stdtrit(worst.df, 0.95))) * worst.noise, worst.df


def _none(run: _Run, limit: float, df: float) -> dict[str, Quantity]:
    """Return what is said where nothing happens."""
    how = f"{_SURE:g} robust standard deviations of areas in the run, and the part that is missed once in twenty"
    number = uncertain(limit, {f"limit:{run.name}": limit / math.sqrt(2.0 * df)})
    keys = ("transition_temperature", "transition_temperature:peak", "transition_enthalpy")
    found = {key: withheld(key.partition(":")[0], f"no event above {limit / 1e3:.2g} J/g (95 %)") for key in keys}
    most = Quantity("transition_enthalpy", number, how)
    return found | {"transition_enthalpy:detection_limit": most, "transition_enthalpy:upper_limit": most}


def _of_event(
    run: _Run, event: _Event, *, width: float, temperature_u: float, heat_u: float
) -> tuple[dict[str, Quantity], dict[str, list[float]]]:
    """Return onset, peak and heat of an event; centre and width between its feet, the line below it [W/kg], the tangent."""
    heat, spread, feet = _heat(run, event, 1.5 * width)
    line = _baseline(run, event.centre, feet)
    at = f"{'heating' if run.rate > 0 else 'cooling'} at {abs(run.rate) * 60.0:.3g} K/min"
    ways = [_onset(run, event, line, smooth) for smooth in (1.0, 0.5, 2.0)]
    places = []
    for k in range(2):
        tangent = math.sqrt(sum((way[k] - ways[0][k]) ** 2 for way in ways[1:]) / 6.0)
        sources = {"temperature calibration": temperature_u, f"tangent:{run.name}": math.hypot(tangent, run.step / 3.0)}
        places.append(uncertain(ways[0][k], sources))
    number = uncertain(
        heat, {f"noise:{run.name}": event.noise, f"baseline:{run.name}": spread, "heat calibration": heat_u * heat}
    )
    how = f"area above a line through both flanks, {at}"
    vague = float(number.u) / max(abs(heat), 1e-300)
    why = f"known no better than to {vague:.0%}"
    found = {
        "transition_temperature": Quantity("transition_temperature", places[0], f"extrapolated onset, {at}"),
        "transition_temperature:peak": Quantity("transition_temperature", places[1], f"largest deviation, {at}"),
        "transition_enthalpy:upper_limit": withheld("transition_enthalpy", "there is an event"),
        "transition_enthalpy": withheld("transition_enthalpy", why, method=how)
        if vague > 0.4
        else Quantity("transition_enthalpy", number, how),
    }
    drawn = {"event": [event.centre, feet], "baseline": (line * run.rate).tolist(), "tangent": [ways[0][0], ways[0][2]]}
    return found, drawn


def _heat(run: _Run, event: _Event, widest: float) -> tuple[float, float, float]:
    """Return the area of an event between its feet, its spread over other feet and flanks, and how far the feet are apart.

    The feet are where a window half as wide again adds less than 1 % or what the noise adds.
    """

    def area(width: float, apart: float = 1.0) -> float:
        centres, found = _areas(run, width, apart=apart)
        if not len(centres) or abs(centres - event.centre).min() > 0.05 * width + run.step:
            return math.nan
        return float(found[int(np.argmin(np.abs(centres - event.centre)))])

    width, first = event.width, event.area
    while 1.5 * width <= widest and math.isfinite(more := area(1.5 * width)):
        width, before, first = 1.5 * width, first, more
        if abs(first - before) < max(0.01 * abs(first), event.noise):
            break
    others = [area(1.25 * width), area(1.5 * width), area(width, 1.3)]
    apart = [other - first for other in others if math.isfinite(other)] or [event.area - first]
    return first, math.sqrt(float(np.mean(np.square(apart))) / 3.0), width


def _baseline(run: _Run, centre: float, width: float) -> np.ndarray:
    """Return slope and level of the line through the flanks of an event between its feet."""
    away = np.abs(run.t - centre) / width
    flank = (away > 0.5) & (away <= 1.0)
    enough = flank.sum() > 4
    return straight_line(run.t[flank], run.c[flank]).values if enough else np.array([0.0, float(np.median(run.c))])


def _onset(run: _Run, event: _Event, line: np.ndarray, smooth: float) -> tuple[float, float, float]:
    """Return extrapolated onset, maximum and inflection [K] of an event, of a curve smoothed over a part of its width."""
    points = max(int(smooth * event.width / 40.0 / run.step), 1)
    kernel = np.hanning(2 * points + 3)[1:-1]
    padded = np.pad(run.c, points, mode="edge")
    curve = np.convolve(padded, kernel / kernel.sum(), "valid")
    excess = (curve - line[0] * run.t - line[1]) * math.copysign(1.0, event.area)
    inside = np.flatnonzero(np.abs(run.t - event.centre) <= 0.75 * event.width)
    top = int(inside[np.argmax(excess[inside])])
    before = inside[inside <= top] if run.rate > 0 else inside[inside >= top][::-1]  # in the order of time
    if len(before) < 4:
        return (float(run.t[top]),) * 3
    slopes = np.gradient(excess[before], run.t[before])
    steepest = int(np.argmax(slopes * (1.0 if run.rate > 0 else -1.0)))
    place = before[steepest]
    return float(run.t[place] - excess[place] / slopes[steepest]), float(run.t[top]), float(run.t[place])


def _checks(run: _Run, found: list[_Event]) -> tuple[Check, ...]:
    if not found:
        return (Check("an event", None, "no event stands out of the run"),)
    first = found[0]
    up = bool(first.area > 0)
    told = (
        f"heat is {'taken up' if up == (run.rate > 0) else 'given off'} on {'heating' if run.rate > 0 else 'cooling'}"
    )
    others = [e.centre - _ZERO for e in found[1:] if abs(e.centre - first.centre) > 0.75 * (e.width + first.width)]
    told += "" if up else ": is exo up, and the file does not say so (setting exo)?"
    alone = "another near " + ", ".join(f"{t:.0f} degC" for t in others) if others else "alone"
    return Check("sign of the heat", up, told), Check("one event", not others, alone)


def figure(result: Result) -> FigureSpec:
    """Return the run with its event shaded, and the event with the line through its flanks."""
    t, flow = result.curves["temperature"].values - _ZERO, result.curves["heat_flow"].values / 1e3
    event, axis = result.findings["event"], Axis("heat flow, endothermic up / (W/g)")
    heat = result.quantities["transition_enthalpy"]
    said = f"onset {result.quantities['transition_temperature']}, {heat}" if event else heat.why or ""
    panels = [Panel(Axis("T / degC"), axis, [Trace(t, flow, style="line")])]
    if event:
        centre, width = event[0] - _ZERO, event[1]
        spans = [Span(centre - 0.5 * width, centre + 0.5 * width, "integrated")]
        near = np.abs(t - centre) <= width
        below = np.polyval(result.findings["baseline"], t + _ZERO) / 1e3
        foot, steepest = (float(place) - _ZERO for place in result.findings["tangent"])
        height = flow - below
        rise, top = float(np.interp(steepest, t, height)), float(height[near][np.argmax(np.abs(height[near]))])
        ends = foot, foot + top / rise * (steepest - foot)
        tangent = np.interp(ends, t, below) + top * np.array([0.0, 1.0])
        traces = [
            Trace(t[near], flow[near], "measured", "line"),
            Trace(t[near], below[near], "baseline", "dashed", color=1),
            Trace(ends, tangent, "tangent", "dashed", color=2),
        ]
        zoom = Panel(Axis("T / degC"), axis, traces, spans=spans)
        panels = [replace(panels[0], spans=spans), zoom]
    summary = f"Heat flow of {result.name}: {said}."
    return FigureSpec(f"calorimetry {result.name}", panels, result.name, summary, notes=(said,))
