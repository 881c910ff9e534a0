"""Synthetic files for the gallery and the notebooks, written once per process."""

import atexit
import re
import shutil
import tempfile
from functools import cache
from pathlib import Path

_EXAMPLE = Path(__file__).parents[2] / "examples" / "na2b12h12-sio2"


@cache
def _work() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="closo-docs-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@cache
def study() -> Path:
    """Return the folder of a small synthetic study, as `closo twin STUDY --kind small` writes it."""
    from closo.twin import write_study

    folder = _work() / "study"
    write_study(folder, seed=1, kind="small")
    return folder


def raw_files() -> Path:
    """Return the folder with the files of the example study; they are only read."""
    return _EXAMPLE / "raw"


@cache
def isotherm(silica: str = "A200") -> Path:
    """Return the synthetic N2 isotherm of a silica, as an adsorption information file."""
    from closo.twin import Truth
    from closo.twin.sorption import write_aif

    path = _work() / f"{silica}.aif"
    write_aif(path, Truth().silica(silica))
    return path


@cache
def example() -> Path:
    """Return the example study with the first pellet of each sample only, so that it is quick."""
    folder = _work() / "example"
    shutil.copytree(_EXAMPLE, folder, ignore=shutil.ignore_patterns(".closo", "results"))
    text = (folder / "study.toml").read_text(encoding="utf-8")
    blocks = re.split(r"\n(?=\[)", text)
    kept = [block for block in blocks if not re.match(r'\[\[measurements\]\]\nspecimen = ".*-p[23]"', block)]
    (folder / "study.toml").write_text("\n".join(kept), encoding="utf-8")
    return folder


@cache
def cells() -> Path:
    """Return a folder with files of synthetic cells, in the formats of VersaStudio and EC-Lab."""
    from closo.twin import Truth
    from closo.twin.electrochemistry import write_electrochemistry

    folder = _work() / "cells"
    folder.mkdir()
    write_electrochemistry(folder, Truth(seed=1))
    return folder


@cache
def two_cells() -> Path:
    """Return the part of the example study that is about its two cells: their cycles, one pellet, one symmetric cell."""
    folder = _work() / "two-cells"
    (folder / "raw").mkdir(parents=True)
    blocks = re.split(r"\n(?=\[)", (_EXAMPLE / "study.toml").read_text(encoding="utf-8"))
    owners = r"(warm-cell|room-cell|symmetric|A200-35-4h-p1)"
    tables = rf"\[(materials\.|powders\.A200\]|chambers\.|samples\.A200-35-4h\]|(cells|specimens)\.{owners}\])"
    uses = rf'\[\[measurements\]\]\n(cell|specimen) = "{owners}"'
    kept = [b for b in blocks if re.match(rf"{tables}|{uses}|# |title", b)]
    (folder / "study.toml").write_text("\n".join(kept), encoding="utf-8")
    for file in re.findall(r'file = "raw/(.*?)"', "\n".join(kept)):
        shutil.copy(_EXAMPLE / "raw" / file, folder / "raw" / file)
    return folder


@cache
def image() -> Path:
    """Return a file with the labels of a composite: 0 spheres, 1 matrix, 2 shell."""
    import numpy as np

    from closo.models.microstructure import overlapping_spheres, sample

    path = _work() / "labels.npy"
    np.save(path, sample(overlapping_spheres(48e-9, 8e-9, 0.35, seed=1), 48, shell=2e-9).labels)
    return path


@cache
def powders() -> Path:
    """Return a folder with isotherms (AIF) and infrared spectra (JCAMP-DX) of synthetic powders."""
    from closo.twin import Truth
    from closo.twin.infrared import write_drifts
    from closo.twin.sorption import write_aif

    folder = _work() / "powders"
    folder.mkdir()
    for silica in Truth().silicas:
        write_aif(folder / f"{silica.name}.aif", silica)
    write_drifts(folder, seed=1)
    return folder


@cache
def edges() -> Path:
    """Return a folder with scans of X-ray Raman scattering of synthetic samples, as tables of text."""
    from closo.twin import Truth
    from closo.twin.core_level import core_level_tables

    folder = _work() / "edges"
    folder.mkdir()
    core_level_tables(folder, Truth(seed=1), ["pristine", "A380-35-4h"])
    return folder


@cache
def maps() -> Path:
    """Return a folder with an X-ray map, a loss map and a section of a synthetic composite, as .dm4."""
    from closo.twin.microscopy import write_maps

    folder = _work() / "maps"
    folder.mkdir()
    write_maps(folder, seed=1)
    return folder


_CUBIC = """data_{name}
_symmetry_space_group_name_H-M 'F m -3 m'
_cell_length_a {a}
_cell_length_b {a}
_cell_length_c {a}
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 90
loop_
_atom_site_label
_atom_site_type_symbol
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
_atom_site_U_iso_or_equiv
{metal}1 {metal} 0 0 0 0.022
Cl1 Cl 0.5 0.5 0.5 0.022
"""


@cache
def pattern() -> Path:
    """Return a folder with CIF files of NaCl and KCl, and a synthetic pattern of equal masses of the two, Cu radiation."""
    import numpy as np

    from closo.techniques.diffraction.structure import inverse_spacings, load
    from closo.techniques.diffraction.wavelengths import radiation_of

    folder = _work() / "pattern"
    folder.mkdir()
    copper = radiation_of({}, anode="Cu", wavelength=None, file="synthetic")
    x = np.arange(20.0, 90.0, 0.02)
    total = np.zeros_like(x)
    for name, metal, a in (("NaCl", "Na", 5.640), ("KCl", "K", 6.293)):
        file = folder / f"{name}.cif"
        file.write_text(_CUBIC.format(name=name, metal=metal, a=a))
        phase = load(str(file), copper, largest_angle=90.0)
        for wavelength, part in copper.lines:
            sine = 0.5 * inverse_spacings(phase.cell, phase.hkl) * wavelength
            theta, strength = np.arcsin(sine[sine < 1]), phase.strength[sine < 1]
            height = part * strength * (1 + np.cos(2 * theta) ** 2) / (np.sin(theta) ** 2 * np.cos(theta))
            fwhm = np.hypot(0.07, np.degrees(0.9 * wavelength / (400.0 * np.cos(theta))))
            r = ((x[:, None] - np.degrees(2 * theta)) / (0.5 * fwhm)) ** 2
            total += (0.6 * np.exp(-np.log(2) * r) + 0.22 / (1 + r)) @ (height / fwhm) / phase.density
    counts = np.random.default_rng(1).poisson(80 + 8000 * total / total.max())
    rows = "".join(f"{angle:.2f} {count}\n" for angle, count in zip(x, counts, strict=True))
    (folder / "mixture.xy").write_text(rows)
    return folder
