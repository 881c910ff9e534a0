"""What a combination sees of a study, and what it says that it wants."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from closo.result import About, Result
from closo.study import Study


@dataclass(frozen=True)
class View:
    """A study and its results up to now."""

    study: Study
    measured: Mapping[str, Result]  # key -> Result of the single measurements, in the order of the study
    combined: Mapping[str, Result] = field(default_factory=dict)  # likewise, of the combinations above it; it grows

    @property
    def results(self) -> dict[str, Result]:
        """All results up to now."""
        return {**self.measured, **self.combined}

    def of(self, owner: str, technique: str) -> dict[str, Result]:
        """Return the results of one technique on a sample, powder, specimen or cell, in the order of the study."""
        return {k: r for k, r in self.measured.items() if r.about.owner == owner and r.technique == technique}


@dataclass(frozen=True)
class Wanted:
    """A combined result that a study allows."""

    key: str  # of the result; the pipeline counts on where it is taken ('KEY 2')
    make: Callable[[], Result]  # computes it
    used: Sequence[str]  # keys of the results that it is made from
    tables: Sequence[object] = ()  # of the study that it is made from; they are part of its fingerprint
    about: About = About()  # whom it is about
