"""What every reader must do: state its format, read a sample of it, and meet damage with a ReadError or valid data."""

import ast
import importlib
import inspect
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from closo.dataset import KINDS, Dataset
from closo.errors import ReadError
from closo.nomenclature import NAMES
from closo.readers import READERS, read, sniff

SPECTRUM = [(1e5, 50 - 5j), (1e4, 60 - 20j), (1e3, 90 - 60j), (1e2, 150 - 200j), (1e1, 160 - 1900j)]


def _rows(pattern: str, separator: str = "\n") -> str:
    """Write the sample spectrum; {f} {re} {im} {minus} {abs} {deg} {k} are filled in."""
    return separator.join(
        pattern.format(f=f, re=z.real, im=z.imag, minus=-z.imag, abs=abs(z), deg=np.degrees(np.angle(z)), k=k)
        for k, (f, z) in enumerate(SPECTRUM)
    )


_NINE = "Freq(Hz)\tAmpl\tBias\tTime(Sec)\tZ'(a)\tZ''(b)\tGD\tErr\tRange"
SAMPLES = {  # reader -> (file name, content)
    "versastudio": (
        "a.par",
        "<Application>\nName=VersaStudio\nVersion=2.60\n</Application>\n<Action0>\nMass (g)=0\nComment=synthetic\n"
        "</Action0>\n<Action1>\nSegments=1\nName=Potentiostatic EIS\n</Action1>\n<Segment1>\nType=2\n"
        "Definition=Segment #, Point #, E(V), I(A), Elapsed Time(s), Frequency(Hz), E Real, E Imag, I Real, I Imag, Z Real, "
        "Z Imag, ActionId, 0\n"
        + _rows("0,{k},0.1,1E-06,{k},{f:g},{re:g},{im:g},1,0,{re:g},{im:g},21")
        + "\n</Segment1>\n",
    ),
    "biologic": (
        "a.mpt",
        "EC-Lab ASCII FILE\nNb header lines : 6\n\nPotentio Electrochemical Impedance Spectroscopy\n\n"
        "freq/Hz\tRe(Z)/Ohm\t-Im(Z)/Ohm\ttime/s\t<Ewe>/V\t<I>/mA\tcycle number\t\n"
        + _rows("{f:.7E}\t{re:.7E}\t{minus:.7E}\t{k}\t2.5E-01\t1.0E+00\t1.0E+00"),
    ),
    "gamry": (
        "a.DTA",
        "EXPLAIN\nTAG\tEISPOT\nTITLE\tLABEL\tPotentiostatic EIS\tTest\nAREA\tQUANT\t1\tArea\nZCURVE\tTABLE\n"
        "\tPt\tTime\tFreq\tZreal\tZimag\tZmod\tZphz\n\t#\ts\tHz\tohm\tohm\tohm\t°\n"
        + _rows("\t{k}\t{k}\t{f}\t{re}\t{im}\t{abs}\t{deg}")
        + "\n",
    ),
    "zplot": (
        "a.z",
        f"ZPLOT2 ASCII\n  Data Points: 5\n  {_NINE}\nEnd Comments\n" + _rows("{f}\t1\t0\t{k}\t{re}\t{im}\t0\t0\t4") + "\n",
    ),
    "autolab": (
        "a.txt",
        '"Z60W Data File: Version 1.1"\n5\n"' + _NINE.replace("\t", " ")
        + '"\n' + _rows("{f},0,0,{k},{re},{im},0,0,0") + "\n",
    ),
    "dfr": ("a.dfr", "VERSION8.0\n 5\n 1\n" + _rows(" {f}\n {re}\n {minus}\n 0\n 0\n 0\n 0\n 0\n 0") + "\n"),
    "chi": (
        "a.txt",
        "Nov. 23, 2024   17:47:14\nA.C. Impedance\nInstrument Model:  CHI660E\n\n"
        "Freq/Hz, Z'/ohm, Z\"/ohm, Z/ohm, Phase/deg\n\n" + _rows("{f:.5e}, {re:.5e}, {im:.5e}, {abs:.5e}, {deg:.1f}")
        + "\n",
    ),
    "relaxis": (
        "a.txt",
        "RelaxIS 3.0 Spectrum export\nDate: 1\nData: Frequency\tData: Z'\tData: Z''\nDC=0\tx\t\n"
        + _rows("{f}\t{re}\t{im}")
        + "\n",
    ),
    "novocontrol": (
        "a.txt",
        "title\nDiameter[mm]: 1.3e+01\n Freq.[Hz]\t Zs'[ohm]\t Zs''[ohm]\n" + _rows(" {f:.6e}\t {re:.6e}\t{im:.6e}") + "\n",
    ),
    "ivium": (
        "a.idf",
        "\x00\x00H\x00\r\nCorrosion=false\r\nSolarcell=false\r\nMethod=Impedance\r\nprimary_data    \r\n3  \r\n5  \r\n"
        + _rows("{re:.5E}  {im:.5E}\t{f:.5E} ", "\r\n")
        + "\r\nosc_data\r\n",
    ),
    "p00": (
        "a.P00",
        "Procedure : x\ni(init)= 1nA\n f/Hz \t Z'/Ohm \t -Z''/Ohm \t time/s \t\n 5 \n"
        + _rows(" {f:.3e}\t {re:.3e}\t {minus:.3e}\t 5.0e+01\t") + "\n",
    ),
    "i2b": ("a.i2b", "words\n5\n" + _rows("{f} {re} {im}") + "\n"),
    "par_text": ("a.txt", "Frequency (Hz)\tZre (ohms)\tZim (ohms)\n" + _rows("{f}\t{re}\t{im}") + "\n"),
    "text": ("a.csv", "freq/Hz;Z'/ohm;-Z''/ohm\n" + _rows("{f};{re};{minus}") + "\n"),
}  # fmt: skip

