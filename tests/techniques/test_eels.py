"""Edges of loss spectra: backgrounds at few counts, nets with true variances, references, thickness, and refusals."""

import numpy as np
import pytest
import xarray as xr
from scipy.ndimage import gaussian_filter1d

from closo.dataset import new
from closo.errors import DataError, StudyError
from closo.readers import read
from closo.techniques.eels import analyse, check_settings, figure
from closo.techniques.eels.background import columns_of, components_above_noise, gain_of, net_map, net_of, power_law
from closo.techniques.eels.low_loss import low_losses, read_low_loss, single_share
from closo.twin.microscopy import Lamella

E = 150.0 + 0.5 * np.arange(240)  # eV
EDGE = np.where(E > 188.0, np.exp(-np.maximum(E - 188.0, 0.0) / 60.0), 0.0)
WINDOW, SIGNAL = (E >= 162) & (E < 186), (E >= 188) & (E < 228)


def spectrum(counts, energies=E, **attributes):
    return new("energy_loss", {"energy_loss": energies, "counts": counts}, source="a.msa", **attributes)


def test_background_at_three_counts_per_channel():
    """Bias below 1 %, pulls of the extrapolation with a standard deviation of 1; logarithms of counts miss by 19 %."""
    rng = np.random.default_rng(1)
    energies = 100.0 + np.arange(160.0)
    window, signal = energies < 200.0, energies >= 200.0
    mean = 3.0 * (energies / 145.0) ** -2.8
    counts = rng.poisson(mean, (6000, energies.size))
    law = power_law(counts[:, window], energies[window])
    truth = mean[signal].sum()
    bias = law.at(energies[signal]).sum(axis=1).mean() / truth - 1
    assert abs(bias) < 0.01
    net = net_of(counts, energies, window, signal)
    pulls = net.value / np.sqrt(net.variance)
    assert 0.9 < pulls.std() < 1.1
    linear, variance = net_map(counts, energies, window, signal, exponent=2.8)
    assert abs(linear.mean()) < 0.01 * truth
    assert 0.9 < (linear / np.sqrt(variance)).std() < 1.1
    logarithm = np.log(np.maximum(counts[:, window], 0.5)).mean()
    assert np.exp(logarithm) / mean[window].mean() < 0.92  # what is not done here


def test_a_map_with_changing_exponents_and_thickness_has_true_uncertainties():
    rng = np.random.default_rng(2)
    exponent, dose = rng.uniform(2.65, 2.95, 4000), rng.uniform(50.0, 400.0, 4000)
    truth = rng.uniform(0.0, 40.0, 4000)
    mean = dose[:, None] * (E / 150.0) ** -exponent[:, None] + truth[:, None] * EDGE
    net, variance = net_map(rng.poisson(mean).astype(np.uint16), E, WINDOW, SIGNAL, exponent=2.8)
    pulls = (net - truth * EDGE[SIGNAL].sum()) / np.sqrt(variance)
    assert abs(pulls.mean()) < 0.15
    assert 0.9 < pulls.std() < 1.1


@pytest.mark.slow
def test_coverage_with_a_background_that_is_no_power_law():
    """Two power laws and a curved tail of plural losses: the interval holds the truth in 92 to 98 % of 200 spectra."""
    rng, inside = np.random.default_rng(3), 0
    for _ in range(200):
        dose, share, tail = rng.uniform(300, 3000), rng.uniform(0, 0.6), rng.uniform(0, 0.02)
        mean = dose * (
            (1 - share) * (E / 150) ** -3.2 + share * (E / 150) ** -2.4 + tail * np.exp(-(((E - 150) / 60) ** 2))
        )
        truth = rng.uniform(0.1, 0.5) * dose
        data = spectrum(rng.poisson(mean + truth * EDGE))
        quantity = analyse(data, edges="B K", zero_loss=0.0).quantities["edge_intensity:B K"]
        low, high = quantity.interval() or (np.nan, np.nan)
        inside += low <= truth * EDGE[(E >= 188.0) & (E < 228.0)].sum() <= high
    assert 0.92 * 200 <= inside <= 0.98 * 200


