"""A profile through a map between two points, each value with its uncertainty."""

from __future__ import annotations

import numpy as np

from closo.errors import DataError


def profile_between(
    values: np.ndarray, u: np.ndarray, ends: tuple[float, float, float, float], width: int = 1
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return distance [pixels], mean over the width of the line, and its standard uncertainty.

    Pixels are taken whole, none is interpolated, so that the uncertainty is that of the pixels. Where the line is oblique
    and wide, neighbouring values may share one.

    Parameters
    ----------
    values, u : (rows, columns); pixels are independent. What is not finite is left out; NaN where nothing is left.
    ends : x and y of the first point, x and y of the last [pixels]; the first pixel reaches from 0 to 1.
    width : of the line [pixels].

    Raises
    ------
    DataError  when a point lies outside of the map, or both are in one pixel.

    Example
    -------
    >>> profile_between(np.arange(12.0).reshape(3, 4), np.ones((3, 4)), (0.5, 1.5, 3.5, 1.5), 3)[1].tolist()
    [4.0, 5.0, 6.0, 7.0]
    """
    x0, y0, x1, y1 = ends
    rows, columns = values.shape
    inside = 0 <= min(x0, x1) and max(x0, x1) <= columns and 0 <= min(y0, y1) and max(y0, y1) <= rows
    if not inside:
        raise DataError("the line leaves the map.", hint=f"x is 0 to {columns}, y 0 to {rows} (pixels).")
    length = float(np.hypot(x1 - x0, y1 - y0))
    steps = max(abs(int(x1) - int(x0)), abs(int(y1) - int(y0)))
    if steps < 1:
        raise DataError("both ends of the line lie in one pixel.", hint="Draw a longer line.")
    if not 1 <= width <= max(rows, columns):
        raise DataError(f"a line of {width} pixels is not a line through this map.", hint="Give 1 or more.")
    at = np.linspace(0.0, 1.0, steps + 1)
    along = np.array([x1 - x0, y1 - y0]) / length
    across = np.arange(width) - 0.5 * (width - 1)
    x = x0 + at[:, None] * (x1 - x0) - across * along[1]
    y = y0 + at[:, None] * (y1 - y0) + across * along[0]
    i, j = np.floor(y).astype(int), np.floor(x).astype(int)
    i, j = np.where(y == rows, rows - 1, i), np.where(x == columns, columns - 1, j)
    there = (i >= 0) & (i < rows) & (j >= 0) & (j < columns)
    mean, spread = np.full(steps + 1, np.nan), np.full(steps + 1, np.nan)
    for k in range(steps + 1):
        pixels = np.unique(np.column_stack([i[k][there[k]], j[k][there[k]]]), axis=0)
        v, s = values[pixels[:, 0], pixels[:, 1]], u[pixels[:, 0], pixels[:, 1]]
        good = np.isfinite(v) & np.isfinite(s)
        if good.any():
            mean[k], spread[k] = v[good].mean(), np.sqrt(np.sum(s[good] ** 2)) / good.sum()
    return at * length, mean, spread