each_reader = pytest.mark.parametrize("row", READERS, ids=lambda r: r.name)
steady = settings(
    derandomize=True, deadline=None, database=None, max_examples=40, suppress_health_check=list(HealthCheck)
)


def content_of(name: str) -> bytes:
    return SAMPLES[name][1].encode("latin-1" if name in ("ivium", "gamry") else "utf-8")


def outcome(path: Path, reader: str | None = None) -> tuple[Dataset, ...] | ReadError:
    try:
        return read(path, reader=reader)
    except ReadError as error:
        return error


def check_contract(path: Path, reader: str | None = None) -> tuple[Dataset, ...]:
    """Any bytes give valid measurements or a ReadError that names the file and what to do, in less than 2 s."""
    begin = time.process_time()
    found = outcome(path, reader)
    assert time.process_time() - begin < 2.0
    if isinstance(found, ReadError):
        assert found.file == str(path)
        assert found.hint
        assert len(str(found)) < 1000
        return ()
    assert isinstance(found, tuple)
    assert found
    for data in found:
        check_dataset(data)
    return found


def check_dataset(data: Dataset) -> None:
    assert data.attrs["kind"] in KINDS
    assert data.sizes["point"] > 0
    for name, variable in data.data_vars.items():
        assert name in NAMES
        assert variable.attrs["units"] == NAMES[str(name)].si
        assert np.isfinite(variable.values).all()
    if data.attrs["kind"] == "impedance":
        assert np.iscomplexobj(data["impedance"].values)
        assert (data["frequency"].values > 0).all()
    assert all(isinstance(w, str) and w.endswith(".") for w in data.attrs["warnings"])
    assert all(set(s) == {"value", "from"} for s in data.attrs["suggestions"].values())


def test_every_reader_has_a_sample_and_a_name_of_its_own():
    assert [r.name for r in READERS] == list(dict.fromkeys(r.name for r in READERS))
    assert SAMPLES.keys() == {r.name for r in READERS}
    assert all(s == s.lower() and s.startswith(".") for r in READERS for s in r.suffixes)


@each_reader
def test_module_is_a_specification(row):
    module = importlib.import_module(row.module)
    words = (module.__doc__ or "").lower()
    for heading in ("recognised", "refused", "columns", "ohm"):
        assert heading in words or (heading == "recognised" and "no other one recognises" in words)
    assert next(iter(inspect.signature(module.read).parameters)) == "path"
    source = Path(inspect.getfile(module)).read_text(encoding="utf-8")
    assert len(source.splitlines()) <= 310
    names = {n.func.id for n in ast.walk(ast.parse(source)) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)}
    assert not {"eval", "exec", "open", "print"} & names


