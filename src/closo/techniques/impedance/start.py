"""Start values taken from the data.

For a ladder (arcs and single elements in series) with given time constants and exponents the impedance is *linear* in
what is left: R of each arc, series R, L, and 1/Q of the blocking electrode. All placements of the time constants on a
coarse grid are solved at once from one Gram matrix, and the best are the starts. Where an arc is far from the shape of the
grid's, a second one mends its shape there and the true second arc is not seen; `grown` puts the new arc of a larger circuit
where the fit of the smaller one misses the data. Other circuits (nested ones) start from the best of many random draws
over the ranges that the data allow.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations

import numpy as np

from closo.techniques.impedance.circuit import Arc, Circuit, Element

_GRID_PER_DECADE = {0: 1, 1: 4, 2: 3, 3: 2}
_BLOCKING_EXPONENTS = (0.65, 0.8, 0.92)
_ARC_EXPONENT = 0.9
FAR = 90.0  # |ln| of no parameter reaches 90: exp stays finite
_NEW_PER_DECADE = 6  # places tried for the new arc of a larger circuit
_DRAWS = 400
_LOOK_AT = 200  # best placements among which different starts are sought
_SMALL = {
    "R": 0.01,
    "L": 1e-3,
}  # start of a series R, of w L at the highest frequency, that came out negative, over |Z| min


def starts(
    circuit: Circuit, frequency: np.ndarray, impedance: np.ndarray, *, count: int = 6, draw: bool = True
) -> Iterator[np.ndarray]:
    """Yield up to `count` start vectors theta, best first.

    Parameters
    ----------
    frequency : shape (n,) [Hz].
    impedance : complex, shape (n,) [ohm].
    draw : False yields nothing for a ladder of which no placement fits with positive amplitudes.
    """
    found = 0
    if circuit.is_ladder and len(_with_time_constant(circuit)) <= 3:
        for theta in _ladder_starts(circuit, frequency, impedance, count):
            found += 1
            yield theta
    if not found and (draw or not circuit.is_ladder):
        yield from _random_starts(circuit, frequency, impedance, count)


def grown(
    circuit: Circuit, smaller: Circuit, theta: np.ndarray, *, spectrum: tuple[np.ndarray, np.ndarray, np.ndarray]
) -> np.ndarray | None:
    """Return a start of `circuit`, an arc more than `smaller`, from a fit of the latter; None where no arc helps.

    The arc gets the time constant and the size that lower the residuals most while all other parameters follow to first
    order.

    Parameters
    ----------
    theta : of `smaller`; the parts of `circuit` without its last arc are those of `smaller`.
    spectrum : frequency [Hz], impedance [ohm], sd [ohm], shape (n,) each.
    """
    f, z, sd = spectrum
    jw = 2j * np.pi * f
    if np.abs(theta).max() > FAR:  # the smaller fit ran away
        return None
    model, slopes = smaller.root.evaluate(jw, np.log(jw), theta)
    low, high = 0.3 / (2 * np.pi * f.max()), 3.0 / (2 * np.pi * f.min())
    tau = np.geomspace(low, high, int(np.log10(high / low) * _NEW_PER_DECADE) + 2)
    arc = circuit.arcs[-1]
    others, columns, left = (
        np.concatenate([x.real, x.imag], axis=-1) / np.tile(sd, 2)
        for x in (np.array(slopes), _relaxing_atoms(arc, jw, tau), z - model)
    )
    basis = np.linalg.qr((others / np.maximum(np.linalg.norm(others, axis=1), 1e-300)[:, None]).T)[0]
    columns, left = columns - (columns @ basis) @ basis.T, left - basis @ (basis.T @ left)
    along, size = columns @ left, np.sum(columns**2, axis=1)
    gain = np.where(along > 0, along**2 / np.maximum(size, 1e-300), 0.0)
    best = int(np.argmax(gain))
    if not gain[best] > 0:
        return None
    r, n = float(along[best] / size[best]), 1.0 if arc.storage.kind.symbol == "C" else _ARC_EXPONENT
    new = [np.log(r), n * np.log(tau[best]) - np.log(r), n][: len(arc.slots)]
    return np.insert(theta, arc.resistor.first, new)


def _with_time_constant(circuit: Circuit) -> list[Arc | Element]:
    """The parts of a ladder that carry a time constant: arcs, finite-length diffusion, Gerischer."""
    return [*circuit.arcs, *(e for e in circuit.single if e.kind.symbol in ("Ws", "Wo", "G"))]


@dataclass(frozen=True)
class _Dictionary:
    """Everything about the placements that depends on the circuit and the frequencies only."""

    atoms: np.ndarray  # impedance per unit amplitude, complex, shape (atoms, n)
    # Atoms of each placement, (placements, amplitudes): single elements, then parts with a time constant.
    columns: np.ndarray
    tau: np.ndarray  # time constants of each placement [s], shape (placements, parts)
    exponent: np.ndarray  # exponent of the blocking CPE of each placement, shape (placements,)


@lru_cache(maxsize=64)  # a series or a folder of spectra shares its frequencies; half of the time of a start
def _dictionary(circuit: Circuit, frequencies: bytes) -> _Dictionary:
    f = np.frombuffer(frequencies)
    jw = 2j * np.pi * f
    relaxing, linear = _with_time_constant(circuit), _linear(circuit)
    low, high = 0.1 / (2 * np.pi * f.max()), 3.0 / (2 * np.pi * f.min())
    points = max(int(np.log10(high / low) * _GRID_PER_DECADE[len(relaxing)]), len(relaxing) + 2)
    tau = np.geomspace(low, high, points)
    exponents = _BLOCKING_EXPONENTS if any(e.kind.symbol == "Q" for e in linear) else (1.0,)
    atoms = np.concatenate(
        [
            *(_linear_atoms(linear, jw, exponent) for exponent in exponents),
            *(_relaxing_atoms(part, jw, tau) for part in relaxing),
        ]
    )
    placed = list(combinations(range(points), len(relaxing)))
    parts = np.array(placed, int).reshape(len(placed), len(relaxing))
    first = len(exponents) * len(linear)
    columns = [
        np.concatenate(
            [
                np.tile(np.arange(len(linear)) + k * len(linear), (len(parts), 1)),
                parts + first + np.arange(len(relaxing)) * points,
            ],
            axis=1,
        )
        for k in range(len(exponents))
    ]
    return _Dictionary(
        atoms, np.concatenate(columns), np.tile(tau[parts], (len(exponents), 1)), np.repeat(exponents, len(parts))
    )


def _linear(circuit: Circuit) -> list[Element]:
    """The single elements of a ladder that are linear in one amplitude once the exponent is given."""
    return [e for e in circuit.single if e.kind.symbol in ("R", "L", "C", "Q", "W")]


def _ladder_starts(circuit: Circuit, f: np.ndarray, z: np.ndarray, count: int) -> Iterator[np.ndarray]:
    weight = 1.0 / np.abs(z)
    relaxing, linear = _with_time_constant(circuit), _linear(circuit)
    grid = _dictionary(circuit, np.ascontiguousarray(f, float).tobytes())
    left, amplitudes = _solve_all(grid.atoms * weight, z * weight, grid.columns)
    rank = np.where(_allowed(amplitudes, linear), left, np.inf)
    used: list[np.ndarray] = []
    for k in np.argsort(rank)[:_LOOK_AT]:
        log_tau = np.log(grid.tau[k])
        if not np.isfinite(rank[k]) or len(used) == count:
            return
        if log_tau.size and any(np.all(np.abs(log_tau - other) < 1.0) for other in used):
            continue  # next to one already tried: it would run into the same valley
        used.append(log_tau)
        context = (float(grid.exponent[k]), float(np.abs(z).min()), float(2 * np.pi * f.max()))
        yield _theta(circuit, (linear, amplitudes[k]), (relaxing, grid.tau[k]), context)


def _linear_atoms(linear: list[Element], jw: np.ndarray, exponent: float) -> np.ndarray:
    """Impedance per unit amplitude of the single elements, shape (elements, n)."""
    power = {"R": 0.0, "L": 1.0, "C": -1.0, "Q": -exponent, "W": -0.5}
    return np.array([jw ** power[e.kind.symbol] for e in linear]).reshape(len(linear), jw.size)


def _relaxing_atoms(part: Arc | Element, jw: np.ndarray, tau: np.ndarray) -> np.ndarray:
    """Impedance per ohm of a part with a time constant, shape (tau, n)."""
    if isinstance(part, Arc):
        n = 1.0 if part.storage.kind.symbol == "C" else _ARC_EXPONENT
        return np.asarray(1.0 / (1.0 + (jw * tau[:, None]) ** n))
    return np.array([part.kind.evaluate(jw, np.log(jw), 0.0, np.log(t))[0] for t in tau])


def _solve_all(atoms: np.ndarray, target: np.ndarray, columns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Solve the weighted linear problem for every choice of columns from one Gram matrix.

    Returns the squared residual, shape (choices,), and the amplitudes, shape (choices, columns).
    """
    matrix = np.concatenate([atoms.real, atoms.imag], axis=1)
    y = np.concatenate([target.real, target.imag])
    scale = np.linalg.norm(matrix, axis=1)
    matrix = matrix / scale[:, None]
    gram, moment = matrix @ matrix.T, matrix @ y
    size = columns.shape[1]
    small = gram[columns[:, :, None], columns[:, None, :]] + 1e-12 * np.eye(size)
    solution = np.linalg.solve(small, moment[columns][:, :, None])[:, :, 0]
    left = y @ y - np.sum(solution * moment[columns], axis=1)
    return left, solution / scale[columns]


