"""Bruker DIFFRAC.MEASUREMENT archive (.brml): a zip file of XML.

Recognised by the first name in the archive: `Experiment0/...` or `experimentCollection.xml`.

Structure: `ExperimentN/DataContainer.xml` lists under RawDataReferenceList the `ExperimentN/RawDataM.xml`, one per
scan. Inside, each DataRoute has ScanAxes (the axis that moves: AxisId `TwoTheta`), `Datum` (one per point, numbers
with commas between them) and DataViews that say which number is what: FixedRawDataView (`MeasuredTime`,
`AbsorptionFactor`), VaryingRawDataView (the axes, in order, as FieldDefinitions), RecordedRawDataView (the detector),
each with Start and Length. WaveLengthAlpha1, WaveLengthAlpha2, WaveLengthRatio and TubeMaterial name the tube; they
may stand in other members of the archive.

Columns: 2theta [deg], and the detector as counts, or as intensity where the numbers are not whole: an absorber that
moved into the beam is corrected for by the program already, and a note says so.

Refused: an archive with names that lead out of it, encrypted, or that unpacks to more than 100 MB or 200 times its size; XML
with a document type or entities; a scan without 2theta; a detector that records more than one number per point (an image).
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

from closo.dataset import Dataset
from closo.readers.tools.markup import Element, parse, text_of, unpack
from closo.readers.tools.scans import ANGSTROM, MOST_POINTS, Scan, finish_scans, is_two_theta, refuse_axis
from closo.readers.tools.text import Text, head, shown

_RAW = re.compile(r"(?:^|/)RawData(\d+)\.xml$")
_AGAIN = "Export it from DIFFRAC.EVA as .xy."


@np.errstate(all="ignore")  # numbers of a damaged file may overflow; what is not finite is refused
def read(path: Path) -> tuple[Dataset, ...]:
    """Read the scans of a .brml archive.

    Raises
    ------
    ReadError  when it is no such archive, is not safe to unpack, or holds no scan along 2theta.
    """
    path = Path(path)
    text = Text(path, "", "binary")
    begin = head(path)
    if not begin.startswith("PK"):
        raise text.error(f"this is not a .brml archive: it begins with {shown(begin[:20])}.", "Was it copied whole?")
    members = unpack(path)
    names = sorted((n for n in members if _RAW.search(n)), key=_order)
    if not names:
        raise text.error("the archive holds no RawData0.xml, where the points of a .brml are.", "Was it copied whole?")
    scans: list[Scan] = []
    tube: dict[str, Any] = {}
    for name in names:
        root = parse(members[name], path, member=name)
        tube = tube or _tube(root)
        scans += [_scan(text, route) for route in root.iter("DataRoute") if route.find("Datum") is not None]
    if not scans:
        raise text.error("no scan of the archive has points.", "Was the measurement stopped before its first point?")
    if not tube:
        tube = _tube_elsewhere(path, members)
    return finish_scans(text, scans, metadata=tube)


def _order(name: str) -> tuple[str, int]:
    found = _RAW.search(name)
    return name.rpartition("/")[0], int(found[1]) if found else 0


def _scan(text: Text, route: Element) -> Scan:
    """Return the scan of one data route."""
    rows = [datum.text.split(",") for datum in route.findall("Datum")]
    width = len(rows[0])
    if len(rows) > MOST_POINTS or any(len(row) != width for row in rows):
        raise text.error("the points of the scan do not all have the same number of values.", _AGAIN)
    try:
        values = np.array(rows, dtype=float)
    except ValueError:
        raise text.error("a point of the scan holds something that is not a number.", _AGAIN) from None
    places = _places(text, route, width)
    axes = [axis.get("AxisId") for axis in route.findall("ScanInformation/ScanAxes/ScanAxisInfo")]
    angle = next((values[:, k] for name, k in places.items() if is_two_theta(name)), None)
    if angle is None or (axes and not any(is_two_theta(axis) for axis in axes)):
        raise refuse_axis(text, axes[0] if axes else "an unnamed axis")
    if "detector" not in places:
        raise text.error("no view of the scan says which number the detector gave.", _AGAIN)
    warnings: tuple[str, ...] = ()
    factor = values[:, places["AbsorptionFactor"]] if "AbsorptionFactor" in places else np.ones(len(values))
    if np.any(factor != factor[0]):
        warnings = (
            f"An absorber moved in the beam (factor {factor.min():g} to {factor.max():g}); it is corrected for.",
        )
    seconds = text_of(route, "ScanInformation/TimePerStep")
    stated = {"time_per_step": float(seconds)} if _is_number(seconds) and 0.0 < float(seconds) < 1e6 else {}
    return Scan(angle, values[:, places["detector"]], stated, warnings)


def _places(text: Text, route: Element, width: int) -> dict[str, int]:
    """Return which number of a point is what: name of an axis or value -> position, 'detector' for what was recorded."""
    places: dict[str, int] = {}
    for view in route.iter("RawDataView"):
        kind, start, length = view.get("type"), view.get("Start"), view.get("Length")
        if not (start.isdecimal() and length.isdecimal() and int(start) + int(length) <= width):
            raise text.error("a view of the scan points behind the numbers of a point.", _AGAIN)
        if kind.startswith("Recorded"):
            if int(length) != 1:
                raise text.error(f"the detector recorded {length} numbers per point: an image, no pattern.", _AGAIN)
            places.setdefault("detector", int(start))
        elif kind.startswith("Varying"):
            names = [d.get("AxisId") or d.get("FieldName") for d in view.iter("FieldDefinitions")]
            places |= {name: int(start) + k for k, name in enumerate(names[: int(length)])}
        else:
            places.setdefault(view.get("LogicName"), int(start))
    return places


def _tube_elsewhere(path: Path, members: dict[str, bytes]) -> dict[str, Any]:
    """Return what the first other member that names the tube says of it."""
    for name, content in members.items():
        if not _RAW.search(name) and b"WaveLengthAlpha1" in content:
            return _tube(parse(content, path, member=name))
    return {}


def _tube(root: Element) -> dict[str, Any]:
    """Return anode and wavelengths [m], as the first elements of these names say."""
    stated: dict[str, Any] = {}
    for tag, name in (("WaveLengthAlpha1", "wavelength"), ("WaveLengthAlpha2", "wavelength_alpha2")):
        element = next(root.iter(tag), None)
        value = "" if element is None else element.get("Value") or text_of(element)
        if _is_number(value) and 0.1 < float(value) < 5.0:
            stated[name] = float(value) * ANGSTROM
    ratio = next(root.iter("WaveLengthRatio"), None)
    value = "" if ratio is None else ratio.get("Value") or text_of(ratio)
    if _is_number(value) and 0.0 < float(value) <= 1.0:
        stated["alpha2_ratio"] = float(value)
    anode = next(root.iter("TubeMaterial"), None)
    words = "" if anode is None else anode.get("Value") or text_of(anode)
    return stated | ({"anode": words[:2]} if words else {})


def _is_number(text: str) -> bool:
    try:
        return bool(np.isfinite(float(text)))
    except ValueError:
        return False
