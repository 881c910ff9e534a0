"""
Fractions of references
=======================

The B K edge of a composite as a sum of the pristine salt and a borate, and what is left.
"""

from example_files import edges

import closo

references = ",".join(str(edges() / name) for name in ("pristine-BK.xrs", "BO3.xrs"))
results = closo.run("near_edge", edges() / "A380-75-4h-BK.xrs", settings={"edge": "B K", "references": references})
axes = results[0].plot()
