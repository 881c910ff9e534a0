"""Which explanation predicts best? Each composite is predicted from all others; the evidence is a second opinion.

The expected log predictive density (elpd) is the sum over composites of ln p(all its data | all other data). It comes
from the draws of the full posterior by importance weights; where those are uneven, the posterior is sampled again
without the composite. The standard error of a difference is that of a sum of independent terms.

Sources: Vehtari, Gelman, Gabry 2017, 10.1007/s11222-016-9696-4; a composite is left out whole because its data share a
scatter. Small differences: Sivula, Magnusson, Vehtari 2020, arXiv 2008.10296 (below 4 the standard error is optimistic).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import logsumexp

from closo.combine.interphase.inference import Posterior, anneal

_EVEN = 0.1  # effective share of the draws below which the posterior is sampled again
_CLOSE = 10.0  # explanations further behind than this are not sampled again: nothing would change
_DRAWS = 500
CERTAIN = 2.0  # standard errors
STRONG = 5.0  # ln of a Bayes factor: 150 to 1
LEAST = 4.0  # elpd; a smaller difference is no reason, whatever its standard error
LARGE = 0.25  # of ln sigma: an explanation that leaves more than this does not explain
BEST = "best of those tried"


@dataclass(frozen=True)
class Rank:
    """One explanation in the ranking.

    Attributes
    ----------
    name : of the explanation.
    elpd : expected log predictive density over the composites.
    difference : to the leading one.
    standard_error : of the difference.
    log_evidence : ln p(all data | explanation).
    probability : from the evidence alone, all explanations alike before.
    verdict : 'best of those tried', 'leads', 'none fits' (said of the leading one), 'not distinguishable', 'adds nothing',
        'does not fit', 'worse' or 'worse by evidence'.
    """

    name: str
    elpd: float
    difference: float
    standard_error: float
    log_evidence: float
    probability: float
    verdict: str


def left_out_densities(posterior: Posterior) -> tuple[np.ndarray, np.ndarray]:
    """Return ln p(data of a composite | data of all others), shape (composites left out in turn,), and whether its weights
    are too uneven for that.
    """
    model = posterior.model
    z = posterior.z[:: max(1, len(posterior.z) // _DRAWS)]
    logs = model.log_left_out(z)[:, model.table.left_out_in_turn]
    least = logsumexp(-logs, axis=0)
    return math.log(len(z)) - least, 1.0 / (np.exp(-logs - least) ** 2).sum(axis=0) < _EVEN * len(z)


def _refitted(posterior: Posterior, found: np.ndarray, uneven: np.ndarray) -> np.ndarray:
    """Return the densities, those of uneven weights from draws of a posterior that has not seen the composite."""
    turn = posterior.model.table.left_out_in_turn
    return np.array([_predicted_without(posterior, turn[k]) if uneven[k] else y for k, y in enumerate(found.tolist())])


def _predicted_without(posterior: Posterior, composite: int) -> float:
    """Return ln p(data of a composite | all others) from draws that were led away from having seen it."""
    model, rng = posterior.model, np.random.default_rng([20260713, composite])
    z, *_ = anneal(posterior.z, model.log_posterior, model.without(composite), draws=_DRAWS, rng=rng)
    logs = model.log_left_out(z)[:, composite]
    return float(logsumexp(logs)) - math.log(len(z))


def rank(posteriors: Sequence[Posterior]) -> list[Rank]:
    """Return the explanations, the leading one first.

    Of the explanations that predict as well as the one with the highest elpd (within 2 standard errors, or within 4),
    the one with the highest evidence leads, those first that leave less than a quarter of the conductivity unexplained.
    Another one is 'worse' when it predicts worse by more than that, and 'worse by evidence' when it predicts worse and
    its evidence is lower by more than 5. A combination that contains the leading one and is not worse 'adds nothing'.
    The leading one is the best of those tried where nothing else is left, it surely leaves less than a quarter, no other
    has more evidence, and it has no profile, exponent or prefactor of its own (`unsaid`, `bends`): such a one describes
    other causes as well (a layer of space charge is a salt that the area changes, a bad contact to the electrodes a void),
    so it leads at most. Where all of them leave more than a quarter, more likely than not, 'none fits'.
    """
    rough = {p.model.name: left_out_densities(p) for p in posteriors}
    near = max(float(found.sum()) for found, _ in rough.values()) - _CLOSE
    exact = {}
    for p in posteriors:
        found, uneven = rough[p.model.name]
        exact[p.model.name] = _refitted(p, found, uneven) if found.sum() > near else found
    evidence = {p.model.name: p.log_evidence for p in posteriors}
    parts = {p.model.name: p.model.mechanism.parts for p in posteriors}
    highest = max(exact, key=lambda name: float(exact[name].sum()))
    tied = [name for name, terms in exact.items() if not _better(exact[highest], terms)]
    left = {p.model.name: float(np.median(left_over(p))) for p in posteriors}
    fitting = [name for name in tied if left[name] <= LARGE]
    first = max(fitting or tied, key=lambda name: evidence[name])
    norm = logsumexp(list(evidence.values()))
    rows = []
    for name, terms in exact.items():
        difference, error = _difference(terms, exact[first])
        verdict = "not distinguishable"
        if _better(exact[first], terms):
            verdict = "worse"
        elif difference < 0 and evidence[first] - evidence[name] > STRONG:
            verdict = "worse by evidence"
        elif fitting and left[name] > LARGE:
            verdict = "does not fit"
        elif first in parts[name]:
            verdict = "adds nothing"
        probability = math.exp(evidence[name] - norm)
        rows.append(Rank(name, float(terms.sum()), difference, error, evidence[name], probability, verdict))
    rows.sort(key=lambda row: (row.name != first, -row.elpd))
    alone = all(row.verdict != "not distinguishable" for row in rows[1:])
    leader = next(p for p in posteriors if p.model.name == first)
    sure = float(np.quantile(left_over(leader), 0.975)) <= LARGE and max(evidence.values()) - evidence[first] < 1.0
    own = leader.model.mechanism.unsaid or leader.model.mechanism.bends
    verdict = BEST if alone and sure and not own else "leads"
    return [replace(rows[0], verdict=verdict if fitting else "none fits"), *rows[1:]]


def left_over(posterior: Posterior) -> np.ndarray:
    """Return draws of what an explanation leaves of ln sigma, from sample to sample and as a smooth misfit together."""
    return np.asarray(np.hypot(posterior.values["scatter"], posterior.values["discrepancy"]))


def leading(ranking: Sequence[Rank]) -> list[str]:
    """Return the names of the explanations that the data do not tell from the leading one, itself included."""
    return [row.name for row in ranking if row.verdict in (BEST, "leads", "none fits", "not distinguishable")]


def _difference(terms: np.ndarray, others: np.ndarray) -> tuple[float, float]:
    """Return the difference of two elpd and its standard error."""
    each = terms - others
    return float(each.sum()), float(math.sqrt(len(each)) * each.std(ddof=1))


def _better(terms: np.ndarray, others: np.ndarray) -> bool:
    """Is the first certainly the better one?"""
    difference, error = _difference(terms, others)
    return difference > max(CERTAIN * error, LEAST)
