"""A phase from its CIF file: reflections with their calculated intensities, and what turns a scale factor into a mass.

Structure factors are sums over the atoms of the cell with the scattering factors of International Tables C (of ions too,
where the CIF file states charges, Ti4+) and the dispersion corrections of Cromer and Liberman, both as gemmi tabulates
them, and isotropic displacement.

Sources: Wojdyr, J. Open Source Softw. 2022, 7, 4200, doi:10.21105/joss.04200 (gemmi, MPL-2.0); Hill, Howard, J. Appl. Cryst.
1987, 20, 467, doi:10.1107/S0021889887086199 (mass fractions from scale factors).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from closo.errors import StudyError
from closo.techniques.diffraction.wavelengths import Radiation

_LARGEST_FILE = 20_000_000  # bytes
_MOST_REFLECTIONS = 6000
_MOST_ATOMS = 5000
_WEAKEST = 1e-5  # of the strongest line, below which a reflection is left out
_DALTON = 1.66053907  # g/cm3 of one dalton per cubic angstrom
_BARN_PER_ELECTRON = 2.0 * 2.8179403e-5  # 2 r_e [angstrom]: absorption cross-section = 2 r_e lambda f''
_SAME_PLACE = 0.05  # angstrom
_DEFAULT_U = 0.0063  # angstrom2 (B = 0.5), where the file states none

_FREE = {  # crystal system -> which parameters of the cell are free; each group changes together
    "cubic": ((0, 1, 2),),
    "tetragonal": ((0, 1), (2,)),
    "hexagonal": ((0, 1), (2,)),
    "trigonal": ((0, 1), (2,)),
    "rhombohedral": ((0, 1, 2), (3, 4, 5)),
    "orthorhombic": ((0,), (1,), (2,)),
    "monoclinic": ((0,), (1,), (2,), (4,)),
    "triclinic": ((0,), (1,), (2,), (3,), (4,), (5,)),
}


_Site = tuple[Any, np.ndarray]  # gemmi's site, and the positions of its images


@dataclass(frozen=True)
class Phase:
    """A crystalline phase.

    Attributes
    ----------
    name : of its CIF file, without folder and ending.
    cell : a, b, c [angstrom], alpha, beta, gamma [deg], as the file states them.
    free : groups of these six that change together.
    hkl : shape (n, 3).
    strength : shape (n,), multiplicity x |F|^2 / V^2 [electron^2/angstrom^6], without the Lorentz and polarisation factors.
    mass : of the cell's content [dalton].
    attenuation : linear attenuation coefficient [1/cm].
    equivalents : the reflections that are equivalent to each, shape (m, n, 3), some more than once.
    """

    name: str
    cell: tuple[float, ...]
    free: tuple[tuple[int, ...], ...]
    hkl: np.ndarray
    strength: np.ndarray
    mass: float
    attenuation: float
    equivalents: np.ndarray | None = None

    @property
    def volume(self) -> float:
        """Volume of the cell [angstrom3]."""
        return volume_of(self.cell)

    @property
    def density(self) -> float:
        """X-ray density [g/cm3]: a scale factor times it is proportional to the mass."""
        return _DALTON * self.mass / self.volume


def load(path: str, radiation: Radiation, *, largest_angle: float, file: object = None) -> Phase:
    """Read a phase from a CIF file.

    Parameters
    ----------
    largest_angle : 2theta up to which reflections are needed [deg].

    Raises
    ------
    StudyError  where the file is missing, is not a CIF, has no cell, space group or atoms, or is too large.
    """
    structure = _read(path)
    cell = structure.cell
    parameters = (cell.a, cell.b, cell.c, cell.alpha, cell.beta, cell.gamma)
    if not (all(1.0 < p < 200.0 for p in parameters) and cell.volume > 1.0):
        raise StudyError(
            "the CIF file has no unit cell that can be.", file=path, hint="Check _cell_length_a and the others."
        )
    least = radiation.main / (2.0 * math.sin(math.radians(min(largest_angle + 2.0, 178.0) / 2.0))) * 0.985
    if cell.volume / least**3 * 2.1 > 40 * _MOST_REFLECTIONS:
        text = f"its cell of {cell.volume:.0f} angstrom3 has too many reflections up to {largest_angle:.0f} deg."
        raise StudyError(text, file=path, hint="Use a smaller range of angles (two_theta_max).")
    sites = _sites(structure, path)
    hkl, multiplicity, equivalents = _reflections(structure, least)
    if not len(hkl):
        raise StudyError("the phase has no reflection in the range of the pattern.", file=path, hint="Check its cell.")
    factor = _structure_factors(sites, hkl, inverse_spacings(parameters, hkl), radiation)
    strength = multiplicity * np.abs(factor) ** 2 / cell.volume**2
    kept = strength > _WEAKEST * strength.max()
    mass = float(sum(site.occ * len(images) * site.element.weight for site, images in sites))
    return Phase(
        name=Path(path).stem,
        cell=parameters,
        free=_free(structure, parameters),
        hkl=hkl[kept],
        strength=strength[kept],
        mass=mass,
        attenuation=_attenuation(sites, cell.volume, radiation),
        equivalents=equivalents[:, kept],
    )


def _read(path: str) -> Any:
    """Return the first block of a CIF file that has atoms, as gemmi's small structure with its space group."""
    import gemmi

    place = Path(path)
    if not place.is_file():
        raise StudyError("there is no such CIF file.", file=path, hint="Check the setting phases.")
    if place.stat().st_size > _LARGEST_FILE:
        raise StudyError("the CIF file is larger than 20 MB.", file=path, hint="Give the structure alone.")
    try:
        document = gemmi.cif.read_string(place.read_text(encoding="utf-8", errors="replace"))
    except (ValueError, RuntimeError, OSError) as error:
        reason = " ".join(str(error).split())[:120]
        raise StudyError(
            f"this is not a CIF file ({reason}).", file=path, hint="Export the structure as CIF."
        ) from None
    for block in document:
        structure = gemmi.make_small_structure_from_block(block)
        if len(structure.sites) and structure.cell.is_crystal():
            break
    else:
        raise StudyError(
            "the CIF file holds no atoms in a cell.", file=path, hint="Export the structure with its atoms."
        )
    if structure.spacegroup is None:
        raise StudyError(
            f"the space group '{structure.spacegroup_hm[:30]}' is not known.",
            file=path,
            hint="Write it as _symmetry_space_group_name_H-M 'P 1 21/n 1', or list the symmetry operations.",
        )
    return structure


