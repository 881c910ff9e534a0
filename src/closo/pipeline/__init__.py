"""From a study to its results: `check` it, `analyse` it; or `run` a technique on loose files.

The only place that calls readers, techniques and combinations together, stamps where results come from, and records
errors instead of raising them. A name is imported when it is first used: who reads results need not wait for what makes
them.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from closo.pipeline.analysis import Progress, analyse
    from closo.pipeline.auditing import audit_study
    from closo.pipeline.checking import check
    from closo.pipeline.combining import figure
    from closo.pipeline.loose import run
    from closo.pipeline.recalling import judge, recall
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
    "judge",
    "recall",
    "run",
]

_HOME = {
    "Progress": "analysis",
    "analyse": "analysis",
    "audit_study": "auditing",
    "check": "checking",
    "figure": "combining",
    "judge": "recalling",
    "recall": "recalling",
    "run": "loose",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    return getattr(importlib.import_module(f"{__name__}.{_HOME.get(name, 'records')}"), name)
