"""The documentation: generated pages are up to date, nothing is missing, links lead somewhere."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest
import typer

from closo import cli
from closo.nomenclature import NAMES
from closo.readers import READERS
from closo.techniques import TECHNIQUES

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def page(name: str) -> str:
    return (ROOT / "docs" / "reference" / f"{name}.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def generate() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_generated_pages_are_up_to_date(generate: ModuleType):
    made = generate.pages()
    assert sorted(made) == sorted(path.name for path in (ROOT / "docs" / "reference").iterdir())
    stale = [name for name, text in made.items() if page(name.removesuffix(".md")) != text]
    assert stale == [], "run `make docs`"


def test_what_editors_see_is_up_to_date(generate: ModuleType):
    assert generate.STUB.read_text(encoding="utf-8") == generate.stub(), "run `make docs`"


def test_every_verb_and_option_has_its_place(generate: ModuleType):
    text = page("cli")
    verbs = dict(generate.verbs(typer.main.get_command(cli.app)))
    for group, (_, members) in cli.GROUPS.items():
        assert {f"closo {group} {verb.__name__}" for verb in members} <= set(verbs)
    for name, command in verbs.items():
        section = text.split(f"## {name}\n")[1].split("\n## ")[0]
        assert command.help.splitlines()[0] in section
        for parameter in command.params:
            assert parameter.help, f"{name}: {parameter.name} has no help"
            assert parameter.opts[0] in section or str(parameter.metavar or parameter.name).upper() in section


def test_every_name_has_its_row():
    text = page("nomenclature")
    assert all(f"| `{name}` |" in text for name in NAMES)


def test_every_technique_says_what_the_template_asks_for():
    text = page("techniques")
    for technique in TECHNIQUES:
        section = text.split(f"## {technique.name}\n")[1].split("\n## ")[0]
        for heading in ("Measures", "Needs", "Gives", "Uncertainty sources", "Checks", "Limits", "Sources"):
            assert f"**{heading}**" in section, f"{technique.name} lacks {heading}"
        assert all(f"`{setting}`" in section for setting in technique.settings)


def test_every_reader_describes_its_format():
    text = page("readers")
    for reader in READERS:
        assert f"| `{reader.name}` |" in text
        assert len(text.split(f"## {reader.name}\n")[1].split("\n## ")[0]) > 200


def test_the_readme_is_short_and_has_what_it_must_have():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 120
    for wanted in ("make demo", "make test", "![", "synthetic", "10.1039/d5ta09128d"):
        assert wanted in text
    verbs = typer.main.get_command(cli.app).commands
    shown = re.findall(r"^closo ([a-z]+) (?:my-study|raw|impedance)", text, flags=re.MULTILINE)
    assert len(shown) >= 8
    assert set(shown) <= set(verbs)


@pytest.mark.parametrize("path", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_links_lead_somewhere(path: Path):
    for target in re.findall(r"\]\(([^)#\s]+)", path.read_text(encoding="utf-8")):
        if not re.match(r"[a-z]+:", target):
            assert (path.parent / target).exists(), target


def test_decisions_are_numbered_without_gaps():
    numbers = [int(path.name[:4]) for path in sorted((ROOT / "docs" / "decisions").glob("*.md"))]
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) >= 10


def test_the_changelog_has_the_current_version_and_says_which_numbers_changed():
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    entries = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8").split("\n## ")[1:]
    assert entries[0].startswith(version)
    assert all("### Numbers changed" in entry for entry in entries)


def test_the_citation_names_software_and_reference():
    text = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert f"version: {version}" in text
    assert "doi: 10.1039/d5ta09128d" in text


def test_the_makefile_has_its_targets():
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in ("setup", "demo", "test", "check", "bench", "lock", "docs", "clean"):
        assert re.search(rf"^{target}:", text, flags=re.MULTILINE), target
    run = ROOT / ".ci" / "run"
    assert run.stat().st_mode & 0o111
    assert subprocess.run(["bash", "-n", str(run)], check=False).returncode == 0


def test_locks_are_hashed_and_name_no_registry():
    for path in (ROOT / "requirements").glob("*.lock"):
        text = path.read_text(encoding="utf-8")
        assert "://" not in text
        packages = re.findall(r"^[a-z0-9][\w.-]*==", text, flags=re.MULTILINE | re.IGNORECASE)
        assert len(packages) > 20
        blocks = re.split(r"\n(?=[A-Za-z0-9])", text.strip())
        assert all("--hash=sha256:" in block for block in blocks if "==" in block)


def test_the_module_runs_as_documented():
    done = subprocess.run(
        [sys.executable, "-m", "closo.cli", "--version"], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout.strip() == tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]


def test_the_picture_of_the_architecture_shows_the_layers():
    spec = importlib.util.spec_from_file_location("architecture_picture", ROOT / "docs" / "architecture_picture.py")
    assert spec is not None
    assert spec.loader is not None
    drawing = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(drawing)
    drawn = (ROOT / "docs" / "images" / "architecture.svg").read_text(encoding="utf-8")
    assert drawn == drawing.picture(), "run python docs/architecture_picture.py"


def test_the_example_of_a_technique_is_the_tested_one():
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    name = re.search(r"<!-- example: (\S+) -->", text)
    assert name is not None
    example = (ROOT / name[1]).read_text(encoding="utf-8")
    assert f"```python\n{example}```" in text, f"copy {name[1]} into docs/architecture.md"
