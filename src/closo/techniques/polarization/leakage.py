"""Steady currents between blocking electrodes -> electronic conductivity, or how large it can be at most."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import chdtrc, stdtrit

from closo.quantity import Number, Quantity, sources, uncertain, withheld
from closo.result import Check

_APART = 0.02  # V; steps closer than this count as one voltage
_AGAINST = 0.9999  # interval that lies below zero where the sign of a column is wrong
_LINEAR = 0.01  # p-value below which the currents do not lie on a line


def leakage(
    currents: Sequence[Number],
    volts: Sequence[Number],
    *,
    constant: Number | None,
    name: str,
) -> tuple[dict[str, Quantity], list[Check]]:
    """Return the electronic conductivity with its checks.

    Parameters
    ----------
    currents, volts : steady current [A] and voltage [V] of each step.
    constant : thickness / area [1/m], None where it is not known.
    name : of the measurement.
    """
    values = np.array([float(v.x) for v in volts])
    if np.ptp(values) > max(_APART, 0.1 * float(np.max(np.abs(values)))):
        conductance, checks = _slope(currents, volts, name)
        method = f"slope of I_inf against V through {len(currents)} steps, free of the current offset"
    else:
        largest = int(np.argmax(np.abs(values)))
        conductance, checks = currents[largest] / volts[largest], []
        method = f"I_inf/V at {1e3 * values[largest]:.4g} mV"
    found, floor = _conductivity(conductance, constant, method)
    return found, [floor, *checks]


def _slope(currents: Sequence[Number], volts: Sequence[Number], name: str) -> tuple[Number, list[Check]]:
    """Return dI/dV [S] by weighted regression; the weights know only what is each current's own.

    Beyond two voltages the scatter about the line is compared with the currents' own uncertainties; what exceeds them is a
    source of its own.
    """
    v = np.array([float(x.x) for x in volts])
    i = np.array([float(x.x) for x in currents])
    own = np.array([_own(x) for x in currents])
    w = 1.0 / np.maximum(own, 1e-3 * own.max() + 1e-30) ** 2
    centre = float(np.sum(w * v) / np.sum(w))
    lever = w * (v - centre) / np.sum(w * (v - centre) ** 2)
    slope = lever[0] * currents[0]
    for weight, current in zip(lever[1:], currents[1:], strict=True):
        slope = slope + weight * current
    value = float(slope.x)
    # readings of the voltage: an offset cancels, a random part moves single points
    for weight, volt in zip(lever, volts, strict=True):
        slope = slope - value * weight * (volt - float(volt.x))
    if v.size < 3:
        return slope, [Check("linear in voltage", None, f"{v.size} voltages: a line cannot be judged")]
    rest = i - np.sum(w * i) / np.sum(w) - value * (v - centre)
    chi2, df = float(np.sum(w * rest**2)), v.size - 2
    p = float(chdtrc(df, chi2))
    detail = f"chi2 {chi2:.2g} for {df} degrees of freedom about the line, p = {p:.2g} (limit {_LINEAR})"
    if p < _LINEAR:
        extra = float(np.sqrt(chi2 / df - 1.0) / np.sqrt(np.sum(w * (v - centre) ** 2)))
        slope = slope + uncertain(0.0, {f"nonlinearity:{name}": extra}, df=df)
    return slope, [Check("linear in voltage", bool(p >= _LINEAR), detail)]


def _own(current: Number) -> float:
    """Return what a current has of its own: the fit of its tail, its model and what lies beyond the end."""
    mine = sum(
        u * u
        for label, (u, _) in sources(current).items()
        if label.startswith(("fit:", "tail model:", "extrapolation:"))
    )
    return float(np.sqrt(mine))


def _conductivity(conductance: Number, constant: Number | None, method: str) -> tuple[dict[str, Quantity], Check]:
    """Return sigma_e where it can be told from zero, else the reason, and the upper limit; and the check of the floor."""
    name = "electronic_conductivity"
    key = f"{name}:upper_limit"
    as_quantity = Quantity(name, conductance)
    value, u = float(conductance.x), as_quantity.u or 0.0
    low, high = as_quantity.interval() or (np.nan, np.nan)
    above = low > 0.0
    detail = (
        f"conductance {1e9 * value:.3g} nS with u = {1e9 * u:.3g} nS, 95 % from {1e9 * low:.3g} to {1e9 * high:.3g} nS"
    )
    if high < 0.0:
        detail += "; the current flows against the voltage: is the sign of one of the columns swapped?"
    if (as_quantity.interval(_AGAINST) or (np.nan, np.nan))[1] < 0.0:  # no chance, as a draw below zero may be
        lost = {k: withheld(name, detail, method=method) for k in (name, key)}
        return lost, Check("floor of the instrument", False, detail)
    if constant is None:
        why = "needs area and thickness of the pellet"
        lost = {name: withheld(name, why)} | ({} if above else {key: withheld(name, why)})
        return lost, Check("floor of the instrument", above, detail)
    sigma = conductance * constant
    check = Check("floor of the instrument", above, detail)
    if above:
        return {name: Quantity(name, sigma, f"L/A x {method}")}, check
    why = f"not above the floor of the instrument (noise, offset, and a tail that is not over): {detail}"
    factor = float(stdtrit(min(Quantity(name, sigma).df, 1e9), 0.95))
    # the bound on the conductance is a number without error; what area and thickness are worth stays with it
    limit = (max(value, 0.0) + factor * (Quantity(name, sigma).u or 0.0) / float(constant.x)) * constant
    how = f"one-sided 95 %: best value (not below 0) + {factor:.2f} u; {method}"
    return {name: withheld(name, why, method=method), key: Quantity(name, limit, how)}, check
