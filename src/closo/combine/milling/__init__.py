"""How long should one mill? Laws of what milling makes of a salt, fitted to conductivity and phase shares over time.

Measures
    milling_time:optimum (where the conductivity is highest), milling_time:optimum:<law>, ionic_conductivity:optimum.
Needs
    the conductivity of one recipe after four milling times or more, at one temperature; shares of phases (diffraction)
    where there are any.
Gives
    a Result with the laws ranked, and draws of conductivity and shares over time.
Uncertainty sources
    those of the conductivities with their labels, a scatter from sample to sample (fitted), the clock of each sample
    (3 %), the law, how the phases share the current. The optimum is that of all laws, each with the weight of its
    evidence: `posterior:<name>`.
Checks
    a maximum inside the times measured, agreement of the laws, scatter from sample to sample.
Limits
    One state that conducts best is assumed, with one way there and one away. Shares of phases are of the salt. Times
    are on the clock that the study states: whether it counts pauses is said, not guessed.
Sources
    `closo.models.milling` (laws), `interphase.inference` (sampling); AICc: Hurvich, Tsai, Biometrika 1989, 76, 297,
    10.1093/biomet/76.2.297. Phases share the current by a power mean: -1 is one behind the other, 0
    Lichtenecker's, 1/3 that of Looyenga 1965, 10.1016/0031-8914(65)90045-5, and 1 side by side.
"""

from closo.combine.milling.analysis import milling
from closo.combine.milling.figure import figure
from closo.combine.milling.kinetics import Milled

__all__ = ["Milled", "figure", "milling"]
