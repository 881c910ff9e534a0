"""
Gas sorption
============

The isotherm, the line of BET with its window, the t-plot and the pores.
"""

from example_files import powders

import closo

results = closo.run("sorption", powders() / "A200.aif", density="2.20 ± 0.05 g/cm3")
axes = results[0].plot()
