"""Which phases connect one side of a microstructure with the other, and pictures of a slice."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from closo.errors import StudyError
from closo.figures.spec import Axis, FigureSpec, Image, Panel
from closo.models.microstructure.records import LABELS, MATRIX, PARTICLE, SHELL, VOID, Microstructure

_COLORS = {PARTICLE: 7, MATRIX: 5, SHELL: 1, VOID: 6}  # grey, sky blue, vermilion, black
_NOT_CROSSING = 4  # the label of voxels of the phases that do not connect both sides, in the picture of pathways
_PATH = 5


def crossing(microstructure: Microstructure, phases: Sequence[int] = (MATRIX, SHELL), *, axis: int = 0) -> np.ndarray:
    """Return which samples belong to a part of `phases` that connects both ends of `axis` (bool, as the labels).

    Samples are connected through their faces; the sides are walls.

    Example
    -------
    >>> from closo.models.microstructure import from_labels
    >>> made = from_labels(np.array([[1, 1, 1], [0, 2, 0]]), {0: 0, 1: 1, 2: 2}, 1e-9)
    >>> crossing(made, axis=1)[:, :, 0]
    array([[ True,  True,  True],
           [False,  True, False]])
    """
    from scipy import ndimage

    labels = microstructure.labels
    if axis not in range(3):
        raise StudyError(f"axis is {axis}; it is 0, 1 or 2.")
    parts, _ = ndimage.label(np.isin(labels, list(phases)))
    both = np.intersect1d(parts.take(0, axis=axis), parts.take(-1, axis=axis))
    found: np.ndarray = np.isin(parts, both[both > 0])
    return found


def connected_share(microstructure: Microstructure, phases: Sequence[int] = (MATRIX, SHELL), *, axis: int = 0) -> float:
    """Return the share of the samples of `phases` that connects both ends of `axis`: 0 when nothing conducts through."""
    there = np.isin(microstructure.labels, list(phases)).sum()
    return float(crossing(microstructure, phases, axis=axis).sum() / there) if there else 0.0


def slice_figure(microstructure: Microstructure, axis: int = 0, index: int | None = None) -> FigureSpec:
    """Return the phases of one slice as a picture, the middle one unless `index` is given.

    Raises
    ------
    StudyError  when there is no such slice.
    """
    index, plane = _slice(microstructure, microstructure.labels, axis, index)
    image = _image(microstructure, plane, axis, names=dict(LABELS), colors=_COLORS)
    shares = ", ".join(
        f"{LABELS[k]} {100 * v:.1f} vol%" for k, v in microstructure.fractions.items() if v and k in LABELS
    )
    summary = f"Slice {index} across {'xyz'[axis]} of: {microstructure.description}. In the whole: {shares}."
    return FigureSpec("microstructure slice", [_panel(image, axis, "")], "Microstructure", summary, columns=1)


def pathways_figure(
    microstructure: Microstructure,
    phases: Sequence[int] = (SHELL,),
    *,
    axis: int = 0,
    index: int | None = None,
) -> FigureSpec:
    """Return a slice along `axis` twice: the phases, and which part of `phases` connects both ends of `axis`.

    Parameters
    ----------
    index : of the slice, across the last axis that is not `axis`.
    """
    across = 1 if axis == 2 else 2
    index, plane = _slice(microstructure, microstructure.labels, across, index)
    found = crossing(microstructure, phases, axis=axis)
    _, path = _slice(microstructure, found, across, index)
    shown = np.where(np.isin(plane, list(phases)), _NOT_CROSSING, plane)
    shown = np.where(path, _PATH, shown)
    name = " + ".join(LABELS.get(phase, f"phase {phase}") for phase in phases)
    there = np.isin(microstructure.labels, list(phases)).sum()
    share = found.sum() / there if there else 0.0
    names = {_NOT_CROSSING: f"{name}, dead end or island", _PATH: f"{name}, connects both sides"}
    images = [
        _image(microstructure, plane, across, names=dict(LABELS), colors=_COLORS),
        _image(microstructure, shown, across, names=LABELS | names, colors=_COLORS | {_NOT_CROSSING: 4, _PATH: 2}),
    ]
    titles = ("phases", "pathways")
    panels = [_panel(image, across, title) for image, title in zip(images, titles, strict=True)]
    summary = f"{100 * share:.1f} % of {name} connects both sides along {'xyz'[axis]}. {microstructure.description}."
    return FigureSpec("pathways", panels, "Pathways", summary)


def _slice(microstructure: Microstructure, array: np.ndarray, axis: int, index: int | None) -> tuple[int, np.ndarray]:
    if axis not in range(3):
        raise StudyError(f"axis is {axis}; it is 0, 1 or 2.")
    count = microstructure.labels.shape[axis]
    index = count // 2 if index is None else index
    if not 0 <= index < count:
        raise StudyError(f"There is no slice {index} across {'xyz'[axis]}.", hint=f"It has 0 to {count - 1}.")
    return index, array.take(index, axis=axis)


def _image(
    microstructure: Microstructure, plane: np.ndarray, axis: int, *, names: dict[int, str], colors: dict[int, int]
) -> Image:
    """Return a slice as an image: the first remaining axis to the right, the second one up, in nm."""
    right, up = (d for d in range(3) if d != axis)
    x, y = ((np.arange(n + 1)) * microstructure.edges[d] * 1e9 for n, d in zip(plane.shape, (right, up), strict=True))
    return Image(plane.T, x, y, names=names, colors=colors)


def _panel(image: Image, axis: int, title: str) -> Panel:
    right, up = (name for d, name in enumerate("xyz") if d != axis)
    return Panel(Axis(f"{right} / nm"), Axis(f"{up} / nm"), images=[image], equal=True, title=title)
