"""From a study to its results: `check` it, `analyse` it; or `run` a technique on loose files.

The only place that calls readers, techniques and combinations together, stamps where results come from, and records
errors instead of raising them.
"""

from closo.combine.auditing import audit_study
from closo.pipeline.analysis import Progress, analyse, judge
from closo.pipeline.checking import check
from closo.pipeline.combining import figure, headline
from closo.pipeline.loose import run
from closo.pipeline.records import Analysis, Failure, Outcome, Problem

__all__ = [
    "Analysis",
    "Failure",
    "Outcome",
    "Problem",
    "Progress",
    "analyse",
    "audit_study",
    "check",
    "figure",
    "headline",
    "judge",
    "run",
]
