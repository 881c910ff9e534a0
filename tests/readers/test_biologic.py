"""EC-Lab text: locales, headers of any length, techniques, several spectra in one file, long files in pieces."""

from pathlib import Path

import numpy as np
import pytest

from closo.errors import ReadError
from closo.readers import biologic, read, sniff
from closo.readers.tools import streamed

NAMES = "freq/Hz\tRe(Z)/Ohm\t-Im(Z)/Ohm\t|Z|/Ohm\tPhase(Z)/deg\ttime/s\t<Ewe>/V\t<I>/mA\tCs/µF\tcycle number\t"
SPECTRUM = [(1e5, 50 - 5j), (1e4, 60 - 20j), (1e3, 90 - 60j), (1e2, 150 - 200j)]


def row(k, frequency, z, cycle=1):
    values = (frequency, z.real, -z.imag, abs(z), np.degrees(np.angle(z)), k, 0.25, -1.5, 0, cycle)
    return "\t".join(f"{v:.7E}" for v in values)


def rows(cycle=1, scale=1.0):
    return [row(k, f, scale * z, cycle) for k, (f, z) in enumerate(SPECTRUM)]


def mpt(lines, names=NAMES, technique="Potentio Electrochemical Impedance Spectroscopy", settings=()):
    header = [
        "EC-Lab ASCII FILE",
        "Nb header lines : {n}",
        "",
        technique,
        "",
        "Run on channel : 1 (SN 1)",
        "Acquisition started on : 02/04/2018 10:02:46",
        "Device : SP-150 (SN 2)",
        "Electrode surface area : 0.001 cm²",
        "Characteristic mass : 6.52 mg",
        "Mass of active material : 7000.000 mg",
        "Comments : first",
        "Comments : second",
        *settings,
        "",
        names,
    ]
    header[1] = f"Nb header lines : {len(header)}"
    return "\n".join([*header, *lines])


@pytest.fixture
def write(tmp_path):
    def write(content, name="a.mpt", encoding="latin-1"):
        path = tmp_path / name
        path.write_bytes(content.encode(encoding))
        return path

    return write


def test_spectrum(write):
    (data,) = read(write(mpt(rows())))
    np.testing.assert_allclose(data["impedance"], [z for _, z in SPECTRUM], rtol=1e-6)
    np.testing.assert_allclose(data["current"], -1.5e-3)
    np.testing.assert_allclose(data["potential"], 0.25)
    assert (data.attrs["title"], data.attrs["uncalibrated"], data.attrs["warnings"]) == ("PEIS 1", False, ())
    metadata = data.attrs["metadata"]
    assert metadata["technique"] == "Potentio Electrochemical Impedance Spectroscopy"
    assert metadata["comment"] == "first\nsecond"
    assert metadata["columns_not_used"] == ["Cs/µF", "cycle number"] or "Cs/µF" in metadata["columns_not_used"]


def test_defaults_of_the_header_are_marked_suggestions(write):
    suggestions = read(write(mpt(rows())))[0].attrs["suggestions"]
    assert suggestions["area"]["value"] == "0.001 cm2"
    assert "default" in suggestions["area"]["from"]
    assert suggestions["mass"] == {"value": "6.52 mg", "from": "header: Characteristic mass"}
    assert "default" in suggestions["active_mass"]["from"]


def test_german_locale_gives_the_same_numbers(write):
    (point,) = read(write(mpt(rows())))
    (comma,) = read(write(mpt([r.replace(".", ",") for r in rows()]), name="b.mpt"))
    np.testing.assert_array_equal(point["impedance"], comma["impedance"])
    np.testing.assert_array_equal(point["time"], comma["time"])


def test_three_line_header_and_no_header(write):
    short = "\n".join(["EC-Lab ASCII FILE", "Nb header lines : 3", NAMES, *rows()])
    bare = "\n".join([NAMES, *rows()])
    for content in (short, bare):
        (data,) = read(write(content))
        assert (data.attrs["kind"], data.attrs["title"], data.sizes["point"]) == ("impedance", "EIS 1", 4)


