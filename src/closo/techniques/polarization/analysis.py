"""Dataset -> Result: steps, tails, the first samples, and what they say of the electrolyte."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from closo.dataset import Dataset, name_of, require
from closo.errors import DataError, StudyError, did_you_mean
from closo.nomenclature import look_up
from closo.quantity import Number, Quantity, as_stated, from_fit, uncertain, withheld
from closo.result import Check, Result
from closo.techniques.instrument import GAIN, full_scale, instrument_name, range_check, read_offset
from closo.techniques.polarization.early import Early, initial
from closo.techniques.polarization.leakage import leakage
from closo.techniques.polarization.steps import Step, find_steps
from closo.techniques.polarization.tails import Tail, fit_tails

_ELECTRODES = ("blocking", "nonblocking")
_LARGEST_VOLTAGE = 0.0105  # V; Bruce and Vincent ask for 10 mV or less
_STEADY = 0.01  # share of the steady current that the tail may still have at the end
_FIRST = 0.005  # share of I_0 by which the first two samples may differ from what comes before
_STILL = 0.005  # share by which the current may change from the middle of a step to its end
_UNSEEN = 0.5  # of what is left of the tail: standard deviation of what becomes of it beyond the end
_SET_OFFSET, _SET_GAIN = 5e-3, 0.01  # V, share: what a potentiostat may be off the set voltage and more (2 mV, 0.2 %)
_MOST_POINTS = 3000  # of the curve that is kept
_ABSURD = 1e15  # s, A or V; beyond, a number is a misread one, and products of such numbers overflow


def analyse(
    data: Dataset,
    *,
    electrodes: str = "blocking",
    voltage: float | None = None,
    current_offset: str | float | None = None,
    current_gain: float = GAIN,
    voltage_offset: float = 1e-4,
    area: Number | None = None,
    thickness: Number | None = None,
    temperature: Number | None = None,
) -> Result:
    """Analyse a polarization.

    Parameters
    ----------
    data : a measurement of kind 'chronoamperometry'.
    electrodes : 'blocking' for electronic leakage, 'nonblocking' for the currents of Bruce and Vincent.
    voltage : applied voltage [V], where the file does not say.
    current_offset : standard uncertainty of the zero of the current: '2 nA', '0.1 %' of the range (default), or a fraction
        of the range.
    current_gain : relative standard uncertainty of the current's scale.
    voltage_offset : standard uncertainty of the applied voltage [V].
    area [m2], thickness [m], temperature [K] : of the specimen, with their sources.

    Raises
    ------
    DataError  when columns are missing, no voltage is known, or the record is too short.
    StudyError  when a setting is wrong.
    ConvergenceError  when no law fits the tail.
    """
    _refuse_settings(electrodes, {"current_gain": current_gain, "voltage_offset": voltage_offset}, voltage)
    time, current = _columns(data)
    steps, origin = find_steps(data, time, voltage)
    driven = _driven(steps, data)
    if electrodes == "nonblocking":
        steps = [steps[driven]]
    tail = fit_tails(time, current, steps)
    assumed, why = _offset(data, current, current_offset)
    record = _Record(data, time, current, steps=steps, tail=tail)
    numbers = _currents(record, offset=assumed, gain=current_gain)
    volts = _voltages(record, voltage_offset)
    early: Early | None = None
    if electrodes == "nonblocking":
        early = _beginning(record)
        quantities = _bruce_vincent(record, numbers[0], volts[0], early, gain=current_gain, offset=assumed)
        quantities["applied_voltage"] = Quantity("applied_voltage", volts[0], origin)
        judged = _bruce_vincent_checks(steps[0], early, tail)
    else:
        constant = None if area is None or thickness is None else thickness / area
        found, judged = leakage(numbers, volts, constant=constant, name=record.name)
        quantities = found | _per_step(numbers, volts, origin)
        judged = [*judged, Check("current offset", None if current_offset is None else True, why)]
    quantities["current_noise"] = _noise(record)
    if temperature is not None:
        quantities["temperature"] = as_stated("temperature", temperature)
    checks = (
        _steady(tail, steps, current),
        *judged,
        _model_check(tail),
        *_range(data, current, steps),
        *_set_voltage(data, steps),
    )
    asked = {"electrodes": electrodes, "voltage": voltage, "offset": assumed, "gain": current_gain}
    settings = {key: value for key, value in asked.items() if value is not None}
    notes = tuple(data.attrs.get("warnings", ())) + (() if current_offset is not None else (why,))
    return Result(
        "polarization",
        name_of(data),
        quantities,
        _curves(record),
        checks,
        settings,
        notes,
        findings=_findings(record, early),
    )


@dataclass(frozen=True)
class _Record:
    """What the pieces below share."""

    data: Dataset
    time: np.ndarray
    current: np.ndarray
    steps: list[Step]
    tail: Tail

    @property
    def name(self) -> str:
        return name_of(self.data)

    @property
    def instrument(self) -> str:
        return instrument_name(self.data)


def _refuse_settings(electrodes: str, sizes: dict[str, float | None], voltage: float | None) -> None:
    if electrodes not in _ELECTRODES:
        raise StudyError(f"electrodes = '{electrodes}' is not known.", hint=did_you_mean(electrodes, _ELECTRODES))
    for key, size in sizes.items():
        if size is not None and not 0 <= size < 1e3:
            raise StudyError(f"{key} = {size} cannot be an uncertainty.", hint="Give a number >= 0 in SI units.")
    if voltage is not None and not 0 < abs(voltage) < 1e3:
        raise StudyError(f"voltage = {voltage} V cannot be applied.", hint="Give volts, for example voltage=0.010.")


def _columns(data: Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Return time and current, finite and in order."""
    require(data, "time", "current", who="polarization")
    time, current = np.asarray(data["time"].values, float), np.asarray(data["current"].values, float)
    bad = int(np.sum(~(np.isfinite(time) & np.isfinite(current))))
    if bad:
        raise DataError(
            f"polarization needs finite times and currents; {bad} of {time.size} rows are not.",
            file=data.attrs.get("source"),
            hint="Cut the record to the rows that were measured.",
        )
    volts = [np.asarray(data[name].values, float) for name in ("voltage", "potential") if name in data]
    largest = max(float(np.nanmax(np.abs(values), initial=0.0)) for values in (time, current, *volts))
    if largest > _ABSURD:
        raise DataError(
            f"polarization found {largest:.3g} in SI units among times, currents and voltages, which no cell reaches.",
            file=data.attrs.get("source"),
            hint="A column is not what it is taken for, or the file is damaged.",
        )
    back = np.flatnonzero(np.diff(time) <= 0)
    if back.size:
        raise DataError(
            f"polarization needs rising times; row {int(back[0]) + 2} is at {time[back[0] + 1]:g} s, the one before it "
            f"at {time[back[0]]:g} s.",
            file=data.attrs.get("source"),
            hint="Cut the record into its runs.",
        )
    return time, current


