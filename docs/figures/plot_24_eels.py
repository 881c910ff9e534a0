"""
EELS map
========

A loss spectrum with the background below boron, and the map of boron beside its uncertainty.
"""

from example_files import maps

import closo

results = closo.run("eels", maps() / "A200-35-4h_eels.dm4")
axes = results[0].plot()