def test_wrong_header_count_is_no_obstacle(write):
    content = mpt(rows()).replace("Nb header lines : 15", "Nb header lines : 11")
    assert read(write(content))[0].sizes["point"] == 4


def test_rows_alone_are_refused_with_columns_to_paste(write):
    with pytest.raises(ReadError, match=r"--columns frequency,impedance_real,-impedance_imag,_,_,_,_,_,_,_$"):
        read(write("\n".join(rows())))


@pytest.mark.parametrize("cycles", [(1, 2, 3), (0, 0, 0)])
def test_stacked_spectra_are_split_by_cycle_or_by_frequency(write, cycles):
    lines = [line for k, c in enumerate(cycles) for line in rows(c, 1.0 + k)]
    parts = read(write(mpt(lines)))
    assert [d.attrs["title"] for d in parts] == ["PEIS 1", "PEIS 2", "PEIS 3"]
    np.testing.assert_allclose(parts[2]["impedance"], 3 * parts[0]["impedance"], rtol=1e-6)


@pytest.mark.parametrize(
    ("technique", "names", "title", "kind"),
    [
        ("Chronoamperometry / Chronocoulometry", "time/s\tcontrol/V\tEwe/V\tI/mA", "CA 1", "chronoamperometry"),
        ("Chronopotentiometry", "time/s\tcontrol/mA\t<Ewe>/V\tI/mA", "CP 1", "chronopotentiometry"),
        ("Linear Sweep Voltammetry", "time/s\tcontrol/V\tEwe/V\t<I>/mA", "LSV 1", "voltammetry"),
        ("Cyclic Voltammetry", "time/s\tcontrol/V\tEwe/V\t<I>/mA", "CV 1", "voltammetry"),
        ("Open Circuit Voltage", "time/s\tcontrol/V\tEwe/V\tcounter", "OCV 1", "open_circuit"),
        (
            "Galvanostatic Cycling with Potential Limitation",
            "time/s\tcontrol/V/mA\tEcell/V\t<I>/mA",
            "GCPL 1",
            "cycling",
        ),
        ("Modulo Bat", "time/s\tcontrol/V/mA\tEcell/V\tI/mA", "MB 1", "cycling"),
        ("A technique of the future", "time/s\tcontrol/V\tEwe/V\tI/mA", "record 1", "record"),
    ],
)
def test_techniques(write, technique, names, title, kind):
    (data,) = read(
        write(mpt([f"{k}\t0.5\t{0.1 * k + 1}\t{k + 1}" for k in range(5)], names=names, technique=technique))
    )
    assert (data.attrs["title"], data.attrs["kind"]) == (title, kind)
    voltage = "voltage" if "Ecell" in names else "potential"
    np.testing.assert_allclose(data[voltage], 0.1 * np.arange(5) + 1)
    if "I/mA" in names or "<I>/mA" in names:
        np.testing.assert_allclose(data["current"], 1e-3 * (np.arange(5) + 1))


@pytest.mark.parametrize(
    ("control", "kind"), [("control/V/mA", "cycling"), ("control/mA", "chronopotentiometry"), ("control/V", "record")]
)
def test_kind_from_the_columns_without_a_technique(write, control, kind):
    content = "\n".join([f"mode\ttime/s\t{control}\tEwe/V\tI/mA", *(f"1\t{k}\t1\t{k}\t2" for k in range(4))])
    (data,) = read(write(content))
    assert data.attrs["kind"] == kind
    assert any("names no technique" in w for w in data.attrs["warnings"])


