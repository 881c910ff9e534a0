"""The pieces of the interphase inference against known answers: geometry, mixtures, kinetics, likelihood, sampler."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from scipy.stats import multivariate_normal

from closo.combine.interphase import Composite, interphase
from closo.combine.interphase.edges import beyond_table, tabulated
from closo.combine.interphase.forward import Prediction, with_sizes
from closo.combine.interphase.inference import _climb, _mixture, sample
from closo.combine.interphase.likelihood import Model, predict
from closo.combine.interphase.mechanisms import (
    MECHANISMS,
    Mechanism,
    Parameter,
    natural,
    parameters_of,
)
from closo.combine.interphase.records import places_of, table_of
from closo.errors import DataError
from closo.models import atlas
from closo.models.microstructure import overlapping_spheres
from closo.models.microstructure.sampling import distance
from closo.models.milling import share_formed
from closo.models.transport import solve
from closo.quantity import uncertain
from closo.twin.composite import phase_fractions, shell_conductivity, unfilled_pore_fraction
from closo.twin.interphase import COMMON, DENSITY, REFERENCE, TRUTHS, WIDE, composites
from closo.twin.interphase import bruggeman_ratio as ratio

BY_NAME = {m.name: m for m in MECHANISMS}


def place(phi, filler="A380", *, hours=4.0, celsius=60.0, many_times=False):
    """One row, or one row per content."""
    surface, pores = {"A90": (70.2e3, 0.152e-3), "A380": (349.2e3, 0.692e-3), "SBA15": (804.4e3, 1.207e-3)}[filler]
    made = [Composite("c", float(x), 3600.0 * hours, (), filler, surface, pores) for x in np.atleast_1d(phi)]
    kelvin = np.full(len(made), celsius + 273.15)
    return replace(
        places_of(made, kelvin, filler_density=DENSITY, like=None),
        reference_temperature=REFERENCE,
        reference_hours=4.0,
        many_times=many_times,
    )


def values(**given):
    return {k: np.array([[v]]) for k, v in {**COMMON, **given}.items()}


@pytest.mark.parametrize("hours", [0.5, 4.0, 8.0])
@pytest.mark.parametrize("rates", [(0.640, 0.064), (0.1, 0.5)])
def test_kinetics_are_those_of_consecutive_reactions(hours, rates):
    expected = phase_fractions(hours, k1=rates[0], k2=rates[1])[1]
    assert float(share_formed(hours, np.array(rates[0]), rates[1])) == pytest.approx(expected, rel=1e-12)


def test_kinetics_with_equal_rates():
    assert float(share_formed(2.0, np.array(0.5), 0.5)) == pytest.approx(math.exp(-1.0), rel=1e-7)  # k t exp(-k t)


def test_diameter_is_that_of_a_sphere_of_the_bet_area():
    assert place(0.35).diameter[0] == pytest.approx(7.81e-9, rel=1e-3)  # 6/(2200 x 349200)


def test_shell_uses_the_ratio_at_thickness_over_diameter_and_contrast():
    p = place(0.35)
    said = BY_NAME["shell"].predict(values(shell_thickness=2.0, size_spread=0.0), p, ratio)
    contrast = COMMON["interphase_conductivity"] / COMMON["matrix_conductivity"]
    expected = shell_conductivity(
        0.35, shell=2 * 2e-9 / p.diameter[0], sigma_shell=contrast * 1.9e-3, sigma_matrix=1.9e-3
    )
    assert math.exp(said.log_conductivity[0, 0]) == pytest.approx(expected, rel=1e-9)


def test_budget_does_not_know_the_area_and_a_fixed_shell_does():
    for name, own, independent in (
        ("budget", {"shell_per_silica": 1.5}, True),
        ("shell", {"shell_thickness": 1.5}, False),
    ):
        small, large = (
            BY_NAME[name].predict(values(**own), place(0.35, f), ratio).log_conductivity[0, 0] for f in ("A90", "A380")
        )
        assert bool(abs(large - small) < 1e-12) is independent
        if not independent:
            assert large - small > math.log(10.0)


def test_a_thin_film_per_area_is_a_thin_shell():
    p = place(0.35)
    shell = BY_NAME["shell"].shell_ratio(values(shell_thickness=0.001), p.diameter)
    film = BY_NAME["silanol"].shell_ratio(values(film_thickness=0.001), p.diameter)
    assert film == pytest.approx(shell, rel=1e-3)


def test_shell_volume_per_silica():
    x = BY_NAME["budget"].shell_ratio(values(shell_per_silica=2.5), place(0.35).diameter)
    assert (1.0 + 2.0 * x) ** 3 - 1.0 == pytest.approx(2.5)


def test_all_salt_transformed_leaves_insulating_particles_in_the_interphase():
    said = BY_NAME["milled"].predict(values(conversion=1e3), place(0.35), ratio)
    expected = COMMON["interphase_conductivity"] * (1.0 - 1.5 * 0.35)  # Bruggeman with one insulating phase
    assert math.exp(said.log_conductivity[0, 0]) == pytest.approx(expected, rel=1e-6)


def test_no_salt_transformed_without_silica():
    for m in MECHANISMS:
        said = m.predict(values(**TRUTHS[m.name]), place(0.0), ratio)
        assert math.exp(said.log_conductivity[0, 0]) == pytest.approx(COMMON["matrix_conductivity"], rel=1e-12), m.name


def test_pores_are_full_at_the_filling_composition_and_empty_beyond():
    full = 1.0 / (1.0 + DENSITY * 0.692e-3)  # A380: 39.6 vol%
    phi = np.linspace(0.1, 0.6, 501)
    said = BY_NAME["pores"].predict(values(pore_retention=1.0, void_exponent=4.0), place(phi), ratio)
    assert phi[np.argmax(said.log_conductivity[0])] == pytest.approx(full, abs=0.002)
    with_voids, without = (
        BY_NAME[n].predict(values(conversion=5.0, pore_retention=1.0, void_exponent=3.0), place(0.35, "SBA15"), ratio)
        for n in ("milled + pores", "milled")
    )
    void = unfilled_pore_fraction(0.35, pore_volume=1.207e-3, density=DENSITY)
    gap = with_voids.log_conductivity - without.log_conductivity
    assert gap[0, 0] == pytest.approx(3.0 * math.log(1.0 - void), rel=1e-9)


def test_kinetics_scale_the_interphase_relative_to_the_usual_time():
    own = values(shell_thickness=50.0, rate_form=0.640, rate_decay=0.064)  # all salt is interphase
    early, usual = (
        BY_NAME["shell"].predict(own, place(0.35, hours=h, many_times=True), ratio).log_conductivity[0, 0]
        for h in (1.0, 4.0)
    )
    expected = phase_fractions(1.0, k1=0.640, k2=0.064)[1] / phase_fractions(4.0, k1=0.640, k2=0.064)[1]
    assert early - usual == pytest.approx(math.log(expected), rel=1e-6)


def test_x_ray_raman_sees_the_shell_or_a_layer_of_its_own():
    p = place(0.35)
    shell = BY_NAME["shell"].predict(values(shell_thickness=0.5, size_spread=0.0), p, ratio).chemical_share[0, 0]
    layer = BY_NAME["milled"].predict(values(conversion=5.0, chemical_layer=0.5), p, ratio).chemical_share[0, 0]
    x = 1.0 + 2.0 * 0.5e-9 / p.diameter[0]
    assert shell == pytest.approx(1.0 - 0.65 ** (x**3 - 1.0), rel=1e-9)  # overlapping shells, share of the salt
    assert layer == pytest.approx(shell, rel=1e-12)


def test_beyond_the_table_known_limits_take_over():
    extended = beyond_table(ratio, {"shell_ratio": (0.05, 0.4), "contrast": (1.0, 1e4)})
    phi = np.full(5, 0.3)
    x = np.array([1e-9, 0.05 * (1 - 1e-9), 0.2, 0.4 * (1 + 1e-9), 3.0])
    value, u = extended(phi, x, np.full(5, 100.0), "dispersed")
    exact, exact_u = ratio(phi, x, np.full(5, 100.0), "dispersed")
    bare = math.log(1.0 - 1.5 * 0.3)
    assert value == pytest.approx([bare, *exact[1:4], bare + math.log(100.0)], abs=1e-5)
    assert u == pytest.approx(exact_u, rel=1e-3)
    assert np.diff(extended(np.full(50, 0.3), np.linspace(0.0, 1.0, 50), np.full(50, 100.0), "")[0]).min() > 0


def test_the_fast_table_reads_like_the_exact_one_and_asks_it_for_other_contents():
    fast = tabulated(atlas.ratio, atlas.RANGES, [0.25, 0.35])
    rng = np.random.default_rng(1)
    x, k = np.exp(rng.uniform(np.log(0.03), np.log(0.5), (200, 2))), np.exp(rng.uniform(0, np.log(1e4), (200, 2)))
    for contents in ([0.25, 0.35], [0.25, 0.31]):
        phi = np.broadcast_to(np.array(contents), x.shape)
        (value, u), (exact, exact_u) = fast(phi, x, k, "dispersed"), atlas.ratio(phi, x, k, "dispersed")
        assert np.abs(value - exact).max() < 2e-3  # the least u of the table is 0.02
        assert np.abs(u - exact_u).max() < 5e-3


def test_a_spread_of_sizes_makes_the_same_shell_larger():
    """Volume of shells of one thickness on spheres drawn from a log-normal distribution, per volume of spheres."""
    s, x = 0.5, 0.2
    d = np.exp(s * np.random.default_rng(2).standard_normal(4_000_000))
    thickness = x * (d**3).sum() / (d**2).sum()
    volume = ((d + 2 * thickness) ** 3).sum() / (d**3).sum()
    assert (1 + 2 * float(with_sizes(np.array(x), np.array(s)))) ** 3 == pytest.approx(volume, rel=2e-3)
    assert float(with_sizes(np.array(x), np.array(0.0))) == pytest.approx(x, rel=1e-12)


@pytest.mark.parametrize(("filler", "thickness"), [(0.15, 0.45), (0.2, 0.3), (0.35, 0.3), (0.5, 0.45), (0.5, 0.7)])
def test_a_graded_shell_is_that_of_twelve_layers_of_voxels_within_its_uncertainty(filler, thickness):
    """Also where shells begin to connect, and where they take all of the salt. ln sigma falls linearly by ln(263)."""
    d, layers = 8e-9, 12
    contrast = COMMON["interphase_conductivity"] / COMMON["matrix_conductivity"]
    sigma = {k: contrast ** (1 - (k - 0.5) / layers) for k in range(1, layers + 1)} | {0: 0.0, layers + 1: 1.0}
    boxes = []  # one of five diameters is off by 10 %
    for seed in (4, 5, 6):
        field = distance(overlapping_spheres(5 * d, d, filler, seed=seed), (64,) * 3, reach=1.001 * thickness * d)
        level = np.ceil(np.where(np.isfinite(field), field, d) / (thickness * d) * layers)
        labels = np.where(field <= 0, 0, np.minimum(level, layers + 1)).astype(np.uint8)
        solved = solve(labels, sigma, boundary="periodic", subvoxels=2, tolerance=1e-3)
        boxes.append(math.log(COMMON["matrix_conductivity"] * solved.effective_conductivity))
    p = replace(place([filler]), diameter=np.array([d]))
    atlas_ratio = beyond_table(atlas.ratio, atlas.RANGES)
    said = BY_NAME["graded shell"].predict(values(shell_thickness=thickness * d * 1e9, size_spread=0.0), p, atlas_ratio)
    off = said.log_conductivity[0, 0] - np.mean(boxes)
    assert abs(off) < said.emulator_u[0, 0] < 0.3


def test_contrasts_beyond_the_table_are_uncertain():
    extended = beyond_table(ratio, {"shell_ratio": (0.05, 0.4), "contrast": (1.0, 1e4)})
    value, u = extended(np.full(2, 0.3), np.full(2, 0.2), np.array([1e4, math.e**2 * 1e4]), "dispersed")
    assert value[0] == value[1]
    assert u == pytest.approx([0.02, math.hypot(0.02, 1.0)])


# --- likelihood -----------------------------------------------------------------------------------------------------


def a_model(name="shell + pores", seed=3):
    design = [replace(made, raman=0.05) if made.fraction in (0.35, 0.5) else made for made in WIDE]
    made = composites(name, {}, seed=seed, design=design)
    table = table_of(made, filler_density=DENSITY, temperature=REFERENCE)
    return Model.of(BY_NAME[name], table, ratio)


def full_covariance(model, z):
    """The covariance written out, row by row."""
    table, v = model.table, {k: float(x[0, 0]) for k, x in natural(model.parameters, z[None]).items()}
    u = predict(model, z[None], table.place).emulator_u[0]
    covariance = table.covariance.copy()
    k_ev = 8.617333262e-5
    lever = (1 / REFERENCE - 1 / table.place.temperature) / k_ev
    near = [(c.filler_fraction, math.log(6 / (DENSITY * (c.specific_surface_area or 1)))) for c in table.composites]
    for i in range(len(table.y)):
        for j in range(len(table.y)):
            if table.chemical[i] or table.chemical[j]:
                continue
            covariance[i, j] += 0.5 * u[i] * u[j]
            (p, d), (q, e) = near[table.owner[i]], near[table.owner[j]]  # all were milled for one time
            if p and q:
                alike = math.exp(-0.5 * ((p - q) / 0.15) ** 2 - 0.5 * ((d - e) / 0.7) ** 2)
                covariance[i, j] += v["discrepancy"] ** 2 * alike * (1 + (k_ev * REFERENCE) ** 2 * lever[i] * lever[j])
            if table.owner[i] == table.owner[j]:
                covariance[i, j] += (
                    v["scatter"] ** 2 + 0.5 * u[i] * u[j] + v["energy_scatter"] ** 2 * lever[i] * lever[j]
                )
    return covariance


def test_likelihood_is_the_normal_density_with_all_sources():
    model = a_model()
    z = 0.2 * np.random.default_rng(1).standard_normal((3, len(model.parameters)))
    for one in z:
        residuals = model.misfit(one[None])[0][0]
        expected = multivariate_normal(np.zeros(len(residuals)), full_covariance(model, one)).logpdf(residuals)
        assert model.log_likelihood(one[None])[0] == pytest.approx(expected, rel=1e-9)


def test_least_squares_minimises_the_posterior():
    model = a_model()
    z = 0.3 * np.random.default_rng(2).standard_normal((4, len(model.parameters)))
    total = 0.5 * (model.residuals(z) ** 2).sum(axis=1) + model.log_posterior(z)
    assert total == pytest.approx(np.full(4, total[0]), rel=1e-9)


def test_left_out_density_is_the_ratio_of_two_likelihoods():
    model = a_model()
    z = 0.2 * np.random.default_rng(3).standard_normal((2, len(model.parameters)))
    found = model.log_left_out(z)
    for k in range(len(model.table.composites)):
        expected = model.log_likelihood(z) - model.without(k).log_likelihood(z)
        assert found[:, k] == pytest.approx(expected, rel=1e-6, abs=1e-6)


# --- sampler --------------------------------------------------------------------------------------------------------


def a_line(seed):
    """A model that is linear in its two parameters, with known noise: its posterior and evidence are closed forms."""
    rng = np.random.default_rng(seed)
    design = np.array([[1.0, x] for x in np.linspace(-1, 1, 6)])
    truth = rng.standard_normal(2)
    parameters = (
        Parameter("a", "1", 0.0, 1.0, "", positive=False),
        Parameter("b", "1", 0.0, 1.0, "", positive=False),
        Parameter("scatter", "1", 0.1, 1e-9, ""),
        Parameter("energy_scatter", "eV", 1e-9, 1e-9, ""),
        Parameter("discrepancy", "1", 1e-9, 1e-9, ""),
    )

    def line(v, where, _ratio):
        y = v["a"] * design[:, 0] + v["b"] * design[:, 1]
        return Prediction(y, np.zeros_like(y), np.zeros_like(y))

    y = design @ truth + 0.1 * rng.standard_normal(6)
    made = [
        Composite(f"s{k}", 0.3, 3600.0, ((333.15, uncertain(math.exp(v), {})),), "A380", 349.2e3, 1e-3)
        for k, v in enumerate(y)
    ]
    table = table_of(made, filler_density=DENSITY, temperature=REFERENCE)
    model = replace(Model.of(BY_NAME["shell"], table, ratio), mechanism=Mechanism("line", "", (), parameters[:1], line))
    model = replace(model, parameters=parameters)
    noise = (0.1**2 + 0.01**2) * np.eye(6)
    covariance = np.linalg.inv(np.eye(2) + design.T @ np.linalg.solve(noise, design))
    mean = covariance @ design.T @ np.linalg.solve(noise, y)
    evidence = multivariate_normal(np.zeros(6), noise + design @ design.T).logpdf(y)
    return model, mean, covariance, evidence


@pytest.mark.parametrize("seed", range(4))
def test_sampler_gives_a_known_posterior_and_evidence(seed):
    model, mean, covariance, evidence = a_line(seed)
    found = sample(model, draws=3000, seed=seed)
    draws = found.z[:, :2]
    sd = np.sqrt(np.diag(covariance))
    assert np.abs(draws.mean(axis=0) - mean).max() < 0.1 * sd.min()
    assert draws.std(axis=0) == pytest.approx(sd, rel=0.08)
    assert found.log_evidence == pytest.approx(evidence, abs=0.06)


def test_sampler_follows_a_curved_ridge():
    """y = a - b^2/2, known to 4 %: a ridge 50 times as long as wide. With a integrated out, b has a closed form."""
    model, *_ = a_line(0)

    def banana(v, where, _ratio):
        y = (v["a"] - 0.5 * v["b"] ** 2) * np.ones((1, 6))
        return Prediction(y, np.zeros_like(y), np.zeros_like(y))

    model = replace(model, mechanism=Mechanism("banana", "", (), (model.parameters[1],), banana))
    model = replace(model, table=replace(model.table, y=np.full(6, -0.5)))
    b = np.linspace(-8.0, 8.0, 20001)
    variance = 1.0 + (0.1**2 + 0.01**2) / 6
    density = np.exp(-0.5 * b**2 - 0.5 * (-0.5 + 0.5 * b**2) ** 2 / variance)
    density /= density.sum()
    draws = np.concatenate([sample(model, draws=2000, seed=seed).z[:, 1] for seed in range(3)])
    assert float((draws**2).mean()) == pytest.approx(float((density * b**2).sum()), rel=0.06)
    assert float((np.abs(draws) > 1.5).mean()) == pytest.approx(float(density[np.abs(b) > 1.5].sum()), abs=0.015)
    assert float((draws > 0).mean()) == pytest.approx(0.5, abs=0.03)


def test_the_same_seed_gives_the_same_draws():
    model = a_model()
    assert np.array_equal(sample(model, draws=100, seed=4).z, sample(model, draws=100, seed=4).z)


# --- what is refused ------------------------------------------------------------------------------------------------


def test_records_refuse_what_cannot_be():
    good = composites("shell", {}, seed=0)
    given = {"filler_density": DENSITY, "temperature": REFERENCE}
    with pytest.raises(DataError, match="needs 4 milled composites"):
        table_of(good[:3], **given)
    with pytest.raises(DataError, match="Two composites are called 'A380-15-4h'"):
        table_of([*good, good[1]], **given)
    with pytest.raises(DataError, match="no surface area"):
        table_of([*good[:-1], replace(good[-1], specific_surface_area=None)], **given)
    with pytest.raises(DataError, match="must lie in 0 to 1"):
        table_of([*good[:-1], replace(good[-1], filler_fraction=1.2)], **given)
    with pytest.raises(DataError, match="must be finite and > 0"):
        table_of([*good[:-1], replace(good[-1], conductivities=((333.15, uncertain(-1.0, {})),))], **given)
    with pytest.raises(DataError, match="there are none"):
        interphase([], name="x", filler_density=DENSITY, ratio=ratio)


def test_unmilled_salt_is_left_out():
    made = composites("shell", {}, seed=0)
    table = table_of(
        [*made, replace(made[0], label="pristine", milling_time=0.0)], filler_density=DENSITY, temperature=REFERENCE
    )
    assert "pristine" not in [c.label for c in table.composites]


def test_every_parameter_has_a_prior_that_holds_the_truths():
    for m in MECHANISMS:
        for p in parameters_of(m, many_times=True, chemical=True):
            low, high = p.value(np.array([-2.5, 2.5]))
            truth = {**COMMON, **TRUTHS[m.name]}.get(p.name)
            assert truth is None or low < truth < high, (m.name, p.name)


def test_the_proposal_is_a_mixture_of_student_t():
    rng = np.random.default_rng(4)
    centres, weights = rng.normal(size=(3, 2)), np.array([0.5, 0.3, 0.2])
    factors = np.eye(2) + 0.3 * np.tril(rng.normal(size=(3, 2, 2)))
    z = 3.0 * rng.normal(size=(20, 2))
    parts = [
        w * stats.multivariate_t(c, f @ f.T, df=5).pdf(z) for c, f, w in zip(centres, factors, weights, strict=True)
    ]
    assert _mixture(centres, factors, weights)(z) == pytest.approx(np.log(np.sum(parts, axis=0)), rel=1e-9)


def test_climbing_ends_where_the_slope_of_the_posterior_vanishes():
    model = a_model("shell")
    starts = np.vstack([np.zeros(len(model.parameters)), np.full(len(model.parameters), 0.5)])
    tops = _climb(model, starts, most=40, enough=1e-6)
    best = max(tops, key=lambda top: top.height)
    around = best.z + 0.1 * np.vstack([np.eye(len(best.z)), -np.eye(len(best.z))])
    assert (model.log_posterior(around) < model.log_posterior(best.z[None])[0]).all()
    fixed = _climb(model, starts, most=5, enough=1e-3, fixed=model.structure)
    assert [top.z[model.structure] for top in fixed] == starts[:, model.structure].tolist()
