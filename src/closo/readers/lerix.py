"""Scans of the LERIX spectrometer (APS 20-ID) as the LabVIEW control panel writes them.

Recognised by the names of its analysers, `qIXS-01`, in the header.

Header: lines that begin with `#`. The list below `column headings` names the columns, ` 1) Mono Energy (alt) *`; a `*`
marks what was driven. Used: `Mono Energy (alt) *` [eV], the energy that was commanded (the encoder, `Mono Energy (Enc)`, is
not used: it jumps by many eV between scans), `Scaler preset time *` [s], `I0` or `LRX_I0`, `qIXS-01` ... the counts of the
analysers as they stand. `User Comment` and the date become metadata.

Refused: a scan that drives a motor instead of the energy, and rows that lack columns beyond half of the file.
"""

from __future__ import annotations

import re
from pathlib import Path

from closo.dataset import Dataset
from closo.readers.tools.edges import measurements
from closo.readers.tools.table import read_rows
from closo.readers.tools.text import Text, load, shown

_COLUMN = re.compile(r"(\d+)\) (.+?)(?=\s{2,}|\s+\d+\) |\s*$)")


def read(path: Path) -> tuple[Dataset, ...]:
    """Read a scan.

    Raises
    ------
    ReadError  when it does not run over the energy, or names no columns.
    """
    text = load(path)
    head = [line for line in text.lines if line.startswith("#")]
    named = {int(n): name.strip() for line in head for n, name in _COLUMN.findall(line)}
    names = [named.get(k, "") for k in range(1, len(named) + 1)]
    if not names or "" in names:
        raise text.error("it has no whole list of column headings.", "Copy the scan from the spectrometer again.")
    if not names[0].startswith("Mono Energy"):
        raise text.error(f"the scan drives {shown(names[0], 40)}, not the energy.", "Name the elastic and edge scans.")
    first = next((i for i, line in enumerate(text.lines) if line.strip() and not line.startswith("#")), len(text.lines))
    rows = read_rows(text, range(first, len(text.lines)), " ", wanted=list(range(len(names))), width=len(names))
    if not len(rows.values):
        raise text.error("no rows follow the header.", "The scan may have been stopped before its first point.")
    kept = [k for k, name in enumerate(names) if k == 0 or not name.startswith("Mono Energy")]
    plain = ["energy" if k == 0 else names[k].removesuffix("*").strip().replace("Scaler ", "") for k in kept]
    return measurements(path, plain, rows.values[:, kept], metadata=_stated(text), warnings=rows.warnings)


def _stated(text: Text) -> dict[str, str]:
    """Return the date and the user's comment."""
    stated = {}
    when = re.search(r"Control Panel\s+([\d/]+\s+[\d:]+ ?[AP]?M?)", text.lines[0])
    if when is not None:
        stated["date"] = when[1].strip()
    said = [line.lstrip("# ").strip()[:200] for line in text.lines[:8]]
    if "User Comment:" in said and said[said.index("User Comment:") + 1 :][:1] != [""]:
        stated["comment"] = said[said.index("User Comment:") + 1]
    return stated
