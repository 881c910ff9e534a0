"""Open a zip archive of somebody else: what it says of itself is checked first, its content is read as a stream.

Refused, each in a sentence: names that lead out of the folder, links, encrypted or unusual members, names that stand twice,
members that lie on top of each other, more members, bytes or compression than any study has, and a member that is longer
than it says.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from closo.errors import ReadError
from closo.readers.tools.markup import ZIP_FAILURES

_MOST_MEMBERS = 200_000
_MOST_BYTES = 20_000_000_000  # of all members
_MOST_RATIO, _RATIO_MATTERS = 200, 1_000_000
_CHUNK = 1_000_000  # bytes
_HEADER = 30  # bytes before the name of a member
_DEEPEST, _LONGEST = 20, 400  # folders, characters of a name
_DRIVE = re.compile(":" if os.name == "nt" else r"(^|/)[A-Za-z]:")
_ASK = "Ask for it again where it comes from."


class Archive:
    """The members of an archive that is open, by name."""

    def __init__(self, path: Path, archive: zipfile.ZipFile) -> None:
        self.path = path
        self._archive = archive
        self.members = {m.filename: m for m in archive.infolist() if not m.is_dir()}

    def chunks(self, name: str) -> Iterator[bytes]:
        """Yield the content of a member piece by piece; it stops where the member is longer than it says.

        Raises
        ------
        ReadError  when it is damaged.
        """
        member = self.members[name]
        length = 0
        try:
            with self._archive.open(member) as file:
                while piece := file.read(_CHUNK):
                    length += len(piece)
                    if length > member.file_size:
                        raise ReadError("a member is longer than it says.", file=self.path, where=name, hint=_ASK)
                    yield piece
        except ZIP_FAILURES as error:
            raise _damaged(self.path, error, name) from None

    def sha256(self, name: str) -> str:
        """Return the hash of a member."""
        digest = hashlib.sha256()
        for piece in self.chunks(name):
            digest.update(piece)
        return digest.hexdigest()

    def read(self, name: str, *, most: int) -> bytes:
        """Return the content of a member that has at most so many bytes.

        Raises
        ------
        ReadError  when it is damaged or larger.
        """
        if self.members[name].file_size > most:
            raise ReadError(f"a member has more than {most / 1e6:.0f} MB.", file=self.path, where=name, hint=_ASK)
        return b"".join(self.chunks(name))


@contextmanager
def opened(path: Path) -> Iterator[Archive]:
    """Open an archive whose table of contents gives no reason against it.

    Raises
    ------
    ReadError  when it is not a zip archive, or should not be opened.
    """
    try:
        archive = zipfile.ZipFile(path)
    except ZIP_FAILURES as error:
        raise _damaged(path, error, None) from None
    with archive:
        problem = _problem(archive)
        if problem:
            raise ReadError(f"{problem}; it was not opened.", file=path, hint=_ASK)
        yield Archive(path, archive)


def _damaged(path: Path, error: Exception, name: str | None) -> ReadError:
    reason = " ".join(str(error).split())[:80]
    return ReadError(f"the archive is damaged ({reason}).", file=path, where=name, hint=_ASK)


def _problem(archive: zipfile.ZipFile) -> str:
    """Return why an archive is not opened, '' where nothing speaks against it."""
    members = archive.infolist()
    packed, unpacked = sum(m.compress_size for m in members), sum(m.file_size for m in members)
    names = {m.filename.rstrip("/") for m in members}
    if len(members) > _MOST_MEMBERS or len(names) < len(members):
        return f"the archive holds {len(members)} members, too many or some of one name"
    for member in members:
        if why := _why_not(member):
            return f"the archive holds {member.filename[:60]!a}, {why}"
    if unpacked > _MOST_BYTES:
        return f"the archive would unpack to {unpacked / 1e9:.0f} GB, more than {_MOST_BYTES / 1e9:.0f} GB"
    if unpacked > max(_RATIO_MATTERS, _MOST_RATIO * packed):
        return f"the archive would unpack to {unpacked / max(packed, 1):.0f} times its own size"
    return "members of the archive lie on top of each other" if _overlap(archive, members) else ""


def _overlap(archive: zipfile.ZipFile, members: list[zipfile.ZipInfo]) -> bool:
    end = 0
    for member in sorted(members, key=lambda m: m.header_offset):
        if member.header_offset < end:
            return True
        name = member.orig_filename.encode("utf-8" if member.flag_bits & 0x800 else "cp437", "replace")
        end = member.header_offset + _HEADER + len(name) + member.compress_size
    return end > archive.start_dir


def _why_not(member: zipfile.ZipInfo) -> str:
    """Return why a member is refused, '' where it is not."""
    name, mode = member.filename, member.external_attr >> 16
    parts = PurePosixPath(name).parts
    if member.orig_filename != name or "\\" in name or _DRIVE.search(name) or not name.isprintable():
        return "a name with characters that no path should have"
    if not parts or name.startswith("/") or ".." in parts or len(parts) > _DEEPEST or len(name) > _LONGEST:
        return "a name that leads out of its folder, or is too long"
    if mode and not (stat.S_ISREG(mode) or stat.S_ISDIR(mode) or not stat.S_IFMT(mode)):
        return "which is a link or a device"
    if member.flag_bits & 1 or member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return "which is encrypted or packed in an unusual way"
    return ""