def _sites(structure: Any, path: str) -> list[_Site]:
    """Return the atoms of the cell: each of the file with its images."""
    known = [site for site in structure.sites if site.element.atomic_number == 0 or not 0.0 <= site.occ <= 1.0001]
    if known:
        text = f"the atom '{known[0].label[:20]}' has no element or an occupancy that is not valid."
        raise StudyError(text, file=path, hint="Check _atom_site_type_symbol and _atom_site_occupancy.")
    if len(structure.sites) * len(structure.spacegroup.operations()) > _MOST_ATOMS * 4:
        raise StudyError("the structure has too many atoms.", file=path, hint="Give a smaller cell.")
    return [(site, _images(structure, site)) for site in structure.sites]


def _images(structure: Any, site: Any) -> np.ndarray:
    """Return the positions of all atoms that symmetry makes of one, shape (n, 3), fractional.

    Images closer than _SAME_PLACE are one atom on a special position; a disordered atom beside one keeps all of its images.
    """
    start = np.array(site.fract.tolist())
    every = [op for op in structure.spacegroup.operations()]
    images = np.array([np.reshape(op.rot, (3, 3)) @ start + np.array(op.tran) for op in every]) / every[0].DEN
    metric = _metric((*structure.cell.parameters,))
    kept: list[np.ndarray] = []
    for image in images - np.floor(images):
        apart = np.array(kept).reshape(-1, 3) - image
        apart -= np.round(apart)
        if not np.any(np.einsum("ni,ij,nj->n", apart, metric, apart) < _SAME_PLACE**2):
            kept.append(image)
    return np.array(kept)


