"""Velox .emd (Thermo Fisher), HDF5: X-ray spectra and event streams, energy-loss spectrum images.

Recognised by the suffix .emd and what is in it; other .emd files are refused. Needs h5py (the extra `em`).

Structure: `Data/SpectrumStream/<id>/Data` are 16-bit numbers of one detector: a channel that was hit, or 65535, the
step to the next pixel; `AcquisitionSettings` (JSON) has `bincount` and `RasterScanDefinition` (Width, Height).
`Data/Spectrum/<id>/Data` (channels, 1) are sums; where there is no map they are the measurements.
`Data/EelsSpectrumImage/<id>/Data` (columns, channels, rows). `Metadata` (JSON in the first column of bytes): of the
detector, `Dispersion` and `OffsetEnergy` [eV]; `BinaryResult.PixelSize.width` [m].

The streams of all detectors are added. Steps must be those of whole frames of the raster (the last step may be
missing): else the file is refused, because all counts would come to lie at a wrong place.

Source: compared count by count with rosettasciio, which does not compare steps with the raster.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from closo.dataset import Dataset
from closo.errors import ReadError
from closo.readers.tools.microscopes import EXTRA, MOST_EVENTS, events, held, measurement, pixels_first, square
from closo.readers.tools.text import DAMAGE, size_of

_STEP = 65535
_BLOCK = 2**22  # words of a stream that are worked on at once
_AGAIN = "Export it again from Velox."


def read(path: Path) -> tuple[Dataset, ...]:
    """Read the spectra, maps and spectrum images of a Velox file.

    Raises
    ------
    ReadError  when it is not a Velox file, is damaged, its steps are not those of its raster, or h5py is not installed.
    """
    try:
        import h5py
    except ImportError:
        raise ReadError("a Velox file needs h5py, which is not installed.", file=path, hint=EXTRA) from None
    size_of(path)
    try:
        with h5py.File(path, "r") as file:
            data = file.get("Data")
            if "Version" not in file or b"Velox" not in file["Version"][0] or data is None:
                text = "this HDF5 file was not written by Velox."
                raise ReadError(text, file=path, hint="Read it with --reader rosettasciio.")
            found = [*_map(path, data), *_losses(path, data)]
            found = found or _spectra(path, data)
    except DAMAGE as error:
        reason = " ".join(str(error).split())[:80]
        raise ReadError(
            f"it is damaged, or of an unknown version of Velox ({reason}).", file=path, hint=_AGAIN
        ) from None
    if not found:
        raise ReadError("it holds no spectra, only images.", file=path, hint="Open the file with the spectra.")
    for k, one in enumerate(found):
        one.attrs["part"] = k + 1
    return tuple(found)


def _said(group: Any) -> dict[str, Any]:
    """Return the metadata of a group."""
    raw = group["Metadata"][:, 0].tobytes().split(b"\0")[0]
    said = json.loads(raw)
    if not isinstance(said, dict):
        raise ValueError("metadata")
    return said


def _calibration(said: dict[str, Any]) -> tuple[float, float]:
    """Return the energy of channel 0 and the step [eV], of the group's own detector."""
    named = str(said["BinaryResult"]["Detector"])
    detectors = [d for d in said["Detectors"].values() if "Dispersion" in d and "OffsetEnergy" in d]
    own = [d for d in detectors if str(d["DetectorName"]).startswith(named) or named.startswith(str(d["DetectorName"]))]
    chosen = (own or detectors)[0]
    return float(chosen["OffsetEnergy"]), float(chosen["Dispersion"])


def _pixel(said: dict[str, Any]) -> float | None:
    size = said["BinaryResult"].get("PixelSize") or {}
    sides = [float(size[side]) for side in ("height", "width") if side in size]
    return square(sides) if said["BinaryResult"].get("PixelUnitX") == "m" else None


