"""Synthetic studies: one declared truth, written in the vendors' own file formats with realistic errors.

Every file says that it is synthetic. Analysis never sees the truth. A twin proves that closo gets back what went in,
and nothing about any paper. `truth` holds the declared values and their sources.
"""

from __future__ import annotations

from closo.twin.runs import Point, Run, temperature_run
from closo.twin.study import write_study
from closo.twin.truth import Nuisances, Truth

__all__ = ["Nuisances", "Point", "Run", "Truth", "temperature_run", "write_study"]
