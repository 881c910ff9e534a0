"""The porous electrode of a single-ion conductor: charge and discharge of many cells at once, and the impedance of one.

With t+ = 1 the electrolyte has one concentration, so that what is left of the Doyle-Fuller-Newman model is two ohmic
paths and a reaction that distributes itself between them, with diffusion in the particles behind it:

    d2u/dx2 = r (1/sigma_s + 1/sigma_e),  u = U(y_s) + (2RT/F) asinh(r/(2 a j0)),  y' = -r/(sites per volume)

Diffusion into spheres is the sum of its modes, exact at a constant rate over a step (Crank 1975, eq. 6.45). The tests hold
it against pybamm's DFN. It exists because a score needs some hundred such cells in a few seconds.

Sources
-------
Doyle, Fuller, Newman, J. Electrochem. Soc. 1993, 140, 1526, DOI 10.1149/1.2221597. Impedance of two paths: Paasch, Micka,
Gersdorf, Electrochim. Acta 1993, 38, 2653, DOI 10.1016/0013-4686(93)85083-B (checked against pybamm).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from closo.constants import FARADAY, GAS
from closo.models.cell.chemistry import Chemistry
from closo.models.cell.stack import SODIUM_REFERENCE, Stack, arrhenius

_NODES, _MODES = 24, 14
_STEP = 0.01  # of the sites, that a step fills or empties
_FINEST = 2e-4 / _STEP  # of a step, to which the end of a leg is found
_WALL = 1000.0  # V per filling
_MOST = 60  # iterations of a step


def _roots(count: int) -> np.ndarray:
    """Return the first positive solutions of tan(a) = a."""
    k = np.arange(1, count + 1)
    a = (k + 0.5) * np.pi
    for _ in range(20):
        a = k * np.pi + np.arctan(a)
    return np.asarray(a)


_SQUARES = _roots(_MODES) ** 2
_REST = 0.1 - float(np.sum(1.0 / _SQUARES))  # of sum 1/a^2 = 1/10, beyond the last mode


@dataclass(frozen=True)
class Legs:
    """One leg after the other of B cells."""

    charge: np.ndarray  # of each leg [C], signed like its current, shape (legs, B)
    # Per leg: charge passed [C] and voltage [V], each (steps, B), NaN after the end of a cell's leg.
    curves: tuple[tuple[np.ndarray, np.ndarray], ...]


@dataclass
class _Cells:
    """Parameters at one temperature, (B, 1), and the state: mean content (B, N) and modes (B, N, M)."""

    chemistry: Chemistry
    values: dict[str, np.ndarray]
    mean: np.ndarray
    modes: np.ndarray
    w: np.ndarray
    kelvin: float

    def only(self, live: np.ndarray) -> _Cells:
        values = {key: v[live] for key, v in self.values.items()}
        return _Cells(self.chemistry, values, self.mean[live], self.modes[live], self.w[live], self.kelvin)


def cycle(
    stacks: Sequence[Stack],
    kelvin: float,
    c_rate: float,
    *,
    window: tuple[float, float] | None = None,
    legs: int = 2,
    rest: float = 600.0,
) -> Legs:
    """Charge and discharge cells of one chemistry at constant current, beginning as they are made.

    Parameters
    ----------
    stacks : the cells; all of one chemistry.
    kelvin : temperature [K]. c_rate : of the theoretical capacity [1/h].
    window : lowest and highest voltage [V]; that of the chemistry when absent.
    legs : how many; the first is that with which the chemistry starts. rest : after each [s].

    Example
    -------
    >>> from closo.models.cell.chemistry import chemistry
    >>> from closo.models.cell.stack import stack_from_masses
    >>> rt = stack_from_masses("RT", chemistry("PW"), area=0.283e-4, cathode_mass=1.5e-6, separator_mass=35e-6,
    ...     ratio=(6, 3, 1), electrolyte_density=1543.5)
    >>> out = cycle([rt], 293.15, 0.05)
    >>> round(-float(out.charge[1, 0]) / rt.active_mass / 3600)  # mAh/g
    169
    """
    material = stacks[0].chemistry
    low, high = window or (material["lower_voltage"], material["upper_voltage"])
    cells = _prepared(stacks, kelvin)
    level = np.array([[s.current(c_rate)] for s in stacks])
    sign = 1.0 if material.starts == "charge" else -1.0
    charges, curves = [], []
    for _ in range(legs):
        q, v = _leg(cells, sign * level, high if sign > 0 else low)
        charges.append(np.nanmax(np.where(np.isnan(q), 0.0, np.abs(q)), axis=0) * sign)
        curves.append((q, v))
        for part in (0.1, 0.3, 0.6):
            w, mean, modes, _v = _step(cells, 0.0 * level, np.full_like(level, part * rest))
            cells.w, cells.mean, cells.modes = w, mean, modes
        sign = -sign
    return Legs(np.array(charges), tuple(curves))


def _prepared(stacks: Sequence[Stack], kelvin: float) -> _Cells:
    """Return cells as they are made, all contents equal."""
    rows: list[dict[str, float]] = []
    for s in stacks:
        length = s.cathode_thickness
        sigma_s = s.electronic_conductivity * arrhenius(s.electronic_energy, kelvin)
        sigma_e = s.sigma(kelvin) * s.electrolyte**s.bruggeman
        sodium = s.sodium_exchange * arrhenius(s.sodium_energy, kelvin, SODIUM_REFERENCE)
        rows.append(
            {
                "area": s.area,
                "length": length,
                "electrons": sigma_s,
                "ions": sigma_e,
                "sites": s.sites,
                "r0": 4.0 * s.interface * s.exchange_current_density * arrhenius(s.exchange_energy, kelvin),
                "frequency": s.diffusivity * arrhenius(s.diffusion_energy, kelvin) / s.particle_radius**2,
                "ohmic": s.separator_resistance(kelvin) + s.lead_resistance * s.area,
                "sodium": sodium,
            }
        )
    values = {key: np.array([[row[key]] for row in rows]) for key in rows[0]}
    content = stacks[0].chemistry["initial_content"]
    shape = (len(rows), _NODES)
    return _Cells(
        stacks[0].chemistry, values, np.full(shape, content), np.zeros((*shape, _MODES)), np.zeros(shape), kelvin
    )


def _leg(cells: _Cells, current: np.ndarray, limit: float) -> tuple[np.ndarray, np.ndarray]:
    """Let `current` [A] (B, 1) flow until `limit` [V]; return charge and voltage, (steps, B); moves the state."""
    count = len(current)
    sign = np.sign(current[0, 0])
    nominal = _STEP * cells.values["sites"] * cells.values["length"] * cells.values["area"] / np.abs(current)
    fraction, passed = np.ones((count, 1)), np.zeros((count, 1))
    live = np.arange(count)
    cells.w = np.full_like(cells.w, 0.0) + np.arcsinh(
        current / (cells.values["area"] * cells.values["length"] * cells.values["r0"])
    )
    q, v = [], []
    for _ in range(400):
        part = cells.only(live)
        dt = nominal[live] * fraction[live]
        w, mean, modes, volt = _step(part, current[live], dt)
        bad = ~np.isfinite(volt) | (sign * (volt - limit) > 0)
        good = live[~bad]
        cells.w[good], cells.mean[good], cells.modes[good] = w[~bad], mean[~bad], modes[~bad]
        passed[good] += (current[live] * dt)[~bad]
        row_q, row_v = np.full(count, np.nan), np.full(count, np.nan)
        row_q[good], row_v[good] = passed[good, 0], volt[~bad]
        q.append(row_q)
        v.append(row_v)
        fraction[live[bad]] *= 0.5
        live = live[fraction[live, 0] > _FINEST]
        if not len(live):
            break
    return np.array(q), np.array(v)


def _step(cells: _Cells, current: np.ndarray, dt: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return w, mean, modes and voltage after `dt` [s] (B, 1) at `current` [A]; NaN where no solution was found."""
    p = cells.values
    density = current / p["area"]
    decay = _SQUARES * p["frequency"]  # (B, M)
    remains = np.exp(-decay * dt)
    kept = cells.modes * remains[:, None, :]
    grow = (2.0 / 3.0) * (1.0 - remains) / decay
    gain = dt + grow.sum(axis=1, keepdims=True) + (2.0 / 3.0) * _REST / p["frequency"]
    base = cells.mean + kept.sum(axis=2)
    surface = np.clip(cells.mean + cells.modes.sum(axis=2), 1e-4, 1.0 - 1e-4)
    r0 = p["r0"] * np.sqrt(surface * (1.0 - surface))
    h = p["length"] / _NODES
    both = 1.0 / p["electrons"] + 1.0 / p["ions"]
    slope = 2.0 * GAS * cells.kelvin / FARADAY
    w, settled = cells.w.copy(), np.zeros(len(density), bool)
    for _ in range(_MOST):
        w = np.clip(w, -60.0, 60.0)
        rate, dr = r0 * np.sinh(w), r0 * np.cosh(w)
        potential, fall = _potential(cells.chemistry, base - gain * rate / p["sites"])
        u = potential + slope * w
        du = -fall * gain * dr / p["sites"] + slope
        step = _newton(
            u, du, (h * h * both * rate, h * h * both * dr), (density / p["ions"] * h, density / p["electrons"] * h)
        )
        step = np.clip(step, -3.0, 3.0)
        w = w + step
        settled = np.max(np.abs(step), axis=1) < 1e-7
        if settled.all():
            break
    rate = r0 * np.sinh(w)
    potential, _ = _potential(cells.chemistry, base - gain * rate / p["sites"])
    u = potential + slope * w
    x = (np.arange(_NODES) + 0.5) * h
    solid = (rate * h * (p["length"] - x)).sum(axis=1) / p["electrons"][:, 0]
    interface = slope * np.arcsinh(density / (2.0 * p["sodium"]))
    volt = u[:, 0] + (density * (0.5 * h / p["ions"] + p["ohmic"]) + interface)[:, 0] + solid
    y_rate = -rate / p["sites"]
    modes = kept + grow[:, None, :] * y_rate[:, :, None]
    return w, cells.mean + y_rate * dt, modes, np.where(settled, volt, np.nan)


