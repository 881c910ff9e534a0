"""Direct-current methods, symmetric cells and cycling."""

from __future__ import annotations

from closo.nomenclature.row import Name, positive

ROWS = (
    # electrochemistry
    Name("time", "t", "s", "s", 1.0, "elapsed time"),
    Name("potential", "E", "V", "V", 1.0, "electrode potential against the named reference"),
    Name("voltage", "U", "V", "V", 1.0, "voltage between the terminals"),
    Name("current", "I", "A", "A", 1.0, "current; > 0 charges"),
    Name("current_density", "j", "A/m2", "mA/cm2", 10.0, "current per electrode area"),
    positive("areal_capacity", "q_A", "C/m2", "mAh/cm2", 36000.0, "capacity per electrode area"),
    positive("areal_mass", "m_A", "kg/m2", "mg/cm2", 0.01, "mass of an electrode per area"),
    positive("specific_capacity", "q", "C/kg", "mAh/g", 3600.0, "capacity per mass of active material"),
    positive(
        "implied_specific_capacity",
        "q",
        "C/kg",
        "mAh/g",
        3600.0,
        "specific capacity that printed mass, area and areal capacity imply",
    ),
    positive("molar_mass", "M", "kg/mol", "g/mol", 1e-3, "mass per amount of substance"),
    positive("c_rate", "C", "1/s", "1/h", 1.0 / 3600.0, "current / capacity"),
    Name("charge", "q", "C", "mAh", 3.6, "charge passed"),
    Name("transference_number", "t+", "1", "1", 1.0, "share of the current carried by Na+"),
    Name("current_fraction", "I_ss/I_0", "1", "1", 1.0, "steady-state over initial current of a polarization"),
    Name("cycle", "n", "1", "1", 1.0, "number of a cycle"),
    Name("half_cycle", "n_half", "1", "1", 1.0, "number of a half cycle as the instrument counts"),
    Name("step", "N_s", "1", "1", 1.0, "number of a step in the instrument's program"),
    positive("current_range", "I_range", "A", "mA", 1e-3, "full scale of the range a current was measured on"),
    Name("set_current", "I_set", "A", "mA", 1e-3, "current that the program asked for, 0 where it asked for none"),
    Name("set_potential", "E_set", "V", "V", 1.0, "potential that the program asked for, 0 where it asked for none"),
    # polarization and voltammetry
    Name("electronic_conductivity", "sigma_e", "S/m", "S/cm", 100.0, "I_inf L/(V A) between blocking electrodes"),
    Name("electronic_fraction", "sigma_e/sigma", "1", "1", 1.0, "electronic over ionic conductivity"),
    Name("applied_voltage", "dV", "V", "mV", 1e-3, "height of a voltage step"),
    Name("initial_current", "I_0", "A", "uA", 1e-6, "current at the beginning of a polarization, without charging"),
    Name("steady_state_current", "I_ss", "A", "uA", 1e-6, "current at the end of a polarization, extrapolated"),
    positive("current_noise", "s(I)", "A", "nA", 1e-9, "standard deviation of a current sample"),
    Name("onset_potential", "E_on", "V", "V", 1.0, "potential at which oxidation begins, by the definition named"),
    Name("scan_rate", "dE/dt", "V/s", "mV/s", 1e-3, "rate of a potential sweep"),
    positive("resistance_ratio", "R_after/R_before", "1", "1", 1.0, "resistance after over before"),
    Name("resistance_difference", "R_after-R_before", "ohm", "ohm", 1.0, "resistance after minus before"),
    # plating and critical current
    positive("polarization", "|U|", "V", "mV", 1e-3, "mean |voltage| of the second half of a half cycle"),
    Name("polarization_drift", "d|U|/dt", "V/s", "mV/(100 h)", 1e-3 / 360000.0, "drift of the polarization"),
    Name(
        "polarization_asymmetry", "dU", "V", "mV", 1e-3, "polarization of positive minus that of negative half cycles"
    ),
    positive("area_specific_resistance", "R A", "ohm m2", "ohm cm2", 1e-4, "|U| / j of a whole cell"),
    Name("interfacial_resistance", "R_i A", "ohm m2", "ohm cm2", 1e-4, "of one interface, electrolyte taken off"),
    positive("critical_current_density", "j_c", "A/m2", "mA/cm2", 10.0, "where a cell first fails"),
    Name("cumulative_areal_capacity", "sum q_A", "C/m2", "mAh/cm2", 36000.0, "areal charge passed up to a moment"),
    Name("duration", "t", "s", "h", 3600.0, "how long something lasted"),
    # cycling
    positive("active_mass", "m_act", "kg", "mg", 1e-6, "mass of the active material in an electrode"),
    positive("theoretical_capacity", "q_th", "C/kg", "mAh/g", 3600.0, "capacity of the active material by its formula"),
    Name("coulombic_efficiency", "CE", "1", "%", 0.01, "charge got back over charge put in, see the method"),
    Name("energy_efficiency", "EE", "1", "%", 0.01, "energy got back over energy put in"),
    positive("specific_energy", "w", "J/kg", "Wh/kg", 3600.0, "energy of a discharge per mass of the stack"),
    positive("energy_density", "w_V", "J/m3", "Wh/L", 3.6e6, "energy of a discharge per volume of the stack"),
    Name("capacity_retention", "q_n/q_ref", "1", "%", 0.01, "capacity over that of a named reference cycle"),
    Name("mean_voltage", "<U>", "V", "V", 1.0, "energy over charge of a half cycle"),
    Name("voltage_hysteresis", "dU", "V", "mV", 1e-3, "mean voltage of charge minus that of discharge"),
    Name("differential_capacity", "dq/dU", "C/V", "mAh/V", 3.6, "charge per voltage along a half cycle"),
    Name(
        "leak_current_density", "j_leak", "A/m2", "uA/cm2", 0.01, "side current that the missing efficiency amounts to"
    ),
    positive("diffusivity", "D", "m2/s", "cm2/s", 1e-4, "diffusion coefficient"),
    positive("exchange_current_density", "j_0", "A/m2", "mA/cm2", 10.0, "of an electrode reaction"),
    Name("temperature_sensitivity", "dln q/dT", "1/K", "%/K", 0.01, "relative change of capacity per kelvin"),
    Name("overpotential", "eta", "V", "mV", 1e-3, "share of a cell's polarization"),
    Name("electrons_per_anion", "n_e", "1", "1", 1.0, "electrons that a side reaction would take from each anion"),
    Name("missing_charge", "sum(1-CE)", "1", "%", 0.01, "charge put in and not got back, summed, over one charge"),
    Name("capacity_loss", "1-q_n/q_ref", "1", "%", 0.01, "share of a capacity that is lost or withheld"),
    Name("areal_amount", "n/A", "mol/m2", "umol/cm2", 0.01, "amount of substance per electrode area"),
    Name("explained_share", "2 eta/dU", "1", "%", 0.01, "share of a measured voltage hysteresis that is explained"),
    Name("ratio", "r", "1", "1", 1.0, "one number over another, see the key and the method"),
    positive("factor", "r", "1", "1", 1.0, "one positive number over another, see the method"),
)
