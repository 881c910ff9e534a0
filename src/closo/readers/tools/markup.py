"""XML from instruments, read without what makes XML dangerous: no entity, no document type, no unlimited archive member."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from xml.parsers import expat

from closo.errors import ReadError
from closo.readers.tools.text import decode, shown

_MOST_BYTES = 100_000_000  # of one member
_MOST_RATIO, _RATIO_MATTERS = 200, 1_000_000
_MOST_MEMBERS = 2000
_ASK = "Did it come from the instrument? Export it again, or as .xy."
ZIP_FAILURES = (
    zipfile.BadZipFile,
    zlib.error,
    OSError,
    EOFError,
    ValueError,
    NotImplementedError,
    RuntimeError,
    LookupError,
)


@dataclass
class Element:
    """An element: its name and attributes (without namespaces), its text, and what is inside."""

    tag: str
    attributes: dict[str, str] = field(default_factory=dict)
    words: list[str] = field(default_factory=list)
    inside: list[Element] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The text of the element itself."""
        return "".join(self.words).strip()

    def get(self, name: str, otherwise: str = "") -> str:
        """Return an attribute."""
        return self.attributes.get(name, otherwise)

    def iter(self, tag: str) -> Iterator[Element]:
        """Yield the elements of a name in and below this one, in their order."""
        waiting = [self]
        while waiting:
            element = waiting.pop()
            if element.tag == tag:
                yield element
            waiting.extend(reversed(element.inside))

    def findall(self, path: str) -> list[Element]:
        """Return the elements at a path 'a/b' below this one."""
        found = [self]
        for tag in path.split("/"):
            found = [child for element in found for child in element.inside if child.tag == tag]
        return found

    def find(self, path: str) -> Element | None:
        """Return the first element at a path below this one, None where there is none."""
        return next(iter(self.findall(path)), None)


def parse(content: bytes, path: Path, *, member: str | None = None) -> Element:
    """Return the root element.

    Raises
    ------
    ReadError  when it is not XML, or declares a document type or an entity.
    """
    text, _ = decode(content)
    root = Element("")
    open_elements = [root]

    def begin(tag: str, attributes: dict[str, str]) -> None:
        named = {name.rpartition(":")[2]: value for name, value in attributes.items()}
        element = Element(tag.rpartition(":")[2], named)
        open_elements[-1].inside.append(element)
        open_elements.append(element)

    def end(_: str) -> None:
        open_elements.pop()

    def write(words: str) -> None:
        open_elements[-1].words.append(words)

    def refuse(*_: object) -> None:
        raise ReadError(
            "its XML declares a document type or entities, which no diffractometer writes; it was not opened.",
            file=path,
            where=member,
            hint=_ASK,
        )

    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = True
    parser.StartElementHandler = begin
    parser.EndElementHandler = end
    parser.CharacterDataHandler = write
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = refuse
    try:
        parser.Parse(text.encode("utf-8", "replace"), True)
    except expat.ExpatError as error:
        raise ReadError(f"its XML is damaged ({str(error)[:80]}).", file=path, where=member, hint=_ASK) from None
    return root.inside[0]


def text_of(element: Element | None, path: str = "") -> str:
    """Return the text at a path below an element, or of itself, '' where there is none."""
    found = element.find(path) if element is not None and path else element
    return "" if found is None else found.text


def unpack(path: Path) -> dict[str, bytes]:
    """Return the XML members of an archive: name -> content. Nothing is written to the disk.

    Raises
    ------
    ReadError  when it is not a zip archive, is encrypted, is too large when unpacked, or a name leads out of it.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            problem = _problem(members)
            if problem:
                raise ReadError(f"{problem}; it was not opened.", file=path, hint=_ASK)
            return {m.filename: _content(archive, m, path) for m in members if m.filename.lower().endswith(".xml")}
    except ZIP_FAILURES as error:
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
