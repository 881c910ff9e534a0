"""A page or its JSON twin: the same values, at the same address."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from closo import __version__
from closo.documents import plain
from closo.figures.labels import typeset, unit_text
from closo.report.wording import key_text, level_class

if TYPE_CHECKING:
    from closo.web.bench import Bench


def answer(request: Request, template: str, page: Mapping[str, Any], status: int = 200) -> Response:
    """Return `page` as HTML, or as JSON where `?format=json` or the Accept header asks for it."""
    if wants_json(request):
        return JSONResponse(plain(page), status)
    place = request.app.state.workplace
    around = {"version": __version__, "user": request.scope.get("user"), "study": place.title, "path": request.url.path}
    around |= {"busy": place.work is not None and not place.work.done, "group": bool(request.app.state.access.users)}
    return HTMLResponse(_environment().get_template(template).render(**around, **page), status)


def wants_json(request: Request) -> bool:
    """Return whether a request asks for JSON."""
    asked = request.query_params.get("format")
    accepted = request.headers.get("accept", "")
    return asked == "json" or (asked is None and "application/json" in accepted and "text/html" not in accepted)


async def sent(request: Request, name: str) -> str:
    """Return a field of a small form."""
    form = await request.form(max_files=0, max_fields=5)
    return str(form.get(name, ""))


def bench_of(request: Request) -> Bench:
    """Return the bench of the user who asks."""
    bench: Bench = request.app.state.workplace.bench(request.scope["user"])
    return bench


_OF_THE_PAGE = (  # what the sentences call the options of the command line
    (r"^--set ", "give --set "),
    (r"--set (\w+) ?= ?", r"the setting \1 = "),
    (r"--columns (?=\S+,)", "in the field 'columns in order': "),
    (r"--columns", "the field 'columns in order'"),
    (r"--sheet", "'sheet=NAME:' before the names"),
    (r"`closo analyse`", "the button 'analyse'"),
    (r"--([a-z][a-z-]*)", r"the setting '\1'"),
)


def of_page(text: str | None) -> str:
    """Return a sentence with the controls of the pages in place of the options of the command line, and units as printed.

    Example
    -------
    >>> of_page("--set edge='O K'."), of_page("Name the columns with --columns.")
    ("Give the setting edge = 'O K'.", "Name the columns with the field 'columns in order'.")
    """
    said = text or ""
    for option, control in _OF_THE_PAGE:
        said = re.sub(rf"(?<![\w-]){option}", control, said)
    return typeset(said[:1].upper() + said[1:] if said.startswith(("the ", "give ", "in ")) else said)


@lru_cache(maxsize=1)
def _environment() -> Environment:
    """Return templates in which everything is escaped."""
    loader = PackageLoader("closo.web")
    jinja = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    jinja.filters |= {
        "plain": plain,
        "key_text": key_text,
        "level_class": level_class,
        "of_page": of_page,
        "unit_text": unit_text,
    }
    return jinja
