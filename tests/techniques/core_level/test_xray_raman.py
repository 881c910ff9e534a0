"""Edges by X-ray Raman scattering: real scans with known answers, and twins whose backgrounds are not those fitted."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter1d

from closo.errors import DataError, StudyError
from closo.pipeline import loose
from closo.readers import read
from closo.readers.tools.edges import raman_scan
from closo.techniques.xray_raman import analyse, figure
from closo.techniques.xray_raman.background import backgrounds, compton_shape, integral
from closo.techniques.xray_raman.calibration import elastic_line
from closo.techniques.xray_raman.edges import peaks_of
from closo.techniques.xray_raman.peaks import places_of
from closo.twin.core_level import BO3, CAGE, EDGES, Spectrometer, boron_edge, scan_counts


def scans(spectrometer, random, parts=None, edge="B K"):
    made = scan_counts(spectrometer, edge, parts or boron_edge(0.3), random)
    count = len(spectrometer.energies)
    side = {"monitor": made["monitor"]}
    return raman_scan(Path("a.xrs"), made["energy"], made["counts"], range(1, count + 1), side=side, metadata={})


def graphite(shared_data):
    folder = shared_data / "core" / "xrs" / "lerix_graphite"
    return sorted(folder.glob("elastic.*")) + sorted(folder.glob("NIXS.*"))


def test_graphite(shared_data):
    """Each analyser has its own elastic line: pi* then scatters by 0.02 eV, with one common zero by 0.14 eV."""
    (outcome,) = loose.run("xray_raman", graphite(shared_data), settings={"edge": "C K", "analysers": "2-10"})
    result = outcome.result
    told = result.findings["analysers"]
    assert [one["number"] for one in told] == list(range(2, 10))
    assert result.findings["dead"] == [10]
    assert next(c for c in result.checks if c.name == "dead analysers").passed is False
    places = np.array([one["centroid"] for one in told])
    zeros = np.array([one["elastic"] for one in told])
    assert np.std(places, ddof=1) < 0.025
    assert np.std(places + zeros - zeros.mean(), ddof=1) == pytest.approx(0.20, abs=0.03)  # what the zeros hide
    assert abs(result.quantities["peak_energy:pi*"].value - 285.2) < 0.1
    assert len(result.provenance.inputs) == 8
    assert figure(result).panels


def test_one_zero_for_all_analysers_scatters(shared_data):
    """The bar: without the calibration the centroids scatter by 0.14 eV."""
    (outcome,) = loose.run("xray_raman", graphite(shared_data), settings={"edge": "C K", "analysers": "2-9"})
    told = outcome.result.findings["analysers"]
    folder = shared_data / "core" / "xrs" / "lerix_graphite"
    zero = np.mean([one["elastic"] for one in told])
    found = []
    for one in told:
        total = sum(read(folder / f"NIXS.000{k}")[0]["counts"].values[:, one["number"] - 1] for k in (1, 2, 3))
        energy = read(folder / "NIXS.0001")[0]["energy"].values - zero
        back = (energy > 275) & (energy < 283)
        above = total - np.polyval(np.polyfit(energy[back], total[back], 1), energy)
        weights = integral(energy, (284.0, 287.0))
        found.append(float((weights * energy) @ above / (weights @ above)))
    assert np.std(found, ddof=1) == pytest.approx(0.141, abs=0.01)


def test_water(shared_data):
    """O K of liquid water at low momentum transfer: the upstream share 0.0999 is inside; the background dominates."""
    path = shared_data / "core" / "xrs" / "id20_water" / "h2o_sum_lq_ref.dat"
    (data,) = read(path, columns="energy,intensity,intensity_u")
    result = analyse(data, edge="O K", peaks="pre-edge:533.5-536.6", normalise="516-553")
    share = result.quantities["peak_area:pre-edge"]
    low, high = share.interval()
    assert low < 0.0999 < high
    reference = np.loadtxt(path.with_name("non_reg_output_gui_raman_reference_lowq.txt"))
    upstream = integral(reference[:, 0], (533.5, 536.6)) @ reference[:, 1]  # between exact limits: 0.1053
    assert low < upstream < high
    assert next(iter(share.budget())).startswith("background model")
    assert "O-H" in result.findings["ambiguous"]
    assert abs(result.quantities["energy_resolution"].value - 0.75) < 0.1


def test_files_in_any_order_give_one_result(tmp_path):
    """Elastic lines and edges in files of their own, in any order, with the numbers of one file."""
    spectrometer = Spectrometer.drawn(np.random.default_rng(1), 4)
    whole = scans(spectrometer, np.random.default_rng(2))
    at = whole["energy"].values - 9690.0 < 10.0
    parts = [whole.isel(point=np.flatnonzero(rows)) for rows in (~at, at)]
    files = []
    for k, part in enumerate(parts):
        table = np.column_stack([part["energy"], part["monitor"], part["counts"]])
        files.append(tmp_path / f"{k}.txt")
        names = "energy_eV\tI0\t" + "\t".join(f"analyser_{n}" for n in range(1, 5))
        np.savetxt(files[-1], table, delimiter="\t", header=names, fmt="%.6f")
    results = [
        next(iter(loose.run("xray_raman", order, settings={"edge": "B K"}))).result for order in (files, files[::-1])
    ]
    alone = analyse(whole, edge="B K")
    for key in ("peak_area:pi*", "elastic_energy"):
        for result in results:
            assert result.quantities[key].value == pytest.approx(alone.quantities[key].value, rel=1e-6)


def test_scale_of_the_counts_changes_no_share():
    data = scans(Spectrometer.drawn(np.random.default_rng(1), 4), np.random.default_rng(2))
    whole = analyse(data, edge="B K").quantities["peak_area:pi*"]
    moved = data.assign(monitor=data["monitor"] * 7.0)
    assert analyse(moved, edge="B K").quantities["peak_area:pi*"].value == pytest.approx(whole.value, rel=1e-6)


def test_a_dead_analyser_is_named_and_left_out():
    data = scans(Spectrometer.drawn(np.random.default_rng(1), 4), np.random.default_rng(2))
    counts = data["counts"].values.copy()
    edge = data["energy"].values > 9700.0
    counts[edge, 2] = np.random.default_rng(3).poisson(30.0, edge.sum())
    dead = data.assign(counts=(("point", "analyser"), counts))
    result = analyse(dead, edge="B K")
    assert result.findings["dead"] == [3]
    alive = analyse(data, edge="B K", analysers="1,2,4")
    assert result.quantities["peak_area:pi*"].value == pytest.approx(alive.quantities["peak_area:pi*"].value, rel=1e-9)


def test_momentum_transfer():
    """4.67 1/angstrom at 55 deg, 9.69 keV and the O K edge; q a of 0.52 at the B K edge."""
    data = scans(Spectrometer.drawn(np.random.default_rng(1), 4), np.random.default_rng(2))
    result = analyse(data, edge="B K", angle="55")
    assert result.quantities["momentum_transfer"].value / 1e10 == pytest.approx(4.585, abs=0.01)
    assert result.quantities["dipole_parameter"].value == pytest.approx(0.516, abs=0.005)
    assert result.quantities["momentum_transfer"].u / 1e10 == pytest.approx(0.077, abs=0.005)
    assert analyse(data, edge="B K").quantities["momentum_transfer"].value is None


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, "needs the edge"),
        ({"edge": "Si L"}, "not in the table"),
        ({"edge": "B K", "peaks": "pi*=194"}, "is not a peak"),
        ({"edge": "B K", "peaks": "a@200:193-195"}, "outside of its window"),
        ({"edge": "B K", "normalise": "215-186"}, "is not a range"),
        ({"edge": "B K", "axis_u": -1.0}, "cannot be"),
    ],
)
def test_wrong_settings(settings, said):
    data = scans(Spectrometer.drawn(np.random.default_rng(1), 2), np.random.default_rng(2))
    with pytest.raises(StudyError, match=said):
        analyse(data, **settings)


def test_what_cannot_be_analysed():
    data = scans(Spectrometer.drawn(np.random.default_rng(1), 2), np.random.default_rng(2))
    with pytest.raises(DataError, match="no scan reaches"):
        analyse(data, edge="O K")
    with pytest.raises(DataError, match="no scan holds an elastic line"):
        analyse(data.isel(point=data["energy"].values > 9700.0), edge="B K")
    with pytest.raises(DataError, match="there is no analyser 9"):
        analyse(data, edge="B K", analysers="1,9")
    with pytest.raises(DataError, match="3 angles are named for 2"):
        analyse(data, edge="B K", angle="50,55,60")
    flat = data.assign(counts=data["counts"] * 0 + 500.0)
    with pytest.raises(DataError, match="no scan holds an elastic line"):
        analyse(flat, edge="B K")


def test_area_between_exact_limits():
    x = np.array([0.0, 1.0, 3.0, 4.0])
    assert integral(x, (0.5, 3.5)) @ x == pytest.approx(6.0)
    assert integral(x, (-5.0, 9.0)) @ np.ones(4) == pytest.approx(4.0)


def test_compton_profile():
    """A free atom's profile peaks at q^2/2 and holds no shell whose edge is to come."""
    energy = np.arange(20.0, 300.0, 0.5)
    shape = compton_shape(energy, "Na2B12H12", 4.59e10, before=182.0)
    assert 70.0 < energy[np.argmax(shape)] < 90.0
    with_core = compton_shape(energy, "B", 4.59e10, before=1000.0)
    assert with_core[energy > 191.0][0] > with_core[energy < 191.0][-1]
    with pytest.raises(StudyError, match="formula"):
        compton_shape(energy, "NaXx", 4.59e10, before=182.0)


