"""A technique that is quick and can be slow, wrong or deadly on demand. Each call leaves a line in $FAKE_CALLS.

Worker processes find it by its entry point, in the folder beside this file, and install it.
"""

import multiprocessing
import os
import time
from pathlib import Path

import numpy as np

import closo.techniques
from closo.dataset import name_of
from closo.errors import DataError
from closo.quantity import Quantity, uncertain, withheld
from closo.result import Check, Result
from closo.techniques import Technique

ROW = Technique(
    name="fake",
    title="Fake technique",
    module="fake_technique",
    kinds=("impedance",),
    needs=("frequency", "impedance"),
    inputs=("area", "thickness", "temperature", "lead_resistance"),
    settings={"delay": (float, "seconds"), "mood": (str, "'sad', 'broken' or 'deadly'")},
)


def install() -> None:
    """Make the technique known to closo."""
    if ROW not in closo.techniques.TECHNIQUES:
        closo.techniques.TECHNIQUES = (*closo.techniques.TECHNIQUES, ROW)
    from closo.pipeline import combining, explained, jobs, plan, recalling

    for module in (
        explained,
        jobs,
        combining,
        plan,
        recalling,
    ):  # edits of closo while a test runs do not matter
        module.code_version = lambda *_: "0.0.0+test"


def analyse(data, *, area=None, thickness=None, temperature=None, lead_resistance=None, delay=0.0, mood=""):
    name = name_of(data)
    with Path(os.environ["FAKE_CALLS"]).open("a") as calls:
        calls.write(f"{name}\n")
    time.sleep(delay)
    if mood == "sad":
        raise DataError("the data are sad.", file=name, hint="Cheer them up.")
    if mood == "broken":
        raise ZeroDivisionError("nobody saw this coming")
    if mood == "deadly":
        os.kill(os.getpid(), 9)
    value = float(np.mean(data["impedance"].values.real))
    resistance = uncertain(value, {f"fit:{name}": 0.01 * value}, df=20)
    sigma = withheld("ionic_conductivity", "area or thickness is not given")
    if area is not None and thickness is not None:
        sigma = Quantity("ionic_conductivity", thickness / (resistance * area), "L/(R A)")
    quantities = {"total_resistance": Quantity("total_resistance", resistance), "ionic_conductivity": sigma}
    if temperature is not None:
        quantities["temperature"] = Quantity("temperature", temperature)
    return Result("fake", name, quantities, data, (Check("alive", True, "it ran"),), {"delay": np.float64(delay)})


if multiprocessing.parent_process() is not None:
    install()
