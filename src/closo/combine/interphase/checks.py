"""What the data and the fits passed or failed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from closo.combine.interphase.inference import Posterior, sample
from closo.combine.interphase.likelihood import Model, Noise, predict
from closo.combine.interphase.quantities import main_silica, thickness_of
from closo.combine.interphase.ranking import LARGE, Rank, left_over
from closo.combine.interphase.records import Table
from closo.constants import S_PER_CM
from closo.result import Check

_CONTRADICTED = 3.0  # standard deviations


def checks_of(
    posteriors: Mapping[str, Posterior], ranking: Sequence[Rank], *, shell: Posterior | None
) -> tuple[Check, ...]:
    """Return the checks of a result; `shell` as from `shell_of_main_silica`."""
    first = posteriors[ranking[0].name]
    return (
        _check_scatter(first),
        _check_evidence(ranking),
        _check_design(first.model.table),
        _check_shell(shell),
        _check_chemistry(first),
    )


def shell_of_main_silica(model: Model, *, draws: int, seed: int) -> Posterior | None:
    """Return the posterior of the fixed shell from the samples of the main silica (and the salt alone) only.

    What it predicts for other silicas is then a test of one thickness for all. None where there are fewer than three
    samples of the main silica, or none of another one.
    """
    table = model.table
    main = main_silica(table.composites).filler
    filled = [c for c in table.composites if c.filler_fraction > 0]
    count = sum(c.filler == main for c in filled)
    if count < 3 or count == len(filled):
        return None
    taught = np.array([c.filler == main or c.filler_fraction == 0 for c in table.composites])
    part = replace(model, noise=Noise.of(table, np.flatnonzero(taught[table.owner])))
    return sample(part, draws=draws, seed=seed)


def _check_shell(shell: Posterior | None) -> Check:
    """Does a shell fitted to one silica predict the samples of the others?"""
    name = "one shell thickness for all silicas"
    if shell is None:
        return Check(name, None, "needs three samples with one silica and one with another")
    table = shell.model.table
    main = main_silica(table.composites).filler
    others = [k for k, c in enumerate(table.composites) if c.filler_fraction > 0 and c.filler != main]
    rows = _rows_at_reference(table, others)
    if not rows:
        return Check(name, None, "no sample with another silica was measured at the reference temperature")
    found = predict(shell.model, shell.z, table.place)
    says, measured = found.log_conductivity[:, rows], table.y[rows]
    own = shell.values["scatter"][:, None] ** 2 + found.emulator_u[:, rows] ** 2
    u = np.sqrt(says.var(axis=0) + own.mean(axis=0) + np.diag(table.covariance)[rows])
    pulls = (measured - says.mean(axis=0)) / u
    k = int(np.argmax(np.abs(pulls)))
    thickness = thickness_of(shell)
    assert thickness is not None
    low, high = np.quantile(thickness, [0.025, 0.975]) * 1e9
    expected, seen = (math.exp(y[k]) / S_PER_CM for y in (says.mean(axis=0), measured))
    detail = (
        f"a shell fitted to {main} alone ({low:.2g} to {high:.2g} nm) predicts {expected:.2g} S/cm for "
        f"{table.composites[table.owner[rows[k]]].label}; measured {seen:.2g} S/cm, "
        f"{abs(pulls[k]):.1f} standard deviations off"
    )
    return Check(name, bool(abs(pulls[k]) < _CONTRADICTED), detail)


def _rows_at_reference(table: Table, composites: Sequence[int]) -> list[int]:
    """Return one row per composite near the reference temperature."""
    near = np.abs(table.place.temperature - table.place.reference_temperature) < 1.0
    return [int(k) for c in composites for k in np.flatnonzero((table.owner == c) & near & ~table.chemical)[:1]]


def _check_scatter(posterior: Posterior) -> Check:
    """Does the leading explanation leave only a plausible scatter from sample to sample?"""
    low, middle, high = np.quantile(left_over(posterior), [0.025, 0.5, 0.975])
    detail = (
        f"'{posterior.model.mechanism.name}' leaves {100 * low:.0f} to {100 * high:.0f} % from sample to sample, scatter "
        f"and smooth misfit together; more than {100 * LARGE:.0f} % would mean that it does not explain the data"
    )
    passed = False if middle > LARGE else True if high < LARGE else None
    return Check("scatter from sample to sample", passed, detail)


def _check_evidence(ranking: Sequence[Rank]) -> Check:
    """Does the evidence agree with the prediction?"""
    best = max(ranking, key=lambda row: row.log_evidence)
    gap = best.log_evidence - ranking[0].log_evidence
    detail = f"ln evidence of '{ranking[0].name}' is {gap:.1f} below that of '{best.name}'" if gap else "the same leads"
    return Check("evidence agrees", True if gap < 1.0 else None if gap < 5.0 else False, detail)


def _check_design(table: Table) -> Check:
    """Can samples like these tell explanations apart at all?"""
    filled = [c for c in table.composites if c.filler_fraction > 0]
    silicas = {c.filler for c in filled}
    contents = [c.filler_fraction for c in filled]
    salt = len(filled) < len(table.composites)
    span = max(contents) - min(contents)
    wanted = len(silicas) >= 3 and span >= 0.2 and salt
    detail = (
        f"{len(silicas)} silicas, {100 * min(contents):.0f} to {100 * max(contents):.0f} vol%, the salt alone "
        f"{'measured' if salt else 'not measured'}; three silicas, a range of 20 vol% and the salt alone are needed"
    )
    return Check("range of the samples", wanted or None, detail)


def _check_chemistry(posterior: Posterior) -> Check:
    """Does the leading explanation agree with X-ray Raman?"""
    model, chemical = posterior.model, posterior.model.table.chemical
    if not chemical.any():
        return Check("X-ray Raman", None, "no data")
    found = predict(model, posterior.z, model.table.place).chemical_share[:, chemical]
    u = np.sqrt(found.var(axis=0) + np.diag(model.table.covariance)[chemical])
    pulls = (model.table.y[chemical] - found.mean(axis=0)) / u
    worst = float(np.abs(pulls).max())
    detail = f"the changed share of the salt differs by at most {worst:.1f} standard deviations from that predicted"
    return Check("X-ray Raman", worst < _CONTRADICTED, detail)
