"""
Plating and stripping
=====================

Voltage of a symmetric cell, polarization and drift per half cycle.
"""

from example_files import cells

import closo

results = closo.run(
    "plating",
    cells() / "symmetric.mpr",
    area="0.283 ± 0.003 cm2",
    thickness="870 ± 10 um",
    ionic_conductivity="4.9e-4 ± 0.3e-4 S/cm",
)
axes = results[0].plot()
