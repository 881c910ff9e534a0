"""EC-Lab files of the twin: their layout, and that the readers get back what went in."""

from dataclasses import replace
from datetime import datetime

import numpy as np
import pytest

from closo.errors import StudyError
from closo.quantity import parse
from closo.readers import read, sniff
from closo.techniques import get
from closo.twin.biologic import ProgramStep, write_mpt
from closo.twin.cell import ROOM_CELL, WARM_CELL, Interludes, cycle_cell
from closo.twin.cell.files import table_of, write_cell

MODULO_BAT = "symmetric/li_tape_peis_interludes_mb"


@pytest.fixture(scope="module")
def warm():
    return cycle_cell(WARM_CELL, seed=3, cycles=3)


@pytest.fixture(scope="module")
def room():
    return cycle_cell(ROOM_CELL, seed=3, cycles=3)


@pytest.mark.parametrize("ending", ["mpt", "mpr"])
def test_a_cell_comes_back_through_the_reader(tmp_path, warm, ending):
    path = tmp_path / f"cell.{ending}"
    write_cell(path, warm)
    record, *spectra = read(path)
    assert record.attrs["kind"] == "cycling"
    assert record.sizes["point"] == warm.time.size
    for name, expected, size in (
        ("time", warm.time, 1e-6),
        ("potential", warm.voltage, 1e-6),
        ("current", warm.current, 1e-11),
        ("charge", warm.charge, 1e-9),
        ("frequency", warm.frequency, 1.0),
    ):
        assert record[name].values == pytest.approx(expected, rel=1e-6, abs=size), name
    for name in ("cycle", "half_cycle", "step"):
        assert record[name].values.tolist() == getattr(warm, name).tolist()
    assert set(record["current_range"].values.tolist()) == {1e-4}
    assert record["set_current"].values == pytest.approx(table_of(warm).control, rel=1e-6, abs=1e-12)
    assert all("set_current" not in spectrum for spectrum in spectra)
    assert [s.attrs["kind"] for s in spectra] == ["impedance"] * 2  # before the first cycle and after the second
    z = warm.impedance[warm.frequency > 0]
    assert np.concatenate([s["impedance"].values for s in spectra]) == pytest.approx(z, rel=1e-5)
    assert record.attrs["metadata"]["date"] == "03/02/2026 09:00:00.000"
    assert record.attrs["metadata"]["comment"].startswith("SYNTHETIC DATA")
    assert record.attrs["warnings"] == ()
    assert "software's default" in record.attrs["suggestions"]["area"]["from"]


def test_the_room_is_logged_in_text_only(tmp_path, room):
    for ending in ("mpt", "mpr"):
        write_cell(tmp_path / f"room.{ending}", room)
    (text,), (binary,) = (read(tmp_path / f"room.{ending}") for ending in ("mpt", "mpr"))
    assert text["temperature"].values == pytest.approx(room.temperature, abs=1e-5)
    assert "temperature" not in binary
    assert "frequency" not in text  # a program without spectra has no such column
    assert text["time"].values == pytest.approx(binary["time"].values)


def test_equal_arguments_give_equal_bytes(tmp_path, warm):
    for name in ("a.mpt", "b.mpt", "a.mpr", "b.mpr"):
        (tmp_path / name[0]).mkdir(exist_ok=True)
        write_cell(tmp_path / name[0] / f"cell.{name[2:]}", warm)
    for ending in ("mpt", "mpr"):
        assert (tmp_path / f"a/cell.{ending}").read_bytes() == (tmp_path / f"b/cell.{ending}").read_bytes()


def test_the_text_has_the_layout_of_the_program(tmp_path, warm):
    path = tmp_path / "cell.mpt"
    write_cell(path, warm)
    raw = path.read_bytes()
    lines = raw.decode("latin-1").split("\r\n")
    count = int(lines[1].removeprefix("Nb header lines : "))
    assert lines[0] == "EC-Lab ASCII FILE"
    assert lines[count - 1].startswith("mode\tox/red\terror\t")
    assert lines[count - 1].endswith("\t")
    assert lines[3] == "Modulo Bat"
    cells = lines[count].split("\t")
    assert len(cells) == lines[count - 1].count("\t")
    assert all("." not in c or c[-5:-3] in ("E+", "E-") for c in cells)  # three digits in every exponent
    assert any(line.startswith("Comments : SYNTHETIC DATA") for line in lines[:count])
    assert raw.count(b"\n") == raw.count(b"\r\n")
    assert sniff(path).name == "biologic"


