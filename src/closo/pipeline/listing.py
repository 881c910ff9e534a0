"""What a file holds, remembered in the store so that an unchanged file need not be read again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from closo import readers
from closo.pipeline.code import code_version
from closo.pipeline.jobs import File, Job, read_file
from closo.store import Store

if TYPE_CHECKING:
    from closo.dataset import Dataset


class Listings:
    """What is known of files, by fingerprint (content, and how the study wants it read).

    A listing counts while the code that chooses a reader, and that of the reader it chose, are the same.
    """

    def __init__(self, store: Store | None, read: Callable[[File], Mapping[str, Any]] | None = None) -> None:
        kept: dict[str, Mapping[str, Any]]
        kept = {} if store is None else {k: v for k, v in store.listings().items() if isinstance(v, dict)}
        self._known = {k: v for k, v in kept.items() if v["code"] == _code(v["reader"])}
        self._read = read or list_file
        self.new: dict[str, Mapping[str, Any]] = {}  # what had to be read now
        self.read_by: dict[tuple[str, str | None, str | None], str] = {}  # file without its path -> name of the reader
        self._of: dict[tuple[str, str | None, str | None], list[dict[str, Any]]] = {}

    def parts_of(self, fingerprint: str, file: File) -> list[dict[str, Any]]:
        """Return number, kind and title of every measurement in a file, from memory where it can."""
        if fingerprint not in self._known:
            self._known[fingerprint] = self.new[fingerprint] = self._read(file)
        listing = self._known[fingerprint]
        self.read_by[file[1:]] = listing["reader"]
        self._of[file[1:]] = listing["parts"]
        return self._of[file[1:]]

    def voltages_of(self, job: Job) -> tuple[float, float] | None:
        """Return the median voltage [V] in discharge and in charge of a part that `parts_of` has listed."""
        return next(
            (part["voltages"] for part in self._of[job.sha256, job.reader, job.columns] if part["part"] == job.part),
            None,
        )


def list_file(file: File) -> dict[str, Any]:
    """Return what is remembered of a file: its parts, the reader, and the code by which both were found."""
    reader = read_file(*file)[1]
    return {"parts": list_parts(file), "reader": reader, "code": _code(reader)}


def _code(reader: str) -> str:
    """Return the hash of the code that chooses a reader and lists what a file holds."""
    return code_version("closo.readers", __name__, *readers.modules_of("arbin, bdf"), *readers.modules_of(reader))


def list_parts(file: File) -> list[dict[str, Any]]:
    """Return number, kind and title of every measurement in a file, and its voltages in discharge and in charge.

    Parameters
    ----------
    file : path, sha256, reader, columns, as for `read_file`.
    """
    datasets, _ = read_file(*file)
    return [
        {
            "part": int(d.attrs["part"]),
            "kind": str(d.attrs["kind"]),
            "title": str(d.attrs["title"]),
            "guessed": any(text.startswith("Taken as ") for text in d.attrs["warnings"]),
            "unused": ", ".join(d.attrs["metadata"].get("columns_not_used", ()))[:200],
            "voltages": _under_current(d),
        }
        for d in datasets
    ]


def _under_current(data: Dataset) -> tuple[float, float] | None:
    """Return the median voltage [V] in discharge and in charge, None where one of them does not occur."""
    name = next((n for n in ("voltage", "potential") if n in data), None)
    if name is None or "current" not in data:
        return None
    import numpy as np

    voltage, current = (np.asarray(data[n].values, float) for n in (name, "current"))
    use = np.isfinite(voltage) & np.isfinite(current)
    if "frequency" in data:
        use &= ~(np.asarray(data["frequency"].values, float) > 0)
    size = np.abs(current[use])
    limit = 0.1 * float(size.max()) if len(size) else 0.0
    down, up = voltage[use & (current < -limit)], voltage[use & (current > limit)]
    return (float(np.median(down)), float(np.median(up))) if len(down) and len(up) else None
