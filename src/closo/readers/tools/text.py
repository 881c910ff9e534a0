"""Open a file safely and decode it: the same first step for every text format.

Only regular local files are opened: no link, FIFO, device or folder, nothing larger than MAX_BYTES. The content may be
UTF-8 (with or without a byte-order mark), UTF-16, GBK where it has words, or Latin-1 (where a lone byte B5 is the micro
sign of the vendors' column names). What begins like a known binary format, or is not text, is refused with advice.
"""

from __future__ import annotations

import mmap
import os
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from closo.errors import ReadError

DAMAGE = (
    *(ArithmeticError, AssertionError, AttributeError, BufferError, EOFError, ImportError, LookupError, MemoryError),
    *(NameError, NotImplementedError, OSError, RuntimeError, SyntaxError, TypeError, ValueError, Warning),
    *(struct.error, zipfile.BadZipFile, zlib.error),
)
"""What a library may raise on a damaged file."""

MAX_BYTES = 500_000_000
HEAD_BYTES = 4096

_NAMED = 100_000  # characters in which names and units stand
_MISREAD = tuple(  # bytes that are no Latin-1 although they can be read so -> what they mean
    (sign.encode(codec).decode("latin-1"), meant)
    for codec, signs in (("gbk", "μ℃°Ω"), ("utf-8", "µμ℃°Ω"))
    for sign in signs
    for meant in ("°C" if sign == "℃" else "µ" if sign == "μ" else sign,)
)
_CHINESE = re.compile(rb"(?:[\xb0-\xf7][\xa1-\xfe]){2,}")
_LONGEST_LINE = 1 << 16  # bytes, where a file is read in pieces
_TO_TEXT = "Export it as text from the program that wrote it."
_TO_CSV = "Save the sheet as CSV and read that."
_SIGNATURES: tuple[tuple[bytes, str, str], ...] = (
    (
        b"BIO-LOGIC MODULAR FILE",
        "a binary BioLogic .mpr file",
        "Leave --reader out, or name --reader mpr.",
    ),
    (
        b"\x93NUMPY",
        "a NumPy .npy array, which does not say what its columns are",
        "Save the columns as CSV with names.",
    ),
    (
        b"PK\x03\x04",
        "a zip archive (perhaps an Excel .xlsx workbook)",
        "Unpack it; of a workbook, save the sheet as CSV.",
    ),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office file (perhaps an Excel .xls workbook)", _TO_CSV),
    (b"\x1f\x8b", "a gzip archive", "Unpack it first."),
    (b"BZh", "a bzip2 archive", "Unpack it first."),
    (b"\xfd7zXZ", "an xz archive", "Unpack it first."),
    (b"7z\xbc\xaf", "a 7z archive", "Unpack it first."),
    (b"\x89HDF", "an HDF5 file", _TO_TEXT),
    (b"CDF\x01", "a netCDF file", _TO_TEXT),
    (b"CDF\x02", "a netCDF file", _TO_TEXT),
    (b"PAR1", "a Parquet table", _TO_CSV),
    (b"SQLite format 3", "an SQLite database", _TO_TEXT),
    (b"%PDF", "a PDF document", "Read the data file that the picture was made from."),
    (b"\x89PNG", "a PNG picture", "Read the data file that the picture was made from."),
    (b"\xff\xd8\xff", "a JPEG picture", "Read the data file that the picture was made from."),
    (b"\x7fELF", "a program", "Name a data file."),
    (b"MZ\x90", "a program", "Name a data file."),
)


@dataclass(frozen=True)
class Text:
    """The decoded content of a file; every line ends with LF."""

    path: Path  # where it was read
    content: str
    encoding: str  # 'utf-8', 'utf-16', 'gbk' or 'latin-1'

    @cached_property
    def lines(self) -> list[str]:
        """The lines without their ends; only CR and LF end a line."""
        return self.content.split("\n")

    @property
    def complete(self) -> bool:
        """True when the last line is ended, as in a file that was written to its end."""
        return self.content.endswith("\n")

    def error(self, message: str, hint: str, *, line: int | None = None) -> ReadError:
        """Return a ReadError about this file; `line` counts from 0."""
        where = None if line is None else f"line {line + 1}"
        return ReadError(message, file=self.path, where=where, hint=hint)


def load(path: Path | str, *, allow_binary: bool = False) -> Text:
    """Read and decode a whole text file.

    Parameters
    ----------
    path : a regular file on this machine.
    allow_binary : True for formats that mix text and other bytes; these are then decoded as Latin-1.

    Raises
    ------
    ReadError  when it is missing, not a regular file, empty, too large, or not text.
    """
    path = Path(path)
    return _decoded(path, _read(path, MAX_BYTES), allow_binary=allow_binary)


