"""An installation as a user makes it: the wheel with what it needs in a fresh environment, without the extras."""

import ast
import json
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILE = ROOT / "examples" / "na2b12h12-sio2" / "raw" / "A380-35-1h-p1_60C_heating.par"
LARGEST = 700  # MB of everything that pip installs
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
IMPORTED_AS = {"pillow": "PIL"}


def names_of(requirements: list[str]) -> set[str]:
    bare = {re.match(r"[\w.-]+", text)[0].lower().replace("-", "_") for text in requirements}
    return {IMPORTED_AS.get(name, name).lower() for name in bare}


def test_what_the_source_imports_is_declared():
    extras = [one for many in PROJECT["optional-dependencies"].values() for one in many]
    declared = (
        names_of(PROJECT["dependencies"]) | names_of(extras) | {"pandas", "markupsafe", "starlette", "cupy", "dask"}
    )  # with xarray, jinja2, fastapi, the extras
    for path in (ROOT / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            modules += [node.module] if isinstance(node, ast.ImportFrom) and node.module and not node.level else []
            for module in modules:
                top = module.partition(".")[0]
                known = top in sys.stdlib_module_names or top == "closo" or top.lower() in declared
                assert known, f"{path.name} imports {top}, which pyproject.toml does not name"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", folder, ROOT]
    subprocess.run(build, check=True, timeout=600)
    (path,) = folder.glob("*.whl")
    return path


def test_the_wheel_holds_all_that_is_not_code(wheel):
    inside = set(zipfile.ZipFile(wheel).namelist())
    source = {
        p.relative_to(ROOT / "src").as_posix()
        for p in (ROOT / "src" / "closo").rglob("*")
        if p.is_file() and "__pycache__" not in p.parts
    }
    assert {"closo/py.typed", "closo/__init__.pyi"} <= source
    assert source <= inside


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_a_fresh_installation_works_and_is_small(wheel, tmp_path):
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True, timeout=600)
    programs = tmp_path / "venv" / ("Scripts" if os.name == "nt" else "bin")
    install = [programs / "python", "-m", "pip", "install", "-q", "--disable-pip-version-check", wheel]
    subprocess.run(install, check=True, timeout=1200)
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}

    def closo(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [str(programs / "closo"), *arguments]
        return subprocess.run(
            command, capture_output=True, text=True, timeout=300, check=False, cwd=tmp_path, env=environment
        )

    assert closo("--version").stdout.strip() == PROJECT["version"]
    (told,) = json.loads(closo("run", "impedance", str(FILE), "--json").stdout)
    assert next(q["value"] for q in told["quantities"] if q["key"] == "total_resistance") > 0
    assert closo("new", "mine").returncode == 0
    missing = closo(
        "simulate", "composite", "--filler", "35", "--shell-ratio", "0.25", "--matrix", "1e-5", "--shell", "1e-3"
    )
    assert (missing.returncode, "closo[models]" in missing.stderr) == (2, True)
    (packages,) = (tmp_path / "venv").rglob("site-packages")
    venv_brings = ("pip", "setuptools", "pkg_resources")
    installed = [p for p in packages.rglob("*") if p.is_file() and p.relative_to(packages).parts[0] not in venv_brings]
    assert sum(p.stat().st_size for p in installed) < LARGEST * 1e6
