"""What each verb imports: heavy libraries only where they are used. No timings: they would depend on the machine."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from closo import pipeline
from closo.twin import write_study

# All the modules that this test speaks of; what is not in the line of a verb must not be imported by it.
SLOW = {
    "GTC",
    "closo.claims.judging",
    "closo.combine.arrhenius.analysis",
    "closo.combine.ledgers",
    "closo.report.build",
    "matplotlib",
    "numba",
    "openpyxl",
    "pandas",
    "pint",
    "polars",
    "pydantic",
    "scipy.optimize",
    "scipy.special",
    "sqlalchemy",
    "xarray",
}
ANSWER = {"GTC", "pydantic"}  # study.toml is read
DATA = {"pandas", "pydantic", "xarray"}  # pydantic: typer needs it for the arguments
COMBINED = {"closo.claims.judging", "closo.combine.arrhenius.analysis", "scipy.special"}
LOADED = {
    "--version": {"pydantic"},
    "new {empty}": {"pydantic"},
    "convert {spectrum}": DATA,
    "check {study}": ANSWER,
    "analyse {study}": ANSWER,
    "show {study}": ANSWER,
    "claims {study}": ANSWER | COMBINED,
    "run impedance {spectrum} --part 2": DATA | {"GTC", "scipy.optimize", "scipy.special"},
    "report {study}": ANSWER
    | COMBINED
    | DATA
    | {"closo.report.build", "closo.combine.ledgers", "matplotlib", "scipy.optimize"},
    "simulate conductivity --image {image} --phase 0=1e-6 --phase 1=1e-3": DATA | {"GTC", "numba", "scipy.special"},
}
CHECKING = """
import importlib, sys
from closo.techniques import TECHNIQUES
for technique in TECHNIQUES:
    if technique.tells_wrong_settings:
        importlib.import_module(technique.module).check_settings
print("loaded", *sys.modules)
"""
DRIVER = """
import sys
from closo.cli import main
try:
    main(sys.argv[1:])
finally:
    print("loaded", *sys.modules, file=sys.stderr)
"""


@pytest.fixture(scope="module")
def places(tmp_path_factory) -> dict[str, Path]:
    """Return an analysed study, one of its spectra, an image, and a folder that does not exist."""
    folder = tmp_path_factory.mktemp("start")
    write_study(folder / "study", seed=5, kind="small")
    pipeline.analyse(folder / "study")
    np.save(folder / "image.npy", (np.indices((6, 6, 6)).sum(axis=0) % 3 > 0).astype(np.uint8))
    spectrum = folder / "study" / "raw" / "A200-35-4h-p1.par"
    return {
        "study": folder / "study",
        "spectrum": spectrum,
        "image": folder / "image.npy",
        "empty": folder / "new",
    }


@pytest.mark.parametrize("verb", LOADED)
def test_a_verb_imports_what_it_uses_and_no_more(verb: str, places: dict[str, Path]):
    words = [word.format_map(places) for word in verb.split()]
    environment = {**os.environ, "PYTHONWARNINGS": "ignore"}
    ended = subprocess.run(
        [sys.executable, "-c", DRIVER, *words],
        capture_output=True,
        text=True,
        timeout=250,
        env=environment,
        check=False,
    )
    assert ended.returncode in (0, 1), ended.stderr
    loaded = set(ended.stderr.rpartition("loaded ")[2].split())
    assert loaded & SLOW == LOADED[verb]


def test_settings_are_checked_without_an_analysis():
    ended = subprocess.run([sys.executable, "-c", CHECKING], capture_output=True, text=True, timeout=250, check=True)
    loaded = set(ended.stdout.split())
    assert "closo.techniques.diffraction.request" in loaded
    assert not loaded & SLOW
    assert not {name for name in loaded if name.startswith("closo.techniques.") and name.endswith(".analysis")}
