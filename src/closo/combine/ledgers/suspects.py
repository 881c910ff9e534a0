"""Which reactions the missing charge allows: side reaction, soft short, self-discharge, or none that can be told apart."""

from __future__ import annotations

from dataclasses import dataclass, field

from closo.combine.ledgers.shares import lower, u_of, upper, value_of
from closo.quantity import Number
from closo.units import spelled

_RESOLVED = 2.0  # standard uncertainties
_FACTOR = 3.0  # a sweep's current is an upper limit of the steady one, on another electrode: no closer than this
_UNCHANGED = 1.5  # resistance after over before, below which it has not visibly grown


@dataclass(frozen=True)
class Evidence:
    """The numbers of the charge ledger; None where they are not known."""

    share: Number  # sum of 1 - CE [1]
    loss: Number | None  # capacity lost from the first to the last of them [1]
    between: Number  # what is missing from the first to the last of them, relative to the same capacity [1]
    per_anion: Number | None  # electrons that each anion of the cathode's electrolyte would have given [1]
    leak: Number | None  # mean side current [A/m2]
    sweep: Number | None = None  # current of a sweep at the potential of the charge [A/m2]
    electronic: Number | None = None  # current through the electrolyte's electronic conductivity [A/m2]
    resistance_ratio: Number | None = None  # resistance of the cell after over before cycling [1]
    cycles: str = ""  # words for the stretch, '7 to 50'


@dataclass(frozen=True)
class Verdict:
    """What the numbers allow."""

    # One of 'side reaction', 'soft short', 'soft short or self-discharge', 'electronic conduction', 'loss of capacity',
    # 'current offset', 'more came back' and 'not distinguishable'.
    name: str
    sentence: str  # for the reader
    measurement: str = ""  # what would tell them apart; empty where nothing is open
    arguments: tuple[str, ...] = field(default_factory=tuple)  # what speaks for or against each


def judge(found: Evidence) -> Verdict:
    """Return the verdict; side reactions are only named where something speaks for them and nothing against."""
    if value_of(found.share) < -_RESOLVED * u_of(found.share):
        return Verdict(
            "more came back",
            f"Over cycles {found.cycles} more charge came back than was put in ({_percent(-1.0 * found.share)} of one): "
            "the sign of the current, the kind of the cell or the times of the record are wrong",
            "the same record with the kind of the cell stated",
        )
    if value_of(found.share) <= _RESOLVED * u_of(found.share):
        return Verdict(
            "current offset",
            f"What is missing over cycles {found.cycles} ({_percent(found.share)} of a charge) is within what an offset "
            "of the instrument's current would feign",
            "the zero of the current (open leads, same range), or the same cycles on another instrument",
        )
    if found.loss is not None and not _exceeds(found.between, found.loss):
        return _not_above_loss(found, found.loss)
    if _is_electronic(found):
        return Verdict("electronic conduction", f"{_start(found)}: the electrolyte's electronic conduction explains it")
    return _among_reactions(found)


def _not_above_loss(found: Evidence, loss: Number) -> Verdict:
    """Return the verdict where what is missing does not exceed the capacity lost beyond the uncertainty of the two."""
    start = f"What is missing over cycles {found.cycles} ({_percent(found.share)}) does not exceed the capacity lost"
    sentence = f"{start} ({_percent(loss)}) beyond the uncertainty of the two"
    if value_of(loss) > _RESOLVED * u_of(loss):
        return Verdict("loss of capacity", sentence)
    unknown = f"{sentence}, which is too large to tell a loss from a side current"
    return Verdict("not distinguishable", unknown, "more cycles at a constant temperature")


def _is_electronic(found: Evidence) -> bool:
    """Tell whether electronic conduction is as large as the leak: within the uncertainty, and most of it."""
    if found.leak is None or found.electronic is None:
        return False
    difference = found.leak - found.electronic
    near = abs(value_of(difference)) <= _RESOLVED * u_of(difference)
    return near and value_of(found.electronic) > 0.5 * value_of(found.leak)


def _exceeds(share: Number, loss: Number) -> bool:
    difference = share - loss
    return value_of(difference) > _RESOLVED * u_of(difference)


def _percent(number: Number) -> str:
    return f"{spelled(100.0 * value_of(number), 100.0 * u_of(number))} %"


def _start(found: Evidence) -> str:
    """Return the first half of the sentence: what is missing against what was lost."""
    lost = "the capacity lost is not known" if found.loss is None else f"the capacity lost {_percent(found.loss)}"
    start = f"Over cycles {found.cycles} {_percent(found.share)} of a charge are missing, {lost}"
    return start if found.leak is None else f"{start}, a mean side current of {100 * value_of(found.leak):.2g} uA/cm2"


def _among_reactions(found: Evidence) -> Verdict:
    """Return the verdict where charge went somewhere and no capacity is missing for it."""
    against, arguments = _against_side_reaction(found)
    ratio = found.resistance_ratio
    grown = ratio is not None and lower(ratio) > 1.0
    shrunk = ratio is not None and upper(ratio) < 1.0
    if grown:
        arguments.append("for a side reaction: the resistance has grown")
    if shrunk:
        arguments.append("for a soft short: the resistance has fallen")
    start = _start(found)
    if shrunk:
        return Verdict("soft short", f"{start}; a soft short", _EIS, tuple(arguments))
    if against:
        sentence = f"{start}; a soft short or self-discharge, because {against}"
        return Verdict("soft short or self-discharge", sentence, _REST, tuple(arguments))
    plausible = found.per_anion is not None and upper(found.per_anion) < 1.0
    if grown and plausible:
        return Verdict("side reaction", f"{start}; a side reaction is likely", _REST, tuple(arguments))
    many = _many(found.per_anion)
    sentence = f"{start}; side reaction, soft short and self-discharge are not distinguishable{many}"
    return Verdict("not distinguishable", sentence, _EIS if ratio is None else _REST, tuple(arguments))


_EIS = "impedance after cycling: a grown resistance speaks for a side reaction, one below the pellet's for a short"
_REST = "voltage at rest after charge: a short or self-discharge lets it fall at the rate of the side current"


def _many(per_anion: Number | None) -> str:
    """Return what the electrons per anion say."""
    if per_anion is None:
        return " (how many anions the cathode holds is not known)"
    each = f"{spelled(value_of(per_anion), u_of(per_anion))} electrons per anion of the cathode's electrolyte"
    if lower(per_anion) > 1.0:
        return f"; as a side reaction it would be {each}, implausible without a visible growth of the resistance"
    return f"; as a side reaction it would be {each}"


def _against_side_reaction(found: Evidence) -> tuple[str, list[str]]:
    """Return what excludes a side reaction ('' for nothing), and the arguments found on the way."""
    reasons, arguments = [], []
    if found.sweep is not None and found.leak is not None:
        text = (
            f"the sweep shows {100 * value_of(found.sweep):.2g} uA/cm2 at the potential of the charge, the leak is "
            f"{100 * value_of(found.leak):.2g} uA/cm2"
        )
        if _FACTOR * max(upper(found.sweep), 0.0) < lower(found.leak):
            reasons.append(text)
        else:
            arguments.append(f"a side reaction is fast enough: {text}")
    ratio = found.resistance_ratio
    if found.per_anion is not None and ratio is not None and lower(found.per_anion) > 1.0 and upper(ratio) < _UNCHANGED:
        reasons.append(
            f"{value_of(found.per_anion):.2g} electrons per anion would have changed the resistance, which is "
            f"{value_of(ratio):.2g} times that before"
        )
    arguments += [f"against a side reaction: {reason}" for reason in reasons]
    return " and ".join(reasons), arguments
