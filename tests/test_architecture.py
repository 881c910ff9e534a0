"""The house: what may import what, how large things may be, how fast it starts, and what must not be in the source."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "closo"
FILES = sorted(SOURCE.rglob("*.py"))
HEAVY = (
    "numpy",
    "scipy",
    "matplotlib",
    "xarray",
    "pandas",
    "sqlalchemy",
    "openpyxl",
    "jinja2",
    "GTC",
    "pint",
)


def names(path: Path) -> str:
    return str(path.relative_to(ROOT))


def modules_after(code: str) -> set[str]:
    """Return the top-level packages that are loaded after `code` ran in a fresh interpreter."""
    program = (
        f"import sys\ntry:\n    {code}\nexcept SystemExit:\n    pass\nprint('\\n'.join(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    return {name.partition(".")[0] for name in done.stderr.split()}


@pytest.mark.parametrize(
    "code",
    [
        "import closo",
        "from closo.cli import main; main(['--help'])",
        "from closo.cli import main; main(['run', '--help'])",
        "from closo.cli import main; main(['--version'])",
    ],
)
def test_starting_loads_nothing_heavy(code: str):
    assert modules_after(code) & set(HEAVY) == set()


def test_drawing_is_loaded_when_something_is_drawn():
    loaded = modules_after("import closo.techniques.impedance, closo.pipeline")
    assert "matplotlib" not in loaded
    assert "openpyxl" not in loaded


def test_imports_point_down_only():
    program = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"]
    done = subprocess.run(
        program, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False, env=os.environ | {"NO_COLOR": "1"}
    )
    assert done.returncode == 0, done.stdout[-3000:]


@pytest.mark.parametrize("path", FILES, ids=names)
def test_files_and_functions_are_short(path: Path):
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 400
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            length = (node.end_lineno or 0) - body[0].lineno + 1 if body else 0
            assert length <= 60, f"{node.name} has {length} lines"


@pytest.mark.parametrize("path", FILES, ids=names)
def test_nothing_that_runs_or_fetches_what_a_file_says(path: Path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        imported = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            imported = [node.module or ""]
        for module in imported:
            if module == "urllib.parse":  # it fetches nothing
                continue
            top = module.partition(".")[0]
            assert top not in ("pickle", "dill", "joblib", "marshal", "shelve", "requests", "urllib", "http", "yaml"), (
                module
            )
            assert not module.startswith("xml.etree"), "use a parser that refuses entities"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in ("eval", "exec", "compile", "__import__", "print"), node.func.id
        if isinstance(node, ast.keyword):
            assert node.arg != "allow_pickle"


@pytest.mark.parametrize("path", FILES, ids=names)
def test_public_functions_take_no_keyword_sacks(path: Path):
    exempt = {"Technique.analyse"}  # hands its keywords on to the technique
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for owner in [tree, *(n for n in tree.body if isinstance(n, ast.ClassDef))]:
        for node in owner.body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                name = f"{owner.name}.{node.name}" if isinstance(owner, ast.ClassDef) else node.name
                assert node.args.kwarg is None or name in exempt, name


def test_only_the_pipeline_catches_everything():
    catching = {
        path.relative_to(SOURCE).parts[0]
        for path in FILES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or (isinstance(node.type, ast.Name) and node.type.id in ("Exception", "BaseException")))
        and not any(isinstance(inside, ast.Raise) for inside in ast.walk(node))
    }
    assert catching <= {"pipeline"}


def test_the_public_names_are_few_and_exist():
    import closo

    public = [name for name in closo.__all__ if name != "__version__"]
    assert len(public) <= 20
    assert all(getattr(closo, name) is not None for name in public)
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = closo.nonsense
