"""Verbs for trust and exchange: verify, export."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from closo.cli.output import say, show_lines, write_json

__all__ = ["VERBS"]

Json = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else on standard output.")]


def verify(
    study: Annotated[Path, typer.Argument(metavar="STUDY", help="Folder of a study.")],
    *,
    as_json: Json = False,
) -> int:
    """Hash everything again (numbers, curves, raw files against what each result was computed from), and say what does not fit.

    Exit code: 1 if something does not fit, else 0. What is not computed yet, or out of date, is said and is no fault.
    """
    from closo import pipeline

    found = pipeline.verify(study)
    if as_json:
        write_json(vars(found))
    else:
        show_lines(found.faults)
        for key, why in list(found.waiting.items())[:10]:
            say(f"{key}: {why}.")
        if len(found.waiting) > 10:
            say(f"and {len(found.waiting) - 10} more are not there; `closo analyse` computes them.")
        fits = f"{len(found.faults)} do not fit." if found.faults else "everything fits."
        say(f"{found.results} results and {found.files} files hashed again: {fits}")
    return 1 if found.faults else 0


VERBS = (verify,)
