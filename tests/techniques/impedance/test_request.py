"""Circuits in the user's hand, from the text of the settings to the numbers."""

import numpy as np
import pytest
from spectra import FREQUENCY, arc, dataset, noisy, two_arcs

from closo.errors import ClosoError, DataError, StudyError
from closo.quantity import parse as number
from closo.quantity import sources
from closo.techniques.impedance import analyse
from closo.techniques.impedance.circuit import parse
from closo.techniques.impedance.request import names_of, read_frequency, read_request

TWO = "(R|Q)-(R|Q)-Q"
GEOMETRY = {
    "area": number("0.785 ± 0.005 cm2", "area", label="area:p1"),
    "thickness": number("310 ± 5 um", "thickness", label="thickness:p1"),
}


def spectrum(seed=0, noise=0.003):
    return dataset(noisy(two_arcs(), seed, noise))


def value(result, key):
    assert result.quantities[key].number is not None, result.quantities[key].why
    return float(result.quantities[key].number.x)


def u(result, key):
    return float(result.quantities[key].number.u)


def test_text_becomes_theta():
    request = read_request(
        circuit=TWO,
        hold="R1 = 1.2 kohm; n1=0.9",
        start="R2=3e4",
        bound="Q1=1e-12..1e-9, R2=1..100 kohm, n2=0.7..",
        assign="R1:Bulk, R2:grain boundary",
        f_min="100 mHz",
        f_max=1e6,
        leave_out="3, 7-9",
    )
    assert request.held == {0: np.log(1200.0), 2: 0.9}
    assert request.begin == {3: np.log(3e4)}
    assert request.bounds[1] == (np.log(1e-12), np.log(1e-9))
    assert request.bounds[3] == pytest.approx((np.log(1e3), np.log(1e5)))
    assert request.bounds[5] == (0.7, np.inf)
    assert request.assign == {"R1": "bulk", "R2": "grain_boundary"}
    assert (request.f_min, request.f_max, request.leave_out) == (0.1, 1e6, (2, 6, 7, 8))


def test_a_resistor_keeps_its_name_beside_elements_that_have_an_r_too():
    names = names_of(parse("R-(R|Q)-Ws-Wo"))
    assert (names["R1"], names["R2"], names["Ws1.R"], names["Wo1.tau"]) == (0, 1, 4, 7)
    assert "tau1" not in names  # Ws1 and Wo1 have one each


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"hold": "R9=1"}, r"hold: \(R1\|Q1\)-\(R2\|Q2\)-Q3 has no parameter R9"),
        ({"hold": "R1"}, "'R1' where name=value should be"),
        ({"hold": ""}, "'' where name=value should be"),
        ({"hold": "R1=-3"}, "resistance = '-3' is not valid"),
        ({"hold": "R1=0"}, "resistance = '0' is not valid"),
        ({"hold": "R1=nan"}, "'nan' is not a resistance"),
        ({"hold": "R1=1e300"}, "R1 = 1e[+]300 ohm is not valid"),
        ({"hold": "R1=3 s"}, "'s' is not a unit of resistance"),
        ({"hold": "R1=1,5 kohm"}, "Numbers are written with a point"),
        ({"hold": "n1=1.3"}, "n1 = 1.3 is not an exponent"),
        ({"hold": "R1=1, R1=2"}, "names R1 twice"),
        ({"hold": "R1=1, R1.R=2"}, "names one parameter twice"),
        ({"hold": "R1=1", "bound": "R1=1..2"}, "R1 is held and stands in bound too"),
        ({"hold": "R1=1", "start": "R1=1"}, "R1 is held and stands in start too"),
        ({"start": "R1=5", "bound": "R1=1..2"}, "The start of R1 lies outside its bounds"),
        ({"bound": "R1=2..1"}, "Write the lower end first"),
        ({"bound": "R1=1-2"}, "is not a range"),
        ({"bound": "R1=.."}, "is not a range"),
        ({"assign": "R1:grains"}, "'grains' is not possible for R1"),
        ({"assign": "R7:bulk"}, "has no resistor R7"),
        ({"assign": "Q1:bulk"}, "has no resistor Q1"),
        ({"assign": "R1=bulk"}, "where name:value should be"),
        ({"f_min": "100 s"}, "f_min = '100 s' is not a frequency"),
        ({"f_max": -1.0}, "f_max = '-1.0' is not a frequency"),
        ({"f_min": "1 MHz", "f_max": "1 kHz"}, "is not below"),
        ({"leave_out": "0"}, "Points are counted from 1"),
        ({"leave_out": "9-7"}, "'9-7', which is not a point"),
        ({"leave_out": "all"}, "'all', which is not a point"),
    ],
)
def test_nonsense_is_refused_in_a_sentence(settings, said):
    with pytest.raises(StudyError, match=said):
        read_request(circuit=TWO, **settings)


