"""Delimited text with and without column names, and the damage it suffers."""

import numpy as np
import pytest

from closo.errors import ReadError, StudyError
from closo.readers import read, sniff

SPECTRUM = [(10.0 ** (6 - k / 2), 100 + 10 * k - 1j * (20 + k)) for k in range(13)]
HEADER = "freq/Hz,Z'/ohm,Z''/ohm"
ROWS = [f"{f:.6g},{z.real:g},{z.imag:g}" for f, z in SPECTRUM]
THREE = "frequency,impedance_real,impedance_imag"


@pytest.fixture
def write(tmp_path):
    def write(content, name="a.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def text(rows=ROWS, header=HEADER):
    return "\n".join(([header] if header else []) + list(rows)) + "\n"


def check(data, spectrum=SPECTRUM):
    np.testing.assert_allclose(data["frequency"], [f for f, _ in spectrum], rtol=1e-5)
    np.testing.assert_allclose(data["impedance"], [z for _, z in spectrum], rtol=1e-5)


@pytest.mark.parametrize("separator", [",", ";", "\t", "  ", " ; ", ", "])
def test_separators(write, separator):
    (data,) = read(write(text().replace(",", separator)))
    check(data)
    assert data.attrs["warnings"] == ()


@pytest.mark.parametrize("separator", [";", "\t", " "])
def test_decimal_comma(write, separator):
    rows = [
        r.replace(",", separator).replace(".", ",") for r in (f"{f:.6f},{z.real:.3f},{z.imag:.3f}" for f, z in SPECTRUM)
    ]
    check(read(write(text(rows, HEADER.replace(",", separator))))[0])
    check(read(write(text(rows, None)), columns=THREE)[0])


def test_quoted_cells(write):
    rows = [",".join(f'"{c}"' for c in r.split(",")) for r in ROWS]
    check(read(write(text(rows, '"freq/Hz","Z\'/ohm","Z\'\'/ohm"')))[0])


def test_names_with_blanks_and_units(write):
    header = "Frequency (kHz) Z' (ohm) -Z'' (ohm)"
    rows = [f"{f / 1e3:.6g} {z.real:g} {-z.imag:g}" for f, z in SPECTRUM]
    check(read(write(text(rows, header), "a.txt"))[0])


def test_units_below_the_names(write):
    rows = ["kHz\tohm\tohm", *(f"{f / 1e3:.6g}\t{z.real:g}\t{z.imag:g}" for f, z in SPECTRUM)]
    check(read(write(text(rows, "Freq\tZ'\tZ''")))[0])


def test_modulus_and_phase(write):
    rows = [f"{f:.8g},{abs(z):.10g},{-np.degrees(np.angle(z)):.10g}" for f, z in SPECTRUM]
    check(read(write(text(rows, "Frequency (Hz),|Z| (ohm),-Phase (°)")))[0])


def test_phase_without_unit_is_refused_where_it_could_be_either(write):
    rows = [f"{f:.8g},{abs(z):.10g},{np.angle(z):.10g}" for f, z in SPECTRUM]
    with pytest.raises(ReadError, match=r"phase has no unit.*phase\[deg\]"):
        read(write(text(rows, "Frequency (Hz),|Z| (ohm),Phase")))


def test_phase_without_unit_that_is_too_large_for_radians_is_in_degrees(write):
    rows = [f"{f:.8g},{abs(z):.10g},{np.degrees(np.angle(z)):.10g}" for f, z in SPECTRUM]
    (data,) = read(write(text(rows, "Frequency (Hz),|Z| (ohm),theta-z")))
    check(data)
    assert "taken as degrees" in data.attrs["warnings"][0]


def test_missing_units_are_assumed_with_a_warning(write):
    (data,) = read(write(text(header="Freq,Real,Imag")))
    check(data)
    assert data.attrs["warnings"] == (
        "The header states no units; taken as frequency [Hz], impedance_real [ohm], impedance_imag [ohm].",
    )


def test_lines_above_and_an_index_column(write):
    rows = [f"{k},{r}" for k, r in enumerate(ROWS)]
    (data,) = read(write("sample,pellet 3\ndate,today\n\n" + text(rows, "," + HEADER)))
    check(data)


def test_repeated_tables_and_stacked_spectra(write):
    assert [d.sizes["point"] for d in read(write(text() + text()))] == [13, 13]
    assert [d.attrs["title"] for d in read(write(text(ROWS + ROWS + ROWS)))] == ["EIS 1", "EIS 2", "EIS 3"]


def test_side_columns_come_along(write):
    rows = [f"{r},{k},25.5" for k, r in enumerate(ROWS)]
    (data,) = read(write(text(rows, HEADER + ",time/s,Temperature/°C")))
    np.testing.assert_allclose(data["temperature"], 298.65)
    np.testing.assert_allclose(data["time"], np.arange(13))


def test_side_column_with_gaps_is_left_out_with_a_warning(write):
    rows = [f"{r},{k if k != 4 else 'n/a'}" for k, r in enumerate(ROWS)]
    (data,) = read(write(text(rows, HEADER + ",time/s")))
    assert "time" not in data
    assert any("column time" in w for w in data.attrs["warnings"])


def test_direct_current_table_is_a_record(write):
    (data,) = read(write("time/h,Ewe/mV,I/mA\n1,5,2\n2,6,3\n"))
    assert data.attrs["kind"] == "record"
    np.testing.assert_allclose(data["time"], [3600, 7200])
    np.testing.assert_allclose(data["potential"], [0.005, 0.006])


# names given by the user
def test_columns_given_by_the_user(write):
    rows = [f"{k} {f / 1e3:.9g} {z.real:g} x {-z.imag:g}" for k, (f, z) in enumerate(SPECTRUM)]
    (data,) = read(write(text(rows, "some words above")), columns="_,frequency[kHz],impedance_real,_,-impedance_imag")
    check(data)


def test_columns_override_the_names_in_the_file(write):
    (data,) = read(write(text()), columns="frequency,impedance_real,-impedance_imag")
    check(data, [(f, z.conjugate()) for f, z in SPECTRUM])


def test_columns_of_other_quantities_are_a_record(write):
    (data,) = read(write("1,0.5\n2,0.7\n"), columns="time[h],potential[mV]")
    assert data.attrs["kind"] == "record"
    np.testing.assert_allclose(data["potential"], [5e-4, 7e-4])


def test_wrong_number_of_columns(write):
    with pytest.raises(ReadError, match="names 2 columns, but the row has 3"):
        read(write(text(header=None)), columns="frequency,_")


def test_columns_only_for_text(write):
    with pytest.raises(StudyError, match="columns only apply"):
        read(write(text()), reader="gamry", columns=THREE)
    with pytest.raises(StudyError, match="Did you mean 'frequency'"):
        read(write(text()), columns="frequenzy,impedance_real,impedance_imag")


@pytest.mark.parametrize(
    ("first", "step", "proposal"),
    [
        (399.19, 1.928, "wavenumber,absorbance"),
        (3999.6, -1.928, "wavenumber,absorbance"),
        (10.0, 0.02, "two_theta,counts"),
    ],
)
def test_two_columns_in_equal_steps_are_a_spectrum_or_a_pattern_by_their_range(write, first, step, proposal):
    path = write("".join(f"{first + step * k:.4f},{30 + k % 7}\n" for k in range(40)))
    with pytest.raises(ReadError) as raised:
        read(path)
    assert str(raised.value).endswith(f"--columns {proposal}")
    (data,) = read(path, columns=proposal)
    assert data.attrs["kind"] == {"wavenumber": "infrared", "two_theta": "diffraction"}[proposal.split(",")[0]]


def test_a_time_in_equal_steps_is_not_taken_for_angles(write):
    path = write("".join(f"{0.5 * k},{0.1 * k % 3}\n" for k in range(2, 60)))
    with pytest.raises(ReadError, match="do not look like"):
        read(path)


def test_a_crystal_structure_is_called_so(write):
    path = write("data_NaCl\n_cell_length_a 5.64\nloop_\n_atom_site_label\n_atom_site_fract_x\nNa 0.0\nCl 0.5\n")
    with pytest.raises(ReadError, match="CIF file, a crystal structure"):
        read(path)


# refused, with the text to paste
@pytest.mark.parametrize(
    ("rows", "proposal"),
    [
        (ROWS, THREE),
        ([r.replace(",-", ",") for r in ROWS], "frequency,impedance_real,-impedance_imag"),
        ([f"{k},{r},7" for k, r in enumerate(ROWS)], "_,frequency,impedance_real,impedance_imag,_"),
    ],
)
def test_proposal_for_unnamed_columns_works_when_pasted(write, rows, proposal):
    path = write(text(rows, None))
    with pytest.raises(ReadError, match="have no names") as caught:
        read(path)
    pasted = str(caught.value).split("--columns ")[1]
    assert pasted == proposal
    check(read(path, columns=pasted)[0])


def test_unknown_names_are_told(write):
    with pytest.raises(ReadError, match=r"'tau,gamma'.*--columns time_constant,distribution"):
        read(write("tau,gamma\n1,2\n2,3\n"))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("just words\nand more words\n", "no table of numbers"),
        ("1\n2\n3\n", "at least two columns"),
        ('{"f": [1, 2]}', "JSON"),
        ("<?xml version='1.0'?><a/>", "XML"),
        (HEADER + "\n", "no rows of numbers follow"),
        (text(header=HEADER + ",a,b"), "header names 5 columns, but the row in line 2 has 3"),
        (text(header="freq/Hz,Z'/ohm cm2,Z''/ohm cm2"), "unit 'ohm cm2'"),
        ("a;b\n0,5;2\n0,1;3\n", "do not look like|have no names|knows no column names"),
        ("freq/Hz\tZ'/ohm\tZ''/ohm\n1.234,5\t1,5\t-2,5\n100\t1,5\t-2,5\n", "'1.234,5' has a thousands separator"),
        ("freq/Hz\tZ'/ohm\tZ''/ohm\n1,5\t1.5\t-2\n2\t3\t4\n", "decimal comma and decimal point"),
        (text(["nan,1,2", "1e999,2,3"]), "none of its rows"),
        (text([ROWS[0], *("x,y" for _ in range(9))]), "rows do not have 3 values"),
    ],
)
def test_refused(write, content, message):
    with pytest.raises(ReadError, match=message):
        read(write(content))


