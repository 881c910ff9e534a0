"""
Powder diffraction
==================

The pattern, the fit with the share of each phase, and what is left.
"""

from example_files import pattern

import closo

results = closo.run(
    "diffraction",
    pattern() / "mixture.xy",
    settings={"phases": f"{pattern() / 'NaCl.cif'},{pattern() / 'KCl.cif'}", "anode": "Cu"},
)
axes = results[0].plot()
