"""Worker processes end when the process that started them is killed."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

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
