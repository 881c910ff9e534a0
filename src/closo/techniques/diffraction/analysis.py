"""Dataset -> Result: pattern and phases, the fits, and what they say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from closo.dataset import Dataset, name_of, require
from closo.errors import ConvergenceError, DataError, StudyError
from closo.quantity import Number, as_stated
from closo.result import Result
from closo.techniques.diffraction.checks import checks_of, reason_of
from closo.techniques.diffraction.fitting import scatter_of
from closo.techniques.diffraction.model import Measured
from closo.techniques.diffraction.plan import Pattern, Plan
from closo.techniques.diffraction.quantities import Subject, crystalline, quantities_of
from closo.techniques.diffraction.request import Request, make_request
from closo.techniques.diffraction.runs import Runs, fit_all
from closo.techniques.diffraction.structure import load
from closo.techniques.diffraction.wavelengths import Radiation, radiation_of

_WHO = "diffraction"
_LEAST_POINTS = 100
_LEAST_RANGE = 5.0  # deg
_MOST_NEGATIVE = 0.02
_LEAST_ANGLE = 3.0  # deg, below which the beam itself is seen


def analyse(
    data: Dataset,
    *,
    halo_file: Sequence[Dataset] = (),
    profile_file: Sequence[Dataset] = (),
    temperature: Number | None = None,
    phases: str | None = None,
    anode: str | None = None,
    wavelength: float | None = None,
    profile: str | None = None,
    profile_phase: str | None = None,
    standard: bool = False,
    monochromator: float | None = None,
    radius: float | None = None,
    halo: str = "none",
    background: int | None = None,
    two_theta_min: float | None = None,
    two_theta_max: float | None = None,
    cell_limit: float | None = None,
    internal_standard: str | None = None,
    texture: str | None = None,
    model_u: float | None = None,
    particle_size: str | float | None = None,
    response: str | None = None,
    smallest_size: float | None = None,
) -> Result:
    """Analyse a powder pattern; the settings are those of the table of techniques.

    Raises
    ------
    DataError  when the data are no pattern, or nobody says the wavelength.
    StudyError  when a setting or a CIF file is wrong.
    """
    require(data, "two_theta", who=_WHO)
    if "counts" not in data and "intensity" not in data:
        require(data, "counts", who=_WHO)
    left = ("data", "temperature", "halo_file", "profile_file")
    asked = {name: value for name, value in locals().items() if name not in left and value is not None}
    files = {"halo_file": halo_file, "profile_file": profile_file}
    named = {name: ", ".join(str(one.attrs["title"]) for one in given) for name, given in files.items() if given}
    if profile_file:
        asked["profile"] = _profile_of(profile_file[0], asked)
    request = make_request(asked)
    asked |= named
    pattern = _pattern(data, request)
    metadata = data.attrs.get("metadata", {})
    radiation = radiation_of(metadata, anode=anode, wavelength=wavelength, file=data.attrs.get("source"))
    found = [load(file, radiation, largest_angle=float(pattern.x[-1])) for file in request.phases]
    plan = Plan(
        order=_order(pattern) if request.background is None else request.background,
        halo=request.halo,
        measured=Measured.of(halo_file[0]) if halo_file else None,
        instrument=request.instrument,
        monochromator=request.monochromator,
        cell_limit=request.cell_limit,
        standard=request.standard,
        textures=request.textures,
        smallest=request.smallest,
    )
    try:
        runs = fit_all(pattern, found, radiation, plan)
    except (ConvergenceError, np.linalg.LinAlgError) as error:
        text = f"the fit of the pattern did not arrive ({error})."
        raise DataError(text, file=data.attrs.get("source"), hint="Check the phases.") from None
    radius_m = request.radius if request.radius is not None else metadata.get("goniometer_radius")
    subject = Subject(name_of(data), runs, request, radius_m, reason_of(runs, pattern, request.phases, plan))
    settings = _settings(asked, runs, radiation, plan)
    notes = (*data.attrs.get("warnings", ()), *_notes(subject, radiation, plan))
    quantities = quantities_of(subject)
    if temperature is not None:
        quantities["temperature"] = as_stated("temperature", temperature)
    findings = {"crystalline": crystalline(subject), "time_per_step": metadata.get("time_per_step")}
    checks = tuple(checks_of(runs))
    return Result(_WHO, subject.name, quantities, _curves(runs), checks, settings, notes, findings=findings)


def _profile_of(standard: Dataset, asked: Mapping[str, Any]) -> str:
    """Return the instrument's profile from a pattern of a standard, as the setting `profile` takes it.

    Raises
    ------
    StudyError  when nobody says what the standard is, or it shows no profile.
    """
    phase, shared = asked.get("profile_phase"), ("anode", "wavelength", "monochromator", "radius")
    if phase is None or "profile" in asked:
        raise StudyError("profile_file needs profile_phase, and no profile.", hint="Name the CIF file of the standard.")
    made = analyse(standard, phases=phase, standard=True, **{key: asked[key] for key in shared if key in asked})
    if all(quantity.number is None for quantity in made.quantities.values()):
        refused = next((quantity.why for quantity in made.quantities.values() if quantity.why), "")
        text = f"the standard shows no profile: {refused}."
        raise StudyError(text, file=standard.attrs.get("source"), hint="Check both.")
    return str(made.settings["instrument"])


def _pattern(data: Dataset, request: Request) -> Pattern:
    """Return the part of the pattern that is used.

    Raises
    ------
    DataError  when it is too short, not finite, or cannot be what a detector gives.
    """
    source = data.attrs.get("source")
    counts = "counts" in data
    x = np.asarray(data["two_theta"].values, float)
    y = np.asarray(data["counts" if counts else "intensity"].values, float)
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise DataError(
            "diffraction needs finite angles and intensities.", file=source, hint="Cut the file to its numbers."
        )
    negative = int(np.sum(y < 0))
    if negative > _MOST_NEGATIVE * len(y):
        text, hint = (
            "intensities are negative, which no detector gives.",
            "The file is damaged, or a background was subtracted",
        )
        raise DataError(f"{negative} of {len(y)} {text}", file=source, hint=f"{hint}: use the raw pattern.")
    if data.attrs.get("metadata", {}).get("divergence_slit") == "automatic":
        text = "its divergence slit was automatic: intensities rise with the angle, and amounts would be wrong."
        raise DataError(text, file=source, hint="Convert it to a fixed slit in the instrument's program.")
    used = (x >= max(request.low, _LEAST_ANGLE)) & (x <= request.high)
    x, y = x[used], np.maximum(y[used], 0.0)
    if len(x) < _LEAST_POINTS or x[-1] - x[0] < _LEAST_RANGE or not np.all(np.diff(x) > 0):
        span = f"{len(x)} points" + (f" from {x[0]:.4g} to {x[-1]:.4g} deg" if len(x) else "")
        text = f"diffraction needs {_LEAST_POINTS} points over {_LEAST_RANGE:g} deg of rising 2theta; there are {span}."
        raise DataError(text, file=source, hint="Use a wider range.")
    if not np.any(y > 0):
        raise DataError("the pattern has no counts.", file=source, hint="Was the shutter open?")
    return Pattern(x, y, counts, scatter_of(y, counts))


def _order(pattern: Pattern) -> int:
    """Return the order of the background's polynomial: one for every 15 deg, 3 to 9."""
    return int(np.clip(round((pattern.x[-1] - pattern.x[0]) / 15.0), 3, 9))


