"""The edges that closo knows: windows, peaks, core radii; and how the user writes ranges and peaks."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from closo.errors import StudyError, did_you_mean

Window = tuple[float, float]
_LARGEST = 200_000.0  # eV
_POSSIBLE = (
    {"angle": (4.0, 180.0, "deg"), "analyser_energy": (1000.0, _LARGEST, "eV"), "dead_time": (0.0, 50.0, "us")}
    | dict.fromkeys(("axis_u", "alignment_u", "resolution"), (0.0, 50.0, "eV"))
    | {"noise": (0.0, 50.0, "of the edge")}
)  # setting -> least, most, unit
_PEAK = "Write NAME:LOW-HIGH, 'pi*:193-195.5', or several in one window, 'shoulder@1073.2+main@1075.8:1071-1079'."


@dataclass(frozen=True)
class Edge:
    """An edge: where its background is fitted, the two windows of normalisation, usual peaks, radius of the core [m]."""

    name: str
    background: Window
    windows: tuple[Window, Window]
    peaks: str
    radius: float


# radius of a 1s level: Bohr's over Z - 0.3 (Slater)
EDGES: Mapping[str, Edge] = {
    edge.name: edge
    for edge in (
        Edge("B K", (170.0, 187.0), ((186.0, 215.0), (186.0, 230.0)), "pi*:192.5-195.5", 1.126e-11),
        Edge("C K", (265.0, 283.0), ((282.0, 312.0), (282.0, 330.0)), "pi*:284-287", 9.28e-12),
        Edge("N K", (375.0, 397.0), ((396.0, 425.0), (396.0, 440.0)), "pi*:397-403", 7.90e-12),
        Edge("O K", (500.0, 530.0), ((516.0, 553.0), (516.0, 575.0)), "pre-edge:533.5-536.6", 6.87e-12),
        Edge("Na K", (1045.0, 1069.0), ((1068.0, 1092.0), (1068.0, 1105.0)), "edge start:1071.5-1074.8", 4.95e-12),
    )
}
AMBIGUOUS = {
    "O K": (
        (533.5, 535.8),
        "non-bridging oxygen (borates), O-H (water, silanol) and carbonate (C=O, about 1 eV lower) all absorb near 535 eV: "
        "this edge cannot tell them apart",
    )
}
"""Edge -> range of energies [eV] and what cannot be told apart there."""


@dataclass(frozen=True)
class Peak:
    """A peak, or several that share a window: names, energies to begin with (None: the maximum), limits [eV]."""

    names: tuple[str, ...]
    starts: tuple[float | None, ...]
    window: Window


def edge_of(name: object) -> Edge:
    """Return an edge by its name, 'O K' or 'OK' in any capitals.

    Raises
    ------
    StudyError  when it is not in the table.
    """
    known = {"".join(key.lower().split()): key for key in EDGES}
    plain = "".join(str(name).lower().split())
    if plain not in known:
        raise StudyError(f"edge = '{str(name)[:30]}' is not in the table.", hint=did_you_mean(str(name), list(EDGES)))
    return EDGES[known[plain]]


def window_of(text: object, key: str) -> Window:
    """Return a range, '516-553' [eV].

    Raises
    ------
    StudyError  when it is none.
    """
    match = re.fullmatch(r"\s*(-?\d+(?:\.\d+)?)\s*(?:eV)?\s*[-–]\s*(\d+(?:\.\d+)?)\s*(?:eV)?\s*", str(text))
    if match is None or not float(match[1]) < float(match[2]) < _LARGEST:
        raise StudyError(f"{key} = '{str(text)[:40]}' is not a range [eV].", hint="Write for example '516-553'.")
    return float(match[1]), float(match[2])


def windows_of(text: object, key: str) -> tuple[Window, ...]:
    """Return one range or two, with a comma between."""
    return tuple(window_of(part, key) for part in str(text).split(","))[:2]


def numbers_of(text: object, key: str) -> tuple[float, ...]:
    """Return numbers, '2-9, 12' with whole ranges or '18, 27, 36'.

    Raises
    ------
    StudyError  when one is none.

    Example
    -------
    >>> numbers_of("2-4, 9", "analysers"), numbers_of("55", "angle")
    ((2.0, 3.0, 4.0, 9.0), (55.0,))
    """
    found: list[float] = []
    for part in str(text).split(","):
        span = re.fullmatch(r"\s*(\d{1,3})\s*-\s*(\d{1,3})\s*", part)
        if span is not None:
            found += [float(k) for k in range(int(span[1]), int(span[2]) + 1)]
        elif re.fullmatch(r"\s*\d{1,4}(?:\.\d+)?\s*", part):
            found.append(float(part))
        else:
            raise StudyError(f"{key} = '{str(text)[:40]}' are not numbers.", hint="Write for example '2-9, 12'.")
    return tuple(found)


def peaks_of(text: str | None) -> tuple[Peak, ...]:
    """Return the peaks that the user names.

    Raises
    ------
    StudyError  when a piece is not a peak.

    Example
    -------
    >>> peaks_of("shoulder@1073.2+main:1071-1079")[0].starts
    (1073.2, None)
    """
    found = []
    for part in (piece for piece in (text or "").split(",") if piece.strip()):
        names, colon, limits = part.rpartition(":")
        pieces = [piece.strip().partition("@") for piece in re.split(r"\s*\+\s*", names.strip())]
        if not colon or not all(re.fullmatch(r"[A-Za-z0-9][\w*. -]{0,30}", name.strip()) for name, _, _ in pieces):
            raise StudyError(f"'{part.strip()[:60]}' in peaks is not a peak.", hint=_PEAK)
        window = window_of(limits, "peaks")
        starts = tuple(numbers_of(at, "peaks")[0] if mark else None for _, mark, at in pieces)
        if any(at is not None and not window[0] < at < window[1] for at in starts):
            raise StudyError(f"a peak of '{part.strip()[:60]}' lies outside of its window.", hint=_PEAK)
        found.append(Peak(tuple(name.strip() for name, _, _ in pieces), starts, window))
    names_found = [name for peak in found for name in peak.names]
    if len(set(names_found)) < len(names_found):
        raise StudyError("two peaks have one name.", hint="Give each peak its own name.")
    return tuple(found)


def check_settings(settings: Mapping[str, Any]) -> None:
    """Refuse settings of a spectrum that can be known to be wrong before a file is read.

    Raises
    ------
    StudyError  that names the setting.
    """
    if settings.get("edge") is not None:
        edge_of(settings["edge"])
    peaks_of(settings.get("peaks"))
    for key in ("background", "window", "count_rate"):
        if settings.get(key) is not None:
            window_of(settings[key], key)
    if settings.get("normalise") not in (None, "none", "step", "area"):
        windows_of(settings["normalise"], "normalise")
    if settings.get("analysers") is not None:
        numbers_of(settings["analysers"], "analysers")
    for key, (low, high, unit) in _POSSIBLE.items():
        given = settings.get(key)
        values = () if given is None else numbers_of(given, key) if key == "angle" else (float(given),)
        if not all(low <= value < high for value in values):
            raise StudyError(f"{key} = {given} cannot be.", hint=f"It is from {low:g} to {high:g} {unit}.")
