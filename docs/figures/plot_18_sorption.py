"""
Gas sorption
============

The isotherm, the line of BET with its window and residuals, and the distribution of pores.
"""

from example_files import powders

import closo

results = closo.run("sorption", powders() / "A200.aif", density="2.20 ± 0.05 g/cm3")
axes = results[0].plot()
