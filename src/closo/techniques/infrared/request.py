"""What is asked of a spectrum: bands with limits and anchors, and how the user writes them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from closo.errors import StudyError, did_you_mean
from closo.techniques.choices import spelled

ORDINATES = ("absorbance", "log(1/R)", "reflectance", "transmittance", "Kubelka-Munk")
SCALES = ("absorbance", "Kubelka-Munk")

Range = tuple[float, float]

_SHARE = 0.1  # of the width of a band: the anchors where none are named
_NARROWEST = 6.0  # 1/cm, of such an anchor
_LARGEST = 20_000.0  # 1/cm
_EXAMPLE = "Write name:low-high, or with anchors name:low-high|low-high|low-high, several with commas."


@dataclass(frozen=True)
class Band:
    """A band: it is integrated between its limits, above a line through its two anchors.

    Attributes
    ----------
    name : as in `band_area:NAME`.
    limits, left, right : ranges [1/cm], low before high; the anchors lie outside of the limits.
    bend : share of the distance between line and parabola that the baseline may be off; below 1 where twins of many
        backgrounds show that the whole is too much.
    alike : correlation of what the baseline does to it and to the overtone, by the same twins.
    """

    name: str
    limits: Range
    left: Range
    right: Range
    bend: float = 1.0
    alike: float = 0.8

    @property
    def span(self) -> Range:
        """From the outer end of one anchor to that of the other [1/cm]."""
        return self.left[0], self.right[1]


BANDS = (
    Band("silanol", (3728.0, 3760.0), (3723.0, 3728.0), (3760.0, 3766.0)),
    Band("O-H", (3000.0, 3700.0), (2660.0, 2720.0), (3780.0, 3840.0), alike=0.7),
    Band("B-H", (2400.0, 2600.0), (2382.0, 2400.0), (2600.0, 2630.0), bend=0.4, alike=1.0),
    Band("overtone", (1800.0, 1930.0), (1790.0, 1800.0), (1930.0, 1940.0), bend=0.43),
    Band("water", (1590.0, 1680.0), (1545.0, 1565.0), (1735.0, 1765.0), bend=0.7),
)


def bands_of(text: str | None) -> tuple[Band, ...]:
    """Return the bands of the house with those of the user, which win where the names are equal.

    Raises
    ------
    StudyError  when the text names no band, a range is empty, or an anchor lies inside the limits.

    Example
    -------
    >>> [(b.name, b.limits, b.left) for b in bands_of("nitrate:1340-1420")][-1]
    ('nitrate', (1340.0, 1420.0), (1332.0, 1340.0))
    >>> bands_of("silanol:3735-3755|3700-3710|3770-3790")[0].right
    (3770.0, 3790.0)
    """
    bands = {band.name: band for band in BANDS}
    for part in (text or "").split(","):
        if part.strip():
            band = _band(part.strip())
            bands[band.name] = band
    return tuple(bands.values())


def _band(text: str) -> Band:
    name, colon, rest = text.partition(":")
    ranges = [_range(piece, text) for piece in rest.split("|")] if colon else []
    if not re.fullmatch(r"[A-Za-z][\w+. -]{0,30}", name.strip()) or len(ranges) not in (1, 3):
        raise StudyError(f"'{text[:60]}' in bands is not a band.", hint=_EXAMPLE)
    limits = ranges[0]
    width = max(_SHARE * (limits[1] - limits[0]), _NARROWEST)
    anchors = ranges[1:] or [(limits[0] - width, limits[0]), (limits[1], limits[1] + width)]
    left, right = sorted(anchors)
    if left[1] > limits[0] or right[0] < limits[1]:
        raise StudyError(
            f"an anchor of band '{name.strip()}' lies inside its limits {limits[0]:g}-{limits[1]:g} 1/cm.",
            hint="Give one anchor below and one above the limits.",
        )
    return Band(name.strip(), limits, left, right)


def _range(text: str, whole: str) -> Range:
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*[-–]\s*(\d+(?:\.\d+)?)\s*", text)
    if match is None:
        raise StudyError(f"'{text.strip()[:40]}' in bands is not a range [1/cm] ('{whole[:60]}').", hint=_EXAMPLE)
    low, high = sorted((float(match[1]), float(match[2])))
    if not 0 < low < high < _LARGEST:
        raise StudyError(
            f"the range {low:g}-{high:g} 1/cm in bands is empty or far outside the infrared.", hint=_EXAMPLE
        )
    return low, high


def check_settings(settings: Mapping[str, Any]) -> None:
    """Refuse settings that can be known to be wrong before a file is read.

    Raises
    ------
    StudyError  that names the setting.
    """
    names = [band.name for band in bands_of(settings.get("bands"))]
    norm = settings.get("normalise")
    if norm is not None and norm not in (*names, "none"):
        raise StudyError(f"normalise = '{norm}' is not a band.", hint=did_you_mean(str(norm), (*names, "none")))
    for key, known in (("ordinate", ORDINATES), ("scale", SCALES)):
        word = settings.get(key)
        if word is not None and spelled(word, known) is None:
            raise StudyError(f"{key} = '{str(word)[:40]}' is not possible.", hint=did_you_mean(str(word), known))
    low, high = settings.get("r_min", 0.0), settings.get("r_max", 1.0)
    if not 0.0 <= low < high <= 1.0:
        raise StudyError(
            f"r_min = {low} and r_max = {high} are not shares of light in this order.", hint="Usual: 0.05, 0.9."
        )
    axis = settings.get("axis_u", 0.0)
    if not 0.0 <= axis < 20.0:
        raise StudyError(f"axis_u = {axis} 1/cm is not valid.", hint="0.3 is usual.")
