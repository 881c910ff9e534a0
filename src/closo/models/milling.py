"""Ball milling: how hard and how often the balls hit, and what a salt makes of it over time.

Kinematics of the planetary mill: a ball leaves the wall when the forces along the radius are in balance, flies, and gives
the difference of its kinetic energies to the powder. That is an *upper bound* (all balls fly, none slides or rolls) and a
relative axis between settings of one mill; measured ball motion departs from it (Rosenkranz et al. 2011).

Three laws of the shares of A (as received), B (what milling makes of it) and C (over-milled) over time:

| law | share of A | share of B |
|---|---|---|
| consecutive | exp(-k1 t) | of A -> B -> C, both of first order |
| impacts | less than n1 hits | n1 hits or more, less than n2; the hits on a small volume are Poisson's, k1 t on average |
| JMAK | exp(-(k1 t)^n) | what is no longer A, less its own decay of first order (k2) |

Sources
-------
Kinematics: Burgio et al., Nuovo Cimento D 1991, 13, 459, 10.1007/BF02452130. Ball motion: Rosenkranz, Breitung-Faes, Kwade,
Powder Technol. 2011, 212, 224, 10.1016/j.powtec.2011.05.021; review: Burmeister, Kwade, Chem. Soc. Rev. 2013, 42, 7660,
10.1039/c3cs35455e. Impact statistics: Delogu, Cocco, J. Mater. Sci. 2004, 39. JMAK: Avrami, J. Chem. Phys. 1939, 7, 1103.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from closo.errors import StudyError
from closo.number import Number, value_of

Shares = tuple[np.ndarray, np.ndarray, np.ndarray]  # of A, B, C; they add up to 1


# --- the mill -------------------------------------------------------------------------------------------------------


def impact_energy(
    speed: Number, ball_mass: Number, *, ball_diameter: Number, vial_diameter: Number, disc_radius: Number, ratio: float
) -> Number:
    """Return the energy [J] that a ball can give to the powder in one hit, at most.

    Parameters
    ----------
    speed : of the sun disc [1/s, turns].
    ball_mass : [kg]; ball_diameter, vial_diameter : [m], the latter inside.
    disc_radius : from the axis of the disc to that of the vial [m].
    ratio : speed of the vial over that of the disc; negative where they turn against each other.

    Raises
    ------
    StudyError  when the vial turns with the disc, or a ball does not fit into it.

    Example
    -------
    400 turns a minute, balls of 0.98 g and 6.3 mm in a vial of 41 mm on a disc of 70 mm:

    >>> energy = impact_energy(400 / 60, 0.98e-3, ball_diameter=6.3e-3, vial_diameter=41e-3, disc_radius=70e-3, ratio=-2.0)
    >>> round(energy * 1e3, 1)
    8.3
    """
    arm = 0.5 * (vial_diameter - ball_diameter)
    if not ratio < 0.0:
        raise StudyError(
            f"speed_ratio = {ratio:g} cannot be: the vial turns against the disc.", hint="Write it negative, as -2."
        )
    if not value_of(arm) > 0.0:
        raise StudyError("The ball is larger than the vial.", hint="Correct ball_diameter or vial_diameter.")
    disc = 2.0 * math.pi * speed
    return -ball_mass * disc * disc * (ratio**3 * arm + ratio * disc_radius) * arm


def impact_rate(speed: Number, ratio: float) -> Number:
    """Return how often one ball hits [1/s]: once for each turn of the vial against the disc; `speed` [1/s, turns].

    Example
    -------
    >>> round(impact_rate(400 / 60, -2.0), 1)
    20.0
    """
    return speed * (1.0 - ratio)


def milling_dose(energy: Number, rate: Number, *, ball_mass: Number, ball_to_powder: Number, time: Number) -> Number:
    """Return the energy per mass of powder [J/kg], at most: hits of `energy` [J] at `rate` [1/s] for a net `time` [s].

    Example
    -------
    >>> round(milling_dose(8.4e-3, 20.0, ball_mass=0.98e-3, ball_to_powder=140.0, time=4 * 3600.0) / 1e6)   # MJ/kg
    346
    """
    return energy * rate * time * ball_to_powder / ball_mass


def duty(pattern: str) -> float | None:
    """Return the share of the time in which the mill runs, from words like '5 min on / 5 min off'; None where they say none.

    Example
    -------
    >>> duty("5 min on / 5 min off"), duty("15 min on, 5 min pause"), duty("gently")
    (0.5, 0.75, None)
    """
    units = {"s": 1.0, "min": 60.0, "h": 3600.0}
    found = re.findall(r"(\d+(?:\.\d+)?)\s*(s|min|h)\b\s*(on|off|pause|rest|milling)?", pattern)
    times = [float(number) * units[unit] for number, unit, _ in found]
    if len(times) != 2 or min(times) < 0 or sum(times) <= 0 or found[0][2] in ("off", "pause", "rest"):
        return None
    return times[0] / sum(times)


# --- the salt -------------------------------------------------------------------------------------------------------


def share_formed(time: np.ndarray | float, form: np.ndarray, decay: np.ndarray | float) -> np.ndarray:
    """Return the share of B for A -> B -> C of first order with these rates, also where they are equal.

    Example
    -------
    >>> float(share_formed(4.0, np.array(0.640), 0.064).round(3))
    0.774
    """
    x = np.abs((form - decay) * time)
    part = np.where(x < 1e-8, 1.0, -np.expm1(-x) / np.where(x < 1e-8, 1.0, x))
    return np.asarray(np.clip(form * time * np.exp(-np.minimum(form, decay) * time) * part, 0.0, 1.0))


def consecutive(time: np.ndarray, values: Mapping[str, np.ndarray]) -> Shares:
    """Return the shares for A -> B -> C of first order with rates k1 and k2."""
    left, made = np.exp(-values["k1"] * time), share_formed(time, values["k1"], values["k2"])
    return left, made, np.clip(1.0 - left - made, 0.0, 1.0)


def impacts(time: np.ndarray, values: Mapping[str, np.ndarray]) -> Shares:
    """Return the shares where B takes n1 hits and C takes n2 = n1 + more; neither has to be whole."""
    from scipy.special import gammaincc

    hits = values["k1"] * time
    left, kept = gammaincc(values["n1"], hits), gammaincc(values["n1"] + values["more"], hits)
    return left, kept - left, 1.0 - kept


def jmak(time: np.ndarray, values: Mapping[str, np.ndarray]) -> Shares:
    """Return the shares where A goes as Johnson, Mehl, Avrami and Kolmogorov say, and B with rate k2."""
    left = np.exp(-np.minimum((values["k1"] * time) ** values["n"], 700.0))
    kept = (1.0 - left) * np.exp(-values["k2"] * time)
    return left, kept, 1.0 - left - kept


@dataclass(frozen=True)
class Law:
    """A law of the shares: its name, what it says, its parameters besides k1, and the function."""

    name: str
    title: str
    parameters: tuple[str, ...]
    shares: Callable[[np.ndarray, Mapping[str, np.ndarray]], Shares]


LAWS = (
    Law("consecutive", "two reactions of first order", ("k2",), consecutive),
    Law("impacts", "a number of hits for each step", ("n1", "more"), impacts),
    Law("JMAK", "nucleation and growth, then decay", ("n", "k2"), jmak),
)


def shares(law: str, time: np.ndarray, values: Mapping[str, np.ndarray]) -> Shares:
    """Return the shares of A, B and C by the name of a law; `time` and `values` broadcast; k in 1 over the unit of time.

    Example
    -------
    >>> a, b, c = shares("consecutive", np.array([4.0]), {"k1": np.array(0.640), "k2": np.array(0.064)})
    >>> [float(x[0].round(3)) for x in (a, b, c)]
    [0.077, 0.774, 0.148]
    """
    return next(known for known in LAWS if known.name == law).shares(np.asarray(time, float), values)
