"""One archive of a study: it reads back, what was changed in it is found, and hostile ones are refused in a sentence."""

import csv
import io
import json
import math
import random
import re
import shlex
import shutil
import stat
import struct
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest

from closo import exchange, pipeline, readers
from closo.errors import ClosoError, ReadError, StudyError
from closo.exchange.crate import METADATA


@pytest.fixture(scope="module")
def crate(small, tmp_path_factory) -> Path:
    return exchange.write_crate(pipeline.recall(small), tmp_path_factory.mktemp("crate") / "hand over.eln", bdf=True)


def changed(crate: Path, path: Path, change) -> Path:
    """Copy an archive; `change` gets name and content of each member and returns the content, or None to leave it out."""
    with zipfile.ZipFile(crate) as old, zipfile.ZipFile(path, "w") as new:
        for member in old.infolist():
            content = change(member.filename, old.read(member))
            if content is not None:
                new.writestr(member, content)
    return path


def test_what_was_written_reads_back_with_every_number(crate, small):
    known = pipeline.recall(small).results
    found = exchange.results_of(crate)
    assert list(found) == list(known)
    for key, result in known.items():
        assert {k: q.as_stored() for k, q in found[key].quantities.items()} == {
            k: q.as_stored() for k, q in result.quantities.items()
        }
        assert (found[key].checks, found[key].provenance) == (result.checks, result.provenance)
    checked = exchange.verify_archive(crate)
    assert (checked.results, checked.faults) == (len(known), ())


def test_a_study_that_is_edited_meanwhile_is_not_exported(small, tmp_path):
    folder = Path(shutil.copytree(small, tmp_path / "edited"))
    text = (folder / "study.toml").read_text(encoding="utf-8")

    def edit(finished: int, _total: int | None, _what: str) -> None:
        if finished == 2:
            (folder / "study.toml").write_text(f"{text}\n[samples.another]\n", encoding="utf-8")

    with pytest.raises(StudyError, match="changed while it was written"):
        exchange.write_crate(pipeline.recall(folder), tmp_path / "edited.zip", progress=edit)
    assert [path.name for path in tmp_path.iterdir()] == ["edited"]


def test_the_metadata_are_those_of_an_eln(crate):
    with zipfile.ZipFile(crate) as archive:
        names = archive.namelist()
        text = archive.read(f"hand_over/{METADATA}")
    assert {name.partition("/")[0] for name in names} == {"hand_over"}
    graph = {one["@id"]: one for one in json.loads(text)["@graph"]}
    assert graph[METADATA]["about"] == {"@id": "./"}
    assert graph[METADATA]["conformsTo"] == {"@id": "https://w3id.org/ro/crate/1.1"}
    assert graph["./"]["description"].startswith("Synthetic data")
    listed = {
        part["@id"]
        for one in graph["./"]["hasPart"]
        for part in graph[one["@id"]].get("hasPart", [{"@id": one["@id"]}])
    }
    assert {f"hand_over/{one.removeprefix('./')}" for one in listed} | {f"hand_over/{METADATA}"} == set(names)
    assert "./README.md" in listed
    assert not any("/work/" in name or name.startswith("/") for name in names)


def test_computed_again_every_number_agrees_and_a_false_one_is_found(crate, small, tmp_path):
    checked = exchange.verify_archive(crate, rerun=True)
    quantities = sum(len(r.quantities) for r in pipeline.recall(small).results.values())
    assert (checked.repeated, checked.faults) == (quantities, ())

    def lie(name: str, content: bytes) -> bytes:
        if name.endswith("results/000001.json"):
            stored = json.loads(content)
            number = stored["document"]["quantities"]["ionic_conductivity"]["value"]
            content = json.dumps(stored).replace(repr(number), repr(1.1 * number)).encode()
        return content

    forged = exchange.verify_archive(changed(crate, tmp_path / "forged.zip", lie), rerun=True)
    assert any("results/000001.json: has changed" in text for text in forged.faults)
    assert any("ionic_conductivity: " in text and "computed again" in text for text in forged.faults)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("study/raw/milled-p1.par", "raw/milled-p1.par: has changed since it was exported"),
        ("study/study.toml", "study/study.toml: has changed"),
        ("results/000002.npz", "results/000002.npz: has changed"),
        ("tables/quantities.csv", "tables/quantities.csv: has changed"),
    ],
)
def test_a_changed_byte_is_found(crate, tmp_path, name, said):
    path = changed(crate, tmp_path / "x.zip", lambda n, c: c[:-1] + b"?" if n.endswith(name) else c)
    assert said in "\n".join(exchange.verify_archive(path).faults)


