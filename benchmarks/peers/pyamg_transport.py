"""pyamg: conjugate gradients with Ruge-Stueben multigrid on an image.

A fourth argument (face, ghost or node) picks another electrode convention and smoothed aggregation: with a tolerance of
1e-11 that is how references are made.
"""

import importlib.metadata
import sys
import warnings

warnings.filterwarnings("ignore")
import pyamg  # noqa: E402
from transport_network import assemble, measure  # noqa: E402


def solve(labels, conductivity, tolerance):
    """Return the effective conductivity and the iterations."""
    convention = sys.argv[4] if len(sys.argv) > 4 else "face"
    matrix, right, start, effective = assemble(labels, conductivity, convention)
    if len(sys.argv) > 4:
        levels = pyamg.smoothed_aggregation_solver(matrix, strength=("symmetric", {"theta": 0.0}), max_coarse=500)
    else:
        levels = pyamg.ruge_stuben_solver(matrix)
    norms = []
    solution = levels.solve(right, x0=start, tol=tolerance, accel="cg", maxiter=400, residuals=norms)
    return effective(solution), len(norms) - 1


measure(solve, importlib.metadata.version("pyamg"))
