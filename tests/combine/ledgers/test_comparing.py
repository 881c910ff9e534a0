"""Cells side by side: what differs, whether it can be attributed, and what temperature does."""

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from ledger_cells import MIXES, diffusion_cell, paper_cell

from closo import figures
from closo.combine.ledgers import compare_cells, figure_comparison
from closo.dataset import from_bytes, to_bytes
from closo.errors import DataError
from closo.quantity import Quantity, uncertain, withheld
from closo.result import Result

KEY = "specific_capacity:first_discharge"


def capacity(name, value, cell):
    """A result of cycling with one capacity [mAh/g] whose uncertainty is that of the mass."""
    charge = uncertain(value * 3600.0 * cell.active_mass.x, {f"current offset:{name}": 0.001})
    return Result("cycling", name, {KEY: Quantity("specific_capacity", charge / cell.active_mass)}, xr.Dataset())


def compared(cells, values):
    return compare_cells({n: capacity(n, values[n], cells[n]) for n in cells}, cells, name="PW")


def test_the_two_cells_of_the_paper_cannot_be_attributed_and_the_run_that_decides_is_named():
    cells = {name: paper_cell(name) for name in ("RT", "40C")}
    result = compared(cells, {"RT": 116.0, "40C": 143.0})
    assert result.findings["differences"] == {
        "RT over 40C": ["temperature", "rate", "formulation", "cathode thickness", "pellet thickness"]
    }
    assert "the attribution is not identifiable" in result.findings["answer"]
    assert result.findings["run"].startswith("The run that decides: RT at 40 degC, all else as it is.")
    ratio = result.quantities["ratio:RT over 40C"]
    assert ratio.value == pytest.approx(116.0 / 143.0)
    assert ratio.u / ratio.value == pytest.approx(np.hypot(0.05 / 1.5, 0.05 / 1.2) / 3**0.5, rel=0.02)  # two weighings
    assert result.checks[0].passed is False


def test_what_the_deciding_run_would_give_by_mechanism():
    """Simulations of the RT cell at 40 degC: 156.0 mAh/g where diffusion is slow, no change where grains have no contact."""
    cells = {name: diffusion_cell(name) for name in ("RT", "40C")}
    cells["RT"] = replace(cells["RT"], theoretical_capacity=169.0 * 3600.0)  # what the simulation has without any limit
    result = compared(cells, {"RT": 116.4, "40C": 142.8})
    slow, lost = (
        result.quantities[f"specific_capacity:RT at 40 degC, {k}"] for k in ("slow diffusion", "lost contact")
    )
    assert slow.value / 3600.0 == pytest.approx(156.0, rel=0.002)
    assert lost.value / 3600.0 == pytest.approx(116.4)
    assert "Expected: slow diffusion would give" in result.findings["run"]


def test_one_difference_is_the_reason():
    cold = paper_cell("RT")
    warm = replace(cold, name="warm", temperature=uncertain(313.15, {"temperature:warm": 0.5}))
    result = compared({"RT": cold, "warm": warm}, {"RT": 116.0, "warm": 156.0})
    assert "only the temperature differs" in result.findings["answer"]
    assert result.findings["run"] == ""
    assert result.checks[0].passed is True


def test_same_mass_cancels_in_the_ratio():
    cold = paper_cell("RT")
    result = compared({"RT": cold, "again": replace(cold, name="again")}, {"RT": 116.0, "again": 116.5})
    ratio = result.quantities["ratio:RT over again"]
    assert ratio.budget()["mass:RT cathode"] == pytest.approx(0.0, abs=1e-12)
    assert ratio.u == pytest.approx(0.001 / (116.0 * 3.6 * 0.9e-3) * 2**0.5, rel=0.01)  # the two charges, 0.9 mg


def test_no_difference_beyond_the_uncertainty_and_no_known_reason():
    cells = {name: paper_cell(name) for name in ("RT", "40C")}
    assert "no difference beyond" in compared(cells, {"RT": 140.0, "40C": 143.0}).findings["answer"]
    twins = {"a": paper_cell("RT"), "b": replace(paper_cell("RT"), temperature=None)}
    answer = compared(twins, {"a": 100.0, "b": 140.0}).findings["answer"]
    assert "nothing that is known differs between them (not known: temperature)" in answer


def test_rate_alone_differs():
    fast = replace(paper_cell("RT"), name="fast", current_density=uncertain(0.542, {"current:fast": 0.0003}))
    result = compared({"RT": paper_cell("RT"), "fast": fast}, {"RT": 116.0, "fast": 90.0})
    assert "only the rate differs" in result.findings["answer"]


def test_formulation_differs_by_its_mixing_ratio():
    other = replace(paper_cell("RT"), name="x", mass_fractions=MIXES["40C"])
    result = compared({"RT": paper_cell("RT"), "x": other}, {"RT": 116.0, "x": 130.0})
    assert result.findings["differences"] == {"RT over x": ["formulation"]}


def test_three_cells_and_a_withheld_one():
    cells = {n: replace(paper_cell("RT"), name=n) for n in ("a", "b", "c")}
    results = {n: capacity(n, v, cells[n]) for n, v in (("a", 100.0), ("b", 120.0))}
    results["c"] = Result("cycling", "c", {KEY: withheld("specific_capacity", "needs active_mass")}, xr.Dataset())
    result = compare_cells(results, cells)
    assert [k for k in result.quantities if k.startswith("ratio")] == ["ratio:a over b"]
    assert result.quantities["specific_capacity:c"].why == "needs active_mass"
    other = compare_cells(results, cells, key="areal_capacity:first_discharge")
    assert other.findings["answer"].startswith("No two capacities are known")


def test_figure_is_drawn_from_what_was_stored(tmp_path):
    cells = {name: paper_cell(name) for name in ("RT", "40C")}
    result = compared(cells, {"RT": 116.0, "40C": 143.0})
    spec = figure_comparison(replace(result, curves=from_bytes(to_bytes(result.curves))))
    assert list(spec.panels[0].traces[0].y) == pytest.approx([116.0, 143.0])
    assert [label for _, label in spec.panels[0].x.ticks] == ["RT", "40C"]
    assert len(figures.save(spec, tmp_path, ("svg",))) == 2


def test_too_few_cells_or_nothing_known_of_one():
    cell = paper_cell("RT")
    with pytest.raises(DataError, match="there are 1 results"):
        compare_cells({"a": capacity("a", 100.0, cell)}, {"a": cell})
    with pytest.raises(DataError, match="nothing is known of b"):
        compare_cells({n: capacity(n, 100.0, cell) for n in "ab"}, {"a": cell})


def test_ratio_lies_in_its_interval():
    truth, inside = 116.0 / 143.0, 0
    cells = {name: paper_cell(name) for name in ("RT", "40C")}
    for seed in range(200):
        rng = np.random.default_rng(seed)
        results = {}
        for name, value in (("RT", 116.0), ("40C", 143.0)):
            true = cells[name].active_mass.x
            mass = uncertain(true * (1.0 + 0.02 * rng.standard_normal()), {f"mass:{name}": 0.02 * true})
            charge = value * 3600.0 * true
            read = uncertain(charge * (1.0 + 0.001 * rng.standard_normal()), {f"current gain:{name}": 0.001 * charge})
            results[name] = Result("cycling", name, {KEY: Quantity("specific_capacity", read / mass)}, xr.Dataset())
        low, high = compare_cells(results, cells).quantities["ratio:RT over 40C"].interval()
        inside += low <= truth <= high
    assert 184 <= inside <= 196
