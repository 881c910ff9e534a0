"""A study in one archive: an RO-Crate in the layout of .eln files, that a reviewer can open, verify and compute again.

Inside, in one folder: `study/` (study.toml, claims.toml and every file that they name), `results/` (each result as closo
keeps it, with its curves), `tables/` (the numbers for Origin and spreadsheets: names, units and comments in three header
rows), `bdf/` where asked (Battery Data Format), `README.md` for a reviewer, and `ro-crate-metadata.json`, which names each
file, its size and sha256.

Sources
    RO-Crate 1.1, https://w3id.org/ro/crate/1.1; TheELNFileFormat 1.1, https://github.com/TheELNConsortium/TheELNFileFormat.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from shlex import quote
from typing import Any

import closo
from closo.errors import ClosoError, StudyError
from closo.figures import FigureSpec
from closo.figures.table import csv_text, to_csv
from closo.pipeline import Analysis, recall
from closo.pipeline.plan import supplied_files
from closo.processes import Progress
from closo.store import existing_store
from closo.study import Study, path_in
from closo.techniques import get

METADATA = "ro-crate-metadata.json"
CONFORMS = "https://w3id.org/ro/crate/1.1"
_OLD = (1980, 1, 1, 0, 0, 0)
_TYPES = {".toml": "application/toml", ".csv": "text/csv", ".json": "application/json", ".npz": "application/zip"}


def write_crate(analysis: Analysis, path: Path, *, bdf: bool = False, progress: Progress | None = None) -> Path:
    """Write a study with its results as .eln or .zip; the archive is there whole or not at all.

    Parameters
    ----------
    bdf : write records of time, voltage and current as Battery Data Format too.
    progress : called with the numbers of written and of all results, and the key of the next.

    Raises
    ------
    StudyError  when the ending is another one, a file is missing, the study changes meanwhile, or the archive cannot be
    written.
    """
    path = Path(path)
    if path.suffix.lower() not in (".eln", ".zip"):
        raise StudyError("a study is exported as .eln or .zip.", file=path, hint="Give the file one of these endings.")
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with zipfile.ZipFile(scratch, "w", zipfile.ZIP_DEFLATED) as archive:
            crate = _Crate(archive, path.stem)
            crate.write("README.md", _readme(analysis.study, path.name).encode(), "how to use this archive")
            for name in _names_of(analysis.study):
                crate.write(f"study/{name}", path_in(analysis.study, name).read_bytes())
            _write_results(crate, analysis, progress)
            if bdf:
                _write_bdf(crate, analysis)
            crate.finish(analysis.study)
        if _state(recall(analysis.study.folder)) != _state(analysis):
            raise StudyError("the study was changed while it was written.", file=path, hint="Export it again.")
        scratch.replace(path)
    except OSError as error:
        raise StudyError(f"the archive cannot be written ({error.strerror or error}).", file=path) from None
    finally:
        scratch.unlink(missing_ok=True)
    return path


def _state(analysis: Analysis) -> tuple[object, ...]:
    """Return what tells one state of a study from another."""
    return {key: analysis.fingerprints.get(key) for key in analysis.results}, set(analysis.waiting)


class _Crate:
    """An archive that is being written, and what its metadata will say."""

    def __init__(self, archive: zipfile.ZipFile, root: str) -> None:
        self._archive = archive
        self._root = "".join(c if c.isalnum() or c in "-_." else "_" for c in root) or "study"
        self._files: dict[str, dict[str, Any]] = {}

    def write(self, name: str, content: bytes, about: str = "") -> None:
        """Add a file, and name it in the metadata."""
        self._add(name, content)
        self._files[name] = {
            "@id": f"./{name}",
            "@type": "File",
            "name": name.rpartition("/")[2],
            **({"description": about} if about else {}),
            "encodingFormat": _TYPES.get(Path(name).suffix.lower(), "application/octet-stream"),
            "contentSize": str(len(content)),
            "sha256": hashlib.sha256(content).hexdigest(),
        }

    def _add(self, name: str, content: bytes) -> None:
        info = zipfile.ZipInfo(f"{self._root}/{name}", _OLD)
        info.external_attr = 0o644 << 16
        self._archive.writestr(info, content, zipfile.ZIP_DEFLATED)

    def finish(self, study: Study) -> None:
        """Write the metadata."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        parts: dict[str, list[dict[str, str]]] = {}
        alone = [{"@id": f"./{name}"} for name in self._files if "/" not in name]
        for name in (name for name in self._files if "/" in name):
            parts.setdefault(name.partition("/")[0], []).append({"@id": f"./{name}"})
        folders = [
            {"@id": f"./{folder}/", "@type": "Dataset", "name": folder, "hasPart": p} for folder, p in parts.items()
        ]
        said = "Synthetic data: made from a declared truth, nothing was measured. " if study.synthetic else ""
        root = {
            "@id": "./",
            "@type": "Dataset",
            "name": study.title,
            "description": f"{said}Raw files, statements and results of a study of solid electrolytes.",
            "datePublished": now,
            "hasPart": [*alone, *({"@id": folder["@id"]} for folder in folders)],
            **({"isBasedOn": {"@id": f"https://doi.org/{study.doi}"}} if study.doi else {}),
        }
        publisher = {"@id": "#closo", "@type": "SoftwareApplication", "name": "closo", "version": closo.__version__}
        descriptor = {
            "@id": METADATA,
            "@type": "CreativeWork",
            "about": {"@id": "./"},
            "conformsTo": {"@id": CONFORMS},
            "dateCreated": now,
            "sdPublisher": {"@id": "#closo"},
            "version": "1.0",
        }
        graph = [descriptor, root, publisher, *folders, *self._files.values()]
        text = json.dumps({"@context": f"{CONFORMS}/context", "@graph": graph}, indent=1, ensure_ascii=False)
        self._add(METADATA, text.encode())


