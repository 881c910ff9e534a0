"""The techniques: Dataset -> Result. One row of TECHNIQUES each; others come through the entry point `closo.techniques`."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any

from closo.errors import StudyError, did_you_mean
from closo.techniques.choices import NumberOrText, spelled

if TYPE_CHECKING:
    from closo.dataset import Dataset
    from closo.figures import FigureSpec
    from closo.result import Result

__all__ = ["TECHNIQUES", "Controls", "Technique", "get"]


@dataclass(frozen=True)
class Controls:
    """Which settings a page can set in the figure, or in a table of the model's parameters.

    Attributes
    ----------
    range : the settings of the lower and the upper end of what is used; the figure's points have that quantity behind them.
    leave_out : the setting that lists points that are not used, '3, 7-9'.
    model : the setting that names the model; `settings_of(result)` of the module gives it with its `start` values.
    hold, bound, assign : settings of the model's parameters, 'R1=120', 'R1=100..200', 'R1:bulk'.
    roles : what a parameter whose name begins with `assigned` can be.
    """

    range: tuple[str, str] | tuple[()] = ()
    leave_out: str = ""
    model: str = ""
    start: str = ""
    hold: str = ""
    bound: str = ""
    assign: str = ""
    assigned: str = ""
    roles: tuple[str, ...] = ()


@dataclass(frozen=True)
class Technique:
    """One row: what a technique needs and where its functions are.

    Attributes
    ----------
    name : as in study.toml.
    title : for people.
    module : holds `analyse(data, *, ...) -> Result` and `figure(result) -> FigureSpec`; imported when first used.
    kinds : the kinds of measurement it takes (`dataset.KINDS`).
    needs : variables of the Dataset.
    also : variables that it uses if present.
    inputs : specimen properties it can use, passed by keyword as numbers with uncertainty (SI).
    settings : other keywords -> (type, meaning); what `--set key=value` accepts.
    choices : key of a setting -> the only texts that it may have.
    model_files : endings of other programs' model files that serve as presets. The module then has
        `read_model(path) -> settings`, `model_text(result) -> text`, and `settings_of(result)`: the settings with which the
        next measurement begins where this one ended.
    headline : keys of its main quantities; the first that a result has is shown.
    several_files : whether the files of one test that was stopped and continued can be given together.
    file_settings : settings that name further files, with commas between; in a study they lie in its folder.
    cells : the kinds of cell that it can be made on, where not all; `because` says why.
    tells_wrong_settings : whether the module has `check_settings(settings)`, which raises StudyError before a file is
        read; without it the types and choices are all that is checked.
    controls : which of the settings a page sets in the figure and in a table of parameters.
    """

    name: str
    title: str
    module: str
    kinds: tuple[str, ...]
    needs: tuple[str, ...]
    inputs: tuple[str, ...] = ()
    settings: Mapping[str, tuple[type, str]] = field(default_factory=dict)
    choices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    tells_wrong_settings: bool = False
    model_files: tuple[str, ...] = ()
    headline: tuple[str, ...] = ()
    several_files: bool = False
    file_settings: tuple[str, ...] = ()
    cells: tuple[str, ...] = ()
    because: str = ""
    also: tuple[str, ...] = ()
    controls: Controls = Controls()

    def analyse(self, data: Dataset, **keywords: Any) -> Result:
        """Call the technique's `analyse`."""
        result: Result = importlib.import_module(self.module).analyse(data, **keywords)
        return result

    def figure(self, result: Result) -> FigureSpec:
        """Call the technique's `figure`."""
        spec: FigureSpec = importlib.import_module(self.module).figure(result)
        return spec

    def defaults(self) -> dict[str, Any]:
        """Return setting -> its default; None where the technique decides.

        Example
        -------
        >>> get("impedance").defaults()["weights"]
        'modulus'
        """
        parameters = inspect.signature(importlib.import_module(self.module).analyse).parameters
        return {key: parameters[key].default for key in self.settings}

    def check_settings(self, settings: Mapping[str, Any]) -> None:
        """Refuse settings that can be known to be wrong before a file is read.

        Raises
        ------
        StudyError  that names the setting.
        """
        for key in settings:
            if key not in self.settings:
                raise StudyError(f"'{key}' is not a setting of {self.name}.", hint=did_you_mean(key, self.settings))
        if settings and self.tells_wrong_settings:
            importlib.import_module(self.module).check_settings(settings)

    def wrong_choice(self, key: str, value: object) -> str | None:
        """Return a sentence where a setting has a value that it cannot have.

        Example
        -------
        >>> get("cycling").wrong_choice("cell", "Anode"), get("cycling").wrong_choice("cell", "full cel")
        (None, "'full cel' is not possible for cell. Did you mean 'full cell'?")
        """
        known = self.choices.get(key)
        if known is None or spelled(value, known) is not None:
            return None
        return f"'{value}' is not possible for {key}. {did_you_mean(str(value).lower(), known)}"

    def setting(self, key: str, text: str) -> Any:
        """Turn the text of `--set key=text` into a value of the declared type.

        Raises
        ------
        StudyError  when the key is unknown or the text does not fit.
        """
        if key not in self.settings:
            raise StudyError(f"'{key}' is not a setting of {self.name}.", hint=did_you_mean(key, self.settings))
        kind, meaning = self.settings[key]
        if kind is bool:
            if text.lower() not in ("true", "false", "yes", "no", "1", "0"):
                raise StudyError(f"{key} = '{text}' is neither true nor false ({meaning}).")
            return text.lower() in ("true", "yes", "1")
        try:
            return kind(text)
        except ValueError:
            words = {int: "a whole number", float: "a number"}.get(kind, kind.__name__)
            raise StudyError(f"{key} = '{text}' is not {words} ({meaning}).") from None


