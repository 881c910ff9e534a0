"""Verbs that explain: infer interphase."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from closo.cli.output import progress_bar, say, show_lines, show_table, write_json

if TYPE_CHECKING:
    from closo.result import Result

__all__ = ["VERBS"]

_MARK = {True: "passed  ", False: "FAILED  ", None: "undecided"}


def interphase(
    study: Annotated[Path, typer.Argument(metavar="STUDY", help="Folder of the study, or its study.toml.")],
    *,
    figures: Annotated[Path | None, typer.Option(metavar="DIR", help="Write the figures there.")] = None,
    workers: Annotated[int, typer.Option(min=0, help="Processes that analyse; 0: as many as there are cores.")] = 0,
    seed: Annotated[int, typer.Option(min=0, help="Of the sampling; the same seed gives the same numbers.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON and nothing else on standard output.")] = False,
) -> int:
    """Fit every explanation of the interphase to a study, rank them, and name the sample that would decide.

    The result is kept with the study: claims, show and report know it as 'interphase' until the data change.
    Exit code: 1 if a check failed, else 0.
    """
    from closo import pipeline
    from closo.pipeline.interphase import infer_interphase, keep_interphase

    with progress_bar("Analysing") as progress:
        analysis = pipeline.analyse(study, workers=workers, progress=progress)
    say(f"{len(analysis.results)} results; explaining them takes about a minute.")
    result = infer_interphase(analysis, seed=seed)
    keep_interphase(analysis, result)
    written = _draw(result, figures, synthetic=analysis.study.synthetic)
    if as_json:
        write_json(result.as_json() | {"synthetic": analysis.study.synthetic, "figures": written})
    else:
        _show(result, written)
    return 1 if any(check.passed is False for check in result.checks) else 0


def _draw(result: Result, folder: Path | None, *, synthetic: bool) -> list[str]:
    """Write the figures; those of synthetic data say so."""
    if folder is None:
        return []
    from dataclasses import replace

    from closo import figures
    from closo.combine.interphase import figures as specs

    drawn = [replace(spec, synthetic=synthetic) for spec in specs(result)]
    return [str(path) for spec in drawn for path in figures.save(spec, folder)]


def _show(result: Result, written: list[str]) -> None:
    """Show quantities, ranking, checks and what to do next."""
    main = {key: q for key, q in result.quantities.items() if ":" not in key}
    show_table(["quantity", "value", "method"], [[key, str(q), q.method] for key, q in main.items()])
    rows = [
        [
            str(row["name"]),
            f"{row['difference']:.1f} ± {row['standard_error']:.1f}",
            f"{row['log_evidence']:.1f}",
            str(row["verdict"]),
        ]
        for row in result.findings["ranking"]
    ]
    show_table(["explanation", "elpd difference", "ln evidence", "verdict"], rows)
    show_lines([f"  {_MARK[check.passed]} {check.name}: {check.detail}" for check in result.checks])
    show_lines([f"  {note}" for note in result.notes])
    show_lines(written)


VERBS = (interphase,)
