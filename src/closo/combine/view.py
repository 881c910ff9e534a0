"""What a combination sees of a study, and what it says that it wants."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from closo.result import About, Result
from closo.study import Study


@dataclass(frozen=True)
class View:
    """A study and its results up to now.

    Attributes
    ----------
    measured : key -> Result of the single measurements, in the order of the study.
    combined : key -> Result of the combinations that came before in the table; it grows.
    """

    study: Study
    measured: Mapping[str, Result]
    combined: Mapping[str, Result] = field(default_factory=dict)

    @property
    def results(self) -> dict[str, Result]:
        """All results up to now."""
        return {**self.measured, **self.combined}

    def of(self, owner: str, technique: str) -> dict[str, Result]:
        """Return the results of one technique on a sample, powder, specimen or cell, in the order of the study."""
        return {k: r for k, r in self.measured.items() if r.about.owner == owner and r.technique == technique}


@dataclass(frozen=True)
class Wanted:
    """A combined result that a study allows.

    Attributes
    ----------
    key : of the result; the pipeline counts on where it is taken ('KEY 2').
    make : computes it.
    used : keys of the results that it is made from.
    tables : of the study that it is made from; they are part of its fingerprint.
    about : whom it is about.
    """

    key: str
    make: Callable[[], Result]
    used: Sequence[str]
    tables: Sequence[object] = ()
    about: About = About()
