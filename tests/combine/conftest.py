"""A pellet measured over temperature, with the nuisances of a laboratory."""

from collections.abc import Callable

import numpy as np
import pytest

from closo.combine.arrhenius import Point
from closo.quantity import uncertain

K_B_EV = 8.617333262e-5  # eV/K


def arrhenius_law(energy: float, log_prefactor: float) -> Callable[[float], float]:
    """ln sigma [S/m] of ln(sigma T) = ln(10) log_prefactor - energy/kT; energy in eV, prefactor in S K/m."""
    return lambda kelvin: np.log(10.0) * log_prefactor - energy / (K_B_EV * kelvin) - np.log(kelvin)


def kinked_law(low: float, high: float, transition: float, jump: float = 0.0) -> Callable[[float], float]:
    """ln sigma with another energy above `transition`, and a step of `jump` in ln sigma."""

    def law(kelvin: float) -> float:
        above = kelvin >= transition
        slope = (high if above else low) / K_B_EV
        return 5.0 - slope * (1.0 / kelvin - 1.0 / transition) + jump * above - np.log(kelvin)

    return law


def measured_pellet(
    rng: np.random.Generator,
    celsius: list[float],
    law: Callable[[float], float],
    *,
    name: str = "p",
    branches: list[str] | None = None,
    thickness: float = 0.02,
    area: float = 0.01,
    offset: float = 0.5,
    scatter: float = 0.1,
    fit: float | list[float] = 0.005,
    hysteresis: float = 0.0,
    unstated: float = 0.0,
    drawn: dict[str, float] | None = None,
) -> list[Point]:
    """Draw every nuisance once as its stated uncertainty says, and return the points as an analyst gets them.

    drawn : nuisances shared with another pellet, in units of their u ('offset', 'area').
    unstated : scatter of ln sigma that the uncertainties do not know of.
    """
    shared = {"offset": rng.normal(), "area": rng.normal()} | (drawn or {})
    geometry = thickness * rng.normal() - area * shared["area"]
    fits = [fit] * len(celsius) if isinstance(fit, float) else fit
    points = []
    for i, (t, branch, u) in enumerate(zip(celsius, branches or ["heating"] * len(celsius), fits, strict=True)):
        kelvin = t + 273.15
        ln_sigma = law(kelvin - offset * shared["offset"] - scatter * rng.normal())
        ln_sigma += hysteresis * (0.5 if branch == "cooling" else -0.5) + geometry
        sigma = float(np.exp(ln_sigma + u * rng.normal() + unstated * rng.normal()))
        points.append(
            Point(
                uncertain(kelvin, {"temperature offset:oven": offset, f"temperature:{name}.{i}": scatter}),
                uncertain(
                    sigma,
                    {f"thickness:{name}": thickness * sigma, "area:die": -area * sigma, f"fit:{name}.{i}": u * sigma},
                ),
                branch,
                f"{name}.{i}",
            )
        )
    return points


@pytest.fixture
def pellet():
    return measured_pellet


@pytest.fixture
def straight():
    return arrhenius_law


@pytest.fixture
def kinked():
    return kinked_law
