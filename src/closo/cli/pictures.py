"""Options of figures that are written to a folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from closo.errors import StudyError

if TYPE_CHECKING:
    from closo.figures import Look
    from closo.result import Result

Wanted = tuple[Path, tuple[str, ...], "Look"]


@dataclass(frozen=True)
class Drawing:
    """How figures are drawn."""

    formats: Annotated[
        str, typer.Option("--format", metavar="svg,pdf,png", help="Formats of the figures, with commas between.")
    ] = "svg,pdf"
    style: Annotated[
        Path | None,
        typer.Option(metavar="FILE.mplstyle", help="A style of matplotlib for the figures, over closo's own."),
    ] = None
    journal: Annotated[str, typer.Option(metavar="rsc|acs", help="Journal whose column widths the figures have.")] = (
        "rsc"
    )

    def into(self, folder: Path | None) -> Wanted | None:
        """Return what is asked for, None without a folder; a mistake is told before anything is computed."""
        if folder is None:
            return None
        from closo.figures.style import FORMATS, Look

        kinds = tuple(kind.strip() for kind in self.formats.lower().split(","))
        for kind in kinds:
            if kind not in FORMATS:
                raise StudyError(f"--format {kind} is not a format of figures.", hint=f"Known: {', '.join(FORMATS)}.")
        look = Look(self.style, self.journal.lower())
        if self.style is not None:
            look.rc()
        return folder, kinds, look


def drawn(result: Result | None, wanted: Wanted | None) -> list[str]:
    """Write the figure of a result and return the names of the files."""
    if wanted is None or result is None:
        return []
    from closo import figures, pipeline

    return [str(path) for path in figures.save(pipeline.figure(result), *wanted)]


def drawn_together(technique: str, results: Sequence[Result], wanted: Wanted | None) -> list[str]:
    """Write the figure of several results, where the technique has one, and return the names of the files."""
    from closo.techniques import get

    spec = None if wanted is None else get(technique).overlay(results)
    if wanted is None or spec is None:
        return []
    from closo import figures

    return [str(path) for path in figures.save(spec, *wanted)]
