"""Tables as programs and people write them: clocks, several tables, sweeps that turn, other forms of Z, thousands."""

import numpy as np
import pytest

from closo.dataset import from_bytes, to_bytes
from closo.errors import ReadError, StudyError
from closo.readers import read
from closo.readers.tools.clocks import clock_for, disagreement, one_time, seconds
from closo.readers.tools.immittance import PAIRS, with_impedance
from closo.readers.tools.units import unit_factor, unit_for

F = np.logspace(6, 0, 25)
W = 2 * np.pi * F


def impedance(resistance):
    return 50 + 1 / (1 / resistance + 1j * W * 1e-9) + 1 / (1j * W * 1e-5)


Z = impedance(500)


@pytest.fixture
def write(tmp_path):
    def write(content, name="a.csv"):
        path = tmp_path / name
        path.write_text(content, encoding="utf-8")
        return path

    return write


def table(header, *columns, separator=","):
    def cell(value):
        return value if isinstance(value, str) else f"{value:.12g}"

    rows = [separator.join(map(cell, row)) for row in zip(*columns, strict=True)]
    return "\n".join([header, *rows]) + "\n"


# other forms of Z
def forms(z, w):
    y = 1 / z
    return {
        "impedance_real": z.real, "impedance_imag": z.imag, "impedance_modulus": np.abs(z), "phase": np.angle(z),
        "admittance_modulus": np.abs(y), "admittance_phase": np.angle(y), "conductance": y.real, "susceptance": y.imag,
        "parallel_capacitance": y.imag / w, "parallel_resistance": 1 / y.real,
        "dissipation": np.abs(z.real / z.imag), "quality": np.abs(z.imag / z.real),
        "series_capacitance": -1 / (w * z.imag), "series_inductance": z.imag / w, "parallel_inductance": -1 / (w * y.imag),
    }  # fmt: skip


@pytest.mark.parametrize("pair", PAIRS[2:])
def test_every_pair_is_the_same_impedance(pair):
    columns = forms(Z, W)
    if pair[0] == "admittance_modulus":
        columns["phase"] = columns["admittance_phase"]  # whose it is where the header does not say
    found = with_impedance({"frequency": F, pair[0]: columns[pair[0]], pair[1]: columns[pair[1]]})
    np.testing.assert_allclose(found["impedance_real"] + 1j * found["impedance_imag"], Z, rtol=1e-9)


@pytest.mark.parametrize("pair", [p for p in PAIRS[2:] if "dissipation" in p or "quality" in p])
def test_pairs_of_an_inductive_impedance(pair):
    """A negative capacitance is how a meter shows an inductance; D is then negative or positive, by the maker."""
    z = 2 + 1j * W * 1e-6
    columns = forms(z, W)
    for sign in (1, -1):
        found = with_impedance({"frequency": F, pair[0]: columns[pair[0]], pair[1]: sign * columns[pair[1]]})
        np.testing.assert_allclose(found["impedance_real"] + 1j * found["impedance_imag"], z, rtol=1e-9)


@pytest.mark.parametrize(
    ("header", "names", "scale"),
    [
        ("Frequency/Hz,Impedance/Ohm,Phase/deg", ("impedance_modulus", "phase"), (1, 180 / np.pi)),
        ("freq / Hz,Z / Ohm,neg. Phase / °", ("impedance_modulus", "phase"), (1, -180 / np.pi)),
        ("Frequency(Hz),Trace1(|Z|),Trace2(theta-z)", ("impedance_modulus", "phase"), (1, 180 / np.pi)),
        ("Freq (Hz),Rs (Ohm),X (Ohm)", ("impedance_real", "impedance_imag"), (1, 1)),
        ("Freq (Hz),Cp (pF),Rp (kOhm)", ("parallel_capacitance", "parallel_resistance"), (1e12, 1e-3)),
        ("Freq (Hz),Cp (nF),D", ("parallel_capacitance", "dissipation"), (1e9, 1)),
        ("Freq (Hz),Cs (F),Q", ("series_capacitance", "quality"), (1, 1)),
        ("Freq (Hz),G (mS),B (mS)", ("conductance", "susceptance"), (1e3, 1e3)),
        ("Freq (Hz),Y' (S),Y'' (S)", ("conductance", "susceptance"), (1, 1)),
        ("Frequency (Hz),|Y| (mS),Phase (deg)", ("admittance_modulus", "admittance_phase"), (1e3, 180 / np.pi)),
        ("f/Hz,|Y|/S,-phase(Y)/rad", ("admittance_modulus", "admittance_phase"), (1, -1)),
        (
            "Frequency (Hz),Impedance Magnitude (Ohms),Impedance Phase Degrees (')",
            ("impedance_modulus", "phase"),
            (1, 180 / np.pi),
        ),
        (
            "Frequency (Hz),Admittance Magnitude (Siemens),Admittance Phase Degrees (')",
            ("admittance_modulus", "admittance_phase"),
            (1, 180 / np.pi),
        ),
    ],
)
def test_forms_of_an_impedance(write, header, names, scale):
    columns = forms(Z, W)
    (data,) = read(write(table(header, F, *(columns[n] * s for n, s in zip(names, scale, strict=True)))))
    np.testing.assert_allclose(data["impedance"], Z, rtol=1e-9)


