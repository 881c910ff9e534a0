"""BioLogic .mpr: every column against the .mpt that EC-Lab exported from it, layout, damage, settings."""

import re
import struct
from pathlib import Path

import numpy as np
import pytest

from closo.dataset import Dataset
from closo.errors import ReadError
from closo.readers import read, sniff
from closo.readers.biologic.layout import STORED, load
from closo.readers.biologic.mpr import columns

PAIRS = [
    "cycling/biologic_misc/gcpl.issue_226.CxN",
    "cycling/closo_borate/na_b12h12_cv",
    "cycling/na_hardcarbon/gcpl.pr_182.1",
    "cycling/symmetric/li_tape_peis_interludes_mb",
    "eis/hybrid-drt/PEIS_LPSCl_IonBlocking_-25C",
    *(f"eis/yadg/{name}" for name in ("ca", "cp", "lsv", "ocv", "peis")),
]
GCPL, MB, OCV, PEIS = "cycling", "cycling", "open_circuit", "impedance"
FILES = {  # every .mpr -> kind and number of points of each measurement
    "cycling/biologic_misc/GCPL-0": [(GCPL, 4)],
    "cycling/biologic_misc/MB-1": [(GCPL, 13)],
    "cycling/biologic_misc/PEIS-0": [(PEIS, 60)],
    "cycling/biologic_misc/bcd.issue_241": [("cycling", 2550)],
    "cycling/biologic_misc/gcpl.issue_226.CxN": [(GCPL, 15)],
    "cycling/biologic_misc/gcpl.issue_228": [(GCPL, 10914)],
    "cycling/closo_borate/na_b12h12_cv": [("voltammetry", 5103)],
    "cycling/na_hardcarbon/gcpl.pr_182.1": [(GCPL, 2533)],
    "cycling/na_nacoo2/jdb11-1_c3_gcpl_5cycles_2V-3p8V_C-24_data_C09": [(GCPL, 46102)],
    "cycling/symmetric/li_b12h12_sym_gcpl": [(GCPL, 12057)],
    "cycling/symmetric/li_tape_peis_interludes_mb": [(MB, 1588)] + [(PEIS, 70)] * 8,
    "cycling/symmetric/vsp_ocv_wo": [(OCV, 121)],
    "eis/hybrid-drt/PEIS_LPSCl_IonBlocking_-25C": [(PEIS, 79)],
    "eis/yadg/ca": [("chronoamperometry", 721)],
    "eis/yadg/cp": [("chronopotentiometry", 121)],
    "eis/yadg/lsv": [("voltammetry", 1186)],
    "eis/yadg/ocv": [(OCV, 602)],
    "eis/yadg/peis": [(PEIS, 32)],
}
# columns that need the geometry of the cell, or that EC-Lab left at 0: the .mpt holds nothing but zeros in them
NOT_DERIVED = {
    "Re(M)", "Im(M)", "|M|", "Re(Permittivity)", "Im(Permittivity)", "|Permittivity|", "Re(Resistivity)/Ohm.cm",
    "Im(Resistivity)/Ohm.cm", "|Resistivity|/Ohm.cm", "Re(Conductivity)/mS/cm", "Im(Conductivity)/mS/cm",
    "|Conductivity|/mS/cm", "Energy we-ce charge/W.h", "Energy we-ce discharge/W.h",
}  # fmt: skip
# names of a cell with a reference and a counter electrode (EC-Lab 11.61) -> names of other cells
SAME = {
    "Pwe/W": "P/W", "Rwe/Ohm": "R/Ohm", "Energy we charge/W.h": "Energy charge/W.h",
    "Energy we discharge/W.h": "Energy discharge/W.h", "Energy ce charge/W.h": "Energy charge/W.h",
    "Energy ce discharge/W.h": "Energy discharge/W.h",
}  # fmt: skip
# in this export EC-Lab computed the charge again from (Q-Qo)/C in single precision: equal to its rounding only
SINGLE = {
    ("eis/yadg/cp", name)
    for name in (
        "Q charge/discharge/mA.h", "Q charge/mA.h", "Q discharge/mA.h", "Capacity/mA.h", "Capacitance discharge/µF"
    )
}  # fmt: skip
# 16 digits that come from a sum or quotient: the last digit depends on the order of the operations
COMPUTED = ("<I>/mA", "Energy", "Capacitance", "x")


def text_beside(folder: Path, pair: str) -> Path:
    """Return the export of a .mpr: .mpt, or .txt with the same content."""
    path = folder / f"{pair}.mpt"
    return path if path.exists() else path.with_suffix(".txt")