TECHNIQUES: tuple[Technique, ...] = (
    Technique(
        name="impedance",
        title="Impedance spectroscopy",
        module="closo.techniques.impedance",
        kinds=("impedance",),
        needs=("frequency", "impedance"),
        also=("impedance_u",),
        inputs=("area", "thickness", "temperature", "lead_resistance"),
        settings={
            "circuit": (str, "equivalent circuit, e.g. 'L-(R|C)-Q'; chosen from the data when absent"),
            "hold": (str, "parameters of the circuit that stay, 'R1=120 ohm, n1=0.9' or 'R1=120 ± 5 ohm'"),
            "start": (str, "values to begin with, 'R1=1 kohm, Q1=1e-9'; a number without a unit is in SI"),
            "bound": (str, "ranges of parameters, 'Q1=1e-12..1e-9, R1=..200 ohm'"),
            "assign": (
                str,
                "what each resistor is, 'R1:bulk, R2:grain_boundary', also electrode or lead; by capacitance when absent",
            ),
            "weights": (str, "'modulus' (default), 'unit', or 'measured' (needs impedance_u)"),
            "f_min": (NumberOrText, "lowest frequency used, '100 Hz'; a number is in Hz"),
            "f_max": (NumberOrText, "highest frequency used, '1 MHz'; a number is in Hz"),
            "leave_out": (NumberOrText, "points not used, '3, 7-9', counted from 1 in the order of the file"),
            "calibrated": (bool, "true: drop the 1 % / 1 deg of an uncalibrated file"),
            "drt": (bool, "false: leave the distribution of relaxation times out"),
        },
        choices={"weights": ("modulus", "unit", "measured")},
        tells_wrong_settings=True,
        model_files=(".mdl",),
        headline=("ionic_conductivity", "total_resistance"),
        controls=Controls(
            range=("f_min", "f_max"),
            leave_out="leave_out",
            model="circuit",
            start="start",
            hold="hold",
            bound="bound",
            assign="assign",
            assigned="R",
            roles=("bulk", "grain_boundary", "electrode", "lead"),
        ),
    ),
    Technique(
        name="polarization",
        title="DC polarization",
        module="closo.techniques.polarization",
        kinds=("chronoamperometry",),
        needs=("time", "current"),
        also=("voltage", "potential"),
        inputs=("area", "thickness", "temperature"),
        settings={
            "electrodes": (str, "'blocking' (default: electronic leakage) or 'nonblocking' (Bruce-Vincent)"),
            "voltage": (float, "applied voltage where the file does not say [V]"),
            "current_offset": (str, "standard uncertainty of the zero: '0.1 %' of the range (default) or '2 nA'"),
            "current_gain": (float, "relative standard uncertainty of the current; 0.001 when absent"),
            "voltage_offset": (float, "standard uncertainty of the applied voltage [V]; 1e-4 when absent"),
        },
        choices={"electrodes": ("blocking", "nonblocking")},
        headline=("electronic_conductivity", "electronic_conductivity:upper_limit", "current_fraction"),
    ),
    Technique(
        name="voltammetry",
        title="Voltammetry (oxidative onset)",
        module="closo.techniques.voltammetry",
        kinds=("voltammetry",),
        needs=("current",),
        also=("potential", "voltage", "time"),
        inputs=("area", "temperature", "lead_resistance"),
        settings={
            "threshold": (
                str,
                "current densities [A/m2], e.g. '0.05, 0.1' (0.1 when absent); without area currents [A]",
            ),
            "factor": (float, "how many times the scatter the current must exceed its baseline; 5 when absent"),
            "resistance": (float, "in series with the electrode [ohm], known to 5 %; wins over lead_resistance"),
            "reference": (str, "what the potential is measured against, e.g. 'Na+/Na'"),
        },
        headline=("onset_potential",),
    ),
    Technique(
        name="plating",
        title="Plating and stripping in a symmetric cell",
        module="closo.techniques.plating",
        kinds=("cycling", "chronopotentiometry"),
        needs=("time", "current"),
        also=("voltage", "potential", "frequency", "charge", "current_range"),
        inputs=("area", "thickness", "temperature", "ionic_conductivity", "pressure"),
        settings={
            "fixed_time": (
                float,
                "time after a change of polarity at which |U| is read too [s]; half of it when absent",
            ),
            "voltage_zero": (float, "standard uncertainty of the voltage's zero [V]; 1e-4 when absent"),
            "voltage_gain": (float, "relative standard uncertainty of the voltage; 0.001 when absent"),
            "current_gain": (float, "relative standard uncertainty of the current; 0.001 when absent"),
            "current_offset": (str, "standard uncertainty of the zero: '0.1 %' of the range (default) or '5 nA'"),
        },
        headline=("polarization:first", "polarization:last", "duration"),
        several_files=True,
        cells=("symmetric cell",),
        because="measures the polarization of two equal electrodes",
    ),
    Technique(
        name="critical_current",
        title="Critical current density",
        module="closo.techniques.critical_current",
        kinds=("cycling", "chronopotentiometry"),
        needs=("time", "current"),
        also=("voltage", "potential", "frequency", "charge", "current_range"),
        inputs=("area", "thickness", "temperature", "ionic_conductivity", "pressure"),
        settings={
            "voltage_zero": (float, "standard uncertainty of the voltage's zero [V]; 1e-4 when absent"),
            "voltage_gain": (float, "relative standard uncertainty of the voltage; 0.001 when absent"),
            "current_gain": (float, "relative standard uncertainty of the current; 0.001 when absent"),
            "current_offset": (str, "standard uncertainty of the zero: '0.1 %' of the range (default) or '5 nA'"),
        },
        headline=("critical_current_density:survived", "critical_current_density:failed"),
        several_files=True,
        cells=("symmetric cell",),
        because="looks for a short between two equal electrodes",
    ),
    Technique(
        name="cycling",
        title="Cycling of a cell",
        module="closo.techniques.cycling",
        kinds=("cycling", "chronopotentiometry"),
        needs=("time", "current"),
        also=("voltage", "potential", "charge", "frequency", "temperature", "current_range"),
        inputs=("area", "active_mass", "theoretical_capacity", "temperature"),
        settings={
            "cell": (
                str,
                "'cathode half cell', 'anode half cell', 'full cell' or 'symmetric cell'; guessed when absent",
            ),
            "reference_cycle": (int, "cycle that counts as 100 %, from 1; the first complete one when absent"),
            "efficiency_cycles": (str, "ranges for mean efficiencies, e.g. '7-10, 46-50'"),
            "retention_cycles": (str, "single cycles, e.g. '45, 50'"),
            "current_offset": (str, "standard uncertainty of the zero: '0.1 %' of the range (default) or '50 nA'"),
            "current_gain": (float, "relative standard uncertainty of the current; 0.001 when absent"),
        },
        choices={"cell": ("cathode half cell", "anode half cell", "full cell", "symmetric cell")},
        headline=("specific_capacity:first_discharge", "coulombic_efficiency", "capacity_retention"),
        several_files=True,
        cells=("cathode half cell", "anode half cell", "full cell", "symmetric cell"),
        because="needs electrodes that store charge",
    ),
    Technique(
        name="sorption",
        title="Gas sorption (surface and pores)",
        module="closo.techniques.sorption",
        kinds=("isotherm",),
        needs=("adsorbed_amount",),
        inputs=("density",),
        settings={
            "window": (str, "p/p0 of the BET line, '0.05-0.30'; the median of all windows that pass when absent"),
            "gas": (str, "'N2', 'Ar' or 'Kr' where the file does not say"),
            "cross_section": (NumberOrText, "of a molecule, '0.162 ± 0.016 nm2'; without ± agreed upon, not uncertain"),
            "mass": (NumberOrText, "of the degassed powder where the file does not say, '0.1013 ± 0.0003 g'"),
            "saturation_pressure": (NumberOrText, "where the file does not say, '101.3 ± 0.2 kPa'; a number is in kPa"),
            "gurvich": (float, "p/p0 of the pore volume; 0.95 when absent"),
        },
        headline=("specific_surface_area",),
        tells_wrong_settings=True,
    ),
    Technique(
        name="infrared",
        title="Infrared spectrum (DRIFTS)",
        module="closo.techniques.infrared",
        kinds=("infrared",),
        needs=("wavenumber",),
        also=("absorbance", "reflectance", "transmittance", "kubelka_munk", "intensity"),
        settings={
            "bands": (
                str,
                "more bands, 'nitrate:1340-1420, silanol:3735-3755|3700-3710|3770-3790' (limits|anchor|anchor) [1/cm]",
            ),
            "normalise": (str, "the band that all areas are divided by; 'overtone' (of silica) when absent, or 'none'"),
            "ordinate": (str, "what the file holds where it does not say, or says it wrongly"),
            "scale": (str, "what is analysed; Kubelka-Munk of what is reflected, else absorbance, when absent"),
            "r_min": (float, "least share of light that is used; 0.05 (absorbance: 0.005) when absent"),
            "r_max": (float, "largest share; a band that is brighter throughout is left out; 0.9 (1) when absent"),
            "axis_u": (float, "standard uncertainty of the wavenumber [1/cm]; 0.3 when absent"),
            "scale_u": (float, "relative standard uncertainty of the reflectance scale; 0.01 when absent"),
        },
        choices={
            "ordinate": ("absorbance", "log(1/R)", "reflectance", "transmittance", "Kubelka-Munk"),
            "scale": ("absorbance", "Kubelka-Munk"),
        },
        headline=("band_ratio:silanol/overtone", "band_ratio:silanol/overtone upper_limit", "band_area:overtone"),
        tells_wrong_settings=True,
    ),
    Technique(
        name="diffraction",
        title="Powder diffraction",
        module="closo.techniques.diffraction",
        kinds=("diffraction",),
        needs=("two_theta",),
        inputs=("temperature",),
        settings={
            "phases": (str, "CIF files of the crystalline phases, 'A.cif,B.cif'; a phase is named after its file"),
            "anode": (str, "Co, Cu or Mo, where the file does not say the radiation"),
            "wavelength": (float, "of a single line [angstrom], where the file does not say the radiation"),
            "profile": (str, "of the instrument, six numbers that a run with standard=true prints"),
            "standard": (bool, "true: the pattern of a profile standard (LaB6); the instrument's profile is fitted"),
            "monochromator": (
                float,
                "diffraction angle 2theta of a monochromator [deg], 26.6 for graphite and Cu; 0 when absent",
            ),
            "radius": (float, "of the goniometer [mm], where the file does not say it"),
            "halo": (str, "'none' (default) or 'silica': an amorphous halo of free shape"),
            "halo_file": (
                str,
                "two columns of text, 2theta and counts of an amorphous filler alone in the same instrument",
            ),
            "background": (int, "order of the background's polynomial; one per 15 deg when absent"),
            "two_theta_min": (float, "lowest angle used [deg]"),
            "two_theta_max": (float, "highest angle used [deg]"),
            "cell_limit": (float, "how far a length of a cell may move from the CIF file [%]; 1.5 when absent"),
            "internal_standard": (str, "a phase that was weighed in and its share, 'corundum=20.0 ± 0.1 wt%'"),
            "texture": (str, "preferred orientation, 'V2O5:0 0 1': a phase and the planes that lie flat"),
            "model_u": (float, "relative standard uncertainty of calculated intensities; 0.06 when absent"),
            "particle_size": (float, "diameter of the particles [um], for micro-absorption; 1 when absent"),
            "smallest_size": (
                float,
                "least size of crystallites [nm]; what is smaller counts as amorphous; 2.5 when absent",
            ),
        },
        choices={"anode": ("Co", "Cu", "Mo"), "halo": ("none", "silica")},
        file_settings=("phases", "halo_file"),
        tells_wrong_settings=True,
        controls=Controls(range=("two_theta_min", "two_theta_max")),
    ),
    Technique(
        name="calorimetry",
        title="Calorimetry (DSC)",
        module="closo.techniques.calorimetry",
        kinds=("calorimetry",),
        needs=("temperature", "heat_flow"),
        also=("time",),
        settings={
            "rate": (float, "of heating or cooling [K/min], where the file has no time"),
            "exo": (str, "which way heat that is given off points, where the file does not say or says it wrongly"),
            "t_min": (float, "lowest temperature looked at [degC]"),
            "t_max": (float, "highest temperature looked at [degC]"),
            "width": (float, "of the broadest event that is looked for, foot to foot [K]; 40 when absent"),
            "start_up": (float, "time at the beginning that is left out [s]; 240 when absent"),
            "temperature_u": (float, "standard uncertainty of the temperature [K]; 0.5 when absent"),
            "heat_u": (float, "relative standard uncertainty of the heat; 0.03 when absent"),
        },
        choices={"exo": ("up", "down")},
        headline=("transition_temperature", "transition_enthalpy:upper_limit"),
        tells_wrong_settings=True,
    ),
)


def get(name: str) -> Technique:
    """Return the technique called `name`, built in or from an entry point.

    Raises
    ------
    StudyError  when there is none; the nearest name is suggested.
    """
    known = {t.name: t for t in TECHNIQUES}
    if name not in known:
        known |= {e.name: e.load() for e in entry_points(group="closo.techniques")}
    if name not in known:
        raise StudyError(f"'{name}' is not a technique.", hint=did_you_mean(name, known))
    return known[name]
