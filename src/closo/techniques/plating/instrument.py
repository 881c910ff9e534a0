"""What the instrument adds to every reading of a symmetric cell, as numbers with named sources."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from closo.dataset import Dataset, name_of
from closo.errors import StudyError
from closo.quantity import Number, uncertain
from closo.techniques.instrument import CLOCK, instrument_name, read_offset


@dataclass(frozen=True)
class Instrument:
    """Standard uncertainties of the readings of one record.

    `name` : of the measurement, `meter` : of the instrument, for the labels; `zero` [V], `gain` : of the voltage;
    `current_gain` : relative; `offset` : of the zero of the current, (fraction of the range, amperes).
    """

    name: str
    meter: str
    zero: float
    gain: float
    current_gain: float
    offset: tuple[float, float]

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

    def size_of_current(self, size: float, *, zero: float, noise: float = 0.0) -> Number:
        """Return |I| [A]; `zero` : what one u of the zero does to it, signed, 0 where both polarities cancel [A]."""
        return uncertain(
            size,
            {
                f"current gain:{self.meter}": self.current_gain * size,
                f"current offset:{self.name}": zero,
                f"current noise:{self.name}": noise,
            },
        )

    def charge(self, size: float, *, zero: float, noise: float, sampling: float) -> Number:
        """Return a charge [C]; what one u of the zero, the noise, and the moments that nobody saw do to it [C]."""
        return uncertain(
            size,
            {
                f"current gain:{self.meter}": self.current_gain * size,
                f"clock:{self.name}": CLOCK * size,
                f"current offset:{self.name}": zero,
                f"current noise:{self.name}": noise,
                f"sampling:{self.name}": sampling,
            },
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
    return Instrument(name_of(data), instrument_name(data), zero, gain, current_gain, read_offset(current_offset))
