"""What goes in: composites with their conductivities, laid out as one table of rows with one covariance."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from closo.combine.arrhenius.points import check_temperature
from closo.combine.regression import tabulate
from closo.errors import DataError
from closo.quantity import Number, log

Silica = tuple[float, float | None]  # BET area [m2/kg], pore volume [m3/kg] or None

REPEAT = 0.01  # standard deviation of ln sigma of one reading about its own law: a law from disk states none
_HOUR = 3600.0
_LEAST = 4  # composites; fewer cannot tell explanations apart
_ALIKE = (0.15, 0.7, 0.7)  # silica fraction, ln diameter, ln time: about this far apart, explanations err differently


@dataclass(frozen=True)
class Composite:
    """One sample: a salt milled with silica, or alone.

    Attributes
    ----------
    label : the sample.
    filler_fraction : volume of silica skeleton over volume of solid, 0 for the salt alone.
    milling_time : [s].
    conductivities : (temperature [K], conductivity [S/m]) with their sources.
    filler : name of the silica.
    specific_surface_area : BET area of the silica [m2/kg], None for the salt alone.
    pore_volume : of the silica [m3/kg], None where it is not known.
    chemical_fraction : share of the salt's volume that X-ray Raman sees changed, or None.
    """

    label: str
    filler_fraction: float
    milling_time: float
    conductivities: tuple[tuple[float, Number], ...]
    filler: str = ""
    specific_surface_area: float | None = None
    pore_volume: float | None = None
    chemical_fraction: Number | None = None


@dataclass(frozen=True)
class Place:
    """Where explanations are evaluated: arrays of one shape (n,), one entry per row of the table.

    Attributes
    ----------
    filler_fraction : phi.
    diameter : of the primary particles, 6/(rho S) [m]; 1 m for the salt alone.
    pores : pore volume over skeleton volume of the silica, rho V_p; NaN where it is not known.
    hours : of milling.
    temperature : [K].
    reference_temperature : [K]; reference_hours : of milling; the parameters refer to these.
    many_times : more than one milling time is in the data, so the kinetics are fitted.
    """

    filler_fraction: np.ndarray
    diameter: np.ndarray
    pores: np.ndarray
    hours: np.ndarray
    temperature: np.ndarray
    reference_temperature: float
    reference_hours: float
    many_times: bool


@dataclass(frozen=True)
class Table:
    """The data as one vector: ln sigma of every composite and temperature, then the chemical fractions.

    Attributes
    ----------
    composites : those in the table.
    owner : shape (n,), index of the composite of each row.
    y : shape (n,).
    chemical : shape (n,), True for rows that hold a chemical fraction.
    covariance : shape (n, n), from the named sources and the repeatability of a reading.
    place : of each row.
    alike : shape (m, m), correlation between composites of what an explanation misses; 0 for the salt alone.
    """

    composites: tuple[Composite, ...]
    owner: np.ndarray
    y: np.ndarray
    chemical: np.ndarray
    covariance: np.ndarray
    place: Place
    alike: np.ndarray

    @property
    def left_out_in_turn(self) -> list[int]:
        """Composites with silica: each is predicted from all others. The salt alone is given to every explanation."""
        return [k for k, c in enumerate(self.composites) if c.filler_fraction > 0]


def table_of(composites: Sequence[Composite], *, filler_density: float, temperature: float) -> Table:
    """Lay the composites out as one table.

    Parameters
    ----------
    composites : unmilled ones are left out: they are another phase.
    filler_density : of the silica's skeleton [kg/m3].
    temperature : [K] to which the parameters refer.

    Raises
    ------
    DataError  when a value is impossible, a label repeats, or there are fewer than four composites with silica.
    """
    used = [c for c in composites if c.milling_time > 0]
    for c in used:
        _check(c)
    labels = Counter(c.label for c in used)
    if labels and max(labels.values()) > 1:
        raise DataError(f"Two composites are called '{labels.most_common(1)[0][0]}'.", hint="Average replicates first.")
    filled = [c for c in used if c.filler_fraction > 0]
    if len(filled) < _LEAST:
        raise DataError(
            f"An interphase needs {_LEAST} milled composites with a conductivity, and there are {len(filled)}.",
            hint="Vary the silica content and the silica type.",
        )
    readings = [(k, t, s) for k, c in enumerate(used) for t, s in c.conductivities]
    shares = [(k, c.chemical_fraction) for k, c in enumerate(used) if c.chemical_fraction is not None]
    owner = np.array([k for k, *_ in readings] + [k for k, _ in shares])
    kelvin = np.array([t for _, t, _ in readings] + [temperature for _ in shares])
    numbers = [log(s) for *_, s in readings] + [w for _, w in shares]
    chemical = np.arange(len(numbers)) >= len(readings)
    matrix = tabulate(numbers).matrix
    covariance = matrix @ matrix.T + np.diag(np.where(chemical, 1e-6, REPEAT**2))
    place = places_of([used[k] for k in owner], kelvin, filler_density=filler_density, like=None)
    each = places_of(used, np.full(len(used), temperature), filler_density=filler_density, like=None)
    return Table(
        tuple(used),
        owner,
        np.array([float(n.x) for n in numbers]),
        chemical,
        covariance,
        _refer(place, temperature),
        alike(each),
    )


def alike(place: Place) -> np.ndarray:
    """Return how alike composites are, shape (m, m): what an explanation misses in one it misses in its neighbours."""
    features = np.stack([place.filler_fraction, np.log(place.diameter), np.log(np.maximum(place.hours, 1e-3))])
    steps = (features[:, :, None] - features[:, None, :]) / np.array(_ALIKE)[:, None, None]
    filled = place.filler_fraction > 0
    return np.asarray(np.exp(-0.5 * (steps**2).sum(axis=0)) * filled[:, None] * filled[None, :])


def places_of(
    composites: Sequence[Composite], kelvin: np.ndarray, *, filler_density: float, like: Place | None
) -> Place:
    """Return where composites stand at temperatures [K], shape (n,); references as in `like`."""
    hours = np.array([c.milling_time / _HOUR for c in composites])
    counts = Counter(h for h, c in zip(hours.tolist(), composites, strict=True) if c.filler_fraction > 0)
    common = max(counts, key=lambda h: (counts[h], -h)) if counts else 1.0
    return Place(
        filler_fraction=np.array([c.filler_fraction for c in composites]),
        diameter=np.array(
            [6.0 / (filler_density * c.specific_surface_area) if c.specific_surface_area else 1.0 for c in composites]
        ),
        pores=np.array([math.nan if c.pore_volume is None else filler_density * c.pore_volume for c in composites]),
        hours=hours,
        temperature=np.asarray(kelvin, float),
        reference_temperature=math.nan if like is None else like.reference_temperature,
        reference_hours=common if like is None else like.reference_hours,
        many_times=len(counts) > 1 if like is None else like.many_times,
    )


def _refer(place: Place, temperature: float) -> Place:
    """Return the place with the temperature to which the parameters refer."""
    check_temperature(temperature, "the reference of the interphase")
    return replace(place, reference_temperature=temperature)


def _check(c: Composite) -> None:
    """Refuse what is not valid."""
    if not 0.0 <= c.filler_fraction < 1.0:
        raise DataError(f"The silica fraction of '{c.label}' is {c.filler_fraction:g}; it must lie in 0 to 1.")
    if c.filler_fraction > 0 and not (c.specific_surface_area and 0 < c.specific_surface_area < math.inf):
        raise DataError(f"The silica of '{c.label}' has no surface area.", hint="Add its BET area.")
    if not c.conductivities:
        raise DataError(f"'{c.label}' has no conductivity.")
    for kelvin, sigma in c.conductivities:
        check_temperature(kelvin, f"'{c.label}'")
        if not (math.isfinite(sigma.x) and sigma.x > 0 and math.isfinite(sigma.u)):
            raise DataError(f"The conductivity of '{c.label}' is {sigma.x:g} S/m; it must be finite and > 0.")
