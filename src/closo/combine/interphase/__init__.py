"""Which interphase explains the conductivities of composites? Explanations compete; the data say which are possible.

Measures
    shell_thickness, interphase_conductivity (at the reference temperature), interphase_activation_energy and
    sample_scatter of the leading explanation; the same with ':<explanation>' of each one.
Needs
    conductivities of four milled composites or more over silica content, silica area and, where there are, milling time
    and temperature; the salt milled alone; pore volumes for the explanations with pores; the share of the salt that
    X-ray Raman sees changed is used where there is one.
Gives
    a Result with posteriors, a ranking by prediction of left-out samples, and the sample that teaches most.
Uncertainty sources
    those of the conductivities with their labels (a thickness, an area, a chamber correlate all that share them), the
    scatter from sample to sample of level and activation energy (inferred), the uncertainty of the table of voxel
    solves. Each posterior is one source, `posterior:<study>/<explanation>`.
Checks
    scatter from sample to sample, agreement of evidence and prediction, range of the samples, one shell thickness for
    all silicas, X-ray Raman.
Limits
    An explanation that is not in the list cannot win. Where milling or pores transform all of the salt, any explanation
    that does so looks alike. Silica contents are taken as exact. SBA-15 is treated as spheres of its BET area. The
    over-milled state is taken to conduct like the matrix.
Sources
    `mechanisms`: forward models and priors; `inference`: sampling; `ranking`: Vehtari et al. 2017,
    10.1007/s11222-016-9696-4; `planning`: Lindley 1956, 10.1214/aoms/1177728069.
"""

from closo.combine.interphase.analysis import interphase
from closo.combine.interphase.pictures import figure, figure_ranking, figures
from closo.combine.interphase.planning import figure_next, offers
from closo.combine.interphase.records import Composite

__all__ = [
    "Composite",
    "figure",
    "figure_next",
    "figure_ranking",
    "figures",
    "interphase",
    "offers",
]
