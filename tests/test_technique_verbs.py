"""closo techniques: what can be asked of each."""

import json
import os
import subprocess
import sys

import pytest
import typer

from closo import cli
from closo.techniques import TECHNIQUES


def test_all_are_listed(closo):
    code, out, _ = closo("techniques")
    assert code == 0
    assert all(row.name in out and row.title in out for row in TECHNIQUES)


@pytest.mark.parametrize("row", TECHNIQUES, ids=lambda row: row.name)
def test_one_is_shown_with_its_inputs_and_settings(closo, row):
    code, out, _ = closo("techniques", row.name)
    assert code == 0
    assert all(key in out for key in row.settings)
    (told,) = json.loads(closo("techniques", row.name, "--json")[1])
    assert {one["name"] for one in told["settings"]} == set(row.settings)
    assert all(one["unit"] and one["meaning"] and one["option"] in out for one in told["inputs"])
    options = {o for p in typer.main.get_command(cli.app).commands["run"].params for o in p.opts}
    assert {one["option"] for one in told["inputs"]} <= options


def test_defaults_are_those_of_the_analysis(closo):
    (told,) = json.loads(closo("techniques", "plating", "--json")[1])
    assert {one["name"]: one["default"] for one in told["settings"]}["voltage_gain"] == 0.001
    assert "modulus" in closo("techniques", "impedance")[1]


def test_an_unknown_one_is_refused_with_the_nearest(closo):
    code, _, err = closo("techniques", "impedence")
    assert code == 2
    assert "Did you mean 'impedance'?" in err


@pytest.mark.parametrize(
    ("typed", "offered"),
    [("closo te", "techniques"), ("closo run imp", "impedance"), ("closo run --thick", "--thickness")],
)
def test_the_shell_completes_verbs_techniques_and_options(typed, offered):
    done = subprocess.run(
        [sys.executable, "-c", "from closo.cli import main; main()"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=os.environ | {"_CLOSO_COMPLETE": "complete_bash", "COMP_WORDS": typed, "COMP_CWORD": str(typed.count(" "))},
    )
    assert offered in done.stdout.split()
