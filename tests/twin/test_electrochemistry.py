"""The direct-current files of a study: readable, small, repeatable, and consistent with one truth."""

import tomllib

import numpy as np
import pytest

import closo
from closo.claims import judge, load_claims
from closo.errors import StudyError
from closo.pipeline import analyse, check
from closo.readers import read
from closo.twin import Truth, write_study
from closo.twin.claims import printed_claims
from closo.twin.electrochemistry import write_electrochemistry
from closo.twin.electrochemistry.records import oven_temperature, toml_table
from closo.twin.truth import SYNTHETIC

ELECTROCHEMICAL_CLAIMS = printed_claims("electrochemistry")
KINDS = {  # cell -> kinds of the parts of its file, without those that repeat
    "blocking": ["open_circuit", "impedance", "chronoamperometry"],
    "transference": ["open_circuit", "impedance", "chronoamperometry", "impedance"],
    "sweep": ["open_circuit", "impedance", "voltammetry", "impedance"],
    "symmetric": ["cycling"],
    "staircase-A200": ["cycling"],
    "staircase-A90": ["cycling"],
    "warm-cell": ["cycling", "impedance"],
    "room-cell": ["cycling"],
    "tis2-cell": ["cycling"],
}


@pytest.fixture(scope="module")
def full(tmp_path_factory):
    """Return the folder of the files of one seed, and name -> record."""
    raw = tmp_path_factory.mktemp("raw")
    return raw, {record.name: record for record in write_electrochemistry(raw, Truth(seed=0))}


def parts(full, name):
    raw, records = full
    return read(raw / records[name].file)


def test_every_file_is_read_and_says_that_it_is_synthetic(full):
    raw, records = full
    assert list(records) == list(KINDS)
    for name, record in records.items():
        found = read(raw / record.file)
        kinds = [part.attrs["kind"] for part in found]
        assert list(dict.fromkeys(kinds)) == list(dict.fromkeys(KINDS[name])), name
        assert b"SYNTHETIC" in (raw / record.file).read_bytes()[:20_000]
        assert "SYNTHETIC" in str(found[0].attrs["metadata"])
    assert [p.attrs["kind"] for p in parts(full, "sweep")] == KINDS["sweep"]


def test_all_files_together_are_small(full):
    raw, records = full
    assert sum((raw / record.file).stat().st_size for record in records.values()) < 5e6


def test_equal_seeds_give_equal_bytes(tmp_path):
    contents = []
    for k, seed in enumerate((3, 3, 4)):
        raw = tmp_path / str(k)
        raw.mkdir()
        records = write_electrochemistry(raw, Truth(seed=seed), "small")
        contents.append([(raw / record.file).read_bytes() for record in records])
    assert contents[0] == contents[1]
    assert all(a != b for a, b in zip(contents[0], contents[2], strict=True))


def test_a_kind_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(StudyError, match="'large' is not a kind of twin"):
        write_electrochemistry(tmp_path, Truth(), "large")


def test_the_lines_are_a_study_without_errors(tmp_path):
    write_study(tmp_path, seed=2, kind="small")
    assert "[cells.transference]" in (tmp_path / "study.toml").read_text("utf-8")
    assert [p for p in check(tmp_path) if p.level in ("error", "warning")] == []


def test_the_lines_hold_no_truth(full):
    _, records = full
    text = "\n".join(line for record in records.values() for line in record.lines)
    tables = tomllib.loads(text)
    assert set(tables["cells"]) == set(KINDS)
    assert "0.97" not in text  # the transference number
    assert "1e-07" not in text  # the electronic conductivity
    assert all(m["file"].startswith("raw/") for m in tables["measurements"])


def test_what_is_in_one_oven_has_one_offset(full):
    _, records = full
    truth = Truth(seed=0)
    offset = [records[name].truth["temperature"] - 303.15 for name in list(KINDS)[1:6]]
    assert np.std(offset) < 0.3  # each its own scatter of 0.1 K
    assert records["sweep"].truth["temperature"] == oven_temperature(truth, 30.0, "sweep")
    drawn = [oven_temperature(Truth(seed=seed), 30.0, "sweep") - 303.15 for seed in range(200)]
    assert np.std(drawn) == pytest.approx(np.hypot(0.5, 0.1), rel=0.2)


def test_the_resistance_of_a_spectrum_is_that_of_the_separator(full):
    """L/(sigma A) of the conductivity of one sample, in the spectra of three different steps."""
    _, records = full
    for name in ("transference", "sweep"):
        spectrum = next(p for p in parts(full, name) if p.attrs["kind"] == "impedance")
        f, z = spectrum["frequency"].values, spectrum["impedance"].values
        bulk = z.real[np.argmin(np.abs(f - 5e5))]
        sigma = Truth().sample("A200-35-4h").conductivity(records[name].truth["temperature"])
        dense = {"transference": 0.80e-3, "sweep": 1.03e-3}[name]
        assert bulk == pytest.approx(dense / (sigma * 0.283e-4), rel=0.25)  # voids, pellet, area, gain


def test_the_polarization_steps_are_those_of_the_truth(full):
    _, records = full
    (step,) = (p for p in parts(full, "transference") if p.attrs["kind"] == "chronoamperometry")
    current = step["current"].values
    assert current[-200:].mean() == pytest.approx(records["transference"].truth["steady_state_current"], rel=0.02)
    assert current[0] == pytest.approx(records["transference"].truth["initial_current"], rel=0.02)
    (leak,) = (p for p in parts(full, "blocking") if p.attrs["kind"] == "chronoamperometry")
    voltage = leak["potential" if "potential" in leak else "voltage"].values
    assert sorted(set(np.round(voltage, 1))) == [0.1, 0.2, 0.3]


