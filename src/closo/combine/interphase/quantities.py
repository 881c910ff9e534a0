"""From posteriors to quantities: each explanation's own, and the ones that the data identify."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from closo.combine.arrhenius.points import celsius
from closo.combine.interphase.inference import Posterior
from closo.combine.interphase.mechanisms import SCATTER
from closo.combine.interphase.ranking import LARGE, STRONG, Rank, leading, left_over
from closo.combine.interphase.records import Composite
from closo.constants import ELECTRONVOLT
from closo.quantity import Quantity, exp, from_fit, log, uncertain, withheld

EV = ELECTRONVOLT
TIED = 0.95  # correlation beyond which two parameters are known only together
_AS_PRIOR = 0.7  # posterior over prior standard deviation beyond which the data said little
_FACTOR = 10.0  # between the ends of a 95 % interval beyond which a number says too little
_WIDTH = 2.0 * 1.959964  # of a normal 95 % interval, in standard deviations
_KEYS = ("shell_thickness", "interphase_conductivity", "interphase_activation_energy")
_WORST = 0.4  # relative standard uncertainty beyond which no number is given
_FORM = {  # of the logarithm; what carries 30 % beside the interphase has another energy, by 0.12 eV as in the priors
    "shell_thickness": 0.2,
    "interphase_conductivity": 0.3,
    "interphase_activation_energy": 0.1,
}
_SOURCE = {"interphase_conductivity": "interphase_conductivity", "interphase_activation_energy": "interphase_energy"}


def main_silica(composites: Sequence[Composite]) -> Composite:
    """Return the first composite of the silica that most composites hold."""
    filled = [c for c in composites if c.filler_fraction > 0]
    counts = Counter(c.filler for c in filled)
    best = max(counts, key=lambda filler: counts[filler])
    return next(c for c in filled if c.filler == best)


def thickness_of(posterior: Posterior) -> np.ndarray | None:
    """Return draws of the shell thickness [m] on the main silica, shape (draws,); None where there is no shell."""
    shell = posterior.model.mechanism.shell_ratio
    if shell is None:
        return None
    table = posterior.model.table
    label = main_silica(table.composites).label
    row = next(k for k, owner in enumerate(table.owner) if table.composites[owner].label == label)
    diameter = table.place.diameter[[row]]
    values = {name: x[:, None] for name, x in posterior.values.items()}
    return np.asarray(shell(values, diameter) * diameter)[:, 0]


def quantities_of(posteriors: Mapping[str, Posterior], ranking: Sequence[Rank], *, name: str) -> dict[str, Quantity]:
    """Return the quantities of a result.

    Parameters
    ----------
    posteriors : explanation -> its posterior.
    ranking : the leading one first.
    name : of the study, for the labels of the sources.
    """
    each = {row.name: _of_explanation(posteriors[row.name], name) for row in ranking}
    equal = leading(ranking)
    found = {key: _judged(key, each, equal, name=name) for key in _KEYS}
    if max(row.log_evidence for row in ranking) - ranking[0].log_evidence > STRONG:
        why = "the evidence and the prediction of left-out samples prefer different explanations"
        found = {key: withheld(key, why) for key in _KEYS}
    elif float(np.quantile(left_over(posteriors[equal[0]]), 0.975)) > LARGE:
        why = f"'{equal[0]}' leads, but may leave more than {100 * LARGE:.0f} % of the conductivity unexplained"
        found = {key: withheld(key, why) if q.number is not None else q for key, q in found.items()}
    if found["interphase_conductivity"].number is None:  # a contact to the electrodes has an energy, too
        why = "it may be that of another part, as the conductivity of the interphase is not known"
        found[_KEYS[2]] = withheld(_KEYS[2], found[_KEYS[2]].why or why)
    found["sample_scatter"] = each[ranking[0].name]["sample_scatter"]
    for explanation, own in each.items():
        found |= {f"{key}:{explanation}": quantity for key, quantity in own.items() if key != "sample_scatter"}
    return found


def _of_explanation(posterior: Posterior, name: str) -> dict[str, Quantity]:
    """Return the quantities of one explanation; they keep their correlation."""
    mechanism, table = posterior.model.mechanism, posterior.model.table
    at = celsius(table.place.reference_temperature)
    thickness = thickness_of(posterior)
    columns = {
        "interphase_conductivity": np.log(posterior.values["interphase_conductivity"]),
        "interphase_activation_energy": posterior.values["interphase_energy"],  # eV
        "sample_scatter": np.log(posterior.values["scatter"]),
    }
    if thickness is not None:
        columns = {"shell_thickness": np.log(thickness)} | columns
    draws = np.stack(list(columns.values()), axis=1)
    low, high = np.quantile(draws, [0.025, 0.975], axis=0)
    spread = (high - low) / _WIDTH  # so that the 95 % interval is that of the draws
    correlation = np.atleast_2d(np.corrcoef(draws.T))
    numbers = from_fit(
        0.5 * (low + high),
        correlation * np.outer(spread, spread),
        label=f"posterior:{name}/{mechanism.name}",
        df=float("inf"),
    )
    made = dict(zip(columns, numbers, strict=True))
    told = f"posterior of '{mechanism.name}'"
    on = f" on {main_silica(table.composites).filler}" if mechanism.name in ("silanol", "budget") else ""
    found = {
        "interphase_conductivity": Quantity(
            "interphase_conductivity", exp(made["interphase_conductivity"]), f"{told}, at {at}"
        ),
        "interphase_activation_energy": Quantity(
            "interphase_activation_energy", EV * made["interphase_activation_energy"], f"{told}, of ln(sigma T)"
        ),
        "sample_scatter": Quantity("sample_scatter", exp(made["sample_scatter"]), f"{told}: {SCATTER.meaning}"),
    }
    if thickness is not None:
        found = {"shell_thickness": Quantity("shell_thickness", exp(made["shell_thickness"]), told + on)} | found
    return {key: _identified(key, quantity, posterior) for key, quantity in found.items()}


def _identified(key: str, quantity: Quantity, posterior: Posterior) -> Quantity:
    """Return the quantity, withheld where the data do not fix it within its explanation."""
    left = float(np.median(left_over(posterior)))
    if key == "sample_scatter":
        return quantity
    why = _why_not(key, posterior)
    if left > LARGE:
        why = f"'{posterior.model.mechanism.name}' leaves {100 * left:.0f} % of the conductivity unexplained"
    elif key in posterior.model.mechanism.unsaid:
        why = f"by '{posterior.model.mechanism.name}' it goes with a profile, exponent or prefactor that is not known"
    return quantity if why is None else withheld(key, f"not identifiable: {why}", method=quantity.method)


def _why_not(key: str, posterior: Posterior) -> str | None:
    """Return why a quantity is not identifiable, None where it is."""
    names = [p.name for p in posterior.model.parameters]
    structure = posterior.model.mechanism.parameters[0].name  # says how much interphase there is
    own = structure if key == "shell_thickness" else _SOURCE[key]
    width = float(posterior.z[:, names.index(own)].std())
    if width > _AS_PRIOR:
        return f"the posterior is {100 * width:.0f} % as wide as its prior"
    if key == "interphase_activation_energy":
        return None
    low, high = np.quantile(posterior.values[own], [0.025, 0.975])
    if high > _FACTOR * low:
        return f"its 95 % interval spans a factor of {high / low:.2g}"
    z = posterior.z[:, [names.index(structure), names.index("interphase_conductivity")]]
    r = float(np.corrcoef(z.T)[0, 1])
    if abs(r) > TIED:
        return f"{structure} and interphase_conductivity are known only together (correlation {r:.2f})"
    return None


def _judged(key: str, each: Mapping[str, Mapping[str, Quantity]], equal: Sequence[str], *, name: str) -> Quantity:
    """Return a quantity of the leading explanation, as uncertain as all that explain the data as well make it."""
    first = equal[0]
    own = each[first].get(key)
    if own is None:
        return withheld(key, f"the leading explanation, '{first}', has no shell")
    if own.number is None:
        return own
    ends = [own.interval() or (0.0, 0.0)]
    for other in equal[1:]:
        quantity = each[other].get(key)
        if quantity is None:
            return withheld(key, f"not identifiable: '{other}' explains the data as well and has no shell")
        if quantity.number is None:
            return withheld(key, f"not identifiable: '{other}' explains the data as well and does not give it")
        ends.append(quantity.interval() or ends[0])
        if max(high for _, high in ends) > _FACTOR * min(low for low, _ in ends):
            return withheld(key, f"not identifiable: '{other}' explains the data as well and gives {quantity}")
    return _widened(own, ends, name)


def _widened(own: Quantity, ends: Sequence[tuple[float, float]], name: str) -> Quantity:
    """Return the quantity with the 95 % interval that holds those of all explanations, the choice among them a source.

    Besides it no explanation is the sample: real particles are no spheres placed at random, and none of the rules by which
    two salts share the current is exact. That source was chosen on synthetic series of explanations outside the list.
    """
    inside, (low, high) = np.log(ends[0]), (np.log(min(e[0] for e in ends)), np.log(max(e[1] for e in ends)))
    more = max(((high - low) ** 2 - (inside[1] - inside[0]) ** 2) / _WIDTH**2, 0.0)
    moved = 0.5 * (low + high) - 0.5 * (inside[0] + inside[1])
    parts = {f"choice of explanation:{name}": float(np.sqrt(more)), f"form of explanations:{name}": _FORM[own.name]}
    told = f"{own.method}; for all explanations that do as well" if len(ends) > 1 else own.method
    assert own.number is not None
    made = Quantity(own.name, exp(log(own.number) + uncertain(moved, parts)), told)
    if (made.u or 0.0) > _WORST * abs(made.value or 0.0):
        return withheld(
            own.name, f"known to a factor only: '{made}' for all that explain the data as well", method=told
        )
    return made
