"""Powder diffraction: which phases, how much of each, their cells and sizes, by a bounded fit of the whole pattern.

Measures
    Intensity over 2theta in Bragg-Brentano geometry. The intensities of a phase follow from its CIF file; what is
    fitted is how much of it there is, its cell within limits, the size of its crystallites, their strain where enough
    lines tell it from size, the displacement of the specimen, a polynomial background and, where asked, an amorphous
    halo of free shape.

Needs
    `two_theta` [deg] with `counts` or `intensity`; CIF files of all crystalline phases (`phases`); the wavelength,
    from the file or by `anode` or `wavelength`. `profile` (printed by a run with `standard=true` on LaB6 or the like)
    for the sizes of crystallites above some 50 nm; `internal_standard` for the amorphous part; `radius` for the
    displacement in length.

Gives
    `mass_fraction:PHASE` among the phases named (Hill-Howard), `detection_limit:PHASE`, `lattice_a:PHASE` (b, c),
    `crystallite_size:PHASE` (Scherrer, K = 0.9 with the FWHM), `microstrain:PHASE` (from six lines),
    `amorphous_fraction` of the sample without the internal standard, `displacement`. A phase below its critical level
    is "not detected: below X wt%". PHASE is the name of its CIF file.

Uncertainty sources
    `fit:<name>` (counting and misfit: jackknife over blocks of 3 deg), `background:`, `halo template:`, `profile shape:`,
    `strain:`, `transparency:` and `goniometer zero:<name>` (refits with other choices), `structure model:<phase>`
    (`model_u`, 6 % of the calculated intensities of a phase), or `response:<phase>` where a weighed mixture told what its
    powder gives of them, `micro-absorption:<phase>` (the u of the diameter of its particles, for which it is corrected: as
    `particle_size` states it, else 0.5 ± 0.5 um), `Scherrer constant` (5 %), `instrument profile:<name>`,
    `weighing:<phase>`.

Checks
    misfit below 30 % of what stands above the background, else no number is given; no unexplained reflection above 5
    % of the strongest; no loss above 15 % of the highest point that grows with the square of the intensity (dead time); no
    cell, size or displacement at a limit; enough reflections of each phase that stand alone.

Limits
    Fractions are relative to the phases named; a phase that is not named is not found. Preferred orientation is
    modelled only where `texture` names the planes that lie flat; else it shows as misfit. Positions and displacement
    factors of atoms stay those of the CIF file but for one factor B per phase. Size and strain are one where a phase
    has fewer than six lines that stand alone. The zero of 2theta (0.05 deg, and half of the shift that is fitted) limits
    the cell.

Sources
    Hill, Howard, J. Appl. Cryst. 1987, 20, 467, doi:10.1107/S0021889887086199; Rietveld, J. Appl. Cryst. 1969, 2, 65,
    doi:10.1107/S0021889869006558; Brindley, Phil. Mag. 1945, 36, 347, doi:10.1080/14786444508520918; Madsen et al.,
    J. Appl. Cryst. 2001, 34, 409, doi:10.1107/S0021889801007476 (round robin); Currie, Anal. Chem. 1968, 40, 586,
    doi:10.1021/ac60259a007.
"""

from typing import TYPE_CHECKING

from closo.techniques.lazy import lazily

if TYPE_CHECKING:
    from closo.techniques.diffraction.analysis import analyse
    from closo.techniques.diffraction.pictures import figure
    from closo.techniques.diffraction.request import check_settings

__all__ = ["analyse", "check_settings", "figure"]

__getattr__ = lazily(__name__, {"analyse": "analysis", "figure": "pictures", "check_settings": "request"})
