"""Synthetic isotherms: said to be synthetic, the same bytes for a seed, and read back to the declared surface."""

import numpy as np
import pytest

from closo.readers import read, sniff
from closo.techniques.sorption import analyse
from closo.twin.sorption import Instrument, Powder, measure, powder_of, write_aif
from closo.twin.truth import SYNTHETIC, Truth

SILICAS = Truth().silicas


def test_a_file_says_that_it_is_synthetic_and_repeats(tmp_path):
    one, two, other = (tmp_path / name for name in ("one.aif", "two.aif", "other.aif"))
    write_aif(one, SILICAS[1], seed=3)
    write_aif(two, SILICAS[1], seed=3)
    write_aif(other, SILICAS[1], seed=4)
    assert SYNTHETIC in one.read_text(encoding="utf-8").splitlines()[0]
    assert one.read_bytes() == two.read_bytes() != other.read_bytes()
    assert one.stat().st_size < 2000
    assert sniff(one).name == "aif"


@pytest.mark.parametrize("silica", SILICAS, ids=lambda s: s.name)
def test_the_declared_area_lies_inside_the_interval(tmp_path, silica):
    write_aif(tmp_path / "a.aif", silica)
    (data,) = read(tmp_path / "a.aif")
    area = analyse(data).quantities["specific_surface_area"]
    low, high = area.interval()
    assert low < silica.specific_surface_area < high
    powder = powder_of(silica)
    assert powder.monolayer + powder.micropores == pytest.approx(silica.specific_surface_area / 97558.7, rel=1e-4)


def test_without_errors_the_instrument_shows_the_powder():
    """But for the pressure that it aims at, which is never met exactly."""
    perfect = Instrument(mass_error=0.0, gain=0.0, free_space=0.0, dose=0.0, drift=0.0)
    powder = Powder(2.0)
    seen = measure(powder, perfect, np.random.default_rng(0))
    up = seen["desorption"] == 0
    x, n = seen["relative_pressure"], seen["adsorbed_amount"]
    np.testing.assert_allclose(n[up], powder.amount(x[up]), rtol=1e-9)
    np.testing.assert_allclose(n[~up], powder.amount(x[~up], emptying=True), rtol=1e-9)
    assert (powder.amount(x[~up], emptying=True) >= powder.amount(x[~up])).all()  # hysteresis


def test_a_patch_with_many_layers_is_the_bet_equation():
    x = np.linspace(0.01, 0.6, 30)
    n = Powder(2.0, spread=0.0, layers=400.0, pore_volume=0.0, pore_diameter=1.0).amount(x)
    np.testing.assert_allclose(n, 2.0 * 110.0 * x / ((1.0 - x) * (1.0 + 109.0 * x)), rtol=1e-6)
