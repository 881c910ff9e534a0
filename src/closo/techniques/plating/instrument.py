"""What the instrument adds to every reading of a symmetric cell, as numbers with named sources."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from closo.dataset import Dataset, name_of
from closo.errors import StudyError
from closo.quantity import Number, uncertain
from closo.techniques.instrument import full_scale, instrument_name, read_offset

__all__ = ["Instrument", "instrument_of"]


@dataclass(frozen=True)
class Instrument:
    """Standard uncertainties of the readings of one record.

    `name` : of the measurement, `meter` : of the instrument, for the labels; `zero` [V], `gain` : of the voltage;
    `current_gain` : relative; `offset` [A] : of the current.
    """

    name: str
    meter: str
    zero: float
    gain: float
    current_gain: float
    offset: float

    def size_of_voltage(self, size: float, noise: float, *, sign: int, place: int) -> Number:
        """Return |U| of half cycle `place` [V]; the zero error adds to positive and takes from negative ones."""
        return uncertain(
            size,
            {
                f"noise:{self.name}[{place + 1}]": noise,
                f"voltage zero:{self.name}": sign * self.zero,
                f"voltage gain:{self.name}": self.gain * size,
            },
        )

    def size_of_current(self, size: float, *, sign: int = 0) -> Number:
        """Return |I| of one half cycle [A]; with `sign` 0 the mean over both polarities, in which the offset cancels."""
        return uncertain(
            size,
            {
                f"current gain:{self.meter}": self.current_gain * size,
                f"current offset:{self.name}": sign * self.offset,
            },
        )

    def charge(self, size: float, *, scatter: float = 0.0) -> Number:
        """Return a charge over both polarities [C]; `scatter` is its standard error from half cycle to half cycle."""
        return uncertain(
            size, {f"current gain:{self.meter}": self.current_gain * size, f"charge scatter:{self.name}": scatter}
        )


def instrument_of(
    data: Dataset, *, zero: float, gain: float, current_gain: float, current_offset: str | float | None = None
) -> Instrument:
    """Return the instrument of a record; what is not given is that of `closo.techniques.instrument`.

    Raises
    ------
    StudyError  when an uncertainty is negative or not finite.
    """
    for key, value in (("voltage_zero", zero), ("voltage_gain", gain), ("current_gain", current_gain)):
        if not (np.isfinite(value) and value >= 0):
            raise StudyError(f"{key} = {value} cannot be an uncertainty.", hint="Give a number >= 0.")
    fraction, absolute = read_offset(current_offset)
    offset = absolute + fraction * _usual_range(data)
    return Instrument(name_of(data), instrument_name(data), zero, gain, current_gain, offset)


def _usual_range(data: Dataset) -> float:
    """Return the median current range [A] of the rows under direct current, the decade of the largest where not named."""
    if "current" not in data:
        return 0.0
    current = np.asarray(data["current"].values, float)
    use = np.abs(current) > 0
    if "frequency" in data:
        use &= ~(np.asarray(data["frequency"].values, float) > 0)
    if not use.any():
        return 0.0
    ranges = np.asarray(data["current_range"].values, float)[use] if "current_range" in data else np.array([np.nan])
    named = ranges[np.isfinite(ranges)]
    return float(full_scale(np.median(named) if named.size else np.nan, np.max(np.abs(current[use]))))
