"""From fits to numbers: mass fractions, what is not detected, cells, sizes, and the amorphous part."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from closo.quantity import Number, Quantity, from_fit, uncertain, withheld
from closo.techniques.diffraction.absorption import error_of, kept_of
from closo.techniques.diffraction.fitting import Fitted
from closo.techniques.diffraction.profile import SCHERRER, polarisation
from closo.techniques.diffraction.request import Request
from closo.techniques.diffraction.runs import STRAINED_LINES, Runs

_ANGSTROM = 1e-10
_SHAPE_U = 0.05  # relative, of Scherrer's constant for crystallites of unknown shape
_LEAST_SHARE = 0.25  # of the instrument's width that broadening by size must reach
_CRITICAL = (
    3.0  # standard uncertainties; more than Currie's 1.645: a phase with a free cell finds the noise that suits it
)
_ONE_SIDED = 1.645
_DETECTION = _CRITICAL + _ONE_SIDED  # where 95 % of the amounts exceed the critical level
_BLIND = (
    2.0  # of the u of an amount of 0, which does not see how cell, width and texture of the phase move it; by twins
)
_WORST = 0.4  # relative standard uncertainty beyond which no number is given
_UNKNOWN_WIDTH = 0.08  # deg, FWHM of a usual laboratory instrument, for one that is not known


@dataclass(frozen=True)
class Subject:
    """What the numbers are of.

    Attributes
    ----------
    name : of the measurement, for labels.
    runs, request : the fits, and what was asked.
    radius : of the goniometer [m], or None.
    refused : why no number is given at all, '' where the fit is good.
    """

    name: str
    runs: Runs
    request: Request
    radius: float | None
    refused: str = ""

    @property
    def names(self) -> list[str]:
        """Names of the phases."""
        return [phase.name for phase in self.runs.base.model.phases]

    def refits_halo(self, k: int) -> bool:
        """Return whether a phase under a halo has crystallites of the least size: then nothing tells it from the halo."""
        base = self.runs.base
        low = base.model.parameters[place].low if (place := base.model.index.get(("size", k))) is not None else None
        return low is not None and bool(base.model.humps) and bool(base.values[place] < low + 0.02)

    def label(self, source: str) -> str:
        """Return the label of a source of uncertainty of this measurement."""
        return f"{source}:{self.name}"


def quantities_of(subject: Subject) -> dict[str, Quantity]:
    """Return all quantities of a pattern."""
    found: dict[str, Quantity] = {}
    fractions = _fractions(subject)
    found |= _shown_fractions(subject, fractions)
    for k, name in enumerate(subject.names):
        lost = _lost(subject, k, found.get(f"mass_fraction:{name}"))
        found |= _cell(subject, k, lost)
        found[f"main_reflection:{name}"] = _main_reflection(subject, k, lost)
        if not subject.request.standard:
            found[f"crystallite_size:{name}"] = _size(subject, k, lost)
            found[f"microstrain:{name}"] = _strain(subject, k, lost)
    found |= _amorphous(subject, fractions)
    found["displacement"] = _displacement(subject)
    return found


def masses(fitted: Fitted, kept: np.ndarray | float = 1.0) -> np.ndarray:
    """Return the mass of each phase in units that are common to all; `kept` of its intensity leaves the particles."""
    density = np.array([phase.density for phase in fitted.model.phases])
    return np.asarray(fitted.solution.amounts[: len(density)] * density / kept)


def _kept(subject: Subject) -> np.ndarray:
    """Return the share of its calculated intensity that each phase gives: by its particles, and by what is not crystalline.

    1 where neither is stated.
    """
    base, asked = subject.runs.base, subject.request
    given = np.array([asked.responses.get(k, (1.0, 0.0))[0] for k in range(len(subject.names))])
    return np.asarray(given * kept_of(base.model.phases, lambda kept: masses(base, given * kept), asked.particles))


def crystalline(subject: Subject) -> dict[str, Any]:
    """Return what patterns are compared by: the mass of each phase, and the relative u of their sum by source."""
    base, n = subject.runs.base, len(subject.names)
    parts = masses(base)
    if subject.refused or not parts.sum() > 0:
        return {}
    density = np.array([phase.density for phase in base.model.phases])
    variance = float(density @ base.covariance[:n, :n] @ density)
    spread = subject.runs.spread(lambda fitted: float(np.log(max(masses(fitted).sum(), 1e-300))))
    relative = {subject.label("fit"): math.sqrt(max(variance, 0.0)) / float(parts.sum())}
    relative |= {subject.label(source): u for source, u in spread.items()}
    parts = parts / float(np.median(np.diff(base.model.x)))  # a fit of sums over points has larger amounts
    return {"masses": parts.tolist(), "relative_u": relative, "model_u": subject.request.model_u}


def _share(subject: Subject, k: int) -> Callable[[Fitted], float]:
    kept = _kept(subject)

    def share(fitted: Fitted) -> float:
        parts = masses(fitted, kept)
        return float(parts[k] / parts.sum()) if parts.sum() > 0 else math.nan

    return share


def _fractions(subject: Subject) -> list[Number]:
    """Return the mass fractions of the phases among themselves, with all sources."""
    base = subject.runs.base
    n = len(subject.names)
    kept = _kept(subject)
    parts = masses(base, kept)
    total = float(parts.sum())
    if total <= 0:
        return []
    share = parts / total
    slope = (np.eye(n) - share[:, None]) / total  # of shares by masses
    density = np.array([phase.density for phase in base.model.phases]) / kept
    covariance = slope @ (base.covariance[:n, :n] * np.outer(density, density)) @ slope.T
    df = max(len(base.model.x) / 50.0, 8.0)
    numbers = from_fit(share, covariance, label=subject.label("fit"), df=df)
    spreads = [subject.runs.spread(_share(subject, k)) for k in range(n)]
    absorbed = error_of(base.model.phases, share, subject.request.particles)
    for k in range(n):
        others = {subject.label(source): _signed(subject, k, source, u) for source, u in spreads[k].items()}
        numbers[k] = numbers[k] + uncertain(0.0, others)
        for j, name in enumerate(subject.names):
            by = share[k] * ((1.0 if j == k else 0.0) - share[j])  # d share k / d ln mass j
            known = subject.request.responses.get(j)
            labels = {
                f"structure model:{name}": by * subject.request.model_u * (known is None),
                f"response:{name}": by * known[1] / known[0] if known else 0.0,
                f"micro-absorption:{name}": by * absorbed[j],
            }
            numbers[k] = numbers[k] + uncertain(0.0, labels)
    return numbers


def _signed(subject: Subject, k: int, source: str, u: float) -> float:
    """Return a spread with the sign of what the last variant does, so that fractions stay correlated."""
    fits = subject.runs.variants[source]
    share = _share(subject, k)
    return math.copysign(u, share(fits[-1]) - share(subject.runs.base)) if fits else u


def _shown_fractions(subject: Subject, numbers: list[Number]) -> dict[str, Quantity]:
    found: dict[str, Quantity] = {}
    how = "mass fraction among the phases named, from scale factor x mass x volume of the cell"
    sized = any(size > 0.0 for size, _ in subject.request.particles.values())
    how += ", corrected for micro-absorption (Brindley)" if sized else ""
    how += ", with responses of weighed mixtures" if subject.request.responses else ""
    for k, name in enumerate(subject.names):
        key, limit = f"mass_fraction:{name}", f"detection_limit:{name}"
        if subject.refused or not numbers or len(subject.names) < 2:
            why = subject.refused or ("no phase is found" if not numbers else "one phase alone has no fraction")
            found[key] = withheld("mass_fraction", why, method=how)
            continue
        value, u = float(numbers[k].x), float(numbers[k].u)
        least = math.hypot(*subject.runs.spread(_share(subject, k)).values(), _fit_u(numbers[k], subject))
        wide, low = subject.refits_halo(k), value < _CRITICAL * least
        least *= _BLIND if low or wide else 1.0
        found[limit] = Quantity(
            "detection_limit",
            uncertain(_DETECTION * least, {subject.label("estimate of the limit"): 0.25 * _DETECTION * least}),
            f"{_DETECTION:.3g} u of the fraction without relative sources, for reflections as wide as fitted (Currie)",
        )
        if low or wide or u > _WORST * value:
            bound = 100.0 * (max(value, 0.0) + _ONE_SIDED * max(u, least))
            what = "not detected" if low or wide else "not quantified"
            why = "; what is there is as wide as a halo, and counts as amorphous" if wide else ""
            found[key] = withheld("mass_fraction", f"{what}: below {bound:.2g} wt% (95 %){why}", method=how)
            most = uncertain(0.01 * bound, {subject.label("estimate of the limit"): 0.0025 * bound})
            found[f"{key} upper_limit"] = Quantity("mass_fraction", most, f"the truth exceeds it once in twenty; {how}")
        else:
            found[key] = Quantity("mass_fraction", numbers[k], how)
    return found


def _fit_u(number: Number, subject: Subject) -> float:
    return Quantity("mass_fraction", number).budget().get(subject.label("fit"), 0.0)


def _lost(subject: Subject, k: int, fraction: Quantity | None) -> str:
    """Return why nothing else is said of a phase, '' where it is found."""
    if subject.refused:
        return subject.refused
    if subject.runs.base.solution.amounts[k] <= 0:
        return "the phase is not detected"
    if len(subject.names) > 1 and fraction is not None and fraction.value is None:
        return f"the phase is {(fraction.why or 'not detected').partition(':')[0]}"
    return ""


def _cell(subject: Subject, k: int, lost: str) -> dict[str, Quantity]:
    """Return the lengths of the cell."""
    base, name = subject.runs.base, subject.names[k]
    phase, n = base.model.phases[k], len(base.solution.amounts)
    found: dict[str, Quantity] = {}
    for group, members in enumerate(phase.free):
        if members[0] > 2:
            continue
        axis = "abc"[members[0]]
        key, how = f"lattice_{axis}:{name}", "cell fitted with the displacement of the specimen"
        place = base.model.index[f"cell{group}", k]
        why = lost
        if not why and base.at_limit(f"cell{group}", k):
            why = f"it reached the limit of {100.0 * subject.request.cell_limit:.3g} % from the CIF file"
        variance = float(base.covariance[n + place, n + place])
        length = phase.cell[members[0]]
        if not why and not math.sqrt(variance) < 0.5 * subject.request.cell_limit:
            why = "the pattern does not fix it"
        if why:
            found[key] = withheld(f"lattice_{axis}", why, method=how)
            continue
        sources = {subject.label("fit"): length * math.sqrt(variance)}

        def value(fitted: Fitted, axis: int = members[0]) -> float:
            return fitted.model.cell(fitted.values, k)[axis]

        sources |= {subject.label(source): u for source, u in subject.runs.spread(value).items()}
        number = uncertain(value(base) * _ANGSTROM, {label: u * _ANGSTROM for label, u in sources.items()})
        found[key] = Quantity(f"lattice_{axis}", number, how)
    return found


def _main_reflection(subject: Subject, k: int, lost: str) -> Quantity:
    """Return where the strongest reflection of a phase stands for the mean wavelength, without the displacement."""
    base = subject.runs.base
    model, n = base.model, len(base.solution.amounts)
    mean = sum(wavelength * part for wavelength, part in model.radiation.lines)
    how = f"2theta of the strongest reflection from the fitted cell, {mean:.5f} angstrom"
    if lost:
        return withheld("main_reflection", lost, method=how)
    angle = model.positions(base.values, k, mean)
    with np.errstate(invalid="ignore"):
        seen = (angle > np.radians(model.x[0])) & (angle < np.radians(model.x[-1]))
        strength = np.where(seen, model.phases[k].strength * polarisation(angle, model.monochromator), 0.0)
    strongest = int(np.argmax(strength))

    def value(fitted: Fitted) -> float:
        return math.degrees(float(fitted.model.positions(fitted.values, k, mean)[strongest]))

    places = [model.index[f"cell{g}", k] for g in range(len(model.phases[k].free))]
    slope = []
    for place in places:
        moved = base.values.copy()
        moved[place] += 1e-5
        slope.append((math.degrees(float(model.positions(moved, k, mean)[strongest])) - value(base)) / 1e-5)
    own = [n + place for place in places]
    variance = float(np.array(slope) @ base.covariance[np.ix_(own, own)] @ np.array(slope))
    sources = {subject.label("fit"): math.sqrt(max(variance, 0.0))}
    sources |= {subject.label(source): u for source, u in subject.runs.spread(value).items()}
    indices = " ".join(str(i) for i in np.abs(model.phases[k].hkl[strongest]))
    return Quantity("main_reflection", uncertain(value(base), sources), f"{how}, ({indices}) and its equivalents")


def _size(subject: Subject, k: int, lost: str) -> Quantity:
    """Return the size of the crystallites, Scherrer's with K = 0.9 and the FWHM."""
    base = subject.runs.base
    how = f"Scherrer, K = {SCHERRER} with the FWHM of the broadening by size"
    if lost:
        return withheld("crystallite_size", lost, method=how)
    place, n = base.model.index["size", k], len(base.solution.amounts)
    size = math.exp(base.values[place])
    broad = math.degrees(SCHERRER * base.model.radiation.main / (size * math.cos(math.radians(15.0))))
    known = base.model.instrument if subject.request.instrument else None
    own = float(sum(known.widths(np.array([math.radians(15.0)])), np.zeros(1))[0]) if known else _UNKNOWN_WIDTH
    least = (_LEAST_SHARE if known else 1.5) * own
    if broad < least or base.at_limit("size", k):
        bound = math.degrees(SCHERRER * base.model.radiation.main / (least * math.cos(math.radians(15.0)))) / 10.0
        need = "" if known else "; the instrument's profile is not known: measure a standard (LaB6) and give profile"
        why = f"above {bound:.2g} nm: the broadening is too small for the instrument{need}"
        return withheld("crystallite_size", why, method=how)

    def value(fitted: Fitted) -> float:
        return float(fitted.values[fitted.model.index["size", k]]) if ("size", k) in fitted.model.index else math.nan

    relative = {subject.label(source): u for source, u in subject.runs.spread(value).items()}
    relative[subject.label("fit")] = math.sqrt(float(base.covariance[n + place, n + place]))
    relative["Scherrer constant"] = _SHAPE_U
    if known is None:  # width of the instrument, by which the square of the broadening changes
        relative[subject.label("instrument profile")] = 0.5 * (own / broad) ** 2
    number = uncertain(size * _ANGSTROM, {label: u * size * _ANGSTROM for label, u in relative.items()})
    quantity = Quantity("crystallite_size", number, how)
    if (quantity.u or 0.0) > _WORST * size * _ANGSTROM:
        why = f"known no better than to {100 * (quantity.u or 0) / (size * _ANGSTROM):.0f} %"
        return withheld("crystallite_size", why, method=how)
    return quantity


