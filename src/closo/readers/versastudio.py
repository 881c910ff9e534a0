"""VersaStudio .par (Princeton Applied Research / AMETEK: PMC, PARSTAT, VersaSTAT).

Recognised by `Name=VersaStudio` in the first section.

Structure: text sections `<Name> ... </Name>` of `key=value` lines, UTF-8 or Latin-1, CR LF or LF; single lines of up to
48 kB (calibration, window layout) and XML at the end are passed over. `<Application>`, `<Instrument>`, `<Experiment>`:
software, instrument, date. `<Action0>` (Common): comment, area, mass, open circuit. `<ActionN>`: what was done. One
`<Segment1>` may hold the rows of all actions; several such sections are read one after the other. In each, `Definition=`
names the columns, and the rows follow, separated by commas; by semicolons or tabs, with a decimal comma, where Windows has
it so.

Columns used: `Segment #` (splits the file into measurements), `E(V)` potential [V], `I(A)` current [A], `Elapsed Time(s)`
time [s], `Frequency(Hz)` [Hz], `Z Real`, `Z Imag` [ohm, negative when capacitive], `E Real`, `E Imag` [V], `I Real`, `I
Imag` [A], `ActionId`. Rows with a frequency are impedance, all others are DC. ActionId 21 is a potentiostatic impedance,
3 chronoamperometry, 38 cyclic voltammetry, 41 open circuit; for other ids the name of the action decides, and without one
the kind is 'record', with the id in the title. `Current Range` becomes current_range [A] of DC rows: code 5 is 2 mA in
real files, each step a factor of 10 (4 is 20 mA). `Current (A)` of a galvanostatic action becomes set_current [A], in
files where it is stated, and `E Applied(V)` set_potential [V]. I > 0 oxidises the working electrode: it charges the cell.

Cycling: a file with two or more galvanostatic segments (Chronopotentiometry, Constant Current, charge, discharge) gives one
part of kind 'cycling' instead of its single DC parts. It holds the rows of all segments but voltammograms in file order,
rests, constant potentials and spectra included, with `step` = segment number and `frequency` > 0 in the rows of a spectrum.
Spectra and voltammograms are parts of their own beside it.

Uncalibrated: the impedance in a .par is the raw quotient E/I; the vendor's manual calls it un-calibrated and gives
calibrated values only by copy and paste from the data view. `uncalibrated` is therefore True. Z is compared with E/I.

Suggestions only: area and mass of the header (1 cm2 and 0 g are the software's defaults).

Refused: no `<Segment>` section, no `Definition`, no rows, rows that are not text ('Save New Data to Binary File'), decimal
commas between commas.
A file that ends inside the section is cut off: its complete rows are kept, with a warning.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

from closo.dataset import Dataset
from closo.readers.par_actions import explained, full_scale, id_of, kind_of, named_kind, with_cycling, with_set_current
from closo.readers.tools.bulk import read_rows
from closo.readers.tools.parts import Part, finish, runs, split_ac_dc
from closo.readers.tools.table import numeric_cells
from closo.readers.tools.text import Text, load, shown

_COLUMNS = {  # column of the file -> name in a Part; the last six are only compared or used to split
    "E(V)": "potential",
    "I(A)": "current",
    "Elapsed Time(s)": "time",
    "Frequency(Hz)": "frequency",
    "Z Real": "impedance_real",
    "Z Imag": "impedance_imag",
    "E Real": "e_real",
    "E Imag": "e_imag",
    "I Real": "i_real",
    "I Imag": "i_imag",
    "Segment #": "segment",
    "ActionId": "action",
    "Current Range": "current_range",
    "E Applied(V)": "set_potential",
}
_SPECTRUM_COLUMNS = ("frequency", "impedance_real", "impedance_imag")
_SETTINGS = ("current_range", "set_current", "set_potential")
_DC_COLUMNS = ("potential", "current", "time", *_SETTINGS)
_HEADER = r"Application|Instrument|Experiment|Action\d+"
_BINARY = "In VersaStudio switch off 'Save New Data to Binary File', or copy the columns of the data view as text."
_POINT = "Set the decimal sign of Windows to a point and save the file again in VersaStudio."


def read(path: Path) -> tuple[Dataset, ...]:
    """Read all measurements of a .par file."""
    text = load(path, allow_binary=True)
    sections = _sections(text)
    header = {name: _pairs(text, rows) for name, rows in sections if re.fullmatch(_HEADER, name)}
    tables = [rows for name, rows in sections if re.fullmatch(r"Segment\d+", name)]
    if not tables:
        raise text.error(
            "there is no <Segment> section, which holds the data.",
            "Is this a complete VersaStudio .par? Copy it again.",
        )
    measured: list[dict[str, np.ndarray]] = []
    warnings: list[str] = []
    for rows in tables:
        columns, told = _table(text, rows, binary="DataFormat=Binary" in text.content)
        warnings += told
        measured += _segments(columns)
    if not measured:
        raise text.error(
            "the file has a header but no rows of data.",
            "The run was stopped before its first point, or saved too early: save it again in VersaStudio.",
            line=tables[0].start,
        )
    actions = _actions(header, len(measured))
    if actions and not any(actions):
        actions = _recognised(header, measured, warnings)
    parts: list[Part] = []
    measured = with_set_current(measured, actions)
    for columns, action in zip(measured, actions, strict=True):
        parts += _parts(columns, action, tables[0].start)
    parts = with_cycling(parts, measured, actions)
    suggestions = _suggestions(header.get("Action0", {}))
    return finish(text, parts, metadata=_metadata(header), suggestions=suggestions, warnings=warnings)


def _sections(text: Text) -> list[tuple[str, range]]:
    """Return (name, lines) of every section; a section without an end goes to the end of the file."""
    found = []
    name, start = "", 0
    for i, line in enumerate(text.lines):
        if not line.startswith("<") or len(line) > 40:
            continue
        match = re.fullmatch(r"<(/?)([A-Za-z]+\d*)>\s*", line)
        if match is None:
            continue
        if match[1]:
            if match[2] == name:
                found.append((name, range(start, i)))
                name = ""
        elif not name or match[2].startswith("Segment"):  # the end mark of the section before may be damaged
            if name:
                found.append((name, range(start, i)))
            name, start = match[2], i + 1
    if name:
        found.append((name, range(start, len(text.lines))))
    return found


def _pairs(text: Text, rows: range) -> dict[str, str]:
    """Return the key=value lines of a section; lines without '=' continue the value before (comments)."""
    found: dict[str, str] = {}
    key = ""
    for i in rows:
        line = text.lines[i]
        if "=" in line[:80]:
            key, _, value = line[:2000].partition("=")
            found[key.strip()] = value.strip()
        elif key and line.strip():
            found[key.strip()] += "\n" + line[:2000].strip()
    return found


def _table(text: Text, rows: range, *, binary: bool) -> tuple[dict[str, np.ndarray], list[str]]:
    """Read the rows of one <Segment> section."""
    definition = next((i for i in rows if text.lines[i].startswith("Definition=")), None)
    if definition is None:
        raise text.error("the <Segment> section has no 'Definition=' line.", "Copy the file again.", line=rows.start)
    title = text.lines[definition][11:20_000]
    names = [n.strip() for n in title.split(next((s for s in ";\t" if s in title), ","))]
    first = next((i for i in range(definition + 1, rows.stop) if _is_data(text.lines[i])), None)
    if first is None:
        return {}, []
    line = text.lines[first]
    separator = max(",;\t", key=lambda one: numeric_cells(line, one))
    if numeric_cells(line, separator) < 3:
        advice = _BINARY if binary else "Copy the file again; if it was saved in binary form: " + _BINARY
        raise text.error(f"the rows of data are not text: {shown(line)}.", advice, line=first)
    width = line.count(separator) + 1
    if width not in (len(names), len(names) - 1):  # the list of names ends with a '0' that has no column
        commas = separator == "," and width > len(names) and "." not in line
        advice = f"Are these decimal commas between commas? {_POINT}" if commas else "Copy the file again."
        raise text.error(f"{len(names)} columns are named, but the row has {width}.", advice, line=first)
    wanted = {n: names.index(n) for n in _COLUMNS if n in names and names.index(n) < width}
    spectral = {"Frequency(Hz)", "Z Real", "Z Imag"}
    direct = {"E(V)", "I(A)", "Elapsed Time(s)"}
    if not (spectral <= set(wanted) or (direct <= set(wanted) and not spectral & set(wanted))):
        raise text.error(
            f"the columns are not those of a measurement: {shown(', '.join(names), 80)}.",
            "Copy the file again.",
            line=definition,
        )
    order = sorted(wanted, key=lambda n: wanted[n])
    read_in = read_rows(text, range(first, rows.stop), separator, wanted=[wanted[n] for n in order], width=width)
    warnings = list(read_in.warnings)
    if rows.stop == len(text.lines):
        warnings.append("The file ends before </Segment>: it is cut off, and rows may be missing.")
    columns = {_COLUMNS[n]: read_in.values[:, k] for k, n in enumerate(order)}
    if "current_range" in columns:
        columns |= full_scale(columns.pop("current_range"))
    return columns, warnings


def _is_data(line: str) -> bool:
    return bool(line.strip()) and not re.match(r"[A-Za-z ]+=", line)


def _segments(columns: dict[str, np.ndarray]) -> list[dict[str, np.ndarray]]:
    """Return the columns of each run of one segment number."""
    n = max((len(v) for v in columns.values()), default=0)
    number = columns.get("segment", np.zeros(n))
    return [{name: values[rows] for name, values in columns.items()} for rows in runs(number)]


def _actions(header: dict[str, dict[str, str]], segments: int) -> list[dict[str, str]]:
    """Return the settings behind each segment; empty ones where the actions do not fit the segments one to one."""
    numbered = sorted((int(n[6:]), values) for n, values in header.items() if re.fullmatch(r"Action\d{1,6}", n))
    found: list[dict[str, str]] = []
    for number, action in numbered:
        if number == 0 or action.get("Name", "") in ("Common", "DAC Control"):
            continue
        count = action.get("Segments", "1")
        found += [action] * (int(count) if count.isdecimal() and len(count) < 4 else 1)
    return found if len(found) == segments else [{}] * segments


def _recognised(
    header: dict[str, dict[str, str]], measured: list[dict[str, np.ndarray]], warnings: list[str]
) -> list[dict[str, str]]:
    """Return the name of the action behind each segment, where a loop keeps them from fitting one to one.

    A segment whose id is not known gets the only name that no known id explains; without such a name it gets none.
    """
    names = {values.get("Name", "") for section, values in header.items() if re.fullmatch(r"Action\d{1,6}", section)}
    unexplained = sorted(name for name in names if named_kind(name) and not explained(name))
    unknown = [kind_of(columns, {})[0] == "record" and not np.any(columns.get("frequency", 0)) for columns in measured]
    if len(unexplained) != 1 or not any(unknown):
        return [{}] * len(measured)
    warnings.append(
        f"The actions do not fit the segments one to one (a loop?): {sum(unknown)} of {len(measured)} segments are taken "
        f"for '{unexplained[0]}', the only action whose id is not known."
    )
    return [{"Name": unexplained[0]} if new else {} for new in unknown]


def _parts(columns: dict[str, np.ndarray], action: dict[str, str], line: int) -> list[Part]:
    """Return the measurements of one segment: one, or more where rows with and without a frequency follow each other."""
    number, name = id_of(columns), action.get("Name", "")
    metadata: dict[str, Any] = {} if number is None else {"action_id": number}
    if action:
        metadata |= {"action": name, "settings": {k: v for k, v in action.items() if k != "Name"}}
    parts = []
    for alternating, run in split_ac_dc(columns) if "frequency" in columns else [(False, columns)]:
        direct = {n: v for n, v in run.items() if n in _DC_COLUMNS}
        if alternating:
            spectrum = {n: run[n] for n in (*_SPECTRUM_COLUMNS, *direct) if n not in _SETTINGS}
            told, failed = _quotient(run)
            said: dict[str, Any] = {"metadata": metadata, "warnings": told, "failed_checks": failed}
            parts.append(Part("impedance", _ac_name(number, name), spectrum, line, uncalibrated=True, **said))
        else:
            signed = {"current_sign": "positive charges"} if "current" in direct else {}
            parts.append(Part(*kind_of(columns, action), direct, line, metadata | signed))
    return parts


def _ac_name(number: int | None, name: str) -> str:
    if number == 21 or "Potentiostatic EIS" in name:
        return "PEIS"
    return "GEIS" if "Galvanostatic EIS" in name else "EIS"


def _quotient(run: dict[str, np.ndarray]) -> tuple[tuple[str, ...], tuple[dict[str, str], ...]]:
    """Compare the stored impedance with E/I: return a sentence where rows differ, a failed check where all do by 1 %."""
    if not {"e_real", "e_imag", "i_real", "i_imag"} <= set(run):
        return (), ()
    with np.errstate(all="ignore"):
        stored = run["impedance_real"] + 1j * run["impedance_imag"]
        quotient = (run["e_real"] + 1j * run["e_imag"]) / (run["i_real"] + 1j * run["i_imag"])
        off = np.abs(stored / quotient - 1.0)
        ratio = float(np.nanmedian(np.abs(stored / quotient))) if len(stored) else 1.0
    finite = np.isfinite(off)
    off = np.where(finite, off, 0.0)
    if not np.any(off > 1e-4):
        return (), ()
    if finite.sum() > 2 and np.all(off[finite] > 0.01):
        detail = f"Z differs from E/I in all {int(finite.sum())} rows: |Z| is {ratio:.3g} times |E/I| (limit 1 %)"
        return (), ({"name": "Z against E/I", "detail": detail},)
    worst = int(np.argmax(off))
    return (
        f"Z differs from E/I in {int(np.sum(off > 1e-4))} of {len(off)} rows, by up to {off[worst]:.2g} of |Z| "
        f"(at {run['frequency'][worst]:.6g} Hz): the file may have been changed after the measurement.",
    ), ()


def _metadata(header: dict[str, dict[str, str]]) -> dict[str, Any]:
    """Return what the header states."""
    application, instrument = header.get("Application", {}), header.get("Instrument", {})
    experiment, common = header.get("Experiment", {}), header.get("Action0", {})
    found = {
        "software": f"VersaStudio {application.get('Version', '')}".strip(),
        "instrument": " ".join(v for v in (instrument.get("Type"), instrument.get("Model")) if v),
        "serial_number": instrument.get("SN"),
        "date": " ".join(v for v in (experiment.get("DateAcquired"), experiment.get("TimeAcquired")) if v),
        "comment": common.get("Comment"),
        "open_circuit": common.get("Measured Open Circuit"),
        "reference_electrode": common.get("Reference Electrode"),
    }
    return {k: v for k, v in found.items() if v}


def _suggestions(common: dict[str, str]) -> dict[str, dict[str, str]]:
    """Return area and mass of the header with where they come from; the software's defaults are marked."""
    found = {}
    for key, name, unit, default in (
        ("Working Electrode Area (cm2)", "area", "cm2", "1"),
        ("Mass (g)", "mass", "g", "0"),
    ):
        value = common.get(key)
        if value:
            origin = "header, the software's default" if value == default else "header"
            found[name] = {"value": f"{value.replace(',', '.')} {unit}", "from": origin}
    return found
