"""The two cells of the reference paper, and a cycled cell whose leak and fade are known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import xarray as xr

from closo.combine.ledgers import CellParameters, cell_from_masses
from closo.quantity import Number, Quantity, exp, uncertain
from closo.result import Result

K_B_EV = 8.617333262e-5  # eV/K
AREA = 0.283e-4  # m2
PARTS = ("active", "electrolyte", "carbon")
DENSITIES = dict(zip(PARTS, (1900.0, 1543.5, 2000.0), strict=True))  # kg/m3
MIXES = {
    name: dict(zip(PARTS, mix, strict=True)) for name, mix in {"RT": (0.6, 0.3, 0.1), "40C": (0.7, 0.25, 0.05)}.items()
}
MASSES = {"RT": (1.5e-6, 35e-6), "40C": (1.2e-6, 45e-6)}  # kg of composite, of electrolyte
KELVIN = {"RT": 293.15, "40C": 313.15}
CURRENTS = {"RT": 0.271, "40C": 0.5051}  # A/m2
CAPACITY = 171.0 * 3600.0  # C/kg


def conductivity(kelvin: Number, at_30: Number = 0.05, energy: Number = 0.38) -> Number:
    """Conductivity of the electrolyte [S/m]: 5e-4 S/cm at 30 degC, 0.38 eV of ln(sigma T)."""
    return at_30 * 303.15 / kelvin * exp(-energy / K_B_EV * (1.0 / kelvin - 1.0 / 303.15))


def paper_cell(name: str) -> CellParameters:
    """A cell from the masses of the paper, with the uncertainty of weighing."""
    cathode, pellet = MASSES[name]
    made = cell_from_masses(
        name,
        area=uncertain(AREA, {"area:die": 0.002e-4}),
        cathode_mass=uncertain(cathode, {f"mass:{name} cathode": 0.05e-6 / 3**0.5}),
        mass_fractions=MIXES[name],
        densities=DENSITIES,
        separator_mass=uncertain(pellet, {f"mass:{name} pellet": 0.5e-6 / 3**0.5}),
        porosity=0.05,
    )
    return replace(
        made,
        theoretical_capacity=CAPACITY,
        temperature=uncertain(KELVIN[name], {f"temperature:{name}": 0.5}),
        current_density=uncertain(CURRENTS[name], {f"current:{name}": 0.0003}),
    )


def diffusion_cell(name: str) -> CellParameters:
    """The same with slow diffusion: 1.5e-18 m2/s at 20 degC, 0.55 eV, radius 0.5 um."""
    cell = paper_cell(name)
    diffusivity = 1.5e-18 * float(np.exp(-0.55 / K_B_EV * (1.0 / KELVIN[name] - 1.0 / 293.15)))
    return replace(cell, particle_radius=0.5e-6, diffusivity=diffusivity, diffusion_energy=0.55 * 1.602176634e-19)


def cycled(
    efficiency: np.ndarray,
    discharge: np.ndarray,
    *,
    current: float,
    name: str = "pw.mpr#1",
    offset: float = 0.0,
    partial: tuple[int, ...] = (),
    cell: str = "cathode half cell",
    rest: float = 0.0,
    sampling: float | None = None,
) -> Result:
    """A result of cycling with the columns that a ledger reads: charge first, at one current [A].

    offset : standard uncertainty of the current's offset [A], as the mean efficiency carries it.
    sampling : standard uncertainty of one efficiency from the sampling at the cut-off.
    """
    charge = discharge / efficiency
    legs = np.column_stack([charge, -discharge]).ravel()
    duration = np.abs(legs) / current
    start = np.concatenate([[0.0], np.cumsum(duration + rest)[:-1]])
    n = len(charge)
    moved = offset * float(np.mean((duration[1::2] + efficiency * duration[::2]) / charge))
    mean = uncertain(float(efficiency.mean()), {f"current offset:{name}": -moved})
    if sampling is not None:
        mean = mean + uncertain(0.0, {f"sampling at the cut-off:{name}, cycles used": sampling / n**0.5})
    columns = {
        "cycle": np.arange(1, n + 1),
        "charge": charge,
        "discharge": discharge,
        "coulombic_efficiency": efficiency,
        "mean_voltage_charge": np.full(n, 3.5),
        "time": start[1::2] + duration[1::2],
        "partial": np.isin(np.arange(1, n + 1), partial).astype(np.int32),
        "next_to_interlude": np.zeros(n, np.int32),
    }
    variables = {key: ("cycles", values) for key, values in columns.items()}
    variables |= {"leg_charge": ("legs", legs), "leg_start": ("legs", start), "leg_duration": ("legs", duration)}
    curves = xr.Dataset(variables, attrs={"cell": cell})
    lines = {"coulombic_efficiency": Quantity("coulombic_efficiency", mean)}
    return Result("cycling", name, lines, curves, (), {"current_gain": 0.001})


def paper_cycling(offset: float = 0.0) -> Result:
    """50 cycles of the 40 degC cell: efficiency from 98.7 % (cycles 7-10) to 99.7 % (46-50), flat from cycle 10 on."""
    cycle = np.arange(1.0, 51.0)
    efficiency = 0.987 + 0.010 * (cycle - 8.5) / 39.5 - 0.003 * (cycle < 7)
    first = 0.6 * 0.505 * 36000.0 * AREA  # C: 60 % of the areal capacity
    discharge = first * np.where(cycle < 7, 1.0 + 0.02 * (7 - cycle), 1.0)
    return cycled(efficiency, discharge, current=CURRENTS["40C"] * AREA, offset=offset, name="40C")
