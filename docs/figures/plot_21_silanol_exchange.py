"""
What milling does to the silanol
================================

Free silanol of the physical mixtures and of the milled composites, over the surface of the silica.
"""

from example_files import powders

import closo
from closo.combine.silanol import figure, silanol_exchange
from closo.figures import draw

silicas = ("A90", "A200", "A300", "A380")
before, after = (
    {name: closo.run("infrared", powders() / f"{name}-35-{state}.dx")[0] for name in silicas} for state in ("PM", "4h")
)
axes = draw(figure(silanol_exchange(before, after))).axes
