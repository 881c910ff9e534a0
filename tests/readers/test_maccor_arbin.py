"""Maccor and Arbin tables: header variants, clocks, unsigned currents, counters that start again, and the .res."""

import shutil
import subprocess

import numpy as np
import pytest

from closo.errors import ReadError
from closo.readers import read, sniff
from closo.readers.tools import bulk
from closo.readers.tools.counters import accumulated, net_charge, sign_warning

# time [s], voltage [V], current [A], step, state, capacity of the step [Ah]
ROWS = [
    (0, 3.0, 0.0, 1, "R", 0.0), (3600, 3.0, 0.0, 1, "R", 0.0), (3610, 3.2, 0.5, 2, "C", 0.001),
    (7200, 3.5, 0.5, 2, "C", 0.5), (7210, 3.4, 0.25, 3, "D", 0.002), (14400, 3.1, 0.25, 3, "D", 0.5),
    (14410, 3.15, 0.0, 4, "S", 0.5),
]  # fmt: skip
CURRENT = [0, 0, 0.5, 0.5, -0.25, -0.25, 0]
CHARGE = [0, 0, 0.001, 0.5, 0.498, 0.0, 0.0]  # Ah, signed and summed over the steps


@pytest.fixture
def write(tmp_path):
    def write(lines, name="a.txt", encoding="utf-8"):
        path = tmp_path / name
        path.write_bytes(("\r\n".join(lines) + "\r\n").encode(encoding))
        return path

    return write


def check(data, charge=True):
    np.testing.assert_allclose(data["time"], [row[0] for row in ROWS])
    np.testing.assert_allclose(data["voltage"], [row[1] for row in ROWS])
    np.testing.assert_allclose(data["current"], CURRENT)
    np.testing.assert_allclose(data["step"], [row[3] for row in ROWS])
    if charge:
        np.testing.assert_allclose(data["charge"], [3600 * q for q in CHARGE], atol=1e-9)
    assert data.attrs["kind"] == "cycling"
    assert data.attrs["metadata"]["current_sign"] == "positive charges"


def clock(t):
    return f"{t // 3600:02d}:{t // 60 % 60:02d}:{t % 60:02d}"


def maccor(header, pattern, separator="\t", above=("Today's Date\t01/05/2026",), per_unit=1):
    """Write the rows by a pattern of {k} {t} {time} {v} {i} {signed} {s} {state} {q}, separated by '|'."""
    rows = [
        pattern.format(k=k + 1, t=repr(t / per_unit), time=clock(t), v=v, i=i, signed=CURRENT[k], s=s, state=state, q=q)
        for k, (t, v, i, s, state, q) in enumerate(ROWS)
    ]
    return [*above, header.replace("|", separator), *(row.replace("|", separator) for row in rows)]


CLASSIC = maccor(
    "Rec#|Cyc#|Step|TestTime|StepTime|Amp-hr|Watt-hr|Amps|Volts|State|ES|DPt Time",
    "{k}|1|{s}|0d {time}.00|0d 00:00:00.00|{q}|0|{i}|{v}|{state}|1|01/05/2026 09:00:00",
)


def test_maccor_with_times_in_words_and_state(write):
    path = write(CLASSIC)
    (data,) = read(path)
    assert sniff(path).name == "maccor"
    check(data)
    assert data.attrs["warnings"] == ()


def german(per_unit, stamp="05.01.2026 {time}"):
    header = "Rec|Cycle P|Cycle C|Step|TestTime|StepTime|Cap. [Ah]|Ener. [Wh]|Current [A]|Voltage [V]|Md|ES|DPT Time"
    pattern = "{k}|0|1|{s}|{t}|0.0|{q:.8f}|0.0|{i:.8f}|{v:.4f}|{state}|1"
    lines = maccor(
        header, pattern, above=("Name:\tcell 7", "Channel:\t81", "Ch. max. V\t6.00 V", ""), per_unit=per_unit
    )
    stamps = ["DPT Time", *(stamp.format(time=clock(row[0])) for row in ROWS)]
    lines[-8] = lines[-8].removesuffix("\tDPT Time").replace(".", "~")
    lines = [line.replace(".", ",").replace("~", ".") for line in lines]
    return [*lines[:-8], *(f"{line}\t{end}" for line, end in zip(lines[-8:], stamps, strict=True))]


