"""What the peers of `benchmarks.transport` share: the resistor network of an image as a sparse matrix, and a meter.

Nothing but numpy and scipy: every peer runs in an environment of its own. Flow is along axis 0 from potential 1 to 0.
"""

import json
import resource
import sys
import time
from pathlib import Path

import numpy as np

CONVENTIONS = ("face", "ghost", "node")  # electrode on the outer face, one voxel outside (padding), on the end layer


def image_and_conductivity(path, contrast):
    """Return the labels (n, n, n) of a file and the conductivity per label: particle 0, matrix 1, shell `contrast`."""
    return np.load(path), np.array([0.0, 1.0, contrast])


def connected(labels):
    """Return the mask of conducting voxels joined by faces to both electrodes."""
    from scipy import ndimage

    found, _ = ndimage.label(labels > 0)
    both = np.intersect1d(np.unique(found[0]), np.unique(found[-1]))
    return np.isin(found, both[both > 0])


def assemble(labels, conductivity, convention="face"):
    """Return matrix (csr), right side, start and a function giving the effective conductivity of a solution."""
    import scipy.sparse

    active = connected(labels)
    sigma = np.where(active, conductivity[labels], 0.0)
    links = [_link(sigma, axis) for axis in range(3)]
    unknown = active.copy()
    if convention == "node":
        unknown[0] = unknown[-1] = False
    number = np.full(labels.shape, -1, np.int32)
    number[unknown] = np.arange(np.count_nonzero(unknown), dtype=np.int32)
    diagonal, right = np.zeros(labels.shape), np.zeros(labels.shape)
    rows, columns, values = [], [], []
    for axis, link in enumerate(links):
        here, there = _pair(axis)
        diagonal[here] += link
        diagonal[there] += link
        i, j = number[here], number[there]
        joined = (i >= 0) & (j >= 0) & (link > 0)
        i, j, g = i[joined], j[joined], -link[joined]
        rows += [i, j]
        columns += [j, i]
        values += [g, g]
    if convention == "node":
        right[1] = links[0][0]
    else:
        electrode = 2.0 if convention == "face" else 1.0
        diagonal[0] += electrode * sigma[0]
        diagonal[-1] += electrode * sigma[-1]
        right[0] = electrode * sigma[0]
    rows.append(number[unknown])
    columns.append(number[unknown])
    values.append(diagonal[unknown])
    size = int(np.count_nonzero(unknown))
    matrix = scipy.sparse.csr_matrix(
        (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))), shape=(size, size)
    )
    length = labels.shape[0] + {"face": 0, "ghost": 1, "node": -1}[convention]
    slope = 1.0 - (np.arange(labels.shape[0]) + 0.5) / labels.shape[0]
    start = np.broadcast_to(slope[:, None, None], labels.shape)[unknown]

    def effective(solution):
        potential = np.zeros(labels.shape)
        potential[unknown] = solution
        if convention == "node":
            potential[0] = 1.0
        current = ((potential[:-1] - potential[1:]) * links[0]).sum((1, 2)).mean()  # mean over all planes
        return float(current * length / (labels.shape[1] * labels.shape[2]))

    return matrix, right[unknown], start, effective


def _pair(axis):
    here, there = [slice(None)] * 3, [slice(None)] * 3
    here[axis], there[axis] = slice(None, -1), slice(1, None)
    return tuple(here), tuple(there)


def _link(sigma, axis):
    """Harmonic mean of neighbours; 0 where either is 0."""
    here, there = _pair(axis)
    total = sigma[here] + sigma[there]
    return np.divide(2 * sigma[here] * sigma[there], total, out=np.zeros_like(total), where=total > 0)


def tiny():
    """Return an image of 16^3 voxels for the warm-up."""
    labels = np.ones((16, 16, 16), np.uint8)
    labels[4:9, 4:9, 4:9] = 2
    labels[5:8, 5:8, 5:8] = 0
    return labels


def _seconds():
    use = resource.getrusage(resource.RUSAGE_SELF)
    return use.ru_utime + use.ru_stime


def _status(field):
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) * 1024
    raise RuntimeError(f"/proc/self/status has no {field}")


def measure(solve, version):
    """Time `solve(labels, conductivity, tolerance) -> (effective conductivity, iterations)`; print one JSON object.

    Command line: IMAGE.npy CONTRAST TOLERANCE. Components, assembly and set-up are inside the time; imports, loading of
    the image and compilation (a first call on a tiny image) are not.
    """
    path, contrast, tolerance = sys.argv[1], float(sys.argv[2]), float(sys.argv[3])
    solve(tiny(), np.array([0.0, 1.0, contrast]), tolerance)
    before = _status("VmRSS")
    labels, conductivity = image_and_conductivity(path, contrast)
    cpu, wall = _seconds(), time.perf_counter()
    effective, iterations = solve(labels, conductivity, tolerance)
    cpu, wall = _seconds() - cpu, time.perf_counter() - wall
    peak = _status("VmHWM")
    print(
        json.dumps(
            {
                "version": version,
                "tolerance": tolerance,
                "effective": float(effective),
                "iterations": int(iterations),
                "cpu_s": cpu,
                "wall_s": wall,
                "peak_GB": peak / 1e9,
                "bytes_per_voxel": (peak - before) / labels.size,
            }
        )
    )
