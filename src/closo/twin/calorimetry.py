"""Heat flow of powders whose transition is declared: a skewed peak on a baseline that bends, steps and drifts.

The heat of the transition and its width are free choices; its temperature is that of the truth. What an analysis assumes
(a straight line under the peak, noise that is white) does not hold.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from closo.twin.truth import SYNTHETIC, Truth, stream

HEAT = 60e3
"""Of the transition [J/kg of salt]."""

_RATE = 10.0 / 60.0  # K/s
_LAG = 4.0  # time in which the pan's heat flows off, times the rate [K]


def heat_flow(random: np.random.Generator, *, heat: float, onset: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return time [s], temperature [K] and heat flow [W/kg], endothermic > 0, of a run from 50 to 330 degC.

    `heat` is that of a transition [J/kg] which begins at `onset` [K]; 0 where there is none.
    """
    time = np.arange(0.0, 280.0 / _RATE, 2.0)
    t = 323.15 + _RATE * time
    rise = float(random.uniform(2.0, 5.0))  # K over which heat is taken up
    z = np.maximum(t - onset, 0.0)
    peak = np.where(z > 0.0, np.minimum(z / rise, 1.0) * np.exp(-np.maximum(z - rise, 0.0) / _LAG), 0.0)
    peak = peak / (0.5 * rise + _LAG)
    x = (t - 460.0) / 140.0
    base = 1400.0 + 150.0 * x + float(random.normal(0.0, 30.0)) * x**2 + float(random.normal(0.0, 20.0)) * x**3
    step = float(random.normal(0.0, 15.0)) / (1.0 + np.exp(-(t - onset) / 4.0)) if heat else 0.0  # J/(kg K)
    flow = _RATE * (base + step + heat * peak)
    flow = flow + 2.0 * np.exp(-time / 40.0) * _RATE * 500.0  # the oven starts
    walk = np.cumsum(random.standard_normal(time.size)) * 0.03
    walk = walk - np.linspace(0.0, walk[-1], time.size)
    return time, t, flow + walk + 1.0 * random.standard_normal(time.size)


def write_run(path: Path, truth: Truth, name: str, *, heat: float) -> None:
    """Write a heating run at 10 K/min as text in the way of Proteus, exo down."""
    random = stream(truth.seed, "heat flow", name)
    time, t, flow = heat_flow(random, heat=heat, onset=truth.transition + float(random.normal(0.0, 0.5)))
    head = [
        f"#COMMENT:{SYNTHETIC}", f"#SAMPLE:{name}", "#SAMPLE MASS /mg:6.20", "#RANGE:50 degC/10.0 (K/min)/330 degC",
        "#EXO:-1", "", "##Temp./°C;Time/min;DSC/(mW/mg)",
    ]  # fmt: skip
    rows = [f"{b - 273.15:.3f};{a / 60.0:.5f};{c / 1e3:.5f}" for a, b, c in zip(time, t, flow, strict=True)]
    path.write_text("\n".join([*head, *rows, ""]), encoding="utf-8", newline="\n")
