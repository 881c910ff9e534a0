"""
Transference number
===================

The step of the current with the spectra before and after it.
"""

from example_files import study

import closo

analysis = closo.analyse(study())
axes = analysis.results["transference/transference"].plot()
