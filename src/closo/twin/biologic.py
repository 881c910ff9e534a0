"""Write EC-Lab files, text (`.mpt`) and binary (`.mpr`): a Modulo Bat program with spectra and cycling in one table.

The layout of the text is that of the program's own export: `EC-Lab ASCII FILE`, the number of header lines, the technique,
what channel, device and cell were, the table of the program's steps (`Ns`), the names of the columns, and the rows,
separated by tabs, with three digits in every exponent. Latin-1 and CRLF. Every row has all columns; those of the spectrum
are zero where the current is constant. The counter `(Q-Qo)/mA.h` goes on through the spectra, as the cycler's own does.
The first comment says that the data are synthetic. Equal arguments give equal bytes: the date is an argument.

The binary holds settings, data (version 3, one packed record per row) and log; which byte means what is written down in
`closo.readers.biologic`. It stores modulus and phase of Z, no current range but its code, and no temperature.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from struct import pack

import numpy as np

from closo.errors import StudyError
from closo.twin.truth import SYNTHETIC, ZERO_CELSIUS

_RANGES = ((1e-2, 11, "10 mA"), (1e-3, 12, "1 mA"), (100e-6, 13, "100 µA"), (10e-6, 14, "10 µA"))  # [A], code, name
_MILLIAMPERE_HOUR = 3.6  # C
_WIDTH = 20  # of a cell in the table of the program's steps


@dataclass(frozen=True)
class ProgramStep:
    """One step of the program, for the header."""

    control: str  # 'Rest', 'PEIS', 'CC' or 'Loop'
    value: str = ""  # of what is controlled, in `unit`
    unit: str = ""
    until: str = ""  # its limits, in words
    record: str = ""  # what makes a row, in words


@dataclass(frozen=True)
class Table:
    """The rows of a file in SI, each of shape (n,)."""

    time: np.ndarray  # s
    voltage: np.ndarray  # V
    current: np.ndarray  # A, > 0 charges
    charge: np.ndarray  # C, the counter
    step: np.ndarray  # these three: counters of the program
    half_cycle: np.ndarray
    cycle: np.ndarray
    control: np.ndarray  # current that was asked for [A]
    frequency: np.ndarray  # Hz; 0 outside of spectra
    impedance: np.ndarray  # ohm; 0 outside of spectra
    current_range: float  # full scale [A], one number
    temperature: np.ndarray | None = None  # K; None where no thermometer is connected


def write_mpt(
    path: Path,
    table: Table,
    program: Sequence[ProgramStep],
    *,
    comment: str,
    date: datetime,
) -> None:
    """Write one Modulo Bat file.

    Parameters
    ----------
    program : the steps, in the order of their numbers.
    comment : what the user typed; the synthetic note is put before it.
    date : when the experiment pretends to have started.
    """
    code, _ = _range(table.current_range)
    names, columns, formats = zip(*_columns(table, code), strict=True)
    rows = np.column_stack(columns)
    template = "\t".join(formats)
    body = [re.sub("E([+-])", r"E\g<1>0", template % tuple(row)) for row in rows.tolist()]  # E+000, as EC-Lab writes
    top = _header(path.stem, table, program, comment=comment, date=date)
    lines = ["EC-Lab ASCII FILE", f"Nb header lines : {len(top) + 3:<28}", *top, "\t".join(names) + "\t", *body]
    path.write_bytes(("\r\n".join(lines) + "\r\n").encode("latin-1"))


def _range(full_scale: float) -> tuple[int, str]:
    """Return code and name of the smallest current range that holds `full_scale` [A]."""
    for scale, code, name in reversed(_RANGES):
        if full_scale <= 1.001 * scale:
            return code, name
    raise StudyError(f"A current range of {full_scale:g} A is not known.", hint="The largest one is 10 mA.")


def _columns(table: Table, code: int) -> list[tuple[str, np.ndarray, str]]:
    """Return (name, values, format) of every column."""
    step, spectrum = table.step, table.frequency > 0.0
    single, double, whole = "%.7E", "%.15E", "%d"
    constant = table.control != 0.0
    columns = [
        ("mode", np.where(constant, 1, 3), whole),
        ("ox/red", np.where(table.control > 0.0, 1, 0), whole),
        ("error", np.zeros(step.size), whole),
        ("control changes", np.where(spectrum, 1, 0), whole),
        ("Ns changes", np.diff(step, prepend=step[:1] - 1) != 0, whole),
        ("counter inc.", np.zeros(step.size), whole),
        ("Ns", step, whole),
        ("I Range", np.full(step.size, code), whole),
        ("time/s", table.time, double),
        ("control/V/mA", 1e3 * table.control, single),
        ("Ewe/V", table.voltage, single),
        ("I/mA", 1e3 * table.current, single),
        ("(Q-Qo)/mA.h", table.charge / _MILLIAMPERE_HOUR, double),
        ("half cycle", table.half_cycle, whole),
        ("cycle number", table.cycle, single),
    ]
    if spectrum.any():
        columns += [
            ("freq/Hz", table.frequency, single),
            ("Re(Z)/Ohm", table.impedance.real, single),
            ("-Im(Z)/Ohm", -table.impedance.imag + 0.0, single),
            ("z cycle", _spectra_so_far(spectrum), whole),
        ]
    if table.temperature is not None:
        columns.append(("Temperature/°C", table.temperature - ZERO_CELSIUS, single))
    return columns


def _spectra_so_far(spectrum: np.ndarray) -> np.ndarray:
    """Return the number of the spectrum, from 0, that each row belongs to or follows."""
    return np.asarray(np.maximum(np.cumsum(np.diff(spectrum.astype(int), prepend=0) > 0) - 1, 0))


def _header(name: str, table: Table, program: Sequence[ProgramStep], *, comment: str, date: datetime) -> list[str]:
    return [
        "",
        "Modulo Bat",
        "",
        "Run on channel : 1 (SN 0)",
        "User : ",
        "CE vs. WE compliance from -10 V to 10 V",
        "Electrode connection : standard",
        "Potential control : Ewe",
        "Ewe ctrl range : min = -10.00 V, max = 10.00 V",
        "Safety Limits :",
        "\tDo not start on E overload",
        f"Acquisition started on : {date:%m/%d/%Y %H:%M:%S}.000",
        "Loaded Setting File :  NONE",
        "Saved on :",
        f"\tFile : {name}.mpr",
        "\tDirectory : C:\\SYNTHETIC\\",
        "\tHost : 127.0.0.1",
        "Device : Synthetic (layout of a VMP3)",
        "Address : 127.0.0.1",
        "EC-Lab for windows v11.36 (software)",
        "Internet server v11.36 (firmware)",
        "Command interpretor v11.36 (firmware)",
        "Electrode material : ",
        "Initial state : ",
        "Electrolyte : ",
        f"Comments : {SYNTHETIC}",
        f"Comments : {comment}",
        "Electrode surface area : 0.001 cm²",  # what the software writes when nobody has typed an area
        "Characteristic mass : 0.001 g",
        "Equivalent Weight : 0.000 g/eq.",
        "Density : 0.000 g/cm3",
        "Volume (V) : 0.000 m³",
        "Cycle Definition : Charge/Discharge alternance",
        *_program_lines(program, _range(table.current_range)[1]),
        "",
    ]


def _program_lines(program: Sequence[ProgramStep], current_range: str) -> list[str]:
    """Return the table of the program: one line per setting, one column per step."""
    settings = {
        "Ns": [str(k) for k in range(len(program))],
        "ctrl_type": [step.control for step in program],
        "ctrl1_val": [step.value for step in program],
        "ctrl1_val_unit": [step.unit for step in program],
        "lim1_value": [step.until for step in program],
        "rec1_value": [step.record for step in program],
        "I Range": ["Auto" if step.control == "PEIS" else current_range for step in program],
    }
    return [key.ljust(_WIDTH) + "".join(value.ljust(_WIDTH) for value in values) for key, values in settings.items()]


_RECORD: tuple[tuple[str, str, tuple[int, ...]], ...] = (  # name, type, ids of the columns in it
    ("flags", "u1", (1, 2, 3, 21, 31, 65)),
    ("step", "<u2", (131,)),
    ("range", "<u2", (39,)),
    ("time", "<f8", (4,)),
    ("control", "<f4", (5,)),
    ("voltage", "<f4", (6,)),
    ("current", "<f4", (8,)),
    ("moved", "<f8", (7,)),
    ("charge", "<f8", (13,)),
    ("frequency", "<f4", (32,)),
    ("modulus", "<f4", (36,)),
    ("phase", "<f4", (35,)),
    ("half_cycle", "<u4", (468,)),
    ("z_cycle", "<u4", (469,)),
)
_OF_SPECTRA = ("frequency", "modulus", "phase", "z_cycle")
_MODULO_BAT = 127
_DATA_HEADER = 406  # bytes before the first record
_EPOCH = datetime(1899, 12, 30)


def write_mpr(path: Path, table: Table, *, comment: str, date: datetime) -> None:
    """Write one Modulo Bat file as the instrument stores it; arguments as for `write_mpt`.

    The comment is cut at 255 bytes; its beginning is the synthetic note.
    """
    fields = _RECORD if np.any(table.frequency > 0.0) else tuple(f for f in _RECORD if f[0] not in _OF_SPECTRA)
    records = _records(table, _range(table.current_range)[0], fields)
    ids = [number for _, _, numbers in fields for number in numbers]
    data = pack(f"<IB{len(ids)}H", records.size, len(ids), *ids).ljust(_DATA_HEADER, b"\0") + records.tobytes()
    words = f"{SYNTHETIC}. {comment}".encode("latin-1")[:255]
    days = (date - _EPOCH) / timedelta(days=1)
    stated = {0: bytes([_MODULO_BAT]), 7: bytes([len(words)]) + words}
    untouched = {529: pack("<f", 0.001), 588: pack("<f", 0.001), 592: b"\2\1"}  # area and mass nobody has typed, units
    settings = _placed(stated | untouched, 7684)
    log = _placed({585: pack("<d", days), 593: b"\x09SYNTHETIC", 951: b"\x0511.36", 975: b"\x09SYNTHETIC"}, 9040)
    mark = b"BIO-LOGIC MODULAR FILE\x1a".ljust(48) + bytes(4)
    modules = (
        ("VMP Set", "VMP settings", 0, settings),
        ("VMP data", "VMP data", 3, data),
        ("VMP LOG", "VMP LOG", 0, log),
    )
    path.write_bytes(mark + b"".join(_module(*module, date=date) for module in modules))


def _placed(parts: dict[int, bytes], length: int) -> bytes:
    """Return `length` bytes, zero but for the parts at their places."""
    body = bytearray(length)
    for at, part in parts.items():
        body[at : at + len(part)] = part
    return bytes(body)


def _module(short: str, long: str, version: int, body: bytes, *, date: datetime) -> bytes:
    head = b"MODULE" + short.encode().ljust(10) + long.encode().ljust(25)
    return head + pack("<II", len(body), version) + f"{date:%m/%d/%y}".encode() + body


def _records(table: Table, code: int, fields: Sequence[tuple[str, str, tuple[int, ...]]]) -> np.ndarray:
    constant, spectrum = table.control != 0.0, table.frequency > 0.0
    began = np.diff(table.step, prepend=table.step[:1] - 1) != 0
    charge = table.charge / _MILLIAMPERE_HOUR
    values = {
        "flags": np.where(constant, 1, 3) | (table.control > 0.0) << 2 | spectrum << 4 | began << 5,
        "step": table.step,
        "range": np.full(table.step.size, code),
        "time": table.time,
        "control": 1e3 * table.control,
        "voltage": table.voltage,
        "current": 1e3 * table.current,
        "moved": np.diff(charge, prepend=0.0),
        "charge": charge,
        "frequency": table.frequency,
        "modulus": np.abs(table.impedance),
        "phase": np.rad2deg(np.angle(table.impedance)),
        "half_cycle": table.half_cycle,
        "z_cycle": _spectra_so_far(spectrum),
    }
    records = np.zeros(table.step.size, dtype=[(name, kind) for name, kind, _ in fields])
    for name, _, _ in fields:
        records[name] = values[name]
    return records
