import numpy as np
import pytest

import spectra_as_text
from closo.readers import read
from closo.twin.impedance import frequencies
from closo.twin.truth import SYNTHETIC

F = frequencies()
Z = 12.5 + 2e4 / (1 + 1j * F / 1e4) + 1 / (1e-6 * (2j * np.pi * F) ** 0.9)

FILES = {
    "a.csv": lambda path: spectra_as_text.write_delimited(path, F, Z),
    "b.csv": lambda path: spectra_as_text.write_delimited(path, F, Z, decimal_comma=False),
    "a.mpt": lambda path: spectra_as_text.write_mpt(path, F, Z),
    "b.mpt": lambda path: spectra_as_text.write_mpt(path, F, Z, decimal_comma=True),
    "a.z": lambda path: spectra_as_text.write_z(path, F, Z),
    "a.DTA": lambda path: spectra_as_text.write_dta(path, F, Z),
}


@pytest.mark.parametrize("name", FILES)
def test_round_trip_through_the_reader(tmp_path, name):
    path = tmp_path / name
    FILES[name](path)
    assert SYNTHETIC in path.read_text(encoding="latin-1")
    columns = "frequency,impedance_real,-impedance_imag" if name.endswith(".csv") else None
    (data,) = read(path, columns=columns)
    assert data.attrs["kind"] == "impedance"
    assert data["frequency"].values == pytest.approx(F, rel=1e-6)
    assert data["impedance"].values == pytest.approx(Z, rel=1e-6)


@pytest.mark.parametrize("name", FILES)
def test_equal_bytes_every_time(tmp_path, name):
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        FILES[name](tmp_path / folder / name)
    assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
