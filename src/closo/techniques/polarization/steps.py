"""Where a record of current over time steps from one voltage to the next."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from closo.dataset import Dataset
from closo.errors import DataError

_LEAST = 20  # samples of a step
_JUMP = 8.0  # standard deviations of the readings that make a step
_SMALLEST_JUMP = 5e-4  # V


@dataclass(frozen=True)
class Step:
    """One voltage, from the moment it was applied."""

    start: int  # row; `data[start:stop]` belong to it
    stop: int
    begin: float  # time of the step [s], on the clock of the record
    voltage: float  # [V], against the rest potential where the file states one
    voltage_u: float  # standard error of the readings [V], 0 where the voltage was typed


def find_steps(data: Dataset, time: np.ndarray, typed: float | None) -> tuple[list[Step], str]:
    """Split a record at its voltage steps.

    Parameters
    ----------
    time : shape (n,) [s], rising.
    typed : the setting `voltage` [V]; it wins over the file where there is one step only.

    Returns
    -------
    steps, and a sentence on where the voltage comes from.

    Raises
    ------
    DataError  when no voltage is known, or no step is long enough.
    """
    name = next((n for n in ("voltage", "potential") if n in data), None)
    if name is None:
        if typed is None:
            raise DataError(
                f"polarization needs the applied voltage, which '{data.attrs.get('title')}' does not hold.",
                file=data.attrs.get("source"),
                hint="Give it: --set voltage=0.010 (in volts).",
            )
        if time.size < _LEAST:
            raise _too_few(data, time.size)
        return [_step(time, (0, time.size), typed)], "as typed"
    rest, origin = _rest_potential(data.attrs.get("metadata", {}))
    readings = np.asarray(data[name].values, float) - rest
    steps = [_from_readings(time, readings, a, b) for a, b in _pieces(readings) if b - a >= _LEAST]
    if not steps:
        raise _too_few(data, time.size)
    if typed is not None and len(steps) == 1:
        only = steps[0]
        return [Step(only.start, only.stop, only.begin, typed, 0.0)], "as typed"
    return steps, f"mean of the {name} readings{origin}"


def _too_few(data: Dataset, count: int) -> DataError:
    return DataError(
        f"polarization needs at least {_LEAST} samples at one voltage; '{data.attrs.get('title')}' has {count} in all.",
        file=data.attrs.get("source"),
        hint="Measure longer, or sample faster.",
    )


def _pieces(readings: np.ndarray) -> list[tuple[int, int]]:
    """Return the rows between jumps of the voltage."""
    jumps = np.abs(np.diff(readings))
    spread = 1.4826 * float(np.median(np.abs(jumps - np.median(jumps)))) if jumps.size else 0.0
    least = max(_JUMP * spread, _SMALLEST_JUMP, 0.02 * float(np.ptp(readings)) if readings.size else 0.0)
    edges = [0, *(int(k) + 1 for k in np.flatnonzero(jumps > least)), readings.size]
    return list(pairwise(edges))


def _from_readings(time: np.ndarray, readings: np.ndarray, start: int, stop: int) -> Step:
    inside = readings[start:stop]
    error = float(np.std(inside, ddof=1) / np.sqrt(inside.size))
    return _step(time, (start, stop), float(np.mean(inside)), error)


def _step(time: np.ndarray, rows: tuple[int, int], voltage: float, voltage_u: float = 0.0) -> Step:
    """Return a step; it began with the sample before it, or one interval before its first sample, not before 0."""
    start, stop = rows
    interval = float(np.median(np.diff(time[start:stop]))) if stop - start > 1 else 0.0
    begin = float(time[start]) - interval
    if start > 0:
        begin = max(begin, float(time[start - 1]))
    elif time[0] >= 0:
        begin = max(begin, 0.0)
    return Step(start, stop, begin, voltage, voltage_u)


def _rest_potential(metadata: Mapping[str, Any]) -> tuple[float, str]:
    """Return the open-circuit potential [V] where the file says that the voltage was applied against it."""
    settings = metadata.get("settings", {})
    against = settings.get("Potential (V),Versus", "") if isinstance(settings, Mapping) else ""
    found = re.match(r"\s*(-?[\d.]+(?:[eE][-+]?\d+)?)\s*(m?)V", str(metadata.get("open_circuit", "")))
    if "OC" not in str(against) or found is None:
        return 0.0, ""
    return float(found[1]) * (1e-3 if found[2] else 1.0), ", against the open-circuit potential of the file"
