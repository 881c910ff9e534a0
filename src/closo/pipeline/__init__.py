"""From a study to its results: `check` it, `analyse` it; or `run` a technique on loose files.

The only place that calls readers, techniques and combinations together, stamps where results come from, and records
errors instead of raising them. A name is imported when it is first used: who reads results need not wait for what makes
them.
"""

from typing import TYPE_CHECKING

from closo.techniques.lazy import lazily

if TYPE_CHECKING:
    from closo.pipeline.analysis import analyse as analyse
    from closo.pipeline.checking import check as check
    from closo.pipeline.combining import figure as figure
    from closo.pipeline.combining import headline as headline
    from closo.pipeline.combining import main_quantities as main_quantities
    from closo.pipeline.jobs import Job as Job
    from closo.pipeline.jobs import compute as compute
    from closo.pipeline.loose import outcome_of as outcome_of
    from closo.pipeline.loose import run as run
    from closo.pipeline.recalling import judge as judge
    from closo.pipeline.recalling import recall as recall
    from closo.pipeline.records import Analysis as Analysis
    from closo.pipeline.records import Failure as Failure
    from closo.pipeline.records import Outcome as Outcome
    from closo.pipeline.records import Problem as Problem
    from closo.pipeline.verifying import Verification as Verification
    from closo.pipeline.verifying import verify as verify

__getattr__ = lazily(
    __name__,
    {
        "Analysis": "records",
        "Failure": "records",
        "Job": "jobs",
        "Outcome": "records",
        "Problem": "records",
        "Verification": "verifying",
        "analyse": "analysis",
        "check": "checking",
        "compute": "jobs",
        "figure": "combining",
        "headline": "combining",
        "judge": "recalling",
        "main_quantities": "combining",
        "outcome_of": "loose",
        "recall": "recalling",
        "run": "loose",
        "verify": "verifying",
    },
)