def mpt_table(path: Path) -> tuple[list[str], list[list[str]]]:
    """Return names and cells of a .mpt, without the reader that is tested elsewhere."""
    lines = path.read_text(encoding="latin-1").split("\n")
    header = int(lines[1].split(":")[1])
    rows = [line.rstrip("\t\r").split("\t") for line in lines[header:] if line.strip()]
    return lines[header - 1].rstrip("\t\r").split("\t"), rows


def digits_off(values: np.ndarray, cells: list[str]) -> np.ndarray:
    """Return by how many units of the last printed digit the values differ from what is printed."""
    printed = np.array([float(cell) for cell in cells])
    values = np.asarray(values, float)
    match = re.fullmatch(r"-?\d\.(\d+)E[-+]\d+", cells[0])
    if match is None:  # a whole number
        return np.abs(values - printed)
    size = np.maximum(np.abs(values), np.abs(printed))
    unit = 10.0 ** (np.floor(np.log10(np.where(size > 0, size, 1.0))) - len(match[1]))
    return np.abs(values - printed) / (unit + 2 * np.spacing(size))


@pytest.mark.parametrize("pair", PAIRS)
def test_every_column_is_that_of_the_mpt(shared_data, pair):
    found = columns(shared_data / f"{pair}.mpr")
    names, rows = mpt_table(text_beside(shared_data, pair))
    for k, name in enumerate(names):
        cells = [row[k] for row in rows]
        if name in NOT_DERIVED:
            assert set(map(float, cells)) == {0.0}
            continue
        values = found[name if name in found else SAME[name]]
        assert values.shape == (len(rows),)
        if (pair, name) in SINGLE:
            np.testing.assert_allclose(values, np.array(cells, float), rtol=1.2e-7)
            continue
        limit = 1.0 if name.startswith(COMPUTED) else 0.5001
        assert digits_off(values, cells).max() <= limit, name


def test_all_pairs_and_all_files_are_known(shared_data):
    there = {p.relative_to(shared_data).as_posix()[:-4] for p in shared_data.rglob("*.mpr")}
    assert there == set(FILES)
    assert {name for name in there if text_beside(shared_data, name).exists()} == set(PAIRS)


def test_every_column_id_is_proved_by_a_pair(shared_data):
    proved = set()
    for pair in PAIRS:
        proved |= set(load(shared_data / f"{pair}.mpr").names)
    assert {name for name, _ in STORED.values()} <= proved


@pytest.mark.parametrize("name", FILES)
def test_every_file_is_read(shared_data, name):
    path = shared_data / f"{name}.mpr"
    assert sniff(path).name == "mpr"
    parts = read(path)
    assert [(d.attrs["kind"], d.sizes["point"]) for d in parts] == FILES[name]
    for data in parts:
        assert all(np.isfinite(v.values).all() for v in data.data_vars.values())
        assert "date" in data.attrs["metadata"]
        if data.attrs["kind"] == "cycling":
            assert {"time", "potential", "current", "charge", "cycle", "half_cycle"} <= set(data.data_vars)


@pytest.mark.parametrize("pair", PAIRS)
def test_binary_and_text_give_the_same_measurements(shared_data, pair):
    binary, text = read(shared_data / f"{pair}.mpr"), read(text_beside(shared_data, pair))
    assert [(d.attrs["kind"], d.sizes["point"]) for d in binary] == [(d.attrs["kind"], d.sizes["point"]) for d in text]
    for one, other in zip(binary, text, strict=True):
        assert set(one.data_vars) == set(other.data_vars)
        for name in one.data_vars:  # seven digits after the point in the text
            a, b = one[name].values, other[name].values
            np.testing.assert_allclose(a, b, rtol=2e-7 if name == "impedance" else 6e-8, atol=0, err_msg=str(name))
        same = {k for k, v in other.attrs["metadata"].items() if one.attrs["metadata"].get(k) == v}
        stated = set(other.attrs["metadata"]) & {"technique", "date", "channel", "electrolyte", "electrode_material"}
        assert stated <= same
        ours = {k: v for k, v in other.attrs["suggestions"].items() if "from" in v}
        assert ours.items() <= one.attrs["suggestions"].items()


