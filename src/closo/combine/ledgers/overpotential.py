"""The overpotential ledger: what each part of a cell costs in voltage and capacity, against what was measured."""

from __future__ import annotations

import numpy as np
import xarray as xr

from closo.combine.arrhenius.points import celsius
from closo.combine.ledgers.limits import STEADY, Findings, answer, checks_of
from closo.combine.ledgers.records import CellParameters
from closo.combine.ledgers.shares import PARTS, Shares, conductivity_of, shares_of, u_of, value_of, working_point
from closo.dataset import Dataset
from closo.errors import StudyError
from closo.models.cell import forms
from closo.quantity import Number, Quantity, withheld
from closo.result import Result

_METHOD = {
    "separator": "j L/sigma of the pellet",
    "sodium interface": "j R of one interface",
    "cathode ions": "j L/(3 sigma_ion,eff), uniform reaction",
    "cathode electrons": "j L/(3 sigma_e,eff), uniform reaction",
    "charge transfer": "(2RT/F) asinh(j/(2 j0 a L))",
}


def overpotential_ledger(
    cell: CellParameters,
    *,
    conductivity: Number | Quantity | Result | None,
    temperature: Number | None = None,
    current_density: Number | None = None,
    measured_hysteresis: Number | None = None,
    intrinsic_hysteresis: Number | None = None,
    measured_capacity: Number | None = None,
) -> Result:
    """Return the share of each part of a cell in its polarization, and what limits it.

    Parameters
    ----------
    cell : what is known of it; what is None is reported as not known.
    conductivity : of the solid electrolyte at the working temperature [S/m], or an Arrhenius result.
    temperature, current_density : of the working point [K], [A/m2]; those of the cell where not given.
    measured_hysteresis : mean charge voltage minus mean discharge voltage [V].
    intrinsic_hysteresis : what of it belongs to the active material itself, without current [V].
    measured_capacity : of the discharge [C/kg of active material].

    Returns
    -------
    Result
        technique 'overpotential_ledger'; quantities overpotential:<part>, :redistribution, :known, :measured, :left (all
        of one direction: half the gap), explained_share, area_specific_resistance:separator and :left,
        time_constant:diffusion, ratio:diffusion (R^2/D over the time of a full leg), capacity_loss:diffusion (both
        ends), :measured, specific_capacity:diffusion, temperature_sensitivity. `findings["answer"]` is the sentence.

    Raises
    ------
    StudyError  when temperature or current density are not known, or a value cannot be.

    Example
    -------
    >>> cell = CellParameters(name="RT", separator_thickness=801e-6, temperature=293.15, current_density=0.271)
    >>> result = overpotential_ledger(cell, conductivity=0.03148, measured_hysteresis=0.4)
    >>> round(1e3 * result.quantities["overpotential:separator"].value, 1)          # mV
    6.9
    """
    kelvin, current = working_point(cell, temperature, current_density)
    for word, hysteresis in (("measured", measured_hysteresis), ("intrinsic", intrinsic_hysteresis)):
        _refuse_negative(word, hysteresis, cell.name)
    sigma = conductivity_of(conductivity, kelvin)
    shares = shares_of(cell, sigma, temperature=kelvin, current_density=current)
    gap, left = _compared(shares, measured_hysteresis, intrinsic_hysteresis)
    loss = None
    if measured_capacity is not None and cell.theoretical_capacity is not None:
        loss = 1.0 - measured_capacity / cell.theoretical_capacity
    found = Findings(shares, gap, left, loss, _one_end(cell, current))
    quantities = _overpotentials(shares) | _against_gap(shares, gap, left, current=current)
    quantities |= _diffusion(cell, kelvin, current)
    if loss is not None:
        quantities["capacity_loss:measured"] = Quantity("capacity_loss", loss, "1 - measured / theoretical capacity")
    sentence = answer(found)
    findings = {
        "answer": sentence,
        "temperature": value_of(kelvin),
        "current_density": value_of(current),
        "missing": dict(shares.missing),
    }
    at = f"At {celsius(value_of(kelvin))} and {value_of(current) * 100:.4g} uA/cm2."
    curves = _curves(shares, gap, left, name=cell.name)
    checks, notes = checks_of(found), (sentence, at)
    return Result("overpotential_ledger", cell.name, quantities, curves, checks, {}, notes, findings=findings)


def _refuse_negative(word: str, hysteresis: Number | None, name: str) -> None:
    if hysteresis is not None and value_of(hysteresis) < 0:
        raise StudyError(
            f"The {word} hysteresis of '{name}' is {value_of(hysteresis) * 1e3:.3g} mV: charge lies below discharge.",
            hint="Give mean charge voltage minus mean discharge voltage.",
        )


def _overpotentials(shares: Shares) -> dict[str, Quantity]:
    """Return one line per part, withheld where a number is missing."""
    lines = {}
    for part in PARTS:
        known = shares.known.get(part)
        why = f"not known: {shares.missing.get(part)}"
        lines[f"overpotential:{part}"] = (
            withheld("overpotential", why, method=_METHOD[part])
            if known is None
            else Quantity("overpotential", known, _METHOD[part])
        )
    if shares.redistribution is not None:
        method = "exact porous electrode minus its three shares"
        lines["overpotential:redistribution"] = Quantity("overpotential", shares.redistribution, method)
    return lines


