"""What a solution is asked of: an image, conductivities and a direction, looked at before anything is computed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from closo.errors import StudyError

DEVICES = ("cpu", "cuda", "arrays")  # 'arrays' is the code of 'cuda' in numpy, for tests
_MOST = 2**31 - 2**24  # voxels that a 32-bit index reaches, with a margin


@dataclass(frozen=True, kw_only=True)
class Options:
    """How a conductivity is computed.

    Attributes
    ----------
    axis : of `labels`, along which the current flows.
    boundary : "electrode" (fixed potentials on the two outer faces, insulating sides) or "periodic" (mean field).
    tolerance : largest (upper - lower) / upper accepted.
    voxel_size : edge lengths along the three axes of `labels`; only their ratios matter.
    subvoxels : samples of the image along the edge of a cell; above 1 (even) cells are joined by composite links.
    rod_share : share of rods in composite links, 0 to 1; 0 is best, others show how far the choice matters.
    max_iterations : after which the bounds have to be close enough.
    device : "cpu", or "cuda" for a GPU (needs closo[gpu]); the bounds are formed on the processor in any case.
    """

    axis: int = 0
    boundary: str = "electrode"
    tolerance: float = 1e-4
    voxel_size: tuple[float, float, float] = (1.0, 1.0, 1.0)
    subvoxels: int = 1
    rod_share: float = 0.0
    max_iterations: int = 500
    device: str = "cpu"


@dataclass(frozen=True)
class Request:
    """A checked image with the current along axis 0; `size` are the edges of a cell, that along the current first."""

    image: np.ndarray
    conductivities: Mapping[int, float]
    size: np.ndarray
    options: Options

    @property
    def periodic(self) -> bool:
        """Whether the image repeats itself."""
        return self.options.boundary == "periodic"


def checked(labels: Any, conductivities: Mapping[int, float], options: Options) -> Request:
    """Return the request of `solve`.

    Raises
    ------
    StudyError : something in it cannot be used.
    """
    image = np.asarray(labels)
    image = image[:, :, None] if image.ndim == 2 and options.subvoxels == 1 else image
    _check_image(image, np.shape(labels), conductivities)
    _check_subvoxels(image, options.subvoxels)
    axis, edges = options.axis, options.voxel_size
    if axis not in {0, 1, 2}:
        raise StudyError(f"axis is {axis}; it is 0, 1 or 2.")
    if options.boundary not in {"electrode", "periodic"}:
        raise StudyError(f"boundary is {options.boundary!r}; it is 'electrode' or 'periodic'.")
    if options.device not in DEVICES:
        raise StudyError(f"device is {options.device!r}; it is 'cpu' or 'cuda'.")
    if not 0 < options.tolerance < 1:
        raise StudyError(f"tolerance is {options.tolerance}; it lies between 0 and 1.")
    if not 0 <= options.rod_share <= 1:
        raise StudyError(f"rod_share is {options.rod_share}; it lies between 0 and 1.")
    size = np.array([edges[axis], *(edges[d] for d in range(3) if d != axis)], float)
    if not (np.all(np.isfinite(size)) and np.all(size > 0)):
        raise StudyError(f"voxel_size is {edges}; three positive lengths are needed.")
    return Request(np.moveaxis(image, axis, 0), conductivities, size, options)


def _check_image(image: np.ndarray, given: tuple[int, ...], conductivities: Mapping[int, float]) -> None:
    if image.ndim != 3 or image.dtype != np.uint8 or image.size == 0:
        raise StudyError(
            f"The image has shape {given} and type {image.dtype}; phase labels are uint8 in three dimensions, or in two."
        )
    if image.size > _MOST:
        raise StudyError(f"The image has {image.size} voxels; at most 2.1e9 can be indexed.")
    for label in present_labels(image):
        value = conductivities.get(label)
        if value is None:
            raise StudyError(f"The image has phase {label}, which has no conductivity.", hint=f"Add phase {label}.")
        if not (np.isfinite(value) and value >= 0):
            raise StudyError(f"Phase {label} has conductivity {value}; it is finite and not negative.")
    if sum(value > 0 for value in conductivities.values()) > 250:
        raise StudyError("More than 250 phases conduct.", hint="Merge phases of like conductivity.")


def _check_subvoxels(image: np.ndarray, subvoxels: int) -> None:
    if subvoxels != 1 and (subvoxels < 2 or subvoxels % 2):
        raise StudyError(f"subvoxels is {subvoxels}; it is 1, or even.")
    if any(n % subvoxels for n in image.shape):
        raise StudyError(
            f"The image has shape {image.shape}, which {subvoxels} subvoxels do not divide.",
            hint="Crop the image, or choose another number.",
        )


def present_labels(image: np.ndarray) -> list[int]:
    """Return the labels of an image, plane by plane: counts of all voxels at once would need 8 bytes each."""
    seen = np.zeros(256, bool)
    for plane in image:
        seen |= np.bincount(plane.ravel(), minlength=256) > 0
    return [int(label) for label in np.flatnonzero(seen)]
