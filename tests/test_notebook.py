"""closo from Python: values, results, a function per technique, the script that `closo run` writes."""

import inspect
import json
import os
import runpy
import subprocess
import sys
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest

import closo
from closo import dataset, figures, pipeline
from closo.arrays import _measurement
from closo.dataset import KINDS, new
from closo.errors import DataError, StudyError
from closo.nomenclature import NAMES, look_up
from closo.notebook import as_number
from closo.quantity import Quantity, correlation, from_fit, uncertain, withheld
from closo.techniques import TECHNIQUES, get
from closo.techniques.inputs import INPUTS
from closo.twin.microscopy import Lamella, x_ray_map
from closo.value import Value, stated

mpl.use("agg")

FILE = Path(__file__).parents[1] / "examples" / "na2b12h12-sio2" / "raw" / "A380-35-1h-p1_60C_heating.par"
GEOMETRY = {"area": "0.785 ± 0.005 cm2", "thickness": "310 ± 5 um"}
FREQUENCY = np.geomspace(1e6, 1.0, 37)


def impedance_of(resistance: float) -> np.ndarray:
    """Return an arc of that resistance [ohm] before blocking electrodes."""
    omega = 2j * np.pi * FREQUENCY
    return resistance / (1 + omega * resistance * 1e-10) + 1 / (omega * 1e-5)


@pytest.fixture(scope="module")
def results():
    return closo.run("impedance", str(FILE), **GEOMETRY)


def test_the_float_of_a_value_is_what_is_printed(results):
    sigma = results[0]["ionic_conductivity"]
    printed = results[0].as_json()["quantities"]
    shown = next(q for q in printed if q["key"] == "ionic_conductivity")
    assert (sigma.unit, shown["unit"]) == ("S/cm", "S/cm")
    assert float(sigma) == sigma.value == pytest.approx(shown["value"], rel=1e-12)
    assert sigma.u == pytest.approx(shown["u"], rel=1e-12)
    assert sigma.interval() == pytest.approx(shown["interval"], rel=1e-12)
    assert sum(u**2 for u in sigma.budget().values()) == pytest.approx(sigma.u**2)
    unit = results[0].quantities["ionic_conductivity"].as_read()[1]
    assert str(sigma.to(unit)) == str(results[0].quantities["ionic_conductivity"])


@pytest.mark.parametrize("name", NAMES)
def test_every_name_has_a_value_in_its_shown_unit(name):
    row = look_up(name)
    quantity = Quantity(name, uncertain(300.0, {"x": 3.0}))
    value = Value.of(quantity)
    shown = quantity.as_json()
    assert (value.value, value.u, value.unit) == (pytest.approx(shown["value"]), pytest.approx(shown["u"]), row.shown)
    assert value.interval() == pytest.approx(shown["interval"])
    assert str(value.to(quantity.as_read()[1])) == str(quantity)
    assert value._repr_html_()


def test_a_value_in_another_unit_stays_the_same_thing(results):
    sigma = results[0]["ionic_conductivity"]
    other = sigma.to("mS/cm")
    assert float(other) == pytest.approx(1e3 * float(sigma))
    assert (other.unit, other.u) == ("mS/cm", pytest.approx(1e3 * sigma.u))
    assert other.interval() == pytest.approx([1e3 * end for end in sigma.interval()])
    assert other.to("S/m").to("S/cm").value == pytest.approx(sigma.value)
    with pytest.raises(StudyError, match="not a unit of ionic_conductivity"):
        sigma.to("ohm")


def test_arithmetic_keeps_correlations_and_units(results):
    result = results[0]
    by_hand = stated("310 ± 5 um", "thickness", of=FILE.name) / (
        result["total_resistance"] * stated("0.785 ± 0.005 cm2", "area", of=FILE.name)
    )
    assert by_hand.unit == "1/cm/ohm"
    sigma = by_hand.named("ionic_conductivity")
    assert float(sigma) == pytest.approx(float(result["ionic_conductivity"]), rel=1e-12)
    assert sigma.u == pytest.approx(result["ionic_conductivity"].u, rel=1e-9)
    assert (sigma - result["ionic_conductivity"]).u < 1e-9 * sigma.u
    assert correlation(sigma.quantity.number, result.quantities["ionic_conductivity"].number) == pytest.approx(1.0)


