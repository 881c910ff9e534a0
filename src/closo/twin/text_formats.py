"""Write one spectrum as text, as other instruments do. The layout is that of the program's own export, reduced to the lines
that carry meaning; the header says that the file is synthetic.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from closo.twin.truth import SYNTHETIC


def write_mpt(path: Path, frequency: np.ndarray, impedance: np.ndarray, *, decimal_comma: bool = False) -> None:
    """Write an EC-Lab text export of a potentiostatic spectrum (Latin-1, CRLF, tabs)."""
    header = [
        "Potentio Electrochemical Impedance Spectroscopy",
        "",
        "Run on channel : 1 (SN 0)",
        "Electrode connection : standard",
        "Acquisition started on : 01/05/2026 09:00:00",
        "Device : synthetic (SN 0)",
        f"Comments : {SYNTHETIC}",
        "Electrode surface area : 0.001 cm\xb2",
        "Characteristic mass : 0.001 g",
        "",
    ]
    names = (
        "freq/Hz",
        "Re(Z)/Ohm",
        "-Im(Z)/Ohm",
        "|Z|/Ohm",
        "Phase(Z)/deg",
        "time/s",
        "<Ewe>/V",
        "<I>/mA",
        "cycle number",
    )
    time = np.cumsum(0.25 + 3.0 / frequency)
    rows = [
        "\t".join(f"{x:.7E}" for x in (f, z.real, -z.imag, abs(z), np.degrees(np.angle(z)), t, 0.0, 0.0, 1.0))
        for f, z, t in zip(frequency, impedance, time, strict=True)
    ]
    if decimal_comma:
        rows = [row.replace(".", ",") for row in rows]
    top = ["EC-Lab ASCII FILE", f"Nb header lines : {len(header) + 3}", *header, "\t".join(names)]
    path.write_bytes(("\r\n".join([*top, *rows]) + "\r\n").encode("latin-1"))
