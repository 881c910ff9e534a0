"""The store: what goes in comes out, sources stay shared, damage and newer versions are told."""

import dataclasses
import gc
import math
import os
import sqlite3
import tracemalloc
from contextlib import closing

import numpy as np
import pytest
import xarray as xr

import closo.store
from closo import documents, number
from closo.dataset import new
from closo.errors import StudyError
from closo.quantity import Quantity, from_fit, uncertain, withheld
from closo.result import Check, Provenance, Result
from closo.store import SCHEMA_VERSION, from_document, open_store, to_document


def make_result(name="a.par#1", thickness=3e-4):
    length = uncertain(thickness, {"thickness:p1": 5e-6})
    r, q = from_fit([100.0, 1e-9], np.array([[4.0, 1e-10], [1e-10, 1e-20]]), label=f"fit:{name}", df=40)
    curves = new(
        "impedance", {"frequency": [1e6, 1e3], "impedance": [10 - 1j, 12 - 3j]}, source=name, warnings=("odd",)
    )
    return Result(
        "impedance",
        name,
        {
            "thickness": Quantity("thickness", length, "as given"),
            "total_resistance": Quantity("total_resistance", r),
            "cpe_coefficient:Q1": Quantity("cpe_coefficient", q),
            "ionic_conductivity": Quantity("ionic_conductivity", length / (r * 7.85e-5), "L/(R A)"),
            "bulk_resistance": withheld("bulk_resistance", "not identifiable"),
        },
        curves,
        (
            Check("Kramers-Kronig", True, "0.1 % < 1 %"),
            Check("other", None, "not made"),
            Check("np", np.True_, "numpy"),
        ),
        {"circuit": "R-Q", "f_min": np.float64(1.5), "list": (1, 2), "nested": {"a": np.arange(2)}},
        ("one note",),
        Provenance({"raw/a.par": "ab" * 32}, "versastudio", "f", "0.1", "2026-01-01T00:00:00+00:00"),
    )


@pytest.fixture
def store(tmp_path):
    return open_store(tmp_path)


def test_what_goes_in_comes_out(store):
    result = make_result()
    store.save("p1/impedance/a.par#1", result, "f1")
    for back in (store.load("p1/impedance/a.par#1"), store.find("f1")):
        for key, quantity in result.quantities.items():
            assert back.quantities[key].value == quantity.value
            assert back.quantities[key].u == quantity.u
            assert back.quantities[key].df == pytest.approx(quantity.df)
            assert back.quantities[key].budget() == pytest.approx(quantity.budget())
        assert back.checks == result.checks
        assert back.notes == result.notes
        assert back.provenance == result.provenance
        assert back.settings == {"circuit": "R-Q", "f_min": 1.5, "list": [1, 2], "nested": {"a": [0, 1]}}
        xr.testing.assert_identical(back.curves, result.curves)
    assert store.load("nothing") is None
    assert store.find("nothing") is None


def test_thousands_of_results_are_small_until_they_are_touched(store):
    for k in range(300):
        store.save(f"k{k}", make_result(f"{k}.par#1"), f"f{k}")
    store.find_all({"k0": "f0"})
    tracemalloc.start()
    found = store.find_all({f"k{k}": f"f{k}" for k in range(300)})
    each = tracemalloc.get_traced_memory()[0] / 300
    for result in found.values():
        assert result["total_resistance"].value == 100.0
    gc.collect()
    touched = tracemalloc.get_traced_memory()[0] / 300
    tracemalloc.stop()
    assert each < 3000  # bytes; the document of one has 3300, and ten times that as objects
    assert touched < 40_000
    del found
    documents._opened.cache_clear()
    gc.collect()
    assert not [label for label, _ in number._leaves if label.startswith("fit:1.par#1")]


def test_a_document_that_was_changed_is_not_used(store):
    store.save("k", make_result(), "f")
    with closing(sqlite3.connect(store.folder / "store.sqlite")) as connection, connection:
        connection.execute("UPDATE results SET document = replace(document, '100.0', '900.0')")
    assert store.load("k") is None
    assert store.find_all({"k": "f"}) == {}