def test_parameters_without_a_circuit_belong_to_nothing():
    with pytest.raises(StudyError, match="names parameters, but of no circuit"):
        read_request(hold="R1=1")
    with pytest.raises(DataError, match="assign names R9, but the circuit chosen from the data"):
        analyse(spectrum(), assign="R9:bulk")


def test_frequencies_with_units():
    assert read_frequency("1.5 kHz", "f_min") == 1500.0
    assert read_frequency(0, "f_min") == 0.0
    assert read_frequency(None, "f_min") is None


def test_held_values_stay_and_bring_their_uncertainty_along():
    free = analyse(spectrum(), circuit=TWO)
    held = analyse(spectrum(), circuit=TWO, hold="n3=0.85")
    stated = analyse(spectrum(), circuit=TWO, hold="n3=0.85 ± 0.002")
    assert value(held, "cpe_exponent:Q3") == 0.85
    assert u(held, "cpe_exponent:Q3") == 0.0
    assert u(held, "cpe_coefficient:Q3") < 0.5 * u(free, "cpe_coefficient:Q3")
    assert u(stated, "cpe_exponent:Q3") == pytest.approx(0.002)
    parts = sources(stated.quantities["cpe_coefficient:Q3"].number)
    shifted = analyse(spectrum(), circuit=TWO, hold="n3=0.852")
    moved = value(shifted, "cpe_coefficient:Q3") - value(held, "cpe_coefficient:Q3")
    assert parts["held n3:test.par#1"][0] == pytest.approx(moved, rel=0.05)
    assert "held" in held.quantities["cpe_exponent:Q3"].method
    assert any("n3" in note for note in held.notes)


@pytest.mark.parametrize("name", ["R1", "Q1", "n1", "R2", "Q2", "n2", "Q3", "n3"])
def test_a_held_parameter_has_no_uncertainty_at_all(name):
    values = {"R1": 1e4, "Q1": 1e-10, "n1": 0.95, "R2": 2e4, "Q2": 2e-8, "n2": 0.9, "Q3": 1e-6, "n3": 0.85}
    result = analyse(spectrum(), circuit=TWO, hold=f"{name}={values[name]}", drt=False)
    key = next(k for k, s in parse(TWO).parameters if s == name)
    assert value(result, key) == pytest.approx(values[name], rel=1e-14)
    assert u(result, key) == 0.0


def test_a_held_resistance_scales_nothing_when_the_gain_is_unknown():
    """R1 is held: a gain of 1 % moves the other resistance alone, and by what the fit of a scaled spectrum says."""
    data = spectrum()
    data.attrs["uncalibrated"] = True
    scaled = dataset(data["impedance"].values * 1.001)
    held = {"circuit": TWO, "hold": "R1=1e4"}
    before = analyse(data, **held)
    moved = value(analyse(scaled, **held), "resistance:R2") - value(before, "resistance:R2")
    label = next(k for k in sources(before.quantities["resistance:R2"].number) if k.startswith("calibration gain"))
    assert sources(before.quantities["resistance:R2"].number)[label][0] == pytest.approx(10 * moved, rel=0.05)
    assert u(before, "resistance:R1") == 0.0


def test_a_parameter_at_its_bound_is_said_and_withheld():
    result = analyse(spectrum(), circuit=TWO, bound="R1=..12 kohm, R2=..15 kohm", **GEOMETRY)
    for key in ("resistance:R2", "total_resistance", "bulk_resistance", "ionic_conductivity"):
        assert result.quantities[key].number is None
    assert result.quantities["resistance:R2"].why.startswith("R2 ends at its upper bound 1.5e+04 ohm")
    assert next(c for c in result.checks if c.name == "bounds").passed is False


