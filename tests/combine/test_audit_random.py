"""Random studies whose printed numbers come from one truth: the audit is silent, and finds what is injected."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest

from closo.combine import audit as a
from closo.combine.audit import Cell, Material, Pellet, Powder, Press, Printed, Recipe, recipe_density
from closo.quantity import Number, Quantity
from closo.toml import read_number

BOLTZMANN_EV = 8.617333262e-5
FARADAY_MAH = 26801.4815  # mAh/mol


@dataclass
class Writer:
    """Print a true value as people do: rounded to some decimals, or disturbed by a stated uncertainty."""

    rng: np.random.Generator
    noisy: bool
    count: int = field(default=0)

    def __call__(self, name: str, true: float, unit: str, *, decimals: int) -> Number:
        self.count += 1
        label = f"{name}:{self.count}"
        if not self.noisy:
            return read_number(f"{true:.{decimals}f} {unit}", name, label=label)
        u = max(0.004 * abs(true), 0.5 * 10.0**-decimals)
        return read_number(f"{true + u * self.rng.standard_normal():.9g} ± {u:.6g} {unit}", name, label=label)

    def significant(self, name: str, true: float, unit: str, *, digits: int) -> Number:
        """Print with a number of significant digits, for what spans decades."""
        self.count += 1
        label = f"{name}:{self.count}"
        if not self.noisy:
            return read_number(f"{true:.{digits - 1}e} {unit}", name, label=label)
        u = 0.02 * true
        return read_number(f"{true + u * self.rng.standard_normal():.9g} ± {u:.6g} {unit}", name, label=label)


def consistent_study(seed: int, *, noisy: bool = False) -> dict[str, list[Any]]:
    """Return the arguments of `audit` for a study without a mistake."""
    rng = np.random.default_rng(seed)
    write = Writer(rng, noisy)
    rho_matrix, rho_filler = rng.uniform(1.0, 2.5), rng.uniform(2.1, 4.2)
    densities = {
        "salt": write("density", rho_matrix, "g/cm3", decimals=3),
        "oxide": write("density", rho_filler, "g/cm3", decimals=3),
    }
    recipe, rho = _recipe(write, densities, rho_matrix, rho_filler)
    full = recipe_density(recipe)
    return {
        "materials": [Material(name=name, density=d) for name, d in densities.items()],
        "powders": [_powder(write, f"oxide {k}", rho_filler, densities["oxide"]) for k in range(4)],
        "recipes": [recipe],
        "pellets": [_pellet(write, f"pellet{k}", rho, full) for k in range(3)],
        "cells": _cells(write, rho, full),
        "presses": [_press(write)],
        "printed": _printed(write),
    }


def _recipe(write: Writer, densities: dict[str, Number], matrix: float, filler: float) -> tuple[Recipe, float]:
    phi, batch = write.rng.uniform(0.1, 0.6), write.rng.uniform(300.0, 600.0)
    rho = phi * filler + (1 - phi) * matrix
    w = phi * filler / rho
    recipe = Recipe(
        name="mix",
        matrix="salt",
        filler="oxide",
        filler_fraction=Quantity("volume_fraction", write("volume_fraction", 100 * phi, "vol%", decimals=1)),
        masses={
            "oxide": write("mass", batch * w, "mg", decimals=1),
            "salt": write("mass", batch * (1 - w), "mg", decimals=1),
        },
        batch_mass=write("mass", batch, "mg", decimals=0),
        densities=densities,
    )
    return recipe, rho


def _powder(write: Writer, name: str, rho: float, density: Number) -> Powder:
    surface = write.rng.uniform(30.0, 400.0)
    return Powder(
        name=name,
        specific_surface_area=write("specific_surface_area", surface, "m2/g", decimals=1),
        pore_volume=write("pore_volume", write.rng.uniform(0.1, 2.0), "cm3/g", decimals=3),
        particle_size=write("particle_size", 6000.0 / (rho * surface), "nm", decimals=1),
        density=density,
    )


def _pellet(write: Writer, name: str, rho: float, density: Number | None) -> Pellet:
    diameter, mass, packing = write.rng.uniform(6.0, 13.0), write.rng.uniform(30.0, 90.0), write.rng.uniform(0.7, 0.97)
    area = math.pi * diameter**2 / 400.0  # cm2
    pressure = write.rng.uniform(50.0, 500.0)
    return Pellet(
        name=name,
        diameter=write("diameter", diameter, "mm", decimals=2),
        area=write("area", area, "cm2", decimals=3),
        mass=write("mass", mass, "mg", decimals=1),
        thickness=write("thickness", mass * 10.0 / (rho * packing * area), "um", decimals=0),
        pressure=write("pressure", pressure, "MPa", decimals=0),
        force=write("force", pressure * area / 10.0, "kN", decimals=2),
        density=density,
    )


def _cells(write: Writer, rho: float, density: Number | None) -> list[Cell]:
    """Return cells of one design, with the masses printed to 0.1 mg but the capacities from the true masses."""
    rng = write.rng
    diameter, molar_mass, electrons = rng.uniform(5.0, 13.0), rng.uniform(80.0, 350.0), int(rng.integers(1, 3))
    area, capacity = math.pi * diameter**2 / 400.0, electrons * FARADAY_MAH / molar_mass
    cells = []
    for k in range(int(rng.integers(2, 4))):
        mass, active, rate = rng.uniform(1.0, 5.0), round(rng.uniform(0.5, 0.9), 1), 1.0 / int(rng.integers(2, 30))
        areal = mass * active * capacity / 1000.0 / area
        separator, packing = rng.uniform(25.0, 80.0), rng.uniform(0.75, 0.99)
        cells.append(
            Cell(
                name=f"cell{k}",
                diameter=write("diameter", diameter, "mm", decimals=2),
                area=write("area", area, "cm2", decimals=3),
                cathode_mass=write("mass", mass, "mg", decimals=1),
                active_fraction=read_number(f"{100 * active:.0f} ± 0 wt%", "mass_fraction", label="design"),
                theoretical_capacity=write("specific_capacity", capacity, "mAh/g", decimals=0),
                molar_mass=write("molar_mass", molar_mass, "g/mol", decimals=1),
                electrons=electrons,
                areal_capacity=write("areal_capacity", areal, "mAh/cm2", decimals=3),
                c_rate=read_number(f"{rate!r} ± 0 1/h", "c_rate", label="design"),
                current_density=write("current_density", 1000.0 * areal * rate, "uA/cm2", decimals=1),
                separator_mass=write("mass", separator, "mg", decimals=0),
                separator_thickness=write("thickness", separator / 100.0 / (rho * packing * area), "mm", decimals=2),
                separator_density=density,
            )
        )
    return cells


def _press(write: Writer) -> Press:
    """Return a frame whose screws have a nut factor of their own, which nobody has measured."""
    rng = write.rng
    nut_factor = 0.2 * (1.0 + 0.3 * float(np.clip(rng.standard_normal(), -1.0, 1.0)))
    screws, diameter, torque, area = int(rng.integers(3, 7)), rng.choice([5.0, 6.0, 8.0]), rng.uniform(1.0, 5.0), 0.785
    pressure = screws * torque / (nut_factor * diameter * 1e-3) / (area * 1e-4) / 1e6
    return Press(
        name="frame",
        torque=write("torque", torque, "N m", decimals=1),
        screws=screws,
        screw_diameter=read_number(f"{diameter:.0f} ± 0 mm", "diameter", label="design"),
        area=write("area", area, "cm2", decimals=3),
        pressure=write("pressure", pressure, "MPa", decimals=0),
    )


def _printed(write: Writer) -> list[Printed]:
    """Return two samples with conductivities at 30 and 60 degC, activation energies, and their ratio at 30 degC."""
    rng = write.rng
    rows, at_30 = [], {}
    for of, log_sigma in (("composite", rng.uniform(-5, -3)), ("salt", rng.uniform(-9, -6))):
        energy = rng.uniform(0.25, 0.8)
        for celsius in (30.0, 60.0):
            kelvin = celsius + 273.15
            sigma = 10**log_sigma * 303.15 / kelvin * math.exp(energy / BOLTZMANN_EV * (1 / 303.15 - 1 / kelvin))
            rows.append(
                Printed(
                    quantity="ionic_conductivity",
                    value=write.significant("ionic_conductivity", sigma, "S/cm", digits=2),
                    of=of,
                    temperature=read_number(f"{celsius:.1f} degC", "temperature", label=f"{of} {celsius}"),
                )
            )
        at_30[of] = log_sigma
        shown = write("activation_energy", energy, "eV", decimals=2)
        rows.append(Printed(quantity="activation_energy", value=shown, of=of, convention="sigmaT"))
    orders = at_30["composite"] - at_30["salt"]
    for relation, value in (("=", orders), (">", math.floor(orders - 0.2))):
        ratio = read_number(f"{value:.1f}", "conductivity_ratio", label=f"ratio {relation}")
        rows.append(Printed(quantity="conductivity_ratio", value=ratio, of="composite", to="salt", relation=relation))
    return rows


def failed(checks, prefix=""):
    return [c for c in checks if c.passed is False and c.name.startswith(prefix)]


# --- no false alarms -------------------------------------------------------------------------------------------------


def count_failures(seeds, *, noisy):
    made = [c for seed in seeds for c in a.audit(**consistent_study(seed, noisy=noisy))]
    return len(failed(made)) / len(made), len(made), failed(made)


def test_consistent_rounded_studies_pass():
    """Rounding has no tails: at most one check in a thousand complains."""
    share, total, found = count_failures(range(60), noisy=False)
    assert total > 2000
    assert share < 0.001, [c.detail for c in found]


@pytest.mark.slow
def test_consistent_noisy_studies_fail_as_often_as_promised():
    """With normal errors of the stated size a check complains in at most 1 % of cases (the 99 % limit)."""
    share, total, found = count_failures(range(1000, 1250), noisy=True)
    assert total > 8000
    assert 0.001 < share < 0.01, [c.detail for c in found]


def test_three_percent_are_seen():
    """A force that is 3 % off what pressure and area give, all three known to better than 1 %."""
    row = consistent_study(3)["pellets"][0]
    wrong = replace(row, force=row.force * 1.03)
    assert failed(a.audit_pellets([wrong]), "pressing force")
    assert not failed(a.audit_pellets([row]))


# --- injected mistakes -----------------------------------------------------------------------------------------------


def edit(kind, index=0, **changes):
    """Return a function that multiplies fields of one record by a factor (or replaces them)."""

    def apply(study):
        records = list(study[kind])
        record = records[index]
        new = {k: getattr(record, k) * v if isinstance(v, float) else v(record) for k, v in changes.items()}
        records[index] = replace(record, **new)
        return study | {kind: records}

    return apply


def rho_filler(study):
    return Quantity("density", study["powders"][0].density).value


def water_sizes(study):
    factor = rho_filler(study) / 1000.0
    return study | {"powders": [replace(p, particle_size=p.particle_size * factor) for p in study["powders"]]}


def weight_for_volume(study):
    recipe = study["recipes"][0]
    total = recipe.masses["oxide"] + recipe.masses["salt"]
    wrong = Quantity("volume_fraction", recipe.masses["oxide"] / total)
    return study | {"recipes": [replace(recipe, filler_fraction=wrong)]}


def wrong_area_in_all_cells(study):
    return study | {"cells": [replace(c, areal_capacity=c.areal_capacity * 1.27) for c in study["cells"]]}


MISTAKES = {
    "thickness in mm, not um": (edit("pellets", thickness=1000.0), "relative density", "in um, not mm"),
    "thickness in um, not mm": (edit("pellets", thickness=1e-3), "relative density", "in mm, not um"),
    "mass in g, not mg": (edit("pellets", mass=1000.0), "relative density", "in mg, not g"),
    "thickness halved": (edit("pellets", thickness=0.5), "relative density", "impossible"),
    "thickness tripled": (edit("pellets", thickness=3.0), "relative density", "only"),
    "diameter taken as radius": (edit("pellets", area=4.0), "area", "taken as radius"),
    "diameter squared": (edit("pellets", area=4.0 / math.pi), "area", "diameter squared"),
    "area in mm2": (edit("pellets", area=100.0), "area", "in mm2"),
    "force in kg": (edit("pellets", force=1 / 9.80665), "pressing force", "in kg"),
    "sizes with 1 g/cm3": (water_sizes, "particle size", "computed with 1.000 g/cm3"),
    "all sizes with 1 g/cm3": (water_sizes, "particle sizes together", "sorption software"),
    "pore volume in mm3/g": (edit("powders", 1, pore_volume=1000.0), "pore volume", "must be mm3/g"),
    "pore volume in m3/kg": (edit("powders", 1, pore_volume=1e-3), "pore volume", "less than the N2 molecule"),
    "density in kg/m3": (edit("materials", density=1000.0), "density", "kg/m3 instead of g/cm3"),
    "wt% for vol%": (weight_for_volume, "filler fraction", "the unit of the fraction is probably wrong"),
    "component missing": (edit("recipes", batch_mass=1.2), "batch mass", "a component is missing"),
    "active fraction left out": (
        edit("cells", areal_capacity=lambda c: c.areal_capacity / c.active_fraction),
        "areal capacity",
        "the active fraction was left out",
    ),
    "capacity of g for mg": (edit("cells", areal_capacity=1000.0), "areal capacity", "mixed up"),
    "common factor": (wrong_area_in_all_cells, "areal capacity", "not the stated"),
    "mA for uA": (edit("cells", current_density=1000.0), "current", "uA and mA are mixed up"),
    "C/10 for C/20": (edit("cells", current_density=2.0), "current", "the rate is"),
    "one electron for two": (
        edit("cells", electrons=lambda c: 2 * c.electrons),
        "theoretical capacity",
        "that is",
    ),
    "separator too thin": (edit("cells", separator_thickness=0.5), "separator", "impossible"),
    "pressure in kPa": (edit("presses", pressure=1000.0), "stack pressure", "kPa and MPa"),
    "conductivity in mS/cm": (edit("printed", 1, value=1000.0), "activation energy", "not the printed"),
    "activation energy": (edit("printed", 2, value=1.4), "activation energy", "Likely cause"),
    "ratio": (edit("printed", 6, value=1.5), "conductivity ratio", "against the printed"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_injected_mistake_is_found(name):
    inject, check, words = MISTAKES[name]
    for seed in range(8):
        found = failed(a.audit(**inject(consistent_study(seed))), check + ":" if "together" not in check else check)
        assert found, f"seed {seed}: nothing found"
        assert any(words in c.detail for c in found), [c.detail for c in found]


def test_a_size_off_by_a_little_is_no_mistake():
    """A size from microscopy 15 % off 6/(rho S) is said, but does not fail."""
    study = consistent_study(5)
    powder = study["powders"][0]
    checks = a.audit_powders([replace(powder, particle_size=powder.particle_size * 1.15)])
    assert not failed(checks)
    assert any("does not come from this area" in c.detail for c in checks)


def test_copied_rows_are_found():
    study = consistent_study(11)
    pellets, powders = study["pellets"], study["powders"]
    twin = replace(pellets[1], mass=pellets[0].mass, thickness=pellets[0].thickness)
    assert [c.name for c in failed(a.audit_pellets([pellets[0], twin]), "copied")] == ["copied: pellet0, pellet1"]
    same = replace(powders[0], name="other")
    assert failed(a.audit_powders([powders[0], same]), "copied")
    assert not failed(a.audit_powders(powders), "copied")
