"""Bulk and grain boundary beside the total: a law of each where the spectra tell them apart, never a sum under one name."""

import json
from dataclasses import replace

import numpy as np
import pytest

from closo.combine.arrhenius import Part, Point, arrhenius, figure, parts_of, predict
from closo.combine.impedance_series import impedance_series
from closo.dataset import from_bytes, new, to_bytes
from closo.figures import to_svg
from closo.quantity import Quantity, uncertain, withheld
from closo.result import Result
from closo.techniques.impedance import analyse

EV = 1.602176634e-19
K_B_EV = 8.617333262e-5
KELVIN = np.linspace(280.0, 370.0, 6)
GEOMETRY = {
    "area": uncertain(0.785e-4, {"area:p": 0.785e-7}),
    "thickness": uncertain(1e-3, {"thickness:p": 1e-5}),
}
ENERGIES = {"bulk": 0.35, "grain_boundary": 0.6}


def resistance(kelvin: float, part: str) -> float:
    at_middle = {"bulk": 2e4, "grain_boundary": 1e4}[part]
    return at_middle * kelvin / 325.0 * np.exp(ENERGIES[part] / K_B_EV * (1 / kelvin - 1 / 325.0))


@pytest.fixture(scope="module")
def singles() -> list[Result]:
    """Return the single analyses of a ceramic whose bulk and grain boundary have energies of their own."""
    f = np.logspace(6.5, 0, 66)
    jw = 2j * np.pi * f
    results = []
    for k, kelvin in enumerate(KELVIN):
        random = np.random.default_rng(k)
        bulk, boundary = (resistance(kelvin, part) for part in ENERGIES)
        z = 1 / (1 / bulk + jw * 1.5e-11) + 1 / (1 / boundary + jw * 2e-9) + 1 / (1e-6 * jw**0.85)
        z = z * (1 + 0.002 * (random.standard_normal(f.size) + 1j * random.standard_normal(f.size)))
        data = new("impedance", {"frequency": f, "impedance": z}, source=f"{k}.txt")
        results.append(analyse(data, temperature=uncertain(kelvin, {f"temperature:{k}": 0.1}), drt=False, **GEOMETRY))
    return results


@pytest.fixture(scope="module")
def together(singles) -> Result:
    return impedance_series(singles, name="p", **GEOMETRY)


def law_of(singles, together=None) -> Result:
    branches = {r.name: "heating" for r in singles}
    points = [
        Point(r.quantities["temperature"].number, r.quantities["ionic_conductivity"].number, "heating", r.name)
        for r in singles
    ]
    return arrhenius(points, name="p", parts=parts_of(singles, branches, together=together))


@pytest.mark.parametrize("common", [True, False])
def test_each_part_has_the_energy_that_it_was_made_with(singles, together, common):
    law = law_of(singles, together if common else None)
    for part, truth in ENERGIES.items():
        energy = law.quantities[f"activation_energy:{part}"]
        low, high = (end / EV for end in energy.interval())
        assert low < truth < high
        assert high - low < 0.03
        assert energy.method.startswith(f"{part.replace('_', ' ')}, L/(R A)")
    # two straight lines make a bent sum
    assert "the plot is curved" in law.quantities["activation_energy"].why


def test_the_resistances_at_any_temperature_add_up_to_the_total(singles, together):
    law = law_of(singles, together)
    energies = {part: law.quantities[f"activation_energy:{part}"].value / EV for part in ENERGIES}
    for part in ENERGIES:
        sigma = law.quantities[f"ionic_conductivity:reference:{part}"].value
        kelvin = law.findings["parts"][part]["reference_temperature"]
        assert 1e-3 / 0.785e-4 / sigma == pytest.approx(resistance(kelvin, part), rel=0.02)
    assert energies["grain_boundary"] - energies["bulk"] == pytest.approx(0.25, abs=0.02)


def test_the_total_is_the_same_with_and_without_its_parts(singles, together):
    law = law_of(singles, together)
    plain = [
        Point(r.quantities["temperature"].number, r.quantities["ionic_conductivity"].number, "heating", r.name)
        for r in singles
    ]
    alone = arrhenius(plain, name="p")
    assert {key: q.value for key, q in alone.quantities.items()} == {
        key: law.quantities[key].value for key in alone.quantities
    }
    assert predict(law, 300.0).value == predict(alone, 300.0).value