@pytest.mark.parametrize(("per_unit", "words"), [(1, None), (60, "minutes"), (3600, "hours")])
def test_maccor_with_decimal_commas_and_a_time_whose_unit_only_the_clock_tells(write, per_unit, words):
    (data,) = read(write(german(per_unit)))
    check(data)
    assert data["cycle"].values.tolist() == [1] * 7
    assert [w for w in data.attrs["warnings"] if "counts" in w] == (
        [f"By the clock in DPT Time, 'TestTime' counts {words}."] if words else []
    )
    assert data.attrs["metadata"]["comment"] == "cell 7"
    assert data.attrs["metadata"]["channel"] == "81"


def test_maccor_time_without_unit_or_clock_is_refused(write):
    with pytest.raises(ReadError, match="'TestTime' states no unit, and no clock"):
        read(write(german(60, stamp="-")))


@pytest.mark.parametrize(("header", "per_unit"), [("Test (Min)", 60), ("Test Time (sec)", 1), ("Test Time (Hr)", 3600)])
def test_maccor_time_with_its_unit(write, header, per_unit):
    names = f"Rec|Cycle C|Step|{header}|Current|Voltage|MD"
    (data,) = read(write(maccor(names, "{k}|1|{s}|{t}|{i}|{v}|{state}", ",", per_unit=per_unit), name="a.csv"))
    check(data, charge=False)
    assert data.attrs["warnings"] == ("The header states no units; taken as current [A], voltage [V].",)


def test_maccor_without_state_and_sign_says_that_it_cannot_tell(write):
    (data,) = read(write(maccor("Rec#|Cyc#|Step|Test (Sec)|Amps|Volts|Amp-hr", "{k}|1|{s}|{t}|{i}|{v}|{q}")))
    np.testing.assert_allclose(data["current"], np.abs(CURRENT))
    assert "charge" not in data
    assert any("No column tells charge from discharge" in w for w in data.attrs["warnings"])


def test_maccor_signed_currents_are_taken_as_they_are(write):
    (data,) = read(write(maccor("Rec#|Cyc#|Step|Test (Sec)|Amps|Volts|Amp-hr", "{k}|1|{s}|{t}|{signed}|{v}|{q}")))
    check(data)


@pytest.mark.parametrize("lines", [german(60), CLASSIC])
def test_long_tables_are_read_the_same_in_both_ways(write, monkeypatch, lines):
    """The fast way of long tables and the careful one give the same numbers, words and decimal commas included."""
    path = write(lines)
    (careful,) = read(path)
    monkeypatch.setattr(bulk, "MIN_ROWS", 2)
    calls = []
    fast = bulk._fast
    monkeypatch.setattr(bulk, "_fast", lambda *a, **k: calls.append(fast(*a, **k)) or calls[-1])
    (quick,) = read(path)
    assert calls[0] is not None
    check(quick)
    assert all(np.array_equal(careful[n], quick[n]) for n in careful.data_vars)
    assert careful.attrs["warnings"] == quick.attrs["warnings"]


@pytest.mark.parametrize("broken", [("0,50000000", "0.50000000"), ("\tC\t", "\tC\t\t"), ("\t3600,0\t", '\t"3600,0"\t')])
def test_a_table_that_is_not_plain_is_read_the_careful_way(write, monkeypatch, broken):
    first = next(k for k, line in enumerate(german(1)) if broken[0] in line)
    path = write([line.replace(*broken) if k == first else line for k, line in enumerate(german(1))])
    before = outcome(path)
    monkeypatch.setattr(bulk, "MIN_ROWS", 2)
    assert outcome(path) == before


