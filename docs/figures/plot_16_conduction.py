"""
Current in a microstructure
===========================

A slice of a composite, 35 vol% insulating spheres with a conducting shell, and the density of the current in it.
"""

from example_files import image

from closo.figures import draw
from closo.models import simulation

phases = simulation.parse_phases(["0=0", "1=1.9e-5", "2=5e-3"])  # S/cm of spheres, matrix, shell
spec = simulation.figure(simulation.image(image(), phases))
axes = draw(spec).axes
