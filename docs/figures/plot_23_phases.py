"""
Phases over the time of milling
===============================

From patterns of one mixture: the monoclinic form goes, the cubic one comes.
"""

from example_files import raw_files

import closo
from closo.combine.phases import figure, phase_series
from closo.figures import draw
from closo.twin.diffraction import PHASES, PROFILE

files = ",".join(str(raw_files().parent / "structures" / f"{phase}.cif") for phase in PHASES)
settings = {"phases": files, "profile": PROFILE, "halo": "silica", "smallest_size": 6.0}
times = {0.0: "PM", 1.0: "1h", 2.0: "2h", 4.0: "4h", 8.0: "8h"}
points = [
    (3600.0 * hours, closo.run("diffraction", raw_files() / f"A380-35-{name}.uxd", settings=settings)[0])
    for hours, name in times.items()
]
axes = draw(figure(phase_series(points, name="A380, 35 vol%", axis="milling_time"))).axes
