"""
A simulated cell
================

Two cycles and the spectrum of a sodium cell with Prussian white at 60 °C, from its recipe, in PyBaMM.
"""

from closo.figures import draw
from closo.models.cell.chemistry import chemistry
from closo.models.cell.results import figure, simulated
from closo.models.cell.simulation import Protocol
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
axes = draw(figure(simulated(stack, Protocol(333.15, 0.05, cycles=2), with_spectrum=True))).axes
