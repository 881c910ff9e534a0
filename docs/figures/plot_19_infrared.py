"""
Infrared spectrum
=================

A spectrum with its bands, anchors and baselines.
"""

from example_files import powders

import closo

results = closo.run("infrared", powders() / "A380-35-PM.dx")
axes = results[0].plot()
