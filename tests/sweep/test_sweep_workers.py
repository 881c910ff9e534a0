"""Sweeps on processes and on a Dask cluster: workers that die, sweeps that are killed, two at once, who may be spoken to."""

from __future__ import annotations

import logging
import multiprocessing
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from closo.engine import cluster as cluster_module
from closo.engine.cluster import check_address
from closo.errors import StudyError
from closo.sweep import plan, results, run, status

distributed = pytest.importorskip("distributed")
HERE = Path(__file__).parent
psutil = pytest.importorskip("psutil")
QUIET = {  # without an address, dask's pages are open to everybody, also those that are "off"
    "host": "127.0.0.1",
    "dashboard_address": "127.0.0.1:0",
    "worker_dashboard_address": "127.0.0.1:0",
    "silence_logs": logging.CRITICAL,
}
RESULT = ("seed", "effective_conductivity", "lower", "upper", "state")


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    return tmp_path / "sweep.sqlite"


@pytest.fixture
def calls(tmp_path: Path) -> Path:
    path = tmp_path / "calls.txt"
    path.touch()
    return path


def lines(calls: Path) -> list[list[str]]:
    """Return argument, process and time of each call."""
    return [line.split() for line in calls.read_text().splitlines()]


@pytest.fixture(scope="module")
def cluster():
    """Return a Dask cluster of two worker processes that only this computer can reach."""
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, **QUIET) as found:
        yield found


# --- processes


@pytest.mark.parametrize("mood", ["deadly", "broken"])
def test_a_task_that_kills_its_worker_every_time_fails_and_the_others_finish(ledger: Path, calls: Path, mood: str):
    tasks = plan("swept:moody", {"x": range(8)}, fixed={"mood": mood, "calls": str(calls)})
    rows = run(tasks, ledger, workers=2, attempts=2)
    assert [row["state"] for row in rows] == ["done"] * 3 + ["failed"] + ["done"] * 4
    assert rows[3]["attempts"] == 2
    wanted = (
        "The worker process died (exit code 7)" if mood == "deadly" else "ZeroDivisionError: nobody saw this coming"
    )
    assert rows[3]["failure"].startswith(wanted)
    assert Counter(line[0] for line in lines(calls)) == Counter("01234567") + Counter("3")
    assert multiprocessing.active_children() == []


def test_a_worker_that_dies_once_costs_one_attempt(ledger: Path, calls: Path):
    tasks = plan("swept:moody", {"x": range(8)}, fixed={"mood": "once", "calls": str(calls)})
    rows = run(tasks, ledger, workers=2)
    assert [row["squared"] for row in rows] == [x * x for x in range(8)]
    assert [row["attempts"] for row in rows] == [1, 1, 1, 2, 1, 1, 1, 1]
    assert rows[3]["state"] == "done"
    assert rows[3]["failure"].startswith("The worker process died (exit code 7)")  # of the first attempt


def test_a_worker_that_is_killed_while_it_waits_is_replaced(ledger: Path, calls: Path):
    killed = []

    def kill_the_idle(finished: int, total: int, what: str) -> None:
        if finished >= 6 and not killed:  # what is left is slow and keeps one of the two busy
            time.sleep(0.2)
            pids = {int(line[1]) for line in lines(calls)}
            killed.extend(pids)
            for pid in pids:
                os.kill(pid, signal.SIGKILL)

    tasks = plan("swept:square", {"x": range(12)}, fixed={"calls": str(calls)})
    rows = run(tasks, ledger, workers=2, progress=kill_the_idle)
    assert [row["squared"] for row in rows] == [x * x for x in range(12)]
    assert killed  # both workers, or the one that had begun


def test_workers_print_nothing_on_standard_output(ledger: Path, capfd):
    run(plan("swept:talk", {"x": [1, 2]}), ledger, workers=2)
    assert capfd.readouterr().out == ""


def test_there_must_be_a_worker(ledger: Path):
    with pytest.raises(StudyError, match="0 workers cannot compute anything"):
        run(plan("swept:square", {"x": [1]}), ledger, workers=0)


ELSEWHERE = """
import sys
sys.path.insert(0, {here!r})
from closo.sweep import plan, run
if __name__ == "__main__":
    run(plan("swept:square", {{"x": range({number})}}, fixed={{"calls": {calls!r}, "delay": {delay}}}), {ledger!r},
        workers={workers}, lease=5.0)
"""


