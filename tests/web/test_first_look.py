"""From the command to a plot that answers: the whole chain of processes, in a real browser, as computing time."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium on this machine (apt-get install chromium)"),
    pytest.mark.skipif(sys.platform != "linux", reason="the time of a process and its children is read from /proc"),
]


def computing(pid: int) -> dict[int, float]:
    """Return the CPU time [s] of a process and of each that it or these have started, with those that have ended."""
    tick, parents, times = os.sysconf("SC_CLK_TCK"), {}, {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            words = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        number = int(path.parent.name)
        parents[number], times[number] = int(words[1]), sum(map(int, words[11:15])) / tick
    family = {pid}
    while more := {child for child, parent in parents.items() if parent in family} - family:
        family |= more
    return {one: times[one] for one in family}


def listening(pids: list[int]) -> set[str]:
    """Return the addresses, as the kernel writes them, on which these processes wait for others."""
    sockets = set()
    for pid in pids:
        for path in Path(f"/proc/{pid}/fd").glob("*"):
            with suppress(OSError):
                sockets.add(str(path.readlink()))
    found = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            words = line.split()
            if words[3] == "0A" and f"socket:[{words[9]}]" in sockets:
                found.add(words[1].partition(":")[0])
    return found


def test_from_the_command_to_a_plot(shared_data, tmp_path):
    """Server and reader compute beside each other: where each takes less than 4 s, two cores show the plot within 4 s."""
    from playwright.sync_api import sync_playwright

    script = "from closo.cli import main; main(['serve', '--no-browser'])"
    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page()
        begun = time.monotonic()
        server = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, cwd=tmp_path)
        try:
            address = re.search(r"http://\S+", server.stdout.readline()).group()
            page.goto(address)  # it is answered as soon as it is printed
            page.set_input_files("#drop input[type=file] >> nth=0", shared_data / "eis" / "yadg" / "peis.mpr")
            page.wait_for_selector("figure .plot .xtick", state="attached", timeout=120_000)
            took, times = time.monotonic() - begun, computing(server.pid)
            assert re.search(r"total resistance\s10\.\d+\s±\s0\.0\d+\sΩ", page.inner_text("table.rows"))
            said = f"plot {took:.1f} s after the command, computing {times}"
            assert listening(list(times)) == {"0100007F"}  # 127.0.0.1, and nothing else
            assert max(times.values()) < 4.0, said  # 1.7 s in the server, 2.4 s in the process that children come from
            before, begun = sum(times.values()), time.monotonic()
            page.set_input_files("#drop input[type=file] >> nth=0", shared_data / "eis" / "yadg" / "peis.mpr")
            page.wait_for_timeout(300)
            page.wait_for_selector("figure .plot .xtick", state="attached", timeout=120_000)
            assert sum(computing(server.pid).values()) - before < 1.0
            server.send_signal(signal.SIGINT)
            assert server.wait(20) in (0, 130, -signal.SIGINT)
        finally:
            server.kill()
            server.wait()
            server.stdout.close()
            browser.close()
