"""Spectra of one pellet fitted together, from the results of the single analyses."""

import numpy as np
import pytest

from closo.combine.impedance_series import figure, impedance_series
from closo.dataset import new
from closo.figures import to_svg
from closo.quantity import parse
from closo.store import from_document, to_document
from closo.techniques.impedance import analyse

FREQUENCY = np.logspace(6, 0, 61)
RESISTANCE = [2e4, 4e3, 800.0, 150.0]
GEOMETRY = {"area": ("0.785 ± 0.005 cm2", "area"), "thickness": ("310 ± 5 um", "thickness")}


def geometry():
    return {key: parse(text, name, label=f"{name}:p") for key, (text, name) in GEOMETRY.items()}


@pytest.fixture(scope="module")
def singles():
    jw = 2j * np.pi * FREQUENCY
    results = []
    for k, r in enumerate(RESISTANCE):
        random = np.random.default_rng(k)
        z = jw * 1e-6 + 1 / (1 / r + jw * 3e-11) + 1 / (1e-6 * jw**0.9)
        z = z * (1 + 0.003 * (random.standard_normal(61) + 1j * random.standard_normal(61)))
        data = new(
            "impedance",
            {"frequency": FREQUENCY[k:], "impedance": z[k:]},  # unequal lengths
            source="run.par",
            part=k + 1,
            uncalibrated=True,
            metadata={"instrument": "X1"},
        )
        temperature = parse(f"{30 + 20 * k} ± 0.1 degC", "temperature", label=f"temperature:{k}")
        results.append(analyse(data, temperature=temperature, drt=False, **geometry()))
    return results


def test_members_keep_their_names_and_values(singles):
    together = impedance_series(singles, name="p", **geometry())
    assert together.findings["used"]
    for single, r in zip(singles, RESISTANCE, strict=True):
        quantity = together.quantities[f"total_resistance:{single.name}"]
        assert quantity.value == pytest.approx(r, rel=0.003)
        assert {"calibration gain:X1", "fit shared:p"} <= set(quantity.budget())
        assert together.quantities[f"temperature:{single.name}"].value == single.quantities["temperature"].value


def test_survives_the_disk_and_is_drawn(singles):
    together = impedance_series(singles, name="p", **geometry())
    again = from_document(*to_document(together))
    key = f"ionic_conductivity:{singles[0].name}"
    assert again.quantities[key].u == pytest.approx(together.quantities[key].u)
    assert "<svg" in to_svg(figure(again))
    assert np.isnan(again.curves["frequency"].values[-1, -1])


def test_the_result_of_a_series_is_made_from_stored_results_too(singles):
    stored = [from_document(*to_document(result)) for result in singles]
    a, b = impedance_series(singles, name="p", **geometry()), impedance_series(stored, name="p", **geometry())
    for key in a.quantities:
        assert a.quantities[key].value == pytest.approx(b.quantities[key].value or 0.0) or a.quantities[key].why