def test_a_scale_of_the_values_changes_no_choice():
    rng = np.random.default_rng(4)
    counts = rng.poisson(900 * (E / 150) ** -2.8 + 200 * EDGE)
    one = analyse(spectrum(counts), edges="B K")
    scaled = new("energy_loss", {"energy_loss": E, "intensity": 3.7 * counts}, source="a.msa")
    other = analyse(scaled, edges="B K", gain=3.7)
    estimated = analyse(scaled, edges="B K")
    key = "edge_intensity:B K"
    assert other[key].value == pytest.approx(one[key].value)
    assert estimated[key].value == pytest.approx(3.7 * one[key].value)  # in the values of the file
    counting = [next(u for s, u in r[key].budget().items() if s.startswith("counting")) for r in (one, estimated)]
    assert counting[1] == pytest.approx(3.7 * counting[0], rel=0.15)
    assert gain_of(3.7 * counts) == (pytest.approx(3.7, rel=0.25), False)


@pytest.mark.parametrize("change", [np.log10, np.sqrt])
def test_a_logarithm_or_a_root_of_counts_is_told(change):
    counts = np.random.default_rng(1).poisson(900 * (E / 150) ** -2.8 + 200 * EDGE)
    data = new("energy_loss", {"energy_loss": E, "intensity": change(counts)}, source="a.msa")
    (check,) = [c for c in analyse(data, edges="B K", zero_loss=0.0).checks if c.name == "background of B K"]
    assert check.passed is False
    assert "a logarithm, a root" in check.detail


def floats(seed, *, dose=1.0, dark=100.0, off=0.0):
    """Return a spectrum of floats: a dark current with its noise, and more or less than it subtracted."""
    rng = np.random.default_rng(seed)
    counts = rng.poisson(dose * (900 * (E / 150) ** -2.8 + 200 * EDGE + dark)) - dose * (dark + off)
    return new("energy_loss", {"energy_loss": E, "intensity": counts}, source="a.msa")


@pytest.mark.parametrize("dose", [1.0, 50.0])
@pytest.mark.parametrize("off", [0.0, 50.0, 120.0, 300.0])
def test_a_dark_current_makes_no_silent_number(dose, off):
    """Its noise had passed for that of electrons: 5900 ± 1100 counts for 11 500; of one that is subtracted twice, 2400."""
    truth, held, flagged = dose * 200.0 * EDGE[SIGNAL].sum(), 0, 0
    for seed in range(10):
        result = analyse(floats(seed, dose=dose, off=off), edges="B K", zero_loss=0.0)
        low, high = result["edge_intensity:B K"].interval() or (0.0, np.inf)  # withheld: no number
        held += low <= truth <= high
        flagged += any(check.passed is False for check in result.checks)
    assert flagged >= 9 if off > 226.0 else held >= 9  # 226: what is least in the spectrum


