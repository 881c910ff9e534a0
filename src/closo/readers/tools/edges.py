"""What the readers of near-edge spectra share: names of columns, ordinates made of ion chambers, and the checks of an axis.

A spectrum is energy [eV] with `intensity` (a normalised or raw absorption, or a loss signal). A table per scan and
analyser of an X-ray Raman spectrometer is a `raman_scan`: counts along point and analyser.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from closo.dataset import Dataset, new
from closo.errors import ReadError
from closo.readers.tools.suggestions import from_name

ENERGY = r"energy|e|omega|hv|photon ?energy|incident ?energy|mono ?energy|energy ?loss|e ?loss|loss|energy ?transfer"
_UNIT = r"[\s/(\[_,]*(?P<unit>k?ev)?[\s)\]]*"
_SAID = re.compile(rf"(?P<name>{ENERGY}){_UNIT}", re.IGNORECASE)
_ANALYSER = re.compile(r"(?:analy[sz]er|qixs|crystal|det(?:ector)?)[ _-]?0*(\d+)", re.IGNORECASE)
_ROLES = {
    "monitor": r"i0|io|i_0|monitor|lrx_i0|mon",
    "transmitted": r"i1|it|itrans|i_t|trans",
    "fluorescence": r"if|ifluor|i_f|fluor",
    "dwell": r"(?:scaler_?)?(?:count_?time|preset time|dwell|seconds|time)(?:[ _/(\[]*s[)\]]?)?",
    "error": r"(?:\w+_)?(?:error|err|sigma|stddev|u|uncertainty)",
    "skip": r"(?:t|k|chi|mu0|angle|theta)|(?:energy|e)_?readback.*|s\^0\(qw\)|chi_q.*|scaler_\w+|enc\w*|mono energy \(enc\)"
    r"|\w*output\w*|clock\w*|dtf\w*|.*pin.*",
}
NORMALISED = re.compile(r"(?:.*[^a-z])?(?:mu)?(?:norm\w*|flat\w*|nor)(?:[^a-z].*)?", re.IGNORECASE)
_MOST_BACK = 0.05  # of the steps: a monochromator may step back a little, a table that jumps is another quantity
_LARGEST = 1e12


def role(name: str) -> tuple[str, float]:
    """Return what a column is by its name, and the factor to eV of an energy.

    Example
    -------
    >>> role("Energy (keV)"), role("energy_loss / eV"), role("Analyser_07"), role("i0"), role("munorm")
    (('energy', 1000.0), ('loss', 1.0), ('analyser 7', 1.0), ('monitor', 1.0), ('spectrum', 1.0))
    """
    plain = name.strip().strip("*").strip()
    said = _SAID.fullmatch(plain.replace("_", " ")) or _SAID.fullmatch(plain)
    if said is not None:
        kind = "loss" if re.search("loss|transfer", said["name"], re.IGNORECASE) else "energy"
        return kind, 1000.0 if (said["unit"] or "").lower() == "kev" else 1.0
    analyser = _ANALYSER.fullmatch(plain)
    if analyser is not None:
        return f"analyser {int(analyser[1])}", 1.0
    return next((key for key, form in _ROLES.items() if re.fullmatch(form, plain, re.IGNORECASE)), "spectrum"), 1.0


def measurements(
    path: Path, names: Sequence[str], rows: np.ndarray, *, metadata: Mapping[str, Any], warnings: tuple[str, ...] = ()
) -> tuple[Dataset, ...]:
    """Return the spectra of a table, or the one scan of many analysers.

    The ordinate is every column that is not an axis, monitor, time or error; where there is none, ln(I0/It) or If/I0. The
    axis is the last energy before a spectrum; an error column belongs to the one spectrum before it.

    Parameters
    ----------
    names, rows : of the columns, and their numbers, shape (points, columns).

    Raises
    ------
    ReadError  when no column is an energy or none a spectrum.
    """
    roles = [role(name) for name in names]
    at = {kind: k for k, (kind, _) in reversed(list(enumerate(roles)))}
    axis = at.get("loss", at.get("energy"))
    if axis is None:
        raise ReadError(
            f"no column is an energy; there are: {', '.join(names)[:120]}.",
            file=path,
            hint="Name them: --columns energy,intensity ('_' skips a column).",
        )
    starts = [k for k, (kind, _) in enumerate(roles) if kind == roles[axis][0]]
    blocks = [slice(a, b) for a, b in itertools.pairwise([*starts, len(names)]) if b - a > 1]
    if starts[0] == 0 and len(blocks) == len(starts) > 1:  # spectra side by side, each with its own axis
        apart = [measurements(path, names[b], rows[:, b], metadata=metadata, warnings=warnings) for b in blocks]
        for part, data in enumerate(itertools.chain.from_iterable(apart), start=1):
            data.attrs["part"] = part
        return tuple(itertools.chain.from_iterable(apart))
    energy = rows[:, axis] * roles[axis][1]
    told = dict(metadata) | {"axis": roles[axis][0]}
    counted = [k for k, (kind, _) in enumerate(roles) if kind.startswith("analyser")]
    if counted:
        number = [int(roles[k][0].split()[1]) for k in counted]
        side: dict[str, np.ndarray] = {key: rows[:, at[key]] for key in ("monitor", "dwell") if key in at}
        return (raman_scan(path, energy, rows[:, counted], number, side=side, metadata=told, warnings=warnings),)
    found = []
    for k in [k for k, (kind, _) in enumerate(roles) if kind == "spectrum"]:
        error = rows[:, k + 1] if k + 1 < len(roles) and roles[k + 1][0] == "error" else None
        found.append((names[k].strip(), rows[:, k], error))
    with np.errstate(all="ignore"):
        found = _channels(found, rows[:, at["monitor"]]) if "monitor" in at else found
        if not found and {"monitor", "transmitted"} <= set(at):
            found.append(("ln(I0/It)", np.log(rows[:, at["monitor"]] / rows[:, at["transmitted"]]), None))
        if {"monitor", "fluorescence"} <= set(at):
            found.append(("If/I0", rows[:, at["fluorescence"]] / rows[:, at["monitor"]], None))
    if not found:
        text = f"no column holds a spectrum; there are: {', '.join(names)[:120]}."
        raise ReadError(text, file=path, hint="Name them: --columns energy,intensity ('_' skips a column).")
    return tuple(
        spectrum(path, energy, y, error=u, part=n, title=title, metadata=told, warnings=warnings)
        for n, (title, y, u) in enumerate(found, start=1)
    )


Found = list[tuple[str, np.ndarray, np.ndarray | None]]


def _channels(found: Found, monitor: np.ndarray) -> Found:
    """Return the spectra; channels of one detector, `Fe_Ka_mca1`, `Fe_Ka_mca2` ..., as their sum over the monitor."""
    stems = [re.sub(r"(?:[ _-]?(?:mca|ch))?[ _-]?\d+$", "", title) for title, _, _ in found]
    whole = {stem: [y for s, (_, y, _) in zip(stems, found, strict=True) if s == stem] for stem in stems}
    return [
        one
        if len(whole[stem]) == 1
        else (f"{stem}, {len(whole[stem])} channels, over I0", sum(whole[stem]) / monitor, None)
        for k, (stem, one) in enumerate(zip(stems, found, strict=True))
        if stems.index(stem) == k
    ]


def spectrum(
    path: Path,
    energy: np.ndarray,
    values: np.ndarray,
    *,
    error: np.ndarray | None = None,
    part: int = 1,
    title: str = "",
    metadata: Mapping[str, Any] | None = None,
    warnings: tuple[str, ...] = (),
) -> Dataset:
    """Return a near-edge spectrum along a rising energy.

    Parameters
    ----------
    energy : shape (n,) [eV]; values, error : shape (n,); an error that is not finite, not > 0, or above 1e6 times the
        values is left out with a warning. `ordinate` in the metadata is 'normalised' where the title says so.

    Raises
    ------
    ReadError  when fewer than 5 points are finite numbers, or the energies jump to and fro.
    """
    with np.errstate(all="ignore"):
        keep = np.isfinite(energy) & np.isfinite(values) & (np.abs(energy) < 1e6) & (np.abs(values) < _LARGEST)
    if keep.sum() < 5 or keep.sum() < keep.size / 2:
        raise ReadError(f"{keep.sum()} of {keep.size} points are finite numbers.", file=path, hint="Export it again.")
    order, told = _order(path, energy[keep])
    told = (*warnings, *told)
    if not keep.all():
        told += (f"{int(np.sum(~keep))} points without finite numbers left out.",)
    x, y = np.asarray(energy[keep], float)[order], np.asarray(values[keep], float)[order]
    columns = {"energy": x, "intensity": y}
    if error is not None:
        u = np.asarray(error[keep], float)[order]
        if np.all(np.isfinite(u)) and np.all(u > 0) and np.median(u) < 1e6 * max(float(np.median(np.abs(y))), 1e-300):
            columns["intensity_u"] = u
        else:
            told += ("The column of errors holds no standard deviations and was left out.",)
    stated: dict[str, Any] = {"ordinate": "normalised"} if NORMALISED.fullmatch(title) else {}
    return new(
        "near_edge", columns, source=path.name, part=part, title=title[:200], metadata=stated | dict(metadata or {}),
        suggestions=from_name(path), warnings=told,
    )  # fmt: skip


def _order(path: Path, energy: np.ndarray) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return the order of rising, different energies."""
    steps = np.diff(energy)
    back = min(int(np.sum(steps <= 0)), int(np.sum(steps >= 0)))
    if back > _MOST_BACK * len(energy) or len(np.unique(energy)) < 5:
        raise ReadError(
            f"the energies jump to and fro: {back} of {len(steps)} steps go back.",
            file=path,
            hint="Export each scan as a file of its own, or name the columns with --columns.",
        )
    order = np.unique(energy, return_index=True)[1]
    return order, ((f"{back} steps of the energy go back; the points were sorted.",) if back else ())