# damage that is survived, counted
def test_bad_rows_are_left_out_and_counted(write):
    rows = [*ROWS[:5], "nan,1,2", "0,1,2", "1e999,1,2", "12,3", "-4,5,6", ",1,2", *ROWS[5:]]
    (data,) = read(write(text(rows)))
    check(data)
    assert data.attrs["warnings"] == (
        "1 row without 3 values left out (line 10).",
        "3 rows without a finite frequency and impedance left out.",
        "2 rows with a frequency of zero or less left out.",
    )


def test_cut_off_last_row_is_not_read_as_a_number(write):
    rows = [f"{f:.6e},{z.real:.6e},{z.imag:.6e}" for f, z in SPECTRUM]
    whole = text(rows)
    for cut in (2, 5, 10, 20):
        (data,) = read(write(whole[:-cut]))
        check(data, SPECTRUM[:12])
        assert "cut off" in data.attrs["warnings"][0]
    check(read(write(whole[:-1]))[0])  # only the line end is missing: nothing is lost


def test_duplicate_frequencies_are_kept_and_told(write):
    (data,) = read(write(text([*ROWS, ROWS[-1]])))
    assert data.sizes["point"] == 14
    assert "1 of 14 frequencies occur more than once (first: 1 Hz)" in data.attrs["warnings"][0]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([r.replace(",-", ",") for r in ROWS], "if the file holds -Z''"),
        (
            [f"{f},{z.imag},{z.real}" for f, z in SPECTRUM],
            "Z' is negative in 13 of 13 rows: the columns may be swapped",
        ),
        ([f"{z.real % 37},{f},-1{k}" for k, (f, z) in enumerate(SPECTRUM)], "neither rise nor fall"),
        ([f"{f},5,{z.imag}" for f, z in SPECTRUM], "Z' is 5 ohm in all 13 rows"),
        ([f"{f},{z.real},0" for f, z in SPECTRUM], "Z'' is 0 ohm in all 13 rows"),
    ],
)
def test_suspicious_spectra_are_told(write, rows, message):
    (data,) = read(write(text(rows)))
    assert any(message in w for w in data.attrs["warnings"])


