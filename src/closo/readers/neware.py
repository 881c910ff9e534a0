"""Neware .nda and .ndax (BTS), through the package fastnda (BSD-3).

Recognised by `NEWARE20..` at the beginning of a .nda; a .ndax is a zip archive that begins with `EditStep.xml` or
`data.ndc`. The name must end with .nda or .ndax.

Columns, as fastnda names them: `total_time_s` time [s] (the times of the steps added up: a pause of the instrument does not
count), `voltage_V` voltage [V], `current_mA` current [A], > 0 charges, `cycle_count` cycle (fastnda counts it: one more at
each charge that follows a discharge; Neware's own number may differ), `step_index` step (number in the program),
`aux..._temperature_degC` temperature [K], the first one that is whole. `capacity_mAh` is signed and starts at 0 with every
step; `charge` [C] is the sum over the steps before plus that of the step, so that differences over any rows are what the
instrument counted.

Of a .ndax the program (Step.xml) gives set_current: the current [mA] of each step at constant current, 0 in other steps.
A .nda holds no program that fastnda reads: there the check 'set current' is not made.
`unix_time_s` of the first record becomes the date of the metadata.

One measurement per file: kind 'cycling', or 'open_circuit' where the current is 0 in all records.

Suggestions only: the active mass in a .nda (0 and 1 mg are the software's defaults).

Refused: an archive that announces more than 2 GB, or 200 times its own size and more than 100 MB, or holds names that leave
the folder, encrypted or oddly packed members; versions that fastnda does not know; anything on which fastnda fails. What
fastnda has to say about a file (a version never checked, jumps of the clock) becomes a warning of the measurement.
"""

from __future__ import annotations

import logging
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from closo.dataset import Dataset
from closo.errors import ReadError
from closo.readers.tools.parts import Part, finish
from closo.readers.tools.text import DAMAGE, MAX_BYTES, Text, head, shown

_MAX_UNPACKED = 2_000_000_000
_MAX_RATIO, _RATIO_MATTERS = 200, 100_000_000
_MAX_MEMBERS = 1000
_MAX_STEPS = 100_000
_SIGNS = {"1": 1.0, "2": -1.0}  # types of the steps at constant current: charge, discharge
_NEEDED = ("total_time_s", "voltage_V", "current_mA")
_AGAIN = "Copy the file again, or export it from BTSDA and read that (a BDF or a CSV with named columns)."


