"""A served page, with and without a study; and a browser."""

from __future__ import annotations

import shutil
import socket
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from closo import pipeline
from closo.result import Check, Result
from closo.twin import write_study
from closo.web import sandbox
from closo.web.app import make_app
from closo.web.safety import Access
from closo.web.workplace import Workplace

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # starlette would rather have a successor of httpx
    from starlette.testclient import TestClient

ORIGIN = "http://127.0.0.1:8322"


@pytest.fixture(scope="session", autouse=True)
def warm() -> None:
    sandbox.warm_up()


@pytest.fixture(scope="session")
def analysed(tmp_path_factory) -> Path:
    """Return the folder of a small synthetic study with its results."""
    folder = tmp_path_factory.mktemp("study") / "small"
    write_study(folder, seed=5, kind="small")
    pipeline.analyse(folder)
    return folder


@pytest.fixture
def study(analysed, tmp_path) -> Path:
    """Return a copy of the study that a test may change."""
    return Path(shutil.copytree(analysed, tmp_path / "small"))


@pytest.fixture
def spectrum(tmp_path) -> Path:
    """Return a file of a spectrum whose resistance is 500 ohm, and then electrodes."""
    path = tmp_path / "pellet 25C.csv"
    path.write_text(_spectrum_text(500.0), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def spectrum_text():
    """Return the function that writes such a spectrum of another resistance."""
    return _spectrum_text


def _spectrum_text(resistance: float) -> str:
    f = np.geomspace(1e6, 1.0, 37)
    noise = 1 + 1e-3 * np.random.default_rng(1).standard_normal((2, f.size)) @ np.eye(37)
    z = resistance / (1 + 2j * np.pi * f * resistance * 1e-10) + 1 / (2j * np.pi * f * 1e-5)
    rows = [f"{a:.6e},{b.real * n:.8e},{b.imag * m:.8e}" for a, b, n, m in zip(f, z, *noise, strict=True)]
    return "\n".join(["frequency/Hz,Re(Z)/Ohm,Im(Z)/Ohm", *rows])


class Served:
    """A client that has come in by the token, as a browser does."""

    def __init__(self, client: TestClient, app) -> None:
        self.client, self.app = client, app
        self.place: Workplace = app._app.state.workplace

    def get(self, address: str, **more):
        return self.client.get(address, **more)

    def post(self, address: str, **more):
        headers = {"origin": ORIGIN} | more.pop("headers", {})
        return self.client.post(address, headers=headers, **more)

    def json(self, address: str):
        answer = self.client.get(address, headers={"accept": "application/json"})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def drop(self, *paths: Path, wait: float = 90.0):
        files = [("files", (path.name, path.read_bytes())) for path in paths]
        answer = self.post("/drop/files", files=files, headers={"accept": "application/json"})
        assert answer.status_code == 200, answer.text
        return self.settle(wait)

    def settle(self, wait: float = 90.0):
        end = time.monotonic() + wait
        while (shown := self.json("/drop"))["waiting"] and time.monotonic() < end:
            time.sleep(0.1)
        assert not shown["waiting"], "the files were not finished in time"
        return shown


@contextmanager
def serving(place: Workplace, **access) -> Iterator[Served]:
    app = make_app(place, Access((ORIGIN,), **access))
    with TestClient(app, base_url=ORIGIN) as client:
        served = Served(client, app)
        if not access.get("users"):
            came = client.get(f"/?token={app._access.token}")
            assert came.status_code == 200
        yield served


@pytest.fixture
def serve_page():
    """Return the function that serves a workplace."""
    return serving


@pytest.fixture
def bench(tmp_path) -> Iterator[Served]:
    """Return the page to drop files on."""
    with serving(Workplace(None, tmp_path)) as served:
        yield served


@pytest.fixture
def opened(study, tmp_path) -> Iterator[Served]:
    """Return the pages of the small study."""
    with serving(Workplace(study, tmp_path)) as served:
        yield served


@pytest.fixture
def element_map() -> Path:
    """Return a map of X-ray spectra of the example."""
    return Path(__file__).parents[2] / "examples" / "na2b12h12-sio2" / "raw" / "A200-35-4h_stem.dm4"


@pytest.fixture
def limited() -> Result:
    """Return what `closo infer cell` makes: two mechanisms of which one fits."""
    rows = [
        {"name": "slow diffusion", "probability": 0.9, "difference": 0.0, "chi2": 3.0, "dof": 13, "fits": True,
         "interval": [8e-19, 2e-18], "median": 1e-18, "unit": "m2/s"},
        {"name": "separator", "probability": 0.1, "difference": -30.0, "chi2": 60.0, "dof": 13, "fits": False,
         "interval": [0.1, 0.2], "median": 0.15, "unit": "1"},
    ]  # fmt: skip
    findings = {"answer": "These cells are limited by: slow diffusion.", "ranking": rows, "course": [], "cells": []}
    check = Check("two temperatures", False, "1 cell, 0.0 K apart")
    return Result("cell_limits", "study", {}, checks=(check,), findings=findings)


@pytest.fixture
def live() -> Iterator[Callable[..., str]]:
    """Return a function that serves a workplace for a browser, and gives the address that opens it."""
    import uvicorn

    running = []

    def begin(place: Workplace) -> str:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        access = Access((f"http://127.0.0.1:{port}",))
        server = uvicorn.Server(uvicorn.Config(make_app(place, access), port=port, log_level="error", ws="none"))
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        end = time.monotonic() + 60
        while not server.started and time.monotonic() < end:
            time.sleep(0.05)
        running.append((server, thread))
        return f"http://127.0.0.1:{port}/?token={access.token}"

    yield begin
    for server, thread in running:
        server.should_exit = True
        thread.join(20)