def test_a_raw_file_that_is_changed_with_its_hash_is_still_found(crate, tmp_path):
    """The result remembers the file that it was computed from."""
    import hashlib

    raw: dict[str, bytes] = {}

    def change(name: str, content: bytes) -> bytes:
        if name.endswith("raw/milled-p1.par"):
            raw["old"], content = content, content + b"\n"
            raw["new"] = content
        if name.endswith(METADATA):
            old, new = (hashlib.sha256(raw[k]).hexdigest() for k in ("old", "new"))
            content = content.replace(old.encode(), new.encode())
        return content

    found = exchange.verify_archive(changed(crate, tmp_path / "x.zip", change)).faults
    assert "milled-p1.par has changed since this was computed" in "\n".join(found)


def test_what_is_missing_or_added_is_found(crate, tmp_path):
    path = changed(crate, tmp_path / "x.zip", lambda n, c: None if n.endswith("000001.npz") else c)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("hand_over/study/raw/extra.txt", b"more")
    text = "\n".join(exchange.verify_archive(path).faults)
    assert "results/000001.npz: named in the metadata, and not in the archive" in text
    assert "extra.txt: in the archive, and not named in the metadata" in text


def test_an_eln_of_another_program_is_checked_by_its_hashes(tmp_path):
    import hashlib

    files = [{"@id": "./e/a.txt", "@type": "File", "sha256": hashlib.sha256(b"text").hexdigest()}]
    with zipfile.ZipFile(tmp_path / "other.eln", "w") as archive:
        archive.writestr("other/e/a.txt", b"text")
        archive.writestr(f"other/{METADATA}", json.dumps({"@graph": files}))
    assert exchange.verify_archive(tmp_path / "other.eln") == exchange.Checked(1, 0, ())
    with pytest.raises(ReadError, match="no study of closo"):
        exchange.verify_archive(tmp_path / "other.eln", rerun=True)


def test_unpacked_the_study_is_the_same(crate, small, tmp_path):
    folder = exchange.unpack(crate, tmp_path / "again")
    for path in (p for p in folder.rglob("*") if p.is_file()):
        assert path.read_bytes() == (small / path.relative_to(folder)).read_bytes()
    assert (folder / "claims.toml").is_file()
    with pytest.raises(StudyError, match="not empty"):
        exchange.unpack(crate, folder)


def test_tables_are_for_origin_and_bdf_reads_back(crate, tmp_path):
    with zipfile.ZipFile(crate) as archive:
        rows = list(csv.reader(io.StringIO(archive.read("hand_over/tables/000001.csv").decode())))
        name = next(n for n in archive.namelist() if "warm-cell_1.bdf.csv" in n)
        for member in (name, name.replace(".bdf.csv", ".bdf.metadata.json")):
            (tmp_path / Path(member).name).write_bytes(archive.read(member))
    assert len({len(row) for row in rows}) == 1
    assert rows[1][0] == "Ω"
    assert all(cell == "" or math.isfinite(float(cell)) for row in rows[3:] for cell in row)
    data = readers.read(tmp_path / Path(name).name)[0]
    assert data.attrs["kind"] == "cycling"


def hostile(path: Path, name: str, content: bytes = b"x", **more: int) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"s/{METADATA}", json.dumps({"@graph": [{"@id": name.removeprefix("s/"), "@type": "File"}]}))
        info = zipfile.ZipInfo(name)
        for key, value in more.items():
            setattr(info, key, value)
        archive.writestr(info, content, zipfile.ZIP_DEFLATED)
    return path


@pytest.mark.parametrize(
    "name",
    [
        "s/../../evil",
        "/etc/evil",
        "C:/evil",
        "s/..\\evil",
        "s/a\nb",
        "../evil",
        "s/" + "a/" * 40 + "b",
        "s/" + "x" * 500,
    ],
)
def test_names_that_lead_out_are_refused(tmp_path, name):
    with pytest.raises(ReadError, match="it was not opened"):
        exchange.verify_archive(hostile(tmp_path / "x.zip", name))