def spoilt(kind, seed):
    """Return B K, or B K, C K and O K over two power laws with a tail, spoilt in a way, and the true counts of each edge."""
    rng, wide = np.random.default_rng([seed, 7]), bool(seed % 2)
    e = 100.0 + np.arange(550.0) if wide else E
    falls, share, dose = rng.uniform(2.4, 4.0), rng.uniform(0.0, 0.5), 10.0 ** rng.uniform(2.3, 4.7)
    mean = (1 - share) * (e / 170) ** -falls + share * (e / 170) ** -(falls - rng.uniform(0.3, 0.9))
    mean += rng.uniform(0, 0.02) * np.exp(-(((e - 150) / 60) ** 2))
    before, level, truth = mean.copy(), np.interp(175.0, e, mean), {}
    for name, onset in (("B K", 188.0), ("C K", 284.2), ("O K", 532.0))[: 3 if wide else 1]:
        shape = np.where(e > onset, np.exp(-np.maximum(e - onset, 0) / rng.uniform(30, 120)), 0.0)
        shape *= rng.uniform(0.15, 0.6) * np.interp(onset, e, before)
        truth[name] = dose * shape[(e >= onset) & (e < onset + 40)].sum()
        mean = mean + shape
    ramps = (
        np.exp(-(e - e[0]) / rng.uniform(15, 120)),
        np.exp((e - e[-1]) / rng.uniform(15, 120)),
        (e[-1] - e) / np.ptp(e),
    )
    ramp = rng.uniform(0.1, 1.0) * level * ramps[rng.integers(3)] * (kind == "afterglow")
    off = {"dark": rng.choice([-1, 1]) * rng.uniform(0.8, 1.0), "twice": rng.uniform(1.0, 2.0)}.get(
        kind, 0.0
    ) * mean.min()
    counts = rng.poisson(dose * (mean + ramp))
    if kind == "counts":
        return spectrum(counts, e), truth
    noise = rng.uniform(0, 2) * dose * mean.min()
    values = counts + rng.poisson(noise, e.size) - noise - dose * off
    return new("energy_loss", {"energy_loss": e, "intensity": values.astype(float)}, source="a.msa"), truth


@pytest.mark.parametrize(("kind", "most"), [("counts", 2), ("floats", 2), ("dark", 1), ("twice", 1), ("afterglow", 2)])
def test_what_lies_under_a_spectrum_is_told_or_counts(kind, most):
    """Of 40 spectra each: a dark current off by 80 to 100 % of what is least, or by more; a ramp of afterglow.

    Of 100 spectra of each spoilt kind 9, 2 and 10 had been off by more than 2 u without a word; 1, 0 and 0 are now.
    """
    flagged, silent = 0, 0
    for seed in range(40):
        data, truth = spoilt(kind, seed)
        result = analyse(data, edges=", ".join(truth), zero_loss=0.0)
        found = [(result[f"edge_intensity:{name}"], value) for name, value in truth.items()]
        failed = any(check.passed is False for check in result.checks)
        flagged += failed
        silent += not failed and any(q.value is not None and abs(q.value - value) > 2.0 * q.u for q, value in found)
    assert silent <= most
    assert flagged <= 2 if kind in ("counts", "floats") else flagged >= 16


@pytest.mark.parametrize("width", [0.8, 2.0])
@pytest.mark.parametrize("shape", [(), (8, 8)])
def test_smoothed_values_are_told_and_their_noise_is_that_of_sums(width, shape):
    """Second differences of smoothed values are a twenty-seventh of what electrons scatter, or less."""
    rng = np.random.default_rng(7)
    counts = rng.poisson(40 * (E / 150) ** -2.8 + 9 * EDGE, (*shape, E.size)).astype(float)
    kind = "energy_loss_image" if shape else "energy_loss"
    smooth = gaussian_filter1d(np.maximum(counts, 0.1), width, axis=-1)
    raw, result = (
        analyse(new(kind, {"energy_loss": E, "intensity": values}, source="a.dm4"), edges="B K", zero_loss=0.0)
        for values in (counts, smooth)
    )
    assert [c.passed for c in result.checks if c.name == "noise"] == [False]
    assert not [c for c in raw.checks if c.name == "noise"]
    gain, smoothed = gain_of(smooth.reshape(-1, E.size).sum(axis=0))
    assert smoothed
    assert 0.4 < gain < 2.5


