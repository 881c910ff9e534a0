"""The solver in whole-array operations: the same answers as the compiled loops, and as a GPU where there is one."""

import builtins
import importlib

import numpy as np
import pytest

from closo.errors import ConvergenceError, StudyError
from closo.models.microstructure import overlapping_spheres, sample
from closo.models.transport import device as devices
from closo.models.transport import solve


def three_phases(shape, seed=0):
    random = np.random.default_rng(seed)
    return (random.random(shape) < 0.6).astype(np.uint8) + (random.random(shape) < 0.3).astype(np.uint8)


CASES = {
    "odd edges": ((9, 8, 7), {0: 0.0, 1: 1.0, 2: 50.0}, {}),
    "periodic": ((8, 10, 9), {0: 0.0, 1: 1.0, 2: 50.0}, {"boundary": "periodic"}),
    "steep": ((10, 9, 8), {0: 1.0, 1: 30.0, 2: 1e5}, {"tolerance": 1e-5}),
    "another axis": ((6, 9, 12), {0: 0.5, 1: 1.0, 2: 50.0}, {"axis": 2, "voxel_size": (1.0, 2.0, 0.5)}),
    "flat": ((12, 12), {0: 1.0, 1: 3.0, 2: 10.0}, {}),
}


@pytest.mark.parametrize("case", CASES)
def test_array_code_and_compiled_loops_agree_within_their_bounds(case):
    shape, phases, keywords = CASES[case]
    labels = three_phases(shape)
    compiled, arrays = (solve(labels, phases, **keywords, device=d) for d in ("cpu", "arrays"))
    for a, b in ((compiled, arrays), (arrays, compiled)):
        assert a.lower <= b.upper * (1 + 1e-12)  # both hold the truth
    gap = max(r.upper - r.lower for r in (compiled, arrays))  # one may be exact
    assert abs(compiled.effective_conductivity - arrays.effective_conductivity) <= gap + 1e-12 * arrays.upper
    gap = keywords.get("tolerance", 1e-4)
    assert arrays.upper - arrays.lower <= gap * arrays.upper
    for label, slope in compiled.derivatives.items():
        assert arrays.derivatives[label] * phases[label] == pytest.approx(
            slope * phases[label], abs=2 * gap**0.5 * compiled.effective_conductivity
        )


def test_parts_that_float_and_composite_links():
    made = overlapping_spheres(4.0, 1.0, 0.35, seed=2)
    labels = sample(made, 12, subvoxels=2, shell=0.25).labels
    phases = {0: 0.0, 1: 1.0, 2: 100.0}
    compiled, arrays = (solve(labels, phases, boundary="periodic", subvoxels=2, device=d) for d in ("cpu", "arrays"))
    assert arrays.effective_conductivity == pytest.approx(compiled.effective_conductivity, rel=1e-4)


def test_several_parts_without_an_electrode():
    labels = np.zeros((6, 7, 8), np.uint8)
    labels[:, 1:3, 1:3] = 1
    labels[:, 5, 5:7] = 1  # two rods that do not touch: 4 + 2 of 56 columns
    result = solve(labels, {0: 0.0, 1: 2.0}, boundary="periodic", device="arrays")
    assert result.effective_conductivity == pytest.approx(2.0 * 6 / 56, rel=1e-6)


def test_a_device_that_computes_wrongly_is_not_believed(monkeypatch):
    right = devices.ArrayWork.step

    def wrong(self, before):
        made = right(self, before)
        self.potential[1:-1, 1:-1, 1:-1] *= 1.02
        return made

    monkeypatch.setattr(devices.ArrayWork, "step", wrong)
    with pytest.raises(ConvergenceError, match="is known to lie between"):
        solve(three_phases((8, 8, 8)), {0: 0.5, 1: 1.0, 2: 50.0}, device="arrays", max_iterations=40)


def test_without_cupy_one_sentence(monkeypatch):
    monkeypatch.setattr(importlib, "import_module", lambda name: builtins.__import__("no_such_module"))
    with pytest.raises(StudyError, match="needs CuPy") as caught:
        solve(three_phases((4, 4, 4)), {0: 1.0, 1: 1.0, 2: 1.0}, device="cuda")
    assert "closo[gpu]" in str(caught.value)


def test_an_unknown_device_is_refused():
    with pytest.raises(StudyError, match="'cpu' or 'cuda'"):
        solve(three_phases((4, 4, 4)), {0: 1.0, 1: 1.0, 2: 1.0}, device="gpu")


def test_on_a_gpu():
    try:
        devices.library("cuda")
    except StudyError as error:
        pytest.skip(f"no GPU: {error}")
    labels = three_phases((64, 64, 64))
    phases = {0: 0.0, 1: 1.0, 2: 100.0}
    there, here = (solve(labels, phases, device=d) for d in ("cuda", "cpu"))
    assert there.effective_conductivity == pytest.approx(here.effective_conductivity, rel=1e-5)