def test_charge_of_the_half_cycles_is_the_known_one(shared_data):
    """The legs of two cells in mA.h, found by hand in the charge counter (PROVENANCE of the files)."""
    known = {
        "na_nacoo2/jdb11-1_c3_gcpl_5cycles_2V-3p8V_C-24_data_C09": [
            -0.2065, 0.9868, -0.8529, 0.9371, -0.8763, 0.9419, -0.8747, 0.9479, -0.8767, 0.9517, -0.8786, 0.9559, -0.8795
        ],
        "na_hardcarbon/gcpl.pr_182.1": [-3.2520, 2.6161, -2.2524, 2.0926, -2.1195, 1.9882, -2.0883, 1.9789],
    }  # fmt: skip
    for name, legs in known.items():
        (data,) = read(shared_data / "cycling" / f"{name}.mpr")
        charge, half = data["charge"].values / 3.6, data["half_cycle"].values
        ends = charge[np.flatnonzero(np.diff(half, append=-1.0))]
        np.testing.assert_allclose(np.diff(ends, prepend=0.0), legs, atol=6e-5)
        passed = np.cumsum(data["current"].values * np.diff(data["time"].values, prepend=data["time"].values[0]))
        np.testing.assert_allclose(passed / 3.6, charge, atol=1e-6)
        assert data.attrs["metadata"]["current"].startswith("derived from the charge counter")


def test_modulo_bat_keeps_every_row_and_the_spectra(shared_data):
    record, *spectra = read(shared_data / "cycling/symmetric/li_tape_peis_interludes_mb.mpr")
    assert [d.attrs["title"] for d in (record, *spectra)] == ["MB 1"] + [f"PEIS {k}" for k in range(1, 9)]
    assert record.sizes["point"] == 1588
    in_spectra = record["frequency"].values > 0
    assert in_spectra.sum() == 8 * 70
    np.testing.assert_array_equal(np.concatenate([d["time"] for d in spectra]), record["time"].values[in_spectra])
    np.testing.assert_array_equal(
        np.concatenate([d["frequency"] for d in spectra]), record["frequency"].values[in_spectra]
    )
    assert set(record["current_range"].values) == {1e-2, 1e-3, 1e-4, 1e-5}
    constant = np.isin(record["step"].values, (3, 4))  # the settings say 10 uA for these steps
    assert set(record["current_range"].values[constant]) == {1e-5}
    assert "charge" not in spectra[0]


def test_unknown_current_range_is_left_out_and_said(shared_data):
    (data,) = read(shared_data / "eis/yadg/ca.mpr")
    assert "current_range" not in data
    assert data.attrs["metadata"]["current_range_codes_not_known"] == [21, 23, 24]


def test_settings(shared_data):
    (data,) = read(shared_data / "cycling/biologic_misc/gcpl.issue_226.CxN.mpr")
    said = data.attrs["metadata"]
    assert said["date"] == "08/04/2025 09:32:47.886"
    assert said["channel"] == "2 (SN 21643)"
    assert said["instrument"] == "VMP3 (SN 0858)"
    assert said["comment"] == "Test comment"
    assert data.attrs["suggestions"]["area"] == {"value": "113.100 mm2", "from": "header: Electrode surface area"}
    assert data.attrs["suggestions"]["active_mass"]["value"] == "1.390 mg"
    (data,) = read(next((shared_data / "cycling/na_nacoo2").glob("*.mpr")))
    assert data.attrs["suggestions"]["active_mass"] == {
        "value": "7000.000 mg",
        "from": "header: Mass of active material, the software's default",
    }
    (data,) = read(shared_data / "cycling/na_hardcarbon/gcpl.pr_182.1.mpr")  # without a log: the day only
    assert data.attrs["metadata"]["date"] == "05/07/2024"


def cut_places(size: int, seed: int) -> list[int]:
    return [int(n) for n in np.random.default_rng(seed).integers(0, size, 100)]


def outcome(path: Path) -> tuple[Dataset, ...]:
    """Return the measurements, none when the file is refused with advice; `columns` must agree."""
    try:
        found = read(path, reader="mpr")
    except ReadError as error:
        assert error.hint  # noqa: PT017
        return ()
    assert len(columns(path)) > 0
    return found


@pytest.mark.parametrize("name", FILES)
def test_cut_anywhere_gives_a_prefix_with_a_warning_or_an_error(shared_data, tmp_path, name):
    content = (shared_data / f"{name}.mpr").read_bytes()
    whole = read(shared_data / f"{name}.mpr")[0]
    path = tmp_path / f"{Path(name).name}.mpr"
    for end in cut_places(len(content), len(content)):
        path.write_bytes(content[:end])
        parts = outcome(path)
        if not parts:
            continue
        first = parts[0]
        n = first.sizes["point"]
        assert n == whole.sizes["point"] or any("The file ends inside its data" in w for w in first.attrs["warnings"])
        assert any("ends inside" in w for w in first.attrs["warnings"])
        for variable in set(first.data_vars) - {"current_range"}:
            np.testing.assert_array_equal(first[variable], whole[variable][:n])


