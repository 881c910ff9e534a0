"""What every technique must be: documented, named, honest about what it cannot say, and drawn."""

import importlib
import tempfile
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from closo.dataset import KINDS, new
from closo.errors import ClosoError, DataError
from closo.figures import to_csv, to_svg
from closo.nomenclature import NAMES
from closo.quantity import parse
from closo.readers.tools.edges import raman_scan
from closo.result import Check, Result
from closo.store import from_document, to_document
from closo.techniques import TECHNIQUES
from closo.techniques.choices import NumberOrText
from closo.techniques.diffraction.profile import polarisation
from closo.techniques.diffraction.structure import inverse_spacings, load
from closo.techniques.diffraction.wavelengths import radiation_of
from closo.twin.calorimetry import heat_flow
from closo.twin.core_level import BO3, CAGE, Spectrometer, boron_edge, scan_counts
from closo.twin.microscopy import Lamella, loss_map, x_ray_map
from closo.twin.sorption import Instrument, measure, powder_of
from closo.twin.truth import Truth

SECTIONS = ("Measures", "Needs", "Gives", "Uncertainty sources", "Checks", "Limits", "Sources")
INPUTS = {
    "area": "0.785 ± 0.005 cm2",
    "thickness": "310 ± 5 um",
    "temperature": "30 ± 0.5 degC",
    "lead_resistance": "0.5 ± 0.02 ohm",
    "ionic_conductivity": "5e-4 ± 0.2e-4 S/cm",
    "pressure": "106 ± 30 MPa",
    "active_mass": "0.84 ± 0.03 mg",
    "theoretical_capacity": "171.3 ± 0.1 mAh/g",
    "density": "2.20 ± 0.05 g/cm3",
}


def spectrum():
    f = np.logspace(6, 0, 61)
    jw = 2j * np.pi * f
    z = 1 / (1e-4 + 2e-10 * jw**0.9) + 1 / (1e-6 * jw**0.85)
    random = np.random.default_rng(0)
    z = z * (1 + 0.003 * (random.standard_normal(61) + 1j * random.standard_normal(61)))
    return new("impedance", {"frequency": f, "impedance": z}, source="conformance.par")


def step():
    t = np.arange(0.0, 3600.0)
    noise = 1e-9 * np.random.default_rng(1).standard_normal(t.size)
    current = 2e-6 * np.exp(-t / 60.0) + 3e-7 + noise
    columns = {"time": t, "current": current, "voltage": np.full(t.size, 0.1)}
    return new("chronoamperometry", columns, source="conformance.par")


def sweep():
    e = np.arange(2.5, 4.5, 0.001)
    noise = 2e-8 * np.random.default_rng(2).standard_normal(e.size)
    current = 1e-7 * (e - 2.5) + 1e-6 * np.exp((e - 3.9) / 0.06) + noise
    return new("voltammetry", {"time": e / 1e-4, "potential": e, "current": current}, source="conformance.par")


