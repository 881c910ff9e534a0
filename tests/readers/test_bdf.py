"""Battery Data Format: machine-readable names and labels, counters, spectra between cycles, and the way back."""

import json

import numpy as np
import pytest

from closo.dataset import new
from closo.errors import DataError, ReadError
from closo.readers import bdf, read, sniff
from closo.readers.tools import streamed

HEADER = "test_time_second,voltage_volt,current_ampere"
ROWS = [(0, 3.0, 0.0), (3600, 3.1, 1e-3), (7200, 3.2, 1e-3), (10800, 3.1, -1e-3), (14400, 3.0, -1e-3)]


@pytest.fixture
def write(tmp_path):
    def write(content, name="a.bdf.csv"):
        path = tmp_path / name
        path.write_text(content, encoding="utf-8")
        return path

    return write


def table(header=HEADER, *more):
    """Write the rows with further columns: one list of cells each."""
    lines = [
        ",".join([f"{t}", f"{v}", f"{i}", *(str(column[k]) for column in more)]) for k, (t, v, i) in enumerate(ROWS)
    ]
    return "\n".join([header, *lines]) + "\n"


@pytest.mark.parametrize(
    "header",
    [
        f"{HEADER},cycle_count,step_count,charging_capacity_ah,discharging_capacity_ah,temperature_t1_celsius",
        "Test Time / s,Voltage / V,Current / A,Cycle Count / 1,Step Count / 1,Charging Capacity / Ah,"
        "Discharging Capacity / Ah,Temperature T1 / degC",
        "Test Time / h,Voltage / mV,Current / uA,Cycle Count / 1,Step Count / 1,Charging Capacity / mAh,"
        "Discharging Capacity / mAh,Surface Temperature T1 / degC",
    ],
)
def test_names_labels_and_units(write, header):
    path = write(
        table(header, [1, 1, 1, 1, 1], [1, 2, 2, 3, 3], [0, 1, 2, 2, 2], [0, 0, 0, 1, 2], [25, 25, 26, 26, 25])
    )
    (data,) = read(path)
    time, voltage, current, capacity = (3600, 1e-3, 1e-6, 1e-3) if "Voltage / mV" in header else (1, 1, 1, 1)
    assert sniff(path).name == "bdf"
    assert data.attrs["kind"] == "cycling"
    np.testing.assert_allclose(data["time"], [time * t for t, _, _ in ROWS])
    np.testing.assert_allclose(data["voltage"], [voltage * v for _, v, _ in ROWS])
    np.testing.assert_allclose(data["current"], [current * i for _, _, i in ROWS])
    np.testing.assert_allclose(data["charge"], [3600 * capacity * q for q in (0, 1, 2, 1, 0)])
    np.testing.assert_allclose(data["temperature"], [298.15, 298.15, 299.15, 299.15, 298.15])
    assert data["step"].values.tolist() == [1, 2, 2, 3, 3]
    assert data["cycle"].values.tolist() == [1] * 5
    assert data.attrs["metadata"]["current_sign"] == "positive charges"


def test_counters_that_start_again_are_summed_through(write):
    header = f"{HEADER},cycle_charging_capacity_ah,cycle_discharging_capacity_ah"
    (data,) = read(write(table(header, [0, 1, 2, 0, 0.5], [0, 0, 0, 1, 0])))
    np.testing.assert_allclose(data["charge"].values / 3600, [0, 1, 2, 1, 1.5])


def test_net_capacity_is_taken_as_it_is(write):
    (data,) = read(write(table(f"{HEADER},net_capacity_ah", [0.0, 0.001, 0.0004, -0.0002, -0.001])))
    np.testing.assert_allclose(data["charge"].values / 3600, [0.0, 0.001, 0.0004, -0.0002, -0.001])


