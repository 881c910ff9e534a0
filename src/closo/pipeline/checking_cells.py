"""What is wrong with the cells of a study: a technique or a voltage that does not belong to the kind of cell stated."""

from __future__ import annotations

from collections.abc import Iterator

from closo.combine.audit import area_question
from closo.errors import StudyError, with_article
from closo.pipeline.records import Problem
from closo.study import Measurement, Study
from closo.techniques import Technique, get

_SWING = 0.5  # V: a symmetric cell whose voltage stays beyond on one side has two different electrodes


def cell_problems(study: Study) -> Iterator[Problem]:
    """Yield cells without an area, and measurements that cannot be made on their kind of cell."""
    measured = {m.owner for m in study.measurements}
    for name, cell in study.cells.items():
        if name in measured and cell.given("area") is None:
            text = "area (or diameter) not given: current densities and what is per area are withheld."
            yield Problem("warning", f"cells.{name}", text)
        doubt = area_question(cell.area, cell.diameter)
        if doubt is not None:
            yield Problem("warning", f"cells.{name}", doubt)
    for k, measurement in enumerate(study.measurements, 1):
        kind, row = _kind(study, measurement), technique_called(measurement.technique)
        if kind is None or row is None or not row.cells or kind in row.cells:
            continue
        text = (
            f"{row.name} {row.because}, but '{measurement.owner}' is {with_article(kind)}. "
            f"{_remedy(measurement.technique, kind)}"
        )
        yield Problem("error", f"measurements[{k}]", text)


def _remedy(technique: str, kind: str) -> str:
    if technique == "cycling":
        return "Use technique = 'polarization', or correct the cell's kind."
    other = "technique = 'cycling', or " if kind.endswith(("half cell", "full cell")) else ""
    return f"Use {other}a cell of kind = 'symmetric cell'."


def _kind(study: Study, measurement: Measurement) -> str | None:
    """Return the kind of the cell that was measured, None where nobody states it."""
    cell = None if measurement.specimen is not None else study.cells.get(measurement.owner)
    return None if cell is None else cell.kind


def technique_called(name: str) -> Technique | None:
    """Return the row of a technique, None where it is unknown, which is said elsewhere."""
    try:
        return get(name)
    except StudyError:
        return None


def voltage_problems(
    study: Study, measurement: Measurement, ends: tuple[float, float] | None, *, where: str
) -> Iterator[Problem]:
    """Yield a kind of cell that the voltage of its record contradicts.

    Parameters
    ----------
    ends : median voltage [V] in discharge and in charge, None where one of them does not occur.
    where : place in study.toml.
    """
    kind, row = _kind(study, measurement), technique_called(measurement.technique)
    if kind is None or row is None or not row.cells or ends is None:
        return
    down, up = ends
    name = f"'{measurement.file}'"
    if kind == "symmetric cell" and min(down, up) > _SWING:
        text = (
            f"{name} runs at about {down:.2f} V in discharge and {up:.2f} V in charge, but the voltage of a symmetric cell "
            "swings about 0 V. Correct the cell's kind, or the file."
        )
        yield Problem("error", where, text)
    elif kind != "symmetric cell" and up > 0.0 > down and abs(up + down) < 0.5 * (up - down):
        text = (
            f"the voltage of {name} changes its sign with the current ({down:.3g} and {up:.3g} V), as that of a symmetric "
            f"cell does, but '{measurement.owner}' is {with_article(kind)}. Correct the cell's kind, or the file."
        )
        yield Problem("warning", where, text)