def test_references_are_fitted_together_and_a_wrong_one_is_seen(tmp_path):
    rng = np.random.default_rng(5)
    planar = 1.6 * np.exp(-(((E - 194) / 0.8) ** 2)) + np.where(E > 196, 0.5 * np.exp(-(E - 196) / 90), 0)
    for name, shape in (("cage", EDGE), ("planar", planar), ("wrong", np.where(E > 205, 1.0, 0.0))):
        np.savetxt(tmp_path / f"{name}.txt", np.column_stack([E, shape]), header="synthetic")
    truth = {"cage": 3000.0 * EDGE.sum(), "planar": 800.0 * planar.sum()}
    counts = rng.poisson(9000 * (E / 150) ** -2.8 + 3000 * EDGE + 800 * planar)
    files = ",".join(str(tmp_path / f"{name}.txt") for name in truth)
    result = analyse(spectrum(counts), edges="B K", references=files)
    for name, value in truth.items():
        low, high = result.quantities[f"edge_intensity:{name}"].interval(0.99)
        assert low < value < high
        assert f"alignment {name}:a.msa#1" in result.quantities[f"edge_intensity:{name}"].budget()
    assert [c.passed for c in result.checks if c.name == "residuals"] == [True]
    wrong = analyse(spectrum(counts), edges="B K", references=f"{tmp_path}/cage.txt,{tmp_path}/wrong.txt")
    assert [c.passed for c in wrong.checks if c.name == "residuals"] == [False]
    (tmp_path / "short.txt").write_text("\n".join(f"{e} 1" for e in range(180, 200)))
    with pytest.raises(DataError, match="'short' ends at 199 eV"):
        analyse(spectrum(counts), references=str(tmp_path / "short.txt"))
    with pytest.raises(StudyError, match="not a reference"):
        analyse(spectrum(counts), references=str(tmp_path / "none.txt"))


@pytest.mark.parametrize(
    "form", ["{0:.1f} {1:.2f}", "{0:.1f}, {1:.2f}", "{0:.1f},{1:.2f}", "{0:.1f};{1:.2f}", "{0:.1f}\t{1:.2f}\t1.5"]
)
@pytest.mark.parametrize("decimal", [".", ","])
def test_columns_of_a_reference(tmp_path, form, decimal):
    """With decimal commas 188,5 and 3,2 had been read as the energy 188 and the intensity 5."""
    if decimal == "," and "," in form:
        return
    lines = [form.format(180.5 + 0.5 * k, 0.25 * k).replace(".", decimal) for k in range(8)]
    (tmp_path / "a.txt").write_text("\n".join(["# energy", "loss intensity", *lines]), encoding="utf-8")
    energies, values = columns_of(tmp_path / "a.txt")
    assert energies.tolist() == [180.5 + 0.5 * k for k in range(8)]
    assert values.tolist() == [0.25 * k for k in range(8)]


def test_thickness_of_plural_losses():
    """Poisson statistics of n losses: t/lambda = 0.3 comes back, from an axis that is 2 eV off."""
    e = -20.0 + 0.1 * np.arange(1400)
    peak = np.exp(-0.5 * (e / 0.4) ** 2)
    plasmon = np.where(e > 2, np.exp(-0.5 * ((e - 22) / 4.0) ** 2), 0.0)
    loss = plasmon / plasmon.sum() * peak.sum()
    twice = np.convolve(loss, plasmon / plasmon.sum())[200 : 200 + e.size]
    rng = np.random.default_rng(6)
    counts = rng.poisson(20000 * (peak + 0.3 * loss + 0.5 * 0.3**2 * twice))
    result = analyse(spectrum(counts, e + 2.0))
    assert result.quantities["zero_loss_position"].value == pytest.approx(2.0, abs=0.05)
    assert result.quantities["zero_loss_width"].value == pytest.approx(0.942, abs=0.06)
    low, high = result.quantities["relative_thickness"].interval()
    assert low < np.log(1.345) < high  # losses of three and more are not in the spectrum
    assert high - low < 0.03
    assert [c.passed for c in result.checks] == [True, True]
    with pytest.raises(DataError, match="cut off"):
        low_losses(counts[195:], e[195:])


def test_components_are_counted():
    rng = np.random.default_rng(7)
    shapes = np.array([(E / 150) ** -2.8, EDGE, np.exp(-(((E - 240) / 5) ** 2))])
    weights = rng.uniform(0.2, 1.0, (900, 3)) * [300, 60, 60]
    for rank in (1, 2, 3):
        assert components_above_noise(rng.poisson(weights[:, :rank] @ shapes[:rank]).astype(np.uint16)) == rank


