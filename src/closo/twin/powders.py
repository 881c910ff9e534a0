"""The powders of the study: an isotherm of each silica as bought, infrared spectra before and after milling."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from closo.twin.infrared import write_drifts
from closo.twin.sorption import write_aif
from closo.twin.truth import Truth

__all__ = ["MIXTURES", "powder_tables"]

_FRACTION = 35
MIXTURES = "{silica}-35-PM"  # name of the sample that was mixed and not milled


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
    return tables
