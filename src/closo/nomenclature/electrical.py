"""Impedance and transport of charge."""

from __future__ import annotations

from closo.constants import ELECTRONVOLT
from closo.nomenclature.row import Name, positive

ROWS = (
    # impedance
    positive("frequency", "f", "Hz", "Hz", 1.0, "frequency of the alternating signal"),
    Name("impedance", "Z", "ohm", "ohm", 1.0, "complex impedance; Im Z < 0 is capacitive"),
    Name("impedance_real", "Z'", "ohm", "ohm", 1.0, "real part of the impedance"),
    Name("impedance_imag", "Z''", "ohm", "ohm", 1.0, "imaginary part of the impedance (negative when capacitive)"),
    positive("impedance_modulus", "|Z|", "ohm", "ohm", 1.0, "modulus of the impedance"),
    positive("resistance", "R", "ohm", "ohm", 1.0, "a resistance"),
    positive("total_resistance", "R_tot", "ohm", "ohm", 1.0, "resistance of the electrolyte, leads taken off"),
    positive("bulk_resistance", "R_b", "ohm", "ohm", 1.0, "resistance of the grains' interior"),
    positive("grain_boundary_resistance", "R_gb", "ohm", "ohm", 1.0, "resistance of the grain boundaries"),
    positive("series_resistance", "R_s", "ohm", "ohm", 1.0, "resistance in series with the first arc"),
    Name("lead_resistance", "R_lead", "ohm", "ohm", 1.0, "resistance of leads and rods, from a short-circuit run"),
    positive("polarization_resistance", "R_p", "ohm", "ohm", 1.0, "width of all arcs"),
    Name("inductance", "L_ind", "H", "H", 1.0, "inductance of leads; apparent, may be negative"),
    positive("capacitance", "C", "F", "F", 1.0, "capacitance"),
    positive("effective_capacitance", "C_eff", "F", "F", 1.0, "(R^(1-n) Q)^(1/n) of an R||CPE arc"),
    positive("cpe_coefficient", "Q", "F s^(n-1)", "F s^(n-1)", 1.0, "constant-phase coefficient, Z = 1/(Q (jw)^n)"),
    positive("cpe_exponent", "n", "1", "1", 1.0, "constant-phase exponent"),
    positive(
        "warburg_coefficient", "A_W", "ohm s^(-1/2)", "ohm s^(-1/2)", 1.0, "Warburg coefficient, Z = A_W (jw)^(-1/2)"
    ),
    positive("time_constant", "tau", "s", "s", 1.0, "relaxation time of an arc"),
    Name("distribution", "gamma", "ohm", "ohm", 1.0, "distribution of relaxation times per unit of ln tau"),
    Name("residual", "dZ/|Z|", "1", "%", 0.01, "difference to a model, relative to |Z|"),
    positive("noise_level", "s(Z)/|Z|", "1", "%", 0.01, "standard deviation of Re and Im, relative to |Z|"),
    Name("phase", "phi", "rad", "deg", 0.017453292519943295, "phase angle of the impedance"),
    # transport
    positive("ionic_conductivity", "sigma", "S/m", "S/cm", 100.0, "L/(R A) of the whole pellet"),
    positive("bulk_conductivity", "sigma_b", "S/m", "S/cm", 100.0, "L/(R_b A)"),
    positive(
        "grain_boundary_conductivity",
        "sigma_gb",
        "S/m",
        "S/cm",
        100.0,
        "specific conductivity of the grain boundaries in the brick-layer model, L/(R_gb A) C_b/C_gb",
    ),
    positive("relative_permittivity", "eps_r", "1", "1", 1.0, "relative permittivity, C L/(eps_0 A)"),
    Name("activation_energy", "Ea", "J", "eV", ELECTRONVOLT, "slope of ln(sigma T) or ln sigma (see the method)"),
    positive("prefactor", "sigma_0", "S K/m", "S K/cm", 100.0, "exp of the intercept of ln(sigma T) against 1/T"),
    Name(
        "log_prefactor", "log10(sigma_0)", "1", "1", 1.0, "log10 of the prefactor in S K/cm (or S/cm, see the method)"
    ),
    Name(
        "conductivity_ratio",
        "log10(s1/s2)",
        "1",
        "1",
        1.0,
        "orders of magnitude between two conductivities at one temperature",
    ),
    Name("temperature", "T", "K", "degC", 1.0, "temperature", offset=273.15),
    Name("temperature_difference", "dT", "K", "K", 1.0, "difference of temperatures"),
    Name("hysteresis", "ln(s_c/s_h)", "1", "%", 0.01, "cooling branch over heating branch, in ln sigma"),
    Name(
        "transition_temperature",
        "T_tr",
        "K",
        "degC",
        1.0,
        "temperature of a phase transition, or of a kink in the Arrhenius plot",
        offset=273.15,
    ),
    Name("vogel_temperature", "T_0", "K", "K", 1.0, "T0 of ln sigma = ln s0 - B/(T - T0)"),
)
