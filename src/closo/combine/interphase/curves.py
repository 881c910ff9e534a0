"""The arrays behind the figures of a result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr

from closo.combine.interphase.inference import Posterior
from closo.combine.interphase.likelihood import predict
from closo.combine.interphase.planning import place_at_reference
from closo.combine.interphase.quantities import main_silica
from closo.combine.interphase.ranking import Rank
from closo.combine.interphase.records import Composite, Silica, Table

_DRAWS = 400
_CONTENTS = np.linspace(0.05, 0.60, 23)
_LEVELS = [0.025, 0.5, 0.975]


def curves_of(
    posteriors: Mapping[str, Posterior],
    ranking: Sequence[Rank],
    *,
    shell: Posterior | None,
    silicas: Mapping[str, Silica],
    filler_density: float,
) -> xr.Dataset:
    """Return measured and expected conductivities at the reference temperature.

    Dimensions: model (in the order of the ranking), content, silica (by area), sample, level (lower, median and upper end
    of 95 % of the expected conductivity, without the scatter of samples), lone (the fixed shell fitted to the main silica
    alone, where there is one).
    """
    table = posteriors[ranking[0].name].model.table
    main = main_silica(table.composites)
    hours = table.place.reference_hours * 3600.0
    along = [
        Composite("", float(phi), hours, (), main.filler, main.specific_surface_area, main.pore_volume)
        for phi in _CONTENTS
    ]
    usual = _usual_content(table)
    known = sorted((s for s in silicas.items() if s[1][1] is not None), key=lambda s: s[1][0])
    across = [Composite("", usual, hours, (), name, *silica) for name, silica in known]
    order = [posteriors[row.name] for row in ranking]
    lone = [] if shell is None else [shell]
    expected = {
        "expected_over_content": (("model", "content", "level"), _expected(order, along, filler_density)),
        "expected_over_silica": (("model", "silica", "level"), _expected(order, across, filler_density)),
        "shell_over_content": (("lone", "content", "level"), _expected(lone, along, filler_density)),
        "shell_over_silica": (("lone", "silica", "level"), _expected(lone, across, filler_density)),
    }
    return xr.Dataset(
        {
            **expected,
            **_samples(table),
            "elpd_difference": ("model", np.array([row.difference for row in ranking])),
            "elpd_error": ("model", np.array([row.standard_error for row in ranking])),
            "log_evidence": ("model", np.array([row.log_evidence for row in ranking])),
        },
        coords={
            "content": _CONTENTS,
            "specific_surface_area": ("silica", np.array([silica[0] for _, silica in known])),
        },
        attrs={
            "kind": "interphase",
            "metadata": {
                "models": [row.name for row in ranking],
                "silicas": [name for name, _ in known],
                "main_silica": main.filler,
                "usual_content": usual,
            },
        },
    )


def _usual_content(table: Table) -> float:
    """Return the content (to whole vol%) at which most silicas were measured."""
    filled = [c for c in table.composites if c.filler_fraction > 0]
    fillers = {round(c.filler_fraction, 2): set[str]() for c in filled}
    for c in filled:
        fillers[round(c.filler_fraction, 2)].add(c.filler)
    return max(fillers, key=lambda phi: (len(fillers[phi]), -abs(phi - 0.35)))


def _expected(posteriors: Sequence[Posterior], composites: Sequence[Composite], density: float) -> np.ndarray:
    """Return quantiles of the expected conductivity [S/m], shape (models, composites, levels)."""
    found = np.full((len(posteriors), len(composites), len(_LEVELS)), np.nan)
    rng = np.random.default_rng(20260712)
    for k, posterior in enumerate(posteriors):
        if not composites:
            break
        place = place_at_reference(composites, posterior.model.table, filler_density=density)
        step = max(1, len(posterior.z) // _DRAWS)
        says = predict(posterior.model, posterior.z[::step], place)
        drawn = says.log_conductivity + says.emulator_u * rng.standard_normal((len(says.emulator_u), 1))
        found[k] = np.exp(np.quantile(drawn, _LEVELS, axis=0)).T
    return found


def _samples(table: Table) -> dict[str, tuple[str, np.ndarray]]:
    """Return what was measured at the reference temperature; the milling time tells which belong together."""
    near = np.abs(table.place.temperature - table.place.reference_temperature) < 1.0
    rows = np.array(
        [k for k in np.flatnonzero(near & ~table.chemical) if table.place.filler_fraction[k] > 0], dtype=int
    )
    sigma = np.exp(table.y[rows])
    owners = [table.composites[k] for k in table.owner[rows]]
    return {
        "ionic_conductivity": ("sample", sigma),
        "ionic_conductivity_u": ("sample", sigma * np.sqrt(np.diag(table.covariance)[rows])),
        "filler_fraction": ("sample", table.place.filler_fraction[rows]),
        "area": ("sample", np.array([c.specific_surface_area or np.nan for c in owners])),
        "usual_time": ("sample", np.abs(table.place.hours[rows] - table.place.reference_hours) < 0.01),
        "main": ("sample", np.array([c.filler == main_silica(table.composites).filler for c in owners])),
    }
