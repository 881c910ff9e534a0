"""Files as people have them, with the right answer to each: one row of expected.json is one test.

The files were rebuilt from public bug reports and are no part of the repository. A row is right when the value of the
quantity (of several: every one that is expected) lies in its range or, where a refusal is right too, when none is given.
"""

import json
import zipfile
from pathlib import Path

import pytest

CASES = Path(__file__).parents[2] / "shared" / "cases"
REFUSED = (2, 3)


def rows():
    table = CASES / "expected.json"
    if not table.is_file():
        missing = pytest.mark.skip(reason=f"the cases are not on this machine ({table})")
        return [pytest.param({}, id="no cases", marks=missing)]
    return [pytest.param(row, id=f"{row['file']} {row['quantity']}") for row in json.loads(table.read_text())]


def values_of(answer, name):
    """All values of a quantity in the JSON that the command line prints, in the order in which they are met."""
    found, queue = [], [answer]
    while queue:
        item = queue.pop(0)
        if isinstance(item, dict):
            if item.get("name") == name and item.get("value") is not None:
                found.append(item["value"])
            queue.extend(item.values())
        elif isinstance(item, list):
            queue.extend(item)
    return found


def has_sheet(workbook):
    with zipfile.ZipFile(workbook) as parts:
        return any(name.startswith("xl/worksheets/") for name in parts.namelist())


@pytest.mark.parametrize("row", rows())
def test_right_or_refused(closo, row):
    if row["file"].endswith(".xlsx") and not has_sheet(CASES / row["file"]):
        pytest.skip("the workbook of this case holds no sheet: there is nothing to read")
    code, out, err = closo("run", row["technique"], CASES / row["file"], *row["arguments"], "--json")
    assert "bug in closo" not in out + err, out + err
    values = values_of(json.loads(out), row["quantity"]) if out.strip() else []
    ranges = list(zip(row["inside"][::2], row["inside"][1::2], strict=True))
    if row["refusal_is_right"] and (not values or code in REFUSED):
        return
    assert values, f"no {row['quantity']}, exit {code}: {err}"
    candidates = values[:1] if len(ranges) == 1 else values
    for low, high in ranges:
        assert any(low <= value <= high for value in candidates), f"{values} not in {low} to {high}, exit {code}"
