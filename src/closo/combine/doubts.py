"""Numbers that failed a check, marked, so that what is computed from them can be told.

A mark is one more source of uncertainty, `doubt:KEY` with the key of the result, far below the digits of the number: it goes
wherever the number goes. A combination gets its inputs marked, and its own numbers are freed of the marks and judged.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import fields, replace
from functools import partial
from typing import Any, TypeVar

from closo.number import u_of, value_of
from closo.quantity import Number, Quantity, uncertain
from closo.result import Check, Result

_MARK = "doubt:"
_SMALL = 1e-12  # u of a mark over the value
Marked = TypeVar("Marked", Quantity, Number)


def marked(results: Mapping[str, Result]) -> tuple[dict[str, Result], dict[str, str]]:
    """Return results whose numbers that failed a check are marked with their keys; and key -> names of these checks."""
    found, why = dict(results), {}
    for key, result in results.items():
        failed = [c for c in result.failed_checks if any(map(c.concerns, result.quantities))]
        if not failed:
            continue
        why[key] = ", ".join(check.name for check in failed)
        wrong = {k for k in result.quantities if any(check.concerns(k) for check in failed)}
        quantities = {k: with_marks(q, {key}) if k in wrong else q for k, q in result.quantities.items()}
        others = (
            f.name for f in fields(result) if f.name not in ("quantities", "curves")
        )  # `replace` opens the curves
        open_curves: Any = partial(getattr, result, "curves")
        found[key] = Result(**{n: getattr(result, n) for n in others}, quantities=quantities, curves=open_curves)
    return found, why


def with_marks(found: Marked, keys: Collection[str]) -> Marked:
    """Return a number or quantity with these marks beside those that it has."""
    if not keys:
        return found
    if isinstance(found, Quantity):
        return found if found.number is None else replace(found, number=with_marks(found.number, keys))
    size = _SMALL * (abs(value_of(found)) or u_of(found) or 1.0)
    return found + uncertain(0.0, {f"{_MARK}{key}": size for key in keys})


def _without_marks(quantity: Quantity) -> Quantity:
    stored = quantity.as_stored()
    kept = {label: source for label, source in stored["sources"].items() if not is_mark(label)}
    return Quantity.from_stored({**stored, "sources": kept})


def is_mark(label: str) -> bool:
    """Tell whether a source of uncertainty is a mark."""
    return label.startswith(_MARK)


def marks_of(*found: Quantity | Number | None) -> set[str]:
    """Return the keys that numbers or quantities are marked with."""
    quantities = (q if isinstance(q, Quantity) else Quantity("ratio", q) for q in found if q is not None)
    labels = (label for q in quantities for label in q.as_stored().get("sources", {}))
    return {label.removeprefix(_MARK) for label in labels if is_mark(label)}


def fitted(made: Result, to: Collection[str]) -> Result:
    """Return a result whose numbers were all fitted to numbers with these marks, with the marks."""
    return replace(made, quantities={key: with_marks(q, to) for key, q in made.quantities.items()}) if to else made


def judged(made: Result, why: Mapping[str, str], rests_on: Collection[str] = ()) -> Result:
    """Return a combined result without marks; a failed check `input` judges what was computed from marked numbers.

    Parameters
    ----------
    why : key -> names of the checks that failed, of `marked`.
    rests_on : marks of what its findings rest on; the check is there for them even where it judges no number.
    """
    doubts = {k: keys for k, q in made.quantities.items() if why and (keys := marks_of(q))}
    keys = set(rests_on).union(*doubts.values())
    if not keys:
        return made
    found = {k: _without_marks(q) if k in doubts else q for k, q in made.quantities.items()}
    judges = doubts.keys() | {k.partition(":")[0] for k in doubts}
    said = "; ".join(f"{key} ({why[key]})" for key in sorted(keys))
    detail = f"it is made of numbers that failed a check: {said}"
    check = Check("input", False, detail, tuple(k for k in found if k in judges))
    return replace(made, quantities=found, checks=(*made.checks, check))