def test_sums_of_fitted_numbers_have_the_covariance_of_the_fit():
    covariance = np.array([[4.0, -3.0], [-3.0, 9.0]])
    one, two = (
        Value.of(Quantity("resistance", n)) for n in from_fit([100.0, 200.0], covariance, label="fit:a#1", df=30)
    )
    assert (one + two).u == pytest.approx(np.sqrt(4 + 9 - 2 * 3))
    assert (one - two).u == pytest.approx(np.sqrt(4 + 9 + 2 * 3))
    assert (2 * one).u == pytest.approx(4.0)
    assert float(one / two) == pytest.approx(0.5)


def test_units_are_not_mixed_up():
    r, t = stated("100 ± 1 ohm", "resistance", of="a"), stated("30 ± 0.5 degC", "temperature", of="oven")
    for wrong in (lambda: r + 1, lambda: r + t, lambda: 1 - r, lambda: np.log(r)):
        with pytest.raises(StudyError, match="cannot be converted"):
            wrong()
    with pytest.raises(TypeError, match="cannot be combined with str"):
        r + "1"
    half = stated("50 ± 1 %", "capacity_retention", of="a")
    assert str(half - stated("40 ± 1 %", "capacity_retention", of="b")) == "10.0 ± 1.4 %"
    assert float(np.exp(r / r)) == pytest.approx(np.e)
    assert str(r + stated("1 ± 0.1 kohm", "resistance", of="b")) == "1100 ± 100 ohm"
    assert (t - stated("25 ± 0.5 degC", "temperature", of="oven")).unit == "K"
    assert float(1 / t) == pytest.approx(1 / 303.15)  # from absolute zero
    assert float(stated("50 ± 1 %", "capacity_retention", of="a") * 2) == pytest.approx(1.0)
    assert float(np.sqrt(r * r)) == pytest.approx(100.0)
    assert float(np.log(r / 10 / stated("10 ± 1 ohm", "resistance", of="b"))) == pytest.approx(0.0, abs=1e-12)
    assert float(np.float64(2) * r) == 200.0


def test_a_withheld_value_is_not_taken_for_one_that_was_not_given():
    with pytest.raises(StudyError, match="area is withheld: no geometry"):
        as_number(Value.of(withheld("area", "no geometry")), "area", "p1")


def test_what_is_withheld_says_why():
    value = Value.of(withheld("bulk_resistance", "no arc"))
    assert (value.value, value.u, value.interval(), str(value)) == (None, None, None, "withheld: no arc")
    assert "no arc" in value._repr_html_()
    for use in (float, lambda v: v + v, lambda v: 2 * v):
        with pytest.raises(DataError, match="bulk_resistance is withheld: no arc"):
            use(value)


def test_a_result_in_a_notebook(results):
    result = results[0]
    assert list(result) == result.keys() == list(result.quantities)
    assert "total_resistance" in result
    with pytest.raises(StudyError, match="Did you mean 'ionic_conductivity'"):
        result["ionic_conductivty"]
    table = result.to_pandas()
    assert table.loc["ionic_conductivity", "value"] == float(result["ionic_conductivity"])
    assert table.loc["ionic_conductivity", "unit"] == "S/cm"
    assert result.to_polars()["quantity"].to_list() == list(result.quantities)
    text = result._repr_html_()
    assert "<sup>" in text
    assert "S/cm" in text
    assert len(repr(result).splitlines()) < 60


def test_a_plot_is_matplotlib_axes(results, tmp_path):
    axes = results[0].plot()
    assert len(axes) == len(closo.figure(results[0]).panels)
    one = results[0].plot(0)
    assert one.get_xlabel() == axes[0].get_xlabel()
    one.figure.savefig(tmp_path / "one.png")
    assert (tmp_path / "one.png").stat().st_size > 5_000
    with pytest.raises(StudyError, match="Its panels are 0 to 3"):
        results[0].plot(4)


def test_a_table_has_one_row_per_measurement(results, tmp_path):
    spectra = [
        new("impedance", {"frequency": FREQUENCY, "impedance": impedance_of(r)}, source=f"{r}.txt") for r in (300, 600)
    ]
    (tmp_path / "broken.par").write_bytes(b"\x00" * 100)
    with pytest.warns(UserWarning, match=r"1 of 3 gave no result .*broken.par"):
        several = closo.run("impedance", [*spectra, str(tmp_path / "broken.par")], **GEOMETRY)
    assert list(several.errors) == [str(tmp_path / "broken.par")]
    table = several.to_pandas()
    assert list(table["file"]) == ["300.txt", "600.txt"]
    assert list(table["total_resistance"]) == [float(r["total_resistance"]) for r in several]
    assert table.attrs["units"]["ionic_conductivity"] == "S/cm"
    assert several.to_polars().shape == table.shape
    assert "broken.par" in several._repr_html_()
    assert "broken.par" in str(several)
    assert several[1:][0].name == several[1].name
    assert len(several[:1]) == 1