def _driven(steps: list[Step], data: Dataset) -> int:
    """Return the first step whose voltage is not zero (a rest may come before it).

    Raises
    ------
    DataError  when there is none.
    """
    least = max(1e-4, 0.2 * max(abs(s.voltage) for s in steps))
    for k, step in enumerate(steps):
        if abs(step.voltage) > least:
            return k
    raise DataError(
        f"polarization needs an applied voltage; the record stays at {1e3 * steps[0].voltage:.3g} mV.",
        file=data.attrs.get("source"),
        hint="Give the voltage: --set voltage=0.010.",
    )


def _offset(data: Dataset, current: np.ndarray, given: str | float | None) -> tuple[float, str]:
    """Return the standard uncertainty of the current offset [A], and where it comes from."""
    fraction, absolute = read_offset(given)
    if absolute:
        return absolute, f"{1e9 * absolute:.3g} nA, as given"
    scale, words = np.nan, ""
    if "current_range" in data:
        ranges = np.asarray(data["current_range"].values, float)
        scale = float(np.median(ranges[np.isfinite(ranges)])) if np.any(np.isfinite(ranges)) else np.nan
        words = f"{100 * fraction:.3g} % of the range of {scale:.3g} A"
    if not (np.isfinite(scale) and scale > 0):
        scale = float(full_scale(np.nan, np.max(np.abs(current))))
        words = f"{100 * fraction:.3g} % of {scale:.0e} A, the decade of the largest current (the file names no range)"
    how = "as given" if given is not None else "assumed (--set current_offset='2 nA' states it)"
    return fraction * scale, f"{words}, {how}"


