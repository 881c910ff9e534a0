"""The readers: instrument file -> measurements. One row of READERS each, recognised by content, not only by name.

A reader never guesses silently: what it does not understand is a `ReadError` that names the file, the line or byte, what
was found, and what to do. The contract, tested over all rows with damaged files: any bytes give a tuple of at least one
measurement with at least one point, or a `ReadError`; nothing else, and quickly.

How to add a reader
-------------------
1. One file in this folder, at most 300 lines, with `read(path) -> tuple[Dataset, ...]`. Its docstring is the
   specification of the format: how it is recognised, sections, columns with units and signs, what is refused.
2. What formats share lies in `tools`. Open the file with `text.load` (regular files only, size limit, UTF-8, UTF-16,
   Latin-1), read rows with `table.read_rows` or `named.named_tables` (separators, decimal comma, cut-off rows), and hand
   a `parts.Part` per measurement to `parts.finish`, which leaves out bad rows with a warning, checks, numbers and builds
   the Datasets.
3. Fill in only what the file says. What the user typed into a header (area, mass) and what a file name seems to say are
   `suggestions`: {'value': text with unit, 'from': where it stands}; they are never used as values.
4. One row in READERS, above `text`, which takes what no other recognises.
5. `tests/readers/test_<name>.py` with a few hand-written lines of the format, and a sample in
   `tests/conformance/test_readers.py`.

A reader outside closo is the same row, named by an entry point of the group `closo.readers`.
"""

from __future__ import annotations

import importlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from closo.errors import ReadError, StudyError, did_you_mean
from closo.readers.row import Reader
from closo.readers.vendor_tables import VENDOR_TABLES

if TYPE_CHECKING:
    from closo.dataset import Dataset

__all__ = ["READERS", "Reader", "modules_of", "name_of", "read", "sniff"]


