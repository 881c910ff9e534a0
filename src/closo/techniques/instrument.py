"""How a user states the zero of an instrument's current: the setting `current_offset` of all direct-current techniques."""

from __future__ import annotations

import math

from closo.errors import ClosoError, StudyError
from closo.quantity import Quantity, parse

__all__ = ["read_offset"]


def read_offset(text: str | float) -> tuple[float, float]:
    """Return (fraction of the current range, amperes); one of them is 0.

    Parameters
    ----------
    text : standard uncertainty of the zero: '0.05 %' of the range, '5 nA', or a number, which is a fraction of the range.

    Raises
    ------
    StudyError  when it is neither.

    Example
    -------
    >>> read_offset("0.05 %"), read_offset("2 nA")
    ((0.0005, 0.0), (0.0, 2e-09))
    """
    hint = "Write '0.05 %' (of the range), '50 nA', or a fraction of the range such as 0.0005."
    try:
        words = str(text).strip()
        if words.endswith("%"):
            found = (float(words[:-1]) / 100.0, 0.0)
        elif words[-1:].isalpha():
            found = (0.0, Quantity("current", parse(words, "current")).value or 0.0)
        else:
            found = (float(words), 0.0)
    except (ValueError, ClosoError):
        raise StudyError(f"current_offset = '{text}' cannot be read.", hint=hint) from None
    if not all(math.isfinite(v) and 0 <= v < 1 for v in found):
        raise StudyError(f"current_offset = '{text}' cannot be.", hint=hint)
    return found
