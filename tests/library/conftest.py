"""Libraries on both databases: a SQLite file, and a PostgreSQL server that the tests start and stop."""

import getpass
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest

PROGRAMS = Path("/usr/lib/postgresql")


def _user() -> str | None:
    """Return the user who may run a server: initdb refuses root."""
    if os.name == "posix" and os.getuid() == 0:
        return "postgres" if shutil.which("runuser") else None
    return getpass.getuser()


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """Start a PostgreSQL server of our own on this computer; yields its address without a database."""
    pytest.importorskip("pg8000", reason="pg8000 is not installed (extra `postgres`)")
    found = sorted(PROGRAMS.glob("*/bin/initdb")) if PROGRAMS.is_dir() else []
    user = _user()
    if not found or user is None:
        pytest.skip("PostgreSQL is not installed, or there is no user who may run it")
    home = found[-1].parent
    as_user = ["runuser", "-u", user, "--"] if os.getuid() == 0 else []
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder = Path(subprocess.check_output([*as_user, "mktemp", "-d", "/tmp/closo-postgres-XXXXXX"], text=True).strip())
    data = folder / "data"
    begin = [*as_user, str(home / "initdb"), "-D", str(data), "-U", "closo", "-A", "trust", "-E", "UTF8", "--no-sync"]
    subprocess.run([*begin, "--locale=C.UTF-8"], check=True, capture_output=True)
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=off"
    subprocess.run(
        [*as_user, str(home / "pg_ctl"), "-D", str(data), "-o", options, "-l", str(folder / "log"), "-w", "start"],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    yield f"postgresql://closo@127.0.0.1:{port}"
    stop = [*as_user, str(home / "pg_ctl"), "-D", str(data), "-m", "immediate", "stop"]
    subprocess.run(stop, check=True, stdout=subprocess.DEVNULL)
    time.sleep(0.1)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgres(server):
    """Return the address of an empty database."""
    import sqlalchemy as sa

    name = f"library_{time.monotonic_ns()}"
    engine = sa.create_engine(server.replace("postgresql", "postgresql+pg8000") + "/postgres")
    with engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql(f"CREATE DATABASE {name}")
    engine.dispose()
    return f"{server}/{name}"


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request, tmp_path) -> str:
    """Return where a library may be made, on each database."""
    return str(tmp_path / "library.sqlite") if request.param == "sqlite" else request.getfixturevalue("postgres")
