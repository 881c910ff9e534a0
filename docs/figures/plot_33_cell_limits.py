"""
What limits the cells
=====================

Every slow process fitted to the cycles and spectra of two synthetic sodium cells: which fit, and what the next run
would decide.
"""

from example_files import two_cells

from closo import pipeline
from closo.combine.limits import evidence_of, figure, limits
from closo.figures import draw

analysis = pipeline.analyse(two_cells(), workers=1)
cells, _ = evidence_of(analysis.study, analysis.results)
axes = draw(figure(limits(cells, name="two cells"))).axes
