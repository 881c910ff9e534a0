"""Which texts of a drawn figure lie on each other, or leave the canvas."""

from collections.abc import Iterator
from itertools import combinations
from typing import Any

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


def problems(figure: Any) -> list[str]:
    """Return a sentence for each pair of texts that overlap and for each text that leaves the canvas."""
    figure.canvas.draw()
    renderer = figure.canvas.get_renderer()
    slack = _SLACK * figure.dpi / 72
    boxes = []
    for text in {id(t): t for t in texts_of(figure)}.values():
        if text.get_visible() and text.get_text().strip():
            box = text.get_window_extent(renderer)
            if box.width > 2 * slack and box.height > 2 * slack:
                boxes.append((text, box.padded(-slack)))
    canvas = figure.bbox.padded(slack)
    said = [
        f"{text.get_text()!r} leaves the canvas"
        for text, box in boxes
        if box.x0 < canvas.x0 or box.y0 < canvas.y0 or box.x1 > canvas.x1 or box.y1 > canvas.y1
    ]
    for (one, a), (two, b) in combinations(boxes, 2):
        if a.overlaps(b):
            said.append(f"{one.get_text()!r} lies on {two.get_text()!r}")
    return said
