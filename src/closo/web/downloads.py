"""Files to take away: figures (SVG, PNG, PDF, CSV), tables (CSV, XLSX), the report, a script that gives the same numbers."""

from __future__ import annotations

import asyncio
import csv
import io
import zipfile
from pathlib import Path

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from closo.errors import StudyError
from closo.figures import FigureSpec, to_csv
from closo.figures.draw import file_stem
from closo.report import listing
from closo.report.tables import write_table
from closo.web import child, maps, pathways, pieces, sandbox
from closo.web.compare import chosen, known, overlay
from closo.web.subject import subject_of

router = APIRouter()
_TYPES = {
    "svg": "image/svg+xml",
    "png": "image/png",
    "pdf": "application/pdf",
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "zip": "application/zip",
    "py": "text/x-python; charset=utf-8",
}


def _file(content: bytes, name: str, kind: str) -> Response:
    """Return a file to be saved, never shown."""
    safe = "".join(c if c.isascii() and (c.isalnum() or c in "-_.") else "_" for c in name)[:120] or "closo"
    headers = {"content-disposition": f'attachment; filename="{safe}.{kind}"'}
    return Response(content, media_type=_TYPES[kind], headers=headers)


async def _drawn(spec: FigureSpec, kind: str, *, comma: bool) -> Response:
    if kind not in ("svg", "png", "pdf", "csv"):
        raise HTTPException(404)
    if kind == "csv":
        text = to_csv(spec)
        return _file((as_comma(text) if comma else text).encode(), file_stem(spec.name), "csv")
    _, files = await asyncio.to_thread(sandbox.call, child.draw, (spec, kind))
    return _file(files[0], file_stem(spec.name), kind)


@router.get("/download/figure.{kind}", name="figure")
async def figure(request: Request, kind: str, key: str, comma: bool = False) -> Response:
    """Return the figure of a result, or its numbers."""
    subject = subject_of(request, key)
    seen = subject.measured.seen if subject.measured else None
    spec = pieces.figure_of(subject.result) if subject.result is not None else seen
    if spec is None:
        raise StudyError("this result has no figure.")
    return await _drawn(spec, kind, comma=comma)


@router.get("/download/overlay.{kind}")
async def overlaid(request: Request, kind: str, comma: bool = False, of: int = 0) -> Response:
    """Return the figure of several results over one another; `of` is its number where there are several techniques."""
    figures = overlay(chosen(request))
    if not 0 <= of < len(figures):
        raise StudyError("these results have no figure.")
    return await _drawn(figures[of], kind, comma=comma)


@router.get("/download/pathways.{kind}")
async def pathway(request: Request, kind: str, comma: bool = False, of: int = 0) -> Response:
    """Return the figure over composition (0) or the slice (1) of the composite that the address describes."""
    place, texts = request.app.state.workplace, dict(request.query_params)
    _, figures = await asyncio.to_thread(pathways.drawn, texts, pathways.explained(place))
    if not 0 <= of < len(figures):
        raise StudyError("there is no such figure.")
    return await _drawn(figures[of], kind, comma=comma)


@router.get("/download/map.{kind}")
async def mapped(request: Request, kind: str, key: str, comma: bool = False) -> Response:
    """Return a map with its uncertainties and the profile that the address describes."""
    spec = maps.drawn(maps.chosen(maps.with_maps(request), key), dict(request.query_params))
    return await _drawn(spec, kind, comma=comma)


@router.get("/download/table.{kind}")
async def table(request: Request, kind: str, comma: bool = False) -> Response:
    """Return one row per quantity of the results that the address names; of all, where it names none."""
    if kind not in ("csv", "xlsx"):
        raise HTTPException(404)
    results = chosen(request) if request.query_params.getlist("key") else known(request)
    if not results:
        raise StudyError("there is no result yet.")
    place = request.app.state.workplace.scratch / f"table-{id(request)}.{kind}"
    try:
        named = ((r.name if key.startswith("drop:") else key, r) for key, r in results.items())
        write_table(listing.quantities(named), place, header_rows=3)
        content = place.read_bytes()
    finally:
        place.unlink(missing_ok=True)
    if kind == "csv" and comma:
        content = as_comma(content.decode()).encode()
    return _file(content, "quantities", kind)


def as_comma(text: str) -> str:
    r"""Return a CSV with ; between the cells and a decimal comma in numbers; text stays as it is.

    Example
    -------
    >>> as_comma("f,name" + chr(10) + "1.5,a.b" + chr(10) + "-2e-05,")
    'f;name\n1,5;a.b\n-2e-05;\n'
    """
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\n")
    for row in csv.reader(io.StringIO(text)):
        writer.writerow([cell.replace(".", ",") if _is_number(cell) else cell for cell in row])
    return out.getvalue()


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


@router.get("/download/script.py")
async def script(request: Request, key: str) -> Response:
    """Return a Python script that gives the same numbers."""
    subject = subject_of(request, key)
    if subject.row is None or subject.result is None:
        raise StudyError("this result is made of others.", hint="`closo analyse` computes all of them.")
    if subject.measured is None:
        folder = request.app.state.workplace.folder
        lines = ["import closo", "", f"analysis = closo.analyse({str(folder)!r})", f"print(analysis.results[{key!r}])"]
    else:
        given = "".join(f",\n    {name}={text!r}" for name, text in (subject.given or {}).items())
        settings = f",\n    settings={dict(subject.settings)!r}" if subject.settings else ""
        call = f"    {subject.row.name!r},\n    {subject.measured.file.name!r},\n    part={subject.measured.part}"
        lines = ["import closo", "", f"results = closo.run(\n{call}{given}{settings},\n)", "print(results[0])"]
    return _file("\n".join([*lines, ""]).encode(), "closo_script", "py")


@router.get("/download/report.zip")
async def report(request: Request) -> Response:
    """Return the whole report that `work` has written: the page, its figures and tables."""
    folder = request.app.state.workplace.scratch / "report"
    if not any(folder.glob("*.html")):
        raise StudyError(
            "the report is not written yet.", hint="Write it first; the page 'progress' says how far it is."
        )
    content = await asyncio.to_thread(_zipped, folder)
    return _file(content, "report", "zip")


def _zipped(folder: Path) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(p for p in folder.rglob("*") if p.is_file()):
            archive.write(path, str(path.relative_to(folder)))
    return out.getvalue()
