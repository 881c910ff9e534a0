"""What every technique must be: documented, named, honest about what it cannot say, and drawn."""

import importlib

import numpy as np
import pytest

from closo.dataset import KINDS, new
from closo.errors import ClosoError, DataError
from closo.figures import to_csv, to_svg
from closo.nomenclature import NAMES
from closo.quantity import parse
from closo.result import Check, Result
from closo.store import from_document, to_document
from closo.techniques import TECHNIQUES

SECTIONS = ("Measures", "Needs", "Gives", "Uncertainty sources", "Checks", "Limits", "Sources")
INPUTS = {
    "area": "0.785 ± 0.005 cm2",
    "thickness": "310 ± 5 um",
    "temperature": "30 ± 0.5 degC",
    "lead_resistance": "0.5 ± 0.02 ohm",
}


def sample(technique):
    """Return a synthetic measurement of the kind that the technique takes."""
    assert technique.kind == "impedance", "add a synthetic measurement of the new kind here"
    f = np.logspace(6, 0, 61)
    jw = 2j * np.pi * f
    z = 1 / (1e-4 + 2e-10 * jw**0.9) + 1 / (1e-6 * jw**0.85)
    random = np.random.default_rng(0)
    z = z * (1 + 0.003 * (random.standard_normal(61) + 1j * random.standard_normal(61)))
    return new("impedance", {"frequency": f, "impedance": z}, source="conformance.par")


def inputs(technique):
    return {key: parse(INPUTS[key], key, label=f"{key}:conformance") for key in technique.inputs}


@pytest.fixture(scope="module", params=TECHNIQUES, ids=lambda t: t.name)
def analysed(request):
    technique = request.param
    return technique, technique.analyse(sample(technique), **inputs(technique))


@pytest.mark.parametrize("technique", TECHNIQUES, ids=lambda t: t.name)
def test_record_and_docstring(technique):
    assert technique.kind in KINDS
    assert set(technique.needs) <= set(NAMES)
    assert set(technique.inputs) <= set(NAMES)
    module = importlib.import_module(technique.module)
    lines = [line.strip() for line in module.__doc__.splitlines()]
    assert [s for s in SECTIONS if s not in lines] == []
    assert "doi" in module.__doc__


def test_every_quantity_has_an_uncertainty_or_a_reason(analysed):
    _, result = analysed
    assert isinstance(result, Result)
    for key, quantity in result.quantities.items():
        assert quantity.name == key.split(":")[0]
        if quantity.value is None:
            assert quantity.why, key
        else:
            assert quantity.u > 0, key
            assert quantity.method, key
            assert sum(u * u for u in quantity.budget().values()) == pytest.approx(quantity.u**2), key
    assert all(isinstance(check, Check) and check.detail for check in result.checks)


def test_result_survives_the_disk(analysed):
    _, result = analysed
    again = from_document(*to_document(result))
    for key, quantity in result.quantities.items():
        assert again.quantities[key].value == quantity.value
        assert again.quantities[key].u == pytest.approx(quantity.u) if quantity.u else again.quantities[key].why
    assert set(again.curves.data_vars) == set(result.curves.data_vars)


def test_figure_draws_and_its_numbers_are_those_of_the_result(analysed):
    technique, result = analysed
    spec = technique.figure(result)
    assert spec.summary
    assert "<svg" in to_svg(spec)
    assert to_csv(spec).count("\n") > 10


def test_without_inputs_nothing_is_invented(analysed):
    technique, _ = analysed
    bare = technique.analyse(sample(technique))
    for key, quantity in bare.quantities.items():
        assert not any(source.split(":")[0] in technique.inputs for source in quantity.budget()), key


@pytest.mark.parametrize("technique", TECHNIQUES, ids=lambda t: t.name)
def test_wrong_measurement_is_refused_by_name(technique):
    other = new("open_circuit", {"time": [0.0, 1.0], "potential": [0.1, 0.1]}, source="ocp.par")
    with pytest.raises(DataError) as caught:
        technique.analyse(other)
    assert technique.needs[0] in str(caught.value)
    assert "ocp.par" in str(caught.value)


@pytest.mark.parametrize("technique", TECHNIQUES, ids=lambda t: t.name)
def test_settings_are_declared_with_a_type_and_a_meaning(technique):
    for key, (kind, meaning) in technique.settings.items():
        assert kind in (str, float, int, bool), key
        assert meaning, key
    with pytest.raises(ClosoError):
        technique.setting("no such setting", "1")
