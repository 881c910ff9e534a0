"""
Electronic conductivity
=======================

Currents between blocking electrodes after steps of the voltage, and the line through what remains of them.
"""

from example_files import cells

import closo

results = closo.run(
    "polarization",
    cells() / "blocking.par",
    area="0.785 ± 0.008 cm2",
    thickness="400 ± 5 um",
    settings={"electrodes": "blocking"},
)
axes = results[0].plot()
