"""PANalytical and Malvern patterns (.xrdml): XML.

Recognised by `<xrdMeasurements` in the first lines. A name before the elements (a namespace) is of no matter.

Structure: `xrdMeasurement` holds usedWavelength (kAlpha1, kAlpha2 [angstrom], ratioKAlpha2KAlpha1), incidentBeamPath
(radius [mm], xRayTube/anodeMaterial, the type of divergenceSlit, which may be automatic) and `scan` elements with
scanAxis. In dataPoints: positions with axis `2Theta` (startPosition and endPosition, or listPositions with one per
point), commonCountingTime [s], and `counts`, or `intensities`, in older files as rates per second;
beamAttenuationFactors holds the factor by which the beam was weakened at each point.

Columns: 2theta [deg], and counts as the detector gave them; where an attenuator moved, intensities that are corrected
for it, with a note.  Several scans of one file are several measurements.

Refused: XML with a document type or entities; a scan along another axis; numbers of points that differ; a file with no scan.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from closo.dataset import Dataset
from closo.readers.tools.markup import Element, parse, text_of
from closo.readers.tools.scans import ANGSTROM, Scan, finish_scans, is_two_theta, refuse_axis
from closo.readers.tools.text import Text, load_bytes, shown

_AGAIN = "Export it again from the program of the instrument."
_COUPLED = ("gonio", "2theta", "2theta-omega", "omega-2theta")


@np.errstate(all="ignore")  # numbers of a damaged file may overflow; what is not finite is refused
def read(path: Path) -> tuple[Dataset, ...]:
    """Read the scans of an .xrdml file.

    Raises
    ------
    ReadError  when it is no such file, or holds no scan along 2theta.
    """
    path = Path(path)
    text = Text(path, "", "binary")
    root = parse(bytes(load_bytes(path)), path)
    if root.tag != "xrdMeasurements":
        raise text.error(f"this XML holds {shown(root.tag)}, not xrdMeasurements.", "Was another reader meant?")
    scans = [
        _scan(text, measurement, scan)
        for measurement in root.findall("xrdMeasurement")
        for scan in measurement.findall("scan")
    ]
    if not scans:
        raise text.error("it holds no scan.", _AGAIN)
    return finish_scans(text, scans, metadata=_sample(root))


def _sample(root: Element) -> dict[str, Any]:
    words = text_of(root, "sample/id") or text_of(root, "sample/name")
    return {"sample": words[:200]} if words else {}


def _scan(text: Text, measurement: Element, scan: Element) -> Scan:
    axis = scan.get("scanAxis")
    points = scan.find("dataPoints")
    if points is None:
        raise text.error("a scan of it has no points.", _AGAIN)
    positions = next((p for p in points.findall("positions") if is_two_theta(p.get("axis"))), None)
    if positions is None or (axis and axis.lower() not in _COUPLED):
        raise refuse_axis(text, axis or "an unnamed axis")
    values, warnings = _intensity(text, points)
    angle = _angles(text, positions, len(values))
    stated = _tube(measurement) | ({"scan": axis} if axis else {})
    seconds = _numbers(text, text_of(points, "commonCountingTime"))
    if len(seconds) == 1 and 0.0 < seconds[0] < 1e7:
        stated["time_per_step"] = float(seconds[0])
    started = text_of(scan, "header/startTimeStamp")
    return Scan(angle, values, stated | ({"date": started} if started else {}), warnings)


def _angles(text: Text, positions: Element, points: int) -> np.ndarray:
    listed = _numbers(text, text_of(positions, "listPositions"))
    if len(listed):
        if len(listed) != points:
            raise text.error(f"it has {len(listed)} angles and {points} intensities.", _AGAIN)
        return listed
    ends = [_numbers(text, text_of(positions, name)) for name in ("startPosition", "endPosition")]
    if any(len(end) != 1 for end in ends):
        raise text.error("the scan does not say where it begins and ends.", _AGAIN)
    return np.linspace(float(ends[0][0]), float(ends[1][0]), points)


def _intensity(text: Text, points: Element) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return what the detector gave, corrected for an attenuator that moved."""
    element = points.find("counts")
    element = points.find("intensities") if element is None else element
    values = _numbers(text, text_of(element))
    if not len(values):
        raise text.error("a scan of it has no intensities.", _AGAIN)
    factor = _numbers(text, text_of(points, "beamAttenuationFactors"))
    if not len(factor) or np.all(factor == factor[0]):
        return values, ()
    if len(factor) != len(values):
        raise text.error(f"it has {len(factor)} attenuation factors and {len(values)} intensities.", _AGAIN)
    told = f"An attenuator moved in the beam (factor {factor.min():g} to {factor.max():g}); it is corrected for."
    return values * factor, (told,)


def _numbers(text: Text, words: str) -> np.ndarray:
    try:
        return np.array(words.split(), dtype=float)
    except ValueError:
        raise text.error("a list of its numbers holds something that is none.", _AGAIN) from None


def _tube(measurement: Element) -> dict[str, Any]:
    """Return anode, wavelengths and radius [m], as far as they are stated."""
    stated: dict[str, Any] = {}
    slit = measurement.find("incidentBeamPath/divergenceSlit")
    if slit is not None and "automatic" in slit.get("type").lower():
        stated["divergence_slit"] = "automatic"
    anode = text_of(measurement, "incidentBeamPath/xRayTube/anodeMaterial")
    if anode:
        stated["anode"] = anode[:2]
    for path, name, factor, low, high in (
        ("usedWavelength/kAlpha1", "wavelength", ANGSTROM, 0.1, 5.0),
        ("usedWavelength/kAlpha2", "wavelength_alpha2", ANGSTROM, 0.1, 5.0),
        ("usedWavelength/ratioKAlpha2KAlpha1", "alpha2_ratio", 1.0, 0.0, 1.0),
        ("incidentBeamPath/radius", "goniometer_radius", 1e-3, 10.0, 2000.0),
    ):
        try:
            value = float(text_of(measurement, path))
        except ValueError:
            continue
        if low <= value <= high:
            stated[name] = value * factor
    return stated