_HERE = "closo.readers"
READERS: tuple[Reader, ...] = (
    Reader(
        "closo",
        "closo's own CSV and netCDF",
        (".nc",),
        ('""written_by"": ""closo""', "CDF\x01", "CDF\x02"),
        f"{_HERE}.exports",
    ),
    Reader("versastudio", "VersaStudio .par", (".par",), ("Name=VersaStudio",), f"{_HERE}.versastudio"),
    Reader(
        "biologic", "EC-Lab, BT-Lab text", (".mpt",), ("EC-Lab ASCII FILE", "BT-Lab ASCII FILE"), f"{_HERE}.biologic"
    ),
    Reader("mpr", "EC-Lab, BT-Lab binary", (".mpr",), ("BIO-LOGIC MODULAR FILE",), f"{_HERE}.biologic.mpr"),
    Reader("gamry", "Gamry .DTA", (".dta",), ("EXPLAIN\nTAG\t",), f"{_HERE}.gamry"),
    Reader("zplot", "ZPlot and ZView .z", (".z",), ("ZPLOT2 ASCII",), f"{_HERE}.zplot"),
    Reader("autolab", "Autolab FRA, Z60W text", (), ("Z60W Data File",), f"{_HERE}.autolab"),
    Reader("dfr", "Autolab FRA .dfr", (".dfr",), ("VERSION8.0\n",), f"{_HERE}.dfr"),
    Reader("chi", "CH Instruments text", (), ("Instrument Model:  CHI", "\nA.C. Impedance\n"), f"{_HERE}.chi"),
    Reader("relaxis", "RelaxIS spectrum export", (), ("RelaxIS 3",), f"{_HERE}.relaxis"),
    Reader("novocontrol", "Novocontrol WinDETA text", (), ("Freq.[Hz]", "Freq. [Hz]"), f"{_HERE}.novocontrol"),
    Reader("ivium", "Ivium .idf", (".idf",), ("Solarcell=", "Corrosion=false"), f"{_HERE}.ivium"),
    Reader("p00", "impedance text .P00", (".p00",), ("i(init)=",), f"{_HERE}.p00"),
    Reader("i2b", "impedance text .i2b", (".i2b",), (), f"{_HERE}.i2b"),
    Reader(
        "par_text",
        "VersaStudio, PowerSUITE text",
        (),
        ("Zre (ohms)", "Zre(ohms)", "\t Zre\t Zimg"),
        f"{_HERE}.par_text",
    ),
    Reader(
        "neware",
        "Neware .nda, .ndax",
        (".nda", ".ndax"),
        ("NEWARE20", "EditStep.xml", "data.ndc"),
        f"{_HERE}.neware",
    ),
    Reader("parquet", "Parquet table, Battery Data Format", (".parquet",), ("PAR1",), f"{_HERE}.parquet"),
    Reader(
        "bdf",
        "Battery Data Format",
        (".bdf",),
        ("test_time_second", "Test Time / "),
        f"{_HERE}.bdf",
    ),
    Reader(
        "arbin",
        "Arbin table",
        (".res",),
        (
            "Test_Time(s)",
            "Test Time (s)",
            "Charge_Capacity(Ah)",
            "Charge Capacity (Ah)",
            "Test_ID,Data_Point",
            "Standard Jet DB",
            "Standard ACE DB",
        ),
        f"{_HERE}.arbin",
    ),
    Reader(
        "maccor",
        "Maccor text",
        (),
        ("Rec#\tCyc#", "Rec\tCycle P", "Rec,Cycle", "Rec#,Cyc#", "Today's Date"),
        f"{_HERE}.maccor",
    ),
    Reader("msa", "EMSA/MAS spectrum", (".msa", ".emsa"), ("EMSA/MAS Spectral Data File\n#",), f"{_HERE}.msa"),
    Reader("digital_micrograph", "DigitalMicrograph .dm3, .dm4", (".dm3", ".dm4"), (), f"{_HERE}.digital_micrograph"),
    Reader("velox", "Velox .emd", (".emd",), (), f"{_HERE}.velox"),
    Reader(
        "rosettasciio",
        "microscopes' files that rosettasciio reads",
        (".bcf", ".hspy", ".pts", ".spx", ".rpl", ".h5oina", ".spd"),
        ("HyperSpy",),
        f"{_HERE}.rosettasciio",
    ),
    Reader("omnic", "OMNIC .spa, .spg", (".spa", ".spg"), ("Spectral Data File",), f"{_HERE}.omnic"),
    Reader("opus", "Bruker OPUS", (".0",), ("\n\nþþ",), f"{_HERE}.opus"),
    Reader(
        "jcamp",
        "JCAMP-DX, infrared",
        (".dx", ".jdx", ".jcamp"),
        ("##JCAMP", "##DATA TYPE=INFRARED"),
        f"{_HERE}.jcamp",
    ),
    Reader(
        "infrared_table",
        "infrared spectrum as text",
        (".dpt",),
        ("avenumber", "WAVENUMBER", "cm-1,%", "cm-1,A", "cm-1;%", "cm-1;A", "cm-1\t%", "cm-1\tA"),
        f"{_HERE}.infrared_table",
    ),
    Reader(
        "spreadsheet",
        "Excel workbook .xlsx",
        (".xlsx", ".xlsm"),
        ("xl/workbook.xml", "xl/worksheets/", "xl/theme/"),
        f"{_HERE}.spreadsheet",
    ),
    *VENDOR_TABLES,
    Reader("ism", "Zahner Thales .ism", (".ism",), (), f"{_HERE}.ism"),
    Reader("micromeritics", "Micromeritics report .xls", (".xls",), ("ÐÏ\x11à¡±\x1aá",), f"{_HERE}.micromeritics"),
    Reader("aif", "adsorption information file", (".aif",), ("_adsorp_pressure", "_units_loading"), f"{_HERE}.aif"),
    Reader("pygaps", "isotherm of pyGAPS", (), ('"isotherm_data"',), f"{_HERE}.pygaps"),
    Reader(
        "isotherms",
        "table of gas adsorption",
        (),
        ("Quantity Adsorbed", "quantity_adsorbed", "Amount Adsorbed", "adsorbed_amount", "Volume @ STP"),
        f"{_HERE}.isotherms",
    ),
    Reader("bruker_raw", "Bruker .raw pattern", (".raw",), ("RAW1.01", "RAW4.00"), f"{_HERE}.bruker_raw"),
    Reader("brml", "Bruker .brml pattern", (".brml",), ("Experiment0/", "experimentCollection.xml"), f"{_HERE}.brml"),
    Reader("xrdml", "PANalytical .xrdml pattern", (".xrdml",), ("<xrdMeasurements",), f"{_HERE}.xrdml"),
    Reader("uxd", "Bruker .uxd pattern", (".uxd",), ("_FILEVERSION=",), f"{_HERE}.uxd"),
    Reader("ras", "Rigaku .ras pattern", (".ras",), ("*RAS_DATA_START", "*RAS_HEADER_START"), f"{_HERE}.ras"),
    Reader(
        "gsas",
        "GSAS raw pattern",
        (".gsa", ".gda", ".gss", ".xra", ".fxye"),
        ("BANK 1", "BANK  1", "BANK   1", "BANK      1"),
        f"{_HERE}.gsas",
    ),
    Reader("lerix", "X-ray Raman scan of LERIX", (), ("qIXS-01",), f"{_HERE}.lerix"),
    Reader("athena", "Athena project .prj", (".prj",), ("# Athena project file",), f"{_HERE}.athena"),
    Reader("edge_hdf5", "near-edge spectrum in HDF5", (".h5", ".hdf5", ".nxs"), (), f"{_HERE}.edge_hdf5"),
    Reader(
        "edge_table",
        "near-edge spectrum as text",
        (".xdi", ".xmu", ".nor"),
        ("XDI/1", "munorm", "xmu", "omega    e    k", "(eV)", "[eV]", "/ eV", "/eV", "_eV", "(keV)", "[keV]", "_keV"),
        f"{_HERE}.edge_table",
    ),
    Reader("xy", "pattern in columns", (".xy", ".xye", ".prn"), ('Scantype: "',), f"{_HERE}.xy"),
    Reader(
        "heat_flow",
        "heat flow over temperature (DSC)",
        (),
        ("DSC/", "DSC /", "Heat Flow", "Heat flow", "heat flow", "heat_flow"),
        f"{_HERE}.heat_flow",
    ),
    Reader("text", "table with column names", (".csv", ".txt", ".dat", ".tsv"), (), f"{_HERE}.delimited"),
)
_LAST_RESORT = READERS[-1]
_NAMES = [row.name for row in READERS]
_WITH_COLUMNS = ("parquet", *_NAMES[_NAMES.index("spreadsheet") :])  # tables, whose columns the user may name
_BY_COLUMNS = ("arbin", "bdf")  # recognised by names of columns that other tables have, too
_CERTAIN = ("Standard ", "test_time_second", "Test_ID,")  # marks of these that no other file has


