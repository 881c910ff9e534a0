"""Verbs for many studies: library add, update, find, export, list, remove."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from closo.cli.options import Json, Scheduler, Workers
from closo.cli.output import exit_code, progress_bar, say, show_lines, show_table, write_json
from closo.errors import StudyError, counted

if TYPE_CHECKING:
    from closo.library import Found

Place = Annotated[
    str | None,
    typer.Option(
        "--library",
        metavar="PLACE",
        help="File, or postgresql://USER@HOST/DATABASE; without it CLOSO_LIBRARY, or ~/.closo/library.sqlite.",
    ),
]
Studies = Annotated[list[Path], typer.Argument(metavar="STUDY...", help="Folders of studies.")]
Conditions = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="CONDITION...",
        help="'sigma(30 degC) > 1e-4 S/cm', 'activation_energy = 0.3-0.4 eV', 'kind = specimen', 'sample = A200*'.",
    ),
]
Sure = Annotated[bool, typer.Option("--sure", help="Only where the whole 95 % interval meets the condition.")]
NoAnalyse = Annotated[
    bool, typer.Option("--no-analyse", help="Compute nothing: add what is there and still true, and say what is not.")
]


def add(
    studies: Studies,
    *,
    library: Place = None,
    no_analyse: NoAnalyse = False,
    workers: Workers = 0,
    scheduler: Scheduler = None,
    as_json: Json = False,
) -> int:
    """Put the results of studies into a library; what is stale is computed first. Added again, a study is replaced.

    Exit code: 3 if a file of a study cannot be read, else 2 if a study could not be added (the others were), else 0.
    """
    how = {"compute": not no_analyse, "workers": workers, "scheduler": scheduler}
    return _add([str(path) for path in studies], library, how, as_json=as_json)


def update(
    *,
    library: Place = None,
    no_analyse: NoAnalyse = False,
    workers: Workers = 0,
    scheduler: Scheduler = None,
    as_json: Json = False,
) -> int:
    """Compute what is stale in all studies of a library, and take over what has changed. Exit code as of 'add'."""
    from closo import library as room

    known = [str(row["folder"]) for row in room.studies(library or room.default_place())]
    how = {"compute": not no_analyse, "workers": workers, "scheduler": scheduler}
    return _add(known, library, how, as_json=as_json)


def _add(folders: list[str], library: str | None, how: dict[str, Any], *, as_json: bool) -> int:
    from closo import library as room

    with progress_bar("Adding") as progress:
        done = room.add(folders, library=library or room.default_place(), progress=progress, **how)
    failed = [one for one in done if one.error is not None]
    if as_json:
        write_json([vars(one) | {"error": None if one.error is None else one.error.as_json()} for one in done])
    else:
        for one in failed:
            say(f"not added: {one.error}")
        for one in done:
            if one.missing:
                say(f"{one.folder}: {one.missing} results are not there; `closo analyse` says why.")
        results = sum(one.results for one in done)
        show_lines([f"{len(done) - len(failed)} studies with {results} results added, {len(failed)} not."])
    return exit_code(errors=[one.error for one in failed if one.error is not None], failed=False)


def find(
    conditions: Conditions = None,
    *,
    library: Place = None,
    sure: Sure = False,
    most: Annotated[int, typer.Option(min=1, help="Numbers shown of each condition.")] = 100,
    as_json: Json = False,
) -> int:
    """Find the numbers of all studies that meet all conditions, for one sample, powder, specimen or cell.

    A specimen also has what its sample has. 'sigma(30 degC)' takes 2 K to each side, '(30 ± 5 degC)' what it says. A number
    counts where its value meets the condition; whether its whole 95 % interval does, the column 'sure' says.
    """
    from closo import library as room

    if not conditions:
        raise StudyError("No condition is given.", hint="Write for example 'sigma(30 degC) > 1e-4 S/cm'.")
    answer = room.find(conditions, library=library or room.default_place(), sure=sure, most=most)
    if as_json:
        write_json(vars(answer) | {"hits": [hit.as_json() for hit in answer.hits]})
    else:
        _show(answer)
    return 0


def _show(found: Found) -> None:
    from closo.quantity import Quantity, uncertain

    rows = []
    for hit in found.hits:
        at = "" if hit.temperature is None else str(Quantity("temperature", uncertain(hit.temperature, {})))
        where = [f"{Path(hit.folder).name}: {hit.result}"]
        where += [f"failed: {hit.failed}"] if hit.failed else []
        where += ["only stated"] if hit.basis in ("stated", "digits") else []
        where += ["the study has changed since it was added"] if hit.stale else []
        where += ["synthetic"] if hit.synthetic else []
        rows.append([hit.owner, hit.key, str(hit), at, "yes" if hit.sure else "no", "; ".join(where)])
    if rows:
        show_table(["owner", "quantity", "value", "at", "sure", "where"], rows)
    more = f"; --most {found.total} shows all" if found.total > len(rows) else ""
    say(f"{found.total} numbers{more}.")
    if found.withheld:
        say(f"{found.withheld} more are withheld and could not be compared.")
    if found.unplaced:
        say(f"{found.unplaced} more would fit, but state no temperature.")


def export(
    conditions: Conditions = None,
    *,
    to: Annotated[Path, typer.Option("--to", metavar="FILE.csv", help="File to write.")],
    library: Place = None,
    sure: Sure = False,
    as_json: Json = False,
) -> int:
    """Write the numbers that meet all conditions, or all there are, as a table with every digit."""
    from closo import library as room

    answer = room.find(conditions or [], library=library or room.default_place(), sure=sure, most=None)
    written = room.write_hits(answer.hits, to)
    if as_json:
        write_json({"written": str(written), "rows": len(answer.hits), "withheld": answer.withheld})
    else:
        show_lines([str(written)])
        say(f"{counted(len(answer.hits), 'number')}; {answer.withheld} withheld.")
    return 0


def list_(*, library: Place = None, as_json: Json = False) -> int:
    """List the studies of a library, and which of them have changed since they were added."""
    from closo import library as room

    rows = room.studies(library or room.default_place())
    if as_json:
        write_json(rows)
        return 0
    shown = [
        [row["title"], str(row["results"]), str(row["missing"]), "yes" if row["stale"] else "", row["folder"]]
        for row in rows
    ]
    show_table(["study", "results", "missing", "changed", "folder"], shown)
    return 0


def remove(studies: Studies, *, library: Place = None, as_json: Json = False) -> int:
    """Take studies out of a library; their folders stay as they are."""
    from closo import library as room

    gone = room.remove(studies, library=library or room.default_place())
    if as_json:
        write_json({"removed": gone})
    else:
        show_lines([f"removed: {folder}" for folder in gone])
    return 0


list_.__name__ = "list"
VERBS = (add, update, find, export, list_, remove)
