"""Imported by the process from which children are forked, and there alone: loads what a first file needs."""

from __future__ import annotations

import importlib
from contextlib import suppress

import numpy as np

from closo import pipeline, readers
from closo.dataset import new
from closo.figures import draw
from closo.techniques import TECHNIQUES
from closo.web import child

__all__: list[str] = []


def _load() -> None:
    """Import readers and techniques, and analyse and draw a made-up spectrum, which loads the libraries behind them."""
    for module in (*(row.module for row in readers.READERS), *(row.module for row in TECHNIQUES), child.__name__):
        with suppress(ImportError):  # an extra that is not installed
            importlib.import_module(module)
    f = np.geomspace(1e6, 1.0, 31)
    arc = 500.0 / (1.0 + 2j * np.pi * f * 500.0 * 1e-10) + 1.0 / (2j * np.pi * f * 1e-5)
    spectrum = new("impedance", {"frequency": f, "impedance": arc}, source="warm")
    asked = {"circuit": "(R|C)-Q", "drt": False}
    geometry = {"area": "1 cm2", "thickness": "1 mm"}
    outcome = next(iter(pipeline.run("impedance", spectrum, inputs=geometry, settings=asked)))
    if outcome.result is not None:
        draw(pipeline.figure(outcome.result))


_load()
