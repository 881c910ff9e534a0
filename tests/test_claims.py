"""Claims: the file, the claimed range, and a verdict that is right as often as it says."""

import math
from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from scipy.stats import norm

from closo.claims import Claim, Verdict, claimed_range, judge, load_claims
from closo.combine.arrhenius import Point, arrhenius
from closo.errors import StudyError
from closo.quantity import Quantity, uncertain, withheld
from closo.result import About, Check, Result

EV = 1.602176634e-19
K_B = 1.380649e-23


def claim(**keywords) -> Claim:
    return Claim(**{"id": "C1", "text": "it is so", "quantity": "ionic_conductivity", "of": ("a",)} | keywords)


def write(tmp_path, **entry):
    lines = [f"{key} = {value!r}" for key, value in ({"id": "C1", "text": "it is so"} | entry).items()]
    (tmp_path / "claims.toml").write_text("[[claims]]\n" + "\n".join(lines) + "\n", encoding="utf-8")
    return tmp_path


VALUE = {"kind": "value", "quantity": "ionic_conductivity", "of": "a", "value": "5e-4 S/cm"}


def test_a_claims_file_is_read(tmp_path):
    (found,) = load_claims(write(tmp_path, **VALUE, temperature="30 degC", where="Abstract"))
    assert (found.id, found.of, found.value, found.relation) == ("C1", ("a",), "5e-4 S/cm", "=")
    assert load_claims(tmp_path / "claims.toml") == (found,)


def test_no_file_is_no_claims(tmp_path):
    assert load_claims(tmp_path) == ()


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"quantity": "ionic_conductivit"}, "Did you mean 'ionic_conductivity'?"),
        ({"qauntity": "x"}, "claims[1].qauntity: 'qauntity' is not a key of a claim. Did you mean 'quantity'?"),
        ({"kind": "valu"}, "Did you mean 'value'?"),
        ({"relation": ">="}, "relation = '>=' is not possible."),
        ({"value": "5e-4 ohm"}, "is not a unit of ionic_conductivity"),
        ({"value": "0,5 S/cm"}, "decimal comma"),
        ({"value": "5e-4"}, "has no unit"),
        ({"value": ""}, "'value' is missing"),
        ({"temperature": "warm"}, "'warm' is not a temperature"),
        ({"kind": "ratio"}, "'to' is missing: a claim of the kind 'ratio' needs it."),
        ({"kind": "ordering"}, "an ordering needs two samples or more"),
        ({"of": 3}, "of = 3 must be text in quotes."),
        ({"of": ["a", "b"]}, "speaks of one sample, not of 2"),
        ({"id": ""}, "'id' is missing"),
        ({"convention": "ln"}, "convention = 'ln' is not possible."),
    ],
)
def test_each_mistake_is_one_sentence_with_its_place(tmp_path, change, text):
    with pytest.raises(StudyError) as caught:
        load_claims(write(tmp_path, **(VALUE | change)))
    assert "claims[1]" in str(caught.value)
    assert text in str(caught.value)


def test_other_mistakes(tmp_path):
    write(tmp_path, **VALUE)
    text = (tmp_path / "claims.toml").read_text()
    (tmp_path / "claims.toml").write_text(text + text)
    with pytest.raises(StudyError, match="the id 'C1' is there twice"):
        load_claims(tmp_path)
    (tmp_path / "claims.toml").write_text("[claims]\nid = 1\n")
    with pytest.raises(StudyError, match=r"must be written as \[\[claims\]\]"):
        load_claims(tmp_path)
    (tmp_path / "claims.toml").write_text("[[claim]]\nid = '1'\n")
    with pytest.raises(StudyError, match="Did you mean 'claims'"):
        load_claims(tmp_path)


