"""A measurement as `closo convert` shows and writes it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from closo.dataset import KINDS, Dataset, save
from closo.errors import DataError
from closo.figures.draw import file_stem
from closo.readers import bdf
from closo.readers.exports import described
from closo.report.tables import Column, Table, write_csv


def describe(data: Dataset) -> dict[str, Any]:
    """Return what a reader found in a measurement, as plain values."""
    attrs = data.attrs
    return {
        "part": int(attrs["part"]),
        "kind": attrs["kind"],
        "title": attrs["title"],
        "points": int(np.prod(list(data.sizes.values()))),
        "sizes": {dim: int(data.sizes[dim]) for dim in KINDS[attrs["kind"]].dims},
        "variables": [_variable(str(name), variable) for name, variable in data.variables.items()],
        "metadata": dict(attrs["metadata"]),
        "suggestions": dict(attrs["suggestions"]),
        "warnings": [*attrs["warnings"], *(f"{c['name']}: {c['detail']}" for c in attrs.get("failed_checks", ()))],
        "uncalibrated": bool(attrs["uncalibrated"]),
    }


def _variable(name: str, variable: Any) -> dict[str, Any]:
    values = variable.values.ravel()
    first, last = (f"{values[k]:.6g}" if len(values) else "" for k in (0, -1))
    dims = [str(dim) for dim in variable.dims]
    unit = variable.attrs.get("units", "")
    return {"name": name, "unit": unit, "dims": dims, "length": len(values), "first": first, "last": last}


def write_measurement(data: Dataset, folder: Path, *, stem: str, kind: str) -> Path:
    """Write one measurement as 'csv' (three header rows, SI units), 'nc' (netCDF 3) or 'bdf'; return the path.

    The comment of the first column of a CSV is a JSON object of what the measurement states, so that it comes back whole.

    Raises
    ------
    DataError  when the format has no place for the measurement.
    """
    name = f"{file_stem(stem)}_part{data.attrs['part']}"
    if kind == "bdf":
        folder.mkdir(parents=True, exist_ok=True)
        return bdf.write(data, folder / f"{name}.bdf.csv")
    if kind == "nc":
        folder.mkdir(parents=True, exist_ok=True)
        save(data, folder / f"{name}.nc")
        return folder / f"{name}.nc"
    if len(data.dims) > 1:
        dims = ", ".join(KINDS[data.attrs["kind"]].dims)
        raise DataError(f"a CSV has no place for values along {dims}.", hint="Write it with --to nc.")
    columns: list[Column] = []
    values: list[np.ndarray] = []
    for variable_name, variable in data.variables.items():
        unit, title = str(variable.attrs.get("units", "")), str(data.attrs["title"])
        if np.iscomplexobj(variable.values):
            columns += [Column(f"{variable_name}_{part}", unit, title) for part in ("real", "imag")]
            values += [variable.values.real, variable.values.imag]
        else:
            columns.append(Column(str(variable_name), unit, title))
            values.append(variable.values)
    columns[0] = replace(columns[0], comment=json.dumps(described(data), default=str))
    rows = [[cell.item() for cell in row] for row in zip(*values, strict=True)]
    return write_csv(Table(name, name, columns, rows), folder, digits=17)
