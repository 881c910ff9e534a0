"""The readers: instrument file -> measurements. One row of READERS each, recognised by content, not only by name.

Others come through the entry point `closo.readers`. A reader never guesses silently: what it does not understand is a
`ReadError` that names the file, the line or byte, what was found, and what to do.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING

from closo.errors import ReadError, StudyError, did_you_mean

if TYPE_CHECKING:
    from closo.dataset import Dataset

__all__ = ["READERS", "Reader", "read", "sniff"]


@dataclass(frozen=True)
class Reader:
    """One row: how a format is recognised and where it is read.

    Attributes
    ----------
    name : short name, as `--reader` takes it.
    title : instrument and kind of file.
    suffixes : usual endings of the file name (lower case, with dot); a hint, never proof.
    magic : words, of which one must stand in the first 4 kB (decoded leniently); empty for formats without a mark.
    module : holds `read(path) -> tuple[Dataset, ...]` and `looks_like(head: str) -> bool` where `magic` is empty.
    """

    name: str
    title: str
    suffixes: tuple[str, ...]
    magic: tuple[str, ...]
    module: str


READERS: tuple[Reader, ...] = ()