def _allowed(amplitudes: np.ndarray, linear: list[Element]) -> np.ndarray:
    """Arcs and blocking elements must come out positive; a series R or L may start at a small value instead."""
    needed = np.array([e.kind.symbol not in ("R", "L") for e in linear] + [True] * (amplitudes.shape[1] - len(linear)))
    return np.asarray(np.all((amplitudes > 0) | ~needed, axis=1))


def _theta(
    circuit: Circuit,
    linear: tuple[list[Element], np.ndarray],
    relaxing: tuple[list[Arc | Element], np.ndarray],
    context: tuple[float, float, float],
) -> np.ndarray:
    """Turn amplitudes and time constants into a start vector."""
    theta = np.zeros(circuit.size)
    exponent, smallest, fastest = context
    singles, amplitudes = linear
    for element, x in zip(singles, amplitudes, strict=False):
        symbol = element.kind.symbol
        if symbol in _SMALL and x <= 0:
            x = _SMALL[symbol] * (smallest if symbol == "R" else smallest / fastest)
        theta[element.first] = -np.log(x) if symbol in ("Q", "C") else np.log(x)
        if symbol == "Q":
            theta[element.first + 1] = exponent
    parts, tau = relaxing
    for part, r, t in zip(parts, amplitudes[len(singles) :], tau, strict=True):
        if isinstance(part, Element):
            theta[part.first], theta[part.first + 1] = np.log(r), np.log(t)
            continue
        theta[part.resistor.first] = np.log(r)
        n = 1.0 if part.storage.kind.symbol == "C" else _ARC_EXPONENT
        theta[part.storage.first] = n * np.log(t) - np.log(r)
        if part.storage.kind.symbol == "Q":
            theta[part.storage.first + 1] = n
    return theta


