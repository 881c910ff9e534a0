"""run: loose files and folders without a study."""

import shutil

import polars as pl
import pytest
import xarray as xr

from closo import dataset, read
from closo.errors import StudyError
from closo.pipeline import run
from closo.quantity import correlation

GEOMETRY = {"area": "0.785 ± 0.005 cm2", "thickness": "310 ± 5 um"}


@pytest.fixture
def raw(fake, make_study):
    return make_study(1) / "raw"


def test_files_of_one_pellet_share_its_geometry(raw):
    files = sorted(raw.iterdir())[:2]
    a, b = run("fake", files, inputs={**GEOMETRY, "temperature": "30 ± 0.5 degC"})
    assert (a.file, a.part, a.error) == (files[0], 1, None)
    sigma = [outcome.result.quantities["ionic_conductivity"] for outcome in (a, b)]
    assert {"area:command line", "thickness:command line", "fit:p1_0_30C.txt#1"} == set(sigma[0].budget())
    assert correlation(sigma[0].number, sigma[1].number) > 0.5
    assert a.result.provenance.inputs.keys() == {str(files[0])}
    assert a.result.quantities["temperature"].value == pytest.approx(303.15)


def test_without_geometry_the_resistance_remains(raw):
    outcome = next(run("fake", [sorted(raw.iterdir())[0]]))
    assert outcome.result.quantities["total_resistance"].value > 0
    assert outcome.result.quantities["ionic_conductivity"].value is None


def test_a_folder_is_every_file_and_bad_ones_do_not_stop_it(raw):
    (raw / "deep").mkdir()
    shutil.copy(raw / "p1_0_30C.txt", raw / "deep" / "p1_0_30C.txt")
    (raw / "a_broken.par").write_bytes(b"\x00" * 100)
    (raw / "b_empty.dta").touch()
    (raw / "notes.md").write_text("# Notes\nwe measured today\n")
    (raw / ".hidden.txt").write_text("1 2 3")
    outcomes = list(run("fake", [raw], inputs=GEOMETRY))
    good = [o for o in outcomes if o.result is not None]
    assert len(good) == 6
    assert len({o.result.name for o in good}) == 6  # equal file names get names of their own
    bad = {o.file.name: o for o in outcomes if o.error is not None}
    assert set(bad) == {"a_broken.par", "b_empty.dta", "notes.md"}
    assert {name for name, o in bad.items() if o.skipped} == {"notes.md"}


def test_a_named_file_is_never_skipped(raw, tmp_path):
    (tmp_path / "notes.md").write_text("# Notes\n")
    outcomes = list(run("fake", [tmp_path / "notes.md", tmp_path / "nothing.par", sorted(raw.iterdir())[0]]))
    assert [o.error is None for o in outcomes] == [False, False, True]
    assert not any(o.skipped for o in outcomes)
    assert "there is no such file" in str(outcomes[1].error)


@pytest.mark.parametrize(
    ("technique", "keywords", "text"),
    [
        ("fak", {}, "Did you mean 'fake'?"),
        ("fake", {"inputs": {"area": "0,785 cm2"}}, "decimal comma"),
        ("fake", {"inputs": {"area": "0.785"}}, "has no unit"),
        ("fake", {"settings": {"dely": 1.0}}, "Did you mean 'delay'?"),
    ],
)
def test_a_wrong_request_is_refused_before_anything_is_read(raw, technique, keywords, text):
    with pytest.raises(StudyError) as caught:
        run(technique, [raw], **keywords)
    assert text in str(caught.value)


