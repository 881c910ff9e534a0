"""Settings of a near-edge spectrum, checked before a file is read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from closo.errors import StudyError
from closo.techniques.xray_raman import edges


def check_settings(settings: Mapping[str, Any]) -> None:
    """Refuse settings that can be known to be wrong before a file is read.

    Raises
    ------
    StudyError  that names the setting.
    """
    edges.check_settings(settings)
    if settings.get("normalise") not in (None, "none", "step") and settings.get("edge") is None:
        raise StudyError("windows of area need the edge.", hint="Write normalise=none or step, or name the edge.")