def test_a_frame_needs_its_library(results, monkeypatch):
    monkeypatch.setitem(sys.modules, "polars", None)
    with pytest.raises(StudyError, match="polars is not installed"):
        results[0].to_polars()


def test_paths_may_be_text(results, tmp_path):
    data = closo.read(str(FILE))[1]
    dataset.save(data, str(tmp_path / "one.nc"))
    assert dataset.load(str(tmp_path / "one.nc")).equals(data)
    paths = figures.save(closo.figure(results[0]), str(tmp_path / "figures"), formats=("png",))
    assert all(path.is_file() for path in paths)
    study = str(FILE.parents[1])
    assert closo.load(study).specimens
    assert not [problem for problem in closo.check(study) if problem.level == "error"]


def test_where_nothing_comes_out_the_error_is_raised(tmp_path):
    with pytest.raises(closo.ReadError, match="there is no such file"):
        closo.run("impedance", "nothing.mpr")
    with pytest.raises(StudyError, match="not a technique"):
        closo.run("impedence", str(FILE))
    (tmp_path / "notes.md").write_text("# Notes\n")
    with pytest.raises(StudyError, match="none of the files"):
        closo.run("impedance", tmp_path)


def test_pellets_of_different_calls_are_different_pellets():
    def conductivity(resistance, name, **more):
        data = new("impedance", {"frequency": FREQUENCY, "impedance": impedance_of(resistance)}, source=name)
        return closo.run("impedance", data, **GEOMETRY, **more)[0]["ionic_conductivity"]

    one, two = conductivity(300, "a.txt"), conductivity(600, "b.txt")
    assert correlation(one.number, two.number) == 0.0
    warm, cold = conductivity(300, "a.txt", specimen="p1"), conductivity(600, "b.txt", specimen="p1")
    assert correlation(warm.number, cold.number) > 0.9
    assert (warm / cold).u < 0.2 * (one / two).u


def test_files_of_one_name_in_two_calls_are_a_warning(tmp_path):
    def analyse(folder, resistance):
        (tmp_path / folder).mkdir(exist_ok=True)
        z = impedance_of(resistance)
        rows = "".join(f"{f} {a.real} {a.imag}\n" for f, a in zip(FREQUENCY, z, strict=True))
        (tmp_path / folder / "same.txt").write_text(rows)
        columns = "frequency,impedance_real,impedance_imag"
        return closo.run("impedance", tmp_path / folder / "same.txt", columns=columns, settings={"drt": False})

    analyse("a", 300)
    analyse("a", 300)
    with pytest.warns(UserWarning, match="both called 'same.txt#1'.*Analyse them in one call"):
        analyse("b", 600)


def test_arrays_give_what_a_file_gives(results):
    data = closo.read(FILE)[1]
    by_array = closo.impedance(data["frequency"].values, data["impedance"], name="mine", calibrated=True, **GEOMETRY)
    by_file = closo.run("impedance", FILE, **GEOMETRY, settings={"calibrated": True})[0]
    assert float(by_array["total_resistance"]) == pytest.approx(float(by_file["total_resistance"]), rel=1e-9)
    assert by_array["ionic_conductivity"].u == pytest.approx(by_file["ionic_conductivity"].u, rel=1e-6)
    assert "thickness:mine" in by_array["ionic_conductivity"].budget()
    assert by_array.provenance is not None


def test_arrays_without_a_name_are_told_apart_by_their_content():
    one, again, two = (closo.impedance(FREQUENCY, impedance_of(r), drt=False) for r in (300, 300, 600))
    assert one.name == again.name != two.name


def test_values_may_be_given_for_properties():
    area = stated("10.0 ± 0.1 mm", "diameter", of="press") ** 2 * (np.pi / 4)
    by_value = closo.impedance(FREQUENCY, impedance_of(500), area=area, thickness="300 ± 3 um", drt=False)
    assert float(by_value["ionic_conductivity"]) == pytest.approx(0.03 / (500 * np.pi * 0.25), rel=1e-3)
    assert "diameter:press" in by_value["ionic_conductivity"].budget()
    with pytest.raises(StudyError, match="cannot be converted"):
        closo.impedance(FREQUENCY, impedance_of(500), thickness=area)