def test_a_current_against_its_own_counter_is_told(write):
    header = f"{HEADER},charging_capacity_ah,discharging_capacity_ah"
    (data,) = read(write(table(header, [0, 0, 0, 1, 2], [0, 1, 2, 2, 2])))
    assert any("sign is opposite" in w for w in data.attrs["warnings"])


def test_a_temperature_of_zero_throughout_is_no_sensor(write):
    (data,) = read(write(table(f"{HEADER},ambient_temperature_celsius", [0] * 5)))
    assert "temperature" not in data
    assert any("no sensor" in w for w in data.attrs["warnings"])


def test_spectra_stay_in_the_record_and_are_parts_of_their_own(write):
    header = f"{HEADER},frequency_hertz,real_impedance_ohm,imaginary_impedance_ohm"
    cells = (["", "", 1e3, 1e2, ""], ["", "", 10, 20, ""], ["", "", -1, -2, ""])
    record, spectrum = read(write(table(header, *cells)))
    assert record["frequency"].values.tolist() == [0, 0, 1e3, 1e2, 0]
    assert record.sizes["point"] == 5
    np.testing.assert_allclose(spectrum["impedance"], [10 - 1j, 20 - 2j])
    assert spectrum["time"].values.tolist() == [7200, 10800]


def test_time_that_falls_is_kept_and_told(write):
    content = table().replace("10800", "0").replace("14400", "3600")
    (data,) = read(write(content))
    assert data["time"].values.tolist() == [0, 3600, 7200, 0, 3600]
    assert [w for w in data.attrs["warnings"] if "decreases at one point, first from 7200 s to 0 s at row 4" in w]


def test_no_current_is_an_open_circuit(write):
    content = "\n".join([HEADER, *(f"{t},3.0,0" for t in range(5))]) + "\n"
    assert read(write(content))[0].attrs["kind"] == "open_circuit"


def test_what_is_missing_is_named(write):
    with pytest.raises(ReadError, match="the nearest lacks current"):
        read(write("test_time_second,voltage_volt\n1,2\n2,3\n"))
    with pytest.raises(ReadError, match="no rows of numbers follow"):
        read(write(f"{HEADER}\n"))
    with pytest.raises(ReadError, match="unit 'furlong'"):
        read(write("Test Time / s,Voltage / furlong,Current / A\n1,2,3\n2,3,4\n"))


def record(**attrs):
    t = np.linspace(0.0, 5e4, 101)
    rng = np.random.default_rng(7)
    variables = {
        "time": t,
        "voltage": 3.0 + 0.1 * np.sin(t / 1e4) + 1e-6 * rng.standard_normal(101),
        "current": 1e-5 * np.sign(np.sin(t / 1e4)) + 1e-9 * rng.standard_normal(101),
        "charge": np.cumsum(rng.standard_normal(101)) * 1e-3,
        "cycle": np.repeat([1.0, 2.0], [51, 50]),
        "step": np.arange(101.0) // 10,
        "temperature": 298.15 + np.round(rng.standard_normal(101), 3),
        "frequency": np.where((t > 2e4) & (t < 3e4), 1e3, 0.0),
    }
    return new("cycling", variables, source="a.par", title="cycling 1", metadata={"comment": "µ"}, **attrs)


def test_round_trip(tmp_path):
    data = record(warnings=("Something.",))
    path = bdf.write(data, tmp_path / "cell_7")
    assert path == tmp_path / "cell_7.bdf.csv"
    again = read(path)[0]
    assert set(again.data_vars) == set(data.data_vars)
    for name in ("time", "voltage", "current", "cycle", "step", "frequency"):
        np.testing.assert_array_equal(again[name], data[name])
    np.testing.assert_allclose(again["charge"], data["charge"], rtol=1e-15)  # through Ah and back
    np.testing.assert_allclose(again["temperature"], data["temperature"], rtol=0, atol=1e-9)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["cell_7.bdf.csv", "cell_7.bdf.metadata.json"]


