"""What scores allow to say: one mechanism, several that these cells cannot tell apart, or none of those tried."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import gammaincc

from closo.combine.limits.mechanisms import OTHER
from closo.combine.limits.scoring import Score

ODDS = 20.0  # of the best over a rival from which the rival is out
_FRONTS = {"electronic path", "tortuosity"}  # both are a front in the cathode
_STRONG = 150.0  # odds of one front over the other
_LEAST_P = 0.01


@dataclass(frozen=True)
class Verdict:
    """What can be said."""

    kind: str  # 'identified', 'not identifiable' or 'none fits'
    alive: tuple[str, ...]  # mechanisms that remain, best first


def fits(score: Score) -> bool:
    """Return whether the best that a mechanism can do is within what chance does in 99 of 100 cases."""
    return bool(np.isfinite(score.best) and gammaincc(0.5 * max(score.dof, 1), 0.5 * score.best) > _LEAST_P)


def probabilities(scores: Sequence[Score]) -> dict[str, float]:
    """Return the probability of each mechanism among those tried, all equally likely before."""
    evidence = np.array([s.evidence for s in scores])
    weight = np.exp(evidence - evidence.max())
    return {s.name: float(w) for s, w in zip(scores, weight / weight.sum(), strict=True)}


def judge(scores: Sequence[Score]) -> Verdict:
    """Return the verdict of scores that are sorted, best first."""
    first = scores[0]
    odds = [_STRONG if {first.name, s.name} == _FRONTS else ODDS for s in scores]
    rivals = [s for s, most in zip(scores, odds, strict=True) if s.evidence > first.evidence - np.log(most)]
    alive = tuple(s.name for s in rivals if fits(s))
    if not alive or alive == (OTHER,):
        return Verdict("none fits", ())
    return Verdict("identified" if len(alive) == 1 and fits(first) else "not identifiable", alive)
