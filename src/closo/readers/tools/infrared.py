"""An infrared spectrum as its readers hand it over: the ordinates, and the checks that all of them share."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from closo.dataset import Dataset, new
from closo.errors import ReadError
from closo.readers.tools.suggestions import from_name

ORDINATES = {  # as programs call them -> name in the nomenclature
    "absorbance": "absorbance",
    "log(1/R)": "absorbance",
    "transmittance": "transmittance",
    "reflectance": "reflectance",
    "Kubelka-Munk": "kubelka_munk",
    "single beam": "intensity",
}
PERCENT = 0.01
_LARGEST = 1e9  # of an ordinate or a wavenumber; beyond, it is a misread number


def measurement(
    path: Path,
    wavenumber: np.ndarray,
    values: np.ndarray,
    *,
    ordinate: str,
    part: int = 1,
    title: str = "",
    metadata: Mapping[str, Any] | None = None,
    warnings: tuple[str, ...] = (),
) -> Dataset:
    """Return a spectrum in the order of its file.

    Parameters
    ----------
    wavenumber, values : shape (n,) [1/cm] and as a fraction, not per cent; points without finite numbers are left out with
        a warning.
    ordinate : a key of ORDINATES.

    Raises
    ------
    ReadError  when no point is left, or the wavenumbers neither rise nor fall from point to point.
    """
    keep = np.isfinite(wavenumber) & np.isfinite(values)
    keep &= (np.abs(wavenumber) < _LARGEST) & (np.abs(values) < _LARGEST)
    if keep.sum() < 2 or keep.sum() < keep.size / 2:
        raise ReadError(
            f"{keep.sum()} of {keep.size} points are finite numbers.", file=path, hint="Export the spectrum again."
        )
    if not keep.all():
        count = int(np.sum(~keep))
        warnings += (f"{count} point{'s' if count > 1 else ''} without finite numbers left out.",)
    x, y = np.asarray(wavenumber[keep], float), np.asarray(values[keep], float)
    steps = np.diff(x)
    if not (np.all(steps > 0) or np.all(steps < 0)) or x.min() < 0:
        raise ReadError(
            f"the wavenumbers neither rise nor fall from point to point ({x[0]:.6g} to {x[-1]:.6g} 1/cm).",
            file=path,
            hint="The file is damaged or another quantity stands first; export the spectrum again.",
        )
    return new(
        "infrared",
        {"wavenumber": x, ORDINATES[ordinate]: y},
        source=path.name,
        part=part,
        title=title[:200],
        metadata={"ordinate": ordinate} | dict(metadata or {}),
        suggestions=from_name(path),
        warnings=warnings,
    )
