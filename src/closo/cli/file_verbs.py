"""Verbs for loose files: run, convert."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from closo.cli.groups import Inputs, given, with_options
from closo.cli.options import Json
from closo.cli.output import exit_code, progress_bar, say, show_lines, show_table, write_json
from closo.cli.pictures import Drawing, drawn, drawn_together
from closo.cli.script import write_script
from closo.cli.technique_verbs import complete
from closo.errors import DataError, StudyError, counted

if TYPE_CHECKING:
    from closo.pipeline import Outcome
    from closo.quantity import Quantity
    from closo.result import Result


@dataclass(frozen=True)
class Reading:
    """How a file is read where it is not understood by itself."""

    columns: Annotated[
        str | None,
        typer.Option(
            "--columns",
            help="Columns of a table in order, e.g. 'frequency,impedance_real,-impedance_imag'; a unit may stand in "
            "brackets, '-' in front says that the file holds the negative, '_' skips a column. 'voltammetry:' before them, "
            "or alone where the file names its columns, says what a table is (chronoamperometry, cycling, ...).",
        ),
    ] = None
    sheet: Annotated[
        str | None, typer.Option(metavar="NAME", help="Sheet of an Excel workbook, where several can be read.")
    ] = None
    reader: Annotated[
        str | None, typer.Option("--reader", help="Name of the reader, where the content is not recognised.")
    ] = None

    @property
    def asked(self) -> dict[str, str | None]:
        """The arguments `columns`, with the sheet in front, and `reader` of `read` and `run`."""
        columns = self.columns if self.sheet is None else f"sheet={self.sheet}:{self.columns or ''}"
        return {"columns": columns, "reader": self.reader}


@dataclass(frozen=True)
class Tables:
    """Tables that are written."""

    table: Annotated[
        Path | None, typer.Option(metavar="FILE.csv|.xlsx", help="Write one row per measurement there, one header row.")
    ] = None
    cycles: Annotated[
        Path | None, typer.Option(metavar="FILE.csv|.xlsx", help="Write one row per cycle there (technique cycling).")
    ] = None
    origin: Annotated[
        bool,
        typer.Option("--origin", help="Tables with three header rows (name, unit, comment), as Origin reads them."),
    ] = False

    def write(self, outcomes: Sequence[Outcome]) -> None:
        """Write one row per measurement, and one per cycle, where they are asked for."""
        if self.table is None and self.cycles is None:
            return
        from closo.cli.tables import cycle_rows, measurement_rows, write_rows

        if self.table is not None:
            write_rows(self.table, measurement_rows(outcomes), origin=self.origin)
        if self.cycles is not None:
            write_rows(self.cycles, cycle_rows(_results(outcomes)), origin=self.origin)


_FEW = 3  # results that are shown one by one
_COLUMNS = 3  # quantities of a table of many


@with_options({"inputs": Inputs, "reading": Reading, "drawing": Drawing, "tables": Tables})
def run(
    technique: Annotated[
        str, typer.Argument(help="What to do with the files; `closo techniques` lists all.", autocompletion=complete)
    ],
    files: Annotated[list[str], typer.Argument(metavar="FILE", help="Instrument files, or folders of them.")],
    *,
    inputs: Any,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="A setting of the technique; may be repeated."),
    ] = None,
    preset: Annotated[
        str | None,
        typer.Option(
            metavar="FILE", help="Settings from a preset (.toml) or a ZView model (.mdl); --set wins over it."
        ),
    ] = None,
    save_preset: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Write the settings, and the circuit and values of a single result, as a preset (.toml); or its circuit as "
            "a ZView model (.mdl).",
        ),
    ] = None,
    reading: Reading,
    part: Annotated[str | None, typer.Option(help="Number or title of one part of the file; all without it.")] = None,
    use_header: Annotated[
        bool, typer.Option("--use-header", help="Take area, thickness, mass and temperature from the files' headers.")
    ] = False,
    figures: Annotated[Path | None, typer.Option(metavar="DIR", help="Write a figure per measurement there.")] = None,
    drawing: Drawing,
    script: Annotated[
        Path | None, typer.Option(metavar="FILE.py", help="Write a Python script that gives the same numbers.")
    ] = None,
    tables: Tables,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Show every quantity with its method, and every check.")
    ] = False,
    as_json: Json = False,
) -> int:
    """Analyse loose files, no study needed; a bad file is reported at the end and the rest is done.

    With --json a list: one object per measurement (file, part, quantities, checks, settings), and in the same list an
    object with 'error' for a file or measurement that gave no result ('skipped': true for a file of a folder that is
    of another kind). Exit code: 3 if a file could not be read, else 2 if a measurement could not be analysed, else 1 if
    a check failed, else 0.

    --use-header takes what the header of a file states where no option gives it, and says so; what the program fills in by
    itself, and what is in the file's name, is not taken.
    """
    from closo import pipeline

    asked = _settings_of(technique, preset, settings or [])
    number = int(part) if part is not None and part.isdigit() else part
    how: dict[str, Any] = {"settings": asked, **reading.asked, "part": number, "use_header": use_header}
    wanted = drawing.into(figures)
    if script is not None:
        write_script(script, technique, files, {**given(inputs), **how})
    outcomes: list[Outcome] = []
    pictures: list[list[str]] = []
    with progress_bar("Analysing") as report:
        for outcome in pipeline.run(technique, files, inputs=given(inputs), **how):
            outcomes.append(outcome)
            pictures.append(drawn(outcome.result, wanted))
            report(len(outcomes), None, outcome.file.name)
    if as_json:
        write_json([_as_json(outcome, paths) for outcome, paths in zip(outcomes, pictures, strict=True)])
    else:
        _show(outcomes, verbose=verbose)
    for path in drawn_together(technique, _results(outcomes), wanted):
        say(f"Written: {path}")
    tables.write(outcomes)
    if save_preset is not None:
        from closo.techniques.presets import save_preset as save

        say(save(technique, save_preset, asked, _results(outcomes)))
    return _code(outcomes)


def _results(outcomes: Sequence[Outcome]) -> list[Result]:
    return [outcome.result for outcome in outcomes if outcome.result is not None]


@with_options({"reading": Reading})
def convert(
    file: Annotated[str, typer.Argument(help="An instrument file.")],
    *,
    to: Annotated[
        str | None,
        typer.Option(metavar="csv|nc|bdf", help="Write each measurement as CSV, netCDF or Battery Data Format."),
    ] = None,
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Where to; beside the file without it.")] = None,
    reading: Reading,
    as_json: Json = False,
) -> int:
    """Show what the reader sees in a file: per measurement its kind, variables, metadata and warnings.

    Suggestions (from the file name, or defaults of the instrument's program) are shown and never used as values.
    """
    from closo import readers
    from closo.report.measurements import describe, write_measurement

    if to not in (None, "csv", "nc", "bdf"):
        raise StudyError(f"--to {to} is not a format.", hint="Write --to csv, --to nc or --to bdf.")
    path = Path(file)
    name = reading.reader or readers.sniff(path).name
    parts = readers.read(path, **reading.asked)
    measurements = [describe(data) for data in parts]
    if to is not None:
        refused: list[DataError] = []
        for entry, data in zip(measurements, parts, strict=True):
            try:
                entry["written"] = str(write_measurement(data, out or path.parent, stem=path.stem, kind=to))
            except DataError as error:  # a spectrum has no place in a table of cycling
                entry["warnings"] = [*entry["warnings"], f"not written: {error.message}"]
                refused.append(error)
        if len(refused) == len(parts):
            raise refused[0]
    if as_json:
        write_json({"file": str(path), "reader": name, "measurements": measurements})
        return 0
    show_lines([f"{path} ({name})"])
    for entry in measurements:
        _show_measurement(entry)
    return 0


def _show_measurement(entry: Mapping[str, Any]) -> None:
    show_lines(["", f"part {entry['part']}: {entry['title']} ({entry['kind']}), {_size(entry['sizes'])}"])
    show_table(
        ["variable", "unit", "length", "first", "last"],
        [[v["name"], v["unit"], str(v["length"]), v["first"], v["last"]] for v in entry["variables"]],
    )
    show_lines([f"  {key}: {_plainly(value)}" for key, value in entry["metadata"].items()])
    suggestions = entry["suggestions"].items()
    show_lines([f"  suggestion (not used): {key} = {s['value']} ({s['from']})" for key, s in suggestions])
    show_lines([f"  warning: {text}" for text in entry["warnings"]])
    show_lines([f"  written: {entry['written']}"] if "written" in entry else [])


def _size(sizes: dict[str, int]) -> str:
    """Return how large a measurement is, in words."""
    if list(sizes) == ["point"]:
        return f"{sizes['point']} points"
    return ", ".join(f"{size} along {dim}" for dim, size in sizes.items())


def _plainly(value: object) -> str:
    """Return a value of the metadata without the brackets of the program."""
    if isinstance(value, dict):
        return "; ".join(f"{key} = {_plainly(inner)}" for key, inner in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(_plainly(inner) for inner in value)
    return str(value).replace("\n", " / ")


def _settings_of(technique: str, preset: str | None, settings: list[str]) -> dict[str, Any]:
    """Return the settings of a preset, and over them `--set key=value` in the types that the technique declares."""
    from closo.techniques import get

    parsed: dict[str, Any] = {}
    if preset is not None:
        from closo.techniques.presets import read_preset

        parsed |= read_preset(technique, preset)
    for text in settings:
        key, separator, value = text.partition("=")
        if not separator:
            raise StudyError(f"--set {text} is not of the form key=value.", hint="Write for example --set f_min=10.")
        parsed[key.strip()] = get(technique).setting(key.strip(), value.strip())
    return parsed


def _as_json(outcome: Outcome, figures: list[str]) -> dict[str, Any]:
    place = {"file": str(outcome.file), "part": outcome.part}
    if outcome.result is not None:
        return place | outcome.result.as_json() | ({"figures": figures} if figures else {})
    error = outcome.error.as_json() if outcome.error is not None else {}
    return place | {k: v for k, v in error.items() if k != "file"} | ({"skipped": True} if outcome.skipped else {})


def _show(outcomes: list[Outcome], *, verbose: bool) -> None:
    """Print the results, briefly or in full, then what failed and why."""
    from closo.cli.screen import result_lines, width_of_terminal

    results = _results(outcomes)
    if verbose:
        for result in results:
            _show_in_full(result)
    elif len(results) <= _FEW:
        show_lines([line for result in results for line in result_lines(result, width_of_terminal())])
    else:
        _show_many(results)
    skipped = [o for o in outcomes if o.skipped]
    failures = [o for o in outcomes if o.error is not None and not o.skipped]
    for outcome in failures:
        say(f"no result: {outcome.error}")
    if skipped:
        more = " ..." if len(skipped) > _FEW else ""
        say(
            f"Skipped {counted(len(skipped), 'file')} of another type: {', '.join(o.file.name for o in skipped[:5])}{more}"
        )
    failed = sum(bool(_failed(result)) for result in results)
    doubts = f", {failed} with failed checks" if failed else ""
    say(f"{counted(len(results), 'result')}{doubts}, {counted(len(failures), 'failure')}. -v shows methods and checks.")


def _show_in_full(result: Result) -> None:
    from closo.cli.screen import check_lines

    show_lines([f"{result.name}  {result.findings.get('circuit', '')}".rstrip()])
    show_table(["quantity", "value", "method"], [[k, _value(q), q.method] for k, q in result.quantities.items()])
    judged = [f" [judges {', '.join(check.judges)}]" if check.judges else "" for check in result.checks]
    show_lines([line + words for line, words in zip(check_lines(result), judged, strict=True)])
    show_lines([f"  note: {note}" for note in result.notes])


def _show_many(results: Sequence[Result]) -> None:
    """Print one row per measurement, with its temperature, main quantities and failed checks."""
    from closo.pipeline import main_quantities

    keys = list(dict.fromkeys(key for result in results for key in main_quantities(result)[:_COLUMNS]))[:_COLUMNS]
    rows = [[r.name, *[_brief(r, key) for key in ("temperature", *keys)], _failed(r)] for r in results]
    show_table(["measurement", "T", *keys, "failed checks"], rows)


def _value(quantity: Quantity) -> str:
    """Return a quantity, or why it is withheld, beside its key."""
    return f"withheld: {quantity.why or 'not determined'}" if quantity.number is None else str(quantity)


def _brief(result: Result, key: str) -> str:
    """Return a quantity for a table of many; why it is withheld stands in --json and where few results are shown."""
    quantity = result.quantities.get(key)
    if quantity is None:
        return ""
    return "withheld" if quantity.number is None else str(quantity)


def _failed(result: Result) -> str:
    return ", ".join(check.name for check in result.failed_checks)


def _code(outcomes: list[Outcome]) -> int:
    results = _results(outcomes)
    errors = [o.error for o in outcomes if o.error is not None and not o.skipped]
    if not results and not errors:  # nothing but files of another kind
        return 3
    return exit_code(errors=errors, failed=any(_failed(result) for result in results))


VERBS = (run, convert)
