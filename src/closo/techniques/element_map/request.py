"""What the user asks of X-ray lines and maps: the settings, checked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from closo.errors import StudyError, did_you_mean
from closo.techniques.element_map import lines

_K_U = 0.15  # relative u of a factor of a table: twelve measured ratios of two factors miss two tables by 21 % (rms)


@dataclass(frozen=True)
class Asked:
    """The settings, parsed; `factors`: element -> (k, u)."""

    elements: tuple[str, ...] | None
    ratio: tuple[str, str]
    particle: str
    factors: Mapping[str, tuple[float, float]]


def check_settings(settings: Mapping[str, Any]) -> None:
    """Raise StudyError for settings that can be known to be wrong."""
    asked_of(settings)


def asked_of(given: Mapping[str, Any]) -> Asked:
    """Return the settings, parsed; StudyError when one is wrong."""
    elements = given.get("elements")
    listed = None if elements is None else tuple(word.strip() for word in str(elements).split(",") if word.strip())
    ratio = tuple(str(given.get("ratio") or "B/Na").split("/"))
    particle, factors = str(given.get("particle") or "Si"), {}
    for word in (w for w in str(given.get("k_factors") or "").split(",") if w.strip()):
        match = re.fullmatch(r"\s*([A-Z][a-z]?)\s*:\s*([\d.]+)\s*(?:(?:±|\+/-)\s*([\d.]+))?\s*", word)
        if match is None or float(match[2]) <= 0:
            raise StudyError(f"k_factors has '{word.strip()[:30]}'.", hint="Write for example 'Na:1.2 ± 0.1, Si:1'.")
        factors[match[1]] = (float(match[2]), float(match[3]) if match[3] else _K_U * float(match[2]))
    for element in (*(listed or ()), *ratio, particle, *factors):
        if element not in lines.LINES:
            raise StudyError(
                f"'{element[:20]}' is not an element whose lines are known.", hint=did_you_mean(element, lines.LINES)
            )
    if len(ratio) != 2:
        raise StudyError(f"ratio = '{'/'.join(ratio)[:30]}' is not a ratio.", hint="Write for example B/Na.")
    return Asked(listed, (ratio[0], ratio[1]), particle, factors)
