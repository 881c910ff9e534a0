"""Names of an EC-Lab table that are shifted against its values, or more than these."""

import numpy as np
import pytest

from closo.errors import ReadError
from closo.readers import read

NAMES = "freq/Hz\tRe(Z)/Ohm\t-Im(Z)/Ohm\t|Z|/Ohm\tPhase(Z)/deg\ttime/s\t<Ewe>/V\t<I>/mA\tCs/µF\tcycle number\t"


def mpt(lines, names=NAMES, technique="Potentio Electrochemical Impedance Spectroscopy"):
    return "\n".join(["EC-Lab ASCII FILE", "Nb header lines : 6", "", technique, "", names, *lines]) + "\n"


@pytest.fixture
def write(tmp_path):
    def write(content, name="a.mpt"):
        path = tmp_path / name
        path.write_bytes(content.encode("latin-1"))
        return path

    return write


def row(k, frequency, z):
    values = (frequency, z.real, -z.imag, abs(z), np.degrees(np.angle(z)), k, 0.25, -1.5, 0, 1)
    return "\t".join(f"{v:.7E}" for v in values)


def long_rows(n=40):
    f = np.geomspace(1e5, 1.0, n)
    return [row(k, a, 20 + 300 / (1 + 1j * a / 200.0)) for k, a in enumerate(f)]


@pytest.mark.parametrize("shift", [-2, -1, 1, 2, 3])
def test_names_shifted_against_the_values_are_refused(write, shift):
    moved = [
        "\t".join([*(["7"] * shift), *r.split("\t")][:10] if shift > 0 else [*r.split("\t")[-shift:], *["7"] * -shift])
        for r in long_rows()
    ]
    with pytest.raises(ReadError, match="shifted"):
        read(write(mpt(moved)))


def test_shifted_names_of_a_record_are_refused(write):
    names = "mode\tox/red\terror\tcontrol changes\tNs changes\tcounter inc.\ttime/s\tcontrol/V\tEwe/V\tI/mA\t"
    good = [f"2\t1\t0\t0\t0\t0\t{k / 3:.6E}\t1.0E-01\t{0.1 + k * 1e-5:.6E}\t{1 / (k + 1):.6E}" for k in range(30)]
    (data,) = read(write(mpt(good, names, "Chronoamperometry / Chronocoulometry")))
    assert data.attrs["kind"] == "chronoamperometry"
    moved = ["\t".join([*r.split("\t")[1:], "0"]) for r in good]
    with pytest.raises(ReadError, match=r"'counter inc\.' holds .* shifted"):
        read(write(mpt(moved, names, "Chronoamperometry / Chronocoulometry")))


def test_two_more_names_than_values(write):
    lines = ["\t".join(r.split("\t")[:8]) for r in long_rows()]
    (data,) = read(write(mpt(lines)))
    (whole,) = read(write(mpt(long_rows()), name="b.mpt"))
    np.testing.assert_array_equal(data["impedance"], whole["impedance"])
    assert "potential" not in data
    assert any("10 columns are named, but the rows have 8" in w for w in data.attrs["warnings"])
    without_frequency = ["\t".join(r.split("\t")[1:9]) for r in long_rows()]
    with pytest.raises(ReadError, match="nothing shows"):
        read(write(mpt(without_frequency)))


def test_a_phase_of_something_else_fails_a_check(write):
    names = NAMES.replace("|Z|/Ohm", "|x|")
    lines = ["\t".join([*(c := r.split("\t"))[:4], "120", *c[5:]]) for r in long_rows()]
    (data,) = read(write(mpt(lines, names)))
    assert [check["name"] for check in data.attrs["failed_checks"]] == ["phase against Z"]
    assert read(write(mpt(long_rows(), names)))[0].attrs["failed_checks"] == ()