def test_degrees_and_celsius_of_solartron(write):
    header = "Frequency (Hz),AC Level (V),Temperature ('C),Impedance Magnitude (Ohms),Impedance Phase Degrees (')"
    (data,) = read(write(table(header, F, 0 * F + 0.01, 0 * F + 30.5, np.abs(Z), np.degrees(np.angle(Z)))))
    np.testing.assert_allclose(data["impedance"], Z, rtol=1e-9)
    np.testing.assert_allclose(data["temperature"], 303.65)


def test_the_phase_of_an_impedance_beside_an_admittance_is_told(write):
    columns = forms(Z, W)
    (data,) = read(write(table("f/Hz,|Y|/S,phase/rad", F, columns["admittance_modulus"], columns["phase"])))
    assert any("inductive" in warning for warning in data.attrs["warnings"])


def test_an_admittance_without_its_unit_is_refused_not_left_out(write):
    columns = forms(Z, W)
    path = write(table("f,|Y|,Phase", F, columns["admittance_modulus"], np.degrees(columns["admittance_phase"])))
    with pytest.raises(ReadError, match=r"unit .* not stated \(f, \|Y\|, Phase\)"):
        read(path)


def test_pairs_beside_an_impedance_are_not_used(write):
    (data,) = read(write(table("f/Hz,Cp/F,D,Z'/ohm,Z''/ohm", F, F, F, Z.real, Z.imag)))
    np.testing.assert_allclose(data["impedance"], Z, rtol=1e-9)


@pytest.mark.parametrize("header", ["Frequency (Hz),Cp (F),X (mm)", "Frequency (Hz),Cp,Rp", "Freq (Hz),C (F),D"])
def test_what_is_no_impedance_is_never_proposed_as_one(write, header):
    with pytest.raises(ReadError) as caught:
        read(write(table(header, F, forms(Z, W)["parallel_capacitance"], forms(Z, W)["parallel_resistance"])))
    assert "--columns frequency,impedance_real" not in str(caught.value).replace("for example --columns", "")


# clocks
@pytest.mark.parametrize(
    ("words", "total"),
    [
        (["0:00:30", "0:01:00", "25:00:00"], 89970),
        (["1d 02:03:04", "2d 02:03:04"], 86400),
        (["0 days 00:00:30", "1 days 00:00:30"], 86400),
        (["1.02:03:04", "2.02:03:05"], 86401),
        (["0-00:00:30", "1-00:00:30"], 86400),
        (["11:59:59 AM", "12:00:01 PM"], 2),
        (["2024-02-29 23:59:59.5", "2024-03-01 00:00:00.5"], 1),
        (["2024-03-01T09:00:00Z", "2024-03-01T09:00:30Z"], 30),
        (["2024-03-31T01:59:30+01:00", "2024-03-31T03:00:30+02:00"], 60),
        (["01.03.2024 09:00:00", "02.03.2024 09:00:00"], 86400),
        (["31/12/2023 23:00:00", "01/01/2024 01:00:00"], 7200),
        (["12/31/2023 11:00:00 PM", "01/01/2024 01:00:00 AM"], 7200),
        (["01-Mar-2024 09:00", "02-Mar-2024 09:01"], 86460),
        (["1/2/2024 9:00:00", "1/2/2024 21:00:00", "1/3/2024 9:00:00"], 86400),
    ],
)
def test_clocks(words, total):
    clock = clock_for(words)
    assert clock is not None
    assert clock(words[-1]) - clock(words[0]) == pytest.approx(total)


@pytest.mark.parametrize(
    "words", [["1.5", "2.5"], ["Rest", "Charge"], ["25:61"], ["01/02/2024 00:00:00", "05/03/2024 00:00:00"]]
)
def test_no_clocks(words):
    assert clock_for(words) is None


HOURS = np.arange(0.0, 20000.0, 250.0)
CURRENT = np.where(HOURS < 10000, 1e-3, -1e-3)
VOLTAGE = 3.0 + np.minimum(HOURS, 20000 - HOURS) * 2e-5


def clocked(times):
    return [f"{int(t // 3600)}:{int(t % 3600 // 60):02d}:{t % 60:06.3f}" for t in times]


