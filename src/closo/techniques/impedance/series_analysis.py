"""A temperature series of one pellet -> one Result per spectrum, fitted together as far as the data allow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from closo.dataset import Dataset, name_of
from closo.errors import DataError, StudyError, did_you_mean
from closo.quantity import Number
from closo.result import Check, Result
from closo.techniques.impedance.analysis import Prepared, chosen, fitted, prepare, report
from closo.techniques.impedance.quantities import Pellet, theta_numbers, with_held
from closo.techniques.impedance.request import Request, read_request, refuse_unknown
from closo.techniques.impedance.selection import Choice
from closo.techniques.impedance.series import Spectrum, series_theta
from closo.techniques.impedance.series_plan import SHARED, Plan, plan_series, with_circuit


def analyse_series(
    datasets: Sequence[Dataset],
    *,
    name: str,
    circuit: str | None = None,
    hold: str | None = None,
    start: str | None = None,
    bound: str | None = None,
    assign: str | None = None,
    shared: str = "auto",
    f_min: float | str | None = None,
    f_max: float | str | None = None,
    leave_out: str | None = None,
    calibrated: bool = False,
    drt: bool = False,
    area: Number | None = None,
    thickness: Number | None = None,
    temperatures: Sequence[Number] | None = None,
    lead_resistance: Number | None = None,
) -> list[Result]:
    """Analyse the spectra of one pellet together; arcs keep their names from one temperature to the next.

    Parameters
    ----------
    datasets : measurements of kind 'impedance', in any order.
    name : of the series; names the common source `fit shared:<name>`.
    circuit : common circuit; chosen among those of the single spectra when absent.
    shared : what all temperatures have in common: 'auto' (capacitances and exponents, as far as the data allow), 'all' or
        'capacitance' (with free exponents) whatever the data say, 'none'.
    temperatures : one per dataset [K].
    hold, start, bound : parameters of `circuit` at every temperature; none is then common.
    assign, f_min, f_max, leave_out, calibrated, drt, area, thickness, lead_resistance : as in `analyse`.

    Returns
    -------
    One Result per dataset, in the same order. `findings['series']` says how the series was fitted, the criterion against
    that of the single fits, and the common parameters.

    Raises
    ------
    DataError  when a spectrum is unusable, or temperatures and datasets differ in number.
    StudyError  when a setting is wrong.
    ConvergenceError  when a circuit that was given cannot be fitted to a spectrum.
    """
    if temperatures is not None and len(temperatures) != len(datasets):
        raise DataError(f"{name}: {len(datasets)} spectra but {len(temperatures)} temperatures.")
    if shared not in SHARED:
        raise StudyError(f"shared = '{shared}' is not known.", hint=did_you_mean(shared, SHARED))
    asked = {"circuit": circuit, "hold": hold, "start": start, "bound": bound, "assign": assign, "leave_out": leave_out}
    request = read_request(f_min=f_min, f_max=f_max, **asked)
    prepared = [
        prepare(data, weights="modulus", f_min=request.f_min, f_max=request.f_max, leave_out=request.leave_out)
        for data in datasets
    ]
    spectra = [_spectrum(data, p, request) for data, p in zip(datasets, prepared, strict=True)]
    order = _order(temperatures)
    plan = _plan(spectra, request, shared, order)
    given = asked | {"weights": "modulus", "f_min": request.f_min, "f_max": request.f_max, "shared": shared}
    given |= {"circuit": request.circuit.text if request.circuit else None, "calibrated": calibrated, "drt": drt}
    results = []
    for i, (choice, theta) in enumerate(_members(plan, spectra, request, name=name)):
        refuse_unknown(request.assign, choice.best.circuit)
        kelvin = temperatures[i] if temperatures is not None else None
        pellet = Pellet(area, thickness, kelvin, lead_resistance, request.assign)
        results.append(report(datasets[i], prepared[i], choice, theta, pellet=pellet, given=given))
    return _with_series(results, plan, name=name, temperatures=temperatures, order=order)


def _order(temperatures: Sequence[Number] | None) -> list[int]:
    """Return the indices in order of temperature, none where that is not known."""
    known = [] if temperatures is None else [float(t.x) for t in temperatures]
    return [int(i) for i in np.argsort(known, kind="stable")]


def _plan(spectra: Sequence[Spectrum], request: Request, shared: str, order: Sequence[int]) -> Plan:
    """Return how the series is fitted; where the user names parameters, each spectrum by itself."""
    text = request.circuit.text if request.circuit is not None else None
    if request.named and text is not None:
        return Plan("one circuit", circuit=text)
    return plan_series(spectra, circuit=text, shared=shared, order=order)


def _spectrum(data: Dataset, p: Prepared, request: Request) -> Spectrum:
    single = fitted(request, p) if request.named else chosen(p)
    return Spectrum(name_of(data), p.frequency, p.impedance, single.best.sd, single)


def _members(
    plan: Plan, spectra: Sequence[Spectrum], request: Request, *, name: str
) -> list[tuple[Choice, list[Number]]]:
    """Return the choice and the fitted parameters of every spectrum."""
    found: dict[int, tuple[Choice, list[Number]]] = {}
    for place, (members, fit) in enumerate(plan.groups):
        label = name if place == 0 else f"{name}, second circuit"
        thetas = series_theta(fit, [spectra[i] for i in members], name=label)
        for i, one, theta in zip(members, fit.fits, thetas, strict=True):
            found[i] = Choice(one, (one,), np.ones(1)), theta
    for i, spectrum in enumerate(spectra):
        if i not in found:
            choice = (with_circuit(spectrum, plan.circuit) if plan.circuit else None) or spectrum.single
            theta = theta_numbers(choice.best, name=spectrum.name)
            found[i] = choice, with_held(choice.best, theta, request.held_u, name=spectrum.name)
    return [found[i] for i in range(len(spectra))]


def _with_series(
    results: Sequence[Result],
    plan: Plan,
    *,
    name: str,
    temperatures: Sequence[Number] | None,
    order: Sequence[int],
) -> list[Result]:
    """Add what was done with the series to each result: a check on common parameters, and one on outlying spectra."""

    def at(i: int) -> str:
        if temperatures is None:
            return f"'{results[i].name}'"
        return f"{float(temperatures[i].x) - 273.15:.4g} degC"

    series: dict[str, Any] = {"name": name, "used": plan.mode != "single fits", "mode": plan.mode}
    fits = [fit for _, fit in plan.groups] or [f for f in (plan.refused,) if f is not None]
    if fits:
        series["bic_difference"] = round(sum(f.bic - f.single_bic for f in fits), 1)
        series["circuit"] = " and ".join(f.circuit.text for f in fits)
        common = [dict(zip(f.shared, (float(v) for v in f.common), strict=True)) for f in fits]
        series["shared"] = common[0] if len(common) == 1 else common
    elif plan.circuit:
        series["circuit"] = plan.circuit
    checks = [_common_check(plan)]
    if plan.change is not None:
        below, above = at(order[plan.change - 1]), at(order[plan.change])
        series["change"] = [below, above]
        checks.append(Check("one circuit", False, f"the circuit changes between {below} and {above}"))
    if plan.outlying:
        series["outlying"] = [results[i].name for i in plan.outlying]
        said = (
            f"{', '.join(at(i) for i in plan.outlying)}: not of the capacitances of the rest; fitted alone, look at it"
        )
        ends = [at(i) for i in plan.outlying if i in (*order[:1], *order[-1:])]
        if ends:  # one spectrum cannot tell
            said += (
                f"; at the end of the temperatures ({', '.join(ends)}) it can also be that the circuit changes there"
            )
        checks.append(Check("outlying temperatures", False, said))
    return [replace(r, checks=(*r.checks, *checks), findings=dict(r.findings) | {"series": series}) for r in results]


def _common_check(plan: Plan) -> Check:
    """Say whether common parameters were used, and what the criterion says of them."""
    title = "global fit of the series"
    if not plan.groups and plan.refused is None:
        instead = f"{plan.circuit} at every temperature" if plan.circuit else "single fits are used"
        return Check(title, None, f"no common parameters: {instead}")
    if plan.groups:
        said = [
            f"{fit.circuit.text} with common {', '.join(fit.shared)} is used for {len(members)} spectra "
            f"(criterion {fit.bic:.0f} against {fit.single_bic:.0f} of single fits)"
            for members, fit in plan.groups
        ]
        return Check(title, all(fit.preferred for _, fit in plan.groups), "; ".join(said))
    fit = plan.refused
    assert fit is not None
    instead = f"{plan.circuit} with free parameters is used" if plan.circuit else "single fits are used"
    return Check(
        title,
        False,
        f"{fit.circuit.text} with common {', '.join(fit.shared)} is refused by the data: {instead} "
        f"(criterion {fit.bic:.0f} against {fit.single_bic:.0f} of single fits)",
    )
