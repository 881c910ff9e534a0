"""TauFactor on the CPU on an image: its own electrodes lie one voxel outside ("ghost")."""

import importlib.metadata
import warnings

warnings.filterwarnings("ignore")
import numpy as np  # noqa: E402
import taufactor  # noqa: E402
import torch  # noqa: E402
from transport_network import measure  # noqa: E402

torch.set_num_threads(1)


def solve(labels, conductivity, tolerance):
    """Return the effective conductivity and the iterations."""
    phases = {int(k): float(conductivity[k]) for k in np.unique(labels) if conductivity[k] > 0}
    solver = taufactor.MultiPhaseSolver(labels, cond=phases, device="cpu")
    solver.solve(iter_limit=20000, verbose=False, conv_crit=tolerance)
    return float(np.ravel(solver.D_eff)[0]), int(solver.iter)


measure(solve, importlib.metadata.version("taufactor"))