def test_disagreeing_modulus_is_told(write):
    rows = [f"{f},{z.real},{z.imag},{(1.5 if f > 10 else 1.0) * abs(z)}" for f, z in SPECTRUM]
    assert any("|Z| differs" in w for w in read(write(text(rows, HEADER + ",|Z|/ohm")))[0].attrs["warnings"])
    rows = [f"{f},{z.real},{z.imag},{1e3 * abs(z)}" for f, z in SPECTRUM]
    with pytest.raises(ReadError, match=r"none of 13 rows \(their modulus is 0.001 times"):
        read(write(text(rows, HEADER + ",|Z|/ohm")))


@pytest.mark.parametrize(
    "content",
    [
        b"1" * 1_000_000,
        b"1," * 500_000,
        b"f," * 1_000_000 + b"\n" + b"1," * 1_000_000 + b"\n",
        b'"' * 1_000_000,
        b'"a,' * 300_000,
        (b"freq f f f time potential " * 100 + b"\n") * 2000,
        (b"x,1," * 900 + b"\n") * 2000,
        b"-" * 500_000 + b"\n" + b"\t" * 500_000,
    ],
    ids=["long line", "many cells", "million columns", "quotes", "open quotes", "false headers", "wide rows", "signs"],
)
def test_absurd_content_is_refused_quickly(at_once, write, content):
    path = write(content)

    def refused():
        with pytest.raises(ReadError):
            read(path)

    at_once(refused, 2.0)  # a guard against hangs, not a benchmark


