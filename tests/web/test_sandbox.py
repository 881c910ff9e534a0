"""A child that dies, eats or hangs costs one file, not the server."""

from __future__ import annotations

import ctypes
import os
import socket
import sys
import threading
import time

import pytest

from closo.errors import DataError
from closo.web import sandbox

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="limits of a process are of POSIX")


def crash():
    ctypes.string_at(0)


def eat():
    return [len(b"x" * 6 * 1024**3)], []


def spin():
    while True:
        pass


def write(path):
    with open(path, "wb") as out:  # noqa: PTH123
        out.write(b"x" * 2_000_000)
    return None, []


def call_home(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=2).close()
    except OSError:
        return "no network", []
    return "reached", []


def greet(name, *, tell):
    tell([1, 2, "half"])
    return {"hello": name}, [b"\0\1"]


def test_what_a_child_answers_and_tells():
    told = []
    assert sandbox.call(greet, ("you",), tell=told.append) == ({"hello": "you"}, [b"\0\1"])
    assert told == [[1, 2, "half"]]


def test_a_crash_is_a_sentence_and_the_next_file_is_read():
    with pytest.raises(DataError, match="crashed the program that reads it"):
        sandbox.call(crash, ())
    assert sandbox.call(greet, ("again",), tell=lambda _: None)[0] == {"hello": "again"}


def test_memory_has_a_limit():
    with pytest.raises(DataError, match="memory"):
        sandbox.call(eat, (), limits=sandbox.Limits(memory=500 * 1024**2))


def test_computing_has_a_limit():
    start = time.monotonic()
    with pytest.raises(DataError, match="more than 1 s"):
        sandbox.call(spin, (), limits=sandbox.Limits(cpu=1))
    assert time.monotonic() - start < 60


def test_a_file_that_it_writes_has_a_limit(tmp_path):
    with pytest.raises(DataError):
        sandbox.call(write, (str(tmp_path / "large"),), limits=sandbox.Limits(file=1_000_000))
    assert (tmp_path / "large").stat().st_size <= 1_000_000


@pytest.mark.skipif(sys.platform != "linux", reason="leaving the network is of Linux")
def test_it_has_no_network():
    with socket.socket() as here:
        here.bind(("127.0.0.1", 0))
        here.listen()
        said = sandbox.call(call_home, (here.getsockname()[1],))[0]
    if said == "reached" and os.geteuid() != 0:
        pytest.skip("this Linux does not let an ordinary user leave the network")
    assert said == "no network"


def test_it_is_stopped_from_elsewhere():
    running = sandbox.Running()
    threading.Timer(0.5, running.stop).start()
    with pytest.raises(sandbox.CancelledError):
        sandbox.call(spin, (), running=running)
    with pytest.raises(sandbox.CancelledError):  # before it has begun
        sandbox.call(spin, (), running=running)
