"""Edges by X-ray Raman scattering of the samples of the study: scans of twelve analysers, as a table of text.

*printed* in the reference study: pi* of the interphase at 194 eV, a feature at 535 eV, Na K maxima of the pristine salt at
1073.8 (with a shoulder at 1073.2) and 1075.8 eV, of the composite at 1073.4, 1076.6 and 1080.5 eV; twelve analysers near
55 deg, 0.7 eV. *free*: every other position, width and height, the valence profile, the counts, and how much boron lies in
the interphase (it grows with the share of silica, as the text says).

Nuisances: each analyser has its own energy, resolution and efficiency, its elastic line moves from scan to scan, the beam
decays, and the valence profile is neither a line nor a parabola. Lines are Voigt profiles, edges arc tangents.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import voigt_profile

from closo.twin.truth import SYNTHETIC, Truth, stream

Line = tuple[float, float, float]  # energy, full width [eV], height


@dataclass(frozen=True)
class Component:
    """A part of an edge: lines, and steps (energy, width, height); `sees` gives it through an instrument."""

    lines: Sequence[Line]
    steps: Sequence[Line]

    def seen(self, energy: np.ndarray, resolution: float, window: tuple[float, float]) -> np.ndarray:
        """Return it at energies, through a Gaussian of full width `resolution`, with area 1 within a window."""
        fine = np.arange(*window, 0.02)
        return np.asarray(self._at(energy, resolution) / np.trapezoid(self._at(fine, resolution), fine))

    def _at(self, energy: np.ndarray, resolution: float) -> np.ndarray:
        total = np.zeros(energy.size)
        for place, width, height in self.lines:
            sigma, gamma = np.hypot(resolution, 0.5 * width) / 2.3548, 0.25 * width
            total += height * voigt_profile(energy - place, sigma, gamma) / voigt_profile(0.0, sigma, gamma)
        for place, width, height in self.steps:
            total += height * (0.5 + np.arctan((energy - place) / np.hypot(0.5 * width, 0.3 * resolution)) / np.pi)
        return total


CAGE = Component([(191.6, 1.8, 0.9), (196.8, 4.5, 0.7), (204.0, 9.0, 0.5)], [(190.6, 1.2, 0.8)])
BO3 = Component([(194.0, 0.5, 3.0), (202.5, 5.0, 1.5), (209.0, 9.0, 0.5)], [(197.0, 2.0, 0.7)])
SILICA = Component([(537.6, 2.0, 1.6), (541.0, 4.0, 0.7), (558.0, 10.0, 0.3)], [(536.4, 1.6, 0.8)])
NON_BRIDGING = Component([(535.0, 0.8, 2.2), (541.0, 5.0, 1.0)], [(537.5, 2.0, 0.8)])
SODIUM = Component(
    [(1073.2, 0.5, 0.35), (1073.8, 0.6, 0.9), (1075.8, 1.2, 0.9), (1084.0, 6.0, 0.4)], [(1074.0, 1.5, 0.8)]
)
SODIUM_MIXED = Component([(1073.4, 0.9, 0.9), (1076.6, 1.4, 0.9), (1080.5, 2.0, 0.5)], [(1074.0, 1.5, 0.8)])
EDGES: Mapping[str, tuple[tuple[float, float], tuple[float, float], float]] = {
    "B K": ((168.0, 231.0), (186.0, 215.0), 0.2),  # range of the scan, window of area 1, step [eV]
    "O K": ((498.0, 577.0), (516.0, 553.0), 0.25),
    "Na K": ((1043.0, 1106.0), (1068.0, 1092.0), 0.2),
}
_INTERPHASE = {"pristine": 0.0, "A380-35-4h": 0.08, "A380-50-4h": 0.16, "A380-75-4h": 0.32}  # of the boron
_NEW = {"A380-50-4h": 50, "A380-75-4h": 75}  # vol%: samples that only X-rays see here


@dataclass(frozen=True)
class Spectrometer:
    """What stands between a spectrum and its counts."""

    energies: tuple[float, ...]  # elastic line of each analyser [eV]
    widths: tuple[float, ...]  # its full width [eV]
    efficiencies: tuple[float, ...]  # relative
    drift: float = 0.004  # of the elastic line from scan to scan [eV]
    counts: float = 1500.0  # per point and analyser before an edge
    jump: float = 0.5  # height of an edge over that
    valence: tuple[float, float, float] = (88.0, 62.0, 1.7)  # centre, width [eV] and exponent of the valence profile

    @staticmethod
    def drawn(random: np.random.Generator, analysers: int = 12) -> Spectrometer:
        """Return one with analysers 0.2 eV apart."""
        return Spectrometer(
            tuple(9690.0 + random.normal(0.0, 0.2, analysers)),
            tuple(0.7 + random.uniform(-0.05, 0.05, analysers)),
            tuple(random.uniform(0.6, 1.2, analysers)),
        )


def boron_edge(interphase: float) -> list[tuple[float, Component]]:
    """Return the B K edge of a sample: shares of area and components."""
    return [(1.0 - interphase, CAGE), (interphase, BO3)]


def scan_counts(
    spectrometer: Spectrometer, edge: str, parts: Sequence[tuple[float, Component]], random: np.random.Generator
) -> dict[str, np.ndarray]:
    """Return the columns of one scan, first over the elastic line (attenuated), then over the edge."""
    middle = float(np.mean(spectrometer.energies))
    (low, high), window, step = EDGES[edge]
    energy = middle + np.concatenate([np.arange(-3.0, 3.0, 0.1), np.arange(low, high, step)])
    monitor = np.round(5e5 * (1.0 - 0.2 * np.linspace(0.0, 1.0, energy.size)) * random.normal(1.0, 0.002, energy.size))
    counts = np.empty((energy.size, len(spectrometer.energies)))
    for k, (at, width, good) in enumerate(
        zip(spectrometer.energies, spectrometer.widths, spectrometer.efficiencies, strict=True)
    ):
        moved = np.where(energy < middle + 10.0, random.normal(0.0, spectrometer.drift), 0.0)
        loss = energy - at - moved
        elastic = 1500.0 * voigt_profile(loss, width / 2.4, 0.03) / voigt_profile(0.0, width / 2.4, 0.03) + 3.0
        centre, wide, m = spectrometer.valence
        valence = ((1.0 + ((window[0] - centre) / wide) ** 2 / m) / (1.0 + ((loss - centre) / wide) ** 2 / m)) ** m
        seen = sum(share * part.seen(loss, width, window) for share, part in parts) * (window[1] - window[0])
        expected = np.where(
            loss < 10.0, elastic, spectrometer.counts * (0.7 * valence + 0.3 + spectrometer.jump * seen)
        )
        counts[:, k] = random.poisson(good * expected * monitor / 4.5e5)
    return {"energy": energy, "monitor": monitor, "counts": counts}


def write_scan(path: Path, columns: Mapping[str, np.ndarray], *, title: str, time: float) -> None:
    """Write a scan as a table of text that names its columns."""
    counts = columns["counts"]
    names = ["energy_eV", "I0", "time", *(f"analyser_{k:02d}" for k in range(1, counts.shape[1] + 1))]
    rows = [
        f"{e:.3f}\t{i:.0f}\t{time:g}\t" + "\t".join(f"{n:.0f}" for n in row)
        for e, i, row in zip(columns["energy"], columns["monitor"], counts, strict=True)
    ]
    head = [f"# {SYNTHETIC}", f"# {title}", "# incident energy and counts of each analyser", "# " + "\t".join(names)]
    path.write_text("\n".join([*head, *rows, ""]), encoding="utf-8", newline="\n")


def core_level_tables(raw: Path, truth: Truth, samples: Sequence[str]) -> list[tuple[str, dict[str, Any]]]:
    """Write the scans into `raw`, and return the tables of study.toml that belong to them.

    The reference of the interphase is a borate of BO3 alone, measured like the samples.
    """
    tables: list[tuple[str, dict[str, Any]]] = []
    spectrometer = Spectrometer.drawn(stream(truth.seed, "core level"))
    written = ["BO3", *(name for name in _INTERPHASE if name in samples or name in _NEW)]
    for name in written:
        share = _INTERPHASE.get(name, 1.0)
        silica = 0.0 if name in ("BO3", "pristine") else share
        oxygen = [(1.0 - 0.8 * silica, SILICA), (0.8 * silica, NON_BRIDGING)]
        edges = {"B K": boron_edge(share)}
        if name in ("pristine", "A380-75-4h"):
            edges["Na K"] = [(1.0, SODIUM if name == "pristine" else SODIUM_MIXED)]
        if silica > 0.3:
            edges["O K"] = oxygen
        for edge, parts in edges.items():
            random = stream(truth.seed, "core level", name, edge)
            file = raw / ("BO3.xrs" if name == "BO3" else f"{name}-{edge.replace(' ', '')}.xrs")
            write_scan(file, scan_counts(spectrometer, edge, parts, random), title=f"{name}, {edge}", time=10.0)
        if name in _NEW:
            recipe = {
                "matrix": "Na2B12H12", "filler": "SiO2", "filler_type": "A380", "filler_fraction": f"{_NEW[name]} vol%",
            }  # fmt: skip
            milling = {"time": "4 h", "speed": "400 rpm"}
            entries = {"recipe": recipe, "milling": milling, "note": "only X-rays have seen it"}
            tables.append((f"[samples.{name}]", entries))
        tables += [("[[measurements]]", _measured(name, edge)) for edge in (edges if name != "BO3" else ())]
        if name not in ("BO3", "pristine"):
            entries = _measured(name, "B K") | {"technique": "near_edge"}
            entries["settings"] = {"edge": "B K", "references": "raw/pristine-BK.xrs,raw/BO3.xrs"}
            tables.append(("[[measurements]]", entries))
    return tables


def _measured(name: str, edge: str) -> dict[str, Any]:
    asked: dict[str, Any] = {"edge": edge, "angle": "55"}
    if edge == "Na K":
        asked["peaks"] = {
            "pristine": "shoulder@1073.2+edge start@1073.8+main@1075.8:1071.5-1078.5",
            "A380-75-4h": "edge start@1073.4+feature 1@1076.6+feature 2@1080.5:1071.5-1083",
        }[name]
    return {"of": name, "technique": "xray_raman", "file": f"raw/{name}-{edge.replace(' ', '')}.xrs", "settings": asked}
