"""The command line: JSON, exit codes, errors, and what it leaves on disk."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import PIL.Image
import pytest

from closo.study import load
from closo.twin import write_study

VERBS = ("run", "convert", "new", "check", "analyse", "claims", "show", "report", "twin")


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("cli") / "study"
    write_study(folder, seed=5, kind="small")
    return folder


@pytest.fixture
def spectrum(study: Path) -> Path:
    return study / "raw" / "A200-35-4h-p1.par"


GEOMETRY = ("--area", "0.785 ± 0.005 cm2", "--thickness", "400 ± 5 um")


def test_run_gives_one_object_per_measurement(closo, spectrum: Path):
    code, out, _ = closo("run", "impedance", spectrum, *GEOMETRY, "--json")
    found = json.loads(out)
    assert code in (0, 1)
    assert [entry["part"] for entry in found] == [2, 4, 6, 8, 10]
    quantity = next(q for q in found[0]["quantities"] if q["name"] == "ionic_conductivity")
    assert quantity["unit"] == "S/cm"
    low, high = quantity["interval"]
    assert low < quantity["value"] < high
    assert sum(entry["u"] ** 2 for entry in quantity["budget"]) == pytest.approx(quantity["u"] ** 2)
    assert {"name", "passed", "detail", "judges", "hard"} == set(found[0]["checks"][0])
    assert found[0]["file"] == str(spectrum)


def test_thickness_twice_gives_twice_the_conductivity(closo, spectrum: Path):
    values = []
    for thickness in ("200 um", "400 um"):
        _, out, _ = closo(
            "run", "impedance", spectrum, "--area", "0.785 cm2", "--thickness", thickness, "--part", "2", "--json"
        )
        quantities = {q["name"]: q["value"] for q in json.loads(out)[0]["quantities"]}
        values.append(quantities["ionic_conductivity"])
    assert values[1] == pytest.approx(2 * values[0], rel=1e-3)  # the prior on the geometric capacitance moves a little


def test_without_geometry_the_conductivity_is_withheld_with_a_reason(closo, spectrum: Path):
    _, out, _ = closo("run", "impedance", spectrum, "--part", "2", "--json")
    quantity = next(q for q in json.loads(out)[0]["quantities"] if q["name"] == "ionic_conductivity")
    assert quantity["value"] is None
    assert "area" in quantity["why"]


def test_run_goes_on_past_a_bad_file(closo, spectrum: Path, tmp_path: Path):
    folder = tmp_path / "mixed"
    folder.mkdir()
    (folder / "a_empty.par").write_bytes(b"")
    (folder / "b_good.par").write_bytes(spectrum.read_bytes())
    (folder / "c_cut.par").write_bytes(spectrum.read_bytes()[:3000])
    (folder / "notes.txt").write_text("remember the milk")
    code, out, err = closo("run", "impedance", folder, "--set", "drt=false", "--json")
    found = json.loads(out)
    assert code == 3
    assert err == ""
    assert [Path(e["file"]).name for e in found if "quantities" in e] == ["b_good.par"] * 5
    bad = {Path(e["file"]).name: e for e in found if "error" in e}
    assert set(bad) == {"a_empty.par", "c_cut.par", "notes.txt"}
    assert bad["notes.txt"]["skipped"] is True
    assert "skipped" not in bad["a_empty.par"]
    assert all(e["error"] for e in bad.values())


def test_run_says_the_same_to_people(closo, spectrum: Path, tmp_path: Path):
    code, out, err = closo("run", "impedance", spectrum, tmp_path / "missing.par", "--set", "drt=false", "--part", "2")
    assert code == 3
    assert "total_resistance" in out
    assert "missing.par" in err
    assert "there is no such file" in err
    assert "1 result, 1 failure" in err


def test_run_shows_what_the_file_and_the_technique_had_to_say(closo, tmp_path: Path):
    rows = [
        f"{t},{1e-4 if t // 3600 % 2 == 0 else -1e-4},{0.1 if t // 3600 % 2 == 0 else -0.1}"
        for t in range(0, 14400, 20)
    ]
    (tmp_path / "cell.csv").write_text("\n".join(["time,current,voltage", *rows]))
    _, out, _ = closo("run", "plating", tmp_path / "cell.csv")
    assert "The header states no units; taken as" in out
    _, out, _ = closo("run", "plating", tmp_path / "cell.csv", "-v")
    assert "note: The header states no units; taken as" in out
    assert "withheld: needs the electrode area" in out
    assert "area_specific_resistance: withheld" not in out


def test_convert_speaks_plainly(closo, tmp_path: Path):
    rows = [f"{t},{1e-4 * t},{0.1 * t}" for t in range(20)]
    (tmp_path / "25degC.csv").write_text("\n".join(["time/s,current/A,voltage/V", *rows]))
    _, out, _ = closo("convert", tmp_path / "25degC.csv")
    assert "suggestion (not used): temperature = 25 °C (file name)" in out
    assert "{" not in out
    assert "first" in out
    assert "last" in out


def test_run_writes_figures(closo, spectrum: Path, tmp_path: Path):
    _, out, _ = closo("run", "impedance", spectrum, "--part", "2", "--figures", tmp_path / "f", "--json")
    written = json.loads(out)[0]["figures"]
    assert {Path(p).suffix for p in written} == {".svg", ".pdf", ".csv"}
    assert all(Path(p).stat().st_size > 100 for p in written)
    figures = ("--figures", tmp_path / "g", "--format", "PNG", "--journal", "acs")
    _, out, _ = closo("run", "impedance", spectrum, "--part", "2", *figures, "--set", "drt=no", "--json")
    (picture,) = (p for p in json.loads(out)[0]["figures"] if p.endswith(".png"))
    with PIL.Image.open(picture) as drawn:
        assert drawn.size[0] == 300 * 7  # two columns of 3.25 inch and what is between
    code, _, err = closo("run", "impedance", spectrum, "--figures", tmp_path / "g", "--format", "jpg")
    assert (code, "--format jpg is not a format of figures" in err) == (2, True)


def test_settings_reach_the_technique(closo, spectrum: Path):
    _, out, _ = closo(
        "run", "impedance", spectrum, "--part", "2", "--set", "circuit=L-(R|C)-Q", "--set", "drt=no", "--json"
    )
    assert json.loads(out)[0]["settings"]["circuit"] == "L1-(R1|C1)-Q1"


def test_a_preset_serves_the_next_file(closo, spectrum: Path, tmp_path: Path):
    preset, model = tmp_path / "p.toml", tmp_path / "p.mdl"
    asked = ("run", "impedance", spectrum, "--part", "2", "--set", "drt=no", "--json")
    code, out, err = closo(*asked, "--set", "circuit=L-(R|C)-Q", "--set", "f_max=1 MHz", "--save-preset", preset)
    assert code in (0, 1)
    assert str(preset) in err
    first = json.loads(out)[0]
    for file in (preset, model):  # the first writes the model that the second reads
        _, out, _ = closo(*asked, "--preset", file, "--save-preset", model)
        again = json.loads(out)[0]
        assert again["settings"]["circuit"] == first["settings"]["circuit"]
        values = [[q["value"] or 0.0 for q in found["quantities"]] for found in (first, again)]
        assert values[1] == pytest.approx(values[0], rel=1e-4)
    assert json.loads(out)[0]["settings"].get("f_max") is None  # a model knows no limits
    _, out, _ = closo(*asked, "--preset", preset, "--set", "f_max=500 kHz")
    assert json.loads(out)[0]["settings"]["f_max"] == 5e5


WRONG = [
    (("run", "impedanse", "x.par"), "Did you mean 'impedance'?"),
    (("run", "impedance", "x.par", "--set", "circut=R"), "Did you mean 'circuit'?"),
    (("run", "impedance", "x.par", "--set", "f_min"), "--set f_min=10"),
    (("run", "impedance", "x.par", "--set", "f_min=low"), "'100 Hz'"),
    (("run", "impedance", "x.par", "--set", "hold=R1=1"), "circuit"),
    (("run", "impedance", "x.par", "--set", "circuit=(R|Q)", "--set", "hold=R2=1"), "R1"),
    (("run", "impedance", "x.par", "--set", "assign=R1:grain"), "grain_boundary"),
    (("run", "impedance", "x.par", "--set", "leave_out=0"), "counted from 1"),
    (("run", "impedance", "x.par", "--preset", "no-such.toml"), ""),
    (("run", "cycling", "x.par", "--preset", "no-such.mdl"), ""),
    (("run", "impedance", "x.par", "--area", "large"), ""),
    (("run", "impedance", "x.par", "--area", "3 kg"), ""),
    (("run", "impedance"), "closo --help"),
    (("run", "impedance", "x.par", "--wrong"), "closo --help"),
    (("fly",), "closo --help"),
    (("convert", "x.par", "--to", "doc"), "csv"),
    (("check", "no-such-study"), ""),
    (("analyse", "no-such-study"), ""),
    (("twin", "x", "--kind", "huge"), "small"),
    (("analyse", "x", "--workers", "0"), ""),
]


@pytest.mark.parametrize(("arguments", "hint"), WRONG)
def test_a_wrong_request_is_one_object_and_exit_code_2(closo, tmp_path: Path, monkeypatch, arguments, hint: str):
    monkeypatch.chdir(tmp_path)
    code, out, err = closo(*arguments, "--json")
    error = json.loads(out)
    assert code == 2
    assert set(error) == {"error", "file", "where", "hint"}
    assert error["error"]
    assert hint in (error["hint"] or "")
    assert "Traceback" not in out + err
    assert closo(*arguments)[0] == 2


def test_convert_shows_what_the_reader_sees(closo, spectrum: Path):
    code, out, _ = closo("convert", spectrum, "--json")
    found = json.loads(out)
    assert code == 0
    assert found["reader"] == "versastudio"
    second = found["measurements"][1]
    assert (second["part"], second["kind"]) == (2, "impedance")
    assert {"name": "frequency", "unit": "Hz", "length": 61} == {
        k: second["variables"][0][k] for k in ("name", "unit", "length")
    }
    assert "SYNTHETIC" in json.dumps(second["metadata"])


@pytest.mark.parametrize("kind", ["csv", "nc"])
def test_convert_keeps_every_digit(closo, spectrum: Path, tmp_path: Path, kind: str):
    from closo.dataset import load as load_dataset
    from closo.readers import read

    code, out, _ = closo("convert", spectrum, "--to", kind, "--out", tmp_path / "out", "--json")
    assert code == 0
    path = Path(json.loads(out)["measurements"][1]["written"])
    original = read(spectrum)[1]
    if kind == "nc":
        assert (load_dataset(path)["impedance"].values == original["impedance"].values).all()
        return
    lines = path.read_text(encoding="utf-8").splitlines()
    columns = lines[0].split(",")
    first = dict(zip(columns, map(float, lines[3].split(",")), strict=True))
    assert first["impedance_imag"] == pytest.approx(original["impedance"].values[0].imag, rel=1e-14)


def test_convert_of_a_bad_file_is_exit_code_3(closo, tmp_path: Path):
    (tmp_path / "bad.par").write_bytes(b"\x00\xff" * 50)
    code, out, _ = closo("convert", tmp_path / "bad.par", "--json")
    assert code == 3
    assert json.loads(out)["file"].endswith("bad.par")


@pytest.mark.parametrize("kind", [[], ["--kind", "half-cells"], ["--kind", "full-cells"]])
def test_new_makes_a_study_that_lacks_its_files_only(closo, tmp_path: Path, kind):
    assert closo("new", tmp_path / "mine", *kind)[0] == 0
    code, out, _ = closo("check", tmp_path / "mine", "--json")
    errors = [problem for problem in json.loads(out) if problem["level"] == "error"]
    assert code == 1
    assert errors
    assert all("missing" in problem["text"] for problem in errors)
    load(tmp_path / "mine")
    from closo.claims import load_claims

    assert len(load_claims(tmp_path / "mine")) == 1


def test_every_line_that_a_new_study_comments_out_is_a_line_that_works(closo, tmp_path: Path):
    for kind in ("half-cells", "full-cells"):
        closo("new", tmp_path / kind, "--kind", kind)
        file = tmp_path / kind / "study.toml"
        text = re.sub(r"(?m)^# (?=\[|\w+ = )", "", file.read_text(encoding="utf-8"))
        text = "\n".join(line for line in text.splitlines() if not line.startswith(("separator_sample", "active_mass")))
        file.write_text(text, encoding="utf-8")
        study = load(tmp_path / kind)
        assert {m.technique for m in study.measurements} >= {"cycling", "impedance"}
        assert study.cells


def test_new_overwrites_nothing(closo, tmp_path: Path):
    (tmp_path / "claims.toml").write_text("# mine")
    code, _, err = closo("new", tmp_path)
    assert code == 2
    assert "claims.toml" in err
    assert (tmp_path / "claims.toml").read_text() == "# mine"
    assert not (tmp_path / "study.toml").exists()


def test_check_of_a_sound_study(closo, study: Path):
    code, out, _ = closo("check", study, "--json")
    assert code == 0
    assert not [problem for problem in json.loads(out) if problem["level"] == "error"]


def test_check_of_a_study_with_an_unknown_key_is_exit_code_2(closo, study: Path, tmp_path: Path):
    text = (study / "study.toml").read_text(encoding="utf-8").replace("thickness =", "thicknes =", 1)
    (tmp_path / "study.toml").write_text(text, encoding="utf-8")
    code, out, _ = closo("check", tmp_path, "--json")
    assert code == 2
    assert "thickness" in json.dumps(json.loads(out))


def test_analyse_computes_once(closo, study: Path):
    first = json.loads(closo("analyse", study, "--json")[1])
    code, out, _ = closo("analyse", study, "--json")
    second = json.loads(out)
    assert code in (0, 1)
    assert first["failures"] == second["failures"] == []
    assert (second["computed"], second["cached"]) == (0, first["computed"] + first["cached"])
    assert [r["key"] for r in first["results"]] == [r["key"] for r in second["results"]]
    assert second["synthetic"] is True


def test_analyse_names_what_failed(closo, study: Path, tmp_path: Path):
    import shutil

    shutil.copytree(study, tmp_path / "s", ignore=shutil.ignore_patterns(".closo"))
    (tmp_path / "s" / "raw" / "milled-p1.par").write_bytes(b"")
    code, out, err = closo("analyse", tmp_path / "s")
    assert code == 3
    assert "milled-p1.par" in err
    assert "A200-35-4h-p1/arrhenius" in out


def test_claims_have_verdicts_and_an_exit_code(closo, study: Path, tmp_path: Path):
    code, out, _ = closo("claims", study, "--json")
    verdicts = {v["id"]: v["verdict"] for v in json.loads(out)}
    assert verdicts["C061"] == "no data"
    assert code == int("contradicted" in verdicts.values())
    text = (study / "claims.toml").read_text(encoding="utf-8").replace('value = "5e-4 S/cm"', 'value = "5e-2 S/cm"')
    import shutil

    shutil.copytree(study, tmp_path / "s")
    (tmp_path / "s" / "claims.toml").write_text(text, encoding="utf-8")
    code, out, _ = closo("claims", tmp_path / "s", "--json")
    assert code == 1
    assert {v["id"]: v["verdict"] for v in json.loads(out)}["C005"] == "contradicted"


def test_show_lists_and_shows(closo, study: Path):
    listed = json.loads(closo("show", study, "--json")[1])
    keys = [entry["key"] for entry in listed]
    assert "milled-p1/arrhenius" in keys
    code, out, _ = closo("show", study, "milled-p1/arrhenius", "--json")
    assert code == 0
    assert json.loads(out) == next(entry for entry in listed if entry["key"] == "milled-p1/arrhenius")
    code, _, err = closo("show", study, "milled-p1/arhenius")
    assert code == 2
    assert "Did you mean 'milled-p1/arrhenius'?" in err
    text = closo("show", study, "milled-p1/arrhenius")[1]
    assert "budget of activation_energy [eV]" in text
    assert "temperature offset:oven" in text


def test_report_is_where_it_says(closo, study: Path, tmp_path: Path):
    code, out, _ = closo("report", study, "--out", tmp_path / "r", "--json")
    page = Path(json.loads(out)["report"])
    assert code == 0
    assert page.parent == tmp_path / "r"
    assert page.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def test_twin_repeats_itself_and_overwrites_nothing(closo, study: Path, tmp_path: Path):
    assert closo("twin", tmp_path / "t", "--seed", "5", "--kind", "small")[0] == 0
    for path in (study / "raw").iterdir():
        assert (tmp_path / "t" / "raw" / path.name).read_bytes() == path.read_bytes()
    assert closo("twin", tmp_path / "t")[0] == 2


def test_a_file_name_cannot_play_with_the_terminal(closo, tmp_path: Path):
    path = tmp_path / "a\x1b[2J.par"
    path.write_bytes(b"")
    code, out, err = closo("run", "impedance", path)
    assert code == 3
    assert "\x1b" not in out + err


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help(closo, verb: str):
    code, out, _ = closo(verb, "--help")
    assert code == 0
    assert "--json" in out
    assert verb in closo("--help")[1]


def shell(*arguments: str, code: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    program = [sys.executable, "-c", code or "from closo.cli import main; main()", *arguments]
    return subprocess.run(
        program, capture_output=True, text=True, timeout=120, env=os.environ | environment, check=False
    )


FAULT = """
import closo.pipeline, closo.cli
def broken(*a, **k): raise ZeroDivisionError("inside")
closo.pipeline.run = broken
closo.cli.main()
"""


def test_a_fault_of_closo_is_a_sentence_and_shows_its_traceback_on_demand():
    quiet = shell("run", "impedance", "x.par", "--json", code=FAULT)
    assert quiet.returncode == 70
    assert "ZeroDivisionError" in json.loads(quiet.stdout)["error"]
    assert "Traceback" not in quiet.stderr
    loud = shell("run", "impedance", "x.par", "--debug", code=FAULT)
    assert "Traceback" in loud.stderr
    assert "ZeroDivisionError: inside" in loud.stderr


def test_output_survives_a_plain_ascii_terminal(spectrum: Path):
    done = shell("convert", str(spectrum), PYTHONIOENCODING="ascii:replace", PYTHONUTF8="0", LC_ALL="C")
    assert done.returncode == 0
    assert "Traceback" not in done.stderr


def test_a_reader_that_goes_away_is_no_fault(spectrum: Path):
    command = f'"{sys.executable}" -c "from closo.cli import main; main()" convert "{spectrum}" --json | head -c 10'
    done = subprocess.run(command, shell=True, capture_output=True, text=True, timeout=60, check=False)
    assert "Traceback" not in done.stderr
    assert "Exception" not in done.stderr


LOST = """
title = "all files are gone"
[samples.S]
[specimens.p1]
sample = "S"
area = "0.785 cm2"
thickness = "310 um"
[[measurements]]
specimen = "p1"
technique = "impedance"
file = "raw/{file}"
"""


@pytest.mark.parametrize(("file", "code"), [("gone.par", 2), ("broken.par", 3)])
def test_a_study_without_a_single_result_is_not_fine(closo, tmp_path: Path, file: str, code: int):
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "broken.par").write_bytes(b"\x00" * 100)
    (tmp_path / "study.toml").write_text(LOST.format(file=file), encoding="utf-8")
    (tmp_path / "claims.toml").write_text(CLAIM.format(id="good", value="5e-4 S/cm"), encoding="utf-8")
    assert closo("report", tmp_path)[0] == code
    assert (tmp_path / "report" / "report.html").exists()
    assert closo("claims", tmp_path)[0] == code


CLAIM = """
[[claims]]
id = "{id}"
text = "It conducts {value}."
quantity = "ionic_conductivity"
of = "A200-35-4h"
temperature = "30 degC"
value = "{value}"
"""


def test_one_bad_claim_stops_no_other(closo, study: Path, tmp_path: Path):
    shutil.copytree(study, tmp_path / "s")
    bad, good = CLAIM.format(id="bad", value="5e-4 S/cmm"), CLAIM.format(id="good", value="5e-4 S/cm")
    (tmp_path / "s" / "claims.toml").write_text(bad + good, encoding="utf-8")
    code, out, _ = closo("claims", tmp_path / "s", "--json")
    assert code == 2
    verdicts = {v["id"]: v for v in json.loads(out)}
    assert verdicts["bad"]["verdict"] == "undecided"
    assert "'S/cmm' is not a unit of ionic_conductivity" in verdicts["bad"]["reason"]
    assert verdicts["good"]["verdict"] in ("supported", "consistent")
    code, out, err = closo("claims", tmp_path / "s")
    assert "It conducts 5e-4 S/cm." in out
    assert "2 claims: " in err