def dated(times):
    return [str(np.datetime64("2024-02-28T22:00:00") + np.timedelta64(int(t), "s")).replace("T", " ") for t in times]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("written", [clocked, dated])
@pytest.mark.parametrize("long", [False, True])
def test_times_as_text(write, monkeypatch, separator, written, long):
    from closo.readers.tools import bulk

    if long:
        monkeypatch.setattr(bulk, "MIN_ROWS", 2)
        monkeypatch.setattr(bulk, "read_carefully", None)  # the fast way must do
    content = table(
        separator.join(["Time", "Voltage/V", "Current/mA"]), written(HOURS), VOLTAGE, CURRENT * 1e3, separator=separator
    )
    (data,) = read(write(content))
    np.testing.assert_allclose(data["time"], HOURS)
    np.testing.assert_allclose(data["current"], CURRENT)
    assert data.attrs["kind"] == "cycling"
    (again,) = read(write(content), columns="time,voltage,current[mA]")
    np.testing.assert_allclose(again["time"], HOURS)


STEPS = np.where(HOURS < 10000, 1, 2)
OF_STEP = np.where(HOURS < 10000, HOURS, HOURS - 10000)


@pytest.mark.parametrize(
    ("header", "times"),
    [
        ("Step,Time,U/V,I/A", clocked(OF_STEP)),
        ("Step Index,Time(s),U/V,I/A", OF_STEP),
        ("Status,Step Time (h),U/V,I/A", OF_STEP / 3600),
    ],
)
def test_times_of_steps_are_added(write, header, times):
    (data,) = read(write(table(header, STEPS, times, VOLTAGE, CURRENT)))
    truth = HOURS - np.where(HOURS < 10000, 0, 250)  # the step begins at 0 where the last one ended
    np.testing.assert_allclose(data["time"], truth)
    assert any("times of the steps were added" in w for w in data.attrs["warnings"])


def test_the_total_time_is_taken_where_it_is_there(write):
    (data,) = read(
        write(table("Step,Time,Total Time,U/V,I/A", STEPS, clocked(OF_STEP), clocked(HOURS), VOLTAGE, CURRENT))
    )
    np.testing.assert_allclose(data["time"], HOURS)


def test_a_clock_that_starts_again_for_no_known_reason_is_kept_and_told(write):
    (data,) = read(write(table("Time/s,U/V,I/A", OF_STEP, VOLTAGE, CURRENT)))
    np.testing.assert_allclose(data["time"], OF_STEP)
    assert any("decreases at one point" in w for w in data.attrs["warnings"])


def test_steps_of_few_rows_that_do_not_begin_at_zero(write):
    step, shown = np.arange(12) // 2, np.array([8.0, 18, 10, 20, 9, 19, 10, 20, 10, 20, 10, 20])
    (data,) = read(write(table("Step,Time/s,U/V,I/A", step, shown, VOLTAGE[:12], CURRENT[:12])))
    np.testing.assert_allclose(data["time"], [8, 18, 28, 38, 47, 57, 67, 77, 87, 97, 107, 117])


def test_one_damaged_cell_does_not_make_a_clock(write):
    times = [f"{t:g}" for t in HOURS]
    times[5] = "00:20:00"
    (data,) = read(write(table("Time/s,U/V,I/A", times, VOLTAGE, CURRENT)))
    np.testing.assert_allclose(data["time"], np.delete(HOURS, 5))
    assert any("1 row without a finite time" in w for w in data.attrs["warnings"])


def test_an_energy_called_e_is_no_potential(write):
    (data,) = read(write(table("Time/s,U/V,I/A,E/Wh", HOURS, VOLTAGE, CURRENT, HOURS)))
    assert "potential" not in data
    with pytest.raises(ReadError, match="the unit 'Wh'"):
        read(write(table("Time/s,I/A,E/Wh", HOURS, CURRENT, HOURS)))


def test_midnight():
    times, said = one_time(np.array([86000.0, 86200, 86399, 100, 300]), of_day=True)
    np.testing.assert_allclose(np.diff(times), [200, 199, 101, 200])
    assert "midnight" in said[0]


def test_unreadable_cells_are_named(write):
    with pytest.raises(ReadError, match="the column 'Time' holds 'soon', which is not a number"):
        read(write(table("Time,U/V,I/A", ["soon"] * 80, VOLTAGE, CURRENT)))
    with pytest.raises(ReadError, match=r"'Date' holds '45352\.5', which is not clearly a date"):
        read(write(table("Date,U/V,I/A", 45352.5 + HOURS / 86400, VOLTAGE, CURRENT)))
    with pytest.raises(ReadError, match="takes column 1 for time, but it holds 'soon'"):
        read(write(table("a,b,c", ["soon"] * 80, VOLTAGE, CURRENT)), columns="time,voltage,current")


