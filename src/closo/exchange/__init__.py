"""Hand a study over: one archive with raw files, statements, results and tables, and the check of such an archive."""

from closo.exchange.checking import Checked, results_of, unpack, verify_archive
from closo.exchange.crate import write_crate

__all__ = ["Checked", "results_of", "unpack", "verify_archive", "write_crate"]
