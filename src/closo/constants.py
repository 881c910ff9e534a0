"""Constants of physics, exact since the SI of 2019.

Source: BIPM, The International System of Units, 9th edition 2019, doi:10.59161/AUEZ1291.
"""

from __future__ import annotations

__all__ = ["AVOGADRO", "BOLTZMANN", "ELECTRONVOLT", "FARADAY", "GAS"]

BOLTZMANN = 1.380649e-23  # J/K
ELECTRONVOLT = 1.602176634e-19  # J, and the elementary charge in C
AVOGADRO = 6.02214076e23  # 1/mol
FARADAY = AVOGADRO * ELECTRONVOLT  # C/mol
GAS = AVOGADRO * BOLTZMANN  # J/(mol K)
