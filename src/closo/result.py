"""What an analysis returns: one shape for report, command line, web page and claims."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from closo.dataset import Dataset
from closo.quantity import Quantity

__all__ = ["About", "Check", "Provenance", "Result"]


@dataclass(frozen=True)
class Check:
    """A test that the data or the analysis passed or failed; shown on the page, not logged.

    Attributes
    ----------
    name : short name, e.g. 'Kramers-Kronig'.
    passed : True, False, or None where it could not be made.
    detail : one sentence with the number found and the limit.
    """

    name: str
    passed: bool | None
    detail: str


@dataclass(frozen=True)
class Provenance:
    """Where a result comes from. Stamped by `pipeline`, never by a reader or technique."""

    inputs: Mapping[str, str]  # file or result name -> sha256
    reader: str
    function: str
    closo_version: str
    time: str  # ISO 8601, UTC


@dataclass(frozen=True)
class About:
    """What a result is about, as the study says; stamped by `pipeline`, never by a technique.

    Attributes
    ----------
    owner : name of the sample, powder, specimen or cell; empty where it is about several.
    kind : which of these the owner is.
    sample : the sample that the owner is, or is made of; empty for a cell, whose electrodes react.
    branch, stage, chamber : of the measurement: heating or cooling, before or after a step, and where.
    """

    owner: str = ""
    kind: str = ""
    sample: str = ""
    branch: str = ""
    stage: str = ""
    chamber: str = ""

    def as_json(self) -> dict[str, str]:
        """Return what is said, without the empty words."""
        return {key: word for key, word in vars(self).items() if word}


@dataclass(frozen=True)
class Result:
    """The outcome of one analysis.

    Attributes
    ----------
    technique : name of the technique or combination ('impedance', 'arrhenius').
    name : what was analysed, e.g. 'a200_30C.par#1'.
    quantities : key -> Quantity; the key is the nomenclature's name, with a suffix where one name occurs more than
        once ('resistance:R1').
    curves : the arrays behind the figure, by the conventions of `dataset` (any dimensions).
    checks : what was tested.
    settings : what was asked (weights, limits, ...), plain JSON values.
    notes : sentences for the reader of the report.
    provenance, about : stamped by the pipeline.
    findings : what came out besides numbers (circuit, event, answer, ranking, ...), plain JSON values.
    """

    technique: str
    name: str
    quantities: Mapping[str, Quantity]
    curves: Dataset
    checks: tuple[Check, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    provenance: Provenance | None = None
    findings: Mapping[str, Any] = field(default_factory=dict)
    about: About = About()

    def as_json(self) -> dict[str, Any]:
        """Return the object that `--json` prints (without curves).

        `settings` holds also what was found and the words of the owner, where scripts have always looked for them.
        """
        owner = {"specimen": self.about.owner} if self.about.kind in ("specimen", "cell") else {}
        words = {key: word for key, word in self.about.as_json().items() if key not in ("owner", "kind")}
        shown: dict[str, Any] = {
            "technique": self.technique,
            "name": self.name,
            "quantities": [{"key": key} | q.as_json() for key, q in self.quantities.items()],
            "checks": [vars(c) for c in self.checks],
            "settings": {**self.findings, **self.settings, **owner, **words},
            "about": self.about.as_json(),
            "findings": dict(self.findings),
            "notes": list(self.notes),
        }
        if self.provenance is not None:
            shown["provenance"] = vars(self.provenance)
        return shown
