"""The records that describe a figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

Array = np.ndarray | Sequence[float]


@dataclass(frozen=True)
class Axis:
    """An axis: label in the form 'symbol / unit', scale, optional range."""

    label: str
    scale: Literal["linear", "log"] = "linear"
    range: tuple[float, float] | None = None
    ticks: Sequence[tuple[float, str]] = ()


@dataclass(frozen=True)
class Trace:
    """Points, a line, or both.

    Attributes
    ----------
    x, y : the numbers plotted, in the units of the axes.
    label : name in the legend; empty for none. Drawn literally.
    style : 'points', 'line', 'dashed', 'both' or 'bars'.
    color : index into the colour-blind palette; equal index, equal colour in all panels.
    marker : index into the marker list (so that colour is never the only difference).
    filled : False draws open markers (cooling branch).
    x_u, y_u : standard uncertainties, drawn as error bars.
    behind : label -> what stands behind each point, shown where the mouse is on it: 'f / Hz' of a Nyquist plot; 'point', its
        number in the measurement from 1. Not drawn in print, not in the table.
    """

    x: Array
    y: Array
    label: str = ""
    style: Literal["points", "line", "dashed", "both", "bars"] = "points"
    color: int = 0
    marker: int = 0
    filled: bool = True
    x_u: Array | None = None
    y_u: Array | None = None
    behind: Mapping[str, Array] = field(default_factory=dict)


@dataclass(frozen=True)
class Band:
    """A shaded band between two curves, e.g. a 95 % interval."""

    x: Array
    low: Array
    high: Array
    label: str = ""
    color: int = 0


@dataclass(frozen=True)
class Span:
    """A shaded range of the x axis, e.g. a fit window or a bracket."""

    low: float
    high: float
    label: str = ""
    color: int = 7


@dataclass(frozen=True)
class Image:
    """A map on a rectangular grid: labels of phases, or values with a colour bar. Cells are never smoothed.

    `z[i, j]` fills the cell between `y_edges[i]`, `y_edges[i + 1]` and `x_edges[j]`, `x_edges[j + 1]`. What is not finite is
    light grey; so is what is not positive on a logarithmic scale.

    Example
    -------
    >>> Image([[0, 1]], [0.0, 1.0, 2.0], [0.0, 1.0], names={0: "silica", 1: "salt"}).kind
    'labels'
    """

    z: np.ndarray | Sequence[Sequence[float]]  # (rows, columns)
    x_edges: Array  # (columns + 1,), in the units of the axes; steps may differ
    y_edges: Array  # (rows + 1,)
    kind: Literal["labels", "values"] = "labels"  # whole numbers, each with its colour and name; or values
    label: str = "phase"  # of the colour bar, in the form 'symbol / unit'; of the column of the table
    names: Mapping[int, str] = field(default_factory=dict)  # label -> name in the legend, drawn literally
    colors: Mapping[int, int] = field(default_factory=dict)  # label -> index into the palette; without it, itself
    scale: Literal["linear", "log"] = "linear"  # of the colour bar
    range: tuple[float, float] | None = None  # of the colour bar; that of the values where none is given


@dataclass(frozen=True)
class Text:
    """A short text at a point of the data, drawn literally."""

    x: float
    y: float
    text: str


@dataclass(frozen=True)
class Panel:
    """One set of axes.

    Attributes
    ----------
    top : a second x axis above, given as ticks at positions of x ((position, text), ...), with its label.
    equal : one unit of x is as long as one unit of y (Nyquist, images of a place).
    """

    x: Axis
    y: Axis
    traces: Sequence[Trace] = ()
    bands: Sequence[Band] = ()
    spans: Sequence[Span] = ()
    texts: Sequence[Text] = ()
    images: Sequence[Image] = ()
    title: str = ""
    equal: bool = False
    top: Axis | None = None


@dataclass(frozen=True)
class FigureSpec:
    """A figure: panels side by side (`columns` per row), a title, and a summary for those who cannot see it."""

    name: str
    panels: Sequence[Panel]
    title: str = ""
    summary: str = ""
    columns: int = 2
    synthetic: bool = False
    notes: Sequence[str] = field(default_factory=tuple)
