"""The share of each part of a cell in its polarization, in closed form; a part whose number nobody knows says so."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from closo.combine.arrhenius import predict
from closo.combine.ledgers.records import CellParameters
from closo.errors import StudyError
from closo.models.cell import forms
from closo.number import Number, u_of, uncertain, value_of
from closo.quantity import Quantity
from closo.result import Result

__all__ = ["PARTS", "Shares", "conductivity_of", "lower", "shares_of", "u_of", "upper", "value_of", "working_point"]

PARTS = {
    "separator": "electrolyte pellet",
    "sodium interface": "sodium | electrolyte interface",
    "cathode ions": "ion path in the cathode",
    "cathode electrons": "electron path in the cathode",
    "charge transfer": "charge transfer in the cathode",
}
_WORDS = {
    "interface_resistance": "resistance of the sodium interface",
    "cathode_ionic_conductivity": "effective ionic conductivity of the cathode",
    "cathode_electronic_conductivity": "effective electronic conductivity of the cathode",
}


@dataclass(frozen=True)
class Shares:
    """The overpotentials of the parts."""

    known: Mapping[str, Number]  # part -> overpotential [V]
    missing: Mapping[str, str]  # part -> what would have to be known
    # What the cathode costs less than the sum of its shares [V, <= 0], because the reaction moves to where the paths
    # are short; None where a share of the cathode is missing.
    redistribution: Number | None = None
    # (ion path + electron path) / charge transfer [1]; below 1: nearly uniform reaction.
    uniformity: Number | None = None

    @property
    def total(self) -> Number:
        """Return the sum of what is known [V]."""
        return sum(self.known.values(), uncertain(0.0, {})) + (
            0.0 if self.redistribution is None else self.redistribution
        )


def lower(number: Number) -> float:
    """Return the lower end of the 95 % interval."""
    return (Quantity("ratio", number).interval() or (float("nan"),) * 2)[0]


def upper(number: Number) -> float:
    """Return the upper end of the 95 % interval."""
    return (Quantity("ratio", number).interval() or (float("nan"),) * 2)[1]


def conductivity_of(source: Number | Quantity | Result | None, temperature: Number) -> Number | str:
    """Return the conductivity [S/m] at the working temperature, or the reason why there is none.

    Parameters
    ----------
    source : the conductivity at that temperature, or an Arrhenius result that gives it at any.
    temperature : [K].
    """
    if source is None:
        return "conductivity of the electrolyte"
    if isinstance(source, Result):
        source = predict(source, temperature)
    if isinstance(source, Quantity):
        return source.number if source.number is not None else f"conductivity of the electrolyte ({source.why})"
    return source


def working_point(
    cell: CellParameters, temperature: Number | None, current_density: Number | None
) -> tuple[Number, Number]:
    """Return temperature [K] and current density [A/m2], those of the cell where none is given.

    Raises
    ------
    StudyError  when one of them is not known or not positive.
    """
    kelvin = cell.temperature if temperature is None else temperature
    current = cell.current_density if current_density is None else current_density
    return _usable(cell, "temperature", kelvin), _usable(cell, "current density", current)


def _usable(cell: CellParameters, word: str, found: Number | None) -> Number:
    """Return the number, refused where it is not known or not positive."""
    if found is None:
        raise StudyError(
            f"The overpotential ledger of '{cell.name}' needs its {word}.", hint="State how the cell was run."
        )
    if not (math.isfinite(value_of(found)) and value_of(found) > 0):
        raise StudyError(f"'{cell.name}': a {word} of {value_of(found)} (SI) is not valid: it must be finite and > 0.")
    return found


def shares_of(
    cell: CellParameters, conductivity: Number | str, *, temperature: Number, current_density: Number
) -> Shares:
    """Return the share of each part at the working point.

    Parameters
    ----------
    cell : what is known of it.
    conductivity : of the solid electrolyte at `temperature` [S/m], or the reason why it is not known.
    temperature : [K].
    current_density : [A/m2].
    """
    found = {
        "separator": _separator(cell, conductivity),
        "sodium interface": _given(cell, "interface_resistance"),
        "cathode ions": _ions(cell, conductivity),
        "cathode electrons": _electrons(cell),
        "charge transfer": _charge_transfer(cell, temperature),
    }
    missing = {part: r for part, r in found.items() if isinstance(r, str)}
    known = {part: r * current_density for part, r in found.items() if not isinstance(r, str)}
    transfer = found["charge transfer"]
    if not isinstance(transfer, str):
        known["charge transfer"] = forms.charge_transfer_overpotential(current_density, transfer, temperature)
    cathode = [part for part in PARTS if part.startswith(("cathode", "charge"))]
    if any(part in missing for part in cathode):
        return Shares(known, missing)
    ions, electrons, kinetic = (known[part] / current_density for part in cathode)
    whole = forms.electrode_resistance(ions, electrons, kinetic)
    less = (whole - ions - electrons - kinetic) * current_density
    return Shares(known, missing, less, 3.0 * (ions + electrons) / kinetic)


def _given(cell: CellParameters, *names: str) -> Number | str:
    """Return the one value named, or the words for all that are missing."""
    lacking = [_WORDS.get(n, n.replace("_", " ")) for n in names if getattr(cell, n) is None]
    return " and ".join(lacking) if lacking else getattr(cell, names[0])


def _separator(cell: CellParameters, conductivity: Number | str) -> Number | str:
    thickness = _given(cell, "separator_thickness")
    if isinstance(thickness, str) or isinstance(conductivity, str):
        return " and ".join(r for r in (thickness, conductivity) if isinstance(r, str))
    return forms.layer_resistance(thickness, conductivity)


def _ions(cell: CellParameters, conductivity: Number | str) -> Number | str:
    """Return the ion path from its own conductivity, or from that of the electrolyte and a tortuosity exponent."""
    thickness, effective = _given(cell, "cathode_thickness"), _given(cell, "cathode_ionic_conductivity")
    if isinstance(effective, str) and cell.tortuosity_exponent is not None:
        fraction = _given(cell, "electrolyte_fraction")
        if isinstance(fraction, str) or isinstance(conductivity, str):
            effective = " and ".join(r for r in (fraction, conductivity) if isinstance(r, str))
        else:
            effective = forms.effective_conductivity(conductivity, fraction, cell.tortuosity_exponent)
    if isinstance(thickness, str) or isinstance(effective, str):
        return " and ".join(r for r in (thickness, effective) if isinstance(r, str))
    return forms.path_resistance(thickness, effective)


def _electrons(cell: CellParameters) -> Number | str:
    effective, thickness = _given(cell, "cathode_electronic_conductivity"), cell.cathode_thickness
    if isinstance(effective, str) or thickness is None:
        return _given(cell, "cathode_electronic_conductivity", "cathode_thickness")
    return forms.path_resistance(thickness, effective)


def _charge_transfer(cell: CellParameters, temperature: Number) -> Number | str:
    names = ("exchange_current_density", "active_fraction", "particle_radius", "cathode_thickness")
    exchange = _given(cell, *names)
    share, radius, thickness = cell.active_fraction, cell.particle_radius, cell.cathode_thickness
    if isinstance(exchange, str) or share is None or radius is None or thickness is None:
        return exchange
    roughness = forms.specific_interface(share, radius) * thickness
    return forms.charge_transfer_resistance(exchange, roughness, temperature)
