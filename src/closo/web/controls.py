"""The settings of a technique as a form, and a form as settings. What can be set stands in the technique's row."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

from closo.errors import StudyError
from closo.figures.labels import value_text
from closo.result import Result
from closo.techniques import Technique


def controls_of(row: Technique, asked: Mapping[str, Any], result: Result | None) -> dict[str, Any]:
    """Return the form of a technique.

    Parameters
    ----------
    asked : the settings as they are now.
    result : what came of them; without it there are no parameters to hold.

    Returns
    -------
    `range`, `leave_out`, `model` (each a field or None), `parameters` (one per parameter of the model: name, value, whether
    it is held, bounded or free, and its role), `roles`, and `fields` (all other settings).
    """
    known = row.controls
    special = {*known.range, known.leave_out, known.model, known.hold, known.bound, known.assign, ""}
    parameters = _parameters(row, asked, result)
    if not parameters:  # they are typed, then
        special -= {known.hold, known.bound, known.assign}
    fields = [_field(row, key, asked) for key in row.settings if key not in special]
    return {
        "range": [_field(row, key, asked) for key in known.range],
        "leave_out": _field(row, known.leave_out, asked) if known.leave_out else None,
        "model": _field(row, known.model, asked) | {"found": _model(row, result)} if known.model else None,
        "parameters": parameters,
        "roles": list(known.roles),
        "fields": fields,
        "alternatives": _alternatives(result),
    }


def _field(row: Technique, key: str, asked: Mapping[str, Any]) -> dict[str, Any]:
    kind, meaning = row.settings[key]
    value = asked.get(key)
    text = "" if value is None else ("true" if value else "false") if isinstance(value, bool) else str(value)
    choices = list(row.choices.get(key, ())) or (["true", "false"] if kind is bool else [])
    return {"key": key, "label": key.replace("_", " "), "value": text, "choices": choices, "meaning": meaning}


def _model(row: Technique, result: Result | None) -> str:
    fitted = "" if result is None else result.findings.get(row.controls.model, "")
    return str(fitted or "")


def _alternatives(result: Result | None) -> list[str]:
    """Return the models that were tried on the data, the best first."""
    tried = [] if result is None else result.findings.get("alternatives", [])
    return [str(next(iter(one.values()))) for one in tried if isinstance(one, Mapping) and one][:8]


def _parameters(row: Technique, asked: Mapping[str, Any], result: Result | None) -> list[dict[str, Any]]:
    """Return the parameters of the model, each with its fitted value and what the user says of it."""
    known = row.controls
    if not known.start or result is None:
        return []
    ended = importlib.import_module(row.module).settings_of(result)
    start, held = _pairs(ended.get(known.start), "="), _pairs(asked.get(known.hold), "=")
    bound, roles = _pairs(asked.get(known.bound), "="), _pairs(asked.get(known.assign), ":")
    rows = []
    model = f" of {_model(row, result)}"  # a parameter that ended where none can begin is not in `start`
    quantities = list(result.quantities.items())
    others = [q.method.partition(model)[0] for key, q in quantities if ":" in key and model in q.method]
    names = dict.fromkeys([*start, *held, *bound, *(name for name in others if name.isalnum())])
    number = {name: int("".join(filter(str.isdigit, name)) or 0) for name in names}
    for name in sorted(names, key=lambda name: (number[name], name not in model, model.find(name))):
        mode = "hold" if name in held else "bound" if name in bound else "free"
        mine = (q for k, q in quantities if k.partition(":")[2] == name or q.method.startswith(f"{name} of "))
        quantity = next(mine, None)
        shown = start.get(name, "") if quantity is None else value_text(quantity)
        why = quantity.why if quantity is not None and quantity.value is None else None
        rows.append({"name": name, "fitted": start.get(name, ""), "text": shown, "why": why or "", "mode": mode,
                     "value": held.get(name) or bound.get(name) or "",
                     "role": roles.get(name, "") if name.startswith(known.assigned) else None})  # fmt: skip
    return rows


def _pairs(text: object, sign: str) -> dict[str, str]:
    """Return 'R1=120 ohm, n1=0.9' as name -> value."""
    items = (item.partition(sign) for item in str(text or "").split(","))
    return {name.strip(): value.strip() for name, found, value in items if found}


def settings_from(row: Technique, form: Mapping[str, str], result: Result | None) -> dict[str, Any]:
    """Return the settings that a form asks for.

    Raises
    ------
    StudyError  when one of them cannot be read, or cannot be.
    """
    known = row.controls
    texts = {key: form.get(f"set-{key}", "").strip() for key in row.settings}
    names = [key.removeprefix("mode-") for key in form if key.startswith("mode-")]
    if names:
        texts[known.hold] = _joined(form, names, "hold", "=")
        texts[known.bound] = _joined(form, names, "bound", "=")
        roles = {name: form.get(f"role-{name}", "") for name in names}
        texts[known.assign] = ", ".join(f"{name}:{role}" for name, role in roles.items() if role)
        named = any(texts[key] for key in (known.hold, known.bound, known.assign))
        if named and not texts[known.model]:  # the names are those of the model that the data chose
            texts[known.model] = _model(row, result)
    asked: dict[str, Any] = {}
    for key, text in texts.items():
        if text:
            value = asked[key] = row.setting(key, text)
            wrong = row.wrong_choice(key, value)
            if wrong is not None:
                raise StudyError(wrong)
    row.check_settings(asked)
    return asked


def _joined(form: Mapping[str, str], names: list[str], mode: str, sign: str) -> str:
    """Return the values of the parameters that are held, or bounded, as one text."""
    items = []
    for name in names:
        if form.get(f"mode-{name}") == mode:
            value = form.get(f"value-{name}", "").strip()
            if not value:
                example = "120 ohm" if mode == "hold" else "100..200"
                raise StudyError(
                    f"{name} is to be {mode}, at nothing.", hint=f"Write its value beside it, e.g. '{example}'."
                )
            items.append(f"{name}{sign}{value}")
    return ", ".join(items)
