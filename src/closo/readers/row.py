"""One row of the table of readers."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Reader:
    """One row: how a format is recognised and where it is read.

    Attributes
    ----------
    name : short name, as `--reader` takes it.
    title : instrument and kind of file.
    suffixes : usual endings of the file name (lower case, with dot); a hint, never proof.
    magic : words, of which one must stand in the first 4 kB (decoded leniently, line ends as LF); empty for formats
        without a mark, which are then recognised by their suffix.
    module : holds `read(path) -> tuple[Dataset, ...]`.
    page : the specification of the format, where one module reads several; else it is the module's docstring.
    """

    name: str
    title: str
    suffixes: tuple[str, ...]
    magic: tuple[str, ...]
    module: str
    page: str = ""