def read(path: Path | str, *, reader: str | None = None, columns: str | None = None) -> tuple[Dataset, ...]:
    """Read all measurements of a file.

    Parameters
    ----------
    path : a regular file on this machine.
    reader : name of the reader; found by the content of the file, then by its suffix, when absent.
    columns : names of the columns of a table (delimited text, a sheet, Parquet), in order:
        'frequency,impedance_real,-impedance_imag' (SI unit, or a unit in brackets, 'potential[mV]'; '-' where the file holds
        the negative; '_' for a column to skip), behind the kind of a direct-current table, 'voltammetry:', where that is to
        be said, and behind the sheet of a workbook, 'sheet=NAME:'.

    Returns
    -------
    At least one measurement (see `closo.dataset`), numbered 1, 2, ... in file order.

    Raises
    ------
    ReadError  when the file cannot be read or understood.
    StudyError  when `reader` or `columns` is wrong.
    """
    path = Path(path)
    if columns is not None:
        return _read_as_asked(path, reader, columns)
    row, certain = _find(path) if reader is None else (_named(reader), True)
    try:
        measurements: tuple[Dataset, ...] = tuple(importlib.import_module(row.module).read(path))
    except ReadError as error:
        if certain or "--columns" in str(error.hint):
            raise
        hint = f"It was taken for {row.title} by its suffix. {_as_a_table(path) or error.hint}"
        raise ReadError(error.message, file=error.file, where=error.where, hint=hint) from None
    if not measurements or any(0 in m.sizes.values() for m in measurements):
        raise ReadError(f"the reader '{row.name}' found no measurement.", file=path, hint="Try another reader.")
    return measurements


