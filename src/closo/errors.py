"""What can go wrong, and how closo says it.

    ClosoError
    ├── ReadError          a file cannot be read or understood           (exit code 3)
    ├── DataError          a measurement is readable but cannot give this result
    ├── StudyError         a request, study.toml or claims.toml is wrong  (exit code 2)
    └── ConvergenceError   a fit or a solver did not arrive

A message is at most three sentences: who needs what, what was found (with value, file and line), what to do.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

_MANY_WORDS = 500  # to compare a name with
_LISTED_WORDS = 40
_LONGEST_WORD = 100  # characters of a name that is compared


class ClosoError(Exception):
    """Base of every error that closo raises on purpose.

    Parameters
    ----------
    message : what was needed and what was found, one sentence.
    file : path of the file concerned.
    where : line, byte, column, or key inside that file ("line 12", "samples.A200.milling").
    hint : what to do, one sentence.

    Example
    -------
    >>> print(ClosoError("The file is empty.", file="a.par", hint="Export it again."))
    a.par: The file is empty. Export it again.
    """

    exit_code = 2

    def __init__(self, message: str, *, file: object = None, where: str | None = None, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.file = None if file is None else str(file)
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        place = ", ".join(p for p in (self.file, self.where) if p)
        text = " ".join(p for p in (self.message, self.hint) if p)
        return f"{place}: {text}" if place else text

    def as_json(self) -> dict[str, str | None]:
        """Return the error as the object that `--json` prints."""
        return {"error": self.message, "file": self.file, "where": self.where, "hint": self.hint}


class ReadError(ClosoError):
    """A file cannot be read or understood."""

    exit_code = 3


class DataError(ClosoError):
    """A measurement was read, but it cannot give the result asked for."""


class StudyError(ClosoError):
    """A request, a study file or a claims file is wrong."""


class ConvergenceError(ClosoError):
    """A fit or a solver did not arrive at an answer."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return a hint that names the nearest known word, or all of them when none is near.

    Example
    -------
    >>> did_you_mean("miling", ["milling", "recipe"])
    "Did you mean 'milling'?"
    """
    words = sorted(known)
    candidates = words
    if len(words) > _MANY_WORDS:  # comparing takes long: only those that begin alike
        candidates = [word for word in words if word[:1] == name[:1] and abs(len(word) - len(name)) <= 2][:_MANY_WORDS]
    near = get_close_matches(name[:_LONGEST_WORD], candidates, n=1, cutoff=0.6)
    if near:
        return f"Did you mean '{near[0]}'?"
    more = f" and {len(words) - _LISTED_WORDS} more" if len(words) > _LISTED_WORDS else ""
    return f"Known: {', '.join(words[:_LISTED_WORDS])}{more}." if words else ""


def with_article(words: str) -> str:
    """Return words with 'a' or 'an' before them.

    Example
    -------
    >>> with_article("anode half cell"), with_article("full cell")
    ('an anode half cell', 'a full cell')
    """
    return f"an {words}" if words[:1] in "aeiou" else f"a {words}"


def counted(number: int, word: str) -> str:
    """Return a number with its noun.

    Example
    -------
    >>> counted(1, "result"), counted(0, "failure"), counted(3, "claim")
    ('1 result', '0 failures', '3 claims')
    """
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
