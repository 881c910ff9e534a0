"""Axes and intensities of diffraction, spectroscopy and microscopy; axes keep the unit of the field."""

from __future__ import annotations

from closo.nomenclature.row import Name, positive

ROWS = (
    # axes
    Name("two_theta", "2theta", "deg", "deg", 1.0, "diffraction angle"),
    positive("wavenumber", "nu", "1/cm", "1/cm", 1.0, "wavenumber of infrared light"),
    Name("energy", "E", "eV", "eV", 1.0, "energy of X-rays, or energy transferred to the electrons of a sample"),
    Name("energy_loss", "dE", "eV", "eV", 1.0, "energy lost by the electrons of a microscope"),
    Name("y", "y", "m", "um", 1e-6, "position along a column of a map, downwards"),
    Name("x", "x", "m", "um", 1e-6, "position along a row of a map"),
    positive("wavelength", "lambda", "m", "angstrom", 1e-10, "wavelength of X-rays"),
    # crystals
    positive("lattice_a", "a", "m", "angstrom", 1e-10, "length of the unit cell along a"),
    positive("lattice_b", "b", "m", "angstrom", 1e-10, "length of the unit cell along b"),
    positive("lattice_c", "c", "m", "angstrom", 1e-10, "length of the unit cell along c"),
    Name(
        "main_reflection",
        "2theta",
        "deg",
        "deg",
        1.0,
        "strongest reflection of a phase, for the mean wavelength of a doublet",
    ),
    positive("crystallite_size", "D", "m", "nm", 1e-9, "size of crystallites after Scherrer, K = 0.9"),
    Name(
        "microstrain",
        "e",
        "1",
        "%",
        1e-2,
        "dd/d within crystallites, their broadening over 4 tan theta",
    ),
    Name("displacement", "s", "m", "um", 1e-6, "height of a specimen above the axis of the goniometer"),
    Name("amorphous_fraction", "w_am", "1", "wt%", 0.01, "mass fraction of a sample that is not crystalline"),
    positive("detection_limit", "w_D", "1", "%", 0.01, "share of a phase (by mass) or component found with 95 %"),
    # near-edge spectra
    Name("analyser", "k", "1", "1", 1.0, "number of an analyser of a spectrometer"),
    Name("scan", "scan", "1", "1", 1.0, "number of a scan among those of one measurement"),
    Name("monitor", "I0", "1", "1", 1.0, "reading of the monitor of the incident beam"),
    positive("dwell_time", "t", "s", "s", 1.0, "time of counting at a point"),
    positive("elastic_energy", "E0", "eV", "eV", 1.0, "energy at which an analyser sees the elastic line"),
    positive("energy_resolution", "dE", "eV", "eV", 1.0, "full width of the elastic line at half height"),
    positive("momentum_transfer", "q", "1/m", "1/angstrom", 1e10, "momentum transfer of scattered X-rays"),
    positive("dipole_parameter", "q a", "1", "1", 1.0, "momentum transfer times radius of the core level"),
    positive("peak_energy", "E(peak)", "eV", "eV", 1.0, "energy of a peak"),
    Name("peak_area", "A(peak)", "1", "1", 1.0, "area of a peak, or within limits, of a normalised spectrum"),
    Name("component_fraction", "w", "1", "%", 0.01, "weight of a reference spectrum in a normalised spectrum"),
    Name("component_sum", "sum(w)", "1", "%", 0.01, "sum of the weights of all references, 100 % where all is right"),
    Name("pixel", "i", "1", "1", 1.0, "number of a pixel of a map, row by row, from 0"),
    Name("channel", "k", "1", "1", 1.0, "number of a channel of a detector, from 0"),
    # intensities
    Name("counts", "N", "1", "1", 1.0, "events counted, as whole numbers"),
    Name("intensity", "I", "1", "1", 1.0, "intensity in arbitrary units"),
    Name("absorbance", "A", "1", "1", 1.0, "absorbance, or log10(1/R) of a reflectance"),
    Name("reflectance", "R", "1", "%", 0.01, "light reflected over that reflected by a reference"),
    Name("transmittance", "T", "1", "%", 0.01, "light transmitted over that without the sample"),
    Name("kubelka_munk", "f(R)", "1", "1", 1.0, "Kubelka-Munk function, (1 - R)^2/(2 R)"),
    Name("heat_flow", "dQ/dt", "W/kg", "W/g", 1000.0, "heat taken up per time and mass; > 0 is endothermic"),
    Name(
        "transition_enthalpy",
        "dH_tr",
        "J/kg",
        "J/g",
        1000.0,
        "heat of a phase transition per mass; > 0: taken up on heating",
    ),
    Name("transforming_fraction", "x_tr", "1", "%", 0.01, "share of a matrix that still goes through its transition"),
    # bands of infrared spectra
    Name(
        "band_area", "A(band)", "1/cm", "1/cm", 1.0, "area of a band above its baseline, of absorbance or Kubelka-Munk"
    ),
    positive("band_position", "nu(band)", "1/cm", "1/cm", 1.0, "maximum of a band"),
    positive("band_splitting", "dnu(band)", "1/cm", "1/cm", 1.0, "between the outer components of a band"),
    Name("band_ratio", "A/A", "1", "1", 1.0, "area of a band over that of another one"),
    positive("band_detection_limit", "A(min)", "1/cm", "1/cm", 1.0, "area of a band that is missed once in twenty"),
    Name("hydroxyl_gain", "d(OH)/d(SiOH)", "1", "1", 1.0, "O-H band gained per silanol band lost"),
    # edges of loss spectra, lines of X-rays, and their maps
    Name("edge_intensity", "N(edge)", "1", "1", 1.0, "electrons of an edge above the background, of a map per pixel"),
    Name("edge_ratio", "N/N", "1", "1", 1.0, "electrons of an edge over those of another one"),
    Name("background_exponent", "r", "1", "1", 1.0, "exponent of the power law below an edge"),
    positive("relative_thickness", "t/lambda", "1", "1", 1.0, "thickness over the mean free path"),
    Name("zero_loss_position", "E0", "eV", "eV", 1.0, "zero-loss peak on the axis of the file"),
    positive("zero_loss_width", "w0", "eV", "eV", 1.0, "full width of the zero-loss peak at half its height"),
    Name("line_intensity", "N(line)", "1", "1", 1.0, "X-rays of the lines of an element above the background"),
    positive("line_detection_limit", "N_D", "1", "1", 1.0, "X-rays of an element that are found with 95 %"),
    positive("atom_fraction", "x", "1", "at%", 0.01, "atoms of an element among those that were measured"),
    Name("colocalisation", "rho", "1", "1", 1.0, "correlation of two maps without their noise"),
    positive("enrichment", "R/R", "1", "1", 1.0, "ratio of elements at an edge over that outside"),
    positive("shell_width", "w", "m", "nm", 1e-9, "width of a shell around particles"),
    positive("domain_size", "L", "m", "um", 1e-6, "distance at which a map no longer resembles itself"),
    positive("mixing_unevenness", "CV", "1", "%", 0.01, "scatter of an element over its mean, without noise"),
)
