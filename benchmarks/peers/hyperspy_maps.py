"""HyperSpy: background and three references fitted at each pixel of a cube (linear multifit with errors); one JSON line.

Arguments: cube.npy, components.npy, pixels along a side that are fitted (the time of a full fit is scaled by others).
"""

import json
import sys
import time
import warnings

import numpy as np

warnings.filterwarnings("ignore")
import hyperspy.api as hs  # noqa: E402
from hyperspy.components1d import PowerLaw, ScalableFixedPattern  # noqa: E402

hs.set_log_level("ERROR")
hs.preferences.General.show_progressbar = False
cube, components = np.load(sys.argv[1], mmap_mode="r"), np.load(sys.argv[2])
side, patch = round(len(cube) ** 0.5), int(sys.argv[3])
energies = 150.0 + 256.0 / components.shape[1] * np.arange(components.shape[1])


def axis(signal):
    """Give a signal the energies."""
    own = signal.axes_manager.signal_axes[0]
    own.offset, own.scale, own.units = 150.0, energies[1] - energies[0], "eV"
    return signal


def fitted(pixels, law):
    """Return CPU seconds of the fit of a patch with references and a background: two fixed power laws, or a free one.

    The full fit starts each pixel from the one before; its optimiser gives errors, too.
    """
    part = np.asarray(cube, dtype="float32").reshape(side, side, -1)[:pixels, :pixels]
    model = axis(hs.signals.Signal1D(part)).create_model()
    for row in components if law == "fixed" else components[:3]:
        pattern = ScalableFixedPattern(axis(hs.signals.Signal1D(row)))
        model.append(pattern)
        pattern.shift.free = pattern.xscale.free = False
    if law == "free":
        background = PowerLaw()
        model.append(background)
        background.A.value, background.r.value = 1e9, 2.8
    begun = time.process_time()
    if law == "fixed":
        model.multifit(optimizer="lstsq", calculate_errors=True)
    else:
        model.multifit(optimizer="lm", iterpath="serpentine")
    return time.process_time() - begun


linear = fitted(side, "fixed")
free = fitted(patch, "free") * (side / patch) ** 2
print(json.dumps({"version": hs.__version__, "linear_cpu_s": round(linear, 2), "full_fit_cpu_s": round(free, 1)}))
