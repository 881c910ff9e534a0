"""
Resistance before and after a stress
====================================

Spectra of a cell before and after, and the ratio of the resistances.
"""

from example_files import study

import closo

analysis = closo.analyse(study())
axes = analysis.results["warm-cell/resistance change"].plot()
