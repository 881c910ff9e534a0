"""A measurement -> the normalised edge under each model of the background, with its counting noise."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from closo.dataset import Dataset
from closo.errors import DataError
from closo.techniques.xray_raman.background import Background, backgrounds, compton_shape, inside, integral
from closo.techniques.xray_raman.calibration import Analyser, Loss, calibrated, summed
from closo.techniques.xray_raman.edges import Edge, Window, edge_of, numbers_of, window_of, windows_of

_HBAR_C = 1.973269804e-7  # eV m
_DEAD = 5.0  # standard deviations of the area of an edge, below which an analyser sees none


@dataclass(frozen=True)
class Asked:
    """What is asked of a spectrum of an edge: windows [eV], analysers, geometry, detector."""

    edge: Edge
    background: Window
    windows: tuple[Window, ...]
    use: tuple[float, ...] | None = None
    angle: tuple[float, ...] = ()
    analyser_energy: float = math.nan
    formula: str = ""
    rates: Window = (500.0, 5000.0)
    dead_time: float = 0.0


@dataclass(frozen=True)
class Reduced:
    """A normalised edge.

    Attributes
    ----------
    loss : what it was made from. models : of the background, the best first.
    norms : model -> area between the limits of the first window; `second` -> of the second.
    edge, u : shape (n,), 1/eV, with the best model, normalised in the first window.
    dead : numbers of analysers without an edge, which are left out.
    """

    loss: Loss
    models: tuple[Background, ...]
    norms: tuple[float, ...]
    second: float
    edge: np.ndarray
    u: np.ndarray
    dead: tuple[int, ...] = ()

    def under(self, k: int) -> np.ndarray:
        """Return the normalised edge under model k, shape (n,)."""
        return np.asarray((self.loss.signal - self.models[k].curve) / self.norms[k])

    def share(self, window: Window, asked: Asked, *, norm: int = 0) -> tuple[float, float, float]:
        """Return the share of the edge's area within limits, mean over the models, its counting error, their spread."""
        weights, whole = (integral(self.loss.energy, w) for w in (window, asked.windows[norm]))
        shares = [float(weights @ z) / float(whole @ z) for z in (self.loss.signal - m.curve for m in self.models)]
        z = self.loss.signal - self.models[0].curve
        slope = (weights - shares[0] * whole) / float(whole @ z)
        chosen = inside(self.loss.energy, asked.background)
        slope[chosen] -= slope @ np.asarray(self.models[0].operator)
        counting = math.sqrt(float(slope**2 @ self.loss.variance))
        spread = float(np.std(shares, ddof=1)) if len(shares) > 1 else 0.0
        return float(np.mean(shares)), counting, spread


def asked_of(settings: Mapping[str, Any]) -> Asked:
    """Return what the settings of an edge ask, with the windows of the table where none are named."""
    row, get = edge_of(settings["edge"]), settings.get
    windows, background = get("normalise"), get("background")
    numbers = {key: None if get(key) is None else numbers_of(get(key), key) for key in ("analysers", "angle")}
    return Asked(
        row,
        row.background if background is None else window_of(background, "background"),
        row.windows if windows is None else windows_of(windows, "normalise"),
        numbers["analysers"],
        numbers["angle"] or (),
        math.nan if get("analyser_energy") is None else settings["analyser_energy"],
        get("formula") or "",
        (500.0, 5000.0) if get("count_rate") is None else window_of(get("count_rate"), "count_rate"),
        (get("dead_time") or 0.0) * 1e-6,
    )


def momentum(asked: Asked, loss: Loss) -> tuple[float, float] | None:
    """Return momentum transfer at the edge and its spread over the analysers [1/m]; None where the geometry is unknown.

    q^2 = k1^2 + k2^2 - 2 k1 k2 cos(angle), k = E/(hbar c), with the analysers at the energy of their elastic lines.
    """
    energy = loss.elastic if loss.elastic > 1000.0 else asked.analyser_energy
    if not asked.angle or not math.isfinite(energy):
        return None
    angles = np.radians(np.asarray(asked.angle))
    if len(angles) == len(loss.analysers):
        weights = np.array([one.signal.sum() for one in loss.analysers])
    elif len(angles) == 1:
        weights = np.ones(1)
    else:
        raise DataError(f"{len(angles)} angles are named for {len(loss.analysers)} analysers in use.",
                        hint="Give one angle for all, or one for each analyser that is used.")  # fmt: skip
    k1, k2 = (energy + sum(asked.windows[0]) / 2.0) / _HBAR_C, energy / _HBAR_C
    q = np.sqrt(k1**2 + k2**2 - 2.0 * k1 * k2 * np.cos(angles))
    mean = float(np.average(q, weights=weights))
    return mean, math.sqrt(float(np.average((q - mean) ** 2, weights=weights)))


