"""The sweep `conductivity`: limits that are known, and one sweep of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from closo.errors import StudyError
from closo.models.simulation import GEOMETRIES
from closo.sweep import plan, run
from closo.sweep.conductivity import conductivity


@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_spheres_in_a_matrix_stay_below_the_bound_of_hashin_and_shtrikman(geometry: str):
    found = conductivity(filler_fraction=0.25, shell_ratio=0.2, contrast=1.0, geometry=geometry, cells=16)
    phi = found["particle_fraction"]
    assert phi == pytest.approx(0.25, abs=0.02)
    bound = (1 - phi) / (1 + phi / 2)  # Hashin and Shtrikman 1962, upper bound with an insulator
    assert 0.7 * bound < found["effective_conductivity"] < bound + 2 * found["u"]
    assert 0.003 * bound <= found["u"] < 0.05 * bound
    assert found["particle_fraction"] + found["shell_fraction"] + found["matrix_fraction"] == pytest.approx(1.0)
    assert found["lower"] <= found["network_conductivity"] <= found["upper"]


def test_without_particles_it_is_the_matrix():
    found = conductivity(filler_fraction=0.0, shell_ratio=0.2, contrast=50.0, cells=8)
    assert found["effective_conductivity"] == pytest.approx(1.0, rel=1e-4)


def test_a_better_shell_never_conducts_worse(tmp_path: Path):
    tasks = plan(
        "conductivity",
        {"seed": [0, 1], "contrast": [0.1, 1.0, 10.0, 100.0]},
        fixed={"filler_fraction": 0.3, "shell_ratio": 0.2, "cells": 8},
    )
    rows = run(tasks, tmp_path / "sweep.sqlite")
    for seed in (0, 1):
        values = [row["effective_conductivity"] for row in rows if row["seed"] == seed]
        assert values == sorted(values)
        assert values[-1] > 2 * values[0]
    assert rows[0]["particle_fraction"] != rows[4]["particle_fraction"]


def test_a_geometry_that_does_not_exist_is_refused():
    with pytest.raises(StudyError, match="Did you mean 'overlapping'"):
        conductivity(filler_fraction=0.1, shell_ratio=0.2, contrast=1.0, geometry="overlaping")