def test_an_axis_that_is_off_is_seen():
    """The same counts over an axis that is 12 eV too high; zero_loss puts it right."""
    rng = np.random.default_rng(9)
    counts = rng.poisson(900 * (E / 150) ** -2.8 + 300 * EDGE)

    def place(result):
        return [check.passed for check in result.checks if check.name == "place of B K"]

    assert place(analyse(spectrum(counts), edges="B K")) == [True]
    assert place(analyse(spectrum(counts, E + 12.0), edges="B K")) == [False]
    righted = analyse(spectrum(counts, E + 12.0), edges="B K", zero_loss=12.0)
    assert place(righted) == [True]
    assert [check.passed for check in righted.checks if check.name == "zero of the axis"] == [True]


@pytest.mark.parametrize("off", [-2.0, 3.0, 6.5])
def test_an_axis_that_is_a_little_off_is_called_uncalibrated_and_counts(off):
    """Nothing tells that it is off: the note says so, and the interval holds the truth all the same."""
    counts = np.random.default_rng(11).poisson(2e4 * (E / 150) ** -2.8 + 6e3 * EDGE)
    result = analyse(spectrum(counts, E + off), edges="B K")
    assert any("uncalibrated" in note for note in result.notes)
    found = result.quantities["edge_intensity:B K"]
    assert "uncalibrated" in found.method
    assert found.budget()["axis B K:a.msa#1"] > 0.03 * found.value
    truth = 6e3 * EDGE[(E >= 188.0) & (E < 228.0)].sum()
    assert found.interval()[0] < truth < found.interval()[1]
    known = analyse(spectrum(counts, E + off), edges="B K", zero_loss=off)
    assert not any("uncalibrated" in note for note in known.notes)
    assert "axis B K:a.msa#1" not in known.quantities["edge_intensity:B K"].budget()


def plural(thickness, seed=12):
    """Return low losses and an edge that were scattered plurally (Poisson statistics), and the counts scattered once."""
    e = -20.0 + 0.5 * np.arange(1200)
    peak = np.exp(-0.5 * (e / 0.6) ** 2) * 2e6
    plasmon = np.where(e > 2, np.exp(-0.5 * ((e - 22) / 3.0) ** 2) + 0.3 * np.exp(-0.5 * ((e - 35) / 6.0) ** 2), 0.0)
    start = np.pad(thickness * plasmon / plasmon.sum(), (0, 1200))
    response = np.fft.irfft(np.exp(np.fft.rfft(np.roll(start, -40))), 2400)  # exp of a convolution: all orders
    low = np.fft.irfft(np.fft.rfft(np.pad(peak, (0, 1200))) * np.fft.rfft(response), 2400)[:1200]
    once = 6e4 * np.where(E > 188, np.exp(-(E - 188) / 60.0), 0.0)
    many = np.fft.irfft(np.fft.rfft(np.pad(once, (0, 2160))) * np.fft.rfft(response, 2400), 2400)[: E.size]
    rng = np.random.default_rng(seed)
    core = rng.poisson(4e5 * (E / 150) ** -2.8 + many)
    return spectrum(rng.poisson(np.maximum(low, 0.1)), e + 1.5), spectrum(core, E + 1.5), once, many


@pytest.mark.parametrize("thickness", [0.3, 0.9])
def test_low_losses_calibrate_and_remove_plural_scattering(thickness):
    low, core, once, many = plural(thickness)
    result = analyse(core, edges="B K", low_loss=[low])
    window = (E >= 188.0) & (E < 228.0)
    whole, single = (result.quantities[f"edge_intensity:B K{end}"] for end in ("", " single scattering"))
    for quantity, truth in ((whole, many), (single, once)):
        assert quantity.value == pytest.approx(truth[window].sum(), rel=0.05)
        assert abs(quantity.value - truth[window].sum()) < 2.5 * quantity.u
    assert many[window].sum() > (1.0 + 0.3 * thickness) * once[window].sum()
    share = single_share(many, E, read_low_loss(low), window)[0]  # without noise and background of the edge
    assert share == pytest.approx(once[window].sum() / many[window].sum(), rel=2e-3)
    assert not any("uncalibrated" in note for note in result.notes)
    assert "peak of the low losses at 1.5" in result.checks[0].detail
    with pytest.raises(DataError, match="more than 20 eV from 0"):
        analyse(core, edges="B K", low_loss=[core])
    with pytest.raises(StudyError, match="names 2 spectra"):
        analyse(core, edges="B K", low_loss=[low, low])


