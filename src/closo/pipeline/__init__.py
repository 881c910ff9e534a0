"""From a study to its results: `check` it, `analyse` it; or `run` a technique on loose files.

The only place that calls readers, techniques and combinations together, stamps where results come from, and records
errors instead of raising them. A name is imported when it is first used: who reads results need not wait for what makes
them.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from closo.combine.auditing import audit_study
    from closo.pipeline.analysis import Progress, analyse
    from closo.pipeline.checking import check
    from closo.pipeline.combining import figure, headline, main_quantities
    from closo.pipeline.jobs import Job, compute
    from closo.pipeline.loose import outcome_of, run
    from closo.pipeline.recalling import judge, recall
    from closo.pipeline.records import Analysis, Failure, Outcome, Problem
    from closo.pipeline.verifying import Verification, verify

__all__ = [
    "Analysis",
    "Failure",
    "Job",
    "Outcome",
    "Problem",
    "Progress",
    "Verification",
    "analyse",
    "audit_study",
    "check",
    "compute",
    "figure",
    "headline",
    "judge",
    "main_quantities",
    "outcome_of",
    "recall",
    "run",
    "verify",
]

_HOME = {
    "Progress": "analysis",
    "analyse": "analysis",
    "check": "checking",
    "figure": "combining",
    "headline": "combining",
    "main_quantities": "combining",
    "Job": "jobs",
    "compute": "jobs",
    "judge": "recalling",
    "outcome_of": "loose",
    "recall": "recalling",
    "run": "loose",
    "Verification": "verifying",
    "verify": "verifying",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    if name == "audit_study":
        return importlib.import_module("closo.combine.auditing").audit_study
    return getattr(importlib.import_module(f"{__name__}.{_HOME.get(name, 'records')}"), name)
