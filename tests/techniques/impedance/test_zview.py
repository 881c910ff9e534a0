"""ZView models: what is understood comes back as it was, and the rest is refused."""

import numpy as np
import pytest
from spectra import FREQUENCY, dataset, noisy, two_arcs

from closo.errors import ReadError, StudyError
from closo.techniques.impedance import analyse, model_text, read_model
from closo.techniques.impedance.circuit import parse
from closo.techniques.impedance.request import read_request

MODEL = """ZView Circuit Model:          2.0
  IOPT:                       0
End ZView:                    2.0
Begin Circuit Model:          6
  Element #0 Type:            1
  Element #0 Name:            Rs
  Element #0,0 Name:          R
  Element #0,0 Value:         12.5
  Element #0,0 Free:          1
  Element #1 Type:            -1
  Element #1 Name:            Begin_Parallel
  Element #2 Type:            11
  Element #2 Name:            CPE1
  Element #2,1 Name:          T
  Element #2,1 Value:         2E-10
  Element #2,1 Free:          2
  Element #2,2 Name:          P
  Element #2,2 Value:         0,95
  Element #2,2 Free:          0
  Element #3 Type:            1
  Element #3 Name:            R1
  Element #3,0 Name:          R
  Element #3,0 Value:         1E+4
  Element #3,0 Free:          1
  Element #4 Type:            -2
  Element #4 Name:            End_Parallel
  Element #5 Type:            3
  Element #5 Name:            L1
  Element #5,1 Name:          T
  Element #5,1 Value:         0
  Element #5,1 Free:          1
End Circuit Model:            6
"""


def read(tmp_path, text):
    path = tmp_path / "model.mdl"
    path.write_bytes(text.encode("latin-1"))
    return read_model(path)


def test_a_model_becomes_circuit_start_and_hold(tmp_path):
    found = read(tmp_path, MODEL.replace("\n", "\r\n"))
    assert found == {"circuit": "R2-(Q1|R1)-L1", "start": "R2=12.5, Q1=2e-10, R1=10000", "hold": "n1=0.95"}


@pytest.mark.parametrize("hold", ["", "n3=0.85, R1=1.002e4 ohm"])
def test_round_trip_of_a_fit(tmp_path, hold):
    data = dataset(noisy(two_arcs() + 2j * np.pi * FREQUENCY * 1e-5, 0))
    result = analyse(data, circuit="L-(R|Q)-(R|Q)-Q", drt=False, hold=hold or None)
    found = read(tmp_path, model_text(result))
    circuit = parse(found["circuit"])
    assert circuit.text == result.findings["circuit"]
    request = read_request(**found)
    asked = read_request(circuit=circuit.text, hold=hold or None)
    assert set(request.held) == set(asked.held)
    values = {**request.held, **request.begin}
    np.testing.assert_allclose([values[k] for k in range(circuit.size)], result.findings["theta"], atol=1e-8)
    again = analyse(data, drt=False, **found)
    np.testing.assert_allclose(again.findings["theta"], result.findings["theta"], atol=1e-6)


def test_the_impedance_of_the_file_is_that_of_the_circuit(tmp_path):
    """T and P of a CPE are Q and n of Z = 1/(Q (jw)^n), T of the others C and L: written out by hand."""
    found = read(tmp_path, MODEL.replace("Value:         0\n", "Value:         1E-6\n"))
    request = read_request(**found)
    theta = np.array([{**request.held, **request.begin}[k] for k in range(request.circuit.size)])
    jw = 2j * np.pi * FREQUENCY
    expected = 12.5 + 1 / (2e-10 * jw**0.95 + 1e-4) + jw * 1e-6
    np.testing.assert_allclose(request.circuit.impedance(FREQUENCY, theta), expected, rtol=1e-9)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("Begin Circuit Model", "Model", "this is not a ZView model"),
        ("Begin Circuit Model:          6", "Begin Circuit Model:          7", "7 elements are announced, 6 are there"),
        ("#5 Type:            3", "#5 Type:            12", "an element of type 12 is not read"),
        ("#5 Type:            3", "#6 Type:            3", "not numbered from 0 one by one"),
        ("#4 Type:            -2", "#4 Type:            -1", "a parallel group inside another"),
        ("Value:         2E-10", "Value:         many", "CPE1 has no value"),
        ("Free:          2", "Free:          7", "CPE1 has no value with 'Free' 0, 1 or 2"),
        ("#5,1 Free:          1", "#5,1 Free:          0", "L1 is fixed at 0"),
        ("0,95\n  Element #2,2 Free:          0", "1,95\n  Element #2,2 Free:          0", "n1 = 1.95 is not an exponent"),
        ("#3,0 Name:          R", "#3,4 Name:          R", "R1 has other parameters"),
        ("  Element #5 Name:            L1\n", "  Something else\n", "'Something else' is not understood"),
    ],
)  # fmt: skip
def test_what_is_not_understood_is_refused(tmp_path, old, new, said):
    assert old in MODEL
    with pytest.raises(ReadError, match=said):
        read(tmp_path, MODEL.replace(old, new))


@pytest.mark.parametrize("text", ["", "garbage", "Begin Circuit Model: 0\nEnd Circuit Model: 0\n", "\x00" * 99])
def test_other_files_are_no_models(tmp_path, text):
    with pytest.raises(ReadError):
        read(tmp_path, text)
    with pytest.raises(ReadError, match="cannot be opened"):
        read_model(tmp_path / "missing.mdl")


def test_every_cut_of_a_model_is_refused(tmp_path):
    for end in range(0, len(MODEL) - 2, 7):
        with pytest.raises(ReadError):
            read(tmp_path, MODEL[:end])


def test_a_circuit_that_the_format_is_not_known_to_hold_is_not_written():
    jw = 2j * np.pi * FREQUENCY
    z = noisy(50 + 1 / (2e-6 * jw**0.9 + 1 / (400 + 300 / np.sqrt(jw))), 0)
    result = analyse(dataset(z), circuit="R-(Q|(R-W))", drt=False)
    with pytest.raises(StudyError, match="cannot be written as a ZView model"):
        model_text(result)