@pytest.mark.parametrize(
    ("scale", "said"), [(1000, "1000 times as fast"), (1 / 60, "60 times slower"), (1 / 3600, "3600 times")]
)
def test_two_clocks_that_disagree_are_refused(write, scale, said):
    content = table("Date,Run Time (s),U/V,I/A", dated(HOURS), HOURS * scale, VOLTAGE, CURRENT)
    with pytest.raises(ReadError, match=said):
        read(write(content))
    (data,) = read(write(content), columns="_,time,voltage,current")
    np.testing.assert_allclose(data["time"], HOURS * scale)


def test_two_clocks_that_agree_apart_from_pauses():
    wall = HOURS + np.where(HOURS > 5000, 3e5, 0)  # the program was stopped for days
    assert disagreement(HOURS, wall + 1.7e9) is None
    assert disagreement(HOURS * 1e3, wall + 1.7e9) == 1000
    assert disagreement(HOURS[:5] / 1e6, HOURS[:5] / 1e6) is None


# several tables
def test_tables_side_by_side(write):
    z = [impedance(900), impedance(500)]
    short = np.arange(len(F)) < 20
    columns = [
        F,
        z[0].real,
        -z[0].imag,
        *(np.where(short, [f"{x:.12g}" for x in v], "") for v in (F, z[1].real, -z[1].imag)),
    ]
    content = "25 C,,,60 C,,\n" + table("Freq (Hz),Z' (Ohm),-Z'' (Ohm)," * 2, *map(list, columns)).replace(
        ",\n", "\n", 1
    )
    for cut in (content, content.replace(",,,\n", "\n")):  # with and without the separators of empty cells
        first, second = read(write(cut))
        np.testing.assert_allclose(first["impedance"], z[0], rtol=1e-9)
        np.testing.assert_allclose(second["impedance"], z[1][short], rtol=1e-9)
        assert [d.attrs["metadata"]["label"] for d in (first, second)] == ["25 C", "60 C"]
        assert first.attrs["warnings"] == second.attrs["warnings"] == ()


def test_spectra_that_share_a_frequency(write):
    z = [impedance(900), impedance(500)]
    content = table("f/Hz,Z'/ohm,Z''/ohm,Z'/ohm,Z''/ohm", F, z[0].real, z[0].imag, z[1].real, z[1].imag)
    for data, truth in zip(read(write(content)), z, strict=True):
        np.testing.assert_allclose(data["impedance"], truth, rtol=1e-9)


# sweeps that turn
def spectra(write, order, *values):
    return read(write(table("f/Hz,Z'/ohm,Z''/ohm", np.concatenate(order), *(np.concatenate(v) for v in values))))


@pytest.mark.parametrize("repeated", [0, 1])
def test_a_sweep_down_and_up_is_two_spectra(write, repeated):
    up = slice(None, None, -1)
    turned = slice(None if repeated else len(F) - 2, None, -1)
    one, other = impedance(500), impedance(620)
    found = spectra(write, (F, F[turned]), (one.real, other.real[turned]), (one.imag, other.imag[turned]))
    assert len(found) == 2
    np.testing.assert_allclose(found[0]["impedance"], one, rtol=1e-9)
    np.testing.assert_allclose(found[1]["impedance"], other[up][1 - repeated :], rtol=1e-9)


def test_a_furnace_series_with_turning_sweeps(write):
    resistances = [500, 300, 180, 110]
    ways = [slice(None), slice(None, None, -1)] * 2
    z = [impedance(r)[way] for r, way in zip(resistances, ways, strict=True)]
    content = table(
        "T/°C,f/Hz,Z'/ohm,Z''/ohm",
        np.repeat([25.0, 40, 55, 70], len(F)),
        np.concatenate([F[way] for way in ways]),
        np.concatenate(z).real,
        np.concatenate(z).imag,
    )
    found = read(write(content))
    assert [float(d["temperature"][0]) for d in found] == pytest.approx([298.15, 313.15, 328.15, 343.15])
    for data, truth in zip(found, z, strict=True):
        np.testing.assert_allclose(data["impedance"], truth, rtol=1e-9)


def test_frequencies_in_no_order_and_exchanged_rows_stay_together(write):
    rng = np.random.default_rng(1)
    for order in (rng.permutation(len(F)), np.r_[0:9, 10, 9, 11 : len(F)]):
        assert len(spectra(write, (F[order],), (Z.real[order],), (Z.imag[order],))) == 1


def test_ranges_that_overlap_a_little_are_one_spectrum_and_told(write):
    f = np.concatenate([np.logspace(6, 2, 17), np.logspace(2.3, 0, 11)])
    (data,) = read(write(table("f/Hz,Z'/ohm,Z''/ohm", f, f + 1, -f)))
    assert any("goes back from 100 to 199.526 Hz" in w for w in data.attrs["warnings"])


