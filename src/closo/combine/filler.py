"""What a filler's surface and pores mean in a composite: silanol per anion, filling of its pores, volume of a shell.

Measures
    silanol_amount (per mass of filler), silanol_per_anion (of the matrix), pore_filling (volume of matrix over that of the
    filler's pores), volume_fraction:shell (of a shell of `shell_thickness` on all of the surface).
Needs
    recipe and densities; `specific_surface_area` and `pore_volume` of the filler (`closo.techniques.sorption`), the density
    of silanol on its surface, the molar mass of the matrix. Each line needs its own few numbers, and is left out without.
Uncertainty sources
    those of the inputs with their labels: the cross-section of N2 is common to all fillers and cancels between them.
Limits
    Silanol in pores that no salt reaches counts, too. The pore volume of a fumed silica is that between its particles, which
    milling makes anew; only of pores inside particles (SBA-15) is the filling that of a composite.

Sources: silanol on silica after heating in vacuum, 4.6 per nm2 at 180 degC falling to 1.5 at 800 degC, Zhuravlev, Colloids
Surf. A 2000, 173, 1, doi:10.1016/S0927-7757(00)00556-2.
"""

from __future__ import annotations

import xarray as xr

from closo.constants import AVOGADRO
from closo.models.recipe import mass_fraction
from closo.quantity import Number, Quantity, uncertain
from closo.result import Check, Result


def filler_budget(
    name: str,
    *,
    filler_fraction: Number,
    filler_density: Number,
    matrix_density: Number,
    specific_surface_area: Number | None = None,
    pore_volume: Number | None = None,
    silanol_density: Number | None = None,
    matrix_molar_mass: Number | None = None,
    shell_thickness: Number | None = None,
) -> Result:
    """Return what surface and pores of a filler mean at a volume fraction; all in SI, None where nothing is known.

    Parameters
    ----------
    filler_fraction : volume fraction of the filler's solid [1]; the rest is matrix.
    filler_density, matrix_density : of the solids [kg/m3].
    specific_surface_area, pore_volume : per mass of filler [m2/kg], [m3/kg].
    silanol_density : per area [1/m2]; matrix_molar_mass : per anion [kg/mol]; shell_thickness : [m].

    Example
    -------
    >>> made = filler_budget(
    ...     "SBA-15", filler_fraction=0.35, filler_density=2200.0, matrix_density=1195.0, specific_surface_area=804.4e3,
    ...     pore_volume=1.207e-3, silanol_density=3.8e18, matrix_molar_mass=187.8e-3, shell_thickness=1e-9,
    ... )
    >>> {key: round(quantity.value, 3) for key, quantity in made.quantities.items()}
    {'silanol_amount': 5.076, 'silanol_per_anion': 0.945, 'pore_filling': 0.699, 'volume_fraction:shell': 0.619}
    >>> made.checks[0].passed
    False
    """
    share = mass_fraction(filler_fraction, filler_density, matrix_density)
    found: dict[str, Quantity] = {}

    def tell(key: str, value: Number, how: str) -> None:
        found[key] = Quantity(key.partition(":")[0], uncertain(0.0, {}) + value, how, basis="derived")

    if specific_surface_area is not None and silanol_density is not None:
        silanol = specific_surface_area * silanol_density / AVOGADRO
        tell("silanol_amount", silanol, "surface area x silanol per area")
        if matrix_molar_mass is not None:
            anions = (1.0 - share) / matrix_molar_mass
            tell("silanol_per_anion", silanol * share / anions, "silanol of the filler / anions of the matrix")
    checks: tuple[Check, ...] = ()
    if pore_volume is not None:
        filling = (1.0 - filler_fraction) / (filler_fraction * filler_density * pore_volume)
        tell("pore_filling", filling, "volume of matrix / (mass of filler x pore volume)")
        checks = (_filled(name, found["pore_filling"]),)
    if specific_surface_area is not None and shell_thickness is not None:
        shell = filler_fraction * filler_density * specific_surface_area * shell_thickness
        tell("volume_fraction:shell", shell, "filler x surface area x thickness, flat")
    return Result("filler_budget", name, found, xr.Dataset(), checks)


def _filled(name: str, filling: Quantity) -> Check:
    """Return whether there is matrix enough to fill the pores."""
    value = filling.value or 0.0
    if value >= 1.0:
        return Check("pores can be filled", True, f"{name}: there is {value:.3g} times as much matrix as pore volume")
    empty = f"{100.0 * (1.0 - value):.3g} % of them stay empty at best"
    return Check("pores can be filled", False, f"{name}: the matrix fills {100.0 * value:.3g} % of the pores; {empty}")
