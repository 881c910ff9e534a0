"""Worker processes: what they get first, in what form, and that they end when the process that started them is killed."""

import os
import pickle
import signal
import subprocess
import sys
import time
from pathlib import Path

from closo.pipeline.jobs import Job
from closo.pipeline.workers import _grouped
from closo.quantity import u_of, uncertain, value_of

LEADER = """
import os, time
from closo.engine.places import Processes

if __name__ == "__main__":
    place = Processes(2)
    for key in "ab":
        place.submit(key, "multiprocessing.connection:wait", {"object_list": [], "timeout": 600})
    time.sleep(3.0)  # until both have started
    print(*(seat.process.pid for seat in place._seats), flush=True)
    time.sleep(600)
"""


def alive(pid: int) -> bool:
    """Tell whether a process runs; one that has ended and was not waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_workers_end_with_a_killed_leader(tmp_path):
    script = tmp_path / "leader.py"
    script.write_text(LEADER)
    leader = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True)
    pids = [int(pid) for pid in leader.stdout.readline().split()]
    assert len(pids) == 2
    assert all(alive(pid) for pid in pids)
    os.kill(leader.pid, signal.SIGKILL)
    leader.wait()
    leader.stdout.close()
    deadline = time.monotonic() + 20.0
    while any(alive(pid) for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.1)
    left = [pid for pid in pids if alive(pid)]
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    assert left == []


def test_what_takes_longest_is_begun_first_and_files_stay_together():
    jobs = [
        Job(f"{file}#{part}", file, "", file, file, part, technique)
        for file, technique, parts in (("a", "impedance", 40), ("b", "diffraction", 1), ("c", "impedance", 3))
        for part in range(parts)
    ]
    groups = _grouped(jobs, 2)
    costs = [sum(job.cost for job in group) for group in groups]
    assert costs == sorted(costs, reverse=True)
    assert sorted(job.key for group in groups for job in group) == sorted(job.key for job in jobs)
    assert all(len({job.path for job in group}) == 1 for group in groups)
    assert max(len(group) for group in groups) <= sum(job.cost for job in jobs) // 8


def test_a_number_sent_to_another_process_keeps_its_sources():
    thickness = uncertain(3e-4, {"thickness:p1": 5e-6})
    ratio = pickle.loads(pickle.dumps(thickness)) / thickness  # noqa: S301
    assert (value_of(ratio), u_of(ratio)) == (1.0, 0.0)
