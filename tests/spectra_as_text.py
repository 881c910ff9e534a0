"""One spectrum in the text formats of other instruments, for round trips through the readers.

Every file says in its header that it is synthetic. The layouts are those of the programs' own exports, reduced to the
lines that carry meaning.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from closo.twin.truth import SYNTHETIC


def write_delimited(path: Path, frequency: np.ndarray, impedance: np.ndarray, *, decimal_comma: bool = True) -> None:
    """Write three columns and a header line: f [Hz], Z' [ohm], -Z'' [ohm]; ';' and ',' as in German exports."""
    rows = [f"{f:.8e};{z.real:.8e};{-z.imag:.8e}" for f, z in zip(frequency, impedance, strict=True)]
    if decimal_comma:
        rows = [row.replace(".", ",") for row in rows]
    lines = [f"# {SYNTHETIC}", "Frequency / Hz;Z' / Ohm;-Z'' / Ohm", *rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")


def write_z(path: Path, frequency: np.ndarray, impedance: np.ndarray) -> None:
    """Write a ZPlot file: Z' and Z'' as they are (Z'' < 0 is capacitive)."""
    top = [
        "ZPLOT2 ASCII",
        "  Measured Data, ZPlot:       3.2c",
        "  Experiment Type:            Sweep Frequency, Control Voltage",
        "  Date:                       1-5-2026",
        "  Time:                       9:00:00",
        "  Begin User Comments:        1",
        f"{SYNTHETIC}",
        "  End User Comments:          1",
        f"  Data Points:                {frequency.size}",
        "  Freq(Hz)\tAmpl\tBias\tTime(Sec)\tZ'(a)\tZ''(b)\tGD\tErr\tRange",
        "End Comments",
    ]
    time = np.cumsum(0.25 + 3.0 / frequency)
    rows = [
        f"{f:.6E}\t1.0000E-02\t0.0000E+00\t{t:.6E}\t{z.real:.6E}\t{z.imag:.6E}\t0.0000E+00\t0\t4"
        for f, z, t in zip(frequency, impedance, time, strict=True)
    ]
    path.write_text("\n".join([*top, *rows]) + "\n", encoding="ascii", newline="\n")


def write_dta(path: Path, frequency: np.ndarray, impedance: np.ndarray) -> None:
    """Write a Gamry file of a potentiostatic spectrum: Zimag < 0 is capacitive."""
    top = [
        "EXPLAIN",
        "TAG\tEISPOT",
        "TITLE\tLABEL\tPotentiostatic EIS\tTest &Identifier",
        "DATE\tLABEL\t1/5/2026\tDate",
        "TIME\tLABEL\t09:00:00\tTime",
        "NOTES\tNOTES\t1\t&Notes...",
        f"\t{SYNTHETIC}",
        "PSTAT\tPSTAT\tsynthetic\tPotentiostat",
        "VAC\tQUANT\t1.00000E+001\tAC &Voltage (mV rms)",
        "AREA\tQUANT\t1.00000E+000\t&Area (cm^2)",
        "ZCURVE\tTABLE",
        "\tPt\tTime\tFreq\tZreal\tZimag\tZsig\tZmod\tZphz\tIdc\tVdc\tIERange",
        "\t#\ts\tHz\tohm\tohm\tV\tohm\t\xb0\tA\tV\t#",
    ]
    time = np.cumsum(0.25 + 3.0 / frequency)
    rows = [
        f"\t{k}\t{t:.5f}\t{f:.7E}\t{z.real:.7E}\t{z.imag:.7E}\t1\t{abs(z):.7E}\t{np.degrees(np.angle(z)):.5f}\t0\t0\t9"
        for k, (f, z, t) in enumerate(zip(frequency, impedance, time, strict=True))
    ]
    path.write_bytes(("\r\n".join([*top, *rows]) + "\r\n").encode("latin-1"))


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
