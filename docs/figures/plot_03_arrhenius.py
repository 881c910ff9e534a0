"""
Arrhenius law
=============

Conductivity over temperature, with the law, its 95 % band, and the residuals.
"""

from example_files import study

import closo

analysis = closo.analyse(study())
axes = analysis.results["milled-p1/arrhenius"].plot()
