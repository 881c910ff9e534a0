"""Zahner .ism: a layout that its maker publishes; files that cannot be one are refused."""

import numpy as np
import pytest

from closo.errors import ReadError
from closo.readers import read, sniff

F = np.concatenate([np.geomspace(1e3, 1e5, 6), np.geomspace(6e4, 0.1, 30)])  # Thales goes up, then down
Z = 50.0 + 500.0 / (1.0 + 2j * np.pi * F * 1e-4)


def ism(
    frequency=F, z=Z, *, time=None, points=None, texts=(b"050126", b"im6EX", b"0.1 v", b"", b"", b"", b"SYNTHETIC CELL")
):
    time = 1.4e9 + np.arange(len(frequency)) if time is None else time
    numbers = np.array([frequency, np.abs(z), np.angle(z), time], ">f8")
    count = len(frequency) if points is None else points
    head = (7).to_bytes(6, "big") + (count - 1).to_bytes(6, "big", signed=True)
    written = b"".join(len(text).to_bytes(2, "big") + text for text in texts)
    return head + numbers.tobytes() + np.full(len(frequency), 990, ">i2").tobytes() + written


def test_up_and_down_are_two_spectra(tmp_path):
    path = tmp_path / "a.ism"
    path.write_bytes(ism())
    assert sniff(path).name == "ism"
    up, down = read(path)
    np.testing.assert_allclose(np.concatenate([up["frequency"], down["frequency"]]), F)
    np.testing.assert_allclose(np.concatenate([up["impedance"], down["impedance"]]), Z, rtol=1e-12)
    assert down["impedance"].values.imag.max() < 0  # capacitive
    assert (up["time"].values[0], down["time"].values[-1]) == (0.0, len(F) - 1.0)
    stated = up.attrs["metadata"]
    assert (stated["system"], stated["potential"], stated["comment"]) == ("IM6ex", "0.1 V", "synthetic cell")
    assert up.attrs["warnings"] == ()


def test_times_that_run_backwards_are_left_out(tmp_path):
    (tmp_path / "a.ism").write_bytes(ism(time=np.linspace(1.4e9, 1.3e9, len(F))))
    data = read(tmp_path / "a.ism")[0]
    assert "time" not in data
    assert any("run backwards" in warning for warning in data.attrs["warnings"])


def refused():
    broken = Z.copy()
    broken[3] = np.nan
    yield "cut off", ism()[:400]
    yield "too many points", ism(points=len(F) + 40)
    yield "negative points", ism(points=-5)
    yield "no number", ism(z=broken)
    yield "a frequency below zero", ism(frequency=-F)
    yield "little-endian", np.frombuffer(ism()[12:], "<u1").tobytes()[::-1]
    yield "text", b"Frequency/Hz Impedance/Ohm Phase/deg\n" + b"1 2 3\n" * 200


@pytest.mark.parametrize(("what", "content"), list(refused()))
def test_what_cannot_be_one_is_refused_with_the_way_out(tmp_path, what, content):
    (tmp_path / "a.ism").write_bytes(content)
    with pytest.raises(ReadError) as caught:
        read(tmp_path / "a.ism", reader="ism")
    assert "Export the spectrum as text" in str(caught.value.hint)
