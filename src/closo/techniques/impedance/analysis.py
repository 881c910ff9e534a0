"""Dataset -> Result: checks, choice of circuit, numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
import xarray as xr

from closo.dataset import Dataset, name_of, require
from closo.errors import DataError, StudyError
from closo.nomenclature import look_up
from closo.quantity import Number, as_stated, withheld
from closo.result import Check, Result
from closo.techniques.impedance.assignment import ends_at_bounds, possible_checks
from closo.techniques.impedance.drt import Distribution, relaxation_times
from closo.techniques.impedance.fitting import CircuitFit, fit_circuit, in_order
from closo.techniques.impedance.kramers_kronig import KramersKronig, kramers_kronig, lag_one, orientation_problem
from closo.techniques.impedance.noise import with_floor
from closo.techniques.impedance.quantities import (
    Pellet,
    circuit_quantities,
    conductivity,
    resistances,
    theta_numbers,
    with_calibration,
    with_held,
)
from closo.techniques.impedance.request import Request, points_left_out, read_request, refuse_unknown
from closo.techniques.impedance.selection import STRUCTURE, Choice, choose
from closo.units import percent

_WEIGHTS = ("modulus", "unit", "measured")
_HIDDEN = 5.0  # |Z| over the resistance of the pellet beyond which a blocking electrode hides it
_MISSED = 1.5  # residuals over the noise beyond which the check fails
_LOST, _FAR = 4.0, 0.03  # residuals over the noise, and over |Z|, beyond which no number is left
_LOW = 100.0  # ohm below which the leads count
_LEFT = 0.1  # share of a point that is left to its residual, at least
_UNCALIBRATED = {"gain": 0.01, "phase": float(np.radians(1.0))}  # what a raw FRA file is worth


def analyse(
    data: Dataset,
    *,
    circuit: str | None = None,
    hold: str | None = None,
    start: str | None = None,
    bound: str | None = None,
    assign: str | None = None,
    weights: str = "modulus",
    f_min: float | str | None = None,
    f_max: float | str | None = None,
    leave_out: str | None = None,
    calibrated: bool = False,
    drt: bool = True,
    area: Number | None = None,
    thickness: Number | None = None,
    temperature: Number | None = None,
    lead_resistance: Number | None = None,
) -> Result:
    """Analyse one spectrum.

    Parameters
    ----------
    data : a measurement of kind 'impedance'.
    circuit : e.g. 'L-(R|C)-Q'; chosen from the data when absent.
    hold : parameters of `circuit` that stay, 'R1=120 ohm, n1=0.9'; 'R1=120 ± 5 ohm' brings its uncertainty along.
    start : values to begin with, 'R1=1e3'. bound : ranges, 'Q1=1e-12..1e-9'.
    assign : 'R1:bulk, R2:grain_boundary' (also electrode, lead) where the capacitance shall not decide.
    weights : 'modulus' (noise proportional to |Z|), 'unit' (constant noise), 'measured' (`impedance_u`).
    f_min, f_max : range of frequencies used; numbers in Hz, or text as '1 MHz'.
    leave_out : points not used, '3, 7-9', counted from 1 in the order of the file.
    calibrated : True when the user knows better than the file that its values are calibrated.
    drt : False leaves the distribution of relaxation times out.
    area [m2], thickness [m], temperature [K], lead_resistance [ohm] : of the specimen, with their sources.

    Raises
    ------
    DataError  when the spectrum is unusable: too few points, columns swapped, sign inverted.
    StudyError  when a setting is wrong.
    ConvergenceError  when the circuit cannot be fitted.
    """
    name = name_of(data)
    asked = {"circuit": circuit, "hold": hold, "start": start, "bound": bound, "assign": assign, "leave_out": leave_out}
    request = read_request(f_min=f_min, f_max=f_max, **asked)
    prepared = prepare(data, weights=weights, f_min=request.f_min, f_max=request.f_max, leave_out=request.leave_out)
    pellet = Pellet(area, thickness, temperature, lead_resistance, request.assign)
    choice = fitted(request, prepared, noise_known=weights == "measured")
    theta = with_held(choice.best, theta_numbers(choice.best, name=name), request.held_u, name=name)
    given = asked | {"weights": weights, "f_min": request.f_min, "f_max": request.f_max}
    given |= {"circuit": request.circuit.text if request.circuit else None, "calibrated": calibrated, "drt": drt}
    return report(data, prepared, choice, theta, pellet=pellet, given=given)


@dataclass(frozen=True)
class Prepared:
    """A spectrum ready for a fit: frequencies [Hz] from high to low, impedance and its sd [ohm], Kramers-Kronig.

    `kk` is of the same points; `outlying` holds what it left out: frequency and relative distance from the rest;
    `left_out` every point in the range of frequencies that is not used: frequency [Hz], impedance [ohm], and number.
    `number` counts the points from 1 in the order of the file.
    """

    frequency: np.ndarray
    impedance: np.ndarray
    sd: np.ndarray
    kk: KramersKronig
    outlying: tuple[tuple[float, float], ...] = ()
    left_out: tuple[np.ndarray, np.ndarray, np.ndarray] = (np.empty(0), np.empty(0, complex), np.empty(0, int))
    number: np.ndarray = field(default_factory=lambda: np.empty(0, int))


def prepare(
    data: Dataset, *, weights: str, f_min: float | None, f_max: float | None, leave_out: Sequence[int] = ()
) -> Prepared:
    """Select the usable points, test Kramers-Kronig, refuse swapped columns, and set the weights."""
    require(data, "frequency", "impedance", who="impedance")
    if weights not in _WEIGHTS:
        raise StudyError(f"weights = '{weights}' is not known.", hint=f"Use {', '.join(_WEIGHTS)}.")
    used = _selected(data, f_min, f_max, leave_out)
    f, z = data["frequency"].values[used], data["impedance"].values[used]
    kk = kramers_kronig(f, z)
    _refuse_wrong_columns(data, f, z, kk)
    sd = _standard_deviation(data, used, weights, kk)
    keep = np.setdiff1d(np.arange(f.size), kk.outliers)
    outlying = tuple((float(f[k]), float(abs(z[k] / kk.fitted[k] - 1.0))) for k in kk.outliers)
    aside = np.setdiff1d(_selected(data, f_min, f_max, ()), used[keep])
    left = data["frequency"].values[aside], data["impedance"].values[aside], aside + 1
    kept = replace(kk, fitted=kk.fitted[keep], residual=kk.residual[keep], sd=kk.sd[keep])
    return Prepared(f[keep], z[keep], sd[keep], kept, outlying, left, used[keep] + 1)


def report(
    data: Dataset,
    prepared: Prepared,
    choice: Choice,
    theta: list[Number],
    *,
    pellet: Pellet,
    given: dict[str, Any],
) -> Result:
    """Turn a fitted spectrum into a Result; `theta` are the fitted parameters as numbers with their sources."""
    f, kk, fit = prepared.frequency, prepared.kk, choice.best
    name = name_of(data)
    calibration = _calibration(data, given["calibrated"])
    theta = with_calibration(fit, theta, calibration)
    quantities = resistances(choice, theta, pellet, frequency=f, name=name)
    quantities["ionic_conductivity"] = conductivity(quantities["total_resistance"], pellet)
    quantities |= circuit_quantities(fit, theta)
    why = _no_number(prepared, fit)
    if why:
        quantities = {
            key: q if q.number is None else withheld(q.name, why, method=q.method) for key, q in quantities.items()
        }
    if pellet.temperature is not None:
        quantities["temperature"] = as_stated("temperature", pellet.temperature)
    total = quantities["total_resistance"].value
    distribution = _distribution(prepared, fit, total) if given["drt"] and f.size >= 10 else None
    findings = _findings(choice, kk) | _instrument(data)
    if distribution is not None:
        findings["relaxation_peaks"] = [vars(p) for p in distribution.peaks]
    checks = _checks(data, kk, fit, bool(calibration))
    checks += possible_checks(fit, pellet.assign, pellet.constant, total=total, temperature=pellet.kelvin)
    notes = _notes(data, prepared, choice)
    if total is not None and total < _LOW and pellet.lead_resistance is None and pellet.constant is not None:
        notes.append(
            f"No lead_resistance is stated: each ohm of the leads is {percent(1.0 / total)} of the resistance."
        )
    settings = {key: value for key, value in given.items() if value is not None}
    curves = _curves(prepared, fit, distribution)
    return Result("impedance", name, quantities, curves, tuple(checks), settings, tuple(notes), findings=findings)


def _selected(data: Dataset, f_min: float | None, f_max: float | None, leave_out: Sequence[int]) -> np.ndarray:
    """Return the indices used, highest frequency first.

    Raises
    ------
    DataError  when fewer than 6 usable points are left.
    """
    f, z = data["frequency"].values, data["impedance"].values
    usable = np.isfinite(f) & (f > 0) & np.isfinite(z) & (np.abs(z) > 0)
    usable &= (f >= (f_min or 0.0)) & (f <= (f_max or np.inf))
    usable[points_left_out(leave_out, usable.size, data.attrs["title"])] = False
    index = np.flatnonzero(usable)
    if index.size < 6:
        raise DataError(
            f"Impedance needs at least 6 usable frequencies; '{data.attrs['title']}' has {index.size} of {f.size}.",
            file=data.attrs["source"],
            hint="Check f_min and f_max, or measure more points.",
        )
    return np.asarray(index[np.argsort(-f[index], kind="stable")])


def _refuse_wrong_columns(data: Dataset, f: np.ndarray, z: np.ndarray, kk: KramersKronig) -> None:
    problem = orientation_problem(f, z, kk)
    if problem is not None:
        raise DataError(
            f"The spectrum breaks Kramers-Kronig by {100 * kk.noise:.0f} % as it stands and obeys it with {problem}.",
            file=data.attrs["source"],
            hint="Name the columns, e.g. --columns frequency,impedance_real,-impedance_imag.",
        )
    if np.mean(z.real < 0) > 0.5:
        raise DataError(
            f"Re Z is negative at {int(np.sum(z.real < 0))} of {f.size} frequencies; no pellet does that.",
            file=data.attrs["source"],
            hint="Check the order and the sign of the columns.",
        )


def _standard_deviation(data: Dataset, used: np.ndarray, weights: str, kk: KramersKronig) -> np.ndarray:
    """Standard deviation of Re and Im [ohm], shape (n,)."""
    z = data["impedance"].values[used]
    noise = max(kk.noise, 1e-7)
    if weights == "measured":
        require(data, "impedance_u", who="impedance with measured weights")
        measured = np.abs(data["impedance_u"].values[used])
        if not np.all(measured > 0):
            raise DataError("impedance_u has values that are not positive.", file=data.attrs["source"])
        return np.asarray(measured)
    if weights == "unit":
        return np.full(z.size, noise * float(np.sqrt(np.mean(np.abs(z) ** 2))))
    return np.asarray(np.maximum(kk.sd, 1e-7 * np.abs(z)))


def fitted(request: Request, prepared: Prepared, *, noise_known: bool = False) -> Choice:
    """Fit the circuit that was asked for, or choose one."""
    circuit, f, z = request.circuit, prepared.frequency, prepared.impedance
    if circuit is None:
        choice = chosen(prepared, noise_known=noise_known)
        refuse_unknown(request.assign, choice.best.circuit)
        return choice
    fit_one = partial(fit_circuit, circuit, f, z, held=request.held, bounds=request.bounds, begin=request.begin)

    def fit(sd: np.ndarray) -> Choice:
        one = fit_one(sd=sd, noise_known=noise_known)
        return Choice(one, (one,), np.ones(1))

    return _with_floor(fit, fit(prepared.sd), prepared)


def chosen(prepared: Prepared, *, noise_known: bool = False) -> Choice:
    """Choose the circuit; where none fits under weights that follow the noise, the weights are doubted, too."""
    f, z = prepared.frequency, prepared.impedance
    choice = choose(f, z, sd=prepared.sd, noise_known=noise_known)
    plain = prepared.kk.noise * np.abs(z)
    if choice.best.reduced < _LOST or noise_known or np.allclose(prepared.sd, plain):
        return _with_floor(lambda sd: choose(f, z, sd=sd), choice, prepared)
    other = choose(f, z, sd=plain)
    return other if other.best.reduced < min(_MISSED**2, choice.best.reduced) else choice


def _with_floor(fit: Callable[[np.ndarray], Choice], choice: Choice, prepared: Prepared) -> Choice:
    """Fit again where the residuals of a circuit that fits show a constant noise that Kramers-Kronig did not."""
    best, z = choice.best, prepared.impedance
    white = lag_one(best.residual, best.circuit.size) < STRUCTURE
    if not white or best.reduced > _MISSED**2 or not np.allclose(prepared.sd, prepared.kk.sd):
        return choice
    taken = np.sum(np.linalg.qr(best.jacobian)[0] ** 2, axis=1).reshape(2, -1).mean(axis=0)
    square = 0.5 * np.abs(best.residual * z) ** 2 / np.maximum(1.0 - taken, _LEFT)
    sd = with_floor(np.abs(z), prepared.sd, square)
    return choice if sd is prepared.sd else fit(sd)


def _instrument(data: Dataset) -> dict[str, Any]:
    """What a later analysis of the same spectrum must know of its file."""
    return {
        "uncalibrated": bool(data.attrs.get("uncalibrated", False)),
        "instrument": str(data.attrs.get("metadata", {}).get("instrument") or "instrument"),
    }


def _calibration(data: Dataset, calibrated: bool) -> dict[str, float]:
    if calibrated or not data.attrs.get("uncalibrated", False):
        return {}
    return {f"calibration {what}:{_instrument(data)['instrument']}": size for what, size in _UNCALIBRATED.items()}


def _distribution(prepared: Prepared, fit: CircuitFit, total: float | None) -> Distribution:
    """Relaxation times; below the frequency where a blocking electrode hides the pellet there are none to be found."""
    f, z, sd = prepared.frequency, prepared.impedance, fit.sd
    blocking = fit.circuit.blocking
    exponent = None
    if blocking is not None:
        exponent = float(fit.theta[blocking.first + 1]) if blocking.kind.symbol == "Q" else 1.0
        seen = np.abs(z) < _HIDDEN * (total or np.inf)
        if np.sum(seen) >= 10:
            f, z, sd = f[seen], z[seen], sd[seen]
    inductive = any(e.kind.symbol == "L" for e in fit.circuit.elements)
    noise = prepared.kk.noise
    return relaxation_times(f, z, noise=noise, sd=sd, blocking_exponent=exponent, inductive=inductive)


def _no_number(prepared: Prepared, fit: CircuitFit) -> str:
    """Say why this fit is worth no number at all: it misses the data by far, or the data hold what no circuit here has."""
    ratio = float(np.sqrt(fit.reduced))
    loop = _loop(prepared)
    if loop is not None and ratio > _MISSED:
        return (
            f"Z'' is positive below {loop:.3g} Hz: an inductive loop, which {fit.circuit.text} does not have; "
            f"the resistance at direct current is not known from this circuit"
        )
    if ratio > _LOST and fit.rms > _FAR:
        return f"{fit.circuit.text} misses the data by {100 * fit.rms:.2g} %, {ratio:.2g} times their noise"
    return ""


def _loop(prepared: Prepared) -> float | None:
    """Return the frequency [Hz] below which Z'' is positive at three points and more, None where there is no such loop."""
    positive = prepared.impedance.imag[::-1] > 3.0 * prepared.sd[::-1]
    if np.all(positive) or not np.all(positive[:3]):
        return None
    return float(prepared.frequency[::-1][np.argmin(positive)])


def _checks(data: Dataset, kk: KramersKronig, fit: CircuitFit, uncalibrated: bool) -> list[Check]:
    ratio = float(np.sqrt(fit.reduced))
    consistent = (
        f"residual {100 * kk.noise:.2g} % of |Z| with {kk.terms} RC terms; structure {kk.structure:.1f} s.d. (limit 4)"
    )
    fits = f"{fit.circuit.text} leaves {100 * fit.rms:.2g} % of |Z|, {ratio:.2f} times the noise (limit 1.5)"
    checks = [
        Check("Kramers-Kronig", kk.passed, consistent),
        Check("residuals of the circuit", bool(ratio < _MISSED or fit.rms < 1e-3), fits),
    ]
    if fit.at_bound:
        checks.append(Check("bounds", False, f"{ends_at_bounds(fit)}: the data would have more room"))
    if data.attrs.get("uncalibrated", False):
        raw = "raw values of the instrument: 1 % and 1 deg are in the budget"
        checks.append(Check("calibration", None, raw if uncalibrated else "declared calibrated"))
    return checks


def _notes(data: Dataset, prepared: Prepared, choice: Choice) -> list[str]:
    notes = list(data.attrs.get("warnings", ()))
    for frequency, distance in prepared.outlying:
        far = f"{100 * distance:.2g} %" if distance < 10 else f"{distance:.1g} times"
        notes.append(f"The point at {frequency:.4g} Hz lies {far} off what the others say: it is left out.")
    if choice.best.held:
        symbols = [choice.best.circuit.parameters[k][1] for k in sorted(choice.best.held)]
        notes.append(f"Held as asked, not fitted: {', '.join(symbols)}.")
    if not in_order(choice.best):
        notes.append("The arcs are not in order of rising time constant: their names follow hold, start and bound.")
    left_out = data.sizes["point"] - prepared.frequency.size - len(prepared.outlying)
    if left_out:
        notes.append(f"{left_out} of {data.sizes['point']} points are not used (range, left out, or not finite).")
    rivals = [f for f, w in zip(choice.fits[1:], choice.weights[1:], strict=True) if w > 0.05]
    if rivals:
        notes.append(f"Also possible: {', '.join(r.circuit.text for r in rivals)}; their spread is in the budget.")
    return notes


def _findings(choice: Choice, kk: KramersKronig) -> dict[str, Any]:
    best = choice.best
    alternatives = [
        {
            "circuit": fit.circuit.text,
            "bic_difference": round(fit.bic - best.bic, 2),
            "weight": round(float(weight), 4),
            "rms": fit.rms,
        }
        for fit, weight in zip(choice.fits, choice.weights, strict=True)
    ]
    return {
        "circuit": best.circuit.text,
        "alternatives": alternatives,
        "noise": kk.noise,
        "rms": best.rms,
        "starts": best.starts_used,
        "theta": [float(t) for t in best.theta],
    }


def _curves(prepared: Prepared, fit: CircuitFit, distribution: Distribution | None) -> Dataset:
    f, z, kk = prepared.frequency, prepared.impedance, prepared.kk
    ohm = {"units": look_up("impedance").si}
    curves = xr.Dataset(
        {
            "frequency": ("point", f, {"units": "Hz"}),
            "impedance": ("point", z, ohm),
            "impedance_fit": ("point", fit.model, ohm),
            "residual": ("point", fit.residual, {"units": "1"}),
            "residual_kramers_kronig": ("point", kk.residual, {"units": "1"}),
            "number": ("point", prepared.number, {"units": "1"}),
        }
    )
    if prepared.left_out[0].size:
        curves["frequency_left_out"] = ("left_out", prepared.left_out[0], {"units": "Hz"})
        curves["impedance_left_out"] = ("left_out", prepared.left_out[1], ohm)
        curves["number_left_out"] = ("left_out", prepared.left_out[2], {"units": "1"})
    if distribution is not None:
        for key in ("tau", "gamma", "low", "high"):
            name = "time_constant" if key == "tau" else "distribution" if key == "gamma" else f"distribution_{key}"
            curves[name] = ("relaxation", getattr(distribution, key), {"units": "s" if key == "tau" else "ohm"})
    return curves
