"""study.toml: right files become a Study, wrong ones become clear sentences."""

import math
import os
import threading
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from closo.errors import StudyError
from closo.nomenclature import NAMES, to_shown
from closo.quantity import Quantity, correlation, sources
from closo.study import Range, as_number, examine, files_of, load, name_measurement, problems, temperature_of
from closo.toml import last_digit, read_number, read_range

GOOD = """
title = "A pellet"
synthetic = true
doi = "10.1039/d5ta09128d"

[settings.impedance]
weights = "unit"

[materials.Na2B12H12]
density = "1.19 ± 0.01 g/cm3"
[materials.SiO2]
density = "2.20 g/cm3"

[powders."Aerosil 200"]
material = "SiO2"
specific_surface_area = "191.2 m2/g"
pore_volume = "437 cm3/g"
particle_size = "31.4 nm"

[chambers.oven]
temperature_offset = "0 ± 0.5 K"

[samples."A200-4h"]
recipe = { matrix = "Na2B12H12", filler = "SiO2", filler_fraction = "35 vol%", masses = { SiO2 = "250.1 ± 0.1 mg" } }
milling = { time = "4 h", speed = "400 rpm", ball_to_powder = 140, pattern = "5 min on / 5 min off" }

[specimens.pellet1]
sample = "A200-4h"
area = "0.785 ± 0.005 cm2"
thickness = "310 ± 5 um"
mass = "45.0 ± 0.1 mg"

[cells.RT]
area = "0.283 cm2"
active_fraction = "60 ± 0 wt%"
c_rate = "C/20"
separator_sample = "A200-4h"

[presses.stack]
torque = "1.2 N m"
screws = 3

[[measurements]]
specimen = "pellet1"
technique = "impedance"
file = "raw/a.par"
chamber = "oven"
conditions = [{ temperature = "30 ± 0.3 degC" }, { temperature = "60 ± 0.3 degC", branch = "heating" }]

[[series]]
name = "one"
axis = "milling_time"
samples = ["A200-4h", "A200-4h"]
temperature = "60 degC"

[[printed]]
quantity = "ionic_conductivity"
value = "5e-4 S/cm"
of = "nanocomposite"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "a.par").write_text("x")
    (tmp_path / "study.toml").write_text(GOOD, encoding="utf-8")
    return tmp_path


def rewrite(folder: Path, old: str, new: str) -> Path:
    text = (folder / "study.toml").read_text(encoding="utf-8")
    assert old in text
    (folder / "study.toml").write_text(text.replace(old, new, 1), encoding="utf-8")
    return folder


def refusal(folder: Path) -> str:
    with pytest.raises(StudyError) as caught:
        load(folder)
    text = str(caught.value)
    assert "Traceback" not in text
    assert "\n" not in text
    assert len(text) < 600
    return text


def test_a_good_study_has_numbers_with_their_own_sources(folder):
    study = load(folder)
    pellet = study.specimens["pellet1"]
    assert to_shown("thickness", pellet.thickness.x) == pytest.approx(310)
    assert set(sources(pellet.thickness)) == {"thickness:pellet1"}
    assert set(sources(study.cells["RT"].area)) == {"area:cell RT"}
    assert set(sources(study.samples["A200-4h"].recipe.masses["SiO2"])) == {"mass:A200-4h/SiO2"}
    assert study.samples["A200-4h"].recipe.filler_fraction.name == "volume_fraction"
    assert study.cells["RT"].active_fraction.u == 0.0
    assert study.cells["RT"].c_rate.x == pytest.approx(1 / 20 / 3600)
    assert study.synthetic
    assert problems(study) == []
    assert load(folder / "study.toml").title == study.title


def test_a_study_cannot_be_changed(folder):
    with pytest.raises(ValueError, match="frozen"):
        load(folder).specimens["pellet1"].sample = "other"


def test_no_stated_uncertainty_means_rounding(folder):
    density = load(folder).materials["SiO2"].density
    assert density.u == pytest.approx(0.005 / 3**0.5 * 1000)


def test_chamber_offset_is_common_and_scatter_is_not(folder):
    study = load(folder)
    a, b = (temperature_of(study, "30 ± 0.3 degC", chamber="oven", label=f"temperature:{k}") for k in "ab")
    assert correlation(a, b) == pytest.approx(0.25 / (0.25 + 0.09))
    assert a.x == pytest.approx(303.15)


def test_a_range_keeps_its_ends(folder):
    thickness = load(rewrite(folder, '"310 ± 5 um"', '"200-400 um"')).specimens["pellet1"].thickness
    assert isinstance(thickness, Range)
    assert (thickness.low.x, thickness.high.x) == (pytest.approx(200e-6), pytest.approx(400e-6))
    assert as_number(thickness).u == pytest.approx(100e-6 / 3**0.5)


WRONG = {
    "thickness = ": ('thicknes = ', "specimens.pellet1.thicknes", "Did you mean 'thickness'?"),
    'title = "A pellet"': ("", "title", "'title' is missing"),
    "recipe = {": ("receipt = {", 'samples.A200-4h.receipt', "Did you mean 'recipe'?"),
    "{ matrix =": ("{ matirx =", "samples.A200-4h.recipe.matirx", "Did you mean 'matrix'?"),
    "[specimens.pellet1]": ("[specimen.pellet1]", "specimen", "Did you mean 'specimens'?"),
    '"0.785 ± 0.005 cm2"': ('"0,785 cm2"', "specimens.pellet1.area", "decimal comma. Write the number with a point: '0.785"),
    '"310 ± 5 um"': ("310", "specimens.pellet1.thickness", "310 has no unit, but thickness needs one."),
    '"45.0 ± 0.1 mg"': ('"45.0 ± 0.1"', "specimens.pellet1.mass", "has no unit"),
    '"1.19 ± 0.01 g/cm3"': ('"1.19 furlong"', "materials.Na2B12H12.density", "is not a unit of density"),
    '"35 vol%"': ('"350 vol%"', "samples.A200-4h.recipe.filler_fraction", "not a fraction between 0 and 100 %"),
    'sample = "A200-4h"\narea': ('sample = "A200-4"\narea', "specimens.pellet1.sample", "Did you mean 'A200-4h'?"),
    'technique = "impedance"': ('technique = "impedence"', "measurements[1].technique", "Did you mean 'impedance'?"),
    'specimen = "pellet1"': ('specimen = "pelet1"', "measurements[1].specimen", "Did you mean 'pellet1'?"),
    'chamber = "oven"': ('chamber = "over"', "measurements[1].chamber", "Did you mean 'oven'?"),
    'branch = "heating"': ('branch = "up"', "measurements[1].conditions[2].branch", "must be 'heating' or 'cooling'"),
    "screws = 3": ('screws = "three"', "presses.stack.screws", "a whole number is needed"),
    "synthetic = true": ('synthetic = "yes"', "synthetic", "true or false is needed"),
    'weights = "unit"': ('wieghts = "unit"', "settings.impedance.settings.wieghts", "Did you mean 'weights'?"),
    'samples = ["A200-4h", "A200-4h"]': ('samples = ["A200-4h", "B"]', "series[1].samples", "'B' is not one of the samples"),
    'quantity = "ionic_conductivity"': ('quantity = "conductivity"', "printed[1].quantity", "not a name closo knows"),
    'file = "raw/a.par"': ('file = "raw/a.par"\npart = 0', "measurements[1].part", "counted from 1"),
    "[cells.RT]": ("[cells]\nRT2 = 3\n[cells.RT]", "cells.RT2", "a table is needed"),
    "[presses.stack]": ('[presses.stack]\nlabel = "x"', "presses.stack.label", "not a key of this table"),
}  # fmt: skip


@pytest.mark.parametrize("old", WRONG)
def test_each_mistake_is_one_sentence_with_its_place(folder, old):
    new, where, text = WRONG[old]
    said = refusal(rewrite(folder, old, new))
    assert f"study.toml, {where}: " in said
    assert text in said


def test_all_mistakes_are_listed_at_once(folder):
    for old in ("thickness = ", '"0.785 ± 0.005 cm2"', 'branch = "heating"', "screws = 3"):
        rewrite(folder, old, WRONG[old][0])
    study, found = examine(folder)
    assert study is None
    assert {p.where for p in found} == {WRONG[old][1] for old in WRONG if old in (
        "thickness = ", '"0.785 ± 0.005 cm2"', 'branch = "heating"', "screws = 3")}  # fmt: skip
    assert "(3 more: `closo check` lists them.)" in refusal(folder)


def test_unknown_names_are_listed_at_once(folder):
    for old in ('specimen = "pellet1"', 'technique = "impedance"', 'chamber = "oven"'):
        rewrite(folder, old, WRONG[old][0])
    study, found = examine(folder)
    assert study is not None
    assert len([p for p in found if p.level == "error"]) == 3


@pytest.mark.parametrize(
    ("new", "text"),
    [
        ('hold = "R1=1"', "names parameters, but of no circuit"),
        ('circuit = "(R|Q)-Q"\nhold = "R2=1 kohm"', "has no parameter R2. Known: Q1, Q2, R1, n1, n2."),
        ('f_max = "1 Mohm"', "f_max = '1 Mohm' is not a frequency"),
        ("leave_out = false", "False is not a number or text"),
    ],
)
def test_settings_that_cannot_be_read_are_listed_before_a_file_is_opened(folder, new, text):
    _, found = examine(rewrite(folder, 'weights = "unit"', new))
    said = [p.text for p in found if p.where.startswith("settings.impedance")]
    assert len(said) == 1
    assert text in said[0]


def test_settings_of_the_study_and_of_the_measurement_are_read_together(folder):
    rewrite(folder, 'weights = "unit"', 'circuit = "(R|Q)-Q"\nf_max = "1 MHz"\nleave_out = 3')
    study, _ = examine(rewrite(folder, 'technique = "impedance"', 'technique = "impedance"\nsettings.hold = "n2=0.9"'))
    assert study is not None
    _, found = examine(rewrite(folder, "n2=0.9", "n9=0.9"))
    assert [p.where for p in found if "n9" in p.text] == ["measurements[1].settings"]


HOSTILE_NAMES = [
    "", " ", " pellet", "a/b", "../x", "..", ".", "a\\b", "a#1", "a[1]", "a\u0000b", "a\nb", "a\rb", "a\x1fb", "a\u202eb",
    "series", "x" * 81, "\ufeffa", "a\u2028b", "\x7f",
]  # fmt: skip
HARMLESS_NAMES = [
    "<img src=x onerror=alert(1)>", "$alpha_$", "=1+1", "'; DROP TABLE results; --", "π-σ 35 vol%", "日本",
    "null", "True", "a b", "%s%n", "{0}", "${HOME}", "@x", "-rf",
]  # fmt: skip


def toml_key(name: str) -> str:
    return '"' + "".join(f"\\u{ord(c):04x}" if ord(c) < 0x10000 else c for c in name) + '"'


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_names_that_cannot_be_keys_are_refused(folder, name):
    said = refusal(rewrite(folder, "[specimens.pellet1]", f"[specimens.{toml_key(name)}]"))
    assert "name" in said
    assert "specimens." in said


@pytest.mark.parametrize("name", HARMLESS_NAMES)
def test_odd_names_are_only_names(folder, name):
    rewrite(folder, "[specimens.pellet1]", f"[specimens.{toml_key(name)}]")
    rewrite(folder, 'specimen = "pellet1"', f"specimen = {toml_key(name)}")
    assert list(load(folder).specimens) == [name]


HOSTILE_FILES = [
    "../a.par", "raw/../../a.par", "/etc/hostname", "C:\\a.par", "C:/a.par", "raw\\a.par", "~/a.par", "~root/a.par",
    "http://example.org/a.par", "file:///etc/hostname", "s3://bucket/a.par", "", " ", "raw/a\u0000.par", "raw/\na.par",
    "x" * 301, "..", "\\\\server\\share\\a.par",
]  # fmt: skip


@pytest.mark.parametrize("file", HOSTILE_FILES)
def test_files_outside_the_study_are_refused(folder, file):
    said = refusal(rewrite(folder, '"raw/a.par"', toml_key(file)))
    assert "measurements[1].file" in said


def test_a_link_out_of_the_study_is_refused(folder, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside") / "secret.par"
    outside.write_text("secret")
    (folder / "raw" / "a.par").unlink()
    (folder / "raw" / "a.par").symlink_to(outside)
    study = load(folder)
    assert "link that leaves the study folder" in problems(study)[0].text
    with pytest.raises(StudyError, match="leaves the study folder"):
        files_of(study, study.measurements[0])


def test_a_link_to_itself_and_a_pipe_do_not_hang(folder):
    (folder / "raw" / "a.par").unlink()
    (folder / "raw" / "a.par").symlink_to("a.par")
    assert problems(load(folder))[0].level == "error"
    (folder / "raw" / "a.par").unlink()
    os.mkfifo(folder / "raw" / "a.par")
    assert "not a regular file" in problems(load(folder))[0].text


def test_a_missing_file_is_a_problem_but_not_the_end(folder):
    (folder / "raw" / "a.par").rename(folder / "raw" / "b.par")
    found = problems(load(folder))
    assert [(p.level, p.where) for p in found] == [("error", "measurements[1].file")]
    assert "Did you mean 'raw/b.par'?" in found[0].text


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"title: a\nsamples:\n  - x\n", "not TOML"),
        (b"&a [*a, *a]", "not TOML"),
        ("title = 'x'".encode("utf-16"), "UTF-16. Save it as UTF-8."),
        ("title = '310 ± 5'".encode("latin-1"), "line 1: byte 0xb1 is not UTF-8. Save it as UTF-8."),
        (b"title = 'x'\n[a\n", "line 2"),
        (b"x = " + b"[" * 100_000, "nested too deeply"),
        (b"x = " + b"9" * 10_000, "not TOML"),
        (b"#" * 2_100_000, "2100000 bytes"),
        (b"\x00\x01\x02", "not TOML"),
        (b"", "'title' is missing"),
        (b"title = 'a'\ntitle = 'b'", "not TOML"),
        (b"title = 1979-05-27", "title: datetime.date(1979, 5, 27) does not fit: text in quotes is needed."),
        (b"title = 'a'\nspecimens = 3", "a table is needed"),
        (b"title = 'a'\nmeasurements = {}", "a list is needed"),
        (b"title = 'a'\nfolder = '/'", "'folder' is not a key of study.toml."),
    ],
)
def test_files_that_are_no_study(tmp_path, content, text):
    (tmp_path / "study.toml").write_bytes(content)
    assert text in refusal(tmp_path)


def test_a_byte_order_mark_is_harmless(folder):
    (folder / "study.toml").write_bytes(b"\xef\xbb\xbf" + GOOD.encode())
    assert load(folder).title == "A pellet"


def test_other_formats_and_missing_files_are_refused(tmp_path):
    (tmp_path / "study.yaml").write_text("a: 1")
    with pytest.raises(StudyError, match="closo reads TOML, not YAML"):
        load(tmp_path / "study.yaml")
    with pytest.raises(StudyError, match="no such file"):
        load(tmp_path)
    with pytest.raises(StudyError, match="no such file"):
        load(tmp_path / "nothing")
    with pytest.raises(StudyError, match="no such file"):
        load("\0")
    os.mkfifo(tmp_path / "study.toml")
    finished = threading.Event()

    def read() -> None:
        with pytest.raises(StudyError, match="not a regular file"):
            load(tmp_path)
        finished.set()

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    thread.join(5)
    assert finished.is_set()


def test_equal_file_names_get_names_of_their_own(folder):
    (folder / "cold").mkdir()
    (folder / "cold" / "a.par").write_text("y")
    with (folder / "study.toml").open("a", encoding="utf-8") as file:
        file.write('\n[[measurements]]\nspecimen = "pellet1"\ntechnique = "impedance"\nfile = "cold/a.par"\n')
    study = load(folder)
    assert [name_measurement(study, m) for m in study.measurements] == ["raw_a.par", "cold_a.par"]


def test_a_measurement_listed_twice_is_refused(folder):
    again = '\n[[measurements]]\nspecimen = "pellet1"\ntechnique = "impedance"\nfile = "raw/a.par"\npart = 1\n'
    with (folder / "study.toml").open("a", encoding="utf-8") as file:
        file.write(again)
    assert "is already measurements[1]" in refusal(folder)


@given(st.text(max_size=30))
def test_any_text_is_a_number_or_a_sentence(text):
    for name in ("thickness", "temperature", "cpe_exponent", "volume_fraction"):
        try:
            value = as_number(read_range(text, name, label="x"))
        except StudyError:
            continue
        assert math.isfinite(value.x)
        assert value.u >= 0.0


@given(st.sampled_from(sorted(NAMES)), st.floats(1e-3, 1e3), st.floats(1e-4, 1.0))
def test_what_is_written_is_what_is_read(name, value, u):
    assume(value <= to_shown(name, NAMES[name].largest))  # what is larger is refused, in another test
    unit = NAMES[name].shown
    number = read_number(f"{value!r} ± {u!r} {'' if unit == '1' else unit}", name, label="x")
    quantity = Quantity(name, number)
    assert to_shown(name, quantity.value) == pytest.approx(value, rel=1e-9)
    assert quantity.u == pytest.approx(u * NAMES[name].factor, rel=1e-9)


@pytest.mark.parametrize(
    ("text", "size"), [("5e-4", 1e-4), ("1.90e-5", 1e-7), ("0.38", 0.01), ("350", 1.0), (".5", 0.1)]
)
def test_last_printed_digit(text, size):
    assert last_digit(text) == pytest.approx(size)


CELL = '\n[[measurements]]\ncell = "RT"\ntechnique = "cycling"\nfile = "raw/b.mpt"\n'


def with_cell(folder, text, old="", new=""):
    (folder / "raw" / "b.mpt").write_text("x")
    whole = (folder / "study.toml").read_text(encoding="utf-8").replace(old or "\0", new) + text
    (folder / "study.toml").write_text(whole, encoding="utf-8")
    return folder


def test_a_cell_is_measured_like_a_specimen(folder):
    study = load(with_cell(folder, CELL + 'temperature = "20 ± 0.5 degC"\nstage = "before"\n'))
    measured = study.measurements[-1]
    assert (measured.owner, measured.specimen, measured.stage) == ("RT", None, "before")


def test_a_measurement_has_one_owner(folder):
    both = CELL.replace('cell = "RT"', 'cell = "RT"\nspecimen = "pellet1"')
    with pytest.raises(StudyError, match="of = 'NAME'"):
        load(with_cell(folder, both))


def test_an_unknown_cell_is_named(folder):
    with pytest.raises(StudyError, match="'RTT' is not one of the cells"):
        load(with_cell(folder, CELL.replace('"RT"', '"RTT"')))


def test_a_cell_must_not_be_called_like_a_specimen(folder):
    with pytest.raises(StudyError, match="could not tell them apart"):
        load(with_cell(folder, "", "[cells.RT]", "[cells.pellet1]"))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            'active_fraction = "60 ± 0 wt%"',
            'active_fraction = "140 wt%"',
            "'140 wt%' is not a fraction between 0 and 100 %",
        ),
        ('active_fraction = "60 ± 0 wt%"', 'active_fraction = "80 vol%"', "'80 vol%' is not a mass fraction"),
        ('area = "0.283 cm2"', 'area = "0 cm2"', "area = '0 cm2' is not valid: it must be finite and > 0"),
        ('area = "0.283 cm2"', 'area = "wide"', "'wide' is not an area"),
    ],
)
def test_numbers_that_cannot_be_are_refused_as_written(folder, old, new, said):
    with pytest.raises(StudyError) as caught:
        load(with_cell(folder, "", old, new))
    assert said in str(caught.value)


def test_nothing_is_colder_than_absolute_zero():
    with pytest.raises(StudyError, match="above absolute zero"):
        read_number("-300 degC", "temperature", label="t")