def test_order_of_rows_does_not_matter(write):
    shuffled = np.random.default_rng(3).permutation(ROWS)
    (data,) = read(write(text(shuffled)))
    order = np.argsort(-data["frequency"].values)
    np.testing.assert_allclose(data["impedance"].values[order], [z for _, z in SPECTRUM])


def test_text_reader_is_the_last_resort(write):
    assert sniff(write(text(), "a.unknown")).name == "text"


# the kind of a direct-current table
T = np.arange(200.0) * 30
NOISE = 1 + 2e-3 * np.random.default_rng(5).standard_normal(200)
RAMP = np.linspace(3.0, 3.4, 200)
UP_DOWN = np.where(T < 3000, 3.0 + T / 1e4, 3.6 - T / 1e4)
SQUARE = np.where(T % 3000 < 1500, 1e-5, -1e-5)
TRIANGLE = 3.0 + 1e-4 * np.minimum(T % 3000, 3000 - T % 3000)
PLATEAUS = SQUARE * 1e4 * (1 + 0.05 * T / T[-1])
RESTED = np.where((T > 600) & (T < 1200), 0.0, 1e-5)
DECAY = 1e-6 + 1e-5 * np.exp(-T / 600)
HELD = np.where(RAMP < 3.3, 1e-5, 1e-5 * np.exp(-(RAMP - 3.3) * 30))
STEADY = 0.01 * (1 + 1e-2 * (NOISE - 1))
KINDS = {
    "a charge": (RAMP, 1e-5 * NOISE, "chronopotentiometry", "constant and of one sign"),
    "a charge with a rest": (RAMP, RESTED * NOISE, "cycling", "changes sign or rests"),
    "charge and discharge": (TRIANGLE, SQUARE * NOISE, "cycling", "constant in pieces"),
    "a symmetric cell": (PLATEAUS, SQUARE * (1 + 1e-4 * NOISE), "cycling", "constant in pieces"),
    "a symmetric cell without drift": (SQUARE * 1e4, SQUARE * NOISE, "cycling", "constant in pieces"),
    "a polarization": (STEADY, DECAY, "chronoamperometry", "potential is constant"),
    "a polarization, rested before": (
        np.where(T < 300, 0, STEADY),
        np.where(T < 300, 0, DECAY),
        "chronoamperometry",
        "potential is constant",
    ),
    "a sweep": (RAMP, 1e-9 * np.exp((RAMP - 3.0) * 20), "voltammetry", "swept at one rate"),
    "a sweep to and fro": (UP_DOWN, 1e-6 * np.sin(T / 700.0), "voltammetry", "swept at one rate"),
    "charged, held at a limit": (np.minimum(RAMP, 3.3), HELD, "chronopotentiometry", "of one sign"),
    "a rest": (RAMP, 0 * T, "open_circuit", "no current flows"),
    "noise": (3 + 0.1 * np.sin(T), 1e-5 * (2 + np.sin(T / 50)), "record", ""),
}