def _newton(u: np.ndarray, du: np.ndarray, source: tuple[np.ndarray, np.ndarray], ends: tuple[Any, Any]) -> np.ndarray:
    """Return the step of w (B, N) for u'' = s r in finite volumes.

    `source` : h2 s r and its derivative by w. `ends` : what flows in at the separator, -u'h, and out at the collector, u'h.
    """
    residual = -source[0]
    residual[:, 1:] += u[:, :-1] - u[:, 1:]
    residual[:, :-1] += u[:, 1:] - u[:, :-1]
    residual[:, :1] += ends[0]
    residual[:, -1:] += ends[1]
    neighbours = np.full(u.shape[1], 2.0)
    neighbours[0] = neighbours[-1] = 1.0
    diagonal = -neighbours * du - source[1]
    upper, lower = du[:, 1:], du[:, :-1]  # of row k: column k + 1; of row k + 1: column k
    n = u.shape[1]
    right = -residual
    c = np.empty_like(upper)
    d = diagonal[:, 0]
    for k in range(n - 1):
        c[:, k] = upper[:, k] / d
        right[:, k] = right[:, k] / d
        d = diagonal[:, k + 1] - lower[:, k] * c[:, k]
        right[:, k + 1] -= lower[:, k] * right[:, k]
    right[:, -1] /= d
    for k in range(n - 2, -1, -1):
        right[:, k] -= c[:, k] * right[:, k + 1]
    return right


