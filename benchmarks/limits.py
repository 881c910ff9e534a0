"""What limits a cell: twins that pybamm's DFN cycles, with nuisances that the scoring does not assume.

Each twin has one mechanism on. Unlike the cells of the fit, its salt moves (t+ < 1), its particles have another size and its
active material another potential; temperature, hysteresis and lost charge differ from cell to cell, masses err with heavy
tails, and its spectrum (pybamm's, too) has a contact in series. Scored are *two* cells with one spectrum, as of the
reference study, and *more*: the first cell at a second temperature and a symmetric cell besides. Whether a mechanism can be
identified is said by the same cells without noise and nuisances: its margin in ln evidence is above 6, or below 1.5.
"""

from __future__ import annotations

import platform
import sys
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

CLEAR, NONE_CLEAR, VAGUE = 6.0, 3.0, 1.5  # margins of ln evidence
RANGES = {  # values at 20 degC: from hardly to plainly felt
    "slow diffusion": (5e-19, 6e-18),
    "charge transfer": (1e-5, 6e-4),
    "electronic path": (1e-6, 2e-5),
    "tortuosity": (5.0, 6.8),
    "isolated grains": (0.4, 0.85),
    "separator": (1 / 80, 1 / 20),
    "sodium interface": (4e-4, 1e-2),
    "none": (1.0, 1.0),
}
RUNS = {"room": (293.15, 0.05), "warm": (313.15, 0.1), "room, warmer": (313.15, 0.05)}  # [K], [1/h]
FIRST = 300  # seed
MASS_U = 0.035


def cell(name: str = "room", **changes: float) -> Any:
    """Return a cell of the reference study by the name of its run, nothing slow in it but `changes`, as the fit is told."""
    from closo.models.cell.chemistry import chemistry
    from closo.models.cell.stack import stack_from_masses

    room = name.startswith("room")
    made = stack_from_masses(
        name,
        chemistry("Prussian white"),
        area=0.283e-4,
        cathode_mass=1.5e-6 if room else 1.2e-6,
        separator_mass=35e-6 if room else 45e-6,
        ratio=(6, 3, 1) if room else (7, 2.5, 0.5),
        electrolyte_density=1543.5,
    )
    return replace(made, **{"conductivity_u": 0.07, **changes})


@dataclass(frozen=True)
class Truth:
    """A mechanism: value at 20 degC as the fit's cell would have it, its changes to a stack of each run, its draws."""

    name: str
    value: float
    changes: dict[str, dict[str, float]]
    rng: np.random.Generator


def truth(name: str, seed: int) -> Truth:
    """Draw a mechanism."""
    from closo.combine.limits.mechanisms import MECHANISMS

    rng = np.random.default_rng([83, seed, *name.encode()])
    known = next((m for m in MECHANISMS if m.name == name), None)
    if known is None:
        return Truth(name, 1.0, {run: {} for run in RUNS}, rng)
    low, high = RANGES[name]
    own = {}
    energy = known.energy[0] + known.energy[1] * float(rng.standard_normal())
    middle = float(rng.uniform(low, high) if known.linear else np.exp(rng.uniform(*np.log([low, high]))))
    for batch in ("room", "warm"):
        step = 0.7 * (known.spread or 0.0) * float(rng.standard_normal())
        value = middle + step if known.linear else middle * float(np.exp(step))
        own[batch] = min(float(rng.uniform(low, high)), 0.95) if known.spread is None else value
    energies = {known.energy_field: energy} if known.energy_field else {}
    changes = {run: {known.field: own[run.split(",")[0]]} | energies for run in RUNS}
    return Truth(name, own["room"] if known.spread is None else middle, changes, rng)


def calm(made: Truth) -> list[Any]:
    """Return the cells of a truth without noise and nuisances, by the model of the fit; None where one has no capacity."""
    from closo.combine.limits.evidence import FREQUENCIES, Evidence, features
    from closo.models.cell.porous import cycle, impedance

    out = []
    for name, (kelvin, rate) in RUNS.items():
        stack = replace(cell(name), **made.changes[name])
        (capacity,), (ratio,), (gaps,) = features(cycle([stack], kelvin, rate), [stack])
        z = np.abs(impedance(stack, kelvin, FREQUENCIES, content=0.9)) if name == "warm" else None
        out.append(Evidence(name, cell(name), kelvin, rate, capacity, ratio, gaps, MASS_U, z, kelvin))
    return out


