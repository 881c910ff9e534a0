"""
Onset of oxidation
==================

A sweep of the potential, with the onset by three definitions.
"""

from example_files import cells

import closo

results = closo.run("voltammetry", cells() / "sweep.par", area="0.283 ± 0.003 cm2", settings={"reference": "Na+/Na"})
axes = results[0].plot()
