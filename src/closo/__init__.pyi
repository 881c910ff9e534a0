# Written by docs/generate.py; run `make docs` after a change.
from typing import Any

from closo.errors import ClosoError as ClosoError
from closo.errors import DataError as DataError
from closo.errors import ReadError as ReadError
from closo.errors import StudyError as StudyError
from closo.notebook import Given
from closo.notebook import Results as Results
from closo.notebook import plot as plot
from closo.notebook import run as run
from closo.pipeline import analyse as analyse
from closo.pipeline import check as check
from closo.pipeline import figure as figure
from closo.pipeline import recall as recall
from closo.quantity import Quantity as Quantity
from closo.readers import READERS as READERS
from closo.readers import read as read
from closo.result import Result as Result
from closo.study import load as load
from closo.techniques import TECHNIQUES as TECHNIQUES
from closo.value import Value as Value
from closo.value import stated as stated

__version__: str

def impedance(
    frequency: Any,
    impedance: Any,
    *,
    impedance_u: Any = ...,
    area: Given | None = ...,
    thickness: Given | None = ...,
    temperature: Given | None = ...,
    lead_resistance: Given | None = ...,
    circuit: str | None = ...,
    hold: str | None = ...,
    start: str | None = ...,
    bound: str | None = ...,
    assign: str | None = ...,
    weights: str | None = ...,
    f_min: float | str | None = ...,
    f_max: float | str | None = ...,
    leave_out: float | str | None = ...,
    calibrated: bool | None = ...,
    drt: bool | None = ...,
    name: str | None = ...,
) -> Result: ...
def polarization(
    time: Any,
    current: Any,
    *,
    voltage: Any = ...,
    potential: Any = ...,
    area: Given | None = ...,
    thickness: Given | None = ...,
    temperature: Given | None = ...,
    electrodes: str | None = ...,
    current_offset: str | None = ...,
    current_gain: float | None = ...,
    voltage_offset: float | None = ...,
    name: str | None = ...,
) -> Result: ...
def voltammetry(
    current: Any,
    *,
    potential: Any = ...,
    voltage: Any = ...,
    time: Any = ...,
    area: Given | None = ...,
    temperature: Given | None = ...,
    lead_resistance: Given | None = ...,
    threshold: str | None = ...,
    factor: float | None = ...,
    resistance: float | None = ...,
    reference: str | None = ...,
    name: str | None = ...,
) -> Result: ...
def plating(
    time: Any,
    current: Any,
    *,
    potential: Any = ...,
    voltage: Any = ...,
    frequency: Any = ...,
    charge: Any = ...,
    current_range: Any = ...,
    area: Given | None = ...,
    thickness: Given | None = ...,
    temperature: Given | None = ...,
    ionic_conductivity: Given | None = ...,
    pressure: Given | None = ...,
    fixed_time: float | None = ...,
    voltage_zero: float | None = ...,
    voltage_gain: float | None = ...,
    current_gain: float | None = ...,
    current_offset: str | None = ...,
    name: str | None = ...,
) -> Result: ...
def critical_current(
    time: Any,
    current: Any,
    *,
    potential: Any = ...,
    voltage: Any = ...,
    frequency: Any = ...,
    charge: Any = ...,
    current_range: Any = ...,
    area: Given | None = ...,
    thickness: Given | None = ...,
    temperature: Given | None = ...,
    ionic_conductivity: Given | None = ...,
    pressure: Given | None = ...,
    voltage_zero: float | None = ...,
    voltage_gain: float | None = ...,
    current_gain: float | None = ...,
    current_offset: str | None = ...,
    name: str | None = ...,
) -> Result: ...
def cycling(
    time: Any,
    current: Any,
    *,
    potential: Any = ...,
    voltage: Any = ...,
    charge: Any = ...,
    frequency: Any = ...,
    temperature: Any = ...,
    current_range: Any = ...,
    area: Given | None = ...,
    active_mass: Given | None = ...,
    theoretical_capacity: Given | None = ...,
    cell: str | None = ...,
    reference_cycle: int | None = ...,
    efficiency_cycles: str | None = ...,
    retention_cycles: str | None = ...,
    current_offset: str | None = ...,
    current_gain: float | None = ...,
    name: str | None = ...,
) -> Result: ...
def sorption(
    adsorbed_amount: Any,
    *,
    relative_pressure: Any = ...,
    gas_pressure: Any = ...,
    density: Given | None = ...,
    window: str | None = ...,
    gas: str | None = ...,
    cross_section: float | str | None = ...,
    mass: float | str | None = ...,
    saturation_pressure: float | str | None = ...,
    gurvich: float | None = ...,
    name: str | None = ...,
) -> Result: ...
def infrared(
    wavenumber: Any,
    *,
    absorbance: Any = ...,
    reflectance: Any = ...,
    transmittance: Any = ...,
    kubelka_munk: Any = ...,
    intensity: Any = ...,
    bands: str | None = ...,
    normalise: str | None = ...,
    ordinate: str | None = ...,
    scale: str | None = ...,
    r_min: float | None = ...,
    r_max: float | None = ...,
    axis_u: float | None = ...,
    scale_u: float | None = ...,
    name: str | None = ...,
) -> Result: ...
def diffraction(
    two_theta: Any,
    *,
    counts: Any = ...,
    intensity: Any = ...,
    temperature: Given | None = ...,
    phases: str | None = ...,
    anode: str | None = ...,
    wavelength: float | None = ...,
    profile: str | None = ...,
    standard: bool | None = ...,
    monochromator: float | None = ...,
    radius: float | None = ...,
    halo: str | None = ...,
    background: int | None = ...,
    two_theta_min: float | None = ...,
    two_theta_max: float | None = ...,
    cell_limit: float | None = ...,
    internal_standard: str | None = ...,
    texture: str | None = ...,
    model_u: float | None = ...,
    particle_size: float | None = ...,
    smallest_size: float | None = ...,
    name: str | None = ...,
) -> Result: ...
def eels(
    energy_loss: Any,
    *,
    counts: Any = ...,
    intensity: Any = ...,
    edges: str | None = ...,
    window: str | None = ...,
    width: float | None = ...,
    references: str | None = ...,
    zero_loss: float | None = ...,
    gain: float | None = ...,
    name: str | None = ...,
) -> Result: ...
def element_map(
    counts: Any,
    *,
    intensity: Any = ...,
    energy: Any = ...,
    pixel: Any = ...,
    channel: Any = ...,
    elements: str | None = ...,
    resolution: float | None = ...,
    k_factors: str | None = ...,
    ratio: str | None = ...,
    particle: str | None = ...,
    name: str | None = ...,
) -> Result: ...
def calorimetry(
    temperature: Any,
    heat_flow: Any,
    *,
    time: Any = ...,
    rate: float | None = ...,
    exo: str | None = ...,
    t_min: float | None = ...,
    t_max: float | None = ...,
    width: float | None = ...,
    start_up: float | None = ...,
    temperature_u: float | None = ...,
    heat_u: float | None = ...,
    name: str | None = ...,
) -> Result: ...
