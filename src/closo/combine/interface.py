"""Resistance of the metal's interface from plating and stripping, and how hard such a test is compared with a cell.

Measures
    interfacial_resistance (of one interface) or interfacial_resistance:upper_limit, area_specific_resistance:electrolyte
    (L/sigma) and :cell, thickness:test and :cell (metal moved in a half cycle), ratio:thickness, ratio:current.
Needs
    a plating result with its area_specific_resistance, conductivity of the electrolyte at the temperature of the test,
    thickness of the pellet.
Uncertainty sources
    those of the inputs with their labels. Where the conductivity comes from the very pellet, its area and thickness are
    the same sources and cancel as far as they should; from another pellet they do not. `wander of the
    polarization:<name>`: the conductivity is that at the stated temperature, the half cycle had its own; the
    polarizations of the half cycles show by how much.
Checks
    the difference is resolved; the cell's resistance is not below that of its electrolyte (soft short, another
    temperature, a wrong thickness).
Limits
    Two equal interfaces. What is not L/sigma counts as interface: contacts and leads too, and a front that has become
    uneven. Where the 95 % interval reaches zero the value is withheld and its upper end given as a limit. So interval or
    limit hold the truth in 95 % of cells; the values alone do not, they are those that came out large.
Sources
    Arithmetic. Molar volume of sodium 23.7 cm3/mol (0.970 g/cm3; tables give 0.968 to 0.971).
"""

from __future__ import annotations

import numpy as np
import xarray as xr

from closo.combine.doubts import marks_of, with_marks
from closo.errors import DataError
from closo.models.cell.forms import SODIUM_MOLAR_VOLUME, layer_resistance, moved_thickness
from closo.quantity import Number, Quantity, uncertain, withheld
from closo.result import Check, Result

_FEWEST = 4  # whole cycles that show how the polarization wanders
_TABLES = 0.0015  # relative spread of the density of sodium between tables


def interfacial_resistance(
    plating: Result, *, conductivity: Quantity | Number, thickness: Number | None, name: str | None = None
) -> Result:
    """Return the resistance of one interface of a symmetric cell: (R A - L/sigma)/2.

    Parameters
    ----------
    plating : a result with the quantity area_specific_resistance; that of the last half cycle is taken where there is one.
    conductivity : of the electrolyte at the temperature of the test [S/m].
    thickness : of the pellet [m].
    name : of the result; that of the plating result where absent.

    Returns
    -------
    Result
        technique 'interface'; quantities interfacial_resistance, area_specific_resistance:cell and :electrolyte. Withheld
        with the reason where something is not known; where the 95 % interval reaches zero it is withheld and its upper end
        is interfacial_resistance:upper_limit.

    Raises
    ------
    DataError  when the plating result has no area_specific_resistance at all.

    Example
    -------
    >>> import xarray as xr
    >>> whole = Quantity("area_specific_resistance", uncertain(200e-4, {"area:cell": 1e-4}))
    >>> test = Result("plating", "Na|Na", {"area_specific_resistance": whole}, xr.Dataset())
    >>> result = interfacial_resistance(test, conductivity=uncertain(0.05, {"fit:p": 0.0005}), thickness=800e-6)
    >>> print(result.quantities["interfacial_resistance"])
    20.00 ± 0.94 ohm cm2
    """
    whole = _resistance(plating)
    sigma = conductivity if isinstance(conductivity, Quantity) else Quantity("ionic_conductivity", conductivity)
    label = name or plating.name
    method = "(R A of the cell - L/sigma)/2"
    lacking = (q.why or "not known" for q in (whole, sigma) if q.number is None)
    if thickness is None or whole.number is None or sigma.number is None:
        unknown = next(lacking, "the thickness of the pellet is not known")
        lines = {"interfacial_resistance": withheld("interfacial_resistance", unknown, method=method)}
        return Result("interface", label, lines, xr.Dataset(), (), {}, (f"No interfacial resistance: {unknown}.",))
    ohmic = layer_resistance(thickness, sigma.number)
    electrolyte = Quantity("area_specific_resistance", ohmic, "L/sigma of the electrolyte")
    share = (whole.number - ohmic) / 2.0 + _wander(plating, float(whole.value or 0.0) / 2.0)
    interface = Quantity("interfacial_resistance", share, method)
    return Result(
        "interface",
        label,
        _judged(interface)
        | {"area_specific_resistance:cell": whole, "area_specific_resistance:electrolyte": electrolyte},
        xr.Dataset(),
        _checks(interface, whole, electrolyte),
        findings={"share_of_electrolyte": float(electrolyte.value or 0.0) / float(whole.value or 1.0)},
    )


def _resistance(plating: Result) -> Quantity:
    """Return the area-specific resistance of the last half cycle, else the first one that has a value."""
    known = plating.quantities
    found = [known[k] for k in sorted(known, key=lambda k: k != "area_specific_resistance:last")]
    found = [q for q in found if q.name == "area_specific_resistance"]
    if not found:
        raise DataError(
            f"'{plating.name}' ({plating.technique}) has no area-specific resistance.",
            hint="An interface needs the result of plating and stripping, with the electrode area.",
        )
    return next((q for q in found if q.number is not None), found[0])