@pytest.fixture
def elsewhere(tmp_path: Path, ledger: Path, calls: Path):
    """Return a function that starts a sweep of squares in a process of its own, and the tasks of that sweep."""
    started = []

    def start(number: int, *, delay: float, workers: int = 1) -> subprocess.Popen:
        script = tmp_path / f"elsewhere{len(started)}.py"
        values = {"here": str(HERE), "calls": str(calls), "ledger": str(ledger)}
        script.write_text(ELSEWHERE.format(number=number, delay=delay, workers=workers, **values))
        started.append(subprocess.Popen([sys.executable, str(script)]))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


def wait_for(calls: Path, number: int) -> None:
    end = time.monotonic() + 60.0
    while len(lines(calls)) < number:
        assert time.monotonic() < end
        time.sleep(0.002)


def test_two_sweeps_on_one_ledger_share_the_work(ledger: Path, calls: Path, elsewhere):
    tasks = plan("swept:square", {"x": range(120)}, fixed={"calls": str(calls), "delay": 0.01})
    other = elsewhere(120, delay=0.01)
    wait_for(calls, 5)
    rows = run(tasks, ledger)
    assert other.wait() == 0
    assert [row["squared"] for row in rows] == [x * x for x in range(120)]
    assert sorted(int(line[0]) for line in lines(calls)) == list(range(120))
    each = Counter(line[1] for line in lines(calls))
    assert len(each) == 2
    assert min(each.values()) > 20


def finished_first(ledger: Path, calls: Path, name: str) -> list[str]:
    """Return the tasks that were begun again after they were finished."""
    database = sqlite3.connect(ledger)
    rows = database.execute(f"SELECT json_extract(arguments, '$.{name}'), finished FROM tasks").fetchall()
    database.close()
    done = {str(value): when for value, when in rows}
    return [value for value, _, begun in lines(calls) if float(begun) > done[value]]


def test_a_sweep_that_is_killed_at_any_moment_repeats_nothing_that_was_finished(ledger: Path, calls: Path, elsewhere):
    tasks = plan("swept:square", {"x": range(60)}, fixed={"calls": str(calls), "delay": 0.005})
    for k in (5, 20, 35):
        process = elsewhere(60, delay=0.005)
        wait_for(calls, k)
        process.kill()
        assert process.wait() == -signal.SIGKILL
    assert status(ledger)["done"] >= 30
    rows = run(tasks, ledger)
    assert [row["squared"] for row in rows] == [x * x for x in range(60)]
    assert len(lines(calls)) <= 60 + 3  # the one under way, each time
    assert finished_first(ledger, calls, "x") == []


def test_workers_end_when_the_sweep_is_killed(calls: Path, elsewhere):
    process = elsewhere(500, delay=0.01, workers=2)
    wait_for(calls, 20)
    process.kill()
    process.wait()
    pids = {int(line[1]) for line in lines(calls)}
    end = time.monotonic() + 10.0
    while any(is_running(pid) for pid in pids) and time.monotonic() < end:
        time.sleep(0.05)
    assert not any(is_running(pid) for pid in pids)


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


# --- a cluster


@pytest.mark.parametrize(
    "address",
    [
        "tcp://127.0.0.1:8786",
        "127.0.0.1:8786",
        "localhost:8786",
        "tcp://[::1]:8786",
        "tls://node7:8786",
        "inproc://a/1",
    ],
)
def test_a_scheduler_here_or_behind_tls_may_be_spoken_to(address: str):
    assert check_address(f" {address} ") == address


@pytest.mark.parametrize(
    "address",
    [
        "tcp://10.0.0.7:8786",
        "node7:8786",
        "tcp://localhost.example.org:8786",
        "ws://node7:80",
        "ucx://10.0.0.7:1",
        "tcp://0.0.0.0:8786",
        "tcp://127.0.0.1.example.org:1",
    ],
)
def test_an_open_scheduler_elsewhere_is_refused(address: str, ledger: Path):
    with pytest.raises(StudyError) as caught:
        run(plan("swept:square", {"x": [1]}), ledger, scheduler=address)
    assert "is not on this computer, and the way to it is not encrypted" in str(caught.value)
    assert "tls://" in caught.value.hint
    assert status(ledger)["waiting"] == 1


