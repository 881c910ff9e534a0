"""A fit in the data's own units, so that Z -> a Z and f -> b f change no path of the optimiser and no choice."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from closo.techniques.impedance.circuit import Circuit


@dataclass(frozen=True)
class OwnUnits:
    """Impedance and frequency that count as one: the geometric means of |Z| [ohm] and of f [Hz]."""

    impedance: float
    frequency: float

    @classmethod
    def of(cls, frequency: np.ndarray, impedance: np.ndarray) -> OwnUnits:
        """Return the units of a spectrum."""
        return cls(float(np.exp(np.mean(np.log(np.abs(impedance))))), float(np.exp(np.mean(np.log(frequency)))))

    def back(self, circuit: Circuit) -> tuple[np.ndarray, np.ndarray]:
        """Return M and c with theta (SI) = M theta (own units) + c, shapes (p, p) and (p,).

        With z0 and f0 the units: R and L scale with z0, C and Q with 1/z0, and f0 enters with the power of jw of each
        element; that of a CPE is its exponent, hence the matrix.
        """
        matrix, shift = np.eye(circuit.size), np.zeros(circuit.size)
        z0, f0 = np.log(self.impedance), np.log(self.frequency)
        for element in circuit.elements:
            k, symbol = element.first, element.kind.symbol
            shift[k] = {"C": -z0 - f0, "Q": -z0, "L": z0 - f0, "W": z0 + 0.5 * f0}.get(symbol, z0)
            if symbol == "Q":
                matrix[k, k + 1] = -f0
            elif len(element.kind.parameters) == 2:
                shift[k + 1] = -f0  # time constant of finite diffusion and Gerischer
        return matrix, shift
