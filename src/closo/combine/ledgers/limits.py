"""What limits a cell: the sentence that the shares, the measured gap and the measured capacity allow, and no more."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from closo.combine.ledgers.shares import PARTS, Shares, lower, u_of, upper, value_of
from closo.quantity import Number
from closo.result import Check

SMALL = 0.10  # share of the gap below which a part is not what limits
STEADY = 0.3  # loss at one end beyond which the profile inside a particle is not steady
# Mean charge minus mean discharge voltage [V] that tells a cell limited by diffusion or by grains without contact (0.03
# in simulations of such cells) from one limited by an interface or a path (0.26 and more).
GAP = 0.15
_RESOLVED = 2.0  # standard uncertainties


@dataclass(frozen=True)
class Findings:
    """The numbers the sentence is made of; None where they are not known."""

    shares: Shares
    gap: Number | None = None  # mean charge minus mean discharge voltage, the material's own hysteresis taken off [V]
    left: Number | None = None  # what of half the gap no share explains [V]
    loss: Number | None = None  # share of the theoretical capacity that the cell does not give [1]
    one_end: Number | None = None  # share that diffusion withholds at one end [1]


def answer(found: Findings) -> str:
    """Return what limits the cell, in one sentence."""
    clauses = [_pellet(found), _polarization(found), _capacity(found)]
    sentence = "; ".join(c for c in clauses if c)
    return f"{sentence[0].upper()}{sentence[1:]}."


def _mv(number: Number, factor: float = 1.0) -> str:
    return f"{value_of(number) * factor * 1e3:.3g} mV"


def _pellet(found: Findings) -> str:
    """Return what the electrolyte pellet has to do with it."""
    if "separator" not in found.shares.known or found.gap is None:
        return ""
    share = 2.0 * found.shares.known["separator"] / found.gap
    takes = f"the electrolyte pellet takes {_mv(found.shares.known['separator'], 2.0)} of the {_mv(found.gap)} between"
    takes += f" charge and discharge ({100 * value_of(share):.2g} %)"
    if upper(share) < SMALL:
        return f"{takes} and is not what limits"
    return takes if lower(share) < 0.5 else f"{takes} and limits the polarization"


def _polarization(found: Findings) -> str:
    """Return what takes the rest of the gap."""
    known, missing = found.shares.known, found.shares.missing
    largest = max(known, key=lambda part: value_of(known[part]), default=None)
    if found.gap is None or found.left is None:
        if largest is None:
            return "not identifiable: no share is known and no gap between charge and discharge was measured"
        unknown = f", {_words(missing)} not known" if missing else ""
        return f"largest known share: {PARTS[largest]}, {_mv(known[largest])}{unknown}; no measured gap to compare with"
    size, u = value_of(found.left), u_of(found.left)
    if size < -_RESOLVED * u:
        return "the known shares add up to more than the gap, so one of their numbers is wrong"
    if size <= _RESOLVED * u and largest is not None:
        more = f" (nothing is left for {_words(missing)})" if missing else ""
        return f"the known shares explain the gap, most of it the {PARTS[largest]}{more}"
    rest = f"{_mv(found.left, 2.0)} belong to what is not known: {_words(missing)}"
    if len(missing) > 1:
        return f"{rest}; which of them is not identifiable from one cell at one temperature and current"
    return rest if missing else f"{_mv(found.left, 2.0)} of the gap belong to no part of this ledger"


def _words(missing: Iterable[str]) -> str:
    names = [PARTS[part] for part in missing]
    return " or ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def _capacity(found: Findings) -> str:
    """Return what withholds capacity."""
    if found.loss is None:
        return ""
    if value_of(found.loss) <= _RESOLVED * u_of(found.loss):
        return "no capacity is missing beyond its uncertainty"
    lacking = f"{100 * value_of(found.loss):.2g} % of the capacity are missing"
    if found.one_end is not None:
        return f"{lacking}, {_against_diffusion(found.loss, found.one_end)}"
    return f"{lacking}{_by_gap(found.gap)}"


def _by_gap(gap: Number | None) -> str:
    """Return which mechanisms the size of the gap leaves."""
    if gap is None:
        return ", and without a measured gap nothing tells why"
    if upper(gap) < GAP:
        return (
            " at a small gap: slow diffusion in the active material or grains without contact; only the response to "
            "temperature or rate tells them apart"
        )
    if lower(gap) > GAP:
        return (
            " at a large gap: an interface or a path in the cathode may cost capacity as well as voltage, beside "
            "diffusion and grains without contact; not identifiable from this cell alone"
        )
    return "; the gap does not tell diffusion or lost contact from an interface or a path: not identifiable"


def _against_diffusion(loss: Number, one_end: Number) -> str:
    """Return how the missing capacity compares with what diffusion withholds."""
    if value_of(one_end) > STEADY:
        return "and R^2/D is so long that diffusion alone withholds most of it (no number: the profile is not steady)"
    diffusion = 2.0 * one_end
    percent = f"{100 * value_of(diffusion):.2g} %"
    difference = loss - diffusion
    size, u = value_of(difference), u_of(difference)
    if abs(size) <= _RESOLVED * u:
        return f"and diffusion in the active material withholds {percent}: it explains them"
    if size < 0:
        return f"fewer than the {percent} that diffusion would withhold, so R^2/D is shorter than stated"
    part = value_of(diffusion) / value_of(loss)
    return f"of which diffusion withholds {percent}" + ("" if part > 0.5 else ": the larger part has another reason")


def checks_of(found: Findings) -> tuple[Check, ...]:
    """Return what was tested."""
    checks: list[Check | None] = [_check_known(found.shares), _check_sum(found), _check_pellet(found)]
    nu2 = found.shares.uniformity
    if nu2 is not None:
        even = value_of(nu2) < 1.0
        detail = f"paths over charge transfer {value_of(nu2):.2g}; below 1 the reaction is nearly uniform"
        detail += "" if even else ", above it moves; what that saves is taken off"
        checks.append(Check("uniform reaction", even, detail))
    if found.one_end is not None:
        steady = value_of(found.one_end) < STEADY
        detail = f"diffusion withholds {100 * value_of(found.one_end):.2g} % at one end; the estimate holds below 30 %"
        checks.append(Check("steady diffusion", steady, detail))
    return tuple(c for c in checks if c is not None)


def _check_known(shares: Shares) -> Check:
    if not shares.missing:
        return Check("all shares known", True, "every part of the ledger has a number")
    needed = "; ".join(f"{PARTS[part]}: {what}" for part, what in shares.missing.items())
    return Check("all shares known", None, f"not known: {needed}")


def _check_sum(found: Findings) -> Check | None:
    if found.left is None:
        return None
    fits = value_of(found.left) >= -_RESOLVED * u_of(found.left)
    detail = f"known shares {_mv(found.shares.total)}, half the gap {_mv(found.shares.total + found.left)}"
    return Check("shares fit into the gap", fits, detail)


def _check_pellet(found: Findings) -> Check | None:
    if found.gap is None or "separator" not in found.shares.known:
        return None
    share = 2.0 * found.shares.known["separator"] / found.gap
    detail = f"{100 * value_of(share):.2g} % of the gap, at most {100 * upper(share):.2g} % (limit 10 %)"
    return Check("electrolyte pellet is not the limit", upper(share) < SMALL, detail)