# numbers that are none
@pytest.mark.parametrize("number", ['"1,234.50"', '"1,234"', '"1,234,567"', "1'234.5"])
def test_thousands_are_refused(write, number):
    content = table("f/Hz,Z'/ohm,Z''/ohm", F, Z.real, [*Z.imag[:-1], number])
    with pytest.raises(ReadError, match=f"line {len(F) + 1}: the number .* has a thousands separator"):
        read(write(content))
    timed = table("Time,U/V,I/mA", clocked(HOURS), VOLTAGE, [*CURRENT[:-1], number])
    with pytest.raises(ReadError, match="thousands separator"):
        read(write(timed))


def test_decimal_commas_in_quotes_between_commas(write):
    content = table(
        "f/Hz,Z'/ohm,Z''/ohm", *([f'"{v:.6f}"'.replace(".", ",") for v in column] for column in (F, Z.real, Z.imag))
    )
    np.testing.assert_allclose(read(write(content))[0]["impedance"], Z, rtol=1e-4)


def test_a_spectrum_that_loses_most_of_its_rows_is_refused(write):
    broken = ["overload" if k % 3 else f"{v:.9g}" for k, v in enumerate(Z.imag)]
    with pytest.raises(ReadError, match="only 9 of the 25 rows"):
        read(write(table("f/Hz,Z'/ohm,Z''/ohm", F, Z.real, broken)))


# the kind of a table
def plateau():
    """Return a sweep at one rate whose current stays at its limit for more than half of the record."""
    t = np.arange(400.0)
    return t, 2.5 + 2e-3 * t, np.minimum(1e-6 * np.exp((t - 150) / 12), 2e-4) + 1e-9 * np.sin(t)


def test_a_sweep_with_a_plateau_is_a_voltammogram(write):
    (data,) = read(write(table("t/s,E/V,I/A", *plateau())))
    assert data.attrs["kind"] == "voltammetry"


def test_the_kind_can_be_said(write):
    content = table("t/s,E/V vs. Na+/Na,I/A", *plateau())
    for columns in ("cycling:", "cycling: time,potential,current"):
        (data,) = read(write(content), columns=columns)
        assert data.attrs["kind"] == "cycling"
        assert not any(w.startswith("Taken as") for w in data.attrs["warnings"])
    assert read(write(content))[0].attrs["metadata"]["reference_electrode"] == "Na+/Na"
    with pytest.raises(StudyError, match="Did you mean 'cycling'"):
        read(write(content), columns="zycling:")


def test_a_wrong_technique_is_told_what_can_be_done(write, closo):
    path = write(table("Time/s,Current/A,Klemmenspannung", HOURS, CURRENT, VOLTAGE))
    code, _, said = closo("run", "cycling", path)
    assert code == 2
    assert "columns not used: Klemmenspannung" in said
    assert "'cycling:' before the names" in said
    assert closo("run", "cycling", path, "--columns", "cycling: time,current,voltage")[0] in (0, 1)


# units
def test_units_are_written_as_they_are_read():
    for si in ("Hz", "ohm", "V", "A", "s", "C", "F", "S", "rad", "K", "1"):
        for factor in (1e-12, 1e-9, 1e-6, 1e-3, 1.0, 1e3, 1e6, 60.0, 3600.0, 86400.0, 3.6, 0.017453292519943295):
            written = unit_for(si, factor)
            assert written is None or unit_factor(written, si) == (si, factor, 0.0)


@pytest.mark.parametrize("unit", ["MA", "MV", "mhz", "hm", "kmin", "V/A", "ohm cm2", "x"])
def test_units_that_could_be_wrong_are_not_known(unit):
    assert unit_factor(unit) is None


def test_failed_checks_of_a_reader_become_failed_checks_of_the_result(write):
    from closo.dataset import new

    data = new("record", {"time": [0.0]}, source="a", failed_checks=({"name": "a", "detail": "b"},))
    assert from_bytes(to_bytes(data)).attrs["failed_checks"] == ({"name": "a", "detail": "b"},)


def test_seconds_is_what_cyclers_use():
    from closo.readers.tools import bulk

    assert bulk.seconds is seconds


# names in other words
TIME, VOLTS, AMPS = np.arange(40.0) * 30, np.linspace(3.0, 3.4, 40), np.repeat([1e-3, 0.0, -1e-3, 0.0], 10)


def recorded(data):
    return [data[name].values for name in ("time", "current", "voltage")]


