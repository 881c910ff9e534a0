"""Powders, pellets, recipes and the interphase in them."""

from __future__ import annotations

from closo.constants import ELECTRONVOLT
from closo.nomenclature.row import Name

ROWS = (
    # pellet and recipe
    Name("thickness", "L", "m", "um", 1e-6, "thickness of a pellet", positive=True),
    Name("theoretical_thickness", "L_th", "m", "um", 1e-6, "thickness at full density", positive=True),
    Name("area", "A", "m2", "cm2", 1e-4, "electrode area", positive=True),
    Name("diameter", "d", "m", "mm", 1e-3, "diameter", positive=True),
    Name("radius", "r", "m", "mm", 1e-3, "radius", positive=True),
    Name("mass", "m", "kg", "mg", 1e-6, "mass", positive=True),
    Name("density", "rho", "kg/m3", "g/cm3", 1000.0, "density", positive=True),
    Name(
        "implied_density",
        "rho",
        "kg/m3",
        "g/cm3",
        1000.0,
        "density that two printed numbers imply together",
        positive=True,
    ),
    Name(
        "relative_density",
        "rho/rho_th",
        "1",
        "%",
        0.01,
        "mass / (theoretical density x L x A); above 100 % is impossible",
        positive=True,
    ),
    Name("volume_fraction", "phi", "1", "vol%", 0.01, "volume fraction"),
    Name("mass_fraction", "w", "1", "wt%", 0.01, "mass fraction"),
    Name("particle_size", "d", "m", "nm", 1e-9, "size of a powder's particles, as stated", positive=True),
    Name("specific_surface_area", "S", "m2/kg", "m2/g", 1000.0, "BET surface area", positive=True),
    Name("pore_volume", "V_p", "m3/kg", "cm3/g", 1e-3, "pore volume per mass", positive=True),
    Name("relative_pressure", "p/p0", "1", "1", 1.0, "pressure over the saturation pressure", positive=True),
    Name("adsorbed_amount", "n", "mol/kg", "mmol/g", 1.0, "amount of gas adsorbed per mass", positive=True),
    Name("desorption", "des", "1", "1", 1.0, "1 on the desorption branch of an isotherm, 0 on the adsorption branch"),
    Name("gas_pressure", "p", "Pa", "kPa", 1e3, "pressure of the gas over a sample", positive=True),
    Name("saturation_pressure", "p0", "Pa", "kPa", 1e3, "vapour pressure of the liquid gas", positive=True),
    Name("bet_transform", "p/[n(p0 - p)]", "kg/mol", "g/mmol", 1.0, "ordinate of the BET plot"),
    Name("bet_fit", "p/[n(p0 - p)]", "kg/mol", "g/mmol", 1.0, "straight line of the BET plot"),
    Name("bet_constant", "C", "1", "1", 1.0, "C of the BET equation", positive=True),
    Name(
        "monolayer_capacity",
        "n_m",
        "mol/kg",
        "mmol/g",
        1.0,
        "gas in the BET monolayer, micropores included",
        positive=True,
    ),
    Name("cross_section", "a_m", "m2", "nm2", 1e-18, "area under one adsorbed molecule", positive=True),
    Name("film_thickness", "t", "m", "nm", 1e-9, "thickness of the adsorbed film on an open surface", positive=True),
    Name("micropore_volume", "V_mi", "m3/kg", "cm3/g", 1e-3, "volume of micropores per mass (t-plot)", positive=True),
    Name(
        "particle_diameter",
        "d",
        "m",
        "nm",
        1e-9,
        "diameter 6/(rho S) of spheres with the measured surface",
        positive=True,
    ),
    Name("pore_diameter", "D", "m", "nm", 1e-9, "diameter of cylindrical pores", positive=True),
    Name("pore_size_distribution", "dV/dlog10(D)", "m3/kg", "cm3/g", 1e-3, "pore volume per decade of diameter"),
    Name("cumulative_pore_volume", "V(> D)", "m3/kg", "cm3/g", 1e-3, "volume of pores wider than D"),
    Name("silanol_density", "N_OH", "1/m2", "1/nm2", 1e18, "silanol groups per surface area", positive=True),
    Name("silanol_amount", "n_OH", "mol/kg", "mmol/g", 1.0, "silanol per mass of filler", positive=True),
    Name(
        "silanol_per_anion", "n_OH/n_anion", "1", "1", 1.0, "silanol of a filler per anion of the matrix", positive=True
    ),
    Name(
        "pore_filling", "V_m/V_p", "1", "%", 0.01, "volume of matrix over the volume of a filler's pores", positive=True
    ),
    Name("pressure", "p", "Pa", "MPa", 1e6, "pressing or stack pressure", positive=True),
    Name("force", "F", "N", "N", 1.0, "force", positive=True),
    Name("torque", "M", "N m", "N m", 1.0, "tightening torque", positive=True),
    Name(
        "nut_factor",
        "K",
        "1",
        "1",
        1.0,
        "torque / (force of a screw x its diameter); about 0.2, known to 30 %",
        positive=True,
    ),
    Name("milling_time", "t", "s", "h", 3600.0, "milling time", positive=True),
    Name("milling_speed", "w", "1/s", "rpm", 1.0 / 60.0, "rotation speed of the mill"),
    Name("ball_to_powder_ratio", "BPR", "1", "1", 1.0, "mass of balls / mass of powder", positive=True),
    Name("impact_energy", "dE_b", "J", "mJ", 1e-3, "energy that one ball gives in one hit", positive=True),
    Name("milling_dose", "D", "J/kg", "kJ/g", 1e6, "energy per mass of powder that milling gave", positive=True),
    # interphase
    Name("shell_thickness", "delta", "m", "nm", 1e-9, "thickness of an interphase on a particle", positive=True),
    Name(
        "effective_conductivity",
        "sigma_eff",
        "S/m",
        "S/cm",
        100.0,
        "conductivity of a composite as a whole",
        positive=True,
    ),
    Name("interphase_conductivity", "sigma_i", "S/m", "S/cm", 100.0, "conductivity of the interphase", positive=True),
    Name(
        "interphase_activation_energy",
        "Ea_i",
        "J",
        "eV",
        ELECTRONVOLT,
        "activation energy of the interphase, of ln(sigma T)",
    ),
    Name(
        "sample_scatter", "s(ln sigma)", "1", "%", 0.01, "scatter of conductivity from sample to sample", positive=True
    ),
)