def test_counting_error_of_an_area_is_true():
    """Areas above an extrapolated background scatter as far as their operator says, also at 3 counts per point."""
    x = np.arange(170.0, 216.0, 0.25)
    true = 3.0 * np.exp(-(x - 170.0) / 60.0)
    weights = integral(x, (192.0, 196.0))
    found, said = [], []
    for seed in range(300):
        counts = np.random.default_rng(seed).poisson(true).astype(float)
        model = next(m for m in backgrounds(x, counts, np.clip(counts, 1, None), (170.0, 187.0)) if m.name == "line")
        slope = weights.copy()
        slope[(x >= 170.0) & (x <= 187.0)] -= weights @ model.operator
        found.append(weights @ (counts - model.curve))
        said.append(np.sqrt(slope**2 @ true))
    bias = np.mean(found) - weights @ (true - np.polyval(np.polyfit(x[x <= 187], true[x <= 187], 1), x))
    assert abs(bias) < 3.0 * np.std(found) / np.sqrt(300)
    assert np.std(found) == pytest.approx(np.mean(said), rel=0.12)


def test_elastic_line_of_few_counts_is_none():
    x = np.arange(-3.0, 3.0, 0.1)
    assert elastic_line(x, np.random.default_rng(1).poisson(2.0, x.size).astype(float)) is None
    centre, u, width = elastic_line(
        x, np.random.default_rng(1).poisson(900.0 * np.exp(-0.5 * ((x - 0.2) / 0.3) ** 2)) * 1.0
    )
    assert abs(centre - 0.2) < 4 * u
    assert width == pytest.approx(0.706, abs=0.05)


