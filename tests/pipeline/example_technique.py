"""Bright share of an image: what a new technique is, all of it in one file.

Measures
    How much of an image of a powder is brighter than a threshold: with a known contrast, the share of one phase.
Protocol
    Take an image in which both phases are seen side by side, not on top of each other.
Needs
    `intensity` along `y` and `x`.
Gives
    `volume_fraction`.
Uncertainty sources
    `counting:<name>`: the pixels, taken as independent; `threshold:<name>`: 5 % of the intensity, either way.
Checks
    Two phases: neither share below 1 %.
Limits
    A share in a section is the share of the volume only where the section is isotropic.
Sources
    Delesse 1848; Underwood 1970, doi:10.1007/978-1-4615-8693-7_3.
"""

import numpy as np

from closo.dataset import name_of, require
from closo.figures import Axis, FigureSpec, Image, Panel
from closo.quantity import Quantity, uncertain
from closo.result import Check, Result
from closo.techniques import Technique

ROW = Technique(
    name="bright_share",
    title="Bright share of an image",
    module="example_technique",
    kinds=("image",),
    needs=("intensity",),
    settings={"threshold": (float, "intensity from which a pixel is bright; the middle of the range when absent")},
    headline=("volume_fraction",),
)


def share(intensity, threshold):
    """Return the share of pixels above a threshold; `intensity` has any shape."""
    return float(np.mean(np.asarray(intensity) > threshold))


def analyse(data, *, threshold=None):
    """Return the bright share of an image with its uncertainty.

    Raises
    ------
    DataError  when there is no image.
    """
    require(data, "intensity", who="bright_share")
    image, name = np.asarray(data["intensity"].values, float), name_of(data)
    level = 0.5 * (image.min() + image.max()) if threshold is None else threshold
    bright = share(image, level)
    sources = {
        f"counting:{name}": np.sqrt(max(bright * (1.0 - bright), 1.0 / image.size) / image.size),
        f"threshold:{name}": 0.5 * (share(image, 0.95 * level) - share(image, 1.05 * level)),
    }
    quantity = Quantity("volume_fraction", uncertain(bright, sources), f"pixels above {level:.4g}")
    check = Check(
        "two phases", 0.01 < bright < 0.99, f"{100 * bright:.3g} % of the pixels are bright, limits 1 and 99 %"
    )
    settings = {} if threshold is None else {"threshold": threshold}
    return Result(
        "bright_share", name, {"volume_fraction": quantity}, data, (check,), settings, findings={"level": float(level)}
    )


def figure(result):
    """Return the image, with the share in its title."""
    image = np.asarray(result.curves["intensity"].values, float)
    edges = [np.arange(size + 1.0) for size in image.shape]
    picture = Image(image, edges[1], edges[0], kind="values", label="intensity")
    title = f"{result.name}: {result.quantities['volume_fraction']} bright"
    panel = Panel(Axis("x / pixel"), Axis("y / pixel"), images=[picture], equal=True)
    return FigureSpec(name=f"bright share {result.name}", panels=[panel], title=title, summary=title)