def _settings(asked: dict[str, Any], runs: Runs, radiation: Radiation, plan: Plan) -> dict[str, Any]:
    """Return what was asked and the choices that led to the numbers."""
    model = runs.base.model
    own = _profile(runs)
    return asked | {
        "names": [phase.name for phase in model.phases],
        "wavelengths": [wavelength for wavelength, _ in radiation.lines],
        "radiation": radiation.name,
        "halo": "file" if plan.halo == "none" and plan.measured is not None else plan.halo,
        "background": plan.order,
        "instrument": own,
    }


def _notes(subject: Subject, radiation: Radiation, plan: Plan) -> list[str]:
    notes = []
    if plan.standard:
        notes.append(
            "Give the instrument's profile to other patterns of it: --set profile='" + _profile(subject.runs) + "'"
        )
    elif plan.instrument is None:
        notes.append(
            "The instrument's profile is not known (setting profile): sizes of crystallites above some 50 nm are withheld."
        )
    if len(subject.names) > 1 and subject.request.internal is None:
        notes.append(
            "Mass fractions are among the phases named; an amorphous part is not counted without an internal standard."
        )
    if len(radiation.lines) == 1:
        notes.append(
            f"One wavelength is used, {radiation.main:.6g} angstrom: name the anode if K alpha 2 is in the pattern."
        )
    return notes


def _profile(runs: Runs) -> str:
    """Return the profile of the instrument, known or fitted, as the setting takes it."""
    model, values = runs.base.model, runs.base.values
    fitted = [name for name in ("u", "v", "w", "x", "y", "axial") if (name, -1) in model.index]
    return str(model.instrument.changed({name: values[model.index[name, -1]] for name in fitted}))


def _curves(runs: Runs) -> Dataset:
    """Return what the figure draws: pattern, fit, background, halo, each phase and the ticks of its reflections."""
    base = runs.base
    model = base.model
    n = len(model.phases)
    columns = model.columns(base.values) * base.solution.amounts
    along = {
        "counts": model.y,
        "calculated": base.solution.calculated,
        "background": model.base @ base.solution.background,
        "halo": columns[:, n:].sum(axis=1),
        "residual": base.solution.residuals,
    }
    along |= {f"phase_{k + 1}": columns[:, k] for k in range(n)}
    variables: dict[str, Any] = {name: ("two_theta", values, {"units": "1"}) for name, values in along.items()}
    for k in range(n):
        angle = np.degrees(model.positions(base.values, k, model.radiation.main))
        angle = angle + model.value(base.values, "displacement") * np.cos(np.radians(angle) / 2.0)
        shown = np.sort(angle[(angle >= model.x[0]) & (angle <= model.x[-1])])
        variables[f"ticks_{k + 1}"] = (f"reflection_{k + 1}", shown, {"units": "deg"})
    return xr.Dataset(variables, coords={"two_theta": ("two_theta", model.x, {"units": "deg"})})
