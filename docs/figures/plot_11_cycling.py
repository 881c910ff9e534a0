"""
Cycling of a cell
=================

Voltage over capacity, capacity and efficiency over cycles with the spectra marked, and the differential capacity.
"""

from example_files import cells

import closo

results = closo.run(
    "cycling",
    cells() / "warm-cell.mpr",
    area="0.283 ± 0.003 cm2",
    active_mass="0.84 ± 0.03 mg",
    settings={"cell": "cathode half cell"},
)
axes = results[0].plot()
