"""The files of the cycling benchmark: a real BioLogic measurement with its records repeated, and a real Neware file.

The instrument files were written by others and are not part of the repository. Where their folder is comes from the
environment variable CLOSO_BENCH_DATA, else from `shared/data` beside the repository; where they are missing, the cases that
need them are skipped with the reason.
"""

from __future__ import annotations

import os
import struct
from pathlib import Path

import numpy as np

__all__ = ["CASES", "FOLDER", "REAL", "file_of"]

FOLDER = Path(__file__).parents[1] / "build" / "cycling"
REAL = Path(os.environ.get("CLOSO_BENCH_DATA", Path(__file__).parents[2] / "shared" / "data")) / "cycling"
CASES = ("mpr", "mpt", "ndax")

_SOURCE = "na_nacoo2/jdb11-1_c3_gcpl_5cycles_2V-3p8V_C-24_data_C09.mpr"
_NDAX = "neware/BTS85-36-6-5-110-20240424.ndax"
_COPIES = 22
_GAP = 10.0  # s between copies
_RECORD = np.dtype(  # of this one file
    [
        ("flags", "u1"),
        ("Ns", "<u2"),
        ("time", "<f8"),
        ("dq", "<f8"),
        ("q", "<f8"),
        ("control", "<f4"),
        ("E", "<f4"),
        ("range", "<u2"),
        ("half_q", "<f8"),
        ("half", "<u4"),
        ("R", "<f4"),
    ]
)


def file_of(case: str) -> Path | str:
    """Return the file of a case, made where it is not there yet; or the reason why there is none."""
    source = REAL / (_NDAX if case == "ndax" else _SOURCE)
    if not source.is_file():
        return f"the instrument file {source.name} is not on this machine ({source.parent}; set CLOSO_BENCH_DATA)"
    if case == "ndax":
        return source
    path = FOLDER / f"big.{case}"
    if not path.is_file():
        FOLDER.mkdir(parents=True, exist_ok=True)
        start, stop, records = _records(source)
        big = _repeated(records)
        made = path.with_suffix(".part")
        if case == "mpr":
            _write_binary(made, source.read_bytes(), (start, stop), big)
        else:
            _write_text(made, big)
        made.replace(path)
    return path


def _records(source: Path) -> tuple[int, int, np.ndarray]:
    """Return where the data module begins and ends, its header included, and the records in it."""
    raw = source.read_bytes()
    start = raw.find(b"MODULEVMP data")
    length = struct.unpack_from("<I", raw, start + 41)[0]
    body = raw[start + 57 : start + 57 + length]
    n = struct.unpack_from("<I", body)[0]
    records = np.frombuffer(body, _RECORD, count=n, offset=length - n * _RECORD.itemsize)
    if not (np.all(np.diff(records["time"]) >= 0) and np.all(np.abs(records["E"]) < 10)):
        raise SystemExit(f"{source.name} is not the file whose records this script knows.")
    return start, start + 57 + length, records


def _repeated(records: np.ndarray) -> np.ndarray:
    """Return the records 22 times; time, charge and half cycle run on."""
    n, big = len(records), np.concatenate([records] * _COPIES)
    span, halves = records["time"][-1] - records["time"][0] + _GAP, int(records["half"].max()) + 1
    for k in range(1, _COPIES):
        part = slice(k * n, (k + 1) * n)
        big["time"][part] += k * span
        big["half"][part] += k * halves
        big["q"][part] += k * records["q"][-1]
    return big


def _write_binary(path: Path, raw: bytes, module: tuple[int, int], big: np.ndarray) -> None:
    """Write the source with the records of its data module replaced."""
    start, stop = module
    n = struct.unpack_from("<I", raw, start + 57)[0]
    head = bytearray(raw[start : stop - n * _RECORD.itemsize])
    struct.pack_into("<I", head, 57, len(big))
    struct.pack_into("<I", head, 41, len(head) - 57 + big.nbytes)
    path.write_bytes(raw[:start] + bytes(head) + big.tobytes() + raw[stop:])


def _write_text(path: Path, big: np.ndarray) -> None:
    """Write the same measurement as EC-Lab exports it, with the short header of an old version."""
    flags = big["flags"].astype(np.int32)
    dt = np.diff(big["time"], prepend=big["time"][0])
    step = np.diff(big["q"], prepend=big["q"][0]) * 3600.0
    current = np.divide(step, dt, out=np.zeros(len(big)), where=dt > 0)  # mA
    half_q = np.abs(big["half_q"])
    columns = {
        "mode": flags & 3,
        "ox/red": flags >> 2 & 1,
        "error": flags >> 3 & 1,
        "control changes": flags >> 4 & 1,
        "Ns changes": flags >> 5 & 1,
        "counter inc.": flags >> 7 & 1,
        "Ns": big["Ns"].astype(np.int32),
        "time/s": big["time"],
        "dQ/mA.h": big["dq"],
        "(Q-Qo)/mA.h": big["q"],
        "control/V/mA": big["control"].astype(float),
        "Ecell/V": big["E"].astype(float),
        "I Range": big["range"].astype(np.int32),
        "Q charge/discharge/mA.h": big["half_q"],
        "half cycle": big["half"].astype(np.int64),
        "Q charge/mA.h": np.where(current > 0, half_q, 0.0),
        "Q discharge/mA.h": np.where(current < 0, half_q, 0.0),
        "<I>/mA": current,
        "cycle number": big["half"].astype(np.int64) // 2,
    }
    head = (
        "EC-Lab ASCII FILE",
        "Nb header lines : 8                          ",
        "",
        "Galvanostatic Cycling with Potential Limitation",
        "",
        "Acquisition started on : 10/26/2020 17:00:00.000",
        "",
        "\t".join(columns),
    )
    row = "\t".join("%d" if values.dtype.kind in "iu" else "%.9E" for values in columns.values()) + "\r\n"
    with path.open("w", encoding="latin1", newline="") as file:
        file.write("".join(f"{line}\r\n" for line in head))
        for values in zip(*(column.tolist() for column in columns.values()), strict=True):
            file.write(row % values)
