"""What every reader must do: state its format, read a sample of it, and meet damage with a ReadError or valid data."""

import ast
import importlib
import inspect
import io
import json
import struct
import zipfile
from importlib.util import find_spec
from pathlib import Path

import h5py
import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from closo.dataset import KINDS, Dataset
from closo.errors import ReadError
from closo.nomenclature import NAMES
from closo.readers import READERS, read, sniff
from closo.twin.digital_micrograph import dm4_bytes

try:
    import h5py
except ImportError:
    h5py = None

SPECTRUM = [(1e5, 50 - 5j), (1e4, 60 - 20j), (1e3, 90 - 60j), (1e2, 150 - 200j), (1e1, 160 - 1900j)]


def _rows(pattern: str, separator: str = "\n") -> str:
    """Write the sample spectrum; {f} {re} {im} {minus} {abs} {deg} {k} are filled in."""
    return separator.join(
        pattern.format(f=f, re=z.real, im=z.imag, minus=-z.imag, abs=abs(z), deg=np.degrees(np.angle(z)), k=k)
        for k, (f, z) in enumerate(SPECTRUM)
    )


# time [s], voltage [V], current [A], step, state: what the readers that know no impedance are given
RECORD = [
    (0, 3.0, 0.0, 1, "R"), (10, 3.01, 0.0, 1, "R"), (20, 3.2, 1e-3, 2, "C"), (30, 3.3, 1e-3, 2, "C"),
    (40, 3.1, -1e-3, 3, "D"), (50, 2.9, -1e-3, 3, "D"),
]  # fmt: skip

# p/p0, amount [mmol/g], desorption: what the readers of isotherms are given
ISOTHERM = [(0.05, 1.8, 0), (0.1, 2.0, 0), (0.2, 2.4, 0), (0.3, 2.8, 0), (0.95, 16.5, 0), (0.5, 3.9, 1)]


def _isotherm(pattern: str, rows=tuple(ISOTHERM), separator: str = "\n") -> str:
    """Write rows of the sample isotherm; {x} {n} {p} [kPa] {branch} are filled in."""
    return separator.join(pattern.format(x=x, n=n, p=100 * x, branch=("ads", "des")[des]) for x, n, des in rows)


# wavenumber [1/cm], absorbance: what the readers of infrared spectra are given
INFRARED = [(3750.0, 0.25), (3748.0, 0.375), (3746.0, 0.5), (3744.0, 0.4375), (3742.0, 0.3125)]


# temperature [degC], heat flow [W/g]: what the reader of calorimeters is given
HEAT = [(50.0, 0.25), (60.0, 0.3), (70.0, 0.5), (80.0, 0.375), (90.0, 0.3125)]


def _infrared(pattern: str) -> str:
    """Write the sample spectrum; {x} and {y} are filled in."""
    return "".join(pattern.format(x=x, y=y) + "\n" for x, y in INFRARED)


# energy [eV], intensity or counts: what the readers of edges are given
EDGE = [(9690.0, 12.0), (9691.0, 15.0), (9692.0, 140.0), (9693.0, 980.0), (9694.0, 160.0), (9695.0, 14.0)]


def _edge(pattern: str) -> str:
    """Write the sample spectrum; {x}, {y} and {k} are filled in."""
    return "".join(pattern.format(x=x, y=y, k=k) + "\n" for k, (x, y) in enumerate(EDGE))


def _lerix() -> str:
    """Write the sample as counts of six analysers."""
    names = ["Mono Energy (alt) *", "Scaler preset time *", "I0", *(f"qIXS-{k:02d}" for k in range(1, 7))]
    head = "# 1-D Scan File created by LabVIEW Control Panel  11/3/2017  10:43:31 AM; synthetic\n#\n"
    listed = "".join(f"# {k:2d}) {name}\n" for k, name in enumerate(names, start=1))
    return head + listed + "# Column Headings:\n" + _edge("  {x:.4f}  0.5  374.25" + "  {y:.2f}" * 6)


def _hdf5() -> bytes:
    """Write the sample as NXdata."""
    file = io.BytesIO()
    with h5py.File(file, "w") as content:
        content["energy"], content["intensity"] = np.array(EDGE).T
        content["energy"].attrs["units"] = "eV"
    return file.getvalue()


def _spa() -> bytes:
    """Write the sample spectrum as a .spa with its header and its intensities."""
    head = struct.pack("<4xIB3xB3xff", len(INFRARED), 1, 17, INFRARED[0][0], INFRARED[-1][0]).ljust(56, b"\0")
    data = b"".join(struct.pack("<f", y) for _, y in INFRARED)
    table = struct.pack("<BxII6x", 2, 336, len(head)) + struct.pack("<BxII6x", 3, 336 + len(head), len(data))
    top = b"Spectral Data File\r\n".ljust(30, b"\0") + b"synthetic".ljust(264, b"\0") + struct.pack("<HI4x", 2, 1)
    return top + table + head + data


# rows, columns and channels: what the readers of microscopes' files are given
MAP = (np.arange(125, dtype=np.uint16) % 7 + 1).reshape(5, 5, 5)


def _velox() -> bytes:
    """Write the sample map as the event stream of one detector."""
    if h5py is None:
        return b""
    words = [word for spectrum in MAP.reshape(25, 5) for word in (*np.repeat(np.arange(5), spectrum), 65535)]
    detector = {"DetectorName": "Synthetic", "Dispersion": "10", "OffsetEnergy": "-50"}
    said = {"BinaryResult": {"Detector": "Synthetic"}, "Detectors": {"0": detector}}
    asked = {"bincount": "5", "RasterScanDefinition": {"Width": "5", "Height": "5"}}
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        file["Version"] = [b'{"format": "Velox"}']
        stream = file.create_group("Data/SpectrumStream/0")
        stream["Data"] = np.array(words, np.uint16)[:, None]
        stream["AcquisitionSettings"] = [json.dumps(asked).encode()]
        stream["Metadata"] = np.frombuffer(json.dumps(said).encode().ljust(600, b"\0"), np.uint8)[:, None]
    return content.getvalue()


