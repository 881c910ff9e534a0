"""Near-edge and loss spectra in HDF5 and NeXus (.h5, .hdf5, .nxs); needs h5py, in the extra `em`.

Recognised by the suffix. Arrays stand for columns. Every group with an energy (`energy`, `energy_loss`, `eloss`, or
what its attribute `axes` names with `eV` or `keV` as its unit) and one or more arrays of the same length is read: a `signal`
named by NXdata, else `intensity`, `signal`, `counts`, `mu`, `norm`, `sum`; `error` or `<name>_errors` beside it. An array
of shape (points, analysers) beside an incident energy becomes a scan of a Raman spectrometer, with `i0` or `monitor` and
`dwell` or `time`.

Refused: a file without such a group; it says which arrays there are.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from closo.dataset import Dataset
from closo.errors import ReadError, StudyError
from closo.readers.tools.edges import raman_scan, role, spectrum
from closo.readers.tools.text import size_of

_SIGNALS = ("intensity", "signal", "counts", "mu", "norm", "sum", "data")
_MOST = 10_000  # nodes


def read(path: Path) -> tuple[Dataset, ...]:
    """Read every spectrum of a file.

    Raises
    ------
    ReadError  when it is not an HDF5 file or holds no spectrum.
    StudyError  when h5py is not installed.
    """
    size_of(path)
    try:
        import h5py
    except ImportError:
        raise StudyError("HDF5 files need h5py.", file=path, hint="Install it: pip install 'closo[em]'.") from None
    found: list[Dataset] = []
    seen: list[str] = []
    try:
        with h5py.File(path, "r", locking=False) as file:
            _walk(h5py, file, path, found=found, seen=seen)
    except (OSError, RuntimeError, KeyError, ValueError, TypeError) as error:
        text = f"it cannot be read as HDF5 ({' '.join(str(error).split())[:80]})."
        raise ReadError(text, file=path, hint="Copy it again, or export the spectrum as two columns of text.") from None
    if not found:
        raise ReadError(
            f"no group holds an energy in eV and a spectrum of its length; arrays: {', '.join(seen[:12])[:200] or 'none'}.",
            file=path,
            hint="Export the spectrum as two columns of text.",
        )
    return tuple(found)


def _walk(h5py: Any, group: Any, path: Path, *, found: list[Dataset], seen: list[str]) -> None:
    """Read a group and those inside it; links out of the file are not followed."""
    arrays = {}
    for name in group:
        if not isinstance(group.get(name, getlink=True), h5py.HardLink) or len(seen) > _MOST:
            continue
        node = group[name]
        if isinstance(node, h5py.Group):
            _walk(h5py, node, path, found=found, seen=seen)
        elif node.dtype.kind in "fiu" and node.ndim in (1, 2) and 5 <= node.shape[0] < 10_000_000 and node.size < 1e8:
            arrays[name] = node
            seen.append(f"{node.name} {node.shape}")
    named = [str(_text(group.attrs.get("axes", "")))]
    axis = next((n for n in (*named, *arrays) if n in arrays and arrays[n].ndim == 1 and _factor(n, arrays[n])), None)
    if axis is not None:
        energy = np.asarray(arrays[axis], float) * _factor(axis, arrays[axis])
        _group(path, group, arrays, energy, found=found)


def _group(path: Path, group: Any, arrays: dict[str, Any], energy: np.ndarray, *, found: list[Dataset]) -> None:
    signal = str(_text(group.attrs.get("signal", "")))
    names = [signal] if signal in arrays else [n for n in _SIGNALS if n in arrays]
    for name in [n for n in names if arrays[n].shape[0] == len(energy)]:
        values, title = np.asarray(arrays[name], float), f"{group.name.strip('/')}/{name}".lstrip("/")
        if values.ndim == 2:
            side = {
                key: np.asarray(arrays[n], float)
                for key, n in (("monitor", "i0"), ("monitor", "monitor"), ("dwell", "dwell"), ("dwell", "time"))
                if n in arrays and arrays[n].shape == energy.shape
            }
            number = list(range(1, values.shape[1] + 1))
            found.append(raman_scan(path, energy, values, number, side=side, metadata={"axis": "energy"}))
        else:
            error = next(
                (n for n in (f"{name}_errors", f"{name}_error", "errors", "error", "sigma") if n in arrays), None
            )
            u = np.asarray(arrays[error], float) if error and arrays[error].shape == energy.shape else None
            found.append(spectrum(path, energy, values, error=u, part=len(found) + 1, title=title))
    for part, data in enumerate(found, start=1):
        data.attrs["part"] = part


def _factor(name: str, node: Any) -> float:
    """Return the factor to eV of an array that is an energy, 0 where it is none."""
    kind, factor = role(name)
    unit = str(_text(node.attrs.get("units", ""))).strip().lower()
    if kind not in ("energy", "loss") and unit not in ("ev", "kev"):
        return 0.0
    return {"kev": 1000.0, "ev": 1.0, "": factor}.get(unit, 0.0)


def _text(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.decode("utf-8", errors="replace")
    return _text(value[0]) if isinstance(value, list | tuple | np.ndarray) and len(value) == 1 else value
