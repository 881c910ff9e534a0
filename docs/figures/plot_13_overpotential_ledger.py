"""
What each part of a cell costs in voltage
=========================================

The measured gap between charge and discharge, and what explains it.
"""

from example_files import study

import closo

analysis = closo.analyse(study())
axes = analysis.results["warm-cell/overpotential ledger"].plot()
