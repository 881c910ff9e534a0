"""The claims of the reference study, as printed: the files of `hehn2026`, one per field."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

FIELDS = ("conductivity", "electrochemistry", "recipes", "powders", "core_level", "microscopy")


@cache
def printed_claims(field: str) -> tuple[dict[str, Any], ...]:
    """Return the claims of one field, in the order of their file.

    Example
    -------
    >>> printed_claims("recipes")[0]["where"]
    'Experimental'
    """
    file = Path(__file__).parent / "hehn2026" / f"{field}.toml"
    return tuple(tomllib.loads(file.read_text(encoding="utf-8"))["claims"])
