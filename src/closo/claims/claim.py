"""A claim, and the kinds of claims there are."""

from __future__ import annotations

from dataclasses import dataclass

from closo.nomenclature import look_up

KINDS = {
    "value": "a quantity has this value",
    "ratio": "how many times a quantity of one sample is that of another, of/to (without a quantity: the conductivity)",
    "decades": "orders of magnitude between two of them, log10(of/to)",
    "difference": "a quantity of one sample minus that of another",
    "maximum": "where a series has its maximum",
    "spread": "largest over smallest value of several samples, as a factor",
    "proportions": "shares of a mixture, such as 6:3:1 by mass",
    "ordering": "each sample is larger (or smaller) than the next",
}
RELATIONS = ("=", ">", "<", "about")
CONVENTIONS = {"sigmaT": "lnsigmaT", "sigma": "lnsigma"}
_RATIOS = {"ratio": "ratio", "decades": "conductivity_ratio"}


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A published number, or a sentence that can be tested."""

    id: str  # its number
    text: str  # what it says
    where: str = ""  # it is printed
    kind: str = "value"  # one of KINDS
    quantity: str = ""  # key of one ('ionic_conductivity', 'activation_energy:lnsigma')
    of: tuple[str, ...] = ()  # samples, specimens or results that it speaks of
    to: str | None = None  # what a ratio or difference refers to
    temperature: str | None = None  # text with a unit; None where the text names none
    value: str | None = None  # a number with a unit, a range '25-40 vol%', or a word (the maximum over silica types)
    relation: str = "="  # or '>', '<', 'about'
    # Text with a unit or in percent; None takes half a unit of the last printed digit ('about': at least 10 %). A bound is
    # meant as it stands; with a tolerance it is that much wider.
    tolerance: str | None = None
    convention: str | None = None  # 'sigmaT' or 'sigma' where an activation energy says so; None judges both
    parts: tuple[
        str, ...
    ] = ()  # of a mixture, in the order of its value '6:3:1'; each ends a key, 'mass_fraction:<part>'
    no_data: str | None = None  # the reason why nobody can judge it here
    note: str = ""
    fault: str | None = None  # why its entry in claims.toml cannot be judged; not a key of the file

    @property
    def name(self) -> str:
        """The nomenclature's name of what is claimed."""
        name = _RATIOS.get(self.kind) or self.quantity.partition(":")[0]
        return "temperature_difference" if self.kind == "difference" and look_up(name).offset else name

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of results to look for: of an activation energy without a stated convention, both; of a mixture, all."""
        if self.kind == "proportions":
            return tuple(f"{self.quantity}:{part}" for part in self.parts)
        if self.kind in _RATIOS and self.quantity in ("", "conductivity_ratio"):
            return ("ionic_conductivity",)
        if self.quantity != "activation_energy":
            return (self.quantity,)
        endings = [CONVENTIONS[self.convention]] if self.convention else list(CONVENTIONS.values())
        return tuple(f"activation_energy:{ending}" for ending in endings)
