"""Write a whole synthetic study: study.toml, claims.toml, raw files and a page that says what it is."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from closo.constants import ELECTRONVOLT
from closo.errors import StudyError
from closo.toml import toml_table, toml_text
from closo.twin.claims import FIELDS, printed_claims
from closo.twin.core_level import core_level_tables
from closo.twin.electrochemistry import CellRecord, write_electrochemistry
from closo.twin.impedance import draw_instrument
from closo.twin.microscopy import write_maps
from closo.twin.pellet import draw_batch, draw_pellet
from closo.twin.powders import powder_tables
from closo.twin.runs import CHAMBER, HEATING_COOLING, Run, chamber_text, draw_run, specimen_texts, write_runs
from closo.twin.truth import RECIPES, SYNTHETIC, Recipe, Truth

Program = Sequence[tuple[float, str]]
_DOI = "10.1039/d5ta09128d"
_AT_60: Program = ((60.0, "heating"), (60.0, "cooling"))
_SHORT: Program = ((30.0, "heating"), (60.0, "heating"), (100.0, "heating"), (60.0, "cooling"), (30.0, "cooling"))
_ARRHENIUS = ("pristine", "milled", "A200-35-4h")
_ELECTRODE = (
    ("Prussian white", "1.90 ± 0.10 g/cm3"),
    ("carbon", "2.0 ± 0.1 g/cm3"),
    ("TiS2", "3.25 ± 0.02 g/cm3"),  # of the crystal, P-3m1, a 3.407, c 5.695 A, one formula unit
)
_FRAME = {"torque": "1.2 N m", "screws": 3, "screw_diameter": "6 ± 0 mm", "area": "0.283 cm2"}
_DIE = {"pressure": "347 MPa", "area": "0.283 cm2"}
_TIS2 = {
    "molar_mass": "111.99 g/mol",
    "electrons": 1,
    "active_fraction": "70 wt%",
    "electrolyte_fraction": "30 wt%",
    "active_material": "TiS2",
    "separator_sample": "A200-35-4h",
    "note": "printed, not part of this study: its recipe only",
}
_FEW_CELLS = 3  # of the small study
_SINGLE_FILES = ("A380-35-1h", "A380-35-2h", "A380-35-8h")  # one spectrum per file, as some people work
_SERIES = (
    ("composition", "volume_fraction", ("A380-25-4h", "A380-30-4h", "A380-35-4h", "A380-40-4h")),
    ("milling", "milling_time", ("A380-35-1h", "A380-35-2h", "A380-35-4h", "A380-35-8h")),
    ("silica", "filler_type", ("A90-35-4h", "A200-35-4h", "A300-35-4h", "A380-35-4h", "SBA15-35-4h")),
    ("fumed silica", "filler_type", ("A90-35-4h", "A200-35-4h", "A300-35-4h", "A380-35-4h")),
)


def write_study(
    folder: str | Path, *, seed: int = 0, kind: str = "full", truth_file: str | Path | None = None
) -> tuple[Run, ...]:
    """Write a synthetic study and return its runs, each with the truth behind it.

    Equal seeds give equal bytes.

    Parameters
    ----------
    folder : made when it is missing. An earlier twin in it is replaced.
    seed : of everything that is drawn.
    kind : 'full' (13 samples with 3 pellets each, 177 spectra, 9 cells, and the powders; 5 MB) or 'small' (2 samples, 2
        pellets, 10 spectra, 3 cells).
    truth_file : also write the truth there, as JSON; outside `folder`, so that no analysis can meet it.

    Raises
    ------
    StudyError  when `kind` is neither, `folder` holds a study that is not a twin, or `truth_file` is inside it.
    """
    folder = Path(folder)
    if kind not in ("full", "small"):
        raise StudyError(f"kind = '{kind}' is not a kind of twin.", hint="It must be 'full' or 'small'.")
    _keep_real_studies(folder)
    if truth_file is not None and Path(truth_file).resolve().is_relative_to(folder.resolve()):
        raise StudyError("The truth must not lie inside the study.", file=truth_file, hint="Choose a place outside it.")
    truth = Truth(seed=seed)
    raw = folder / "raw"
    raw.mkdir(parents=True, exist_ok=True)
    for ending in ("par", "mpt", "mpr", "aif", "dx", "uxd", "txt", "xrs", "dm4"):
        for old in raw.glob(f"*.{ending}"):
            old.unlink()
    shutil.rmtree(folder / "structures", ignore_errors=True)
    runs = tuple(_write_pellets(raw, truth, kind))
    cells = write_electrochemistry(raw, truth, kind)
    tables: list[tuple[str, dict[str, Any]]] = []
    if kind == "full":
        names = [recipe.name for recipe in RECIPES]
        tables = powder_tables(raw, truth, names) + core_level_tables(raw, truth, names) + write_maps(raw, seed)
    powders = [line for heading, entries in tables for line in toml_table(heading, entries)]
    _write(folder / "study.toml", [*_study_lines(truth, runs), *powders, *(line for c in cells for line in c.lines)])
    _write(folder / "claims.toml", _claim_lines(runs, cells, tables))
    _write(folder / "README.md", [_readme(seed, kind, runs, cells)])
    if truth_file is not None:
        told = as_json(truth, runs) | {"cells": {cell.name: cell.truth for cell in cells}}
        Path(truth_file).write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8", newline="\n")
    return runs


def _keep_real_studies(folder: Path) -> None:
    file = folder / "study.toml"
    if file.exists() and SYNTHETIC not in file.read_text(encoding="utf-8", errors="replace"):
        raise StudyError("There is a study here that is not a twin.", file=file, hint="Choose an empty folder.")


def _write_pellets(raw: Path, truth: Truth, kind: str) -> Iterator[Run]:
    """Draw every pellet of the study, write its files, and yield one run per file."""
    small = kind == "small"
    recipes = [r for r in RECIPES if not small or r.name in ("milled", "A200-35-4h")]
    for day, recipe in enumerate(recipes):
        batch = draw_batch(truth, recipe.name)
        program = _SHORT if small else HEATING_COOLING if recipe.name in _ARRHENIUS else _AT_60
        for k in range(1, 2 if small else 4):
            pellet = draw_pellet(truth, batch, f"{recipe.name}-p{k}")
            points = draw_run(truth, pellet, program)
            together = [points] if recipe.name not in _SINGLE_FILES else [[point] for point in points]
            for part in together:
                ending = f"_60C_{part[0].branch}" if len(part) == 1 else ""
                path = raw / f"{pellet.name}{ending}.par"
                write_runs(path, part, pellet=pellet, truth=truth, day=3 * day + k)
                yield Run(truth, pellet, tuple(part), path)


def _study_lines(truth: Truth, runs: Sequence[Run]) -> list[str]:
    """Return study.toml: what a laboratory would know, never the truth."""
    u = truth.nuisances
    salt, silica_density = (_density(rho, u.density) for rho in (truth.density_salt, truth.density_silica))
    lines = [
        f"# {SYNTHETIC}.",
        "",
        f"title = {toml_text('Na2B12H12 milled with SiO2: a synthetic study')}",
        "synthetic = true",
        f"doi = {toml_text(_DOI)}",
        "",
        *toml_table("[materials.Na2B12H12]", {"density": salt, "molar_mass": "187.80 g/mol"}),
        *toml_table("[materials.SiO2]", {"density": silica_density}),
        *(line for name, rho in _ELECTRODE for line in toml_table(f"[materials.{toml_text(name)}]", {"density": rho})),
        *toml_table('[presses."cell frame"]', _FRAME),
        *toml_table('[presses."cathode die"]', _DIE),
        *toml_table("[cells.TiS2]", _TIS2),
    ]
    batches = {run.pellet.batch.recipe.name: run.pellet.batch for run in runs}
    used = {batch.recipe.filler for batch in batches.values()}
    for silica in truth.silicas:
        if silica.name in used:
            entries = {
                "material": "SiO2",
                "specific_surface_area": f"{silica.specific_surface_area / 1e3:.1f} m2/g",
                "pore_volume": f"{silica.pore_volume * 1e3:.3f} cm3/g",
                "silanol_density": "3.8 ± 0.5 1/nm2",  # literature: after 270 degC in vacuum
            }
            lines += toml_table(f"[powders.{silica.name}]", entries)
    lines += toml_table(f"[chambers.{CHAMBER}]", {"temperature_offset": chamber_text(truth)})
    for name, batch in batches.items():
        lines += toml_table(f"[samples.{name}]", _sample(batch.recipe, batch.masses, u.weighing))
    lines += _pellet_lines(truth, runs)
    for name, axis, samples in _SERIES:
        if set(samples) <= set(batches):
            asked: dict[str, Any] = {"name": name, "axis": axis, "samples": samples, "temperature": "60 degC"}
            lines += toml_table("[[series]]", asked)
    return lines


def _pellet_lines(truth: Truth, runs: Sequence[Run]) -> list[str]:
    """Return the pellets and what was measured on them."""
    lines = []
    for name, pellet in {run.pellet.name: run.pellet for run in runs}.items():
        entries = {"sample": pellet.batch.recipe.name, **specimen_texts(truth, pellet), "pressure": "187 MPa"}
        lines += toml_table(f"[specimens.{name}]", entries)
    for run in runs:
        entries = {"specimen": run.pellet.name, "technique": "impedance", "file": f"raw/{run.file.name}"}
        lines += toml_table("[[measurements]]", entries | {"chamber": CHAMBER})[:-1]
        if len(run.points) == 1:
            lines += toml_table("", run.conditions[0])[1:]
        else:
            lines += ["conditions = [", *(f"  {toml_text(condition)}," for condition in run.conditions), "]", ""]
    return lines


def _density(value: float, relative_u: float) -> str:
    return f"{value / 1e3:.2f} ± {value * relative_u / 1e3:.4f} g/cm3"


def _sample(recipe: Recipe, masses: Mapping[str, float], weighing: float) -> dict[str, Any]:
    entry: dict[str, Any] = {"matrix": "Na2B12H12"}
    if recipe.filler is not None:
        entry |= {"filler": "SiO2", "filler_type": recipe.filler, "filler_fraction": f"{100 * recipe.fraction:g} vol%"}
        entry["masses"] = {name: f"{mass * 1e6:.2f} ± {weighing * 1e6:g} mg" for name, mass in masses.items()}
        entry["batch_mass"] = "500 ± 1 mg"
    entries: dict[str, Any] = {"recipe": entry}
    if recipe.hours:
        entries["milling"] = {
            "time": f"{recipe.hours:g} h",
            "speed": "400 rpm",
            "ball_to_powder": 140,
            "pattern": "5 min on / 5 min off",
        }
    return entries


def _claim_lines(
    runs: Sequence[Run], cells: Sequence[CellRecord], powders: Sequence[tuple[str, Mapping[str, Any]]]
) -> list[str]:
    """Return claims.toml with the claims whose samples and cells are in the study."""
    samples = {run.pellet.batch.recipe.name for run in runs}
    there = (
        samples
        | {"TiS2", "presses/cell frame", "presses/cathode die"}
        | {cell.name for cell in cells}
        | {f"series/{name}" for name, _, members in _SERIES if set(members) <= samples}
        | ({"powders/silanol exchange", "phases/Na2B12H12 A380 35 vol%"} if powders else set())
        | {entries["of"] for _, entries in powders if "of" in entries}
    )
    lines = [
        f"# The claims are printed in {_DOI}; the data they are held against here are synthetic,",
        "# so a verdict shows how claims are judged and says nothing about the paper.",
        "",
    ]
    for claim in (claim for field in FIELDS for claim in printed_claims(field)):
        of = [claim["of"]] if isinstance(claim["of"], str) else claim["of"]
        if {*of, claim.get("to", of[0])} <= there and _long_enough(claim, cells):
            lines += toml_table("[[claims]]", claim)
    return lines


def _long_enough(claim: Mapping[str, Any], cells: Sequence[CellRecord]) -> bool:
    """Return whether a claim on cycle 50 speaks of a cell that was run so long; the small study's cell is not."""
    on_cycles = (
        claim["of"] == "warm-cell" and ":" in claim.get("quantity", "") and claim not in printed_claims("recipes")
    )
    return len(cells) > _FEW_CELLS or not on_cycles


