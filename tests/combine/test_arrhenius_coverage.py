"""Are the error bars true? The truth lies in the 95 % interval in 92-98 % of 400 pellets, pulls have sd 0.9-1.15.

Every pellet draws its thickness (2 %), area (1 %, common to two pellets), chamber offset (0.5 K, common), temperature
scatter (0.1 K) and fit (0.5 %) as its stated uncertainties say.
"""

import math

import numpy as np
import pytest

from closo.combine.arrhenius import arrhenius, predict, ratio

EV = 1.602176634e-19
K_B_EV = 8.617333262e-5
UP = [30.0, 45.0, 60.0, 75.0, 90.0, 105.0, 130.0]
SEEDS = 400


class Tally:
    """Counts intervals that hold the truth, and pulls."""

    def __init__(self):
        self.inside, self.pulls = [], []

    def add(self, quantity, truth, *, logarithmic=False):
        low, high = quantity.interval()
        self.inside.append(low <= truth <= high)
        if logarithmic:
            self.pulls.append(math.log(quantity.value / truth) * quantity.value / quantity.u)
        else:
            self.pulls.append((quantity.value - truth) / quantity.u)

    def judge(self, lowest=0.92, highest=0.98, sd=(0.9, 1.15)):
        coverage, spread = float(np.mean(self.inside)), float(np.std(self.pulls))
        assert lowest <= coverage <= highest, (coverage, spread)
        assert sd[0] <= spread <= sd[1], (coverage, spread)


def _tallies(pellet, law, energy, celsius, **keywords):
    tallies = {"energy": Tally(), "at 30 degC": Tally(), "prefactor": Tally()}
    for seed in range(SEEDS):
        result = arrhenius(pellet(np.random.default_rng(seed), celsius, law, **keywords), name="p")
        tallies["energy"].add(result.quantities["activation_energy"], energy * EV)
        tallies["at 30 degC"].add(predict(result, 303.15), math.exp(law(303.15)), logarithmic=True)
        tallies["prefactor"].add(result.quantities["prefactor"], 10.0**7.5, logarithmic=True)
    return tallies


@pytest.mark.slow
def test_heating_and_cooling(pellet, straight):
    both = {"branches": ["heating"] * 7 + ["cooling"] * 7}
    for tally in _tallies(pellet, straight(0.38, 7.5), 0.38, UP + UP[::-1], **both).values():
        tally.judge()


@pytest.mark.slow
@pytest.mark.parametrize("celsius", [[30.0, 60.0], [30.0, 60.0, 90.0]], ids=["n=2", "n=3"])
def test_few_points(pellet, straight, celsius):
    for tally in _tallies(pellet, straight(0.38, 7.5), 0.38, celsius).values():
        tally.judge()


@pytest.mark.slow
def test_unequal_weights(pellet, straight):
    """With 3 degrees of freedom the Birge ratio (never below 1) alone narrows the pulls to about 0.925."""
    fits = [0.03, 0.002, 0.01, 0.02, 0.05]
    for tally in _tallies(pellet, straight(0.38, 7.5), 0.38, UP[:5], fit=fits).values():
        tally.judge(sd=(0.85, 1.15))  # two standard errors of 400 pulls below that


@pytest.mark.slow
def test_scatter_that_nobody_stated(pellet, straight):
    """Three times the stated scatter: what the residuals say is believed, with n - 2 degrees of freedom."""
    tally, refused = Tally(), 0
    for seed in range(SEEDS):
        points = pellet(np.random.default_rng(seed), UP, straight(0.38, 7.5), unstated=0.02)
        energy = arrhenius(points, name="p").quantities["activation_energy"]
        if energy.value is None:
            refused += 1
        else:
            tally.add(energy, 0.38 * EV)
    assert refused <= 0.05 * SEEDS
    assert 0.92 <= float(np.mean(tally.inside)) <= 0.98  # the pulls follow Student's t here


@pytest.mark.slow
def test_ratio_of_two_pellets(pellet, straight):
    """Two samples from one die and one chamber: what they share cancels, what they do not stays."""
    gain, energy, prefactor = Tally(), 0.58, 8.58
    truth = (7.5 - prefactor) + (energy - 0.38) / (K_B_EV * 303.15 * math.log(10.0))
    for seed in range(SEEDS):
        rng = np.random.default_rng(seed)
        drawn = {"offset": rng.normal(), "area": rng.normal()}
        nano = pellet(rng, UP[::2], straight(0.38, 7.5), name="nano", drawn=drawn)
        milled = pellet(rng, UP[::2], straight(energy, prefactor), name="milled", drawn=drawn)
        gain.add(ratio(arrhenius(nano, name="nano"), arrhenius(milled, name="milled"), 303.15), truth)
    gain.judge()


@pytest.mark.slow
def test_hysteresis(pellet, straight):
    tally = Tally()
    branches = ["heating"] * 4 + ["cooling"] * 4
    for seed in range(SEEDS // 2):
        rng = np.random.default_rng(seed)
        law, celsius = straight(0.38, 7.5), [30.0, 60.0, 90.0, 120.0, 120.0, 90.0, 60.0, 30.0]
        points = pellet(rng, celsius, law, branches=branches, hysteresis=0.03)
        tally.add(arrhenius(points, name="p").quantities["hysteresis"], 0.03)
    tally.judge(sd=(0.85, 1.15))
