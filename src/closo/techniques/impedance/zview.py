"""Circuit files of ZView (`.mdl`): a circuit with its values, free or fixed.

The format is not published. What is read and written here is what independent programs that exchange such files with ZView
agree on: text; between 'Begin Circuit Model: N' and 'End Circuit Model: N' stand N elements, numbered from 0, in series:

    Element #k Type: 1 resistor, 2 capacitor, 3 inductor, 11 CPE, -1 begin of a parallel group, -2 its end
    Element #k Name: any word
    Element #k,j Name / Value / Free: parameter j (R is 0 of a resistor; T is 1 of the others, P is 2 of a CPE);
        Free 0 fixed, 1 free and positive, 2 free

T is C, L or Q (Z = 1/(T (jw)^P)). Every other type (Warburg, Gerischer, distributed elements, series inside parallel) is
refused. The lines before 'Begin' are settings of ZView's fit and are not used.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from closo.errors import ReadError, StudyError
from closo.result import Result
from closo.techniques.impedance.circuit import Circuit, Element, Node, Parallel, parse
from closo.techniques.impedance.request import name_of, read_request

_TYPES = {1: "R", 2: "C", 3: "L", 11: "Q"}
_SLOTS = {"R": {0: "R"}, "C": {1: "T"}, "L": {1: "T"}, "Q": {1: "T", 2: "P"}}
_BEGIN, _END = -1, -2
_LINE = re.compile(r"\s*Element #(\d{1,4})(?:,(\d{1,2}))? (Type|Name|Value|Free):\s*(.*?)\s*")
_COUNT = re.compile(r"\s*(Begin|End) Circuit Model:\s*(\d{1,4})\s*")
_MAXIMUM_SIZE = 1_000_000  # bytes
_COLUMN = 30
# The block that ZView expects before the circuit: its own fit settings, at their usual values.
_SETTINGS = (
    "IOPT 0,DINP 1,DFIT 1,PINP 4,PFIT 4,FREEQ 1,NEG 1,FUN 99,DATATYPE 0,IPAR 0,IFP 0,IRE 0,CELCAP 0,ROE 0,ATEMP 293,M 0,"
    "N 34,MAXFEV 100,NPRINT 9,IRCH -3,MODE 0,ICP 0,IPRINT 1,IGACC 2,WEIGHTU 0,WEIGHTX 1,MAX FREQ {high:.6G},"
    "MIN FREQ {low:.6G},FIT MODE 0,RANGE MODE 1,FIT BEEP 0,Batch Previous 0,Batch Spectra 1,Batch Print 0"
)


@dataclass
class _Block:
    """One element of the file: its type, name, and per slot what is said of it."""

    line: int
    code: int
    name: str = ""
    slots: dict[int, dict[str, str]] = field(default_factory=dict)


def read_model(path: Path) -> dict[str, str]:
    """Return the settings 'circuit', 'start' and 'hold' that a ZView model means.

    Elements keep the numbers of their names where these differ ('CPE2' is Q2); the others are numbered in order.

    Raises
    ------
    ReadError  when the file is none, or has what closo cannot read, with the line.
    """
    try:
        content = path.read_bytes() if path.stat().st_size <= _MAXIMUM_SIZE else b""
    except OSError as error:
        raise ReadError(f"the file cannot be opened ({error.strerror}).", file=path, hint="Check the name.") from None
    blocks = _blocks(content.decode("latin-1").splitlines(), path)
    elements = [block for block in blocks if block.code in _TYPES]
    text = _circuit_text(blocks, _numbers(elements), path)
    try:
        circuit = parse(text)
        start, hold = _values(circuit, elements, path)
        settings = {"circuit": circuit.text}
        settings |= {key: ", ".join(items) for key, items in (("start", start), ("hold", hold)) if items}
        read_request(**settings)
    except StudyError as error:
        raise ReadError(error.message, file=path, hint=error.hint) from None
    return settings


def _blocks(lines: list[str], path: Path) -> list[_Block]:
    """Return the elements between 'Begin' and 'End'."""
    marks = [(k, match) for k, line in enumerate(lines) if (match := _COUNT.fullmatch(line))]
    if [m[1] for _, m in marks] != ["Begin", "End"]:
        raise ReadError(
            "there is no 'Begin Circuit Model:' with its 'End': this is not a ZView model.",
            file=path,
            hint="Save the circuit in ZView as .mdl; Simulink's .mdl are something else.",
        )
    (first, begin), (last, end) = marks
    blocks: list[_Block] = []
    for k in range(first + 1, last):
        if lines[k].strip():
            _add_line(blocks, lines[k], place=(path, k + 1))
    if not len(blocks) == int(begin[2]) == int(end[2]):
        raise ReadError(
            f"{begin[2]} elements are announced, {len(blocks)} are there.", file=path, hint="Save it again."
        )
    return blocks


def _add_line(blocks: list[_Block], line: str, *, place: tuple[Path, int]) -> None:
    """Take one line into the list of elements."""
    path, number = place
    match = _LINE.fullmatch(line)
    if match is None:
        raise ReadError(f"'{line.strip()[:60]}' is not understood.", file=path, where=f"line {number}")
    index, slot, word, value = match.groups()
    if slot is None and word == "Type":
        code = int(value) if re.fullmatch(r"-?\d{1,4}", value) else 0
        if code not in (*_TYPES, _BEGIN, _END):
            raise ReadError(
                f"an element of type {value[:20]} is not read.",
                file=path,
                where=f"line {number}",
                hint="closo reads R, C, L and CPE in series and in parallel groups; write the circuit by hand.",
            )
        blocks.append(_Block(number, code))
    if not blocks or int(index) != len(blocks) - 1 or (slot is None and word not in ("Type", "Name")):
        raise ReadError("the elements are not numbered from 0 one by one.", file=path, where=f"line {number}")
    if slot is None:
        blocks[-1].name = value if word == "Name" else ""
    else:
        blocks[-1].slots.setdefault(int(slot), {})[word] = value


def _numbers(elements: Sequence[_Block]) -> list[str]:
    """Return the label of each element: with the number of its name, where no other one has it."""
    wanted = [
        _TYPES[e.code] + (match[1] if (match := re.fullmatch(r"[A-Za-z]+([1-9]\d?)", e.name)) else "") for e in elements
    ]
    return [label if wanted.count(label) == 1 else label[0] for label in wanted]


def _circuit_text(blocks: Sequence[_Block], labels: list[str], path: Path) -> str:
    """Return the circuit, the groups in parentheses."""
    left = iter(labels)
    parts: list[str] = []
    group: list[str] | None = None
    for block in blocks:
        if (block.code == _BEGIN) == (group is not None) and block.code in (_BEGIN, _END):
            raise ReadError("a parallel group inside another, or an end without a begin.", file=path, where=_at(block))
        if block.code == _BEGIN:
            group = []
        elif block.code == _END:
            parts.append(f"({'|'.join(group or [])})")
            group = None
        else:
            (parts if group is None else group).append(next(left))
    if group is not None or not parts or "()" in parts:
        raise ReadError("the circuit is empty, or a parallel group has no element or no end.", file=path)
    return "-".join(parts)


def _values(circuit: Circuit, elements: Sequence[_Block], path: Path) -> tuple[list[str], list[str]]:
    """Return 'name=value' of the free parameters and of the fixed ones."""
    start, hold = [], []
    for element, block in zip(circuit.elements, elements, strict=True):
        slots = _SLOTS[element.kind.symbol]
        if set(block.slots) != set(slots):
            raise ReadError(
                f"{block.name} has other parameters than a {element.kind.title} has.", file=path, where=_at(block)
            )
        for slot, parameter in zip(sorted(slots), element.kind.parameters, strict=True):
            said = block.slots[slot]
            value = _number(said.get("Value", ""), said.get("Free", ""), block=block, path=path)
            name = name_of(circuit, element.first + slot - min(slots))
            if said["Free"] == "0":
                hold.append(f"{name}={value:.9g}")
            elif value > 0 and not (parameter.symbol == "n" and value > 1):  # a start of 0 is none
                start.append(f"{name}={value:.9g}")
    return start, hold


def _number(value: str, free: str, *, block: _Block, path: Path) -> float:
    try:
        number = float(value.replace(",", "."))
    except ValueError:
        number = np.nan
    if not np.isfinite(number) or free not in ("0", "1", "2"):
        raise ReadError(f"{block.name} has no value with 'Free' 0, 1 or 2.", file=path, where=_at(block))
    if free == "0" and number <= 0:
        raise ReadError(
            f"{block.name} is fixed at {number:g}, and closo's parameters are positive.",
            file=path,
            where=_at(block),
            hint="Delete the element.",
        )
    return number


def _at(block: _Block) -> str:
    return f"line {block.line}"


def model_text(result: Result) -> str:
    """Return the fitted circuit of a result as the text of a ZView model; held parameters are fixed in it.

    Raises
    ------
    StudyError  when the circuit has what the format is not known to hold.
    """
    circuit = parse(result.findings["circuit"])
    held = read_request(circuit=circuit.text, hold=result.settings.get("hold")).held
    values = circuit.to_values(np.array(result.findings["theta"]))
    lines: list[str] = []
    count = 0
    for code, element in _sequence(circuit):
        name = {_BEGIN: "Begin_Parallel", _END: "End_Parallel"}.get(code) or _zview_name(element)
        lines += [_row(f"Element #{count} Type", code), _row(f"Element #{count} Name", name)]
        for j, (slot, symbol) in enumerate(_SLOTS[element.kind.symbol].items() if element is not None else ()):
            k = element.first + j if element is not None else 0
            lines.append(_row(f"Element #{count},{slot} Name", symbol))
            lines.append(_row(f"Element #{count},{slot} Value", f"{values[k]:.9G}"))
            lines.append(_row(f"Element #{count},{slot} Free", 0 if k in held else 1))
        count += 1
    frequency = result.curves["frequency"].values
    settings = _SETTINGS.format(high=frequency.max(), low=frequency.min()).split(",")
    head = [_row("ZView Circuit Model", "2.0", indent=0)]
    head += [_row(*item.rpartition(" ")[::2]) for item in settings]
    head += [_row("Batch Output", ""), _row("End ZView", "2.0", indent=0)]
    circuit_lines = [_row("Begin Circuit Model", count, indent=0), *lines, _row("End Circuit Model", count, indent=0)]
    return "\r\n".join(head + circuit_lines) + "\r\n"


def _row(key: str, value: object, indent: int = 2) -> str:
    return f"{' ' * indent + key + ':':<{_COLUMN}}{value}".rstrip()


def _zview_name(element: Element | None) -> str:
    if element is None:
        return ""
    return element.label.replace("Q", "CPE") if element.kind.symbol == "Q" else element.label


def _sequence(circuit: Circuit) -> Iterator[tuple[int, Element | None]]:
    """Yield type and element of what the file lists one below the other."""
    codes = {symbol: code for code, symbol in _TYPES.items()}

    def code_of(node: Node) -> tuple[int, Element]:
        if not isinstance(node, Element) or node.kind.symbol not in codes:
            raise StudyError(
                f"{circuit.text} cannot be written as a ZView model.",
                hint="Of the format only R, C, L and CPE in series and in parallel groups are known.",
            )
        return codes[node.kind.symbol], node

    for part in circuit.top:
        if isinstance(part, Parallel):
            yield _BEGIN, None
            yield from (code_of(inner) for inner in part.parts)
            yield _END, None
        else:
            yield code_of(part)
