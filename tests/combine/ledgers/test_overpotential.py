"""The overpotential ledger against the printed numbers of two cells, single mechanisms, and a known truth."""

from dataclasses import replace

import numpy as np
import pytest
from ledger_cells import CAPACITY, CURRENTS, KELVIN, conductivity, diffusion_cell, paper_cell

from closo import figures
from closo.combine.arrhenius import Point, arrhenius
from closo.combine.ledgers import CellParameters, figure_overpotential, overpotential_ledger
from closo.dataset import from_bytes, to_bytes
from closo.errors import StudyError
from closo.quantity import uncertain

COMPLETE = {
    "particle_radius": 0.5e-6,
    "exchange_current_density": 6e-5,
    "tortuosity_exponent": 1.5,
    "cathode_electronic_conductivity": 0.1,
    "interface_resistance": 20e-4,
}


def ledger(cell, **more):
    return overpotential_ledger(cell, conductivity=conductivity(cell.temperature), **more)


@pytest.mark.parametrize("name, resistance, drop", [("RT", 254.0, 6.9), ("40C", 134.0, 6.8)])
def test_pellets_of_the_paper(name, resistance, drop):
    """L/sigma x j: 254 ohm cm2 x 27.1 uA/cm2 = 6.9 mV at 20 degC, and 6.8 mV at 40 degC."""
    result = ledger(paper_cell(name))
    assert result.quantities["area_specific_resistance:separator"].value * 1e4 == pytest.approx(resistance, abs=0.6)
    assert round(result.quantities["overpotential:separator"].value * 1e3, 1) == drop


def test_arrhenius_result_stands_for_the_conductivity():
    points = [Point(uncertain(t, {}), uncertain(conductivity(t), {f"fit:{t}": 1e-6})) for t in (293.15, 303.15, 333.15)]
    law = arrhenius(points, name="pellet")
    result = overpotential_ledger(paper_cell("RT"), conductivity=law)
    share = result.quantities["overpotential:separator"]
    assert share.value * 1e3 == pytest.approx(6.895, rel=2e-3)
    # 0.5 K at Ea/(kT2) of ln sigma: 0.38 eV gives 4.8 %/K
    assert share.budget()["temperature:RT"] / share.value == pytest.approx(0.5 * 0.048, rel=0.03)


def test_what_is_not_known_is_named_and_nothing_is_assumed():
    result = ledger(paper_cell("RT"), measured_hysteresis=uncertain(0.4, {"gap": 0.002}))
    why = result.quantities["overpotential:charge transfer"].why
    assert why == "not known: exchange current density and particle radius"
    assert result.quantities["capacity_loss:diffusion"].why == "not known: particle radius and diffusivity"
    known = [k for k, q in result.quantities.items() if k.startswith("overpotential:") and q.number is not None]
    assert known == [f"overpotential:{k}" for k in ("separator", "known", "measured", "left")]
    assert "and is not what limits" in result.findings["answer"]
    assert "not identifiable" in result.findings["answer"]
    assert next(c for c in result.checks if c.name == "all shares known").passed is None


def test_nothing_known_at_all():
    cell = CellParameters(name="x", temperature=300.0, current_density=0.3)
    result = overpotential_ledger(cell, conductivity=None)
    assert result.findings["answer"].startswith("Not identifiable: no share is known")
    assert result.quantities["overpotential:separator"].why.endswith(
        "separator thickness and conductivity of the electrolyte"
    )
    with pytest.raises(StudyError, match="needs its temperature"):
        overpotential_ledger(CellParameters(name="x"), conductivity=0.05)


def test_charge_transfer_of_a_simulated_cell():
    """A simulation with 6e-5 A/m2 alone has a gap of 0.40 V; j0 was 0.70 eV at 20 degC, and the mean of sqrt(y(1-y)) 2x."""
    cell = replace(paper_cell("RT"), **COMPLETE)
    result = ledger(cell, measured_hysteresis=uncertain(0.40, {"gap": 0.02}))
    assert 2.0 * result.quantities["overpotential:charge transfer"].value == pytest.approx(0.40, rel=0.05)
    assert "most of it the charge transfer in the cathode" in result.findings["answer"]
    shares = sum(
        result.quantities[f"overpotential:{k}"].value for k in ("separator", "cathode ions", "cathode electrons")
    )
    shares += result.quantities["overpotential:charge transfer"].value
    shares += result.quantities["overpotential:sodium interface"].value
    shares += result.quantities["overpotential:redistribution"].value
    assert result.quantities["overpotential:known"].value == pytest.approx(shares)


