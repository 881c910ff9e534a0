"""Verbs on cells: simulate cell, simulate design, infer cell."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from closo.cli.groups import with_options
from closo.cli.infer_verbs import draw, known_or_made
from closo.cli.options import Figures, Json, Study, Workers
from closo.cli.output import analysed, exit_code, progress_bar, say, show_lines, show_table, write_json

if TYPE_CHECKING:
    from closo.combine.limits import Evidence
    from closo.models.cell.stack import Stack
    from closo.quantity import Number
    from closo.result import Result


@dataclass(frozen=True)
class Recipe:
    """The options that say what a cell is made of: its recipe, or a study that has it."""

    active: Annotated[str, typer.Option(help="Active material: 'Prussian white' or 'TiS2'.")] = "Prussian white"
    area: Annotated[str, typer.Option(help="Area of the cell.")] = "0.283 cm2"
    cathode_mass: Annotated[str, typer.Option(help="Mass of the cathode composite.")] = "1.5 mg"
    ratio: Annotated[str, typer.Option(help="Active material : electrolyte : carbon, by mass.")] = "6:3:1"
    separator_mass: Annotated[str, typer.Option(help="Mass of the electrolyte pellet.")] = "35 mg"
    electrolyte_density: Annotated[str, typer.Option(help="Full density of the electrolyte.")] = "1.5435 g/cm3"
    conductivity: Annotated[str, typer.Option(help="Of the electrolyte at 30 degC.")] = "5e-4 ± 0.3e-4 S/cm"
    activation_energy: Annotated[str, typer.Option(help="Activation energy of sigma T.")] = "0.38 eV"
    study: Annotated[Path | None, typer.Option(metavar="STUDY", help="Its cells, in place of a recipe.")] = None
    workers: Workers = 0
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="A parameter of the model in SI, energies in eV."),
    ] = None


def _of_study(recipe: Recipe) -> tuple[list[Evidence], bool, dict[str, tuple[Number, Number, Number]]]:
    """Return what is known of the cathode half cells of a study, whether it is synthetic, and their area and masses."""
    from closo.combine.limits import evidence_of
    from closo.errors import DataError, StudyError

    assert recipe.study is not None
    for field in fields(Recipe)[:8]:
        if getattr(recipe, field.name) != field.default:
            flag = field.name.replace("_", "-")
            raise StudyError(f"--{flag} and --study both say it.", hint="Take one of them; --set changes a parameter.")
    analysis = analysed(recipe.study, recipe.workers)
    cells, why = evidence_of(analysis.study, analysis.results)
    if not cells:
        raise DataError(
            "No cathode half cell of the study says what it is made of.", hint=" ".join(why) or "closo check"
        )
    known = {
        name: (c.area, c.cathode_mass, c.separator_mass)
        for name, c in analysis.study.cells.items()
        if not (c.area is None or c.cathode_mass is None or c.separator_mass is None)
    }
    return [replace(e, stack=_changed(e.stack, recipe.changes)) for e in cells], analysis.study.synthetic, known


def _number(text: str, name: str, label: str = "") -> Number:
    from closo.quantity import parse

    return parse(text, name, label=f"{name}:{label or 'stated'}")


def _stack(recipe: Recipe) -> tuple[Stack, tuple[Number, Number, Number]]:
    """Return the cell that the options describe, and its area and masses."""
    from closo.constants import ELECTRONVOLT
    from closo.errors import StudyError
    from closo.models.cell.chemistry import chemistry
    from closo.models.cell.stack import stack_from_masses
    from closo.number import value_of
    from closo.quantity import Quantity

    try:
        parts = [float(part) for part in recipe.ratio.split(":")]
        mixed = (parts[0], parts[1], parts[2] if len(parts) > 2 else 0.0)
    except (ValueError, IndexError):
        told = f"--ratio {recipe.ratio} is not a mixing ratio."
        raise StudyError(told, hint="Write 6:3:1, or 7:3 without carbon.") from None
    masses = (
        _number(recipe.area, "area"),
        _number(recipe.cathode_mass, "mass", "cathode"),
        _number(recipe.separator_mass, "mass", "separator"),
    )
    area, cathode, separator = (float(value_of(number)) for number in masses)
    sigma = Quantity("ionic_conductivity", _number(recipe.conductivity, "ionic_conductivity"))
    stack = stack_from_masses(
        recipe.active,
        chemistry(recipe.active),
        area=area,
        cathode_mass=cathode,
        separator_mass=separator,
        ratio=mixed,
        electrolyte_density=float(value_of(_number(recipe.electrolyte_density, "density"))),
    )
    stack = replace(
        stack,
        conductivity=float(sigma.value or 0.0),
        conductivity_u=float(sigma.u or 0.0) / float(sigma.value or 1.0),
        conductivity_energy=float(value_of(_number(recipe.activation_energy, "activation_energy"))) / ELECTRONVOLT,
    )
    return _changed(stack, recipe.changes), masses


def _changed(stack: Stack, changes: list[str] | None) -> Stack:
    from closo.errors import StudyError, did_you_mean

    known = [k for k, v in vars(stack).items() if isinstance(v, float)]
    for word in changes or []:
        name, _, text = word.partition("=")
        if name not in known:
            raise StudyError(f"A cell has no parameter '{name}'.", hint=did_you_mean(name, known) or ", ".join(known))
        try:
            value = float(text)
        except ValueError:
            raise StudyError(f"--set {word}: '{text}' is not a number.", hint="Write NAME=VALUE in SI units.") from None
        if not (value > 0 or (value == 0 and ("energy" in name or name == "lead_resistance"))) or value == float("inf"):
            raise StudyError(f"--set {word}: it must be finite and > 0.")
        stack = replace(stack, **{name: value})  # type: ignore[arg-type]
    return stack


def _chosen(cells: list[Evidence], name: str | None) -> Evidence:
    """Return the cell of a study that is called `name`, the first where none is."""
    from closo.errors import StudyError, did_you_mean

    names = [e.name for e in cells]
    if name is None:
        return cells[0]
    if name not in names:
        hint = did_you_mean(name, names) or f"There are {', '.join(names)}."
        raise StudyError(f"The study has no cathode half cell '{name}' that can be simulated.", hint=hint)
    return cells[names.index(name)]


@with_options({"recipe": Recipe})
def cell(
    *,
    recipe: Recipe,
    name: Annotated[str | None, typer.Option("--cell", metavar="NAME", help="Of the study; else its first.")] = None,
    temperature: Annotated[str | None, typer.Option(help="Of the cell; as measured, or 20 degC.")] = None,
    c_rate: Annotated[
        float | None, typer.Option(help="Of the theoretical capacity, 1/h; as measured, or 0.05.")
    ] = None,
    cycles: Annotated[int, typer.Option(min=1, help="How many.")] = 1,
    window: Annotated[str | None, typer.Option(metavar="LOW:HIGH", help="Voltage limits, V.")] = None,
    first: Annotated[str | None, typer.Option(help="'charge' or 'discharge'; what the cathode as made allows.")] = None,
    model: Annotated[str, typer.Option(help="'SPMe' or 'DFN'.")] = "SPMe",
    spectrum: Annotated[bool, typer.Option(help="Also the impedance, at half content of sodium.")] = True,
    figures: Figures = None,
    as_json: Json = False,
) -> int:
    """Cycle a cell of sodium, composite electrolyte and composite cathode, and measure its impedance.

    It is made from a recipe, or with --study from the masses, areas and conductivity of a cell that was measured, at its
    temperature, rate and voltages. Needs pybamm, the extra closo[cell]. What no source gives is assumed, and the list of
    parameters says so.
    Exit code: 1 if a check failed, else 0.
    """
    from closo.errors import StudyError
    from closo.models.cell import results
    from closo.models.cell.simulation import Protocol
    from closo.models.cell.stack import scatter
    from closo.number import value_of

    limits, synthetic = None if window is None else _voltages(window), False
    kelvin = float(value_of(_number(temperature or "20 degC", "temperature")))
    if recipe.study is not None:
        cells, synthetic, known = _of_study(recipe)
        chosen = _chosen(cells, name)
        stack, masses, limits = chosen.stack, known.get(chosen.name), limits or chosen.window
        kelvin, c_rate = kelvin if temperature else chosen.kelvin, c_rate or chosen.c_rate
    elif name is not None:
        raise StudyError(f"--cell {name} needs --study.")
    else:
        stack, masses = _stack(recipe)
    protocol = Protocol(kelvin, 0.05 if c_rate is None else c_rate, cycles=cycles, window=limits, first=first)
    with progress_bar("Simulating") as progress:
        result = results.simulated(
            stack,
            protocol,
            model=model,
            with_spectrum=spectrum,
            scatter=scatter(*masses) if masses else None,
            progress=progress,
        )
    specs = [replace(results.figure(result), synthetic=synthetic)] if figures else []
    return _finish(result, specs, figures, as_json=as_json, table=_cycles(result))


def _voltages(window: str) -> tuple[float, float]:
    from closo.errors import StudyError

    try:
        low, high = (float(v) for v in window.split(":"))
    except ValueError:
        raise StudyError(f"--window {window} is not a pair of voltages.", hint="Write 2.0:4.0.") from None
    return low, high


def _cycles(result: Result) -> list[list[str]]:
    """Return the table of cycles: capacities per mass of active material."""
    mass = result.findings["active_mass"] * 3600.0
    charge, discharge = (result.curves[key].values / mass for key in ("charge", "discharge"))
    shown = range(len(charge)) if len(charge) <= 10 else [*range(5), *range(len(charge) - 5, len(charge))]
    rows = [[f"{k + 1}", f"{charge[k]:.1f}", f"{discharge[k]:.1f}"] for k in shown]
    return [["cycle", "charge / mAh/g", "discharge / mAh/g"], *rows]


def _finish(result: Result, specs: list[Any], folder: Path | None, *, as_json: bool, table: list[list[str]]) -> int:
    from closo.cli.screen import check_lines

    written = draw(specs, folder)
    if as_json:
        write_json(result.as_json() | {"figures": written})
    else:
        if result.quantities:
            show_table(["quantity", "value"], [[key, str(q)] for key, q in result.quantities.items()])
        if table:
            show_table(table[0], table[1:])
        rows = [
            [r["name"], "" if r["value"] is None else f"{r['value']:.4g} {r['unit']}", r["source"]]
            for r in result.findings.get("parameters", ())
        ]
        if rows:
            show_table(["parameter", "value", "source"], rows)
        show_lines(check_lines(result))
        show_lines(list(result.notes))
        for path in written:
            say(f"Written: {path}")
    return exit_code(errors=(), failed=bool(result.failed_checks))


@with_options({"recipe": Recipe})
def design(
    *,
    recipe: Recipe,
    celsius: Annotated[list[float] | None, typer.Option(help="Temperature, degC; may be given again.")] = None,
    c_rate: Annotated[float, typer.Option(help="Of the theoretical capacity, 1/h.")] = 0.2,
    figures: Figures = None,
    as_json: Json = False,
) -> int:
    """Map the energy of stacks of one recipe over electrolyte thickness, loading and temperature, and what limits them.

    The cells of --study are points on the map, the first is its recipe; without it the cell of the options is.
    Exit code: 1 if fewer than half of the stacks have a capacity, else 0.
    """
    from closo.models.cell import design as designing

    stacks, synthetic = [], False
    if recipe.study is not None:
        cells, synthetic, _ = _of_study(recipe)
        stacks = [e.stack for e in cells]
    base = stacks[0] if stacks else _stack(recipe)[0]
    with progress_bar("Designing") as progress:
        result = designing.design(base, c_rate=c_rate, celsius=celsius or (20.0, 60.0), cells=stacks, progress=progress)
    rows = [["T / degC", "separator / um", "loading / mAh/cm2", "Wh/kg", "Wh/L", "limited by", "slowest process"]]
    for c in result.findings["corners"]:
        place = [f"{c['celsius']:g}", f"{c['thickness'] * 1e6:.0f}", f"{c['loading'] / 36000.0:.2g}"]
        slow = f"{c['process']}, costs {100 * c['cost']:.1f} %"
        rows.append([*place, f"{c['specific_energy']:.0f}", f"{c['energy_density']:.0f}", c["limit"], slow])
    spec = replace(designing.figure(result), synthetic=synthetic)
    return _finish(result, [spec], figures, as_json=as_json, table=rows)


def infer_cell(
    study: Study,
    *,
    figures: Figures = None,
    workers: Workers = 0,
    as_json: Json = False,
) -> int:
    """Score what may limit the cells of a study against their cycles and spectra, and find the run that would decide.

    The result is kept with the study: show and report know it as 'cell' until the data change.
    Exit code: 1 if a check failed (none of the mechanisms fits, or there is one temperature), else 0.
    """
    from closo.combine.limits import figure
    from closo.pipeline.explained import CELL
    from closo.pipeline.limits import infer_cell as infer

    analysis = analysed(study, workers)
    with progress_bar("Scoring") as progress:
        result = known_or_made(analysis, CELL, lambda: infer(analysis, progress=progress), {})
    spec = replace(figure(result), synthetic=analysis.study.synthetic)
    return _finish(result, [spec], figures, as_json=as_json, table=_ranking(result))


def _ranking(result: Result) -> list[list[str]]:
    rows = [["mechanism", "probability", "ln evidence", "chi2/dof", "fits", "needs, at 20 degC (95 %)"]]
    for r in result.findings["ranking"]:
        low, high = r["interval"]
        needs = "" if not r["unit"] else f"{low:.2g} to {high:.2g} {r['unit'] if r['unit'] != '1' else ''}".rstrip()
        fit = ("yes" if r["fits"] else "no") if r["chi2"] else ""
        chi2 = f"{r['chi2']:.0f}/{r['dof']}" if r["chi2"] else ""
        rows.append([r["name"], f"{r['probability']:.3f}", f"{r['difference']:.1f}", chi2, fit, needs])
    return rows


infer_cell.__name__ = "cell"
SIMULATE = (cell, design)
INFER = (infer_cell,)
