"""What the user asks of an energy loss: the settings, checked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from closo.errors import StudyError
from closo.techniques.eels.background import ONSETS
from closo.techniques.xray_raman.edges import window_of


def check_settings(settings: Mapping[str, Any]) -> None:
    """Raise StudyError for settings that can be known to be wrong."""
    asked_of(settings.get("edges"), settings.get("window"))
    profile_of(settings.get("profile"))


def asked_of(edges: str | None, window: str | None) -> tuple[tuple[str, ...] | None, tuple[float, float] | None]:
    """Return the settings, parsed; StudyError when one is wrong."""
    wanted = None if edges is None else tuple(" ".join(word.split()) for word in str(edges).split(",") if word.strip())
    for name in wanted or ():
        if name not in ONSETS:
            raise StudyError(f"'{name[:30]}' is not an edge that closo knows.", hint=f"Known: {', '.join(ONSETS)}.")
    return wanted, None if window is None else window_of(window, "window")


def profile_of(text: str | None) -> tuple[str, str, str] | None:
    """Return the two maps of a ratio and that of the particles, from 'BO3/cage@silica'; StudyError where it is none."""
    if text is None:
        return None
    match = re.fullmatch(r"\s*([^/@]+?)\s*/\s*([^/@]+?)\s*@\s*([^/@]+?)\s*", str(text)[:200])
    if match is None:
        raise StudyError(f"profile = '{str(text)[:50]}' is not valid.", hint="Write for example 'BO3/cage@silica'.")
    return match[1], match[2], match[3]
