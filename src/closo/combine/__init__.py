"""Combinations: results -> result. One row of COMBINATIONS each, in the order in which they are made; others come
through the entry point `closo.combinations`.

A row names two functions by 'module:function', imported when first used: `wanted(view)` yields a `Wanted` for each result
that the study allows, and a sentence where something for it is missing; `figure(result)` draws one.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from closo.combine.view import View, Wanted
    from closo.figures import FigureSpec
    from closo.result import Result

__all__ = ["COMBINATIONS", "Combination", "combinations"]


@dataclass(frozen=True)
class Combination:
    """One row: a kind of combined result."""

    name: str  # `technique` of its results
    title: str  # for people
    finds: str = ""  # 'module:function' of `wanted(view)`; empty where it is made on request only
    draws: str = ""  # 'module:function' of `figure(result)`; empty where it has none of its own
    headline: tuple[str, ...] = ()  # keys of its main quantities, the first that a result has is shown
    slow: bool = False  # each result takes as long as its spectra: worth sending to another process

    @property
    def module(self) -> str:
        """The module that looks for its inputs; empty where none does."""
        return self.finds.partition(":")[0]

    def wanted(self, view: View) -> Iterator[Wanted | str]:
        """Yield what the study allows, and sentences on what is missing."""
        if self.finds:
            yield from _function(self.finds)(view)

    def figure(self, result: Result) -> FigureSpec:
        """Draw a result; only where `draws` is not empty."""
        spec: FigureSpec = _function(self.draws)(result)
        return spec


def _function(place: str) -> Any:
    module, _, name = place.partition(":")
    return getattr(importlib.import_module(module), name)


_HERE = "closo.combine"
COMBINATIONS: tuple[Combination, ...] = (
    Combination(
        "impedance_series",
        "One fit of all spectra of a pellet",
        f"{_HERE}.pellets:series_of_spectra",
        f"{_HERE}.impedance_series:figure",
        slow=True,
    ),
    Combination(
        "arrhenius",
        "Arrhenius law",
        f"{_HERE}.pellets:laws",
        f"{_HERE}.arrhenius:figure",
        ("activation_energy",),
    ),
    Combination("replicates", "Mean of the pellets", f"{_HERE}.pellets:means", headline=("ionic_conductivity",)),
    Combination(
        "series",
        "Samples compared",
        f"{_HERE}.pellets:comparisons",
        f"{_HERE}.series:figure",
        ("conductivity_ratio:spread",),
    ),
    Combination(
        "electronic_fraction",
        "Electronic share of the conductivity",
        f"{_HERE}.cells:electronic_shares",
        headline=("electronic_fraction",),
    ),
    Combination("cell_recipe", "What a cell's recipe implies", f"{_HERE}.recipes:cells"),
    Combination("press_recipe", "What a press's settings imply", f"{_HERE}.recipes:presses"),
    Combination(
        "transference",
        "Transference number",
        f"{_HERE}.cells:transference_numbers",
        f"{_HERE}.transference:figure",
        ("transference_number",),
    ),
    Combination(
        "resistance_change",
        "Change of resistance",
        f"{_HERE}.cells:resistance_changes",
        f"{_HERE}.resistance_change:figure",
        ("resistance_ratio",),
    ),
    Combination(
        "interface",
        "Interfacial resistance",
        f"{_HERE}.cells:interfaces",
        headline=("interfacial_resistance", "interfacial_resistance:upper_limit"),
    ),
    Combination("plating_stress", "Stress of a plating test", f"{_HERE}.cells:plating_stresses"),
    Combination(
        "overpotential_ledger",
        "Where the voltage goes",
        f"{_HERE}.cells:overpotentials",
        f"{_HERE}.ledgers:figure_overpotential",
        ("overpotential:separator",),
    ),
    Combination(
        "charge_ledger",
        "Where the charge goes",
        f"{_HERE}.cells:charges",
        f"{_HERE}.ledgers:figure_charge",
        ("missing_charge", "electrons_per_anion"),
    ),
    Combination(
        "cell_comparison",
        "Cells compared",
        f"{_HERE}.cells:capacities_compared",
        f"{_HERE}.ledgers:figure_comparison",
    ),
    Combination(
        "filler_budget", "Surface and pores of a filler", f"{_HERE}.powders:fillers", headline=("pore_filling",)
    ),
    Combination(
        "silanol",
        "O-H gained against silanol lost",
        f"{_HERE}.powders:silanol",
        f"{_HERE}.silanol:figure",
        ("hydroxyl_gain",),
    ),
    Combination(
        "phases",
        "Phases over milling time or temperature",
        f"{_HERE}.phases:phases",
        f"{_HERE}.phases:figure",
        ("transition_temperature",),
    ),
    Combination(
        "transformation",
        "Salt that goes through the transition",
        f"{_HERE}.phases:heats",
        headline=("transforming_fraction", "transforming_fraction:upper_limit"),
    ),
    Combination("decomposition", "Where a ratio of conductivities comes from", headline=("conductivity_ratio",)),
    Combination("interphase", "Interphase", draws=f"{_HERE}.interphase:figure", headline=("interphase_conductivity",)),
    Combination("milling", "Milling kinetics", draws=f"{_HERE}.milling:figure", headline=("milling_time:optimum",)),
    Combination("cell_limits", "What limits the cells", draws=f"{_HERE}.limits:figure"),
    Combination("cell_simulation", "Simulated cell", draws="closo.models.cell.results:figure"),
    Combination("cell_design", "Energy of stacks", draws="closo.models.cell.design:figure"),
    Combination(
        "conduction",
        "Effective conductivity of a microstructure",
        draws="closo.models.simulation:figure",
        headline=("effective_conductivity",),
    ),
)


@cache
def combinations() -> dict[str, Combination]:
    """Return name -> row, of closo's own and of installed packages."""
    known = {row.name: row for row in COMBINATIONS}
    return known | {e.name: e.load() for e in entry_points(group="closo.combinations")}