def _hspy() -> bytes:
    """Write the sample map as HyperSpy does."""
    if h5py is None or find_spec("rsciio") is None:
        return b""
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        file.attrs["file_format"], file.attrs["file_format_version"] = "HyperSpy", "3.3"
        signal = file.create_group("Experiments/synthetic")
        signal["data"] = MAP
        for k, (name, unit, scale) in enumerate((("y", "nm", 2.0), ("x", "nm", 2.0), ("Energy", "keV", 0.01))):
            axis = signal.create_group(f"axis-{k}")
            axis.attrs.update(name=name, units=unit, scale=scale, offset=0.0, size=MAP.shape[k], navigate=k < 2)
        signal.create_group("metadata/Signal").attrs["signal_type"] = "EDS_TEM"
        signal.create_group("original_metadata")
    return content.getvalue()


def _opus() -> bytes:
    """Write the sample spectrum as an OPUS file with one absorbance and its status."""
    numbers = {"FXV": INFRARED[0][0], "LXV": INFRARED[-1][0], "CSF": 1.0, "MNY": 0.25, "MXY": 0.5}
    stated = [("NPT", 0, struct.pack("<i", len(INFRARED))), ("DXU", 2, b"WN\0\0")]
    stated += [(name, 1, struct.pack("<d", value)) for name, value in numbers.items()]
    status = b"".join(
        name.encode() + b"\0" + struct.pack("<2H", kind, len(value) // 2) + value for name, kind, value in stated
    )
    status += b"END\0" + bytes(4)
    data = b"".join(struct.pack("<f", y) for _, y in INFRARED)
    places = 24 + 12 * 2
    directory = struct.pack("<3I", 0x101F, len(status) // 4, places)
    directory += struct.pack("<3I", 0x100F, len(data) // 4, places + len(status))
    return b"\x0a\x0a\xfe\xfe" + struct.pack("<d3I", 920622.0, 24, 40, 2) + directory + status + data


def _record(pattern: str) -> str:
    """Write the sample record; {t} {v} {i} {abs} {step} {state} {k} are filled in."""
    return "".join(
        pattern.format(t=t, v=v, i=i, abs=abs(i), step=step, state=state, k=k + 1) + "\n"
        for k, (t, v, i, step, state) in enumerate(RECORD)
    )


# 2theta [deg] and counts: what the readers of patterns are given
PATTERN = [(20.0, 12), (20.5, 15), (21.0, 140), (21.5, 1180), (22.0, 160), (22.5, 14)]
TUBE = "<usedWavelength><kAlpha1>1.540598</kAlpha1></usedWavelength>"


def _raw() -> bytes:
    """Write the sample pattern as a Bruker .raw of version 3, one range."""
    head = bytearray(712)
    head[:7], head[608:610] = b"RAW1.01", b"Cu"
    struct.pack_into("<II", head, 8, 1, 1)
    struct.pack_into("<5d", head, 616, 1.5418, 1.5406, 1.54439, 1.39222, 0.5)
    part = bytearray(304)
    struct.pack_into("<IIdd", part, 0, 304, len(PATTERN), 10.0, PATTERN[0][0])
    struct.pack_into("<d", part, 176, 0.5)
    struct.pack_into("<f", part, 192, 2.0)
    struct.pack_into("<III", part, 248, 0, 4, 0)
    return bytes(head + part) + struct.pack(f"<{len(PATTERN)}f", *(y for _, y in PATTERN))


def _brml() -> bytes:
    """Write the sample pattern as a .brml archive."""
    xsi = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
    views = (
        '<RawDataView xsi:type="FixedRawDataView" Start="0" Length="1" LogicName="MeasuredTime"/>'
        '<RawDataView xsi:type="VaryingRawDataView" Start="1" Length="2"><Varying>'
        '<FieldDefinitions AxisId="Theta"/><FieldDefinitions AxisId="TwoTheta"/></Varying></RawDataView>'
        '<RawDataView xsi:type="RecordedRawDataView" Start="3" Length="1"/>'
    )
    rows = "".join(f"<Datum>1,{x / 2},{x},{y}</Datum>" for x, y in PATTERN)
    axis = '<ScanInformation><ScanAxes><ScanAxisInfo AxisId="TwoTheta"/></ScanAxes></ScanInformation>'
    tube = '<WaveLengthAlpha1 Value="1.5406"/><TubeMaterial Value="Cu"/>'
    route = f"<DataRoute>{axis}{rows}<DataViews>{views}</DataViews></DataRoute>"
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in (
            ("DataContainer", "<DataContainer/>"),
            ("RawData0", f"<RawData {xsi}>{tube}{route}</RawData>"),
        ):
            archive.writestr(zipfile.ZipInfo(f"Experiment0/{name}.xml", (2026, 1, 5, 9, 0, 0)), text)
    return content.getvalue()


def _ndax() -> bytes:
    """Write the sample record as the ndc of version 5, in a .ndax without its XML files."""
    rows = b""
    begin = {1: 0, 2: 10, 3: 30}  # s: the times of a step count from its own beginning
    for k, (t, v, i, step, state) in enumerate(RECORD):
        code = {"R": 4, "C": 1, "D": 2}[state]
        rows += struct.pack("<xIIBB5xQii4xqqqqHBBBBBi8x", k + 1, 0, step, code, 1000 * (t - begin[step]), round(v * 1e4),
                            round(i * 1e6), 0, 0, 0, 0, 2026, 1, 5, 9, 0, t, 10)  # fmt: skip
    head = bytes([1, 0, 5]).ljust(4096, b"\x00")
    page = b"\x00" * 4 + bytes([0b111111]).ljust(128, b"\x00") + rows
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("data.ndc", (2026, 1, 5, 9, 0, 0)), head + page.ljust(4096, b"\x00"))
    return content.getvalue()


def _mpr() -> bytes:
    """Write the sample spectrum as a .mpr: PEIS, data of version 3, columns freq, Re(Z), -Im(Z), time."""
    points = b"".join(struct.pack("<fffd", f, z.real, -z.imag, k) for k, (f, z) in enumerate(SPECTRUM))
    data = struct.pack("<IB4H", len(SPECTRUM), 4, 32, 37, 38, 4).ljust(406, b"\0") + points
    modules = (("VMP Set", "VMP settings", 0, b"\x1d".ljust(700, b"\0")), ("VMP data", "VMP data", 3, data))
    return b"BIO-LOGIC MODULAR FILE\x1a".ljust(48) + bytes(4) + b"".join(
        struct.pack("<6s10s25sII8s", b"MODULE", short.encode().ljust(10), title.encode().ljust(25), len(body), version,
                    b"01/02/25") + body
        for short, title, version, body in modules
    )  # fmt: skip


def _xlsx() -> bytes:
    """Write the sample spectrum as the second sheet of a workbook."""
    book = Workbook()
    book.active.append(["operator", "nobody"])
    sheet = book.create_sheet("spectrum")
    sheet.append(["freq/Hz", "Z'/ohm", "-Z''/ohm"])
    for f, z in SPECTRUM:
        sheet.append([f, z.real, -z.imag])
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def _parquet() -> bytes:
    """Write the sample record as a Parquet table with names of its own."""
    time, voltage, current, step, _ = zip(*RECORD, strict=True)
    content = io.BytesIO()
    columns = {
        "t (s)": time,
        "Voltage (mV)": [1e3 * v for v in voltage],
        "I/mA": [1e3 * i for i in current],
        "Step": step,
    }
    pl.DataFrame(columns).write_parquet(content)
    return content.getvalue()


def _ism() -> bytes:
    """Write the sample spectrum as a .ism, with its texts in exchanged letters."""
    numbers = np.array([[f, abs(z), np.angle(z), 1.45e9 + k] for k, (f, z) in enumerate(SPECTRUM)]).T
    texts = (b"050126xx", b"im6", b"0 v", b"0 a", b"25", b"1", b"SYNTHETIC", b"", b"", b"")
    return b"".join(
        [(1).to_bytes(6, "big"), (len(SPECTRUM) - 1).to_bytes(6, "big"), numbers.astype(">f8").tobytes()]
        + [np.full(len(SPECTRUM), 990, ">i2").tobytes()]
        + [len(text).to_bytes(2, "big") + text for text in texts]
    )


def _clock(seconds: float, start: int = 0) -> str:
    """Write h:mm:ss, counted from `start`."""
    whole = int(seconds) + start
    return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"


# each step begins at the moment at which the one before ends, and both write a row
STEPS = [
    (0, 3.0, 0.0, 1, "R"), (10, 3.01, 0.0, 1, "R"), (20, 3.02, 0.0, 1, "R"), (20, 3.2, 1e-3, 2, "C"),
    (30, 3.3, 1e-3, 2, "C"), (40, 3.4, 1e-3, 2, "C"), (40, 3.1, -1e-3, 3, "D"), (50, 2.9, -1e-3, 3, "D"),
    (60, 2.8, -1e-3, 3, "D"),
]  # fmt: skip
_BEGIN = {1: 0, 2: 20, 3: 40}  # s, of these steps


def _table(head: str, pattern: str, rows: list | None = None) -> str:
    """Write the sample record below a line of names; {date}, {day}, {clock} and {since} (in the step) are filled in too."""
    return head + "".join(
        pattern.format(
            k=k + 1, t=t, h=t / 3600, v=v, mv=1e3 * v, i=i, ma=1e3 * i, ua=1e6 * i, step=step,
            since=_clock(t - _BEGIN[step]), clock=_clock(t),
            date=f"2026-01-05 0{_clock(t, 32400)}", us=f"01/05/2026 0{_clock(t, 32400)}",
        ) + "\n"
        for k, (t, v, i, step, _) in enumerate(rows or RECORD)
    )  # fmt: skip


def _admittance(pattern: str) -> str:
    """Write the sample spectrum as what LCR meters show; {cp} {rp} {d} {cs} {rs} {g} {b} {x} are filled in."""
    lines = []
    for f, z in SPECTRUM:
        y, w = 1.0 / z, 2.0 * np.pi * f
        shown = {
            "cp": y.imag / w,
            "rp": 1.0 / y.real,
            "d": y.real / y.imag,
            "q": y.imag / y.real,
            "g": y.real,
            "b": y.imag,
        }
        shown |= {"cs": -1.0 / (w * z.imag), "rs": z.real, "x": z.imag, "ds": z.real / -z.imag, "ls": z.imag / w}
        lines.append(pattern.format(f=f, **shown))
    return "\n".join(lines) + "\n"


_NEWARE = "DataPoint,Cycle Index,Step Index,Step Type,Time,Total Time,Current({unit}),Voltage(mV),Capacity(mAs),Date\n"
_BTSDA_ROW = "{k},1,{step},CC Chg,{since}.000,{clock}.000,{ua:.1f},{mv:.1f},0.0,{date}.000"
_NINE = "Freq(Hz)\tAmpl\tBias\tTime(Sec)\tZ'(a)\tZ''(b)\tGD\tErr\tRange"
SAMPLES: dict[str, tuple[str, str | bytes]] = {  # reader -> (file name, content)
    "closo": (
        "a_part1.csv",
        'frequency,impedance_real,impedance_imag\nHz,ohm,ohm\n"{""written_by"": ""closo"", ""kind"": ""impedance"", '
        '""title"": ""EIS 1"", ""metadata"": {}, ""uncalibrated"": false}",EIS 1,EIS 1\n'
        + _rows("{f},{re},{im}")
        + "\n",
    ),
    "versastudio": (
        "a.par",
        "<Application>\nName=VersaStudio\nVersion=2.60\n</Application>\n<Action0>\nMass (g)=0\nComment=synthetic\n"
        "</Action0>\n<Action1>\nSegments=1\nName=Potentiostatic EIS\n</Action1>\n<Segment1>\nType=2\n"
        "Definition=Segment #, Point #, E(V), I(A), Elapsed Time(s), Frequency(Hz), E Real, E Imag, I Real, I Imag, Z Real, "
        "Z Imag, ActionId, 0\n"
        + _rows("0,{k},0.1,1E-06,{k},{f:g},{re:g},{im:g},1,0,{re:g},{im:g},21")
        + "\n</Segment1>\n",
    ),
    "biologic": (
        "a.mpt",
        "EC-Lab ASCII FILE\nNb header lines : 6\n\nPotentio Electrochemical Impedance Spectroscopy\n\n"
        "freq/Hz\tRe(Z)/Ohm\t-Im(Z)/Ohm\ttime/s\t<Ewe>/V\t<I>/mA\tcycle number\t\n"
        + _rows("{f:.7E}\t{re:.7E}\t{minus:.7E}\t{k}\t2.5E-01\t1.0E+00\t1.0E+00"),
    ),
    "mpr": ("a.mpr", _mpr()),
    "gamry": (
        "a.DTA",
        "EXPLAIN\nTAG\tEISPOT\nTITLE\tLABEL\tPotentiostatic EIS\tTest\nAREA\tQUANT\t1\tArea\nZCURVE\tTABLE\n"
        "\tPt\tTime\tFreq\tZreal\tZimag\tZmod\tZphz\n\t#\ts\tHz\tohm\tohm\tohm\t°\n"
        + _rows("\t{k}\t{k}\t{f}\t{re}\t{im}\t{abs}\t{deg}")
        + "\n",
    ),
    "zplot": (
        "a.z",
        f"ZPLOT2 ASCII\n  Data Points: 5\n  {_NINE}\nEnd Comments\n" + _rows("{f}\t1\t0\t{k}\t{re}\t{im}\t0\t0\t4") + "\n",
    ),
    "autolab": (
        "a.txt",
        '"Z60W Data File: Version 1.1"\n5\n"' + _NINE.replace("\t", " ")
        + '"\n' + _rows("{f},0,0,{k},{re},{im},0,0,0") + "\n",
    ),
    "dfr": ("a.dfr", "VERSION8.0\n 5\n 1\n" + _rows(" {f}\n {re}\n {minus}\n 0\n 0\n 0\n 0\n 0\n 0") + "\n"),
    "chi": (
        "a.txt",
        "Nov. 23, 2024   17:47:14\nA.C. Impedance\nInstrument Model:  CHI660E\n\n"
        "Freq/Hz, Z'/ohm, Z\"/ohm, Z/ohm, Phase/deg\n\n" + _rows("{f:.5e}, {re:.5e}, {im:.5e}, {abs:.5e}, {deg:.1f}")
        + "\n",
    ),
    "relaxis": (
        "a.txt",
        "RelaxIS 3.0 Spectrum export\nDate: 1\nData: Frequency\tData: Z'\tData: Z''\nDC=0\tx\t\n"
        + _rows("{f}\t{re}\t{im}")
        + "\n",
    ),
    "novocontrol": (
        "a.txt",
        "title\nDiameter[mm]: 1.3e+01\n Freq.[Hz]\t Zs'[ohm]\t Zs''[ohm]\n" + _rows(" {f:.6e}\t {re:.6e}\t{im:.6e}") + "\n",
    ),
    "ivium": (
        "a.idf",
        "\x00\x00H\x00\r\nCorrosion=false\r\nSolarcell=false\r\nMethod=Impedance\r\nprimary_data    \r\n3  \r\n5  \r\n"
        + _rows("{re:.5E}  {im:.5E}\t{f:.5E} ", "\r\n")
        + "\r\nosc_data\r\n",
    ),
    "p00": (
        "a.P00",
        "Procedure : x\ni(init)= 1nA\n f/Hz \t Z'/Ohm \t -Z''/Ohm \t time/s \t\n 5 \n"
        + _rows(" {f:.3e}\t {re:.3e}\t {minus:.3e}\t 5.0e+01\t") + "\n",
    ),
    "i2b": ("a.i2b", "words\n5\n" + _rows("{f} {re} {im}") + "\n"),
    "par_text": ("a.txt", "Frequency (Hz)\tZre (ohms)\tZim (ohms)\n" + _rows("{f}\t{re}\t{im}") + "\n"),
    "neware": ("a.ndax", _ndax()),
    "bdf": (
        "a.bdf.csv",
        "test_time_second,voltage_volt,current_ampere,step_id\n" + _record("{t}.000,{v:.4f},{i:.6f},{step}"),
    ),
    "arbin": (
        "a.csv",
        "Data_Point,Test_Time(s),Date_Time,Current(A),Voltage(V),Step_Index\n"
        + _record("{k},{t}.000,05/01/2026 09:00:00,{i:.6f},{v:.4f},{step}"),
    ),
    "maccor": (
        "a.txt",
        "Today's Date\t01/05/2026\nRec#\tCyc#\tStep\tTest (Sec)\tAmps\tVolts\tState\tES\n"
        + _record("{k}\t1\t{step}\t{t}.000\t{abs:.6f}\t{v:.4f}\t{state}\t1"),
    ),
    "msa": (
        "a.msa",
        "#FORMAT      : EMSA/MAS Spectral Data File\n#VERSION     : 1.0\n#TITLE       : synthetic\n#NPOINTS     : 5\n"
        "#NCOLUMNS    : 1\n#XUNITS      : eV\n#YUNITS      : Counts\n#DATATYPE    : Y\n#XPERCHAN    : 0.5\n"
        "#OFFSET      : 180\n#SIGNALTYPE  : ELS\n#SPECTRUM    : \n1\n2\n3\n4\n5\n#ENDOFDATA   :\n",
    ),
    "digital_micrograph": ("a.dm4", dm4_bytes(MAP, [(0.0, 2.0, "nm"), (0.0, 2.0, "nm"), (180.0, 0.5, "eV")])),
    "velox": ("a.emd", _velox()),
    "rosettasciio": ("a.hspy", _hspy()),
    "omnic": ("a.spa", _spa()),
    "opus": ("a.0", _opus()),
    "jcamp": (
        "a.dx",
        "##TITLE=synthetic\n##JCAMP-DX=4.24\n##DATA TYPE=INFRARED SPECTRUM\n##XUNITS=1/CM\n##YUNITS=ABSORBANCE\n"
        "##XFACTOR=1.0\n##YFACTOR=1.0\n##FIRSTX=3750\n##LASTX=3742\n##NPOINTS=5\n##XYDATA=(X++(Y..Y))\n"
        + _infrared("{x} {y}")
        + "##END=\n",
    ),
    "infrared_table": ("a.csv", "# synthetic\nWavenumber (cm-1),Absorbance\n" + _infrared("{x:.3f},{y:.4f}")),
    "spreadsheet": ("a.xlsx", _xlsx()),
    "parquet": ("a.parquet", _parquet()),
    "novonix": (
        "a.csv",
        "[Summary]\nNovonix UHPC data file\nCell: synthetic\n[End Summary]\n[Data]\n"
        + _table(
            "Date and Time,Cycle Number,Step Type,Run Time (h),Step Time (h),Current (A),Potential (V),Capacity (Ah),"
            "Temperature (°C),Circuit Temperature (°C),Step Number\n",
            "{date},1,1,{h:.9f},0.0,{i:.6f},{v:.4f},0.0,25.01,26.0,{step}",
        ),
    ),
    "basytec": (
        "a.txt",
        "~Resultfile from Basytec Battery Test System\n~Name of Test: synthetic\n~\n"
        + _table(
            "~Time[h]\tDataSet\tt-Step[h]\tLine\tCommand\tU[V]\tI[A]\tAh[Ah]\tT1[°C]\tCyc-Count\tState\n",
            "{h:.9f}\t{k}\t0\t{step}\tCharge\t{v:.4f}\t{i:.6f}\t0\t25.1\t1\t2",
        ),
    ),
    "landt": (
        "a.csv",
        "cell model:,,,,\n"
        + _table(
            "channel_index,cycle_index,step_index,date_time_iso_string,test_time_s,step_time_s,current_A,voltage_V,"
            "charge_capacity_Ah,step_name\n",
            "1,1,{step},{us},{t}.000,0.000,{i:.6f},{v:.4f},0.0,CC",
        ),
    ),
    "digatron": (
        "a.csv",
        _table(
            "Timestamp;Step;Status;Program Duration#s;Step Duration#s;Voltage#V;Current#A;AhCha#Ah;T1#°C\n",
            "{date};{step};CHA;{t}.000;0.000;{v:.5f};{i:.7f};0.0;25.0",
        ),
    ),
    "zahner": (
        "a.txt",
        "Measurement\tsynthetic\n\nNumber\tFrequency/Hz\tImpedance/Ohm\tPhase/deg\tSignificance\n"
        + _rows("{k}\t{f:.6e}\t{abs:.9e}\t{deg:.8e}\t0.99") + "\n",
    ),
    "ism": ("a.ism", _ism()),
    "pstrace": (
        "a.csv",
        (
            "Date and time:,2026-01-05 10:00:00\nNotes:,synthetic\n\nImpedance spectroscopy\n"
            "freq / Hz,neg. Phase / °,Idc / uA,Z / Ohm,Z' / Ohm,-Z'' / Ohm,Cs / F\n"
            + _rows("{f},{deg:.3f},0.01,{abs:.6f},{re},{minus},1e-9").replace(",-", ",") + "\n"
        ).encode("utf-16"),
    ),
    "lcr": ("a.csv", "Frequency (Hz),Cp (F),Rp (Ohm)\n" + _admittance("{f},{cp:.9e},{rp:.9e}")),
    "pybamm": (
        "a.csv",
        _table("Time [s],Current [A],Terminal voltage [V],Discharge capacity [A.h]\n", "{t}.0,{i:.6f},{v:.5f},0.0"),
    ),
    "neware_table": ("a.csv", _table(_NEWARE.format(unit="uA"), _BTSDA_ROW)),
    "micromeritics": ("a.xls", b""),  # filled in by `report`
    "aif": (
        "a.aif",
        "data_a\n_exptl_adsorptive N2\n_units_pressure kPa\n_units_loading mmol/g\n\n"
        "loop_\n_adsorp_pressure\n_adsorp_p0\n_adsorp_amount\n" + _isotherm("{p:.1f} 100.0 {n:.3f}", ISOTHERM[:-1])
        + "\n\nloop_\n_desorp_pressure\n_desorp_p0\n_desorp_amount\n"
        + _isotherm("{p:.1f} 100.0 {n:.3f}", ISOTHERM[-1:]) + "\n",
    ),
    "pygaps": (
        "a.json",
        '{"adsorbate": "nitrogen", "pressure_mode": "relative", "loading_basis": "molar", "loading_unit": "mmol", '
        '"material_basis": "mass", "material_unit": "g", "isotherm_data": ['
        + _isotherm('{{"pressure": {x}, "loading": {n}, "branch": "{branch}"}}', separator=", ") + "]}",
    ),
    "isotherms": (
        "a.csv",
        "Relative Pressure (P/Po),Quantity Adsorbed (mmol/g),branch\n" + _isotherm("{x:.3f},{n:.3f},{branch}") + "\n",
    ),
    "bruker_raw": ("a.raw", _raw()),
    "brml": ("a.brml", _brml()),
    "xrdml": (
        "a.xrdml",
        f'<?xml version="1.0"?>\n<xrdMeasurements xmlns="http://www.xrdml.com/"><xrdMeasurement>{TUBE}'
        f'<scan scanAxis="Gonio">'
        f'<dataPoints><positions axis="2Theta"><startPosition>{PATTERN[0][0]}</startPosition><endPosition>{PATTERN[-1][0]}'
        f'</endPosition></positions><counts>{" ".join(str(y) for _, y in PATTERN)}</counts></dataPoints></scan>'
        "</xrdMeasurement></xrdMeasurements>\n",
    ),
    "uxd": (
        "a.uxd",
        "; synthetic\n_FILEVERSION=2\n_WL1=1.540600\n_ANODE='Cu'\n_DRIVE='COUPLED'\n_STEPTIME=1.0\n_2THETACOUNTS\n"
        + "".join(f"{x:.3f}\t{y:6d}\n" for x, y in PATTERN),
    ),
    "ras": (
        "a.ras",
        '*RAS_DATA_START\n*RAS_HEADER_START\n*HW_XG_TARGET_NAME "Cu"\n*MEAS_SCAN_AXIS_X "Theta/2-Theta"\n*RAS_HEADER_END\n'
        + "*RAS_INT_START\n"
        + "".join(f"{x:.4f} {y:.4f} 1.0000\n" for x, y in PATTERN)
        + "*RAS_INT_END\n*RAS_DATA_END\n",
    ),
    "gsas": (
        "a.gsa",
        "synthetic\nBANK 1 6 6 CONST 2000 50 0 0 FXYE\n" + "".join(f"{100 * x:.1f} {y} {y**0.5:.2f}\n" for x, y in PATTERN),
    ),
    "lerix": ("a.0001", _lerix()),
    "athena": (
        "a.prj",
        "# Athena project file -- Demeter version 0.9.21\n$old_group = 'abcd';\n"
        "@args = ('label','synthetic','bkg_eshift',0,'bkg_e0','9692.5');\n"
        + f"@x = ({','.join(repr(str(x)) for x, _ in EDGE)});\n@y = ({','.join(repr(str(y)) for _, y in EDGE)});\n",
    ),
    "edge_hdf5": ("a.h5", _hdf5()),
    "edge_table": ("a.xdi", "# XDI/1.0\n# Column.1: energy eV\n# Column.2: mutrans\n#----\n" + _edge("{x:.3f} {y:.4f}")),
    "xy": (
        "a.xy",
        "'Id: \"\" Anode: \"Cu\" Scantype: \"Coupled TwoTheta/Theta\" TimePerStep: \"2\" \n"
        + "".join(f"{x:.4f} {y}.000\n" for x, y in PATTERN),
    ),
    "heat_flow": (
        "a.txt",
        "#COMMENT:synthetic\n#EXO:-1\n##Temp./°C;Time/min;DSC/(mW/mg)\n"
        + "".join(f"{t:.2f};{k};{q:.4f}\n" for k, (t, q) in enumerate(HEAT)),
    ),
    "text": ("a.csv", "freq/Hz;Z'/ohm;-Z''/ohm\n" + _rows("{f};{re};{minus}") + "\n"),
}  # fmt: skip


VARIANTS: dict[str, tuple[str, str, str | bytes]] = {  # a kind of file that people have -> reader, name, content
    "BT-Lab with the time of day": (
        "biologic", "a.mpt",
        "BT-Lab ASCII FILE\nNb header lines : 5\n\nGalvanostatic Cycling with Potential Limitation\n"
        + _table("Ns\ttime/s\tEcell/V\tI/mA\n", "{step}\t{us}.0000\t{v:.4f}\t{ma:.4f}"),
    ),
    "Basytec in seconds": (
        "basytec", "a.txt",
        _table("~Time[s]\tDataSet\tU[V]\tI[A]\n", "{t}.000\t{k}\t{v:.4f}\t{i:.6f}"),
    ),
    "Neware with the time of the step": (
        "neware_table", "a.csv",
        _table(
            "DataPoint,Cycle Index,Step Index,Step Type,Time,Current(A),Voltage(V),Chg. Cap.(Ah)\n",
            "{k},1,{step},CC Chg,{since}.000,{i:.6f},{v:.4f},0.0",
            STEPS,
        ),
    ),
    "BTSDA with the micro sign of GBK": (
        "neware_table", "a.csv", _table(_NEWARE.format(unit="μA"), _BTSDA_ROW).encode("gbk"),
    ),
    "BTSDA with the micro sign of Latin-1": (
        "neware_table", "a.csv", _table(_NEWARE.format(unit="µA"), _BTSDA_ROW).encode("latin-1"),
    ),
    "PSTrace, Bode only": (
        "pstrace", "a.csv",
        ("freq / Hz,neg. Phase / °,Z / Ohm\n" + _rows("{f},{deg:.9f},{abs:.9f}").replace(",-", ",") + "\n").encode("utf-16"),
    ),
    "Zahner separated by blanks": (
        "zahner", "a.txt", "Frequency/Hz Impedance/Ohm Phase/deg\n" + _rows("{f} {abs:.9f} {deg:.9f}") + "\n",
    ),
    "E4990A, |Z| and theta": (
        "lcr", "a.csv",
        "!CSV A.01.01\n!Keysight Technologies,E4990A,SYNTHETIC,A.02.10\nBEGIN CH1_DATA\n"
        "Frequency(Hz),Trace1(|Z|),Trace2(theta-z)\n" + _rows("{f:.6E},{abs:.9E},{deg:.8E}") + "\nEND\n",
    ),
    "Cp-D": ("lcr", "a.csv", "Frequency (Hz),Cp (F),D\n" + _admittance("{f},{cp:.9e},{d:.9e}")),
    "Cp-G": ("lcr", "a.csv", "Frequency (Hz),Cp (F),G (S)\n" + _admittance("{f},{cp:.9e},{g:.9e}")),
    "Cp-Q": ("lcr", "a.csv", "Frequency (Hz),Cp (F),Q\n" + _admittance("{f},{cp:.9e},{q:.9e}")),
    "Cs-Rs": ("lcr", "a.csv", "Frequency (Hz),Cs (F),Rs (Ohm)\n" + _admittance("{f},{cs:.9e},{rs:.9e}")),
    "Cs-D": ("lcr", "a.csv", "Frequency (Hz),Cs (F),D\n" + _admittance("{f},{cs:.9e},{ds:.9e}")),
    "Rs-X": ("text", "a.csv", "Frequency (Hz),Rs (Ohm),X (Ohm)\n" + _admittance("{f},{rs:.9e},{x:.9e}")),
    "G-B": ("text", "a.csv", "Frequency (Hz),G (S),B (S)\n" + _admittance("{f},{g:.9e},{b:.9e}")),
}  # fmt: skip


@pytest.fixture(scope="session", autouse=True)
def report(old_workbook):
    """Write the sample isotherm as a Micromeritics report."""
    cells = {
        (0, 0): "Micromeritics Instrument Corporation",
        (1, 0): "TriStar II",
        (5, 0): "Sample mass:",
        (5, 1): "0,1013 g",
    }
    names = ("Relative Pressure (p/p°)", "Absolute Pressure (kPa)", "Quantity Adsorbed (mmol/g)")
    cells |= {(8, 0): "Isotherm Tabular Report"} | {(10, k): name for k, name in enumerate(names)}
    for row, (x, n, _) in enumerate(ISOTHERM, start=11):
        cells |= {(row, 0): x, (row, 1): 100 * x, (row, 2): n}
    SAMPLES["micromeritics"] = ("a.xls", old_workbook(cells))


each_reader = pytest.mark.parametrize("row", READERS, ids=lambda r: r.name)
steady = settings(
    derandomize=True, deadline=None, database=None, max_examples=40, suppress_health_check=list(HealthCheck)
)


def check_powder(data: Dataset, points: int) -> bool:
    """Compare the first points of what is measured on powders with the sample; return whether it is of that kind."""
    if data.attrs["kind"] == "x_ray_events":
        np.testing.assert_array_equal(data["counts"][:points], MAP.ravel()[:points])
        np.testing.assert_array_equal(data["pixel"] * 5 + data["channel"], np.arange(125))
    elif data.attrs["kind"] in ("near_edge", "raman_scan"):
        np.testing.assert_allclose(data["energy"][:points], [x for x, _ in EDGE[:points]], rtol=1e-9)
        values = data["intensity"] if "intensity" in data else data["counts"][:, 0]
        np.testing.assert_allclose(values[:points], [y for _, y in EDGE[:points]], rtol=1e-9)
    elif "energy" in data or "energy_loss" in data:
        np.testing.assert_array_equal(data["counts"], MAP[0, 0] if data["counts"].ndim == 1 else MAP)
        np.testing.assert_allclose(np.diff(data["energy_loss"]) if "energy_loss" in data else [0.5], 0.5)
    elif "two_theta" in data:
        for k, name in enumerate(("two_theta", "counts")):
            np.testing.assert_allclose(data[name][:points], [row[k] for row in PATTERN[:points]], rtol=1e-6)
    elif "wavenumber" in data:
        np.testing.assert_allclose(data["wavenumber"][:points], [x for x, _ in INFRARED[:points]], rtol=1e-7)
        np.testing.assert_allclose(data["absorbance"][:points], [y for _, y in INFRARED[:points]], rtol=1e-7)
    elif "heat_flow" in data:
        np.testing.assert_allclose(data["temperature"][:points], [t + 273.15 for t, _ in HEAT[:points]], rtol=1e-9)
        np.testing.assert_allclose(data["heat_flow"][:points], [1e3 * q for _, q in HEAT[:points]], rtol=1e-9)
    elif "adsorbed_amount" in data:
        for k, name in enumerate(("relative_pressure", "adsorbed_amount", "desorption")):
            np.testing.assert_allclose(data[name][:points], [row[k] for row in ISOTHERM[:points]], rtol=1e-5)
    else:
        return False
    return True


def check_sample(data: Dataset, points: int, record: list = RECORD) -> None:
    """Compare the first points with the sample: the spectrum, the isotherm, the record, the infrared spectrum or the map."""
    if check_powder(data, points):
        return
    if "frequency" in data:
        np.testing.assert_allclose(data["frequency"][:points], [f for f, _ in SPECTRUM[:points]], rtol=1e-5)
        np.testing.assert_allclose(data["impedance"][:points], [z for _, z in SPECTRUM[:points]], rtol=1e-5)
        return
    for k, name in enumerate(("time", "voltage", "current", "step")):
        if name == "voltage" and name not in data:
            name = "potential"
        if name != "step" or name in data:
            wanted = [row[k] for row in record[:points]]
            np.testing.assert_allclose(data[name][:points], wanted, rtol=1e-6, atol=1e-5 if name == "time" else 1e-12)


AXES = {
    "energy_loss": MAP,
    "energy": MAP,
    "pixel": MAP.ravel(),
    "frequency": SPECTRUM,
    "wavenumber": INFRARED,
    "two_theta": PATTERN,
    "heat_flow": HEAT,
}


def length(data: Dataset) -> int:
    return min(data.sizes.values())


def content_of(name: str) -> bytes:
    if SAMPLES[name][1] == b"":
        pytest.skip("h5py and rosettasciio (extra em) are not installed")
    if isinstance(SAMPLES[name][1], bytes):
        return SAMPLES[name][1]
    content = SAMPLES[name][1]
    return (
        content if isinstance(content, bytes) else content.encode("latin-1" if name in ("ivium", "gamry") else "utf-8")
    )


def outcome(path: Path, reader: str | None = None) -> tuple[Dataset, ...] | ReadError:
    try:
        return read(path, reader=reader)
    except ReadError as error:
        return error


def check_contract(at_once, path: Path, reader: str | None = None) -> tuple[Dataset, ...]:
    """Any bytes give valid measurements or a ReadError that names the file and what to do, in less than 2 s."""
    found = at_once(lambda: outcome(path, reader), 2.0)
    if isinstance(found, ReadError):
        assert found.file == str(path)
        assert found.hint
        assert len(str(found)) < 1000
        return ()
    assert isinstance(found, tuple)
    assert found
    for data in found:
        check_dataset(data)
    return found


def check_dataset(data: Dataset) -> None:
    assert data.attrs["kind"] in KINDS
    assert set(data.sizes) == set(KINDS[data.attrs["kind"]].dims)
    assert length(data) > 0
    for name, variable in data.variables.items():
        assert name in NAMES
        assert variable.attrs["units"] == NAMES[str(name)].si
        assert np.isfinite(variable.values).all()
    if data.attrs["kind"] == "impedance":
        assert np.iscomplexobj(data["impedance"].values)
        assert (data["frequency"].values > 0).all()
    assert all(isinstance(w, str) and w.endswith(".") for w in data.attrs["warnings"])
    assert all(set(s) == {"value", "from"} for s in data.attrs["suggestions"].values())


def test_every_reader_has_a_sample_and_a_name_of_its_own():
    assert [r.name for r in READERS] == list(dict.fromkeys(r.name for r in READERS))
    assert SAMPLES.keys() == {r.name for r in READERS}
    assert all(s == s.lower() and s.startswith(".") for r in READERS for s in r.suffixes)


@each_reader
def test_module_is_a_specification(row):
    module = importlib.import_module(row.module)
    words = (module.__doc__ or "").lower()
    for heading in ("recognised", "refused", "columns"):
        assert heading in words or (heading == "recognised" and "no other one recognises" in words)
    assert any(unit in words for unit in ("ohm", "current", "mmol", "1/cm", "counts", "w/kg"))
    assert next(iter(inspect.signature(module.read).parameters)) == "path"
    source = Path(inspect.getfile(module)).read_text(encoding="utf-8")
    assert len(source.splitlines()) <= 310
    names = {n.func.id for n in ast.walk(ast.parse(source)) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)}
    assert not {"eval", "exec", "open", "print"} & names


@each_reader
def test_sample_is_recognised_and_read(row, tmp_path):
    path = tmp_path / SAMPLES[row.name][0]
    path.write_bytes(content_of(row.name))
    assert sniff(path).name == row.name
    (data,) = read(path)
    check_dataset(data)
    expected = next((rows for name, rows in AXES.items() if name in data), RECORD)
    expected = EDGE if data.attrs["kind"] in ("near_edge", "raman_scan") else expected
    assert length(data) == len(expected)
    check_sample(data, length(data))
    assert data.attrs["warnings"] == ()


@pytest.mark.parametrize("kind", VARIANTS)
def test_variant_is_recognised_and_read(kind, tmp_path):
    reader, name, content = VARIANTS[kind]
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    assert sniff(path).name == reader
    (data,) = read(path)
    check_dataset(data)
    record = STEPS if "time of the step" in kind else RECORD
    assert data.sizes["point"] == (len(SPECTRUM) if "frequency" in data else len(record))
    if "time" in data:
        data = data.assign(time=data["time"] - data["time"][0])  # a time of the day is one since 1970
    check_sample(data, data.sizes["point"], record)
    allowed = ("starts again", "Taken as", "no unit", "(line 10)")  # line 10: END
    assert all(any(words in w for words in allowed) for w in data.attrs["warnings"])


@each_reader
def test_sample_cut_anywhere(at_once, row, tmp_path):
    """Every byte is a place to cut; what is read is a part of the sample, never a wrong number."""
    path = tmp_path / SAMPLES[row.name][0]
    content = content_of(row.name)
    for end in range(0, len(content), 2):
        path.write_bytes(content[:end])
        for data in check_contract(at_once, path, row.name):
            n = length(data)
            unsure = any("check that its last number" in w for w in data.attrs["warnings"]) or n < 2
            sure = n - 1 if unsure else n
            check_sample(data, sure)


@each_reader
def test_no_data_and_garbage_are_refused(at_once, row, tmp_path):
    path = tmp_path / SAMPLES[row.name][0]
    for content in (b"", b"\n\n", b"\x00" * 100, bytes(range(256)), b"a", b"1 2 3", b"\xff\xfe\x00"):
        path.write_bytes(content)
        with pytest.raises(ReadError):
            read(path, reader=row.name)


PIECES = st.sampled_from(
    [b"\x00", b"\xff", b"nan", b"inf", b"1e999", b"-1e308", b",", b"\t", b";", b"\n", b"\r", b'"', b"0", b"-", b"9" * 400,
     b"1,5", b"\xb5", b" ", b"=", b"#", b"TABLE", b"<Segment1>\n", b"Definition=", b"\xe2\x82", b"9999999\n",
     b"_", b"\xd9\xa1"]
)  # fmt: skip
EDIT = st.tuples(st.floats(0, 1), st.integers(0, 60), st.one_of(PIECES, st.binary(max_size=6)))


@each_reader
@steady
@given(edits=st.lists(EDIT, min_size=1, max_size=8), named=st.booleans())
def test_mutated_sample(at_once, row, tmp_path_factory, edits, named):
    content = content_of(row.name)
    for place, removed, inserted in edits:
        at = int(place * len(content))
        content = content[:at] + inserted + content[at + removed :]
    path = tmp_path_factory.getbasetemp() / f"mutated-{row.name}-{SAMPLES[row.name][0]}"
    path.write_bytes(content)
    check_contract(at_once, path, row.name if named else None)


@each_reader
@steady
@given(
    content=st.one_of(st.binary(max_size=300), st.text(max_size=200).map(lambda t: t.encode("utf-8", "surrogatepass")))
)
def test_any_bytes(at_once, row, tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / f"any-{row.name}-{SAMPLES[row.name][0]}"
    path.write_bytes(content)
    check_contract(at_once, path, row.name)


REAL = ["elchempy/OCP_RHE1_AgAgCl4.par", "impedance.py/exampleDataVersaStudio.par", "pyimpspec/data.dta", "yadg/peis.mpt",
        "yadg/peis.mpr", "impedance.py/Circuit1_EIS_1.z", "pyimpspec/data.idf",
        "eisfitpython/example2/Example2a.txt"]  # fmt: skip


REAL_PATTERNS = ["bruker/TiO2_raw4.raw", "co_d5000/D5000_1.RAW", "bruker/BT86_.UXD", "bruker/example_evadiffract.xy",
                 "dara_mixtures/TiO2_0p4009-ZnO_0p6010--2min.xrdml"]  # fmt: skip


REAL_CELLS = ["neware/nda_v8.nda", "neware/21_10_7_85.ndax", "maccor/maccor_two.txt", "arbin/sample_data_arbin.csv",
              "gamry/chronoa_data.dta"]  # fmt: skip


REAL_ISOTHERMS = ["micromeritics_xls/Sample_E.xls", "aif/NK_DUT-6_LP_N2_114PKT.aif", "reference/SiO2_N2_77K.json",
                  "reference/micromeritics_zsm_5.csv"]  # fmt: skip


@pytest.mark.parametrize(
    "name",
    [
        *(f"eis/{n}" for n in REAL),
        *(f"cycling/{n}" for n in REAL_CELLS),
        *(f"structure/sorption/{n}" for n in REAL_ISOTHERMS),
        *(f"structure/xrd/{n}" for n in REAL_PATTERNS),
    ],
)
@steady
@given(edits=st.lists(EDIT, min_size=1, max_size=5))
def test_mutated_real_file(at_once, shared_data, tmp_path_factory, name, edits):
    source = shared_data / name
    content = source.read_bytes()
    for place, removed, inserted in edits:
        at = int(place * len(content))
        content = content[:at] + inserted + content[at + removed :]
    path = tmp_path_factory.getbasetemp() / f"mutated-{source.name}"
    path.write_bytes(content)
    check_contract(at_once, path)
