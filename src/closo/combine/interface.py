"""Resistance of the metal's interface from plating and stripping, and how hard such a test is compared with a cell.

Measures
    interfacial_resistance (of one interface), area_specific_resistance:electrolyte (L/sigma) and :cell,
    thickness:test and :cell (metal moved in a half cycle), ratio:thickness, ratio:current.
Needs
    a plating result with its area_specific_resistance, conductivity of the electrolyte at the temperature of the test,
    thickness of the pellet.
Uncertainty sources
    those of the inputs with their labels. Where the conductivity comes from the very pellet, its area and thickness are
    the same sources and cancel as far as they should; from another pellet they do not.
Checks
    the difference is resolved; the cell's resistance is not below that of its electrolyte (soft short, another
    temperature, a wrong thickness).
Limits
    Two equal interfaces. What is not L/sigma counts as interface: contacts and leads too, and a front that has become
    uneven. Withheld, with an upper limit, where the difference is not resolved at 2 u.
Sources
    Arithmetic. Molar volume of sodium 23.7 cm3/mol (0.970 g/cm3; tables give 0.968 to 0.971).
"""

from __future__ import annotations

import xarray as xr

from closo.errors import DataError
from closo.models.cell import SODIUM_MOLAR_VOLUME, layer_resistance, moved_thickness
from closo.quantity import Number, Quantity, uncertain, withheld
from closo.result import Check, Result

__all__ = ["interfacial_resistance", "plating_stress"]

_RESOLVED = 2.0  # standard uncertainties
_TABLES = 0.0015  # relative spread of the density of sodium between tables


def interfacial_resistance(
    plating: Result, *, conductivity: Quantity | Number, thickness: Number, name: str | None = None
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
        with the reason where something is not known or not resolved.

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
    unknown = next((q.why or "not known" for q in (whole, sigma) if q.number is None), None)
    if unknown is None and thickness is None:
        unknown = "the thickness of the pellet is not known"
    if unknown is not None:
        lines = {"interfacial_resistance": withheld("interfacial_resistance", unknown, method=method)}
        return Result("interface", label, lines, xr.Dataset(), (), {}, (f"No interfacial resistance: {unknown}.",))
    electrolyte = Quantity(
        "area_specific_resistance", layer_resistance(thickness, sigma.number), "L/sigma of the electrolyte"
    )
    interface = Quantity("interfacial_resistance", (whole.number - electrolyte.number) / 2.0, method)
    return Result(
        "interface",
        label,
        {
            "interfacial_resistance": _if_resolved(interface),
            "area_specific_resistance:cell": whole,
            "area_specific_resistance:electrolyte": electrolyte,
        },
        xr.Dataset(),
        _checks(interface, whole, electrolyte),
        {"share_of_electrolyte": float(electrolyte.value or 0.0) / float(whole.value or 1.0)},
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


def _if_resolved(interface: Quantity) -> Quantity:
    """Return the interface, or its upper limit as the reason for withholding it."""
    value, u = float(interface.value or 0.0), float(interface.u or 0.0)
    if value > _RESOLVED * u:
        return interface
    limit = (interface.interval() or (0.0, 0.0))[1]
    if value < -_RESOLVED * u:
        why = f"the cell's resistance is below that of its electrolyte by {-2e4 * value:.3g} ± {2e4 * u:.2g} ohm cm2"
        return withheld("interfacial_resistance", why, method=interface.method)
    why = f"not resolved: {1e4 * value:.2g} ± {1e4 * u:.2g} ohm cm2, at most {1e4 * max(limit, 0.0):.2g} ohm cm2 (95 %)"
    return withheld("interfacial_resistance", why, method=interface.method)


def _checks(interface: Quantity, whole: Quantity, electrolyte: Quantity) -> tuple[Check, ...]:
    value, u = float(interface.value or 0.0), float(interface.u or 0.0)
    detail = f"cell {whole}, electrolyte {electrolyte}"
    return (
        Check("cell resists at least as its electrolyte", value > -_RESOLVED * u, detail),
        Check("interface resolved", value > _RESOLVED * u, f"{detail}, difference {2e4 * value:.3g} ± {2e4 * u:.2g}"),
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
