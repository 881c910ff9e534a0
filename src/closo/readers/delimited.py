"""Delimited text: tables of numbers with column names, or with the names given by the user.

The reader for every text file that no other one recognises. Separators: tab, semicolon, comma, blanks; decimal point or
comma; UTF-8, UTF-16, GBK or Latin-1; any lines above the table.

With column names that make a spectrum or a record (at least two of time, potential or voltage, current; see
`names.ALIASES`), the table is read by itself. Units are taken from the names, or the line below or above: `Freq/Hz`,
`Z' (kΩ)`, `Time in hours`, `Voltage#V`, `current_A`, `E / V vs. Na+/Na`, `Seconds`; `-Z''` and `neg. Phase` are the
negative; Neware's Chinese names are known. A name without a unit counts as Hz, ohm, s, V, A, with a warning; a
temperature or capacitance without a unit is not taken, a phase only where its numbers are too large for radians.

A spectrum is the frequency with Z' and Z'', |Z| and the phase, |Y| and the phase (its own: > 0 is capacitive), or two
of Rs, X, Cp, Rp, Cs, Ls, Lp, D, Q, G, B that make an impedance (`immittance`): exactly, with Im Z < 0 capacitive. Where
|Z| stands beside Z' and Z'', they are compared; a table in which they agree in no row is refused. Spectra are split
where the frequency starts again or turns; a range that goes back by less than a factor of 3 stays, with a warning. Rows
at frequency 0 with impedance 0 become a record. Tables side by side under one line of names are all read.

A time may be a number or text: `1:02:03`, `2d 01:02:03`, `2024-03-01 09:00:00` (`clocks`). The total time is taken
before the time of a step; times of steps are added, with a warning. A date beside the time must not run by the factor
of a unit faster or slower (milliseconds under the name of seconds), nor a capacity that is not read count by such a
factor more or less than current and time give.

A direct-current table of at least 10 rows gets its kind from the numbers, by the rule in `direct`: what is constant,
what is swept, whether the current changes sign or rests. A warning names the kind and the reason. Where the rule does
not decide, it is a 'record'. More than 100 V in most rows, or more than 1 % of the rows of a cycling record without a
number, is a failed check. Current > 0 charges: '-current' in
`columns` where the file has it the other way round. A current that is never negative gets its sign from a column of
words that say charge or discharge in every row with a current, with a warning. Of one quantity in two units the first
counts; the two must not differ by the factor of a unit.

With `columns` ('frequency[kHz],impedance_real,-impedance_imag,_', 'wavenumber,absorbance') any table of numbers is read:
one name per column of the file, in the SI unit or with a unit in brackets, '-' where the file holds the negative, '_'
for a column to skip.
Lines above the first row of numbers are passed over. The kind of a direct-current table may stand before the names, or
alone where the file names its columns: 'voltammetry: time,potential,current', 'voltammetry:'.

Refused: no known names and no `columns` (the message says what is known and proposes the text to paste, where one
works), another number of columns than named, units closo does not know (ohm cm2 is not a resistance), columns that are
needed and hold words (of a signal or a time: in more than one of ten cells), numbers with a thousands separator, tables
that lose most of their rows, JSON, XML and HTML.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from closo.dataset import KINDS, Dataset
from closo.readers.tools.columns import Column, from_request
from closo.readers.tools.direct import kind_of, short_name
from closo.readers.tools.named import Table, find_header, is_spectrum, named_tables
from closo.readers.tools.parts import Part, finish, split_ac_dc, split_sweeps
from closo.readers.tools.proposals import unnamed
from closo.readers.tools.reading import SIGNALS
from closo.readers.tools.requested import kind_said, read_requested
from closo.readers.tools.text import Text, load

__all__ = ["asked", "parts_of_table", "read", "read_named", "read_text", "unnamed"]

_MARKUP = (
    ("{", "JSON"),
    ("[{", "JSON"),
    ("<?xml", "XML"),
    ("<!DOCTYPE", "HTML"),
    ("<html", "HTML"),
    ("EC-LAB SETTING FILE", "an EC-Lab file of settings"),
)


def read(path: Path, *, columns: str | None = None) -> tuple[Dataset, ...]:
    """Read a table; `columns` names its columns where the file does not.

    Raises
    ------
    ReadError  when the file is not such a table.
    StudyError  when `columns` itself is wrong.
    """
    if columns is not None:
        asked(columns)  # what is wrong with it is said before the file is opened
    return read_text(load(path), columns=columns)


def asked(columns: str | None) -> tuple[str | None, tuple[int, dict[str, Column]] | None]:
    """Return the kind and the columns that the user names, None where he does not.

    Raises
    ------
    StudyError  when a kind, a name or a unit is unknown.
    """
    kind, names = (None, None) if columns is None else kind_said(columns)
    return kind, None if names is None else from_request(names)


def read_text(text: Text, *, columns: str | None = None) -> tuple[Dataset, ...]:
    """Read a table from its text; otherwise as `read`."""
    kind, request = asked(columns)
    for mark, what in _MARKUP:
        if text.content[:100].lstrip().startswith(mark):
            raise text.error(
                f"this is {what}, not a table of columns.", "Export the measurement as CSV with column names."
            )
    if "\n_cell_length_a" in text.content[:100_000]:
        raise text.error(
            "this is a CIF file, a crystal structure and not a table of columns.",
            "Name it where a pattern is analysed (--set phases=FILE.cif); save a pattern that it holds as .xy.",
        )
    if request is not None:
        read, first = read_requested(text, request[0], list(request[1].values()))
        return finish(text, parts_of_table(read.columns, first, kind=kind), warnings=read.warnings)
    if find_header(text) is None:
        raise unnamed(text)
    return read_named(text, kind=kind)


def read_named(
    text: Text,
    *,
    technique: str = "EIS",
    metadata: Mapping[str, Any] | None = None,
    suggestions: Mapping[str, Any] | None = None,
    units_known: bool = False,
    kind: str | None = None,
) -> tuple[Dataset, ...]:
    """Read every table of a text whose columns are named; a table may repeat its line of names for each spectrum.

    `kind`: of direct-current tables, where it is known; judged by the numbers when absent.

    Raises
    ------
    ReadError  when no line names the columns, or no rows follow.
    """
    header = find_header(text)
    if header is None:
        raise text.error("no line of known column names was found.", "Export it again with column names.")
    repeated = text.content.count(text.lines[header]) > 1
    headers = (
        [i for i in range(header, len(text.lines)) if text.lines[i] == text.lines[header]] if repeated else [header]
    )
    parts: list[Part] = []
    warnings: list[str] = []
    unused: tuple[str, ...] = ()
    for begin, end in zip(headers, [*headers[1:], len(text.lines)], strict=True):
        for table in named_tables(text, begin, end=end, units_known=units_known):
            found = parts_of_table(table.columns, begin, technique=technique, kind=kind)
            parts += [_labelled(part, table) for part in found]
            warnings += [w for w in table.warnings if w not in warnings]
            unused = table.unused
    stated = dict(metadata or {}) | ({"columns_not_used": list(unused)} if unused else {})
    return finish(text, parts, metadata=stated, suggestions=suggestions, warnings=warnings)


def parts_of_table(
    columns: dict[str, np.ndarray], line: int, *, technique: str = "EIS", kind: str | None = None
) -> list[Part]:
    """Return the spectra and records of one table; `kind` as the user says it, else by the rule in `direct`."""
    if kind is not None:
        return [Part(kind, short_name(kind), columns, line, {"current_sign": "positive charges"})]
    along = next((row for row in KINDS.values() if row.dims[0] in columns), None)
    if along is not None:  # a pattern or spectrum along an axis of its own
        return [Part(along.name, along.meaning, columns, line)]
    if not is_spectrum(columns):
        kind, short, reason = kind_of(columns)
        warnings = (f"Taken as '{kind}': {reason}.",) if reason else ()
        metadata = {"current_sign": "positive charges"} if reason else {}
        return [Part(kind, short, columns, line, metadata, warnings)]
    parts = []
    for alternating, run in split_ac_dc(columns):
        if alternating:
            parts += [Part("impedance", technique, sweep, line) for sweep in split_sweeps(run)]
        else:
            direct = {n: v for n, v in run.items() if not n.startswith(("impedance", "frequency", "phase"))}
            parts.append(Part("record", "record", direct, line))
    return parts


def _labelled(part: Part, table: Table) -> Part:
    """Return a part with what its table says about it: label, reference of the potential, and what was not recognised."""
    said = {"label": table.label, "reference_electrode": table.reference}
    warnings = part.warnings
    lacks = [" or ".join(group) for group in (SIGNALS[:2], SIGNALS[2:]) if not set(group) & set(part.columns)]
    if part.kind != "impedance" and lacks and table.unused:
        warnings += (f"No {' and no '.join(lacks)} was recognised; not used: {', '.join(table.unused)[:300]}.",)
    metadata = dict(part.metadata) | {key: value for key, value in said.items() if value}
    return replace(part, metadata=metadata, warnings=warnings)
