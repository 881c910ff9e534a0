"""What an analysis returns: one shape for report, command line, web page and claims."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from closo.dataset import Dataset
from closo.quantity import Quantity

__all__ = ["Check", "Provenance", "Result"]


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
    settings : the choices that led here (circuit, weights, ...), plain JSON values.
    notes : sentences for the reader of the report.
    provenance : stamped by the pipeline.
    """

    technique: str
    name: str
    quantities: Mapping[str, Quantity]
    curves: Dataset
    checks: tuple[Check, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    provenance: Provenance | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the object that `--json` prints (without curves)."""
        shown: dict[str, Any] = {
            "technique": self.technique,
            "name": self.name,
            "quantities": [{"key": key} | q.as_json() for key, q in self.quantities.items()],
            "checks": [vars(c) for c in self.checks],
            "settings": dict(self.settings),
            "notes": list(self.notes),
        }
        if self.provenance is not None:
            shown["provenance"] = vars(self.provenance)
        return shown
