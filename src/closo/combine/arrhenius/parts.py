"""Laws of their own for the bulk and the grain boundaries, where the spectra of a pellet tell them apart.

Each is the law of L/(R A) with the resistance of that part alone. Of the grain boundaries this is the apparent conductivity:
the brick-layer factor C_b/C_gb shifts the prefactor and leaves the energy alone. A bulk counts only where nothing of
the grain boundary can be in it: where other temperatures show a second arc, one that is alone may be the sum of both.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from closo.combine.arrhenius.points import Point
from closo.quantity import Number, Quantity, withheld
from closo.result import Check, Result

PARTS = {"bulk": "bulk", "grain_boundary": "grain boundary"}
_NUMBERS = ("activation_energy", "prefactor", "log_prefactor", "ionic_conductivity:reference", "transition_temperature")
_LAWS = (*(f"{key}{side}" for key in _NUMBERS for side in ("", ":low", ":high")), "activation_energy:vogel")
_CHECKS = ("enough points", "scatter", "one straight line", "outliers", "hysteresis", "plausible energy")


@dataclass(frozen=True)
class Part:
    """What the spectra of a pellet say of its bulk or of its grain boundaries."""

    points: tuple[Point, ...]  # L/(R A) of the part over temperature
    measured: int  # spectra that were asked
    why: str = ""  # the most frequent reason why a spectrum does not tell, '' where all do


def parts_of(
    results: Iterable[Result], branches: Mapping[str, str], *, together: Result | None = None
) -> dict[str, Part]:
    """Return the parts that at least one spectrum tells apart.

    Parameters
    ----------
    results : single analyses of one pellet; those without arcs or without a temperature are passed over.
    branches : name of a measurement -> heating or cooling.
    together : of `impedance_series`; where it used a common fit its resistances are taken, and no single one.
    """
    asked = [
        r for r in results if "bulk_resistance" in r.quantities and _number(r.quantities, "temperature") is not None
    ]
    common = together if together is not None and together.findings.get("used") else None
    from_common = set(common.findings["members"]) if common is not None else set()
    found = {}
    for part in PARTS:
        told = [_told(common, f":{r.name}") if common and r.name in from_common else _told(r, "") for r in asked]
        seen_apart = any(_number(quantities, "grain_boundary_resistance") is not None for quantities in told)
        points, reasons = [], Counter[str]()
        for result, quantities in zip(asked, told, strict=True):
            why = _withheld(quantities, part, seen_apart)
            if why:
                reasons[why] += 1
                continue
            branch = branches.get(result.name) or (result.about.branch or _only(branches))
            kelvin, sigma = result.quantities["temperature"].number, _conductivity(quantities, part)
            assert kelvin is not None
            assert sigma is not None
            points.append(Point(kelvin, sigma, branch, result.name))
        if points:
            found[part] = Part(tuple(points), len(asked), reasons.most_common(1)[0][0] if reasons else "")
    return found


def _told(result: Result, ending: str) -> dict[str, Quantity]:
    """Return what a result says of one spectrum, without the name of the spectrum in the keys."""
    return {key.removesuffix(ending): q for key, q in result.quantities.items() if key.endswith(ending)}


def _number(quantities: Mapping[str, Quantity], key: str) -> Number | None:
    return quantities[key].number if key in quantities else None


def _only(branches: Mapping[str, str]) -> str:
    """Return the branch that all spectra belong to, '' where there is more than one."""
    names = set(branches.values())
    return names.pop() if len(names) == 1 else ""


def _withheld(quantities: Mapping[str, Quantity], part: str, seen_apart: bool) -> str:
    """Say why a spectrum does not tell the part, '' where it does."""
    quantity = quantities.get(f"{part}_resistance")
    if quantity is None or quantity.number is None:
        return (quantity.why if quantity is not None else None) or "it has no arcs"
    if _conductivity(quantities, part) is None:
        return "its geometry is not known"
    boundary = quantities.get("grain_boundary_resistance")
    from closo.techniques.impedance.reading import NO_BOUNDARY

    if part == "bulk" and seen_apart and boundary is not None and (boundary.why or "").startswith(NO_BOUNDARY):
        return "one arc only, while other temperatures show two: it may be the sum of both"
    return ""


def _conductivity(quantities: Mapping[str, Quantity], part: str) -> Number | None:
    """Return L/(R A) [S/m] of a part; L/A is what the total or the bulk was computed with."""
    resistance = _number(quantities, f"{part}_resistance")
    for whole, sigma in (("total_resistance", "ionic_conductivity"), ("bulk_resistance", "bulk_conductivity")):
        r, s = _number(quantities, whole), _number(quantities, sigma)
        if r is not None and s is not None and resistance is not None:
            return s if whole == f"{part}_resistance" else s * (r / resistance)
    return None


def with_parts(result: Result, laws: Mapping[str, Result]) -> Result:
    """Return the Arrhenius result of a pellet with those of its parts in it.

    Keys get the part at their end (`activation_energy:bulk`), curves in front (`bulk_temperature`), findings under `parts`.
    """
    quantities, findings = dict(result.quantities), dict(result.findings)
    curves, checks, notes = result.curves, list(result.checks), list(result.notes)
    for part, law in laws.items():
        words = PARTS[part]
        quantities |= {f"{key}:{part}": _named(law.quantities[key], words) for key in _LAWS if key in law.quantities}
        findings["parts"] = findings.get("parts", {}) | {part: dict(law.findings)}
        renamed = law.curves.rename({name: f"{part}_{name}" for name in (*law.curves.variables, *law.curves.dims)})
        if renamed.variables:
            metadata = dict(curves.attrs["metadata"]) | {part: law.curves.attrs["metadata"]}
            curves = curves.assign(dict(renamed.variables)).assign_attrs(metadata=metadata)
        checks += [Check(f"{c.name}, {words}", c.passed, c.detail) for c in law.checks if c.name in _CHECKS]
        notes += [f"The {words}: {note[0].lower()}{note[1:]}" for note in law.notes]
    return replace(
        result, quantities=quantities, findings=findings, curves=curves, checks=tuple(checks), notes=tuple(notes)
    )


def _named(quantity: Quantity, words: str) -> Quantity:
    """Return the quantity with its part in the method, or in the reason why it is withheld."""
    method = f"{words}, L/(R A): {quantity.method}"
    if quantity.number is None:
        return withheld(quantity.name, quantity.why or "", method=method)
    return Quantity(quantity.name, quantity.number, method)


def without_part(part: Part, name: str, why: str) -> str:
    """Say why a part has no law."""
    told = f"{len(part.points)} of {part.measured} spectra of {name} tell it"
    return f"{told}; {why}" + (f" (the others: {part.why})" if part.why else "")


def view(result: Result, part: str) -> Result:
    """Return the law of a part as a result of its own, of what the figure needs."""
    front = f"{part}_"
    names = [name for name in result.curves.variables if str(name).startswith(front)]
    dims = {dim for name in names for dim in result.curves[name].dims}
    stripped = {name: str(name).removeprefix(front) for name in (*names, *dims)}
    import xarray as xr

    curves = xr.Dataset(
        {
            stripped[name]: ([stripped[d] for d in result.curves[name].dims], np.asarray(result.curves[name].values))
            for name in names
        },
        attrs={"metadata": result.curves.attrs["metadata"].get(part, {})},
    )
    findings: Mapping[str, Any] = result.findings["parts"][part]
    quantities = {key.removesuffix(f":{part}"): q for key, q in result.quantities.items() if key.endswith(f":{part}")}
    return Result(result.technique, PARTS[part], quantities, curves, settings=result.settings, findings=findings)
