"""The conventions of a measurement: one `xarray.Dataset` per measurement.

- every variable has a name of the nomenclature and SI values; `attrs["units"]` says which;
- `<name>_u` beside a variable is its standard uncertainty (absolute, same unit);
- the dimensions are those of its kind (`KINDS`): records and spectra of impedance run along `point`, a pattern along
  `two_theta`, an image along `y` and `x`; a spectral axis is the variable of that name, in the unit of its field;
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
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from closo.errors import DataError, ReadError
from closo.nomenclature import look_up

__all__ = ["KINDS", "Dataset", "Kind", "from_bytes", "load", "new", "require", "save", "to_bytes", "voltage_of"]

if TYPE_CHECKING:
    from xarray import Dataset, Variable


@dataclass(frozen=True)
class Kind:
    """One row: a kind of measurement.

    Attributes
    ----------
    name : as in `attrs["kind"]`.
    meaning : for people.
    dims : its dimensions; each but `point`, `y` and `x` needs the variable of its name, the axis.
    needs : variables without which it is none; of each group one is enough, the first is preferred.
    """

    name: str
    meaning: str
    dims: tuple[str, ...] = ("point",)
    needs: tuple[tuple[str, ...], ...] = ()


_VOLTAGE = ("potential", "voltage")
_ROWS = (
    Kind("impedance", "impedance spectrum", needs=(("frequency",), ("impedance",))),
    Kind("open_circuit", "potential over time without current", needs=(("time",), _VOLTAGE)),
    Kind("chronoamperometry", "current over time at constant potential", needs=(("time",), ("current",))),
    Kind("chronopotentiometry", "potential over time at constant current", needs=(("time",), _VOLTAGE)),
    Kind("voltammetry", "current over a swept potential (LSV, CV)", needs=(_VOLTAGE, ("current",))),
    Kind("cycling", "charge and discharge of a cell", needs=(("time",), _VOLTAGE)),
    Kind("record", "columns without a known technique"),
    Kind(
        "isotherm",
        "gas adsorbed over pressure",
        needs=(("relative_pressure", "gas_pressure"), ("adsorbed_amount",)),
    ),
    Kind("calorimetry", "heat flow over temperature", needs=(("temperature",), ("heat_flow",))),
    Kind("diffraction", "diffraction pattern", ("two_theta",), (("counts", "intensity"),)),
    Kind(
        "infrared",
        "infrared spectrum",
        ("wavenumber",),
        (("absorbance", "reflectance", "transmittance", "kubelka_munk", "intensity"),),
    ),
    Kind("near_edge", "X-ray absorption or Raman spectrum of an edge", ("energy",), (("counts", "intensity"),)),
    Kind("raman_scan", "X-ray Raman scan", ("point", "analyser"), (("energy",), ("counts",))),
    Kind("energy_loss", "energy-loss spectrum of electrons", ("energy_loss",), (("counts", "intensity"),)),
    Kind("image", "image", ("y", "x"), (("counts", "intensity"),)),
    Kind(
        "energy_loss_image",
        "energy-loss spectrum at each point of an image",
        ("y", "x", "energy_loss"),
        (("counts", "intensity"),),
    ),
    Kind("x_ray", "X-ray spectrum of an electron microscope", ("energy",), (("counts", "intensity"),)),
    Kind(
        "x_ray_image",
        "X-ray spectrum at each point of an image",
        ("y", "x", "energy"),
        (("counts", "intensity"),),
    ),
    Kind("x_ray_events", "X-ray map as a list of what was hit", needs=(("pixel",), ("channel",), ("counts",))),
)
KINDS: dict[str, Kind] = {row.name: row for row in _ROWS}
_WITHOUT_AXIS = ("point", "y", "x")
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
    variables : name -> values [SI] along all dimensions of the kind, or along the axis that they are; what has fewer
        dimensions comes as `xarray.Variable`. `<name>_u` is allowed beside `<name>`.

    Raises
    ------
    DataError  when a size does not fit the others, the kind lacks what it needs, or a name is unknown to the nomenclature.

    Example
    -------
    >>> d = new("impedance", {"frequency": [1e3, 1e2], "impedance": [10 - 1j, 12 - 3j]}, source="a.par")
    >>> d["impedance"].attrs["units"], d.sizes["point"]
    ('ohm', 2)
    """
    if kind not in KINDS:
        raise DataError(f"'{kind}' is not a kind of measurement.", hint=f"Known: {', '.join(KINDS)}.")
    import xarray as xr

    row = KINDS[kind]
    data = xr.Dataset(_along(row, variables, source))
    missing = [axis for axis in row.dims if axis not in data.variables and axis not in _WITHOUT_AXIS]
    missing += [" or ".join(group) for group in row.needs if not any(name in data.variables for name in group)]
    if missing:
        raise DataError(f"a {row.meaning} needs {' and '.join(missing)}, which it lacks.", file=source)
    data.attrs.update(
        kind=kind,
        source=source,
        part=part,
        title=title or row.meaning,
        metadata=dict(metadata or {}),
        suggestions=dict(suggestions or {}),
        warnings=tuple(warnings),
        failed_checks=tuple(dict(check) for check in failed_checks),
        uncalibrated=bool(uncalibrated),
    )
    return data


def _along(kind: Kind, variables: Mapping[str, Any], source: str) -> dict[str, Variable]:
    """Return the variables with their dimensions and units.

    Raises
    ------
    DataError  when the shape of one does not fit its kind or the others.
    """
    from xarray import Variable

    placed: dict[str, Variable] = {}
    sizes: dict[str, int] = {}
    for name, values in variables.items():
        variable = values if isinstance(values, Variable) else None
        if variable is None:
            array = np.asarray(values)
            dims = (name,) if name in kind.dims and array.ndim == 1 else kind.dims
            if array.ndim != len(dims):
                text = f"{name} has {array.ndim} dimensions, but a {kind.meaning} has {', '.join(kind.dims)}."
                raise DataError(text, file=source)
            variable = Variable(dims, array)
        for dim, size in variable.sizes.items():
            if dim not in kind.dims or sizes.setdefault(str(dim), size) != size:
                shapes = ", ".join(f"{key} {np.shape(value)}" for key, value in variables.items())
                raise DataError(f"The columns differ in length: {shapes}.", file=source)
        unit = {"units": look_up(name.removesuffix("_u")).si}
        placed[name] = Variable(variable.dims, variable.values, unit)
    return placed


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
            f"it has: {', '.join(str(n) for n in data.variables)}.",
            file=data.attrs.get("source"),
            hint="Was another technique meant?",
        )
    if not all(data.sizes.values()) or not data.sizes:
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


def save(data: Dataset, path: str | Path) -> None:
    """Write a measurement to `path` as netCDF 3, readable by any netCDF tool.

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
    Path(path).write_bytes(bytes(content))


def _from_netcdf(content: bytes) -> Dataset:
    """Rebuild a measurement from the bytes of a file that `save` wrote."""
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


def load(path: str | Path) -> Dataset:
    """Read a measurement that `save` wrote.

    Raises
    ------
    ReadError  when the file is not such a file.
    """
    try:
        data = _from_netcdf(Path(path).read_bytes())
    except _DAMAGE as error:
        reason = " ".join(str(error).split())[:80]
        raise ReadError(
            f"not a measurement saved by closo ({reason}).", file=path, hint="Copy it again, or export it as CSV."
        ) from None
    kind = KINDS.get(str(data.attrs.get("kind")))
    if kind is None or set(data.sizes) != set(kind.dims):
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
