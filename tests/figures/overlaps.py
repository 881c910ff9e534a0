"""Which texts of a drawn figure lie on each other, or leave the canvas."""

import math
from collections.abc import Iterator
from itertools import combinations
from typing import Any

import numpy as np
from matplotlib.legend import Legend
from matplotlib.text import Text

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


def problems(figure: Any) -> list[str]:
    """Return a sentence for each pair of texts that overlap and for each text that leaves the canvas."""
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
    return said + [f"{one!r} lies on {two!r}" for (one, a), (two, b) in pairs if overlap(a, b)]