@pytest.mark.parametrize(
    ("keywords", "low", "high"),
    [
        ({"value": "5e-4 S/cm"}, 4.5e-2, 5.5e-2),
        ({"value": "1.9e-5 S/cm"}, 1.85e-3, 1.95e-3),
        ({"value": "5e-4 S/cm", "tolerance": "10 %"}, 4.5e-2, 5.5e-2),
        ({"value": "5e-4 S/cm", "tolerance": "2e-4 S/cm"}, 3e-2, 7e-2),
        ({"value": "5.00e-4 S/cm", "relation": "about"}, 4.5e-2, 5.5e-2),
        ({"value": "5.0e-4 ± 0.2e-4 S/cm"}, 4.6e-2, 5.4e-2),
        ({"value": "5e-4 - 7e-4 S/cm"}, 5e-2, 7e-2),
        ({"value": "5e-4 S/cm", "relation": ">"}, 5e-2, math.inf),
        ({"value": "5e-4 S/cm", "relation": "<"}, -math.inf, 5e-2),
        ({"value": "0.38 eV", "quantity": "activation_energy"}, 0.375 * EV, 0.385 * EV),
        ({"value": "256 degC", "quantity": "transition_temperature"}, 528.65, 529.65),
        ({"value": "256 degC", "quantity": "transition_temperature", "tolerance": "5 K"}, 524.15, 534.15),
        ({"value": "3", "kind": "decades", "quantity": "conductivity_ratio"}, 2.5, 3.5),
        ({"value": "1000", "kind": "ratio", "quantity": ""}, 999.5, 1000.5),
        ({"value": "35 vol%", "quantity": "volume_fraction"}, 0.345, 0.355),
        ({"value": "35 vol%", "quantity": "volume_fraction", "tolerance": "5 %"}, 0.30, 0.40),
    ],
)
def test_a_printed_number_means_a_range(keywords, low, high):
    made = claim(**keywords)
    assert claimed_range(made, made.name) == pytest.approx((low, high))


def one(value: float, u: float, df: float = math.inf) -> dict[str, Result]:
    """Return one measured conductivity at 30 degC [S/m]."""
    quantities = {
        "ionic_conductivity": Quantity("ionic_conductivity", uncertain(value, {"fit:a": u}, df=df), "L/(R A)"),
        "temperature": Quantity("temperature", uncertain(303.15, {})),
    }
    return {"p/x/a": Result("x", "a", quantities, xr.Dataset(), about=About("p", "specimen", "a"))}


def verdict(results, **keywords) -> Verdict:
    (found,) = judge([claim(**keywords)], results)
    return found


@pytest.mark.parametrize(
    ("value", "u", "relation", "word"),
    [
        (5.0e-2, 0.1e-2, "=", "supported"),
        (5.0e-2, 0.5e-2, "=", "consistent"),  # wider than the claim
        (5.4e-2, 0.25e-2, "=", "consistent"),  # over the edge
        (6.0e-2, 0.2e-2, "=", "contradicted"),
        (5.0e-2, 1.0e-2, "=", "undecided"),  # wider than half of the value
        (6.5e-2, 0.2e-2, "=", "contradicted"),
        (6.5e-2, 0.2e-2, ">", "supported"),
        (4.5e-2, 0.1e-2, ">", "contradicted"),
        (5.1e-2, 0.2e-2, ">", "undecided"),
        (4.5e-2, 0.1e-2, "<", "supported"),
        (5.0e-2, 0.1e-2, "about", "supported"),
    ],
)
def test_the_verdict_follows_from_interval_and_range(value, u, relation, word):
    found = verdict(one(value, u), value="5e-4 S/cm", relation=relation, temperature="30 degC", of=("p/x/a",))
    assert found.verdict == word
    assert found.quantities[0].value == value
    assert "95 %: " in found.reason
    assert "L/(R A)" in found.reason
    assert "S/cm" in found.reason


def test_few_degrees_of_freedom_widen_the_interval():
    arguments = {"value": "5e-4 S/cm", "temperature": "30 degC", "of": ("p/x/a",)}
    assert verdict(one(5.0e-2, 0.15e-2), **arguments).verdict == "supported"
    assert verdict(one(5.0e-2, 0.15e-2, df=1), **arguments).verdict == "undecided"