@pytest.mark.parametrize(
    "name", ["cycling/biologic_misc/MB-1", "eis/yadg/cp", "cycling/biologic_misc/gcpl.issue_226.CxN"]
)
def test_changed_bytes_never_crash(at_once, shared_data, tmp_path, name):
    """Bytes of the headers, and any bytes, changed at random: measurements of finite numbers or a ReadError, at once."""
    content = (shared_data / f"{name}.mpr").read_bytes()
    data = content.find(b"VMP data") - 6
    random = np.random.default_rng(len(content))
    path = tmp_path / "a.mpr"
    for k in range(150):
        changed = bytearray(content)
        low, high = ((0, len(content)), (52, 130), (data, data + 130))[k % 3]
        for at in random.integers(low, high, 1 + k % 4):
            changed[at] = (0, 255, int(random.integers(256)))[int(random.integers(3))]
        path.write_bytes(bytes(changed))
        datasets = at_once(lambda: outcome(path), 2.0)
        assert all(np.isfinite(v.values).all() for d in datasets for v in d.data_vars.values())


# --- small files written here


def module(name: str, body: bytes, *, version: int = 0, long_length: bool = False) -> bytes:
    head = b"MODULE" + name.encode().ljust(10) + name.encode().ljust(25)
    if long_length:
        return head + struct.pack("<IQI8s", 0xFFFFFFFF, len(body), version, b"01/02/25") + body
    return head + struct.pack("<II8s", len(body), version, b"01/02/25") + body


def mpr(
    ids: list[int],
    records: bytes,
    n: int,
    *,
    version: int = 3,
    code: int = 4,
    log: bytes = b"",
    n_stated: int | None = None,
) -> bytes:
    count = struct.pack("<H" if version == 11 else "<B", len(ids))
    header = struct.pack("<I", n if n_stated is None else n_stated) + count + struct.pack(f"<{len(ids)}H", *ids)
    length = {2: 405, 3: 406, 11: 1007}.get(version, 406)
    settings = bytes([code]).ljust(640, b"\0")
    modules = (("VMP Set", settings, 0), ("VMP data", header.ljust(length, b"\0") + records, version))
    content = b"BIO-LOGIC MODULAR FILE\x1a".ljust(48) + bytes(4)
    for name, body, number in modules:
        content += module(name, body, version=number, long_length=version == 11)
    return content + (module("VMP LOG", log) if log else b"")


@pytest.fixture
def write(tmp_path):
    def write(content: bytes) -> Path:
        path = tmp_path / "a.mpr"
        path.write_bytes(content)
        return path

    return write


POINTS = b"".join(struct.pack("<BdfdH", 0x05 | (k == 2) << 5, 10.0 * k, 3.0 + k, 0.1 * k, 13) for k in range(4))
IDS = [1, 2, 31, 4, 6, 13, 39]


@pytest.mark.parametrize("version", [2, 3, 11])
def test_the_three_layouts_hold_the_same(write, version):
    path = write(mpr(IDS, POINTS, 4, version=version))
    (data,) = read(path)
    assert (data.attrs["kind"], data.attrs["title"], data.attrs["warnings"]) == ("cycling", "GCPL 1", ())
    np.testing.assert_array_equal(data["time"], [0, 10, 20, 30])
    np.testing.assert_allclose(data["charge"], 3.6 * 0.1 * np.arange(4))
    np.testing.assert_allclose(data["current"], [0, 0.036, 0.036, 0.036])  # 0.1 mA.h in 10 s
    np.testing.assert_array_equal(data["current_range"], 1e-4)
    found = columns(path)
    assert found["mode"].tolist() == [1, 1, 1, 1]
    assert found["ox/red"].tolist() == [1, 1, 1, 1]
    assert found["Ns changes"].tolist() == [0, 0, 1, 0]


def test_current_is_zero_where_no_time_passed(write):
    rows = [(0.0, 0.0), (10.0, 1.0), (10.0, 2.0), (20.0, 3.0)]
    (data,) = read(write(mpr([4, 6, 13], b"".join(struct.pack("<dfd", t, 3.0, q) for t, q in rows), 4)))
    np.testing.assert_allclose(data["current"], [0, 0.36, 0, 0.36])


