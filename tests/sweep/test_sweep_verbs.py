"""closo sweep run, resume, status: what they print, their exit codes, Ctrl-C."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from closo import cli
from closo.sweep import SWEEPS
from closo.sweep.functions import Parameter, SweepFunction

HERE = Path(__file__).parent
ROW = SweepFunction(
    "moody", "swept:moody", "Squares.", {n: Parameter(k, n) for n, k in (("x", int), ("mood", str), ("calls", str))}
)


@pytest.fixture
def closo(capsys, monkeypatch):
    """Return a function that runs the command line here and gives (exit code, standard output, standard error)."""
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setitem(SWEEPS, "moody", ROW)

    def call(*arguments: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as left:
            cli.main(["sweep", *[str(a) for a in arguments]])
        out, err = capsys.readouterr()
        return int(left.value.code or 0), out, err

    return call


@pytest.fixture
def grid(tmp_path: Path):
    """Return a function that writes a grid file of x = 0 ... 5."""

    def write(mood: str) -> Path:
        path = tmp_path / "grid.toml"
        fixed = f'mood = "{mood}"\ncalls = "{tmp_path / "calls.txt"}"'
        path.write_text(f'function = "moody"\n[grid]\nx = [0, 1, 2, 3, 4, 5]\n[fixed]\n{fixed}\n')
        return path

    return write


def test_run_status_and_resume_in_json(closo, grid, tmp_path: Path):
    ledger, table = tmp_path / "sweep.sqlite", tmp_path / "table.csv"
    code, out, err = closo("run", grid("good"), "--ledger", ledger, "--workers", 2, "--csv", table, "--json")
    found = json.loads(out)
    assert (code, err, found["csv"]) == (0, "", str(table))
    assert [row["squared"] for row in found["rows"]] == [0, 1, 4, 9, 16, 25]
    with table.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["squared"]) for row in rows] == [0, 1, 4, 9, 16, 25]
    code, out, _ = closo("status", ledger, "--json")
    found = json.loads(out)
    assert (code, found["tasks"], found["done"], found["failures"]) == (0, 6, 6, [])
    code, out, _ = closo("resume", ledger, "--json")
    assert (code, len(json.loads(out)["rows"])) == (0, 6)
    assert len((tmp_path / "calls.txt").read_text().splitlines()) == 6


def test_a_failed_task_is_exit_code_2_and_says_why(closo, grid, tmp_path: Path):
    ledger = tmp_path / "sweep.sqlite"
    code, out, err = closo("run", grid("sad"), "--ledger", ledger)
    assert code == 2
    assert "25" in out
    assert "failed: the data are sad. Cheer them up." in err
    assert "5 results, 1 failure." in err
    code, out, _ = closo("status", ledger, "--csv", tmp_path / "now.csv")
    assert code == 2
    assert "failed: x = 3, mood = sad" in out
    assert (tmp_path / "now.csv").read_text().count("\n") == 7
    code, _, _ = closo("resume", ledger, "--retry-failed", "--csv", tmp_path / "now.csv")
    assert code == 2
    assert len((tmp_path / "calls.txt").read_text().splitlines()) == 7


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("status", "missing.sqlite"), "there is no such ledger"),
        (("resume", "missing.sqlite"), "there is no such ledger"),
        (("run", "missing.toml", "--ledger", "a.sqlite"), "there is no such file"),
        (("run", "grid.toml"), "--ledger"),
        (("run", "grid.toml", "--ledger", "a.sqlite", "--scheduler", "tcp://node7:8786"), "not on this computer"),
        (("runn",), "No such command"),
    ],
)
def test_a_wrong_request_is_one_object_and_exit_code_2(closo, grid, tmp_path: Path, monkeypatch, arguments, said: str):
    grid("good")
    monkeypatch.chdir(tmp_path)
    code, out, err = closo(*arguments, "--json")
    assert (code, err) == (2, "")
    error = json.loads(out)
    assert set(error) == {"error", "file", "where", "hint"}
    assert said in error["error"]


@pytest.mark.parametrize("verb", ["run", "resume", "status"])
def test_every_verb_has_help(closo, verb: str):
    code, out, _ = closo(verb, "--help")
    assert code == 0
    assert "--json" in out


PROGRAM = """
import signal, sys
if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a runner in the background ignores Ctrl-C
sys.path.insert(0, {here!r})
from closo.cli import main
from closo.sweep import SWEEPS
from closo.sweep.functions import Parameter, SweepFunction
kinds = {{"x": int, "calls": str, "delay": float}}
SWEEPS["slow"] = SweepFunction("slow", "swept:square", "Squares.", {{n: Parameter(k, n) for n, k in kinds.items()}})
if __name__ == "__main__":
    main()
"""


@pytest.mark.parametrize("workers", [1, 2])
def test_ctrl_c_stops_at_once_and_keeps_what_was_finished(tmp_path: Path, workers: int):
    calls, ledger = tmp_path / "calls.txt", tmp_path / "sweep.sqlite"
    calls.touch()
    (tmp_path / "grid.toml").write_text(
        f'function = "slow"\n[grid]\nx = {list(range(40))}\n[fixed]\ndelay = 0.02\ncalls = "{calls}"\n'
    )
    program = tmp_path / "program.py"
    program.write_text(PROGRAM.format(here=str(HERE)))
    command = [sys.executable, str(program), "sweep"]
    run = [*command, "run", str(tmp_path / "grid.toml"), "--ledger", str(ledger), "--workers", str(workers)]
    process = subprocess.Popen(
        run,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    end = time.monotonic() + 60.0
    while len(calls.read_text().splitlines()) < 10:
        assert time.monotonic() < end
        time.sleep(0.005)
    os.killpg(process.pid, signal.SIGINT)  # as the terminal does: to the workers as well
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert out == ""
    assert err == "Stopped. Finished results are kept.\n"
    begun = len(calls.read_text().splitlines())
    assert begun < 40
    done = subprocess.run([*command, "resume", str(ledger), "--json"], capture_output=True, text=True, check=True)
    rows = json.loads(done.stdout)["rows"]
    assert [row["squared"] for row in rows] == [x * x for x in range(40)]
    assert [row["attempts"] for row in rows] == [1] * 40
    assert len(calls.read_text().splitlines()) <= 40 + workers