def raman_scan(
    path: Path,
    energy: np.ndarray,
    counts: np.ndarray,
    analysers: Sequence[int],
    *,
    side: Mapping[str, np.ndarray],
    metadata: Mapping[str, Any],
    warnings: tuple[str, ...] = (),
) -> Dataset:
    """Return a scan of an X-ray Raman spectrometer; rows without finite numbers are left out with a warning.

    Parameters
    ----------
    energy : shape (n,) [eV]; counts : shape (n, analysers); side : 'monitor' and 'dwell' [s], shape (n,).

    Raises
    ------
    ReadError  when fewer than 5 rows are left, or two analysers have one number.
    """
    from xarray import Variable

    if len(set(analysers)) < len(analysers):
        raise ReadError("two columns belong to one analyser.", file=path, hint="Give each analyser its own number.")
    with np.errstate(all="ignore"):
        keep = np.isfinite(energy) & np.all(np.isfinite(counts) & (np.abs(counts) < _LARGEST), axis=1)
        keep &= np.abs(energy) < 1e6
        for values in side.values():
            keep &= np.isfinite(values) & (values > 0) & (values < _LARGEST)
    if keep.sum() < 5 or keep.sum() < keep.size / 2:
        text = f"{keep.sum()} of {keep.size} rows hold finite counts with a monitor and a time above zero."
        raise ReadError(text, file=path, hint="Copy the scan again.")
    names = {"monitor": "monitor", "dwell": "dwell_time"}
    order = np.flatnonzero(keep)[np.argsort(energy[keep], kind="stable")]
    columns: dict[str, Any] = {"energy": energy[order], "scan": np.ones(len(order), int)}
    columns |= {names[key]: values[order] for key, values in side.items()}
    variables = {name: Variable(("point",), values) for name, values in columns.items()}
    variables |= {
        "analyser": Variable(("analyser",), np.asarray(analysers, int)),
        "counts": Variable(("point", "analyser"), counts[order]),
    }
    told = (*warnings, *((f"{int(np.sum(~keep))} rows without finite numbers left out.",) if not keep.all() else ()))
    return new("raman_scan", variables, source=path.name, title="X-ray Raman scan", metadata=metadata,
               suggestions=from_name(path), warnings=told)  # fmt: skip
