"""Kramers-Kronig test: can any linear, causal, stable circuit explain the spectrum, and how large is its noise?

A sum of M resistor-capacitor pairs with fixed time constants (two per decade and more), a resistance, an inductance and a
*series capacitance* (a blocking cell needs it: without it the test raises false alarms of several per cent) is fitted by
linear least squares with modulus weights. M is chosen by the Bayesian information criterion.

Sources: Boukamp, J. Electrochem. Soc. 1995, 142, 1885, doi:10.1149/1.2044210; Schönleber, Klotz, Ivers-Tiffée,
Electrochim. Acta 2014, 131, 20, doi:10.1016/j.electacta.2014.01.034; Yrjänä, Bobacka, Electrochim. Acta 2024, 504,
144951, doi:10.1016/j.electacta.2024.144951. Checked by tests/techniques/impedance/test_kramers_kronig.py.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from closo.errors import DataError

__all__ = ["KramersKronig", "kramers_kronig", "lag_one", "orientation_problem"]

_TERMS = (3, 5, 8, 11, 15, 20, 27, 36)
_STRUCTURE_LIMIT = 4.0  # standard deviations of the lag-one correlation of the residuals
_LARGEST = 0.15  # noise beyond 15 % of |Z| hides everything: nothing is confirmed
_SMALLEST = 0.001  # structure below 0.1 % of |Z| is finer than any instrument's own accuracy


@dataclass(frozen=True)
class KramersKronig:
    """The outcome of the test.

    Attributes
    ----------
    fitted : complex, shape (n,), the nearest KK-consistent spectrum [ohm].
    residual : complex, shape (n,), (Z - fitted) / |Z| [1].
    noise : standard deviation of Re and Im relative to |Z|, corrected for the degrees of freedom [1].
    terms : number of RC pairs.
    structure : lag-one correlation of the residuals, in standard deviations of white noise.
    passed : the residuals look like noise, and are less than 15 % of |Z|.
    """

    fitted: np.ndarray
    residual: np.ndarray
    noise: float
    terms: int
    structure: float
    passed: bool


def kramers_kronig(frequency: np.ndarray, impedance: np.ndarray) -> KramersKronig:
    """Test a spectrum.

    Parameters
    ----------
    frequency : shape (n,), > 0 [Hz], any order, n >= 6.
    impedance : complex, shape (n,) [ohm].

    Raises
    ------
    DataError  with fewer than 6 points.
    """
    if frequency.size < 6:
        raise DataError(f"The Kramers-Kronig test needs 6 frequencies; there are {frequency.size}.")
    order = np.argsort(-frequency, kind="stable")
    f, z = frequency[order], impedance[order]
    weight = 1.0 / np.abs(z)
    target = _stack(z * weight)
    best = None
    for terms in _TERMS:
        matrix = _stacked_columns(f, terms, weight)
        if matrix.shape[1] > 0.7 * target.size:
            break
        q = np.linalg.qr(matrix)[0]  # projection: needs no solution, so nearly dependent columns do no harm
        left = target - q @ (q.T @ target)
        criterion = target.size * np.log(max(left @ left, 1e-28) / target.size) + matrix.shape[1] * np.log(target.size)
        if best is None or criterion < best[0]:
            best = (criterion, terms, left, matrix.shape[1])
    assert best is not None
    _, terms, left, used = best
    residual = left[: f.size] + 1j * left[f.size :]
    noise = float(np.sqrt(left @ left / max(target.size - used, 1)))
    structure = lag_one(residual, used)
    back = np.empty_like(order)
    back[order] = np.arange(order.size)
    residual = residual[back]
    passed = (structure < _STRUCTURE_LIMIT or noise < _SMALLEST) and noise < _LARGEST
    return KramersKronig(impedance - residual * np.abs(impedance), residual, noise, terms, structure, passed)


def orientation_problem(frequency: np.ndarray, impedance: np.ndarray, found: KramersKronig) -> str | None:
    """Say whether the columns seem to be swapped or their sign inverted, judged by which reading obeys Kramers-Kronig.

    Returns None when the spectrum as it stands is the most consistent reading, or none is consistent.
    """
    if found.noise < 0.01:
        return None
    readings = {
        "the sign of Z'' inverted (the file holds -Z'')": np.conj(impedance),
        "Z' and Z'' swapped": impedance.imag + 1j * impedance.real,
        "Z' and -Z'' swapped": -impedance.imag - 1j * impedance.real,
    }
    possible = {name: z for name, z in readings.items() if np.mean(z.real > 0) > 0.9}
    for name, z in possible.items():
        noise = kramers_kronig(frequency, z).noise
        if noise < 0.2 * found.noise and noise < 0.03:
            return name
    return None


def _stacked_columns(f: np.ndarray, terms: int, weight: np.ndarray) -> np.ndarray:
    """Return the basis, shape (2n, terms + 3), Re above Im: RC pairs, resistance, inductance, series capacitance."""
    w = 2 * np.pi * f
    lowest, highest = 0.3 / w.max(), 3.0 / w.min()
    tau = np.exp(np.linspace(np.log(lowest), np.log(highest), terms))
    x = w[:, None] * tau
    matrix = np.zeros((2 * f.size, terms + 3))
    real, imag = matrix[: f.size], matrix[f.size :]
    real[:, :terms] = weight[:, None] / (1.0 + x * x)
    imag[:, :terms] = -x * real[:, :terms]
    real[:, terms] = weight
    imag[:, terms + 1] = weight * (w / w.max())
    imag[:, terms + 2] = -weight * (w.min() / w)
    return matrix


def _stack(z: np.ndarray) -> np.ndarray:
    return np.concatenate([z.real, z.imag])


def lag_one(residual: np.ndarray, used: int) -> float:
    """Return the lag-one correlation of Re and Im along frequency, in units of its standard deviation for white noise.

    Parameters
    ----------
    residual : complex, shape (n,), in order of frequency.
    used : parameters that the fit took out.
    """
    products = residual.real[1:] * residual.real[:-1] + residual.imag[1:] * residual.imag[:-1]
    power = np.sum(np.abs(residual) ** 2)
    if power == 0:
        return 0.0
    expected = -used / (2 * residual.size)  # a fit takes out slow variation, which leaves the rest anticorrelated
    return float((products.sum() / power - expected) * np.sqrt(2 * residual.size))