@pytest.mark.parametrize(
    ("header", "factors"),
    [
        ("Seconds,Amps,Volts", (1, 1, 1)),
        ("Minutes,milliamps,Volts", (60, 1e-3, 1)),
        ("总时间(h),电流(mA),电压(mV)", (3600, 1e-3, 1e-3)),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "gbk"])
def test_columns_named_by_their_units_and_in_chinese(tmp_path, header, factors, encoding):
    columns = [values / factor for values, factor in zip((TIME, AMPS, VOLTS), factors, strict=True)]
    (tmp_path / "a.csv").write_text(table(header, *columns), encoding=encoding)
    (data,) = read(tmp_path / "a.csv")
    for values, truth in zip(recorded(data), (TIME, AMPS, VOLTS), strict=True):
        np.testing.assert_allclose(values, truth, atol=1e-12)


def test_units_below_names_are_not_taken_for_names(write):
    """Else the minus before 'Strom' would be lost."""
    rows = table("Zeit,-Strom,Spannung\nSeconds,Amps,Volts", TIME, -AMPS, VOLTS)
    with pytest.raises(ReadError, match=r"--columns time,-current,voltage$"):
        read(write(rows))
    (data,) = read(write(rows), columns="time,-current,voltage")
    np.testing.assert_allclose(data["current"], AMPS)


def test_a_time_in_three_columns_is_refused(write):
    parts = [np.floor(TIME / 3600), np.floor(TIME / 60) % 60, TIME % 60]
    with pytest.raises(ReadError):
        read(write(table("Hours,Minutes,Seconds,Amps,Volts", *parts, AMPS, VOLTS)))


def test_negative_numbers_in_other_signs(write):
    """A minus of a typesetter is one; brackets of an accountant are told, rather than half of the rows left out."""
    typeset = [f"{i:g}".replace("-", "\u2212") for i in AMPS]
    (data,) = read(write(table("Time (s),Current (A),Voltage (V)", TIME, typeset, VOLTS)))
    np.testing.assert_allclose(data["current"], AMPS)
    brackets = [f"({-i:g})" if i < 0 else f"{i:g}" for i in AMPS]
    with pytest.raises(ReadError, match=r"the column 'Current \(A\)' holds '\(0.001\)', which is not a number"):
        read(write(table("Time (s),Current (A),Voltage (V)", TIME, brackets, VOLTS)))


def test_a_voltage_that_no_cell_has_is_a_failed_check(write):
    for scale, failed in ((1.0, 0), (1e3, 1)):
        (data,) = read(write(table("Time (s),Current (A),Voltage (V)", TIME, AMPS, VOLTS * scale)))
        assert len(data.attrs["failed_checks"]) == failed
    assert "is the column in mV?" in data.attrs["failed_checks"][0]["detail"]


def test_real_and_imaginary_part_of_ohms(write):
    (data,) = read(write(table("Freq(Hz),Re(Ohm),-Im(kOhm)", F, Z.real, -Z.imag / 1e3)))
    np.testing.assert_allclose(data["impedance"], Z)


def test_a_clock_and_one_signal_are_a_table(write):
    (data,) = read(
        write(
            table("Elapsed Time,Current (pA)", [f"0:{int(t) // 60:02d}:{int(t) % 60:02d}" for t in TIME], AMPS * 1e12)
        )
    )
    np.testing.assert_allclose(data["current"], AMPS)
    np.testing.assert_allclose(data["time"], TIME)


def test_a_proposal_holds_the_clock(write):
    days = [f"30.01.2024 23:{50 + int(t) // 60 % 10:02d}:{int(t) % 60:02d},000" for t in TIME[:20]]
    rows = table("Zeitstempel;Strom/mA;Spannung/V", days, AMPS[:20] * 1e3, VOLTS[:20], separator=";")
    with pytest.raises(ReadError, match=r"--columns date_time,current\[mA\],voltage$"):
        read(write(rows))
    (data,) = read(write(rows), columns="date_time,current[mA],voltage")
    np.testing.assert_allclose(data["time"], TIME[:20])


@pytest.mark.parametrize(
    "names", ["Data_Point,Test_Time(s),Date_Time,Current(A),Voltage(V)", "Rec#,TestTime (s),DPT Time,Amps,Volts"]
)
def test_cyclers_compare_their_clocks(write, names):
    """Arbin and Maccor: milliseconds under the name of seconds, beside the clock on the wall."""
    wall = [f"01/30/2024 {10 + int(t) // 3600}:{int(t) // 60 % 60:02d}:{int(t) % 60:02d}" for t in TIME]
    count = [str(k + 1) for k in range(40)]
    separator = "\t" if "Rec#" in names else ","
    for scale in (1.0, 1000.0):
        path = write(table(names.replace(",", separator), count, TIME * scale, wall, AMPS, VOLTS, separator=separator))
        if scale == 1.0:
            np.testing.assert_allclose(read(path)[0]["time"], TIME)
        else:
            with pytest.raises(ReadError, match="runs 1000 times as fast as the clock in"):
                read(path)


