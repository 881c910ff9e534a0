"""The ways to write an impedance, and how each becomes Z = Z' + jZ''. Im Z < 0 is capacitive; w = 2 pi f.

====================================  ====================================================
columns                               impedance
====================================  ====================================================
Z', Z'' (also Rs and X)               Z' + jZ''
|Z| and the phase phi                 |Z| exp(j phi); phi < 0 is capacitive
|Y| and the phase of Y                exp(-j phi) / |Y|; phi > 0 is capacitive
conductance G and susceptance B       1 / (G + jB)
Cp and Rp, Cp and G                   1 / (1/Rp + jwCp), 1 / (G + jwCp)
Cp and D, Cp and Q                    1 / (wCp (D + j)), with D = 1/Q
Cs and Rs                             Rs + 1/(jwCs)
Cs and D, Cs and Q                    (D - j) / (wCs)
Ls and Rs, Lp and Rp                  Rs + jwLs, 1 / (1/Rp + 1/(jwLp))
====================================  ====================================================

All are exact: an equivalent circuit of two elements at one frequency is another way to write one complex number. A negative
capacitance is how a meter shows an inductance; its D and Q have either sign then, by the maker, and are taken as losses.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np

PAIRS: tuple[tuple[str, str], ...] = (  # in the order of preference
    ("impedance_real", "impedance_imag"),
    ("impedance_modulus", "phase"),
    ("conductance", "susceptance"),
    ("admittance_modulus", "admittance_phase"),
    ("admittance_modulus", "phase"),
    ("parallel_capacitance", "parallel_resistance"),
    ("parallel_capacitance", "conductance"),
    ("parallel_capacitance", "dissipation"),
    ("parallel_capacitance", "quality"),
    ("series_capacitance", "impedance_real"),
    ("series_capacitance", "dissipation"),
    ("series_capacitance", "quality"),
    ("series_inductance", "impedance_real"),
    ("parallel_inductance", "parallel_resistance"),
)


def pair_in(names: Collection[str | None]) -> tuple[str, str] | None:
    """Return the two columns that make an impedance, None where there are no such two.

    Example
    -------
    >>> pair_in({"frequency", "parallel_capacitance", "dissipation"}), pair_in({"frequency", "phase"})
    (('parallel_capacitance', 'dissipation'), None)
    """
    return next((pair for pair in PAIRS if pair[0] in names and pair[1] in names), None)


def with_impedance(columns: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the columns with impedance_real and impedance_imag in place of the two that make an impedance otherwise.

    Parameters
    ----------
    columns : name -> values [SI], shape (n,). Z' and Z'', or |Z| and the phase, are left as they are.

    Example
    -------
    >>> z = with_impedance({"frequency": np.ones(1), "conductance": np.ones(1), "susceptance": np.ones(1)})
    >>> z["impedance_real"].tolist(), z["impedance_imag"].tolist()
    ([0.5], [-0.5])
    """
    pair = pair_in(columns) if "frequency" in columns else None
    if pair is None or pair in PAIRS[:2]:
        return dict(columns)
    with np.errstate(all="ignore"):
        impedance = _impedance(pair, columns[pair[0]], columns[pair[1]], 2j * np.pi * columns["frequency"])
    kept = {name: values for name, values in columns.items() if name not in pair}
    return kept | {"impedance_real": impedance.real.copy(), "impedance_imag": impedance.imag.copy()}


def _impedance(pair: tuple[str, str], first: np.ndarray, second: np.ndarray, jw: np.ndarray) -> np.ndarray:
    """Return Z of two columns; a lossy element is written as its loss in siemens or ohm beside its reactance."""
    kind, other = pair
    if other == "quality":
        other, second = "dissipation", 1.0 / second
    if kind == "series_inductance":
        return np.asarray(second + jw * first)
    if kind == "series_capacitance":
        loss = _loss(1.0 / (jw.imag * first), second) if other == "dissipation" else second
        return np.asarray(loss + 1.0 / (jw * first))
    if kind == "admittance_modulus":
        return np.asarray(np.exp(-1j * second) / first)
    if kind == "conductance":
        return np.asarray(1.0 / (first + 1j * second))
    reactive = 1.0 / (jw * first) if kind == "parallel_inductance" else jw * first
    losses = {"conductance": second, "parallel_resistance": 1.0 / second, "dissipation": _loss(reactive.imag, second)}
    return np.asarray(1.0 / (losses[other] + reactive))


def _loss(reactive: np.ndarray, dissipation: np.ndarray) -> np.ndarray:
    """Return the loss beside a reactive part, in its unit; beside a negative one D counts as its size."""
    return np.asarray(np.where(reactive < 0, np.abs(reactive * dissipation), reactive * dissipation))
