"""
Critical current density
========================

A staircase of currents up to the short, with the bracket in which the critical current lies.
"""

from example_files import cells

import closo

results = closo.run("critical_current", cells() / "staircase-A200.mpt", area="0.283 ± 0.003 cm2")
axes = results[0].plot()