def test_paths_of_a_poor_cathode_take_off_what_the_reaction_saves():
    """Fast charge transfer and poor paths: the electrode costs less than the sum of its shares."""
    cell = replace(
        paper_cell("RT"), **COMPLETE | {"exchange_current_density": 10.0, "cathode_electronic_conductivity": 2e-6}
    )
    result = ledger(cell)
    assert result.quantities["overpotential:redistribution"].value < 0
    assert next(c for c in result.checks if c.name == "uniform reaction").passed is False


def test_too_large_shares_are_seen():
    result = ledger(paper_cell("RT"), measured_hysteresis=uncertain(0.005, {"gap": 0.0002}))
    assert "one of their numbers is wrong" in result.findings["answer"]
    assert next(c for c in result.checks if c.name == "shares fit into the gap").passed is False


@pytest.mark.parametrize("name, simulated", [("RT", 116.4), ("40C", 142.8)])
def test_diffusion_explains_the_capacity_of_simulated_cells(name, simulated):
    cell = diffusion_cell(name)
    measured = uncertain(simulated * 3600.0, {"mass": simulated * 3600.0 * 0.033})
    result = ledger(cell, measured_hysteresis=0.03, measured_capacity=measured)
    assert result.quantities["specific_capacity:diffusion"].value / 3600.0 == pytest.approx(simulated, rel=0.02)
    assert "it explains them" in result.findings["answer"]
    if name == "RT":
        assert result.quantities["temperature_sensitivity"].value * 100 == pytest.approx(3.3, abs=0.05)


@pytest.mark.parametrize(
    "gap, words",
    [
        (0.03, "slow diffusion in the active material or grains without contact"),
        (0.40, "an interface or a path in the cathode may cost capacity as well as voltage"),
        (None, "without a measured gap nothing tells why"),
    ],
)
def test_gap_decides_what_low_capacity_may_mean(gap, words):
    result = ledger(paper_cell("RT"), measured_hysteresis=gap, measured_capacity=uncertain(116.0 * 3600, {"m": 1e4}))
    assert words in result.findings["answer"]


def test_diffusion_too_slow_for_the_closed_form_is_withheld():
    cell = replace(diffusion_cell("RT"), diffusivity=1e-20)
    result = ledger(cell, measured_capacity=uncertain(20.0 * 3600, {"m": 1e3}))
    assert "no steady profile" in result.quantities["capacity_loss:diffusion"].why
    assert "diffusion alone withholds most" in result.findings["answer"]


def test_hysteresis_of_the_material_is_taken_off():
    plain, corrected = (
        ledger(paper_cell("RT"), measured_hysteresis=0.4, intrinsic_hysteresis=h).quantities["overpotential:left"].value
        for h in (None, 0.09)
    )
    assert plain - corrected == pytest.approx(0.045)


@pytest.mark.parametrize(
    "bad", [{"measured_hysteresis": -0.1}, {"measured_hysteresis": 0.1, "intrinsic_hysteresis": 0.2}]
)
def test_impossible_gaps_are_refused(bad):
    with pytest.raises(StudyError, match=r"below discharge|not above the material's own"):
        ledger(paper_cell("RT"), **bad)


@pytest.mark.parametrize("current", [0.0, -0.3, float("nan")])
def test_impossible_currents_and_temperatures_are_refused(current):
    for bad in ({"current_density": current}, {"temperature": current}):
        with pytest.raises(StudyError, match="is not valid"):
            ledger(replace(paper_cell("RT"), **COMPLETE), **bad)


@pytest.mark.parametrize("complete", [False, True])
def test_figure_shows_every_part(complete, tmp_path):
    cell = replace(paper_cell("RT"), **COMPLETE) if complete else paper_cell("RT")
    result = ledger(cell, measured_hysteresis=0.4, measured_capacity=uncertain(116.0 * 3600, {"m": 1e4}))
    spec = figure_overpotential(replace(result, curves=from_bytes(to_bytes(result.curves))))
    ticks = [label for _, label in spec.panels[0].x.ticks]
    assert ticks[:5] == ["pellet", "Na | SE", "ions", "electrons", "charge transfer"]
    assert sum(note.text == "?" for note in spec.panels[0].texts) == (0 if complete else 4)
    assert len(figures.save(spec, tmp_path, ("svg",))) == 2


