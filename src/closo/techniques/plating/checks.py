"""What a record of a symmetric cell passed or failed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from closo.number import value_of
from closo.quantity import Quantity
from closo.result import Check
from closo.techniques.instrument import OF_CHARGE, OF_CURRENT, OF_VOLTAGE, range_check, set_check, time_check
from closo.techniques.plating.events import CONTACT_LOSS, HARD, NONE, SOFT
from closo.techniques.plating.quantities import Geometry

if TYPE_CHECKING:
    from closo.techniques.plating.analysis import Survey

_SYMMETRIC = 0.10  # of the polarization
_MOST_CONDUCTIVE = 20.0  # S/m; the best solids have 3 at room temperature (doi:10.1038/s41467-019-13178-2)
_LARGEST = 5.0  # V between two equal electrodes; electrolytes decompose at less
_UNITS = "Are current and voltage in the units that the file names?"
_CURVED = 3.0  # u of the quadratic term


def checks_of(found: Survey, geometry: Geometry, quantities: Mapping[str, Quantity]) -> tuple[Check, ...]:
    """Return the checks of one record."""
    own = (_floor(quantities, geometry), _symmetric(quantities), _line(found))
    return (*event_checks(found), *own, *current_check(found), *gap_check(found), time_check(found.time, found.current))


def gap_check(found: Survey) -> list[Check]:
    """Return a failed check where the record pauses under current, since nobody knows what flowed then; else nothing."""
    gaps = int(found.half.gaps.sum())
    text = f"{gaps} pauses of the record within a half cycle: their charge and time are not counted"
    return [Check("no gap in the record", False, text, (*OF_CHARGE, "duration"))] if gaps else []


def current_check(found: Survey) -> list[Check]:
    """Return whether the currents are those that were set, and within their ranges; nothing of what the file does not state.

    A current that is small on its range is no fault here: the zero of the range is in the budget. A check fails, too, where
    the voltage is larger than two equal electrodes have.
    """
    half = found.half
    usual = float(np.median(np.abs(half.polarization)))
    said = f"two equal electrodes have {usual:.3g} V in half of the half cycles (limit {_LARGEST:g} V). {_UNITS}"
    sizes = [Check("unit", False, said, OF_VOLTAGE)] if usual > _LARGEST else []
    u = np.hypot(found.zero, found.instrument.current_gain * half.current)
    ranges = [range_check(half.current, found.scale, stated=True, least=0.0)] if found.stated else []
    return sizes + ranges + set_check(found.current, found.wanted, half.rows, u=u, what="half cycle")


def event_checks(found: Survey) -> tuple[Check, Check]:
    """Return 'no short' and 'no contact loss'; None for the first where the voltage was not told from 0 at the beginning."""
    event = found.event
    when = "" if event.kind == NONE else f" at {event.time / 3600:.2f} h"
    short = f"{event.kind}{when}: {event.evidence}." if event.kind in (HARD, SOFT) else f"No short: {event.evidence}."
    if event.kind == CONTACT_LOSS:
        short = f"None until contact was lost{when}."
    lost = event.kind == CONTACT_LOSS or event.risen > 1
    loss = (
        f"Contact lost{when}: {event.evidence}." if event.kind == CONTACT_LOSS else "The resistance did not run away."
    )
    if event.kind != CONTACT_LOSS and lost:
        loss = f"The resistance had grown {event.risen:.1f}-fold before the short."
    passed: bool | None = event.kind not in (HARD, SOFT)
    if event.kind == NONE and abs(found.half.polarization[0]) < 3.0 * found.instrument.zero:
        passed, short = (
            None,
            "Not evaluated: the voltage is within 3 u of 0 from the beginning, so a short would not show.",
        )
    return Check("no short", passed, short), Check("no contact loss", not lost, loss)


def _floor(quantities: Mapping[str, Quantity], geometry: Geometry) -> Check:
    floor, floor_u = geometry.floor
    first = quantities["resistance:first"].value
    if floor is None and first and geometry.thickness is not None and geometry.area is not None:
        implied = float(value_of(geometry.thickness / geometry.area)) / first
        if implied > _MOST_CONDUCTIVE:
            detail = f"The first half cycle has {first:.3g} ohm, or {implied / 100:.3g} S/cm and more: no solid"
            return Check("ohmic floor", False, f"{detail} has that. {_UNITS}", OF_CURRENT + OF_VOLTAGE)
    if floor is None or first is None:
        why = f"{' and '.join(geometry.missing)} missing" if geometry.missing else "there is no complete half cycle"
        return Check("ohmic floor", None, f"Not evaluated: {why}.")
    ratio, limit = first / floor, 1.0 - 2.0 * floor_u
    detail = f"The first half cycle has {ratio:.3f} of the ohmic L/(sigma A) = {floor:.4g} ohm; not below {limit:.3f}."
    if ratio < limit:
        detail += (
            " Either current flowed past the electrolyte from the beginning, or L or sigma is not that of this cell."
        )
    return Check("ohmic floor", ratio >= limit, detail)


def _symmetric(quantities: Mapping[str, Quantity]) -> Check:
    asymmetry, size = quantities["polarization_asymmetry"], quantities["polarization:last"].value
    if asymmetry.value is None or size is None:
        return Check("symmetric", None, f"Not evaluated: {asymmetry.why or 'no polarization'}.")
    share = abs(asymmetry.value) / size
    sure = abs(asymmetry.value) > 2.0 * float(asymmetry.u or 0.0)
    detail = (
        f"Positive minus negative half cycles: {1e3 * asymmetry.value:.3f} mV, {share:.1%} of |U|; limit 10 % and 2 u."
    )
    return Check("symmetric", not (share > _SYMMETRIC and sure), detail)


def _line(found: Survey) -> Check:
    if found.line is None:
        return Check(
            "drift is a line", None, "Not evaluated: fewer than 4 complete cycles, or less than 72 h, at one current."
        )
    detail = f"The quadratic term is {found.line.curved:.1f} u from 0; limit 3."
    if found.line.curved > _CURVED:
        detail += " One rate does not describe the whole record."
    return Check("drift is a line", found.line.curved <= _CURVED, detail)
