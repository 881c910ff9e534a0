"""How the text of a setting may be written where only some texts are possible."""

from __future__ import annotations

from collections.abc import Iterable


class NumberOrText:
    """The type of a setting that is a number or text with a unit: 1e6 or '1 MHz'; the technique reads it."""

    def __new__(cls, text: str) -> str:  # type: ignore[misc]
        """Return the text as it is."""
        return text


NumberOrText.__name__ = "number or text"  # as the documentation and messages say it


def spelled(text: object, known: Iterable[str]) -> str | None:
    """Return the one of `known` that a text means, None where it means none.

    One of several words may be written in capitals, with - or _, by its first word, or without its last one.

    Example
    -------
    >>> spelled("Anode", ["anode half cell", "full cell"]), spelled("full", ["full"]), spelled("Full", ["full"])
    ('anode half cell', 'full', None)
    """
    asked = " ".join(str(text).lower().replace("-", " ").replace("_", " ").split())
    for name in known:
        words = name.split()
        if text == name or (len(words) > 1 and asked in (name, words[0], " ".join(words[:-1]))):
            return name
    return None


def fits(value: object, kind: type) -> bool:
    """Return whether a value of a TOML file has the type that a setting needs.

    Example
    -------
    >>> fits(1, float), fits(True, float), fits("1 MHz", NumberOrText), fits("1", int)
    (True, False, True, False)
    """
    if kind is NumberOrText:
        return isinstance(value, int | float | str) and not isinstance(value, bool)
    if kind is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    return isinstance(value, kind) and (kind is bool or not isinstance(value, bool))