@pytest.mark.parametrize(
    "address",
    ["", "tcp://", "tls://:1", "tcp://node7:1/://127.0.0.1:8786", "tcp://127.0.0.1@node7:8786", "tls://a b:1"],
)
def test_an_address_that_is_none_is_refused(address: str):
    with pytest.raises(StudyError, match="not the address of a scheduler"):
        check_address(address)


def test_a_failure_on_a_cluster_keeps_its_reason(ledger: Path, calls: Path, cluster):
    tasks = plan("swept:moody", {"x": range(6)}, fixed={"mood": "broken", "calls": str(calls)})
    rows = run(tasks, ledger, scheduler=cluster.scheduler_address, attempts=2)
    assert [row["state"] for row in rows] == ["done"] * 3 + ["failed"] + ["done"] * 2
    assert rows[3]["failure"] == "ZeroDivisionError: nobody saw this coming"
    assert Counter(line[0] for line in lines(calls)) == Counter("012345") + Counter("3")


def test_the_cluster_of_these_tests_listens_on_this_computer_only(cluster):
    here = psutil.Process()
    listening = [
        connection.laddr.ip
        for process in (here, *here.children(recursive=True))
        for connection in process.net_connections(kind="tcp")
        if connection.status == psutil.CONN_LISTEN
    ]
    assert len(listening) >= 3
    assert set(listening) == {"127.0.0.1"}


def test_a_client_of_the_caller_stays_open(ledger: Path, cluster):
    with distributed.Client(cluster, set_as_default=False) as client:
        rows = run(plan("swept:odd_numbers", {"x": [1, 2]}), ledger, scheduler=client)
        assert [row["state"] for row in rows] == ["done", "done"]
        assert client.status == "running"


def test_a_task_that_kills_dask_workers_every_time_fails_and_its_neighbours_do_not(ledger: Path, calls: Path):
    import dask

    tasks = plan("swept:moody", {"x": range(10)}, fixed={"mood": "deadly", "calls": str(calls)})
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 0}),  # every death is blamed on all that were there
        distributed.LocalCluster(n_workers=2, threads_per_worker=2, processes=True, **QUIET) as crowded,
    ):
        rows = run(tasks, ledger, scheduler=crowded.scheduler_address, attempts=2)
    assert [row["state"] for row in rows] == ["done"] * 3 + ["failed"] + ["done"] * 6
    assert rows[3]["failure"].startswith("The Dask worker died")
    assert rows[3]["attempts"] == 2
    assert Counter(line[0] for line in lines(calls))["3"] == 3