def test_the_version_of_the_specification_stands_beside_the_table(tmp_path):
    path = bdf.write(record(), tmp_path / "a.bdf.csv")
    beside = json.loads((tmp_path / "a.bdf.metadata.json").read_text(encoding="utf-8"))
    assert beside["ontology_version"] == bdf.ONTOLOGY == "1.2.0"
    assert beside["conforms_to"].endswith("/battery-data-format/1.2.0/battery-data-format")
    assert beside["record"]["metadata"] == {"comment": "µ"}
    header = path.read_text(encoding="utf-8").splitlines()[0].split(",")
    assert header[:3] == ["test_time_second", "voltage_volt", "current_ampere"]
    assert header[3:] == ["cycle_count", "step_id", "net_capacity_ah", "temperature_t1_celsius", "frequency_hertz"]


def test_a_potential_is_written_as_the_voltage_and_comes_back(tmp_path):
    data = record().rename(voltage="potential")
    path = bdf.write(data, tmp_path / "a")
    np.testing.assert_array_equal(read(path)[0]["potential"], data["potential"])
    assert json.loads((tmp_path / "a.bdf.metadata.json").read_text())["voltage_volt"] == "the potential of the record"


def test_an_open_circuit_is_written_with_no_current_and_a_spectrum_is_refused(tmp_path):
    rest = new("open_circuit", {"time": [0.0, 1.0], "voltage": [3.0, 3.0]}, source="a")
    assert read(bdf.write(rest, tmp_path / "a"))[0].attrs["kind"] == "open_circuit"
    spectrum = new("impedance", {"frequency": [1.0, 2.0], "impedance": [1 + 0j, 2 + 0j]}, source="a")
    with pytest.raises(DataError, match="BDF needs time"):
        bdf.write(spectrum, tmp_path / "b")
    assert not list(tmp_path.glob("b*"))


def test_parquet(tmp_path):
    import polars as pl

    path = tmp_path / "a.bdf.parquet"
    pl.DataFrame({"Test Time / s": [0.0, 1.0], "Voltage / V": [3.0, 3.1], "current_ampere": [0.0, 1e-3]}).write_parquet(
        path
    )
    (data,) = read(path)
    assert data["voltage"].values.tolist() == [3.0, 3.1]
    content = path.read_bytes()
    for end in (8, 100, len(content) - 4):
        path.write_bytes(content[:end])
        with pytest.raises(ReadError, match="parquet"):
            read(path)
    pl.DataFrame({"x": [1.0]}).write_parquet(path)
    with pytest.raises(ReadError, match="no column of time, voltage, current"):
        read(path, reader="bdf")


@pytest.mark.parametrize(
    ("voltage", "current", "factors"),
    [("Voltage / mV", "Current / uA", (1e-3, 1e-6)), ("voltage_volt", "Current / mA", (1.0, 1e-3))],
)
def test_units_of_parquet_labels_count(tmp_path, voltage, current, factors):
    import polars as pl

    columns = {
        "Test Time / s": [0.0, 60.0],
        voltage: [3000.0, 3100.0],
        current: [1.0, -1.0],
        "Net Capacity / mAh": [0.0, 2.0],
    }
    pl.DataFrame(columns).write_parquet(tmp_path / "a.parquet")
    (data,) = read(tmp_path / "a.parquet")
    np.testing.assert_allclose(data["voltage"], factors[0] * np.array([3000.0, 3100.0]), rtol=1e-14)
    np.testing.assert_allclose(data["current"], factors[1] * np.array([1.0, -1.0]), rtol=1e-14)
    np.testing.assert_allclose(data["charge"], [0.0, 7.2])


def test_an_unknown_unit_of_a_parquet_label_is_refused(tmp_path):
    import polars as pl

    columns = {"Test Time / s": [0.0, 60.0], "Voltage / furlong": [3.0, 3.1], "Current / mA": [1.0, -1.0]}
    pl.DataFrame(columns).write_parquet(tmp_path / "a.parquet")
    with pytest.raises(ReadError, match="no column of voltage"):
        read(tmp_path / "a.parquet")


