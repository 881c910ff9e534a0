"""A spectrum -> its normalised curve, and the same under other choices of background and normalisation."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from closo.dataset import Dataset
from closo.errors import DataError
from closo.techniques.xray_raman.background import inside
from closo.techniques.xray_raman.reduction import Asked, Reduced, reduced

_PRE, _POST = (-150.0, -30.0), (150.0, 900.0)  # eV from the edge, as Athena takes them
_LEAST = 5  # points of a range
_NEAR = 0.15  # of 0 before an edge, and twice that of 1 behind it: a normalised spectrum


@dataclass(frozen=True)
class Prepared:
    """A normalised spectrum.

    Attributes
    ----------
    energy, values : shape (n,). u : standard deviations, 0 where the noise is only known from the scatter.
    others : name of another choice -> values. done : how it was reduced, of an energy loss.
    how : in words. edge : energy of the edge [eV], NaN where none is known. zero_u : of its axis [eV].
    """

    energy: np.ndarray
    values: np.ndarray
    u: np.ndarray
    others: Mapping[str, np.ndarray]
    how: str
    edge: float = math.nan
    zero_u: float = 0.0
    done: Reduced | None = None

    def at(self, energy: np.ndarray, choice: str = "", *, shift: float = 0.0) -> np.ndarray:
        """Return the values at other energies, of another choice where there is one, shifted to higher energy."""
        return np.asarray(np.interp(energy - shift, self.energy, self.others.get(choice, self.values)))


def prepared(data: Dataset, way: str | None, asked: Asked | None, *, noise: float | None) -> Prepared:
    """Return a normalised spectrum with its other choices.

    Parameters
    ----------
    way : 'area' (background and area, of an energy loss), 'step' (pre-edge line and post-edge polynomial), 'none' (as it
        is in the file); by what the file says when absent. asked : windows of an energy loss.
    noise : standard deviation of a normalised point, where the file does not tell it.

    Raises
    ------
    DataError  when its range does not allow it, or an energy loss is not said to be of an edge.
    """
    if asked is not None and way in (None, "area"):
        found = reduced(data, asked)
        return _loss(found, asked)
    if data.attrs["kind"] == "raman_scan":
        raise DataError("scans of analysers need the edge.", file=data.attrs.get("source"), hint="--set edge='B K'.")
    energy, values = (
        np.asarray(data[name].values, float) for name in ("energy", "intensity" if "intensity" in data else "counts")
    )
    name = "intensity_u" if "intensity" in data else "counts_u"
    u = np.asarray(data[name].values, float) if name in data else np.zeros(energy.size)
    stated, file = data.attrs["metadata"], data.attrs.get("source")
    if way is None:
        way = "none" if stated.get("ordinate") == "normalised" else "step" if "e0" in stated else _guessed(values, file)
    if way == "step":
        return _step(energy, values, u, stated, noise=noise, file=file)
    u = u if noise is None else np.full(energy.size, noise)
    return Prepared(energy, values, u, {}, "as it is in the file", float(stated.get("e0", math.nan)))


def _guessed(values: np.ndarray, file: object) -> str:
    """Return 'none' for a spectrum that begins at 0 and ends at 1, which is normalised.

    Raises
    ------
    DataError  for another: nothing says what it is.
    """
    few = max(3, values.size // 20)
    begin, end = float(np.median(values[:few])), float(np.median(values[-few:]))
    if abs(begin) < _NEAR and abs(end - 1.0) < 2.0 * _NEAR:
        return "none"
    raise DataError(
        f"it begins at {begin:.3g} and ends at {end:.3g}, and nothing says how it is to be normalised.",
        file=file,
        hint="--set normalise=step (absorption), normalise=none (it is normalised), or edge='B K' (energy loss).",
    )


def _loss(found: Reduced, asked: Asked) -> Prepared:
    others = {f"background {m.name}": found.under(k) for k, m in enumerate(found.models) if k}
    high = asked.windows[-1][1]
    if len(asked.windows) > 1 and high <= found.loss.energy[-1] + 0.5 and found.second > 0:
        others["normalisation"] = found.edge * found.norms[0] / found.second
    words = f"background '{found.models[0].name}', area {asked.windows[0][0]:g}-{asked.windows[0][1]:g} eV"
    return Prepared(found.loss.energy, found.edge, found.u, others, words, zero_u=found.loss.zero_u, done=found)


def _step(
    energy: np.ndarray,
    values: np.ndarray,
    u: np.ndarray,
    stated: Mapping[str, Any],
    *,
    noise: float | None,
    file: object,
) -> Prepared:
    """Return a spectrum whose edge step is one, after the ranges that the file states, else those of Athena."""
    e0 = float(stated.get("e0") or stated.get("edge_energy") or energy[int(np.argmax(np.gradient(values, energy)))])
    pre = (stated.get("pre1", _PRE[0]), stated.get("pre2", _PRE[1]))
    post = (stated.get("nor1", _POST[0]), min(stated.get("nor2", _POST[1]), energy[-1] - e0))
    terms = int(stated.get("nnorm", 3))
    middle = 0.5 * (pre[0] + pre[1])
    choices = {
        "": (pre, post, terms),
        "normalisation, pre-edge": ((middle, pre[1]), post, terms),
        "normalisation, post-edge": (pre, (post[0] + 0.15 * (post[1] - post[0]), post[1]), terms),
        "normalisation, polynomial": (pre, post, terms - 1 if terms > 1 else 2),
    }
    found: dict[str, np.ndarray] = {}
    for name, (before, after, count) in choices.items():
        p, q = (inside(energy, (e0 + low, e0 + high)) for low, high in (before, after))
        if p.sum() < _LEAST or q.sum() < _LEAST + count:
            if name == "":
                raise DataError(
                    f"the spectrum cannot be normalised: {int(p.sum())} points before and {int(q.sum())} behind the edge at "
                    f"{e0:.6g} eV lie in the ranges {before[0]:g} to {before[1]:g} and {after[0]:g} to {after[1]:g} eV.",
                    file=file,
                    hint="If it is normalised already, say so: --set normalise=none.",
                )
            continue
        t = energy - e0
        above = values - np.polyval(np.polyfit(t[p], values[p], 1), t)
        height = float(np.polyval(np.polyfit(t[q], above[q], count - 1), 0.0))
        if not height > 0:
            raise DataError("its edge step is not positive.", file=file, hint="Check what the column holds.")
        found[name] = above / height
        u = u / height if name == "" else u
    words = f"pre-edge line, post-edge polynomial of {terms} terms at {e0:.6g} eV"
    made = Prepared(energy, found.pop(""), u, found, words, e0)
    return made if noise is None else replace(made, u=np.full(energy.size, noise))