@pytest.mark.parametrize("assign", [None, "R1:bulk, R2:grain_boundary"])
def test_what_is_held_is_no_result(assign):
    """Two of two resistors held: no total; one of two: a total, and no bulk."""
    both = analyse(spectrum(), circuit=TWO, hold="R1=1e4 ± 100, R2=2e4", assign=assign, **GEOMETRY)
    one = analyse(spectrum(), circuit=TWO, hold="R1=1e4 ± 100", assign=assign, **GEOMETRY)
    for key in ("total_resistance", "bulk_resistance", "grain_boundary_resistance", "ionic_conductivity"):
        assert both.quantities[key].number is None
    assert "nothing of it is measured" in both.quantities["total_resistance"].why
    assert "nothing of it is measured" in one.quantities["bulk_resistance"].why
    assert value(one, "total_resistance") == pytest.approx(3e4, rel=0.01)


@pytest.mark.parametrize("left", ["4", "1, 30-33", "59-61"])
def test_leaving_points_out_is_a_file_without_them(left):
    z = noisy(two_arcs(), 1)
    gone = np.isin(np.arange(61), read_request(leave_out=left).leave_out)
    cut = analyse(dataset(z), leave_out=left, **GEOMETRY)
    without = analyse(dataset(z[~gone], FREQUENCY[~gone]), **GEOMETRY)
    assert cut.findings["circuit"] == without.findings["circuit"]
    for key, quantity in cut.quantities.items():
        assert str(quantity) == str(without.quantities[key]), key
    np.testing.assert_array_equal(cut.curves["frequency"], without.curves["frequency"])


def test_points_that_are_not_there_cannot_be_left_out():
    with pytest.raises(DataError, match=r"leave_out names point 62, but .* has 61"):
        analyse(spectrum(), leave_out="60-62")
    with pytest.raises(ClosoError, match="at least 6 usable frequencies"):
        analyse(spectrum(), leave_out="1-58")


def test_what_the_user_assigns_overrides_the_capacitance():
    automatic = analyse(spectrum(), circuit=TWO, **GEOMETRY)
    assert value(automatic, "bulk_resistance") == pytest.approx(1e4, rel=0.02)
    swapped = analyse(spectrum(), circuit=TWO, assign="R1:grain_boundary, R2:bulk", **GEOMETRY)
    assert value(swapped, "bulk_resistance") == pytest.approx(2e4, rel=0.02)
    assert value(swapped, "grain_boundary_resistance") == pytest.approx(1e4, rel=0.02)
    assert value(swapped, "total_resistance") == pytest.approx(value(automatic, "total_resistance"))
    assert "as assigned" in swapped.quantities["bulk_resistance"].method


@pytest.mark.parametrize(
    ("assign", "possible"), [("R1:bulk", True), ("R2:bulk", False), ("R1:grain_boundary, R2:bulk", False)]
)
def test_an_assigned_bulk_of_an_impossible_permittivity_fails_a_check(assign, possible):
    result = analyse(spectrum(), circuit=TWO, assign=assign, drt=False, **GEOMETRY)
    check = next(c for c in result.checks if c.name == "permittivity of the bulk")
    assert check.passed is possible
    assert check.concerns("relative_permittivity")
    assert check.concerns("bulk_resistance")
    assert result.quantities["bulk_resistance"].number is not None  # the user's word stays
    if "relative_permittivity" in result.quantities:
        assert f"has {value(result, 'relative_permittivity'):.3g}" in check.detail


def test_assignment_needs_no_geometry_and_no_circuit():
    result = analyse(spectrum(), assign="R1:bulk, R2:electrode")
    assert value(result, "bulk_resistance") == pytest.approx(1e4, rel=0.02)
    assert value(result, "total_resistance") == pytest.approx(1e4, rel=0.02)
    assert "R2 (electrode) left out" in result.quantities["total_resistance"].method
    assert result.quantities["grain_boundary_resistance"].number is None