_README = """# Na2B12H12 milled with SiO2: a synthetic study

**Synthetic.** No number in this folder was measured. The {files} VersaStudio files with {spectra} impedance spectra of
{pellets} pellets, and the files of {cells} cells measured with direct current, were made by `closo.twin` from one declared
truth (seed {seed}). Samples and claims follow Hehn et al., *J. Mater. Chem. A*, 2026, DOI {doi} (CC BY 3.0). What that
text prints is used as it stands; what it does not print was chosen freely, and the docstrings of `closo.twin` say which is
which. The study shows what closo does and lets it be tested. It proves nothing about the paper.

- `study.toml`: recipes, pellets, files and temperatures as a notebook would hold them, measured with errors;
- `claims.toml`: what the paper states, held against these data;
- `raw/`: one file per pellet, per spectrum or per cell (`.par`, `.mpr`, `.mpt`), an isotherm of each silica (`.aif`),
  infrared spectra (`.dx`), diffraction patterns (`.uxd`), heat flow (`.txt`) and
  maps of an electron microscope (`.dm4`) of the powders, scans of X-ray Raman
  scattering (`.xrs`); each says that it is synthetic;
- `structures/`: model cells of the two forms of the salt, computed, not published.

The truth is not in this folder. The same call always writes the same bytes:

```
python -c "from closo.twin import write_study; write_study('FOLDER', seed={seed}{kind})"
```
"""


