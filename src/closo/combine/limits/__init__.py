"""What limits the cells of a study: mechanisms scored against cycles and spectra, and the run that would decide."""

from __future__ import annotations

from closo.combine.limits.analysis import figure, limits
from closo.combine.limits.evidence import Evidence, evidence_of, stack_of

__all__ = ["Evidence", "evidence_of", "figure", "limits", "stack_of"]