def test_names_are_those_of_a_real_file(tmp_path, warm, shared_data):
    path = tmp_path / "cell.mpt"
    write_cell(path, warm)

    def names(file):
        return next(line for line in file.read_text("latin-1").splitlines() if line.startswith("mode\t")).split("\t")

    assert set(names(path)) <= set(names(shared_data / f"cycling/{MODULO_BAT}.mpt"))


def test_settings_stand_where_those_of_a_real_file_stand(tmp_path, warm, shared_data):
    """The modules of a real Modulo Bat file and of ours: same names, versions and header lengths."""
    path = tmp_path / "cell.mpr"
    write_cell(path, warm)
    ours, real = path.read_bytes(), (shared_data / f"cycling/{MODULO_BAT}.mpr").read_bytes()
    assert ours[:52] == real[:52]
    for name in (b"VMP Set", b"VMP data", b"VMP LOG"):
        a, b = (raw.index(b"MODULE" + name.ljust(10)) for raw in (ours, real))
        assert ours[a : a + 41] == real[b : b + 41]
        assert ours[a + 45 : a + 49] == real[b + 45 : b + 49]  # version
    assert len(ours.split(b"VMP LOG")[-1]) == len(real.split(b"VMP LOG")[-1])


def test_fifty_cycles_fit_into_a_megabyte_and_a_half(tmp_path):
    for cell in (WARM_CELL, ROOM_CELL):
        run = cycle_cell(cell, seed=0)
        write_cell(tmp_path / "cell.mpt", run)
        write_cell(tmp_path / "cell.mpr", run)
        assert (tmp_path / "cell.mpt").stat().st_size < 1.5e6
        assert (tmp_path / "cell.mpr").stat().st_size < 0.6e6


def test_a_table_without_a_thermometer_or_spectra_is_written(tmp_path, warm):
    table = replace(table_of(warm), frequency=np.zeros(warm.time.size), current_range=1e-3)
    path = tmp_path / "x.mpt"
    write_mpt(path, table, (ProgramStep("CC"),), comment="x", date=datetime(2026, 1, 1))
    (record,) = read(path)
    assert set(record["current_range"].values.tolist()) == {1e-3}


def test_a_current_range_that_no_cycler_has_is_refused(tmp_path, warm):
    with pytest.raises(StudyError, match="10 mA"):
        write_mpt(
            tmp_path / "x.mpt", replace(table_of(warm), current_range=1.0), (), comment="", date=datetime(2026, 1, 1)
        )


def test_efficiency_and_capacities_come_back_inside_their_intervals(tmp_path):
    """Of 30 cells; no spectrum lies between the cycles.

    The retention is held against the truth by its value: its interval also holds the scatter of the cycles, so it is far
    wider than the error here and could not fail.
    """
    truth = replace(WARM_CELL, interludes=Interludes(after=(0,)))
    u, inside, off = truth.nuisances, dict.fromkeys(("charge", "efficiency", "specific", "areal"), 0), []
    for seed in range(30):
        run = cycle_cell(truth, seed=seed, cycles=8)
        write_cell(tmp_path / "cell.mpr", run)
        found = _analysed(tmp_path / "cell.mpr", run).quantities
        q = run.cycles.discharge
        happened = {
            "charge": ("charge:first_discharge", q[0]),
            "efficiency": ("coulombic_efficiency:last", run.cycles.efficiency[7]),
            "specific": ("specific_capacity:first_discharge", q[0] / (run.draws.mass * truth.active_fraction)),
            "areal": ("areal_capacity:first_discharge", q[0] / run.draws.area),
        }
        for name, (key, value) in happened.items():
            low, high = found[key].interval()
            inside[name] += low <= value <= high
        off.append(found["capacity_retention"].value - q[7] / q[0])
    assert min(inside.values()) >= 25, inside  # of 30 at 95 %: fewer than 25 in 1 of 300
    noise = u.current_noise * truth.current_range / (0.5051 * 0.283e-4)  # of one row, relative; about 50 rows in a leg
    assert np.std(off) < 2.0 * noise * np.sqrt(2.0 / 50.0)


def _analysed(path, run):
    """What the technique makes of a file, with what the notebook says of the cell and the cycler."""
    truth, u = run.truth, run.truth.nuisances
    return get("cycling").analyse(
        read(path)[0],
        active_mass=parse(run.readings["cathode_mass"], "mass", label="mass") * truth.active_fraction,
        area=parse(run.readings["area"], "area", label="area"),
        cell="cathode half cell",
        current_offset=str(u.current_offset),
        current_gain=u.current_gain,
    )
