"""Shared by all tests: where the real instrument files are, and the command line run in this process."""

import gc
import resource
import struct
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import settings

from closo import cli

sys.path.insert(0, str(Path(__file__).parent))  # what several folders of tests share
settings.register_profile("closo", deadline=None)  # a first call may import pint, and the machine may be busy
settings.load_profile("closo")

REAL_FILES = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of instrument files written by others; they are not part of the repository."""
    if not REAL_FILES.is_dir():
        pytest.skip(f"the real instrument files are not on this machine ({REAL_FILES})")
    return REAL_FILES


@pytest.fixture(scope="session")
def small(tmp_path_factory) -> Path:
    """Return a small analysed study."""
    folder = tmp_path_factory.mktemp("small") / "small"
    from closo import pipeline
    from closo.twin import write_study

    write_study(folder, seed=5, kind="small")
    pipeline.analyse(folder)
    return folder


_Answer = TypeVar("_Answer")


def _at_once(work: Callable[[], _Answer], limit: float = 1.0) -> _Answer:
    """Return what the work returns; it takes less than the limit [s] of this process, and 200 MB more than it ever had.

    What takes too long always does; a collection of the garbage of other tests, or an import, takes long once.
    """
    gc.disable()
    try:
        for _ in range(3):
            start, before = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            answer = work()
            took = time.process_time() - start
            assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200e3
            if took < limit:
                return answer
    finally:
        gc.enable()
    raise AssertionError(f"took {took:.2f} s of CPU time three times; the limit is {limit:g} s")


@pytest.fixture(scope="session")
def at_once() -> Callable[..., object]:
    """Return a function that does some work and fails where it does not come to an end at once."""
    return _at_once


@pytest.fixture
def closo(capsys, monkeypatch):
    """Return a function that runs the command line here and gives (exit code, standard output, standard error)."""
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)

    def call(*arguments: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as left:
            cli.main([str(a) for a in arguments])
        out, err = capsys.readouterr()
        return int(left.value.code or 0), out, err

    return call


def _old_workbook(cells: dict[tuple[int, int], str | float]) -> bytes:
    """Return an .xls of one sheet, (row, column) -> cell: records of Excel 95 in the container of an old Office file."""

    def record(kind: int, body: bytes) -> bytes:
        return struct.pack("<HH", kind, len(body)) + body

    sheet = record(0x0809, struct.pack("<HHHH", 0x0500, 0x0010, 0, 0))
    for (row, column), cell in sorted(cells.items()):
        place = struct.pack("<HHH", row, column, 0)
        if isinstance(cell, str):
            text = cell.encode("cp1252")
            sheet += record(0x0204, place + struct.pack("<H", len(text)) + text)
        else:
            sheet += record(0x0203, place + struct.pack("<d", cell))
    begin = record(0x0809, struct.pack("<HHHH", 0x0500, 0x0005, 0, 0)) + record(0x0042, struct.pack("<H", 1252))
    bound = len(begin) + 4 + 7 + 6 + 4  # behind the record that says where the sheet begins, and the end of this part
    begin += record(0x0085, struct.pack("<IBBB", bound, 0, 0, 6) + b"Sheet1") + record(0x000A, b"")
    records = begin + sheet + record(0x000A, b"")
    stream = records.ljust(max(4096, -(-len(records) // 512) * 512), b"\0")
    last = len(stream) // 512 + 1
    chain = [-3, -2, *range(3, last + 1), -2]
    numbers = (0x3E, 3, 0xFFFE, 9, 6, 0, 1, 1, 0, 4096, -2, 0, -2, 0)
    head = struct.pack("<8s16xHHHHH6xIIIIIiIiI", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", *numbers)
    head += struct.pack("<109i", 0, *([-1] * 108))
    table = struct.pack("<128i", *chain, *([-1] * (128 - len(chain))))
    folder = b""
    for name, kind, child, first, size in (("Root Entry", 5, 1, -2, 0), ("Book", 2, -1, 2, len(stream))):
        text = name.encode("utf-16-le") + b"\0\0"
        folder += struct.pack("<64sHBBiii36xiII", text, len(text), kind, 1, -1, -1, child, first, size, 0)
    return head + table + folder.ljust(512, b"\0") + stream


@pytest.fixture(scope="session")
def old_workbook():
    """Return the function that makes an .xls of (row, column) -> cell."""
    return _old_workbook