def _strain(subject: Subject, k: int, lost: str) -> Quantity:
    """Return by how much spacings differ within crystallites, where enough reflections tell that from their size."""
    base, how = subject.runs.base, "broadening with tan theta beside that with 1/cos theta (Williamson, Hall)"
    place, n = base.model.index.get(("strain", k)), len(base.solution.amounts)
    if lost or place is None or subject.request.instrument is None:
        few = f"{subject.runs.lines[k]} reflections stand alone; {STRAINED_LINES} tell strain from size"
        why = lost or (few if place is None else "the instrument's profile is not known (setting profile)")
        return withheld("microstrain", why, method=how)
    value = float(base.values[place])
    sources = {subject.label("fit"): math.sqrt(float(base.covariance[n + place, n + place]))}
    spread = subject.runs.spread(lambda fitted: fitted.model.value(fitted.values, "strain", k))
    sources |= {subject.label(source): u for source, u in spread.items()}
    quantity = Quantity("microstrain", uncertain(value, sources), how)
    if (quantity.u or 0.0) > _WORST * value:
        most = 100.0 * (value + _ONE_SIDED * (quantity.u or 0.0))
        return withheld("microstrain", f"not detected: below {most:.2g} % (95 %)", method=how)
    return quantity


def _amorphous(subject: Subject, numbers: list[Number]) -> dict[str, Quantity]:
    """Return the amorphous part of the sample, without the standard that was weighed in, and the absolute fractions."""
    if subject.request.internal is None:
        return {}
    name, weighed = subject.request.internal
    how = f"{name} was weighed in: 1 - its weighed fraction over that among the crystalline phases, of the sample without it"
    k = subject.names.index(name)
    if subject.refused or not numbers or float(numbers[k].x) <= 0:
        why = subject.refused or f"{name} is not detected"
        return {"amorphous_fraction": withheld("amorphous_fraction", why, method=how)}
    crystalline = weighed / numbers[k]
    amorphous = (1.0 - crystalline) / (1.0 - weighed)
    value, u = float(amorphous.x), float(amorphous.u)
    if value < -3.0 * u:
        why = (
            f"{name} shows more than was weighed in ({value:.2f} of the sample would be amorphous): check the weighing"
        )
        return {"amorphous_fraction": withheld("amorphous_fraction", why, method=how)}
    if value < _ONE_SIDED * u or u > _WORST * value:
        bound = 100.0 * (max(value, 0.0) + _ONE_SIDED * u)
        why = f"not detected: below {bound:.2g} wt% (95 %)"
        return {"amorphous_fraction": withheld("amorphous_fraction", why, method=how)}
    return {"amorphous_fraction": Quantity("amorphous_fraction", amorphous, how)}


def _displacement(subject: Subject) -> Quantity:
    """Return how far the specimen stands above the axis of the goniometer [m]."""
    base = subject.runs.base
    how = "shift of the reflections with the cosine of theta, > 0 above the axis"
    if subject.refused or subject.radius is None:
        why = subject.refused or "needs the radius of the goniometer (setting radius)"
        return withheld("displacement", why, method=how)
    place, n = base.model.index["displacement", -1], len(base.solution.amounts)
    factor = -0.5 * math.radians(1.0) * subject.radius
    sources = {subject.label("fit"): math.sqrt(float(base.covariance[n + place, n + place]))}
    spread = subject.runs.spread(lambda fitted: fitted.model.value(fitted.values, "displacement"))
    sources |= {subject.label(source): u for source, u in spread.items()}
    number = uncertain(factor * base.values[place], {label: abs(factor) * u for label, u in sources.items()})
    return Quantity("displacement", number, how)
