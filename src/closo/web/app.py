"""The application: its pages, its static files, and how an error looks. Each page is one file of this folder."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response

from closo.errors import ClosoError, StudyError
from closo.web import cell, claims, compare, downloads, drop, login, maps, measurement, pathways, sandbox, study, work
from closo.web.answer import answer
from closo.web.safety import Access, Guard
from closo.web.workplace import Workplace

PAGES = (drop, measurement, study, compare, claims, pathways, maps, cell, work, downloads, login)
_STATIC = Path(__file__).parent / "static"
_TYPES = {"app.css": "text/css", "app.js": "text/javascript"}


def plotly_script() -> Path:
    """Return plotly.js as the installed package `plotly` holds it; none of its code is run.

    Raises
    ------
    StudyError  when it is not installed.
    """
    module = find_spec("plotly")
    path = Path(module.origin).parent / "package_data" / "plotly.min.js" if module and module.origin else None
    if path is None or not path.is_file():
        raise StudyError("plotly is not installed, whose script draws in the browser.", hint="pip install 'closo[web]'")
    return path


def make_app(place: Workplace, access: Access) -> Any:
    """Return the application, guarded."""
    script = plotly_script()

    @asynccontextmanager
    async def life(_app: FastAPI) -> AsyncIterator[None]:
        warming = asyncio.gather(asyncio.to_thread(sandbox.warm_up), asyncio.to_thread(_import_for_a_first_file))
        yield
        await warming
        place.close()

    app = FastAPI(title="closo", docs_url=None, redoc_url=None, openapi_url=None, lifespan=life)
    app.state.workplace, app.state.access = place, access
    for page in PAGES:
        app.include_router(page.router)

    @app.get("/", include_in_schema=False)
    async def start() -> Response:
        return RedirectResponse("/drop" if place.folder is None else "/study", 303)

    @app.get("/static/{name}", include_in_schema=False)
    async def static(name: str) -> Response:
        kept = {"cache-control": "private, max-age=3600"}
        if name == "plotly.min.js":
            return FileResponse(script, media_type="text/javascript", headers=kept)
        if name not in _TYPES:
            raise HTTPException(404)
        return FileResponse(_STATIC / name, media_type=_TYPES[name])

    @app.exception_handler(ClosoError)
    async def refused(request: Request, error: ClosoError) -> Response:
        return _wrong(request, error, 422)

    @app.exception_handler(500)
    async def failed(request: Request, error: Exception) -> Response:
        sentence = f"closo failed with {type(error).__name__} ({str(error)[:200]})."
        return _wrong(request, ClosoError(sentence, hint="This is a bug in closo: please report it."), 500)

    @app.exception_handler(HTTPException)
    async def missing(request: Request, error: HTTPException) -> Response:
        said = "There is nothing here." if error.status_code == 404 else str(error.detail)
        return _wrong(request, ClosoError(said), error.status_code)

    return Guard(app, access)


def _wrong(request: Request, error: ClosoError, status: int) -> Response:
    from closo.web.child import said

    return answer(request, "error.html", {"title": "That does not work", "error": said(error)}, status)


def _import_for_a_first_file() -> None:
    """Import what shows the result of a file, while the user looks for one: 0.7 s of computing."""
    for module in ("xarray", "GTC", "closo.pipeline.combining"):
        import_module(module)
