"""What is known of real files beside their numbers: how many points, which sum, where the maximum stands."""

import numpy as np
import pytest

from closo.readers import read
from closo.techniques.cycling import analyse
from closo.techniques.sorption import analyse as sorption

COUNTED = [  # file, size of each part of the kind, sum of what was counted, largest value
    ("structure/xrd/co_d5000/D5000_1.RAW", "diffraction", [3651], 1069383, 6532),
    ("structure/xrd/bruker/BT86.raw", "diffraction", [2374], 918372, 5774),
    ("structure/xrd/bruker/BT86_.UXD", "diffraction", [2374], 918372, 5774),
    ("structure/xrd/bruker/SCRAMBLED_bruker4_diffrac_eva.raw", "diffraction", [7134], None, None),
    ("structure/xrd/bruker/23-012-AG_2thomegascan_long.brml", "diffraction", [2001], None, 495559.8),
    ("structure/xrd/bruker/Keokuk_kaolinite_2scans.RAW", "diffraction", [4001, 3501], None, 4880),
    ("core/eels/exspy_coreloss_spectrum.msa", "energy_loss", [2048], 4.70201e7, None),
    ("core/eels/exspy_lowloss_spectrum.msa", "energy_loss", [2048], 1.25438e6, None),
    ("core/eels/pyeelsmodel/hl.msa", "energy_loss", [1024], 1.87637e7, None),
    ("core/eels/pytemlib/AL-DFoffset0.00.dm3", "energy_loss", [2048], 4.87554e9, None),
    ("core/eels/rsciio/EELS_SI.dm4", "energy_loss_image", [8192], 7.16907e6, None),
    ("core/eels/eelsdb/test_2/data.msa", "energy_loss", [546], 5.81554e6, None),
    ("core/eels/eelsdb/test_3/data.msa", "energy_loss", [1340], 2.90066e6, None),
    ("core/eds/exspy/EDS_SEM_TM002.hspy", "x_ray", [1024], 1.00028e6, None),
    ("core/eds/rsciio/over16bit.bcf", "x_ray_image", [49152], 1.76786e8, None),
]


@pytest.mark.parametrize(("file", "kind", "sizes", "total", "largest"), COUNTED)
def test_points_sum_and_maximum(shared_data, file, kind, sizes, total, largest):
    parts = [part for part in read(shared_data / file) if part.attrs["kind"] == kind]
    signals = [part[next(n for n in ("counts", "intensity") if n in part)].values for part in parts]
    assert [s.size for s in signals] == sizes
    if total is not None:
        assert float(signals[0].sum(dtype=float)) == pytest.approx(total, rel=2e-6)
    if largest is not None:
        assert float(signals[0].max()) == pytest.approx(largest, rel=1e-9)


@pytest.mark.parametrize("number", [1, 2, 4])
def test_two_conversions_of_a_scan_are_equal(shared_data, number):
    folder = shared_data / "structure" / "xrd" / "co_d5000"
    (raw,), (text,) = (read(folder / f"D5000_{number}.{ending}") for ending in ("RAW", "xy"))
    assert np.array_equal(raw["counts"].values, text["counts"].values)
    assert np.allclose(raw["two_theta"].values, text["two_theta"].values, atol=1e-4)


ROWS = [
    ("eis/elchempy/N2_EIS-range_1500rpm_JOS2_high-load_263.par", 14, 714),
    ("eis/elchempy/N2_HPRR_DW28_0.1MHClO4+10mMH2O2_disk_298.par", 4, 4010),
    ("eis/elchempy/O2_ORR_DW28_0.5MH2SO4_PDX_Ch1_disk.par", 10, 10025),
    ("eis/elchempy/OCP_RHE1_AgAgCl4.par", 1, 30),
    ("cycling/maccor/maccor_two.txt", 1, 213),  # of 214, the last of which is cut off
    ("cycling/maccor/sample_data_maccor.csv", 1, 15),
    ("cycling/arbin/sample_data_arbin.csv", 1, 13),
]


@pytest.mark.parametrize(("file", "parts", "rows"), ROWS)
def test_rows(shared_data, file, parts, rows):
    found = read(shared_data / file)
    assert (len(found), sum(part.sizes["point"] for part in found)) == (parts, rows)
    assert not any(part.attrs.get("failed_checks") for part in found)


def test_means_over_the_cycles_of_sodium_cobaltate(shared_data):
    name = "jdb11-1_c3_gcpl_5cycles_2V-3p8V_C-24_data_C09.mpr"
    (data,) = read(shared_data / "cycling" / "na_nacoo2" / name)
    legs = analyse(data, cell="cathode half cell").curves["leg_charge"].values / 3.6
    assert data.sizes["point"] == 46102
    assert float(np.mean(-legs[legs < 0])) == pytest.approx(0.7778788, rel=1e-4)
    assert float(np.mean(legs[legs > 0])) == pytest.approx(0.9535533, rel=1e-4)


def test_what_a_header_states_of_a_hard_carbon_cell(shared_data):
    (data,) = read(shared_data / "cycling" / "na_hardcarbon" / "gcpl.pr_182.1.mpr")
    stated = data.attrs["suggestions"]
    assert stated["area"]["value"].split() == ["1.767", "cm2"]
    assert stated["mass"]["value"].split() == ["6.520", "mg"]
    charge = analyse(data, cell="anode half cell").curves["leg_charge"].values[1]
    assert charge / 3.6 / 6.52e-3 == pytest.approx(401.2, abs=0.1)  # mAh/g


@pytest.mark.parametrize(
    ("letter", "printed"), [("A", "194.7493"), ("D", "935.5162"), ("L", "1596.4627"), ("N", "1589.6174")]
)
def test_the_area_of_the_instrument_comes_out_again(shared_data, letter, printed):
    (data,) = read(shared_data / "structure" / "sorption" / "micromeritics_xls" / f"Sample_{letter}.xls")
    check = next(c for c in sorption(data).checks if c.name == "instrument's BET")
    assert check.detail.startswith(f"{printed} m2/g printed"), check.detail
    assert check.passed is (letter != "N"), check.detail  # N: argon, with the cross-section of nitrogen
    again = float(check.detail.partition("points give ")[2].split()[0])
    assert again == pytest.approx(float(printed), rel=2e-4)  # D prints its points with few digits


AREAS = {  # cm-1: area above the straight line between the ends, of three samples
    (3728.0, 3760.0): (0.006, 0.008, 0.884),
    (1590.0, 1680.0): (8.99, 8.99, 3.27),
    (1800.0, 1930.0): (4.48, 4.48, 4.47),
}


@pytest.mark.parametrize("place", [0, 1, 2])
def test_bands_of_silica(shared_data, place):
    (data,) = read(shared_data / "structure" / "ftir" / "is50_silica" / f"3-SILICA_{(0, 2, 3)[place]}.SPA")
    order = np.argsort(data["wavenumber"].values)
    x, y = data["wavenumber"].values[order], data["absorbance"].values[order]
    for (low, high), areas in AREAS.items():
        rows = (x >= low) & (x <= high)
        ends = np.interp(x[rows], [x[rows][0], x[rows][-1]], [y[rows][0], y[rows][-1]])
        assert np.trapezoid(y[rows] - ends, x[rows]) == pytest.approx(areas[place], abs=0.006)
