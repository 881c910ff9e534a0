"""One row of the table of techniques."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from closo.errors import StudyError, did_you_mean
from closo.techniques.choices import spelled

if TYPE_CHECKING:
    from closo.dataset import Dataset
    from closo.figures import FigureSpec
    from closo.result import Result


@dataclass(frozen=True)
class Controls:
    """Which settings a page can set in the figure, or in a table of the model's parameters."""

    # The settings of both ends of what is used; the figure's points have that quantity behind them.
    range: tuple[str, str] | tuple[()] = ()
    leave_out: str = ""  # the setting that lists points that are not used, '3, 7-9'
    model: str = ""  # the setting that names the model
    start: str = ""  # of its parameters; `settings_of(result)` of the module gives these values with the model
    hold: str = ""  # of the model's parameters, 'R1=120'
    bound: str = ""  # 'R1=100..200'
    assign: str = ""  # 'R1:bulk'
    assigned: str = ""  # how the name of a parameter begins that can be one of `roles`
    roles: tuple[str, ...] = ()


@dataclass(frozen=True)
class Technique:
    """One row: what a technique needs and where its functions are.

    Attributes
    ----------
    name : as in study.toml.
    title : for people.
    module : holds `analyse(data, *, ...) -> Result` and `figure(result) -> FigureSpec`; imported when first used.
        It may hold `overlay(results) -> FigureSpec`, one figure of several results.
    kinds : the kinds of measurement it takes (`dataset.KINDS`).
    needs : variables of the Dataset.
    also : variables that it uses if present.
    inputs : specimen properties it can use, passed by keyword as numbers with uncertainty (SI).
    settings : other keywords -> (type, meaning); what `--set key=value` accepts.
    choices : key of a setting -> the only texts that it may have.
    model_files : endings of other programs' model files that serve as presets. The module then has
        `read_model(path) -> settings`, `model_text(result) -> text`, and `settings_of(result)`: the settings with which the
        next measurement begins where this one ended.
    headline : keys of its main quantities, or their beginning with a colon, 'component_fraction:'; the first that a result
        has is shown.
    several_files : whether the files of one test that was stopped and continued can be given together.
    file_settings : settings that name further files, with commas between; in a study they lie in its folder.
    measured_settings : those of them whose files are measurements, FILE or FILE#PART (number or title): the technique gets
        what the readers make of them instead of the text.
    cells : the kinds of cell that it can be made on, where not all; `because` says why.
    tells_wrong_settings : whether the module has `check_settings(settings)`, which raises StudyError before a file is
        read; without it the types and choices are all that is checked.
    controls : which of the settings a page sets in the figure and in a table of parameters.
    cost : how long a measurement takes, counted in spectra of impedance; what takes longest is begun first.
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
    measured_settings: tuple[str, ...] = ()
    cells: tuple[str, ...] = ()
    because: str = ""
    also: tuple[str, ...] = ()
    controls: Controls = Controls()
    cost: int = 1

    def analyse(self, data: Dataset, **keywords: Any) -> Result:
        """Call the technique's `analyse`."""
        result: Result = importlib.import_module(self.module).analyse(data, **keywords)
        return result

    def figure(self, result: Result) -> FigureSpec:
        """Call the technique's `figure`."""
        spec: FigureSpec = importlib.import_module(self.module).figure(result)
        return spec

    def overlay(self, results: Sequence[Result]) -> FigureSpec | None:
        """Call the technique's `overlay`: one figure of several results; None where it has none, or there is one result."""
        make = getattr(importlib.import_module(self.module), "overlay", None)
        spec: FigureSpec | None = make(results) if make is not None and len(results) > 1 else None
        return spec

    def defaults(self) -> dict[str, Any]:
        """Return setting -> its default; None where the technique decides.

        Example
        -------
        >>> from closo.techniques import get
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
        >>> from closo.techniques import get
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
