"""Closed forms of a cell against independent solutions: series, finite differences, known limits, printed numbers."""

import math

import numpy as np
import pytest

from closo.errors import StudyError
from closo.models.cell import forms as cell
from closo.quantity import Quantity, sources, uncertain

MIX = {"PW": 0.6, "SE": 0.3, "C": 0.1}
RHO = {"PW": 1900.0, "SE": 1543.5, "C": 2000.0}


def ladder(ions: float, electrons: float, kinetic: float, n: int = 4000) -> float:
    """Resistance of a porous electrode as a ladder of n rungs, by its continued fraction (transfer matrix).

    ions, electrons : of the whole path through; kinetic : of the whole surface. Current enters the ions at one end and
    leaves the electrons at the other.
    """
    from scipy.linalg import solve_banded

    a, b, g = (
        ions / n,
        electrons / n,
        1.0 / (kinetic * n),
    )  # resistance of a step in either phase, conductance of a rung
    band = np.zeros((3, n + 1))
    rhs = np.zeros(n + 1)
    # unknown: current in the ions i_k in step k (k = 0..n), i_0 = 1, i_n = 0; rungs between steps, electrons carry 1 - i
    band[1, 0] = band[1, n] = 1.0
    rhs[0] = 1.0
    for k in range(1, n):
        band[2, k - 1] = band[0, k + 1] = -1.0 / g
        band[1, k] = 2.0 / g + a + b
        rhs[k] = b
    i = solve_banded((1, 1), band, rhs)
    return float(sum(a * i[1:n]) + (i[n - 1] - i[n]) / g)


@pytest.mark.parametrize(
    "ions, electrons, kinetic", [(3.0, 1.0, 10.0), (3.0, 1.0, 0.5), (1.0, 5.0, 0.2), (2.0, 2.0, 0.02)]
)
def test_porous_electrode_is_that_of_a_ladder(ions, electrons, kinetic):
    exact = cell.electrode_resistance(ions / 3.0, electrons / 3.0, kinetic)
    # the step of half a rung at either end is of order 1/n
    assert exact == pytest.approx(ladder(ions, electrons, kinetic), rel=2e-3)


def test_slow_charge_transfer_gives_the_sum_of_the_shares():
    assert cell.electrode_resistance(2.0, 1.0, 1e4) == pytest.approx(10003.0, rel=1e-6)


def test_very_fast_charge_transfer_leaves_the_two_paths_side_by_side():
    """With nu -> infinity the reaction sits at the pellet (or the collector): ions and electrons in parallel."""
    assert cell.electrode_resistance(2.0, 1.0, 1e-12) == pytest.approx(6.0 * 3.0 / 9.0, rel=1e-4)


def test_charge_transfer_is_ohmic_at_small_and_tafel_at_large_current():
    rt_f = 8.314462618 * 298.15 / 96485.33212
    assert cell.charge_transfer_overpotential(1e-6, 1.0, 298.15) == pytest.approx(1e-6, rel=1e-9)
    ten, hundred = (cell.charge_transfer_overpotential(j, 100.0, 298.15) for j in (10.0, 100.0))
    assert hundred - ten == pytest.approx(2.0 * rt_f * math.log(10.0), rel=1e-5)


def test_exchange_current_of_fifty_ohm_cm2():
    """j0 = RT/(F R): 50 ohm cm2 is 5 A/m2 (a line of the literature table)."""
    assert cell.charge_transfer_resistance(5.0, 1.0, 298.15) * 1e4 == pytest.approx(51.4, rel=0.01)


def sphere_surface_minus_mean(fourier: float, terms: int = 400) -> float:
    """Surface minus mean concentration of a sphere at constant flux, in units of flux R/D (series of Crank)."""
    from scipy.optimize import brentq

    roots = [brentq(lambda x: x - math.tan(x), n * math.pi + 1e-9, (n + 0.5) * math.pi - 1e-9) for n in range(1, terms)]
    return 0.2 - 2.0 * sum(math.exp(-(x**2) * fourier) / x**2 for x in roots)


def loss_by_series(stated: float) -> float:
    """Share missing when a leg from the empty sphere ends because its surface is full; `stated` by the closed form."""
    from scipy.optimize import brentq

    full = 1.0 / (15.0 * stated)  # time of a full leg in units of R^2/D
    return 1.0 - brentq(lambda share: share + sphere_surface_minus_mean(share * full) / (3.0 * full) - 1.0, 0.05, 1.0)


@pytest.mark.parametrize("loss", [0.05, 0.1, 0.2])
def test_loss_by_diffusion_against_the_series_solution(loss):
    assert cell.diffusion_loss(1.0, 1.0 / (15.0 * loss)) == pytest.approx(loss_by_series(loss), abs=1e-3)


def test_loss_by_diffusion_holds_up_to_about_thirty_percent():
    """Beyond, the profile is not steady when the leg ends: 2 % off at 0.3, 10 % and more at 0.5."""
    assert 0.3 / loss_by_series(0.3) - 1.0 == pytest.approx(0.0, abs=0.025)
    assert 0.5 / loss_by_series(0.5) - 1.0 > 0.1


