"""Near-edge spectra: fractions of reference spectra, energies of peaks, and what would not be seen.

Measures
    How much of each reference (a borate, the pristine salt) a spectrum holds, and where its peaks lie; by X-ray
    absorption or X-ray Raman scattering.

Protocol
    Measure the references in the same geometry and on the same day as the sample, with an elastic line or a foil that
    gives each its energy. A reference from elsewhere, from a figure or a calculation has an unknown shift: say so with
    `alignment_u`.

Needs
    `energy` with `intensity` or `counts`, or scans of analysers (`raman_scan`) with the `edge`. `references` names files, or
    parts of them, FILE#TITLE. Normalised spectra are taken as they are; raw ones of an Athena project by their pre-edge and
    post-edge ranges; energy losses by background and area, as xray_raman does, all spectra with the same models.

Gives
    `component_fraction:REFERENCE` (no fraction is negative; their sum is free, or one with `sum_to_one`),
    `component_sum`, `detection_limit:REFERENCE`, `peak_energy:PEAK`, and `peak_area:PEAK` of an energy loss. A
    fraction whose relative uncertainty is above 40 % is withheld, and `component_fraction:REFERENCE upper_limit` is given,
    which the truth exceeds once in twenty.
    All combinations of the references are ranked, and those within 6 of the best BIC are named.

Uncertainty sources
    `counting:<name>` (known noise of spectrum and references) with `misfit:<name>` beyond it, or `residuals:<name>`
    where only their scatter is known: both from blocks of residuals, whose neighbours resemble each other;
    `background model:<name>` (how far other models move it, as ends of a range: over the root of 3) and
    `normalisation:<name>` (other ranges, windows); `alignment:<name>` (each
    reference against the sample, 0.03 eV of an energy loss and 0.1 eV otherwise); `resolution:<name>` (10 % of it);
    `reference set:<name>` (combinations that BIC allows as well, with its weights); `simulation <reference>:<name>`, of
    a limit of detection; of energies as xray_raman, `energy scale:<name>` 0.03 or 0.1 eV.

Checks
    sum of the fractions (100 ± 10 %), whether the references explain the spectrum (reduced chi-square 4, above 10 no
    fraction; without known noise the scatter from point to point), whether one combination alone is within 6 of the
    best BIC.

Limits
    A fraction says how much of a reference *spectrum* there is; of atoms only where all absorb alike per atom. A component
    that is not a reference goes into those that are. Linear interpolation between the points of a reference. BIC counts the
    effective number of points, from the memory of the residuals and, where known, the resolution.

Sources
    Ravel, Newville, J. Synchrotron Rad. 2005, 12, 537, doi:10.1107/S0909049505012719 (Athena); Fleet, Liu, Phys. Chem.
    Miner. 2001, 28, 421, doi:10.1007/s002690100173 (B K of borates); Currie, Anal. Chem. 1968, 40, 586,
    doi:10.1021/ac60259a007; Künsch, Ann. Stat. 1989, 17, 1217, doi:10.1214/aos/1176347265.
"""

from typing import TYPE_CHECKING

from closo.techniques.lazy import lazily

if TYPE_CHECKING:
    from closo.techniques.near_edge.analysis import analyse
    from closo.techniques.near_edge.pictures import figure
    from closo.techniques.near_edge.request import check_settings

__all__ = ["analyse", "check_settings", "figure"]

__getattr__ = lazily(__name__, {"analyse": "analysis", "figure": "pictures", "check_settings": "request"})
