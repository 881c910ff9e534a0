"""
Calorimetry
===========

Heat flow of the salt as bought, with its transition.
"""

from example_files import raw_files

import closo

results = closo.run("calorimetry", raw_files() / "pristine-dsc.txt")
axes = results[0].plot()
