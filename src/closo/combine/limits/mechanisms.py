"""What can limit a cell: the mechanisms that are scored, each as one parameter of the model that is slow.

A mechanism has a value at 20 degC (spread evenly over its logarithm, or over itself), an activation energy with a prior,
and a factor by which two cells of different recipe may differ. What it predicts depends on its value at the temperature
of the cell alone, so that one row of simulations per cell serves all energies.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from closo.models.cell.stack import Stack


@dataclass(frozen=True)
class Mechanism:
    """A mechanism that may limit a cell."""

    name: str  # as it is called
    field: str  # of `Stack` that it sets, '' for none
    energy_field: str  # its energy, '' where it has none
    low: float  # lowest value at the temperature of a cell
    high: float  # highest one; the range is logarithmic unless `linear`
    energy: tuple[float, float]  # mean and standard deviation of its activation energy [eV]
    # Standard deviation of ln(value) (of the value, if linear) from cell to cell; None if not shared.
    spread: float | None
    unit: str  # of the value
    linear: bool = False

    def grid(self, count: int) -> np.ndarray:
        """Return coordinates of its values: their logarithms, or themselves."""
        low, high = (self.low, self.high) if self.linear else (np.log(self.low), np.log(self.high))
        return np.linspace(low, high, count)

    def on(self, stack: Stack, coordinate: float) -> Stack:
        """Return a cell in which the mechanism has a value, at whatever temperature it is simulated."""
        value = float(coordinate) if self.linear else float(np.exp(coordinate))
        changes = {self.field: value} | ({self.energy_field: 0.0} if self.energy_field else {})
        return replace(stack, **changes)  # type: ignore[arg-type]


MECHANISMS = (
    Mechanism("slow diffusion", "diffusivity", "diffusion_energy", 1e-20, 1e-16, (0.55, 0.15), 0.2, "m2/s"),
    Mechanism("charge transfer", "exchange_current_density", "exchange_energy", 3e-6, 3e-2, (0.6, 0.15), 0.3, "A/m2"),
    Mechanism("electronic path", "electronic_conductivity", "electronic_energy", 1e-7, 3e-3, (0.4, 0.15), 1.1, "S/m"),
    Mechanism("tortuosity", "bruggeman", "", 2.0, 9.0, (0.0, 0.0), 0.5, "1", linear=True),
    Mechanism("isolated grains", "active_share", "", 0.1, 0.98, (0.0, 0.0), None, "1", linear=True),
    Mechanism("separator", "separator_factor", "separator_energy", 1e-3, 0.8, (0.2, 0.15), 0.4, "1"),
    Mechanism("sodium interface", "sodium_exchange", "sodium_energy", 1e-4, 1.0, (0.55, 0.2), 0.4, "A/m2"),
    # two that are no process of the model, but look like one: material that dies in the first charge, and a distance of
    # charge and discharge that is there without current
    Mechanism("first-charge loss", "", "", 0.2, 0.98, (0.0, 0.0), None, "1", linear=True),
    Mechanism("own hysteresis", "", "", 0.05, 0.6, (0.0, 0.0), 0.02, "V", linear=True),
)
NONE = "none"  # nothing slow: the cell as published and assumed
OTHER = "something else"  # capacity and distance of each cell as they are, whatever the reason