def test_a_consistent_claim_says_what_would_have_shown():
    found = verdict(one(5.4e-2, 0.25e-2), value="5e-4 S/cm", of=("p/x/a",), temperature="30 degC")
    assert (found.verdict, found.deviation, found.text) == ("consistent", "±9.1 %", "consistent, ±9.1 %")
    assert "they would have shown a deviation of ±9.1 %" in found.reason
    assert found.as_json()["deviation"] == "±9.1 %"


@pytest.mark.parametrize(
    ("name", "value", "u", "claimed", "deviation"),
    [
        ("transition_temperature", 529.0, 3.0, "256 degC", "±5.9 K"),
        ("coulombic_efficiency", 0.985, 0.001, "98.4 %", "±0.2 %"),  # points of percent
        ("potential", 0.38, 0.01, "0.385 V", "±5.2 %"),
    ],
)
def test_a_deviation_is_given_where_it_means_something(name, value, u, claimed, deviation):
    results = {"p/x/a": Result("x", "a", {name: Quantity(name, uncertain(value, {"a": u}))}, xr.Dataset())}
    found = verdict(results, quantity=name, of=("p/x/a",), value=claimed)
    assert (found.verdict, found.deviation) == ("consistent", deviation)


def test_an_interval_on_a_scale_that_crosses_zero_is_measured_against_the_claim():
    name = "resistance_difference"
    results = {"p/x/a": Result("x", "a", {name: Quantity(name, uncertain(0.5, {"a": 1.0}))}, xr.Dataset())}
    keywords = {"quantity": name, "of": ("p/x/a",), "value": "0 ohm"}
    assert verdict(results, **keywords, tolerance="2 ohm").verdict == "consistent"
    assert verdict(results, **keywords, tolerance="0.2 ohm").verdict == "undecided"


@pytest.mark.parametrize("df", [math.inf, 3.0])
def test_of_true_equalities_five_per_cent_are_contradicted_whatever_the_digits(df):
    """At the edge of the range that the digits allow, where a true claim is rejected most often."""
    rng = np.random.default_rng(7)
    n, u = 1000, 0.02
    for value, edge in (("5.000e-4 S/cm", 5.0005e-2), ("5.0e-4 S/cm", 5.05e-2), ("5e-4 S/cm", 5.5e-2)):
        rejected = 0
        for _ in range(n):
            s = u if math.isinf(df) else u * math.sqrt(rng.chisquare(df) / df)
            seen = edge * math.exp(u * rng.standard_normal())
            found = verdict(one(seen, s * seen, df), value=value, of=("p/x/a",), temperature="30 degC")
            rejected += found.verdict == "contradicted"
        assert 0.03 < rejected / n < 0.07, value


TWINS = 200


def drawn(u: float, seed: int) -> list[float]:
    """Return normal errors of the twins, in random order: as many of each size as there should be."""
    order = np.random.default_rng(seed).permutation(TWINS)
    return [u * float(error) for error in norm.ppf((order + 0.5) / TWINS)]


@pytest.fixture(scope="module")
def twins():
    """Return 200 studies of a pellet in an oven, with errors of temperature, thickness and fit."""
    return [
        law("c1", "composite", 0.38, 5e-2, seed=k, offset=offset, thickness=thick) | of_one_die(k)
        for k, (offset, thick) in enumerate(zip(drawn(0.5, 1), drawn(0.01, 2), strict=True))
    ]


def of_one_die(seed: int) -> dict[str, Result]:
    """Return two conductivities, 2500 apart, of pellets from one die: area known to 5 %, each thickness to 2 %."""
    area, *thickness = np.random.default_rng(seed).standard_normal(3)
    results = {}
    for name, true, error in zip(("d", "e"), (5e-2, 2e-5), thickness, strict=True):
        seen = true * (1.0 + 0.05 * area) * (1.0 + 0.02 * error)
        number = uncertain(seen, {"area:die": 0.05 * seen, f"thickness:{name}": 0.02 * seen})
        quantities = {"ionic_conductivity": Quantity("ionic_conductivity", number)}
        results[f"{name}/x/0"] = Result("x", name, quantities, xr.Dataset())
    return results