def test_geometry_moves_the_prefactors_and_no_energy(singles, together):
    law = law_of(singles, together)
    for part in ENERGIES:
        assert law.quantities[f"activation_energy:{part}"].budget().get("thickness:p", 0.0) < 1e-6 * EV
        budget = law.quantities[f"ionic_conductivity:reference:{part}"].budget()
        sigma = law.quantities[f"ionic_conductivity:reference:{part}"].value
        assert budget["thickness:p"] == pytest.approx(0.01 * sigma, rel=1e-3)


def replaced(result: Result, **quantities: Quantity) -> Result:
    return replace(result, quantities={**result.quantities, **quantities}, checks=())


def test_one_temperature_gives_no_law_and_the_reason(singles):
    reason = "the top of the fastest arc lies above the highest frequency: only the total is known"
    keys = ("bulk_resistance", "grain_boundary_resistance")
    cut = [singles[0], *(replaced(r, **{key: withheld(key, reason) for key in keys}) for r in singles[1:])]
    law = law_of(cut)
    for part in ENERGIES:
        energy = law.quantities[f"activation_energy:{part}"]
        assert energy.number is None
        assert "1 of 6 spectra" in energy.why
        assert "two temperatures" in energy.why
        assert reason in energy.why
    assert law.findings["model"] == "vogel"
    assert "<svg" in to_svg(figure(law))


def test_no_temperature_gives_no_word_of_it(singles):
    keys = ("bulk_resistance", "grain_boundary_resistance")
    law = law_of([replaced(r, **{key: withheld(key, "no arc") for key in keys}) for r in singles])
    assert not [key for key in law.quantities if key.endswith(("bulk", "boundary"))]
    assert "parts" not in law.findings


def test_a_single_arc_beside_two_is_no_bulk(singles):
    """Where other temperatures show two arcs, one that is alone is the sum of both; it must not bend the bulk's law."""
    merged = singles[-1]
    lonely = replaced(
        merged,
        bulk_resistance=Quantity("bulk_resistance", merged.quantities["total_resistance"].number),
        grain_boundary_resistance=withheld("grain_boundary_resistance", "no arc has a grain-boundary capacitance"),
    )
    parts = parts_of([*singles[:-1], lonely], {r.name: "heating" for r in singles})
    assert len(parts["bulk"].points) == len(singles) - 1
    assert "may be the sum of both" in parts["bulk"].why


def test_a_common_fit_is_not_mixed_with_single_ones(singles, together):
    key = f"bulk_resistance:{singles[0].name}"
    cut = replaced(together, **{key: withheld("bulk_resistance", "not known")})
    parts = parts_of(singles, {r.name: "heating" for r in singles}, together=cut)
    assert [p.source for p in parts["bulk"].points] == [r.name for r in singles[1:]]


def test_a_part_without_a_line_says_so_and_leaves_the_total_alone(pellet, kinked, straight):
    random = np.random.default_rng(3)
    celsius = [float(t) for t in range(20, 120, 10)]
    total = pellet(random, celsius, straight(0.4, 7.0), name="p")
    bent = pellet(random, celsius, kinked(0.6, 0.3, 343.0), name="q")
    law = arrhenius(total, name="p", parts={"bulk": Part(tuple(bent), len(bent))})
    assert law.quantities["activation_energy"].number is not None
    assert "kink" in law.quantities["activation_energy:bulk"].why
    low, high = (law.quantities[f"activation_energy:{side}:bulk"].value / EV for side in ("low", "high"))
    assert low == pytest.approx(0.6, abs=0.1)
    assert high == pytest.approx(0.3, abs=0.1)
    assert any(c.name == "one straight line, bulk" and c.passed is False for c in law.checks)


def test_the_figure_names_total_bulk_and_grain_boundary_and_survives_the_disk(singles, together):
    law = law_of(singles, together)
    findings = json.loads(json.dumps(dict(law.findings), allow_nan=False))
    again = replace(law, curves=from_bytes(to_bytes(law.curves)), findings=findings)
    spec = figure(again)
    assert [t.label for t in spec.panels[0].traces if t.label] == ["total", "bulk", "grain boundary"]
    assert sum("(L/RA)" in note for note in spec.notes) == 2
    drawn = {t.label: 10 ** np.asarray(t.y) * 100.0 for t in spec.panels[0].traces if t.label}
    assert np.all(drawn["total"] < drawn["bulk"])
    assert np.all(drawn["total"] < drawn["grain boundary"])
    np.testing.assert_allclose(1 / drawn["total"], 1 / drawn["bulk"] + 1 / drawn["grain boundary"], rtol=0.02)
    assert "<svg" in to_svg(spec)
