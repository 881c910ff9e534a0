"""Infrared spectra (DRIFTS): areas and positions of bands with limits of detection, and areas over that of the silica.

Measures
    How much of a kind of bond there is (free silanol, hydrogen-bonded O-H, water, B-H), relative to the silica.

Protocol
    Dry the powder and the KBr, keep moisture out (a closed cell), dilute so that more than 5 % of the light comes
    back in the strongest band that is wanted; a reference of the same KBr; 4 1/cm or better, as many scans for the
    reference as for the sample. For a series (types of silica, times of milling) keep dilution and packing, and fill
    and measure each powder twice.

Needs
    `wavenumber` [1/cm] with `absorbance`, `reflectance`, `transmittance` or `kubelka_munk`, or a single beam with that
    of a `reference`. What is reflected (reflectance, log(1/R), Kubelka-Munk) is analysed as Kubelka-Munk function (1 -
    R)^2/2R, what is transmitted as absorbance; `scale` and `ordinate` choose otherwise.

Gives
    Per band, the house's silanol, O-H, B-H, overtone, water and those of the setting `bands`: `band_area:BAND`
    between the limits above a straight line through two anchors that lie outside of them; `band_position:BAND`
    (maximum above that line); `band_detection_limit:BAND` (the area that is missed once in twenty);
    `band_ratio:BAND/overtone` (or over the band that `normalise` names). A band whose relative uncertainty is above
    40 % is "not detected": its area and ratio are withheld and `band_area:BAND upper_limit`,
    `band_ratio:BAND/overtone upper_limit` are given, which the truth exceeds once in twenty. `band_splitting:B-H`
    where three components explain the B-H band better than one (BIC by 10).

Uncertainty sources
    `noise:<band>:<name>` (scatter of means over 4 1/cm), `anchors <band>:<name>` (nine choices of parts of the
    anchors), `baseline model <band>:<name>` (how far a parabola through wider anchors moves the area, also where it is
    corrected for the tails of the band itself, over the root of 3; 0.4, 0.5 and 0.8 of it for B-H, overtone and water,
    whose backgrounds are known better; for the band that all are divided by it is `baseline model <band>:all spectra`,
    one error that cancels between spectra of one silica, and 0.8 of which is that of the band above it in a ratio),
    `structure <band>:<name>` (what the same sum gives where no band is, beyond all of these: fringes, vapour, curvature),
    `wavenumber scale:<name>` (0.3 1/cm: limits and positions), `reflectance scale:<name>` (1 % of R; on the
    Kubelka-Munk scale), `profile <band>:<name>` (of the splitting).

Checks
    whether the bands point up, enough light in each band, how far the baseline model moves each area (50 %), resolution
    (smoothed values), points that stand alone, place of the silica overtone (15 1/cm), components of the B-H band.

Limits
    Areas compare between spectra of one kind of powder, dilution and packing; the Kubelka-Munk function has no
    absolute scale, and scattering that changes with the wavenumber changes ratios of bands that are far apart. What
    the tails of a band add under its own anchors is not in its area; it is in `baseline model`. Areas with other
    limits or anchors are other quantities. The lattice band near 1080 1/cm is no measure of silanol: B12H12 has a
    band of its own there. A band that another one covers is not distinguishable from it. `absent` is never said: `not
    detected, < X` is.

Sources
    Kubelka, J. Opt. Soc. Am. 1948, 38, 448, doi:10.1364/JOSA.38.000448; Currie, Anal. Chem. 1968, 40, 586,
    doi:10.1021/ac60259a007 (limits of detection).
"""

from typing import TYPE_CHECKING

from closo.techniques.lazy import lazily

if TYPE_CHECKING:
    from closo.techniques.infrared.analysis import analyse
    from closo.techniques.infrared.pictures import figure
    from closo.techniques.infrared.request import check_settings

__all__ = ["analyse", "check_settings", "figure"]

__getattr__ = lazily(__name__, {"analyse": "analysis", "figure": "pictures", "check_settings": "request"})
