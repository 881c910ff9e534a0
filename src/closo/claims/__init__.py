"""claims.toml + results -> a verdict per claim: supported, consistent, contradicted, undecided, or no data."""

from typing import TYPE_CHECKING

from closo.techniques.lazy import lazily

if TYPE_CHECKING:
    from closo.claims.claim import KINDS, Claim
    from closo.claims.judging import judge
    from closo.claims.ranges import claimed_range
    from closo.claims.reading import load_claims, read_claims
    from closo.claims.verdict import RESTS_ON, WORDS, Verdict

__all__ = ["KINDS", "RESTS_ON", "WORDS", "Claim", "Verdict", "claimed_range", "judge", "load_claims", "read_claims"]
__getattr__ = lazily(  # to read claims is cheap, to judge them is not
    __name__,
    {
        "KINDS": "claim",
        "RESTS_ON": "verdict",
        "WORDS": "verdict",
        "Claim": "claim",
        "Verdict": "verdict",
        "claimed_range": "ranges",
        "judge": "judging",
        "load_claims": "reading",
        "read_claims": "reading",
    },
)
