"""What a user asks of one analysis, from the text of its settings: parameters held, begun with, bounded; arcs assigned;
points left out.

Text looks the same on the command line, in study.toml, in a preset and in Python:

    hold = "R1=120 ohm, n1=0.9"        start = "R1=1 kohm"        bound = "Q1=1e-12..1e-9, R1=..200 ohm"
    assign = "R1:bulk, R2:grain_boundary"        f_max = "1 MHz"        leave_out = "3, 7-9"

A parameter goes by its symbol and number (R1, Q1, n1, C1, L1, A1); where an element has more than one, or two elements
would share a symbol, by element and symbol (`Ws1.tau`, `Q1.n`). A number without a unit is in SI.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from closo.errors import DataError, StudyError, did_you_mean
from closo.nomenclature import look_up
from closo.quantity import parse as parse_number
from closo.quantity import sources
from closo.result import Result
from closo.techniques.choices import spelled
from closo.techniques.impedance.circuit import Circuit, parse

KINDS = ("bulk", "grain_boundary", "electrode", "lead")
_SHORT = {"gb": "grain_boundary", "grain boundary": "grain_boundary", "leads": "lead"}
_POINTS = re.compile(r"\s*(\d{1,6})\s*(?:(?:-|–|\.\.)\s*(\d{1,6}))?\s*")
_SETTINGS = ("circuit", "hold", "start", "bound", "assign", "f_min", "f_max", "leave_out")
_LARGEST = 1e30  # no parameter of a circuit is larger, none smaller than its inverse
_EXAMPLES = {"hold": "R1=120 ohm, n1=0.9", "start": "R1=1e3", "bound": "Q1=1e-12..1e-9", "assign": "R1:bulk"}


@dataclass(frozen=True)
class Request:
    """What the user asks for."""

    circuit: Circuit | None = None  # as given; None where the data choose
    held: Mapping[int, float] = field(default_factory=dict)  # index of theta -> value that stays
    held_u: Mapping[int, float] = field(default_factory=dict)  # its standard uncertainty, where stated [theta]
    begin: Mapping[int, float] = field(default_factory=dict)  # index of theta -> value to begin with
    bounds: Mapping[int, tuple[float, float]] = field(default_factory=dict)  # -> (lowest, highest); infinite: open
    assign: Mapping[str, str] = field(default_factory=dict)  # label of a resistor -> one of `KINDS`, whatever its C
    f_min: float | None = None  # [Hz], None without a limit
    f_max: float | None = None  # [Hz], None without a limit
    leave_out: tuple[int, ...] = ()  # points that are not used, counted from 0

    @property
    def named(self) -> bool:
        """True where the user says something of single parameters."""
        return bool(self.held or self.bounds or self.begin)


def read_request(
    *,
    circuit: str | None = None,
    hold: str | None = None,
    start: str | None = None,
    bound: str | None = None,
    assign: str | None = None,
    f_min: float | str | None = None,
    f_max: float | str | None = None,
    leave_out: str | int | None = None,
) -> Request:
    """Read the settings.

    Raises
    ------
    StudyError  that names the setting, the text at fault and what to write instead.

    Example
    -------
    >>> read_request(circuit="(R|Q)-Q", hold="n1=0.9", leave_out="1, 3-4")
    ... # doctest: +ELLIPSIS
    Request(circuit=..., held={2: 0.9}, ..., leave_out=(0, 2, 3))
    """
    low, high = (read_frequency(f, key) for f, key in ((f_min, "f_min"), (f_max, "f_max")))
    if low is not None and high is not None and low >= high:
        raise StudyError(f"f_min = {low:g} Hz is not below f_max = {high:g} Hz.", hint="Exchange or widen them.")
    model = parse(circuit) if circuit is not None else None
    for key, text in (("hold", hold), ("start", start), ("bound", bound)):
        if text is not None and model is None:
            raise StudyError(
                f"{key} = '{text}' names parameters, but of no circuit.", hint="Give it too, e.g. circuit = '(R|Q)-Q'."
            )
    held, held_u, begin, bounds = {}, {}, {}, {}
    if model is not None:
        for k, text in _items(model, "hold", hold):
            held[k], held_u[k] = _value(model, k, text, "hold")
        for k, text in _items(model, "start", start):
            begin[k], _ = _value(model, k, text, "start")
        for k, text in _items(model, "bound", bound):
            bounds[k] = _range(model, k, text)
        _refuse_contradictions(model, held, begin, bounds)
    return Request(
        circuit=model,
        held=held,
        held_u={k: u for k, u in held_u.items() if u},
        begin=begin,
        bounds=bounds,
        assign=_assigned(model, assign),
        f_min=low,
        f_max=high,
        leave_out=_indices(leave_out),
    )


def check_settings(settings: Mapping[str, Any]) -> None:
    """Refuse settings of a request that cannot be read.

    Raises
    ------
    StudyError  as `read_request`.
    """
    read_request(**{key: settings[key] for key in _SETTINGS if key in settings})


def read_frequency(value: float | str | None, key: str) -> float | None:
    """Return a frequency [Hz]; a bare number is in Hz.

    Example
    -------
    >>> read_frequency("1 MHz", "f_max"), read_frequency(10, "f_min"), read_frequency("20", "f_min")
    (1000000.0, 10.0, 20.0)
    """
    if value is None:
        return None
    if value == 0 and not isinstance(value, bool):
        return 0.0
    try:
        if isinstance(value, bool) or len(str(value)) > 60:
            raise StudyError("")
        return float(parse_number(_with_point(str(value), key), "frequency").x)
    except StudyError:
        raise StudyError(
            f"{key} = '{value}' is not a frequency.", hint=f"Write for example {key} = '100 Hz' or '1 MHz'."
        ) from None


def names_of(circuit: Circuit) -> dict[str, int]:
    """Return every name of a parameter -> its index in theta.

    Example
    -------
    >>> names_of(parse("R-(R|Q)-Ws"))["n1"], names_of(parse("R-Ws"))["R1"], names_of(parse("R-Ws"))["Ws1.R"]
    (3, 0, 1)
    """
    found: dict[str, int] = {}
    symbols = [symbol for _, symbol in circuit.parameters]
    for element in circuit.elements:
        for j, parameter in enumerate(element.kind.parameters):
            found[f"{element.label}.{parameter.symbol}"] = element.first + j
    for element in circuit.elements:  # R1 is the resistor, also where Ws1 has an R too
        if element.label in symbols:
            found[element.label] = element.first
    for k, symbol in enumerate(symbols):
        if symbols.count(symbol) == 1:
            found.setdefault(symbol, k)
    return found


def name_of(circuit: Circuit, k: int) -> str:
    """Return the shortest name of a parameter that no other one has.

    Example
    -------
    >>> [name_of(parse("R-(R|Q)-Ws"), k) for k in range(6)]
    ['R1', 'R2', 'Q1', 'n1', 'Ws1.R', 'tau1']
    """
    element = next(e for e in circuit.elements if e.first <= k < e.first + len(e.kind.parameters))
    symbol = circuit.parameters[k][1]
    if [s for _, s in circuit.parameters].count(symbol) == 1 or symbol == element.label:
        return symbol
    return f"{element.label}.{element.kind.parameters[k - element.first].symbol}"


def points_left_out(leave_out: Sequence[int], points: int, title: str) -> list[int]:
    """Return the indices to leave out of a spectrum of `points` points.

    Raises
    ------
    DataError  where it has no such point.
    """
    beyond = [k + 1 for k in leave_out if k >= points]
    if beyond:
        raise DataError(
            f"leave_out names point {beyond[0]}, but '{title}' has {points}.", hint="Points are counted from 1."
        )
    return list(leave_out)


def refuse_unknown(assign: Mapping[str, str], circuit: Circuit) -> None:
    """Refuse resistors that the circuit which the data chose does not have.

    Raises
    ------
    DataError  that names the circuit.
    """
    resistors = [e.label for e in circuit.elements if e.kind.symbol == "R"]
    unknown = [label for label in assign if label not in resistors]
    if unknown:
        raise DataError(
            f"assign names {unknown[0]}, but the circuit chosen from the data, {circuit.text}, has no such resistor.",
            hint="Give the circuit too, with --set circuit=...",
        )


def settings_of(result: Result) -> dict[str, str]:
    """Return the settings with which the next spectrum begins where this one ended: its circuit, its values as start."""
    circuit = parse(result.findings["circuit"])
    asked = {key: result.settings.get(key) for key in ("hold", "bound")}
    request = read_request(circuit=circuit.text, **asked)
    items = []
    for k, value in enumerate(circuit.to_values(np.array(result.findings["theta"]))):
        rounded = float(f"{value:.6g}")
        low, high = request.bounds.get(k, (-np.inf, np.inf))
        theta = float(np.log(rounded)) if circuit.logarithmic[k] and rounded > 0 else rounded
        possible = low <= theta <= high and (circuit.logarithmic[k] or 0 < rounded <= 1)
        if possible and k not in request.held:
            items.append(f"{name_of(circuit, k)}={rounded:g}")
    return {"circuit": circuit.text} | ({"start": ", ".join(items)} if items else {})


def _with_point(text: str, key: str) -> str:
    if re.search(r"\d,\d", text):
        raise StudyError(
            f"{key} = '{text}' has a decimal comma.", hint=f"Write the number with a point: '{text.replace(',', '.')}'."
        )
    return text


def _pairs(key: str, text: str, sign: str) -> Iterator[tuple[str, str]]:
    """Yield what stands left and right of `sign` in each of the items between commas."""
    if not isinstance(text, str) or len(text) > 1000:
        raise StudyError(f"{key} must be text of at most 1000 characters.", hint=f"For example '{_EXAMPLES[key]}'.")
    seen = set()
    for item in re.split(r"[,;]", text):
        name, found, value = (part.strip() for part in item.partition(sign))
        if not (name and found and value):
            point = " Numbers are written with a point." if re.fullmatch(r"\s*\d+\b.*", item) else ""
            raise StudyError(
                f"{key} = '{text}' has '{item.strip()}' where name{sign}value should be.{point}",
                hint=f"Write for example {key} = '{_EXAMPLES[key]}'.",
            )
        if name in seen:
            raise StudyError(f"{key} = '{text}' names {name} twice.", hint="Name it once.")
        seen.add(name)
        yield name, value


def _items(circuit: Circuit, key: str, text: str | None) -> Iterator[tuple[int, str]]:
    """Yield index of theta and text of each value of a setting."""
    names = names_of(circuit)
    seen = set()
    for name, value in _pairs(key, text, "=") if text is not None else ():
        if name not in names:
            short = {k: n for n, k in sorted(names.items(), key=lambda pair: "." not in pair[0])}  # R1 rather than R1.R
            raise StudyError(f"{key}: {circuit.text} has no parameter {name}.", hint=did_you_mean(name, short.values()))
        if names[name] in seen:
            raise StudyError(f"{key} = '{text}' names one parameter twice ({name}).", hint="Name it once.")
        seen.add(names[name])
        yield names[name], value


def _value(circuit: Circuit, k: int, text: str, key: str) -> tuple[float, float]:
    """Return a value and its standard uncertainty as theta."""
    name, symbol = circuit.parameters[k][0].split(":")[0], circuit.parameters[k][1]
    try:
        number = parse_number(_with_point(text, key), name, label="held")
    except StudyError as error:
        raise StudyError(f"{key}: {symbol} = '{text}' cannot be read: {error.message}", hint=error.hint) from None
    value = float(number.x)
    u = abs(sources(number)["held"][0]) if sources(number) else 0.0
    if not circuit.logarithmic[k]:
        if not 0 < value <= 1:
            raise StudyError(f"{key}: {symbol} = {value:g} is not an exponent.", hint="It lies between 0 and 1.")
        return value, u
    if not 1 / _LARGEST < value < _LARGEST:
        unit = look_up(name).shown
        raise StudyError(f"{key}: {symbol} = {value:g} {unit} is not valid.", hint="It must be positive and finite.")
    return float(np.log(value)), u / value


def _range(circuit: Circuit, k: int, text: str) -> tuple[float, float]:
    """Return the bounds of one parameter as theta; '1e-12..1e-9', '..200 ohm' and '0.7..' are possible."""
    symbol = circuit.parameters[k][1]
    low, dots, high = (part.strip() for part in text.partition(".."))
    if not dots or not (low or high) or ".." in high:
        raise StudyError(f"bound: {symbol} = '{text}' is not a range.", hint="Write for example 'Q1=1e-12..1e-9'.")
    unit = re.search(r"[A-Za-zΩµμ%].*$", re.sub(r"[eE][-+]?\d+", "", high))
    if low and unit and not re.search(r"[A-DF-Za-df-zΩµμ]", low):  # 1..2 kohm: one unit for both
        low = f"{low} {unit.group()}"
    ends = (
        _value(circuit, k, low, "bound")[0] if low else -np.inf,
        _value(circuit, k, high, "bound")[0] if high else np.inf,
    )
    if not ends[0] < ends[1]:
        raise StudyError(f"bound: {symbol} = '{text}' is not a range.", hint="Write the lower end first.")
    return ends


def _refuse_contradictions(
    circuit: Circuit, held: Mapping[int, float], begin: Mapping[int, float], bounds: Mapping[int, tuple[float, float]]
) -> None:
    symbols = [symbol for _, symbol in circuit.parameters]
    for k in held:
        if k in begin or k in bounds:
            other = "start" if k in begin else "bound"
            raise StudyError(
                f"{symbols[k]} is held and stands in {other} too.", hint=f"Take it out of hold or of {other}."
            )
    for k, value in begin.items():
        low, high = bounds.get(k, (-np.inf, np.inf))
        if not low <= value <= high:
            raise StudyError(f"The start of {symbols[k]} lies outside its bounds.", hint="Change start or bound.")


def _assigned(circuit: Circuit | None, text: str | None) -> dict[str, str]:
    """Return label of a resistor -> kind."""
    found = {}
    for label, words in _pairs("assign", text, ":") if text is not None else ():
        wanted = " ".join(words.lower().replace("-", " ").replace("_", " ").split())
        kind = spelled(_SHORT.get(wanted, wanted), KINDS)
        if kind is None:
            raise StudyError(f"assign: '{words}' is not possible for {label}.", hint=did_you_mean(words, KINDS))
        resistors = [e.label for e in circuit.elements if e.kind.symbol == "R"] if circuit is not None else [label]
        if label not in resistors or not re.fullmatch(r"R\d+", label):
            what = f"{circuit.text} has no resistor" if circuit is not None else "a resistor is called R1, not"
            hint = did_you_mean(label, resistors) if circuit is not None else "Write for example assign = 'R1:bulk'."
            raise StudyError(f"assign: {what} {label}.", hint=hint)
        found[label] = kind
    return found


def _indices(text: str | int | None) -> tuple[int, ...]:
    """Return '3, 7-9' as indices from 0."""
    if text is None:
        return ()
    found: set[int] = set()
    for item in re.split(r"[,;]", str(text)):
        match = _POINTS.fullmatch(item)
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
        if not 1 <= first <= last:
            raise StudyError(
                f"leave_out = '{text}' has '{item.strip()}', which is not a point.",
                hint="Points are counted from 1: write for example leave_out = '3, 7-9'.",
            )
        found.update(range(first - 1, last))
    return tuple(sorted(found))
