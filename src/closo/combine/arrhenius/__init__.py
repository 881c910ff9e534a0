"""Arrhenius law of a pellet: conductivity over temperature -> activation energy, prefactor, any other temperature.

Measures
    activation_energy (slope of ln(sigma T) or ln sigma against 1/T; both are computed, `method` names the one quoted),
    prefactor, log_prefactor, hysteresis between heating and cooling, transition_temperature or vogel_temperature where
    one straight line is refused.
Needs
    two temperatures or more; conductivities and temperatures as numbers with named sources.
Gives
    a Result; `predict` the conductivity at any temperature, `ratio` the orders of magnitude between two samples at a
    stated temperature, `decompose` how much of them is due to the activation energy and how much to the prefactor. Where
    the spectra tell bulk and grain boundary apart, each has a law of its own beside that of the total
    (`activation_energy:bulk`, `activation_energy:grain_boundary`).
Uncertainty sources
    those of the points, propagated with their labels: thickness and area of the pellet move the prefactor and every
    predicted conductivity together and leave the energy alone; the offset of a chamber moves both; the fit and the
    temperature of one point move that point. Added here: `scatter:<name>`, which takes over from what the points have
    of their own where chi2 asks for more (points - parameters degrees of freedom), `hysteresis:<name>` (spread of the
    branches about their mean, 1 degree of freedom for two), `curvature:<name>` where a kink or curvature is certain but
    changes the energy by less than 5 %.
Checks
    enough points, scatter, one straight line (kink and curvature, with the scan accounted for), outliers, hysteresis,
    equal energies of the branches, plausible energy.
Limits
    An uncertainty of temperature is treated to first order (effective variance): fine while it is small against the
    range of temperatures. A smooth curve and a kink look alike on few points; both are then named. Points whose scatter
    is understated imitate a kink when they are few: at three times the stated scatter about 7 % of straight series of 5
    points are refused (of 7 points: below 5 %; as stated: below 1 %).
Sources
    Fitting with uncertain temperatures: York et al. 2004, doi:10.1119/1.1632486. Scatter: Birge 1932,
    doi:10.1103/PhysRev.40.207. Vogel law: Vogel 1921; Fulcher 1925, doi:10.1111/j.1151-2916.1925.tb16731.x.
    Break of a line: Andrews 1993, doi:10.2307/2951764 (the scan must be accounted for).
"""

from closo.combine.arrhenius.analysis import arrhenius
from closo.combine.arrhenius.parts import Part, parts_of
from closo.combine.arrhenius.pictures import figure, figure_overlay
from closo.combine.arrhenius.points import Point
from closo.combine.arrhenius.prediction import decompose, predict, ratio

__all__ = [
    "Part",
    "Point",
    "arrhenius",
    "decompose",
    "figure",
    "figure_overlay",
    "parts_of",
    "predict",
    "ratio",
]
