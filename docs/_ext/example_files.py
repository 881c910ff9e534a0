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
def image() -> Path:
    """Return a file with the labels of a composite: 0 spheres, 1 matrix, 2 shell."""
    import numpy as np

    from closo.models.microstructure import overlapping_spheres, sample

    path = _work() / "labels.npy"
    np.save(path, sample(overlapping_spheres(48e-9, 8e-9, 0.35, seed=1), 48, shell=2e-9).labels)
    return path
