"""
X-ray map
=========

An X-ray spectrum with its fit, maps beside their uncertainties, and the profile across the surface of a particle.
"""

from example_files import maps

import closo

results = closo.run("element_map", maps() / "A200-35-4h_stem.dm4")
axes = results[0].plot()
