"""
Two cells side by side
======================

Capacities and efficiencies of the cells of a study, and whether their difference can be attributed.
"""

from example_files import example

import closo

analysis = closo.analyse(example())
axes = analysis.results["cells/comparison"].plot()
