"""Drawing of an `Image`: phases in the colours of the palette, values on a perceptual scale with a colour bar."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from closo.figures.axes import finite, set_ticks
from closo.figures.spec import Axis, Image
from closo.figures.strokes import color_of
from closo.figures.style import MISSING, VALUE_MAP

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def draw_image(ax: Axes, image: Image, *, bar: bool = True) -> dict[str, Any]:
    """Draw `image` as cells without smoothing and return its legend entries (names of the labels that are in it).

    Cells without a finite number (on a logarithmic scale: without a positive one) are light grey.

    Parameters
    ----------
    bar : draw the colour bar of values beside the panel.
    """
    z = finite(np.asarray(image.z), image.scale if image.kind == "values" else "linear")
    if not np.isfinite(z).any():
        return {}
    return _draw_labels(ax, image, z) if image.kind == "labels" else _draw_values(ax, image, z, bar=bar)


def phases(image: Image, z: np.ndarray) -> tuple[np.ndarray, dict[int, str]]:
    """Return the place of each cell among the labels that are there, NaN where it has none, and label -> colour."""
    present = [int(label) for label in np.unique(z[np.isfinite(z)])]
    place = np.searchsorted(present, np.nan_to_num(z, nan=-np.inf)).astype(float)
    place[~np.isfinite(z)] = np.nan
    return place, {label: color_of(image.colors.get(label, label)) for label in present}


def _draw_labels(ax: Axes, image: Image, z: np.ndarray) -> dict[str, Any]:
    from matplotlib.colors import BoundaryNorm, ListedColormap
    from matplotlib.patches import Patch

    place, colors = phases(image, z)
    palette = ListedColormap(list(colors.values()), "phases").with_extremes(bad=MISSING)
    norm = BoundaryNorm(np.arange(len(colors) + 1) - 0.5, len(colors))
    _mesh(ax, image, place, cmap=palette, norm=norm)
    return {
        image.names.get(label, f"phase {label}"): Patch(facecolor=color, edgecolor="none")
        for label, color in colors.items()
    }


def _draw_values(ax: Axes, image: Image, z: np.ndarray, *, bar: bool) -> dict[str, Any]:
    import matplotlib as mpl
    from matplotlib.colors import LogNorm, Normalize

    low, high = image.range or (float(np.nanmin(z)), float(np.nanmax(z)))
    if low == high:  # one value everywhere: still a scale that can be read
        low, high = (low / 1.1, high * 1.1) if image.scale == "log" else (low - 0.5, high + 0.5)
    norm = LogNorm(low, high) if image.scale == "log" else Normalize(low, high)
    mesh = _mesh(ax, image, z, cmap=mpl.colormaps[VALUE_MAP].with_extremes(bad=MISSING), norm=norm)
    figure = ax.get_figure(root=True)
    if bar and figure is not None:
        beside: Any = figure.colorbar(mesh, ax=ax, pad=0.03, fraction=0.06, aspect=22)
        beside.outline.set_linewidth(0.6)
        label = set_ticks(beside.ax, "y", Axis(image.label, image.scale), {})
        beside.ax.set_ylabel(label)
    return {}


def _mesh(ax: Axes, image: Image, z: np.ndarray, *, cmap: Any, norm: Any) -> Any:
    edges = (np.asarray(image.x_edges, float), np.asarray(image.y_edges, float))
    shown = np.ma.masked_invalid(z)
    return ax.pcolormesh(*edges, shown, cmap=cmap, norm=norm, rasterized=True, zorder=0.5, antialiased=False)
