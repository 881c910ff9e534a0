"""What was tested of a fit, and when it is not good enough for any number."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from closo.errors import ConvergenceError
from closo.result import Check
from closo.techniques.diffraction.fitting import Fitted, fit
from closo.techniques.diffraction.plan import Pattern, Plan, make_model
from closo.techniques.diffraction.runs import Runs, misfit, rebinned
from closo.techniques.diffraction.structure import load
from closo.techniques.diffraction.wavelengths import ANODES, radiation_of

MOST_MISFIT = 0.30
_UNEXPLAINED = 0.05  # of the strongest reflection
_SURE = 10.0  # times the noise
_LOW = 0.15  # of the highest point; in ten weighed mixtures -0.13 to 0.09


def reason_of(runs: Runs, pattern: Pattern, files: Sequence[str], plan: Plan) -> str:
    """Return why no number is given, '' where the fit is good; another anode that explains the pattern is named."""
    rest = misfit(runs.base)
    if rest <= MOST_MISFIT:
        return ""
    other = "" if plan.standard else _other_anode(runs, pattern, files, plan)
    return f"the phases do not explain the pattern (misfit {100 * rest:.0f} % of it, limit {100 * MOST_MISFIT:.0f} %){other}"


def _other_anode(runs: Runs, pattern: Pattern, files: Sequence[str], plan: Plan) -> str:
    """Return a half sentence on an anode with which the phases explain the pattern, '' where there is none."""
    coarse = rebinned(pattern, max(int(0.06 / float(np.median(np.diff(pattern.x)))), 1))
    best, name = 0.5 * misfit(runs.base), ""
    for anode in ANODES:
        radiation = radiation_of({}, anode=anode, wavelength=None, file="")
        if abs(radiation.main / runs.base.model.radiation.main - 1.0) < 0.01:
            continue
        try:
            phases = [load(file, radiation, largest_angle=float(pattern.x[-1])) for file in files]
            rest = misfit(
                fit(make_model(coarse, phases, radiation, plan), scatter=pattern.scatter, passes=1, judge=False)
            )
        except (ConvergenceError, ValueError):
            continue
        if rest < best:
            best, name = rest, anode
    return f": with {name} radiation {100 * best:.0f} % would remain; is the anode right?" if name else ""


def checks_of(runs: Runs) -> list[Check]:
    """Return the checks of a fit."""
    base = runs.base
    rest = misfit(base)
    found = [
        Check(
            "misfit",
            bool(rest <= MOST_MISFIT),
            f"{100 * rest:.1f} % of the pattern above the background is not explained (limit {100 * MOST_MISFIT:.0f} %); "
            f"reduced chi-square {base.chi2:.3g}",
        ),
        _unexplained(base),
        _linear(base),
    ]
    names = [phase.name for phase in base.model.phases]
    held = [f"{p.name} of {names[p.phase]}" for p in base.model.parameters if _held(base, p.name, p.phase)]
    held += ["displacement"] if base.at_limit("displacement") else []
    detail = f"at a limit: {', '.join(held)}" if held else "no cell, size or displacement ended at a limit"
    found.append(Check("parameters inside their limits", not held, detail))
    for name, lines in zip(names, runs.lines, strict=True):
        text = (
            f"{name}: {lines} reflections stand alone (4 are needed for its cell and size to rest on more than a guess)"
        )
        found.append(Check(f"enough reflections of {name}", bool(lines >= 4), text))
    return found


def _held(base: Fitted, name: str, phase: int) -> bool:
    return (
        phase >= 0
        and name.startswith(("cell", "size"))
        and base.at_limit(name, phase)
        and base.solution.amounts[phase] > 0
    )


def _unexplained(base: Fitted) -> Check:
    """Look for a reflection that no phase has."""
    model = base.model
    width = max(int(0.4 / float(np.median(np.diff(model.x)))), 1)
    window = np.ones(width) / width
    rest = np.convolve(model.y - base.solution.calculated, window, mode="same")
    noise = np.sqrt(np.convolve(model.sd**2, window, mode="same") / width)
    net = np.convolve(base.solution.calculated - model.base @ base.solution.background, window, mode="same")
    share = rest / max(float(net.max()), 1e-300)
    sure = rest > _SURE * noise
    at = int(np.argmax(np.where(sure, share, -np.inf)))
    if not sure.any() or share[at] < _UNEXPLAINED:
        none = f"none above {100 * _UNEXPLAINED:.0f} % of the strongest is left"
        return Check("all reflections explained", True, none)
    detail = (
        f"at {model.x[at]:.2f} deg {100 * share[at]:.0f} % of the strongest reflection is left: is a phase missing?"
    )
    return Check("all reflections explained", False, detail)


def _linear(base: Fitted) -> Check:
    """Look for a loss that grows with the square of the intensity, beside all that is fitted: dead time."""
    model, values, amounts = base.model, base.values, base.solution.amounts
    calculated, top = base.solution.calculated, float(base.solution.calculated.max())
    bend = -(calculated**2) / top
    columns = [bend, *model.columns(values)[:, amounts > 0].T, *model.base.T]
    slopes = np.column_stack([*columns, model.derivatives(values, amounts)]) / model.sd[:, None]
    known = [1.0 / (p.prior or p.high - p.low) for p in model.parameters]
    normal = slopes.T @ slopes + np.diag(np.square([0.0] * len(columns) + known))
    scale = np.sqrt(np.maximum(np.diag(normal), 1e-300))
    inverse = np.linalg.pinv(normal / np.outer(scale, scale), hermitian=True) / np.outer(scale, scale)
    low, u = float(inverse[0] @ (slopes.T @ base.solution.residuals)), float(np.sqrt(max(inverse[0, 0], 0.0)))
    if low > max(_LOW, 3.0 * u):
        detail = (
            f"the highest point is {100 * low:.0f} % lower than weaker lines say: dead time, extinction or texture?"
        )
        return Check("detector linear", False, f"{detail} Count again with an absorber or less current.")
    return Check(
        "detector linear", True, f"no loss above {100 * max(_LOW, 3.0 * u):.0f} % of the highest point is seen"
    )
