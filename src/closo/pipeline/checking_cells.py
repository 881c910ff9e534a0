"""What is wrong with the cells of a study: a technique or a voltage that does not belong to the kind of cell stated."""

from __future__ import annotations

from collections.abc import Iterator

from closo.combine.audit import area_question
from closo.errors import with_article
from closo.pipeline.records import Problem
from closo.study import Measurement, Study

__all__ = ["cell_problems", "voltage_problems"]

_KINDS = {  # technique -> kinds of cell that it can be made on
    "plating": ("symmetric cell",),
    "critical_current": ("symmetric cell",),
    "cycling": ("cathode half cell", "anode half cell", "full cell", "symmetric cell"),
}
_SWING = 0.5  # V: a symmetric cell whose voltage stays beyond on one side has two different electrodes
_NEEDS = {
    "plating": "measures the polarization of two equal electrodes",
    "critical_current": "looks for a short between two equal electrodes",
    "cycling": "needs electrodes that store charge",
}


def cell_problems(study: Study) -> Iterator[Problem]:
    """Yield cells without an area, and measurements that cannot be made on their kind of cell."""
    measured = {m.cell for m in study.measurements}
    for name, cell in study.cells.items():
        if name in measured and cell.area is None and cell.diameter is None:
            text = "area (or diameter) not given: current densities and what is per area are withheld."
            yield Problem("warning", f"cells.{name}", text)
        doubt = area_question(cell.area, cell.diameter)
        if doubt is not None:
            yield Problem("warning", f"cells.{name}", doubt)
    for k, measurement in enumerate(study.measurements, 1):
        kind, possible = _kind(study, measurement), _KINDS.get(measurement.technique)
        if kind is None or possible is None or kind in possible:
            continue
        text = (
            f"{measurement.technique} {_NEEDS[measurement.technique]}, but '{measurement.cell}' is {with_article(kind)}. "
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
    cell = study.cells.get(measurement.cell or "")
    return None if cell is None else cell.kind


def voltage_problems(
    study: Study, measurement: Measurement, ends: tuple[float, float] | None, *, where: str
) -> Iterator[Problem]:
    """Yield a kind of cell that the voltage of its record contradicts.

    Parameters
    ----------
    ends : median voltage [V] in discharge and in charge, None where one of them does not occur.
    where : place in study.toml.
    """
    kind = _kind(study, measurement)
    if kind is None or measurement.technique not in _KINDS:
        return
    if ends is None:
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
            f"cell does, but '{measurement.cell}' is {with_article(kind)}. Correct the cell's kind, or the file."
        )
        yield Problem("warning", where, text)