def test_a_peak_that_is_not_there_has_no_energy():
    x = np.arange(190.0, 198.0, 0.1)
    (peak,) = peaks_of("pi*:192.5-195.5")
    y = 0.03 + 0.002 * (x - 190.0) + 0.001 * np.random.default_rng(0).standard_normal(x.size)
    (place,), _ = places_of(x, y, np.full(x.size, 0.001), peak)
    assert place.why


@pytest.mark.slow
def test_coverage_of_energies():
    """200 twins: profile, edge under the peak and valence profile are not those that are fitted."""
    hits, pulls = [], []
    for seed in range(200):
        random = np.random.default_rng([11, seed])
        spectrometer = replace(
            Spectrometer.drawn(random, 4),
            counts=4500.0,
            valence=(random.uniform(78, 98), random.uniform(50, 70), random.uniform(1.2, 3.0)),
        )
        result = analyse(scans(spectrometer, random, boron_edge(random.uniform(0.15, 0.5))), edge="B K")
        energy = result.quantities["peak_energy:pi*"]
        true = 194.0 + random.normal(0.0, 0.03)  # the loss scale is wrong by what `axis_u` says
        if energy.value is not None:
            low, high = energy.interval()
            hits.append(low <= true <= high)
            pulls.append((energy.value - true) / energy.u)
    assert len(hits) > 190
    assert 0.92 <= np.mean(hits) <= 0.985
    assert 0.75 < np.std(pulls) < 1.15