def test_results_saved_apart_stay_correlated(store):
    store.save("a", make_result("a.par#1"), "f1")
    store.save("b", make_result("b.par#1"), "f2")
    a, b = (store.load(key).quantities for key in "ab")
    ratio = Quantity("conductivity_ratio", a["ionic_conductivity"].number / b["ionic_conductivity"].number)
    budget = ratio.budget()
    assert budget["fit:a.par#1"] == pytest.approx(ratio.u / 2**0.5)
    assert budget.get("thickness:p1", 0.0) < 1e-12 * ratio.u  # the thickness of the pellet cancels
    assert Quantity("thickness", a["thickness"].number - b["thickness"].number).u == 0.0


def test_a_document_round_trip_is_stable():
    document, curves = to_document(make_result())
    assert to_document(from_document(document, curves)) == (document, curves)


def test_nan_and_infinity_survive(store):
    q = Quantity("residual", uncertain(math.nan, {"fit:x": 1.0}))
    result = dataclasses.replace(make_result(), quantities={"residual": q}, curves=xr.Dataset())
    store.save("k", result, "f")
    assert math.isnan(store.load("k").quantities["residual"].value)
    assert store.verify() == []


def test_settings_that_are_no_plain_values_are_refused(store):
    with pytest.raises(TypeError, match="not a plain JSON value"):
        store.save("k", dataclasses.replace(make_result(), settings={"f": object()}), "f")
    assert store.keys() == {}


def test_saving_again_replaces(store):
    store.save("k", make_result(), "old")
    store.save("k", make_result(thickness=4e-4), "new")
    assert store.keys() == {"k": "new"}
    assert store.find("old") is None
    assert store.load("k").quantities["thickness"].value == pytest.approx(4e-4)


def test_keep_only_forgets_the_rest_and_its_curves(store):
    for k in "abc":
        store.save(k, dataclasses.replace(make_result(), curves=xr.Dataset({"x": ("p", [float(ord(k))])})), f"f{k}")
    (store.folder / "tmp" / "left over").write_text("x")
    assert store.keep_only(["a", "z"]) == 2
    assert set(store.keys()) == {"a"}
    assert len(list((store.folder / "arrays").glob("*/*.npz"))) == 1
    assert list((store.folder / "tmp").iterdir()) == []
    assert store.verify() == []


def test_listings_are_remembered(store):
    store.save_listings({"f": [{"part": 1, "kind": "impedance", "title": "PEIS 1"}]})
    assert store.listings() == {"f": [{"part": 1, "kind": "impedance", "title": "PEIS 1"}]}


def test_names_are_only_text(store):
    name = "'; DROP TABLE results; --\u202e<b>"
    store.save(name, make_result(), "f' OR '1'='1")
    assert store.load(name) is not None
    assert store.find("x' OR '1'='1") is None
    assert set(store.keys()) == {name}


def test_a_newer_store_is_refused(tmp_path):
    store = open_store(tmp_path)
    with sqlite3.connect(store.folder / "store.sqlite") as connection:
        connection.execute("UPDATE about SET value = ? WHERE key = 'schema_version'", (str(SCHEMA_VERSION + 1),))
    connection.close()
    with pytest.raises(StudyError, match="written by a newer closo"):
        open_store(tmp_path)


@pytest.mark.parametrize(
    "content", [b"this is no database at all, it is a text", b"SQLite format 3\x00" + b"\xff" * 4000]
)
def test_a_file_that_is_no_store_is_one_sentence(tmp_path, content):
    (tmp_path / ".closo").mkdir()
    (tmp_path / ".closo" / "store.sqlite").write_bytes(content)
    with pytest.raises(StudyError, match="could not be opened"):
        open_store(tmp_path)


def test_changed_numbers_are_found(store):
    store.save("k", make_result(), "f")
    with sqlite3.connect(store.folder / "store.sqlite") as connection:
        connection.execute("UPDATE results SET document = replace(document, '100', '200')")
    connection.close()
    assert store.verify() == ["k: the stored numbers have changed since they were saved."]


def test_a_write_that_fails_leaves_nothing(store, monkeypatch):
    def no_space(*_args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", no_space)
    with pytest.raises(StudyError, match="No space left on device"):
        store.save("k", make_result(), "f")
    assert store.keys() == {}
    assert list(store.folder.glob("arrays/*/*")) == []
    assert list((store.folder / "tmp").iterdir()) == []


def test_sqlite_is_set_up_for_safety(store):
    with store._database() as connection:
        assert connection.execute("PRAGMA synchronous").fetchone()[0] == 2
        assert connection.execute("PRAGMA journal_mode").fetchone()[0] == "delete"
        assert connection.execute("PRAGMA busy_timeout").fetchone()[0] == closo.store._BUSY_TIMEOUT
