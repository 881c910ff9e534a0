"""Results -> one page that opens anywhere, with figures and tables beside it."""

from closo.report.build import build

__all__ = ["build"]
