"""
X-ray Raman scattering
======================

The loss spectrum with the models of its background, and the normalised B K edge with their spread.
"""

from example_files import edges

import closo

results = closo.run("xray_raman", edges() / "A380-75-4h-BK.xrs", settings={"edge": "B K", "angle": "55"})
axes = results[0].plot()