@np.errstate(all="ignore")  # numbers of a damaged file may overflow; what is not finite is left out by `finish`
def read(path: Path) -> tuple[Dataset, ...]:
    """Read the one measurement of a .nda or .ndax file.

    Raises
    ------
    ReadError  when it is no such file, is not safe to unpack, or fastnda does not understand it.
    """
    path = Path(path)
    _check(path)
    read_neware, read_metadata = _fastnda()
    with _listening() as told:
        frame = _attempt(path, lambda: read_neware(path, raw_categories=True))  # words are not used
        try:
            stated = _metadata(_attempt(path, lambda: read_metadata(path)))
        except ReadError as error:
            stated = {}
            told.append(f"The settings could not be read: {error.message}")
    text = Text(path, "", "binary")
    missing = [name for name in _NEEDED if name not in frame.columns]
    if missing or len(frame) == 0:
        what = f"fastnda found no column {', '.join(missing)}" if missing else "fastnda found no record in it"
        raise text.error(f"{what}.", _AGAIN)
    columns = _columns({name: frame[name] for name in frame.columns if name != "step_type"})
    programmed = stated.pop("set_currents", {})
    if programmed and "step" in columns:
        first = np.flatnonzero(np.diff(columns["step"], prepend=np.nan) != 0)
        wanted = [programmed.get(int(step), 0.0) if np.isfinite(step) else 0.0 for step in columns["step"][first]]
        columns["set_current"] = np.repeat(wanted, np.diff(np.append(first, len(columns["step"]))))
    started = float(frame["unix_time_s"][0] or 0.0) if "unix_time_s" in frame.columns else 0.0
    if 0.0 < started < 4e9:
        stated["date"] = datetime.fromtimestamp(started, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    resting = not np.any(columns["current"])
    part = Part("open_circuit" if resting else "cycling", "OCV" if resting else "cycling", columns)
    metadata = {"current_sign": "positive charges"} | {k: v for k, v in stated.items() if k != "active_mass"}
    mass = {"active_mass": stated["active_mass"]} if "active_mass" in stated else {}
    return finish(text, [part], metadata=metadata, suggestions=mass, warnings=tuple(dict.fromkeys(told)))


def _columns(frame: dict[str, Any]) -> dict[str, np.ndarray]:
    """Return the columns in SI; `frame` maps fastnda's names to its columns."""

    def numbers(name: str) -> np.ndarray:
        values: np.ndarray = np.asarray(frame[name].to_numpy(), dtype=float)
        return values

    columns = {
        "time": numbers("total_time_s"),
        "voltage": numbers("voltage_V"),
        "current": 1e-3 * numbers("current_mA"),
    }
    for name, source in (("cycle", "cycle_count"), ("step", "step_index")):
        if source in frame:
            columns[name] = numbers(source)
    if "capacity_mAh" in frame and "step_count" in frame:
        columns["charge"] = 3.6 * _cumulative(numbers("capacity_mAh"), numbers("step_count"))
    for name in frame:
        if name.startswith("aux") and name.endswith("_temperature_degC"):
            celsius = numbers(name)
            if np.isfinite(celsius).all():
                columns["temperature"] = celsius + 273.15
                break
    return columns


def _cumulative(counter: np.ndarray, step: np.ndarray) -> np.ndarray:
    """Return the signed counter of a whole run from one that starts at 0 with every step, shape (n,)."""
    first = np.flatnonzero(np.diff(step, prepend=np.nan) != 0)
    ends = np.append(first[1:], len(step)) - 1
    before = np.concatenate(([0.0], np.cumsum(counter[ends])[:-1]))
    total: np.ndarray = counter + np.repeat(before, np.diff(np.append(first, len(step))))
    return total


def _check(path: Path) -> None:
    """Refuse what is not a Neware file, is too large, or whose archive is not safe to unpack."""
    beginning = head(path)
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise ReadError(
            f"the file is too large ({size / 1e6:.0f} MB, more than {MAX_BYTES / 1e6:.0f} MB).",
            file=path,
            hint="Export a part of it from BTSDA.",
        )
    suffix = path.suffix.lower()
    found = ".nda" if beginning.startswith("NEWARE") else ".ndax" if beginning.startswith("PK") else ""
    if not found:
        raise ReadError(
            f"this is not a Neware file: it begins with {shown(beginning[:20])}.",
            file=path,
            hint="Was it copied whole?",
        )
    if found != suffix:
        raise ReadError(
            f"the content is that of a {found} file, but the name ends with '{suffix[:10]}'.",
            file=path,
            hint=f"Rename it to {path.stem[:80]}{found}.",
        )
    if found == ".ndax":
        _check_archive(path, size)


def _check_archive(path: Path, size: int) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except DAMAGE as error:
        raise ReadError(f"the archive cannot be opened ({_short(error)}).", file=path, hint=_AGAIN) from None
    unpacked = sum(m.file_size for m in members)
    odd = [m.filename for m in members if _leaves_the_folder(m.filename)]
    packed = [m.filename for m in members if m.flag_bits & 1 or m.compress_type not in (0, 8)]
    names = [m.filename for m in members]
    problem = ""
    if odd:
        problem = f"the archive holds {shown(odd[0])}, a name that leaves the folder it would be unpacked into"
    elif packed:
        problem = f"{shown(packed[0])} in the archive is encrypted, or packed in a way that Neware does not use"
    elif len(names) > _MAX_MEMBERS or len(set(names)) < len(names):
        problem = f"the archive holds {len(names)} members, too many or some twice"
    elif unpacked > _MAX_UNPACKED:
        problem = f"the archive would unpack to {unpacked / 1e9:.3g} GB, more than {_MAX_UNPACKED / 1e9:g} GB"
    elif unpacked > max(_RATIO_MATTERS, _MAX_RATIO * size):
        problem = f"the archive would unpack to {unpacked / 1e6:.0f} MB, {unpacked / size:.0f} times its own size"
    if problem:
        raise ReadError(f"{problem}; it was not opened.", file=path, hint="Did it come from the instrument?")
    if "data.ndc" not in names:
        raise ReadError(
            "the archive holds no data.ndc, where the records of a .ndax are.", file=path, hint="Was it copied whole?"
        )


def _leaves_the_folder(name: str) -> bool:
    parts = PurePosixPath(name.replace("\\", "/"))
    return parts.is_absolute() or ".." in parts.parts or ":" in name or "\x00" in name


def _fastnda() -> tuple[Callable[..., Any], Callable[[Path], Any]]:
    """Return the functions that read the records and the settings.

    Importing fastnda puts another decompressor into the module zlib, for the whole process; it is taken out again.
    """
    own = {name: getattr(zlib, name) for name in ("decompress", "decompressobj")}
    import fastnda.ndax

    vars(zlib).update(own)
    return fastnda.read, fastnda.read_metadata


def _attempt(path: Path, call: Callable[[], Any]) -> Any:
    """Return what fastnda gives; whatever it raises becomes a ReadError."""
    import polars as pl

    try:
        return call()
    except (*DAMAGE, pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        raise ReadError(f"fastnda cannot read it ({_short(error)}).", file=path, hint=_AGAIN) from None


def _short(error: BaseException) -> str:
    words = " ".join(str(error).split())[:100].rstrip(".") or "no reason given"
    return f"{type(error).__name__}: {words}"


@contextmanager
def _listening() -> Iterator[list[str]]:
    """Collect what fastnda logs or warns about, instead of letting it be printed."""
    told: list[str] = []

    class Collector(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            told.append(f"fastnda: {' '.join(record.getMessage().split())}")

    logger = logging.getLogger("fastnda")
    handler, propagate = Collector(logging.WARNING), logger.propagate
    logger.addHandler(handler)
    logger.propagate = False
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            yield told
        told += [f"fastnda: {' '.join(str(w.message).split())}" for w in caught]
    finally:
        logger.removeHandler(handler)
        logger.propagate = propagate


def _metadata(found: Any) -> dict[str, Any]:
    """Return what the file states about itself: flat for a .nda, the XML files for a .ndax."""
    if not isinstance(found, dict):
        return {}
    stated: dict[str, Any] = {}
    for key, name in (
        ("start_time", "started"),
        ("creator", "operator"),
        ("remarks", "comment"),
        ("barcode", "barcode"),
    ):
        if found.get(key):
            stated[name] = str(found[key])
    if found.get("server_version"):
        stated["software"] = str(found["server_version"])
    mass = found.get("active_mass_mg")
    if isinstance(mass, float) and np.isfinite(mass):
        origin = "header, the software's default" if mass in (0.0, 1.0) else "header: active mass"
        stated["active_mass"] = {"value": f"{mass:g} mg", "from": origin}
    info = _inside(found, "TestInfo", "TestInfo")
    for key, name in (("StartTime", "started"), ("Remark", "comment"), ("StepName", "program"), ("ChlID", "channel")):
        if isinstance(info.get(key), str) and info[key]:
            stated[name] = info[key][:2000]
    stated["set_currents"] = _set_currents(_inside(found, "Step", "Step_Info"))
    server = _inside(found, "VersionInfo", "ZwjVersion").get("SvrVer")
    return stated | ({"software": server} if isinstance(server, str) and server else {})


def _set_currents(program: dict[str, Any]) -> dict[int, float]:
    """Return number of the step -> current that it asks for [A], of the steps at constant current of a .ndax (Step.xml)."""
    found = {}
    for step in program.values():
        sign = _SIGNS.get(str(step.get("Step_Type"))) if isinstance(step, dict) else None
        value = _inside(step, "Limit", "Main", "Curr").get("Value") if sign is not None else None
        try:
            number, size = int(step["Step_ID"]), abs(float(value or "nan"))
        except (KeyError, TypeError, ValueError):
            continue
        if 0 <= number < _MAX_STEPS and np.isfinite(size):
            found[number] = 1e-3 * size * (sign or 1.0)
    return found


def _inside(found: dict[str, Any], *keys: str) -> dict[str, Any]:
    for key in keys:
        value = found.get(key)
        if not isinstance(value, dict):
            return {}
        found = value
    return found
