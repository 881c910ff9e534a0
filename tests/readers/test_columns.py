"""Header names, units, and the user's own naming of columns."""

import pytest

from closo.errors import StudyError
from closo.readers.tools.columns import UnknownUnitError, from_header, from_request, name_of, unit_factor


@pytest.mark.parametrize(
    ("cell", "name", "sign", "factor"),
    [
        ("f", "frequency", 1, 1),
        ("Freq", "frequency", 1, 1),
        ("Frequency (MHz)", "frequency", 1, 1e6),
        ("Frequency (mHz)", "frequency", 1, 1e-3),
        ("Freq.[Hz]", "frequency", 1, 1),
        ("freq/Hz", "frequency", 1, 1),
        ("Z'", "impedance_real", 1, 1),
        ("Zs'[ohm]", "impedance_real", 1, 1),
        ("Re(Z)/Ohm", "impedance_real", 1, 1),
        ("Z' (kΩ)", "impedance_real", 1, 1e3),
        ("Z_real (MOhm)", "impedance_real", 1, 1e6),
        ("Zre (ohms)", "impedance_real", 1, 1),
        ("Z''", "impedance_imag", 1, 1),
        ('Z"/ohm', "impedance_imag", 1, 1),
        ("Z″ [mΩ]", "impedance_imag", 1, 1e-3),
        ("-Z''", "impedance_imag", -1, 1),
        ("−Z'' (Ω)", "impedance_imag", -1, 1),
        ("-Im(Z)/Ohm", "impedance_imag", -1, 1),
        ("-Zimag", "impedance_imag", -1, 1),
        ("|Z|/Ohm", "impedance_modulus", 1, 1),
        ("Phase(Z)/deg", "phase", 1, 0.017453292519943295),
        ("-Phase (°)", "phase", -1, 0.017453292519943295),
        ("Phase of Z (rad)", "phase", 1, 1),
        ("Elapsed Time (s)", "time", 1, 1),
        ("time/h", "time", 1, 3600),
        ("<Ewe>/V", "potential", 1, 1),
        ("Ewe/mV", "potential", 1, 1e-3),
        ("Ecell/V", "voltage", 1, 1),
        ("<I>/mA", "current", 1, 1e-3),
        ("I/µA", "current", 1, 1e-6),
        ("(Q-Qo)/mA.h", "charge", 1, 3.6),
        ("WE(1).Current (A)", "current", 1, 1),
    ],
)
def test_header_cells(cell, name, sign, factor):
    column = from_header([cell])[name]
    assert (column.sign, column.factor) == (sign, pytest.approx(factor))


@pytest.mark.parametrize(
    "cell", ["", "Status", "Re(Y)/Ohm-1", "|Energy|/W.h", "I Range", "control/V/mA", "half cycle", "x" * 500]
)
def test_other_cells_are_not_taken(cell):
    assert name_of(cell) is None
    assert from_header([cell]) == {}


def test_temperature_in_degrees_celsius():
    column = from_header(["Temp. [°C]"])["temperature"]
    assert (column.factor, column.offset) == (1, 273.15)
    assert from_header(["T/K"])["temperature"].offset == 0
    assert name_of("t/s") == "time"


def test_units_in_their_own_row():
    found = from_header(["Freq", "Z'", "-Z''"], ["kHz", "ohm", "ohm"])
    assert found["frequency"].factor == 1e3
    assert found["impedance_imag"].sign == -1


@pytest.mark.parametrize("cell", ["Z'/ohm cm2", "Z' (a.u.)", "frequency/mhz", "freq/V", "I/V"])
def test_unknown_or_wrong_units_are_errors(cell):
    with pytest.raises(UnknownUnitError, match="unit"):
        from_header([cell])


def test_phase_without_unit_is_not_taken():
    assert from_header(["phase"]) == {}


def test_first_of_equal_names_wins():
    assert from_header(["Ewe/V", "<Ewe>/V"])["potential"].index == 0


def test_unit_factors():
    assert unit_factor("mA.h") == ("C", 3.6, 0.0)
    assert unit_factor("min") == ("s", 60.0, 0.0)
    assert unit_factor("furlong") is None
    assert unit_factor("") is None


def test_request():
    width, found = from_request("_, frequency[kHz],impedance_real[Mohm],-impedance_imag,_,temperature[degC]")
    assert width == 6
    assert {n: c.index for n, c in found.items()} == {
        "frequency": 1,
        "impedance_real": 2,
        "impedance_imag": 3,
        "temperature": 5,
    }
    assert found["frequency"].factor == 1e3
    assert found["impedance_real"].factor == 1e6
    assert found["impedance_imag"].sign == -1
    assert found["temperature"].offset == 273.15


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ("frequenzy,impedance_real,impedance_imag", "Did you mean 'frequency'"),
        ("frequency,impedance_real", "not 'impedance_imag'"),
        ("impedance_real,impedance_imag", "no 'frequency'"),
        ("frequency,frequency", "twice"),
        ("frequency,impedance", "impedance_real"),
        ("blorp,time,current", "Known: charge, current"),
        ("time[V],current", "not a unit of time. Use s.$"),
        ("frequency[furlong],impedance_real,impedance_imag", "not a unit of frequency"),
        ("frequency,impedance_modulus", "not 'phase'"),
        ("_,_", "no column"),
        ("a b c", "not a name"),
        ("", "no column"),
    ],
)
def test_wrong_requests_say_what_to_write(columns, message):
    with pytest.raises(StudyError, match=message):
        from_request(columns)