def load_beginning(path: Path | str, size: int) -> Text:
    """Read and decode the lines that end within the first `size` bytes of a text file; as `load` otherwise."""
    path = Path(path)
    raw = _read(path, size)
    return _decoded(path, raw[: raw.rfind(b"\n") + 1] or raw)


def load_bytes(path: Path | str, start: int = 0, stop: int = MAX_BYTES) -> memoryview:
    """Read a binary file, or its bytes from `start` to `stop`, into memory that is touched once.

    Raises
    ------
    ReadError  when it is missing, not a regular file, empty or too large.
    """
    path = Path(path)
    with _opened(path) as (descriptor, size):
        _refuse_too_large(path, size)
        content = np.empty(max(min(size, stop) - start, 0), np.uint8).data
        os.lseek(descriptor, start, os.SEEK_SET)
        n = _fill(descriptor, content)
    if not n:
        raise _empty(path)
    return content[:n]


def mapped(path: Path | str, most: int) -> memoryview:
    """Return a file as memory that is read when it is looked at; `.obj.madvise` gives it back.

    Raises
    ------
    ReadError  as `load_bytes`, with `most` bytes as the limit.
    """
    path = Path(path)
    with _opened(path) as (descriptor, size):
        _refuse_too_large(path, size, most)
        if not size:
            raise _empty(path)
        return memoryview(mmap.mmap(descriptor, size, access=mmap.ACCESS_READ))


def _fill(descriptor: int, buffer: memoryview) -> int:
    """Read into `buffer` until it is full or the file ends; return the number of bytes."""
    n = 0
    with open(descriptor, "rb", buffering=0, closefd=False) as file:
        while n < len(buffer) and (count := file.readinto(buffer[n:])):
            n += count
    return n


def size_of(path: Path | str) -> int:
    """Return the size of a regular file [bytes]; errors as `load_bytes`."""
    with _opened(Path(path)) as (_, size):
        return size


def pieces(path: Path | str, start: int, stop: int, size: int) -> Iterator[bytes]:
    """Yield the bytes from `start` to `stop`, where a line ends, in pieces of whole lines, at most `size` bytes long.

    Raises
    ------
    ReadError  as `load_bytes`, when a line is longer than `size`, or the file has become shorter.
    """
    with _opened(Path(path)) as (descriptor, _):
        while start < stop:
            end = min(start + size, stop)
            low = max(start, end - _LONGEST_LINE)
            end = low + os.pread(descriptor, end - low, low).rfind(b"\n") + 1
            piece = os.pread(descriptor, end - start, start)
            if end == low or len(piece) < end - start:
                raise ReadError("a line of it is too long, or its end is missing.", file=path, hint=_TO_TEXT)
            start = end
            yield piece
            del piece  # so that the next one lies where it lay


def _decoded(path: Path, raw: bytes, *, allow_binary: bool = False) -> Text:
    """Decode the content of a text file, or refuse it."""
    for mark, what, advice in _SIGNATURES:
        if raw.startswith(mark):
            raise ReadError(f"this is {what}, not a text file.", file=path, hint=advice)
    if path.suffix.lower() == ".fio":
        hint = (
            "Save its columns behind %d, energy and counts, with names as .csv; send the file, so that it can be read."
        )
        raise ReadError(
            "no .fio file (PETRA III) was at hand to write a reader for, so none is read.", file=path, hint=hint
        )
    binary = _first_binary_byte(raw)
    if binary is not None and not allow_binary:
        raise ReadError(
            f"this is not a text file: byte {binary} is 0x{raw[binary]:02x}.",
            file=path,
            where=f"byte {binary}",
            hint=_TO_TEXT,
        )
    content, encoding = decode(raw)
    content = content.replace("\r\n", "\n").replace("\r", "\n").replace("\u2212", "-")  # the minus of a typesetter
    if not content.strip("\n\t \x00"):
        raise ReadError("the file holds nothing but white space.", file=path, hint="Export it again.")
    return Text(path, content, encoding)


def head(path: Path | str) -> str:
    """Return the first HEAD_BYTES of a file, decoded leniently, with LF as line ends.

    Raises
    ------
    ReadError  when it is missing, not a regular file, or empty.
    """
    content, _ = decode(_read(Path(path), HEAD_BYTES), lenient=True)
    return content.replace("\r\n", "\n").replace("\r", "\n")


