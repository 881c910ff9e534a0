"""References fitted together with the background: their counts, their maps, and the profile across particles."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from closo.errors import DataError, StudyError
from closo.quantity import Quantity, uncertain, withheld
from closo.result import Check
from closo.techniques.eels.background import Spectra, columns_of
from closo.techniques.element_map.places import Maps, incomplete, surface
from closo.techniques.linear_fit import LinearFit, block_bootstrap, fit_linear

_SHIFT = 0.3  # eV of alignment


def joint(
    spectra: Spectra, references: str, *, first: int, exponent: float, file: Any
) -> tuple[dict[str, Quantity], dict[str, Any], Check]:
    """Return counts of references that are fitted together with two power laws, their maps, and a check of the residuals."""
    energies, names = spectra.energies[first:], []
    shapes = {}
    for text in (word.strip() for word in references.split(",") if word.strip()):
        names.append(Path(text).stem)
        shapes[names[-1]] = columns_of(Path(text))
    laws = [(energies / energies[0]) ** -(exponent + d) for d in (-0.2, 0.2)]

    def components(shift: float = 0.0, moved: str = "") -> np.ndarray:
        rows = []
        for name, (e, y) in shapes.items():
            row = np.interp(energies - (shift if name == moved else 0.0), e, y, left=0.0)
            if e[-1] < energies[-1] - 1.0 or row.sum() <= 0:
                text = f"the reference '{name}' ends at {e[-1]:g} eV, before the spectrum does."
                raise DataError(text, file=file, hint="Cut the spectrum, or take a longer reference.")
            rows.append(row / row.sum())
        return np.array([*rows, *laws])

    total = spectra.total[first:]
    fit = fit_linear(components(), total)
    model = fit.values @ components()
    blocks = block_bootstrap(components(), total, variance=np.maximum(model, 1.0), block=max(4, len(total) // 40))
    quantities, pixels = {}, spectra.share
    for k, name in enumerate(names):
        moved = [fit_linear(components(d, name), total).values[k] for d in (-_SHIFT, _SHIFT)]
        structure = max(float(blocks[:, k].var()) - float(fit.u[k]) ** 2, 0.0) ** 0.5
        sources = {
            f"counting {name}:{spectra.name}": float(fit.u[k]) / pixels,
            f"structure {name}:{spectra.name}": structure / pixels,
            f"alignment {name}:{spectra.name}": float(moved[1] - moved[0]) / 2.0 / pixels,
        }
        how = f"fitted with {len(names)} references and two power laws from {energies[0]:.0f} eV"
        quantities[f"edge_intensity:{name}"] = Quantity(
            "edge_intensity", uncertain(fit.values[k] / pixels, sources), how
        )
    curves: dict[str, Any] = {"model": ("energy_loss", np.concatenate([np.full(first, np.nan), model / pixels]))}
    if spectra.raster is not None:
        curves |= _joint_maps(spectra, names, fit_linear(components(), spectra.cube[:, first:]))
    chi2 = float(fit.chi2) / fit.df
    said = (
        f"chi2 over its degrees of freedom {chi2:.2f} (limit 1.5): a reference is wrong or missing where it is larger"
    )
    return quantities, curves, Check("residuals", chi2 <= 1.5, said)


def _joint_maps(spectra: Spectra, names: list[str], fit: LinearFit) -> dict[str, Any]:
    """Return maps of the references with their uncertainties, and of chi2."""
    maps: dict[str, Any] = {"misfit": (("y", "x"), (fit.chi2 / fit.df).reshape(spectra.raster))}
    for k, name in enumerate(names):
        maps[f"map:{name}"] = (("y", "x"), spectra.scale * fit.values[:, k].reshape(spectra.raster))
        maps[f"map_u:{name}"] = (("y", "x"), spectra.scale * fit.u[:, k].reshape(spectra.raster))
    return maps


def across(
    spectra: Spectra, maps: dict[str, Any], asked: tuple[str, str, str]
) -> tuple[dict[str, Quantity], dict[str, Any], dict[str, Any], Check]:
    """Return what `element_map` says of a surface: enrichment, width of a shell, profile, findings, check.

    `maps` : curves with 'map:NAME' and 'map_u:NAME'; `asked` : two names whose ratio is taken, and what marks particles.

    Raises
    ------
    StudyError  when a name has no map.
    """
    lacking = [name for name in asked if f"map:{name}" not in maps]
    if lacking:
        known = ", ".join(key[4:] for key in maps if key.startswith("map:")) or "none: this is a spectrum"
        raise StudyError(f"profile names '{lacking[0][:40]}', of which there is no map.", hint=f"Maps: {known}.")
    values, u = (np.array([maps[f"{kind}:{name}"][1] for name in asked]) for kind in ("map", "map_u"))
    wrong = incomplete(spectra.cube.sum(axis=1), values.shape[1:])
    if wrong:
        names = (f"enrichment:{asked[0]}/{asked[1]}", "shell_width")
        return {n: withheld(n.split(":")[0], wrong) for n in names}, {}, {}, Check("maps", False, wrong)
    found = Maps(spectra.name, asked, values, np.eye(len(asked))[:, :, None, None] * u**2, spectra.pixel)
    return surface(found, asked[:2], asked[2])
