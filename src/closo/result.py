"""What an analysis returns: one shape for report, command line, web page and claims."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from closo.quantity import Quantity

if TYPE_CHECKING:
    from closo.dataset import Dataset

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


def _no_curves() -> Dataset:
    from closo.dataset import Dataset

    return Dataset()


@dataclass(frozen=True)
class Result:
    """The outcome of one analysis.

    Attributes
    ----------
    technique : name of the technique or combination ('impedance', 'arrhenius').
    name : what was analysed, e.g. 'a200_30C.par#1'.
    quantities : key -> Quantity; the key is the nomenclature's name, with a suffix where one name occurs more than
        once ('resistance:R1').
    curves : the arrays behind the figure, by the conventions of `dataset` (any dimensions); none when left out. A function
        may be given that opens them; it is called when they are first touched.
    checks : what was tested.
    settings : the choices that led here (circuit, weights, ...), plain JSON values.
    notes : sentences for the reader of the report.
    provenance : stamped by the pipeline.
    """

    technique: str
    name: str
    quantities: Mapping[str, Quantity]
    curves: Dataset = field(default_factory=lambda: _no_curves)  # type: ignore[assignment]
    checks: tuple[Check, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    provenance: Provenance | None = None

    def __post_init__(self) -> None:
        if callable(self.curves):
            object.__setattr__(self, "_open", self.curves)
            object.__delattr__(self, "curves")

    def __getattr__(self, name: str) -> Any:
        """Open the curves when they are first touched."""
        opened = self.__dict__.get("_open")
        if name != "curves" or opened is None:
            raise AttributeError(name)
        object.__setattr__(self, "curves", opened())
        return self.curves

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