def test_the_symmetric_cell_runs_as_long_as_printed(full):
    _, records = full
    (record,) = parts(full, "symmetric")
    assert record["time"].values[-1] > 150 * 3600
    assert np.abs(record["current"].values[5:]).max() == pytest.approx(0.5 * 0.283e-4, rel=5e-3)
    late = np.abs(record["potential"].values[-30:]).mean()
    assert 1e3 * late == pytest.approx(10.0, abs=1.5)  # "about 10 mV"
    assert late == pytest.approx(records["symmetric"].truth["polarization:last"], abs=3e-4)


@pytest.mark.parametrize("name", ["staircase-A200", "staircase-A90"])
def test_a_staircase_fails_around_the_printed_current_density(full, name):
    _, records = full
    (record,) = parts(full, name)
    truth = records[name].truth
    assert 2.6 < truth["current_density:passed"] < 3.0 < truth["current_density:failed"] < 3.4
    current, voltage = record["current"].values, record["potential"].values
    after, before = (np.sign(s) * (record["time"].values - truth["duration"]) > 60.0 for s in (1, -1))
    ohmic = np.abs(current) / 0.283e-4 * 0.80e-3 / truth["ionic_conductivity"]
    assert np.abs(voltage[after]).max() < 0.1 * ohmic[after].min()
    assert np.all(np.abs(voltage[before]) > 0.5 * ohmic[before])


def test_the_small_study_is_a_subset(tmp_path):
    records = write_electrochemistry(tmp_path, Truth(seed=1), "small")
    assert [record.name for record in records] == ["blocking", "transference", "warm-cell"]
    assert sum((tmp_path / record.file).stat().st_size for record in records) < 0.8e6
    (record, *spectra) = read(tmp_path / "warm-cell.mpr")
    assert record["half_cycle"].values.max() == 23
    assert len(spectra) == 3  # before the first cycle, after the second and the twelfth


def test_every_claim_can_be_judged_here_or_says_why_not(tmp_path):
    (tmp_path / "claims.toml").write_text(
        "\n".join(line for claim in ELECTROCHEMICAL_CLAIMS for line in toml_table("[[claims]]", claim)),
        encoding="utf-8",
    )
    claims = load_claims(tmp_path)
    assert len(claims) == len(ELECTROCHEMICAL_CLAIMS)
    printed = {"C006", "C009", *(f"C{n:03d}" for n in range(93, 110)), "C116"}
    assert printed <= {claim.id for claim in claims}
    for claim in claims:
        assert set(claim.of) <= {*KINDS, "TiS2", "presses/cell frame"}, claim.id
    assert not [claim.id for claim in claims if claim.no_data]


def test_a_chain_from_file_to_verdict(full, tmp_path):
    """The claims whose numbers the truth decides without doubt, judged on the files alone."""
    raw, records = full
    (tmp_path / "raw").mkdir()
    names = ("sweep", "symmetric", "staircase-A200", "staircase-A90")
    for name in names:
        (tmp_path / "raw" / records[name].file).write_bytes((raw / records[name].file).read_bytes())
    lines = [
        f"# {SYNTHETIC}",
        'title = "twin"',
        "synthetic = true",
        "[chambers.oven]",
        'temperature_offset = "0 ± 0.5 K"',
    ]
    lines += ["[samples.A200-35-4h]", "[samples.A90-35-4h]"]
    lines += [line for name in names for line in records[name].lines]
    (tmp_path / "study.toml").write_text("\n".join(lines), encoding="utf-8")
    claims = [
        line for c in ELECTROCHEMICAL_CLAIMS for line in toml_table("[[claims]]", c) if set(_names(c)) <= set(names)
    ]
    (tmp_path / "claims.toml").write_text("\n".join(claims), encoding="utf-8")
    analysis = analyse(tmp_path)
    assert analysis.failures == ()
    verdicts = {v.claim.id: v.verdict for v in judge(load_claims(tmp_path), analysis.results)}
    assert verdicts == dict.fromkeys(("C006", "C095", "C096", "C097", "C097b", "C116"), "supported")


def _names(claim):
    return claim["of"] if isinstance(claim["of"], list) else [claim["of"]]


def test_the_cell_with_tis2_is_discharged_first_and_the_analysis_finds_its_truth(full):
    """Published: about 1.9 V, and the whole capacity of one sodium per TiS2 at 60 degC."""
    (record,) = parts(full, "tis2-cell")
    current, voltage = record["current"].values, record["potential"].values
    assert current[np.flatnonzero(current)[0]] < 0
    assert np.median(voltage[current < 0]) == pytest.approx(1.9, abs=0.05)
    truth = full[1]["tis2-cell"].truth
    assert truth["specific_capacity:first_discharge"] / 3600.0 == pytest.approx(232, abs=8)
    result = closo.run("cycling", full[0] / "tis2-cell.mpt", settings={"cell": "cathode half cell"})[0]
    assert result["coulombic_efficiency:first"].value == pytest.approx(
        100 * truth["coulombic_efficiency:first"], abs=0.5
    )
    assert "charge:initial_discharge" in result.quantities
    assert (full[0] / "tis2-cell.mpt").stat().st_size < 100_000