@pytest.mark.slow
@pytest.mark.parametrize(
    ("keywords", "truth", "unit"),
    [
        ({"temperature": "60 degC"}, math.nan, "S/cm"),
        ({"quantity": "activation_energy", "convention": "sigmaT"}, 0.38, "eV"),
        ({"kind": "ratio", "to": "e/x/0", "of": ("d/x/0",)}, 5e-2 / 2e-5, ""),
    ],
    ids=["conductivity", "activation energy", "ratio"],
)
def test_the_rates_of_the_verdicts_on_twins(twins, keywords, truth, unit):
    """A true equality is contradicted in 5 %, one that is off by 3 u in 85 %; the same of bounds, at 2.5 %."""
    keywords = {"of": ("composite",)} | keywords
    truth = at(60, 0.38, 5e-2) / 100.0 if unit == "S/cm" else truth

    def words(value: float, relation: str = "=") -> list[str]:
        return [verdict(t, **keywords, value=f"{value:.6e} {unit}", relation=relation).verdict for t in twins]

    found = words(truth)
    assert 0.03 * TWINS <= found.count("contradicted") <= 0.07 * TWINS
    assert found.count("consistent") == TWINS - found.count("contradicted")
    typical = verdict(twins[0], **keywords, value=f"{truth:.6e} {unit}").quantities[0]
    for sign, beyond, holds in ((-3.0, "<", ">"), (3.0, ">", "<")):
        wrong = truth * (1.0 + sign * typical.u / typical.value)
        assert words(wrong).count("contradicted") > 0.8 * TWINS
        assert words(wrong, beyond).count("contradicted") > 0.8 * TWINS
        assert words(wrong, beyond).count("supported") == 0
        assert words(wrong, holds).count("supported") > 0.8 * TWINS


def spectra(seed: int, *, ovens: tuple[str, str], law_of: str = "") -> tuple[dict[str, Result], float]:
    """Return the conductivities of two samples, each from one spectrum at 30 degC, and their true ratio at 30 degC.

    The activation energies differ (0.50 ± 0.15 eV), the ovens are off (0.5 K), and one pellet has an Arrhenius law too.
    """
    rng = np.random.default_rng(seed)
    offset = {oven: 0.5 * rng.standard_normal() for oven in ovens}
    energies = 0.50 + 0.15 * rng.standard_normal(2)
    results: dict[str, Result] = {}
    for name, sigma, ea, oven in zip(("d", "e"), (5e-2, 2e-5), energies, ovens, strict=True):
        if name == law_of:
            results |= law(name, name, ea, sigma, seed=seed, offset=offset[oven])
        seen = at(30.0 + offset[oven], ea, sigma) * (1.0 + 0.005 * rng.standard_normal())
        quantities = {
            "ionic_conductivity": Quantity("ionic_conductivity", uncertain(seen, {f"fit:{name}": 0.005 * seen})),
            "temperature": Quantity("temperature", uncertain(303.15, {f"temperature offset:{oven}": 0.5})),
        }
        about = About(name, "specimen", name)
        results[f"{name}/z"] = Result("z", f"{name}.z", quantities, xr.Dataset(), about=about)
    return results, 2500.0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("ovens", "law_of", "temperature"),
    [
        (("oven", "box"), "", "30 degC"),
        (("oven", "oven"), "", "30 degC"),
        (("oven", "oven"), "d", "30 degC"),
        (("oven", "box"), "d", None),
    ],
)
def test_a_ratio_of_two_spectra_knows_their_temperatures(ovens, law_of, temperature):
    """A true ratio is contradicted in 5 %: what a common oven leaves of its offset is the difference of the energies."""
    words = []
    for seed in range(3 * TWINS):
        results, truth = spectra(seed, ovens=ovens, law_of=law_of)
        keywords = {"kind": "ratio", "of": ("d/z",), "to": "e/z", "quantity": "", "temperature": temperature}
        words.append(verdict(results, **keywords, value=f"{truth:.6e}").verdict)
    assert 0.03 <= words.count("contradicted") / len(words) <= 0.07


