"""Verbs for trust and exchange: verify, export."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from closo.cli.options import Json, Workers
from closo.cli.output import exit_code, progress_bar, say, show_lines, write_json
from closo.errors import StudyError, counted


def verify(
    study: Annotated[Path, typer.Argument(metavar="STUDY", help="Folder of a study, or an archive (.eln, .zip).")],
    *,
    rerun: Annotated[bool, typer.Option("--rerun", help="Compute an archive again, and compare every number.")] = False,
    unpack: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write the study of an archive there, to work with it.")
    ] = None,
    workers: Workers = 0,
    as_json: Json = False,
) -> int:
    """Hash numbers, curves and raw files again, and say what does not fit what each result was computed from.

    Exit code: 1 if something does not fit, else 0. What is not computed yet, or out of date, is said and is no fault.
    """
    if study.is_file() and study.name != "study.toml":
        return _verify_archive(study, rerun=rerun, to=unpack, workers=workers, as_json=as_json)
    if rerun or unpack is not None:
        raise StudyError("--rerun and --unpack are for archives.", file=study, hint="`closo analyse` computes a study.")
    from closo import pipeline

    report = pipeline.verify(study)
    if as_json:
        write_json(vars(report))
    else:
        show_lines(report.faults)
        for key, why in list(report.waiting.items())[:10]:
            say(f"{key}: {why}.")
        if len(report.waiting) > 10:
            say(f"and {len(report.waiting) - 10} more are not there; `closo analyse` computes them.")
        fits = f"{counted(len(report.faults), 'fault')}." if report.faults else "everything fits."
        say(f"{counted(report.results, 'result')} and {counted(report.files, 'file')} hashed again: {fits}")
    return 1 if report.faults else 0


def _verify_archive(path: Path, *, rerun: bool, to: Path | None, workers: int, as_json: bool) -> int:
    from closo import exchange

    with progress_bar("Computing again") as progress:
        report = exchange.verify_archive(path, rerun=rerun, workers=workers, progress=progress)
    folder = None if to is None else str(exchange.unpack(path, to))
    if as_json:
        write_json(vars(report) | ({"unpacked": folder} if folder else {}))
    else:
        show_lines([*report.faults, *([folder] if folder else [])])
        again = "" if report.repeated is None else f" Computed again, {report.repeated} quantities agree."
        fits = f"{counted(len(report.faults), 'thing')} out of place." if report.faults else "everything fits."
        say(f"{report.files} files and {report.results} results in the archive: {fits}{again}")
    return 1 if report.faults else 0


def export(
    study: Annotated[Path, typer.Argument(metavar="STUDY", help="Folder of the study, or its study.toml.")],
    *,
    to: Annotated[Path, typer.Option("--to", metavar="FILE", help="Archive to write, .eln or .zip.")],
    bdf: Annotated[bool, typer.Option("--bdf", help="Records of cells as Battery Data Format too.")] = False,
    workers: Workers = 0,
    as_json: Json = False,
) -> int:
    """Write one archive that a reviewer can open, verify and compute again: raw files, statements, results, tables.

    It is an RO-Crate in the layout of .eln files. What is stale is computed first. Exit code: as of 'closo analyse' where
    files or measurements failed; the archive is written all the same.
    """
    from closo import exchange, pipeline

    with progress_bar("Exporting") as progress:
        analysis = pipeline.analyse(study, workers=workers, progress=progress)
        written = exchange.write_crate(analysis, to, bdf=bdf, progress=progress)
    for failure in analysis.failures:
        say(f"no result for {failure.key}: {failure.error}")
    if as_json:
        write_json({"written": str(written), "results": len(analysis.results), "failures": len(analysis.failures)})
    else:
        show_lines([str(written)])
        say(f"{counted(len(analysis.results), 'result')}; `closo verify {written} --rerun` computes them again.")
    return exit_code(errors=[failure.error for failure in analysis.failures], failed=False)


VERBS = (verify, export)