@pytest.mark.parametrize("name", KINDS)
def test_kind_of_a_direct_current_table_is_told_with_its_reason(write, name):
    potential, current, kind, reason = KINDS[name]
    rows = [
        f"{t / 3600:.9f};{e:.7f};{1e3 * i:.9f}".replace(".", ",") for t, e, i in zip(T, potential, current, strict=True)
    ]
    path = write("Zeit;Spannung;Strom\n" + "\n".join(rows) + "\n")
    (data,) = read(path, columns="time[h],voltage,current[mA]")
    assert data.attrs["kind"] == kind
    np.testing.assert_allclose(data["time"], T, atol=1e-4)
    np.testing.assert_allclose(data["current"], current, atol=1e-12)
    told = [w for w in data.attrs["warnings"] if w.startswith("Taken as")]
    assert told == [] if kind == "record" else (reason in told[0] and f"'{kind}'" in told[0])
    named = write(path.read_text().replace("Zeit;Spannung;Strom", "t/h;U/V;I/mA"))
    assert read(named)[0].attrs["kind"] == kind


def test_kind_where_a_column_is_not_there(write):
    rows = "\n".join(f"{t} {e} {i}" for t, e, i in zip(T, RAMP, KINDS["a polarization"][1], strict=True)) + "\n"
    kinds = {
        "time,_,current": "chronoamperometry",
        "_,potential,current": "voltammetry",
        "time,potential,_": "record",
        "_,_,current": "record",
    }
    assert {c: read(write(rows), columns=c)[0].attrs["kind"] for c in kinds} == kinds


def test_minus_before_the_current_turns_its_sign(write):
    rows = "\n".join(f"{t} {e} {-i}" for t, e, i in zip(T, RAMP, RESTED, strict=True)) + "\n"
    (data,) = read(write(rows), columns="time,voltage,-current")
    assert data["current"].values.max() == 1e-5
    assert data.attrs["metadata"]["current_sign"].startswith("positive charges")


def test_a_long_table_is_read_the_same_in_both_ways(write, monkeypatch):
    from closo.readers.tools import bulk

    rows = [f"{t};{e:.6f};{i:.3e}".replace(".", ",") for t, e, i in zip(T, RAMP, RESTED, strict=True)]
    path = write("t/s;U/V;I/mA\n" + "\n".join(rows) + "\n")
    (careful,) = read(path)
    monkeypatch.setattr(bulk, "MIN_ROWS", 2)
    monkeypatch.setattr(bulk, "read_carefully", None)  # the fast way must do
    (quick,) = read(path)
    assert all(np.array_equal(careful[n], quick[n]) for n in careful.data_vars)


def test_real_tables_of_cells(shared_data):
    folder = shared_data / "cycling/ici_dqdv"
    (data,) = read(folder / "ici_discharge.csv", columns="time,voltage,current")
    assert (data.attrs["kind"], data.sizes["point"]) == ("cycling", 21_410)
    (data,) = read(folder / "cell1_rough.csv", columns="time,current,voltage,charge[Ah]")
    assert data.attrs["kind"] == "chronopotentiometry"


def test_noise_about_zero_at_a_constant_voltage_is_a_chronoamperogram(write):
    noise = np.random.default_rng(0).normal(0, 1e-9, 500)
    rows = [f"{10 * k},{i:.6e},0.1" for k, i in enumerate(noise)]
    (data,) = read(write("\n".join(["time/s,current/A,voltage/V", *rows])))
    assert data.attrs["kind"] == "chronoamperometry"


def test_unnamed_columns_are_shown_both_ways_of_naming_them(write):
    with pytest.raises(ReadError, match=r"time,current\[mA\],voltage"):
        read(write("\n".join(["A1,B1,C1", "0,3.7,-0.002", "10,3.6,-0.002", "20,3.5,-0.002"])))
