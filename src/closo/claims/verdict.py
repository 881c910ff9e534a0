"""A verdict on a claim: one of five words, its reason, and the numbers behind it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from closo.claims.claim import Claim
from closo.quantity import Quantity

Word = Literal["supported", "consistent", "contradicted", "undecided", "no data"]
WORDS: tuple[Word, ...] = ("supported", "consistent", "contradicted", "undecided", "no data")
RESTS_ON = {
    "measured": "measurement",
    "derived": "arithmetic on statements",
    "stated": "statement alone",
    "": "",
}
"""Basis of a verdict -> how it is written."""


@dataclass(frozen=True)
class Verdict:
    """What the results say about a claim."""

    claim: Claim
    verdict: Word
    reason: str  # one or two sentences with the numbers, how they were obtained, and the temperature
    quantities: tuple[Quantity, ...] = ()  # the numbers behind it
    deviation: str = ""  # of a consistent claim, the smallest one that the data would have shown ('±9 %')

    @property
    def basis(self) -> str:
        """What the verdict rests on: 'measured' if a measurement is in it, 'derived' (arithmetic on statements), 'stated'.

        Empty where there is no data.
        """
        bases = {q.basis for q in self.quantities if q.number is not None}
        if self.verdict == "no data" or not bases:
            return ""
        return "measured" if "measured" in bases else "derived" if "derived" in bases else "stated"

    @property
    def text(self) -> str:
        """The verdict as it is printed: 'supported', 'consistent, ±9 %'."""
        return f"{self.verdict}, {self.deviation}" if self.deviation else self.verdict

    def as_json(self) -> dict[str, Any]:
        """Return the object that `--json` prints."""
        return {
            "id": self.claim.id,
            "text": self.claim.text,
            "where": self.claim.where,
            "verdict": self.verdict,
            "deviation": self.deviation or None,
            "basis": self.basis,
            "reason": self.reason,
            "quantities": [quantity.as_json() for quantity in self.quantities],
        }
