"""What the readers of electron microscopes' files share: spectra, spectrum images and images as measurements.

A spectrum is of `energy_loss` or `energy` (X-rays) in eV. Whole numbers >= 0 are counts; anything else (dark-subtracted,
gain-corrected or weighted) is `intensity`, with a warning: its noise is not Poisson's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from closo.dataset import Dataset, new
from closo.errors import ReadError

LARGEST = 2_100_000_000  # bytes of a spectrum image that is read into memory
MOST_EVENTS = 100_000_000
_BLOCK = 2**25  # bytes that are held twice
_CLIPPED = 10  # values at the end of an integer's range

EXTRA = "Install what reads it with: pip install 'closo[em]'."
LENGTHS = {"m": 1.0, "mm": 1e-3, "um": 1e-6, "µm": 1e-6, "μm": 1e-6, "micron": 1e-6, "nm": 1e-9, "pm": 1e-12}
_ENERGIES = {"ev": 1.0, "kev": 1e3}
_KINDS = {("energy_loss", 1): "energy_loss", ("energy_loss", 3): "energy_loss_image", ("energy", 1): "x_ray"}
_KINDS |= {("energy", 3): "x_ray_image", ("", 2): "image"}
_NOT_COUNTS = "Its values are not whole numbers of counts: uncertainties follow from the scatter, not from the values."


def per_electronvolt(unit: str) -> float | None:
    """Return how many eV an energy unit has, None where it is none.

    Example
    -------
    >>> per_electronvolt("keV"), per_electronvolt("nm")
    (1000.0, None)
    """
    return _ENERGIES.get(unit.strip().lower())


def pixels_first(data: Any, order: tuple[int, ...], release: Callable[[], object] | None = None) -> np.ndarray:
    """Return an array, or one in a file, with its axes in another order, copied block by block along the last of them.

    `release` is called behind each block. So a file of 1 GB needs 1 GB, not two or three.

    Example
    -------
    >>> pixels_first(np.arange(6).reshape(2, 3), (1, 0)).tolist()
    [[0, 3], [1, 4], [2, 5]]
    """
    axis, shape = order[-1], tuple(data.shape[k] for k in order)
    found: np.ndarray = np.empty(shape, np.dtype(data.dtype).newbyteorder("="))
    step = max(1, _BLOCK * shape[-1] // max(found.nbytes, 1))
    for begin in range(0, shape[-1], step):
        part = data[(slice(None),) * axis + (slice(begin, begin + step),)]
        found[..., begin : begin + step] = np.transpose(part, order)
        if release is not None:
            release()
    return found


def held(path: Path, nbytes: int) -> None:
    """Raise ReadError for a spectrum image that is too large for the memory; asked before it is read."""
    if nbytes > LARGEST:
        text = f"a spectrum image is of {nbytes / 1e9:.2g} GB, more than {LARGEST / 1e9:.2g} GB."
        raise ReadError(text, file=path, hint="Export a part of it, or sum neighbouring pixels or channels.")


def square(lengths: Sequence[float | None]) -> float | None:
    """Return the length of a pixel from those along its sides; None where one is not stated or they differ."""
    known = [abs(length) for length in lengths if length]
    return known[-1] if known and len(known) == len(lengths) and max(known) < 1.01 * min(known) else None


def measurement(
    path: Path,
    values: np.ndarray,
    *,
    axis: str,
    energies: np.ndarray | None = None,
    pixel: float | None = None,
    title: str = "",
    metadata: Mapping[str, Any] | None = None,
    warnings: tuple[str, ...] = (),
    part: int = 1,
) -> Dataset:
    """Return a spectrum, a spectrum image (y, x, energy) or an image (y, x) as a measurement.

    Parameters
    ----------
    axis : 'energy_loss', 'energy', or '' for an image.
    energies : of the channels [eV].
    pixel : length of a pixel [m]; None where the file does not say.

    Raises
    ------
    ReadError  when there are no values, or some of a spectrum are not finite.
    """
    if values.dtype.kind not in "uif" or not values.size or (axis, values.ndim) not in _KINDS:
        what = f"{values.ndim} dimensions of {values.dtype}"
        raise ReadError(f"it holds {what}, no spectrum and no image.", file=path, hint="Export one as .msa.")
    if values.dtype.kind == "f" and not np.all(np.isfinite(values)):
        raise ReadError("some of its values are not finite.", file=path, hint="Export it again.")
    if energies is not None and not (np.all(np.isfinite(energies)) and np.all(np.diff(energies) > 0)):
        raise ReadError(
            "the energies of its channels do not rise.", file=path, hint="Calibrate it and export it again."
        )
    pixel = pixel if pixel is not None and 0 < pixel < 1 else None
    counted = values.dtype.kind in "ui" or bool(np.all(values == np.rint(values)))
    counted = counted and int(values.min()) >= 0 and int(values.max()) < 2**32
    variables: dict[str, Any] = {} if energies is None else {axis: np.asarray(energies, float)}
    whole = values.dtype.kind == "u" and values.dtype.itemsize <= 4  # as small as its writer made it: not held twice
    variables["counts" if counted else "intensity"] = (
        values.astype(np.min_scalar_type(int(values.max())), copy=False) if counted and not whole else values
    )
    said = warnings if counted or not axis else (*warnings, _NOT_COUNTS)
    highest = int(values.max()) if counted else 0
    if axis and highest in (2**8 - 1, 2**16 - 1) and (cut := int(np.count_nonzero(values == highest))) > _CLIPPED:
        said += (f"{cut} values are {highest}, the end of their range: the true counts may be higher.",)
    if pixel is not None and values.ndim > 1:
        import xarray as xr

        variables |= {name: xr.Variable(name, pixel * np.arange(values.shape[k])) for k, name in enumerate("yx")}
    kind = _KINDS[axis, values.ndim]
    return new(kind, variables, source=path.name, part=part, title=title, metadata=metadata, warnings=said)


def events(
    path: Path,
    keys: np.ndarray,
    *,
    raster: tuple[int, int],
    energies: tuple[float, float, int],
    pixel: float | None,
    title: str = "",
    metadata: Mapping[str, Any] | None = None,
    part: int = 1,
) -> Dataset:
    """Return an X-ray map as a list of the (pixel, channel) that were hit, with their counts; nothing is made dense.

    Parameters
    ----------
    keys : shape (events,), unsigned: pixel * channels + channel, a pixel is row * columns + column. They are sorted and
        overwritten, so that some 12 bytes an event are needed.
    raster : rows and columns.
    energies : of channel 0 [eV], step [eV], number of channels.
    pixel : length of a pixel [m].
    """
    keys.sort()
    counts, size, begin = np.empty(keys.size, np.uint32 if keys.size > 2**16 else np.uint16), 0, 0
    while begin < keys.size:
        end = int(np.searchsorted(keys, keys[min(begin + _BLOCK // 8, keys.size) - 1], "right"))
        hit, number = np.unique(keys[begin:end], return_counts=True)
        keys[size : size + hit.size], counts[size : size + hit.size] = hit, number
        size, begin = size + hit.size, end
    places, channels = np.empty(size, np.int32), np.empty(size, np.int32)
    np.floor_divide(keys[:size], energies[2], out=places, casting="unsafe")
    np.remainder(keys[:size], energies[2], out=channels, casting="unsafe")
    variables = {"pixel": places, "channel": channels, "counts": counts[:size]}
    stated = {"raster": list(raster), "energy_offset": energies[0], "energy_step": energies[1], "channels": energies[2]}
    said = {**(metadata or {}), **stated} | ({} if pixel is None else {"pixel_size": pixel})
    return new("x_ray_events", variables, source=path.name, part=part, title=title, metadata=said)