def test_cycling_from_arrays_takes_a_name_as_column_or_property():
    time = np.arange(0.0, 4000.0, 10.0)
    current = np.where((time // 1000).astype(int) % 2 == 0, 1e-4, -1e-4)
    voltage = 3.0 + np.cumsum(current) * 1e-1
    plain = closo.cycling(time, current, voltage=voltage, temperature="30 ± 1 degC", cell="cathode half cell")
    assert plain["temperature"].value == pytest.approx(30.0)
    logged = closo.cycling(
        time, current, voltage=voltage, temperature=303.15 + time / time[-1], cell="cathode half cell"
    )
    assert plain["temperature"].method == "as stated"
    logs = [next(c.passed for c in r.checks if c.name == "temperature log") for r in (plain, logged)]
    assert logs == [None, True]
    with pytest.raises(StudyError, match="'half' is not possible for cell"):
        closo.cycling(time, current, voltage=voltage, cell="half")


@pytest.mark.parametrize("row", TECHNIQUES, ids=lambda row: row.name)
def test_every_technique_has_a_function_with_named_arguments(row):
    function = getattr(closo, row.name)
    parameters = inspect.signature(function).parameters
    assert list(parameters)[: len(row.needs)] == list(row.needs)
    assert {*row.also, *row.inputs, *row.settings, "name"} <= set(parameters)
    assert not any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters.values())
    assert all(f"\n{name} : " in function.__doc__ for name in parameters)
    assert row.name in dir(closo)
    told = {
        (len(KINDS[kind].dims), KINDS[kind].needs) for kind in row.kinds
    }  # by the dimensions and columns of the arrays
    assert len(told) == len(row.kinds) or all(KINDS[row.kinds[0]].dims == KINDS[kind].dims for kind in row.kinds)
    with pytest.raises(TypeError, match="nonsense"):
        function(**{name: [1.0] for name in row.needs}, nonsense=1)


def test_arrays_of_a_map_are_a_map_and_those_of_a_spectrum_a_spectrum():
    lamella = Lamella()
    random = np.random.default_rng(0)
    counts = x_ray_map(lamella, random)
    energy = 0.02 * np.arange(counts.shape[-1])
    for array, dims in ((counts, 3), (counts.sum(axis=(0, 1)), 1)):
        data = _measurement(get("element_map"), {"counts": array, "energy": energy}, "a map")
        assert data["counts"].ndim == dims
        assert data.attrs["kind"] == {3: "x_ray_image", 1: "x_ray"}[dims]


def test_what_the_command_line_may_ask_python_may_ask_too():
    of_files = set(inspect.signature(pipeline.run).parameters) - {"inputs"}
    assert of_files | set(INPUTS) < set(inspect.signature(closo.run).parameters)
    assert {name for row in TECHNIQUES for name in row.inputs} <= set(INPUTS)


def test_help_shows_how_to_begin():
    for text in ("Parameters", "Returns", "Raises", "Examples", "310 ± 5 um"):
        assert text in closo.run.__doc__
    with pytest.raises(AttributeError, match="has no attribute 'impedence'"):
        _ = closo.impedence


@pytest.mark.parametrize(
    "options",
    [
        ["--area", "0.785 ± 0.005 cm2", "--thickness", "310 ± 5 um", "--set", "f_max=500 kHz", "--set", "drt=false"],
        ["--use-header"],
    ],
)
def test_the_script_reproduces_the_numbers(closo, tmp_path, options):
    script = tmp_path / "again.py"
    code, out, _ = closo("run", "impedance", FILE, *options, "--script", script, "--json")
    assert code in (0, 1)
    printed = {q["key"]: (q["value"], q["u"]) for q in json.loads(out)[0]["quantities"]}
    again = runpy.run_path(str(script))["results"][0]
    assert set(again) == set(printed)
    for key, (value, u) in printed.items():
        if value is None:
            assert again[key].value is None
        else:
            assert (again[key].value, again[key].u) == (pytest.approx(value, rel=1e-9), pytest.approx(u, rel=1e-6))


def test_the_script_runs_anywhere(closo, tmp_path):
    script = tmp_path / "again.py"
    closo("run", "impedance", FILE, "--set", "drt=false", "--script", script)
    done = subprocess.run(
        [sys.executable, str(script)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        cwd=tmp_path,
        env=os.environ,
    )
    assert done.returncode == 0, done.stderr
    assert "total_resistance" in done.stdout
    code, _, err = closo("run", "impedance", FILE, "--script", tmp_path / "again.txt")
    assert code == 2
    assert "does not end in .py" in err
