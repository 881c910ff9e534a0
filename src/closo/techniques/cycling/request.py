"""What was asked for: cycles and windows of cycles, written as text."""

from __future__ import annotations

import re

import numpy as np

from closo.errors import StudyError
from closo.techniques.cycling.cycles import Cycles

_LONGEST = 1000  # characters


def windows(text: str | None, n_cycles: int, *, key: str = "efficiency_cycles") -> dict[str, np.ndarray]:
    """Read '7-10, 46-50, 3' into window -> indices of its cycles; those beyond the record are left out.

    Raises
    ------
    StudyError  when a part is not a cycle or a range of cycles.

    Example
    -------
    >>> {k: v.tolist() for k, v in windows("2-4, 9", 3).items()}
    {'2-4': [1, 2], '9': []}
    """
    found: dict[str, np.ndarray] = {}
    hint = "Write cycles and ranges, counted from 1, for example '7-10, 46-50'."
    if text is not None and len(str(text)) > _LONGEST:
        raise StudyError(f"{key} is longer than {_LONGEST} characters.", hint=hint)
    for part in (p.strip() for p in str(text or "").split(",") if p.strip()):
        match = re.fullmatch(r"(\d{1,7})(?:\s*[-–]\s*(\d{1,7}))?", part)
        first = int(match[1]) if match else 0
        last = int(match[2] or match[1]) if match else 0
        if not 1 <= first <= last:
            raise StudyError(f"'{part}' in {key} is not a range of cycles.", hint=hint)
        label = f"{first}-{last}" if last > first else str(first)
        found[label] = np.arange(first - 1, min(last, n_cycles))
    return found


def singles(text: str | None, n_cycles: int, *, key: str = "retention_cycles") -> tuple[list[int], list[int]]:
    """Read '45, 50' into indices of cycles in the record and numbers of cycles beyond its end.

    Raises
    ------
    StudyError  when a part is not one cycle.
    """
    inside: list[int] = []
    beyond: list[int] = []
    for label in windows(text, n_cycles, key=key):
        if "-" in label:
            raise StudyError(f"'{label}' in {key} is a range.", hint="Name single cycles, for example '45, 50'.")
        k = int(label) - 1
        (inside if k < n_cycles else beyond).append(k)
    return inside, [k + 1 for k in beyond]


def reference_of(cycles: Cycles, asked: int | None) -> int | None:
    """Return the index of the reference cycle: as asked, else the first complete one; None without any.

    Raises
    ------
    StudyError  when the cycle asked for is not in the record or was interrupted.
    """
    if asked is None:
        done = np.flatnonzero(cycles.complete)
        return int(done[0]) if len(done) else None
    if not 1 <= asked <= len(cycles):
        raise StudyError(
            f"reference_cycle = {asked}, but the record has {len(cycles)} cycles.", hint="Cycles are counted from 1."
        )
    if not cycles.complete[asked - 1]:
        raise StudyError(f"reference_cycle = {asked} was interrupted.", hint="Name a complete cycle.")
    return asked - 1
