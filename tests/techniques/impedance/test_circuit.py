"""Circuits: grammar, formulas of the elements, analytic derivatives."""

import cmath
import contextlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from closo.errors import ClosoError, StudyError
from closo.techniques.impedance.circuit import parse
from closo.techniques.impedance.elements import ELEMENTS

FREQUENCY = np.logspace(-2, 6, 17)
FUNCTIONS = {"sqrt": cmath.sqrt, "tanh": cmath.tanh, "coth": lambda x: 1 / cmath.tanh(x), "I": 1j}
TYPICAL = {"R": 120.0, "L": 3e-7, "C": 2e-9, "Q": 5e-7, "n": 0.83, "A": 40.0, "tau": 0.02}


@pytest.mark.parametrize("symbol", ELEMENTS)
def test_code_agrees_with_the_documented_formula(symbol):
    kind = ELEMENTS[symbol]
    values = {p.symbol: TYPICAL[p.symbol] for p in kind.parameters}
    circuit = parse(symbol)
    theta = circuit.to_theta(np.array([values[p.symbol] for p in kind.parameters]))
    for f in FREQUENCY:
        # the formula is this repository's own text; the names it may use are only those given here
        expected = eval(kind.formula, {"__builtins__": {}}, FUNCTIONS | values | {"w": 2 * np.pi * f})  # noqa: S307
        assert circuit.impedance(np.array([f]), theta)[0] == pytest.approx(complex(expected), rel=1e-10)


@pytest.mark.parametrize("text", [*ELEMENTS, "L-R-(R|Q)-(R|C)-Q", "R-(Q|(R-W))", "R-(C|(R-Ws))-G", "((R|C)-R)|(Q|Wo)"])
def test_derivatives_agree_with_differences(text):
    circuit = parse(text)
    values = np.array(
        [
            TYPICAL[s.rstrip("0123456789")] * (1 + 0.3 * k) ** (s[0] != "n")
            for k, (_, s) in enumerate(circuit.parameters)
        ]
    )
    theta = circuit.to_theta(values)
    jw = 2j * np.pi * FREQUENCY
    z, slopes = circuit.root.evaluate(jw, np.log(jw), theta)
    assert len(slopes) == circuit.size
    for k, slope in enumerate(slopes):
        step = np.zeros(circuit.size)
        step[k] = 1e-6
        difference = (circuit.impedance(FREQUENCY, theta + step) - circuit.impedance(FREQUENCY, theta - step)) / 2e-6
        np.testing.assert_allclose(slope, difference, rtol=2e-6, atol=1e-9 * np.abs(z).max())


def test_series_and_parallel_by_hand():
    circuit = parse("R0-(R1|C1)")
    theta = circuit.to_theta(np.array([10.0, 100.0, 1e-6]))
    w = 2 * np.pi * 1000.0
    expected = 10 + 1 / (1 / 100 + 1j * w * 1e-6)
    assert circuit.impedance(np.array([1000.0]), theta)[0] == pytest.approx(expected)


def test_labels_and_normal_form():
    assert parse("L-(R|Q)-Q").text == "L1-(R1|Q1)-Q2"
    assert parse(" R1 - ( R | C ) ").text == "R1-(R2|C1)"
    assert parse("R-Q|R").text == "R1-(Q1|R2)"
    assert parse(parse("R-(Q|(R-W))").text).text == parse("R-(Q|(R-W))").text
    assert [s for _, s in parse("R7-(R2|Q)").parameters] == ["R7", "R2", "Q1", "n1"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "cannot be used"),
        ("R--C", "position 3"),
        ("(R|C", "where ')'"),
        ("R|", "the end"),
        ("R1-R1", "R1 twice"),
        ("R-X", "'X' that closo does not know"),
        ("p(R,C)", "','"),
        ("p(R)", "Parallel is written"),
        ("__import__('os')", "'_'"),
        ("R-" * 99 + "R", "more than 20"),
        ("(" * 90 + "R" + ")" * 109, "position"),
    ],
)
def test_wrong_circuits_get_one_clear_sentence(text, words):
    with pytest.raises(StudyError) as caught:
        parse(text)
    assert words in str(caught.value)
    assert str(caught.value).count(".") <= 4


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.text(alphabet="RLCQWGso012()-| \x00é", max_size=40))
def test_any_text_is_a_circuit_or_a_clear_error(text):
    with contextlib.suppress(ClosoError):
        circuit = parse(text)
        assert np.all(np.isfinite(circuit.impedance(FREQUENCY, np.full(circuit.size, 0.5))))