def _compared(shares: Shares, measured: Number | None, intrinsic: Number | None) -> tuple[Number | None, Number | None]:
    """Return the gap due to the current and what of its half is left [V]; None where nothing was measured."""
    if measured is None:
        return None, None
    gap = measured if intrinsic is None else measured - intrinsic
    if value_of(gap) <= 0:
        raise StudyError(
            f"The hysteresis measured ({value_of(measured) * 1e3:.3g} mV) is not above the material's own.",
            hint="One of the two is wrong.",
        )
    return gap, 0.5 * gap - shares.total


def _against_gap(shares: Shares, gap: Number | None, left: Number | None, *, current: Number) -> dict[str, Quantity]:
    """Return the sums and what is left."""
    lines = {"overpotential:known": Quantity("overpotential", shares.total, "sum of the known shares")}
    if "separator" in shares.known:
        lines["area_specific_resistance:separator"] = Quantity(
            "area_specific_resistance", shares.known["separator"] / current, "L/sigma"
        )
    if gap is None or left is None:
        why = "no voltage difference between charge and discharge was given"
        return lines | {
            "overpotential:left": withheld("overpotential", why),
            "explained_share": withheld("explained_share", why),
        }
    lines["overpotential:measured"] = Quantity("overpotential", 0.5 * gap, "half the gap of charge and discharge")
    lines["overpotential:left"] = Quantity("overpotential", left, "half the gap minus the known shares")
    lines["explained_share"] = Quantity("explained_share", 2.0 * shares.total / gap, "known shares over half the gap")
    if value_of(left) > 2.0 * u_of(left):
        method = "what is left over the current, as one resistance"
        lines["area_specific_resistance:left"] = Quantity("area_specific_resistance", left / current, method)
    return lines


def _full_leg(cell: CellParameters, current: Number) -> Number | None:
    """Return theoretical capacity over current [s]."""
    if cell.active_mass is None or cell.theoretical_capacity is None or cell.area is None:
        return None
    return cell.active_mass * cell.theoretical_capacity / (cell.area * current)


def _one_end(cell: CellParameters, current: Number) -> Number | None:
    """Return the share of capacity that diffusion withholds at one end [1]."""
    leg = _full_leg(cell, current)
    if cell.particle_radius is None or cell.diffusivity is None or leg is None:
        return None
    return forms.diffusion_loss(forms.diffusion_time(cell.particle_radius, cell.diffusivity), leg)


def _diffusion(cell: CellParameters, kelvin: Number, current: Number) -> dict[str, Quantity]:
    """Return the lines on diffusion."""
    names = ("particle_radius", "diffusivity", "active_mass", "theoretical_capacity", "area")
    lacking = [n.replace("_", " ") for n in names if getattr(cell, n) is None]
    one_end, leg = _one_end(cell, current), _full_leg(cell, current)
    radius, diffusivity, capacity = cell.particle_radius, cell.diffusivity, cell.theoretical_capacity
    if one_end is None or leg is None or radius is None or diffusivity is None or capacity is None:
        return {"capacity_loss:diffusion": withheld("capacity_loss", f"not known: {' and '.join(lacking)}")}
    tau = forms.diffusion_time(radius, diffusivity)
    lines = {
        "time_constant:diffusion": Quantity("time_constant", tau, "R^2/D"),
        "ratio:diffusion": Quantity("ratio", tau / leg, "R^2/D over the time of a complete half cycle"),
    }
    if value_of(one_end) > STEADY:
        why = f"R^2/D is {value_of(tau / leg):.2g} half cycles: no steady profile, most of the capacity is withheld"
        return lines | {"capacity_loss:diffusion": withheld("capacity_loss", why)}
    lost = 2.0 * one_end
    lines["capacity_loss:diffusion"] = Quantity("capacity_loss", lost, "2 R^2/(15 D t): a discharge after a charge")
    given = capacity * (1.0 - lost)
    lines["specific_capacity:diffusion"] = Quantity("specific_capacity", given, "what diffusion leaves")
    if cell.diffusion_energy is not None:
        slope = forms.diffusion_sensitivity(one_end, cell.diffusion_energy, kelvin)
        lines["temperature_sensitivity"] = Quantity(
            "temperature_sensitivity", slope, "of the capacity diffusion leaves"
        )
    return lines


def _curves(shares: Shares, gap: Number | None, left: Number | None, *, name: str) -> Dataset:
    """Return the bars of the figure: contributions to the gap [V], NaN where not known."""
    bars: dict[str, Number | None] = {part: shares.known.get(part) for part in PARTS}
    if shares.redistribution is not None:
        bars["redistribution"] = shares.redistribution
    if gap is not None:
        bars |= {"left": left, "measured": 0.5 * gap}
    value = [np.nan if n is None else 2.0 * value_of(n) for n in bars.values()]
    u = [np.nan if n is None else 2.0 * u_of(n) for n in bars.values()]
    variables = {
        "overpotential": ("part", np.array(value), {"units": "V"}),
        "overpotential_u": ("part", np.array(u), {"units": "V"}),
    }
    return xr.Dataset(variables, attrs={"kind": "ledger", "source": name, "metadata": {"parts": list(bars)}})
