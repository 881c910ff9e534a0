"""The plotted numbers as a table: CSV that Origin and spreadsheets take without damage."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Sequence
from itertools import zip_longest

import numpy as np

from closo.figures.labels import literal, pretty, split_label
from closo.figures.spec import Array, FigureSpec, Image, Panel

Column = tuple[str, str, str, Array]  # long name, unit, comment, numbers

# A spreadsheet takes a cell that begins with one of these for a formula; the last four are their full-width forms.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")


def neutral(text: str) -> str:
    """Return a text cell that no spreadsheet runs as a formula (an apostrophe in front says: text).

    Example
    -------
    >>> neutral("=HYPERLINK(1)"), neutral("pellet 1")
    ("'=HYPERLINK(1)", 'pellet 1')
    """
    return f"'{text}" if text.lstrip(" \n").startswith(_FORMULA) else text


def csv_text(rows: Iterable[Sequence[str | float | int | None]], *, digits: int = 10) -> str:
    """Return rows as CSV: text neutralised, numbers with `digits` digits, an empty cell for what is not a number.

    From 17 digits on, a number is the shortest text that gives it back exactly.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    for row in rows:
        writer.writerow([_cell(value, digits) for value in row])
    return out.getvalue()


def _cell(value: str | float | int | None, digits: int) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return neutral(value)
    if not math.isfinite(value):
        return ""
    return f"{value!r}" if digits >= 17 else f"{value:.{digits}g}"


def to_csv(spec: FigureSpec) -> str:
    """Return the numbers of a figure: three header rows (long name, unit, comment), then one column per x, y, u.

    Origin maps the three rows to its column headers. The comment names the panel and the trace.
    """
    head, body = to_rows(spec)
    rows: list[Sequence[str | float | int | None]] = [*head, *body]
    return csv_text(rows)


def to_rows(spec: FigureSpec) -> tuple[list[list[str]], list[tuple[float | None, ...]]]:
    """Return the header rows and the rows of numbers of a figure."""
    columns = [column for number, panel in enumerate(spec.panels) for column in _columns(panel, number, spec)]
    head: list[list[str]] = [[str(column[i]) for column in columns] for i in range(3)]
    body = list(zip_longest(*[[float(v) for v in column[3]] for column in columns]))
    return head, body


def _columns(panel: Panel, number: int, spec: FigureSpec) -> list[Column]:
    x_name, x_unit = split_label(pretty(panel.x.label))
    y_name, y_unit = split_label(pretty(panel.y.label))
    place = literal(panel.title) or (f"panel {number + 1}" if len(spec.panels) > 1 else "")
    columns: list[Column] = []
    for trace in panel.traces:
        comment = _comment(place, trace.label or ("fit" if trace.style in ("line", "dashed") else "data"), spec)
        columns += [(x_name, x_unit, comment, trace.x), (y_name, y_unit, comment, trace.y)]
        if trace.x_u is not None:
            columns.append((f"u({x_name})", x_unit, comment, trace.x_u))
        if trace.y_u is not None:
            columns.append((f"u({y_name})", y_unit, comment, trace.y_u))
    for band in panel.bands:
        comment = _comment(place, band.label or "band", spec)
        columns += [
            (x_name, x_unit, comment, band.x),
            (f"{y_name} (low)", y_unit, comment, band.low),
            (f"{y_name} (high)", y_unit, comment, band.high),
        ]
    for image in panel.images:
        columns += _image_columns(image, ((x_name, x_unit), (y_name, y_unit)), place, spec)
    return columns


def _image_columns(
    image: Image, axes: tuple[tuple[str, str], tuple[str, str]], place: str, spec: FigureSpec
) -> list[Column]:
    """Return an image as one row per cell: the centre of the cell, and its number."""
    x, y = (np.convolve(np.asarray(edges, float), [0.5, 0.5], "valid") for edges in (image.x_edges, image.y_edges))
    across, up = np.meshgrid(x, y)
    names = ", ".join(f"{label} {name}" for label, name in image.names.items()) if image.kind == "labels" else ""
    comment = _comment(place, names or "image", spec)
    numbers = np.asarray(image.z, float).ravel()
    columns = [(*axis, comment, values.ravel()) for axis, values in zip(axes, (across, up), strict=True)]
    return [*columns, (*split_label(pretty(image.label)), comment, numbers)]


def _comment(place: str, label: str, spec: FigureSpec) -> str:
    return "; ".join(part for part in (place, literal(label), "synthetic data" if spec.synthetic else "") if part)
