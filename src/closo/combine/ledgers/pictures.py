"""Figures of the ledgers, drawn from their curves and quantities alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from closo.figures.spec import Axis, Band, FigureSpec, Panel, Text, Trace
from closo.nomenclature import look_up, to_shown
from closo.result import Result

_TINY = 0.01  # of the largest bar
_SHORT = {
    "separator": "pellet",
    "sodium interface": "Na | SE",
    "cathode ions": "ions",
    "cathode electrons": "electrons",
    "charge transfer": "charge transfer",
    "redistribution": "redistribution",
    "left": "not explained",
}
_CAPACITIES = (
    ("theory", "theoretical"),
    ("diffusion", "after diffusion"),
    ("measured", "measured"),
)


def figure_overpotential(result: Result) -> FigureSpec:
    """Return the shares of the gap between charge and discharge, and of the capacity where it was compared.

    Parameters
    ----------
    result : of `overpotential_ledger`.
    """
    panels = [_shares(result)]
    kept = _capacities(result)
    if len(kept) > 1:
        panels.append(_capacity(kept))
    return FigureSpec(
        name=f"overpotential ledger {result.name}",
        panels=panels,
        title=f"What {result.name} loses",
        summary=str(result.findings["answer"]),
        notes=result.notes,
    )


def _shares(result: Result) -> Panel:
    """Return the bars; the measured gap is a line across them, a share that is not known a question mark."""
    names = list(result.curves.attrs["metadata"]["parts"])
    value = 1e3 * result.curves["overpotential"].values
    u = 1e3 * result.curves["overpotential_u"].values
    top = float(np.nanmax(np.abs(value), initial=1e-3))
    hidden = {"measured"} | {
        n for n, v in zip(names, value, strict=True) if n == "redistribution" and abs(v) < _TINY * top
    }
    shown = [i for i, part in enumerate(names) if part not in hidden]
    bars, texts, axis = _bars([_SHORT[names[i]] for i in shown], value[shown], u[shown], top=top)
    traces, bands = [bars], []
    if "measured" in names:
        ends = np.array(axis.range)
        gap, gap_u = (np.full(2, a[names.index("measured")]) for a in (value, u))
        traces.append(Trace(ends, gap, "measured", style="dashed", color=1))
        bands.append(Band(ends, gap - 1.96 * gap_u, gap + 1.96 * gap_u, color=1))
    low = min(0.0, 1.2 * float(np.nanmin(value[shown], initial=0.0)))
    y_axis = Axis("share of the gap / mV", range=(low, 1.35 * top))
    return Panel(axis, y_axis, traces=traces, bands=bands, texts=texts, title="voltage")


def _bars(labels: Sequence[str], value: np.ndarray, u: np.ndarray, *, top: float) -> tuple[Trace, list[Text], Axis]:
    """Return bars with a number above each, and their axis; '?' where a value is NaN."""
    x = np.arange(len(labels), dtype=float)
    known = np.isfinite(value)
    trace = Trace(x, np.where(known, value, 0.0), style="bars", color=0, y_u=np.where(known, u, 0.0))
    texts = []
    for place in range(len(labels)):
        height = max(value[place] + u[place], 0.0) if known[place] else 0.0
        words = _digits(value[place], top) if known[place] else "?"
        texts.append(Text(float(place), height + 0.01 * top, words))
    ticks = tuple((float(k), label) for k, label in enumerate(labels))
    return trace, texts, Axis("", ticks=ticks, range=(-0.6, len(labels) - 0.4))


def _digits(value: float, top: float) -> str:
    return "~0" if abs(value) < 1e-3 * top else f"{value:.3g}"


def _capacities(result: Result) -> dict[str, tuple[float, float]]:
    """Return label -> (share of the theoretical capacity [%], u)."""
    found = {"theoretical": (100.0, 0.0)}
    for key, label in _CAPACITIES[1:]:
        loss = result.quantities.get(f"capacity_loss:{key}")
        if loss is not None and loss.value is not None and loss.u is not None:
            found[label] = (100.0 - to_shown("capacity_loss", loss.value), 100.0 * loss.u)
    return found


def _capacity(kept: dict[str, tuple[float, float]]) -> Panel:
    value, u = (np.array([pair[k] for pair in kept.values()]) for k in (0, 1))
    bars, texts, axis = _bars(list(kept), value, u, top=100.0)
    return Panel(axis, Axis("capacity / % of theory", range=(0.0, 130.0)), traces=[bars], texts=texts, title="capacity")


def figure_comparison(result: Result) -> FigureSpec:
    """Return the capacities of cells side by side.

    Parameters
    ----------
    result : of `compare_cells`.
    """
    name = str(result.findings["key"]).partition(":")[0]
    row = look_up(name)
    value, u = (result.curves[key].values / row.factor for key in (name, f"{name}_u"))
    top = float(np.nanmax(value + u, initial=1e-3))
    bars, texts, axis = _bars(list(result.curves.attrs["metadata"]["parts"]), value, u, top=top)
    panel = Panel(axis, Axis(f"{name.replace('_', ' ')} / {row.shown}", range=(0.0, 1.3 * top)), [bars], texts=texts)
    return FigureSpec(
        name=f"cell comparison {result.name}",
        panels=[panel],
        title="Cells side by side",
        summary=str(result.findings["answer"]),
        columns=1,
        notes=result.notes,
    )


def figure_charge(result: Result) -> FigureSpec:
    """Return what was put in and not got back against the capacity lost, and the side current, over the cycles.

    Parameters
    ----------
    result : of `charge_ledger`.
    """
    curves = result.curves
    cycle = curves["cycle"].values
    balance = Panel(
        Axis("cycle"),
        Axis("share of a charge / %"),
        traces=[
            Trace(cycle, 100.0 * curves["missing_charge"].values, "missing, sum of 1 - CE", style="both", color=1),
            Trace(cycle, 100.0 * curves["capacity_loss"].values, "capacity lost", style="both", color=0, marker=1),
        ],
        title="charge",
    )
    panels = [balance]
    leak = 100.0 * curves["leak_current_density"].values
    if np.isfinite(leak).any():
        panels.append(_leak_panel(result, cycle, leak))
    return FigureSpec(
        name=f"charge ledger {result.name}",
        panels=panels,
        title=f"Where the charge of {result.name} goes",
        summary=str(result.findings["answer"]),
        notes=result.notes,
    )


def _leak_panel(result: Result, cycle: np.ndarray, leak: np.ndarray) -> Panel:
    """Return the side current with what its offset would feign, and the currents it is compared with."""
    traces = [Trace(cycle, leak, "missing charge over time", style="both", color=1)]
    ends = cycle[[0, -1]]
    bands = []
    key = "leak_current_density"
    mean = result.quantities[key]
    offset = next((u for source, u in mean.budget().items() if source.startswith("current offset:")), 0.0)
    if offset:
        bands.append(Band(ends, [-196.0 * offset] * 2, [196.0 * offset] * 2, "current offset, 95 %", color=7))
    for color, (suffix, label) in enumerate((("sweep", "sweep at that potential"), ("electronic", "electronic")), 2):
        found = result.quantities.get(f"{key}:{suffix}")
        if found is not None and found.value is not None:
            traces.append(Trace(ends, [100.0 * found.value] * 2, label, style="dashed", color=color))
    return Panel(Axis("cycle"), Axis("side current / uA/cm2"), traces=traces, bands=bands, title="side current")
