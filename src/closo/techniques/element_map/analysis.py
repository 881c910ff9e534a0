"""Lines of an X-ray spectrum or map, and what maps say of mixing and surfaces."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr
from scipy.sparse import csr_matrix
from scipy.special import gammaincc

from closo.dataset import Dataset, name_of, require
from closo.errors import DataError
from closo.quantity import Quantity, uncertain, withheld
from closo.result import Check, Result
from closo.techniques.element_map import lines
from closo.techniques.element_map.places import Maps, incomplete, mixing, square_pixel, surface, together
from closo.techniques.element_map.request import Asked, asked_of
from closo.techniques.linear_fit import fit_linear

_USUAL = ("B", "C", "O", "Na", "Si")
_BELOW, _BEHIND, _LOWEST = 90.0, 200.0, 60.0  # eV of range beside the lines; below it is only noise
_ABSORBED = {False: 0.25, True: 0.05}  # above 1 keV: relative uncertainty of what is not corrected
_VAGUE, _MISFIT, _HOPELESS, _DIFFER = (0.4, 2.0, (10.0, 0.1), 5.0)  # relative u; chi2; both without a number; eV
_NOISE = (0.7, 1.4)  # scatter of pixels over that of counts


def analyse(
    data: Dataset,
    *,
    elements: str | None = None,
    resolution: float = 130.0,
    k_factors: str | None = None,
    ratio: str = "B/Na",
    particle: str = "Si",
) -> Result:
    """Return the lines of a spectrum or a map and, of a map, mixing, colocalisation and the profile across surfaces.

    Parameters
    ----------
    data : a measurement of kind 'x_ray', 'x_ray_image' or 'x_ray_events'.
    elements : whose lines are fitted, 'B, C, O, Na, Si'; of these the ones in the range when absent.
    resolution : width at Mn K alpha [eV], where the fit begins.
    k_factors : by mass, 'O:2.0 ± 0.2, Na:1.2, Si:1'; without ± 15 % uncertain, as tables are.
    ratio : of elements, whose enrichment at the edge of particles is asked for.
    particle : the element that marks particles.

    Raises
    ------
    DataError  when there are no counts, or no line lies in the range.
    StudyError  when a setting is wrong.
    """
    kept = {name: value for name, value in locals().items() if name != "data" and value is not None}
    asked = asked_of(kept)
    rows, energies, raster, pixel = _counts(data)
    whole = np.asarray(rows.sum(axis=1), float).ravel()
    inside = [
        e for e in asked.elements or _USUAL if energies[0] + _LOWEST < lines.LINES[e][0][0] < energies[-1] - _LOWEST
    ]
    lacking = set(asked.elements or ()) - set(inside)
    if not inside or lacking:
        absent = ", ".join(sorted(lacking)) or "B, C, O, Na or Si"
        text = f"no line of {absent} lies in {energies[0]:.0f} to {energies[-1]:.0f} eV."
        raise DataError(text, file=data.attrs.get("source"), hint="Name others: --set elements='Na, Si'.")
    chosen, name = tuple(inside), name_of(data)
    places = [lines.LINES[e][0][0] for e in chosen]
    low, high = np.searchsorted(energies, (max(min(places) - _BELOW, _LOWEST), max(places) + _BEHIND))
    energies, rows = energies[low:high], rows[:, low:high]
    total = np.asarray(rows.sum(axis=0), float).ravel()
    if total.sum() < 10:
        raise DataError(
            f"the spectrum has {total.sum():.0f} counts.", file=data.attrs.get("source"), hint="Count longer."
        )
    quantities, check, design, wrong = _lines(name, chosen, energies, total, resolution=resolution)
    quantities |= _atoms(name, quantities, chosen, asked.factors)
    model = fit_linear(design, total)
    curves = xr.Dataset(
        {
            "mean_counts": ("energy", total),
            "model": ("energy", model.values @ design),
            "background": ("energy", model.values[len(chosen) :] @ design[len(chosen) :]),
        },
        {"energy": energies},
    )
    findings: dict[str, Any] = {"elements": list(chosen)}
    checks = [check]
    if raster is not None:
        k = len(chosen)
        fit = fit_linear(design, rows)
        known = np.isfinite(fit.chi2) & (whole > 0)
        noise = float(np.average(fit.chi2[known], weights=whole[known])) / fit.df
        covariances = np.moveaxis(fit.covariance[:, :k, :k], 0, -1).reshape(k, k, *raster)
        covariances *= 1.0 if _NOISE[0] < noise < _NOISE[1] else noise
        maps = Maps(name, chosen, fit.values[:, :k].T.reshape(k, *raster), covariances, pixel)
        more, drawn, found, tested = _places(maps, asked, wrong or incomplete(whole, raster))
        quantities, curves = quantities | more, curves.assign(drawn)
        said = f"pixels scatter {noise:.2f} times as much as counts (variance), limits {_NOISE[0]:g} and {_NOISE[1]:g}"
        findings, checks = findings | found, [*checks, Check("counts", _NOISE[0] < noise < _NOISE[1], said), *tested]
    return Result(
        "element_map", name, quantities, curves, tuple(checks), kept, tuple(data.attrs["warnings"]), None, findings
    )


def _counts(data: Dataset) -> tuple[Any, np.ndarray, tuple[int, int] | None, float | None]:
    """Return counts (pixels, channels; sparse where they came as events), energies, rows and columns, and the pixel [m].

    The pixel is None where it is not stated, or not square.
    """
    require(data, "counts", who="element_map")
    said = data.attrs["metadata"]
    if data.attrs["kind"] == "x_ray_events":
        if not {"raster", "energy_offset", "energy_step", "channels"} <= set(said):
            text = "element_map needs the raster and the energies of the events, which the measurement does not state."
            raise DataError(text, file=data.attrs.get("source"), hint="Read the file of the microscope itself.")
        height, width = said["raster"]
        energies = said["energy_offset"] + said["energy_step"] * np.arange(said["channels"])
        shape, places = (height * width, len(energies)), (data["pixel"].values, data["channel"].values)
        if np.any(np.diff(places[0]) < 0):
            rows = csr_matrix((data["counts"].values, places), shape=shape)
        else:  # nothing is held twice
            starts = np.searchsorted(places[0], np.arange(height * width + 1)).astype(np.int32)
            rows = csr_matrix((data["counts"].values, places[1], starts), shape=shape)
        return rows, energies, (height, width), said.get("pixel_size")
    require(data, "energy", who="element_map")
    counts, energies = data["counts"].values, np.asarray(data["energy"].values, float)
    return (
        counts.reshape(-1, len(energies)),
        energies,
        counts.shape[:2] if counts.ndim == 3 else None,
        square_pixel(data),
    )


def _lines(
    name: str, elements: tuple[str, ...], energies: np.ndarray, total: np.ndarray, *, resolution: float
) -> tuple[dict[str, Quantity], Check, np.ndarray, str]:
    """Return the counts of each element with its limit of detection, the check of the fit, the components, what is wrong."""
    width, shift = lines.calibrated(energies, total, elements, resolution)

    def fitted(*, wider: float = 0.0, more: int = 0) -> Any:
        return fit_linear(lines.components(energies, elements, resolution=width + wider, shift=shift, more=more), total)

    design = lines.components(energies, elements, resolution=width, shift=shift)
    fit, other, wide, narrow = fitted(), fitted(more=2), fitted(wider=_DIFFER), fitted(wider=-_DIFFER)
    chi2 = float(fit.chi2) / fit.df
    model, quantities, wrong = fit.values @ design, {}, ""
    off = (max(chi2 - 1.0, 0.0) / max(float(model.mean()), 1e-9)) ** 0.5
    if not (chi2 <= _HOPELESS[0] or off <= _HOPELESS[1]):
        wrong = f"the lines do not explain the spectrum (off by {off:.0%}): name more elements, or check its axis"
    for k, element in enumerate(elements):
        value = float(fit.values[k])
        spread = abs(float(other.values[k]) - value)
        sources = {
            f"counting {element}:{name}": float(fit.u[k]) * max(1.0, chi2) ** 0.5,
            f"background {element}:{name}": spread,
            f"resolution {element}:{name}": float(wide.values[k] - narrow.values[k]) / 2.0,
        }
        number = uncertain(value, sources)
        blank = np.maximum(model - max(value, 0.0) * design[k], 0.1)
        without = float(np.linalg.inv((design / blank) @ design.T)[k, k]) * max(1.0, chi2)
        limit = 2.71 + 3.29 * (without + (spread**2 if value < 3 * spread else 0.0)) ** 0.5
        key, how = f"line_intensity:{element}", f"all lines fitted from {energies[0]:.0f} to {energies[-1]:.0f} eV"
        quantities[key] = Quantity("line_intensity", number, how)
        if wrong:
            quantities[key] = withheld("line_intensity", wrong, method=how)
        elif float(quantities[key].u or 0.0) > _VAGUE * max(value, 0.0):
            upper = max(value, 0.0) + 1.645 * float(quantities[key].u or 0.0)
            quantities[key] = withheld("line_intensity", f"not seen: below {upper:.3g} counts (95 %)", method=how)
        bound = uncertain(limit, {f"limit {element}:{name}": limit / (2.0 * fit.df) ** 0.5})
        quantities[f"line_detection_limit:{element}"] = Quantity(
            "line_detection_limit", bound, "2.71 + 3.29 u of a blank"
        )
    said = f"chi2 over its degrees of freedom {chi2:.2f}, limit {_MISFIT:g}; resolution {width:.0f} eV, axis {shift:+.1f} eV"
    calm = gammaincc(0.5 * fit.df, 0.5 * float(fit.chi2)) > 1.0 - 1e-6
    said += "; less scatter than counts have: scaled or smoothed values" if calm else ""
    unseen = len(elements) > 1 and all(quantities[f"line_intensity:{e}"].value is None for e in elements)
    said += "; none of the lines is seen: is the axis right?" if unseen and not wrong else ""
    return quantities, Check("fit of the lines", chi2 <= _MISFIT and not calm and not unseen, said), design, wrong


def _atoms(
    name: str, quantities: Mapping[str, Quantity], elements: tuple[str, ...], factors: Mapping[str, tuple[float, float]]
) -> dict[str, Quantity]:
    """Return atom fractions by k-factors (Cliff, Lorimer) of the elements that have one and are seen."""
    seen = {e: n for e in elements if e in factors and (n := quantities[f"line_intensity:{e}"].number) is not None}
    if len(seen) < 2:
        return {}
    amounts = {}
    for e, counts in seen.items():
        k = uncertain(factors[e][0], {f"k_factor {e}": factors[e][1]})
        k = k * uncertain(1.0, {f"absorption {e}:{name}": _ABSORBED[lines.LINES[e][0][0] > 1000.0]})
        amounts[e] = counts * k / lines.MASSES[e]
    whole = sum(amounts.values())
    how = f"k-factors by mass, absorption not corrected; {', '.join(seen)} together are 100 %"
    return {f"atom_fraction:{e}": Quantity("atom_fraction", amounts[e] / whole, how) for e in seen}


def _places(
    maps: Maps, asked: Asked, wrong: str
) -> tuple[dict[str, Quantity], dict[str, Any], dict[str, Any], list[Check]]:
    """Return what maps say beyond their sums: quantities, curves, findings, checks; only curves where they are `wrong`."""
    drawn: dict[str, Any] = {}
    for k, e in enumerate(maps.elements):
        drawn |= {f"map:{e}": (("y", "x"), maps.values[k]), f"map_u:{e}": (("y", "x"), np.sqrt(maps.covariances[k, k]))}
    if wrong:
        names = (f"mixing_unevenness:{asked.particle}", f"enrichment:{'/'.join(asked.ratio)}", "shell_width")
        lost = {name: withheld(name.split(":")[0], wrong) for name in names}
        return lost, drawn, {}, [Check("maps", False, wrong)]
    if asked.particle not in maps.elements:
        return {}, drawn, {}, [Check("particles", None, f"{asked.particle} is not among the elements")]
    quantities = mixing(maps, asked.particle)
    for e in dict.fromkeys(e for e in asked.ratio if e in maps.elements and e != asked.particle):
        quantities[f"colocalisation:{e}/{asked.particle}"] = together(maps, e, asked.particle)
    if not set(asked.ratio) <= set(maps.elements):
        return quantities, drawn, {}, []
    more, curves, found, check = surface(maps, asked.ratio, asked.particle)
    return quantities | more, drawn | curves, found, [check]