def drawn(rng, value, relative, label):
    """Return a value measured with a normal error, and the number an analyst writes down."""
    measured = value * (1.0 + relative * rng.standard_normal())
    return uncertain(measured, {label: relative * measured})


def test_shares_lie_in_their_intervals():
    """200 cells with known truth: every share inside its 95 % interval in 92 to 98 % of them."""
    truth = replace(paper_cell("RT"), **COMPLETE)
    plain = {k: getattr(truth, k) for k in ("separator_thickness", "cathode_thickness", "active_fraction")}
    plain |= {"electrolyte_fraction": truth.electrolyte_fraction, **COMPLETE}
    plain = {k: float(getattr(v, "x", v)) for k, v in plain.items()}
    exact = CellParameters(name="RT", temperature=KELVIN["RT"], current_density=CURRENTS["RT"], **plain)
    known = overpotential_ledger(exact, conductivity=conductivity(KELVIN["RT"])).quantities
    names = [k for k in known if k.startswith("overpotential:") and known[k].number is not None]
    inside = dict.fromkeys(names, 0)
    spread = {k: 0.03 for k in plain} | {"exchange_current_density": 0.06, "interface_resistance": 0.1}
    for seed in range(200):
        rng = np.random.default_rng(seed)
        measured = {k: drawn(rng, v, spread[k], f"{k}:RT") for k, v in plain.items()}
        kelvin = uncertain(KELVIN["RT"] + 0.5 * rng.standard_normal(), {"temperature:RT": 0.5})
        sigma = conductivity(kelvin, drawn(rng, 0.05, 0.03, "fit:pellet"))
        current = drawn(rng, CURRENTS["RT"], 0.005, "gain:cycler")
        cell = CellParameters(name="RT", temperature=kelvin, current_density=current, **measured)
        found = overpotential_ledger(cell, conductivity=sigma).quantities
        for key in names:
            low, high = found[key].interval()
            inside[key] += low <= known[key].value <= high
    assert {k: n for k, n in inside.items() if not 184 <= n <= 196} == {}


def test_capacity_left_by_diffusion_lies_in_its_interval():
    inside = 0
    for seed in range(200):
        rng = np.random.default_rng(1000 + seed)
        truth = diffusion_cell("RT")
        exact = replace(truth, area=truth.area.x, active_mass=truth.active_mass.x, current_density=CURRENTS["RT"])
        known = ledger(exact).quantities["specific_capacity:diffusion"].value
        measured = replace(
            exact,
            particle_radius=drawn(rng, 0.5e-6, 0.04, "radius:PW"),
            diffusivity=drawn(rng, 1.5e-18, 0.05, "D:PW"),
            active_mass=drawn(rng, exact.active_mass, 0.02, "mass:RT"),
        )
        low, high = ledger(measured).quantities["specific_capacity:diffusion"].interval()
        inside += low <= known <= high
    assert 184 <= inside <= 196
    assert known < CAPACITY


def test_whatever_is_missing_there_is_an_answer():
    """300 random cells with random gaps in what is known: one sentence each, and a figure."""
    full = replace(diffusion_cell("RT"), **COMPLETE)
    names = [k for k in vars(full) if k not in ("name", "temperature", "current_density", "mass_fractions")]
    for seed in range(300):
        rng = np.random.default_rng(seed)
        cell = replace(full, **{k: None for k in names if rng.random() < 0.4})
        more = {
            "measured_hysteresis": None if rng.random() < 0.3 else uncertain(10.0 ** rng.uniform(-3, 0), {"gap": 1e-3}),
            "measured_capacity": None if rng.random() < 0.3 else uncertain(rng.uniform(1, 250) * 3600.0, {"q": 1e4}),
        }
        sigma = None if rng.random() < 0.3 else conductivity(cell.temperature)
        result = overpotential_ledger(cell, conductivity=sigma, **more)
        assert result.findings["answer"].endswith(".")
        assert all(q.number is not None or q.why for q in result.quantities.values())
        assert figure_overpotential(result).panels
