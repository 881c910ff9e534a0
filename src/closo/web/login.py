"""Logging in, where a group works on one server."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from closo.web.answer import answer
from closo.web.safety import COOKIE

router = APIRouter()


@router.get("/login")
async def page(request: Request) -> Response:
    """Ask for name and password."""
    return answer(request, "login.html", {"title": "Log in", "wrong": False})


@router.post("/login")
async def login(request: Request) -> Response:
    """Begin a session, where name and password are right."""
    form = await request.form(max_files=0, max_fields=2)
    name, password = str(form.get("name", ""))[:100], str(form.get("password", ""))[:1000]
    access = request.app.state.access
    if await asyncio.to_thread(access.login, name, password):
        return access.begin(RedirectResponse("/", 303), name)  # type: ignore[no-any-return]
    return answer(request, "login.html", {"title": "Log in", "wrong": True}, 401)


@router.post("/logout")
async def logout(request: Request) -> Response:
    """End the session."""
    request.app.state.access.end(request.cookies.get(COOKIE))
    return RedirectResponse("/login" if request.app.state.access.users else "/", 303)
