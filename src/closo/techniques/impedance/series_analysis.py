"""A temperature series of one pellet -> one Result per spectrum, from the global fit where the data allow it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from closo.dataset import Dataset, name_of
from closo.errors import ConvergenceError, DataError
from closo.quantity import Number
from closo.result import Check, Result
from closo.techniques.impedance.analysis import Prepared, chosen, prepare, report
from closo.techniques.impedance.circuit import parse
from closo.techniques.impedance.quantities import Pellet, theta_numbers
from closo.techniques.impedance.selection import SPIKE, Choice, geometric_prior
from closo.techniques.impedance.series import SeriesFit, Spectrum, fit_series, series_theta

__all__ = ["analyse_series"]

_CANDIDATES = 3  # most frequent choices of the single spectra, beside the pellet without an arc


def analyse_series(
    datasets: Sequence[Dataset],
    *,
    name: str,
    circuit: str | None = None,
    f_min: float | None = None,
    f_max: float | None = None,
    calibrated: bool = False,
    drt: bool = False,
    area: Number = None,
    thickness: Number = None,
    temperatures: Sequence[Number] | None = None,
    lead_resistance: Number = None,
) -> list[Result]:
    """Analyse the spectra of one pellet together; arcs keep their names from one temperature to the next.

    Parameters
    ----------
    datasets : measurements of kind 'impedance', in any order.
    name : of the series; names the common source `fit shared:<name>`.
    circuit : common circuit; chosen among those of the single spectra when absent.
    temperatures : one per dataset [K].
    f_min, f_max, calibrated, drt, area, thickness, lead_resistance : as in `analyse`.

    Returns
    -------
    One Result per dataset, in the same order. `findings['series']` says whether the global fit was used, its criterion
    against that of the single fits, and the common parameters.

    Raises
    ------
    DataError  when a spectrum is unusable, or temperatures and datasets differ in number.
    """
    if temperatures is not None and len(temperatures) != len(datasets):
        raise DataError(f"{name}: {len(datasets)} spectra but {len(temperatures)} temperatures.")
    prepared = [prepare(data, weights="modulus", f_min=f_min, f_max=f_max) for data in datasets]
    spectra = [_spectrum(data, p) for data, p in zip(datasets, prepared, strict=True)]
    series = _best_series(spectra, circuit)
    given = {"weights": "modulus", "f_min": f_min, "f_max": f_max, "calibrated": calibrated, "drt": drt}
    common = series is not None and series.preferred
    thetas = series_theta(series, spectra, name=name) if common and series else None
    results = []
    for i, (data, p, spectrum) in enumerate(zip(datasets, prepared, spectra, strict=True)):
        member = Pellet(area, thickness, temperatures[i] if temperatures is not None else None, lead_resistance)
        if thetas is None or series is None:
            choice, theta = spectrum.single, theta_numbers(spectrum.single.best, name=spectrum.name)
        else:
            choice, theta = Choice(series.fits[i], (series.fits[i],), np.ones(1)), thetas[i]
        result = report(data, p, choice, theta, pellet=member, given=given)
        results.append(_with_series(result, series, name))
    return results


def _spectrum(data: Dataset, p: Prepared) -> Spectrum:
    single = chosen(p)
    return Spectrum(name_of(data), p.frequency, p.impedance, single.best.sd, single)


def _best_series(spectra: list[Spectrum], circuit: str | None) -> SeriesFit | None:
    """Global fits of the circuits that the single spectra prefer; the one with the lowest criterion."""
    if circuit is not None:
        texts = [parse(circuit).text]
    else:
        votes = Counter(s.single.best.circuit.text for s in spectra)
        lead = any(text.startswith("L") for text in votes)
        wanted = [("L-" + t if lead and not t.startswith("L") else t) for t, _ in votes.most_common()]
        texts = list(dict.fromkeys(parse(text).text for text in [*wanted[:_CANDIDATES], SPIKE]))
    found: list[SeriesFit] = []
    for text in texts:
        lowest = min(spectra, key=lambda s: float(np.abs(s.impedance).min()))  # there the arc is farthest away
        dielectric = parse(text).arcs[:1] and parse(text).arcs[0].storage.kind.symbol == "C"
        prior = geometric_prior(lowest.frequency, lowest.impedance) if dielectric else None
        try:
            found.append(fit_series(spectra, parse(text), capacitance=prior))
        except ConvergenceError:
            continue
    return min(found, key=lambda s: s.bic, default=None)


def _with_series(result: Result, series: SeriesFit | None, name: str) -> Result:
    findings = dict(result.findings)
    if series is None:
        check = Check(
            "global fit of the series", None, "no circuit could be fitted to all spectra: single fits are used"
        )
        findings["series"] = {"name": name, "used": False}
    else:
        verdict = "is used" if series.preferred else "is refused by the data: single fits are used"
        detail = (
            f"{series.circuit.text} with common {', '.join(series.shared)} {verdict} "
            f"(criterion {series.bic:.0f} against {series.single_bic:.0f} of single fits)"
        )
        check = Check("global fit of the series", series.preferred, detail)
        findings["series"] = {
            "name": name,
            "used": series.preferred,
            "circuit": series.circuit.text,
            "bic_difference": round(series.bic - series.single_bic, 1),
            "shared": dict(zip(series.shared, (float(v) for v in series.common), strict=True)),
        }
    return replace(result, checks=(*result.checks, check), findings=findings)
