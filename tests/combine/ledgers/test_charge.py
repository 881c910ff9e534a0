"""The charge ledger against the paper's numbers, a known leak, and the instrument's own offset."""

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from ledger_cells import AREA, CURRENTS, cycled, paper_cycling

from closo import figures
from closo.combine.ledgers import charge_ledger, figure_charge
from closo.constants import FARADAY
from closo.dataset import from_bytes, to_bytes
from closo.errors import DataError
from closo.models.cell.forms import anions_in_electrode
from closo.quantity import correlation, uncertain, withheld
from closo.result import Result

ANIONS = anions_in_electrode(
    uncertain(1.2e-6, {"mass:40C cathode": 0.03e-6}), 0.25, salt_fraction=0.5011, molar_mass=0.18781
)
LOCK = uncertain(AREA, {"area:die": 0.002e-4})


def ledger(cycling, **more):
    return charge_ledger(cycling, **{"area": LOCK, "anions": ANIONS} | more)


def sweep(potential, current_density, name="lsv.par#1"):
    variables = {"potential": ("point", potential), "current_density": ("point", current_density)}
    return Result("voltammetry", name, {}, xr.Dataset(variables))


def test_numbers_of_the_paper():
    """Sum of 1 - CE over cycles 7-50 about 0.36 (a linear CE gives 44 x 0.8 % = 0.35), 4.0 umol/cm2, 1.4 per anion."""
    result = ledger(paper_cycling(), first=7, last=50)
    q = result.quantities
    cycles = np.arange(7, 51)
    assert q["missing_charge"].value == pytest.approx(float(np.sum(0.013 - 0.010 * (cycles - 8.5) / 39.5)), rel=1e-9)
    assert q["missing_charge"].value == pytest.approx(0.36, abs=0.015)
    assert q["capacity_loss"].value == pytest.approx(0.0, abs=1e-9)
    assert q["areal_amount:electrons"].value * 100 == pytest.approx(4.0, abs=0.05)  # umol/cm2
    assert q["areal_amount:anions"].value * 100 == pytest.approx(2.83, abs=0.005)
    assert q["electrons_per_anion"].value == pytest.approx(1.4, abs=0.05)
    assert result.findings["verdict"] == "not distinguishable"
    assert "implausible without a visible growth of the resistance" in result.findings["answer"]
    assert result.findings["measurement"].startswith("impedance after cycling")


@pytest.mark.parametrize("first, last, expected", [(7, 10, 0.33), (46, 50, 0.08)])
def test_leaks_of_the_paper(first, last, expected):
    leak = ledger(paper_cycling(), first=first, last=last).quantities["leak_current_density"]
    assert round(leak.value * 100, 2) == expected


def test_offset_of_the_current_looks_like_a_leak():
    """An offset o is a leak o/A: 20 nA on 0.283 cm2 are 0.071 uA/cm2, as much as is missing at the end."""
    result = ledger(paper_cycling(offset=20e-9), first=7, last=50)
    leak = result.quantities["leak_current_density:last"]
    assert leak.budget()["current offset:40C"] * 100 == pytest.approx(20e-3 / 0.283, rel=1e-6)
    assert next(c for c in result.checks if c.name == "missing charge resolved").passed is True
    last = ledger(paper_cycling(offset=20e-9), first=46, last=50)
    assert last.findings["verdict"] == "current offset"
    # one error in all cycles: the sum over 44 cycles is no better known than one cycle, relative to its charge
    share = result.quantities["missing_charge"]
    assert share.budget()["current offset:40C"] == pytest.approx(44 * 2 * 20e-9 / (CURRENTS["40C"] * AREA), rel=0.01)


def test_offset_is_the_same_source_as_in_the_efficiency():
    cycling = paper_cycling(offset=20e-9)
    missing = ledger(cycling).quantities["missing_charge"].number
    assert correlation(missing, cycling.quantities["coulombic_efficiency"].number) < -0.9