def test_the_profile_of_a_loss_map(tmp_path):
    """Boron of the shell over that of the matrix, across the particle that Si L marks: enriched at the edge, in a shell."""
    parts = Lamella(size=36, radius=8.0, width=3.0).lengths()
    e = 80.0 + 0.5 * np.arange(330)
    behind = np.maximum(e - 188.0, 0.0)
    shapes = {
        "cage": np.where(e > 188.0, np.exp(-behind / 60.0), 0.0) + 1.2 * np.exp(-(((e - 199.0) / 5.0) ** 2)),
        "BO3": 3.5 * np.exp(-(((e - 194.0) / 0.9) ** 2)) + np.where(e > 196.0, np.exp(-(e - 196.0) / 60.0), 0.0),
        "silica": np.where(e > 99.2, np.exp(-(e - 99.2) / 45.0), 0.0),
    }
    amounts = {
        "cage": parts["matrix"],
        "BO3": 1.5 * parts["shell"] + 0.2 * parts["matrix"],
        "silica": parts["particle"],
    }
    mean = 300.0 * (e / 80.0) ** -2.8 + 60.0 * sum(amounts[name][..., None] * shapes[name] for name in shapes)
    counts = np.random.default_rng(1).poisson(4.0 * mean)
    for name, shape in shapes.items():
        np.savetxt(tmp_path / f"{name}.txt", np.column_stack([e, shape]))
    places = {k: xr.Variable(k, 2e-9 * np.arange(36)) for k in "yx"}
    data = new("energy_loss_image", {"energy_loss": e, "counts": counts, **places}, source="a.dm4")
    files = ",".join(str(tmp_path / f"{name}.txt") for name in shapes)
    asked = {"edges": "Si L", "references": files, "zero_loss": 0.0}
    result = analyse(data, **asked, profile="BO3/cage@silica")
    low, high = result.quantities["shell_width"].interval()
    assert low < 6e-9 < high
    assert result.findings["model"] == "shell"
    assert result.quantities["enrichment:BO3/cage"].value > 2.0
    assert figure(result).panels[-1].title == "profile"
    with pytest.raises(StudyError, match="names 'tin'"):
        analyse(data, **asked, profile="BO3/tin@silica")
    with pytest.raises(StudyError, match="is not valid"):
        check_settings({"profile": "BO3"})


def test_what_is_not_seen_is_a_limit():
    rng = np.random.default_rng(8)
    result = analyse(spectrum(rng.poisson(900 * (E / 150) ** -2.8)), edges="B K")
    quantity = result.quantities["edge_intensity:B K"]
    assert quantity.value is None
    assert "not seen: below" in quantity.why
    assert result.findings["seen"] == []


def test_a_background_that_does_not_fit_gives_no_number():
    counts = np.full(E.size, 100_000) + np.where((E > 168) & (E < 180), 20_000, 0)
    result = analyse(spectrum(counts), edges="B K")
    assert "does not fit" in result.quantities["edge_intensity:B K"].why
    assert any(c.name == "background of B K" and c.passed is False for c in result.checks)
    negative = new("energy_loss", {"energy_loss": E, "intensity": -1.0 - EDGE}, source="a.dm3")
    with pytest.raises(DataError, match="cannot tell the noise"):
        analyse(negative, edges="B K")


