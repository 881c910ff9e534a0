"""Verbs for a study: new, check, analyse, claims, show, report; and twin, which makes a synthetic one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from closo.cli.groups import with_options
from closo.cli.options import Json, Scheduler, Study, Workers
from closo.cli.output import analysed, exit_code, progress_bar, say, show_lines, show_table, write_json
from closo.cli.pictures import Drawing, drawn
from closo.errors import StudyError, counted, did_you_mean

if TYPE_CHECKING:
    from closo.claims import Verdict
    from closo.pipeline import Analysis
    from closo.result import Result

NoAnalyse = Annotated[
    bool, typer.Option("--no-analyse", help="Compute nothing: answer from what is there, and say what is not.")
]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Show every result, method and reason.")]
Folder = Annotated[Path, typer.Argument(metavar="FOLDER", help="Folder to make.")]


_KINDS = ("pellets", "half-cells", "full-cells")  # folders of `skeleton`


def new(
    folder: Folder,
    *,
    kind: Annotated[str, typer.Option(metavar="|".join(_KINDS), help="What the study is about.")] = _KINDS[0],
    as_json: Json = False,
) -> int:
    """Make a study.toml and a claims.toml with comments, ready to be filled in."""
    if kind not in _KINDS:
        raise StudyError(f"--kind {kind} is not a kind of study.", hint=did_you_mean(kind, _KINDS))
    skeleton = Path(__file__).parent / "skeleton" / kind
    written = [folder / source.name for source in sorted(skeleton.glob("*.toml"))]
    for path in written:
        if path.exists():
            raise StudyError("this file already exists.", file=path, hint="Choose another folder.")
    (folder / "raw").mkdir(parents=True, exist_ok=True)
    for path in written:
        path.write_text((skeleton / path.name).read_text(encoding="utf-8"), encoding="utf-8")
    if as_json:
        write_json({"written": [str(path) for path in written]})
    else:
        show_lines([str(path) for path in written])
        show_lines([f"Put the instrument files into {folder / 'raw'}, then: closo check {folder}"])
    return 0


def check(study: Study, *, as_json: Json = False) -> int:
    """List every problem of a study before anything is computed: names, files, parts, geometry, recipe, printed numbers.

    Exit code: 2 if study.toml is not a valid study, else 1 if there is a problem of level 'error', else 0.
    """
    from closo import pipeline
    from closo.study import load

    problems = pipeline.check(study)
    errors = [problem for problem in problems if problem.level == "error"]
    if as_json:
        write_json([vars(problem) for problem in problems])
    else:
        for problem in problems:
            show_lines([f"{problem.level:8} {problem.where}: {problem.text}"])
        say(f"{counted(len(errors), 'error')}, {counted(len(problems) - len(errors), 'other remark')}.")
    try:
        load(study)
    except StudyError:
        return 2
    return 1 if errors else 0


def analyse(
    study: Study,
    *,
    workers: Workers = 0,
    scheduler: Scheduler = None,
    verbose: Verbose = False,
    as_json: Json = False,
) -> int:
    """Compute what is stale, keep each result as it finishes, and say at the end what failed and why.

    Exit code: 3 if a file could not be read, else 2 if a measurement could not be analysed, else 1 if a check failed.
    """
    analysis = analysed(study, workers, scheduler)
    if as_json:
        write_json(_analysis_json(analysis))
    else:
        _show_summary(analysis, verbose=verbose)
        _say_failures(analysis)
    return _code(analysis)


def claims(
    study: Study,
    *,
    no_analyse: NoAnalyse = False,
    workers: Workers = 0,
    verbose: Verbose = False,
    as_json: Json = False,
) -> int:
    """Hold what claims.toml claims against the results.

    Supported: the whole 95 % interval fits. Consistent: an equality that the data do not reject, with the smallest
    deviation that they would have shown. Contradicted: rejected at 5 %. Undecided: the data, or the words of the claim,
    leave it open. With -v the reason stands beside it, and whether anything was measured, or the study only states it.

    Exit code: 2 if a claim is not written as one (the others are judged), else 1 if a claim is contradicted; where there
    is no result at all, that of `closo analyse`; else 0.
    """
    from closo import pipeline
    from closo.claims import RESTS_ON
    from closo.cli.screen import claim_lines, width_of_terminal

    analysis = _results(study, workers, compute=not no_analyse)
    verdicts = pipeline.judge(analysis)
    if as_json:
        write_json([verdict.as_json() for verdict in verdicts])
    elif verbose:
        rows = [[v.claim.id, v.text, RESTS_ON[v.basis], " ".join([v.claim.text, f"({v.reason})"])] for v in verdicts]
        show_table(["claim", "verdict", "rests on", "what is claimed (and why this verdict)"], rows)
    else:
        show_lines(claim_lines(verdicts, width_of_terminal()))
    if not as_json:
        _say_failures(analysis)
        say(_tally(verdicts))
    if any(verdict.claim.fault is not None for verdict in verdicts):
        return 2
    if any(verdict.verdict == "contradicted" for verdict in verdicts):
        return 1
    return 0 if analysis.results else _code(analysis)


@with_options({"drawing": Drawing})
def show(
    study: Study,
    key: Annotated[str | None, typer.Argument(metavar="KEY", help="Key of a result, as the list shows it.")] = None,
    *,
    figures: Annotated[Path | None, typer.Option(metavar="DIR", help="Write the figure of the result there.")] = None,
    drawing: Drawing,
    no_analyse: NoAnalyse = False,
    workers: Workers = 0,
    as_json: Json = False,
) -> int:
    """Show one result with its budget, checks and settings; without KEY, list all results.

    What is not computed yet, or no longer true, is computed first; not so while another `closo analyse` is at it: then the
    answer is what is there, and what is not is said.
    """
    wanted = drawing.into(figures)
    analysis = _results(study, workers, compute=not no_analyse)
    if key is None:
        if as_json:
            write_json([{"key": k} | r.as_json() for k, r in analysis.results.items()])
        else:
            _show_results(analysis.results)
        return 0
    result = analysis.result(key)
    written = drawn(result, wanted)
    if as_json:
        write_json({"key": key} | result.as_json() | ({"figures": written} if written else {}))
    else:
        _show_result(key, result, written)
    return 0


def report(
    study: Study,
    *,
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Where to; STUDY/report without it.")] = None,
    pdf: Annotated[bool, typer.Option("--pdf", help="Write each figure as PDF too.")] = False,
    no_analyse: NoAnalyse = False,
    workers: Workers = 0,
    as_json: Json = False,
) -> int:
    """Write one HTML file that opens anywhere, with figures (SVG, CSV; PDF with --pdf) and tables (CSV, XLSX) beside it.

    Exit code: 3 if a file could not be read, else 2 if a measurement gave no result; the page is written all the same.
    """
    from closo import pipeline
    from closo.report.build import build

    analysis = _results(study, workers, compute=not no_analyse)
    verdicts = pipeline.judge(analysis)
    problems = pipeline.check(analysis.study)
    with progress_bar("Drawing") as progress:
        page = build(
            analysis,
            out or analysis.study.folder / "report",
            verdicts=verdicts,
            problems=problems,
            pdf=pdf,
            progress=progress,
        )
    if as_json:
        write_json({"report": str(page), "failures": [f.error.as_json() for f in analysis.failures]})
    else:
        _say_failures(analysis)
        show_lines([*_findings(analysis), *([_tally(verdicts)] if verdicts else []), f"Open {page}"])
    return exit_code(errors=[failure.error for failure in analysis.failures], failed=False)


def twin(
    folder: Folder,
    *,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the noise; the same seed gives the same bytes.")] = 0,
    kind: Annotated[str, typer.Option(metavar="full|small", help="The whole study or a small part of it.")] = "full",
    as_json: Json = False,
) -> int:
    """Make a synthetic study from one declared truth, in the instruments' file formats; every file says so."""
    from closo.twin import write_study

    if kind not in ("full", "small"):
        raise StudyError(f"--kind {kind} is not known.", hint="Write --kind full or --kind small.")
    if folder.exists() and any(folder.iterdir()):
        raise StudyError("the folder is not empty.", file=folder, hint="Choose another one.")
    write_study(folder, seed=seed, kind=kind)
    if as_json:
        write_json({"study": str(folder), "seed": seed, "kind": kind, "synthetic": True})
    else:
        show_lines([f"Synthetic study written to {folder}; next: closo report {folder}"])
    return 0


