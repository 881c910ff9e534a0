"""Constants of physics, exact since the SI of 2019.

Source: BIPM, The International System of Units, 9th edition 2019, doi:10.59161/AUEZ1291.
"""

from __future__ import annotations

BOLTZMANN = 1.380649e-23  # J/K
ELECTRONVOLT = 1.602176634e-19  # J, and the elementary charge in C
AVOGADRO = 6.02214076e23  # 1/mol
FARADAY = AVOGADRO * ELECTRONVOLT  # C/mol
GAS = AVOGADRO * BOLTZMANN  # J/(mol K)

# Rules of the house, each used in more than one room.
CELSIUS = 273.15  # K, 0 degC
LN10 = 2.302585092994046
S_PER_CM = 100.0  # S/m
ONE_TEMPERATURE = 2.0  # K: measurements closer than this count as made at one temperature
