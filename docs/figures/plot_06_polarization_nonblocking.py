"""
Currents of Bruce and Vincent
=============================

The current through a symmetric cell from the moment of the step to its steady state.
"""

from example_files import study

import closo

analysis = closo.analyse(study())
axes = analysis.results["transference/polarization/transference.par#3"].plot()