def test_links_bombs_twins_and_layers_are_refused(tmp_path):
    link = hostile(
        tmp_path / "link.zip", "s/study/study.toml", b"/etc/passwd", external_attr=(stat.S_IFLNK | 0o777) << 16
    )
    with pytest.raises(ReadError, match="a link or a device"):
        exchange.unpack(link, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    with pytest.raises(ReadError, match="times its own size"):
        exchange.verify_archive(hostile(tmp_path / "bomb.zip", "s/zeros", bytes(30_000_000)))
    with zipfile.ZipFile(tmp_path / "twin.zip", "w") as archive:
        archive.writestr(f"s/{METADATA}", "{}")
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr(f"s/{METADATA}", "{}")
    with pytest.raises(ReadError, match="some of one name"):
        exchange.verify_archive(tmp_path / "twin.zip")
    with pytest.raises(ReadError, match="on top of each other"):
        exchange.verify_archive(_layered(tmp_path / "layers.zip"))


def _layered(path: Path) -> Path:
    """Write an archive whose members all begin at the same place, as the bombs of overlapping files do."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("s/a", b"0" * 1000)
        archive.writestr("s/b", b"0" * 1000)
    raw = bytearray(content.getvalue())
    second = raw.rindex(b"PK\x01\x02")
    struct.pack_into("<I", raw, second + 42, 0)
    path.write_bytes(raw)
    return path


def test_a_member_that_is_longer_than_it_says_is_not_read_on(crate, tmp_path):
    raw = bytearray(hostile(tmp_path / "x.zip", "s/a", b"0" * 4000).read_bytes())
    entry = raw.rindex(b"PK\x01\x02")
    struct.pack_into("<I", raw, entry + 24, 10)  # states 10 bytes
    (tmp_path / "y.zip").write_bytes(raw)
    with pytest.raises(ReadError, match="archive is damaged"):
        exchange.verify_archive(tmp_path / "y.zip")


@pytest.mark.parametrize("text", ["", "[]", "{", '{"@graph": [1]}', '{"@graph": [{"@id": 1}]}', "[" * 100_000])
def test_damaged_metadata_are_said(tmp_path, text):
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr(f"s/{METADATA}", text)
    with pytest.raises(ReadError, match="metadata are damaged"):
        exchange.verify_archive(tmp_path / "x.zip")


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04" + b"\0" * 60])
def test_what_is_no_archive_is_said(tmp_path, content):
    (tmp_path / "x.zip").write_bytes(content)
    with pytest.raises(ReadError, match="archive is damaged"):
        exchange.verify_archive(tmp_path / "x.zip")


def test_any_damage_is_a_fault_or_a_sentence(crate, tmp_path):
    draw, whole = random.Random(7), crate.read_bytes()
    for _ in range(25):
        raw = bytearray(whole)
        for _ in range(3):
            raw[draw.randrange(len(raw))] = draw.randrange(256)
        (tmp_path / "x.zip").write_bytes(raw)
        with suppress(ClosoError):  # anything else fails the test
            exchange.verify_archive(tmp_path / "x.zip")


def test_a_reviewer_is_told_what_it_is_and_can_do_what_is_said(crate, tmp_path, monkeypatch, closo):
    with zipfile.ZipFile(crate) as archive:
        text = archive.read("hand_over/README.md").decode()
        names = archive.namelist()
    assert "Synthetic data" in text
    for name in re.findall(r"`([\w./-]+)`", text):
        assert any(found.startswith(f"hand_over/{name}") for found in names), name
    monkeypatch.chdir(tmp_path)
    (tmp_path / crate.name).write_bytes(crate.read_bytes())
    said = [shlex.split(line, comments=True)[1:] for line in text.splitlines() if line.startswith("    closo ")]
    codes = [closo(*words)[0] for words in said if "--rerun" not in words]
    assert codes[0] == 0
    assert codes[1] in (0, 1)  # a claim is contradicted


def test_the_verbs(crate, small, tmp_path, closo):
    code, out, err = closo("export", small, "--to", tmp_path / "s.zip", "--workers", 1)
    assert (code, out.strip()) == (0, str(tmp_path / "s.zip"))
    assert "--rerun" in err
    code, out, err = closo("verify", tmp_path / "s.zip", "--unpack", tmp_path / "study")
    assert (code, "everything fits" in err) == (0, True)
    assert (tmp_path / "study" / "study.toml").is_file()
    bad = changed(crate, tmp_path / "bad.zip", lambda n, c: c + b" " if n.endswith("study.toml") else c)
    code, out, _ = closo("verify", bad, "--json")
    assert (code, len(json.loads(out)["faults"])) == (1, 1)
    code, _, err = closo("export", small, "--to", tmp_path / "s.txt", "--workers", 1)
    assert (code, ".eln or .zip" in err) == (2, True)
    code, _, err = closo("verify", small, "--rerun")
    assert (code, "for archives" in err) == (2, True)
    (tmp_path / "text.zip").write_text("text")
    assert closo("verify", tmp_path / "text.zip")[0] == 3
