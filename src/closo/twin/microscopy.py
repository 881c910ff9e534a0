"""Micrographs of silica in a borohydride: a STEM lamella as X-ray map and loss map, an SEM section, as .dm4.

A particle is a sphere with a graded shell that holds boron, drawn in projection through a lamella of changing
thickness; the matrix has boron and sodium. What closo assumes is not what is drawn: shells have no sharp outer side,
particles are slightly oval, the probe has tails, the background of X-rays is that of Kramers with absorption, and
that of losses is not a power law.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.ndimage import gaussian_filter

from closo.twin.digital_micrograph import write_dm4
from closo.twin.truth import stream

_SAMPLE = "A200-35-4h"
_ENERGIES = 15.0 * np.arange(140)  # eV, of X-rays
_LOSSES = 155.0 + 0.5 * np.arange(200)  # eV
_LINES = {"B": 183.3, "C": 277.0, "O": 524.9, "Na": 1041.0, "Si": 1740.0}


@dataclass(frozen=True)
class Lamella:
    """What a STEM map is made of."""

    size: int = 40  # pixels along a side
    pixel: float = 2e-9  # m
    radius: float = 10.0  # of the particle [pixels]
    width: float = 2.5  # of its shell [pixels]; the mean of a graded one
    excess: float = 4.0  # boron of the shell over that of the matrix; 0 for none
    counts: float = 12.0  # of boron per pixel of matrix, of each pixel's whole thickness
    oval: float = 0.05  # relative difference of the axes
    wedge: float = 0.2  # relative difference of the thickness across the map
    probe: float = 0.8  # sd of the probe [pixels]
    fade: float = 0.4  # the outer side of the shell lies between 1 - fade and 1 + fade of its width

    def lengths(self) -> dict[str, np.ndarray]:
        """Return the lengths of matrix, particle and shell along the beam, over the thickness; shape (size, size)."""
        y, x = (np.mgrid[: self.size, : self.size] + 0.5 - self.size / 2.0) * np.array([1 + self.oval, 1 - self.oval])[
            :, None, None
        ]
        rho = np.hypot(y, x)
        thickness = 2.6 * self.radius

        def chord(radius: float) -> np.ndarray:
            return np.asarray(2.0 * np.sqrt(np.maximum(radius**2 - rho**2, 0.0)))

        # a shell that fades linearly over its middle, in twenty sheets: its mean width is `width`
        outer = self.radius + self.width * np.linspace(1.0 - self.fade, 1.0 + self.fade, 20)
        solid = chord(self.radius)
        shell = np.mean([chord(r) for r in outer], axis=0) - solid
        slope = 1.0 + self.wedge * (x / self.size)
        matrix = (thickness - solid - shell) * slope
        parts = {"matrix": matrix / thickness, "particle": solid / thickness, "shell": shell / thickness}
        tails = {
            key: 0.9 * gaussian_filter(part, self.probe) + 0.1 * gaussian_filter(part, 3 * self.probe)
            for key, part in parts.items()
        }
        return tails if self.probe else parts


def _lines(amounts: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Return the energies of an axis that is 4 eV off, and the lines of amounts, shape (y, x)."""
    e = _ENERGIES + 4.0
    spectrum = np.zeros((*amounts["Na"].shape, e.size))
    for element, amount in amounts.items():
        width = np.sqrt(136.0**2 + 2.5 * (_LINES[element] - 5898.8)) / 2.3548
        shape = np.exp(-0.5 * ((e - _LINES[element]) / width) ** 2)
        spectrum += amount[..., None] * shape / shape.sum()
    return e, spectrum