def _potential(material: Chemistry, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the open-circuit potential and its slope, with a wall at 0 and at 1: no particle holds more or less."""
    inside = np.clip(y, 0.0, 1.0)
    potential = material.potential(inside, np)
    slope = (material.potential(inside + 1e-5, np) - material.potential(inside - 1e-5, np)) / 2e-5
    slope = np.where(y == inside, slope, -_WALL)
    return potential + slope * (y - inside), slope


def impedance(
    stack: Stack,
    kelvin: float,
    frequency: np.ndarray,
    *,
    content: float = 0.5,
    slope: float | None = None,
    leads: bool = True,
) -> np.ndarray:
    """Return the impedance [ohm] of a cell, linear about an even content; the bulk arc of the electrolyte is left out.

    Parameters
    ----------
    frequency : [Hz]. content : of sodium in the active material, 0 to 1.
    slope : dU/dy [V] there; that of the open-circuit potential when absent.

    Example
    -------
    >>> from closo.models.cell.chemistry import chemistry
    >>> from closo.models.cell.stack import stack_from_masses
    >>> rt = stack_from_masses("RT", chemistry("PW"), area=0.283e-4, cathode_mass=1.5e-6, separator_mass=35e-6,
    ...     ratio=(6, 3, 1), electrolyte_density=1543.5)
    >>> high = impedance(rt, 293.15, np.array([1e9]))[0].real * rt.area
    >>> round(float(high) / rt.separator_resistance(293.15), 2)
    1.0
    """
    jw = 2j * np.pi * np.asarray(frequency, float)
    p = {key: float(v[0, 0]) for key, v in _prepared([stack], kelvin).values.items()}
    fall = float(_potential(stack.chemistry, np.array([content]))[1][0]) if slope is None else slope
    thermal = GAS * kelvin / FARADAY
    transfer = thermal / (0.5 * p["r0"] * math.sqrt(content * (1.0 - content)))  # ohm m3
    root = np.sqrt(jw / p["frequency"])
    held = np.tanh(np.minimum(root.real, 300.0) + 1j * np.minimum(root.imag, 300.0))
    diffusion = abs(fall) / (3.0 * p["sites"] * p["frequency"]) * held / (root - held)
    volume = 1.0 / (1.0 / (transfer + diffusion) + jw * stack.double_layer * stack.interface)
    ions, electrons = p["length"] / p["ions"], p["length"] / p["electrons"]
    nu = np.sqrt((ions + electrons) * p["length"] / volume)
    nu = np.minimum(nu.real, 300.0) + 1j * nu.imag
    both = ions * electrons / (ions + electrons)
    ratio = ions / electrons + electrons / ions
    cathode = both * (1.0 + (2.0 / np.sinh(nu) + ratio / np.tanh(nu)) / nu)
    sodium = 1.0 / (p["sodium"] / thermal + jw * stack.sodium_double_layer)
    separator = stack.separator_resistance(kelvin) + (stack.lead_resistance * stack.area if leads else 0.0)
    return np.asarray((separator + sodium + cathode) / stack.area)
