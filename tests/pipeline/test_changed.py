"""What near-edge spectra say of the interphase: at least what a reference shows, with a source of its own."""

from dataclasses import replace
from pathlib import Path

import pytest

from closo.combine.regression import tabulate
from closo.pipeline import loose
from closo.pipeline.changed import changed_shares
from closo.quantity import Quantity, withheld
from closo.result import About
from closo.study import load

EXAMPLE = Path(__file__).parents[2] / "examples" / "na2b12h12-sio2"
SAMPLES = ("A380-35-4h", "A380-75-4h")


@pytest.fixture(scope="module")
def spectra():
    """Return the study and the fits of its boron edges; at 35 vol% the borate is below its limit."""
    raw, found = EXAMPLE / "raw", {}
    for name in SAMPLES:
        asked = {"edge": "B K", "references": f"{raw / 'pristine-BK.xrs'},{raw / 'BO3.xrs'}"}
        (outcome,) = loose.run("near_edge", raw / f"{name}-BK.xrs", settings=asked)
        found[name] = replace(outcome.result, about=About(name, "sample", name))
    return load(EXAMPLE), found


def test_a_fraction_is_the_least_that_has_changed(spectra):
    study, results = spectra
    shares = changed_shares(study, results)
    assert set(shares) == set(SAMPLES)
    for name, share in shares.items():
        least = results[name].findings["fractions"][results[name].findings["references"].index("BO3")]
        quantity = Quantity("volume_fraction", share)
        assert quantity.value == pytest.approx(0.5 * (least + 1.0), rel=1e-6)
        assert quantity.value - quantity.u * 3**0.5 == pytest.approx(least, abs=0.02)  # the ends: the fraction, and one
        assert quantity.value + quantity.u * 3**0.5 == pytest.approx(1.0, abs=0.02)
        assert f"cages that stay:{study.title}" in quantity.budget()
    seen = Quantity("volume_fraction", shares["A380-35-4h"]).budget()
    assert any(source.startswith("fraction BO3:") for source in seen)  # not detected, and yet not left out


def test_a_fraction_below_its_limit_has_the_uncertainty_of_the_limit(spectra):
    study, results = spectra
    result = results["A380-35-4h"]
    assert result.quantities["component_fraction:BO3"].value is None
    budget = Quantity("volume_fraction", changed_shares(study, results)["A380-35-4h"]).budget()
    u = next(value for source, value in budget.items() if source.startswith("fraction BO3:"))
    text = result.quantities["component_fraction:BO3"].why
    assert 100 * u == pytest.approx(float(text.split("± ")[1].split(" ")[0]), rel=0.1)


def test_an_edge_that_the_silica_has_too_says_nothing(spectra):
    study, results = spectra
    oxygen = replace(results["A380-75-4h"], settings={**results["A380-75-4h"].settings, "edge": "O K"})
    assert changed_shares(study, {"o": oxygen}) == {}
    alone = replace(results["A380-75-4h"], findings={**results["A380-75-4h"].findings, "references": ["BO3"]})
    assert changed_shares(study, {"a": alone}) == {}  # no salt among the references: no share of it


def test_what_no_spectrum_tells_is_one_error_of_all_samples(spectra):
    """So the covariance of two samples is not diagonal."""
    study, results = spectra
    shares = changed_shares(study, results)
    budgets = [
        Quantity("volume_fraction", share).budget()[f"cages that stay:{study.title}"] for share in shares.values()
    ]
    matrix = tabulate(list(shares.values())).matrix
    assert (matrix @ matrix.T)[0, 1] == pytest.approx(budgets[0] * budgets[1], rel=1e-6)


def test_references_that_do_not_explain_the_spectrum_say_nothing(spectra):
    study, results = spectra
    lost = withheld("component_fraction", "the references do not explain the spectrum")
    result = replace(
        results["A380-75-4h"], quantities={f"component_fraction:{n}": lost for n in ("pristine-BK", "BO3")}
    )
    assert changed_shares(study, {"a": result}) == {}