def test_an_arbin_time_that_is_a_date(write):
    wall = [f"2024-01-30 10:{int(t) // 60:02d}:{int(t) % 60:02d}" for t in TIME]
    count = [str(k + 1) for k in range(40)]
    (data,) = read(write(table("Data_Point,Test_Time(s),Current(A),Voltage(V)", count, wall, AMPS, VOLTS)))
    np.testing.assert_allclose(data["time"], TIME)


@pytest.mark.parametrize(
    ("first", "second"),
    [("29-Okt-2023", "01-Nov-2023"), ("28/févr/2024", "01/mars/2024"), ("30-juin-2024", "01-juil-2024"),
     ("31.mrt.2024", "01.apr.2024"), ("30-abr-2024", "01-mai-2024"), ("30/set/2024", "01/ott/2024")],
)  # fmt: skip
def test_months_in_other_languages(write, first, second):
    days = [f"{first if t < 60 else second} {int(t) // 60:02d}:{int(t) % 60:02d}:00" for t in TIME]
    (data,) = read(write(table("Date Time,Current (A),Voltage (V)", days, AMPS, VOLTS)))
    later = float(data["time"][-1] - data["time"][0])
    assert later == pytest.approx(
        60.0 * (TIME[-1] - TIME[0]) + 86400.0 * (2 if "mars" in second else 3 if "Okt" in first else 1)
    )


def test_a_clock_with_a_decimal_comma_beside_whole_numbers(write):
    clock = [f"00:{int(t) // 60:02d}:{int(t) % 60:02d},5" for t in TIME]
    volts = [f"{v:.4f}".rstrip("0").rstrip(".").replace(".", ",") for v in VOLTS - VOLTS[0] + 3.0]
    (data,) = read(write(table("Time;Voltage (V);Current (mA)", clock, volts, ["1"] * len(TIME), separator=";")))
    np.testing.assert_allclose(data["time"] - data["time"][0], TIME - TIME[0])
    assert float(data["voltage"][0]) == 3.0


def test_exponents_of_fortran(write):
    numbers = [[f"{v:.6E}".replace("E", "D") for v in values] for values in (F, Z.real, Z.imag)]
    (data,) = read(write(table("Frequency (Hz),Z' (Ohm),Z'' (Ohm)", *numbers)))
    np.testing.assert_allclose(data["impedance"], Z, rtol=1e-6)


def test_a_name_above_two_columns_is_told(write):
    (data,) = read(write(table("Frequency (Hz),Z' (Ohm),Z'' (Ohm),Z' (Ohm)", F, Z.real, Z.imag, 2 * Z.real)))
    np.testing.assert_allclose(data["impedance"], Z)
    assert """The name 'Z' (Ohm)' stands above two columns; the first was read.""" in data.attrs["warnings"]


def test_a_record_that_lost_many_of_its_rows_fails_a_check(write):
    amps = np.where(np.arange(400) % 100 < 50, 1e-3, -1e-3)
    for every, failed in ((4, ["rows left out"]), (200, [])):
        volts = ["" if k % every == 1 else f"{3 + k % 50 / 100}" for k in range(400)]
        (data,) = read(write(table("Time (s),Voltage (V),Current (A)", 10.0 * np.arange(400), volts, amps)))
        assert data.attrs["kind"] == "cycling"
        assert [check["name"] for check in data.attrs["failed_checks"]] == failed


@pytest.mark.parametrize("scale", [1.0, 1e3, 1.0 / 3600.0])
def test_a_capacity_beside_the_current_tells_a_wrong_unit(write, scale):
    time = 10.0 * np.arange(300)
    amps = np.where(np.arange(300) % 100 < 50, 1e-3, -1e-3)
    capacity = 10.0 * (np.arange(300) % 50) * 1e-3 / 3.6  # mAh, of each step
    path = write(
        table("Time (s),Voltage (V),Current (mA),Capacity (mAh)", time, 3 + capacity, 1e3 * amps / scale, capacity)
    )
    if scale == 1.0:
        np.testing.assert_allclose(read(path)[0]["current"], amps)
        return
    with pytest.raises(ReadError, match=rf"'Capacity \(mAh\)' counts {scale:.4g} times the charge that"):
        read(path)


STATES = [  # words for charge, discharge, rest
    ("Status", "CC_Chg", "CC_DChg", "Rest"),
    ("WorkMode", "C", "D", "R"),
    ("Step Type", "CCCV Charge", "CC Discharge", "OCV"),
    ("state", "charging", "discharging", "idle"),
    ("direction", "CHG", "DCH", "PAU"),
    ("工步状态", "恒流充电", "恒流放电", "静置"),
]


