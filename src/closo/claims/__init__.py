"""claims.toml + results -> a verdict per claim: supported, contradicted, not identifiable, or no data."""

from closo.claims.judging import RESTS_ON, Verdict, judge
from closo.claims.reading import KINDS, Claim, claimed_range, load_claims

__all__ = ["KINDS", "RESTS_ON", "Claim", "Verdict", "claimed_range", "judge", "load_claims"]
