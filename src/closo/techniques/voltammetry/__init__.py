"""Voltammetry: from which potential on is the electrolyte oxidised, by three definitions and what lies between them.

Measures
    The current over a potential that rises slowly, on an electrode with enough carbon to see a reaction.

Needs
    `current` [A] with `potential` or `voltage` [V]; `time` [s] for the scan rate. `area` [m2] for thresholds per area,
    `lead_resistance` [ohm] or the setting `resistance` for the correction of the ohmic drop. The first rising sweep of
    full width is used; of a cyclic voltammogram the rest is left out.

Gives
    `onset_potential:tangent` (straight line through the baseline meets the tangent of the steepest part),
    `onset_potential:threshold` (the current first exceeds a threshold; 0.1 A/m2 = 10 uA/cm2 unless `threshold` lists
    others; without area 10 uA; withheld where the straight baseline carries more than half of it there: a resistor reaches
    every threshold), `onset_potential:noise` (the current exceeds the baseline by `factor` times the scatter about it), and
    `onset_potential`, their mean, whose source `definition` is the spread between them. It is withheld where one definition
    only gives an onset, or where another puts it beyond the sweep and above the interval of the mean. With a resistance
    all of them are at E - I R, and those without the correction are kept as `... uncorrected`. `scan_rate`.

Uncertainty sources
    `fit <definition>:<name>` (noise of the current, of the baseline and at the crossing), `window <definition>:<name>`
    (tangents through two baselines and three widths of the steepest part; noise: two baselines), `definition:<name>` (of
    the mean only), `resistance:<name>` (5 % of a typed resistance) or `lead_resistance:...`, `area:...`.

Checks
    a baseline was found, the onset lies inside the sweep, no jump of the current (a short), the size of the ohmic drop,
    agreement of the definitions.

Limits
    No potential of onset exists by itself: thresholds fall with more carbon and a slower sweep, tangents rise with the end
    of the sweep and with the resistance. A flat electrode sees less than a composite and over-estimates stability. The
    error of the reference potential is not in the budget. Where the current never rises, the onset is withheld and the
    highest potential reached is its lower bound. Reduction is not judged.

Sources
    Han, Zhu, He, Mo, Wang, Adv. Energy Mater. 2016, 6, 1501590, doi:10.1002/aenm.201501590 (carbon in the electrode);
    Mery, Rousselot, Lepage, Dolle, Materials 2021, 14, 3840, doi:10.3390/ma14143840 (review of the stability window).
"""

from closo.techniques.voltammetry.analysis import analyse
from closo.techniques.voltammetry.pictures import figure

__all__ = ["analyse", "figure"]
