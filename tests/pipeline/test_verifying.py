"""Everything that a study and its store hold is hashed again; what has changed by a single byte is named."""

import json
import sqlite3

import pytest

from closo import pipeline
from closo.errors import StudyError
from closo.pipeline import analyse, verify


@pytest.fixture
def study(fake, make_study):
    folder = make_study(1)
    analyse(folder)
    return folder


def said(study) -> str:
    return "\n".join(verify(study).faults)


def test_a_whole_study_fits(study):
    found = verify(study)
    assert (found.results, found.files, found.faults, found.waiting) == (7, 5, (), {})


def test_a_raw_file_that_has_changed_is_named_with_both_hashes(study):
    raw = sorted((study / "raw").glob("*.txt"))
    text = raw[0].read_bytes()
    raw[0].write_bytes(text.replace(b"1", b"2", 1))
    raw[1].unlink()
    found = verify(study)
    assert len(found.faults) == 2
    assert any(raw[0].name in text and "has changed since this was computed" in text for text in found.faults)
    assert any(raw[1].name in text and "is missing" in text for text in found.faults)
    raw[0].write_bytes(text)
    assert len(verify(study).faults) == 1


@pytest.mark.parametrize("what", ["document", "curves", "gone", "input", "no provenance"])
def test_every_kind_of_damage_is_found(study, what):
    store = study / ".closo" / "store.sqlite"
    arrays = sorted((study / ".closo" / "arrays").glob("*/*.npz"))
    if what == "curves":
        arrays[0].write_bytes(arrays[0].read_bytes()[:-1] + b"x")
    elif what == "gone":
        arrays[0].unlink()
    else:
        with sqlite3.connect(store) as connection:
            key, text = connection.execute("SELECT key, document FROM results WHERE key LIKE '%#1' LIMIT 1").fetchone()
            changed = text.replace("1", "7", 1)
            if what != "document":
                document = json.loads(text)
                if what == "input":
                    document["provenance"]["inputs"] = dict.fromkeys(document["provenance"]["inputs"], "0" * 64)
                else:
                    document["provenance"] = None
                changed = json.dumps(document)
                import hashlib

                sha = hashlib.sha256(changed.encode()).hexdigest()
                connection.execute("UPDATE results SET document_sha256 = ? WHERE key = ?", (sha, key))
            connection.execute("UPDATE results SET document = ? WHERE key = ?", (changed, key))
    words = {
        "document": "stored numbers have changed",
        "curves": "curves have changed",
        "gone": "curves are missing",
        "input": "has changed since this was computed",
        "no provenance": "does not say what it was computed from",
    }
    assert words[what] in said(study)


def test_what_is_out_of_date_is_waiting_and_no_fault(study):
    text = (study / "study.toml").read_text(encoding="utf-8")
    (study / "study.toml").write_text(text.replace("301 ± 5 um", "302 ± 5 um"), encoding="utf-8")
    found = verify(study)
    assert found.faults == ()
    assert "changed since it was computed" in set(found.waiting.values())


def test_a_combined_result_whose_input_has_gone_is_named(study):
    with sqlite3.connect(study / ".closo" / "store.sqlite") as connection:
        connection.execute("DELETE FROM results WHERE key LIKE '%#1' AND key LIKE '%p1_0%'")
    assert "there is no result p1/fake/p1_0_30C.txt#1 any more" in said(study)


def test_a_study_that_was_never_analysed_says_so(make_study, fake, closo):
    folder = make_study(1)
    assert verify(folder).waiting == {"all results": "not computed yet"}
    code, _, err = closo("verify", folder)
    assert (code, "not computed yet" in err) == (0, True)
    with pytest.raises(StudyError):
        verify(folder / "nowhere")


def test_the_verb_says_what_does_not_fit(study, closo):
    code, out, err = closo("verify", study)
    assert (code, out) == (0, "")
    assert "7 results and 5 files hashed again: everything fits." in err
    sorted((study / "raw").glob("*.txt"))[0].write_text("nothing\n")
    code, out, _ = closo("verify", study, "--json")
    assert (code, len(json.loads(out)["faults"])) == (1, 1)
    assert pipeline.analyse(study).failures != ()