def test_real_files(shared_data):
    folder = shared_data / "cycling/bdf"
    (landt,) = read(next(folder.glob("*Landt*")))
    assert landt.sizes["point"] == 25_162
    # mAh, read off the two counters of the file, which start again once: 3.2 charged; 6.3 and 1.3 discharged
    assert landt["charge"].values[-1] / 3.6 == pytest.approx(3.2 - 6.3 - 1.3, abs=0.05)
    assert "temperature" not in landt  # 0 degC in all rows of a file that is called 25degC
    (defect,) = read(next(folder.glob("*Time_Bug*")))
    assert defect.sizes["point"] == 13_086
    assert any("decreases at 19 points, first from 7200 s to 0 s" in w for w in defect.attrs["warnings"])


LONG = {
    "plain": (lambda text: text, True),
    "CRLF": (lambda text: text.replace("\n", "\r\n"), True),
    "no line break at the end": (lambda text: text.removesuffix("\n"), True),
    "last number cut": (lambda text: text[:-3], True),
    "semicolons and decimal commas": (lambda text: text.translate(str.maketrans(",.", ";,")), True),
    "an empty cell": (lambda text: text.replace(",3.05,", ",,"), False),
    "a word": (lambda text: text.replace(",3.05,", ",none,"), False),
    "quotes": (lambda text: text.replace(",3.05,", ',"3.05",'), False),
    "a lone carriage return": (lambda text: text.replace(",3.05,", ",3.05\r,"), False),
    "a short row": (lambda text: text.replace(",3.05,", ","), False),
}


@pytest.mark.parametrize("name", LONG)
def test_a_long_table_piece_by_piece_as_line_by_line(write, monkeypatch, name):
    change, plain = LONG[name]
    rows = [f"{10.0 * k:.3f},{3.0 + 0.01 * k:.2f},{(-1) ** (k // 40):.3e},{k // 80 + 1},25.00" for k in range(200)]
    path = write(change("\n".join([f"{HEADER},cycle_count,temperature_t1_celsius", *rows, ""])))
    by_line = outcome(path)
    stayed = []

    def spy(*args, **named):
        stayed.append(streamed.rows_to_the_end(*args, **named))
        return stayed[0]

    monkeypatch.setattr(bdf, "_LARGE", 0)
    monkeypatch.setattr(bdf, "_BEGINNING", 1000)
    monkeypatch.setattr(streamed, "_PIECE", 500)
    monkeypatch.setattr(streamed, "_CACHED", 64)
    monkeypatch.setattr(bdf, "rows_to_the_end", spy)
    assert outcome(path) == by_line
    assert bool(stayed) == plain


def outcome(path):
    try:
        (data,) = read(path)
    except ReadError as error:
        return str(error)
    return {str(name): values.values.tolist() for name, values in data.items()}, data.attrs


def test_milliseconds_under_the_name_of_seconds_are_refused(write):
    unix = [1709283600 + t for t, _, _ in ROWS]
    assert read(write(table(f"{HEADER},unix_time_second", unix)))[0].sizes["point"] == 5
    path = write(table(f"{HEADER},unix_time_second", [1709283600 + t / 1000 * 30 for t, _, _ in ROWS]))
    assert read(path)[0].sizes["point"] == 5  # no factor of a unit: a clock may stand still in pauses
    rows = [f"{1000 * t},{v},{i},{u}" for (t, v, i), u in zip(ROWS, unix, strict=True)]
    path = write("\n".join([f"{HEADER},unix_time_second", *rows]) + "\n")
    with pytest.raises(ReadError, match="1000 times as fast as unix_time_second"):
        read(path)
    np.testing.assert_allclose(read(path, columns="time[ms],voltage,current,_")[0]["time"], [t for t, _, _ in ROWS])
