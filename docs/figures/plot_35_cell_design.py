"""
Energy of stacks
================

Energy per mass over the thickness of the electrolyte and the loading, at 20 and 60 °C, and what limits each corner.
"""

from closo.figures import draw
from closo.models.cell.chemistry import chemistry
from closo.models.cell.design import design, figure
from closo.models.cell.stack import stack_from_masses

stack = stack_from_masses(
    "Prussian white",
    chemistry("Prussian white"),
    area=0.283e-4,  # m2
    cathode_mass=1.5e-6,  # kg
    separator_mass=35e-6,
    ratio=(6.0, 3.0, 1.0),
    electrolyte_density=1543.5,  # kg/m3
)
axes = draw(figure(design(stack, c_rate=0.2, celsius=(20.0, 60.0), cells=[stack]))).axes
