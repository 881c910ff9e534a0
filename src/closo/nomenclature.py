"""Every name closo uses, once: symbol, SI unit, shown unit, label and meaning.

Inside closo all values are SI (spectral axes keep the field's unit). This table alone knows how a value is shown:
`shown = (SI - offset) / factor`.  A quantity or variable that is not in the table does not exist; add a row.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from closo.constants import ELECTRONVOLT
from closo.errors import StudyError, did_you_mean

__all__ = ["NAMES", "Name", "from_shown", "look_up", "to_shown"]


@dataclass(frozen=True)
class Name:
    """One row of the nomenclature.

    Attributes
    ----------
    name : the field's standard term, spelled out.
    symbol : as printed in papers.
    si : unit inside closo.
    shown : unit in reports, tables and JSON.
    factor, offset : SI = shown * factor + offset.
    positive : True where the quantity cannot be <= 0; its interval is then formed in the logarithm.
    meaning : one line.
    """

    name: str
    symbol: str
    si: str
    shown: str
    factor: float
    meaning: str
    positive: bool = False
    offset: float = 0.0

    @property
    def largest(self) -> float:
        """Size [SI] beyond which a typed number is a slip of the unit or the exponent."""
        return _LARGEST.get(self.name, math.inf)

    @property
    def label(self) -> str:
        """Axis label in the IUPAC form 'symbol / unit'."""
        return f"{self.symbol} / {self.shown}" if self.shown != "1" else self.symbol


_ROWS = (
    # impedance
    Name("frequency", "f", "Hz", "Hz", 1.0, "frequency of the alternating signal", positive=True),
    Name("impedance", "Z", "ohm", "ohm", 1.0, "complex impedance; Im Z < 0 is capacitive"),
    Name("impedance_real", "Z'", "ohm", "ohm", 1.0, "real part of the impedance"),
    Name("impedance_imag", "Z''", "ohm", "ohm", 1.0, "imaginary part of the impedance (negative when capacitive)"),
    Name("impedance_modulus", "|Z|", "ohm", "ohm", 1.0, "modulus of the impedance", positive=True),
    Name("resistance", "R", "ohm", "ohm", 1.0, "a resistance", positive=True),
    Name(
        "total_resistance", "R_tot", "ohm", "ohm", 1.0, "resistance of the electrolyte, leads taken off", positive=True
    ),
    Name("bulk_resistance", "R_b", "ohm", "ohm", 1.0, "resistance of the grains' interior", positive=True),
    Name("grain_boundary_resistance", "R_gb", "ohm", "ohm", 1.0, "resistance of the grain boundaries", positive=True),
    Name("series_resistance", "R_s", "ohm", "ohm", 1.0, "resistance in series with the first arc", positive=True),
    Name("lead_resistance", "R_lead", "ohm", "ohm", 1.0, "resistance of leads and rods, from a short-circuit run"),
    Name("polarization_resistance", "R_p", "ohm", "ohm", 1.0, "width of all arcs", positive=True),
    Name("inductance", "L_ind", "H", "H", 1.0, "inductance of leads; apparent, may be negative"),
    Name("capacitance", "C", "F", "F", 1.0, "capacitance", positive=True),
    Name("effective_capacitance", "C_eff", "F", "F", 1.0, "(R^(1-n) Q)^(1/n) of an R||CPE arc", positive=True),
    Name(
        "cpe_coefficient",
        "Q",
        "F s^(n-1)",
        "F s^(n-1)",
        1.0,
        "constant-phase coefficient, Z = 1/(Q (jw)^n)",
        positive=True,
    ),
    Name("cpe_exponent", "n", "1", "1", 1.0, "constant-phase exponent", positive=True),
    Name(
        "warburg_coefficient",
        "A_W",
        "ohm s^(-1/2)",
        "ohm s^(-1/2)",
        1.0,
        "Warburg coefficient, Z = A_W (jw)^(-1/2)",
        positive=True,
    ),
    Name("time_constant", "tau", "s", "s", 1.0, "relaxation time of an arc", positive=True),
    Name("distribution", "gamma", "ohm", "ohm", 1.0, "distribution of relaxation times per unit of ln tau"),
    Name("residual", "dZ/|Z|", "1", "%", 0.01, "difference to a model, relative to |Z|"),
    Name("noise_level", "s(Z)/|Z|", "1", "%", 0.01, "standard deviation of Re and Im, relative to |Z|", positive=True),
    Name("phase", "phi", "rad", "deg", 0.017453292519943295, "phase angle of the impedance"),
    # transport
    Name("ionic_conductivity", "sigma", "S/m", "S/cm", 100.0, "L/(R A) of the whole pellet", positive=True),
    Name("bulk_conductivity", "sigma_b", "S/m", "S/cm", 100.0, "L/(R_b A)", positive=True),
    Name(
        "grain_boundary_conductivity",
        "sigma_gb",
        "S/m",
        "S/cm",
        100.0,
        "specific conductivity of the grain boundaries in the brick-layer model, L/(R_gb A) C_b/C_gb",
        positive=True,
    ),
    Name("relative_permittivity", "eps_r", "1", "1", 1.0, "relative permittivity, C L/(eps_0 A)", positive=True),
    Name("activation_energy", "Ea", "J", "eV", ELECTRONVOLT, "slope of ln(sigma T) or ln sigma (see the method)"),
    Name(
        "prefactor",
        "sigma_0",
        "S K/m",
        "S K/cm",
        100.0,
        "exp of the intercept of ln(sigma T) against 1/T",
        positive=True,
    ),
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
        "transition_temperature", "T_tr", "K", "degC", 1.0, "temperature of a kink in the Arrhenius plot", offset=273.15
    ),
    Name("vogel_temperature", "T_0", "K", "K", 1.0, "T0 of ln sigma = ln s0 - B/(T - T0)"),
    # pellet and recipe
    Name("thickness", "L", "m", "um", 1e-6, "thickness of a pellet", positive=True),
    Name("theoretical_thickness", "L_th", "m", "um", 1e-6, "thickness at full density", positive=True),
    Name("area", "A", "m2", "cm2", 1e-4, "electrode area", positive=True),
    Name("diameter", "d", "m", "mm", 1e-3, "diameter", positive=True),
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
    Name("particle_size", "d", "m", "nm", 1e-9, "equivalent sphere diameter 6/(rho S)", positive=True),
    Name("specific_surface_area", "S", "m2/kg", "m2/g", 1000.0, "BET surface area", positive=True),
    Name("pore_volume", "V_p", "m3/kg", "cm3/g", 1e-3, "pore volume per mass", positive=True),
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
    Name("milling_time", "t", "s", "h", 3600.0, "milling time"),
    Name("milling_speed", "w", "1/s", "rpm", 1.0 / 60.0, "rotation speed of the mill"),
    Name("ball_to_powder_ratio", "BPR", "1", "1", 1.0, "mass of balls / mass of powder", positive=True),
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
    # electrochemistry
    Name("time", "t", "s", "s", 1.0, "elapsed time"),
    Name("potential", "E", "V", "V", 1.0, "electrode potential against the named reference"),
    Name("voltage", "U", "V", "V", 1.0, "voltage between the terminals"),
    Name("current", "I", "A", "A", 1.0, "current; > 0 charges"),
    Name("current_density", "j", "A/m2", "mA/cm2", 10.0, "current per electrode area"),
    Name("areal_capacity", "q_A", "C/m2", "mAh/cm2", 36000.0, "capacity per electrode area", positive=True),
    Name("areal_mass", "m_A", "kg/m2", "mg/cm2", 0.01, "mass of an electrode per area", positive=True),
    Name("specific_capacity", "q", "C/kg", "mAh/g", 3600.0, "capacity per mass of active material", positive=True),
    Name(
        "implied_specific_capacity",
        "q",
        "C/kg",
        "mAh/g",
        3600.0,
        "specific capacity that printed mass, area and areal capacity imply",
        positive=True,
    ),
    Name("molar_mass", "M", "kg/mol", "g/mol", 1e-3, "mass per amount of substance", positive=True),
    Name("c_rate", "C", "1/s", "1/h", 1.0 / 3600.0, "current / capacity", positive=True),
    Name("charge", "q", "C", "mAh", 3.6, "charge passed"),
    Name("transference_number", "t+", "1", "1", 1.0, "share of the current carried by Na+"),
    Name("current_fraction", "I_ss/I_0", "1", "1", 1.0, "steady-state over initial current of a polarization"),
    Name("cycle", "n", "1", "1", 1.0, "number of a cycle"),
    Name("half_cycle", "n_half", "1", "1", 1.0, "number of a half cycle as the instrument counts"),
    Name("step", "N_s", "1", "1", 1.0, "number of a step in the instrument's program"),
    Name(
        "current_range", "I_range", "A", "mA", 1e-3, "full scale of the range a current was measured on", positive=True
    ),
    Name("set_current", "I_set", "A", "mA", 1e-3, "current that the program asked for, 0 where it asked for none"),
    # polarization and voltammetry
    Name("electronic_conductivity", "sigma_e", "S/m", "S/cm", 100.0, "I_inf L/(V A) between blocking electrodes"),
    Name("electronic_fraction", "sigma_e/sigma", "1", "1", 1.0, "electronic over ionic conductivity"),
    Name("applied_voltage", "dV", "V", "mV", 1e-3, "height of a voltage step"),
    Name("initial_current", "I_0", "A", "uA", 1e-6, "current at the beginning of a polarization, without charging"),
    Name("steady_state_current", "I_ss", "A", "uA", 1e-6, "current at the end of a polarization, extrapolated"),
    Name("current_noise", "s(I)", "A", "nA", 1e-9, "standard deviation of a current sample", positive=True),
    Name("onset_potential", "E_on", "V", "V", 1.0, "potential at which oxidation begins, by the definition named"),
    Name("scan_rate", "dE/dt", "V/s", "mV/s", 1e-3, "rate of a potential sweep"),
    Name("resistance_ratio", "R_after/R_before", "1", "1", 1.0, "resistance after over before", positive=True),
    Name("resistance_difference", "R_after-R_before", "ohm", "ohm", 1.0, "resistance after minus before"),
    # plating and critical current
    Name("polarization", "|U|", "V", "mV", 1e-3, "mean |voltage| of the second half of a half cycle", positive=True),
    Name("polarization_drift", "d|U|/dt", "V/s", "mV/(100 h)", 1e-3 / 360000.0, "drift of the polarization"),
    Name(
        "polarization_asymmetry", "dU", "V", "mV", 1e-3, "polarization of positive minus that of negative half cycles"
    ),
    Name("area_specific_resistance", "R A", "ohm m2", "ohm cm2", 1e-4, "|U| / j of a whole cell", positive=True),
    Name("interfacial_resistance", "R_i A", "ohm m2", "ohm cm2", 1e-4, "of one interface, electrolyte taken off"),
    Name("critical_current_density", "j_c", "A/m2", "mA/cm2", 10.0, "where a cell first fails", positive=True),
    Name("cumulative_areal_capacity", "sum q_A", "C/m2", "mAh/cm2", 36000.0, "areal charge passed up to a moment"),
    Name("duration", "t", "s", "h", 3600.0, "how long something lasted"),
    # cycling
    Name("active_mass", "m_act", "kg", "mg", 1e-6, "mass of the active material in an electrode", positive=True),
    Name(
        "theoretical_capacity",
        "q_th",
        "C/kg",
        "mAh/g",
        3600.0,
        "capacity of the active material by its formula",
        positive=True,
    ),
    Name("coulombic_efficiency", "CE", "1", "%", 0.01, "charge got back over charge put in, see the method"),
    Name("energy_efficiency", "EE", "1", "%", 0.01, "energy got back over energy put in"),
    Name("capacity_retention", "q_n/q_ref", "1", "%", 0.01, "capacity over that of a named reference cycle"),
    Name("mean_voltage", "<U>", "V", "V", 1.0, "energy over charge of a leg"),
    Name("voltage_hysteresis", "dU", "V", "mV", 1e-3, "mean voltage of charge minus that of discharge"),
    Name("differential_capacity", "dq/dU", "C/V", "mAh/V", 3.6, "charge per voltage along a leg"),
    Name(
        "leak_current_density", "j_leak", "A/m2", "uA/cm2", 0.01, "side current that the missing efficiency amounts to"
    ),
    Name("diffusivity", "D", "m2/s", "cm2/s", 1e-4, "diffusion coefficient", positive=True),
    Name("exchange_current_density", "j_0", "A/m2", "mA/cm2", 10.0, "of an electrode reaction", positive=True),
    Name("temperature_sensitivity", "dln q/dT", "1/K", "%/K", 0.01, "relative change of capacity per kelvin"),
    Name("overpotential", "eta", "V", "mV", 1e-3, "share of a cell's polarization"),
    Name("electrons_per_anion", "n_e", "1", "1", 1.0, "electrons that a side reaction would take from each anion"),
    Name("missing_charge", "sum(1-CE)", "1", "%", 0.01, "charge put in and not got back, summed, over one charge"),
    Name("capacity_loss", "1-q_n/q_ref", "1", "%", 0.01, "share of a capacity that is lost or withheld"),
    Name("areal_amount", "n/A", "mol/m2", "umol/cm2", 0.01, "amount of substance per electrode area"),
    Name("explained_share", "2 eta/dU", "1", "%", 0.01, "share of a measured voltage hysteresis that is explained"),
    Name("ratio", "r", "1", "1", 1.0, "one number over another, see the key and the method"),
    Name("factor", "r", "1", "1", 1.0, "one positive number over another, see the method", positive=True),
)

# No laboratory has more of it [SI]. (What is merely unusual is a question of `closo check`.)
_LARGEST = {
    "temperature": 5e3, "transition_temperature": 5e3, "temperature_difference": 5e3, "milling_time": 3e8,
    "duration": 3e9, "thickness": 10.0, "diameter": 10.0, "area": 100.0, "mass": 1e3, "density": 3e4,
    "pressure": 1e12, "force": 1e9, "ionic_conductivity": 1e9, "electronic_conductivity": 1e9,
    "activation_energy": 100.0 * ELECTRONVOLT, "frequency": 1e16, "potential": 1e6, "voltage": 1e6, "current": 1e6,
}  # fmt: skip

NAMES: dict[str, Name] = {row.name: row for row in _ROWS}


def look_up(name: str) -> Name:
    """Return the row of `name`.

    Raises
    ------
    StudyError  if the name is not in the nomenclature; the nearest one is suggested.
    """
    if name not in NAMES:
        raise StudyError(f"'{name}' is not a name closo knows.", hint=did_you_mean(name, NAMES))
    return NAMES[name]


def to_shown(name: str, si: float) -> float:
    """Convert an SI value into the unit in which `name` is shown.

    Example
    -------
    >>> to_shown("ionic_conductivity", 0.05)
    0.0005
    """
    row = look_up(name)
    return (si - row.offset) / row.factor


def from_shown(name: str, shown: float) -> float:
    """Convert a value in the shown unit of `name` into SI.

    Example
    -------
    >>> from_shown("temperature", 30.0)
    303.15
    """
    row = look_up(name)
    return shown * row.factor + row.offset
