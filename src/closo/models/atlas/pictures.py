"""Conductivity of one composite as the table knows it, and over its composition."""

from __future__ import annotations

import numpy as np

from closo.constants import S_PER_CM
from closo.errors import StudyError
from closo.figures.spec import Axis, Band, FigureSpec, Panel, Trace
from closo.models.atlas import RANGES, ratio
from closo.quantity import Quantity, uncertain


def composition(
    filler_fraction: float, shell_ratio: float, *, matrix: float, shell: float
) -> tuple[Quantity, FigureSpec]:
    """Return the effective conductivity of overlapping spheres with a shell, and its figure over the filler fraction.

    Parameters
    ----------
    filler_fraction, shell_ratio : as in `ratio`.
    matrix, shell : conductivities [S/cm].

    Raises
    ------
    StudyError  when a number lies outside the table.

    Example
    -------
    >>> quantity, spec = composition(0.35, 0.25, matrix=2e-5, shell=5e-3)
    >>> bool(2e-3 < quantity.value < 5e-1), spec.panels[0].y.label
    (True, 'sigma / S cm-1')
    """
    if not (matrix > 0 and np.isfinite(shell / matrix)):
        raise StudyError("a conductivity of matrix or shell is none.", hint="Write S/cm, e.g. 2e-5 and 5e-3.")
    low, high = RANGES["filler_fraction"]
    phi = np.linspace(low, high, 121)
    value, u = ratio(np.append(phi, filler_fraction), shell_ratio, shell / matrix)
    sigma, at = matrix * np.exp(value), float(matrix * np.exp(value[-1]))
    how = "table of solved microstructures: overlapping spheres at independent places, no voids"
    number = uncertain(at * S_PER_CM, {"table of microstructures": at * S_PER_CM * float(u[-1])})
    band = Band(100 * phi, (sigma * np.exp(-2 * u))[:-1], (sigma * np.exp(2 * u))[:-1], "95 % of the table", color=6)
    traces = [
        Trace(100 * phi, sigma[:-1], "these numbers", "line", color=6),
        Trace([100 * filler_fraction], [at], "shown here", "points", color=6, marker=3),
    ]
    panel = Panel(Axis("phi / vol%"), Axis("sigma / S cm-1", "log"), traces, [band], title="conductivity")
    quantity = Quantity("effective_conductivity", number, how)
    return quantity, FigureSpec("composition", [panel], "Conductivity over composition", f"{quantity}")
