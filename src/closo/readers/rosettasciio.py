"""Files of electron microscopes that rosettasciio reads: Bruker .bcf, JEOL .pts, HyperSpy .hspy, EMD, NeXus, Ripple...

Recognised by the suffix, or the word HyperSpy. Needs the extra `em`. Rosettasciio is free software under the GPL,
which closo itself does not need: it is imported here alone, and only for such a file. Each signal becomes a
measurement: axes in eV or keV are spectral, by its `signal_type` of energy loss or X-rays; two axes without energies
are an image. There are no columns; whole numbers are counts.

Refused: what rosettasciio does not read, spectra of which it does not know the energies, cubes above 2 GB.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import numpy as np

from closo.dataset import Dataset
from closo.errors import ReadError
from closo.readers.tools.microscopes import EXTRA, LENGTHS, held, measurement, per_electronvolt, square
from closo.readers.tools.text import DAMAGE, size_of

_AGAIN = "Export the spectrum as .msa, or the map as .hspy."


def read(path: Path) -> tuple[Dataset, ...]:
    """Read the signals of a file.

    Raises
    ------
    ReadError  when rosettasciio cannot read it or is not installed, or it holds no spectrum and no image.
    """
    size_of(path)
    signals = _signals(path)
    found: list[Dataset] = []
    for signal in signals:
        one = _measurement(path, signal, part=len(found) + 1)
        if one is not None:
            found.append(one)
    if not found:
        raise ReadError("it holds no spectrum over energies and no image.", file=path, hint=_AGAIN)
    return tuple(found)


def _signals(path: Path) -> list[dict[str, Any]]:
    """Return what rosettasciio reads."""
    if sys.modules.get("dask", "") is None:  # kept from xarray for speed; rosettasciio needs it
        del sys.modules["dask"]
    try:
        plugins = importlib.import_module("rsciio").IO_PLUGINS
    except ImportError:
        raise ReadError("it needs rosettasciio, which is not installed.", file=path, hint=EXTRA) from None
    suffix, reasons = path.suffix[1:].lower(), []
    if suffix == "bcf":  # its compiled unpacker ends the process at a damaged file; that in Python is as good
        bruker: Any = importlib.import_module("rsciio.bruker._api")
        bruker.fast_unbcf = bruker.warn_once = False
    for plugin in plugins:
        if suffix not in [str(known).lower() for known in plugin["file_extensions"]]:
            continue
        reader = importlib.import_module(plugin["api"]).file_reader
        for lazy in (True, False):  # lazily, so that the size is known first; an HDF5 array in one piece cannot be
            try:
                found: list[dict[str, Any]] = reader(str(path), lazy=lazy)
            except DAMAGE as error:
                reason = f"{plugin['name']}: {' '.join(str(error).split())[:80]}"
            else:
                return found
        reasons.append(reason)
    said = f" ({'; '.join(reasons)})" if reasons else ""
    raise ReadError(f"rosettasciio does not read it{said[:200]}.", file=path, hint=_AGAIN)


def _loaded(data: Any) -> np.ndarray:
    """Return an array that is still in its file, block by block along its first axis: dask would hold all of it twice."""
    if getattr(data, "npartitions", 1) == 1:
        return np.asarray(data)
    found, at = np.empty(data.shape, data.dtype), 0
    for size in data.chunks[0]:
        found[at : at + size] = np.asarray(data[at : at + size])
        at += size
    return found


def _measurement(path: Path, signal: dict[str, Any], *, part: int) -> Dataset | None:
    """Return one signal; None where it is neither a spectrum nor an image."""
    held(path, signal["data"].nbytes)
    try:
        values, axes = _loaded(signal["data"]), signal["axes"]
    except DAMAGE as error:
        raise ReadError(f"it is damaged ({' '.join(str(error).split())[:80]}).", file=path, hint=_AGAIN) from None
    units = [str(axis.get("units") or "") for axis in axes]
    spectral = [k for k, unit in enumerate(units) if per_electronvolt(unit)]
    said = signal.get("metadata", {})
    title, kind = str(said.get("General", {}).get("title", "")), str(said.get("Signal", {}).get("signal_type", ""))
    lengths = [k for k in range(values.ndim) if k not in spectral]
    pixel = square([float(axes[k]["scale"]) * LENGTHS.get(units[k], 0.0) for k in lengths])
    if not spectral and values.ndim == 2 and values.dtype.kind in "uif":
        return measurement(path, values, axis="", pixel=pixel, title=title, part=part)
    if len(spectral) != 1 or not kind.startswith(("EDS", "EELS")) or values.ndim not in (1, 2, 3):
        return None
    k = spectral[0]
    scale = per_electronvolt(units[k]) or 1.0
    energies = scale * (float(axes[k]["offset"]) + float(axes[k]["scale"]) * np.arange(values.shape[k]))
    cube = np.moveaxis(values, k, -1)
    cube = cube[None] if cube.ndim == 2 else cube
    axis = "energy" if kind.startswith("EDS") else "energy_loss"
    kept: dict[str, Any] = {"signal_type": kind, "elements": list(said.get("Sample", {}).get("elements") or [])}
    for microscope in (said.get("Acquisition_instrument") or {}).values():
        if isinstance(microscope, dict) and microscope.get("beam_energy"):
            kept["beam_voltage_kV"] = float(microscope["beam_energy"])
    return measurement(path, cube, axis=axis, energies=energies, pixel=pixel, title=title, metadata=kept, part=part)
