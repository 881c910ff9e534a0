"""What happened to a symmetric cell: no short, hard short, soft short, or contact loss; when, and by what evidence.

All tests work on the resistance U/I of the samples, relative to what the *same polarity* showed before (the median of the
last three half cycles that were accepted), so that slow growth, forming and temperature move the yardstick and not the
verdict. The first minutes after a change of polarity are left out (a tenth of the half cycle, at most 5 min).

- *Short*: the running median of five samples falls by more than a quarter, within half a half cycle and within an hour
  (slower, it is better contact or warmth); or it lies more than a fifth (or three u) below the ohmic floor L/sigma, which
  no intact cell can; or single samples dip that far four times within four half cycles; or the scatter about a smooth
  curve becomes four times what it was and more than 3 % of the level.
  A drop across a change of polarity that ends no lower than the cell has been before is contact regained, not a short.
- It is a *hard* short when everything after it stays below 6 % of the floor (of the level before, where L/sigma is not
  known), else a *soft* one.
- *Contact loss*: the resistance doubles, ever faster (over the second half of the rise by more than over the first), or
  the half cycle breaks off at more than three times the level. A doubling that slows down is growth of an interphase.

Thresholds are choices, not measurements. Their rates of false and missed alarms are measured on synthetic cells in
tests/techniques/plating/test_events.py.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import lru_cache

import numpy as np

from closo.techniques.plating.half_cycles import HalfCycles, running_median

NONE, HARD, SOFT, CONTACT_LOSS = "no short", "hard short", "soft short", "contact loss"

_DROP = 0.25  # relative fall that counts
_BELOW_FLOOR = 0.2  # relative margin below L/sigma, at least
_HARD = 0.06  # of the floor
_NOISY, _NOISE_RATIO = 0.03, 4.0  # scatter: of the level, and over the usual one
_DIPS, _DIPS_WITHIN = 4, 4  # dips, within so many half cycles
_RISE, _BROKEN_OFF = 2.0, 3.0  # factors over the level before
_RUNAWAY = 1.5  # factor beyond which scatter about a smooth curve says nothing
_REMEMBERED = 3  # accepted half cycles of one polarity that set the yardstick
_SETTLING, _SETTLING_MOST = 0.1, 300.0  # of a half cycle; s


@dataclass(frozen=True)
class Event:
    """What happened first."""

    kind: str  # NONE, HARD, SOFT or CONTACT_LOSS
    time: float  # of the first sample that shows it [s], NaN for NONE
    half_cycle: int  # its number from 0, or the number of half cycles for NONE
    evidence: str  # one sentence with the numbers
    since: float = np.nan  # of the last one before it that was looked at and did not [s]; it happened between the two
    risen: float = 1.0  # how many times the resistance had grown by contact loss before a short; 1 where it had not

    @property
    def notes(self) -> list[str]:
        """Sentences for the reader of the report."""
        said = f"{self.kind} at {self.time / 3600:.2f} h, in half cycle {self.half_cycle + 1}: {self.evidence}."
        grown = f"Before the short the resistance had grown {self.risen:.1f}-fold by loss of contact."
        happened, before = self.kind != NONE, self.risen > 1 and self.kind != CONTACT_LOSS
        return [*([said] if happened else []), *([grown] if before else [])]


@dataclass
class _Memory:
    """What a cell showed so far; one entry per accepted half cycle and polarity."""

    levels: dict[int, list[float]] = field(default_factory=lambda: {1: [], -1: []})
    scatter: list[float] = field(default_factory=list)
    lowest: float = np.inf
    refused: dict[int, int] = field(default_factory=lambda: {1: 0, -1: 0})
    dips: list[int] = field(default_factory=list)
    last: float = 1.0  # resistance over the yardstick at the end of the half cycle before

    def level(self, sign: int) -> float | None:
        """Return the yardstick of one polarity [ohm], of the other where it has none yet, None at the beginning."""
        known = self.levels[sign] or self.levels[-sign]
        return float(np.median(known[-_REMEMBERED:])) if known else None

    def usual_scatter(self) -> float | None:
        return float(np.median(self.scatter[-2 * _REMEMBERED :])) if self.scatter else None


@dataclass(frozen=True)
class _Piece:
    """One half cycle without its first minutes.

    `time` [s]; `ratio` : resistance over the yardstick `level` [ohm]; `smooth` : running median of five of it;
    `residual`, `scatter` : about a cubic, and their rms.
    """

    time: np.ndarray
    ratio: np.ndarray
    smooth: np.ndarray
    residual: np.ndarray
    scatter: float
    level: float
    length: float
    complete: bool
    sign: int


def find_event(
    time: np.ndarray, voltage: np.ndarray, half: HalfCycles, *, floor: float | None = None, floor_u: float = 0.0
) -> Event:
    """Return what happened first to a symmetric cell.

    Parameters
    ----------
    time, voltage : shape (n,), [s], [V], the whole record.
    half : its half cycles.
    floor : L/(sigma A) [ohm], None where it is not known.
    floor_u : its relative standard uncertainty.
    """
    margin = max(_BELOW_FLOOR, 3.0 * floor_u)
    memory, risen, trusted = _Memory(), None, True
    seen = float(half.begin[0])
    for k in range(len(half)):
        piece = _piece(time, voltage, half, k, memory=memory)
        if piece is None:
            continue
        if k == 0 and floor is not None and piece.level < _HARD * floor:
            text = f"U/I = {piece.level:.3g} ohm from the beginning, {piece.level / floor:.1%} of the ohmic {floor:.3g} ohm"
            return Event(HARD, float(half.begin[0]), 0, text, since=float(half.begin[0]))
        limit = 0.0 if floor is None else floor * (1 - margin) / piece.level
        trusted = trusted and (k > 0 or limit < 1)  # a cell that begins below the floor has another L or sigma
        limit = limit if trusted else 0.0
        found = _short(piece, memory, k, limit=limit)
        if found is not None:
            moment, text = found
            event = _classified(
                time, voltage, half, moment, reference=floor or piece.level, where=k, text=text, risen=risen
            )
            return replace(event, since=_last_before(piece, moment, seen))
        if risen is None:
            risen = _contact_loss(piece, memory, k)
            risen = risen and replace(risen, since=_last_before(piece, risen.time, seen))
        _remember(piece, memory, k)
        seen = float(piece.time[-1])
    if risen is not None:
        return risen
    return Event(NONE, np.nan, len(half), f"no drop, noise or runaway in {len(half)} half cycles")


def _last_before(piece: _Piece, moment: float, seen: float) -> float:
    """Return the time of the last sample looked at before `moment`; `seen` is the last one of the half cycle before."""
    earlier = piece.time[piece.time < moment]
    return float(earlier[-1]) if earlier.size else min(seen, moment)


def _piece(time: np.ndarray, voltage: np.ndarray, half: HalfCycles, k: int, *, memory: _Memory) -> _Piece | None:
    rows, sign = half.rows[k], int(half.sign[k])
    length = float(half.end[k] - half.begin[k])
    settled = time[rows] - half.begin[k] > min(_SETTLING * _usual_length(half, k), _SETTLING_MOST)
    if settled.sum() < 5:
        settled = np.arange(rows.size) >= min(3, rows.size // 2)
    use = rows[settled]
    if use.size < 5:
        return None
    resistance = sign * voltage[use] / half.flowing[k][settled]
    level = memory.level(sign)
    if level is None:
        level = float(np.median(resistance[: max(5, use.size // 10)]))
    if not level > 0:
        level = float(np.median(np.abs(resistance))) or 1e-12
    ratio = resistance / level
    smooth = running_median(ratio)
    residual, scatter = _scatter(ratio, smooth)
    return _Piece(time[use], ratio, smooth, residual, scatter, level, length, bool(half.complete[k]), sign)


def _usual_length(half: HalfCycles, k: int) -> float:
    return float(max(half.end[k] - half.begin[k], half.end[max(k - 1, 0)] - half.begin[max(k - 1, 0)]))


def _short(piece: _Piece, memory: _Memory, k: int, *, limit: float) -> tuple[float, str] | None:
    """Return moment and evidence of a short within a half cycle; `limit` is the floor over the yardstick."""
    found = [f for f in (_below(piece, limit), _drop(piece, memory), _dips(piece, memory, k)) if f is not None]
    if not found:
        noisy = _noise(piece, memory)
        found = [noisy] if noisy is not None else []
    return min(found) if found else None


def _below(piece: _Piece, limit: float) -> tuple[float, str] | None:
    low = piece.smooth < limit
    if limit <= 0 or not low.any():
        return None
    at = _first_raw(piece, int(np.argmax(low)), max(limit, 1 - _DROP))
    return float(piece.time[at]), f"U/I fell to {piece.smooth[low].min() * piece.level:.3g} ohm, below the ohmic floor"


def _drop(piece: _Piece, memory: _Memory) -> tuple[float, str] | None:
    low = piece.smooth < 1 - _DROP
    if not low.any():
        return None
    first = int(np.argmax(low))
    before = np.flatnonzero(piece.smooth[:first] >= 1 - _DROP / 3)
    fall = float(np.median(piece.smooth[low]))
    if before.size:
        took = float(piece.time[first] - piece.time[before[-1]])
        sharp = took <= max(min(0.5 * piece.length, 3600.0), 10 * float(np.median(np.diff(piece.time))))
    else:
        jump = memory.last - float(piece.smooth[first])
        sharp = jump > 2 * _DROP / 3 and fall * piece.level < 0.9 * memory.lowest
    if not sharp:
        return None
    at = _first_raw(piece, first, 1 - _DROP)
    return float(piece.time[at]), f"U/I fell to {fall:.0%} of its level before"


def _first_raw(piece: _Piece, first: int, limit: float) -> int:
    """Return the first sample of the run of low ones that the running median found at `first`."""
    at = min(first + 2, piece.ratio.size - 1)
    while at > 0 and np.any(piece.ratio[max(at - 2, 0) : at] < limit):
        at -= 1 if piece.ratio[at - 1] < limit else 2
    return at


def _dips(piece: _Piece, memory: _Memory, k: int) -> tuple[float, str] | None:
    begins = _dips_of(piece)
    if not memory.scatter or begins.size == 0 or (memory.usual_scatter() or 0.0) > _DROP / 5:
        return None
    earlier = sum(1 for at in memory.dips if at > k - _DIPS_WITHIN)
    if earlier + begins.size < _DIPS:
        return None
    return float(
        piece.time[begins[0]]
    ), f"{earlier + begins.size} dips below {1 - _DROP:.0%} within {_DIPS_WITHIN} half cycles"


def _dips_of(piece: _Piece) -> np.ndarray:
    """Return where the resistance dips, that is falls and comes back within the half cycle: the first sample of each dip."""
    low = piece.ratio < 1 - _DROP
    edges = np.diff(low.astype(int))
    begins, ends = np.flatnonzero(edges == 1) + 1, np.flatnonzero(edges == -1) + 1
    return begins[: np.sum(ends > begins[0])] if begins.size else begins


@lru_cache(maxsize=16)
def _cubics(size: int) -> np.ndarray:
    """Return orthonormal polynomials up to the third order over `size` samples, shape (size, 4)."""
    powers = np.vander(np.linspace(-1.0, 1.0, size), min(4, size - 1))
    return np.asarray(np.linalg.qr(powers)[0])


def _scatter(ratio: np.ndarray, smooth: np.ndarray) -> tuple[np.ndarray, float]:
    """Return the residuals about a cubic through a half cycle, and their rms without the largest (wrong samples)."""
    basis = _cubics(ratio.size)
    residual = ratio - basis @ (basis.T @ smooth)
    dropped = 2 + ratio.size // 200
    kept = np.sort(np.abs(residual))[: max(ratio.size - dropped, 3)]
    return residual, float(np.sqrt(np.mean(kept**2)))


def _noise(piece: _Piece, memory: _Memory) -> tuple[float, str] | None:
    usual = memory.usual_scatter()
    if usual is None or piece.ratio.size < 12:
        return None
    rms = piece.scatter
    if rms <= max(_NOISY, _NOISE_RATIO * usual) or float(piece.smooth.max()) > _RUNAWAY:  # that is a rise, not noise
        return None
    smooth = running_median(piece.residual)
    crossings = int(np.sum(np.diff(np.sign(smooth[np.abs(smooth) > 0.3 * rms])) != 0))
    if crossings < 5:
        return None
    far = np.flatnonzero(np.abs(piece.ratio - 1.0) > max(4 * usual, _NOISY))
    return float(piece.time[far[0] if far.size else 0]), f"scatter of {rms:.1%} of the level, usually {usual:.1%}"


def _contact_loss(piece: _Piece, memory: _Memory, k: int) -> Event | None:
    """Return contact loss where the resistance runs away within a half cycle."""
    if not memory.scatter:  # nothing to compare with: forming is not told from loss
        return None
    factor = float(piece.smooth.max())
    broken = not piece.complete and piece.ratio[-1] > _BROKEN_OFF
    if broken:
        factor = max(factor, float(piece.ratio[-1]))
    high = np.flatnonzero(piece.smooth > _RISE)
    if not broken and not (high.size and _accelerates(piece, int(high[0]), memory)):
        return None
    begin = int(np.argmax(piece.ratio > 1 + _DROP))
    how = "and the half cycle broke off" if broken else "ever faster"
    return Event(
        CONTACT_LOSS,
        float(piece.time[begin]),
        k,
        f"U/I rose to {factor:.1f} times its level before, {how}",
        risen=factor,
    )


def _accelerates(piece: _Piece, high: int, memory: _Memory) -> bool:
    """Return whether the rise to sample `high` was faster in its second half; by half cycles where it is old already."""
    start = np.flatnonzero(piece.smooth[:high] < 1 + _DROP / 2)
    if start.size:
        a = int(start[-1])
        return bool(piece.smooth[(a + high) // 2] - piece.smooth[a] < 0.5 * (piece.smooth[high] - piece.smooth[a]))
    past = np.array(memory.levels[piece.sign][-_REMEMBERED - 1 :]) / piece.level
    if past.size < 3:
        return True
    return bool(piece.smooth[high] - past[-1] > past[-1] - past[-2])


def _classified(
    time: np.ndarray,
    voltage: np.ndarray,
    half: HalfCycles,
    moment: float,
    *,
    reference: float,
    where: int,
    text: str,
    risen: Event | None,
) -> Event:
    """Return a short as hard or soft by what follows it."""
    after = [
        (half.sign[k] * voltage[half.rows[k]] / half.flowing[k])[time[half.rows[k]] >= moment]
        for k in range(where, len(half))
    ]
    later = np.concatenate(after) / reference
    stays = float(np.median(later))
    smooth = running_median(later) if later.size >= 5 else later
    hard = stays < _HARD and np.mean(smooth < 2 * _HARD) > 0.9
    text += f"; {stays:.1%} of {reference:.3g} ohm remain" if hard else f"; {stays:.0%} of {reference:.3g} ohm after it"
    return Event(HARD if hard else SOFT, moment, where, text, risen=risen.risen if risen is not None else 1.0)


def _remember(piece: _Piece, memory: _Memory, k: int) -> None:
    """Accept a half cycle into the yardstick, unless it lies far off; three far ones in a row are the new level."""
    late = piece.smooth[piece.smooth.size // 2 :]
    level = float(np.median(late))
    memory.dips += [k] * _dips_of(piece).size
    memory.last = float(np.median(late[-max(late.size // 2, 1) :]))
    if not 1 - _DROP < level < 1.5 and memory.refused[piece.sign] < 2:
        memory.refused[piece.sign] += 1
        return
    memory.refused[piece.sign] = 0
    memory.levels[piece.sign].append(level * piece.level)
    memory.lowest = min(memory.lowest, level * piece.level)
    if piece.ratio.size >= 12:
        memory.scatter.append(piece.scatter)
