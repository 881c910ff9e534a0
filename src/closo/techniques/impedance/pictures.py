"""The figure of one spectrum: Nyquist, Bode, residuals, distribution of relaxation times."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from closo.figures import Axis, Band, FigureSpec, Panel, Text, Trace
from closo.nomenclature import to_shown
from closo.result import Result

_VISIBLE = 0.003  # of the panel: a chord that is farther from the curve gets points between its ends


def figure(result: Result) -> FigureSpec:
    """Return Nyquist, Bode, residual and DRT panels of a result of `analyse`."""
    curves = result.curves
    panels = [nyquist([result]), _bode(result), _residuals(result)]
    if "distribution" in curves:
        panels.append(_relaxation(result))
    total = result.quantities["total_resistance"]
    summary = f"Spectrum of {result.name} with the fit of {result.findings['circuit']}: total resistance {total}."
    return FigureSpec(name=f"impedance {result.name}", panels=panels, title=result.name, summary=summary)


def overlay(results: Sequence[Result]) -> FigureSpec:
    """Return the Nyquist plots of several spectra in one panel, by temperature where it tells them apart."""

    def kelvin(result: Result) -> float:
        known = result.quantities.get("temperature")
        return 0.0 if known is None else known.value or 0.0

    ordered = sorted(results, key=kelvin)
    places = [f"{to_shown('temperature', kelvin(r)):.4g} °C {r.about.branch}".strip() for r in ordered]
    told = min(map(kelvin, ordered)) > 0 and len(set(places)) == len(places)
    owners = ", ".join(dict.fromkeys(r.about.owner for r in ordered if r.about.owner)) or f"{len(ordered)} spectra"
    panel = nyquist(ordered, places if told else [r.name for r in ordered])
    return FigureSpec(
        f"nyquist {owners}", [panel], f"{owners}: Nyquist plots", f"{len(ordered)} spectra with their fits."
    )


def nyquist(results: Sequence[Result], names: Sequence[str] = ()) -> Panel:
    """Return one Nyquist panel of one or several spectra, with equal axes and the decades marked.

    The window ends where the blocking spike begins to dwarf the arcs (2.2 x the largest total resistance); the whole
    spectrum is in the Bode panel and in the table.

    Parameters
    ----------
    names : in the legend, where there are several.
    """
    traces, texts = [], []
    known = [float(r.quantities["total_resistance"].value or 0.0) for r in results]
    reach = 2.2 * max(known) or np.inf  # withheld everywhere: the whole spectrum
    reach = min(reach, max(float(np.abs(r.curves["impedance"].values).max()) for r in results)) * 1.05
    for k, result in enumerate(results):
        z, fit = result.curves["impedance"].values, result.curves["impedance_fit"].values
        f = result.curves["frequency"].values
        label = names[k] if names else "data"
        traces.append(Trace(z.real, -z.imag, label, "points", color=k, marker=k, behind=_behind(result)))
        alone = len(results) == 1
        curve = _smooth(f, fit, reach)
        circuit = result.findings["circuit"] if alone else ""
        traces.append(Trace(curve.real, -curve.imag, circuit, "line", color=1 if alone else k))
        aside = result.curves["impedance_left_out"].values if "impedance_left_out" in result.curves else np.empty(0)
        near = np.abs(aside) < reach  # an overload would only stretch the axes
        if near.any():
            shown = "left out" if len(results) == 1 else ""
            behind = {name: values[near] for name, values in _behind(result, "_left_out").items()}
            aside = aside[near]
            traces.append(
                Trace(aside.real, -aside.imag, shown, "points", color=k, marker=k, filled=False, behind=behind)
            )
        if len(results) == 1:
            texts = _decades(f, z, reach)
    low = min(0.0, *(float(-r.curves["impedance"].values.imag.max()) for r in results))
    return Panel(
        Axis("Z' / ohm", range=(0.0, reach)),
        Axis("-Z'' / ohm", range=(max(low, -0.2 * reach) * 1.1, reach)),
        traces,
        texts=texts,
        equal=True,
    )


def _smooth(f: np.ndarray, z: np.ndarray, reach: float) -> np.ndarray:
    """Return a fit with points between those of the spectrum where straight lines would show in a panel of `reach` [ohm].

    A cubic in log f through the fit; frequencies that do not run one way stay as they are.
    """
    x = np.log(f)
    x = x if x[-1] > x[0] else -x
    if len(f) < 4 or not np.all(np.diff(x) > 0):
        return z
    from scipy.interpolate import CubicSpline

    spline = CubicSpline(x, z)
    middle = 0.5 * (x[:-1] + x[1:])
    bend = np.abs(spline(middle) - 0.5 * (z[:-1] + z[1:]))
    far = np.flatnonzero((bend > _VISIBLE * reach) & (np.abs(z[1:]) < 1.5 * reach))
    between = [np.linspace(x[k], x[k + 1], 6)[1:-1] for k in far]
    return np.asarray(spline(np.sort(np.concatenate([x, *between]))))


def _behind(result: Result, end: str = "") -> dict[str, np.ndarray]:
    """Return the frequency behind each point of a spectrum, and its number."""
    if f"number{end}" not in result.curves:  # of several files joined
        return {}
    return {"f / Hz": result.curves[f"frequency{end}"].values, "point": result.curves[f"number{end}"].values}


def _decades(f: np.ndarray, z: np.ndarray, reach: float) -> list[Text]:
    texts, last = [], None
    for exponent in range(int(np.ceil(np.log10(f.min()))), int(np.floor(np.log10(f.max()))) + 1):
        k = int(np.argmin(np.abs(np.log10(f) - exponent)))
        inside = z[k].real <= reach and 0 <= -z[k].imag <= reach
        apart = last is None or abs(z[k] - last) > 0.08 * reach
        if inside and apart:
            texts.append(Text(float(z[k].real), float(-z[k].imag), _hertz(exponent)))
            last = z[k]
    return texts


def _hertz(exponent: int) -> str:
    prefix = {-3: "m", 0: "", 3: "k", 6: "M"}[3 * (exponent // 3)] if -3 <= exponent < 9 else ""
    return f"{10 ** (exponent % 3)} {prefix}Hz" if prefix or 0 <= exponent < 3 else f"1e{exponent} Hz"


def _bode(result: Result) -> Panel:
    f, z, fit = (result.curves[name].values for name in ("frequency", "impedance", "impedance_fit"))
    return Panel(
        Axis("f / Hz", "log"),
        Axis("|Z|, |Z''| / ohm", "log"),
        [
            Trace(f, np.abs(z), "|Z|", "points", color=0, marker=0, behind=_behind(result)),
            Trace(f, np.abs(fit), "", "line", color=0),
            Trace(f, np.abs(z.imag), "|Z″|", "points", color=1, marker=1, behind=_behind(result)),
            Trace(f, np.abs(fit.imag), "", "line", color=1),
        ],
    )


def _residuals(result: Result) -> Panel:
    f, r = result.curves["frequency"].values, 100 * result.curves["residual"].values
    k = 100 * result.curves["residual_kramers_kronig"].values
    return Panel(
        Axis("f / Hz", "log"),
        Axis("(Z - fit)/|Z| / %"),
        [
            Trace(f, r.real, "Re, circuit", "points", color=0, marker=0, behind=_behind(result)),
            Trace(f, r.imag, "Im, circuit", "points", color=1, marker=1, behind=_behind(result)),
            Trace(f, k.real, "Re, Kramers-Kronig", "line", color=0),
            Trace(f, k.imag, "Im, Kramers-Kronig", "dashed", color=1),
        ],
    )


def _relaxation(result: Result) -> Panel:
    tau, gamma, low, high = (
        result.curves[name].values
        for name in ("time_constant", "distribution", "distribution_low", "distribution_high")
    )
    inner = slice(1, -1) if tau.size > 4 else slice(None)  # the ends hold what lies beyond the frequencies measured
    top = float(max(gamma[inner].max(), high[inner].max()))
    beyond = max(gamma.max(), high.max()) > 1.2 * top > 0
    return Panel(
        Axis("tau / s", "log"),
        Axis("gamma / ohm", range=(-0.05 * top, 1.1 * top) if beyond else None),
        [Trace(tau, gamma, "γ", "line", color=2)],
        bands=[Band(tau, low, high, "95 %", color=2)],
    )
