"""Which texts of a drawn figure lie on each other or on the data, or leave the canvas."""

import math
from collections.abc import Iterator
from itertools import combinations
from typing import Any

import numpy as np
from matplotlib.legend import Legend
from matplotlib.text import Text

from closo.figures.legend import drawn_points

_SLACK = 0.6  # points: the box of a text is a little larger than its letters


def texts_of(figure: Any) -> Iterator[Text]:
    """Yield every text that is drawn: of tick labels only those of ticks inside the view."""
    yield from figure.texts
    legends = list(figure.legends)
    for ax in figure.axes:
        if not ax.get_visible():
            continue
        yield from ax.texts
        yield from (ax.title, ax._left_title, ax._right_title)
        legends += [child for child in ax.get_children() if isinstance(child, Legend)]
        for axis in (ax.xaxis, ax.yaxis) if ax.axison else ():
            yield from (axis.label, axis.offsetText)
            for tick in axis._update_ticks():
                yield from (label for label in (tick.label1, tick.label2) if label.get_visible())
        for child in ax.child_axes:
            for axis in (child.xaxis, child.yaxis):
                yield axis.label
                for tick in axis._update_ticks():
                    yield from (label for label in (tick.label1, tick.label2) if label.get_visible())
    for legend in legends:
        yield from legend.get_texts()
        yield legend.get_title()


def corners(text: Text, renderer: Any) -> np.ndarray:
    """Return the corners of a text, turned as it is, a little inside of its letters: shape (4, 2), pixels."""
    box = text.get_window_extent(renderer)
    width, height = box.width, box.height
    angle = math.radians(text.get_rotation())
    if "\n" not in text.get_text() and abs(math.sin(2 * angle)) > 1e-6:  # the box of a slanted text is not its own
        width, height, _ = renderer.get_text_width_height_descent(
            text.get_text(), text.get_fontproperties(), ismath=False
        )
    elif abs(math.sin(angle)) > 0.5:
        width, height = height, width
    slack = 2 * _SLACK * renderer.dpi / 72
    across = np.array([math.cos(angle), math.sin(angle)]) * max(width - slack, 0.0) / 2
    up = np.array([-math.sin(angle), math.cos(angle)]) * max(height - slack, 0.0) / 2
    centre = np.array([(box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2])
    return np.array([centre + a * across + b * up for a, b in ((-1, -1), (1, -1), (1, 1), (-1, 1))])


def overlap(one: np.ndarray, two: np.ndarray) -> bool:
    """Return whether two rectangles share an area: no side of either separates them."""
    for sides in (one, two):
        for edge in (sides[1] - sides[0], sides[2] - sides[1]):
            a, b = one @ edge, two @ edge
            if a.max() <= b.min() or b.max() <= a.min():
                return False
    return True


def covered(ax: Any, renderer: Any) -> Iterator[str]:
    """Yield a sentence for each text inside a panel that lies on markers, or on more of a curve than crosses it."""
    legend = ax.get_legend()
    texts = [*ax.texts, *(legend.get_texts() if legend else ())]
    boxes = [(text.get_text(), corners(text, renderer)) for text in texts if text.get_text().strip()]
    for line in ax.lines:
        marked = line.get_marker() not in ("None", None, "", " ")
        points = line.get_transform().transform(np.column_stack(line.get_data()).astype(float))
        points = points[np.isfinite(points).all(axis=1)]
        for said, box in boxes:
            if marked and inside(points, box).sum() > 0.01 * len(points):
                yield f"{said!r} lies on points"
    curves = drawn_points(ax, texts=False)
    for said, box in boxes:
        width, height = np.ptp(box[:, 0]), np.ptp(box[:, 1])
        if 4 * inside(curves, box).sum() > max(0.7 * width, 1.5 * height):  # curves have a point every 4 pixels
            yield f"{said!r} lies on a curve"


def inside(points: np.ndarray, box: np.ndarray) -> np.ndarray:
    """Return which of the points (n, 2) lie in a rectangle."""
    across, up = box[1] - box[0], box[3] - box[0]
    place = (points - box[0]) @ np.array([across / (across @ across), up / (up @ up)]).T
    return ((place >= 0) & (place <= 1)).all(axis=1)


def problems(figure: Any) -> list[str]:
    """Return a sentence for each pair of texts that overlap, each on the data, and each that leaves the canvas."""
    figure.canvas.draw()
    renderer = figure.canvas.get_renderer()
    drawn = [t for t in {id(t): t for t in texts_of(figure)}.values() if t.get_visible() and t.get_text().strip()]
    boxes = [(text.get_text(), corners(text, renderer)) for text in drawn]
    (left, bottom), (right, top) = figure.bbox.get_points()
    said = [
        f"{text!r} leaves the canvas"
        for text, box in boxes
        if (box < [left, bottom]).any() or (box > [right, top]).any()
    ]
    pairs = combinations(boxes, 2)
    said += [sentence for ax in figure.axes if ax.get_visible() for sentence in covered(ax, renderer)]
    return said + [f"{one!r} lies on {two!r}" for (one, a), (two, b) in pairs if overlap(a, b)]
