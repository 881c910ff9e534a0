"""Hexagonal mesopores, as in SBA-15: straight channels through silica, to be filled with salt, coated, or left empty."""

from __future__ import annotations

import math

from closo.errors import StudyError
from closo.models.microstructure.records import Channels, checked_length


def channel_fraction(pitch: float, diameter: float) -> float:
    """Return the volume fraction of the channels, pi/(2 sqrt 3) (diameter / pitch)^2.

    Example
    -------
    >>> round(channel_fraction(10e-9, 7e-9), 4)
    0.4444
    """
    return math.pi / (2 * math.sqrt(3)) * (diameter / pitch) ** 2


def hexagonal_channels(pitch: float, diameter: float, *, repeats: int = 1) -> Channels:
    """Return cylindrical channels along axis 0 in a hexagonal lattice.

    The box is `pitch` long along axes 0 and 1 and sqrt(3) `pitch` along axis 2 (two channels), times `repeats` along
    1 and 2; `cells=(30, 30, 52)` are nearly cubic. `sample` fills the channels: with `filled_fraction=0` they stay empty,
    `shell` coats their walls.

    Parameters
    ----------
    pitch : distance of neighbouring channels' axes [m] (from XRD: 2 d100 / sqrt(3)).
    diameter : of the channels [m], smaller than `pitch`.

    Raises
    ------
    StudyError  when the channels would overlap.

    Example
    -------
    >>> hexagonal_channels(10e-9, 7e-9).description
    'hexagonal channels of 7 nm, pitch 10 nm, through 55.56 vol% silica'
    """
    checked_length("The pitch", pitch)
    checked_length("The diameter of the channels", diameter)
    if diameter >= pitch:
        raise StudyError(
            f"Channels of {diameter:.3g} m overlap at a pitch of {pitch:.3g} m.",
            hint="The wall is the pitch less the diameter.",
        )
    if repeats < 1:
        raise StudyError(f"repeats is {repeats}; it must be 1 or more.")
    import numpy as np

    long = math.sqrt(3) * pitch
    centres = [
        (offset + i * pitch, (0.25 if offset < pitch / 2 else 0.75) * long + j * long)
        for i in range(repeats)
        for j in range(repeats)
        for offset in (0.25 * pitch, 0.75 * pitch)
    ]
    solid = 1 - channel_fraction(pitch, diameter)
    width, apart = f"{diameter * 1e9:.3g} nm", f"{pitch * 1e9:.3g} nm"
    text = f"hexagonal channels of {width}, pitch {apart}, through {100 * solid:.2f} vol% silica"
    return Channels((pitch, repeats * pitch, repeats * long), np.array(centres), diameter / 2, solid, solid, 0, text)
