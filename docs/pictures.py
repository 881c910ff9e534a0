"""Draw docs/images again: `python docs/pictures.py`, or with the names of some. architecture.svg has its own script.

Most are pages of the gallery; the Arrhenius plot and the theories are drawn here. Screenshots come from `tests/web`.
"""

import runpy
import sys
from pathlib import Path

DOCS = Path(__file__).parent
GALLERY = {
    "critical-current": "plot_10_critical_current",
    "current": "plot_16_conduction",
    "cycling": "plot_11_cycling",
    "infrared": "plot_19_infrared",
    "interphase": "plot_17_interphase",
    "sorption": "plot_18_sorption",
}


def main(names: list[str]) -> None:
    """Draw the pictures that are named, or all."""
    import matplotlib as mpl

    from closo.figures import to_svg
    from closo.figures.style import RC

    sys.path.insert(0, str(DOCS / "_ext"))
    own = {"arrhenius": arrhenius, "composition": composition}
    for name in names or [*GALLERY, *own]:
        path = DOCS / "images" / f"{name}.svg"
        if name in own:
            path.write_text(to_svg(own[name]()), encoding="utf-8")
        else:
            axes = runpy.run_path(str(DOCS / "figures" / f"{GALLERY[name]}.py"))["axes"]
            with mpl.rc_context(RC):
                (axes[0] if isinstance(axes, list) else axes).figure.savefig(path, metadata={"Date": None})


def arrhenius():
    """Return the Arrhenius laws of three samples of the example study."""
    from example_files import example

    import closo
    from closo.report.sections import overlay

    results = closo.analyse(example()).results
    return overlay([results[f"{name}-p1/arrhenius"] for name in ("pristine", "milled", "A200-35-4h")])


def composition():
    """Return conductivity over filler fraction, by theories and by the table of solved microstructures."""
    import numpy as np

    from closo.models import atlas
    from closo.models.percolation.picture import Points, conductivity_figure

    filler = np.linspace(0.05, 0.65, 25)
    value, u = atlas.ratio(filler, 0.34, 280.0)
    solved = Points(filler, value, u, "solved microstructures")
    return conductivity_figure(matrix=1.0, shell=280.0, shell_ratio=0.34, unit="sigma of the salt", voxels=solved)


if __name__ == "__main__":
    main(sys.argv[1:])
