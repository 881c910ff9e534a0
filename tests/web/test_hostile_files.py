"""Threats that come in a file or a form, tried through the page: a sentence in its row, and the server goes on."""

from __future__ import annotations

import io
import os
import pickle
import struct
import time
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest

from closo import pipeline
from closo.web.workplace import Workplace

PAR = Path(__file__).parents[2] / "examples" / "na2b12h12-sio2" / "raw" / "milled-p1.par"


class Payload:
    """What an unpickler would run."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self):
        return os.mkdir, (str(self.marker),)


def zipped(*members: tuple[str, bytes], kind: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", kind) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return out.getvalue()


def npy(shape: str) -> bytes:
    head = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}".ljust(117).encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head


def png(width: int, height: int) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    size = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", size) + chunk(b"IDAT", zlib.compress(b"\0" * 10**7)) + chunk(b"IEND", b"")
    )


LAUGHS = "".join(f'<!ENTITY l{k} "{f"&l{k - 1};" * 10 if k else "ha"}">' for k in range(10))
QUADRATIC = f'<!DOCTYPE x [<!ENTITY a "{"a" * 20_000}">]>'
XML = '<?xml version="1.0"?>{}<xrdMeasurements xmlns="http://www.xrdml.com/XRDMeasurement/1.5">{}</xrdMeasurements>'


def hostile(marker: Path) -> dict[str, bytes]:
    """Return name -> content."""
    bomb = b"0" * 300_000_000
    big = zipped(("Experiment0/RawData0.xml", bomb), ("Experiment0/experimentCollection.xml", b"<a/>"))
    stored = pickle.dumps(Payload(marker))
    objects = io.BytesIO()
    np.savez(objects, a=np.array([Payload(marker)], dtype=object))
    return {
        "bomb.brml": big,
        "bomb.ndax": zipped(("data.ndc", bomb)),
        "bomb.xlsx": zipped(("xl/workbook.xml", bomb), ("xl/worksheets/sheet1.xml", b"<a/>")),
        "nested.zip": zipped(("a.zip", zipped(("b.zip", big)))),
        "slip.brml": zipped(("../../../slip.xml", b"x"), ("Experiment0/RawData0.xml", b"<a/>"), ("C:\\x", b"")),
        "laughs.xrdml": XML.format(f"<!DOCTYPE x [{LAUGHS}]>", "&l9;").encode(),
        "quadratic.xrdml": XML.format(QUADRATIC, "&a;" * 2000).encode(),
        "outside.xrdml": XML.format('<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>', "&e;").encode(),
        "laughs.brml": zipped(("Experiment0/RawData0.xml", XML.format(f"<!DOCTYPE x [{LAUGHS}]>", "&l9;").encode())),
        "objects.npz": objects.getvalue(),
        "stored.pkl": stored,
        "stored.csv": stored,
        "huge.npy": npy("(100000000000,)"),
        "lies.dm4": struct.pack(">IQI", 4, 2**62, 1) + b"\0\0" + struct.pack(">Q", 2**60) + b"\0" * 64,
        "lies.mpr": b"BIO-LOGIC MODULAR FILE\x1a" + b" " * 25 + b"\0" * 4 + b"MODULE" + b"VMP data  " + b"\xff" * 200,
        "bomb.png": png(60_000, 60_000),
        "bomb.tiff": struct.pack("<2sHIH8HIIII", b"II", 42, 8, 2, 256, 4, 1, 0, 0, 2**15, 257, 4, 1, 2**31, 0, 0),
        "aliases.yaml": b"a: &a [x,x,x]\n" + b"".join(b"b%d: &b%d [*a,*a,*a]\n" % (k, k) for k in range(30)),
        "study.toml": b'title = "x"\n' + b"[a]\n" * 1000,
        "project.prj": b'# Athena project file\n$old_group = "a";\n@args = ("__import__(\'os\').mkdir(1)");\n[record]\n',
        "line.csv": b"frequency/Hz,Re(Z)/Ohm," + b"9" * 1_000_000,
        "columns.csv": b",".join(b"c%d" % k for k in range(100_000)) + b"\n" + b"1," * 100_000 + b"1\n",
        "infinite.csv": b"frequency/Hz,Re(Z)/Ohm,Im(Z)/Ohm\n" + b"1e999999,nan,inf\n" * 40,
        "empty.mpr": b"",
        "nul.par": b"Name=VersaStudio\0" + b"\0" * 100_000,
    }  # fmt: skip


def test_every_hostile_file_costs_one_sentence(bench, tmp_path):
    marker, folder = tmp_path / "marker", tmp_path / "hostile"
    folder.mkdir()
    files = hostile(marker)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    start = time.monotonic()
    shown = bench.drop(*folder.iterdir(), wait=280.0)
    took = time.monotonic() - start
    assert len(shown["files"]) == len(files)
    for one in shown["files"]:
        assert one["state"] == "failed", one
        said = one["error"]["error"]
        assert 10 < len(said) < 600, one
        assert "root:" not in str(one)
        assert "Traceback" not in str(one)
        assert str(tmp_path) not in str(one)
    assert not marker.exists()
    assert not list(tmp_path.rglob("slip.xml"))
    assert took < 270
    assert bench.get("/drop").status_code == 200


@pytest.mark.parametrize(
    ("name", "change"),
    [("bom", lambda t: b"\xef\xbb\xbf" + t.encode()), ("utf16", lambda t: t.encode("utf-16")),
     ("crlf", lambda t: t.replace("\n", "\r\n").encode()),
     ("comma", lambda t: t.replace(",", ";").replace(".", ",").encode())],
)  # fmt: skip
def test_the_same_numbers_in_another_writing_are_the_same(bench, tmp_path, spectrum_text, name, change):
    path = tmp_path / f"{name}.csv"
    path.write_bytes(change(spectrum_text(500.0)))
    (one,) = bench.drop(path)["files"][0]["measured"]
    assert one["result"]["main"][0]["value"] == pytest.approx(500.0, rel=0.01)


@pytest.mark.parametrize(
    "circuit",
    ["__import__('os').mkdir('{}')", "R1-eval('1')", "(" * 5000 + "R" + ")" * 5000, "R1" + "-R1" * 5000, "R{7*7}", "R\0",
     "lambda: 0", "R1.__class__", "R²", "${R}"],
)  # fmt: skip
def test_a_circuit_is_a_circuit_and_no_program(bench, tmp_path, spectrum, circuit):
    key = bench.drop(spectrum)["files"][0]["measured"][0]["key"]
    marker = tmp_path / "ran"
    answer = bench.post("/measurement/run", data={"key": key, "set-circuit": circuit.replace("{}", str(marker))})
    assert answer.status_code in (200, 422)
    shown = bench.json(f"/measurement?key={key}")
    if answer.status_code == 200:
        assert shown["draft"]["error"]["error"]
    assert not marker.exists()


def test_columns_are_names_and_no_program(bench, tmp_path):
    path = tmp_path / "plain.csv"
    path.write_text("\n".join(f"{10**k},5,6" for k in range(7)))
    file = bench.drop(path)["files"][0]
    marker = tmp_path / "ran"
    for text in (
        f"__import__('os').mkdir('{marker}'),a,b",
        "frequency,impedance_real,-impedance_imag;" * 100,
        "\0",
        "*" * 1000,
    ):
        bench.post("/drop/columns", data={"file": file["id"], "columns": text})
        assert bench.settle()["files"][0]["error"]
    assert not marker.exists()


@pytest.mark.parametrize(
    "name", ["$\\frac{1$.csv", "$x^{$.csv", "a_{b}^{c}$.csv", "\\undefined.csv", "100%.csv", "µ°é ∑.csv"]
)
def test_a_name_is_drawn_as_it_is_written(bench, spectrum, name):
    path = spectrum.with_name(name)
    path.write_text(spectrum.read_text())
    key = bench.drop(path)["files"][0]["measured"][0]["key"]
    for kind in ("svg", "pdf"):
        assert bench.client.get(f"/download/figure.{kind}", params={"key": key}).status_code == 200


@pytest.mark.parametrize(
    "words", ["' OR 1=1 --", "'; DROP TABLE results; --", "%", "_", '"', "\\", "' UNION SELECT sql"]
)
@pytest.mark.parametrize("path", ["/study", "/claims", "/compare"])
def test_a_search_is_words_and_no_statement(opened, path, words):
    before = len(pipeline.recall(opened.place.folder).results)
    answer = opened.client.get(path, params={"q": words}, headers={"accept": "application/json"})
    assert answer.status_code == 200
    listed = answer.json()[{"/study": "measurements", "/claims": "claims", "/compare": "listed"}[path]]
    assert not [one for one in listed if words.casefold() not in str(one).casefold()]
    assert len(pipeline.recall(opened.place.folder).results) == before


def test_links_and_pipes_in_a_study_are_not_followed(tmp_path, serve_page, spectrum):
    folder = tmp_path / "linked"
    (folder / "raw").mkdir(parents=True)
    (folder / "raw" / "good.csv").write_text(spectrum.read_text())
    (tmp_path / "secret.csv").write_text(spectrum.read_text())
    (folder / "raw" / "link.csv").symlink_to(tmp_path / "secret.csv")
    os.mkfifo(folder / "raw" / "pipe.csv")
    lines = ['title = "t"', "[samples.s]", "[specimens.p]", 'sample = "s"', 'area = "1 cm2"', 'thickness = "1 mm"']
    for name in ("good", "link", "pipe"):
        lines += ["[[measurements]]", 'of = "p"', 'technique = "impedance"', f'file = "raw/{name}.csv"']
        lines += ['temperature = "25 degC"']
    (folder / "study.toml").write_text("\n".join(lines))
    with serve_page(Workplace(folder, tmp_path)) as served:
        served.post("/work/analyse")
        end = time.monotonic() + 100
        while not served.json("/work")["work"]["done"]:
            assert time.monotonic() < end, "a pipe hangs"
            time.sleep(0.2)
        shown = served.json("/study")
        assert any("good.csv" in row["key"] for row in shown["measurements"])
        assert not [row for row in shown["measurements"] if "pipe" in row["key"] or "link" in row["key"]]
        assert {"pipe", "link"} <= {
            word for one in shown["failures"] for word in ("pipe", "link") if word in one["key"]
        }


def test_what_is_uncalibrated_says_so_to_the_end(bench):
    one = next(one for one in bench.drop(PAR)["files"][0]["measured"] if one["technique"] == "impedance")
    shown = bench.json(f"/measurement?key={one['key'].replace('#', '%23')}")
    assert "calibrat" in str(shown["result"]).casefold()
