"""claims.toml + results -> a verdict per claim: supported, consistent, contradicted, undecided, or no data."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from closo.claims.claim import KINDS, Claim
    from closo.claims.judging import judge
    from closo.claims.ranges import claimed_range
    from closo.claims.reading import load_claims, read_claims
    from closo.claims.verdict import RESTS_ON, WORDS, Verdict

_HOME = {
    "KINDS": "claim",
    "RESTS_ON": "verdict",
    "WORDS": "verdict",
    "Claim": "claim",
    "Verdict": "verdict",
    "claimed_range": "ranges",
    "judge": "judging",
    "load_claims": "reading",
    "read_claims": "reading",
}

__all__ = ["KINDS", "RESTS_ON", "WORDS", "Claim", "Verdict", "claimed_range", "judge", "load_claims", "read_claims"]


def __getattr__(name: str) -> Any:
    """Import a name when it is first used: to read claims is cheap, to judge them is not."""
    if name not in _HOME:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
