"""Lines of the elements and how a detector shows them."""

from __future__ import annotations

import numpy as np

from closo.fit import least_squares
from closo.techniques.linear_fit import fit_linear

LINES: dict[str, tuple[tuple[float, float], ...]] = {  # eV and share of the strongest
    "B": ((183.3, 1.0),), "C": ((277.0, 1.0),), "N": ((392.4, 1.0),), "O": ((524.9, 1.0),), "F": ((676.8, 1.0),),
    "Na": ((1041.0, 1.0),), "Mg": ((1253.6, 1.0),), "Al": ((1486.7, 1.0), (1557.4, 0.01)),
    "Si": ((1740.0, 1.0), (1835.9, 0.02)), "P": ((2013.7, 1.0), (2139.1, 0.05)), "S": ((2307.8, 1.0), (2464.0, 0.07)),
    "Cl": ((2622.4, 1.0), (2815.6, 0.09)), "K": ((3313.8, 1.0), (3589.6, 0.11)), "Ca": ((3691.7, 1.0), (4012.7, 0.13)),
    "Ti": ((4510.8, 1.0), (4931.8, 0.13)), "Mn": ((5898.8, 1.0), (6490.4, 0.13)), "Fe": ((6403.8, 1.0), (7058.0, 0.13)),
    "Cu": ((8047.8, 1.0), (8905.3, 0.13)), "Sr": ((14165.0, 1.0), (15835.7, 0.16)),
}  # fmt: skip
MASSES = {
    "B": 10.81, "C": 12.011, "N": 14.007, "O": 15.999, "F": 18.998, "Na": 22.990, "Mg": 24.305, "Al": 26.982, "Si": 28.085,
    "P": 30.974, "S": 32.06, "Cl": 35.45, "K": 39.098, "Ca": 40.078, "Ti": 47.867, "Mn": 54.938, "Fe": 55.845,
    "Cu": 63.546, "Sr": 87.62,
}  # fmt: skip
_SOFT = {"Ti": 452.2, "Mn": 637.4, "Fe": 705.0, "Cu": 929.7, "Sr": 1806.6}  # L lines [eV], fitted beside those of K
_MN, _SLOPE, _NARROWEST = 5898.8, 2.5, 30.0  # eV; eV2 per eV (Fiori, Newbury); eV
_PER_TERM, _TERMS = 500.0, (4, 12)  # eV of range for a term of the background; fewest and most


def components(
    energies: np.ndarray, elements: tuple[str, ...], *, resolution: float, shift: float = 0.0, more: int = 0
) -> np.ndarray:
    """Return one row for each element (a count each in all of its lines), then those of L lines and a smooth background.

    `resolution` is the width (FWHM) at Mn K alpha [eV]; `shift` of the axis [eV]; `more` terms of the background.

    Example
    -------
    >>> components(np.arange(100.0, 2200.0, 10.0), ("O", "Si"), resolution=130.0)[:2].sum(axis=1).round(2).tolist()
    [1.0, 1.0]
    """
    step = float(np.median(np.diff(energies)))
    softer = [((_SOFT[e], 1.0),) for e in elements if e in _SOFT and energies[0] < _SOFT[e] < energies[-1]]
    rows = []
    for listed in (*(LINES[element] for element in elements), *softer):
        lines = np.array(listed)
        width = np.sqrt(np.maximum(resolution**2 + _SLOPE * (lines[:, 0] - _MN), _NARROWEST**2)) / 2.3548
        shape = np.exp(-0.5 * ((energies[:, None] - lines[:, 0] - shift) / width) ** 2) / width * lines[:, 1]
        rows.append(shape.sum(axis=1) * step / np.sqrt(2 * np.pi) / lines[:, 1].sum())
    span = energies[-1] - energies[0]
    terms = int(np.clip(2 + span / _PER_TERM, *_TERMS)) + more
    x = 2.0 * (energies - energies[0]) / span - 1.0
    smooth = np.polynomial.legendre.legvander(x, terms - 2).T
    noise = np.exp(-0.5 * (energies / 45.0) ** 2)  # tail of the electronics' noise, below all lines
    tail = [noise] if noise.max() > 1e-3 else []
    return np.array([*rows, *tail, *smooth])


def calibrated(
    energies: np.ndarray, counts: np.ndarray, elements: tuple[str, ...], resolution: float
) -> tuple[float, float]:
    """Return resolution and shift of the axis [eV] with which the lines fit best; as given where there are few counts."""
    weights = 1.0 / np.sqrt(np.maximum(counts, 1.0))

    def residual(p: np.ndarray) -> np.ndarray:
        rows = components(energies, elements, resolution=float(p[0]), shift=float(p[1]))
        fit = fit_linear(rows, counts, variance=np.maximum(counts, 1.0))
        return np.asarray((counts - fit.values @ rows) * weights)

    if counts.sum() < 3000:
        return resolution, 0.0
    ends = (np.array([0.92 * resolution, -15.0]), np.array([1.3 * resolution, 15.0]))
    fit = least_squares(residual, np.array([resolution, 0.0]), noise_known=True, bounds=ends, max_evaluations=60)
    return float(fit.values[0]), float(fit.values[1])
