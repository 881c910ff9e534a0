"""How much of a sample's salt X-ray Raman sees changed: fractions of references -> what the interphase is inferred with."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from pathlib import Path

from closo.quantity import Number, uncertain
from closo.result import Result
from closo.study import Sample, Study

_FRACTION = "component_fraction"


def changed_shares(study: Study, results: Mapping[str, Result]) -> dict[str, Number]:
    """Return sample -> share of its salt that is interphase, from near-edge spectra of an element of the salt alone.

    What the spectrum holds of references other than the salt is interphase for sure. The rest of the salt may be
    interphase that keeps its cages, which no spectrum tells from the salt: so the share lies anywhere between that
    fraction and one. This is a source of its own, `cages that stay`, common to all samples of a study.

    A reference is the salt where it is the file of a sample without filler.
    """
    plain = {n for n, s in study.samples.items() if s.recipe is not None and s.recipe.filler is None}
    salts = {Path(m.file).stem for m in study.measurements if m.of in plain}
    shares: dict[str, Number] = {}
    for result in results.values():
        sample = study.samples.get(result.about.sample or "") if result.technique == "near_edge" else None
        names = result.findings.get("references") or [] if sample is not None else []
        seen = [_fraction(result, k, name) for k, name in enumerate(names) if name not in salts]
        if sample is None or None in seen or not _of_salt(result, sample) or not 0 < len(seen) < len(names):
            continue
        known = [number for number in seen if number is not None]
        least = sum(known[1:], known[0])
        room = 1.0 - min(max(float(least.x), 0.0), 1.0)
        shares[str(result.about.sample)] = least + uncertain(
            0.5 * room, {f"cages that stay:{study.title}": room / math.sqrt(12.0)}
        )
    return shares


def _of_salt(result: Result, sample: Sample) -> bool:
    """Return whether the edge is of an element that the filler of a sample does not hold."""
    filler = sample.recipe.filler if sample.recipe is not None else None
    element = str(result.settings.get("edge") or "").split(" ")[0]
    return bool(filler and element) and element not in re.findall("[A-Z][a-z]?", filler or "")


def _fraction(result: Result, k: int, name: str) -> Number | None:
    """Return a fraction; one that is not detected as it was fitted, with the uncertainty that its limit stands for.

    None where the references do not explain the spectrum, which gives no limit either.
    """
    number, bound = result.quantities[f"{_FRACTION}:{name}"].number, f"{_FRACTION}:{name} upper_limit"
    if number is not None or bound not in result.quantities:
        return number
    value, limit = result.findings["fractions"][k], result.quantities[bound].value or 0.0
    return uncertain(value, {f"fraction {name}:{result.name}": (limit - max(value, 0.0)) / 1.645})