def _wander(plating: Result, share: float) -> Number:
    """Return what the temperature within the test does to `share` of the resistance [ohm m2], value 0.

    The polarizations of whole cycles (means of both polarities) scatter about their line by it.
    """
    if not {"polarization", "used"} <= set(plating.curves):
        return uncertain(0.0, {})
    found = np.asarray(plating.curves["polarization"].values, float)
    found = found[np.asarray(plating.curves["used"].values) > 0]
    cycles = 0.5 * (found[: found.size // 2 * 2 : 2] + found[1::2])
    if cycles.size < _FEWEST:
        return uncertain(0.0, {})
    x = np.arange(cycles.size) - 0.5 * (cycles.size - 1)
    left = cycles - cycles.mean() - x * (x @ cycles) / (x @ x)
    df = cycles.size - 2
    relative = float(np.sqrt(left @ left / df) / cycles.mean())
    return uncertain(0.0, {f"wander of the polarization:{plating.name}": relative * share}, df=df)


def _judged(interface: Quantity) -> dict[str, Quantity]:
    """Return the interface; where its interval reaches zero the reason for withholding it, and its upper limit."""
    value, u = float(interface.value or 0.0), float(interface.u or 0.0)
    key = interface.name
    low, high = interface.interval() or (0.0, 0.0)
    if low > 0.0:
        return {key: interface}
    if high < 0.0:
        why = f"the cell's resistance is below that of its electrolyte by {-2e4 * value:.3g} ± {2e4 * u:.2g} ohm cm2"
        return {key: withheld(key, why, method=interface.method)}
    why = f"not resolved: {1e4 * value:.2g} ± {1e4 * u:.2g} ohm cm2, at most {1e4 * high:.2g} ohm cm2 (95 %)"
    limit = Quantity(key, uncertain(high, {}), f"upper end of the 95 % interval of {interface.method}")
    limit = with_marks(limit, marks_of(interface))
    return {key: withheld(key, why, method=interface.method), f"{key}:upper_limit": limit}


def _checks(interface: Quantity, whole: Quantity, electrolyte: Quantity) -> tuple[Check, ...]:
    value, u = float(interface.value or 0.0), float(interface.u or 0.0)
    low, high = interface.interval() or (0.0, 0.0)
    detail = f"cell {whole}, electrolyte {electrolyte}"
    return (
        Check("cell resists at least as its electrolyte", high >= 0.0, detail),
        Check("interface resolved", low > 0.0, f"{detail}, difference {2e4 * value:.3g} ± {2e4 * u:.2g}"),
    )


def plating_stress(
    *,
    test_capacity: Number,
    cell_capacity: Number,
    test_current: Number | None = None,
    cell_current: Number | None = None,
    molar_volume: Number | None = None,
    name: str,
) -> Result:
    """Compare how much metal a plating test moves in a half cycle with what a cell moves.

    Parameters
    ----------
    test_capacity, cell_capacity : areal charge of a half cycle [C/m2].
    test_current, cell_current : [A/m2].
    molar_volume : of the metal [m3/mol]; that of sodium where absent.
    name : of the comparison.

    Example
    -------
    >>> result = plating_stress(test_capacity=0.5 * 3600, cell_capacity=0.541 * 36000, name="Na|Na against PW")
    >>> [round(result.quantities[f"thickness:{k}"].value * 1e6, 2) for k in ("test", "cell")]
    [0.44, 4.78]
    >>> print(result.quantities["ratio:thickness"])
    10.82
    """
    volume = molar_volume
    if volume is None:
        volume = uncertain(SODIUM_MOLAR_VOLUME, {"molar volume:sodium": _TABLES * SODIUM_MOLAR_VOLUME})
    test, cell = moved_thickness(test_capacity, volume), moved_thickness(cell_capacity, volume)
    ratio = Quantity("ratio", cell / test, "metal moved in the cell over that in the test")
    lines = {
        "thickness:test": Quantity("thickness", test, "metal moved in a half cycle of the test"),
        "thickness:cell": Quantity("thickness", cell, "metal moved in a half cycle of the cell"),
        "ratio:thickness": ratio,
    }
    if test_current is not None and cell_current is not None:
        lines["ratio:current"] = Quantity("ratio", cell_current / test_current, "current of the cell over the test's")
    times = float(ratio.value or 0.0)
    moved = ", ".join(f"{key} {float(lines[f'thickness:{key}'].value or 0.0) * 1e6:.2g} um" for key in ("test", "cell"))
    detail = f"metal moved in a half cycle: {moved}, {times:.2g} times"
    check = Check("test moves as much metal as the cell", times < 2.0, detail)
    note = f"The cell moves {times:.2g} times the metal of the test in a half cycle: the test says little about it."
    return Result("plating_stress", name, lines, xr.Dataset(), (check,), {}, (note,) if times >= 2.0 else ())