def test_spectra_between_cycling_rows_are_kept_apart(write):
    names = "mode\ttime/s\tEwe/V\tI/mA\tfreq/Hz\tRe(Z)/Ohm\t-Im(Z)/Ohm\tz cycle\tcycle number"
    direct = [f"1\t{k}\t3.1\t0.5\t0\t0\t0\t0\t1" for k in range(4)]
    first = [f"2\t{k + 4}\t3\t0\t{f}\t{z.real}\t{-z.imag}\t1\t1" for k, (f, z) in enumerate(SPECTRUM)]
    second = [line.replace("\t1\t1", "\t2\t1") for line in first]
    lines = [*direct, *first, *second, *direct]
    parts = read(write(mpt(lines, names=names, technique="Modulo Bat")))
    assert [(d.attrs["title"], d.sizes["point"]) for d in parts] == [("MB 1", 16), ("PEIS 1", 4), ("PEIS 2", 4)]
    record = parts[0]  # keeps every row in file order; the spectra are known by their frequency
    frequencies = [f for f, _ in SPECTRUM]
    np.testing.assert_array_equal(record["frequency"], [0] * 4 + frequencies * 2 + [0] * 4)
    np.testing.assert_array_equal(record["potential"], [3.1] * 4 + [3] * 8 + [3.1] * 4)
    assert "impedance" not in record
    bare = read(write("\n".join([names.replace("Ewe/V", "Ewe/V\tcontrol/V/mA"), *(_with(li, 3, "0") for li in lines)])))
    assert [(d.attrs["kind"], d.sizes["point"]) for d in bare] == [("cycling", 16), ("impedance", 4), ("impedance", 4)]


def _with(line: str, place: int, cell: str) -> str:
    cells = line.split("\t")
    return "\t".join([*cells[:place], cell, *cells[place:]])


def test_rows_at_frequency_0_of_a_spectrum_stay_apart(write):
    zero = row(9, 0.0, 0j)
    parts = read(write(mpt([*rows(), zero, zero])))
    assert [(d.attrs["kind"], d.attrs["title"], d.sizes["point"]) for d in parts] == [
        ("impedance", "PEIS 1", 4),
        ("record", "PEIS DC 1", 2),
    ]


NAMES_GCPL = (
    "mode\tNs\ttime/s\tdQ/mA.h\t(Q-Qo)/mA.h\tcontrol/V/mA\tEcell/V\tI Range\thalf cycle\tTemperature/°C\t<I>/mA\t"
    "cycle number"
)
GCPL = "Galvanostatic Cycling with Potential Limitation"


