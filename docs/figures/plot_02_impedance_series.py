"""
Spectra of a pellet, fitted together
====================================

One circuit for all temperatures, so that its elements keep their meaning.
"""

from example_files import study

import closo

analysis = closo.analyse(study())
axes = analysis.results["A200-35-4h-p1/impedance series"].plot()