def _readme(study: Study, name: str) -> str:
    """Return ten lines for who opens the archive."""
    said = "**Synthetic data: made from a declared truth, nothing was measured.** " if study.synthetic else ""
    return f"""# {study.title}

{said}Everything that the numbers of this study rest on, written by closo {closo.__version__}.

- `tables/quantities.csv` has every number with standard uncertainty and 95 % interval, `tables/` the numbers of figures.
- `study/study.toml` says what was measured on what, claims.toml beside it what is claimed, of the raw files there.
- `results/` has each result with its sources of uncertainty, checks and curves; `ro-crate-metadata.json` lists all files.

Open: it is a ZIP; any program that reads ZIP or .eln files does. To check and run it again (Python 3.11 or newer):

    pip install closo=={closo.__version__}
    closo verify {quote(name)} --rerun            # hashes every file, computes every number again and compares
    closo verify {quote(name)} --unpack review    # writes the study into the folder review
    closo claims review -v                 # judges the claims; closo report review draws all figures
"""


def _names_of(study: Study) -> list[str]:
    """Return study.toml, claims.toml where there is one, and every file that is measured or named by a setting."""
    names = {"study.toml": None}
    if (study.folder / "claims.toml").is_file():
        names["claims.toml"] = None
    for measurement in study.measurements:
        names |= dict.fromkeys(measurement.files)
        settings = {**study.settings.get(measurement.technique, {}), **measurement.settings}
        names |= dict.fromkeys(supplied_files(study, get(measurement.technique), settings))
    return list(names)


def _write_results(crate: _Crate, analysis: Analysis, progress: Progress | None) -> None:
    """Write each result as the store keeps it, its curves, its figure as numbers, and one table of all quantities."""
    store = existing_store(analysis.study.folder)
    rows: list[list[str | float | int | None]] = [list(row) for row in _HEAD]
    for number, (key, result) in enumerate(analysis.results.items(), 1):
        if progress is not None:
            progress(number, len(analysis.results), key)
        kept = None if store is None else store.stored(key)
        if store is None or kept is None:
            raise StudyError(f"the result {key} has vanished.", hint="Is another closo at work? Try again.")
        curves = store.curves_of(kept["curves_sha256"])
        about = {"key": key, "fingerprint": kept["fingerprint"], "curves_sha256": kept["curves_sha256"]}
        text = json.dumps(about | {"document": json.loads(kept["document"])}, ensure_ascii=False)
        crate.write(f"results/{number:06}.json", text.encode(), key)
        crate.write(f"results/{number:06}.npz", curves, f"curves of {key}")
        spec = _figure(result)
        if spec is not None:
            crate.write(f"tables/{number:06}.csv", to_csv(spec).encode(), f"figure of {key}: {spec.title}")
        rows += [_row(key, result, name) for name in result.quantities]
    crate.write("tables/quantities.csv", csv_text(rows, digits=17).encode(), "every quantity of every result")


_HEAD = (
    ["result", "owner", "sample", "quantity", "unit", "value", "u", "low", "high", "method", "why"],
    ["", "", "", "", "", "see unit", "see unit", "see unit", "see unit", "", ""],
    ["", "", "", "", "", "", "standard uncertainty", "95 % interval", "95 % interval", "", "where it is withheld"],
)


def _row(key: str, result: Any, name: str) -> list[str | float | int | None]:
    quantity = result.quantities[name]
    shown = quantity.as_json()
    low, high = shown["interval"] or (None, None)
    words = [key, result.about.owner, result.about.sample, name, shown["unit"]]
    return [*words, shown["value"], shown["u"], low, high, quantity.method, shown.get("why", "")]


def _figure(result: Any) -> FigureSpec | None:
    """Return the figure of a result, None where it has none."""
    from closo.pipeline import figure

    try:
        return figure(result)
    except ClosoError:
        return None


def _write_bdf(crate: _Crate, analysis: Analysis) -> None:
    """Write every record that Battery Data Format can hold."""
    from closo import readers
    from closo.readers import bdf_export

    files = {(name, m.reader, m.columns): None for m in analysis.study.measurements for name in m.files}
    for number, (name, reader, columns) in enumerate(files, 1):
        try:
            records = readers.read(path_in(analysis.study, name), reader=reader, columns=columns)
        except ClosoError:  # it stands among the failures of the analysis
            continue
        for data in records:
            with tempfile.TemporaryDirectory() as folder:
                try:
                    bdf_export.write(data, Path(folder) / f"{number:04}_{Path(name).stem}_{data.attrs['part']}")
                except ClosoError:  # no time, voltage or current: not what the format is for
                    continue
                for file in sorted(Path(folder).iterdir()):
                    crate.write(f"bdf/{file.name}", file.read_bytes(), f"part {data.attrs['part']} of {name}")
