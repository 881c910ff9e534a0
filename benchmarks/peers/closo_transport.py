"""closo in a process of its own, measured as its peers are."""

from transport_network import measure

import closo
from closo.models import transport


def solve(labels, conductivity, tolerance):
    """Return the effective conductivity and the iterations."""
    phases = {k: float(v) for k, v in enumerate(conductivity)}
    found = transport.solve(labels, phases, tolerance=tolerance)
    return found.effective_conductivity, found.iterations


measure(solve, closo.__version__)
