"""Parquet tables that are no Battery Data Format: names, units, clocks, and what is refused."""

import datetime as dt

import numpy as np
import polars as pl
import pytest

from closo.errors import ReadError
from closo.readers import read, sniff

N = 12
STEP = dt.timedelta(seconds=10)
TABLE = pl.DataFrame(
    {
        "when": [dt.datetime(2026, 1, 5, 23, 59) + STEP * k for k in range(N)],
        "Total Time": [STEP * k for k in range(N)],
        "Voltage(mV)": [3000.0 + k for k in range(N)],
        "Current(uA)": pl.Series([100.0] * 6 + [-100.0] * 6, dtype=pl.Float32),
        "Step Index": pl.Series([1] * 6 + [2] * 6, dtype=pl.UInt8),
        "Step Type": pl.Series(["CC Chg"] * N, dtype=pl.Categorical),
        "note": ["two words\tand a tab"] * N,
        "list": [[1, 2]] * N,
    }
)


def written(path, table):
    table.write_parquet(path)
    return path


def test_names_units_and_clocks(tmp_path):
    path = written(tmp_path / "a.parquet", TABLE)
    assert sniff(path).name == "parquet"
    (data,) = read(path)
    np.testing.assert_allclose(data["time"], 10.0 * np.arange(N))
    np.testing.assert_allclose(data["voltage"], 3.0 + 1e-3 * np.arange(N))
    np.testing.assert_allclose(data["current"], [1e-4] * 6 + [-1e-4] * 6)
    assert data["step"].values.tolist() == [1] * 6 + [2] * 6
    assert data.attrs["kind"] == "cycling"


def test_a_date_is_the_clock_where_there_is_no_other(tmp_path):
    path = written(tmp_path / "a.parquet", TABLE.select(pl.col("when").alias("Date"), "Voltage(mV)", "Current(uA)"))
    (data,) = read(path)
    np.testing.assert_allclose(data["time"] - data["time"][0], 10.0 * np.arange(N))


def test_columns_of_the_user(tmp_path):
    table = TABLE.select(
        pl.col("Total Time").alias("a"), pl.col("Voltage(mV)").alias("b"), pl.col("Current(uA)").alias("c")
    )
    path = written(tmp_path / "a.parquet", table)
    with pytest.raises(ReadError, match="knows no column names"):
        read(path)
    (data,) = read(path, columns="time,voltage[mV],-current[uA]")
    np.testing.assert_allclose(data["current"], [-1e-4] * 6 + [1e-4] * 6)
    np.testing.assert_allclose(data["time"], 10.0 * np.arange(N))


def test_missing_cells_are_left_out_with_a_warning(tmp_path):
    holes = TABLE.with_columns(
        pl.when(pl.int_range(N) == 3).then(None).otherwise(pl.col("Voltage(mV)")).alias("Voltage(mV)")
    )
    (data,) = read(written(tmp_path / "a.parquet", holes))
    assert data.sizes["point"] == N - 1
    assert any("left out" in warning for warning in data.attrs["warnings"])


def test_a_spectrum(tmp_path):
    f = np.geomspace(1e5, 1.0, 10)
    z = 100.0 + 500.0 / (1.0 + 2j * np.pi * f * 1e-3)
    table = pl.DataFrame({"freq/Hz": f, "Re(Z)/kOhm": 1e-3 * z.real, "-Im(Z)/kOhm": -1e-3 * z.imag})
    (data,) = read(written(tmp_path / "z.parquet", table))
    assert data.attrs["kind"] == "impedance"
    np.testing.assert_allclose(data["impedance"], z, rtol=1e-12)


def test_damaged_and_too_large(tmp_path, monkeypatch):
    path = written(tmp_path / "a.parquet", TABLE)
    content = path.read_bytes()
    for damaged in (content[:-4], content[: len(content) // 2], b"PAR1" + bytes(50), b"PAR1"):
        path.write_bytes(damaged)
        with pytest.raises(ReadError, match="parquet"):
            read(path)
    path.write_bytes(content)
    monkeypatch.setattr("closo.readers.parquet._MAX_CELLS", 20)
    with pytest.raises(ReadError, match="too many cells"):
        read(path)


@pytest.mark.parametrize("name", ["21_10_7_85", "nda_v22", "nda_v8", "test_2"])
def test_exports_of_btsda_agree_with_the_instrument(shared_data, name):
    """The same runs as the .nda and .ndax beside them, in the digits of the export."""
    folder = shared_data / "cycling/neware"
    (table,) = read(folder / f"{name}.parquet")
    (own,) = read(next(p for p in folder.glob(f"{name}.nd*")))
    np.testing.assert_allclose(table["time"], own["time"], atol=1e-3)
    np.testing.assert_allclose(table["current"], own["current"], rtol=1e-6, atol=6e-7)
    np.testing.assert_allclose(table["voltage"], own["voltage"], rtol=1e-6, atol=6e-5)


def test_a_column_of_states_gives_the_sign_that_the_current_lacks(tmp_path):
    sign = np.array([0, 1, 1, 1, 1, 1, 0, -1, -1, -1, -1, -1])
    words = {0: "Rest", 1: "CC_Chg", -1: "CC_DChg"}
    table = pl.DataFrame({
        "Time [s]": 60.0 * np.arange(12), "Voltage [V]": np.linspace(3.0, 4.0, 12),
        "Current [mA]": np.abs(sign) * 1.0, "State": [words[int(s)] for s in sign],
    })  # fmt: skip
    table.write_parquet(tmp_path / "a.parquet")
    (data,) = read(tmp_path / "a.parquet")
    np.testing.assert_allclose(data["current"], 1e-3 * sign)