@pytest.fixture(scope="module")
def certificates(tmp_path_factory) -> dict[str, str]:
    """Return dask's settings for a certificate that signs itself."""
    program = shutil.which("openssl")
    if program is None:
        pytest.skip("openssl is not on this machine; it makes the certificate of this test")
    folder = tmp_path_factory.mktemp("certificates")
    certificate, key = str(folder / "certificate.pem"), str(folder / "key.pem")
    command = [program, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=closo"]
    subprocess.run([*command, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    settings = {"distributed.comm.tls.ca-file": certificate}
    for role in ("client", "scheduler", "worker"):
        settings |= {f"distributed.comm.tls.{role}.cert": certificate, f"distributed.comm.tls.{role}.key": key}
    return settings


def test_a_scheduler_behind_tls_needs_the_certificates(ledger: Path, certificates):
    import dask

    tasks = plan("swept:square", {"x": [1, 2, 3]})
    with dask.config.set(certificates):
        security = distributed.Security(require_encryption=True)
    options = {"protocol": "tls", "security": security, "n_workers": 1, "processes": False}
    with distributed.LocalCluster(**options, **QUIET) as encrypted:
        assert encrypted.scheduler_address.startswith("tls://127.0.0.1:")
        with pytest.raises(StudyError, match=r"does not answer .* distributed\.comm\.tls"):
            run(tasks, ledger, scheduler=encrypted.scheduler_address)
        with dask.config.set(certificates):
            rows = run(tasks, ledger, scheduler=encrypted.scheduler_address)
    assert [row["squared"] for row in rows] == [1, 4, 9]


def test_a_scheduler_that_does_not_answer_is_one_sentence(ledger: Path, monkeypatch):
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{nobody.getsockname()[1]}"
        monkeypatch.setattr(cluster_module, "_PATIENCE", 0.5)
        with pytest.raises(StudyError) as caught:
            run(plan("swept:square", {"x": [1]}), ledger, scheduler=address)
    assert f"The scheduler {address} does not answer" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_scheduler_that_dies_is_one_sentence_and_what_was_finished_is_kept(ledger: Path, calls: Path):
    tasks = plan("swept:square", {"x": range(40)}, fixed={"calls": str(calls), "delay": 0.02})
    with distributed.LocalCluster(n_workers=1, processes=False, protocol="tcp", **QUIET) as doomed:

        def close_it(finished: int, total: int, what: str) -> None:
            if finished >= 10:
                doomed.close()

        with pytest.raises(StudyError, match=r"connection to the scheduler is lost\. What was finished is kept"):
            run(tasks, ledger, scheduler=doomed.scheduler_address, progress=close_it)
    found = status(ledger)
    assert (found["leased"], found["failed"]) == (0, 0)
    assert 10 <= found["done"] < 40
    assert [row["squared"] for row in run(tasks, ledger)] == [x * x for x in range(40)]
    assert finished_first(ledger, calls, "x") == []


# --- a thousand solves


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory) -> list[dict]:
    """Return the table of a thousand small solves in this process; it also compiles them, once for all workers."""
    folder = tmp_path_factory.mktemp("undisturbed")
    tasks = thousand(folder / "calls.txt")
    return [{name: row[name] for name in RESULT} for row in run(tasks, folder / "sweep.sqlite")]


def thousand(calls: Path):
    return plan("swept:tiny_solve", {"seed": range(1000)}, fixed={"contrast": 100.0, "calls": str(calls)})


def killer(calls: Path, moments: tuple[int, ...]):
    """Return a progress function that kills the worker of the latest call when so many tasks are finished."""
    left, killed = list(moments), []

    def progress(finished: int, total: int, what: str) -> None:
        if left and finished >= left[0]:
            left.pop(0)
            pid = int(lines(calls)[-1][1])
            assert pid != os.getpid()
            os.kill(pid, signal.SIGKILL)
            killed.append(pid)

    return progress, killed


def check_thousand(rows: list[dict], undisturbed: list[dict], ledger: Path, calls: Path, *, repeated: int) -> None:
    assert [{name: row[name] for name in RESULT} for row in rows] == undisturbed
    assert {row["state"] for row in rows} == {"done"}
    database = sqlite3.connect(ledger)
    assert database.execute("SELECT count(*), count(result), count(DISTINCT key) FROM tasks").fetchone() == (1000,) * 3
    database.close()
    assert finished_first(ledger, calls, "seed") == []
    begun = Counter(line[0] for line in lines(calls))
    assert len(begun) == 1000
    assert 1000 <= sum(begun.values()) <= 1000 + repeated
    assert results(ledger) == rows


@pytest.mark.slow
def test_a_thousand_solves_on_two_processes_with_three_killed(undisturbed, ledger: Path, calls: Path):
    progress, killed = killer(calls, (150, 400, 700))
    rows = run(thousand(calls), ledger, workers=2, progress=progress)
    assert len(set(killed)) == 3
    check_thousand(rows, undisturbed, ledger, calls, repeated=3)
    again = [row for row in rows if row["attempts"] > 1]
    assert {row["failure"] for row in again} <= {"The worker process died (SIGKILL). Is there enough memory?"}
    assert sum(row["attempts"] for row in rows) <= 1003


@pytest.mark.slow
def test_a_thousand_solves_on_a_cluster_with_three_killed(undisturbed, ledger: Path, calls: Path, cluster):
    progress, killed = killer(calls, (150, 400, 700))
    rows = run(thousand(calls), ledger, scheduler=cluster.scheduler_address, progress=progress)
    assert len(set(killed)) == 3
    check_thousand(rows, undisturbed, ledger, calls, repeated=3 * 4)  # dask computes again what a dead worker held


def test_workers_end_with_a_killed_leader_in_the_middle_of_a_task(elsewhere, calls):
    """Tasks of ten minutes: nothing but the death of the leader ends them."""
    leader = elsewhere(2, delay=600.0, workers=2)
    wait_for(calls, 2)
    workers = [psutil.Process(int(line[1])) for line in lines(calls)]
    leader.kill()
    leader.wait()
    gone, alive = psutil.wait_procs(workers, timeout=10.0)
    for process in alive:
        process.kill()
    assert len(gone) == 2
