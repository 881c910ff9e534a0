"""Surface and pores of the five silicas of Table 1 in a composite with 35 vol%."""

import pytest

from closo.combine.filler import filler_budget
from closo.quantity import Quantity, parse, uncertain

SILICAS = {  # m2/g, cm3/g -> silanol [mmol/g], silanol per anion, shell of 1 nm [vol%]; computed by hand
    "A90": (70.2, 0.152, 0.443, 0.082, 5.4),
    "A200": (191.2, 0.437, 1.207, 0.225, 14.7),
    "A300": (271.5, 0.742, 1.713, 0.319, 20.9),
    "A380": (349.2, 0.692, 2.204, 0.410, 26.9),
    "SBA15": (804.4, 1.207, 5.076, 0.945, 61.9),
}
MIX = {"filler_fraction": 0.35, "filler_density": 2200.0, "matrix_density": 1195.0}
SALT = {"silanol_density": 3.8e18, "matrix_molar_mass": 187.8e-3, "shell_thickness": 1e-9}


@pytest.mark.parametrize("name", SILICAS)
def test_silanol_and_shell_of_a_silica(name):
    area, volume, silanol, per_anion, shell = SILICAS[name]
    made = filler_budget(name, **MIX, **SALT, specific_surface_area=1e3 * area, pore_volume=1e-3 * volume)
    told = {key: quantity.value for key, quantity in made.quantities.items()}
    assert told["silanol_amount"] == pytest.approx(silanol, abs=6e-4)
    assert told["silanol_per_anion"] == pytest.approx(per_anion, abs=6e-4)
    assert 100.0 * told["volume_fraction:shell"] == pytest.approx(shell, abs=0.06)
    assert told["pore_filling"] == pytest.approx(0.65 / (0.35 * 2200.0 * volume * 1e-3), rel=1e-9)


def test_only_the_pores_of_sba_15_stay_empty():
    checks = [filler_budget(n, **MIX, pore_volume=1e-3 * v).checks[0] for n, (_, v, *_) in SILICAS.items()]
    assert [check.passed for check in checks] == [True, True, True, True, False]
    assert "fills 69.9 % of the pores; 30.1 % of them stay empty" in checks[-1].detail


def test_what_is_not_known_is_left_out():
    assert not filler_budget("a", **MIX).quantities
    assert list(filler_budget("a", **MIX, specific_surface_area=1e5, shell_thickness=1e-9).quantities) == [
        "volume_fraction:shell"
    ]


def test_the_cross_section_of_nitrogen_cancels_between_two_silicas():
    def area(value, name):
        shared = {"cross_section:N2": 0.1 * value, f"fit:{name}": 0.01 * value}
        return uncertain(value, shared)

    density = parse("3.8 ± 0.5 1/nm2", "silanol_density", label="silanol_density:270 degC")
    one, two = (
        filler_budget(n, **MIX, specific_surface_area=area(value, n), silanol_density=density).quantities[
            "silanol_amount"
        ]
        for n, value in (("A200", 191.2e3), ("A380", 349.2e3))
    )
    assert one.u / one.value > 0.16
    assert set(one.budget()) == {"silanol_density:270 degC", "cross_section:N2", "fit:A200"}
    ratio = Quantity("volume_fraction", one.number / two.number)
    assert ratio.u / ratio.value == pytest.approx(0.01 * 2.0**0.5, rel=1e-6)
