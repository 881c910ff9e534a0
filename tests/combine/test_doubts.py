"""Marks of numbers that failed a check: they go where the numbers go, change none of them, and end in a failed check."""

import numpy as np
import pytest

from closo.combine.arrhenius import Point
from closo.combine.doubts import fitted, judged, marked, marks_of, with_marks
from closo.combine.replicates import replicates
from closo.combine.series import Member, series
from closo.dataset import Dataset
from closo.quantity import Quantity, exp, log, uncertain, withheld
from closo.result import Check, Result


def measured(name, value=0.05, *, judges=(), **more):
    quantities = {
        "ionic_conductivity": Quantity("ionic_conductivity", uncertain(value, {f"fit:{name}": 0.02 * value})),
        "temperature": Quantity("temperature", uncertain(303.15, {"oven": 0.3})),
        **more,
    }
    checks = (Check("residuals", False, "far too large", judges),) if judges else ()
    return Result("impedance", name, quantities, Dataset(), checks)


def sigma(result):
    return result.quantities["ionic_conductivity"].number


def test_only_what_a_failed_check_judges_is_marked_and_no_number_changes():
    results = {"a": measured("a", judges=("ionic_conductivity",)), "b": measured("b")}
    found, why = marked(results)
    assert why == {"a": "residuals"}
    assert found["b"] is results["b"]
    assert marks_of(sigma(found["a"])) == {"a"}
    assert marks_of(found["a"].quantities["temperature"]) == set()
    before, after = (r["a"].quantities["ionic_conductivity"] for r in (results, found))
    assert (after.value, after.u, after.df) == (before.value, pytest.approx(before.u, rel=1e-12), before.df)
    assert found["a"].curves is results["a"].curves


def test_marks_go_where_numbers_go_and_leave_no_source_behind():
    results = {"a": measured("a", judges=("ionic_conductivity",)), "b": measured("b", 0.04)}
    found, why = marked(results)
    a, b = sigma(found["a"]), sigma(found["b"])
    made = Result("x", "x", {
        "conductivity_ratio": Quantity("conductivity_ratio", log(a / b)),
        "ionic_conductivity:mean": Quantity("ionic_conductivity", exp(0.5 * (log(a) + log(b)))),
        "ionic_conductivity:b": Quantity("ionic_conductivity", 2.0 * b),
        "ratio": withheld("ratio", "nothing"),
    }, Dataset())  # fmt: skip
    done = judged(made, why)
    (check,) = done.failed_checks
    assert (check.name, check.judges) == ("input", ("conductivity_ratio", "ionic_conductivity:mean"))
    assert "a (residuals)" in check.detail
    assert set(done.quantities["conductivity_ratio"].budget()) == {"fit:a", "fit:b"}
    plain = log(sigma(results["a"]) / sigma(results["b"]))
    assert done.quantities["conductivity_ratio"].value == pytest.approx(float(plain.x), rel=1e-12)
    assert done.quantities["conductivity_ratio"].u == pytest.approx(float(plain.u), rel=1e-12)
    assert judged(made, {}) is made


def test_a_zero_and_an_exact_number_are_marked_too():
    for number in (uncertain(0.0, {}), uncertain(0.0, {"a": 0.1}), uncertain(5.0, {})):
        assert marks_of(with_marks(number, {"k"}), Quantity("ratio", with_marks(number, {"l"}))) == {"k", "l"}


def test_what_is_fitted_is_judged_whole_and_findings_alone_get_the_check():
    made = Result("x", "x", {"ratio": Quantity("ratio", uncertain(2.0, {"fit": 0.1}))}, Dataset())
    done = judged(fitted(made, {"a"}), {"a": "residuals"}, {"a"})
    assert done.failed_checks[0].judges == ("ratio",)
    assert done.quantities["ratio"].budget() == {"fit": 0.1}
    without = judged(Result("x", "x", {}, Dataset()), {"a": "residuals"}, {"a"})
    assert [c.name for c in without.failed_checks] == ["input"]


def test_means_and_series_hand_on_what_is_one_members_own():
    """What a single pellet or member has of its own is replaced by the spread that is seen: not its mark."""
    found, why = marked({"a": measured("a", judges=("ionic_conductivity",)), "b": measured("b", 0.04)})
    points = [Point(uncertain(303.15, {}), sigma(found[k]), "", k) for k in "ab"]
    mean = replicates(points, name="S", temperature=303.15, spread=(0.1, 5))
    assert marks_of(mean.quantities["ionic_conductivity"]) == {"a"}
    members = [Member(k, sigma(found[k]), x) for k, x in (("a", 0.2), ("b", 0.3))]
    members.append(Member("c", sigma(marked({"c": measured("c", 0.03)})[0]["c"]), 0.1))
    compared = judged(series(members, name="s", axis="volume_fraction", temperature=303.15), why)
    judges = set(compared.failed_checks[-1].judges)
    assert {"volume_fraction:maximum", "conductivity_ratio:spread", "conductivity_ratio:a over b"} <= judges
    assert not judges & {"ionic_conductivity:b", "ionic_conductivity:c"}
    plain = series(
        [Member(m.label, uncertain(float(m.conductivity.x), {f"fit:{m.label}": float(m.conductivity.u)}), m.position)
         for m in members], name="s", axis="volume_fraction", temperature=303.15,
    )  # fmt: skip
    assert compared.findings == plain.findings  # not one draw is another
    np.testing.assert_array_equal(*(r.curves["position"].values for r in (compared, plain)))