def _results(study: Path, workers: int, *, compute: bool) -> Analysis:
    """Return what is on disk; where that is not all, compute the rest, unless another process is doing so."""
    from closo import pipeline
    from closo.store import is_in_use

    known = pipeline.recall(study)
    if not known.waiting:
        return known
    busy = is_in_use(known.study.folder)
    if compute and not busy:
        return analysed(study, workers)
    say(f"{'closo analyse is at work. ' if busy else ''}Not among the results: {_waiting(known)}.")
    return known


def _waiting(known: Analysis) -> str:
    """Return what is missing and why, in words; names where they are few."""
    words = []
    for why in dict.fromkeys(known.waiting.values()):
        keys = [key for key, reason in known.waiting.items() if reason == why]
        words.append(f"{', '.join(keys[:3])}{f' and {len(keys) - 3} more' if len(keys) > 3 else ''} ({why})")
    return "; ".join(words)


def _analysis_json(analysis: Analysis) -> dict[str, Any]:
    return {
        "study": analysis.study.title,
        "synthetic": analysis.study.synthetic,
        "results": [{"key": key} | result.as_json() for key, result in analysis.results.items()],
        "failures": [{"key": failure.key} | failure.error.as_json() for failure in analysis.failures],
        "notes": list(analysis.notes),
        "computed": analysis.computed,
        "cached": analysis.cached,
    }