def test_truth_of_the_twin_is_normalised():
    energy = np.arange(*EDGES["B K"][0], 0.05)
    for part in (CAGE, BO3):
        seen = part.seen(energy, 0.7, EDGES["B K"][1])
        assert integral(energy, EDGES["B K"][1]) @ seen == pytest.approx(1.0, abs=1e-3)


def test_a_coarse_overview_is_no_scan_of_the_edge(shared_data):
    """A scan in steps of 3 eV over all losses, named together with the others, changes nothing."""
    settings = {"edge": "C K", "analysers": "2-9"}
    files = graphite(shared_data)
    (without,) = loose.run("xray_raman", files, settings=settings)
    (given,) = loose.run("xray_raman", [*files, files[0].with_name("wide.0001")], settings=settings)
    for key, quantity in without.result.quantities.items():
        assert given.result.quantities[key].value == quantity.value, key


def failed(result):
    return {check.name for check in result.checks if check.passed is False}


@pytest.fixture(scope="module")
def good():
    """A scan of four analysers whose counts are high enough to tell, and where its edge begins."""
    spectrometer = replace(Spectrometer.drawn(np.random.default_rng(1), 4), counts=4500.0)
    data = scans(spectrometer, np.random.default_rng(2))
    return data, (data["energy"].values > 9700.0)[:, None]


@pytest.mark.parametrize(
    "change",
    [
        lambda c, edge: c / 10.0,  # counts per second
        lambda c, edge: 10.0 * c,
        lambda c, edge: np.where(edge, gaussian_filter1d(c, 1.0, axis=0), c),
        lambda c, edge: c + 20000.0 * (np.arange(len(c)) == 130)[:, None],  # a spike before the edge
    ],
)
def test_counts_that_are_none_are_told_by_their_scatter(good, change):
    data, edge = good
    assert failed(analyse(data, edge="B K")) == set()
    other = data.assign(counts=(("point", "analyser"), change(data["counts"].values, edge)))
    assert "noise" in failed(analyse(other, edge="B K"))


def test_a_gap_in_a_peak_is_told(good):
    """Points without beam are left out by the reader: the share of pi* was three u too small, with nothing said."""
    data, _ = good
    at = data["energy"].values - 9690.0
    assert failed(analyse(data.isel(point=(at < 192.9) | (at > 194.9)), edge="B K")) == {"points"}


