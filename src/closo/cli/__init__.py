"""The command line: parse, call, show. No number is computed here.

Standard output carries the answer (with `--json` nothing but JSON), standard error the progress and the complaints.

Exit codes
    0   fine
    1   a claim is contradicted or a check failed; everything was computed
    2   the request or the study is wrong, or a measurement cannot give what was asked of it
    3   a file cannot be read (this wins over 1 and 2: the rest was done)
    70  a bug in closo itself; `--debug` shows where
    130 stopped by the user

With `--json` an error is an object with `error`, `file`, `where`, `hint`. A traceback appears with `--debug` only.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable
from types import TracebackType
from typing import NoReturn

import typer

from closo.cli import (
    cell_verbs,
    exchange_verbs,
    file_verbs,
    infer_verbs,
    library_verbs,
    serve_verb,
    simulate_verbs,
    study_verbs,
    sweep_verbs,
    technique_verbs,
)
from closo.cli.output import say, write_json
from closo.errors import ClosoError

__all__ = ["GROUPS", "app", "main"]

app = typer.Typer(
    name="closo",
    help="From the files of a solid-electrolyte study to numbers with true uncertainties, figures and verdicts.",
    epilog="Exit codes: 0 fine, 1 a claim or check failed, 2 the request or study is wrong, 3 a file cannot be read. "
    "--debug anywhere shows the traceback of an error.",
    add_completion=True,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
VERBS = (
    *file_verbs.VERBS,
    *technique_verbs.VERBS,
    *study_verbs.VERBS,
    *exchange_verbs.VERBS,
    *serve_verb.VERBS,
    *infer_verbs.SINGLE,
)
for verb in VERBS:
    app.command(name=verb.__name__)(verb)

# Verbs of two words, `closo sweep run`: first word -> what the group is for, its verbs.
GROUPS: dict[str, tuple[str, tuple[Callable[..., int], ...]]] = {
    "infer": ("Explain the results of a study by competing models.", (*infer_verbs.VERBS, *cell_verbs.INFER)),
    "library": ("Many studies in one database: which of them have what, and where it comes from.", library_verbs.VERBS),
    "simulate": ("Compute from a model: conductivities, cells.", (*simulate_verbs.VERBS, *cell_verbs.SIMULATE)),
    "sweep": ("Run a function over a grid, restartable, on processes or a Dask cluster.", sweep_verbs.VERBS),
}
for name, (purpose, members) in GROUPS.items():
    group = typer.Typer(name=name, help=purpose, no_args_is_help=True)
    for member in members:
        group.command(name=member.__name__)(member)
    app.add_typer(group)


@app.callback(invoke_without_command=True)
def _options(*, version: bool = typer.Option(False, "--version", help="Print the version and stop.")) -> None:
    if version:
        from closo import __version__

        typer.echo(__version__)
        raise typer.Exit


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run the command line and leave with its exit code."""
    given = sys.argv[1:] if arguments is None else arguments
    _settle(given)
    gc.set_threshold(100_000, 20, 20)  # many small records and few circles: looking for these took 5 % of a report
    debug, as_json = "--debug" in given, "--json" in given
    given = [a for a in given if a != "--debug"]
    if not debug:
        sys.excepthook = _fault_in_json if as_json else _fault
    try:
        command = typer.main.get_command(app)  # calling `app` itself would put typer's excepthook in place of ours
        code = command.main(args=given, prog_name="closo", standalone_mode=False)
        if code == 130:  # typer has turned Ctrl-C into this
            raise KeyboardInterrupt
        sys.stdout.flush()
        sys.exit(code if isinstance(code, int) else 0)
    except ClosoError as error:
        if debug:
            raise
        _complain(error, as_json=as_json)
        sys.exit(error.exit_code)
    except typer.TyperException as error:
        _complain(ClosoError(error.format_message(), hint="'closo --help' lists the commands."), as_json=as_json)
        sys.exit(2)
    except BrokenPipeError:  # the reader of our output has gone, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except OSError as error:
        if debug:
            raise
        _complain(ClosoError(f"{error.strerror or error}.", file=error.filename), as_json=as_json)
        sys.exit(2)
    except (KeyboardInterrupt, typer.Abort):
        say("Stopped. Finished results are kept.")
        sys.exit(130)


def _settle(given: list[str]) -> None:
    """Set what must be set before numpy and xarray are imported."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # small matrices: more threads cost 20 times the CPU time
    if "sweep" not in given and "xarray" not in sys.modules:  # xarray remembers whether dask is there
        sys.modules.setdefault("dask", None)  # type: ignore[arg-type]  # else xarray imports it, to ask whether it is used


def _complain(error: ClosoError, *, as_json: bool) -> None:
    if as_json:
        write_json(error.as_json())
    else:
        say(str(error))


def _fault(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None, *, as_json: bool = False
) -> None:
    """Say in a sentence that closo itself has failed (instead of a traceback), and leave with code 70."""
    place = trace
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    where = f"{place.tb_frame.f_code.co_filename}, line {place.tb_lineno}" if place else None
    sentence = f"closo failed with {kind.__name__} ({str(error)[:300]})."
    hint = "This is a bug in closo: please report it with the output of --debug."
    _complain(ClosoError(sentence, where=where, hint=hint), as_json=as_json)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(70)


def _fault_in_json(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    _fault(kind, error, trace, as_json=True)
