"""A figure as plain data: one description, drawn by matplotlib for print and by the browser.

`FigureSpec` never computes and never shows. `draw` turns it into a matplotlib figure, `save` writes SVG, PDF or PNG
with the plotted numbers as CSV beside it, `to_svg` gives text for a page.
"""

from closo.figures.browser import to_plotly
from closo.figures.draw import draw, render, save, to_svg
from closo.figures.spec import Axis, Band, FigureSpec, Image, Panel, Span, Text, Trace
from closo.figures.style import Look
from closo.figures.table import to_csv

__all__ = [
    "Axis",
    "Band",
    "FigureSpec",
    "Image",
    "Look",
    "Panel",
    "Span",
    "Text",
    "Trace",
    "draw",
    "render",
    "save",
    "to_csv",
    "to_plotly",
    "to_svg",
]