def test_a_single_measurement_is_brought_to_the_temperature_of_the_claim():
    quantities = {
        "ionic_conductivity": Quantity("ionic_conductivity", uncertain(5e-2, {"fit:a": 1e-4})),
        "total_resistance": Quantity("total_resistance", uncertain(200.0, {"fit:a": 0.4})),
        "temperature": Quantity("temperature", uncertain(304.15, {"temperature offset:oven": 0.5})),
    }
    spectrum = {"z": Result("z", "a.z", quantities, xr.Dataset(), about=About("c1", "specimen", "composite"))}
    factor = at(31, 0.5, 1.0) / at(30, 0.5, 1.0)
    found = verdict(spectrum, of=("z",), value="5e-4 S/cm", temperature="30 degC").quantities[0]
    assert found.value == pytest.approx(5e-2 / factor, rel=1e-9)
    shares = {source: u / found.value for source, u in found.budget().items()}
    assert shares["temperature offset:oven"] == pytest.approx(
        0.5 * (0.5 * EV / (K_B * 303.65**2) - 1 / 303.65), rel=0.02
    )
    assert shares["assumed activation energy:composite"] == pytest.approx(0.15 * EV / K_B / 303.65**2, rel=0.02)
    assert "by an assumed 0.50 ± 0.15 eV" in found.method
    as_read = verdict(spectrum, of=("z",), value="5e-4 S/cm").quantities[0]
    assert (as_read.value, as_read.u) == (5e-2, pytest.approx(5e-2 * 0.0321, rel=0.05))
    resistance = verdict(spectrum, of=("z",), quantity="total_resistance", value="200 ohm", temperature="30 degC")
    assert resistance.quantities[0].value == pytest.approx(200.0 * factor, rel=1e-9)
    with_law = verdict(
        spectrum | law("c1", "composite", 0.38, 5e-2), of=("z",), value="5e-4 S/cm", temperature="30 degC"
    )
    assert with_law.quantities[0].value == pytest.approx(5e-2 * at(30, 0.38, 1.0) / at(31, 0.38, 1.0), rel=1e-4)
    assert "assumed" not in with_law.reason


def test_one_spectrum_of_a_series_is_at_its_own_temperature():
    quantities = {}
    for name, kelvin in (("a#1", 303.15), ("a#2", 363.15)):
        quantities[f"ionic_conductivity:{name}"] = Quantity(
            "ionic_conductivity", uncertain(5e-2, {f"fit:{name}": 1e-4})
        )
        quantities[f"temperature:{name}"] = Quantity("temperature", uncertain(kelvin, {"temperature offset:oven": 0.5}))
    results = {"p/series": Result("impedance_series", "p", quantities, xr.Dataset(), settings={"specimen": "p"})}
    keywords = {"of": ("p/series",), "value": "5e-4 S/cm", "temperature": "30 degC"}
    near = verdict(results, quantity="ionic_conductivity:a#1", **keywords)
    assert "temperature offset:oven" in near.quantities[0].budget()
    far = verdict(results, quantity="ionic_conductivity:a#2", **keywords)
    assert (far.verdict, "was measured at 90 degC" in far.reason) == ("no data", True)


@pytest.mark.slow
def test_wrong_verdicts_are_as_rare_as_they_should_be():
    rng = np.random.default_rng(1)
    n, low = 3000, 4.5e-2
    words = {0.999 * low: [], low * 1.0001: [], 5e-2: []}
    for truth, found in words.items():
        for seen in truth * np.exp(0.01 * rng.standard_normal(n)):
            found.append(
                verdict(one(seen, 0.01 * seen), value="5e-4 S/cm", temperature="30 degC", of=("p/x/a",)).verdict
            )
    just_outside, just_inside, centre = words.values()
    assert just_outside.count("supported") / n < 0.035  # 2.5 % at the edge of the claim
    assert just_inside.count("contradicted") / n < 0.065  # 5 % at the edge
    assert centre.count("supported") / n > 0.99


