"""Electronic over ionic conductivity of one pellet, from a polarization between blocking electrodes and a spectrum.

Both conductivities are L/(R A) of the same pellet, so that thickness and area cancel in the ratio. It answers whether
electrons take part; which ion carries the rest of the current is another question (`closo.combine.transference`).

Source: Hebb 1952, doi:10.1063/1.1700165; Wagner 1957 (polarization with one or two blocking electrodes).
"""

from __future__ import annotations

import numpy as np

from closo.combine.conditions import at_one_temperature
from closo.dataset import new
from closo.errors import DataError
from closo.quantity import Quantity, withheld
from closo.result import Check, Result

_NEGLIGIBLE = 1e-3


def electronic_fraction(polarization: Result, spectrum: Result, *, name: str) -> Result:
    """Return sigma_e/sigma of a pellet.

    Parameters
    ----------
    polarization : of technique 'polarization' with blocking electrodes.
    spectrum : of technique 'impedance', of the same pellet.
    name : the pellet.

    Returns
    -------
    Result
        `electronic_fraction`, or where the electronic conductivity is below the instrument's floor
        `electronic_fraction:upper_limit`; the check says whether it is below 1e-3.

    Raises
    ------
    DataError  when the spectrum gave no conductivity, or was made at another temperature.
    """
    at_one_temperature((polarization, spectrum), "An electronic fraction")
    ionic = spectrum.quantities.get("ionic_conductivity")
    if ionic is None or ionic.number is None:
        why = "it has none" if ionic is None else ionic.why
        raise DataError(f"An electronic fraction of '{name}' needs its ionic conductivity: {why}.")
    quantities = {}
    for suffix in ("", ":upper_limit"):
        found = polarization.quantities.get(f"electronic_conductivity{suffix}")
        if found is None:
            continue
        if found.number is None:
            quantities[f"electronic_fraction{suffix}"] = withheld("electronic_fraction", found.why or "not determined")
            continue
        method = f"{found.method}, over {ionic.method}"
        quantities[f"electronic_fraction{suffix}"] = Quantity(
            "electronic_fraction", found.number / ionic.number, method
        )
    if not quantities:
        raise DataError(
            f"'{polarization.name}' has no electronic conductivity.",
            hint="Set electrodes = 'blocking' and give area and thickness.",
        )
    return Result(
        technique="electronic_fraction",
        name=name,
        quantities=quantities,
        curves=new("record", {"electronic_fraction": [_best(quantities)]}, source=name),
        checks=(_negligible(quantities),),
        findings={"polarization": polarization.name, "spectrum": spectrum.name},
    )


def _best(quantities: dict[str, Quantity]) -> float:
    known = [q.value for q in quantities.values() if q.value is not None]
    return float(known[0]) if known else float(np.nan)


def _negligible(quantities: dict[str, Quantity]) -> Check:
    """Return whether electrons carry less than a thousandth."""
    first = quantities.get("electronic_fraction")
    limit = quantities.get("electronic_fraction:upper_limit")
    highest = None
    if first is not None and first.number is not None:
        highest = (first.interval() or (0.0, float("nan")))[1]
    elif limit is not None and limit.number is not None:
        highest = (limit.interval() or (0.0, float("nan")))[1]
    if highest is None or not np.isfinite(highest):
        return Check("electronic conduction", None, "neither a value nor a limit is known.")
    text = f"electrons carry at most {highest:.1e} of what ions carry (95 %); the limit is {_NEGLIGIBLE:g}."
    return Check("electronic conduction", bool(highest < _NEGLIGIBLE), text)