def test_interrupted_cycles_and_symmetric_cells():
    discharge = np.full(10, 0.3)
    result = ledger(cycled(np.full(10, 0.99), discharge, current=1e-5, partial=(4, 5)))
    assert result.quantities["missing_charge"].value == pytest.approx(8 * 0.01)
    with pytest.raises(DataError, match="symmetric cell"):
        ledger(cycled(np.full(10, 0.99), discharge, current=1e-5, cell="symmetric cell"))
    with pytest.raises(DataError, match="no complete cycle"):
        ledger(cycled(np.full(2, 0.99), discharge[:2], current=1e-5, partial=(1, 2)))
    with pytest.raises(DataError, match="no complete cycle"):
        ledger(paper_cycling(), first=60)
    with pytest.raises(DataError, match="lacks cycle, charge"):
        ledger(Result("cycling", "x", {}, xr.Dataset()))


def test_leak_goes_on_in_a_rest_but_the_offset_does_not():
    quiet, rested = (
        ledger(cycled(np.full(10, 0.99), np.full(10, 0.3), current=1e-5, offset=1e-9, rest=rest))
        for rest in (0.0, 36000.0)
    )
    one, two = (r.quantities["leak_current_density"] for r in (quiet, rested))
    hours = 0.3 / 1e-5 * (1.0 + 1.0 / 0.99)
    assert two.value / one.value == pytest.approx(hours / (hours + 36000.0))
    shares = [r.quantities["missing_charge"].budget()["current offset:pw.mpr#1"] for r in (quiet, rested)]
    assert shares[0] == pytest.approx(shares[1])


def test_capacity_that_is_lost_explains_what_is_missing():
    discharge = 0.3 * 0.99 ** np.arange(20.0)
    result = ledger(cycled(np.full(20, 0.99), discharge, current=1e-5, offset=2e-9))
    assert result.findings["verdict"] == "loss of capacity"


def test_capacity_that_scatters_too_much_tells_nothing():
    wild = 0.3 * (1.0 + 0.2 * np.where(np.arange(6) % 2, 1.0, -1.0))
    result = ledger(cycled(np.full(6, 0.99), wild, current=1e-5, sampling=1e-4))
    assert result.findings["verdict"] == "not distinguishable"
    assert result.findings["measurement"] == "more cycles at a constant temperature"


def test_small_electronic_current_does_not_explain_a_leak_that_is_hardly_resolved():
    """Leak 2.2 u, electronic conduction a fifth of it: within 2 u of each other, but no explanation."""
    plain = ledger(paper_cycling(offset=25e-9), first=7)
    leak = plain.quantities["leak_current_density"]
    assert 2.0 < leak.value / leak.u < 2.5
    sigma = 0.2 * leak.value * 1.03e-3 / 3.5
    result = ledger(paper_cycling(offset=25e-9), first=7, electronic_conductivity=sigma, thickness=1.03e-3)
    assert result.findings["verdict"] == "not distinguishable"


@pytest.mark.parametrize(
    "ratio, verdict",
    [
        (0.8, "soft short"),
        (1.0, "soft short or self-discharge"),
        (3.0, "not distinguishable"),
        (None, "not distinguishable"),
    ],
)
def test_impedance_after_cycling_discriminates(ratio, verdict):
    """1.4 electrons per anion: with an unchanged resistance no side reaction, with a grown one still too many."""
    ratio = None if ratio is None else uncertain(ratio, {"fit:eis": 0.03})
    result = ledger(paper_cycling(offset=1e-9), first=7, resistance_ratio=ratio)
    assert result.findings["verdict"] == verdict


def test_few_electrons_per_anion_and_a_grown_resistance_are_a_side_reaction():
    result = ledger(
        paper_cycling(offset=1e-9), first=7, anions=20.0 * ANIONS, resistance_ratio=uncertain(3.0, {"eis": 0.1})
    )
    assert result.findings["verdict"] == "side reaction"


def test_sweep_too_small_excludes_a_side_reaction_and_a_larger_one_does_not():
    """Exponential rise: 0.001 or 1 uA/cm2 at 3.5 V; the leak is 0.2 uA/cm2."""
    e = np.concatenate([np.arange(2.5, 4.5, 0.002), np.arange(4.5, 2.5, -0.002)])
    for scale, verdict, words in (
        (1e-5, "soft short or self-discharge", "the sweep shows 0.001 uA/cm2"),
        (1e-2, "not distinguishable", "fast enough"),
    ):
        j = scale * np.exp((e - 3.5) / 0.06)
        j[1000:] = -1.0  # the way back does not count
        result = ledger(paper_cycling(offset=1e-9), first=7, lsv=sweep(e, j))
        assert result.quantities["leak_current_density:sweep"].value == pytest.approx(scale, rel=0.03)
        assert result.findings["verdict"] == verdict
        assert any(words in argument for argument in result.findings["arguments"])


