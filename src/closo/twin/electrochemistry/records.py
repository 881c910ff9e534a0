"""What one cell leaves behind: its file, what a notebook says of it, and the truth; and the lines of study.toml for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from closo.toml import toml_table
from closo.twin.runs import CHAMBER
from closo.twin.truth import ZERO_CELSIUS, Truth, stream

OVEN = {"chamber": CHAMBER}


@dataclass(frozen=True)
class CellRecord:
    """One cell and its file."""

    name: str
    figure: str  # of the reference study that it stands for
    file: str  # its name in `raw`
    cell: dict[str, Any]  # entries of `[cells.NAME]`, as a notebook has them
    measurements: tuple[dict[str, Any], ...]  # entries of each `[[measurements]]`, without `cell` and `file`
    truth: dict[str, float]  # key -> value [SI], never seen by an analysis
    tables: dict[str, dict[str, Any]] = field(default_factory=dict)  # further tables: name -> entries

    @property
    def lines(self) -> list[str]:
        """The lines of study.toml for this cell; each table ends with an empty line."""
        lines = [line for name, entries in self.tables.items() for line in toml_table(f"[{name}]", entries)]
        lines += toml_table(f"[cells.{self.name}]", self.cell)
        for measurement in self.measurements:
            entries = {
                "cell": self.name,
                "technique": measurement["technique"],
                "file": f"raw/{self.file}",
            } | measurement
            lines += toml_table("[[measurements]]", entries)
        return lines


def oven_temperature(truth: Truth, setpoint: float, name: str) -> float:
    """Return the true temperature [K] of a cell in the oven at `setpoint` [degC].

    The oven is that of the pellets: its offset is drawn once for a whole study.
    """
    u = truth.nuisances
    offset = u.temperature_offset * float(stream(truth.seed, "chamber", CHAMBER).standard_normal())
    scatter = u.temperature_scatter * float(stream(truth.seed, "oven", name).standard_normal())
    return setpoint + ZERO_CELSIUS + offset + scatter


def reading(truth: Truth, setpoint: float) -> str:
    """Return what the notebook says of that temperature."""
    return f"{setpoint:g} ± {truth.nuisances.temperature_scatter:g} degC"