def _reflections(structure: Any, least: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return one reflection of each set with a spacing above `least`, how many are in the set, and all of them."""
    import gemmi

    hkl = np.asarray(gemmi.make_miller_array(structure.cell, structure.spacegroup, least), dtype=int)
    rotations = {tuple(np.asarray(op.rot, int).ravel() // op.DEN) for op in structure.spacegroup.operations()}
    turned = np.stack([hkl @ np.reshape(r, (3, 3)) for r in sorted(rotations)])
    both = np.concatenate([turned, -turned])
    code = (both[..., 0] * 2048 + both[..., 1]) * 2048 + both[..., 2]
    multiplicity = np.array([np.unique(code[:, k]).size for k in range(len(hkl))], dtype=float)
    return hkl, multiplicity, turned


def _structure_factors(sites: list[_Site], hkl: np.ndarray, q: np.ndarray, radiation: Radiation) -> np.ndarray:
    """Return F [electrons], complex, shape (n,); `q` is 1/d [1/angstrom]."""
    total = np.zeros(len(hkl), complex)
    s2 = (0.5 * q) ** 2
    forms: dict[tuple[str, int], np.ndarray] = {}
    for site, images in sites:
        symbol = site.element.name, site.charge
        if symbol not in forms:
            forms[symbol] = _form_factor(site, s2, radiation)
        damping = site.occ * np.exp(-8.0 * math.pi**2 * s2 * _displacement(site))
        total += forms[symbol] * damping * np.exp(2j * math.pi * hkl @ images.T).sum(axis=1)
    return total


def _displacement(site: Any) -> float:
    """Return U iso [angstrom2]: stated, the mean of the anisotropic ones, or a usual value."""
    if site.u_iso > 0.0:
        return min(float(site.u_iso), 0.5)
    mean = float(site.aniso.trace()) / 3.0
    return mean if mean > 0.0 else _DEFAULT_U


def _form_factor(site: Any, s2: np.ndarray, radiation: Radiation) -> np.ndarray:
    """Return f0 + f' + i f''; of an atom whose charge is stated, f0 halfway from the neutral atom to the ion.

    Bonds are neither: halfway fits ten of ten patterns of oxides better than neutral atoms, and eight better than ions.
    """
    import gemmi

    gemmi.IT92_set_ignore_charge(False)
    tables = [site.element.it92, gemmi.IT92_get_exact(site.element, site.charge) or site.element.it92]
    form = np.mean([table.c + np.exp(-np.outer(s2, table.b)) @ np.array(table.a) for table in tables], axis=0)
    real, imaginary = gemmi.cromer_liberman(z=site.element.atomic_number, energy=radiation.energy)
    return np.asarray(form + real + 1j * imaginary)


def _attenuation(sites: list[_Site], volume: float, radiation: Radiation) -> float:
    """Return the photoelectric part of the linear attenuation coefficient [1/cm]."""
    import gemmi

    each = {site.element.atomic_number for site, _ in sites}
    imaginary = {z: gemmi.cromer_liberman(z=z, energy=radiation.energy)[1] for z in each}
    total = sum(site.occ * len(images) * imaginary[site.element.atomic_number] for site, images in sites)
    return float(_BARN_PER_ELECTRON * radiation.main * total / volume * 1e8)


def _free(structure: Any, cell: tuple[float, ...]) -> tuple[tuple[int, ...], ...]:
    system = structure.spacegroup.crystal_system_str()
    if system == "trigonal" and abs(cell[5] - 120.0) > 0.01:
        system = "rhombohedral"
    if system == "monoclinic":
        unique = next((k for k in (3, 4, 5) if abs(cell[k] - 90.0) > 1e-6), 4)
        return ((0,), (1,), (2,), (unique,))
    return _FREE[system]


def cell_of(phase: Phase, changes: np.ndarray) -> tuple[float, ...]:
    """Return the cell with each free group changed by a factor of 1 + its change (angles: by that many radians)."""
    cell = list(phase.cell)
    for group, change in zip(phase.free, changes, strict=True):
        for k in group:
            cell[k] = cell[k] * (1.0 + change) if k < 3 else cell[k] + math.degrees(change)
    return tuple(cell)


def _metric(cell: tuple[float, ...]) -> np.ndarray:
    a, b, c = cell[:3]
    ca, cb, cg = (math.cos(math.radians(angle)) for angle in cell[3:])
    return np.array([[a * a, a * b * cg, a * c * cb], [a * b * cg, b * b, b * c * ca], [a * c * cb, b * c * ca, c * c]])


def volume_of(cell: tuple[float, ...]) -> float:
    """Return the volume of a cell [angstrom3]."""
    return math.sqrt(max(float(np.linalg.det(_metric(cell))), 0.0))


def march(phase: Phase, direction: tuple[int, ...], ratio: float) -> np.ndarray:
    """Return by what preferred orientation of plates or needles changes the intensities (March), shape (n,).

    Parameters
    ----------
    direction : reflection whose planes lie flat on the specimen.
    ratio : 1 without preference, below 1 for plates.

    Source: Dollase, J. Appl. Cryst. 1986, 19, 267, doi:10.1107/S0021889886089458.
    """
    reciprocal = np.linalg.inv(_metric(phase.cell))
    axis, every = np.array(direction, float), np.asarray(phase.equivalents, float)
    length = np.einsum("mni,ij,mnj->mn", every, reciprocal, every) * float(axis @ reciprocal @ axis)
    cosine2 = np.clip((every @ (reciprocal @ axis)) ** 2 / length, 0.0, 1.0)
    weight = (ratio**2 * cosine2 + (1.0 - cosine2) / ratio) ** -1.5
    return np.asarray(weight.mean(axis=0))


def inverse_spacings(cell: tuple[float, ...], hkl: np.ndarray) -> np.ndarray:
    """Return 1/d [1/angstrom] of reflections, shape (n,).

    Example
    -------
    >>> inverse_spacings((4.0, 4.0, 4.0, 90.0, 90.0, 90.0), np.array([[2, 0, 0]])).round(6).tolist()
    [0.5]
    """
    reciprocal = np.linalg.inv(_metric(cell))
    return np.asarray(np.sqrt(np.einsum("ni,ij,nj->n", hkl, reciprocal, hkl)))