def cells_of(names, sizes):
    """40 rows: rest, charge, rest, discharge at 1 mA, with what the state says of each; sizes are the currents written."""
    title, *words = names
    sign = np.r_[np.zeros(4), np.ones(16), np.zeros(4), -np.ones(16)]
    said = [dict(zip((1.0, -1.0, 0.0), words, strict=True))[s] for s in sign]
    volts = np.r_[np.full(4, 3.0), np.linspace(3.1, 4.0, 16), np.full(4, 3.95), np.linspace(3.9, 3.0, 16)]
    content = table(f"Time (s),{title},Voltage (V),Current (mA)", 360.0 * np.arange(40), said, volts, sizes(sign))
    return content, sign * 1e-3


@pytest.mark.parametrize("names", STATES)
def test_a_current_without_a_sign_gets_that_of_the_state(write, names):
    content, current = cells_of(names, np.abs)
    (data,) = read(write(content))
    np.testing.assert_allclose(data["current"], current)
    assert f"its sign is taken from the column '{names[0]}'" in " ".join(data.attrs["warnings"])
    with_sign, _ = cells_of(names, lambda sign: sign)
    (data,) = read(write(with_sign, "b.csv"))
    np.testing.assert_allclose(data["current"], current)
    assert "sign is taken" not in " ".join(data.attrs["warnings"])


def test_a_state_that_does_not_say_it_of_every_current_gives_no_sign(write):
    for words in (
        ("State", "go", "discharge", "rest"),
        ("State", "1", "2", "0"),
        ("Test type", *["discharge and charge"] * 3),
        ("Comment", *["discharge of cell 3"] * 3),
    ):
        (data,) = read(write(cells_of(words, np.abs)[0]))
        assert np.all(data["current"] >= 0)
        assert "sign is taken" not in " ".join(data.attrs["warnings"])


def test_letters_of_zview_are_no_units_and_an_overload_is_no_impedance(write):
    (data,) = read(write(table("Freq(Hz)\tZ'(a)\tZ''(b)", F, Z.real, Z.imag, separator="\t")))
    np.testing.assert_allclose(data["impedance"], Z)
    real, imag = np.append(Z.real, 9.9e37), np.append(Z.imag, 9.9e37)
    (data,) = read(write(table("Freq(Hz),Rs (ohm),X (ohm)", np.append(F, 0.1), real, imag)))
    np.testing.assert_allclose(data["impedance"], Z)
    assert "1 row without a finite frequency and impedance left out." in data.attrs["warnings"]


def test_one_quantity_in_two_units_that_disagree_is_refused(write):
    t, volts, sign = 60.0 * np.arange(40), np.linspace(3.0, 4.0, 40), np.where(np.arange(40) < 20, 1.0, -1.0)
    (data,) = read(write(table("Time (s),Voltage (V),Current (A),Current (mA)", t, volts, 1e-3 * sign, sign)))
    np.testing.assert_allclose(data["current"], 1e-3 * sign)
    with pytest.raises(ReadError, match=r"'Current .A.' is 1000 times 'Current .mA.': one of the units"):
        read(write(table("Time (s),Voltage (V),Current (A),Current (mA)", t, volts, sign, sign)))
    with pytest.raises(ReadError, match=r"'Frequency .kHz.' is 1000 times 'Frequency .Hz.'"):
        read(write(table("Frequency (kHz),Z' (Ohm),Z'' (Ohm),Frequency (Hz)", F, Z.real, Z.imag, F)))


def test_german_dates_beside_decimal_commas_and_a_frequency_in_one_over_seconds(write):
    sign = np.where(np.arange(40) < 20, 1, -1)
    rows = [
        f"01.03.2024 {9 + k // 60:02d}:{k % 60:02d}:00;{3 + k / 100:.3f};{s}".replace(".", ",")
        for k, s in enumerate(sign)
    ]
    (data,) = read(write("\n".join(["Datum;U/V;I/mA", *(r.replace(",", ".", 2) for r in rows)]) + "\n"))
    np.testing.assert_allclose(data["time"], 60.0 * np.arange(40))
    np.testing.assert_allclose(data["voltage"], 3 + np.arange(40) / 100)
    np.testing.assert_allclose(data["current"], 1e-3 * sign)
    (data,) = read(write(table("Frequency (1/s),Z' (Ohm),Z'' (Ohm)", F, Z.real, Z.imag)))
    np.testing.assert_allclose(data["frequency"], F)
    with pytest.raises(ReadError, match="'min-1', which is not a unit of Hz"):
        read(write(table("Frequency (min-1),Z' (Ohm),Z'' (Ohm)", F, Z.real, Z.imag)))
