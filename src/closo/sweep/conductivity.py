"""The function of the sweep `conductivity`: a microstructure from a seed, and what it conducts."""

from __future__ import annotations


def conductivity(
    *,
    filler_fraction: float,
    shell_ratio: float,
    contrast: float,
    geometry: str = "overlapping",
    seed: int = 0,
    box: float = 6.0,
    cells: int = 48,
    subvoxels: int = 4,
) -> dict[str, float | int | str | None]:
    """Return the effective conductivity of insulating spheres with a conducting shell in a matrix, in units of the matrix's.

    Parameters
    ----------
    geometry : 'overlapping' (spheres at independent places), 'hard' (without overlap) or 'aggregated' (fractal); `SWEEPS`
        says what the others are.

    Returns
    -------
    `effective_conductivity` of this arrangement along the first axis, from two grids, and `u`, its standard uncertainty
    (grid, links and solver; not that another box differs: sweep over `seed`); `network_conductivity` of the finer grid
    with its bounds `lower` and `upper`, the fractions reached, `reason` where nothing connects the two sides, and
    `iterations`.

    Raises
    ------
    StudyError  when a parameter is outside its range.
    ConvergenceError  when the bounds do not come close enough.

    Example
    -------
    >>> found = conductivity(filler_fraction=0.2, shell_ratio=0.25, contrast=1.0, cells=8)
    >>> 0.6 < found["effective_conductivity"] < 0.8  # Maxwell's bound for 20 % of insulating spheres is 0.727
    True
    """
    from closo.models import microstructure as structures
    from closo.models.simulation import geometry_of
    from closo.models.transport import resolved

    spheres = geometry_of(geometry, filler_fraction, box, seed=seed)

    def image(number: int) -> structures.Microstructure:  # the diameter is 1
        return structures.sample(spheres, number, subvoxels=subvoxels, shell=shell_ratio)

    phases = {structures.PARTICLE: 0.0, structures.MATRIX: 1.0, structures.SHELL: contrast, structures.VOID: 0.0}
    voxels = image(cells)
    solved = resolved(lambda n: voxels.labels if n == cells else image(n).labels, cells, phases, subvoxels=subvoxels)
    return {
        "effective_conductivity": solved.effective_conductivity,
        "u": solved.u,
        "network_conductivity": solved.fine.effective_conductivity,
        "lower": solved.fine.lower,
        "upper": solved.fine.upper,
        "particle_fraction": float(voxels.fractions.get(structures.PARTICLE, 0.0)),
        "shell_fraction": float(voxels.fractions.get(structures.SHELL, 0.0)),
        "matrix_fraction": float(voxels.fractions.get(structures.MATRIX, 0.0)),
        "iterations": solved.fine.iterations,
        "reason": solved.fine.reason,
    }