@pytest.mark.parametrize(
    "kelvin, hours, simulated", [(293.15, 20.0, 116.4), (313.15, 10.0, 142.8), (313.15, 20.0, 156.0)]
)
def test_capacity_against_a_full_simulation(kelvin, hours, simulated):
    """Three runs of a full cell model (single mechanism: diffusion 1.5e-18 m2/s at 20 degC, 0.55 eV, radius 0.5 um).

    The simulation has 169 mAh/g without any limit (steep ends of the potential), the closed form 171.
    """
    d = 1.5e-18 * math.exp(-0.55 / 8.617333e-5 * (1.0 / kelvin - 1.0 / 293.15))
    one_end = cell.diffusion_loss(cell.diffusion_time(0.5e-6, d), hours * 3600.0)
    assert 169.0 * (1.0 - 2.0 * one_end) == pytest.approx(simulated, rel=0.005)


def test_sensitivity_is_the_derivative_of_the_capacity():
    energy = 0.55 * 1.602176634e-19

    def capacity(kelvin):
        d = 1.5e-18 * math.exp(-energy / 1.380649e-23 * (1.0 / kelvin - 1.0 / 293.15))
        return 1.0 - 2.0 * cell.diffusion_loss(0.25e-12 / d, 72000.0)

    slope = (math.log(capacity(293.25)) - math.log(capacity(293.05))) / 0.2
    one_end = cell.diffusion_loss(0.25e-12 / 1.5e-18, 72000.0)
    assert cell.diffusion_sensitivity(one_end, energy, 293.15) == pytest.approx(slope, rel=1e-4)
    assert slope * 100 == pytest.approx(3.3, abs=0.05)


@pytest.mark.parametrize(
    "mix, mass, fractions, thickness",
    [
        (MIX, 1.5e-6, (0.536, 0.330, 0.085), 31.0),
        ({"PW": 0.7, "SE": 0.25, "C": 0.05}, 1.2e-6, (0.630, 0.277, 0.043), 25.0),
    ],
)
def test_geometry_of_the_two_cathodes(mix, mass, fractions, thickness):
    found = cell.electrode_fractions(mix, RHO, porosity=0.05)
    assert [round(v, 3) for v in found.values()] == list(fractions)
    assert sum(found.values()) == pytest.approx(0.95)
    made = cell.electrode_thickness(mass, 0.283e-4, mass_fractions=mix, densities=RHO, porosity=0.05)
    assert round(made * 1e6) == thickness


def test_leak_of_the_printed_efficiencies():
    """CE 98.7 and 99.7 % at 50.5 uA/cm2: 0.33 and 0.08 uA/cm2, whatever the capacity."""
    for q in (0.2, 0.3):
        hours = 2.0 * q / 0.0505
        leaks = [cell.leak_current_density((1 - ce) * q * 36000.0, hours * 3600.0) * 100 for ce in (0.987, 0.997)]
        assert [round(x, 2) for x in leaks] == [0.33, 0.08]


def test_sodium_moved():
    """0.44 um in an hour at 0.05 mA/cm2, 4.8 um in a full half cycle of 0.541 mAh/cm2."""
    assert cell.moved_thickness(0.5 * 3600.0) * 1e6 == pytest.approx(0.442, abs=0.0005)
    assert round(cell.moved_thickness(0.541 * 36000.0) * 1e6, 1) == 4.8


def test_electrons_per_anion_of_the_paper():
    anions = cell.anions_in_electrode(1.2e-6, 0.25, salt_fraction=0.5011, molar_mass=0.18781)
    missing = 0.36 * 0.6 * 0.505 * 36000.0 * 0.283e-4  # C
    assert cell.electrons_per_anion(missing, anions) == pytest.approx(1.44, abs=0.01)


def test_sources_go_through():
    length = uncertain(8e-4, {"thickness:p": 8e-6})
    r = cell.layer_resistance(length, uncertain(0.05, {"fit:s": 0.001}))
    assert {k: u for k, (u, _) in sources(r).items()} == pytest.approx({"thickness:p": 1.6e-4, "fit:s": -3.2e-4})
    assert Quantity("ratio", cell.layer_resistance(length, length)).u == 0.0


@pytest.mark.parametrize(
    "call",
    [
        lambda: cell.layer_resistance(-1.0, 0.05),
        lambda: cell.layer_resistance(1e-3, float("nan")),
        lambda: cell.diffusion_time(0.0, 1e-18),
        lambda: cell.electrode_fractions({"PW": 0.6, "SE": 0.3}, RHO, porosity=0.05),
        lambda: cell.electrode_fractions({"PW": 0.6, "X": 0.4}, RHO, porosity=0.05),
        lambda: cell.electrode_fractions({}, RHO, porosity=0.05),
        lambda: cell.electrons_per_anion(1.0, 0.0),
    ],
)
def test_values_that_cannot_be_are_refused(call):
    with pytest.raises(StudyError, match=r"is not valid|add up|not known"):
        call()
