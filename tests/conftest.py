"""Shared by all tests: where the real instrument files are."""

from pathlib import Path

import pytest

REAL_FILES = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of instrument files written by others; they are not part of the repository."""
    if not REAL_FILES.is_dir():
        pytest.skip(f"the real instrument files are not on this machine ({REAL_FILES})")
    return REAL_FILES
