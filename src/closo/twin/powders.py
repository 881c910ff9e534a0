"""The powders of the study: an isotherm of each silica as bought, infrared spectra before and after milling, and patterns
and heat flow of the salt and of one mixture over the time of milling.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from closo.twin.calorimetry import HEAT, write_run
from closo.twin.diffraction import PHASES, PROFILE, write_patterns
from closo.twin.infrared import write_drifts
from closo.twin.sorption import write_aif
from closo.twin.truth import Truth

_FRACTION = 35
MIXTURES = "{silica}-35-PM"  # name of the sample that was mixed and not milled
_MILLED = "A380"  # the silica whose mixture has a pattern at each time of milling


def powder_tables(raw: Path, truth: Truth, samples: Sequence[str]) -> list[tuple[str, dict[str, Any]]]:
    """Write the files of the powders into `raw`, and return the tables of study.toml that belong to them.

    Parameters
    ----------
    samples : that the study has already; of these the spectra of the composites are.
    """
    tables: list[tuple[str, dict[str, Any]]] = []
    spectra = write_drifts(raw, truth.seed)
    for silica in truth.silicas:
        write_aif(raw / f"{silica.name}.aif", silica, seed=truth.seed)
        mixture, milled = MIXTURES.format(silica=silica.name), f"{silica.name}-{_FRACTION}-4h"
        recipe = {
            "matrix": "Na2B12H12", "filler": "SiO2", "filler_type": silica.name, "filler_fraction": f"{_FRACTION} vol%",
        }  # fmt: skip
        tables.append((f"[samples.{mixture}]", {"recipe": recipe, "note": "mixed in a mortar, not milled"}))
        owners = [(silica.name, "sorption", f"{silica.name}.aif")]
        owners += [(name, "infrared", f"{name}.dx") for name in (mixture, milled) if name in (mixture, *samples)]
        for owner, technique, file in owners:
            tables.append(("[[measurements]]", {"of": owner, "technique": technique, "file": f"raw/{file}"}))
    used = {str(entries["file"]).removeprefix("raw/") for _, entries in tables if "file" in entries}
    for name in set(spectra) - used:
        (raw / name).unlink()
    return tables + _patterns(raw, truth, samples)


def _patterns(raw: Path, truth: Truth, samples: Sequence[str]) -> list[tuple[str, dict[str, Any]]]:
    """Write the patterns of the salt and of the mixture with one silica, and return their tables."""
    series = [MIXTURES.format(silica=_MILLED), *(n for n in samples if n.startswith(f"{_MILLED}-{_FRACTION}-"))]
    silica, salt = _FRACTION * truth.density_silica, (100 - _FRACTION) * truth.density_salt
    share = silica / (silica + salt)
    hours = {name: truth.recipe(name).hours if name in samples else 0.0 for name in series}
    write_patterns(
        raw, raw.parent / "structures", truth, {"pristine": (0.0, 0.0)} | {n: (hours[n], share) for n in series}
    )
    asked = {"phases": ",".join(f"structures/{phase}.cif" for phase in PHASES), "profile": PROFILE, "smallest_size": 6}
    heats = {"pristine": HEAT, f"{_MILLED}-{_FRACTION}-8h": 0.0}
    for name, heat in heats.items():
        write_run(raw / f"{name}-dsc.txt", truth, name, heat=heat)
    runs = [{"of": name, "technique": "calorimetry", "file": f"raw/{name}-dsc.txt"} for name in heats]
    return [("[[measurements]]", run) for run in runs] + [
        (
            "[[measurements]]",
            {
                "of": name,
                "technique": "diffraction",
                "file": f"raw/{name}.uxd",
                "settings": asked if name == "pristine" else asked | {"halo": "silica"},
            },
        )
        for name in ("pristine", *series)
    ]