def test_sweep_with_a_current_needs_an_area():
    """What the technique stores is a current; its area is among its findings, or given with its uncertainty."""
    e = np.arange(2.5, 4.5, 0.002)
    variables = {"potential": ("point", e), "current": ("point", np.full(len(e), 1e-6))}
    lsv = Result("voltammetry", "lsv", {}, xr.Dataset(variables), findings={"area": 0.5e-4})
    found = ledger(paper_cycling(), lsv=lsv).quantities["leak_current_density:sweep"]
    assert found.value == pytest.approx(1e-6 / 0.5e-4)
    given = ledger(paper_cycling(), lsv=lsv, lsv_area=uncertain(0.4e-4, {"area:lsv": 0.02e-4}))
    density = given.quantities["leak_current_density:sweep"]
    assert density.u / density.value == pytest.approx(0.05, rel=0.01)


@pytest.mark.parametrize(
    "lsv, why",
    [
        (
            Result("voltammetry", "cv", {}, xr.Dataset({"potential": ("point", np.arange(5.0))})),
            "its electrode area is missing",
        ),
        (sweep(np.linspace(1.0, 3.0, 100), np.zeros(100)), "covers 1.00 to 3.00 V, not 3.50 V"),
        (sweep(np.linspace(1.0, 5.0, 100), np.full(100, np.nan)), "not 3.50 V"),
    ],
)
def test_sweeps_that_do_not_tell(lsv, why):
    assert why in ledger(paper_cycling(), lsv=lsv).quantities["leak_current_density:sweep"].why


def test_electronic_conduction_explains_a_leak_of_its_size():
    """sigma_e U/L = leak: 0.2 uA/cm2 at 3.5 V through 1.03 mm is 6e-9 S/cm."""
    plain = ledger(paper_cycling(offset=1e-9), first=7)
    sigma = plain.quantities["leak_current_density"].value * 1.03e-3 / 3.5
    result = ledger(paper_cycling(offset=1e-9), first=7, electronic_conductivity=sigma, thickness=1.03e-3)
    assert result.findings["verdict"] == "electronic conduction"
    small = ledger(paper_cycling(offset=1e-9), first=7, electronic_conductivity=sigma / 50, thickness=1.03e-3)
    assert small.findings["verdict"] == "not distinguishable"


def test_without_an_area_charges_are_given_and_densities_withheld():
    result = charge_ledger(paper_cycling(), area=None, first=7)
    assert result.quantities["charge:missing"].value > 0
    assert result.quantities["leak_current_density"].number is None
    assert result.quantities["electrons_per_anion"].why.startswith("the amount of anions")
    assert len(figure_charge(result).panels) == 1


def test_anode_counts_what_went_in_by_discharge():
    """The pairs of an anode start with the discharge; 93 % come back."""
    cathode = cycled(np.full(6, 0.93), np.full(6, 0.3), current=1e-5)
    swapped = cathode.curves.rename({"charge": "discharge", "discharge": "charge"}).assign_attrs(cell="anode half cell")
    result = ledger(Result("cycling", "hc", cathode.quantities, swapped, (), {"current_gain": 0.0}))
    assert result.quantities["missing_charge"].value == pytest.approx(6 * 0.07)


def test_cycles_that_really_differ_are_no_uncertainty_of_their_sum():
    """A bad first cycle is charge that went missing; only what the instrument may have got wrong is uncertain."""
    efficiency = np.array([0.86, 0.93, 0.93, 0.92, 0.92, 0.92])
    found = ledger(cycled(efficiency, np.full(6, 0.3), current=1e-5, sampling=1e-4)).quantities["missing_charge"]
    assert found.value == pytest.approx(float(np.sum(1 - efficiency)))
    assert found.u == pytest.approx(np.hypot(1e-4 * 6**0.5, 0.001 * found.value), rel=0.01)  # sampling, gain


