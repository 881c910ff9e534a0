"""N2 isotherms of powders whose surface, pores and errors are declared: the surface is not the one that the BET
equation assumes.

The surface has patches of different energy (constants C spread log-normally), each covered by at most `layers`
layers; micropores fill as a Langmuir site; voids between or inside particles fill by the Kelvin equation, at lower
pressure on emptying. The instrument adds the scatter of its doses, which accumulates, a gain of its manifold, an
error of its free space that grows with pressure, a wrong mass of the degassed powder, and a saturation pressure that
drifts while it holds the first value.

Sources: BET for n layers, Brunauer, Emmett, Teller 1938, doi:10.1021/ja01269a023. Every number of `Instrument` is a
free choice.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.special import ndtr

from closo.constants import AVOGADRO
from closo.twin.truth import SYNTHETIC, Silica, stream

_VOLUME = 34.67e-6  # m3/mol, liquid nitrogen at 77.35 K
_KELVIN = 9.53e-10  # m: 2 gamma V/(R T) of nitrogen at 77.35 K
_CROSS_SECTION = 0.162e-18  # m2
_QUADRATURE = np.polynomial.hermite_e.hermegauss(9)
PRESSURES = (
    *np.geomspace(0.003, 0.03, 4), *np.linspace(0.05, 0.30, 11), *np.linspace(0.35, 0.90, 12),
    0.925, 0.95, 0.965, 0.975, 0.985,
)  # fmt: skip


@dataclass(frozen=True)
class Powder:
    """A powder."""

    monolayer: float  # molecules on the open surface [mol/kg]
    micropores: float = 0.0  # capacity of the micropores [mol/kg]
    constant: float = 110.0  # median C
    spread: float = 0.5  # standard deviation of ln C over the patches
    layers: float = 8.0  # most that fit on a patch, as a real number
    pore_volume: float = 0.4e-3  # of the voids that fill below saturation [m3/kg]
    pore_diameter: float = 40e-9  # their median [m]
    pore_spread: float = 0.5  # of ln D

    def amount(self, x: np.ndarray, *, emptying: bool = False) -> np.ndarray:
        """Return the amount adsorbed [mol/kg] at relative pressures x, shape (n,)."""
        nodes, weights = _QUADRATURE
        c = self.constant * np.exp(self.spread * nodes)[:, None]
        top, n = x**self.layers, self.layers
        patches = c * x / (1 - x) * (1 - (n + 1) * top + n * top * x) / (1 + (c - 1) * x - c * top * x)
        film = self.monolayer * (weights / weights.sum()) @ patches
        radius = (1.0 if emptying else 0.5) * 2.0 * _KELVIN / -np.log(x) + 2.0 * 0.354e-9
        filled = ndtr((np.log(2.0 * radius) - math.log(self.pore_diameter)) / self.pore_spread)
        micropores = self.micropores * 3000.0 * x / (1.0 + 3000.0 * x)
        return np.asarray(film * (1.0 - filled) + filled * self.pore_volume / _VOLUME + micropores)


@dataclass(frozen=True)
class Instrument:
    """What stands between the truth and a reading."""

    mass: float = 0.15e-3  # of the degassed powder [kg]
    mass_error: float = 0.3e-6  # standard deviation of its weighing [kg]
    gain: float = 0.008  # half width of the relative error of the manifold, uniform
    free_space: float = 1.5e-6  # standard deviation of its error [mol], the amount at saturation that it feigns
    dose: float = 0.002  # sd of one dose, relative to it (with 3 degrees of freedom: outliers); it accumulates
    drift: float = 0.005  # half width of the relative drift of the saturation pressure over the run, uniform


def powder_of(silica: Silica) -> Powder:
    """Return a silica of the twin's truth as a powder: fumed, or SBA-15 with its channels and micropores."""
    sites = silica.specific_surface_area / (AVOGADRO * _CROSS_SECTION)
    if silica.name == "SBA15":
        pores = {"pore_diameter": 8e-9, "pore_spread": 0.08, "layers": 12.0}
        return Powder(0.85 * sites, 0.15 * sites, pore_volume=silica.pore_volume, **pores)
    return Powder(sites, layers=5.0, pore_volume=silica.pore_volume)


def measure(
    powder: Powder, instrument: Instrument, rng: np.random.Generator, pressures: tuple[float, ...] = PRESSURES
) -> dict[str, np.ndarray]:
    """Return what an instrument reports: relative_pressure, adsorbed_amount [mol/kg], desorption (0 or 1) per point."""
    aimed = np.array(pressures)
    back = aimed[aimed > 0.3][-2::-1]
    true_x = np.concatenate([aimed, back]) * (1.0 + 0.003 * rng.standard_normal(aimed.size + back.size))
    true_x = np.minimum(true_x, 0.995)
    desorption = np.concatenate([np.zeros(aimed.size), np.ones(back.size)])
    there = np.where(desorption > 0, powder.amount(true_x, emptying=True), powder.amount(true_x))
    moved = np.diff(there, prepend=0.0)
    seen = np.cumsum(moved * (1.0 + instrument.dose * rng.standard_t(3, moved.size)))
    weighed = instrument.mass + instrument.mass_error * rng.standard_normal()
    feigned = instrument.free_space * rng.standard_normal() * true_x / instrument.mass
    seen = (seen * (1.0 + rng.uniform(-instrument.gain, instrument.gain)) + feigned) * instrument.mass / weighed
    drift = rng.uniform(-instrument.drift, instrument.drift) * np.linspace(0.0, 1.0, true_x.size)
    return {"relative_pressure": true_x * (1.0 + drift), "adsorbed_amount": seen, "desorption": desorption}


def write_aif(path: Path, silica: Silica, *, seed: int = 0) -> None:
    """Write the isotherm of a silica as an adsorption information file; equal seeds give equal bytes."""
    instrument = Instrument()
    seen = measure(powder_of(silica), instrument, stream(seed, "isotherm", silica.name))
    lines = [
        f"# {SYNTHETIC}", f"data_{silica.name}", "_exptl_adsorptive N2", "_exptl_temperature 77.35",
        f"_adsnt_sample_mass {instrument.mass * 1e3:.4f}", f"_adsnt_sample_id '{silica.name}'", "_units_temperature K",
        "_units_pressure kPa", "_units_mass g", "_units_loading mmol/g",
    ]  # fmt: skip
    for mark, branch in ((0.0, "adsorp"), (1.0, "desorp")):
        lines += ["", "loop_", *(f"_{branch}_{name}" for name in ("pressure", "p0", "amount"))]
        rows = zip(*(seen[name][seen["desorption"] == mark] for name in list(seen)[:2]), strict=True)
        lines += [f"{x * 101.325:.5g} 101.325 {n:.5g}" for x, n in rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")
