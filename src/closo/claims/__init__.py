"""claims.toml + results -> a verdict per claim: supported, consistent, contradicted, undecided, or no data."""

from closo.claims.claim import KINDS, Claim
from closo.claims.judging import judge
from closo.claims.ranges import claimed_range
from closo.claims.reading import load_claims, read_claims
from closo.claims.verdict import RESTS_ON, WORDS, Verdict

__all__ = ["KINDS", "RESTS_ON", "WORDS", "Claim", "Verdict", "claimed_range", "judge", "load_claims", "read_claims"]
