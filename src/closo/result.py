"""What an analysis returns: one shape for report, command line, web page and claims."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from closo.dataset import Dataset
from closo.errors import StudyError, did_you_mean
from closo.quantity import Quantity
from closo.value import Value
from closo.views import as_frame, html_table, quantity_rows, text_table

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

    `result["ionic_conductivity"]` is a `Value` in the unit that closo prints; `result.quantities` holds the same in SI.

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

    def __getitem__(self, key: str) -> Value:
        """Return a quantity in the unit that closo prints.

        Raises
        ------
        StudyError  when there is none of this key; the nearest is suggested.
        """
        if key not in self.quantities:
            raise StudyError(f"'{self.name}' has no quantity '{key}'.", hint=did_you_mean(str(key), self.quantities))
        return Value.of(self.quantities[key])

    def __iter__(self) -> Iterator[str]:
        return iter(self.quantities)

    def __contains__(self, key: object) -> bool:
        return key in self.quantities

    def keys(self) -> list[str]:
        """Return the keys of the quantities."""
        return list(self.quantities)

    _ipython_key_completions_ = keys

    @property
    def failed_checks(self) -> tuple[Check, ...]:
        """The checks that failed."""
        return tuple(check for check in self.checks if check.passed is False)

    def plot(self, panel: int | None = None) -> Any:
        """Draw the result's figure, or one panel of it, and show it in a notebook.

        Parameters
        ----------
        panel : number from 0; all panels when absent.

        Returns
        -------
        The matplotlib axes: one, or a list with one per panel.

        Raises
        ------
        StudyError  when the result has no figure or no such panel.
        """
        import closo  # drawing stands above results

        return closo.plot(self, panel)

    def to_pandas(self) -> Any:
        """Return the quantities as a pandas DataFrame: value, u, unit, interval, method. The arrays are in `curves`."""
        return as_frame(quantity_rows(self.quantities), "pandas").set_index("quantity")

    def to_polars(self) -> Any:
        """Return the quantities as a polars DataFrame.

        Raises
        ------
        StudyError  when polars is not installed.
        """
        return as_frame(quantity_rows(self.quantities), "polars")

    def __str__(self) -> str:
        failed = "".join(f"\n  FAILED {check.name}: {check.detail}" for check in self.failed_checks)
        return f"{self.name} ({self.technique})\n{text_table(self.quantities)}{failed}"

    __repr__ = __str__

    def _repr_html_(self) -> str:
        rows: list[list[Value | str]] = [[key, self[key], self[key].method] for key in self.quantities]
        passed = sum(check.passed is True for check in self.checks)
        said = [f"{check.name} failed: {check.detail}" for check in self.failed_checks]
        below = " ".join([f"{passed} checks passed.", *said])
        return html_table(["quantity", "value", "method"], rows, caption=f"{self.name}: {self.technique}", below=below)
