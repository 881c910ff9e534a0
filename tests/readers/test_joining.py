"""Several files of one test: put in order by their dates, refused where that is not possible."""

import numpy as np
import pytest

from closo.dataset import new
from closo.errors import ReadError
from closo.readers.tools.joining import join


def rest(date, *, first=0.0, seconds=3600.0, source="x_01_OCV.mpr"):
    time = first + np.linspace(0.0, seconds, 7)
    return new(
        "open_circuit",
        {"time": time, "potential": np.full(7, 2.5)},
        source=source,
        metadata={"date": date} if date else {},
    )


def cycle(date, *, first=0.0, charge=0.0, source="x_02_GCPL.mpr"):
    """Return 100 s up and 100 s down at 1 mA, with the counter of the instrument beginning at `charge` [C]."""
    time = first + np.arange(0.0, 201.0, 10.0)
    current = np.where(np.arange(21) <= 10, 1e-3, -1e-3)
    counter = charge + np.concatenate([[0.0], np.cumsum(current[1:] * 10.0)])
    columns = {"time": time, "potential": 3.0 + counter, "current": current, "charge": counter, "cycle": np.ones(21)}
    return new("cycling", columns, source=source, metadata={"date": date} if date else {})


ORDERS = [
    # each file counts from its own beginning
    (rest("02/27/2026 23:30:00.000"), cycle("02/28/2026 00:30:02.000")),
    # all count from the beginning of the first, and state its date
    (rest("02/27/2026 23:30:00.000"), cycle("02/27/2026 23:30:00.000", first=3602.0)),
    # all count from the beginning of the first, and state their own date
    (rest("02/27/2026 23:30:00.000"), cycle("02/28/2026 00:30:02.000", first=3602.0)),
]


@pytest.mark.parametrize("files", ORDERS, ids=["own clock", "one clock, one date", "one clock, own date"])
@pytest.mark.parametrize("turned", [False, True])
def test_files_are_joined_in_the_order_of_their_dates(files, turned):
    named = [("x_01_OCV.mpr", [files[0]]), ("x_02_GCPL.mpr", [files[1]])]
    made = join(named[::-1] if turned else named)
    assert made.attrs["kind"] == "cycling"
    assert made["time"].values[[0, 6, 7, -1]] == pytest.approx([0.0, 3600.0, 3602.0, 3802.0])
    assert made["current"].values[:7] == pytest.approx(0.0)
    assert made["current"].values[7] == pytest.approx(1e-3)
    assert made["charge"].values[17] == pytest.approx(0.1)  # 1 mA for 100 s
    assert "cycle" not in made
    assert made.attrs["metadata"]["joined"] == "x_01_OCV.mpr, x_02_GCPL.mpr"
    assert made.attrs["warnings"] == ()


def test_a_counter_that_begins_anew_is_carried_on():
    made = join(
        [
            ("a.mpr", [cycle("01/01/2026 00:00:00", charge=5.0)]),
            ("b.mpr", [cycle("01/01/2026 00:03:30", charge=0.0)]),
        ]
    )
    assert made["charge"].values[[0, 10, 20, 21, 31]] == pytest.approx([0.0, 0.1, 0.0, 0.0, 0.1], abs=1e-12)


def test_a_silence_between_two_files_is_said():
    made = join([("a.mpr", [rest("01/01/2026 00:00:00")]), ("b.mpr", [cycle("01/01/2026 03:00:00")])])
    assert made.attrs["warnings"] == ("Between 'a.mpr' and 'b.mpr' nothing was recorded for 120 min.",)


@pytest.mark.parametrize(
    ("second", "text"),
    [
        (
            cycle("01/01/2026 00:30:00"),
            "b.mpr: it begins 0.5 h before 'a.mpr' ends, so the two are not parts of one test.",
        ),
        (cycle(""), "b.mpr: it does not say when it was recorded, so its order among the other files is not known."),
        (cycle("day 12"), "states the date 'day 12', which is not understood"),
        (
            new("impedance", {"frequency": [1.0], "impedance": [1 - 1j]}, source="b.mpr"),
            "holds no record over time that could be joined with others (it holds: impedance).",
        ),
    ],
)
def test_what_cannot_be_joined_is_one_sentence(second, text):
    with pytest.raises(ReadError) as caught:
        join([("a.mpr", [rest("01/01/2026 00:00:00")]), ("b.mpr", [second])])
    assert text in str(caught.value)
