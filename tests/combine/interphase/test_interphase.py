"""The whole inference on synthetic composites whose explanation is known."""

import math
from dataclasses import replace

import numpy as np
import pytest

from closo.combine.interphase import figures, interphase
from closo.combine.interphase.inference import sample
from closo.combine.interphase.likelihood import Model
from closo.combine.interphase.mechanisms import MECHANISMS
from closo.combine.interphase.planning import CONTENTS, offers
from closo.combine.interphase.quantities import _judged, _of_explanation
from closo.combine.interphase.ranking import BEST
from closo.combine.interphase.records import table_of
from closo.figures import render
from closo.quantity import Quantity, uncertain
from closo.twin.interphase import (
    COMMON,
    DENSITY,
    NARROW,
    PRINTED,
    REFERENCE,
    TRUTHS,
    WIDE,
    Made,
    bruggeman_ratio,
    composites,
)

EV = 1.602176634e-19
# three of the samples seen by X-ray Raman: without it, a budget of shell and a milled salt can look alike
SEEN = tuple(replace(m, raman=0.05) if m.fraction in (0.35, 0.40, 0.50) else m for m in WIDE)
SILICAS = {"A90": (70.2e3, 0.152e-3), "A200": (191.2e3, 0.437e-3), "A380": (349.2e3, 0.692e-3)}


FEWER = tuple(m for m in MECHANISMS if m.name in ("shell", "silanol", "budget", "milled", "shell + pores"))


def explained(explanation, *, seed=1, design=SEEN, truth=None, celsius=(60.0, 90.0), draws=300, tried=FEWER):
    made = composites(explanation, truth or {}, seed=seed, design=design, celsius=celsius)
    return interphase(
        made,
        name="twin",
        filler_density=DENSITY,
        ratio=bruggeman_ratio,
        temperature=REFERENCE,
        silicas=SILICAS,
        explanations=tried,
        draws=draws,
    )


@pytest.fixture(scope="module")
def shell():
    return explained("shell")


@pytest.fixture(scope="module")
def narrow():
    return explained("shell", design=NARROW)


def verdicts(result):
    return {row["name"]: row["verdict"] for row in result.findings["ranking"]}


def test_a_shell_is_found_with_thickness_conductivity_and_energy(shell):
    assert shell.findings["ranking"][0]["name"] == "shell"
    assert verdicts(shell)["shell"] in (BEST, "leads")
    assert all(verdicts(shell)[n] in ("worse", "worse by evidence", "does not fit") for n in ("budget", "milled"))
    truth = {
        "shell_thickness": 1.5e-9,
        "interphase_conductivity": COMMON["interphase_conductivity"],
        "interphase_activation_energy": COMMON["interphase_energy"] * EV,
        "sample_scatter": COMMON["scatter"],
    }
    for key, value in truth.items():
        low, high = shell.quantities[key].interval(0.997)
        assert low < value < high, key
    assert shell.quantities["interphase_conductivity:shell"].u < 0.15 * truth["interphase_conductivity"]
    assert shell.quantities["interphase_conductivity"].u > 0.25 * truth["interphase_conductivity"]  # no sample is ideal


def test_a_combination_that_adds_nothing_does_not_lead(shell):
    assert verdicts(shell)["shell + pores"] == "adds nothing"


def test_the_interval_of_a_quantity_is_that_of_the_draws(shell):
    rows = {p["name"]: p for p in shell.findings["ranking"][0]["parameters"]}
    low, high = shell.quantities["interphase_conductivity:shell"].interval()
    assert (low, high) == pytest.approx(rows["interphase_conductivity"]["interval"], rel=0.02)


def test_one_shell_for_all_silicas_passes_for_a_shell_and_fails_for_a_milled_salt(shell):
    checks = {c.name: c for c in shell.checks}
    assert checks["one shell thickness for all silicas"].passed is True
    assert checks["X-ray Raman"].passed is True
    milled = {c.name: c for c in explained("milled", design=PRINTED).checks}
    assert milled["one shell thickness for all silicas"].passed is False
    assert "measured" in milled["one shell thickness for all silicas"].detail


def test_one_silica_cannot_tell_how_a_shell_depends_on_area(narrow):
    found = verdicts(narrow)
    assert BEST not in found.values()
    alike = {n for n in ("shell", "silanol", "budget") if found[n] in ("leads", "not distinguishable")}
    assert alike == {"shell", "silanol", "budget"}
    assert {c.name: c.passed for c in narrow.checks}["range of the samples"] is None


