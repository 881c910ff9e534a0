"""X-ray Raman scattering: the edges of light elements in the bulk of a powder, with the spread over background models.

Measures
    The near-edge structure of a core level (B, C, N, O, Na K) with hard X-rays that lose its energy: shares of the area in a
    range, energies of peaks, momentum transfer.

Protocol
    Elastic lines of every analyser at a count rate in its linear range (attenuated), before and after the scans of
    the edges; some scans rather than one long one; at least 20 eV before the edge. Measure references (a borate, the
    pristine salt) in the same geometry: a spectrum from soft X-rays has another energy scale.

Needs
    Scans of `counts` along point and `analyser` over the incident `energy`, with `monitor` and `dwell_time` where the
    files hold them: elastic lines and edges, all files of one sample together; or a summed loss spectrum, `energy`
    with `intensity` (and `intensity_u`) or `counts`. `edge` says which edge.

Gives
    `peak_area:PEAK` (share of the edge's area within the limits; `PEAK second window` with the second window of
    normalisation), `peak_energy:PEAK`, `elastic_energy`, `energy_resolution`, `momentum_transfer` and `dipole_parameter`
    (q times the radius of the 1s level). Peaks: those of the edge, or of the setting `peaks`. A share whose relative
    uncertainty is above 40 % is withheld, with the limit that the truth exceeds once in twenty.

Uncertainty sources
    `counting <peak>:<name>` (Poisson, times the scatter of scan against scan); `background model <peak>:<name>` (standard
    deviation over constant, line, exponential, parabola, Pearson VII and atomic Compton profile, as far as the data allow
    them; a share is their mean); `energy scale <peak>:<name>` and `energy scale:<name>` (`axis_u` of the loss,
    0.03 eV unless it is said otherwise); `elastic line:<name>` (its scatter from scan to scan, per analyser); `fit
    <peak>:<name>` and `peak shape <peak>:<name>` (Gaussian or Lorentzian, four windows), of energies;
    `angle:<name>` (1 deg), `spread of the analysers:<name>`, of the momentum transfer.

Checks
    background of each peak (25 % of its share), dead analysers, scan against scan, analysers against each other, and how far
    the centroid of the first peak scatters between them; where the edge rises, gaps and wild points, whether points before
    the edge scatter as counts, or what is stated beside them, do.

Limits
    No model of the background is known to be true: where none is good, their spread is too small. At high momentum
    transfer an edge on the flank of the valence profile (B K at 55 deg) moves by tens of per cent between a line and a
    parabola. Analysers of very different angles should not be summed (`analysers` chooses). `axis_u` covers what an elastic
    line cannot: the loss scale far from it. 535 eV at the O K edge is named as ambiguous: non-bridging oxygen and O-H.

Sources
    Schülke, Electron Dynamics by Inelastic X-Ray Scattering, 2007; Sahle et al., J. Synchrotron Rad. 2015, 22, 400,
    doi:10.1107/S1600577514027581 (backgrounds); Fister et al., Rev. Sci. Instrum. 2006, 77, 063901,
    doi:10.1063/1.2204581 (LERIX); Biggs, Mendelsohn, Mann, At. Data Nucl. Data Tables 1975, 16, 201,
    doi:10.1016/0092-640X(75)90030-3.
"""

from typing import TYPE_CHECKING

from closo.techniques.lazy import lazily

if TYPE_CHECKING:
    from closo.techniques.xray_raman.analysis import analyse
    from closo.techniques.xray_raman.edges import check_settings
    from closo.techniques.xray_raman.pictures import figure

__all__ = ["analyse", "check_settings", "figure"]

__getattr__ = lazily(__name__, {"analyse": "analysis", "check_settings": "edges", "figure": "pictures"})