def _range(data: Dataset, current: np.ndarray, steps: list[Step]) -> list[Check]:
    """Return whether the current of the last half of each step fits the range; nothing where the file names none."""
    late = np.concatenate([np.arange((s.start + s.stop) // 2, s.stop) for s in steps])
    named = np.asarray(data["current_range"].values, float)[late] if "current_range" in data else np.zeros(0)
    good = np.isfinite(named) & (named > 0)
    return [range_check(current[late][good], named[good], stated=True, least=0.0)] if np.any(good) else []


def _set_voltage(data: Dataset, steps: list[Step]) -> list[Check]:
    """Return whether the second half of each step is at the set potential; nothing where the file does not tell it."""
    name = "voltage" if "voltage" in data else "potential"
    if name not in data or "set_potential" not in data:
        return []
    seen: list[tuple[float, str]] = []
    for k, s in enumerate(steps):
        rows = slice((s.start + s.stop) // 2, s.stop)
        read, asked = (float(np.median(data[n].values[rows])) for n in (name, "set_potential"))
        if asked != 0.0:
            limit = _SET_OFFSET + _SET_GAIN * abs(asked)
            words = f"in step {k + 1} it is {read:.5g} V, set {asked:.5g} V, limit {1e3 * limit:.3g} mV"
            seen.append((abs(read - asked) / limit, words))
    if not seen:
        return []
    worst, words = max(seen)
    detail = f"the measured voltage is {'' if worst <= 1.0 else 'not '}the set one: {words}"
    return [Check("set voltage", worst <= 1.0, detail, ("applied_voltage", "electronic_conductivity"))]


def _currents(record: _Record, *, offset: float, gain: float) -> list[Number]:
    """Return the steady currents with fit, tail model, extrapolation, offset and gain."""
    tail, name = record.tail, record.name
    spread = from_fit(np.zeros(len(tail.steady)), tail.spread, label=f"tail model:{name}", df=np.inf)
    fitted = from_fit(tail.steady, tail.covariance, label=f"fit:{name}", df=tail.df)
    shift = uncertain(0.0, {f"current offset:{name}": offset})
    scale = uncertain(1.0, {f"current gain:{record.instrument}": gain})
    # nobody saw what becomes of what is left of the tail: with half of it, 95 to 98 % of the intervals hold the truth on
    # tails that no law describes (evenly from nothing to twice as much: 99 %, so wider than true); what the fit and the
    # choice of its law leave open already is not counted again
    known = np.diag(tail.covariance) + np.diag(tail.spread)
    hidden = np.sqrt(np.maximum((tail.left * _UNSEEN) ** 2 - known, 0.0))
    unseen = [uncertain(0.0, {f"extrapolation:{name}": float(u)}) for u in hidden]
    return [(f + s + e + shift) * scale for f, s, e in zip(fitted, spread, unseen, strict=True)]


def _voltages(record: _Record, voltage_offset: float) -> list[Number]:
    """Return the applied voltages; readings and offset are common to all steps."""
    return [
        uncertain(
            s.voltage, {f"voltage:{record.name}": s.voltage_u, f"voltage offset:{record.name}": abs(voltage_offset)}
        )
        for s in record.steps
    ]


def _noise(record: _Record) -> Quantity:
    samples = sum(s.stop - s.start for s in record.steps)
    u = record.tail.noise / np.sqrt(2.0 * max(samples - 3, 1))
    number = uncertain(record.tail.noise, {f"noise estimate:{record.name}": float(u)})
    return Quantity("current_noise", number, "of a sample, from second differences")


def _beginning(record: _Record) -> Early:
    """Return the first samples of the only step."""
    step = record.steps[0]
    rows = slice(step.start, step.stop)
    return initial(record.time[rows] - step.begin, record.current[rows], record.tail.noise)


def _per_step(numbers: list[Number], volts: list[Number], origin: str) -> dict[str, Quantity]:
    """Return steady current and voltage of every step; numbered where there are several."""
    found: dict[str, Quantity] = {}
    for k, (number, volt) in enumerate(zip(numbers, volts, strict=True), start=1):
        mark = f":step {k}" if len(numbers) > 1 else ""
        method = f"I_inf at {1e3 * float(volt.x):.4g} mV, mean over the laws of the tail"
        found[f"steady_state_current{mark}"] = Quantity("steady_state_current", number, method)
        found[f"applied_voltage{mark}"] = Quantity("applied_voltage", volt, origin)
    return found


def _bruce_vincent(
    record: _Record, steady: Number, volt: Number, early: Early, *, gain: float, offset: float
) -> dict[str, Quantity]:
    """Return I_0, I_ss and their ratio; gain and offset are common to both currents."""
    step, name = record.steps[0], record.name
    interval = float(np.median(np.diff(record.time[step.start : step.stop])))
    parts = {
        f"early model:{name}": early.spread,
        f"start time:{name}": abs(early.slope) * interval / np.sqrt(12.0),
        f"current offset:{name}": offset,
    }
    first = uncertain(early.current, {f"first samples:{name}": early.fit_u}, df=early.df) + uncertain(0.0, parts)
    first = first * uncertain(1.0, {f"current gain:{record.instrument}": gain})
    how = f"{early.samples} first samples, extrapolated to the step by {', '.join(early.laws)}"
    return {
        "initial_current": Quantity("initial_current", first, how),
        "steady_state_current": Quantity("steady_state_current", steady, "I_inf, mean over the laws of the tail"),
        "current_fraction": _fraction(steady, first),
    }


def _fraction(steady: Number, first: Number) -> Quantity:
    """Return I_ss/I_0, withheld where I_0 is not known from zero."""
    if abs(float(first.x)) <= 2.0 * float(first.u):
        return withheld("current_fraction", "the initial current is not distinguishable from zero")
    how = "I_ss/I_0; a transference number needs the interfaces as well"
    return Quantity("current_fraction", steady / first, how)


def _bruce_vincent_checks(step: Step, early: Early, tail: Tail) -> list[Check]:
    small = f"{1e3 * step.voltage:.3g} mV (limit 10 mV)"
    seen = max(abs(early.first - early.current), abs(early.second - early.first))
    allowed = max(3.0 * tail.noise, _FIRST * abs(early.current))
    detail = (
        f"the first samples differ by up to {1e9 * seen:.3g} nA from what comes before (limit {1e9 * allowed:.3g} nA)"
    )
    floor = float(abs(tail.steady[0])) / max(tail.noise, 1e-18)
    return [
        Check("small voltage", bool(abs(step.voltage) <= _LARGEST_VOLTAGE), small),
        Check("first sample", bool(seen <= allowed), detail),
        Check("floor of the instrument", bool(floor > 10.0), f"I_ss is {floor:.3g} times the noise (limit 10)"),
    ]


def _steady(tail: Tail, steps: list[Step], current: np.ndarray) -> Check:
    """Is the tail over at the end of every step, and did the current stay in its last half?"""
    steady = np.maximum(np.abs(tail.steady), 1e-30)
    thirds = [np.array_split(current[s.start : s.stop], 10) for s in steps]
    change = np.array([abs(float(t[-1].mean() - t[4].mean())) for t in thirds])
    left = np.abs(tail.left)
    hidden = 3.0 * tail.noise / np.sqrt([0.1 * (s.stop - s.start) for s in steps])
    over = ((left < _STEADY * steady) | (left < hidden)) & ((change < _STILL * steady) | (change < hidden))
    worst = int(np.argmax(np.where(over, 0.0, left + change))) if not over.all() else int(np.argmax(left + change))
    detail = (
        f"at the end of {'the step' if len(steps) == 1 else f'step {worst + 1}'} the tail still carries "
        f"{1e9 * left[worst]:.3g} nA, {100 * left[worst] / steady[worst]:.3g} % of the steady current (limit 1 %); in the "
        f"last half it changed by {1e9 * change[worst]:.3g} nA, {100 * change[worst] / steady[worst]:.3g} % (limit 0.5 %); "
        f"the noise hides {1e9 * hidden[worst]:.2g} nA"
    )
    return Check("steady state", bool(over.all()), detail)


def _model_check(tail: Tail) -> Check:
    shares = ", ".join(f"{law} {100 * w:.0f} %" for law, w in tail.weights.items())
    limit = 1.0 + 2.0 * np.sqrt(2.0 / tail.df)
    detail = f"chi2/df {tail.reduced:.2f} (limit {limit:.2f}) without the first {100 * tail.window:.0f} %; {shares}"
    return Check("tail model", bool(tail.reduced < limit), detail)


def _findings(record: _Record, early: Early | None) -> dict[str, Any]:
    tail = record.tail
    findings: dict[str, Any] = {
        "instrument": record.instrument,
        "steps": [[s.begin, float(record.time[s.stop - 1]), s.voltage] for s in record.steps],
        "window": tail.window,
        "weights": tail.weights,
        "reduced": tail.reduced,
    }
    if early is not None:
        findings["first_samples"] = early.samples
    return findings


def _curves(record: _Record) -> Dataset:
    """Return the thinned record, and the bins with the model."""
    time, current = record.time, record.current
    kept = _thinned(record)
    t, mean, error, owner = record.tail.bins
    units = {"time": look_up("time").si, "current": look_up("current").si}
    return xr.Dataset(
        {
            "time": ("point", time[kept], {"units": units["time"]}),
            "current": ("point", current[kept], {"units": units["current"]}),
            "time_binned": ("bin", t, {"units": units["time"]}),
            "current_binned": ("bin", mean, {"units": units["current"]}),
            "current_binned_u": ("bin", error, {"units": units["current"]}),
            "current_fit": ("bin", record.tail.model, {"units": units["current"]}),
            "step_binned": ("bin", owner.astype(float), {"units": "1"}),
        }
    )


def _thinned(record: _Record) -> np.ndarray:
    """Return the rows kept for the figure: even in ln(time since the step), all where there are few."""
    if record.time.size <= _MOST_POINTS:
        return np.arange(record.time.size)
    each = _MOST_POINTS // len(record.steps)
    rows = [s.start + np.unique(np.geomspace(1, s.stop - s.start, each).astype(int)) - 1 for s in record.steps]
    return np.unique(np.concatenate(rows))
