"""PoreSpy on the conducting voxels of an image (one conductivity only); its electrodes are the end layers ("node").

Its OpenPNM side warns a lot and shows progress bars; both are silenced.
"""

import importlib.metadata
import logging
import warnings

warnings.filterwarnings("ignore")
import porespy  # noqa: E402
from transport_network import measure  # noqa: E402

porespy.settings.tqdm["disable"] = True
logging.disable(logging.CRITICAL)


def solve(labels, conductivity, tolerance):
    """Return the effective conductivity and the iterations (not told: 0)."""
    result = porespy.simulations.tortuosity_fd(labels > 0, axis=0, ftol=tolerance)
    return 1.0 / float(result.formation_factor), 0


measure(solve, importlib.metadata.version("porespy"))
