"""Transference number of Na+ after Bruce, Vincent and Evans: a polarization and the spectra before and after it.

Measures
    t+ = I_ss (dV - I_0 R_0)/(I_0 (dV - I_ss R_ss)), the share of the current that Na+ carries in an ideal electrolyte
    between Na electrodes.
Needs
    results of technique 'polarization' with nonblocking electrodes, and of 'impedance' before and after it.
Gives
    `transference_number:first_samples` with I_0 from the first samples, `transference_number:eis` with
    I_0 = dV/(R_b + R_0), and `transference_number`, their mean with weights from their covariance; `current_fraction`;
    `resistance:initial_interface`, `resistance:steady_interface`, `resistance:electrolyte`, `initial_current:eis`.
    Values above 1 are given as they come.
Uncertainty sources
    those of the three results with their labels: gain and phase of the instrument are common to both spectra, gain and
    offset of the current to I_0 and I_ss. Added: `interface drift:<spectrum>` (how far an interface differs between a
    spectrum and the moment it stands for, and what an arc is worth: 2.5 %, or where that is more a sixth of its change
    between the two spectra; the keyword `drift` states another), `initial current:<name>` (half the difference where the two
    I_0 contradict each other).
Checks
    two initial currents agree, interfaces changed little, the electrolyte did not change, steady state, small voltage,
    told from 1.
Limits
    R_0 is the sum of the arcs with more than `interface_capacitance` (30 nF); what a diffusion element carries does not
    count. Resistance of leads counts as electrolyte. An ideal, fully dissociated salt is assumed: otherwise it is a current
    fraction. Where the interfaces dominate (R_0 = 6.6 R_b) an error of 1 % in a current moves t+ by 0.075.
Sources
    Bruce, Vincent, J. Electroanal. Chem. 1987, 225, 1, doi:10.1016/0022-0728(87)80001-3; Evans, Vincent, Bruce, Polymer
    1987, 28, 2324, doi:10.1016/0032-3861(87)90394-6; Balsara, Newman, J. Electrochem. Soc. 2015, 162, A2720,
    doi:10.1149/2.0651514jes (what it measures otherwise).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from closo.combine.conditions import at_one_temperature
from closo.combine.resistance_change import both_spectra
from closo.dataset import Dataset
from closo.errors import StudyError, did_you_mean
from closo.figures import Axis, FigureSpec, Panel, Trace
from closo.figures.labels import value_text
from closo.quantity import Number, Quantity, correlation, uncertain, withheld
from closo.result import Check, Result
from closo.techniques.impedance.circuit import parse
from closo.techniques.impedance.fitting import arc_capacitance

_T = "transference_number"
_INTERFACE_CHANGE, _BULK_CHANGE = 0.3, 0.05
_ARC, _SHARE = 0.025, 1.0 / 6.0  # relative, and of its change: half of that is then 3 u
_NEEDED = ("applied_voltage", "initial_current", "steady_state_current", "current_fraction")


@dataclass(frozen=True)
class Arcs:
    """A spectrum split into electrolyte and interfaces."""

    electrolyte: Number | None  # its resistance [ohm], None where it is withheld
    interface: Number | None  # its resistance [ohm], None where it is withheld
    labels: tuple[str, ...]  # resistors that count as interface
    why: str = ""  # the reason, where one is withheld


def transference(
    step: Result,
    before: Result,
    after: Result,
    *,
    name: str,
    drift: float | None = None,
    interface_capacitance: float = 3e-8,
    interface: Sequence[str] = (),
) -> Result:
    """Combine a polarization with the spectra before and after it.

    Parameters
    ----------
    step : of technique 'polarization', electrodes='nonblocking'.
    before, after : of technique 'impedance', of the same cell.
    name : of the cell; labels what is added here.
    drift : relative standard uncertainty of each interface beside that of its fit; from their change when absent.
    interface_capacitance : arcs with more are interfaces [F].
    interface : resistors of the circuit that are the interfaces ('R2', ...), instead of that rule.

    Raises
    ------
    StudyError  when a result is of another technique, or a resistor is named that the circuit lacks.
    DataError  when their temperatures differ by more than 2 K.
    """
    _refuse(step, before, after, drift)
    at_one_temperature((before, step, after), "A transference number")
    first = arcs_of(before, interface_capacitance=interface_capacitance, interface=interface)
    last = arcs_of(after, interface_capacitance=interface_capacitance, interface=interface)
    drift = _drift(first, last) if drift is None else drift
    findings: dict[str, Any] = {"members": [step.name, before.name, after.name], "drift": drift}
    findings |= {"interface_before": list(first.labels), "interface_after": list(last.labels)}
    missing = [step.quantities[key].why for key in _NEEDED if step.quantities[key].number is None]
    why = "; ".join(w for w in (first.why, last.why, *missing) if w)
    carried = [c for c in step.checks if c.name in ("steady state", "small voltage", "first sample")]
    quantities = {"current_fraction": step.quantities["current_fraction"]}
    if why or first.interface is None or first.electrolyte is None or last.interface is None:
        quantities |= {key: withheld(_T, why) for key in (_T, f"{_T}:first_samples", f"{_T}:eis")}
        return Result("transference", name, quantities, _curves(step, before, after), tuple(carried), findings=findings)
    volt, i_0, i_ss = (n for key in _NEEDED[:3] if (n := step.quantities[key].number) is not None)
    r_0 = first.interface * uncertain(1.0, {f"interface drift:{before.name}": drift})
    r_ss = last.interface * uncertain(1.0, {f"interface drift:{after.name}": drift})
    i_eis = volt / (first.electrolyte + r_0)
    ways = (_number(i_0, i_ss, volt, (r_0, r_ss)), _number(i_eis, i_ss, volt, (r_0, r_ss)))
    mean, share = _combined(ways, name)
    findings["weight_first_samples"] = share
    quantities |= {
        _T: Quantity(_T, mean, f"first samples ({100 * share:.0f} %) and EIS combined by their covariance"),
        f"{_T}:first_samples": Quantity(_T, ways[0], "Bruce-Vincent-Evans, I_0 from the first samples"),
        f"{_T}:eis": Quantity(_T, ways[1], "Bruce-Vincent-Evans, I_0 = dV/(R_b + R_0)"),
        "initial_current": step.quantities["initial_current"],
        "initial_current:eis": Quantity("initial_current", i_eis, "dV/(R_b + R_0)"),
        "steady_state_current": step.quantities["steady_state_current"],
        "resistance:electrolyte": Quantity("resistance", first.electrolyte, "all but the interfaces, before"),
        "resistance:initial_interface": Quantity("resistance", r_0, f"{'+'.join(first.labels)}, before"),
        "resistance:steady_interface": Quantity("resistance", r_ss, f"{'+'.join(last.labels)}, after"),
    }
    checks = [_agreement(i_0, i_eis), *_changes(first, last), *carried, _from_one(quantities[_T])]
    notes = () if checks[-1].passed else (f"t+ {checks[-1].detail}.",)
    return Result(
        "transference", name, quantities, _curves(step, before, after), tuple(checks), {}, notes, findings=findings
    )


def _drift(first: Arcs, last: Arcs) -> float:
    """Return the relative u of an interface that changed from `first` to `last` while the current flowed."""
    if first.interface is None or last.interface is None:
        return _ARC
    old, new = float(first.interface.x), float(last.interface.x)
    return max(_ARC, _SHARE * abs(float(np.log(new / old)))) if old > 0 and new > 0 else _ARC


def _refuse(step: Result, before: Result, after: Result, drift: float | None) -> None:
    for result, wanted in ((step, "polarization"), (before, "impedance"), (after, "impedance")):
        if result.technique != wanted:
            raise StudyError(
                f"transference needs a result of '{wanted}'; '{result.name}' is one of '{result.technique}'.",
                hint="Give polarization, spectrum before, spectrum after.",
            )
    if any(key not in step.quantities for key in _NEEDED):
        raise StudyError(
            f"transference needs a polarization between nonblocking electrodes; '{step.name}' was analysed as "
            f"'{step.settings.get('electrodes')}'.",
            hint="Analyse it with electrodes = 'nonblocking'.",
        )
    if drift is not None and not (np.isfinite(drift) and drift >= 0):
        raise StudyError(f"drift = {drift} cannot be an uncertainty.", hint="0.05 means 5 % of each interface.")


def arcs_of(result: Result, *, interface_capacitance: float = 3e-8, interface: Sequence[str] = ()) -> Arcs:
    """Split the resistances of a fitted spectrum into electrolyte and interfaces.

    Parameters
    ----------
    result : of technique 'impedance'.
    interface_capacitance, interface : as in `transference`.

    Raises
    ------
    StudyError  when `interface` names a resistor that the circuit lacks.
    """
    circuit, theta = parse(result.findings["circuit"]), np.array(result.findings["theta"], float)
    resistors = [e.label for e in circuit.elements if e.kind.symbol == "R"]
    for label in interface:
        if label not in resistors:
            raise StudyError(
                f"'{label}' is not a resistor of {circuit.text} ({result.name}).", hint=did_you_mean(label, resistors)
            )
    large = [a.resistor.label for a in circuit.arcs if arc_capacitance(a, theta) > interface_capacitance]
    labels = tuple(interface) or tuple(large)
    if not labels:
        why = (
            f"no arc of {result.name} ({circuit.text}) has more than {1e9 * interface_capacitance:.0f} nF: the interface "
            "is not distinguishable from the electrolyte"
        )
        return Arcs(None, None, (), why)
    found = {label: result.quantities[f"resistance:{label}"] for label in resistors}
    lost = next((f"{label} of {result.name}: {q.why}" for label, q in found.items() if q.number is None), "")
    if lost:
        return Arcs(None, None, labels, lost)
    numbers = {label: n for label, q in found.items() if (n := q.number) is not None}
    rest = [numbers[label] for label in resistors if label not in labels]
    electrolyte = sum(rest[1:], start=rest[0]) if rest else uncertain(0.0, {})
    inside = [numbers[label] for label in labels]
    return Arcs(electrolyte, sum(inside[1:], start=inside[0]), labels)


def _number(i_0: Number, i_ss: Number, volt: Number, interfaces: tuple[Number, Number]) -> Number:
    """Return t+ of Bruce, Vincent and Evans."""
    r_0, r_ss = interfaces
    return i_ss * (volt - i_0 * r_0) / (i_0 * (volt - i_ss * r_ss))


def _combined(ways: tuple[Number, Number], name: str) -> tuple[Number, float]:
    """Return the mean of least variance, with weights from 0 to 1, and the weight of the first.

    Where they differ by more than twice the uncertainty of their difference, half of the difference is a source.
    """
    u = [float(w.u) for w in ways]
    shared = correlation(*ways) * u[0] * u[1]
    spread = u[0] ** 2 + u[1] ** 2 - 2.0 * shared
    share = float(np.clip((u[1] ** 2 - shared) / spread, 0.0, 1.0)) if spread > 0 else 0.5
    mean = share * ways[0] + (1.0 - share) * ways[1]
    difference = ways[0] - ways[1]
    if abs(float(difference.x)) > 2.0 * float(difference.u):
        mean = mean + uncertain(0.0, {f"initial current:{name}": 0.5 * abs(float(difference.x))})
    return mean, share


def _agreement(i_0: Number, i_eis: Number) -> Check:
    difference = i_0 - i_eis
    gap, u = float(difference.x), float(difference.u)
    detail = (
        f"{1e6 * float(i_0.x):.4g} uA from the first samples, {1e6 * float(i_eis.x):.4g} uA from EIS; they differ by "
        f"{1e6 * gap:.2g} uA with u = {1e6 * u:.2g} uA (limit 2 u)"
    )
    return Check("two initial currents agree", bool(abs(gap) <= 2.0 * u), detail)


def _changes(first: Arcs, last: Arcs) -> list[Check]:
    """Did interfaces and electrolyte stay?"""
    pairs = (
        ("interfaces changed little", first.interface, last.interface, _INTERFACE_CHANGE),
        ("electrolyte did not change", first.electrolyte, last.electrolyte, _BULK_CHANGE),
    )
    found = []
    for name, old, new, limit in pairs:
        assert old is not None
        assert new is not None
        change = float(new.x) / float(old.x) - 1.0 if float(old.x) > 0 else float("nan")
        detail = f"{float(old.x):.4g} to {float(new.x):.4g} ohm, {100 * change:+.1f} % (limit {100 * limit:.0f} %)"
        found.append(Check(name, bool(abs(change) < limit), detail))
    return found


def _from_one(quantity: Quantity) -> Check:
    """Does the 95 % interval leave out 1?"""
    low, high = quantity.interval() or (np.nan, np.nan)
    told = not low <= 1.0 <= high
    detail = f"= {quantity.value:.3f}, 95 % from {low:.3f} to {high:.3f}"
    return Check("distinguishable from 1", told, detail if told else f"{detail}: not distinguishable from 1")


def _curves(step: Result, before: Result, after: Result) -> Dataset:
    """Keep what the figure shows: both spectra with their fits, and the current."""
    found = both_spectra(before, after)
    begin = step.findings["steps"][0][0]
    found["time"] = ("point", step.curves["time"].values - begin, {"units": "s"})
    found["current"] = ("point", step.curves["current"].values, {"units": "A"})
    return found


def figure(result: Result) -> FigureSpec:
    """Return both spectra (Nyquist, equal axes) and the current over time with I_0 and I_ss."""
    told = result.quantities[_T]
    return FigureSpec(
        name=f"transference {result.name}",
        panels=[spectra_panel(result.curves, ("before", "after")), _current_panel(result)],
        title=f"{result.name}: transference number {value_text(told)}",
        summary=f"Spectra before and after the polarization of {result.name}, and its current: {told}.",
    )


def spectra_panel(curves: Dataset, keys: Sequence[str]) -> Panel:
    """Return one Nyquist panel of spectra kept as `impedance_<key>` and `impedance_fit_<key>`."""
    traces = []
    for k, key in enumerate(keys):
        z, fit = curves[f"impedance_{key}"].values, curves[f"impedance_fit_{key}"].values
        traces.append(Trace(z.real, -z.imag, key, "points", color=k, marker=k))
        traces.append(Trace(fit.real, -fit.imag, "", "line", color=k))
    return Panel(Axis("Z' / ohm"), Axis("-Z'' / ohm"), traces, equal=True)


def _current_panel(result: Result) -> Panel:
    t, i = result.curves["time"].values, 1e6 * result.curves["current"].values
    traces = [Trace(t, i, "measured", "points", color=0)]
    lines = (
        ("initial_current", "I₀, first samples"),
        ("initial_current:eis", "I₀, EIS"),
        ("steady_state_current", "Iₛₛ"),
    )
    for color, (key, label) in enumerate(lines, start=1):
        quantity = result.quantities.get(key)
        if quantity is not None and quantity.value is not None:
            traces.append(Trace([0.0, float(t.max())], [1e6 * quantity.value] * 2, label, "dashed", color=color))
    return Panel(Axis("t / s"), Axis("I / uA"), traces)
