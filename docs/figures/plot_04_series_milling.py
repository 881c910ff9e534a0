"""
Series over milling time
========================

Conductivity and activation energy of the samples of a series, with what they share and what they do not.
"""

from example_files import example

import closo

analysis = closo.analyse(example())
axes = analysis.results["series/milling"].plot()
