"""Units that people type: what each means, and that nothing else gets through or takes long."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from closo import units
from closo.constants import AVOGADRO, ELECTRONVOLT
from closo.errors import DataError, StudyError
from closo.nomenclature import NAMES
from closo.quantity import Quantity, parse, uncertain, withheld
from closo.toml import read_number
from closo.units import _PREFIXES, _WITH_PREFIX, to_si


@pytest.mark.parametrize(
    ("unit", "name", "factor"),
    [
        ("kJ/mol", "activation_energy", 1e3 / AVOGADRO),
        ("kJ mol-1", "activation_energy", 1e3 / AVOGADRO),
        ("kcal/mol", "activation_energy", 4184.0 / AVOGADRO),
        ("meV", "activation_energy", 1e-3 * ELECTRONVOLT),
        ("mS cm^-1", "ionic_conductivity", 0.1),
        ("S·cm⁻¹", "ionic_conductivity", 100.0),
        ("Ω⁻¹ cm⁻¹", "ionic_conductivity", 100.0),
        ("1/(ohm cm)", "ionic_conductivity", 100.0),
        ("kΩ", "resistance", 1e3),
        ("kOhm", "resistance", 1e3),
        ("Ω cm²", "area_specific_resistance", 1e-4),
        ("mm^2", "area", 1e-6),
        ("µm", "thickness", 1e-6),
        ("Å", "thickness", 1e-10),
        ("hours", "milling_time", 3600.0),
        ("min", "milling_time", 60.0),
        ("rpm", "milling_speed", 1.0 / 60.0),
        ("mA h g-1", "specific_capacity", 3600.0),
        ("Volts", "potential", 1.0),
        ("bar", "pressure", 1e5),
        ("kgf", "force", 9.80665),
        ("deg", "phase", np.pi / 180.0),
        ("degC", "temperature_difference", 1.0),  # a difference has no zero of its own
        ("ppm", "mass_fraction", 1e-6),
    ],
)
def test_a_unit_means_what_the_field_means(unit, name, factor):
    assert to_si(unit, name) == (pytest.approx(factor, rel=1e-12), 0.0)


def test_temperatures_have_a_zero():
    assert parse("25 °C", "temperature").x == pytest.approx(298.15)
    assert parse("77 degF", "temperature").x == pytest.approx(298.15)
    offset = parse("0 ± 0.3 degC", "temperature_difference", label="offset:oven")
    assert Quantity("temperature_difference", offset).u == pytest.approx(0.3)


def test_every_prefix_is_the_one_of_the_si():
    import pint

    registry = pint.get_application_registry()
    powers = dict(zip(_PREFIXES, (-15, -12, -9, -6, -3, -2, -1, 2, 3, 6, 9, 12), strict=True))
    for unit in _WITH_PREFIX:
        for prefix, power in powers.items():
            if prefix + unit == "hbar":  # Planck's constant to pint; a hectobar is refused
                continue
            assert registry.Quantity(1.0, prefix + unit).to(unit).magnitude == pytest.approx(10.0**power), prefix + unit


@pytest.mark.parametrize(
    ("unit", "name"),
    [
        ("9**9**9**9", "thickness"),
        ("m**9**9", "thickness"),
        ("__import__('os')", "area"),
        ("um" * 1000, "area"),
        ("m" + "*m" * 1000, "area"),
        ("(((((m2", "area"),
        ("m99999999", "area"),
        ("rad/s", "frequency"),  # 2 pi of a frequency; pint gives an angle no dimension
        ("cycles/s", "frequency"),
        ("Nm", "torque"),
        ("kJ/mol", "resistance"),
        ("ohm", "area"),
        ("1e3 m2", "area"),
        ("", "area"),
    ],
)
def test_what_is_no_unit_is_refused_at_once(at_once, unit, name):
    def refused():
        with pytest.raises(StudyError, match="is not a unit of") as caught:
            to_si(unit, name)
        return caught

    caught = at_once(refused)
    assert len(str(caught.value)) < 200
    assert "Error" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("1e9 degC", "temperature"),
        ("5e3 m", "thickness"),
        ("1e400 um", "thickness"),
        ("5 ± 1e400 um", "thickness"),
        ("-300 degC", "temperature"),
        ("1e30 eV", "activation_energy"),
    ],
)
def test_a_number_that_cannot_be_is_refused(text, name):
    with pytest.raises(StudyError, match="is not valid"):
        read_number(text, name, label="x")


_PIECES = st.sampled_from(
    [
        "m",
        "cm",
        "mS",
        "S",
        "ohm",
        "Ω",
        "/",
        "*",
        "**",
        "^",
        "-1",
        "2",
        "9",
        "(",
        ")",
        " ",
        "kJ",
        "mol",
        "%",
        "°C",
        "µ",
        "e9",
        ".",
    ]
)


@settings(max_examples=2000, deadline=None)
@given(st.one_of(st.text(max_size=80), st.lists(_PIECES, max_size=25).map("".join)), st.sampled_from(sorted(NAMES)))
def test_any_text_is_a_unit_or_refused_at_once(at_once, unit, name):
    def factor_and_offset():
        try:
            return to_si(unit, name)
        except StudyError:
            return 1.0, 0.0

    factor, offset = at_once(factor_and_offset)
    assert np.isfinite([factor, offset]).all()
    assert factor > 0


@settings(max_examples=2000, deadline=None)
@given(
    st.one_of(
        st.text(max_size=300),
        st.from_regex(r"[-+]?[0-9.]{1,12}(e[-+]?[0-9]{1,6})? ?(± ?[0-9.]{1,6})? ?[a-zA-Z0-9/*^ ]{0,9}"),
    )
)
@example("0E200")  # the square of its last digit is not finite
def test_any_text_is_a_number_or_refused_at_once(at_once, text):
    def as_each():
        for name in ("thickness", "temperature", "ionic_conductivity", "ratio"):
            try:
                number = read_number(text, name, label="x")
            except StudyError:
                continue
            assert np.isfinite([number.x, number.u]).all()

    at_once(as_each)


def test_a_quantity_in_any_unit():
    sigma = Quantity("ionic_conductivity", uncertain(0.05, {"thickness:p1": 0.001}))
    assert (sigma.value, sigma.unit) == (0.05, "S/m")
    with pytest.raises(TypeError):  # of which unit?
        float(sigma)
    assert sigma.to("mS/cm") == (pytest.approx(0.5), pytest.approx(0.01))
    temperature = Quantity("temperature", uncertain(303.15, {"t": 0.5}))
    assert temperature.to("degC") == (pytest.approx(30.0), 0.5)
    with pytest.raises(StudyError, match="not a unit of"):
        sigma.to("ohm")
    with pytest.raises(DataError, match="is withheld: no arc"):
        withheld("bulk_resistance", "no arc").to("ohm")


@given(
    st.sampled_from(
        ["ionic_conductivity", "total_resistance", "current_density", "activation_energy", "duration", "factor"]
    ),
    st.floats(-14.0, 14.0),
    st.floats(-7.0, 1.0),
)
def test_people_read_two_digits_of_u_and_the_right_number(name, decade, relative):
    si, u = 10.0**decade, 10.0 ** (decade + relative)
    number, unit = Quantity(name, uncertain(si, {"a": u})).as_read()
    value, sign, spread = number.replace("(", "").partition(" ± ")
    spread, _, power = spread.partition(")e")
    factor = 10.0 ** int(power or 0) * to_si(unit, name)[0]
    assert sign
    assert float(value) * factor == pytest.approx(si, abs=0.051 * u)
    assert float(spread) * factor == pytest.approx(u, rel=0.051)
    assert len(spread.replace(".", "").strip("0")) <= 2
    if "." in spread:
        assert len(value.partition(".")[2]) == len(spread.partition(".")[2])
        assert len(spread.replace(".", "").lstrip("0")) == 2
    largest = max(abs(float(value)), float(spread))
    assert 0.0099 <= largest < 1e6


def test_the_usual_units_are_what_pint_makes_of_them():
    rows = {row.si: row for row in NAMES.values()}
    for si, usual in units._USUAL.items():
        for unit, factor in usual.items():
            made = units._factor(units._spelled(unit, angle=False), rows[si])
            assert factor == made, (si, unit, factor, made)
