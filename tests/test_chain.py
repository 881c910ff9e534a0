"""The whole chain, 200 times: twin -> `.par` file -> reader -> resistance -> conductivity -> activation energy.

Every nuisance that the study states an uncertainty for is drawn anew: pellet, readings of thickness and area, gain of the
instrument, offset of the oven, temperature and noise of each spectrum. An honest 95 % interval then holds the truth in
92-98 % of the runs. (With 200 runs the count itself has a standard deviation of 1.5 %.)
"""

import numpy as np
import pytest

from closo.combine.arrhenius import Point, arrhenius, predict
from closo.quantity import parse
from closo.readers import read
from closo.techniques.impedance import analyse, analyse_series
from closo.twin import temperature_run

SEEDS = 200
PROGRAM = (
    (30.0, "heating"),
    (60.0, "heating"),
    (100.0, "heating"),
    (130.0, "heating"),
    (80.0, "cooling"),
    (30.0, "cooling"),
)
K_B = 1.380649e-23


def chain(sample, seed, folder, together):
    """Return the run with its truth, conductivities per point, and the Arrhenius result."""
    run = temperature_run(sample, seed=seed, folder=folder, program=PROGRAM)
    spectra = [d for d in read(run.file) if d.attrs["kind"] == "impedance"]
    geometry, temperatures = run.numbers(), run.temperatures()
    if together:
        results = analyse_series(spectra, name=sample, temperatures=temperatures, **geometry)
    else:
        results = [analyse(d, drt=False, temperature=t, **geometry) for d, t in zip(spectra, temperatures, strict=True)]
    points = [
        Point(r.quantities["temperature"].number, r.quantities["ionic_conductivity"].number, p.branch, r.name)
        for r, p in zip(results, run.points, strict=True)
        if r.quantities["ionic_conductivity"].number is not None
    ]
    run.file.unlink()
    return run, results, arrhenius(points, name=sample)


def inside(quantity, truth):
    """Return whether the interval holds the truth; what is withheld does not."""
    ends = quantity.interval()
    return ends is not None and ends[0] <= truth <= ends[1]


@pytest.mark.parametrize("seed", [82, 114])
def test_no_arc_of_an_impossible_exponent_takes_a_resistance_away(tmp_path, seed):
    """Common parameters let a second arc of some 100 uF in, with an exponent of 1.1 to 1.6, that is nowhere known."""
    run, results, _ = chain("milled", seed, tmp_path, True)
    for result, point in zip(results, run.points, strict=True):
        total = result.quantities["total_resistance"]
        assert total.number is not None, (result.name, total.why)
        assert total.value == pytest.approx(point.resistance, rel=0.05)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize(("sample", "together"), [("A200-35-4h", False), ("milled", True)])
def test_coverage_of_the_whole_chain(tmp_path, sample, together):
    held = {"resistance": [], "conductivity": [], "energy": [], "predicted": []}
    pulls = []
    at = parse("45 degC", "temperature")
    for seed in range(SEEDS):
        run, results, line = chain(sample, seed, tmp_path, together)
        middle = 2  # one spectrum per run: the points of a run share their pellet, so they are no independent trials
        q = results[middle].quantities
        held["resistance"].append(inside(q["total_resistance"], run.points[middle].resistance))
        held["conductivity"].append(inside(q["ionic_conductivity"], run.points[middle].conductivity))
        energy = line.quantities["activation_energy"]
        truth = run.pellet.batch.truth.activation_energy
        if energy.number is None:  # a kink or curvature was seen where there is none: a miss
            held["energy"].append(False)
            held["predicted"].append(False)
            continue
        held["energy"].append(inside(energy, truth))
        pulls.append((energy.value - truth) / energy.u)
        expected = run.pellet.conductivity(318.15, "heating", 0.0)  # the mean of the branches
        held["predicted"].append(inside(predict(line, at), expected))
    share = {name: float(np.mean(values)) for name, values in held.items()}
    # The resistance may be held a little too often: the budget turns a whole spectrum by 1 deg, the twin's analyser the
    # highest frequencies only, which the inductance of the leads takes up (sd of the pulls 0.8).
    highest = {"resistance": 0.99}
    assert all(0.92 <= value <= highest.get(name, 0.98) for name, value in share.items()), (share, np.std(pulls))
