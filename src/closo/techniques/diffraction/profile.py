"""The shape of a reflection: width and tails from the instrument, the size and the strain of crystallites.

A pseudo-Voigt function takes the place of the convolution of Gaussian and Lorentzian parts; axial divergence gives low-angle
reflections their tail, here as a triangular distribution of the height of the ray's ends.

Sources: Thompson, Cox, Hastings, J. Appl. Cryst. 1987, 20, 79, doi:10.1107/S0021889887087090; Finger, Cox, Jephcoat,
J. Appl. Cryst. 1994, 27, 892, doi:10.1107/S0021889894004218; Caglioti, Paoletti, Ricci, Nucl. Instrum. 1958, 3, 223,
doi:10.1016/0369-643X(58)90029-X.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import astuple, dataclass, replace

import numpy as np

from closo.errors import StudyError

SCHERRER = 0.9  # FWHM of the reflection of a crystallite of size D: K lambda/(D cos theta)


@dataclass(frozen=True)
class Instrument:
    """What the diffractometer does to a reflection of a perfect crystal.

    Attributes
    ----------
    u, v, w : FWHM of the Gaussian part [deg] squared = u tan^2 + v tan + w of theta.
    x, y : FWHM of the Lorentzian part [deg] = x/cos + y tan of theta.
    axial : axial divergence, (sample + slit)/(2 x distance).
    """

    u: float = 0.0
    v: float = 0.0
    w: float = 0.0025
    x: float = 0.0
    y: float = 0.0
    axial: float = 0.0

    @staticmethod
    def parse(text: str) -> Instrument:
        """Read the text that an analysis of a standard gives: 'u v w x y axial'.

        Raises
        ------
        StudyError  where it is not six numbers that can be.

        Example
        -------
        >>> Instrument.parse("0 0 0.01 0 0.02 0.03").w
        0.01
        """
        try:
            numbers = [float(word) for word in str(text).replace(",", " ").split()]
        except ValueError:
            numbers = []
        if len(numbers) != 6 or not all(abs(n) < 10.0 for n in numbers) or not 0.0 <= numbers[5] < 0.3:
            raise StudyError(
                f"profile = '{str(text)[:60]}' is not an instrument profile.",
                hint="Give the six numbers u v w x y axial that the analysis of a standard prints.",
            )
        return Instrument(*numbers)

    def __str__(self) -> str:
        return " ".join(f"{number:.6g}" for number in astuple(self))

    def changed(self, values: Mapping[str, float]) -> Instrument:
        """Return the profile with some numbers replaced."""
        return replace(self, **values)

    def widths(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the FWHM of the Gaussian and of the Lorentzian part [deg] at angles theta [rad]."""
        tan = np.tan(theta)
        gauss = np.sqrt(np.maximum(self.u * tan**2 + self.v * tan + self.w, 1e-6))
        return gauss, np.maximum(self.x / np.cos(theta) + self.y * tan, 0.0)


def combine(gauss: np.ndarray, lorentz: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return FWHM and Lorentzian share of the pseudo-Voigt function nearest to a convolution of both."""
    g, k = gauss, lorentz
    width = (
        g**5 + 2.69269 * g**4 * k + 2.42843 * g**3 * k**2 + 4.47163 * g**2 * k**3 + 0.07842 * g * k**4 + k**5
    ) ** 0.2
    ratio = k / width
    return width, np.clip(1.36603 * ratio - 0.47719 * ratio**2 + 0.11116 * ratio**3, 0.0, 1.0)


def split(share: float) -> tuple[float, float]:
    """Return the Gaussian and the Lorentzian FWHM, in units of the whole, of a pseudo-Voigt function.

    Example
    -------
    >>> split(1.0), split(0.0)
    ((0.0, 1.0), (1.0, 0.0))
    """
    gauss = math.sqrt(max(1.0 - 0.74417 * share - 0.24781 * share**2 - 0.00810 * share**3, 0.0))
    return (0.0 if share >= 1.0 else gauss), min(0.72928 * share + 0.19289 * share**2 + 0.07783 * share**3, 1.0)


def polarisation(two_theta: np.ndarray, monochromator: float) -> np.ndarray:
    """Return the Lorentz and polarisation factor of Bragg-Brentano geometry; angles in rad.

    `monochromator` is its diffraction angle 2theta, 0 without one.
    """
    k = math.cos(monochromator) ** 2
    half = 0.5 * two_theta
    return np.asarray((1.0 + k * np.cos(two_theta) ** 2) / ((1.0 + k) * np.sin(half) ** 2 * np.cos(half)))
