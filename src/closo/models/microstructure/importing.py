"""Microstructures from pictures: segmented stacks (NPY, TIFF) and element maps (EDS).

Nothing is guessed: the file's numbers are mapped to phases by a table that has to be given.
"""

from __future__ import annotations

import math
import stat
import struct
import tokenize
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from closo.errors import ReadError, StudyError
from closo.models.microstructure.records import LABELS, Microstructure, checked_length
from closo.models.microstructure.sampling import fractions_of

_MOST_BYTES = 4_000_000_000
_MOST_FRAMES = 100_000


def read_stack(path: Path | str) -> np.ndarray:
    """Return the numbers of a picture file: (rows, columns), or (slices, rows, columns) of a stack.

    Parameters
    ----------
    path : a NumPy .npy array of whole numbers, or a TIFF of one or more slices with 8 or 16 bits (no colours).

    Raises
    ------
    ReadError  when the file is neither, is damaged, or is not a picture of labels.
    """
    path = Path(path)
    try:
        size, mode = path.stat().st_size, path.stat().st_mode
        if not stat.S_ISREG(mode):
            raise ReadError("This is not a regular file.", file=path, hint="Name a .npy or .tif file.")
        with path.open("rb") as file:
            mark = file.read(6)
            file.seek(0)
            if size > _MOST_BYTES:
                raise ReadError(f"The file has {size} bytes.", file=path, hint="Crop it to less than 4 GB.")
            if mark == b"\x93NUMPY":
                return _read_npy(file, path, size)
            if mark[:4] in (b"II*\x00", b"MM\x00*"):
                return _read_tiff(file, path)
    except OSError as error:
        raise ReadError(f"It cannot be opened: {error.strerror or error}.", file=path) from None
    raise ReadError(
        f"This is neither a .npy array nor a TIFF: it begins with {mark!r}.",
        file=path,
        where="byte 0",
        hint="Save the segmented picture as a TIFF with 8 or 16 bits.",
    )


def _read_npy(file: BinaryIO, path: Path, size: int) -> np.ndarray:
    """Read the header by hand, so that neither an object nor an invented size is ever acted upon."""
    from numpy.lib import format as npy

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about headers written by Python 2
            version = npy.read_magic(file)
            if version not in ((1, 0), (2, 0)):
                raise ReadError(f"It is a .npy file of version {version}.", file=path, hint="Save it with numpy.save.")
            read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
            shape, fortran, kind = read(file)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError, tokenize.TokenError) as error:
        said = str(error).split("\n")[0][:120]
        raise ReadError(f"The header of the .npy file is damaged: {said}", file=path, hint="Save it again.") from None
    _check_shape(shape, path)
    if kind.kind not in "uib":
        raise ReadError(
            f"It holds numbers of type {kind}; labels are whole numbers.", file=path, hint="Segment the picture first."
        )
    wanted, there = math.prod(shape) * kind.itemsize, size - file.tell()
    if wanted != there:
        raise ReadError(f"Its header announces {wanted} bytes of numbers, and {there} follow.", file=path)
    flat = np.frombuffer(file.read(), dtype=kind)
    array: np.ndarray = flat.reshape(shape, order="F" if fortran else "C")
    return np.ascontiguousarray(array)


def _check_shape(shape: tuple[int, ...], path: Path) -> None:
    if len(shape) not in (2, 3) or any(not isinstance(n, int) or n < 1 for n in shape):
        raise ReadError(f"The array has the shape {shape}; a picture has two or three dimensions.", file=path)


def _read_tiff(file: BinaryIO, path: Path) -> np.ndarray:
    import PIL.Image

    damaged: tuple[type[Exception], ...] = (
        OSError,  # truncated, unknown compression
        ValueError,
        SyntaxError,
        TypeError,
        KeyError,
        IndexError,
        AttributeError,
        EOFError,
        OverflowError,
        MemoryError,
        RuntimeError,
        ZeroDivisionError,
        struct.error,
        PIL.Image.DecompressionBombError,
    )
    frames: list[np.ndarray] = []
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about metadata; a picture too large is counted below
            with PIL.Image.open(file, formats=["TIFF"]) as picture:
                count = getattr(picture, "n_frames", 1)
                if count > _MOST_FRAMES:
                    raise ReadError(f"The TIFF says that it has {count} slices.", file=path)
                for number in range(count):
                    picture.seek(number)
                    frames.append(_frame(picture, path, number))
                    _check_memory(frames, count, path)
    except damaged as error:
        said = str(error).split("\n")[0][:120] or type(error).__name__
        raise ReadError(
            f"The TIFF is damaged or of an unknown kind: {said}", file=path, hint="Save it again."
        ) from None
    different = next((n for n, frame in enumerate(frames) if frame.shape != frames[0].shape), None)
    if different is not None:
        raise ReadError(f"Slice {different + 1} has another size than slice 1.", file=path, hint="Save one stack.")
    return frames[0] if len(frames) == 1 else np.stack(frames)


def _check_memory(frames: list[np.ndarray], count: int, path: Path) -> None:
    if frames[0].nbytes * count > _MOST_BYTES:
        raise ReadError(f"The stack would take {frames[0].nbytes * count} bytes.", file=path, hint="Crop it.")