def outcome(path):
    try:
        (data,) = read(path)
    except ReadError as error:
        return str(error)
    return data["current"].values.tolist(), data.attrs["warnings"]


# Arbin
ARBIN = {
    "underscores": "Data_Point,Test_Time(s),Date_Time,Step_Time(s),Step_Index,Cycle_Index,Current(A),Voltage(V),"
    "Charge_Capacity(Ah),Discharge_Capacity(Ah),Internal_Resistance(Ohm),Aux_Temperature_1(C)",
    "blanks": "Data Point,Test Time (s),Date Time,Step Time (s),Step Index,Cycle Index,Current (A),Voltage (V),"
    "Charge Capacity (Ah),Discharge Capacity (Ah),Internal Resistance (Ohm),Aux_Temperature_1 (C)",
    "mdb-export": "Test_ID,Data_Point,Test_Time,DateTime,Step_Time,Step_Index,Cycle_Index,Current,Voltage,"
    "Charge_Capacity,Discharge_Capacity,Internal_Resistance",
}


def arbin(variant, order=range(7), test=1):
    lines = []
    for k in order:
        t, v, _, step, state, q = ROWS[k]
        charged = [0.0, 0.0, 0.001, 0.5, 0.5, 0.5, 0.5][k]
        discharged = q if state == "D" else 0.5 if state == "S" else 0.0
        row = [k + 1, t, "05/01/2026 09:00:00", 1, step, 1, CURRENT[k], v, charged, discharged, 0.1, 25.0]
        if variant == "mdb-export":
            row = [test, k + 1, t, "05/01/2026 09:00:00", 1, step, 1, CURRENT[k], v, charged, discharged, 0.1]
        lines.append(",".join(map(str, row)))
    return lines


@pytest.mark.parametrize("variant", ARBIN)
def test_arbin_headers(write, variant):
    path = write([ARBIN[variant], *arbin(variant)], name="a.csv", encoding="utf-8-sig")
    (data,) = read(path)
    assert sniff(path).name == "arbin"
    check(data)
    assert data.attrs["warnings"] == ()
    if variant != "mdb-export":
        np.testing.assert_allclose(data["temperature"], 298.15)


def test_arbin_tests_of_a_database_are_measurements_of_their_own(write):
    lines = [*arbin("mdb-export", (1, 0, 2, 3, 4, 5, 6)), *arbin("mdb-export", test=2)]
    one, two = read(write([ARBIN["mdb-export"], *lines], name="a.csv"))
    check(one)
    check(two)
    assert one.attrs["warnings"] == ("The rows were not in the order of Data_Point and were put in order.",)


@pytest.mark.parametrize("mark", [b"\x00\x01\x00\x00Standard Jet DB\x00", b"\x00\x01\x00\x00Standard ACE DB\x00"])
def test_arbin_res_is_refused_with_advice(tmp_path, mark):
    path = tmp_path / "a.res"
    path.write_bytes(mark + b"\x01" * 5000)
    with pytest.raises(ReadError, match="an Access database") as caught:
        read(path)
    assert "mdb-export FILE.res Channel_Normal_Table" in caught.value.hint


# what they share
def test_counters():
    assert accumulated(np.array([5.0, 6.0, 6.0, 0.5, 1.0])).tolist() == [0.0, 1.0, 1.0, 1.5, 2.0]
    assert accumulated(np.array([0.0, 1.0, 0.999, 1.5])).tolist() == pytest.approx([0.0, 1.0, 0.999, 1.5])
    assert accumulated(np.zeros(0)).tolist() == []
    assert net_charge(np.zeros(2), None) is None
    t = np.arange(5.0)
    assert sign_warning(t, -np.ones(5), t) != ()
    assert sign_warning(t, np.ones(5), t) == ()
    assert sign_warning(t, np.zeros(5), t) == ()
    assert sign_warning(t, np.ones(5), None) == ()


