"""The points of an Arrhenius plot, checked and laid out as arrays."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from closo.combine.regression import tabulate
from closo.constants import BOLTZMANN
from closo.errors import DataError
from closo.quantity import Number, log

K_B = BOLTZMANN
_COLDEST, _HOTTEST = 100.0, 2000.0  # K, where solid electrolytes are measured
_RESOLVED = 5.0  # the range of temperatures must be this many times the uncertainty of one


@dataclass(frozen=True)
class Point:
    """One conductivity at one temperature."""

    temperature: Number  # [K]
    conductivity: Number  # [S/m]
    branch: str = ""  # 'heating', 'cooling', or any word that names a run; empty where unknown
    source: str = ""  # the measurement, for messages and the figure


@dataclass(frozen=True)
class Table:
    """Points as arrays, sorted by branch and temperature."""

    points: tuple[Point, ...]  # n points
    temperature: np.ndarray  # shape (n,) [K]
    ln_sigma: np.ndarray  # shape (n,), ln(sigma / (S/m))
    sigma_parts: np.ndarray  # shape (n, m), signed components of ln sigma from each source
    temperature_parts: np.ndarray  # shape (n, m), signed components of T from each source [K]
    ln_numbers: tuple[Number, ...]  # n numbers, ln sigma

    @property
    def branches(self) -> tuple[str, ...]:
        """The names of the branches, sorted."""
        return tuple(sorted({p.branch for p in self.points}))

    def distinct(self) -> np.ndarray:
        """Return the temperatures [K] that differ by more than 0.5 K, ascending (nominally equal ones count once)."""
        ordered = np.sort(self.temperature)
        return np.asarray(ordered[np.concatenate([[True], np.diff(ordered) > 0.5])])

    def subset(self, chosen: np.ndarray) -> Table:
        """Return the table of the points where `chosen`, shape (n,), is true."""
        index = np.flatnonzero(chosen)
        return replace(
            self,
            points=tuple(self.points[i] for i in index),
            temperature=self.temperature[index],
            ln_sigma=self.ln_sigma[index],
            sigma_parts=self.sigma_parts[index],
            temperature_parts=self.temperature_parts[index],
            ln_numbers=tuple(self.ln_numbers[i] for i in index),
        )


def celsius(kelvin: float) -> str:
    """Return a temperature as it is printed.

    Example
    -------
    >>> celsius(303.15)
    '30 degC'
    """
    return f"{kelvin - 273.15:.4g} degC"


def check_temperature(kelvin: float, whose: str) -> None:
    """Refuse a temperature that no solid electrolyte is measured at.

    Raises
    ------
    DataError  when it is not finite or outside 100-2000 K.
    """
    if not math.isfinite(kelvin):
        raise DataError(f"The temperature of {whose} is {kelvin}.", hint="State the temperature of every point.")
    if not _COLDEST <= kelvin <= _HOTTEST:
        meant = f"Was {kelvin:g} degC meant? " if -100.0 < kelvin < _COLDEST else ""
        raise DataError(
            f"The temperature of {whose} is {kelvin:g} K, outside {_COLDEST:g} to {_HOTTEST:g} K.",
            hint=f"{meant}Write the unit, e.g. '30 degC'.",
        )


def table_of(points: Sequence[Point], name: str) -> Table:
    """Check the points and lay them out as arrays.

    Raises
    ------
    DataError  when there is no point, a value is not finite or not positive, a temperature is implausible, or several
        points do not span a range of temperatures.
    """
    if not points:
        raise DataError(f"The Arrhenius law of '{name}' needs conductivities over temperature, and there are none.")
    for place, point in enumerate(points, start=1):
        whose = f"'{point.source}'" if point.source else f"point {place} of '{name}'"
        check_temperature(float(point.temperature.x), whose)
        sigma = float(point.conductivity.x)
        if not (math.isfinite(sigma) and sigma > 0):
            raise DataError(f"The conductivity of {whose} is {sigma:g} S/m; it must be finite and > 0.",
                            hint="Look at its fit, or leave this point out.")  # fmt: skip
        if not (math.isfinite(point.temperature.u) and math.isfinite(point.conductivity.u)):
            raise DataError(f"The uncertainty of {whose} is not finite.", hint="Look at its fit, or leave it out.")
    ordered = sorted(points, key=lambda p: (p.branch, float(p.temperature.x), float(p.conductivity.x), p.source))
    logs = [log(p.conductivity) for p in ordered]
    parts = tabulate([*logs, *(p.temperature for p in ordered)]).matrix
    table = Table(
        points=tuple(ordered),
        temperature=np.array([float(p.temperature.x) for p in ordered]),
        ln_sigma=np.array([float(y.x) for y in logs]),
        sigma_parts=parts[: len(ordered)],
        temperature_parts=parts[len(ordered) :],
        ln_numbers=tuple(logs),
    )
    _check_range(table, name)
    return table


def _check_range(table: Table, name: str) -> None:
    """Refuse several points at what is one temperature."""
    if len(table.points) < 2:
        return
    span = float(np.ptp(table.temperature))
    alone = np.count_nonzero(table.temperature_parts, axis=0) == 1
    u = float(np.sqrt((table.temperature_parts[:, alone] ** 2).sum(axis=1)).max(initial=0.0))
    low, high = celsius(float(table.temperature.min())), celsius(float(table.temperature.max()))
    if span <= max(0.01, _RESOLVED * u):
        detail = f"from {low} to {high}, each ± {u:.2g} K" if span > 0.01 else f"all at {low}"
        raise DataError(
            f"The activation energy of '{name}' needs two temperatures, but its {len(table.points)} points are {detail}.",
            hint="Measure at another temperature; points at one temperature can be averaged as replicates.",
        )
