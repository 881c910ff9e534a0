"""One row of the nomenclature."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial

from closo.constants import ELECTRONVOLT


@dataclass(frozen=True)
class Name:
    """One row of the nomenclature: SI = shown * factor + offset."""

    name: str  # the field's standard term, spelled out
    symbol: str  # as printed in papers
    si: str  # unit inside closo
    shown: str  # unit in reports, tables and JSON
    factor: float
    meaning: str  # one line
    positive: bool = False  # True where it cannot be <= 0; its interval is then formed in the logarithm
    offset: float = 0.0

    @property
    def largest(self) -> float:
        """Size [SI] beyond which a typed number is a slip of the unit or the exponent."""
        return _LARGEST.get(self.name, math.inf)

    @property
    def label(self) -> str:
        """Axis label in the IUPAC form 'symbol / unit'."""
        return f"{self.symbol} / {self.shown}" if self.shown != "1" else self.symbol


positive = partial(Name, positive=True)
"""A row of a quantity that cannot be <= 0."""

# No laboratory has more of it [SI]. (What is merely unusual is a question of `closo check`.)
_LARGEST = {
    "temperature": 5e3, "transition_temperature": 5e3, "temperature_difference": 5e3, "milling_time": 3e8,
    "duration": 3e9, "thickness": 10.0, "diameter": 10.0, "area": 100.0, "mass": 1e3, "density": 3e4,
    "pressure": 1e12, "force": 1e9, "ionic_conductivity": 1e9, "electronic_conductivity": 1e9,
    "activation_energy": 100.0 * ELECTRONVOLT, "frequency": 1e16, "potential": 1e6, "voltage": 1e6, "current": 1e6,
}  # fmt: skip
