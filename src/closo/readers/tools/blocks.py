"""Several tables side by side under one line of names, as spreadsheets hold them: `f, Z', Z'', f, Z', Z''`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np

from closo.readers.tools.names import understand
from closo.readers.tools.table import cells
from closo.readers.tools.text import Text

Block = tuple[int, ...]  # the positions of its columns


def blocks_of(names: Sequence[str], is_table: Callable[[Sequence[str]], bool]) -> list[Block]:
    """Return the positions of the columns of each table; one table of all columns where nothing is repeated.

    A table begins where the frequency (or time) is named again. Where the frequency is named once and Z' and Z'' are named
    again in the same words, each pair belongs to the one frequency.

    Example
    -------
    >>> def is_table(names):
    ...     return len(names) == 3
    >>> blocks_of(["f", "Z'", "Z''", "f", "Z'", "Z''"], is_table), blocks_of(["f", "Z'", "Z''", "Z'", "Z''"], is_table)
    ([(0, 1, 2), (3, 4, 5)], [(0, 1, 2), (0, 3, 4)])
    """
    whole = [tuple(range(len(names)))]
    known = [understand(name).name for name in names]
    anchor = next((name for name in known if name in ("frequency", "time")), None)
    if anchor is None:
        return whole
    at = [i for i, name in enumerate(known) if name == anchor]
    blocks: list[Block]
    if len(at) > 1:
        blocks = [tuple(range(a, b)) for a, b in pairwise([0, *at[1:], len(names)])]
    else:
        words = [name.strip() for name in names]
        often = Counter(words)
        pairs = [i for i, name in enumerate(known) if name is not None and i > at[0] and often[words[i]] > 1]
        first = [i for i in pairs if words[i] == words[pairs[0]]]
        shared = (at[0],)
        blocks = [shared + tuple(k for k in pairs if a <= k < b) for a, b in pairwise([*first, len(names)])]
    if len(blocks) > 1 and all(is_table([names[k] for k in block]) for block in blocks):
        return blocks
    return whole


def padded(text: Text, lines: range, separator: str, *, width: int) -> Text:
    """Return the text with short rows filled up, as a shorter table beside a longer one leaves them."""
    if separator == " ":
        return text
    changed = list(text.lines)
    for i in lines:
        missing = width - len(cells(changed[i], separator)) if changed[i].strip() and len(changed[i]) < 20_000 else 0
        changed[i] += separator * missing
    return Text(text.path, "\n".join(changed), text.encoding)


def trimmed(columns: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the columns without the empty rows at their end."""
    filled = np.any([np.isfinite(values) for values in columns.values()], axis=0)
    stop = int(np.max(np.flatnonzero(filled), initial=-1)) + 1
    return {name: values[:stop] for name, values in columns.items()}