def _kept(said: dict[str, Any], detectors: list[str]) -> dict[str, Any]:
    live = [
        float(d["LiveTime"])
        for d in said["Detectors"].values()
        if "LiveTime" in d and d.get("DetectorName") in detectors
    ]
    volts = said.get("Optics", {}).get("AccelerationVoltage")
    kept: dict[str, Any] = {"detectors": detectors}
    kept |= {"live_time_s": max(live)} if live else {}
    return kept | ({"beam_voltage_kV": float(volts) / 1e3} if volts else {})


def _map(path: Path, data: Any) -> list[Dataset]:
    """Return the map of all event streams together; nothing where none has a raster."""
    streams = list((data.get("SpectrumStream") or {}).values())
    settings = [json.loads(stream["AcquisitionSettings"][0]) for stream in streams]
    raster = [s.get("RasterScanDefinition") for s in settings]
    if not streams or not any(raster):
        return []
    width, height, bins = int(raster[0]["Width"]), int(raster[0]["Height"]), int(settings[0]["bincount"])
    said, size, used = [_said(stream) for stream in streams], width * height, 0
    # of this only the pages that are written to take memory
    keys = np.empty(sum(s["Data"].shape[0] for s in streams), np.uint32 if size * bins <= 2**32 else np.uint64)
    for stream in streams:
        steps, words = 0, stream["Data"]
        for begin in range(0, words.shape[0], _BLOCK):
            block = words[begin : begin + _BLOCK, 0]
            step = block == _STEP
            pixels, channels = ((steps + np.cumsum(step)) % size)[~step], block[~step]
            steps += int(step.sum())
            if channels.size and int(channels.max()) >= bins:
                raise ReadError(f"a stream has channels beyond {bins}.", file=path, hint=_AGAIN)
            keys[used : used + channels.size] = pixels * bins + channels
            used += channels.size
            if used > MOST_EVENTS:
                text = f"it holds more than {MOST_EVENTS / 1e6:.0f} million X-rays, which need too much memory."
                raise ReadError(text, file=path, hint="Export fewer frames, or neighbouring pixels summed, from Velox.")
        if steps % size not in (0, size - 1):
            text = f"its settings say {width} x {height} pixels, but a stream has {steps} steps, no whole number of frames."
            hint = "The raster is not known, so no map can be made. Export the map from Velox."
            raise ReadError(text, file=path, hint=hint)
    names = [str(one["BinaryResult"]["Detector"]) for one in said]
    offset, step_energy = _calibration(said[0])
    return [
        events(
            path,
            keys[:used],
            raster=(height, width),
            energies=(offset, step_energy, bins),
            pixel=_pixel(said[0]),
            title=f"X-ray map of {len(streams)} detectors",
            metadata=_kept(said[0], names),
        )
    ]


def _losses(path: Path, data: Any) -> list[Dataset]:
    """Return the energy-loss spectrum images."""
    found = []
    for group in (data.get("EelsSpectrumImage") or {}).values():
        held(path, group["Data"].nbytes)
        cube, said = pixels_first(group["Data"], (2, 0, 1)), _said(group)
        detectors = [d for d in said["Detectors"].values() if "Dispersion" in d and "OffsetEnergy" in d]
        warnings = () if detectors else ("The file states no energy axis: energies are channel numbers.",)
        offset, step = _calibration(said) if detectors else (0.0, 1.0)
        energies = offset + step * np.arange(cube.shape[2])
        one = measurement(path, cube, axis="energy_loss", energies=energies, pixel=_pixel(said), warnings=warnings)
        one.attrs["uncalibrated"] = not detectors
        found.append(one)
    return found


def _spectra(path: Path, data: Any) -> list[Dataset]:
    """Return the summed X-ray spectra of single detectors."""
    found = []
    for group in (data.get("Spectrum") or {}).values():
        said, counts = _said(group), group["Data"][:, 0]
        name, (offset, step) = str(said["BinaryResult"]["Detector"]), _calibration(said)
        energies = offset + step * np.arange(len(counts))
        kept = _kept(said, [name])
        found.append(measurement(path, counts, axis="energy", energies=energies, title=name, metadata=kept))
    return found