def gcpl(n=12):
    """Rows of a GCPL: 0.1 mA, changing its sign every 4 rows."""
    lines, charge = [], 0.0
    for k in range(n):
        current = 0.1 * (-1) ** (k // 4)
        step = current * 10 / 3600 if k else 0.0
        charge += step
        values = (
            1,
            k // 4 % 2,
            10.0 * k,
            step,
            charge,
            current,
            3 + 0.01 * k,
            13,
            k // 4,
            25.5,
            current if k else 0,
            k // 8,
        )
        lines.append("\t".join(f"{v:.9E}" if isinstance(v, float) else str(v) for v in values))
    return lines


def test_gcpl_has_the_counters_of_the_instrument(write):
    (data,) = read(write(mpt(gcpl(), names=NAMES_GCPL, technique=GCPL)))
    assert (data.attrs["kind"], data.attrs["title"], data.attrs["warnings"]) == ("cycling", "GCPL 1", ())
    np.testing.assert_array_equal(data["half_cycle"], [0] * 4 + [1] * 4 + [2] * 4)
    np.testing.assert_array_equal(data["cycle"], [0] * 8 + [1] * 4)
    np.testing.assert_array_equal(data["step"], [0] * 4 + [1] * 4 + [0] * 4)
    np.testing.assert_array_equal(data["current_range"], 1e-4)
    np.testing.assert_allclose(data["temperature"], 298.65)
    np.testing.assert_allclose(data["charge"].values[[0, 3, 7, 11]], [0, 3e-3, -1e-3, 3e-3], atol=1e-12)
    assert "current" not in data.attrs["metadata"]


def test_gcpl_without_a_current_gets_that_of_the_charge(write):
    place = NAMES_GCPL.split("\t").index("<I>/mA")
    whole = read(write(mpt(gcpl(), names=NAMES_GCPL, technique=GCPL)))[0]
    names, *lines = (without(line, place) for line in [NAMES_GCPL, *gcpl()])
    (data,) = read(write(mpt(lines, names=names, technique=GCPL)))
    np.testing.assert_allclose(data["current"], whole["current"], atol=1e-11)
    assert data.attrs["metadata"]["current"].startswith("derived from the charge counter")


def test_unknown_code_of_the_current_range_is_said(write):
    lines = [line.replace("\t13\t", "\t99\t") for line in gcpl()]
    (data,) = read(write(mpt(lines, names=NAMES_GCPL, technique=GCPL)))
    assert "current_range" not in data
    assert data.attrs["metadata"]["current_range_codes_not_known"] == [99]


def without(line: str, place: int) -> str:
    cells = line.split("\t")
    return "\t".join(cells[:place] + cells[place + 1 :])


def shuffled(line: str) -> str:
    cells = line.split("\t")
    return "\t".join(cells[k] for k in np.random.default_rng(1).permutation(len(cells)))


def same_table(one, other):
    assert [(d.attrs["kind"], set(d.data_vars)) for d in one] == [(d.attrs["kind"], set(d.data_vars)) for d in other]
    for a, b in zip(one, other, strict=True):
        for name in a.data_vars:
            np.testing.assert_array_equal(a[name].values, b[name].values, err_msg=str(name))


def variants(names: str, lines: list[str]):
    """Yield name, content: one table as locales, exports and hands write it."""
    table = [names, *lines]
    yield "three lines", "\n".join(["EC-Lab ASCII FILE", "Nb header lines : 3                          ", *table])
    yield "no header", "\n".join(table)
    yield "decimal comma", "\n".join(line.replace(".", ",") if k else line for k, line in enumerate(table))
    yield "other order", "\n".join(map(shuffled, table))
    yield "BT-Lab", "\r\n".join(["BT-Lab ASCII FILE", "Nb header lines : 3", *table, ""])
    yield "trailing tabs", "\n".join(line + "\t" for line in table)
    yield (
        "all of it",
        "\r\n".join(["Nb header lines : 2", *(shuffled(li).replace(".", ",") if k else shuffled(li)
                                               for k, li in enumerate(table)), "", ""]),
    )  # fmt: skip


def test_one_table_written_in_many_ways_is_one_table(write):
    whole = read(write(mpt(gcpl(), names=NAMES_GCPL, technique=GCPL)))
    for name, content in variants(NAMES_GCPL, gcpl()):
        found = read(write(content, name="b.txt" if "BT" in name else "b.mpt"))
        same_table(found, whole)


def test_one_real_table_written_in_many_ways_is_one_table(shared_data, write):
    path = shared_data / "cycling/symmetric/li_tape_peis_interludes_mb.mpt"
    lines = path.read_text(encoding="latin-1").split("\n")
    header = int(lines[1].split(":")[1])
    whole = read(path)
    assert [d.sizes["point"] for d in whole] == [1588] + [70] * 8
    for name, content in variants(lines[header - 1].rstrip("\t"), lines[header:]):
        found = read(write(content))
        assert [d.attrs["kind"] for d in found] == ["cycling"] + ["impedance"] * 8, name
        same_table(found, whole)


def test_bt_lab_text(shared_data):
    (data,) = read(shared_data / "cycling/biologic_misc/Sample_data_biologic_CA1.txt")
    assert (data.attrs["kind"], data.attrs["title"], data.attrs["warnings"]) == ("cycling", "MB 1", ())
    assert {"time", "voltage", "current", "charge", "cycle", "step", "temperature"} == set(data.data_vars)
    assert data["temperature"].values[0] == 273.15 + 22.185871  # its degree sign was lost in a conversion
    assert data.attrs["suggestions"]["area"]["value"] == "0.001 cm2"


# --- long files: the way piece by piece and the way line by line give the same


def both_ways(path: Path, monkeypatch, beginning=4000, pieces=2000):
    """Return what the two ways give (measurements, or the text of the error), and whether the first one stayed on it."""
    by_line = outcome(path)
    went = []

    def spy(*args, **named):
        went.append(True)
        rows = streamed.rows_to_the_end(*args, **named)
        went.append(True)
        return rows

    with monkeypatch.context() as patch:
        patch.setattr(biologic, "_LARGE", 0)
        patch.setattr(biologic, "_BEGINNING", beginning)
        patch.setattr(biologic, "rows_to_the_end", spy)
        patch.setattr(streamed, "_PIECE", pieces)
        in_pieces = outcome(path)
    return by_line, in_pieces, len(went) == 2


def outcome(path):
    try:
        return read(path)
    except ReadError as error:
        return str(error)


def assert_same(one, other):
    if isinstance(one, str) or isinstance(other, str):
        assert one == other
        return
    same_table(one, other)
    assert [d.attrs for d in one] == [d.attrs for d in other]


REGULAR = {
    "plain": lambda text: text,
    "ended": lambda text: text + "\n",
    "empty lines at the end": lambda text: text + "\n\n\n",
    "CRLF": lambda text: text.replace("\n", "\r\n"),
    "CRLF, ended": lambda text: text.replace("\n", "\r\n") + "\r\n",
    "last number cut": lambda text: text[:-3],
    "last row cut": lambda text: text[:-40],
    "trailing tabs": lambda text: text.replace("\n", "\t\n") + "\t",
}
IRREGULAR = {
    "garbage row": lambda text: text + "\ngarbage\n" + "\n".join(gcpl(30)),
    "word in a cell": lambda text: text.replace("1.500000000E+02", "XXX"),
    "short row": lambda text: text + "\n" + without(gcpl()[3], 3) + "\n" + "\n".join(gcpl(30)),
    "long row": lambda text: text + "\n" + _with(gcpl()[3], 3, "1") + "\n" + "\n".join(gcpl(30)),
    "a short and a long row": lambda text: "\n".join(
        [text, without(gcpl()[3], 3), _with(gcpl()[3], 3, "1"), *gcpl(30)]
    ),
    "empty line inside": lambda text: text + "\n\n" + "\n".join(gcpl(30)),
    "empty cell": lambda text: text.replace("1.500000000E+02", ""),
    "infinite": lambda text: text.replace("1.500000000E+02", "1E999"),
    "quotes": lambda text: text.replace("1.500000000E+02", '"150"'),
    "one decimal comma": lambda text: text.replace("1.500000000E+02", "1,500000000E+02"),
    "comma in the last row": lambda text: text + "\n" + gcpl(200)[-1].replace(".", ","),
}


@pytest.mark.parametrize("comma", [False, True])
@pytest.mark.parametrize("name", [*REGULAR, *IRREGULAR])
def test_in_pieces_as_line_by_line(write, monkeypatch, name, comma):
    change = (REGULAR | IRREGULAR)[name]
    head, body = mpt(gcpl(200), names=NAMES_GCPL, technique=GCPL).split(NAMES_GCPL)
    body = change(NAMES_GCPL + body).removeprefix(NAMES_GCPL)
    if comma:
        body = body.translate(str.maketrans(".,", ",."))
    by_line, in_pieces, stayed = both_ways(write(head + NAMES_GCPL + body), monkeypatch)
    assert_same(in_pieces, by_line)
    assert stayed == (name in REGULAR)
    if name in REGULAR:
        n = 199 if "cut" in name else 200
        assert [d.sizes["point"] for d in by_line] == [n]


def test_real_files_in_pieces_as_line_by_line(shared_data, monkeypatch):
    for path in sorted((shared_data / "cycling").rglob("*.mpt")):
        by_line, in_pieces, stayed = both_ways(path, monkeypatch, beginning=60_000, pieces=100_000)
        assert_same(in_pieces, by_line)
        assert stayed


def test_cut_off_last_row_is_left_out(write):
    content = mpt(rows())
    (data,) = read(write(content[:-60]))
    assert data.sizes["point"] == 3
    assert any("cut off" in w for w in data.attrs["warnings"])


def test_header_without_rows_is_refused(write):
    with pytest.raises(ReadError, match="no rows of numbers follow"):
        read(write(mpt([])))


def test_wrong_phase_sign_is_told(write):
    lines = ["\t".join([*r.split("\t")[:4], r.split("\t")[4].replace("-", ""), *r.split("\t")[5:]]) for r in rows()]
    assert any("opposite" in w for w in read(write(mpt(lines)))[0].attrs["warnings"])


def test_recognised_by_content(write):
    assert sniff(write(mpt(rows()), name="a.txt")).name == "biologic"
    assert sniff(write(mpt(rows()).replace("EC-Lab", "BT-Lab"), name="a.txt")).name == "biologic"
