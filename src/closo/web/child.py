"""What the children of the server do with a file: look at it, analyse it, draw it, analyse a study, write its report.

Everything goes in and out as plain values; see `sandbox`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

if "xarray" not in sys.modules:
    sys.modules.setdefault("dask", None)  # type: ignore[arg-type]  # xarray would import it, to ask whether it is used

import numpy as np

from closo import pipeline, readers
from closo.dataset import KINDS, Dataset
from closo.documents import to_document
from closo.errors import ClosoError, DataError
from closo.figures import FigureSpec, render
from closo.figures.browser import MOST_POINTS
from closo.pipeline.explained import EXPLAINED, keep_explained
from closo.pipeline.jobs import Job, compute
from closo.processes import lead
from closo.techniques import TECHNIQUES, Technique, get

_SYMMETRIC = 0.5  # V, which two equal electrodes reach for a while only
Answer = tuple[object, Sequence[bytes]]
Tell = Callable[[Any], None]


def _likely_first(data: Dataset) -> list[str]:
    """Return the techniques that take a measurement, the one called like its kind first; of one on a cell that stores
    energy, 'cycling'.
    """
    kind = str(data.attrs["kind"])
    volts = next((data[name].values for name in ("voltage", "potential") if name in data), np.zeros(1))
    stores = bool(np.min(volts, where=np.isfinite(volts), initial=np.inf) > _SYMMETRIC)
    rows = [row for row in TECHNIQUES if kind in row.kinds]
    rows.sort(key=lambda row: (stores and row.name != "cycling", row.name != kind, row.kinds[0] != kind))
    return [row.name for row in rows]


def look(path: str, asked: Mapping[str, Any]) -> Answer:
    """Recognise a file and analyse every measurement in it.

    Parameters
    ----------
    asked : `given` (inputs as text), `use_header`, `columns`, `reader`; of one part also `part`, `technique`, `settings`.

    Returns
    -------
    How it was recognised and one entry per measurement (part, title, kind, points, technique, document or error), and the
    curves of those that have a document.
    """
    columns, reader = asked.get("columns"), asked.get("reader")
    try:
        name = "text" if columns else reader or readers.sniff(Path(path)).name
        measurements = readers.read(Path(path), reader=reader, columns=columns)
    except ClosoError as error:
        return {"error": said(error)}, []
    title = next((row.title for row in readers.READERS if row.name == name), name)
    entries: list[dict[str, Any]] = []
    curves: list[bytes] = []
    for data in measurements:
        part, kind = int(data.attrs["part"]), str(data.attrs["kind"])
        if asked.get("part") not in (None, part):
            continue
        entry: dict[str, Any] = {"part": part, "kind": kind, "title": str(data.attrs["title"])}
        along = ", ".join(str(dim).replace("_", " ") for dim in data.sizes)
        entry["size"] = f"{' × '.join(map(str, data.sizes.values()))} {'points' if along == 'point' else f'({along})'}"
        entry["suggestions"] = {k: str(v.get("value", "")) for k, v in data.attrs["suggestions"].items()}
        entry["techniques"] = _likely_first(data)
        entry |= _analysed(path, entry, asked, curves)
        if "error" in entry:
            entry["seen"] = _seen(data)
        entries.append(entry)
    return {"reader": title, "entries": entries}, curves


def _analysed(path: str, entry: Mapping[str, Any], asked: Mapping[str, Any], curves: list[bytes]) -> dict[str, Any]:
    """Return the document of the first technique that gives a result, or the first error; its curves go to `curves`."""
    names = [asked["technique"]] if asked.get("technique") else entry["techniques"]
    if not names:
        none = DataError(f"no technique analyses a measurement of the kind '{entry['kind'].replace('_', ' ')}' yet.")
        return {"technique": "", "error": said(none)}
    first: dict[str, Any] = {}
    for name in names:
        row = get(name)
        given = {key: text for key, text in asked["given"].items() if text and _takes(row, key, asked["given"])}
        try:
            how = {key: asked[key] for key in ("settings", "columns", "reader", "use_header") if asked.get(key)}
            outcome = next(iter(pipeline.run(name, path, inputs=given, part=entry["part"], **how)))
            error = outcome.error
            if outcome.result is not None:
                document, content = to_document(outcome.result)
                curves.append(content)
                return {"technique": name, "document": document}
        except ClosoError as raised:
            error = raised
        first = first or {"technique": name, "error": said(error or DataError("there is no result."))}
    return first


def _seen(data: Dataset) -> dict[str, Any] | None:
    """Return the numbers and labels of a plain plot of a measurement that gave no result, None of an image."""
    if len(data.sizes) != 1:
        return None
    needs = [next((n for n in group if n in data), "") for group in KINDS[data.attrs["kind"]].needs]
    dim = str(next(iter(data.sizes)))
    names = [dim if dim in data.variables else needs[0], needs[-1]]
    step = -(-data.sizes[dim] // MOST_POINTS)
    columns = [data[name].values[::step] for name in names if name]
    if len(columns) < 2:
        return None
    units = {n: data[n].attrs.get("units", "1") for n in names}
    labels = [n.replace("_", " ") + (f" / {unit}" if unit not in ("", "1") else "") for n, unit in units.items()]
    if np.iscomplexobj(columns[1]):
        columns, labels = [columns[1].real, -columns[1].imag], ["Z' / ohm", "-Z'' / ohm"]
    return {"x": columns[0].tolist(), "y": columns[1].tolist(), "labels": labels}


def _takes(row: Technique, key: str, given: Mapping[str, str]) -> bool:
    """Return whether a technique uses an input; a diameter counts as an area where none is given."""
    return "area" in row.inputs and not given.get("area") if key == "diameter" else key in row.inputs


def rerun(job: Job) -> Answer:
    """Analyse one measurement of a study again, with other settings."""
    computed = compute(job)
    if computed.document is None:
        return {"error": dict(computed.error or {})}, []
    return {"document": computed.document}, [computed.curves]


def draw(spec: FigureSpec, kind: str) -> Answer:
    """Draw a figure as svg, pdf or png."""
    return None, [render(spec, [kind])[kind]]


def analyse_study(folder: str, workers: int, *, tell: Tell) -> Answer:
    """Analyse a study, and tell (finished, total, what) on the way."""
    lead()
    try:
        analysis = pipeline.analyse(folder, workers=workers, progress=lambda k, n, what: tell([k, n, what]))
    except ClosoError as error:
        return {"error": said(error)}, []
    return {"results": len(analysis.results), "failures": len(analysis.failures), "computed": analysis.computed}, []


def explain(folder: str, what: str, workers: int, *, tell: Tell) -> Answer:
    """Find one of `EXPLAINED` for a study, and keep it there."""
    lead()
    try:
        analysis = pipeline.analyse(folder, workers=workers, progress=lambda k, n, said: tell([k, n, said]))
        tell([0, 0, "weighing explanations"])
        result = getattr(import_module(EXPLAINED[what]), f"infer_{what}")(analysis)
        keep_explained(analysis, what, result)
    except ClosoError as error:
        return {"error": said(error)}, []
    return {"explained": what}, []


def check_study(folder: str) -> Answer:
    """List the problems of a study."""
    return {"problems": [vars(problem) for problem in pipeline.check(folder)]}, []


def write_report(folder: str, out: str, *, tell: Tell) -> Answer:
    """Write the report of what is known of a study into `out`, with the figures as SVG and PDF."""
    from closo.report.build import build

    try:
        analysis = pipeline.recall(folder)
        verdicts, problems = pipeline.judge(analysis), pipeline.check(analysis.study)
        page = build(
            analysis, Path(out), verdicts=verdicts, problems=problems, pdf=True,
            progress=lambda k, n, what: tell([k, n or 0, what]),
        )  # fmt: skip
    except ClosoError as error:
        return {"error": said(error)}, []
    return {"report": str(page)}, []


def said(error: ClosoError) -> dict[str, Any]:
    """Return an error as the page says it: without the folders of the server."""
    fields = error.as_json()
    name = Path(fields["file"]).name if fields["file"] else None
    return fields | {"file": name, "kind": type(error).__name__}