def _readme(seed: int, kind: str, runs: Sequence[Run], cells: Sequence[CellRecord]) -> str:
    return _README.format(
        files=len(runs),
        spectra=sum(len(run.points) for run in runs),
        pellets=len({run.pellet.name for run in runs}),
        cells=len(cells),
        seed=seed,
        doi=_DOI,
        kind="" if kind == "full" else f", kind='{kind}'",
    )


def _write(path: Path, lines: Sequence[str]) -> None:
    """Write text with one final line end, the same on every system."""
    path.write_text("\n".join(lines).rstrip("\n") + "\n", encoding="utf-8", newline="\n")


def as_json(truth: Truth, runs: Sequence[Run]) -> dict[str, Any]:
    """Return the truth of a study in shown units: per sample, specimen and spectrum."""
    samples: dict[str, Any] = {}
    specimens: dict[str, Any] = {}
    spectra = []
    instrument = vars(draw_instrument(truth.seed, truth.nuisances))
    for run in runs:
        pellet, batch = run.pellet, run.pellet.batch
        samples[batch.recipe.name] = {
            "activation_energy / eV": batch.truth.activation_energy / ELECTRONVOLT,
            "prefactor / S K/cm": batch.truth.prefactor / 100.0,
            "conductivity at 30 degC / S/cm": batch.truth.conductivity(303.15) / 100.0,
            "conductivity at 60 degC / S/cm": batch.truth.conductivity(333.15) / 100.0,
            "volume_fraction": batch.fraction,
        }
        specimens[pellet.name] = {
            "thickness / um": pellet.thickness * 1e6,
            "area / cm2": pellet.area * 1e4,
            "mass / mg": pellet.mass * 1e6,
            "void": pellet.void,
            "conductivity over that of the sample": pellet.spread,
        }
        spectra += [
            {
                "file": run.file.name,
                "spectrum": k,
                "branch": point.branch,
                "temperature / degC": point.temperature - 273.15,
                "resistance / ohm": point.resistance,
                "conductivity / S/cm": point.conductivity / 100.0,
            }
            for k, point in enumerate(run.points, start=1)
        ]
    return {
        "note": SYNTHETIC,
        "seed": truth.seed,
        "instrument": instrument,
        "samples": samples,
        "specimens": specimens,
        "spectra": spectra,
    }
