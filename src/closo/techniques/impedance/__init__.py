"""Impedance spectroscopy of solid electrolytes.

Measures
    The complex impedance of a pellet or cell between 1 mHz and some MHz.

Needs
    `frequency` [Hz] and complex `impedance` [ohm] (Im < 0 capacitive), at least 6 points; `impedance_u` [ohm] for
    measured weights. Of the specimen: `area` [m2] and `thickness` [m] for a conductivity, `lead_resistance` [ohm] from a
    short-circuit run, `temperature` [K].

Gives
    `total_resistance` and `ionic_conductivity` = L/(R A); `bulk_resistance` and `grain_boundary_resistance` with their
    conductivities where the arcs can be told apart and assigned; `relative_permittivity` of the bulk; every parameter of
    the circuit (`resistance:R1`, `cpe_coefficient:Q1`, ...); the Kramers-Kronig residual, the distribution of relaxation
    times with its peak table.

Uncertainty sources
    `fit:<name>` (noise, scaled by the residuals and by how far neighbouring residuals go together), `model choice:<name>`
    (spread over the circuits that the data do not rule out, of each resistance; what lies below the lowest frequency),
    `calibration gain:<instrument>` and `calibration phase:<instrument>`
    (1 % and 1 deg of a file that states uncalibrated values), `held <parameter>:<name>` of a held one with ±,
    `lead_resistance:...`, `thickness:...`, `area:...` as given.

Checks
    Kramers-Kronig (with series capacitance), residuals of the fit against the noise, orientation of the columns, range
    of the data, calibration; bounds, which fails where a parameter ends at one.

Limits
    An arc above the highest frequency is not seen: below about 1 MHz only conductivities under 2 pi f eps0 eps_r
    (5.6e-6 S/cm at 1 MHz, eps_r 10) show one. A pellet without an arc yields *total* conductivity only. Parameters that
    are correlated beyond 0.95 or known worse than 40 % are withheld, not printed. Arcs are assigned to bulk, grain
    boundary and electrode by their capacitance, which needs area and thickness, or by the user (`assign`). An arc that is
    no depressed semicircle has a total and no split, and so has one depressed arc alone, in which a grain boundary of nearly
    the same time constant can hide. Points left out are drawn hollow. A held parameter
    is not fitted, and the uncertainty of the others is that with it known. One that ends at its bound is withheld, and so is
    a resistance made of it. Of ZView's models (`--preset circuit.mdl`) resistors, capacitors, inductors and CPEs in series
    and in parallel groups are read and written.

Sources
    Irvine, Sinclair, West, Adv. Mater. 1990, 2, 132, doi:10.1002/adma.19900020304 (assignment by capacitance); Orazem,
    Tribollet, Electrochemical Impedance Spectroscopy, 2nd ed. 2017 (weights, error structure); Haile, West, Campbell,
    J. Mater. Res. 1998, 13, 1576, doi:10.1557/JMR.1998.0219 (brick-layer model of grain boundaries).
"""

from typing import TYPE_CHECKING

from closo.techniques.lazy import lazily

if TYPE_CHECKING:
    from closo.techniques.impedance.analysis import analyse
    from closo.techniques.impedance.pictures import figure, overlay
    from closo.techniques.impedance.request import check_settings, settings_of
    from closo.techniques.impedance.series_analysis import analyse_series
    from closo.techniques.impedance.zview import model_text, read_model

__all__ = [
    "analyse",
    "analyse_series",
    "check_settings",
    "figure",
    "model_text",
    "overlay",
    "read_model",
    "settings_of",
]

__getattr__ = lazily(
    __name__,
    {
        "analyse": "analysis",
        "analyse_series": "series_analysis",
        "check_settings": "request",
        "figure": "pictures",
        "model_text": "zview",
        "overlay": "pictures",
        "read_model": "zview",
        "settings_of": "request",
    },
)