def test_an_empty_folder_is_one_sentence(fake, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(StudyError, match="the folder holds no files"):
        run("fake", [tmp_path / "empty"])


def test_a_part_can_be_chosen(raw):
    file = sorted(raw.iterdir())[0]
    assert next(run("fake", [file], part=1)).result is not None
    outcome = next(run("fake", [file], part=7))
    assert "part 7 does not exist; the file holds 1 " in str(outcome.error)


def test_an_error_names_its_file(tmp_path):
    path = tmp_path / "cell.csv"
    path.write_text(
        "time/s,current/A,voltage/V\n" + "\n".join(f"{t},{1e-4 if t < 500 else -1e-4},3" for t in range(1000))
    )
    outcome = next(run("cycling", [path], settings={"cell": "foo"}))
    assert "not a kind of cell" in str(outcome.error)
    assert outcome.error.file == str(path)


def test_parts_are_counted_from_one(raw):
    with pytest.raises(StudyError, match=r"part = 0 does not exist\. Parts are counted from 1"):
        run("fake", [raw], part=0)


def test_a_path_a_text_a_list_and_a_measurement_are_all_files(raw):
    file = sorted(raw.iterdir())[0]
    (data,) = read(file)
    for given in (file, str(file), [file], (str(file),), data, [data], read(file)):
        (outcome,) = run("fake", given, inputs=GEOMETRY)
        assert outcome.error is None
        assert outcome.result.quantities["total_resistance"].value == pytest.approx(1000.0, rel=0.01)
        assert outcome.result.provenance.inputs
    a, b = run("fake", [data, sorted(raw.iterdir())[1]], inputs=GEOMETRY)
    assert correlation(*(o.result.quantities["ionic_conductivity"].number for o in (a, b))) > 0.5


def test_a_dataset_of_another_kind_or_origin_is_one_sentence(fake):
    other = dataset.new("open_circuit", {"time": [0.0, 1.0], "voltage": [1.0, 1.0]}, source="a.mpr")
    (outcome,) = run("fake", other)
    assert "a.mpr" in str(outcome.error)
    with pytest.raises(StudyError, match="not a measurement"):
        run("fake", xr.Dataset())


def test_a_diameter_stands_for_the_area(raw):
    file = sorted(raw.iterdir())[0]
    (by_area,) = run("fake", file, inputs={"area": "0.785398 ± 0.001 cm2", "thickness": "310 ± 5 um"})
    (by_diameter,) = run("fake", file, inputs={"diameter": "10 ± 0.05 mm", "thickness": "310 ± 5 um"})
    sigma = [o.result.quantities["ionic_conductivity"] for o in (by_area, by_diameter)]
    assert sigma[1].value == pytest.approx(sigma[0].value, rel=1e-5)
    assert sigma[1].budget()["diameter:command line"] / sigma[1].value == pytest.approx(0.01, rel=1e-6)
    with pytest.raises(StudyError, match="area and diameter are both given"):
        run("fake", file, inputs={"area": "1 cm2", "diameter": "10 mm"})


@pytest.fixture
def with_header(raw):
    """Return a function that gives a spectrum whose header states these things."""

    def make(**entries):
        (data,) = read(sorted(raw.iterdir())[0])
        data.attrs = {**data.attrs, "suggestions": entries}
        return data

    return make


def test_the_header_is_taken_when_asked_for(with_header):
    header = {"diameter": {"value": "10 mm", "from": "header"}, "thickness": {"value": "0.31 mm", "from": "header"}}
    data = with_header(**header)
    (without,) = run("fake", data)
    assert without.result.quantities["ionic_conductivity"].value is None
    (outcome,) = run("fake", data, use_header=True)
    sigma = outcome.result.quantities["ionic_conductivity"]
    assert sigma.value == pytest.approx(0.31e-3 / (1000.0 * 0.785398e-4), rel=0.01)
    assert any(source.startswith("thickness:header of") for source in sigma.budget())
    assert "area taken from the header: diameter = 10 mm." in outcome.result.notes
    (mine,) = run("fake", data, inputs={"thickness": "310 ± 5 um"}, use_header=True)  # what is given wins
    assert "thickness:command line" in mine.result.quantities["ionic_conductivity"].budget()


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"value": "1 cm2", "from": "header, the software's default"}, "is the default of the program"),
        ({"value": "1 furlong", "from": "header"}, "is not a unit of area"),
        ({"value": "1 cm2", "from": "file name"}, None),
    ],
)
def test_a_default_a_name_and_nonsense_are_not_taken(with_header, entry, said):
    data = with_header(area=entry, thickness={"value": "0.31 mm", "from": "header"})
    (outcome,) = run("fake", data, use_header=True)
    assert outcome.result.quantities["ionic_conductivity"].value is None
    assert said is None or any(said in note for note in outcome.result.notes)


def test_an_odd_area_is_asked_about(raw):
    (outcome,) = run("fake", sorted(raw.iterdir())[0], inputs={"area": "0.785 mm2", "thickness": "310 um"})
    assert any("Was 0.785 cm2 meant?" in note for note in outcome.result.notes)


def test_the_provenance_names_the_reader_that_read(fake, tmp_path):
    frame = pl.DataFrame({"a": [1e5, 1e3, 10.0] * 10, "b": [10.0] * 30, "c": [-5.0] * 30})
    frame.write_parquet(tmp_path / "a.parquet")
    frame.write_csv(tmp_path / "a.csv")
    columns = "frequency,impedance_real,impedance_imag"
    for name, reader in (("a.parquet", "parquet"), ("a.csv", "text")):
        (outcome, *_) = run("fake", tmp_path / name, columns=columns)
        assert outcome.result.provenance.reader == reader


def test_what_the_reader_found_wrong_with_the_voltage_judges_what_hangs_on_it(tmp_path):
    rows = [f"{60 * k},{3500 + k % 50},{1 if k % 100 < 50 else -1}" for k in range(400)]
    file = tmp_path / "cell.csv"
    file.write_text("\n".join(["time/s,voltage/V,current/mA", *rows]) + "\n", encoding="utf-8")  # it is in mV
    result = next(run("cycling", [file])).result
    unit = next(c for c in result.failed_checks if c.name == "unit")
    doubted = {key for key in result.quantities if unit.concerns(key)}
    voltages = {f"mean_voltage:{leg}" for leg in ("first_charge", "first_discharge", "last_charge", "last_discharge")}
    assert doubted == voltages | {"voltage_hysteresis", "voltage_hysteresis:last"}