def test_wrong_settings_and_ranges():
    with pytest.raises(StudyError, match="'Xx K' is not an edge"):
        check_settings({"edges": "B K, Xx K"})
    with pytest.raises(StudyError, match="is not a range"):
        check_settings({"window": "187-165"})
    with pytest.raises(DataError, match="O K needs 12 channels"):
        analyse(spectrum(np.full(E.size, 100)), edges="O K")
    with pytest.raises(DataError, match="none of the edges"):
        analyse(spectrum(np.full(50, 100), 10.0 + 0.1 * np.arange(50)))
    with pytest.raises(StudyError, match="gain = 0"):
        analyse(spectrum(np.full(E.size, 100)), gain=0.0)


def test_a_real_pair_of_low_and_core_losses(shared_data):
    """The peak lies at 0.98 eV; without plural scattering there are 8 % fewer counts of O K."""
    core, low = (read(shared_data / f"core/eels/exspy_{kind}_spectrum.msa")[0] for kind in ("coreloss", "lowloss"))
    alone, both = analyse(core, edges="O K"), analyse(core, edges="O K", low_loss=[low])
    assert any("uncalibrated" in note for note in alone.notes)
    assert "at 0.98 " in both.checks[0].detail
    thickness = analyse(low).quantities["relative_thickness"].value
    whole, single = (both.quantities[f"edge_intensity:O K{end}"].value for end in ("", " single scattering"))
    assert 0.15 * thickness < 1.0 - single / whole < thickness


def odd(change):
    counts = np.random.default_rng(4).poisson(900 * (E / 150) ** -2.8 + 200 * EDGE)
    return analyse(spectrum(change(counts)), edges="B K")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c + 3000 * (E == 205.0), "1 channels stand apart (X-ray?), the first at 205.0 eV"),
        (lambda c: np.where((E > 200) & (E < 206), 0, c), "11 channels hold no counts, the first at 200.5 eV"),
        (lambda c: np.minimum(c, 600), "cut off at one height"),
    ],
)
def test_channels_that_cannot_be_right_are_named(change, message):
    """An X-ray in the camera, dead and saturated channels: each moved the counts by up to 4 u, with nothing said."""
    check = next(c for c in odd(change).checks if c.name == "channels")
    assert check.passed is False
    assert message in check.detail
    assert next(c for c in odd(lambda c: c).checks if c.name == "channels").passed


def test_a_spectrum_that_rises_before_the_edge_has_no_number_and_no_limit():
    result = odd(lambda c: c[::-1])
    assert "exponent -2.3" in result.quantities["edge_intensity:B K"].why
    assert "not seen" not in result.quantities["edge_intensity:B K"].why


def test_less_scatter_than_counts_is_said():
    check = next(c for c in odd(lambda c: np.rint(c / 5).astype(int)).checks if c.name == "background of B K")
    assert check.passed is False
    assert "scaled or smoothed" in check.detail


def test_a_zero_loss_peak_in_the_spectrum_is_the_zero_of_its_axis():
    """It lies at 8 eV: without it the window of the edge would be 8 eV off; edges that are named are not passed over."""
    rng, energies = np.random.default_rng(4), 0.5 * np.arange(600)
    loss = energies - 8.0
    edge = np.where(loss > 188.0, np.exp(-np.maximum(loss - 188.0, 0.0) / 60.0), 0.0)
    mean = 1e6 * np.exp(-0.5 * (loss / 0.6) ** 2) + 3e4 * np.exp(-0.5 * ((loss - 22.0) / 8.0) ** 2) + 200.0 * edge
    counts = rng.poisson(mean + 900.0 * (np.maximum(loss, 60.0) / 150.0) ** -2.8)
    result = analyse(spectrum(counts, energies), edges="B K")
    low, high = result.quantities["edge_intensity:B K"].interval()
    assert low < 200.0 * edge[(loss >= 188.0) & (loss < 228.0)].sum() < high
    assert "peak of the low losses at 8.0" in result.checks[0].detail
    assert not any("single" in key for key in result.quantities)
    alone = analyse(spectrum(counts, energies))
    assert alone.quantities["zero_loss_position"].value == pytest.approx(8.0, abs=0.1)
    assert "name edges" in alone.notes[-1]
