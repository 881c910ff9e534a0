"""Replicate pellets and series: means, maxima, spreads, dependence on a covariate, refusals."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from closo.combine.arrhenius import Point
from closo.combine.replicates import mean_of_pellets, pooled_spread, replicates
from closo.combine.series import Member, figure, pair, series
from closo.errors import DataError, StudyError
from closo.quantity import Quantity, uncertain

EV = 1.602176634e-19
K_B = 1.380649e-23
T = 333.15


def pellets(sigmas, *, kelvin=T, thickness=0.02, name="a"):
    return [
        Point(
            uncertain(kelvin, {"temperature offset:oven": 0.5}),
            uncertain(s, {f"thickness:{name}{i}": thickness * s, "area:die": -0.01 * s}),
            "",
            f"{name}{i}",
        )
        for i, s in enumerate(sigmas)
    ]


def member(label, sigma, u=0.03, **keywords):
    return Member(label, uncertain(sigma, {f"pellet spread:{label}": u * sigma, "area:die": -0.01 * sigma}), **keywords)


def check(result, name):
    return next(c for c in result.checks if c.name.startswith(name))


# --- replicates -----------------------------------------------------------------------------------------------------


def test_mean_and_spread_are_those_of_the_logarithms():
    sigmas = [0.10, 0.12, 0.15]
    q = replicates(pellets(sigmas), name="A", temperature=T).quantities["ionic_conductivity"]
    logs = np.log(sigmas)
    assert q.value == pytest.approx(math.exp(logs.mean()), rel=1e-12)
    assert q.budget()["pellet spread:A"] == pytest.approx(q.value * logs.std(ddof=1) / math.sqrt(3.0), rel=1e-9)
    assert q.budget()["area:die"] == pytest.approx(0.01 * q.value, rel=1e-9)  # common to all: it does not average out
    assert q.df == pytest.approx(2.0, rel=0.1)


def test_two_pellets_get_the_t_factor_of_one_degree_of_freedom():
    q = replicates(pellets([0.10, 0.14], thickness=0.0), name="A", temperature=T).quantities["ionic_conductivity"]
    low, high = q.interval()
    own = q.budget()["pellet spread:A"] / q.value
    assert math.log(high / low) / 2.0 == pytest.approx(12.7 * own, rel=0.03)


def test_pellets_that_agree_by_chance_are_not_better_than_their_thickness():
    q = replicates(pellets([0.1, 0.1, 0.1]), name="A", temperature=T).quantities["ionic_conductivity"]
    assert q.budget()["pellet spread:A"] == pytest.approx(0.02 * q.value / math.sqrt(3.0), rel=1e-9)


@pytest.mark.parametrize("count", [2, 3, 5])
def test_coverage_of_the_mean(count):
    """Pellets that spread by 6 %, of which their uncertainties know 2 %: the truth is inside at least 92 % of the time."""
    inside = 0
    for seed in range(400):
        rng = np.random.default_rng(seed)
        area = 0.01 * rng.normal()
        sigmas = 0.1 * np.exp(0.06 * rng.normal(size=count) + 0.02 * rng.normal(size=count) - area)
        low, high = replicates(pellets(sigmas), name="A", temperature=T).quantities["ionic_conductivity"].interval()
        inside += low <= 0.1 <= high
    assert inside >= 0.92 * 400
    if count > 2:  # two pellets: never narrower than their thickness allows, so rather too wide
        assert inside <= 0.98 * 400


def test_pooled_spread_knows_more_than_three_pellets():
    groups = [replicates(pellets(s), name=n, temperature=T) for n, s in (("A", [0.10, 0.11, 0.12]), ("B", [0.2, 0.19]))]
    sd, df = pooled_spread(groups)
    assert df == 3
    expected = (2 * np.log([0.10, 0.11, 0.12]).var(ddof=1) + np.log([0.2, 0.19]).var(ddof=1)) / 3
    assert sd == pytest.approx(math.sqrt(expected), rel=1e-9)
    alone = replicates(pellets([0.3]), name="C", temperature=T, spread=(sd, df))
    assert alone.quantities["ionic_conductivity"].budget()["pellet spread:study"] == pytest.approx(0.3 * sd, rel=1e-9)
    assert check(alone, "replicates").passed is None


@pytest.mark.parametrize("count", [2, 3])
def test_a_difference_of_samples_counts_the_pooled_spread_once(count):
    inside, seeds = 0, 600
    for seed in range(seeds):
        values = np.random.default_rng([count, seed]).normal(0.0, 0.1, (3, count))  # of samples that are alike
        df = 3 * (count - 1)
        pooled = math.sqrt(float(values.var(axis=1, ddof=1).mean())), df
        means = [
            mean_of_pellets([uncertain(float(v), {f"{k}{i}": 1e-6}) for i, v in enumerate(row)], name=k, spread=pooled)[
                0
            ]
            for k, row in zip("abc", values, strict=True)
        ]
        difference = Quantity("voltage", means[0] - means[1])
        assert difference.df == pytest.approx(df)
        low, high = difference.interval()
        inside += low <= 0.0 <= high
    assert 0.93 * seeds <= inside <= 0.97 * seeds


def test_one_pellet_says_that_its_spread_is_unknown():
    result = replicates(pellets([0.3]), name="C", temperature=T)
    assert check(result, "replicates").passed is False
    assert pooled_spread([result]) is None
    json.dumps(result.as_json(), allow_nan=False)


def test_points_of_one_pellet_count_once():
    up, down = pellets([0.10])[0], pellets([0.12])[0]
    other = pellets([0.1, 0.11])[1]
    result = replicates([up, down, other], name="A", temperature=T)
    assert result.findings["n"] == 2
    assert result.quantities["ionic_conductivity:a0"].value == pytest.approx(math.sqrt(0.10 * 0.12), rel=1e-12)


def test_activation_energy_brings_pellets_to_one_temperature():
    energy = uncertain(0.38 * EV, {"fit:law": 0.002 * EV})
    warm = pellets([0.10], kelvin=T + 10.0)
    q = replicates(warm, name="A", temperature=T, activation_energy=energy).quantities["ionic_conductivity"]
    factor = math.exp(0.38 * EV / K_B * (1 / (T + 10.0) - 1 / T)) * (T + 10.0) / T
    assert q.value == pytest.approx(0.10 * factor, rel=1e-12)
    assert q.budget()["temperature offset:oven"] / q.value == pytest.approx(
        0.5 * (0.38 * EV / K_B / 343.15**2 - 1 / 343.15)
    )
    with pytest.raises(DataError, match="Give an activation energy"):
        replicates(warm, name="A", temperature=T)


@pytest.mark.parametrize("sigmas", [[], [0.1, -0.1], [math.nan]])
def test_impossible_pellets_are_refused(sigmas):
    with pytest.raises(DataError):
        replicates(pellets(sigmas), name="A", temperature=T)


# --- series ---------------------------------------------------------------------------------------------------------


def composition(sigmas, u=0.03):
    return [member(f"{x} vol%", s, u, position=x / 100.0) for x, s in zip((25, 30, 35, 40), sigmas, strict=True)]


def make(members, **keywords):
    axis = {"name": "content", "axis": "volume_fraction", "temperature": T}
    return series(members, **(axis | keywords))


def test_clear_maximum_lies_between_its_neighbours():
    result = make(composition([0.08, 0.10, 0.14, 0.09]))
    assert result.findings["highest"] == "35 vol%"
    assert check(result, "highest").passed is True
    q = result.quantities["volume_fraction:maximum"]
    assert q.value == pytest.approx(0.35)
    low, high = q.interval()
    assert low <= 0.30
    assert high >= 0.40
    assert "resolution-limited: between 30 and 40 vol%" in q.method
    assert result.findings["bracket"] == [0.30, 0.40]


@pytest.mark.parametrize("hours", [(1, 2, 4, 8), (0, 2, 4, 8), (0, 1, 2, 16)])
def test_the_best_of_some_milling_times_is_positive_and_lies_between_its_neighbours(hours):
    sigmas = (0.05, 0.09, 0.14, 0.08)
    members = [member(f"{t} h", s, position=3600.0 * t) for t, s in zip(hours, sigmas, strict=True)]
    q = make(members, axis="milling_time").quantities["milling_time:maximum"]
    assert q.value == pytest.approx(3600.0 * hours[2])
    low, high = (t / 3600.0 for t in q.interval())
    assert 0.0 < low < hours[1] < hours[2] < hours[3] < 1.2 * high
    assert f"between {hours[1]} and {hours[3]} h" in q.method


def test_next_to_a_time_of_zero_the_best_one_stays_positive():
    members = [member(f"{t} h", s, position=3600.0 * t) for t, s in ((0, 0.05), (2, 0.14), (8, 0.08))]
    low, high = make(members, axis="milling_time").quantities["milling_time:maximum"].interval()
    assert 0.0 < low < 3600.0
    assert high > 4 * 3600.0


def test_flat_maximum_is_not_decided():
    result = make(composition([0.117, 0.135, 0.140, 0.135]))
    assert check(result, "highest").passed is None
    assert 0.4 < result.findings["probability_highest"]["35 vol%"] < 0.8
    clear = make(composition([0.08, 0.10, 0.14, 0.09])).quantities["volume_fraction:maximum"]
    assert result.quantities["volume_fraction:maximum"].u > clear.u


def test_probability_is_that_of_the_normal_distribution():
    members = [member("a", 0.100, 0.03), member("b", 0.104, 0.04)]
    p = make(members, axis="silica type").findings["probability_highest"]["b"]
    expected = 0.5 * (1.0 + math.erf(math.log(1.04) / math.hypot(0.03, 0.04) / math.sqrt(2.0)))
    assert p == pytest.approx(expected, abs=0.01)  # 20 000 draws


def test_few_degrees_of_freedom_make_the_maximum_less_certain():
    def probability(df):
        sigmas = {"a": 0.100, "b": 0.115}
        members = [Member(k, uncertain(s, {f"pellet spread:{k}": 0.03 * s}, df=df)) for k, s in sigmas.items()]
        return make(members, axis="type").findings["probability_highest"]["b"]

    assert probability(1) < probability(math.inf) - 0.05


def test_maximum_at_the_end_is_withheld():
    result = make(composition([0.08, 0.10, 0.12, 0.14]))
    q = result.quantities["volume_fraction:maximum"]
    assert q.value is None
    assert "may lie beyond" in (q.why or "")
    assert check(result, "maximum inside").passed is None


def test_shared_sources_cancel_in_the_spread():
    result = make(composition([0.08, 0.10, 0.14, 0.09]))
    q = result.quantities["conductivity_ratio:spread"]
    assert q.value == pytest.approx(math.log10(0.14 / 0.08), rel=1e-12)
    assert q.u == pytest.approx(0.03 * math.sqrt(2.0) / math.log(10.0), rel=1e-9)
    assert pair(result, "30 vol%", "25 vol%").value == pytest.approx(math.log10(0.10 / 0.08), rel=1e-12)
    assert result.quantities["conductivity_ratio:35 vol% over 40 vol%"].value == pytest.approx(math.log10(0.14 / 0.09))
    with pytest.raises(StudyError, match="It has: 25 vol%"):
        pair(result, "35 vol%", "50 vol%")


def fumed(sigmas, u):
    areas = {"A90": 90e3, "A200": 200e3, "A300": 300e3, "A380": 380e3}
    members = [member(k, s, u, covariate=a) for (k, a), s in zip(areas.items(), sigmas, strict=True)]
    return make([*members, member("SBA-15", 0.05, u)], axis="silica type", covariate="specific_surface_area")


def test_equal_members_hardly_depend_on_the_covariate():
    result = fumed([0.14, 0.15, 0.14, 0.145], 0.03)
    q = result.quantities["conductivity_ratio:specific_surface_area"]
    assert q.interval()[0] < 0.0 < q.interval()[1]
    assert "90 to 380 m2/g" in q.method
    assert "4 members" in q.method  # SBA-15 states no area and stays out
    assert check(result, "hardly depends").passed is True


def test_a_shell_of_fixed_thickness_would_be_seen():
    """A factor 100 from A90 to A380, as a fixed conducting shell predicts, is no 'hardly'."""
    result = fumed([1.4e-3, 1.0e-2, 4.0e-2, 0.14], 0.05)
    assert check(result, "hardly depends").passed is False
    assert result.quantities["conductivity_ratio:specific_surface_area"].interval()[0] > math.log10(2.0)


def test_scattered_members_are_not_decided():
    assert check(fumed([0.08, 0.20, 0.09, 0.17], 0.03), "hardly depends").passed is None


def test_coverage_of_the_slope_over_the_covariate():
    inside = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        truth = np.log(0.14) + 0.3 * np.array([0.0, 110.0, 210.0, 290.0]) / 290.0
        result = fumed(np.exp(truth + 0.10 * rng.normal(size=4)), 0.03)  # 10 %, of which 3 % stated
        low, high = result.quantities["conductivity_ratio:specific_surface_area"].interval()
        inside += low <= 0.3 / math.log(10.0) <= high
    assert 0.91 * 200 <= inside <= 0.99 * 200


def test_order_of_the_members_does_not_matter():
    members = composition([0.08, 0.10, 0.14, 0.09])
    one, two = make(members), make(members[::-1])
    assert {k: q.as_stored() for k, q in one.quantities.items()} == {
        k: q.as_stored() for k, q in two.quantities.items()
    }
    json.dumps(one.as_json(), allow_nan=False)


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ([member("a", 0.1)], "two members or more"),
        ([member("a", 0.1), member("a", 0.2)], "two members called 'a'"),
        ([member("a", 0.1), member("b", -0.2)], "conductivity of 'b'"),
        ([member("a", 0.1, position=0.2), member("b", 0.2)], "'b' has no volume_fraction"),
        ([member("a", 0.1, position=0.2), member("b", 0.2, position=0.2)], "same volume_fraction"),
        ([member("a", 0.1, position=math.nan), member("b", 0.2, position=0.2)], "'a' has no volume_fraction"),
    ],
)
def test_impossible_series_are_refused(members, message):
    with pytest.raises(DataError, match=message):
        make(members)


def test_unknown_axis_is_refused():
    with pytest.raises(StudyError, match="volume_fraction"):
        make(composition([0.08, 0.10, 0.14, 0.09]), axis="volume_fractoin")


def test_figure_shows_members_and_pellets():
    members = [
        Member(m.label, m.conductivity, m.position, pellets=(m.conductivity.x * 0.97, m.conductivity.x * 1.04))
        for m in composition([0.08, 0.10, 0.14, 0.09])
    ]
    panel = figure(make(members)).panels[0]
    assert panel.y.scale == "log"
    single, mean = panel.traces  # the mean is drawn over the pellets
    assert list(mean.x) == pytest.approx([25.0, 30.0, 35.0, 40.0])
    assert mean.y[2] == pytest.approx(1.4e-3)
    assert mean.y_u[2] == pytest.approx(1.4e-3 * math.hypot(0.03, 0.01))
    assert len(single.y) == 8
    assert panel.y.range[0] <= 0.97 * 8e-4
    assert panel.y.range[1] >= 1.04 * 1.4e-3
    words = figure(fumed([0.14, 0.15, 0.14, 0.145], 0.03)).panels[0]
    assert [text for _, text in words.x.ticks] == ["A90", "A200", "A300", "A380", "SBA-15"]


def test_quantities_survive_the_disk():
    result = make(composition([0.08, 0.10, 0.14, 0.09]))
    stored = {k: Quantity.from_stored(json.loads(json.dumps(q.as_stored()))) for k, q in result.quantities.items()}
    again = pair(replace(result, quantities=stored, checks=()), "35 vol%", "25 vol%")
    assert again.u == pytest.approx(result.quantities["conductivity_ratio:35 vol% over 25 vol%"].u, rel=1e-9)
