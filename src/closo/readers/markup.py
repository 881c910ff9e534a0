"""XML from instruments, read without what makes XML dangerous: no entity, no document type, no unlimited archive member."""

from __future__ import annotations

import xml.etree.ElementTree as ET
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from closo.errors import ReadError
from closo.readers.text import decode, shown

__all__ = ["children", "parse", "text_of", "unpack"]

_MOST_BYTES = 100_000_000  # of one member
_MOST_RATIO, _RATIO_MATTERS = 200, 1_000_000
_MOST_MEMBERS = 2000
_ASK = "Did it come from the instrument? Export it again, or as .xy."
_FAILURES = (
    zipfile.BadZipFile,
    zlib.error,
    OSError,
    EOFError,
    ValueError,
    NotImplementedError,
    RuntimeError,
    LookupError,
)


def parse(content: bytes, path: Path, *, member: str | None = None) -> ET.Element:
    """Return the root element; names of elements keep no namespace.

    Raises
    ------
    ReadError  when it is not XML, or declares a document type or an entity.
    """
    text, _ = decode(content)
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise ReadError(
            "its XML declares a document type or entities, which no diffractometer writes; it was not opened.",
            file=path, where=member, hint=_ASK,
        )  # fmt: skip
    try:
        root = ET.fromstring(text)  # entities are refused above
    except (ET.ParseError, ValueError) as error:
        raise ReadError(f"its XML is damaged ({str(error)[:80]}).", file=path, where=member, hint=_ASK) from None
    for element in root.iter():
        if isinstance(element.tag, str):
            element.tag = element.tag.rpartition("}")[2]
    return root


def children(element: ET.Element, path: str) -> list[ET.Element]:
    """Return the elements at a path below one, [] where there are none."""
    return element.findall(path)


def text_of(element: ET.Element | None, path: str = ".") -> str:
    """Return the text at a path below an element, '' where there is none."""
    found = None if element is None else element.find(path)
    return "" if found is None or found.text is None else found.text.strip()


def unpack(path: Path) -> dict[str, bytes]:
    """Return the XML members of an archive: name -> content. Nothing is written to the disk.

    Raises
    ------
    ReadError  when it is no zip archive, is encrypted, is too large when unpacked, or a name leads out of it.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            problem = _problem(members)
            if problem:
                raise ReadError(f"{problem}; it was not opened.", file=path, hint=_ASK)
            return {m.filename: _content(archive, m, path) for m in members if m.filename.lower().endswith(".xml")}
    except _FAILURES as error:
        reason = " ".join(str(error).split())[:80]
        raise ReadError(f"the archive cannot be opened ({reason}).", file=path, hint=_ASK) from None


def _content(archive: zipfile.ZipFile, member: zipfile.ZipInfo, path: Path) -> bytes:
    with archive.open(member) as file:
        content = file.read(member.file_size + 1)
    if len(content) > member.file_size:
        raise ReadError(
            "a member of the archive is larger than it says.", file=path, where=member.filename[:80], hint=_ASK
        )
    return content


def _problem(members: list[zipfile.ZipInfo]) -> str:
    """Return why an archive is not opened, '' where nothing speaks against it."""
    packed, unpacked = sum(m.compress_size for m in members), sum(m.file_size for m in members)
    odd = next((m.filename for m in members if _leaves(m.filename)), None)
    if odd is not None:
        return f"the archive holds {shown(odd)}, a name that leads out of it"
    if any(m.flag_bits & 1 or m.compress_type not in (0, 8) for m in members):
        return "the archive is encrypted, or packed in a way that Bruker does not use"
    if len(members) > _MOST_MEMBERS or len({m.filename for m in members}) < len(members):
        return f"the archive holds {len(members)} members, too many or some twice"
    if unpacked > _MOST_BYTES:
        return f"the archive would unpack to {unpacked / 1e6:.0f} MB, more than {_MOST_BYTES / 1e6:.0f} MB"
    if unpacked > max(_RATIO_MATTERS, _MOST_RATIO * packed):
        return f"the archive would unpack to {unpacked / max(packed, 1):.0f} times its own size"
    return ""


def _leaves(name: str) -> bool:
    parts = PurePosixPath(name.replace("\\", "/"))
    return parts.is_absolute() or ".." in parts.parts or ":" in name or "\x00" in name
