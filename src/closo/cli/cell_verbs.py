"""Verbs on cells: simulate cell, simulate design, infer cell."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from closo.cli.output import exit_code, progress_bar, say, show_lines, show_table, write_json

if TYPE_CHECKING:
    from closo.models.cell.stack import Stack
    from closo.result import Result

Json = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else on standard output.")]
Figures = Annotated[Path | None, typer.Option(metavar="DIR", help="Write the figure there.")]
Active = Annotated[str, typer.Option(help="Active material: 'Prussian white' or 'TiS2'.")]
Area = Annotated[str, typer.Option(help="Area of the cell.")]
CathodeMass = Annotated[str, typer.Option(help="Mass of the cathode composite.")]
Ratio = Annotated[str, typer.Option(help="Active material : electrolyte : carbon, by mass.")]
SeparatorMass = Annotated[str, typer.Option(help="Mass of the electrolyte pellet.")]
Density = Annotated[str, typer.Option(help="Full density of the electrolyte.")]
Conductivity = Annotated[str, typer.Option(help="Of the electrolyte at 30 degC, with its uncertainty.")]
Energy = Annotated[str, typer.Option(help="Activation energy of sigma T.")]
Changes = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="A parameter of the model in SI, energies in eV."),
]


def _number(text: str, name: str, label: str = "") -> Any:
    from closo.quantity import Quantity, parse

    return Quantity(name, parse(text, name, label=f"{name}:{label or 'stated'}"))


def _scatter(area: str, cathode_mass: str, separator_mass: str) -> dict[str, Any]:
    """Return what capacity per area and resistance of the separator owe to the uncertainties of masses and area."""
    surface, cathode, separator = (
        q.number / float(q.value)
        for q in (
            _number(area, "area"),
            _number(cathode_mass, "mass", "cathode"),
            _number(separator_mass, "mass", "separator"),
        )
    )
    return {"areal_capacity:discharge": cathode / surface, "series_resistance": separator / (surface * surface)}


def _stack(
    active: str, masses: tuple[str, str, str], ratio: str, electrolyte: tuple[str, str, str], *, changes: list[str]
) -> Stack:
    """Return the cell that the options describe."""
    from closo.constants import ELECTRONVOLT
    from closo.errors import StudyError
    from closo.models.cell.chemistry import chemistry
    from closo.models.cell.stack import stack_from_masses

    try:
        parts = [float(part) for part in ratio.split(":")]
        mixed = (parts[0], parts[1], parts[2] if len(parts) > 2 else 0.0)
    except (ValueError, IndexError):
        raise StudyError(
            f"--ratio {ratio} is not a mixing ratio.", hint="Write 6:3:1, or 7:3 without carbon."
        ) from None
    area, cathode, separator = (
        float(_number(text, name).value) for text, name in zip(masses, ("area", "mass", "mass"), strict=True)
    )
    sigma = _number(electrolyte[1], "ionic_conductivity")
    made = stack_from_masses(
        active,
        chemistry(active),
        area=area,
        cathode_mass=cathode,
        separator_mass=separator,
        ratio=mixed,
        electrolyte_density=float(_number(electrolyte[0], "density").value),
    )
    made = replace(
        made,
        conductivity=float(sigma.value),
        conductivity_u=float(sigma.u or 0.0) / float(sigma.value),
        conductivity_energy=float(_number(electrolyte[2], "activation_energy").value) / ELECTRONVOLT,
    )
    return _changed(made, changes)


def _changed(stack: Stack, changes: list[str]) -> Stack:
    """Return a cell with parameters set to other values."""
    from closo.errors import StudyError, did_you_mean

    known = [k for k, v in vars(stack).items() if isinstance(v, float)]
    for word in changes:
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


def cell(
    *,
    active: Active = "Prussian white",
    area: Area = "0.283 cm2",
    cathode_mass: CathodeMass = "1.5 mg",
    ratio: Ratio = "6:3:1",
    separator_mass: SeparatorMass = "35 mg",
    electrolyte_density: Density = "1.5435 g/cm3",
    conductivity: Conductivity = "5e-4 ± 0.3e-4 S/cm",
    activation_energy: Energy = "0.38 eV",
    temperature: Annotated[str, typer.Option(help="Of the cell.")] = "20 degC",
    c_rate: Annotated[float, typer.Option(help="Of the theoretical capacity, 1/h.")] = 0.05,
    cycles: Annotated[int, typer.Option(min=1, help="How many.")] = 1,
    window: Annotated[str | None, typer.Option(metavar="LOW:HIGH", help="Voltage limits, V.")] = None,
    first: Annotated[str | None, typer.Option(help="'charge' or 'discharge'; what the cathode as made allows.")] = None,
    model: Annotated[str, typer.Option(help="'SPMe' or 'DFN'.")] = "SPMe",
    spectrum: Annotated[bool, typer.Option(help="Also the impedance, at half content of sodium.")] = True,
    changes: Changes = None,
    figures: Figures = None,
    as_json: Json = False,
) -> int:
    """Cycle a cell of sodium, composite electrolyte and composite cathode, made from a recipe, and measure its impedance.

    Needs pybamm, the extra closo[cell]. What no source gives is assumed, and the list of parameters says so.
    Exit code: 1 if a check failed, else 0.
    """
    from closo.errors import StudyError
    from closo.models.cell import results
    from closo.models.cell.simulation import Protocol

    stack = _stack(
        active,
        (area, cathode_mass, separator_mass),
        ratio,
        (electrolyte_density, conductivity, activation_energy),
        changes=changes or [],
    )
    limits = None
    if window is not None:
        try:
            low, high = (float(v) for v in window.split(":"))
        except ValueError:
            raise StudyError(f"--window {window} is not a pair of voltages.", hint="Write 2.0:4.0.") from None
        limits = (low, high)
    kelvin = float(_number(temperature, "temperature").value)
    protocol = Protocol(kelvin, c_rate, cycles=cycles, window=limits, first=first)
    with progress_bar("Simulating") as progress:
        result = results.simulated(
            stack,
            protocol,
            model=model,
            with_spectrum=spectrum,
            scatter=_scatter(area, cathode_mass, separator_mass),
            progress=progress,
        )
    return _finish(result, [results.figure(result)] if figures else [], figures, as_json=as_json, table=_cycles(result))


def _cycles(result: Result) -> list[list[str]]:
    """Return the table of cycles: capacities per mass of active material."""
    mass = result.findings["active_mass"] * 3600.0
    charge, discharge = (result.curves[key].values / mass for key in ("charge", "discharge"))
    shown = range(len(charge)) if len(charge) <= 10 else [*range(5), *range(len(charge) - 5, len(charge))]
    rows = [[f"{k + 1}", f"{charge[k]:.1f}", f"{discharge[k]:.1f}"] for k in shown]
    return [["cycle", "charge / mAh/g", "discharge / mAh/g"], *rows]


def _finish(result: Result, specs: list[Any], folder: Path | None, *, as_json: bool, table: list[list[str]]) -> int:
    written = []
    if folder is not None:
        from closo.figures import save

        written = [str(path) for spec in specs for path in save(spec, folder)]
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
        show_lines([f"{'passed' if c.passed else 'FAILED'}  {c.name}: {c.detail}" for c in result.checks])
        show_lines(list(result.notes))
        for path in written:
            say(f"Written: {path}")
    return exit_code(errors=(), failed=any(check.passed is False for check in result.checks))


def design(
    *,
    active: Active = "Prussian white",
    area: Area = "0.283 cm2",
    cathode_mass: CathodeMass = "1.5 mg",
    ratio: Ratio = "6:3:1",
    separator_mass: SeparatorMass = "35 mg",
    electrolyte_density: Density = "1.5435 g/cm3",
    conductivity: Conductivity = "5e-4 ± 0.3e-4 S/cm",
    activation_energy: Energy = "0.38 eV",
    celsius: Annotated[list[float] | None, typer.Option(help="Temperature, degC; may be given again.")] = None,
    c_rate: Annotated[float, typer.Option(help="Of the theoretical capacity, 1/h.")] = 0.2,
    study: Annotated[Path | None, typer.Option(metavar="STUDY", help="Its cells: the first is the recipe.")] = None,
    workers: Annotated[int, typer.Option(min=0, help="Processes that analyse the study.")] = 0,
    changes: Changes = None,
    figures: Figures = None,
    as_json: Json = False,
) -> int:
    """Map the energy of stacks of one recipe over electrolyte thickness, loading and temperature, and what limits them.

    The cells of --study are points on the map; without it the cell of the options is.
    Exit code: 1 if fewer than half of the stacks have a capacity, else 0.
    """
    from closo.errors import DataError
    from closo.models.cell import design as designing

    masses, electrolyte = (area, cathode_mass, separator_mass), (electrolyte_density, conductivity, activation_energy)
    stacks, synthetic = [], False
    if study is not None:
        from closo import pipeline
        from closo.combine.limits import evidence_of

        with progress_bar("Analysing") as progress:
            analysis = pipeline.analyse(study, workers=workers, progress=progress)
        stacks, synthetic = (
            [e.stack for e in evidence_of(analysis.study, analysis.results)[0]],
            analysis.study.synthetic,
        )
        if not stacks:
            raise DataError("No cathode half cell of the study says what it is made of.", hint="See `closo check`.")
    base = (
        _changed(stacks[0], changes or [])
        if stacks
        else _stack(active, masses, ratio, electrolyte, changes=changes or [])
    )
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
    study: Annotated[Path, typer.Argument(metavar="STUDY", help="Folder of the study, or its study.toml.")],
    *,
    figures: Figures = None,
    workers: Annotated[int, typer.Option(min=0, help="Processes that analyse; 0: as many as there are cores.")] = 0,
    as_json: Json = False,
) -> int:
    """Score what may limit the cells of a study against their cycles and spectra, and find the run that would decide.

    Exit code: 1 if a check failed (none of the mechanisms fits, or there is one temperature), else 0.
    """
    from closo import pipeline
    from closo.combine.limits import evidence_of, figure, limits

    with progress_bar("Analysing") as progress:
        analysis = pipeline.analyse(study, workers=workers, progress=progress)
    cells, left_out = evidence_of(analysis.study, analysis.results)
    with progress_bar("Scoring") as progress:
        result = limits(cells, name=analysis.study.title, progress=progress)
    result = replace(result, notes=(*result.notes, *left_out))
    spec = replace(figure(result), synthetic=analysis.study.synthetic)
    return _finish(result, [spec], figures, as_json=as_json, table=_ranking(result))


def _ranking(result: Result) -> list[list[str]]:
    """Return the table of mechanisms."""
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