def measured(
    name: str, sample: str, ea: float, sigma30: float, *, thickness: float = 0.0, offset: float = 0.0, seed: int = -1
) -> dict[str, Result]:
    """Return the conductivities of one pellet of a made-up sample [eV, S/m], up and down in temperature.

    The oven is warmer than it says by `offset` [K], of every pellet that was in it, the pellet thicker by `thickness` (1 %
    is stated); with a seed, the errors of single temperatures (0.1 K) and fits (0.3 %) are drawn too.
    """
    rng = np.random.default_rng(seed) if seed >= 0 else None
    results = {}
    for k, celsius in enumerate([30, 50, 70, 90, 70, 50, 30]):
        drift, noise = (0.0, 0.0) if rng is None else rng.standard_normal(2)
        read = celsius + 273.15
        t = read + offset + 0.1 * drift
        sigma = at(t - 273.15, ea, sigma30) * (1.0 + thickness) * (1.0 + 0.003 * noise)
        temperature = uncertain(read, {f"temperature:{name}#{k}": 0.1, "temperature offset:oven": 0.5})
        components = {f"thickness:{name}": 0.01 * sigma, f"fit:{name}#{k}": 0.003 * sigma}
        quantities = {
            "temperature": Quantity("temperature", temperature),
            "ionic_conductivity": Quantity("ionic_conductivity", uncertain(sigma, components), "L/(R A)"),
        }
        about = About(name, "specimen", sample, branch="heating" if k < 4 else "cooling")
        results[f"{name}/x/{k}"] = Result("x", f"{name}#{k}", quantities, xr.Dataset(), about=about)
    return results


def law(name: str, sample: str, ea: float, sigma30: float, **errors: float) -> dict[str, Result]:
    """Return the same with the Arrhenius law of the pellet."""
    results = measured(name, sample, ea, sigma30, **errors)
    points = [
        Point(*(r.quantities[q].number for q in ("temperature", "ionic_conductivity")), r.about.branch, r.name)
        for r in results.values()
    ]
    made = arrhenius(points, name=name, convention="sigmaT")
    return results | {f"{name}/arrhenius": replace(made, about=About(name, "specimen", sample))}


def at(celsius: float, ea: float, sigma30: float) -> float:
    """Return the true conductivity [S/m]."""
    t = celsius + 273.15
    return sigma30 * 303.15 / t * math.exp(-ea * EV / K_B * (1 / t - 1 / 303.15))


@pytest.fixture(scope="module")
def two_samples():
    return law("c1", "composite", 0.38, 5e-2) | law("p1", "pristine", 0.71, 2e-5)


def test_a_ratio_is_judged_at_its_temperature(two_samples):
    keywords = {
        "kind": "decades",
        "quantity": "",
        "of": ("composite",),
        "to": "pristine",
        "value": "3",
        "relation": ">",
    }
    at_30 = verdict(two_samples, **keywords, temperature="30 degC")
    assert at_30.verdict == "supported"
    assert "at 30 degC" in at_30.reason
    assert "ln(sigma T)" in at_30.reason
    assert at_30.quantities[0].value == pytest.approx(math.log10(2500), abs=0.01)
    assert "temperature offset:oven" in at_30.quantities[0].budget()
    assert verdict(two_samples, **keywords, temperature="90 degC").verdict == "contradicted"
    open_temperature = verdict(two_samples, **keywords)
    assert open_temperature.verdict == "undecided"
    assert "names no temperature, and it matters" in open_temperature.reason


