"""Patterns of known truth. None has what the fit assumes: other profiles, halos, cells, positions of atoms, backgrounds.

A milled mixture: two nanocrystalline salts of an icosahedral anion (one monoclinic, one body-centred cubic) under the
halo of silica, Co radiation. The crystals are built here from the icosahedron; they are no published structures.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from closo.dataset import new
from closo.techniques.diffraction.structure import inverse_spacings, load
from closo.techniques.diffraction.wavelengths import radiation_of

CO = radiation_of({}, anode="Co", wavelength=None, file="twin")
GOLD = 0.5 * (1.0 + math.sqrt(5.0))
HALF = np.array([(0, 1, GOLD), (0, 1, -GOLD), (1, GOLD, 0), (1, -GOLD, 0), (GOLD, 0, 1), (-GOLD, 0, 1)]) / math.hypot(
    1.0, GOLD
)
RADII = {"B": 1.69, "H": 2.88}  # angstrom


def cif(name, group, cell, atoms):
    """Return the text of a CIF file."""
    lengths = [f"_cell_length_{k} {v:.6f}" for k, v in zip("abc", cell[:3], strict=True)]
    angles = [f"_cell_angle_{k} {v:.6f}" for k, v in zip(("alpha", "beta", "gamma"), cell[3:], strict=True)]
    columns = ["label", "type_symbol", "fract_x", "fract_y", "fract_z", "occupancy", "U_iso_or_equiv"]
    rows = [f"{e}{k} {e} {x:.6f} {y:.6f} {z:.6f} {o} {u:.5f}" for k, (e, (x, y, z), o, u) in enumerate(atoms)]
    head = [f"data_{name}", f"_symmetry_space_group_name_H-M '{group}'", *lengths, *angles, "loop_"]
    return "\n".join([*head, *(f"_atom_site_{c}" for c in columns), *rows]) + "\n"


def rotation(axis, degrees):
    x, y, z = np.asarray(axis, float) / np.linalg.norm(axis)
    k = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    a = math.radians(degrees)
    return np.eye(3) + math.sin(a) * k + (1 - math.cos(a)) * k @ k


def salt(kind, rng=None):
    """Return the CIF of the monoclinic ('alpha') or cubic ('beta') salt; with `rng` one that differs from it."""

    def off(scale):
        return 0.0 if rng is None else scale * rng.uniform(-1.0, 1.0)

    grown, warm, swollen = 1 + off(0.006), math.exp(off(0.3)), 1 + off(0.01)
    if kind == "beta":
        a = 7.918 * grown
        atoms = [("Na", (1 / 3 + off(0.004), 0.0, 0.5), 1 / 3, 0.10 * warm)]
        u = {"B": 0.08 * warm, "H": 0.10 * warm}
        turned = HALF @ rotation((1, 2, 3), 25.0 + off(6.0)).T
        atoms += [(e, swollen * RADII[e] / a * v, 1 / 12, u[e]) for v in turned for e in ("B", "H")]
        return cif("beta", "P m -3 n", (a, a, a, 90, 90, 90), atoms)
    cell = tuple(length * grown * (1 + off(0.002)) for length in (7.02, 10.65, 7.00))
    beta = 94.65 + off(0.2)
    to_cell = np.array(
        [
            [cell[0], 0, cell[2] * math.cos(math.radians(beta))],
            [0, cell[1], 0],
            [0, 0, cell[2] * math.sin(math.radians(beta))],
        ]
    )
    turned = HALF @ rotation((2, 1, 1), 35.0 + off(5.0)).T
    atoms = [("Na", (0.503 + off(0.004), 0.795 + off(0.003), 0.098 + off(0.004)), 1, 0.038 * warm)]
    u = {"B": 0.032 * warm, "H": 0.05 * warm}
    atoms += [(e, np.linalg.solve(to_cell, swollen * RADII[e] * v), 1, u[e]) for v in turned for e in ("B", "H")]
    return cif("alpha", "P 1 21/n 1", (*cell, 90, beta, 90), atoms)


def grains(x, phase, radiation, *, size, spread, strain, instrument, displacement, transparency):
    """Return the pattern of lognormal spheres: summed over sizes; strain, transparency."""
    z = np.linspace(-1.8, 1.8, 7)
    diameters = np.exp(spread * z)
    weights = np.exp(-0.5 * z**2) * diameters**3
    weights /= weights.sum()
    diameters = diameters / float(weights @ diameters) * size
    total = np.zeros_like(x)
    q = inverse_spacings(phase.cell, phase.hkl)
    for wavelength, part in radiation.lines:
        seen = 0.5 * q * wavelength < math.sin(math.radians(0.5 * (x[-1] + 3.0)))
        angle = 2.0 * np.arcsin(0.5 * q[seen] * wavelength)
        theta = 0.5 * angle
        height = part * phase.strength[seen] * (1 + np.cos(angle) ** 2) / (np.sin(theta) ** 2 * np.cos(theta))
        centre = np.degrees(angle) + displacement * np.cos(theta) - transparency * np.sin(angle)
        for k in np.flatnonzero(height > 1e-4 * height.max()):
            for diameter, weight in zip(diameters, weights, strict=True):
                broad = math.degrees(
                    0.9 * wavelength / (diameter * math.cos(theta[k])) + 4.0 * strain * math.tan(theta[k])
                )
                fwhm = math.hypot(instrument, broad)
                r = ((x - centre[k]) / (0.5 * fwhm)) ** 2
                total += height[k] * weight * (0.61 * np.exp(-math.log(2) * r) + 0.223 / (1.0 + r)) / fwhm
    return total


def halo(x, radiation, rng):
    """Return the scattering of vitreous silica with another position, width, skew and tails in each pattern."""
    q = 4.0 * math.pi * np.sin(np.radians(x / 2.0)) / radiation.main

    def bump(centre, width, skew=0.0):
        half = 0.5 * width * (1.0 + skew * np.tanh(2.0 * (q - centre) / width))
        r = ((q - centre) / half) ** 2
        return 0.8 * np.exp(-math.log(2) * r) + 0.2 / (1.0 + r)

    first = bump(
        1.53 * (1 + 0.025 * rng.uniform(-1, 1)), 0.55 * math.exp(0.2 * rng.uniform(-1, 1)), 0.15 * rng.uniform(-1, 1)
    )
    second = rng.uniform(0.05, 0.12) * bump(2.9 + 0.1 * rng.uniform(-1, 1), 0.9)
    return first + second + rng.uniform(0.03, 0.08) * bump(5.2, 1.2)


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
