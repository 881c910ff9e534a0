"""What an analysis returns: one shape for report, command line, web page and claims."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from closo.errors import StudyError, did_you_mean
from closo.quantity import Quantity, withheld
from closo.value import Value
from closo.views import as_frame, html_table, quantity_rows, text_table

if TYPE_CHECKING:
    from closo.dataset import Dataset


@dataclass(frozen=True)
class Check:
    """A test that the data or the analysis passed or failed; shown on the page, not logged.

    Attributes
    ----------
    name : short name, e.g. 'Kramers-Kronig'.
    passed : True, False, or None where it could not be made.
    detail : one sentence with the number found and the limit.
    judges : what it judges: keys of quantities, or names of the nomenclature for all keys of that name; fields of
        study.toml where it compares statements. Nothing where it speaks of the measurement as a whole.
    hard : it failed by so much that no uncertainty holds what it judges: a `Result` withholds these quantities.
    """

    name: str
    passed: bool | None
    detail: str
    judges: tuple[str, ...] = ()
    hard: bool = False

    @property
    def outcome(self) -> str:
        """What came of it in one word: passed, failed or undecided."""
        return {True: "passed", False: "failed", None: "undecided"}[self.passed]

    def concerns(self, key: str) -> bool:
        """Tell whether the quantity of this key is one that the check judges."""
        return key in self.judges or key.partition(":")[0] in self.judges


@dataclass(frozen=True)
class Provenance:
    """Where a result comes from. Stamped by `pipeline`, never by a reader or technique."""

    inputs: Mapping[str, str]  # file or result name -> sha256
    reader: str
    function: str
    closo_version: str
    time: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))  # ISO 8601


def _no_curves() -> Dataset:
    from closo.dataset import Dataset

    return Dataset()


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

    `result["ionic_conductivity"]` is a `Value` in the unit that closo prints; `result.quantities` holds the same in SI.

    Attributes
    ----------
    technique : name of the technique or combination ('impedance', 'arrhenius').
    name : what was analysed, e.g. 'a200_30C.par#1'.
    quantities : key -> Quantity; the key is the nomenclature's name, with a suffix where one name occurs more than
        once ('resistance:R1').
    curves : the arrays behind the figure, by the conventions of `dataset` (any dimensions); none when left out. A function
        may be given that opens them; it is called when they are first touched.
    checks : what was tested.
    settings : what was asked (weights, limits, ...), plain JSON values.
    notes : sentences for the reader of the report.
    provenance, about : stamped by the pipeline.
    findings : what came out besides numbers (circuit, event, answer, ranking, ...), plain JSON values.
    """

    technique: str
    name: str
    quantities: Mapping[str, Quantity]
    curves: Dataset = field(default_factory=lambda: _no_curves)  # type: ignore[assignment]
    checks: tuple[Check, ...] = field(default_factory=tuple)  # no class attribute, so that __getattr__ is asked
    settings: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = field(default_factory=tuple)
    provenance: Provenance | None = field(default_factory=lambda: None)
    findings: Mapping[str, Any] = field(default_factory=dict)
    about: About = About()

    def __post_init__(self) -> None:
        for check in (c for c in self.failed_checks if c.hard):
            why = f"the check '{check.name}' failed: {check.detail}"
            doubted = {k: q for k, q in self.quantities.items() if q.value is not None and check.concerns(k)}
            lost = {key: withheld(q.name, why, method=q.method) for key, q in doubted.items()}
            object.__setattr__(self, "quantities", {**self.quantities, **lost})
        if callable(self.curves):
            object.__setattr__(self, "_open", self.curves)
            object.__delattr__(self, "curves")

    @classmethod
    def packed(cls, technique: str, name: str, about: About, opened: Callable[[], Result]) -> Result:
        """Return a result of which only this is in memory; `opened` gives all of it, each time that the rest is touched."""
        result = object.__new__(cls)
        result.__dict__.update(technique=technique, name=name, about=about, _opened=opened)
        return result

    def __getattr__(self, name: str) -> Any:
        """Open the curves when they are first touched, and what is packed."""
        if "_opened" in self.__dict__ and name in self.__dataclass_fields__:
            return getattr(self._opened(), name)
        opened = self.__dict__.get("_open")
        if name != "curves" or opened is None:
            raise AttributeError(name)
        object.__setattr__(self, "curves", opened())
        return self.curves

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
