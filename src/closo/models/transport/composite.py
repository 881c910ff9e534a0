"""Faces of cells that hold many samples of a finer image: links between cell centres that see what lies between them.

The block of s x s x s samples between two cell centres can be taken as layers one behind the other (each in parallel: an
upper bound of its conductance) or as rods side by side (each in series: a lower bound). Current that passes from one
block to the next does so over their whole common face, so layers are the better picture where shells touch and carry the
current: for shells of a quarter of the particle's diameter, four cells per radius give what sixteen do to about 1 %, and
the mean of both is 5 to 12 % too low. Thin necks at high contrast can make layers 6 % too high. A shell that
touches no other is smeared: 4 % too high at three cells per shell. `rod_share` above 0 mixes rods in, which shows how
far the choice matters. At an electrode the block is the half cell in front of it.
"""

from __future__ import annotations

import numpy as np

from closo.models.compiled import njit, prange


def faces(
    fine: np.ndarray,
    conductivity: np.ndarray,
    subvoxels: int,
    factors: np.ndarray,
    *,
    periodic: bool,
    rod_share: float = 0.0,
) -> np.ndarray:
    """Return the conductances (3, n0 + 2, n1 + 2, n2 + 2) of the lower faces of padded cells, single precision.

    Parameters
    ----------
    fine : uint8 (s n0, s n1, s n2), classes; s = `subvoxels`, even.
    conductivity : of each class, class 0 is 0.
    factors : area over length of a cell along each axis.
    """
    shape = tuple(n // subvoxels for n in fine.shape)
    out = np.zeros((3, *(n + 2 for n in shape)), np.float32)
    for d in range(3):
        turned = np.ascontiguousarray(np.moveaxis(fine, d, 0))
        kind = (periodic, d == 0, rod_share)
        found = _layers(turned, conductivity, subvoxels, kind)
        if rod_share > 0:
            found = (1 - rod_share) * found + rod_share * _rods(turned, conductivity, subvoxels, kind)
        np.moveaxis(out[d], d, 0)[1:, 1:-1, 1:-1] = found * factors[d]
    return out


def energies(
    fine: np.ndarray,
    conductivity: np.ndarray,
    subvoxels: int,
    factors: np.ndarray,
    *,
    drops: np.ndarray,
    periodic: bool,
    rod_share: float = 0.0,
) -> np.ndarray:
    """Return sigma dE/dsigma of each class, E = sum of g (drop of potential)^2 over all faces.

    `drops` (3, n0 + 2, ...) holds the squared drop over each lower face, 0 where the face does not count.
    """
    found = np.zeros(conductivity.size)
    for d in range(3):
        turned = np.ascontiguousarray(np.moveaxis(fine, d, 0))
        over = np.ascontiguousarray(np.moveaxis(drops[d], d, 0)[1:, 1:-1, 1:-1]) * factors[d]
        found += _shares(turned, conductivity, over, (periodic, d == 0, rod_share))
    return found


@njit(inline="always", error_model="numpy")
def _extent(i, cells, s, kind):  # type: ignore[no-untyped-def]
    """Return the samples between the centres of cells i - 1 and i along axis 0; an empty range where there is a wall."""
    periodic, electrodes, _ = kind
    low, high = i * s - s // 2, i * s + s // 2
    if i in (0, cells):
        if not electrodes and (not periodic or cells == 1):
            return 0, 0
        if not periodic:
            return max(low, 0), min(high, cells * s)
    return low, high


@njit(cache=True, parallel=True, error_model="numpy")
def _layers(fine, conductivity, s, kind):  # type: ignore[no-untyped-def]
    """Return links of layers along axis 0, shape (n0 + 1, n1, n2): lower faces, and the upper face of the last cell."""
    length = fine.shape[0]
    n0, n1, n2 = length // s, fine.shape[1] // s, fine.shape[2] // s
    out = np.zeros((n0 + 1, n1, n2))
    for i in prange(n0 + 1):
        low, high = _extent(i, n0, s, kind)
        layer = np.empty(n2)
        for j in range(n1 if high > low else 0):
            for ii in range(low, high):
                layer[:] = 0
                for jj in range(j * s, j * s + s):
                    row = fine[ii % length, jj]
                    for k in range(n2):
                        for kk in range(k * s, k * s + s):
                            layer[k] += conductivity[row[kk]]
                out[i, j] += 1 / layer
            out[i, j] = 1 / (s * out[i, j])
    return out


@njit(cache=True, parallel=True, error_model="numpy")
def _rods(fine, conductivity, s, kind):  # type: ignore[no-untyped-def]
    """Return links of rods, otherwise as `_layers`."""
    length = fine.shape[0]
    n0, n1, n2 = length // s, fine.shape[1] // s, fine.shape[2] // s
    resistivity = 1 / conductivity
    out = np.zeros((n0 + 1, n1, n2))
    for i in prange(n0 + 1):
        low, high = _extent(i, n0, s, kind)
        rod = np.empty(n2 * s)
        for jj in range(n1 * s if high > low else 0):
            rod[:] = 0
            for ii in range(low, high):
                row = fine[ii % length, jj]
                for kk in range(n2 * s):
                    rod[kk] += resistivity[row[kk]]
            for kk in range(n2 * s):
                out[i, jj // s, kk // s] += 1 / (s * rod[kk])
    return out


@njit(cache=True, error_model="numpy")
def _shares(fine, conductivity, over, kind):  # type: ignore[no-untyped-def]
    """Return sum of over * sigma dg/dsigma of each class, for the links along axis 0."""
    n0, n1, n2 = over.shape[0] - 1, over.shape[1], over.shape[2]
    s = fine.shape[1] // n1
    found = np.zeros(conductivity.size)
    share = np.zeros(conductivity.size)
    for i in range(n0 + 1):
        low, high = _extent(i, n0, s, kind)
        for j in range(n1 if high > low else 0):
            for k in range(n2):
                if over[i, j, k] > 0:
                    block = (low, high, j * s, k * s)
                    _block_shares(fine, conductivity, s, (block, share, kind[2]))
                    for c in range(1, share.size):
                        found[c] += over[i, j, k] * share[c]
    return found


@njit(inline="always", error_model="numpy")
def _block_shares(fine, conductivity, s, where):  # type: ignore[no-untyped-def]
    """Write sigma dg/dsigma of each class for one link into `share`."""
    block, share, rods = where
    share[:] = 0
    if rods > 0:
        _rod_shares(fine, conductivity, s, (block, share, rods))
    if rods < 1:
        _layer_shares(fine, conductivity, s, (block, share, 1 - rods))


@njit(cache=True, error_model="numpy")
def _rod_shares(fine, conductivity, s, where):  # type: ignore[no-untyped-def]
    """Add the shares of rods: g = sum over rods of 1/R, R = sum of 1/sigma."""
    (low, high, j0, k0), share, weight = where
    length = fine.shape[0]
    for jj in range(j0, j0 + s):
        for kk in range(k0, k0 + s):
            resistance = 0.0
            for ii in range(low, high):
                resistance += 1 / conductivity[fine[ii % length, jj, kk]]
            if resistance < np.inf:
                for ii in range(low, high):
                    c = fine[ii % length, jj, kk]
                    share[c] += weight / (s * resistance**2 * conductivity[c])


@njit(cache=True, error_model="numpy")
def _layer_shares(fine, conductivity, s, where):  # type: ignore[no-untyped-def]
    """Add the shares of layers: g = 1 / sum of 1/L, L = sum of sigma over a layer."""
    (low, high, j0, k0), share, weight = where
    length = fine.shape[0]
    layers, series = np.zeros(high - low), 0.0
    for ii in range(low, high):
        for jj in range(j0, j0 + s):
            for kk in range(k0, k0 + s):
                layers[ii - low] += conductivity[fine[ii % length, jj, kk]]
        series += 1 / layers[ii - low]
    for ii in range(low, high if series < np.inf else low):
        for jj in range(j0, j0 + s):
            for kk in range(k0, k0 + s):
                c = fine[ii % length, jj, kk]
                share[c] += weight * conductivity[c] / (s * layers[ii - low] ** 2 * series**2)
