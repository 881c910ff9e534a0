"""Diffusion into a sphere of Prussian white, and its potential.

For a flux at the surface the content there is the mean plus a sum of modes, each of which follows the rate y' at which
the mean changes (Crank, The Mathematics of Diffusion, 2nd ed., 1975, eq. 6.45, from memory; checked in the tests against
radial finite volumes):

    q_k' = -a_k^2 (D/R^2) q_k + (2/3) y',   y_s = y + sum_k q_k,   tan(a_k) = a_k

A constant rate is integrated exactly over a step of any length; modes beyond the last one are at their steady state.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_MODES = 30


def _roots(count: int) -> np.ndarray:
    """Return the first positive solutions of tan(a) = a, shape (count,)."""
    k = np.arange(1, count + 1)
    a = (k + 0.5) * np.pi
    for _ in range(20):
        a = k * np.pi + np.arctan(a)
    return np.asarray(a)


_SQUARES = _roots(_MODES) ** 2
_REST = 0.1 - float(np.sum(1.0 / _SQUARES))  # of sum 1/a^2 = 1/10, what the modes beyond the last one hold


@dataclass(frozen=True)
class Particle:
    """Content of a particle, 0 to 1: `mean`, and the `modes` of its profile at the surface, shape (30,)."""

    mean: float
    modes: np.ndarray


def fresh(content: float) -> Particle:
    """Return a particle of the same content everywhere."""
    return Particle(content, np.zeros(_MODES))


def advanced(particle: Particle, rate: float, frequency: float, duration: float) -> Particle:
    """Return the particle after `duration` [s] at a constant `rate` of the mean content [1/s].

    Parameters
    ----------
    frequency : D/R^2 [1/s].
    """
    decay = _SQUARES * frequency
    remains = np.exp(-decay * duration)
    modes = particle.modes * remains + (2.0 / 3.0) * rate / decay * (1.0 - remains)
    return Particle(particle.mean + rate * duration, modes)


def surface(particle: Particle, rate: float, frequency: float) -> float:
    """Return the content at the surface while the mean changes at `rate` [1/s]; `frequency` is D/R^2 [1/s]."""
    return float(particle.mean + particle.modes.sum() + (2.0 / 3.0) * _REST * rate / frequency)


def open_circuit_potential(content: float) -> float:
    """Return the potential of Prussian white against Na+/Na [V] for a content of Na between 0 and 1 (2 Na).

    One flat plateau near 3.5 V with steep ends; free. Dehydrated Prussian white has one plateau at 3.53 V on charge and
    3.44 V on discharge (Song et al., J. Am. Chem. Soc. 2015, 137, 2658).
    """
    x = min(max(content, -0.05), 1.05)
    return float(3.485 + 0.04 * (0.5 - x) + 0.75 * np.exp(-40.0 * x) - 1.6 * np.exp(-40.0 * (1.0 - x)))


def titanium_disulfide(content: float) -> float:
    """Return the potential of TiS2 against Na+/Na [V] for a content of Na between 0 and 1; free: 2.2 to 1.6 V, one step."""
    x = min(max(content, -0.05), 1.05)
    slope = 1.93 - 0.28 * (x - 0.5) - 0.08 * np.tanh((x - 0.5) / 0.05)
    return float(slope + 0.40 * np.exp(-40.0 * x) - 0.90 * np.exp(-40.0 * (1.0 - x)))
