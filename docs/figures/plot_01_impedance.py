"""
Impedance spectrum
==================

Nyquist with equal axes, the residuals of the fit, Bode, and the distribution of relaxation times.
"""

from example_files import study

import closo

results = closo.run(
    "impedance",
    study() / "raw" / "A200-35-4h-p1.par",
    part=2,
    area="0.785 ± 0.005 cm2",
    thickness="450 ± 5 um",
    temperature="30 ± 0.5 degC",
)
axes = results[0].plot()