def test_both_arcs_bulk_add_up_and_leads_are_no_electrolyte():
    jw = 2j * np.pi * FREQUENCY
    data = dataset(noisy(arc() + 0.5e4 + 0 * jw, 0))
    result = analyse(data, circuit="R-(R|Q)-Q", assign="R1:lead, R2:bulk")
    assert value(result, "total_resistance") == pytest.approx(2e4, rel=0.02)
    both = analyse(spectrum(), circuit=TWO, assign="R1:bulk, R2:bulk", **GEOMETRY)
    assert value(both, "bulk_resistance") == pytest.approx(3e4, rel=0.01)
    assert "relative_permittivity" not in both.quantities  # of which arc?


def test_an_assigned_resistance_that_the_data_do_not_know_is_withheld():
    """The sweep ends a decade above the peak of the second arc."""
    result = analyse(spectrum(), circuit="(R|Q)-(R|Q)", assign="R1:bulk, R2:grain_boundary", f_min="15 kHz", **GEOMETRY)
    assert value(result, "bulk_resistance") == pytest.approx(1e4, rel=0.1)
    for key in ("grain_boundary_resistance", "total_resistance", "ionic_conductivity"):
        assert result.quantities[key].number is None


def test_names_follow_the_start():
    result = analyse(spectrum(), circuit=TWO, start="R1=20 kohm, Q1=2e-8")
    assert value(result, "resistance:R1") == pytest.approx(2e4, rel=0.02)
    assert any("not in order of rising time constant" in note for note in result.notes)
    assert not any("time constant" in note for note in analyse(spectrum(), circuit=TWO).notes)


@pytest.mark.parametrize("peak, given", [(3.0, True), (0.3, False)])
def test_an_assigned_arc_that_the_sweep_does_not_close_is_extrapolated(peak, given):
    """Its part below the lowest frequency has 15 % as it has without an assignment; where most of it is, it is withheld."""
    f = np.logspace(6, 0, 61)
    z = 1 / (1 / 1e7 + 2j * np.pi * f / (2 * np.pi * peak * 1e7))
    random = np.random.default_rng(1)
    z = z * (1 + 0.002 * (random.standard_normal(61) + 1j * random.standard_normal(61)))
    data = dataset(z, f)
    result = analyse(data, circuit="(R|C)", assign="R1:bulk", drt=False)
    for key in ("total_resistance", "bulk_resistance"):
        quantity = result.quantities[key]
        if not given:
            assert "the sweep ends before the arc closes" in quantity.why
            continue
        unseen = 1 - 1 / (1 + peak**-2)
        model = next(u for source, u in quantity.budget().items() if source.startswith("model choice"))
        assert model == pytest.approx(0.15 * unseen * quantity.value, rel=0.02)


def test_a_lonely_depressed_arc_has_no_bulk_until_the_user_says_so():
    """Two ideal arcs of nearly one time constant look like one depressed arc: its name would be that of a sum."""
    jw = 2j * np.pi * FREQUENCY
    electrode = 1 / (1e-6 * jw**0.9)
    hidden = dataset(noisy(2e4 / (1 + jw * 2e4 * 2e-11) + 9e3 / (1 + jw * 9e3 * 1.2e-10) + electrode, 1, 0.003))
    lonely = dataset(noisy(1 / (1 / 3e4 + 5e-11 * jw**0.9) + electrode, 2, 0.003))
    for data in (hidden, lonely):
        result = analyse(data, circuit="(R|Q)-Q", drt=False, **GEOMETRY)
        assert value(result, "total_resistance") == pytest.approx(3e4, rel=0.05)
        bulk = result.quantities["bulk_resistance"]
        assert bulk.number is None
        assert "a grain boundary of nearly the same time constant can hide" in bulk.why
        assert "bulk_conductivity" not in result.quantities
        said = analyse(data, circuit="(R|Q)-Q", assign="R1:bulk", drt=False, **GEOMETRY)
        assert value(said, "bulk_resistance") == value(result, "total_resistance")
    ideal = analyse(
        dataset(noisy(1 / (1 / 3e4 + 5e-11 * jw) + electrode, 3, 0.003)), circuit="(R|C)-Q", drt=False, **GEOMETRY
    )
    assert value(ideal, "bulk_resistance") == pytest.approx(3e4, rel=0.02)
