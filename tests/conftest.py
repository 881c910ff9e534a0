"""Shared by all tests: where the real instrument files are, and the command line run in this process."""

import sys
from pathlib import Path

import pytest
from hypothesis import settings

from closo import cli

settings.register_profile("closo", deadline=None)  # a first call may import pint, and the machine may be busy
settings.load_profile("closo")

REAL_FILES = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of instrument files written by others; they are not part of the repository."""
    if not REAL_FILES.is_dir():
        pytest.skip(f"the real instrument files are not on this machine ({REAL_FILES})")
    return REAL_FILES


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