def reduced(data: Dataset, asked: Asked) -> Reduced:
    """Return the normalised edge of a measurement of kind 'raman_scan' or 'near_edge' (an energy loss).

    Raises
    ------
    DataError  when the spectrum does not reach over the windows, holds no edge, or an analyser that is asked for is dead.
    """
    wanted = (asked.background[0], asked.windows[0][1])
    source = data.attrs.get("source")
    if data.attrs["kind"] == "raman_scan":
        loss, dead = _alive(data, wanted, asked)
    else:
        loss, dead = summed(data, wanted), ()
    inner = asked.windows[0]
    if loss.energy[0] > asked.edge.windows[0][0] + 0.2 * (inner[1] - inner[0]) or loss.energy[-1] < inner[1] - 0.5:
        raise DataError(
            f"the {asked.edge.name} edge is normalised from {inner[0]:g} to {inner[1]:g} eV; the spectrum reaches from "
            f"{loss.energy[0]:.5g} to {loss.energy[-1]:.5g} eV.",
            file=source,
            hint="Name another window, --set normalise=LOW-HIGH, or another edge.",
        )
    q = momentum(asked, loss)
    shape = None
    if asked.formula and q is not None:
        shape = compton_shape(loss.energy, asked.formula, q[0], before=asked.background[1] - 5.0)
    models = backgrounds(loss.energy, loss.signal, loss.variance, asked.background, shape=shape)
    whole = integral(loss.energy, inner)
    areas = [float(whole @ (loss.signal - m.curve)) for m in models]
    u = _area_u(loss, asked, models[0], whole)
    if not areas[0] > _DEAD * u:
        raise DataError(
            f"no {asked.edge.name} edge stands above the background: its area is {areas[0]:.3g} ± {u:.2g}.",
            file=source,
            hint="Check edge and windows.",
        )
    kept = [k for k, area in enumerate(areas) if area > 0.3 * areas[0]]
    second = float(integral(loss.energy, asked.windows[-1]) @ (loss.signal - models[0].curve))
    return Reduced(
        loss,
        tuple(models[k] for k in kept),
        tuple(areas[k] for k in kept),
        second,
        (loss.signal - models[0].curve) / areas[0],
        np.sqrt(loss.variance) / areas[0],
        dead,
    )


def _area_u(loss: Loss, asked: Asked, model: Background, weights: np.ndarray) -> float:
    """Return the counting error of an area above a linear model."""
    slope = weights.copy()
    slope[inside(loss.energy, asked.background)] -= weights @ np.asarray(model.operator)
    return math.sqrt(float(slope**2 @ loss.variance))


def _alive(data: Dataset, wanted: Window, asked: Asked) -> tuple[Loss, tuple[int, ...]]:
    """Return the sum of the analysers that see the edge, and the numbers of the others."""
    loss = calibrated(data, wanted, use=asked.use, rates=asked.rates, dead_time=asked.dead_time)
    seen = tuple(float(one.number) for one in loss.analysers if _sees(loss, one, asked))
    if not seen:
        text = f"no analyser sees the {asked.edge.name} edge."
        raise DataError(text, file=data.attrs.get("source"), hint="Check edge and windows.")
    if len(seen) == len(loss.analysers):
        return loss, ()
    dead = tuple(one.number for one in loss.analysers if one.number not in seen)
    return calibrated(data, wanted, use=seen, rates=asked.rates, dead_time=asked.dead_time), dead


def _sees(loss: Loss, one: Analyser, asked: Asked) -> bool:
    alone = replace(loss, signal=one.signal, variance=one.variance)
    model = backgrounds(loss.energy, one.signal, one.variance, asked.background)[0]
    weights = integral(loss.energy, asked.windows[0])
    return float(weights @ (one.signal - model.curve)) > _DEAD * _area_u(alone, asked, model, weights)
