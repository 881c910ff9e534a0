"""A cell of sodium, a composite electrolyte and a composite cathode: closed forms and models.

- `forms`: closed forms;
- `chemistry`: parameters of active materials, each with its source or the word "assumed";
- `stack`: masses, mixing ratio and densities -> layers;
- `porous`: the porous electrode of a single-ion conductor, many parameter sets at once, and its impedance;
- `simulation`: the same cell in pybamm (SPMe, DFN; the extra `closo[cell]`);
- `design`: energy of a stack against thickness, loading and temperature.
"""