def _frame(picture: Any, path: Path, number: int) -> np.ndarray:
    """Return one slice; whole numbers with 1, 8 or 16 bits only."""
    if picture.mode not in ("1", "L", "P", "I;16", "I;16B", "I;16L"):
        raise ReadError(
            f"The TIFF is of the kind {picture.mode!r}; labels have one channel of 8 or 16 bits.",
            file=path,
            where=f"slice {number + 1}",
            hint="Save labels, not colours.",
        )
    array = np.asarray(picture)
    return array.astype(np.uint8) if array.dtype == np.bool_ else array


def from_labels(
    image: np.ndarray, phases: Mapping[int, int], edge: float, *, description: str = "segmented image"
) -> Microstructure:
    """Return a segmented image as a microstructure.

    Parameters
    ----------
    image : whole numbers (n0, n1) or (n0, n1, n2).
    phases : number in the image -> 0 particle, 1 matrix, 2 shell, 3 void. Every number needs its row.
    edge : length of a voxel [m].

    Raises
    ------
    StudyError  when a number has no phase, or a phase does not exist.

    Example
    -------
    >>> from_labels(np.array([[0, 255]]), {0: 1, 255: 0}, 5e-9).fractions
    {0: 0.5, 1: 0.5, 2: 0.0, 3: 0.0}
    """
    checked_length("The voxel", edge)
    array = np.asarray(image)
    if array.ndim not in (2, 3) or array.size == 0 or array.dtype.kind not in "uib":
        raise StudyError(
            f"The image has shape {array.shape} and type {array.dtype}; labels are whole numbers in 2-D or 3-D."
        )
    wrong = sorted(set(phases.values()) - set(LABELS))
    if wrong:
        raise StudyError(f"Phase {wrong[0]} does not exist.", hint=f"There are {dict(LABELS)}.")
    found, place = np.unique(array, return_inverse=True)
    missing = [int(number) for number in found if int(number) not in phases]
    if missing:
        shown = ", ".join(map(str, missing[:8])) + (", ..." if len(missing) > 8 else "")
        raise StudyError(
            f"The image holds {len(found)} numbers, and {shown} has no phase.",
            hint="Add it to the table of phases; a grey picture has to be segmented first.",
        )
    table = np.array([phases[int(number)] for number in found], np.uint8)
    labels = np.ascontiguousarray(table[place.reshape(array.shape)])
    labels = labels[:, :, None] if labels.ndim == 2 else labels
    fractions = fractions_of(labels)
    return Microstructure(labels, 1, (edge, edge, edge), fractions, {}, None, description)


def phases_from_maps(
    maps: Mapping[str, np.ndarray],
    phases: Mapping[str, int],
    *,
    thresholds: Mapping[str, float] | None = None,
    otherwise: int = 3,
) -> np.ndarray:
    """Return labels (rows, columns) from element maps.

    Without `thresholds` each pixel belongs to the element whose signal, divided by the 99th percentile of its own map, is
    largest. With them it belongs to the first element of `thresholds` whose signal (as in the map) reaches its threshold.

    Parameters
    ----------
    maps : element -> counts (rows, columns), all of one size.
    phases : element -> 0 particle, 1 matrix, 2 shell, 3 void.
    thresholds : element -> least signal, in the order of precedence.
    otherwise : phase of pixels where every signal is zero, or none reaches its threshold.

    Raises
    ------
    StudyError  when maps differ in size, hold no finite numbers, or an element has no map.

    Example
    -------
    >>> silicon, sodium = np.array([[9.0, 1.0]]), np.array([[1.0, 8.0]])
    >>> phases_from_maps({"Si": silicon, "Na": sodium}, {"Si": 0, "Na": 1})
    array([[0, 1]], dtype=uint8)
    """
    arrays = {element: _map(element, maps) for element in phases}
    wrong = sorted({*phases.values(), otherwise} - set(LABELS))
    if wrong or not arrays:
        raise StudyError(f"Phase {wrong[0]} does not exist." if wrong else "No element has a phase.")
    shapes = {array.shape for array in arrays.values()}
    if len(shapes) != 1:
        raise StudyError(f"The maps have different sizes: {sorted(shapes)}.", hint="Export maps of one area.")
    labels = np.full(shapes.pop(), otherwise, np.uint8)
    if thresholds is not None:
        for element, least in reversed(list(thresholds.items())):
            if element not in arrays:
                raise StudyError(f"'{element}' has a threshold and no phase.", hint=f"Phases: {', '.join(phases)}.")
            labels[arrays[element] >= least] = phases[element]
        return labels
    scales = {element: float(np.percentile(array, 99)) for element, array in arrays.items()}
    weak = [element for element, scale in scales.items() if scale <= 0]
    if weak:
        raise StudyError(f"The map of '{weak[0]}' holds next to no signal.", hint="Leave it out, or give thresholds.")
    signal = np.stack([array / scales[element] for element, array in arrays.items()])
    winner = np.array(list(phases.values()), np.uint8)[np.argmax(signal, axis=0)]
    return np.where(signal.max(axis=0) > 0, winner, labels)


def _map(element: str, maps: Mapping[str, np.ndarray]) -> np.ndarray:
    if element not in maps:
        raise StudyError(f"There is no map of '{element}'.", hint=f"There are: {', '.join(sorted(maps))}.")
    array = np.asarray(maps[element])
    if array.ndim != 2 or array.size == 0 or array.dtype.kind not in "uifb" or not np.all(np.isfinite(array)):
        raise StudyError(
            f"The map of '{element}' (shape {array.shape}, {array.dtype}) is not a table of finite numbers."
        )
    if array.min() < 0:
        raise StudyError(f"The map of '{element}' holds negative counts.", hint="Export counts without background fit.")
    return array.astype(float)
