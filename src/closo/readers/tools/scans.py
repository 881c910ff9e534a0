"""Diffraction scans: what the readers of patterns share. A scan runs along 2theta; any other axis is refused by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from closo.dataset import Dataset
from closo.errors import ReadError
from closo.readers.tools.parts import Part, finish
from closo.readers.tools.text import Text, shown

ANGSTROM = 1e-10  # m
MOST_POINTS = 2_000_000
_LEAST_POINTS = 3
_AGAIN = "Export it again from the program of the instrument."


@dataclass(frozen=True)
class Scan:
    """One pattern as a reader found it; metadata and warnings are its own."""

    two_theta: np.ndarray  # [deg]
    intensity: np.ndarray  # counts, where all are whole numbers and none is negative; else an intensity
    metadata: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


def steps(start: float, step: float, points: int) -> np.ndarray:
    """Return equidistant angles [deg].

    Example
    -------
    >>> steps(10.0, 0.5, 3).tolist()
    [10.0, 10.5, 11.0]
    """
    return np.asarray(start + step * np.arange(points))


def is_two_theta(axis: str) -> bool:
    """Return whether the name of an axis means 2theta, alone or with the specimen at half of it.

    Example
    -------
    >>> is_two_theta("2Theta"), is_two_theta("Two-Theta"), is_two_theta("Theta/2-Theta"), is_two_theta("Phi")
    (True, True, True, False)
    """
    plain = axis.lower().translate(dict.fromkeys(map(ord, " -_/"))).replace("two", "2")
    return plain in ("2theta", "2θ", "tth", "theta2theta", "2thetatheta", "2thetaomega")


def unsure_end(text: Text, told: Iterable[str]) -> tuple[str, ...]:
    """Return the warnings of the last rows of a text, with one more where its last number may be cut and none says so."""
    told = tuple(told)
    if text.complete or any("last" in sentence for sentence in told):
        return told
    return (
        *told,
        f"The file does not end with a line break: check that its last number (line {len(text.lines)}) is whole.",
    )


def finish_scans(
    text: Text, scans: Sequence[Scan], *, metadata: Mapping[str, Any] | None = None, warnings: Iterable[str] = ()
) -> tuple[Dataset, ...]:
    """Check the scans of a file and build its measurements.

    Raises
    ------
    ReadError  when there is none, or one is not a pattern along a rising (or falling) 2theta between -180 and 180 deg.
    """
    return finish(text, [_part(text, scan) for scan in scans], metadata=metadata, warnings=warnings)


def _part(text: Text, scan: Scan) -> Part:
    angle, intensity = np.asarray(scan.two_theta, float), np.asarray(scan.intensity, float)
    if len(angle) < _LEAST_POINTS:
        raise text.error(f"the pattern has {len(angle)} points; {_LEAST_POINTS} are the least.", _AGAIN)
    if not np.isfinite(angle).all() or np.abs(angle).max() > 180.0:
        raise text.error("the angles are not all between -180 and 180 deg.", _AGAIN)
    rising = np.diff(angle)
    if np.all(rising < 0):
        angle, intensity, rising = angle[::-1], intensity[::-1], -rising
    if not np.all(rising > 0):
        at = int(np.argmax(rising <= 0)) + 1
        raise text.error(
            f"2theta goes from {angle[at - 1]:g} back to {angle[at]:g} deg at point {at + 1}.",
            "Export each range as a file of its own.",
        )
    finite = intensity[np.isfinite(intensity)]
    if not len(finite) or np.abs(finite).max() > 1e15:
        raise text.error("the intensities are not numbers that a detector gives.", _AGAIN)
    whole = bool(np.all(finite == np.rint(finite)) and finite.min() >= 0)
    name = "counts" if whole else "intensity"
    warnings = list(scan.warnings)
    if finite.min() < 0:
        warnings.append(f"{int(np.sum(finite < 0))} intensities are negative: a background may have been subtracted.")
    return Part("diffraction", "pattern", {"two_theta": angle, name: intensity}, 0, scan.metadata, tuple(warnings))


def refuse_axis(text: Text, axis: str) -> ReadError:
    """Return the error about a scan along another axis than 2theta."""
    return text.error(
        f"the scan runs along {shown(axis, 40)}, not along 2theta: it is not a powder pattern.",
        "Export the coupled 2theta scan.",
    )
