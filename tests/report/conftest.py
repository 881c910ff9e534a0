"""One small synthetic study, analysed once for all tests of the report."""

from pathlib import Path

import pytest

from closo import pipeline
from closo.pipeline import Analysis
from closo.twin import write_study


@pytest.fixture(scope="session")
def small_study(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("report") / "study"
    write_study(folder, seed=3, kind="small")
    return folder


@pytest.fixture(scope="session")
def analysis(small_study: Path) -> Analysis:
    return pipeline.analyse(small_study)