def measured(made: Truth) -> tuple[list[Any], float]:
    """Return what is measured on the cells of a truth that the DFN cycles, and its value as the fit's cell would have it.

    Raises
    ------
    ConvergenceError  when a cell has no capacity.
    """
    from closo.combine.limits.evidence import Evidence
    from closo.models.cell.chemistry import chemistry

    rng = made.rng
    slope, left, right = rng.uniform(0.02, 0.10), rng.uniform(20, 60), rng.uniform(20, 60)
    shift = 0.02 * rng.standard_normal()

    def potential(y: Any, m: Any = np) -> Any:
        return 3.48 + shift + slope * (0.5 - y) + 0.7 * m.exp(-left * y) - 1.1 * m.exp(-right * (1 - y))

    radius = 0.5e-6 * float(np.exp(0.25 * rng.standard_normal()))
    common = {
        "chemistry": replace(chemistry("Prussian white"), potential=potential),
        "particle_radius": radius,
        "transference": float(rng.uniform(0.93, 1.0)),
        "electrolyte_diffusivity": float(10 ** rng.uniform(-12.3, -11.3)),
        "sodium_exchange": float(8 * 10 ** (0.3 * rng.standard_normal())),
        "exchange_current_density": float(0.03 * 10 ** (0.3 * rng.standard_normal())),
        "electronic_conductivity": float(10 ** (0.5 * rng.standard_normal())),
        "double_layer": float(0.2 * 10 ** (0.5 * rng.standard_normal())),
    }
    batch = {
        b: (0.04 * rng.standard_normal(), 0.08 * rng.standard_normal(), rng.uniform(20, 150)) for b in ("room", "warm")
    }
    mass = {b: 0.025 * float(rng.standard_t(4)) for b in ("room", "warm")}
    out = []
    for name, (kelvin, rate) in RUNS.items():
        thick, sigma, lead = batch[name.split(",")[0]]
        base = cell(name)
        layers = {
            "separator_thickness": base.separator_thickness * (1 + thick),
            "conductivity": base.conductivity * float(np.exp(sigma)),
            "lead_resistance": float(lead),
        }
        stack = replace(base, **common | layers | made.changes[name])
        off = 0.7 * rng.standard_normal(), 1 + 0.01 * rng.standard_normal()
        numbers, z = cycled(stack, kelvin + off[0], rate * off[1], name=name, rng=rng)
        capacity, ratio, gaps = numbers
        capacity = capacity * (1 + mass[name.split(",")[0]])
        out.append(Evidence(name, cell(name), kelvin, rate, capacity, ratio, gaps, MASS_U, z, kelvin))
    scale = {"slow diffusion": (0.5e-6 / radius) ** 2, "charge transfer": 0.5e-6 / radius}
    return out, made.value * scale.get(made.name, 1.0)


def cycled(stack: Any, kelvin: float, rate: float, *, name: str, rng: np.random.Generator) -> tuple[Any, Any]:
    """Return capacity, ratio and gaps of a cell that the DFN cycles, as a record has them, and |Z| of the warm one."""
    from closo.combine.limits.evidence import FREQUENCIES, _gaps
    from closo.models.cell.simulation import Protocol, run, spectrum

    done = run(stack, Protocol(kelvin, rate), model="DFN")
    legs = []
    for leg in (0, 1):
        here = done.leg == leg
        legs.append((np.abs(done.current[here]) * (done.time[here] - done.time[here][0]), done.voltage[here]))
    own = abs(0.03 * rng.standard_normal())  # hysteresis: another one in each cell
    gaps = _gaps(legs[0], legs[1]) + own + 0.002 * rng.standard_normal(3)
    ratio = float(done.charge[0] / done.discharge[0]) * (1 + abs(0.05 * rng.standard_normal()))
    z = None
    if name == "warm":
        raw = spectrum(stack, kelvin, FREQUENCIES, content=float(rng.uniform(0.8, 0.95)))
        contact = rng.uniform(5, 60) / (1 + (2j * np.pi * FREQUENCIES * 1e-4) ** 0.8)
        z = np.abs(raw + contact) * (1 + 0.02 * rng.standard_normal(len(FREQUENCIES)))
    return (float(done.discharge[0]) / stack.capacity, ratio, gaps), z