def test_seconds():
    assert bulk.seconds("2d 1:02:03,5") == 2 * 86400 + 3600 + 123.5
    assert np.isnan(bulk.seconds("1:2"))


def test_real_files(shared_data):
    """The Maccor file rests for 212 minutes by its own clock; its last row is cut. The Arbin one charges at 2.65 A."""
    (data,) = read(shared_data / "cycling/maccor/maccor_two.txt")
    assert data.sizes["point"] == 213
    assert data["time"].values[-1] == 212 * 60
    assert data["voltage"].values[0] == 0.1377
    assert data.attrs["kind"] == "open_circuit"
    (data,) = read(shared_data / "cycling/maccor/sample_data_maccor.csv")
    assert data["temperature"].values[0] == pytest.approx(273.15 + 22.2591)
    (data,) = read(shared_data / "cycling/arbin/sample_data_arbin.csv")
    assert data["time"].values[0] == 30.0005
    assert data["current"].values[-1] == 2.650138
    # Ah: 0.000400839 charged; the 2.04379e-05 discharged were counted within the first 0.7 s of the step
    assert data["charge"].values[-1] / 3600 == pytest.approx(0.000400839 - 2.04379e-05)
    with pytest.raises(ReadError, match="Access database"):
        read(next((shared_data / "cycling/arbin").glob("*.res")))


def test_real_database_exported_by_mdbtools(shared_data, tmp_path):
    """18 cycles of a Li | Si half cell: cycle 1 discharges 1.755 mAh and charges 1.625 mAh."""
    if shutil.which("mdb-export") is None:
        pytest.skip("mdbtools is not installed")
    source = next((shared_data / "cycling/arbin").glob("*.res"))
    done = subprocess.run(["mdb-export", source, "Channel_Normal_Table"], capture_output=True, timeout=60, check=True)
    path = tmp_path / "a.csv"
    path.write_bytes(done.stdout)
    (data,) = read(path)
    assert data.sizes["point"] == 10_261
    assert data.attrs["warnings"] == ()
    first = data["cycle"].values == 1
    charge = data["charge"].values[first] / 3.6
    assert charge[0] - charge.min() == pytest.approx(1.755, abs=5e-4)
    assert charge[-1] - charge.min() == pytest.approx(1.625, abs=5e-4)


@pytest.mark.parametrize(
    ("names", "kind", "last"),
    [
        ("Point,Test Time (s),Mode,E/V,I/mA", "cycling", -1e-6),
        ("n,Test Time (s),Mode,Ewe (V),I (A)", "cycling", -1e-3),
        ("n,Test Time / s,Mode,Ewe (V),I (A)", "cycling", -1e-3),
        ("Freq/Hz,Z'/ohm,Test Time (s),-Z''/ohm,x", "impedance", None),
    ],
)
def test_another_table_with_a_column_called_as_arbin_does(tmp_path, names, kind, last):
    path = tmp_path / "a.csv"
    rows = "".join(f"{12 - k},{10 * k},{k},{3 + k / 100},{1e-3 * (1 if k < 6 else -1)}\n" for k in range(12))
    path.write_text(f"{names}\n{rows}")
    assert sniff(path).name == "text"
    (data,) = read(path)
    assert data.attrs["kind"] == kind
    if last is not None:
        np.testing.assert_allclose(data["current"].values[-1], last)


def test_arbin_without_units_says_what_it_assumed(tmp_path):
    path = tmp_path / "a.csv"
    rows = "".join(f"{k},{10 * k},{3 + k / 100},{1e-3 * (1 if k < 6 else -1)}\n" for k in range(12))
    path.write_text(f"Data_Point,Test Time (s),Voltage,Current\n{rows}")
    (data,) = read(path)
    assert data.attrs["warnings"] == ("The header states no units of Current, Voltage; taken as s, A and V.",)
