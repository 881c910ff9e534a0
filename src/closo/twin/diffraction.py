"""Powder patterns of a salt that milling turns from a monoclinic into a cubic and then a glassy form, under the halo of
silica.

None of it is what an analysis assumes: the crystals differ from the model cells that it is given, grains have sizes of a
lognormal law and are strained, the halo is skewed with tails, the milled salt has a hump of its own, and the air
scatters.

The model cells are built here from a regular icosahedron in cells of the literature, and are no published structures.
Sources: cells, Her et al., J. Phys. Chem. C 2009, 113, 11187 (monoclinic); space group of the cubic form, Verdal et al.,
J. Phys. Chem. C 2014, 118, 17483. Every other number is a free choice.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from closo.techniques.diffraction.structure import Phase, inverse_spacings, load
from closo.techniques.diffraction.wavelengths import Radiation, radiation_of
from closo.twin.composite import phase_fractions
from closo.twin.truth import SYNTHETIC, Truth, stream

CO = radiation_of({}, anode="Co", wavelength=None, file="twin")
PHASES = ("monoclinic", "cubic")
PROFILE = "0 0 0.0064 0 0 0.02"
"""Of the instrument, as a run on a standard prints it."""

_GOLD = 0.5 * (1.0 + math.sqrt(5.0))
_HALF = [(0, 1, _GOLD), (0, 1, -_GOLD), (1, _GOLD, 0), (1, -_GOLD, 0), (_GOLD, 0, 1), (-_GOLD, 0, 1)]
_VERTICES = np.array(_HALF) / math.hypot(1.0, _GOLD)  # half of an icosahedron; symmetry gives the rest
_RADII = {"B": 1.69, "H": 2.88}  # angstrom
_ANGLES = (10.0, 60.0, 0.02)  # deg, printed
_COUNTS = 10_000.0  # at the highest point
_SILICA, _GLASS = 0.09, 0.05  # height of halo and hump over that of the pure salt in large crystals


def cif(name: str, group: str, cell: Sequence[float], atoms: Sequence[tuple[Any, ...]]) -> str:
    """Return the text of a CIF file; atoms are (element, (x, y, z), occupancy, U iso)."""
    lengths = [f"_cell_length_{k} {v:.6f}" for k, v in zip("abc", cell[:3], strict=True)]
    angles = [f"_cell_angle_{k} {v:.6f}" for k, v in zip(("alpha", "beta", "gamma"), cell[3:], strict=True)]
    columns = ["label", "type_symbol", "fract_x", "fract_y", "fract_z", "occupancy", "U_iso_or_equiv"]
    rows = [f"{e}{k} {e} {x:.6f} {y:.6f} {z:.6f} {o:.6g} {u:.5f}" for k, (e, (x, y, z), o, u) in enumerate(atoms)]
    head = [f"data_{name}", f"_symmetry_space_group_name_H-M '{group}'", *lengths, *angles, "loop_"]
    return "\n".join([*head, *(f"_atom_site_{c}" for c in columns), *rows]) + "\n"


def _rotation(axis: tuple[int, int, int], degrees: float) -> np.ndarray:
    x, y, z = np.asarray(axis, float) / np.linalg.norm(axis)
    k = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    a = math.radians(degrees)
    return np.asarray(np.eye(3) + math.sin(a) * k + (1 - math.cos(a)) * k @ k)


def salt(kind: str, random: np.random.Generator | None = None, *, growth: float = 0.006, unlike: float = 1.0) -> str:
    """Return the CIF text of the monoclinic or the cubic salt; with `random` one that differs from it.

    Parameters
    ----------
    growth : largest relative difference of the cell's lengths.
    unlike : how far positions and displacements are off; at 1 intensities differ by some 6 %.
    """

    def off(scale: float) -> float:
        return 0.0 if random is None else unlike * scale * float(random.uniform(-1.0, 1.0))

    growth /= unlike
    grown, warm, swollen = 1 + off(growth), math.exp(off(0.3)), 1 + off(0.01)
    if kind == "cubic":
        a = 7.918 * grown
        atoms: list[tuple[Any, ...]] = [("Na", (1 / 3 + off(0.004), 0.0, 0.5), 1 / 3, 0.10 * warm)]
        u = {"B": 0.08 * warm, "H": 0.10 * warm}
        turned = _VERTICES @ _rotation((1, 2, 3), 25.0 + off(6.0)).T
        atoms += [(e, swollen * _RADII[e] / a * v, 1 / 12, u[e]) for v in turned for e in ("B", "H")]
        return cif(kind, "P m -3 n", (a, a, a, 90, 90, 90), atoms)
    cell = tuple(length * grown * (1 + off(growth / 3.0)) for length in (7.02, 10.65, 7.00))
    beta = 94.65 + off(0.2)
    cosine, sine = math.cos(math.radians(beta)), math.sin(math.radians(beta))
    to_cell = np.array([[cell[0], 0, cell[2] * cosine], [0, cell[1], 0], [0, 0, cell[2] * sine]])
    turned = _VERTICES @ _rotation((2, 1, 1), 35.0 + off(5.0)).T
    atoms = [("Na", (0.503 + off(0.004), 0.795 + off(0.003), 0.098 + off(0.004)), 1, 0.038 * warm)]
    u = {"B": 0.032 * warm, "H": 0.05 * warm}
    atoms += [(e, np.linalg.solve(to_cell, swollen * _RADII[e] * v), 1, u[e]) for v in turned for e in ("B", "H")]
    return cif(kind, "P 1 21/n 1", (*cell, 90, beta, 90), atoms)


def grains(
    x: np.ndarray,
    phase: Phase,
    radiation: Radiation,
    *,
    size: float,
    spread: float,
    strain: float,
    instrument: float,
    displacement: float,
    transparency: float,
) -> np.ndarray:
    """Return the pattern of lognormal spheres, summed over sizes [angstrom], at angles `x` [deg], shape (n,)."""
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
                broad = 0.9 * wavelength / (diameter * math.cos(theta[k])) + 4.0 * strain * math.tan(theta[k])
                fwhm = math.hypot(instrument, math.degrees(broad))
                r = ((x - centre[k]) / (0.5 * fwhm)) ** 2
                total += height[k] * weight * (0.61 * np.exp(-math.log(2) * r) + 0.223 / (1.0 + r)) / fwhm
    return total


def halo(x: np.ndarray, radiation: Radiation, random: np.random.Generator) -> np.ndarray:
    """Return the scattering of vitreous silica with another position, width, skew and tails for each draw, height 1."""
    q = 4.0 * math.pi * np.sin(np.radians(x / 2.0)) / radiation.main

    def bump(centre: float, width: float, skew: float = 0.0) -> np.ndarray:
        half = 0.5 * width * (1.0 + skew * np.tanh(2.0 * (q - centre) / width))
        r = ((q - centre) / half) ** 2
        return np.asarray(0.8 * np.exp(-math.log(2) * r) + 0.2 / (1.0 + r))

    def off(scale: float) -> float:
        return scale * float(random.uniform(-1.0, 1.0))

    first = bump(1.53 * (1 + off(0.025)), 0.55 * math.exp(off(0.2)), off(0.15))
    second = random.uniform(0.05, 0.12) * bump(2.9 + off(0.1), 0.9)
    return np.asarray(first + second + random.uniform(0.03, 0.08) * bump(5.2, 1.2))


def write_patterns(raw: Path, structures: Path, truth: Truth, samples: Mapping[str, tuple[float, float]]) -> None:
    """Write the model cells into `structures`, and the pattern of each sample into `raw` as NAME.uxd.

    Parameters
    ----------
    samples : name -> hours of milling and mass fraction of silica.
    """
    structures.mkdir(exist_ok=True)
    for kind in PHASES:
        text = f"# {SYNTHETIC}\n# computed from a regular icosahedron; no published structure\n{salt(kind)}"
        (structures / f"{kind}.cif").write_text(text, encoding="utf-8", newline="\n")
    random = stream(truth.seed, "crystals")
    with tempfile.TemporaryDirectory() as folder:
        phases = []
        for kind in PHASES:
            file = Path(folder) / f"{kind}.cif"
            file.write_text(salt(kind, random, growth=0.0015, unlike=0.4), encoding="utf-8")
            phases.append(load(str(file), CO, largest_angle=_ANGLES[1] + 3.0))
    x = np.arange(_ANGLES[0], _ANGLES[1] + 0.5 * _ANGLES[2], _ANGLES[2])
    for name, (hours, silica) in samples.items():
        counts, seconds = _pattern(x, phases, truth, name, hours=hours, silica=silica)
        _write_uxd(raw / f"{name}.uxd", counts, name, seconds)


def _pattern(
    x: np.ndarray, phases: Sequence[Phase], truth: Truth, name: str, *, hours: float, silica: float
) -> tuple[np.ndarray, float]:
    """Return the counts of a sample and the time of a step [s]: monoclinic to cubic to glass by the truth's rates, and the
    halo of its silica; each is counted until its highest point has as many counts, and filled a little differently.
    """
    random = stream(truth.seed, "pattern", name)
    first, second, glassy = phase_fractions(hours, k1=truth.milling_rates[0], k2=truth.milling_rates[1])
    common = {
        "instrument": 0.08,
        "displacement": float(random.normal(0.0, 0.03)),
        "transparency": float(random.uniform(0.0, 0.037)),
    }
    sizes = (130.0 + 470.0 * math.exp(-hours), 90.0)
    large = grains(x, phases[0], CO, size=600.0, spread=0.3, strain=0.0, **common).max() / phases[0].density
    crystals = np.zeros_like(x)
    for phase, part, size in zip(phases, (first, second), sizes, strict=True):
        strain = float(random.uniform(0.0005, 0.003)) if hours else 0.0
        crystals += part / phase.density * grains(x, phase, CO, size=size, spread=0.3, strain=strain, **common) / large
    hump = np.exp(-4.0 * math.log(2.0) * ((x - 17.9) / 4.0) ** 2)
    y = (1.0 - silica) * (crystals + _GLASS * glassy * hump) + _SILICA * silica * halo(x, CO, random)
    highest = float(y.max())
    y, seconds = y / highest, 0.5 / highest / math.exp(float(random.normal(0.0, 0.03)))
    air = (
        0.05 + 0.15 * np.exp(-(x - x[0]) / random.uniform(6.0, 15.0)) + 0.01 * random.uniform(-1, 1) * (x - 35.0) / 25.0
    )
    return np.asarray(random.poisson(_COUNTS * (y + air))), seconds


def _write_uxd(path: Path, counts: np.ndarray, name: str, seconds: float) -> None:
    (first, first_share), (second, second_share) = CO.lines
    head = [
        f"; {SYNTHETIC}", "_FILEVERSION=3", f"_SAMPLE='{name}'", "_SITE=''", "_ANODE='Co'", f"_WL1={first:.6f}",
        f"_WL2={second:.6f}", f"_WLRATIO={second_share / first_share:g}", "_GONIOMETER_RADIUS=141", "_KV=30", "_MA=10",
        "; (Data for range 1)", "_DRIVE='COUPLED'", f"_STEPTIME={seconds:.3f}", f"_STEPSIZE={_ANGLES[2]:g}",
        f"_START={_ANGLES[0]:g}", "_COUNTS",
    ]  # fmt: skip
    rows = [" ".join(f"{n:d}" for n in counts[k : k + 10]) for k in range(0, len(counts), 10)]
    path.write_text("\n".join([*head, *rows, ""]), encoding="utf-8", newline="\n")