def with_metal(cells: list[Any], made: Truth, *, noise: float) -> list[Any]:
    """Return the cells with the resistance of sodium from a symmetric cell with the same electrolyte."""
    from closo.constants import FARADAY, GAS
    from closo.models.cell.stack import SODIUM_REFERENCE

    rate = made.changes["room"].get("sodium_exchange", 8.0) * float(np.exp(noise))
    return [replace(c, sodium=(GAS * SODIUM_REFERENCE / (FARADAY * rate), SODIUM_REFERENCE)) for c in cells]


def one(name: str, seed: int, rows: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what is said of a twin from two cells and from more; nothing where a cell has no capacity."""
    from closo.combine.limits.analysis import interval_of
    from closo.combine.limits.scoring import score
    from closo.combine.limits.verdicts import judge
    from closo.errors import ConvergenceError

    made = truth(name, seed)
    try:
        cells, value = measured(made)
    except ConvergenceError:
        return []
    clean, out = calm(truth(name, seed)), []
    noise = 0.3 * float(made.rng.standard_normal())
    for design, count in (("two", 2), ("more", 3)):
        mine, ideal = cells[:count], clean[:count]
        if design == "more":
            mine, ideal = with_metal(mine, made, noise=noise), with_metal(ideal, made, noise=0.0)
        known = [rows[c.name] for c in mine]
        best = score(ideal, known) if np.isfinite([c.capacity for c in ideal]).all() else None
        margin = -np.inf if best is None or best[0].name != name else best[0].evidence - best[1].evidence
        scores = score(mine, known)
        verdict = judge(scores)
        low, _, high = interval_of(next(s for s in scores if s.name == name))
        out.append(
            {
                "mechanism": name,
                "seed": seed,
                "design": design,
                "margin": round(float(max(margin, -99.0)), 1),
                "first": scores[0].name,
                "verdict": verdict.kind,
                "alive": list(verdict.alive),
                "covered": bool(name == "none" or low <= value <= high),
            }
        )
    return out


def run(*, seeds: int = 2) -> dict[str, Any]:
    """Return what was said of `seeds` twins of each mechanism."""
    from closo.combine.limits.evidence import FREQUENCIES, Evidence
    from closo.combine.limits.scoring import simulate_row

    blank = np.ones(len(FREQUENCIES))
    rows = {}
    for name, (kelvin, rate) in RUNS.items():
        z = blank if name == "warm" else None
        told = Evidence(name, cell(name), kelvin, rate, 1.0, 1.0, np.zeros(3), MASS_U, z, kelvin)
        rows[name] = simulate_row(told, kelvin=kelvin, c_rate=rate)
    found = []
    for seed in range(FIRST, FIRST + seeds):
        for name in RANGES:
            for said in one(name, seed, rows):
                found.append(said)
                print(said, file=sys.stderr, flush=True)
    return {
        "benchmark": "limits",
        "twins": found,
        "designs": {design: counted([f for f in found if f["design"] == design]) for design in ("two", "more")},
        "versions": {"python": platform.python_version(), "numpy": np.__version__},
    }


def counted(twins: list[dict[str, Any]]) -> dict[str, int]:
    """Return how many twins can be identified and are ranked first, cannot and are not, and are wrong without a word."""
    clear = [t for t in twins if t["margin"] > (NONE_CLEAR if t["mechanism"] == "none" else CLEAR)]
    vague = [t for t in twins if t["margin"] < VAGUE]
    wrong = [t for t in twins if t["verdict"] == "identified" and t["alive"][0] not in (t["mechanism"], "none")]
    return {
        "twins": len(twins),
        "identifiable": len(clear),
        "of these first": sum(t["first"] == t["mechanism"] for t in clear),
        "not identifiable": len(vague),
        "of these said so": sum(t["verdict"] != "identified" or t["alive"] == ["none"] for t in vague),
        "wrong mechanism identified": len(wrong),
        "value inside its interval": sum(t["covered"] for t in twins),
    }


def show(result: dict[str, Any]) -> None:
    """Print one row for each design."""
    columns = list(result["designs"]["two"])
    print("| cells | " + " | ".join(columns) + " |\n|" + "---|" * (1 + len(columns)))
    for design, counts in result["designs"].items():
        print(f"| {design} | " + " | ".join(str(counts[c]) for c in columns) + " |")
