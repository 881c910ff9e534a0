"""The columns that EC-Lab computes when it exports a .mpr, by the rules that its .mpt files show.

Each rule gives the numbers of the .mpt in all printed digits (tested over all pairs). Single precision is kept where EC-Lab
keeps it. Not derived, because they need the geometry of the cell: M, permittivity, resistivity and conductivity (their
phases are). Energy and capacitance only where every row is galvanostatic: EC-Lab treats potentiostatic rows and spectra
otherwise, and before version 11.3 it gave the energy the sign of the potential.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from closo.readers.biologic.measurements import per_time
from closo.readers.biologic.settings import Insertion

Columns = Mapping[str, np.ndarray]
_SAME = {  # name in the rules below -> stored names, of which the first that is there is meant
    "E": ("Ewe/V", "<Ewe>/V"),
    "Ece": ("Ece/V", "<Ece>/V"),
    "I": ("I/mA", "<I>/mA"),
}
_GALVANOSTATIC = ("Energy ", "Capacitance ")


@dataclass(frozen=True)
class _Rule:
    """Column `name` is `make` of the columns `needs`."""

    name: str
    needs: tuple[str, ...]
    make: Callable[..., np.ndarray]


def derived(stored: Columns, insertion: Insertion | None) -> dict[str, np.ndarray]:
    """Return name -> values, shape (points,), of every column that follows from the stored ones and is not among them."""
    known = dict(stored)
    if "(Q-Qo)/C" in known:
        known["Q"] = _double(known["(Q-Qo)/C"]) / 3.6
        known["dQ"] = np.diff(known["Q"], prepend=0.0)
    if "(Q-Qo)/mA.h" in known:
        known["Q"] = known["(Q-Qo)/mA.h"]
        known["dQ"] = known.get("dq/mA.h", np.diff(known["Q"], prepend=0.0))
    found: dict[str, np.ndarray] = {}
    galvanostatic = "mode" in known and bool(np.all(known["mode"] == 1))
    for rule in _RULES:
        for short, names in _SAME.items():
            known |= next(({short: known[n]} for n in names if n in known), {})
        if (rule.name.startswith(_GALVANOSTATIC) and not galvanostatic) or (rule.name == "<I>/mA" and "I" in known):
            continue
        if rule.name not in known and all(n in known for n in rule.needs):
            found[rule.name] = known[rule.name] = rule.make(*(known[n] for n in rule.needs))
    if insertion is not None and "Q" in known and "half cycle" in known:
        found["x"] = insertion.start + insertion.per_charge * known["Q"]
    return found


def _double(values: np.ndarray) -> np.ndarray:
    return np.asarray(values, np.float64)


def _single(values: np.ndarray) -> np.ndarray:
    return np.asarray(values, np.float32)


def _starts(counter: np.ndarray) -> np.ndarray:
    """Return the first row of each run of equal values."""
    return np.flatnonzero(np.diff(counter, prepend=counter[:1] - 1.0))


def _step_time(time: np.ndarray, step: np.ndarray) -> np.ndarray:
    """Return the time since the row in which a step begins, 0 there; in the first step, the time itself."""
    starts = _starts(_double(step))
    begin = time[starts]
    begin[:1] = 0.0
    values = np.asarray(time - np.repeat(begin, np.diff(np.append(starts, len(time)))))
    values[:1] = 0.0
    return values


def _efficiency(charge: np.ndarray, half: np.ndarray) -> np.ndarray:
    """Return 100 |Q| of a half cycle over that of the half before [%], in the last row of each odd half cycle, else 0."""
    half = _double(half)
    last = np.append(_starts(half)[1:], len(half)) - 1
    values = np.zeros(len(half), np.float32)
    for before, row in pairwise(last):
        if half[row] % 2 == 1 and half[before] == half[row] - 1 and charge[before] != 0:
            values[row] = 100.0 * abs(charge[row] / charge[before])
    return values


def _energy(sign: int) -> Callable[..., np.ndarray]:
    """Return the sum of |E dQ| over the rows in which the charge goes by `sign`; it starts again with each cycle [W.h]."""

    def make(potential: np.ndarray, step: np.ndarray, cycle: np.ndarray) -> np.ndarray:
        parts = np.where(sign * step > 0, np.abs(_double(potential) * step) * 1e-3, 0.0)
        values = np.empty(len(parts))
        starts = _starts(_double(cycle))
        for a, b in zip(starts, np.append(starts[1:], len(parts)), strict=True):
            np.cumsum(parts[a:b], out=values[a:b])
        return values

    return make


def _capacitance(sign: int) -> Callable[..., np.ndarray]:
    """Return |Q / (E - E at the first charge of the half cycle)| [uF], kept until the cycle ends.

    The difference of the potentials is taken in single precision, as EC-Lab does.
    """

    def make(potential: np.ndarray, charge: np.ndarray, half: np.ndarray) -> np.ndarray:
        values, half = np.zeros(len(charge)), _double(half)
        starts = _starts(half)
        kept = 0.0
        for a, b in zip(starts, np.append(starts[1:], len(half)), strict=True):
            if half[a] % 2 == 0:
                kept = 0.0
            values[a:b] = kept
            rows = a + np.flatnonzero(charge[a:b])
            if len(rows) and sign * charge[rows[0]] > 0:
                moved = _double(np.abs(potential[rows[0] : b] - potential[rows[0]]))
                ratio = np.abs(charge[rows[0] : b]) * 3.6e6
                values[rows[0] : b] = np.where(moved > 0, ratio / np.where(moved > 0, moved, 1.0), 0.0)
                kept = float(values[b - 1])
        return values

    return make


def _power(potential: np.ndarray, current: np.ndarray) -> np.ndarray:
    return _single(_double(potential) * _double(current) * 1e-3)


def _resistance(potential: np.ndarray, current: np.ndarray) -> np.ndarray:
    return _single(np.where(current == 0, 0.0, np.abs(_double(potential) / _double(current) * 1e3)))


def _wave(values: np.ndarray, phase: np.ndarray, wave: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    return _single(_double(values) * wave(np.deg2rad(_double(phase))))


def _inverse(values: np.ndarray) -> np.ndarray:
    return _single(np.where(values > 0, 1.0 / _double(values), 0.0))


def _capacity(frequency: np.ndarray, modulus: np.ndarray) -> np.ndarray:
    """Return 1 / (2 pi f |Z|) [nF], rounded as EC-Lab does."""
    return _single(1e9 * _double(_inverse(_single(2.0 * np.pi * _double(frequency) * _double(modulus)))))


_POLAR = ("|Z|/Ohm", "Phase(Z)/deg")
_RULES = (
    _Rule("dq/mA.h", ("(Q-Qo)/mA.h",), lambda q: np.diff(q, prepend=0.0)),
    _Rule("<I>/mA", ("dq/mA.h", "time/s", "control/V/mA"), lambda q, t, _: per_time(3600.0 * q, t)),
    _Rule("control/V", ("control/V/mA", "mode"), lambda c, mode: np.where(mode == 2, c, np.float32(0))),
    _Rule("control/mA", ("control/V/mA", "mode"), lambda c, mode: np.where(mode == 1, c, np.float32(0))),
    _Rule("step time/s", ("time/s", "Ns"), _step_time),
    _Rule("Q charge/mA.h", ("Q charge/discharge/mA.h",), lambda q: np.maximum(q, 0.0)),
    _Rule("Q discharge/mA.h", ("Q charge/discharge/mA.h",), lambda q: np.maximum(-q, 0.0)),
    _Rule("Capacity/mA.h", ("Q charge/discharge/mA.h",), np.abs),
    _Rule("cycle number", ("half cycle",), lambda half: _double(half // 2)),
    _Rule("Efficiency/%", ("Q charge/discharge/mA.h", "half cycle"), _efficiency),
    _Rule("Energy charge/W.h", ("E", "dQ", "cycle number"), _energy(1)),
    _Rule("Energy discharge/W.h", ("E", "dQ", "cycle number"), _energy(-1)),
    _Rule("Capacitance charge/µF", ("E", "Q charge/discharge/mA.h", "half cycle"), _capacitance(1)),
    _Rule("Capacitance discharge/µF", ("E", "Q charge/discharge/mA.h", "half cycle"), _capacitance(-1)),
    _Rule("P/W", ("E", "I"), _power),
    _Rule("R/Ohm", ("E", "I"), _resistance),
    _Rule("Ewe-Ece/V", ("E", "Ece"), lambda a, b: _single(a) - _single(b)),
    _Rule("Pce/W", ("Ece", "I"), _power),
    _Rule("Rce/Ohm", ("Ece", "I"), _resistance),
    _Rule("Pwe-ce/W", ("E", "Ece", "I"), lambda a, b, i: _power(_double(a) - _double(b), i)),
    _Rule("Rwe-ce/Ohm", ("E", "Ece", "I"), lambda a, b, i: _resistance(_double(a) - _double(b), i)),
    _Rule("Re(Z)/Ohm", _POLAR, lambda z, p: _wave(z, p, np.cos)),
    _Rule("-Im(Z)/Ohm", _POLAR, lambda z, p: -_wave(z, p, np.sin)),
    _Rule("|Y|/Ohm-1", ("|Z|/Ohm",), _inverse),
    _Rule("Phase(Y)/deg", ("Phase(Z)/deg",), np.negative),
    _Rule("Re(Y)/Ohm-1", ("|Y|/Ohm-1", "Phase(Y)/deg"), lambda y, p: _wave(y, p, np.cos)),
    _Rule("Im(Y)/Ohm-1", ("|Y|/Ohm-1", "Phase(Y)/deg"), lambda y, p: _wave(y, p, np.sin)),
    _Rule("|C|/nF", ("freq/Hz", "|Z|/Ohm"), _capacity),
    _Rule("Phase(C)/deg", ("Phase(Y)/deg",), lambda p: p - np.float32(90)),
    _Rule("Re(C)/nF", ("|C|/nF", "Phase(C)/deg"), lambda c, p: _wave(c, p, np.cos)),
    _Rule("Im(C)/nF", ("|C|/nF", "Phase(C)/deg"), lambda c, p: -_wave(c, p, np.sin)),
    _Rule("Phase(M)/deg", ("Phase(C)/deg",), np.negative),
    _Rule("Phase(Permittivity)/deg", ("Phase(C)/deg",), np.positive),
    _Rule("Phase(Resistivity)/deg", ("Phase(Z)/deg",), np.positive),
    _Rule("Phase(Conductivity)/deg", ("Phase(Y)/deg",), np.positive),
    _Rule(
        "Tan(Delta)", ("Re(Z)/Ohm", "-Im(Z)/Ohm"), lambda a, b: _single(np.where(b == 0, 0.0, np.abs(_double(a) / b)))
    ),
    _Rule("Loss Angle(Delta)/deg", ("Phase(Y)/deg",), np.abs),
)