def test_a_ratio_is_a_ratio_and_not_its_logarithm(two_samples):
    """True: 2500 times at 30 degC."""
    keywords = {"kind": "ratio", "quantity": "", "of": ("composite",), "to": "pristine", "temperature": "30 degC"}
    for value, relation, word in (("1000", ">", "supported"), ("1e4", ">", "contradicted"), ("1", "<", "contradicted")):
        assert verdict(two_samples, **keywords, value=value, relation=relation).verdict == word
    for value, relation, word in (
        ("2500", "=", "consistent"),
        ("2500", "about", "supported"),
        ("3.4", "=", "contradicted"),
    ):
        assert verdict(two_samples, **keywords, value=value, relation=relation).verdict == word
    found = verdict(two_samples, **keywords, value="1000", relation=">")
    assert found.quantities[0].value == pytest.approx(2500, rel=0.02)
    assert "log" not in found.reason
    decades = verdict(two_samples, **(keywords | {"kind": "decades"}), value="3.4")
    assert decades.verdict == "supported"
    assert "log10 of composite over pristine" in decades.reason


def test_a_ratio_of_other_quantities(two_samples):
    keywords = {"kind": "ratio", "quantity": "activation_energy", "of": ("pristine",), "to": "composite"}
    found = verdict(two_samples, **keywords, value="1.87", relation="about", convention="sigmaT")
    assert found.verdict == "supported"
    assert found.quantities[0].value == pytest.approx(0.71 / 0.38, rel=1e-3)


def test_an_extrapolation_is_said(two_samples):
    found = verdict(two_samples, of=("composite",), value="1e-2 S/cm", relation="<", temperature="150 degC")
    assert "extrapolated 60 K beyond the measured 30 degC to 90 degC" in found.reason


def test_an_energy_without_convention_is_judged_in_both(two_samples):
    keywords = {"quantity": "activation_energy", "of": ("composite",), "value": "0.38 eV"}
    both = verdict(two_samples, **keywords)
    assert both.verdict == "undecided"
    assert "names no convention" in both.reason
    assert verdict(two_samples, **keywords, convention="sigmaT").verdict == "supported"
    assert verdict(two_samples, **keywords, convention="sigma").verdict == "contradicted"
    assert verdict(two_samples, **keywords, tolerance="0.1 eV").verdict == "supported"


def test_a_difference_keeps_what_is_common(two_samples):
    keywords = {"kind": "difference", "quantity": "activation_energy", "of": ("pristine",), "to": "composite"}
    found = verdict(two_samples, **keywords, value="0.33 eV")
    assert found.verdict == "supported"
    assert found.quantities[0].value / EV == pytest.approx(0.33, abs=1e-3)


def test_three_pellets_are_one_sample():
    results = law("c1", "composite", 0.38, 5.0e-2) | law("c2", "composite", 0.38, 5.6e-2)
    results |= law("c3", "composite", 0.38, 4.4e-2)
    keywords = {"value": "5e-4 S/cm", "temperature": "30 degC", "tolerance": "25 %"}
    mean = verdict(results, of=("composite",), **keywords)
    assert "mean of ln sigma over 3 pellets" in mean.reason
    assert mean.verdict == "undecided"  # n = 3: 12 % spread and t = 4.3 make the interval wider than half the value
    assert verdict(results, of=("c1",), **keywords).verdict == "supported"  # one pellet, as measured
    energy = verdict(results, of=("composite",), quantity="activation_energy", convention="sigmaT", value="0.38 eV")
    assert energy.verdict == "supported"
    assert "mean over 3 pellets" in energy.reason


