"""
Where the charge goes
=====================

Charge that did not come back, against capacity that was really lost.
"""

from example_files import study

import closo

analysis = closo.analyse(study())
axes = analysis.results["warm-cell/charge ledger"].plot()