def test_elastic_lines_that_are_cut_off_are_named(good):
    data, edge = good
    counts, third = data["counts"].values, np.arange(4) == 2
    low = data.assign(counts=(("point", "analyser"), np.where(~edge & third, np.minimum(counts, 500.0), counts)))
    result = analyse(low, edge="B K")
    assert [one["number"] for one in result.findings["analysers"]] == [1, 2, 4]
    assert any("seen by analysers 3: left out" in note for note in result.notes)
    with pytest.raises(DataError, match="seen by analysers 3"):
        analyse(low, edge="B K", analysers="3")


def test_a_scan_from_high_to_low_energy_and_one_without_monitor(tmp_path):
    """The energies were not sorted, so that no elastic line was found."""
    made = scan_counts(
        Spectrometer.drawn(np.random.default_rng(1), 4), "B K", boron_edge(0.3), np.random.default_rng(2)
    )
    results = []
    for step in (1, -1):
        table = np.column_stack([made["energy"], made["counts"]])[::step]
        names = "energy_eV\t" + "\t".join(f"analyser_{n}" for n in range(1, 5))
        np.savetxt(tmp_path / "a.txt", table, delimiter="\t", header=names, fmt="%.4f")
        (outcome,) = loose.run("xray_raman", [tmp_path / "a.txt"], settings={"edge": "B K"})
        results.append(outcome.result)
    assert results[0]["peak_area:pi*"].value == results[1]["peak_area:pi*"].value
    assert any("no monitor" in note for note in results[1].notes)


def loss_spectrum(tmp_path, *, off=0.0, elastic=False, change=lambda y: y):
    """Return a loss spectrum that is summed already, over an axis that may be off."""
    at, random = np.arange(168.0, 231.0, 0.2), np.random.default_rng(5)
    seen = sum(share * part.seen(at, 0.7, (186.0, 215.0)) for share, part in boron_edge(0.3)) * 29.0
    y = random.poisson(2e4 * (0.7 * np.exp(-(at - 186.0) / 90.0) + 0.3 + 0.5 * seen))
    line = np.arange(-3.0, 3.0, 0.1)
    if elastic:
        at = np.concatenate([line, at])
        y = np.concatenate([random.poisson(6e4 * np.exp(-0.5 * (line / 0.3) ** 2) + 30.0), y])
    np.savetxt(tmp_path / "a.txt", np.column_stack([at + off, change(y)]), header="energy_eV intensity", fmt="%.3f")
    return read(tmp_path / "a.txt")[0]


def test_the_zero_of_a_loss_that_is_summed(tmp_path):
    """An axis that is 5 eV off gave a fifth of the share; an elastic line at 12 eV was not looked for, noise was taken."""
    result = analyse(loss_spectrum(tmp_path), edge="B K")
    assert any("may be off by eV" in note for note in result.notes)
    assert failed(result) == set()
    assert failed(analyse(loss_spectrum(tmp_path, off=5.0), edge="B K")) >= {"place of the edge"}
    far = analyse(loss_spectrum(tmp_path, off=12.0, elastic=True), edge="B K")
    assert far["peak_area:pi*"].value == pytest.approx(result["peak_area:pi*"].value, rel=0.02)
    assert not any("may be off" in note for note in far.notes)


@pytest.mark.parametrize(
    "change", [lambda y: np.rint(y / 100), lambda y: 50 * y, lambda y: np.rint(gaussian_filter1d(1.0 * y, 2.0))]
)
def test_whole_numbers_that_are_no_counts_are_told(tmp_path, change):
    assert failed(analyse(loss_spectrum(tmp_path, change=change), edge="B K")) == {"noise"}


@pytest.mark.parametrize(("key", "value"), [("angle", "0.96"), ("angle", "305"), ("analyser_energy", 9.69)])
def test_units_of_the_geometry_are_looked_at(good, key, value):
    """55 deg in radians, 9.69 keV: a momentum transfer of 0.1 instead of 4.6 1/angstrom came out."""
    with pytest.raises(StudyError, match=f"{key} = .* cannot be"):
        analyse(good[0], edge="B K", **{key: value})
