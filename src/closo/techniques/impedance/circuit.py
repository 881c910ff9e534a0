"""Equivalent circuits from a string, parsed once into a tree of functions (never `eval`).

Grammar: `-` joins in series; `|` joins in parallel and binds tighter; parentheses group. Elements are those of
`elements.ELEMENTS`, with an optional number: `L-(R1|Q1)-Q2`. Numbers that are left out are given in order of appearance:
`(R|Q)-Q` means `(R1|Q1)-Q2`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from closo.errors import StudyError, did_you_mean
from closo.techniques.impedance.elements import ELEMENTS, ElementKind

_MAX_ELEMENTS = 20
_TOKEN = re.compile(r"\s*(?:(?P<element>[A-Za-z]+)(?P<number>\d*)|(?P<sign>[-|()]))")


@dataclass(frozen=True)
class Element:
    """A leaf: its kind, its label ('R1') and where its parameters stand in theta."""

    kind: ElementKind
    label: str
    first: int

    def evaluate(self, jw: np.ndarray, log_jw: np.ndarray, theta: np.ndarray) -> tuple[np.ndarray, list[np.ndarray]]:
        """Return Z and dZ/dtheta of this element."""
        last = self.first + len(self.kind.parameters)
        z, slopes = self.kind.evaluate(jw, log_jw, *theta[self.first : last])
        return z, list(slopes)


@dataclass(frozen=True)
class Series:
    """Elements in series: impedances add."""

    parts: tuple[Node, ...]

    def evaluate(self, jw: np.ndarray, log_jw: np.ndarray, theta: np.ndarray) -> tuple[np.ndarray, list[np.ndarray]]:
        """Return Z and dZ/dtheta."""
        total, slopes = self.parts[0].evaluate(jw, log_jw, theta)
        for part in self.parts[1:]:
            z, more = part.evaluate(jw, log_jw, theta)
            total = total + z
            slopes = slopes + more
        return total, slopes


@dataclass(frozen=True)
class Parallel:
    """Elements in parallel: admittances add."""

    parts: tuple[Node, ...]

    def evaluate(self, jw: np.ndarray, log_jw: np.ndarray, theta: np.ndarray) -> tuple[np.ndarray, list[np.ndarray]]:
        """Return Z and dZ/dtheta; dZ = Z^2 / z_i^2 dz_i."""
        if self.arc is not None:
            return self.arc.evaluate(log_jw, theta)
        evaluated = [part.evaluate(jw, log_jw, theta) for part in self.parts]
        total = 1.0 / np.sum([1.0 / z for z, _ in evaluated], axis=0)
        return total, [(total / z) ** 2 * s for z, slopes in evaluated for s in slopes]

    @cached_property
    def arc(self) -> Arc | None:
        """Itself as one semicircle; None where it is something else."""
        elements = [p for p in self.parts if isinstance(p, Element)]
        resistor = next((e for e in elements if e.kind.symbol == "R"), None)
        storage = next((e for e in elements if e.kind.symbol in ("Q", "C")), None)
        return Arc(resistor, storage) if resistor and storage and len(self.parts) == 2 else None


Node = Element | Series | Parallel


@dataclass(frozen=True)
class Arc:
    """A parallel pair of a resistor with a capacitor or CPE, in series with the rest: one semicircle."""

    resistor: Element
    storage: Element

    @property
    def slots(self) -> tuple[int, ...]:
        """Where its parameters stand in theta: R, then C or Q and n."""
        first = self.storage.first
        return (self.resistor.first, *range(first, first + len(self.storage.kind.parameters)))

    def evaluate(self, log_jw: np.ndarray, theta: np.ndarray) -> tuple[np.ndarray, list[np.ndarray]]:
        """Return Z and dZ/dtheta in order of theta: R / (1 + u) with u = R Q (jw)^n, which costs a third of two elements."""
        log_r, log_q = theta[self.resistor.first], theta[self.storage.first]
        n = theta[self.storage.first + 1] if self.storage.kind.symbol == "Q" else 1.0
        u = np.exp(log_r + log_q + n * log_jw.real) * np.exp(0.5j * np.pi * n)
        share = 1.0 / (1.0 + u)  # of the current: what passes the resistor
        z = np.exp(log_r) * share
        of_r = z * share
        of_storage = [-u * of_r]
        if self.storage.kind.symbol == "Q":
            of_storage.append(log_jw * of_storage[0])
        return z, [of_r, *of_storage] if self.resistor.first < self.storage.first else [*of_storage, of_r]


def relaxation_time(log_r: float, storage: Element, theta: np.ndarray) -> float:
    """Return (R Q)^(1/n) or R C [s] of a resistance (its logarithm) beside a storage element."""
    n = theta[storage.first + 1] if storage.kind.symbol == "Q" else 1.0
    return float(np.exp(np.clip((log_r + theta[storage.first]) / max(n, 0.05), -600.0, 600.0)))


@dataclass(frozen=True)
class Circuit:
    """A parsed circuit."""

    text: str  # normal form, with every element numbered
    root: Node  # the tree
    elements: tuple[Element, ...]  # leaves in order of theta

    @cached_property
    def size(self) -> int:
        """Number of parameters."""
        return sum(len(e.kind.parameters) for e in self.elements)

    @cached_property
    def parameters(self) -> list[tuple[str, str]]:
        """(key in results, symbol with number) of each parameter, e.g. ('resistance:R1', 'R1')."""
        return [
            (f"{p.name}:{e.label}", f"{p.symbol}{e.label.lstrip('RLCQWGso')}")
            for e in self.elements
            for p in e.kind.parameters
        ]

    @cached_property
    def logarithmic(self) -> np.ndarray:
        """Shape (size,), True where theta is the logarithm of the parameter."""
        return np.array([p.logarithmic for e in self.elements for p in e.kind.parameters])

    @cached_property
    def top(self) -> tuple[Node, ...]:
        """The parts that stand in series at the top level."""
        return self.root.parts if isinstance(self.root, Series) else (self.root,)

    @cached_property
    def arcs(self) -> tuple[Arc, ...]:
        """The R||C and R||CPE pairs at the top level, in order of appearance."""
        return tuple(p.arc for p in self.top if isinstance(p, Parallel) and p.arc is not None)

    @cached_property
    def single(self) -> tuple[Element, ...]:
        """The elements that stand alone at the top level."""
        return tuple(part for part in self.top if isinstance(part, Element))

    @cached_property
    def blocking(self) -> Element | None:
        """The capacitor or CPE in series with everything: the blocking electrode, None when direct current passes."""
        return next((e for e in self.single if e.kind.symbol in ("Q", "C")), None)

    @property
    def is_ladder(self) -> bool:
        """True when the circuit is only arcs and single elements in series."""
        return len(self.arcs) + len(self.single) == len(self.top)

    def impedance(self, frequency: np.ndarray, theta: np.ndarray) -> np.ndarray:
        """Return Z [ohm], complex, of the shape of `frequency` [Hz]."""
        jw = 2j * np.pi * np.asarray(frequency, float)
        return self.root.evaluate(jw, np.log(jw), theta)[0]

    def to_theta(self, values: np.ndarray) -> np.ndarray:
        """Turn parameter values (SI) into internal ones."""
        values = np.asarray(values, float)
        return np.where(self.logarithmic, np.log(np.where(values > 0, values, 1e-300)), values)

    def to_values(self, theta: np.ndarray) -> np.ndarray:
        """Turn internal parameters into values (SI)."""
        return np.where(self.logarithmic, np.exp(np.minimum(theta, 700.0)), theta)


@lru_cache(maxsize=256)
def parse(text: str) -> Circuit:
    """Parse a circuit.

    Raises
    ------
    StudyError  naming the position and what was found there.

    Example
    -------
    >>> parse("L-(R|Q)-Q").text
    'L1-(R1|Q1)-Q2'
    """
    tokens = list(_tokens(text))
    labels = _labels(tokens, text)
    parser = _Parser(text, tokens, labels)
    root = parser.expression()
    if parser.position < len(tokens):
        raise parser.error("the end of the circuit")
    elements = tuple(parser.elements)
    return Circuit(_write(root), root, elements)


@dataclass(frozen=True)
class _Token:
    text: str
    number: str
    at: int


def _tokens(text: str) -> Iterator[_Token]:
    if not text.strip() or len(text) > 200:
        raise StudyError(
            f"A circuit of {len(text.strip())} characters cannot be used.", hint="Write for example 'L-(R|Q)-Q'."
        )
    at = 0
    while text[at:].strip():
        match = _TOKEN.match(text, at)
        if match is None:
            raise StudyError(
                f"The circuit '{text}' has '{text[at:].strip()[0]}' at position {at + 1}.",
                hint="Use elements, '-' (series), '|' (parallel) and parentheses, for example 'L-(R|Q)-Q'.",
            )
        yield _Token(match["element"] or match["sign"], match["number"] or "", match.end())
        at = match.end()


def _labels(tokens: list[_Token], text: str) -> list[str]:
    """Return the label of every element token, '' for signs."""
    given = [t.text + t.number for t in tokens if t.number]
    if len(set(given)) < len(given):
        raise StudyError(
            f"The circuit '{text}' uses {max(given, key=given.count)} twice.", hint="Number each element once."
        )
    if sum(t.text[0].isalpha() for t in tokens) > _MAX_ELEMENTS:
        raise StudyError(f"The circuit has more than {_MAX_ELEMENTS} elements.", hint="No spectrum can fix that many.")
    labels, used = [], set(given)
    for token in tokens:
        if not token.text[0].isalpha():
            labels.append("")
            continue
        label = token.text + token.number
        count = 1
        while not token.number and (label == token.text or label in used):
            label, count = f"{token.text}{count}", count + 1
        used.add(label)
        labels.append(label)
    return labels


class _Parser:
    """Recursive descent over the tokens; lives only inside `parse`."""

    def __init__(self, text: str, tokens: list[_Token], labels: list[str]) -> None:
        self.text, self.tokens, self.labels = text, tokens, labels
        self.position, self.first = 0, 0
        self.elements: list[Element] = []

    def peek(self) -> str:
        return self.tokens[self.position].text if self.position < len(self.tokens) else ""

    def error(self, wanted: str) -> StudyError:
        found = f"'{self.peek()}'" if self.peek() else "the end"
        at = self.tokens[self.position].at if self.position < len(self.tokens) else len(self.text)
        hint = "Write '-' for in series and '|' for in parallel, e.g. 'L-(R|Q)-Q'."
        return StudyError(
            f"The circuit '{self.text}' has {found} at position {at} where {wanted} should be.", hint=hint
        )

    def expression(self) -> Node:
        """Read parallel parts joined by '-'."""
        return self._joined("-", self._parallel, Series)

    def _parallel(self) -> Node:
        return self._joined("|", self._factor, Parallel)

    def _joined(self, sign: str, part, kind) -> Node:  # type: ignore[no-untyped-def]
        parts = [part()]
        while self.peek() == sign:
            self.position += 1
            parts.append(part())
        return kind(tuple(parts)) if len(parts) > 1 else parts[0]  # type: ignore[no-any-return]

    def _factor(self) -> Node:
        word = self.peek()
        if word == "(":
            self.position += 1
            inside = self.expression()
            if self.peek() != ")":
                raise self.error("')'")
            self.position += 1
            return inside
        if not word[:1].isalpha():
            raise self.error("an element")
        if word not in ELEMENTS:
            hint = "Parallel is written (R|C), not p(R,C)." if word == "p" else did_you_mean(word, ELEMENTS)
            raise StudyError(f"The circuit '{self.text}' has an element '{word}' that closo does not know.", hint=hint)
        element = Element(ELEMENTS[word], self.labels[self.position], self.first)
        self.first += len(element.kind.parameters)
        self.elements.append(element)
        self.position += 1
        return element


def _write(node: Node) -> str:
    if isinstance(node, Element):
        return node.label
    if isinstance(node, Parallel):
        inner = "|".join(f"({_write(p)})" if isinstance(p, Series) else _write(p) for p in node.parts)
        return f"({inner})"
    return "-".join(_write(p) for p in node.parts)
