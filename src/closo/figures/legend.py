"""Where a legend can stand without covering data."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Entries = dict[str, Any]  # text -> handle

_PLACES = (
    *("upper right", "upper left", "lower right", "lower left"),
    *("center right", "center left", "upper center", "lower center"),
)
SIDES = ((1, 1), (-1, 1), (1, -1), (-1, -1), (1, 0), (-1, 0), (0, 1), (0, -1))  # of a point, where its text may stand
MOST_INSIDE = 7  # a longer legend goes below the figure


def place_legends(figure: Figure, legends: Sequence[tuple[Any, Entries]]) -> None:
    """Put each legend into its panel where it covers nothing, or else below the figure.

    Parameters
    ----------
    legends : the axes and what stands in their legend.
    """
    layout: Any = figure.get_layout_engine()
    layout.execute(figure)
    outside: Entries = {}
    for ax, entries in legends:
        if entries and not (len(entries) <= MOST_INSIDE and _fits_inside(ax, entries)):
            outside |= entries
    if outside:
        place_below(figure, [outside])
        layout.execute(figure)


def place_below(figure: Any, legends: Sequence[Entries]) -> None:
    """Put one legend below all panels and make the figure higher by as much."""
    entries = {text: handle for entries in reversed(legends) for text, handle in entries.items()}
    if not entries:
        return
    width, height = figure.get_size_inches()
    columns = int(np.clip(width * 72 // (max(map(len, entries)) * 3.9 + 28), 1, len(entries)))
    figure.set_size_inches(width, height + (np.ceil(len(entries) / columns) * 9.5 + 5) / 72)
    place = "lower center" if figure.get_layout_engine() is None else "outside lower center"
    figure.legend(list(entries.values()), list(entries), loc=place, ncols=columns)


def _fits_inside(ax: Any, entries: Entries) -> bool:
    """Add the legend at the first place where nothing lies under it; say whether there was one."""
    drawn = drawn_points(ax)
    legend = ax.legend(list(entries.values()), list(entries), loc=_PLACES[0])
    for place in _PLACES:
        legend.set_loc(place)
        box = legend.get_window_extent()
        frame = ax.get_window_extent()
        if box.width < frame.width and box.height < frame.height and not count_inside(drawn, box):
            return True
    legend.remove()
    return False


def drawn_points(ax: Axes, *, texts: bool = True) -> np.ndarray:
    """Return points (n, 2) [pixels] that cover what is drawn: markers, dense lines, bands, bars and `texts`."""
    paths: list[np.ndarray] = [np.empty((0, 2))]
    for line in ax.lines:
        points = line.get_transform().transform(np.column_stack(line.get_data()).astype(float))
        paths.append(points if line.get_linestyle() == "None" else dense(points))
    images = [c for c in ax.collections if c.get_rasterized()]
    if images:
        frame = ax.get_window_extent()
        across, up = np.meshgrid(np.arange(frame.x0, frame.x1, 8.0), np.arange(frame.y0, frame.y1, 8.0))
        paths.append(np.column_stack([across.ravel(), up.ravel()]))
    for collection in (c for c in ax.collections if c not in images):  # the outlines of error bars and bands
        paths += [dense(collection.get_transform().transform(path.vertices)) for path in collection.get_paths()]
    boxes = [patch.get_window_extent() for patch in ax.patches if patch.get_gid() != "span"]
    boxes += [text.get_window_extent() for text in ax.texts if texts]
    paths += [points_of_box(box) for box in boxes]
    points = np.concatenate(paths)
    drawn: np.ndarray = points[np.isfinite(points).all(axis=1)]
    return drawn


def points_of_box(box: Any) -> np.ndarray:
    """Return points (n, 2) that fill a box [pixels]."""
    x, y = np.meshgrid(np.linspace(box.x0, box.x1, 12), np.linspace(box.y0, box.y1, 6))
    return np.column_stack([x.ravel(), y.ravel()])


def count_inside(points: np.ndarray, box: Any) -> int:
    """Return how many points lie in a box or within 2 pixels of it."""
    x, y = points.T
    inside = (x > box.x0 - 2) & (x < box.x1 + 2) & (y > box.y0 - 2) & (y < box.y1 + 2)
    return int(np.count_nonzero(inside))


def dense(points: np.ndarray) -> np.ndarray:
    """Return points along the line through `points`, at most 4 pixels apart (up to 200 on each stretch)."""
    if len(points) < 2:
        return points
    stretches = [points]
    for start, end in pairwise(points):
        distance = float(np.hypot(*(end - start)))
        if np.isfinite(distance) and distance > 4:
            share = np.linspace(0, 1, min(200, int(distance / 4) + 2))[:, None]
            stretches.append(start + share * (end - start))
    return np.concatenate(stretches)