def half_cycles(densities=(0.05,) * 12, area=0.785):
    """Return steps of alternating sign, one hour each [mA/cm2]."""
    t = np.arange(0.0, 3600.0 * len(densities), 60.0) + 60.0
    which = np.minimum(((t - 60.0) // 3600.0).astype(int), len(densities) - 1)
    current = np.where(which % 2 == 0, 1.0, -1.0) * np.asarray(densities)[which] * area * 1e-3
    noise = 1e-4 * np.random.default_rng(3).standard_normal(t.size)
    columns = {"time": t, "current": current, "voltage": 260.0 * current + noise, "charge": np.cumsum(current) * 60.0}
    return new("cycling", columns, source="conformance.par")


def staircase():
    densities = np.repeat(0.05 * np.arange(1, 11), 2)
    data = half_cycles(densities)
    failed = np.abs(data["current"].values) > 0.32e-3 * 0.785
    data["voltage"].values[failed] *= 0.02
    return data


def charge_and_discharge(cycles=6):
    """Return a cell between 2 and 4 V with a plateau, 40 uA."""
    times, currents, voltages = [], [], []
    for n in range(cycles):
        for sign, hours in ((1.0, 10.0), (-1.0, 10.0 * (0.99 - 0.002 * n))):
            x = np.linspace(0.0, 1.0, 120)
            soc = x if sign > 0 else 1.0 - x
            times.append(np.linspace(0.0, hours * 3600.0, 120))
            currents.append(np.full(120, sign * 40e-6))
            voltages.append(3.0 + 0.5 * (2.0 * soc - 1.0) + 0.05 * np.sinh(4 * soc - 2) + 0.05 * sign)
    start = np.concatenate([[0.0], np.cumsum([t[-1] + 1.0 for t in times])[:-1]])
    time = np.concatenate([t + s for t, s in zip(times, start, strict=True)])
    current = np.concatenate(currents)
    columns = {"time": time, "current": current, "voltage": np.concatenate(voltages)}
    return new("cycling", columns, source="conformance.par")


def isotherm():
    """Return an isotherm of a silica, as an instrument with errors of its own reports it."""
    seen = measure(powder_of(Truth().silica("A200")), Instrument(), np.random.default_rng(4))
    return new("isotherm", seen, source="conformance.aif", metadata={"gas": "N2", "mass": "0.1500 g"})


def infrared():
    """Return a reflectance with silanol, O-H, B-H, water and the silica overtone."""
    nu = np.arange(700.0, 4000.0, 1.93)
    peaks = ((3744, 5, 0.2), (3400, 140, 0.3), (2480, 25, 0.5), (1870, 30, 0.15), (1632, 26, 0.15))
    f = 0.03 + sum(h * np.exp(-(((nu - place) / width) ** 2) / 2) for place, width, h in peaks)
    noise = 2e-4 * np.random.default_rng(4).standard_normal(nu.size)
    columns = {"wavenumber": nu, "reflectance": 1 + f - np.sqrt(f * f + 2 * f) + noise}
    return new("infrared", columns, source="conformance.dx")


def edge(parts, name="conformance.xrs"):
    """Return a scan of four analysers over the elastic line and the B K edge."""
    random = np.random.default_rng(5)
    made = scan_counts(Spectrometer.drawn(random, 4), "B K", parts, random)
    side = {"monitor": made["monitor"]}
    return raman_scan(Path(name), made["energy"], made["counts"], [1, 2, 3, 4], side=side, metadata={})


def references():
    """Return the settings that a near-edge spectrum needs: spectra of two references."""
    pure = {"salt": CAGE, "BO3": BO3}
    return {"edge": "B K", "references": [edge([(1.0, p)], n).assign_attrs(title=n) for n, p in pure.items()]}


CIF = """data_{name}
_symmetry_space_group_name_H-M 'F {group}'
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
{atoms}
"""
FOLDER = Path(tempfile.mkdtemp())


def crystals():
    """Return the settings that a pattern needs: the CIF files of rock salt and silicon."""
    salt = {"group": "m -3 m", "a": 5.6402, "atoms": "Na Na 0 0 0\nCl Cl 0.5 0.5 0.5"}
    silicon = {"group": "d -3 m :1", "a": 5.4309, "atoms": "Si Si 0 0 0"}
    for name, fields in (("salt", salt), ("silicon", silicon)):
        (FOLDER / f"{name}.cif").write_text(CIF.format(name=name, **fields))
    return {"phases": f"{FOLDER}/salt.cif,{FOLDER}/silicon.cif"}


def pattern():
    """Return Gaussian reflections of rock salt and silicon, Cu K alpha."""
    radiation = radiation_of({}, anode="Cu", wavelength=None, file="")
    x = np.arange(20.0, 90.0, 0.02)
    y = np.full(x.size, 200.0)
    for file in crystals()["phases"].split(","):
        phase = load(file, radiation, largest_angle=90.0)
        for wavelength, part in radiation.lines:
            angle = 2.0 * np.arcsin(0.5 * wavelength * inverse_spacings(phase.cell, phase.hkl))
            height = part * phase.strength * polarisation(angle, 0.0) / phase.density
            y += (1e4 * height * np.exp(-2.8 * ((x[:, None] - np.degrees(angle)) / 0.12) ** 2)).sum(axis=1)
    counts = np.random.default_rng(4).poisson(y)
    return new("diffraction", {"two_theta": x, "counts": counts}, source="conformance.xy", metadata={"anode": "Cu"})


def losses():
    """Return a loss map of a particle with a shell."""
    columns = {
        "energy_loss": 155.0 + 0.5 * np.arange(200),
        "counts": loss_map(Lamella(size=24, radius=6.0), np.random.default_rng(5)),
    }
    return new("energy_loss_image", columns, source="conformance.dm4")


def x_rays():
    """Return an X-ray map of a particle with a shell, pixels of 2 nm."""
    counts = x_ray_map(Lamella(), np.random.default_rng(6))
    places = {name: xr.Variable(name, 2e-9 * np.arange(40)) for name in "yx"}
    return new("x_ray_image", {"energy": 15.0 * np.arange(140), "counts": counts, **places}, source="conformance.dm4")


def run_of_heat():
    """Return a heating run with a transition at 529 K."""
    time, temperature, flow = heat_flow(np.random.default_rng(4), heat=60e3, onset=529.0)
    columns = {"time": time, "temperature": temperature, "heat_flow": flow}
    return new("calorimetry", columns, source="conformance.txt")


SAMPLES = {
    "eels": losses,
    "element_map": x_rays,
    "diffraction": pattern,
    "calorimetry": run_of_heat,
    "impedance": spectrum,
    "polarization": step,
    "voltammetry": sweep,
    "plating": half_cycles,
    "critical_current": staircase,
    "cycling": charge_and_discharge,
    "sorption": isotherm,
    "infrared": infrared,
    "xray_raman": lambda: edge(boron_edge(0.3)),
    "near_edge": lambda: edge(boron_edge(0.3)),
}


def sample(technique):
    """Return a synthetic measurement of the kind that the technique takes."""
    assert technique.name in SAMPLES, "add a synthetic measurement for the new technique here"
    return SAMPLES[technique.name]()


SETTINGS = {
    "diffraction": crystals,
    "xray_raman": lambda: {"edge": "B K", "angle": "55"},
    "near_edge": references,
}  # of techniques that need some


def inputs(technique):
    return SETTINGS.get(technique.name, dict)() | {
        key: parse(INPUTS[key], key, label=f"{key}:conformance") for key in technique.inputs
    }


@pytest.fixture(scope="module", params=TECHNIQUES, ids=lambda t: t.name)
def analysed(request):
    technique = request.param
    return technique, technique.analyse(sample(technique), **inputs(technique))


@pytest.mark.parametrize("technique", TECHNIQUES, ids=lambda t: t.name)
def test_record_and_docstring(technique):
    assert set(technique.kinds) <= set(KINDS)
    assert set(technique.needs) <= set(NAMES)
    assert set(technique.inputs) <= set(NAMES)
    module = importlib.import_module(technique.module)
    lines = [line.strip() for line in module.__doc__.splitlines()]
    assert [s for s in SECTIONS if s not in lines] == []
    assert "doi" in module.__doc__


def test_every_quantity_has_an_uncertainty_or_a_reason(analysed):
    _, result = analysed
    assert isinstance(result, Result)
    for key, quantity in result.quantities.items():
        assert quantity.name == key.split(":")[0]
        if quantity.value is None:
            assert quantity.why, key
        else:
            assert quantity.u > 0, key
            assert quantity.method, key
            assert sum(u * u for u in quantity.budget().values()) == pytest.approx(quantity.u**2), key
    assert all(isinstance(check, Check) and check.detail for check in result.checks)


def test_result_survives_the_disk(analysed):
    _, result = analysed
    again = from_document(*to_document(result))
    for key, quantity in result.quantities.items():
        assert again.quantities[key].value == quantity.value
        assert again.quantities[key].u == pytest.approx(quantity.u) if quantity.u else again.quantities[key].why
    assert set(again.curves.data_vars) == set(result.curves.data_vars)


def test_figure_draws_and_its_numbers_are_those_of_the_result(analysed):
    technique, result = analysed
    spec = technique.figure(result)
    assert spec.summary
    assert "<svg" in to_svg(spec)
    assert to_csv(spec).count("\n") > 10


def test_without_inputs_nothing_is_invented(analysed):
    technique, _ = analysed
    bare = technique.analyse(sample(technique), **SETTINGS.get(technique.name, dict)())
    for key, quantity in bare.quantities.items():
        assert not any(source.split(":")[0] in technique.inputs for source in quantity.budget()), key


@pytest.mark.parametrize("technique", TECHNIQUES, ids=lambda t: t.name)
def test_wrong_measurement_is_refused_by_name(technique):
    other = new("open_circuit", {"time": [0.0, 1.0], "potential": [0.1, 0.1]}, source="ocp.par")
    with pytest.raises(DataError) as caught:
        technique.analyse(other)
    assert technique.needs[0] in str(caught.value)
    assert "ocp.par" in str(caught.value)


@pytest.mark.parametrize("technique", TECHNIQUES, ids=lambda t: t.name)
def test_settings_are_declared_with_a_type_and_a_meaning(technique):
    for key, (kind, meaning) in technique.settings.items():
        assert kind in (str, float, int, bool, NumberOrText), key
        assert meaning, key
    with pytest.raises(ClosoError):
        technique.setting("no such setting", "1")