def test_the_next_sample_is_the_one_that_teaches_most_and_each_rival_says_what_it_expects(narrow):
    best = offers(narrow, by="information")[0]
    (told,) = [note for note in narrow.notes if note.startswith("Next sample, which teaches most: " + best["silica"])]
    assert f"at {100 * best['fraction']:g} vol%" in told
    assert all(f"by '{name}'" in told for name in narrow.findings["leading"])
    expected = narrow.curves["explained_offer"].values
    at = int(np.argmax(narrow.curves["offer_information"].values))
    spread = np.log(expected.max(axis=0) / expected.min(axis=0))
    assert spread[at] > np.median(spread)  # where rivals differ there is most to learn


def test_information_is_that_of_a_normal_distribution_of_what_is_expected(narrow):
    """Half the logarithm of the variance of all over that of the noise: never less than what the rivals' medians tell."""
    c = narrow.curves
    noise = 0.25  # of ln sigma: more than scatter, misfit and measurement together
    probability = {row["name"]: row["probability"] for row in narrow.findings["ranking"]}
    weight = np.array([probability[name] for name in narrow.findings["leading"]])
    weight = weight / weight.sum()
    medians = np.log(c["explained_offer"].values)
    between = weight @ (medians - weight @ medians) ** 2
    assert (c["offer_information"].values > 0.5 * np.log1p(between / noise**2) - 0.05).all()


def test_what_was_made_is_not_proposed(shell):
    made = {(m.filler, m.fraction) for m in WIDE}
    offered = {(c["silica"], round(c["fraction"], 2)) for c in offers(shell, by="information", count=100)}
    assert not made & offered
    assert {phi for _, phi in offered} <= set(CONTENTS)


def test_one_temperature_gives_no_energy_and_one_content_no_conductivity():
    design = [NARROW[0], *(Made("A380", phi) for phi in (0.34, 0.35, 0.36, 0.37))]
    found = explained("shell", design=design, celsius=(60.0,)).quantities
    assert "as wide as its prior" in found["interphase_activation_energy:shell"].why
    assert "spans a factor" in found["interphase_conductivity:shell"].why


def test_what_is_known_only_together_is_withheld():
    made = composites("shell", {}, seed=1, design=NARROW, celsius=(60.0,))
    table = table_of(made, filler_density=DENSITY, temperature=REFERENCE)
    found = sample(Model.of(MECHANISMS[0], table, bruggeman_ratio), draws=300)
    names = [p.name for p in found.model.parameters]
    a, b = names.index("shell_thickness"), names.index("interphase_conductivity")
    z = found.z.copy()
    z[:, b] = 0.1 * z[:, b].std() / z[:, a].std() * z[:, a]  # perfectly tied
    quantities = _of_explanation(replace(found, z=z), "x")
    for key in ("shell_thickness", "interphase_conductivity"):
        assert quantities[key].number is None
        assert "only together (correlation 1.00)" in quantities[key].why


def test_equally_good_explanations_that_disagree_withhold_a_quantity():
    given = {"area:a": 0.01}
    own = {
        "shell": {"shell_thickness": Quantity("shell_thickness", uncertain(1.5e-9, {"a": 1e-11}))},
        "silanol": {"shell_thickness": Quantity("shell_thickness", uncertain(25e-9, {"b": 1e-10}))},
        "milled": {"sample_scatter": Quantity("sample_scatter", uncertain(0.05, given))},
    }
    assert _judged("shell_thickness", own, ["shell"], name="x").value == pytest.approx(1.5e-9)
    assert (
        "'silanol' explains the data as well and gives 25"
        in _judged("shell_thickness", own, ["shell", "silanol"], name="x").why
    )
    assert (
        "'milled' explains the data as well and has no shell"
        in _judged("shell_thickness", own, ["shell", "milled"], name="x").why
    )
    assert "has no shell" in _judged("shell_thickness", own, ["milled"], name="x").why


def test_kinetics_are_fitted_where_there_are_milling_times():
    design = (*PRINTED, *(Made("A380", 0.35, hours=h) for h in (1.0, 2.0, 8.0)))
    result = explained("shell", design=design, celsius=(60.0,), draws=200)
    rows = {p["name"]: p for p in result.findings["ranking"][0]["parameters"]}
    assert result.findings["ranking"][0]["name"] == "shell"
    low, high = rows["rate_form"]["interval"]
    assert low < COMMON["rate_form"] < high
    assert rows["rate_form"]["over_prior"] < 0.7  # beyond it the data are taken to have said little


def test_without_pore_volumes_explanations_with_pores_are_not_tried():
    made = [replace(c, pore_volume=None) for c in composites("shell", {}, seed=1, design=NARROW, celsius=(60.0,))]
    result = interphase(made, name="x", filler_density=DENSITY, ratio=bruggeman_ratio, explanations=FEWER, draws=200)
    assert {row["name"] for row in result.findings["ranking"]} == {"shell", "silanol", "budget", "milled"}
    assert any("pore volume" in note for note in result.notes)