def test_a_spread_is_a_factor_and_an_ordering_a_chain():
    results = law("a1", "a", 0.38, 5.0e-2) | law("b1", "b", 0.38, 4.0e-2) | law("c1", "c", 0.38, 1.0e-2)
    at = {"temperature": "30 degC", "quantity": "ionic_conductivity"}
    spread = {"kind": "spread", "of": ("a", "b", "c"), **at}
    below = verdict(results, **spread, relation="<", value="6")
    assert below.verdict == "supported"
    assert "largest over smallest of 3 is 5 " in below.reason
    assert verdict(results, **spread, relation="<", value="4").verdict == "contradicted"
    assert verdict(results, **spread, relation="<", value="5").verdict == "undecided"
    assert verdict(results, **spread, relation=">", value="4").verdict == "supported"
    order = {"kind": "ordering", **at}
    assert verdict(results, of=("a", "b", "c"), relation=">", **order).verdict == "supported"
    assert verdict(results, of=("c", "b", "a"), relation=">", **order).verdict == "contradicted"
    assert verdict(results, of=("c", "b", "a"), relation="<", **order).verdict == "supported"
    same = law("a1", "a", 0.38, 5.0e-2) | law("b1", "b", 0.38, 5.0e-2)
    assert verdict(same, of=("a", "b"), relation=">", **order).verdict == "undecided"


@pytest.mark.parametrize(
    ("keywords", "text"),
    [
        ({"of": ("compositt",)}, "nothing was measured on 'compositt'. Did you mean 'composite'?"),
        ({"of": ("c1/x/0",), "quantity": "total_resistance", "value": "5 ohm"}, "has no total_resistance"),
        ({"of": ("c1/x/0",), "temperature": "90 degC"}, "nothing at 90 degC"),
        ({"kind": "maximum", "of": ("series/x",), "value": "3 h"}, "there is no 'series/x'"),
        (
            {"kind": "spread", "of": ("composite", "none"), "value": "2", "relation": "<"},
            "'none' has no ionic_conductivity",
        ),
        ({"no_data": "nobody measured it"}, "nobody measured it"),
    ],
)
def test_without_data_the_reason_is_given(two_samples, keywords, text):
    found = verdict(two_samples, **({"value": "5e-4 S/cm", "temperature": "30 degC"} | keywords))
    assert found.verdict == "no data"
    assert text in found.reason
    assert found.as_json()["reason"] == found.reason


def test_a_withheld_number_decides_nothing():
    q = {"bulk_resistance": withheld("bulk_resistance", "bulk and grain boundary overlap")}
    results = {"p/x/a": Result("x", "a", q, xr.Dataset(), about=About("p", "specimen", "a"))}
    found = verdict(results, quantity="bulk_resistance", of=("a",), value="5 ohm")
    assert found.verdict == "undecided"
    assert "bulk and grain boundary overlap" in found.reason


@pytest.mark.parametrize(
    ("judges", "passed", "word"),
    [
        (("charge",), False, "undecided"),
        (("charge",), True, "supported"),
        (("voltage",), False, "supported"),
        ((), False, "supported"),
    ],
)
def test_a_failed_check_of_a_number_leaves_its_claim_undecided(judges, passed, word):
    q = {"charge:last": Quantity("charge", uncertain(3.6, {"a": 0.01}))}
    check = Check("set current", passed, "it is not the set one.", judges)
    results = {"p/x/a": Result("x", "a", q, xr.Dataset(), checks=(check,), about=About("p", "cell", ""))}
    found = verdict(results, quantity="charge:last", of=("p",), value="0.5 mAh", relation=">")
    assert (found.verdict, check.detail in found.reason) == (word, word == "undecided")


@pytest.mark.parametrize("failing", [0, 1])
def test_a_check_that_failed_in_one_of_two_results_is_not_hidden_by_the_other(failing):
    results = {}
    for k, (name, value) in enumerate({"p": 3.6, "r": 1.8}.items()):
        check = Check("time", k != failing, f"time of {name}", ("charge",))
        q = {"charge:last": Quantity("charge", uncertain(value, {name: 0.01}))}
        results[f"{name}/x/a"] = Result("x", "a", q, xr.Dataset(), checks=(check,), about=About(name, "cell", ""))
    found = verdict(results, kind="ordering", quantity="charge:last", of=("p", "r"), relation=">")
    assert (found.verdict, f"time of {'pr'[failing]}" in found.reason) == ("undecided", True)