def test_figure(tmp_path):
    result = ledger(paper_cycling(offset=2e-9), first=7, electronic_conductivity=1e-7, thickness=1.03e-3)
    spec = figure_charge(replace(result, curves=from_bytes(to_bytes(result.curves))))
    assert [p.title for p in spec.panels] == ["charge", "side current"]
    assert spec.panels[0].traces[0].y[-1] == pytest.approx(100 * result.quantities["missing_charge"].value)
    assert len(figures.save(spec, tmp_path, ("svg",))) == 2


@pytest.mark.parametrize("stated", [True, False])
def test_electrons_per_anion_and_leak_lie_in_their_intervals(stated):
    """200 cyclers with an offset, cells with scatter, weighing errors: 92 to 98 % of the truths inside 95 %."""
    n, current, offset = 30, 1.4e-5, 3e-9
    sampling = 0.0005 * 2**0.5 if stated else None
    inside = {"electrons_per_anion": 0, "leak_current_density": 0, "missing_charge": 0, "capacity_loss": 0}
    for seed in range(200):
        rng = np.random.default_rng(seed)
        kept, leak = 0.3 * (1.0 - 0.001 * np.arange(n)), 0.06e-6  # C, A
        inner = kept * (1.0 + 0.003 * rng.standard_normal(n))
        charge, discharge = inner / (1 - leak / current), inner / (1 + leak / current)  # true, at the true current
        ends = 0.0005 * 0.3 * rng.standard_normal((2, n))
        error, gain = offset * rng.standard_normal(), 0.001 * rng.standard_normal()
        read_charge = charge * (1 + gain + error / current) + ends[0]
        read_discharge = discharge * (1 + gain - error / current) + ends[1]
        cycling = cycled(
            read_discharge / read_charge, read_discharge, current=current, offset=offset, name="c", sampling=sampling
        )
        anions, area = 1e-7, 0.283e-4
        result = charge_ledger(
            cycling,
            anions=uncertain(anions * (1 + 0.03 * rng.standard_normal()), {"mass:c": 0.03 * anions}),
            area=uncertain(area * (1 + 0.007 * rng.standard_normal()), {"area:c": 0.007 * area}),
        )
        missing = float(np.sum(charge - discharge))
        truths = {
            "electrons_per_anion": missing / FARADAY / anions,
            "leak_current_density": leak / area,
            "missing_charge": float(np.sum(1 - discharge / charge)),
            "capacity_loss": 0.001 * (n - 1),
        }
        for key, truth in truths.items():
            low, high = result.quantities[key].interval()
            inside[key] += low <= truth <= high
    assert {k: v for k, v in inside.items() if not 184 <= v <= 196} == {}


def test_more_charge_back_than_was_put_in_is_a_wrong_sign_not_an_offset():
    result = ledger(cycled(np.full(10, 1.05), np.full(10, 0.3), current=1e-5))
    assert result.quantities["missing_charge"].value == pytest.approx(-0.5)
    assert result.findings["verdict"] == "more came back"
    assert "the sign of the current" in result.findings["answer"]


def test_the_zero_of_the_current_must_be_known():
    cycling = paper_cycling()
    quantities = {**cycling.quantities, "coulombic_efficiency": withheld("coulombic_efficiency", "no plain cycle")}
    with pytest.raises(DataError, match="needs the zero of the current"):
        ledger(replace(cycling, quantities=quantities))
    assert ledger(replace(cycling, quantities=quantities), current_offset=1e-9).findings["verdict"]


def test_capacity_that_is_lost_early_is_lost():
    """85 % after 50 cycles, all of it in the first ten: a straight line would say 5 %."""
    n = np.arange(50)
    held = []
    for seed in range(40):
        noise = 1.0 + 5e-4 * np.random.default_rng(seed).standard_normal(50)
        discharge = 0.3 * (0.85 + 0.15 * np.exp(-0.38 * n)) * noise
        loss = ledger(cycled(np.full(50, 0.99), discharge, current=1e-5)).quantities["capacity_loss"]
        low, high = loss.interval()
        held.append(low <= 0.15 * (1.0 - np.exp(-0.38 * 49)) <= high)
        assert high - low < 0.004
    assert sum(held) >= 34
