"""Electron energy loss (EELS): edges above their background as counts and maps with their uncertainties, and the
thickness.

Measures
    How many electrons lost the energy of an edge (B K, C K, O K, Na K, Si L) in a spectrum or at each point of a map;
    how thick the specimen is in mean free paths.

Protocol
    Record core and low losses of the same place (dual EELS); the zero-loss peak calibrates the axis. Stay below
    t/lambda = 0.5. Beams turn [4]B into [3]B: take a series of doses before a statement on BO3.

Needs
    `energy_loss` [eV] with `counts`, or with `intensity` (analysed in its own values; what one electron is of them comes
    from their scatter, or is set).

Gives
    `edge_intensity:EDGE` (counts, of a map per pixel: between the onset and `width` eV above it, over a power law that
    is fitted to the counts before the edge by Poisson likelihood), `background_exponent:EDGE`, `edge_ratio:A/B`. With
    `references` (files with two columns, energy loss and intensity above the background) all of them and the
    background are fitted together: `edge_intensity:REFERENCE`, the counts of each over the range. With `low_loss` also
    `edge_intensity:EDGE single scattering`; with `profile` of a map `enrichment:A/B` and `shell_width`, as element_map
    gives them. Low losses: `zero_loss_position`, `zero_loss_width`, `relative_thickness`. Curves of a map: net counts
    and their standard uncertainty at each pixel, from two fixed power laws (and the references) with one weight
    vector: linear in the counts, so without bias however few they are.

Uncertainty sources
    `counting EDGE:<name>` (counts, and the extrapolated background, which weighs 2 to 200 times more), `background
    EDGE:<name>` (root mean square over windows that fit), `bend of the background EDGE:<name>` (1 per unit of ln E, or what
    the widest window says), `dark current:<name>` (of values that are no counts: what leaves exponents from 2 to 5 before
    each edge), `alignment REFERENCE:<name>` (0.3 eV either way), `structure REFERENCE:<name>` (blocks
    of residuals), `method:<name>` (of the thickness: reflected or cut peak), `end of the zero-loss peak EDGE:<name>` (the
    same, of single scattering), `axis EDGE:<name>` (5 eV, where nothing calibrates the axis).

Checks
    zero of the axis, channels (dead, cut off, apart), dark current (a part of the spectrum below zero, its end too steep
    or level), noise (smoothed values), place and background of each edge (exponent, bend), thickness, whether residuals
    are noise, number of components (eigenvalues above those of noise; only counted, never fitted).

Limits
    Counts are no amounts: that needs cross-sections. Plural scattering carries counts out of the window above t/lambda
    = 0.5, unless `low_loss` removes it. A reference must have the resolution of the spectrum; a wrong one shows in the
    residuals only. The window must lie above the edges before it (Si L1 149.7 eV for B K).

Sources
    Egerton 2011, doi:10.1007/978-1-4419-9583-4; linear combination of power laws: Cueva et al. 2012,
    doi:10.1017/S1431927612000244; likelihood: Cash 1979, doi:10.1086/156922; eigenvalues of noise: Marchenko, Pastur
    1967, doi:10.1070/SM1967v001n04ABEH001994.
"""

from typing import TYPE_CHECKING

from closo.techniques.lazy import lazily

if TYPE_CHECKING:
    from closo.techniques.eels.analysis import analyse
    from closo.techniques.eels.pictures import figure
    from closo.techniques.eels.request import check_settings

__all__ = ["analyse", "check_settings", "figure"]

__getattr__ = lazily(__name__, {"analyse": "analysis", "figure": "pictures", "check_settings": "request"})
