"""One test in several EC-Lab files gives the numbers of the same test in one file."""

from dataclasses import fields, replace
from datetime import datetime, timedelta

import numpy as np
import pytest

from closo.pipeline import analyse, check
from closo.twin.biologic import Table, write_mpr
from closo.twin.cell import ROOM_CELL, cycle_cell
from closo.twin.cell.files import table_of

START = datetime(2026, 3, 2, 9, 0, 0)
CELL = """title = "one test"
[cells.C1]
kind = "cathode half cell"
area = "0.283 ± 0.003 cm2"
[[measurements]]
cell = "C1"
technique = "{technique}"
file = {files}
temperature = "20 ± 1 degC"
"""


def cut(table: Table, rows: slice, *, shift: float = 0.0) -> Table:
    """Return some rows of a table, with their time moved."""
    columns = {f.name: getattr(table, f.name) for f in fields(Table)}
    parts = {name: v[rows] if isinstance(v, np.ndarray) else v for name, v in columns.items()}
    return Table(**parts | {"time": parts["time"] - shift})


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return a folder with a test in one file, and in three: rest, two cycles, the rest of it."""
    where = tmp_path_factory.mktemp("several")
    table = table_of(cycle_cell(replace(ROOM_CELL, course=()), seed=3, cycles=4))
    first = int(np.flatnonzero(table.control)[0])
    second = int(np.flatnonzero((table.cycle == 2) & (table.control == 0))[0])  # a rest between two legs
    write_mpr(where / "whole.mpr", table, comment="all", date=START)
    for name, rows in {"1": slice(0, first), "2": slice(first, second), "3": slice(second, None)}.items():
        begin = float(table.time[rows][0])
        part = cut(table, rows, shift=begin)
        write_mpr(where / f"{name}.mpr", part, comment=name, date=START + timedelta(seconds=begin))
    return where


def results(folder, files, technique="cycling"):
    (folder / "study.toml").write_text(CELL.format(technique=technique, files=files), encoding="utf-8")
    return analyse(folder)


def test_the_numbers_are_those_of_one_file(folder):
    whole = results(folder, '"whole.mpr"').results["C1/cycling/whole.mpr#1"]
    analysis = results(folder, '["3.mpr", "1.mpr", "2.mpr"]')
    assert analysis.failures == ()
    joined = analysis.results["C1/cycling/3.mpr#1"]
    for key in ("coulombic_efficiency", "charge:first_discharge", "capacity_retention", "duration:first_rest"):
        assert joined.quantities[key].value == pytest.approx(whole.quantities[key].value, rel=1e-6), key
    assert joined.quantities["duration:first_rest"].value == pytest.approx(10800.0, rel=1e-6)
    assert set(joined.provenance.inputs) == {"1.mpr", "2.mpr", "3.mpr"}
    assert analyse(folder).computed == 0  # kept
    assert [p for p in check(folder) if p.level == "error"] == []


def test_a_changed_file_makes_the_result_stale(folder, tmp_path):
    for file in folder.glob("*.mpr"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    assert results(tmp_path, '["1.mpr", "2.mpr"]').computed > 0
    (tmp_path / "2.mpr").write_bytes((folder / "3.mpr").read_bytes())
    assert "C1/cycling/1.mpr#1" in results(tmp_path, '["1.mpr", "2.mpr"]').results
    assert analyse(tmp_path).computed == 0


@pytest.mark.parametrize(
    ("files", "technique", "text"),
    [
        ('["1.mpr", "whole.mpr"]', "cycling", "so the two are not parts of one test"),
        ('["1.mpr", "missing.mpr"]', "cycling", "missing.mpr: the file is missing"),
        ('["1.mpr", "1.mpr"]', "cycling", "names a file twice"),
        ("[]", "cycling", "is a list that is empty"),
        ('["1.mpr", "2.mpr"]', "impedance", "Impedance spectroscopy is made of one file, and 2 are named"),
    ],
)
def test_what_cannot_be_one_test_is_said_before_anything_is_computed(folder, files, technique, text):
    (folder / "study.toml").write_text(CELL.format(technique=technique, files=files), encoding="utf-8")
    assert any(text in str(problem) for problem in check(folder) if problem.level == "error")


def test_joined_is_no_key(folder):
    (folder / "study.toml").write_text(CELL.format(technique="cycling", files='"1.mpr"') + "joined = ['2.mpr']\n")
    (problem,) = [p for p in check(folder) if p.level == "error"]
    assert "'joined' is not a key of a measurement" in problem.text