def _random_starts(circuit: Circuit, f: np.ndarray, z: np.ndarray, count: int) -> Iterator[np.ndarray]:
    """Draw within the ranges that the data allow; keep the draws with the smallest weighted residual."""
    random = np.random.default_rng(0)  # fixed: the same data give the same starts
    r_low, r_high = np.log(np.abs(z).min() * 0.1), np.log(np.abs(z).max() * 3.0)
    w_low, w_high = np.log(2 * np.pi * f.min()), np.log(2 * np.pi * f.max())
    jw = 2j * np.pi * f
    log_jw, weight = np.log(jw), 1.0 / np.abs(z)
    drawn = []
    for _ in range(_DRAWS):
        theta = np.zeros(circuit.size)
        for element in circuit.elements:
            log_r, log_w = random.uniform(r_low, r_high), random.uniform(w_low, w_high)
            n = random.uniform(0.6, 1.0)
            values = {
                "R": (log_r,),
                "L": (r_low - w_high + 2.0 * random.normal(),),
                "C": (-log_r - log_w,),
                "Q": (-log_r - n * log_w, n),
                "W": (log_r + 0.5 * log_w,),
            }.get(element.kind.symbol, (log_r, -log_w))
            theta[element.first : element.first + len(values)] = values
        model = circuit.root.evaluate(jw, log_jw, theta)[0]
        misfit = np.sum(np.abs(np.log(model / z)) ** 2) if np.all(np.isfinite(model * weight)) else np.inf
        drawn.append((float(misfit), theta))
    drawn.sort(key=lambda pair: pair[0])
    yield from (theta for _, theta in drawn[:count])