_MANY = 30  # results; from here on `analyse` shows what they come to


def _show_summary(analysis: Analysis, *, verbose: bool) -> None:
    """Show the results; of a large study what they come to, and which checks failed."""
    if verbose or len(analysis.results) < _MANY:
        if analysis.results:
            _show_results(analysis.results)
        return
    from closo.cli.screen import shortened, width_of_terminal

    failed = Counter(check.name for result in analysis.results.values() for check in result.failed_checks)
    names = ", ".join(f"{name} ({times})" if times > 1 else name for name, times in failed.most_common())
    text = [shortened(f"FAILED checks: {names}", 2 * width_of_terminal())] if failed else []
    show_lines([*_findings(analysis), *text, f"closo show {analysis.study.folder} lists all results; -v does so here."])


def _findings(analysis: Analysis) -> list[str]:
    """Return what a study comes to: its conductivities, and the main number of each cell."""
    from closo.quantity import Quantity, uncertain

    means = [r for r in analysis.results.values() if r.technique == "replicates" and _sigma(r) is not None]
    ordered = sorted(means, key=lambda r: _sigma(r) or 0.0)
    lines = []
    if ordered:
        low, high = ordered[0], ordered[-1]
        kelvin = Quantity("temperature", uncertain(float(high.settings["temperature"]), {}))
        lines.append(
            f"Conductivity of {len(ordered)} samples at {kelvin}: highest {high.quantities['ionic_conductivity']} "
            f"({high.name})"
            + (f", lowest {low.quantities['ionic_conductivity']} ({low.name})." if low is not high else ".")
        )
    return lines


def _sigma(result: Result) -> float | None:
    sigma = result.quantities.get("ionic_conductivity")
    return None if sigma is None else sigma.value


def _show_results(results: Mapping[str, Result]) -> None:
    """Show one row per result: its key, its main quantity, and the checks it failed."""
    from closo.pipeline import headline

    rows = []
    for key, result in results.items():
        name = headline(result)
        failed = ", ".join(check.name for check in result.failed_checks)
        rows.append([key, name, str(result.quantities.get(name, "")), failed])
    show_table(["result", "quantity", "value", "failed checks"], rows)


def _say_failures(analysis: Analysis) -> None:
    for failure in analysis.failures:
        say(f"no result for {failure.key}: {failure.error}")
    for note in analysis.notes:
        say(note)
    say(
        f"{counted(len(analysis.results), 'result')} ({analysis.computed} computed now, {analysis.cached} known before), "
        f"{counted(len(analysis.failures), 'failure')}."
    )


def _tally(verdicts: Sequence[Verdict]) -> str:
    """Return how many claims have which verdict, and which are contradicted."""
    from closo.claims import WORDS

    words = [verdict.verdict for verdict in verdicts]
    against = [verdict.claim.id for verdict in verdicts if verdict.verdict == "contradicted"]
    named = f" Contradicted: {', '.join(against)}." if against else ""
    counts = ", ".join(f"{words.count(word)} {word}" for word in WORDS if word in words)
    return f"{counted(len(words), 'claim')}: {counts or 'none'}.{named}"


def _code(analysis: Analysis) -> int:
    failed = any(result.failed_checks for result in analysis.results.values())
    return exit_code(errors=[failure.error for failure in analysis.failures], failed=failed)


def _show_result(key: str, result: Result, written: list[str]) -> None:
    from closo.cli.screen import check_lines

    show_lines([key])
    show_table(["quantity", "value", "method"], [[k, str(q), q.method] for k, q in result.quantities.items()])
    for name, quantity in result.quantities.items():
        entries = quantity.as_json()["budget"] if ":" not in name else []
        if entries:
            show_lines([f"  budget of {name} [{quantity.as_json()['unit']}]:"])
            show_lines([f"    {entry['u']:.3g}  {entry['source']}" for entry in entries[:12]])
    show_lines(check_lines(result))
    show_lines([f"  {name} = {value}" for name, value in {**result.settings, **result.findings}.items()])
    show_lines([f"  {note}" for note in result.notes])
    show_lines(written)


VERBS = (new, check, analyse, claims, show, report, twin)
