"""Default accuracy of direct-current instruments, and how a user states the zero of the current.

One instrument has one zero, one gain and one name, whatever technique reads its file. An error has the sign of the
*reading* everywhere: the component of `current offset:...` or `current gain:...` in a result is what a reading that is
too large by one standard uncertainty does to it. Two results of one instrument so combine with the right sign.

Defaults. As a rule of thumb, for which no data sheet is cited here, potentiostats keep a current within 0.1-0.2 % of the
range and 0.1-0.2 % of the reading, battery cyclers within 0.02-0.05 % of the range. Nobody says where inside such limits an
instrument lies, so the error is taken as even between them (GUM 4.3.7: limit over the root of 3), and for the wider limits,
since a file does not say which class its instrument is of: 0.1 % of the range and 0.1 % of the reading. If you have a
calibration certificate, enter its values.

Limits
    The zero of a range may differ from that of another, and drifts; it is one error within one record.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from closo.dataset import Dataset
from closo.errors import ClosoError, StudyError
from closo.quantity import Quantity, parse
from closo.result import Check

OFFSET = 1e-3  # of the current range, standard uncertainty of the zero
GAIN = 1e-3  # relative standard uncertainty of a current
CLOCK = 1e-4  # relative standard uncertainty of a time; quartz clocks are within 20 to 100 ppm
ABOVE_RANGE = 1.02  # of its range; an instrument still reads so much
_LEAST = 1e-12  # A; no range is smaller
OF_CHARGE = ("charge", "areal_capacity", "specific_capacity", "cumulative_areal_capacity")
OF_CURRENT = (  # what is wrong where the current is
    *OF_CHARGE,
    *("current", "current_density", "critical_current_density", "c_rate"),
    *("resistance", "area_specific_resistance", "interfacial_resistance"),
    *("steady_state_current", "initial_current", "electronic_conductivity"),
)
OF_VOLTAGE = (  # what is wrong where the voltage is
    *("voltage", "potential", "mean_voltage", "voltage_hysteresis", "applied_voltage", "onset_potential"),
    *("polarization", "polarization_asymmetry", "polarization_drift", "scan_rate", "current_fraction"),
    *("resistance", "area_specific_resistance", "interfacial_resistance", "electronic_conductivity"),
    *("differential_capacity", "specific_energy", "energy_density"),
)
OF_RATIO = ("coulombic_efficiency", "energy_efficiency", "capacity_retention")  # of charges, in which a gain cancels
OF_TIME = (*OF_CHARGE, "c_rate", "duration", "polarization_drift", "scan_rate")  # what is wrong where the clock is
_HARD = 3.0  # times the limit of 2 u, beyond which a current is surely not the set one
_FEW = 0.1  # share of the legs that may be so (cut short, or limited) while the others are used
_SET_ROWS = 3  # under a set current, that a comparison needs
_STEP = 0.01  # of the largest current, beyond which it steps
_ALIKE = 0.02  # two intervals that are one setting
_YEAR = 365.25 * 86400.0  # s
_LONGEST = 5.0 * _YEAR  # of a record


def instrument_name(data: Dataset) -> str:
    """Return what the gain of a record belongs to: the instrument and channel that the file names, else the file itself.

    Channels of one cycler are calibrated one by one, so each is an instrument. Records of unknown instruments share their
    gain within one file only.

    Example
    -------
    >>> from closo.dataset import new
    >>> instrument_name(new("record", {"time": [0.0]}, source="a.mpr", metadata={"instrument": "VMP3", "channel": "2"}))
    'VMP3, channel 2'
    """
    stated = data.attrs.get("metadata", {})
    if not stated.get("instrument"):
        return str(data.attrs.get("source") or "instrument")
    channel = f", channel {stated['channel']}" if stated.get("channel") else ""
    return f"{stated['instrument']}{channel}"


def full_scale(ranges: np.ndarray | float, current: np.ndarray | float) -> np.ndarray:
    """Return the full scale [A]: the range where the file names it, else the next decade above the current.

    A current of 1.001 mA is on a range of 1 mA: instruments read 2 % beyond it.

    Parameters
    ----------
    ranges : [A], NaN or 0 where not named. current : [A], of either sign.

    Example
    -------
    >>> full_scale(np.array([np.nan, 1e-3]), np.array([-1.4e-5, 1.4e-5])).tolist()
    [0.0001, 0.001]
    """
    named = np.asarray(ranges, float)
    size = np.maximum(np.abs(np.asarray(current, float)), _LEAST)
    decade = 10.0 ** np.ceil(np.log10(size / ABOVE_RANGE))
    return np.where(np.isfinite(named) & (named > 0), named, decade)


def read_offset(text: str | float | None) -> tuple[float, float]:
    """Return (fraction of the current range, amperes); one of them is 0.

    Parameters
    ----------
    text : standard uncertainty of the zero: '0.05 %' of the range, '5 nA', or a number, which is a fraction of the range;
        0.1 % of the range where it is None.

    Raises
    ------
    StudyError  when it is neither.

    Example
    -------
    >>> read_offset("0.05 %"), read_offset("2 nA"), read_offset(None)
    ((0.0005, 0.0), (0.0, 2e-09), (0.001, 0.0))
    """
    if text is None:
        return OFFSET, 0.0
    hint = "Write '0.05 %' (of the range), '50 nA', or a fraction of the range such as 0.0005."
    try:
        words = str(text).strip()
        if words.endswith("%"):
            found = (float(words[:-1]) / 100.0, 0.0)
        elif words[-1:].isalpha():
            found = (0.0, Quantity("current", parse(words, "current")).value or 0.0)
        else:
            found = (float(words), 0.0)
    except (ValueError, ClosoError):
        raise StudyError(f"current_offset = '{text}' cannot be read.", hint=hint) from None
    if not all(math.isfinite(v) and 0 <= v < 1 for v in found):
        raise StudyError(f"current_offset = '{text}' is not valid.", hint=hint)
    return found


def range_check(current: np.ndarray, scale: np.ndarray, *, stated: bool, least: float = 0.05) -> Check:
    """Return whether the currents fit their ranges: none above, none so small that the zero of the range matters.

    Parameters
    ----------
    current : of either sign [A], shape (n,). scale : full scale of each [A], shape (n,). stated : by the file.
    least : share of the range below which a current is too small.

    Example
    -------
    >>> range_check(np.array([1e-3]), np.array([1e-4]), stated=True).detail
    'the current of 1 mA is above the range of 0.1 mA that the file states: one of the two is wrong'
    >>> range_check(np.array([1e-3]), np.array([1e-3]), stated=False).detail
    'smallest current is 100 % of its range of 0.001 A (assumed: the next decade above the current)'
    """
    used = np.abs(current) / scale
    largest, k = int(np.argmax(used)), int(np.argmin(used))
    if stated and used[largest] > ABOVE_RANGE:
        detail = (
            f"the current of {1e3 * abs(float(current[largest])):.4g} mA is above the range of "
            f"{1e3 * scale[largest]:.3g} mA that the file states: one of the two is wrong"
        )
        return Check("current range", False, detail, OF_CURRENT)
    source = "stated in the file" if stated else "assumed: the next decade above the current"
    detail = f"smallest current is {100 * used[k]:.3g} % of its range of {scale[k]:.3g} A ({source})"
    return Check("current range", bool(used[k] >= least), detail, OF_CURRENT)


def set_check(
    current: np.ndarray, wanted: np.ndarray | None, pieces: Sequence[np.ndarray | slice], *, u: np.ndarray, what: str
) -> list[Check]:
    """Return whether what was measured is what the program asked for, to 2 u; nothing where the file does not say.

    It judges charges, currents and resistances, and where charges and discharges are off by the same (a zero, which does not
    cancel), efficiencies and retentions. Where more than one in ten is off by 6 u, all these are withheld.

    Parameters
    ----------
    current : measured [A], shape (rows,). wanted : by the program [A], shape (rows,), 0 or NaN where no current was set.
    pieces : rows of each half cycle or leg. u : standard uncertainty of the current of each, zero and gain [A].
    what : a piece is called.

    Example
    -------
    >>> i = np.full(9, 1.01e-3)
    >>> check = set_check(i, np.full(9, 1e-3), [slice(0, 9)], u=np.array([2e-6]), what="leg")[0]
    >>> check.detail, check.hard
    ('in 1 of 1 the measured current is not the set one: in leg 1 it is 1.01 mA, set 1 mA; 2 u are 0.004 mA', False)
    """
    if wanted is None or not np.any(np.nan_to_num(wanted)):
        return []
    rows_of: list[tuple[float, float, float, str]] = []  # set, measured - set, limit, words
    for k, rows in enumerate(pieces):
        asked, read = np.nan_to_num(wanted[rows]), current[rows]
        asked, read = asked[asked != 0], read[asked != 0]
        if len(read) < _SET_ROWS:
            continue
        difference = float(np.median(read - asked))
        scatter = float(np.median(np.abs(read - asked - difference))) * 1.86 / math.sqrt(len(read))  # of a median
        limit = max(2.0 * math.hypot(float(u[k]), scatter), 1e-9 * float(np.max(np.abs(asked))))
        seen, wished = (f"{1e3 * float(np.median(v)):.4g} mA" for v in (read, asked))
        words = f"in {what} {k + 1} it is {seen}, set {wished}; 2 u are {1e3 * limit:.3g} mA"
        rows_of.append((float(np.median(asked)), difference, limit, words))
    if not rows_of:
        return []
    off = [(abs(difference) / limit, words) for _, difference, limit, words in rows_of if abs(difference) > limit]
    if not off:
        detail = f"the measured current is the set one within 2 u in all {len(rows_of)} {what}s"
        return [Check("set current", True, detail, OF_CURRENT)]
    detail = f"in {len(off)} of {len(rows_of)} the measured current is not the set one: {max(off)[1]}"
    up, down = ([d for asked, d, _, _ in rows_of if asked * sign > 0] for sign in (1.0, -1.0))
    zero = abs(float(np.median(up)) + float(np.median(down))) / 2.0 if up and down else 0.0
    judges = OF_CURRENT + (OF_RATIO if zero > min(limit for _, _, limit, _ in rows_of) else ())
    return [Check("set current", False, detail, judges, sum(r > _HARD for r, _ in off) > _FEW * len(rows_of))]


def time_check(time: np.ndarray, current: np.ndarray) -> Check:
    """Return whether the time of a record runs forward without repeating itself, and is in seconds.

    A time that repeats where the current steps is the moment at which one step of the program ends and the next begins.
    It judges charges, durations and drifts; where the time does not run forward, efficiencies and retentions, too.
    Rows every 1000 s under current (or 2, 5 or 10 times that) are rows every second on a clock of milliseconds: nobody
    asks an instrument for 16 min 40 s.

    Example
    -------
    >>> time_check(np.array([0.0, 1.0, 0.5]), np.zeros(3)).detail
    'the time decreases at one point: charges, durations and drifts there are wrong'
    """
    steps = np.diff(time)
    stays = np.abs(np.diff(current)) <= _STEP * np.max(np.abs(current), initial=0.0)
    back, same = int(np.sum(steps < 0)), int(np.sum((steps == 0) & stays))
    if back:
        often = "at one point" if back == 1 else f"at {back} points"
        detail = f"the time decreases {often}: charges, durations and drifts there are wrong"
        return Check("time", False, detail, OF_TIME + OF_RATIO)
    if same > 0.01 * len(steps):
        detail = f"{same} of {len(steps)} times repeat the one before: the sampling is not known"
        return Check("time", False, detail, OF_TIME + OF_RATIO)
    if len(time) and time[-1] - time[0] > _LONGEST:
        years = (time[-1] - time[0]) / _YEAR
        detail = f"the record lasts {years:.3g} years: its time is hardly in the unit it is taken for"
        return Check("time", False, detail, OF_TIME, hard=True)
    usual = float(np.median(steps[flowing])) if np.any(flowing := stays & (current[1:] != 0) & (steps > 0)) else 0.0
    if any(abs(usual / (1000.0 * k) - 1.0) < _ALIKE for k in (1, 2, 5, 10)):
        detail = (
            f"under current there is a row every {usual:.6g} s, which is every {usual / 1000.0:.3g} s of a clock in"
        )
        detail += " milliseconds: charges and durations are 1000 times too large then"
        return Check("time", False, detail, OF_TIME)
    return Check("time", True, "it runs forward", OF_TIME)
