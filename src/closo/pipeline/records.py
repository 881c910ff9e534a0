"""What the pipeline hands back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from closo.errors import ClosoError, StudyError, did_you_mean
from closo.result import Result
from closo.study import Problem, Study

__all__ = ["Analysis", "Failure", "Obtained", "Outcome", "Problem"]


@dataclass(frozen=True)
class Failure:
    """Something that gave no result, and why; the rest went on.

    Attributes
    ----------
    key : of the result that is missing ('pellet1/impedance/a.par#3'), or of the measurement where the whole file is bad.
    error : the sentence, with file and line.
    """

    key: str
    error: ClosoError


@dataclass
class Obtained:
    """Results on their way: filled by the loop that computes or finds them."""

    results: dict[str, Result] = field(default_factory=dict)
    fingerprints: dict[str, str] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)
    computed: int = 0
    cached: int = 0


@dataclass(frozen=True)
class Analysis:
    """The results of a study.

    Attributes
    ----------
    results : key -> Result: '<specimen>/<technique>/<file>#<part>', '<specimen>/arrhenius', '<sample>/conductivity',
        'series/<name>'.
    failures : what gave no result.
    notes : what was left out on purpose, one sentence each.
    computed, cached : how many results were computed now, and how many were on disk already.
    waiting : key of a result, or of a measurement whose file has not been read -> why it is not among the results:
        'not computed yet', or 'changed since it was computed'. Only `recall` leaves any.
    fingerprints : key -> hash of what a result was computed from.
    """

    study: Study
    results: Mapping[str, Result]
    failures: tuple[Failure, ...] = ()
    notes: tuple[str, ...] = ()
    computed: int = 0
    cached: int = 0
    waiting: Mapping[str, str] = field(default_factory=dict)
    fingerprints: Mapping[str, str] = field(default_factory=dict)

    def result(self, key: str) -> Result:
        """Return the result of a key.

        Raises
        ------
        StudyError  when there is none: it is still to be computed, or the study does not ask for it.
        """
        if key in self.results:
            return self.results[key]
        late = (why for start, why in self.waiting.items() if key.startswith(start) or start == "all results")
        why = next((f"is not there: {why}" for why in late), None)
        hint = "`closo analyse` computes it." if why else did_you_mean(key[:200], self.results)
        raise StudyError(f"'{key[:200]}' {why or 'is not a result of this study'}.", hint=hint)


@dataclass(frozen=True)
class Outcome:
    """One measurement of a loose file: a result, or the error instead.

    Attributes
    ----------
    part : number inside the file; None where the file itself cannot be used.
    skipped : True for a file of a folder that no reader recognises and whose name promises nothing; `error` says so.
    """

    file: Path
    part: int | None = None
    result: Result | None = None
    error: ClosoError | None = None
    skipped: bool = False