def x_ray_map(lamella: Lamella, random: np.random.Generator) -> np.ndarray:
    """Return counts of X-rays, shape (size, size, channels)."""
    parts = lamella.lengths()
    amounts = {
        "B": parts["matrix"] + (1.0 + lamella.excess) * parts["shell"],
        "C": 0.5 + 0.0 * parts["matrix"],
        "O": 6.0 * parts["particle"] + 3.0 * parts["shell"],
        "Na": 3.0 * (parts["matrix"] + parts["shell"]),
        "Si": 8.0 * parts["particle"],
    }
    e, spectrum = _lines(amounts)
    kramers = np.where(
        e > 60, (20000.0 - e) / np.maximum(e, 60.0) * np.exp(-((350.0 / np.maximum(e, 60.0)) ** 2) * 0.25), 0.0
    )
    whole = parts["matrix"] + parts["particle"] + parts["shell"]
    spectrum += 2.0 * whole[..., None] * kramers / kramers.sum() + 0.3 * np.exp(-0.5 * (e / 45.0) ** 2)
    return np.asarray(random.poisson(lamella.counts * spectrum), np.uint16)


def loss_map(lamella: Lamella, random: np.random.Generator) -> np.ndarray:
    """Return counts of energy losses about B K, shape (size, size, channels): the cage in the matrix, BO3 in the shell."""
    parts, e = lamella.lengths(), _LOSSES
    behind = np.maximum(e - 188.0, 0.0)
    cage = np.where(e > 188.0, np.exp(-behind / 60.0), 0.0) + 1.2 * np.exp(-(((e - 199.0) / 5.0) ** 2))
    planar = 3.5 * np.exp(-(((e - 194.0) / 0.9) ** 2)) + np.where(e > 196.0, np.exp(-(e - 196.0) / 60.0), 0.0)
    silicon = np.exp(-(e - 155.0) / 45.0)  # the tail of Si L
    background = 3.0 * (e / 155.0) ** -2.6 + 0.6 * (e / 155.0) ** -3.6
    mean = parts["matrix"][..., None] * cage + (1.0 + lamella.excess) * 0.3 * parts["shell"][..., None] * planar
    mean += parts["particle"][..., None] * 0.4 * silicon + background
    return np.asarray(random.poisson(6.0 * lamella.counts * mean), np.uint16)


def section(random: np.random.Generator, *, size: int = 40, scale: float = 3.0) -> np.ndarray:
    """Return an SEM map of a section whose silica clusters over `scale` pixels, as X-ray counts."""
    field = gaussian_filter(random.standard_normal((size, size)), scale, mode="wrap")
    share = np.clip(0.35 + 0.15 * field / field.std(), 0.02, 0.98)
    e, spectrum = _lines({"C": 0.4 + 0 * share, "O": 4.0 * share, "Na": 3.0 * (1 - share), "Si": 6.0 * share})
    spectrum += 3.0 / e.size + 0.2 * np.exp(-0.5 * (e / 45.0) ** 2)
    return np.asarray(random.poisson(15.0 * spectrum), np.uint16)


def write_maps(folder: Path, seed: int = 0) -> list[tuple[str, dict[str, Any]]]:
    """Write the X-ray map, the loss map and the section of one sample, and return their tables of study.toml.

    Equal seeds give equal bytes.
    """
    random, lamella = stream(seed, "microscopy", _SAMPLE), Lamella(size=36, radius=9.0)
    element_map = {"technique": "element_map"}
    settings = {"elements": "C, O, Na, Si", "ratio": "O/Na"}
    maps = x_ray_map(lamella, random), loss_map(Lamella(size=24, radius=6.0, counts=6.0), random)
    written: list[tuple[str, np.ndarray, float, tuple[float, float, str], dict[str, Any]]] = [
        ("stem", maps[0], 1e9 * lamella.pixel, (0.0, 0.015, "keV"), element_map),
        ("eels", maps[1], 1e9 * lamella.pixel, (155.0, 0.5, "eV"), {"technique": "eels"}),
        ("sem", section(random, size=30, scale=1.5), 500.0, (0.0, 0.015, "keV"), element_map | {"settings": settings}),
    ]
    tables = []
    for name, counts, pixel, energies, entries in written:
        file, step = f"{_SAMPLE}_{name}.dm4", (0.0, pixel, "nm")
        narrow = counts.astype(np.uint8) if counts.max() < 256 else counts
        signal = "EELS" if name == "eels" else "X-ray"
        write_dm4(folder / file, narrow, [step, step, energies], signal=signal, title=f"{_SAMPLE} {name}")
        tables.append(("[[measurements]]", {"of": _SAMPLE, "file": f"raw/{file}", **entries}))
    return tables
