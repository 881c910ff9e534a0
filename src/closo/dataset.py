"""The conventions of a measurement: one `xarray.Dataset` per measurement.

- every variable has a name of the nomenclature and SI values; `attrs["units"]` says which;
- `<name>_u` beside a variable is its standard uncertainty (absolute, same unit);
- all variables of a record share the dimension `point`;
- direct-current records: `time` from the start, in file order; `current` > 0 charges the cell (oxidises the working
  electrode); `voltage` between the terminals or `potential` against the reference; `charge` is the instrument's own
  signed counter; in a file that mixes spectra with cycling, the cycling record keeps every row and `frequency` is > 0
  in those of a spectrum, so that nobody takes their charge for capacity;
- dataset attributes: `kind` (one of KINDS), `source` (file name), `part` (1, 2, ... in the file), `title` (as the
  instrument calls it), `metadata` (dict: what the file states), `suggestions` (dict: file-name guesses and header
  defaults, never used as values), `warnings` (tuple of sentences), `failed_checks` (tuple of {'name', 'detail'}: what the
  reader found wrong beyond a remark; the pipeline makes each a failed check of the result), `uncalibrated` (bool).
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from closo.errors import DataError, ReadError
from closo.nomenclature import look_up

__all__ = ["KINDS", "Dataset", "from_bytes", "load", "new", "require", "save", "to_bytes", "voltage_of"]

if TYPE_CHECKING:
    from xarray import Dataset

KINDS = {
    "impedance": "impedance spectrum",
    "open_circuit": "potential over time without current",
    "chronoamperometry": "current over time at constant potential",
    "chronopotentiometry": "potential over time at constant current",
    "voltammetry": "current over a swept potential (LSV, CV)",
    "cycling": "charge and discharge of a cell",
    "record": "columns without a known technique",
}
_DAMAGE = (OSError, ValueError, TypeError, LookupError, AttributeError, ArithmeticError, MemoryError, EOFError)
_STRUCTURED = ("metadata", "suggestions", "warnings", "failed_checks")


def __getattr__(name: str) -> Any:
    """Import xarray, and with it pandas, where a measurement is first made or opened."""
    if name != "Dataset":
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    import xarray as xr

    return xr.Dataset


def new(
    kind: str,
    variables: Mapping[str, Any],
    *,
    source: str,
    part: int = 1,
    title: str = "",
    metadata: Mapping[str, Any] | None = None,
    suggestions: Mapping[str, Any] | None = None,
    warnings: tuple[str, ...] = (),
    failed_checks: tuple[Mapping[str, str], ...] = (),
    uncalibrated: bool = False,
) -> Dataset:
    """Return a measurement by the conventions of this module.

    Parameters
    ----------
    kind : one of KINDS.
    variables : name -> 1-d values [SI]; all of one length. `<name>_u` is allowed beside `<name>`.

    Raises
    ------
    DataError  when the lengths differ or a name is unknown to the nomenclature.

    Example
    -------
    >>> d = new("impedance", {"frequency": [1e3, 1e2], "impedance": [10 - 1j, 12 - 3j]}, source="a.par")
    >>> d["impedance"].attrs["units"], d.sizes["point"]
    ('ohm', 2)
    """
    if kind not in KINDS:
        raise DataError(f"'{kind}' is not a kind of measurement.", hint=f"Known: {', '.join(KINDS)}.")
    arrays = {name: np.asarray(values) for name, values in variables.items()}
    if len({a.shape for a in arrays.values()}) > 1:
        lengths = ", ".join(f"{name} {a.shape}" for name, a in arrays.items())
        raise DataError(f"The columns differ in length: {lengths}.", file=source)
    import xarray as xr

    data = xr.Dataset(
        {name: ("point", array, {"units": look_up(name.removesuffix("_u")).si}) for name, array in arrays.items()}
    )
    data.attrs.update(
        kind=kind,
        source=source,
        part=part,
        title=title or KINDS[kind],
        metadata=dict(metadata or {}),
        suggestions=dict(suggestions or {}),
        warnings=tuple(warnings),
        failed_checks=tuple(dict(check) for check in failed_checks),
        uncalibrated=bool(uncalibrated),
    )
    return data


def require(data: Dataset, *names: str, who: str) -> None:
    """Check that `data` has the variables that `who` needs, with at least one point.

    Raises
    ------
    DataError  naming what is missing and what is there.
    """
    missing = [name for name in names if name not in data]
    if missing:
        raise DataError(
            f"{who} needs {', '.join(_with_unit(n) for n in missing)}, which '{data.attrs.get('title')}' lacks; "
            f"it has: {', '.join(str(n) for n in data.data_vars)}.",
            file=data.attrs.get("source"),
            hint="Was another technique meant?",
        )
    if data.sizes.get("point", 0) == 0:
        raise DataError(f"{who} needs data, but the measurement has no points.", file=data.attrs.get("source"))


def voltage_of(data: Dataset, *, who: str) -> tuple[str, np.ndarray]:
    """Return the name and the values [V] of what drives the current: `voltage` where it is there, else `potential`.

    Raises
    ------
    DataError  when the measurement has neither.
    """
    name = "voltage" if "voltage" in data else "potential"
    require(data, name, who=who)
    return name, np.asarray(data[name].values, float)


def _with_unit(name: str) -> str:
    return f"{name} [{look_up(name.removesuffix('_u')).si}]"


def name_of(data: Dataset) -> str:
    """Return the name that labels a measurement in sources and reports: 'file#part'."""
    return f"{Path(str(data.attrs['source'])).name}#{data.attrs['part']}"


_HEADER = "header.json"
_OLD = (1980, 1, 1, 0, 0, 0)  # of every member of the archive: the same bytes for the same content


def to_bytes(data: Dataset) -> bytes:
    """Return a measurement as `numpy.load` reads it (NPZ): an array per variable, and `header.json` with the attributes.

    The same content gives the same bytes; a round trip takes a tenth of that through netCDF.
    """
    header = {
        "attrs": {k: _attribute(v) for k, v in data.attrs.items()},
        "variables": {str(k): [list(v.dims), dict(v.attrs)] for k, v in data.variables.items()},
    }
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr(zipfile.ZipInfo(_HEADER, _OLD), json.dumps(header, default=_plain))
        for name, variable in data.variables.items():
            array, values = io.BytesIO(), np.asarray(variable.values)
            if values.dtype.hasobject:  # numpy would pickle it
                raise TypeError(f"'{name}' holds objects, which are not stored.")
            np.lib.format.write_array(array, values)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy", _OLD), array.getvalue())
    return content.getvalue()


def _plain(value: Any) -> Any:
    return value.tolist() if isinstance(value, np.generic | np.ndarray) else str(value)


def from_bytes(content: bytes) -> Dataset:
    """Rebuild a measurement from `to_bytes`."""
    import xarray as xr

    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        header = json.loads(archive.read(_HEADER))
        variables = {
            name: (dims, np.lib.format.read_array(io.BytesIO(archive.read(f"{name}.npy"))), attrs)
            for name, (dims, attrs) in header["variables"].items()
        }
    return xr.Dataset(variables, attrs={k: _from_attribute(k, v) for k, v in header["attrs"].items()})


def _to_netcdf(data: Dataset) -> bytes:
    """Return the measurement as netCDF 3, readable by any netCDF tool.

    Complex variables are stored as `<name>_real` and `<name>_imag`; dicts and tuples among the attributes as JSON.
    """
    import xarray as xr

    plain: dict[str, Any] = {}
    for name, variable in data.variables.items():
        if np.iscomplexobj(variable.values):
            plain[f"{name}_real"] = (variable.dims, variable.values.real, variable.attrs | {"complex": "real"})
            plain[f"{name}_imag"] = (variable.dims, variable.values.imag, variable.attrs | {"complex": "imag"})
        else:
            plain[str(name)] = (variable.dims, variable.values, variable.attrs)
    encoding = {name: {"_FillValue": None} for name in plain}  # NaN stays NaN, and no attribute is added
    content = xr.Dataset(plain, attrs={k: _attribute(v) for k, v in data.attrs.items()}).to_netcdf(
        format="NETCDF3_64BIT", engine="scipy", encoding=encoding
    )
    return bytes(content)


def _from_netcdf(content: bytes) -> Dataset:
    """Rebuild a measurement from `_to_netcdf`."""
    import xarray as xr

    with xr.open_dataset(io.BytesIO(content), engine="scipy", decode_cf=False) as opened:
        plain = opened.load()
    variables: dict[str, Any] = {}
    for name, variable in plain.variables.items():
        attrs = dict(variable.attrs)
        part = attrs.pop("complex", None)
        if part == "imag":
            continue
        values = variable.values
        if part == "real":
            stem = str(name).removesuffix("_real")
            variables[stem] = (variable.dims, values + 1j * plain.variables[f"{stem}_imag"].values, attrs)
        else:
            variables[str(name)] = (variable.dims, values, attrs)
    return xr.Dataset(variables, attrs={k: _from_attribute(k, v) for k, v in plain.attrs.items()})


def save(data: Dataset, path: Path) -> None:
    """Write a measurement to `path` as netCDF 3."""
    path.write_bytes(_to_netcdf(data))


def load(path: Path) -> Dataset:
    """Read a measurement that `save` wrote.

    Raises
    ------
    ReadError  when the file is not such a file.
    """
    try:
        data = _from_netcdf(path.read_bytes())
    except _DAMAGE as error:
        reason = " ".join(str(error).split())[:80]
        raise ReadError(
            f"not a measurement saved by closo ({reason}).", file=path, hint="Copy it again, or export it as CSV."
        ) from None
    lengths = {len(np.atleast_1d(v.values)) for v in data.data_vars.values()}
    if data.attrs.get("kind") not in tuple(KINDS) or len(lengths) != 1:
        raise ReadError(
            "this netCDF file is not a measurement saved by closo.", file=path, hint="Export the measurement as CSV."
        )
    return data


def _attribute(value: Any) -> Any:
    if isinstance(value, dict | tuple | list):
        return json.dumps(value, sort_keys=True, default=str)
    return int(value) if isinstance(value, bool) else value


def _from_attribute(name: str, value: Any) -> Any:
    if name in _STRUCTURED:
        parsed = json.loads(value)
        return tuple(parsed) if isinstance(parsed, list) else parsed
    if name == "uncalibrated":
        return bool(value)
    return value.item() if isinstance(value, np.generic) else value
