"""Verbs that compute from a model: simulate conductivity, simulate composite."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from closo.cli.infer_verbs import draw
from closo.cli.options import Figures, Json
from closo.cli.output import exit_code, progress_bar, say, show_lines, show_table, write_json

if TYPE_CHECKING:
    from closo.result import Result


def conductivity(
    *,
    image: Annotated[Path, typer.Option(metavar="FILE", help="Labels of phases: NPY, or a TIFF stack.")],
    phase: Annotated[
        list[str], typer.Option(metavar="LABEL=S/CM", help="Conductivity of a phase in S/cm; one for each label.")
    ],
    axis: Annotated[
        int, typer.Option(min=0, max=2, help="Axis of the image along which the field points: 0, 1, 2 for x, y, z.")
    ] = 0,
    boundary: Annotated[str, typer.Option(help="'electrode' (insulating sides) or 'periodic'.")] = "electrode",
    tolerance: Annotated[float, typer.Option(help="Largest relative distance between the bounds.")] = 1e-4,
    subvoxels: Annotated[int, typer.Option(help="Voxels along the edge of a cell of the solver; 1, or even.")] = 1,
    device: Annotated[str, typer.Option(help="'cpu', or 'cuda' for a GPU (needs closo[gpu]).")] = "cpu",
    figures: Figures = None,
    as_json: Json = False,
) -> int:
    """Compute the effective conductivity of a segmented image, with a lower and an upper bound.

    Parts that do not connect both sides are found and dropped; without a path the answer is exactly 0, with the reason.
    Exit code: 1 if no path conducts, else 0.
    """
    from closo.models import simulation

    phases = simulation.parse_phases(phase)
    _announce_compilation()
    from closo.models.transport import Options

    options = Options(axis=axis, boundary=boundary, tolerance=tolerance, subvoxels=subvoxels, device=device)
    result = simulation.image(image, phases, options)
    return _finish(result, figures, as_json=as_json)


def composite(
    *,
    filler: Annotated[float, typer.Option(help="Particles, vol%.")],
    shell_ratio: Annotated[float, typer.Option(help="Thickness of the shell over the diameter of a particle.")],
    matrix: Annotated[float, typer.Option(help="Conductivity of the matrix, S/cm.")],
    shell: Annotated[float, typer.Option(help="Conductivity of the shell, S/cm.")],
    geometry: Annotated[str, typer.Option(help="'overlapping', 'hard' or 'aggregated' spheres.")] = "overlapping",
    cells: Annotated[int, typer.Option(help="Cells along the edge of the box, to begin with.")] = 48,
    subvoxels: Annotated[int, typer.Option(help="Samples along the edge of a cell; 1, or a multiple of 4.")] = 4,
    within: Annotated[
        float,
        typer.Option(
            metavar="PERCENT", help="Uncertainty asked of the grid: the width of cells is halved until it is met."
        ),
    ] = 2.0,
    seeds: Annotated[int, typer.Option(help="Number of boxes, 2 or more.")] = 4,
    figures: Figures = None,
    as_json: Json = False,
) -> int:
    """Compute the conductivity of a model composite: insulating particles with a shell in a matrix.

    The uncertainty has the scatter of boxes, the grid (two resolutions), the links and the solver as its sources. The grid
    is made finer until its part is as small as --within asks, or until there are 8 million cells.
    """
    from closo.models import simulation

    _announce_compilation()
    with progress_bar("Simulating") as progress:
        result = simulation.composite(
            geometry,
            filler_fraction=filler / 100,
            shell_ratio=shell_ratio,
            matrix=matrix,
            shell=shell,
            cells=cells,
            subvoxels=subvoxels,
            within=within / 100,
            seeds=seeds,
            progress=progress,
        )
    return _finish(result, figures, as_json=as_json)


def _announce_compilation() -> None:
    """Say on standard error, once, when the solver has to be compiled: on the first call on a machine."""
    import_module("closo.models.compiled")  # refuses in a sentence where there is no compiler
    from numba.core import event

    class Announcement(event.Listener):
        said = False

        def on_start(self, event: object) -> None:
            if not self.said:
                say("Compiling the solver for this machine (once; it takes about a quarter of a minute) ...")
            self.said = True

        def on_end(self, event: object) -> None:
            pass

    event.register("numba:compile", Announcement())  # type: ignore[no-untyped-call]


def _finish(result: Result, figures: Path | None, *, as_json: bool) -> int:
    from closo.models.simulation import figure

    written = draw([figure(result)] if figures else [], figures)
    if as_json:
        write_json(_as_json(result) | {"figures": written})
    else:
        _show(result)
        for path in written:
            say(f"Written: {path}")
    return exit_code(errors=(), failed=bool(result.failed_checks))


def _as_json(result: Result) -> dict[str, Any]:
    shown = result.as_json()
    first = shown["quantities"][0]
    keys = ("lower", "upper", "relative_bound", "reason", "derivatives", "dropped_fraction", "iterations", "seconds")
    bounds = {key: result.findings[key] for key in keys if key in result.findings}
    return {"effective_conductivity": first["value"], "unit": first["unit"]} | bounds | shown


def _show(result: Result) -> None:
    from closo.cli.screen import check_lines

    findings = result.findings
    for quantity in result.quantities.values():
        show_lines([f"{quantity.name} = {quantity}", f"  {quantity.method}"])
        shown = quantity.as_json()
        rows = [[entry["source"], f"{entry['u']:.2g}"] for entry in shown["budget"]]
        if rows:
            show_table(["source", f"u / {shown['unit']}"], rows)
    if "lower" in findings:
        show_lines([f"between {findings['lower']:.8g} and {findings['upper']:.8g} S/cm"])
    show_lines(check_lines(result))
    show_lines(list(result.notes))


VERBS = (conductivity, composite)