def test_the_same_seed_gives_the_same_result():
    made = composites("budget", {}, seed=1, design=NARROW, celsius=(60.0,))
    given = {"filler_density": DENSITY, "ratio": bruggeman_ratio, "explanations": FEWER[:3], "draws": 100}
    one, two = (interphase(made, name="x", **given) for _ in range(2))
    assert one.findings["ranking"] == two.findings["ranking"]


def test_figures_are_drawn(shell):
    for spec in figures(shell):
        assert render(spec, ("svg",))["svg"].startswith(b"<?xml")
        assert spec.summary


def test_where_no_explanation_fits_nothing_is_printed():
    """Silicas whose conductivity has nothing to do with their content or size."""
    rng = np.random.default_rng(3)
    off = np.exp(1.2 * rng.standard_normal(len(PRINTED)))
    series = composites("shell", {}, seed=1, design=PRINTED, celsius=(60.0,))
    made = [
        replace(c, conductivities=tuple((t, s * float(f)) for t, s in c.conductivities))
        for c, f in zip(series, off, strict=True)
    ]
    result = interphase(
        made, name="x", filler_density=DENSITY, ratio=bruggeman_ratio, explanations=FEWER[:4], draws=200
    )
    assert result.findings["ranking"][0]["verdict"] == "none fits"
    assert {c.name: c.passed for c in result.checks}["scatter from sample to sample"] is False
    assert any("None of the 4 explanations tried fits" in note for note in result.notes)
    keys = [key for key in result.quantities if key != "sample_scatter"]
    assert all(result.quantities[key].number is None for key in keys)


def test_all_that_do_as_well_widen_what_is_printed():
    own = {
        "shell": {"interphase_conductivity": Quantity("interphase_conductivity", uncertain(0.5, {"a": 0.05}))},
        "silanol": {"interphase_conductivity": Quantity("interphase_conductivity", uncertain(0.7, {"b": 0.07}))},
    }
    both = _judged("interphase_conductivity", own, ["shell", "silanol"], name="x")
    (low, _), (_, high) = (own[name]["interphase_conductivity"].interval() for name in ("shell", "silanol"))
    assert both.interval()[0] < low < high < both.interval()[1]
    wide = 0.5 * math.log(high / low) / 1.96
    parts = {"a": 0.1, "choice of explanation:x": math.sqrt(wide**2 - 0.1**2), "form of explanations:x": 0.3}
    assert {k: v / both.value for k, v in both.budget().items()} == pytest.approx(parts, rel=1e-3)


# --- many seeds -----------------------------------------------------------------------------------------------------


def varied(explanation, seed):
    """Parameters about the declared ones."""
    rng = np.random.default_rng([99, seed, len(explanation)])
    truth = {k: v * math.exp(0.2 * rng.standard_normal()) for k, v in TRUTHS[explanation].items()}
    truth["interphase_conductivity"] = COMMON["interphase_conductivity"] * math.exp(0.4 * rng.standard_normal())
    truth["interphase_energy"] = COMMON["interphase_energy"] + 0.03 * rng.standard_normal()
    return truth


@pytest.mark.slow
@pytest.mark.parametrize("explanation", list(TRUTHS))
def test_the_true_explanation_is_among_those_that_the_data_allow(explanation):
    result = explained(explanation, seed=2, truth=varied(explanation, 2), draws=400, tried=MECHANISMS)
    fitting = {
        row["name"] for row in result.findings["ranking"] if row["verdict"] in (BEST, "leads", "not distinguishable")
    }
    assert explanation in fitting


@pytest.mark.slow
def test_posteriors_cover_the_truth():
    """95 % intervals of the true explanation, over all explanations: 8 seeds each, up to 168 intervals."""
    inside = []
    for m in MECHANISMS:
        for seed in range(100, 108):
            truth = varied(m.name, seed)
            made = composites(m.name, truth, seed=seed, design=WIDE, celsius=(30.0, 60.0, 100.0))
            table = table_of(made, filler_density=DENSITY, temperature=REFERENCE)
            found = sample(Model.of(m, table, bruggeman_ratio), draws=500)
            structure = m.parameters[0].name
            low, high = np.quantile(found.values[structure], [0.025, 0.975])
            inside.append(low <= truth[structure] <= high)
            quantities = _of_explanation(found, "x")
            for key, value in (
                ("interphase_conductivity", truth["interphase_conductivity"]),
                ("interphase_activation_energy", truth["interphase_energy"] * EV),
            ):
                interval = quantities[key].interval()
                if interval is not None:
                    inside.append(interval[0] <= value <= interval[1])
    share, error = float(np.mean(inside)), math.sqrt(0.95 * 0.05 / len(inside))
    assert abs(share - 0.95) < 2.6 * error, (share, error)
