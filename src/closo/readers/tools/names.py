"""What a column is called: a header cell such as `-Im(Z)/Ohm`, `Freq.[Hz]`, `E / V vs. Na+/Na`, `Voltage#V`, taken apart.

A cell is a name, a sign, a unit and, for a potential, a reference. The name is looked up in ALIASES; names that mean
something beside a frequency only (`R`, `X`, `D`, `Impedance`) are in BESIDE_A_FREQUENCY. The unit stands in brackets,
behind a slash, behind `in`, `#`, a comma, or is the last word (`current_A`, `Frequency Hz`); the last form counts only
where it is a unit of what is named.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from closo.nomenclature import look_up
from closo.readers.tools.units import unit_factor

# nomenclature name -> header names; written without regard to capitals, blanks, underscores, dots and hyphens
ALIASES: dict[str, tuple[str, ...]] = {
    "frequency": (
        "f", "freq", "frequency", "frequenz", "data:frequency", "test frequency", "measuring frequency", "freqs",
        "frequencies",
    ),
    "impedance_real": ("z'", "zs'", "rez", "zre", "zr", "zreal", "realz", "data:z'"),
    "impedance_imag": ("z''", "zs''", "imz", "zim", "zimg", "zi", "zimag", "imagz", "data:z''"),
    "impedance_modulus": ("|z|", "z", "zmod", "modz", "zabs", "absz", "zmag", "magz", "data:|z|"),
    "phase": (
        "phase", "phase(z)", "phase of z", "phase angle", "phi", "phi(z)", "theta", "theta(z)", "theta z", "zphz", "z phase",
        "phase z", "z theta", "z phi", "impedance phase", "phase shift", "arg(z)", "argz", "θ", "θz", "φ", "φ(z)", "φz",
        "data:theta(z)",
    ),
    "time": (
        "time", "t", "elapsed time", "timesec", "total time", "test time", "run time", "running time", "time elapsed",
        "program duration", "total elapsed time", "experiment time", "总时间", "测试时间", "时间",
    ),
    "potential": (
        "ewe", "<ewe>", "e", "<e>", "potential", "we(1).potential", "vf", "vdc", "edc", "electrode potential",
        "working electrode potential", "we potential",
    ),
    "voltage": (
        "ecell", "<ecell>", "voltage", "u", "cell voltage", "terminal voltage", "ucell", "vcell",
        "battery voltage", "measured voltage", "cell potential", "电压",
    ),
    "current": ("i", "<i>", "current", "we(1).current", "idc", "cell current", "measured current", "电流"),
    "set_current": ("set current", "current set", "current setpoint", "setpoint current", "i set", "control current"),
    "charge": ("(q-qo)", "charge"),
    "cycle": ("cycle number", "cycle", "cycle index", "cycle no", "cyc-count", "循环号"),
    "step": ("step", "step index", "step number", "step no", "工步号"),
    "temperature": (
        "temp", "temperature", "t1", "cell temperature", "sample temperature", "ambient temperature", "temperature 1",
        "cell temp", "sample temp",
    ),
    # what becomes time: of a step, or as date and time of the day
    "step_time": ("step time", "step duration", "time in step"),
    "date_time": (
        "date", "date time", "datetime", "timestamp", "time stamp", "date and time", "absolute time", "wall time",
        "local time", "dpt time", "date_time_iso_string", "绝对时间", "datum", "datum/zeit", "datum uhrzeit",
    ),
}  # fmt: skip

# the same, of names that say too little alone
BESIDE_A_FREQUENCY: dict[str, tuple[str, ...]] = {
    "impedance_real": ("re", "r", "rs", "resistance", "series resistance", "esr", "r-series"),
    "impedance_imag": ("im", "x", "xs", "reactance", "series reactance"),
    "impedance_modulus": ("impedance", "impedanz", "impedance z"),
    "parallel_resistance": ("rp", "parallel resistance"),
    "parallel_capacitance": ("cp", "parallel capacitance"),
    "series_capacitance": ("cs", "series capacitance"),
    "series_inductance": ("ls", "series inductance"),
    "parallel_inductance": ("lp", "parallel inductance"),
    "dissipation": (
        "d", "df", "dissipation", "dissipation factor", "loss factor", "tan d", "tanδ", "tan(δ)", "tan delta", "tan(delta)",
    ),
    "quality": ("q", "quality factor"),
    "admittance_modulus": ("|y|", "admittance", "admittanz", "ymod", "yabs", "ymag"),
    "admittance_phase": ("yphz",),
    "conductance": ("g", "gp", "conductance", "y'", "re(y)", "rey", "y real", "yre"),
    "susceptance": ("b", "bp", "susceptance", "y''", "im(y)", "imy", "y imag", "yim"),
}  # fmt: skip

_SI = {
    "step_time": "s", "date_time": "s", "parallel_resistance": "ohm", "parallel_capacitance": "F",
    "series_capacitance": "F", "series_inductance": "H", "parallel_inductance": "H", "dissipation": "1", "quality": "1",
    "conductance": "S", "susceptance": "S", "admittance_modulus": "S", "admittance_phase": "rad",
}  # fmt: skip


@dataclass(frozen=True)
class Cell:
    """A header cell, taken apart."""

    name: str | None  # what it names, None where that is not known
    sign: int = 1  # -1 where the cell says that the numbers are the negative
    unit: str = ""  # as written, '' where it states none
    reference: str = ""  # of a potential, as in 'Na+/Na'
    sure: bool = True  # False for a name that says too little alone
    rank: int = 1  # the smaller, the better: 'total time' comes before 'time'


def si_of(name: str) -> str:
    """Return the SI unit of a column."""
    return _SI[name] if name in _SI else look_up(name.removesuffix("_u")).si


def _plain(name: str) -> str:
    """Write a name as it is looked up: small letters without blanks, underscores, dots and hyphens."""
    text = name.lower().translate(_LOOK_ALIKES)
    return re.sub(r"[\s_.:*-]", "", text).replace("''''", "''")


_LOOK_ALIKES = str.maketrans(
    {"″": "''", "′": "'", "’": "'", "´": "'", "`": "'", '"': "''", "−": "-", "–": "-", "—": "-", "‐": "-"}
    | {"{": "(", "}": ")", "∠": "phase", "ϕ": "φ", "ϑ": "θ", "∣": "|", "│": "|"}
)
_SURE = {_plain(alias): name for name, aliases in ALIASES.items() for alias in aliases}
_UNSURE = {_plain(alias): name for name, aliases in BESIDE_A_FREQUENCY.items() for alias in aliases}
_TOTAL = re.compile(r"total|test|elapsed|experiment|program|总|测试")
_MEASURED_IN = {"s": "time", "V": "voltage", "A": "current", "Hz": "frequency"}
_NEGATIVE = re.compile(r"^(?:-|negative\b|neg(?:\.|\b|(?=_))|minus\b)[\s_]*", re.IGNORECASE)
_PARTS = {  # words of a name made of 'impedance', 'part' and one of these
    "re": "impedance_real", "real": "impedance_real",
    "im": "impedance_imag", "imag": "impedance_imag", "imaginary": "impedance_imag", "img": "impedance_imag",
    "mod": "impedance_modulus", "modulus": "impedance_modulus", "mag": "impedance_modulus",
    "magnitude": "impedance_modulus", "abs": "impedance_modulus", "absolute": "impedance_modulus",
    "phase": "phase", "theta": "phase", "phi": "phase",
}  # fmt: skip
_OF_ADMITTANCE = {
    "impedance_real": "conductance", "impedance_imag": "susceptance", "impedance_modulus": "admittance_modulus",
    "phase": "admittance_phase",
}  # fmt: skip
_ADMITTANCE = {"y", "admittance", "admittanz"}
_FILLING = {"z", "impedance", "impedanz", "part", "of", "the", "component", "complex", "value", "angle", "data"}


def _look_up(name: str) -> Cell:
    """Return what a name without unit means, with its sign."""
    text = name.strip().translate(_LOOK_ALIKES)
    sign = 1
    if (negative := _NEGATIVE.match(text)) is not None:
        sign, text = -1, text[negative.end() :]
    if text in ("T", "T1"):  # as in 'T/K'; a small t is the time
        return Cell("temperature", sign)
    if text == "V":
        return Cell("voltage", sign)
    plain = _plain(text)
    if plain.startswith("(") and plain.endswith(")") and plain not in _SURE:
        plain = plain[1:-1]
    if plain in _SURE:
        return Cell(_SURE[plain], sign, rank=0 if _TOTAL.search(plain) else 1)
    if plain in _UNSURE:
        return Cell(_UNSURE[plain], sign, sure=False)
    words = re.findall(r"[a-zA-Z]+|[^a-zA-Z\s_().:-]+", re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=^Z)(?=[a-zA-Z])", " ", text))
    small = [word.lower() for word in words]
    rest = [word for word in small if word not in _FILLING | _ADMITTANCE]
    if len(rest) == 1 and rest[0] in _PARTS and (len(words) > 1 or rest[0] in ("real", "imag", "imaginary")):
        part, of_admittance = _PARTS[rest[0]], not _ADMITTANCE.isdisjoint(small)
        return Cell(_OF_ADMITTANCE[part] if of_admittance else part, sign, sure=not of_admittance)
    return Cell(None)


_SLASHED = re.compile(r"/")
_TRACE = re.compile(r"(?:trace|data|meas\w*|ch|channel|param\w*|primary|secondary)\s*\d*", re.IGNORECASE)


def _bracketed(text: str) -> tuple[str, str] | None:
    """Split off the last bracket of a text that ends with one."""
    closing = {")": "(", "]": "[", "}": "{"}
    if not text or text[-1] not in closing:
        return None
    depth, opened = 0, closing[text[-1]]
    for i in range(len(text) - 1, -1, -1):
        depth += (text[i] == text[-1]) - (text[i] == opened)
        if depth == 0:
            return text[:i].strip(), text[i + 1 : -1].strip()
    return None


def _splits(text: str) -> Iterator[tuple[str, str, bool]]:
    """Yield (name, unit, whether the unit must be one of what is named), the likeliest first."""
    yield text, "", False
    if (found := _bracketed(text)) is not None:
        yield *found, False
        if _TRACE.fullmatch(found[0]):
            yield found[1], "", False
    for match in _SLASHED.finditer(text):
        yield text[: match.start()], text[match.end() :].strip(), False
    for pattern in (r"\s+in\s+", r"#"):
        if found_mark := re.search(pattern, text):
            yield text[: found_mark.start()], text[found_mark.end() :].strip(), False
    for pattern in (r",\s*", r"[\s_]+(?=[^\s_]+$)"):
        if found_mark := re.search(pattern, text):
            yield text[: found_mark.start()], text[found_mark.end() :].strip(), True


def _without_reference(text: str) -> tuple[str, str]:
    """Take the reference out: 'E / V vs. Na+/Na', 'E [V vs Li/Li+]', 'E vs. SHE (V)' -> ('E / V', 'Na+/Na'), ..."""
    match = re.search(r"[\s_]*\b(?:vs\.?|versus|against)[\s_]+|[\s_]+(?:vs\.)", text, re.IGNORECASE)
    if match is None:
        return text, ""
    before, after = text[: match.start()], text[match.end() :]
    for opened, closed in ("[]", "()"):
        if before.count(opened) > before.count(closed):
            reference, _, rest = after.rpartition(closed)
            return re.sub(r"[\[(]\s*[\])]", "", before + closed + rest).strip(), (reference or after).strip()
    found = _bracketed(after)
    if found is not None and unit_factor(found[1]) is not None:
        return f"{before} [{found[1]}]", found[0]
    reference, slash, unit = after.rpartition("/")
    if slash and reference and (unit_factor(unit) or ("",))[0] == "V":
        return f"{before} [{unit.strip()}]", reference.strip()
    return before.strip(), after.strip()


@lru_cache(maxsize=4096)
def understand(cell: str) -> Cell:
    """Take a header cell apart.

    Example
    -------
    >>> understand("-Z'' (kΩ)"), understand("Status").name
    (Cell(name='impedance_imag', sign=-1, unit='kΩ', reference='', sure=True, rank=1), None)
    >>> understand("E / V vs. Na+/Na")
    Cell(name='potential', sign=1, unit='V', reference='Na+/Na', sure=True, rank=1)
    """
    text, reference = _without_reference(_bare(cell))
    for name, unit, must_fit in _splits(text):
        found = _look_up(name)
        if found.name is None:
            continue
        if must_fit and (unit_factor(unit, si_of(found.name)) or ("",))[0] != si_of(found.name):
            continue
        return Cell(found.name, found.sign, unit, reference, found.sure, found.rank)
    alone = _MEASURED_IN.get((unit_factor(text) or ("",))[0])
    if (
        alone is not None and (len(text) > 3 or text == "Hz") and not text.startswith("-")
    ):  # 'Seconds', 'Amps': named by its unit
        return Cell(alone, unit=text, rank=2)
    return Cell(None)


def _bare(cell: str) -> str:
    text = cell[:100].strip().strip("\ufeff~").strip()
    text = re.sub(r"(degrees?) \('\)$", r"(\1)", text, flags=re.IGNORECASE)  # as Solartron's SMaRT writes it
    return text[1:-1].strip() if len(text) > 1 and text[0] == text[-1] == '"' else text


def bare_name(cell: str) -> tuple[int, str]:
    """Return the sign and the name of a header cell without its unit, also where the name is not known.

    Example
    -------
    >>> bare_name("-Strom (mA)"), bare_name("Strom")
    ((-1, 'Strom'), (1, 'Strom'))
    """
    text = _without_reference(_bare(cell))[0].translate(_LOOK_ALIKES)
    negative = _NEGATIVE.match(text)
    name = next((n for n, unit, _ in _splits(text) if unit and unit_factor(unit) is not None), text)
    return (1, name) if negative is None else (-1, name[negative.end() :])


def unit_of(cell: str) -> str:
    """Return what stands in a header cell where units stand, '' without; neither name nor unit need be known.

    Example
    -------
    >>> unit_of("Strom (mA)"), unit_of("Zeit in h"), unit_of("Comment (x)"), unit_of("Widerstand")
    ('mA', 'h', 'x', '')
    """
    text = _without_reference(_bare(cell))[0]
    stated = [unit for _, unit, must_fit in _splits(text) if unit and not must_fit]
    return next((unit for unit in stated if unit_factor(unit) is not None), stated[0] if stated else "")


_UNIT = re.compile(r"^(?P<name>.*?)\s*(?:\[(?P<square>[^\[\]]*)\]|\((?P<round>[^()]*)\)|/\s*(?P<slash>[^/()\[\]]+))$")


def split_unit(cell: str) -> tuple[str, str]:
    """Split a header cell into the name as it stands there and the unit, '' where it states none.

    Example
    -------
    >>> split_unit("Test_Time(s)"), split_unit("Cap. [Ah]"), split_unit("Voltage / V"), split_unit("Cyc#")
    (('Test_Time', 's'), ('Cap.', 'Ah'), ('Voltage', 'V'), ('Cyc#', ''))
    """
    text = cell[:80].strip().strip("\ufeff").strip('"').strip()
    match = _UNIT.match(text)
    if match is None:
        return text, ""
    return match["name"].strip(), (match["square"] or match["round"] or match["slash"] or "").strip()
