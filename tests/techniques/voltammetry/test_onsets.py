"""The definitions of an onset against closed forms and the twin, with their coverage."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import brentq

from closo.dataset import new
from closo.errors import DataError, StudyError
from closo.figures import to_csv, to_svg
from closo.quantity import uncertain
from closo.techniques.voltammetry import analyse, figure
from closo.twin.voltammetry import LinearSweepTruth, current_at, linear_sweep

TRUTH = LinearSweepTruth()
THRESHOLDS = {"threshold": 1e-6, "threshold 5e-06 A": 5e-6, "threshold 1e-05 A": 1e-5}
ONSET = "onset_potential"


def dataset(potential, current, time=None):
    columns = {"potential": potential, "current": current} | ({} if time is None else {"time": time})
    return new("voltammetry", columns, source="lsv.par")


def measured(truth, seed, **keywords):
    sweep = linear_sweep(truth, seed)
    return analyse(dataset(sweep.potential, sweep.current, sweep.time), **keywords)


def value(result, key):
    return result.quantities[f"{ONSET}:{key}"].value


def check(result, name):
    return next(c for c in result.checks if c.name == name)


def true_onset(level):
    return brentq(lambda e: current_at(np.array([e]), TRUTH)[0] - level, 3.0, 4.4)


def true_noise_onset(factor=5.0):
    """Where i - gE is `factor` times the noise."""
    x = np.log(factor * TRUTH.noise / TRUTH.exchange_current)
    corrected = TRUTH.reference_potential + TRUTH.slope * x
    excess = TRUTH.resistance * TRUTH.exchange_current * np.exp(x)
    return (corrected + excess) / (1.0 - TRUTH.resistance * TRUTH.conductance)


@pytest.fixture(scope="module")
def seeds():
    return [measured(TRUTH, seed, threshold="1e-6, 5e-6, 1e-5") for seed in range(200)]


@pytest.mark.parametrize("key", [*THRESHOLDS, "noise"])
def test_coverage_of_thresholds_and_noise(seeds, key):
    truth = true_noise_onset() if key == "noise" else true_onset(THRESHOLDS[key])
    found = [r.quantities[f"{ONSET}:{key}"] for r in seeds]
    inside = [low <= truth <= high for low, high in (q.interval() for q in found)]
    assert 0.92 <= np.mean(inside) <= 0.98
    assert np.median([q.u for q in found]) < (0.004 if key == "noise" else 0.001)


def test_coverage_of_the_tangent(seeds):
    """Noise alone covers as it should; the windows, which are a choice, make the interval wider."""
    quiet = measured(replace(TRUTH, noise=1e-15, potential_noise=1e-9), 0)
    truth = value(quiet, "tangent")
    found = [r.quantities[f"{ONSET}:tangent"] for r in seeds]
    noise = np.array([np.sqrt(sum(u * u for s, u in q.budget().items() if s.startswith("fit"))) for q in found])
    error = np.array([q.value - truth for q in found])
    assert 0.92 <= np.mean(np.abs(error) < 1.96 * noise) <= 0.98
    assert all(low <= truth <= high for low, high in (q.interval() for q in found))


def test_tangent_at_the_end_of_the_sweep_is_that_of_the_study(seeds):
    """The limit of a vanishing width, 3.900 V, lies inside the interval."""
    quantity = seeds[0].quantities[f"{ONSET}:tangent"]
    low, high = quantity.interval()
    assert low < 3.900 < high
    assert quantity.value == pytest.approx(3.90, abs=0.01)


def test_the_definitions_are_not_one_number(seeds):
    result = seeds[0]
    told = [value(result, key) for key in ("tangent", "threshold", "noise")]
    mean = result.quantities[ONSET]
    assert mean.value == pytest.approx(np.mean(told))
    assert mean.budget()["definition:lsv.par#1"] == pytest.approx(np.std(told, ddof=1))
    assert mean.interval()[0] < min(told) < max(told) < mean.interval()[1]
    assert check(result, "agreement of the definitions").passed is False


def test_two_straight_lines_meet_where_they_meet():
    e = np.linspace(2.0, 4.5, 2501)
    rng = np.random.default_rng(0)
    i = 1e-7 * e + np.where(e > 3.8, 2e-4 * (e - 3.8), 0.0) + 1e-9 * rng.standard_normal(e.size)
    result = analyse(dataset(e, i))
    assert value(result, "tangent") == pytest.approx(3.8, abs=1e-4)
    assert value(result, "threshold") == pytest.approx(3.8 + (1e-5 - 3.8e-7) / 2.001e-4, abs=1e-4)
    assert value(result, "noise") == pytest.approx(3.8, abs=2e-3)


def test_ohmic_drop_is_taken_off():
    result = measured(TRUTH, 1, resistance=1000.0, threshold="5e-6")
    plain, corrected = value(result, "threshold uncorrected"), value(result, "threshold")
    assert plain - corrected == pytest.approx(5e-6 * 1000.0, rel=1e-9)
    quantity = result.quantities[f"{ONSET}:threshold"]
    assert quantity.budget()["resistance:lsv.par#1"] == pytest.approx(5e-6 * 50.0)
    # on E - I R the curve is one exponential: its threshold is known in closed form
    exact = 3.595 + 0.060 * np.log(5.0 - 2e-2 * plain)
    assert corrected == pytest.approx(exact, abs=5e-4)
    assert "E - I R with R = 1000 ohm" in quantity.method
    assert check(result, "ohmic drop").detail.startswith("5 mV at the highest threshold")


def test_lead_resistance_with_its_source():
    result = measured(TRUTH, 1, lead_resistance=uncertain(1000.0, {"lead_resistance:cell": 20.0}), threshold="1e-5")
    assert result.quantities[f"{ONSET}:threshold"].budget()["lead_resistance:cell"] == pytest.approx(2e-4)
    assert "lead_resistance:cell" in result.quantities[f"{ONSET}:tangent"].budget()


def test_thresholds_per_area():
    area = uncertain(1e-4, {"area:p": 1e-6})
    result = measured(TRUTH, 1, area=area, threshold="0.05, 0.1")
    small, large = result.quantities[f"{ONSET}:threshold"], result.quantities[f"{ONSET}:threshold 0.1 A/m2"]
    assert small.value == pytest.approx(true_onset(5e-6), abs=1e-3)
    assert large.value == pytest.approx(true_onset(1e-5), abs=1e-3)
    assert large.budget()["area:p"] == pytest.approx(0.01 * (0.060 + 1e-2), rel=0.02)  # u(ln i) (s + i R)
    default = measured(TRUTH, 1, area=area)
    assert value(default, "threshold") == pytest.approx(large.value)


def test_reference_is_always_named():
    named = measured(TRUTH, 1, reference="Na+/Na")
    assert all("vs. Na+/Na" in q.method for k, q in named.quantities.items() if k.startswith(ONSET))
    assert all(p.x.label == "E / V vs. Na+/Na" for p in figure(named).panels)
    unnamed = measured(TRUTH, 1)
    assert "vs. the file's reference" in unnamed.quantities[ONSET].method
    assert any("reference is not named" in note for note in unnamed.notes)


def test_no_onset_gives_a_lower_bound():
    result = measured(replace(TRUTH, end=3.2), 1)
    for key in ("tangent", "threshold", "noise"):
        quantity = result.quantities[f"{ONSET}:{key}"]
        assert quantity.value is None
        assert "up to 3.20" in quantity.why
        assert "lies above" in quantity.why or "no piece" in quantity.why
    assert result.quantities[ONSET].value is None
    assert "<svg" in to_svg(figure(result))


def test_current_that_starts_above_the_threshold_has_its_onset_below():
    result = measured(replace(TRUTH, start=3.9, end=4.4), 1)
    assert "the onset lies below" in result.quantities[f"{ONSET}:threshold"].why


def test_short_before_the_reversal_is_cut_off():
    sweep = linear_sweep(TRUTH, 1)
    current = sweep.current.copy()
    current[2300:] += 0.01
    result = analyse(dataset(sweep.potential, current, sweep.time), threshold="5e-6")
    assert not check(result, "no jump of the current").passed
    assert "4.29" in check(result, "no jump of the current").detail
    assert value(result, "threshold") == pytest.approx(true_onset(5e-6), abs=2e-3)


def test_only_the_first_rising_sweep_of_a_cycle_counts():
    sweep = linear_sweep(TRUTH, 1)
    down = np.linspace(4.4, 1.9, 800)
    e = np.concatenate([np.linspace(2.2, 2.0, 60), sweep.potential, down])
    i = np.concatenate([np.full(60, -1e-8), sweep.current, -1e-6 * np.ones(800)])
    cyclic, plain = analyse(dataset(e, i)), analyse(dataset(sweep.potential, sweep.current))
    assert value(cyclic, "threshold") == pytest.approx(value(plain, "threshold"), abs=1e-6)
    assert any("first rising sweep" in note for note in cyclic.notes)


def test_scan_rate_comes_from_the_data():
    rate = measured(TRUTH, 1).quantities["scan_rate"]
    assert abs(rate.value - 1e-4) < 3 * rate.u
    sweep = linear_sweep(TRUTH, 1)
    assert "times" in analyse(dataset(sweep.potential, sweep.current)).quantities["scan_rate"].why


def test_shifted_potential_shifts_every_onset():
    sweep = linear_sweep(replace(TRUTH, conductance=0.0), 3)
    first, second = (analyse(dataset(sweep.potential + shift, sweep.current)) for shift in (0.0, 0.5))
    for key in ("tangent", "threshold", "noise"):
        assert value(second, key) - value(first, key) == pytest.approx(0.5, abs=1e-6)


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"threshold": "0.1; 0.2"}, "positive numbers"),
        ({"factor": 0.0}, "factor"),
        ({"resistance": -1.0}, "resistance"),
    ],
)
def test_wrong_settings(keywords, message):
    with pytest.raises(StudyError, match=message):
        measured(TRUTH, 1, **keywords)


def test_nothing_rises_and_not_finite():
    e = np.linspace(4.0, 1.0, 300)
    with pytest.raises(DataError, match="rising sweep"):
        analyse(dataset(e, np.full(300, 1e-8)))
    with pytest.raises(DataError, match="1 of 300 rows"):
        analyse(dataset(e[::-1], np.r_[np.nan, np.full(299, 1e-8)]))


def test_figure_draws_the_constructions(seeds):
    spec = figure(seeds[0])
    labels = {t.label for p in spec.panels for t in p.traces}
    assert {"measured", "baseline", "steepest tangent", "onset: tangent", "onset: noise"} <= labels
    assert spec.panels[1].y.scale == "log"
    assert spec.panels[0].spans
    assert to_csv(spec).count("\n") > 100


def test_values_that_no_cell_reaches_are_refused():
    e = np.linspace(2.0, 4.0, 500)
    with pytest.raises(DataError, match="which no cell reaches"):
        analyse(dataset(e, 1e300 * np.exp((e - 4.0) / 0.05)))


def test_an_inverted_current_is_told():
    e = np.linspace(2.0, 4.0, 500)
    result = analyse(dataset(e, -1e-7 - 1e-5 * np.exp((e - 4.0) / 0.05)))
    assert "is its sign swapped?" in check(result, "baseline").detail


def test_the_logarithmic_axis_spans_five_decades_at_most():
    e = np.linspace(1.5, 4.0, 501)
    current = 1e-7 * (e - 2.0) + 1e-5 * np.exp((e - 4.0) / 0.05)
    current[np.argmin(np.abs(current))] = 1e-20
    low, high = figure(analyse(dataset(e, current))).panels[1].y.range
    assert 1e3 < high / low < 1e6


E_AXIS = np.linspace(2.0, 5.0, 3001)


def swept(current, potential=E_AXIS, **keywords):
    noise = 2e-9 * np.random.default_rng(0).standard_normal(potential.size)
    data = new("voltammetry", {"potential": potential, "current": current + noise}, source="a.csv")
    return analyse(data, area=uncertain(0.785e-4, {"area:a": 5e-7}), **keywords).quantities


RISE = 1e-6 * np.exp((E_AXIS - 4.3) / 0.06)  # reaches 7.85 uA (10 uA/cm2) at 4.3 + 0.06 ln 7.85 = 4.424 V


@pytest.mark.parametrize("ohms", [6.4e3, 2e5, 1e6], ids=["6 kohm", "200 kohm", "1 Mohm"])
def test_a_resistor_has_no_onset(ohms):
    """It reaches 10 uA/cm2 at 0.05, 1.57 and 7.85 V; none of them says anything of oxidation."""
    potential = np.linspace(0.0, 5.0, 2001)
    q = swept(potential / ohms, potential)
    for key in (ONSET, f"{ONSET}:tangent", f"{ONSET}:threshold", f"{ONSET}:noise"):
        assert q[key].value is None, key
    if ohms < 1e6:
        assert "leak" in q[f"{ONSET}:threshold"].why


def test_a_leak_that_reaches_the_threshold_first_is_no_onset():
    """(2 V + E)/400 kohm reaches 7.85 uA at 3.14 V, the oxidation at 4.42 V only."""
    q = swept(E_AXIS / 4e5 + RISE)
    assert q[f"{ONSET}:threshold"].value is None
    assert q[f"{ONSET}:tangent"].value > 4.4
    small = swept(E_AXIS / 4e6 + RISE)[f"{ONSET}:threshold"]  # a leak of 14 % of it
    assert small.value == pytest.approx(4.3 + 0.06 * np.log(7.85 - 1.1), abs=0.005)


def test_one_definition_alone_is_no_mean():
    """A kink: the tangents see it, its last digit is too coarse for a scatter, and the threshold is not reached."""
    current = np.where(E_AXIS < 4.0, 0.0, 2e-6 * (E_AXIS - 4.0))
    data = new("voltammetry", {"potential": E_AXIS, "current": current}, source="a.csv")
    q = analyse(data, area=uncertain(0.785e-4, {"area:a": 5e-7})).quantities
    told = [k for k in ("tangent", "threshold", "noise") if q[f"{ONSET}:{k}"].value is not None]
    assert told == ["tangent"]
    assert "only one of three definitions (tangent)" in q[ONSET].why
    assert "below 7.85 uA up to 5.000 V" in q[ONSET].why


def test_definitions_that_contradict_each_other_have_no_mean():
    q = swept(1e-7 + 1e-8 * np.exp((E_AXIS - 4.6) / 0.15))  # 0.25 uA at 5 V: never 7.85 uA
    assert q[f"{ONSET}:tangent"].value is not None
    assert q[f"{ONSET}:noise"].value is not None
    assert "contradict each other" in q[ONSET].why


def test_a_hold_of_the_potential_changes_no_definition():
    """The potential stays for 500 points at 3.5 V and at the top; the current there belongs to the curve."""
    current = 1e-7 + 1e-6 * np.exp((E_AXIS - 4.0) / 0.14)
    plain = swept(current)
    rows = np.concatenate([np.arange(1501), np.full(500, 1500), np.arange(1501, 3001), np.full(500, 3000)])
    held = swept(current[rows], E_AXIS[rows])
    for key in ("tangent", "threshold", "noise"):
        one, other = plain[f"{ONSET}:{key}"], held[f"{ONSET}:{key}"]
        assert abs(one.value - other.value) < 2.0 * np.hypot(one.u, other.u), key
