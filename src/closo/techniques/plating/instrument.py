"""What the instrument adds to every reading of a symmetric cell, as numbers with named sources."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from closo.dataset import Dataset, name_of
from closo.errors import StudyError
from closo.quantity import Number, uncertain
from closo.techniques.instrument import read_offset

__all__ = ["Instrument", "instrument_of"]

_OFFSET = 1e-3  # of the current range


@dataclass(frozen=True)
class Instrument:
    """Standard uncertainties of the readings of one record.

    `name` : of the measurement, for the labels; `zero` [V], `gain` : of the voltage; `current_gain` : relative;
    `offset` [A] : of the current, 0 where the file does not name its range.
    """

    name: str
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
                f"current gain:{self.name}": self.current_gain * size,
                f"current offset:{self.name}": sign * self.offset,
            },
        )

    def charge(self, size: float, *, scatter: float = 0.0) -> Number:
        """Return a charge over both polarities [C]; `scatter` is its standard error from half cycle to half cycle."""
        return uncertain(
            size, {f"current gain:{self.name}": self.current_gain * size, f"charge scatter:{self.name}": scatter}
        )


def instrument_of(
    data: Dataset, *, zero: float, gain: float, current_gain: float, current_offset: str | float | None = None
) -> Instrument:
    """Return the instrument of a record; the current's offset is 0.1 % of the range that the file names, if not given.

    Raises
    ------
    StudyError  when an uncertainty is negative or not finite.
    """
    for key, value in (("voltage_zero", zero), ("voltage_gain", gain), ("current_gain", current_gain)):
        if not (np.isfinite(value) and value >= 0):
            raise StudyError(f"{key} = {value} cannot be an uncertainty.", hint="Give a number >= 0.")
    fraction, absolute = (_OFFSET, 0.0) if current_offset is None else read_offset(current_offset)
    return Instrument(name_of(data), zero, gain, current_gain, absolute + fraction * _usual_range(data))


def _usual_range(data: Dataset) -> float:
    """Return the median current range [A] of the rows under direct current, 0 where the file does not name it."""
    if "current_range" not in data or "current" not in data:
        return 0.0
    ranges, current = (np.asarray(data[key].values, float) for key in ("current_range", "current"))
    use = np.isfinite(ranges) & (np.abs(current) > 0)
    if "frequency" in data:
        use &= ~(np.asarray(data["frequency"].values, float) > 0)
    return float(np.median(ranges[use])) if use.any() else 0.0
