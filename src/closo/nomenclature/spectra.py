"""Axes and intensities of diffraction, spectroscopy and microscopy; axes keep the unit of the field."""

from __future__ import annotations

from closo.nomenclature.row import Name

ROWS = (
    # axes
    Name("two_theta", "2theta", "deg", "deg", 1.0, "diffraction angle"),
    Name("wavenumber", "nu", "1/cm", "1/cm", 1.0, "wavenumber of infrared light", positive=True),
    Name("energy", "E", "eV", "eV", 1.0, "energy of X-rays, or energy transferred to the electrons of a sample"),
    Name("energy_loss", "dE", "eV", "eV", 1.0, "energy lost by the electrons of a microscope"),
    Name("y", "y", "m", "um", 1e-6, "position along a column of a map, downwards"),
    Name("x", "x", "m", "um", 1e-6, "position along a row of a map"),
    Name("wavelength", "lambda", "m", "angstrom", 1e-10, "wavelength of X-rays", positive=True),
    # crystals
    Name("lattice_a", "a", "m", "angstrom", 1e-10, "length of the unit cell along a", positive=True),
    Name("lattice_b", "b", "m", "angstrom", 1e-10, "length of the unit cell along b", positive=True),
    Name("lattice_c", "c", "m", "angstrom", 1e-10, "length of the unit cell along c", positive=True),
    Name(
        "main_reflection",
        "2theta",
        "deg",
        "deg",
        1.0,
        "strongest reflection of a phase, for the mean wavelength of a doublet",
    ),
    Name("crystallite_size", "D", "m", "nm", 1e-9, "size of crystallites after Scherrer, K = 0.9", positive=True),
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
    Name(
        "detection_limit",
        "w_D",
        "1",
        "%",
        0.01,
        "share of a phase (by mass) or component found with 95 %",
        positive=True,
    ),
    # near-edge spectra
    Name("analyser", "k", "1", "1", 1.0, "number of an analyser of a spectrometer"),
    Name("scan", "scan", "1", "1", 1.0, "number of a scan among those of one measurement"),
    Name("monitor", "I0", "1", "1", 1.0, "reading of the monitor of the incident beam"),
    Name("dwell_time", "t", "s", "s", 1.0, "time of counting at a point", positive=True),
    Name("elastic_energy", "E0", "eV", "eV", 1.0, "energy at which an analyser sees the elastic line", positive=True),
    Name("energy_resolution", "dE", "eV", "eV", 1.0, "full width of the elastic line at half height", positive=True),
    Name("momentum_transfer", "q", "1/m", "1/angstrom", 1e10, "momentum transfer of scattered X-rays", positive=True),
    Name("dipole_parameter", "q a", "1", "1", 1.0, "momentum transfer times radius of the core level", positive=True),
    Name("peak_energy", "E(peak)", "eV", "eV", 1.0, "energy of a peak", positive=True),
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
    Name("band_position", "nu(band)", "1/cm", "1/cm", 1.0, "maximum of a band", positive=True),
    Name("band_splitting", "dnu(band)", "1/cm", "1/cm", 1.0, "between the outer components of a band", positive=True),
    Name("band_ratio", "A/A", "1", "1", 1.0, "area of a band over that of another one"),
    Name(
        "band_detection_limit",
        "A(min)",
        "1/cm",
        "1/cm",
        1.0,
        "area of a band that is missed once in twenty",
        positive=True,
    ),
    Name("hydroxyl_gain", "d(OH)/d(SiOH)", "1", "1", 1.0, "O-H band gained per silanol band lost"),
    # edges of loss spectra, lines of X-rays, and their maps
    Name("edge_intensity", "N(edge)", "1", "1", 1.0, "electrons of an edge above the background, of a map per pixel"),
    Name("edge_ratio", "N/N", "1", "1", 1.0, "electrons of an edge over those of another one"),
    Name("background_exponent", "r", "1", "1", 1.0, "exponent of the power law below an edge"),
    Name("relative_thickness", "t/lambda", "1", "1", 1.0, "thickness over the mean free path", positive=True),
    Name("zero_loss_position", "E0", "eV", "eV", 1.0, "zero-loss peak on the axis of the file"),
    Name(
        "zero_loss_width", "w0", "eV", "eV", 1.0, "full width of the zero-loss peak at half its height", positive=True
    ),
    Name("line_intensity", "N(line)", "1", "1", 1.0, "X-rays of the lines of an element above the background"),
    Name("line_detection_limit", "N_D", "1", "1", 1.0, "X-rays of an element that are found with 95 %", positive=True),
    Name("atom_fraction", "x", "1", "at%", 0.01, "atoms of an element among those that were measured", positive=True),
    Name("colocalisation", "rho", "1", "1", 1.0, "correlation of two maps without their noise"),
    Name("enrichment", "R/R", "1", "1", 1.0, "ratio of elements at an edge over that outside", positive=True),
    Name("shell_width", "w", "m", "nm", 1e-9, "width of a shell around particles", positive=True),
    Name("domain_size", "L", "m", "um", 1e-6, "distance at which a map no longer resembles itself", positive=True),
    Name(
        "mixing_unevenness", "CV", "1", "%", 0.01, "scatter of an element over its mean, without noise", positive=True
    ),
)