def decode(raw: bytes, *, lenient: bool = False) -> tuple[str, str]:
    r"""Decode bytes and say how.

    Example
    -------
    >>> decode(b"Cs/\xb5F"), decode("Cs/µF".encode("utf-16"))
    (('Cs/µF', 'latin-1'), ('Cs/µF', 'utf-16'))
    """
    utf16 = _utf16_flavour(raw)
    if utf16:
        return raw[: len(raw) // 2 * 2].decode(utf16, errors="replace").lstrip("\ufeff"), "utf-16"
    try:
        return raw.decode("utf-8-sig"), "utf-8"
    except UnicodeDecodeError as error:
        if lenient and error.start > len(raw) - 4:  # the piece was cut inside a character
            return raw[: error.start].decode("utf-8-sig"), "utf-8"
        if _CHINESE.search(raw):  # words of signs that Latin-1 does not have side by side
            with suppress(UnicodeDecodeError):
                return raw.decode("gb18030").replace("℃", "°C"), "gbk"
        content = raw.decode("latin-1")
        return _signs(content[:_NAMED]) + content[_NAMED:], "latin-1"


def _signs(text: str) -> str:
    r"""Return text with the signs of units that were written in GBK, or in UTF-8 beside a damaged byte.

    Example
    -------
    >>> _signs("Cs/\xa6\xccF"), _signs("T/\xa1\xe6"), _signs("Phase/\xc2\xb0")
    ('Cs/µF', 'T/°C', 'Phase/°')
    """
    for written, meant in _MISREAD:
        text = text.replace(written, meant)
    return text


def shown(text: str, length: int = 50) -> str:
    r"""Return a piece of a file for an error message: printable, quoted and short.

    Example
    -------
    >>> shown("1e3\t5\x00" + "9" * 100)
    "'1e3 5?99999999999999999999999999999999999999999999...'"
    """
    cut = text[: length + 1].replace("\t", " ")
    clean = "".join(c if c.isprintable() else "?" for c in cut)
    return f"'{clean}'" if len(clean) <= length else f"'{clean[:length]}...'"


def _utf16_flavour(raw: bytes) -> str | None:
    """Return the UTF-16 codec when the bytes begin with its mark or alternate with zeros."""
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16-le" if raw[0] == 0xFF else "utf-16-be"
    start = raw[:400]
    half = len(start) // 2
    if half < 4:
        return None
    even, odd = start[0::2].count(0), start[1::2].count(0)
    if odd > 0.9 * half and even == 0:
        return "utf-16-le"
    return "utf-16-be" if even > 0.9 * half and odd == 0 else None


def _first_binary_byte(raw: bytes) -> int | None:
    """Return the offset of the first byte that proves the content is not text, or None."""
    if _utf16_flavour(raw):
        return None
    sample = raw[:HEAD_BYTES]
    control = [i for i, byte in enumerate(sample) if byte < 32 and byte not in b"\t\n\r\x0b\x0c\x1a"]
    if any(sample[i] == 0 for i in control) or len(control) > len(sample) // 50:
        return control[0]
    return None


def _read(path: Path, limit: int) -> bytes:
    """Read at most `limit` bytes of a regular file, without following a link or waiting for a FIFO."""
    with _opened(path) as (descriptor, size):
        if limit > HEAD_BYTES:
            _refuse_too_large(path, size)
        raw = _read_up_to(descriptor, limit)
    if not raw:
        raise _empty(path)
    return raw


def _refuse_too_large(path: Path, size: int, most: int | None = None) -> None:
    most = MAX_BYTES if most is None else most
    if size > most:
        found = f"{size / 1e6:.0f} MB, more than {most / 1e6:.0f} MB"
        raise ReadError(f"the file is too large ({found}).", file=path, hint="Split it into smaller files.")


def _empty(path: Path) -> ReadError:
    return ReadError("the file is empty.", file=path, hint="Export or copy it again.")


@contextmanager
def _opened(path: Path) -> Iterator[tuple[int, int]]:
    """Open a regular file for reading; gives its descriptor and size."""
    flags = os.O_RDONLY
    for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_BINARY"):
        flags |= getattr(os, name, 0)
    try:
        if path.is_symlink():
            raise ReadError("this is a symbolic link.", file=path, hint="Name the file that it points to.")
        descriptor = os.open(path, flags)
    except FileNotFoundError:
        raise ReadError(
            "there is no such file.", file=path, hint="Check the path; only local files are read."
        ) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ReadError(
            f"the file cannot be opened ({reason}).", file=path, hint="Check the path and permissions."
        ) from None
    try:
        status = os.fstat(descriptor)
        if stat.S_ISDIR(status.st_mode):
            raise ReadError("this is a folder, not a file.", file=path, hint="Name the files in it.")
        if not stat.S_ISREG(status.st_mode):
            raise ReadError("this is not a regular file.", file=path, hint="Name a data file.")
        yield descriptor, status.st_size
    except OSError as error:
        raise ReadError(f"the file cannot be read ({error.strerror}).", file=path, hint="Copy it again.") from None
    finally:
        os.close(descriptor)


def _read_up_to(descriptor: int, limit: int) -> bytes:
    pieces = []
    while limit > 0 and (piece := os.read(descriptor, min(limit, 1 << 24))):
        pieces.append(piece)
        limit -= len(piece)
    return b"".join(pieces)
