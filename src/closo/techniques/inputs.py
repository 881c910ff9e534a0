"""What the techniques may be told about a specimen, powder or cell, beside the file: one row each."""

INPUTS: dict[str, tuple[str, str]] = {
    "area": ("Electrode area", "0.785 ± 0.005 cm2"),
    "diameter": ("Of a round electrode, instead of the area", "10 ± 0.05 mm"),
    "thickness": ("Thickness of the pellet", "310 ± 5 um"),
    "temperature": ("Temperature", "30 ± 0.5 degC"),
    "lead_resistance": ("Resistance of the leads", "0.5 ± 0.1 ohm"),
    "ionic_conductivity": ("Of the electrolyte", "5e-4 ± 0.2e-4 S/cm"),
    "pressure": ("Stack pressure", "106 ± 30 MPa"),
    "active_mass": ("Mass of active material", "0.84 ± 0.03 mg"),
    "theoretical_capacity": ("Of the active material", "171 mAh/g"),
    "density": ("Of the solid of a powder", "2.20 ± 0.05 g/cm3"),
}
"""Name of the nomenclature -> what it is, and an example. `closo run` has an option, `closo.run` a keyword for each."""
