"""Who may ask what: host, origin, cookie, size and speed of a request, and what every answer tells the browser.

Plain ASGI, around the whole application, so that a new route is covered without a word.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from closo.errors import StudyError

COOKIE = "closo"
HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}
_SAFE = ("GET", "HEAD", "OPTIONS")
_OPEN = ("/login", "/static/app.css", "/static/app.js")  # what someone without a cookie may see
_SESSION = 12 * 3600.0  # s
_TRIES, _PAUSE = 5, 30.0  # wrong passwords in a row, and the pause after them [s]
_SCRYPT = {"n": 2**14, "r": 8, "p": 1}


@dataclass
class Access:
    """Who is let in."""

    origins: tuple[str, ...]  # 'http://127.0.0.1:8322', ...: where the page is reached; only their hosts are answered
    users: Mapping[str, str] = field(default_factory=dict)  # name -> scrypt line; empty: the token of the start, once
    secure: bool = False  # whether the cookie is for TLS only
    largest: int = 256 * 1024**2  # bytes of a request
    slowest: float = 30.0  # the longest pause in it [s]
    token: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    _sessions: dict[str, tuple[str, float]] = field(default_factory=dict)
    _wrong: dict[str, tuple[int, float]] = field(default_factory=dict)

    def user_of(self, cookie: str | None) -> str | None:
        """Return the user of a session, None where there is none."""
        name, until = self._sessions.get(cookie or "", ("", 0.0))
        return name if until > time.monotonic() else None

    def spend(self, token: str) -> bool:
        """Return whether this is the token of the start; it opens the page once."""
        right = not self.users and bool(self.token) and hmac.compare_digest(token.encode(), self.token.encode())
        if right:
            self.token = ""
        return right

    def login(self, name: str, password: str) -> bool:
        """Return whether a user has given the right password; after some wrong ones nobody is asked for a while."""
        tries, since = self._wrong.get(name, (0, 0.0))
        if tries >= _TRIES and time.monotonic() - since < _PAUSE:
            return False
        line = self.users.get(name, "00$" + "0" * 64)
        right = hmac.compare_digest(_hash(password, line.partition("$")[0]), line) and name in self.users
        self._wrong[name] = (0, 0.0) if right else (tries + 1 if tries < _TRIES else 1, time.monotonic())
        if len(self._wrong) > 1000:
            self._wrong.clear()
        return right

    def begin(self, response: Response, user: str) -> Response:
        """Give the browser a session."""
        session = secrets.token_urlsafe(32)
        self._sessions = {s: u for s, u in self._sessions.items() if u[1] > time.monotonic()}
        self._sessions[session] = (user, time.monotonic() + _SESSION)
        response.set_cookie(COOKIE, session, httponly=True, samesite="strict", secure=self.secure, path="/")
        return response

    def end(self, cookie: str | None) -> None:
        """Forget a session."""
        self._sessions.pop(cookie or "", None)


def _hash(password: str, salt: str) -> str:
    digest = hashlib.scrypt(password.encode(), salt=salt.encode(), dklen=32, **_SCRYPT)
    return f"{salt}${digest.hex()}"


def user_line(name: str, password: str) -> str:
    """Return the line of a user for the file of users: 'name:salt$hash'."""
    if not name.isidentifier():
        raise StudyError(f"'{name}' cannot be the name of a user.", hint="Use letters, digits and _.")
    if len(password) < 10:
        raise StudyError("the password is too short.", hint="Use at least 10 characters.")
    return f"{name}:{_hash(password, secrets.token_hex(8))}"


def read_users(path: Path) -> dict[str, str]:
    """Return name -> line of the users in a file.

    Raises
    ------
    StudyError  when it cannot be read, or has none.
    """
    try:
        lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError):
        raise StudyError("the file of users cannot be read.", file=path, hint="--add-user NAME makes it.") from None
    users = {name: rest for name, colon, rest in (line.partition(":") for line in lines) if colon and "$" in rest}
    if not users or len(users) < len(lines):
        raise StudyError("this is not a users file.", file=path, hint="Its lines are made by --add-user NAME.")
    return users


class Guard:
    """Refuses what does not come from the page itself, counts bytes and seconds, and adds `HEADERS` to every answer."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app = app
        self._access = access
        self._hosts = {origin.partition("://")[2] for origin in access.origins}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = {name for name, _ in message["headers"]}
                more = [(k.encode(), v.encode()) for k, v in HEADERS.items() if k.encode() not in given]
                message = {**message, "headers": [*message["headers"], *more]}
            await send(message)

        request = Request(scope)
        refused = self._refused(request)
        if refused is not None:
            await refused(scope, receive, answer)
            return
        await self._app(scope, self._counted(receive), answer)

    def _refused(self, request: Request) -> Response | None:
        """Return the answer to a request that is not let in, None to one that is."""
        host, origin = request.headers.get("host", ""), request.headers.get("origin")
        size = request.headers.get("content-length", "0")
        if host not in self._hosts:
            return PlainTextResponse("closo answers only under its own address.\n", 403)
        if request.method not in _SAFE and origin not in self._access.origins:
            return PlainTextResponse("This request does not come from closo's own page.\n", 403)
        if size.isdigit() and int(size) > self._access.largest:
            return PlainTextResponse(f"{_too_large(self._access.largest)}\n", 413, {"connection": "close"})
        user = self._access.user_of(request.cookies.get(COOKIE))
        if user is None and request.url.path in _OPEN and (self._access.users or request.method == "GET"):
            user = ""
        request.scope["user"] = user
        return None if user is not None else self._unknown(request)

    def _unknown(self, request: Request) -> Response:
        """Return the answer to someone without a session."""
        if request.method == "GET" and self._access.spend(request.query_params.get("token", "")):
            return self._access.begin(RedirectResponse(request.url.path, 303), "you")
        if not self._access.users:
            return PlainTextResponse("Open the address that `closo serve` printed; it works once.\n", 401)
        if request.method == "GET" and "text/html" in request.headers.get("accept", ""):
            return RedirectResponse("/login", 303)
        return PlainTextResponse("Log in first: /login\n", 401)

    def _counted(self, receive: Receive) -> Receive:
        """Return `receive` that stops a request which is too large or too slow."""
        arrived = 0

        async def counted() -> Message:
            nonlocal arrived
            try:
                message = await asyncio.wait_for(receive(), self._access.slowest if arrived >= 0 else None)
            except TimeoutError:
                raise HTTPException(408, f"Nothing has arrived for {self._access.slowest:g} s.") from None
            if message["type"] == "http.request":
                arrived += len(message.get("body", b""))
                if arrived > self._access.largest:
                    raise HTTPException(413, _too_large(self._access.largest))
                if not message.get("more_body", False):
                    arrived = -1  # what comes now is the end of the connection, and may come late
            return message

        return counted


def _too_large(most: int) -> str:
    return f"This is more than the {most / 1024**2:.0f} MB that one request may have. --max-upload changes that."
