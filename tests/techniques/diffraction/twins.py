"""Patterns of known truth. None has what the fit assumes: other profiles, halos, cells, positions of atoms, backgrounds.

A milled mixture: two nanocrystalline salts of an icosahedral anion (one monoclinic, one body-centred cubic) under the
halo of silica, Co radiation (crystals, grains and halo are those of `closo.twin.diffraction`).
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from closo.dataset import new
from closo.techniques.diffraction.structure import load
from closo.twin.diffraction import CO, cif, grains, halo
from closo.twin.diffraction import salt as model_cell

__all__ = ["CO", "cif", "milled", "salt"]


def salt(kind, rng=None):
    """Return the CIF of the monoclinic ('alpha') or cubic ('beta') salt; with `rng` one that differs from it."""
    return model_cell({"alpha": "monoclinic", "beta": "cubic"}[kind], rng)


def milled(seed, fraction, folder: Path, *, make=salt, counts=4000):
    """Return a pattern with a mass fraction of alpha among the crystals, and its truth."""
    rng = np.random.default_rng(seed)
    x = np.arange(10.0, 80.001, 0.02)
    phases = []
    for kind in ("alpha", "beta"):
        file = folder / f"true_{kind}.cif"
        file.write_text(make(kind, rng))
        phases.append(load(str(file), CO, largest_angle=80.0))
    sizes = [150.0 * math.exp(0.2 * rng.uniform(-1, 1)), 80.0 * math.exp(0.2 * rng.uniform(-1, 1))]
    nuisance = {"instrument": 0.08, "displacement": 0.08 * rng.uniform(-1, 1), "transparency": rng.uniform(0.0, 0.045)}
    shapes = [{"spread": rng.uniform(0.15, 0.45), "strain": rng.uniform(0.0, 0.003)} for _ in phases]
    parts = [grains(x, p, CO, size=s, **shape, **nuisance) for p, s, shape in zip(phases, sizes, shapes, strict=True)]
    crystals = fraction / phases[0].density * parts[0] + (1 - fraction) / phases[1].density * parts[1]
    crystals = crystals / crystals.max()
    glass = math.exp(rng.uniform(math.log(0.3), math.log(1.2))) * halo(x, CO, rng)
    air = (
        0.1
        + rng.uniform(0.1, 0.4) * np.exp(-(x - 10.0) / rng.uniform(6.0, 15.0))
        + 0.03 * rng.uniform(-1, 1) * (x - 45) / 35
    )
    y = rng.poisson(counts * (crystals + glass + air))
    data = new("diffraction", {"two_theta": x, "counts": y}, source=f"twin{seed}.xy", metadata={"anode": "Co"})
    truth = {
        "mass_fraction:alpha": fraction,
        "mass_fraction:beta": 1.0 - fraction,
        "crystallite_size:alpha": 1e-10 * sizes[0],
        "crystallite_size:beta": 1e-10 * sizes[1],
        "lattice_a:beta": 1e-10 * phases[1].cell[0],
        **{f"lattice_{k}:alpha": 1e-10 * phases[0].cell[i] for i, k in enumerate("abc")},
    }
    return data, truth