def _read_as_asked(path: Path, reader: str | None, columns: str) -> tuple[Dataset, ...]:
    """Read a table whose columns, or whose sheet, the user names."""
    from closo.readers.tools.requested import sheet_said

    if reader not in (None, *_WITH_COLUMNS):
        raise StudyError(f"columns only apply to tables, not to '{reader}'.", hint="Leave one of the two out.")
    name = name_of(path, reader, columns)
    if name != "spreadsheet" and sheet_said(columns)[0] is not None:
        raise StudyError(f"'{path.name}' is not a workbook, and has no sheets.", hint="Leave the sheet out.")
    row = _named(name)
    found: tuple[Dataset, ...] = importlib.import_module(row.module).read(path, columns=columns)
    return found


def name_of(path: Path, reader: str | None, columns: str | None) -> str:
    """Return the name of the reader that `read` takes for a file."""
    if reader is not None:
        return reader
    found = _find(path)[0].name
    return found if columns is None or found in _WITH_COLUMNS else _LAST_RESORT.name


def _as_a_table(path: Path) -> str | None:
    """Return how a file can be read as a table, which its reader does not understand; None where it cannot."""
    from closo.readers import delimited

    try:
        delimited.read(path)
    except ReadError as error:
        return error.hint if "--columns " in str(error.hint) and "for example" not in str(error.hint) else None
    return "It is a table with column names: --reader text reads it."


def sniff(path: Path | str) -> Reader:
    """Return the reader for a file: by its content, then by its suffix, else the one for delimited text.

    Raises
    ------
    ReadError  when there is no such file, or it is empty.
    """
    return _find(Path(path))[0]


def modules_of(names: str) -> tuple[str, ...]:
    """Return the modules of readers, by their names with commas between them.

    Example
    -------
    >>> modules_of("gamry, i2b"), modules_of("")
    (('closo.readers.gamry', 'closo.readers.i2b'), ())
    """
    return tuple(_named(name).module for name in names.split(", ") if name)


def _find(path: Path) -> tuple[Reader, bool]:
    """Return the reader, and False where only the suffix speaks for it."""
    from closo.readers.tools.text import head

    beginning = head(path)
    known = _all_readers()
    for row in known:
        if any(word in beginning for word in row.magic) and not _another_table(row, beginning):
            return row, True
    row = next((row for row in known if path.suffix.lower() in row.suffixes), _LAST_RESORT)
    return row, row is _LAST_RESORT


def _another_table(row: Reader, beginning: str) -> bool:
    """Return True where only a column is called as the vendor calls it, and the others are not those the reader needs."""
    words = [word for word in row.magic if word in beginning]
    if row.name not in _BY_COLUMNS or any(word.startswith(_CERTAIN) for word in words):
        return False
    from closo.readers.tools.cycler import names_all

    known = importlib.import_module(row.module).KNOWN
    lines = [line for line in beginning.split("\n")[:-1] if any(word in line for word in words)]
    return bool(lines) and not any(names_all(line, known) for line in lines)


def _named(name: str) -> Reader:
    known = {row.name: row for row in _all_readers()}
    if name not in known:
        raise StudyError(f"'{name}' is not a reader.", hint=did_you_mean(name, known))
    return known[name]


@cache
def _all_readers() -> tuple[Reader, ...]:
    """Return the built-in rows and those of installed packages."""
    from importlib.metadata import entry_points

    return (*READERS, *(entry.load() for entry in entry_points(group="closo.readers")))