@each_reader
def test_sample_is_recognised_and_read(row, tmp_path):
    path = tmp_path / SAMPLES[row.name][0]
    path.write_bytes(content_of(row.name))
    assert sniff(path).name == row.name
    (data,) = read(path)
    check_dataset(data)
    np.testing.assert_allclose(data["frequency"], [f for f, _ in SPECTRUM], rtol=1e-5)
    np.testing.assert_allclose(data["impedance"], [z for _, z in SPECTRUM], rtol=1e-5)
    assert data.attrs["warnings"] == ()


@each_reader
def test_sample_cut_anywhere(row, tmp_path):
    """Every byte is a place to cut; what is read is a part of the sample, never a wrong number."""
    path = tmp_path / SAMPLES[row.name][0]
    content = content_of(row.name)
    for end in range(0, len(content), 2):
        path.write_bytes(content[:end])
        for data in check_contract(path, row.name):
            n = data.sizes["point"]
            unsure = any("check that its last number" in w for w in data.attrs["warnings"]) or n < 2
            sure = n - 1 if unsure else n
            np.testing.assert_allclose(data["impedance"][:sure], [z for _, z in SPECTRUM[:sure]], rtol=1e-5)


@each_reader
def test_no_data_and_garbage_are_refused(row, tmp_path):
    path = tmp_path / SAMPLES[row.name][0]
    for content in (b"", b"\n\n", b"\x00" * 100, bytes(range(256)), b"a", b"1 2 3", b"\xff\xfe\x00"):
        path.write_bytes(content)
        with pytest.raises(ReadError):
            read(path, reader=row.name)


PIECES = st.sampled_from(
    [b"\x00", b"\xff", b"nan", b"inf", b"1e999", b"-1e308", b",", b"\t", b";", b"\n", b"\r", b'"', b"0", b"-", b"9" * 400,
     b"1,5", b"\xb5", b" ", b"=", b"#", b"TABLE", b"<Segment1>\n", b"Definition=", b"\xe2\x82", b"9999999\n",
     b"_", b"\xd9\xa1"]
)  # fmt: skip
EDIT = st.tuples(st.floats(0, 1), st.integers(0, 60), st.one_of(PIECES, st.binary(max_size=6)))


@each_reader
@steady
@given(edits=st.lists(EDIT, min_size=1, max_size=8), named=st.booleans())
def test_mutated_sample(row, tmp_path_factory, edits, named):
    content = content_of(row.name)
    for place, removed, inserted in edits:
        at = int(place * len(content))
        content = content[:at] + inserted + content[at + removed :]
    path = tmp_path_factory.getbasetemp() / f"mutated-{row.name}-{SAMPLES[row.name][0]}"
    path.write_bytes(content)
    check_contract(path, row.name if named else None)


@each_reader
@steady
@given(
    content=st.one_of(st.binary(max_size=300), st.text(max_size=200).map(lambda t: t.encode("utf-8", "surrogatepass")))
)
def test_any_bytes(row, tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / f"any-{row.name}-{SAMPLES[row.name][0]}"
    path.write_bytes(content)
    check_contract(path, row.name)


REAL = ["elchempy/OCP_RHE1_AgAgCl4.par", "impedance.py/exampleDataVersaStudio.par", "pyimpspec/data.dta", "yadg/peis.mpt",
        "impedance.py/Circuit1_EIS_1.z", "pyimpspec/data.idf", "eisfitpython/example2/Example2a.txt"]  # fmt: skip


@pytest.mark.parametrize("name", REAL)
@steady
@given(edits=st.lists(EDIT, min_size=1, max_size=5))
def test_mutated_real_file(shared_data, tmp_path_factory, name, edits):
    source = shared_data / "eis" / name
    content = source.read_bytes()
    for place, removed, inserted in edits:
        at = int(place * len(content))
        content = content[:at] + inserted + content[at + removed :]
    path = tmp_path_factory.getbasetemp() / f"mutated-{source.name}"
    path.write_bytes(content)
    check_contract(path)