def test_unknown_technique_is_named_and_the_columns_decide(write):
    points = struct.pack("<dfff", 0.0, 1.0, 3.0, 2.0) + struct.pack("<dfff", 1.0, 1.0, 3.1, 2.0)
    (data,) = read(write(mpr([4, 5, 6, 8], points, 2, code=77)))
    assert data.attrs["kind"] == "cycling"
    assert data.attrs["warnings"] == (
        "The technique (code 77) is not one that closo knows; the columns are those of 'cycling'.",
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (mpr([4, 999], bytes(11), 1), r"byte 813: column 2 has the id 999, whose meaning and width are not known"),
        (mpr([4, 6], bytes(24), 2, version=12), "data module has version 12; known are 2, 3, 11"),
        (mpr([4, 6], bytes(24), 3), "3 points of 12 bytes do not fill the data module"),
        (mpr([4, 6], bytes(24), 2, n_stated=0xFFFFFFFF), "4294967295 points of 12 bytes do not fill"),
        (mpr([4, 6], b"", 0), "holds no points"),
        (mpr([4, 4], bytes(32), 2), r"'time/s' \(id 4\) stands in it twice"),
        (mpr([6, 77, 441, 471], bytes(32), 2), r"'<Ece>/V' \(id 471\) stands in it twice"),
        (mpr([1, 4, 2], bytes(18), 2), r"bit fields are not together \(id 2\)"),
        (mpr([], b"", 1), "names 0 columns"),
        (mpr([4, 6], bytes(24), 2)[:700], "no data module in it"),
        (mpr([4, 6], bytes(24), 2)[:1000], "ends before its first point"),
        (mpr([4, 6], bytes(24), 2).replace(b"MODULEVMP Set", b"MODELEVMP Set"), "no module begins at byte 52"),
        (b"BIO-LOGIC MODULAR FILE\x1a", "no data module in it"),
        (b"BIO-LOGIC MODULAR", "its mark is missing"),
    ],
)
def test_refused_with_place_and_advice(write, content, message):
    with pytest.raises(ReadError, match=message) as caught:
        read(write(content))
    assert "xport it as .mpt" in str(caught.value.hint) or "holds no points" in message


def test_points_that_are_there_are_read_from_a_cut_file(write):
    content = mpr(IDS, POINTS, 4)
    (data,) = read(write(content[:-30]))
    assert data.sizes["point"] == 2
    assert data.attrs["warnings"] == ("The file ends inside its data: the first 2 of 4 points are read.",)
    (data,) = read(write(content + b"MODUL"))
    assert any("ends inside the header of a module" in w for w in data.attrs["warnings"])
    (data,) = read(write(content + b"garbage"))
    assert any("is not a module" in w for w in data.attrs["warnings"])


@pytest.mark.parametrize(
    ("ids", "code"),
    [
        ([4, 16, 6, 8], "<dfff"),
        ([4, 6, 23, 8], "<dfdf"),
        ([473, 4, 6, 8], "<fdff"),
        ([4, 16, 473, 6, 8], "<dfdff"),
        ([4, 6, 8, 16, 23], "<dfffd"),
        ([4, 16, 6, 23, 8], "<ddfdf"),
        ([1, 16, 4, 6, 8], "<Bfdff"),
    ],
)
def test_unknown_columns_are_left_out_where_their_width_is_certain(tmp_path, ids, code):
    path = tmp_path / "a.mpr"
    known = {4: lambda k: k / 3, 6: lambda k: 2.5 + k / 64, 8: lambda k: -0.25 * k, 1: lambda _: 2}
    records = b"".join(struct.pack(code, *(known[i](k) if i in known else 7.0 + k for i in ids)) for k in range(20))
    path.write_bytes(mpr(ids, records, 20))
    (data,) = read(path)
    np.testing.assert_allclose(data["potential"], 2.5 + np.arange(20) / 64)
    np.testing.assert_allclose(data["current"], -0.25e-3 * np.arange(20))
    np.testing.assert_allclose(data["time"], np.arange(20) / 3)
    named = ", ".join(str(i) for i in ids if i not in known)
    assert f"The columns with the ids {named} are not known and were left out." in data.attrs["warnings"]


@pytest.mark.parametrize(
    ("ids", "size"), [([4, 16, 6, 23, 8], 28), ([4, 16, 6], 19), ([4, 16, 6], 28), ([4, 16, 6], 12)]
)
def test_unknown_columns_of_doubtful_width_are_refused(tmp_path, ids, size):
    path = tmp_path / "a.mpr"
    path.write_bytes(mpr(ids, bytes(size * 20), 20))
    with pytest.raises(ReadError, match="meaning and width are not known"):
        read(path)
