"""
The next sample
===============

What every sample that could be made would conduct, against what it would teach.
"""

from closo.combine.interphase import figure_next, interphase
from closo.combine.interphase.mechanisms import MECHANISMS
from closo.figures import draw
from closo.twin.interphase import DENSITY, NARROW, bruggeman_ratio, composites

silicas = {"A90": (70.2e3, 0.152e-3), "A200": (191.2e3, 0.437e-3), "A380": (349.2e3, 0.692e-3)}  # m2/kg, m3/kg
result = interphase(
    composites("budget", {}, seed=4, design=NARROW, celsius=(60.0, 90.0)),
    name="example",
    filler_density=DENSITY,
    ratio=bruggeman_ratio,
    silicas=silicas,
    explanations=[m for m in MECHANISMS if m.name in ("shell", "silanol", "budget", "milled")],
    draws=200,
)
axes = draw(figure_next(result)).axes
