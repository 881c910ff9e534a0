"""X-ray maps of elements (EDS): lines with limits of detection, mixing, and whether an element sits at a surface.

Measures
    How many X-rays of each element there are, in a spectrum or at each point of a map; whether boron is enriched at
    the surface of silica, and in how wide a shell; how large the regions of a mixture are.

Protocol
    Save the map as spectra (not as elements), with its live time. Boron at 183 eV lies on the flank of carbon and of
    the noise: use a thin specimen, avoid carbon, count long. A ratio (B/Na) does not change with the thickness.

Needs
    `counts` with `energy` (a spectrum, or one at each point of an image), or as events: `pixel`, `channel`.

Gives
    `line_intensity:ELEMENT` (counts of all its lines in the range over a smooth background: everything is fitted
    together), `line_detection_limit:ELEMENT` (counts that are found with 95 %, if none is falsely found with 95 %),
    with `k_factors` `atom_fraction:ELEMENT`. Of a map also `colocalisation:A/B` (correlation of two elements without
    their noise), `domain_size` and `mixing_unevenness` of the share of the particle's element, `enrichment:A/B`
    (their ratio at the edge of the particles over that outside), `shell_width` where a shell explains the profile
    better than A everywhere in the particle, or only outside. Curves: maps with standard uncertainties, the profile
    over the signed distance to the edge.

Uncertainty sources
    `counting ELEMENT:<name>`, `background ELEMENT:<name>` (two terms more), `resolution ELEMENT:<name>` (5 eV),
    `k_factor ELEMENT` (as stated; without ± 15 %, by which measured factors miss tables), `absorption ELEMENT:<name>`
    (of an atom fraction, not corrected: 25 % below 1 keV, else 5 %), `edge QUANTITY:<name>` (threshold of the particles
    20 % up and down), `places QUANTITY:<name>` (leaving out an eighth of the map at a time), `shape:<name>` (a shell
    whose outer side is sharp, or fades over up to 90 % of its width either way).

Checks
    fit of the lines (also: less scatter than counts have, none is seen), whether pixels scatter as counts do, whether the
    map is whole, whether the edge of particles is seen, which of the three models of the profile fits.

Limits
    Absorption is not corrected: boron under a micrometre of anything is lost, so B in an SEM at 15 kV means nothing.
    Particles are taken for spheres; a shell narrower than the blur of the probe has a limit only. Counts are no
    amounts without k-factors.

Sources
    Cliff, Lorimer 1975, doi:10.1111/j.1365-2818.1975.tb03895.x; Newbury et al. 1995, doi:10.1021/ac00107a017
    (analyses without standards); Fiori, Newbury 1978 (width of lines); Currie 1968,
    doi:10.1021/ac60259a007; Otsu 1979, doi:10.1109/TSMC.1979.4310076.
"""

from typing import TYPE_CHECKING

from closo.techniques.lazy import lazily

if TYPE_CHECKING:
    from closo.techniques.element_map.analysis import analyse
    from closo.techniques.element_map.pictures import figure
    from closo.techniques.element_map.request import check_settings

__all__ = ["analyse", "check_settings", "figure"]

__getattr__ = lazily(__name__, {"analyse": "analysis", "figure": "pictures", "check_settings": "request"})
