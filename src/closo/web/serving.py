"""`closo serve`: where it listens, for whom, and how it starts."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

from closo.errors import StudyError
from closo.web import sandbox

if TYPE_CHECKING:
    import uvicorn

PORT = 8322
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True)
class Asked:
    """What the command line says."""

    host: str = "127.0.0.1"
    port: int | None = None  # without it 8322, or a free one where that is taken
    users: Path | None = None  # file of users; needed where others than this machine are answered
    certificate: Path | None = None  # of TLS, in PEM files
    key: Path | None = None
    proxy: str | None = None  # 'https://closo.example.org', the address of a trusted proxy that does TLS
    largest: int = 256 * 1024**2  # bytes of one request


def serve(study: Path | None, asked: Asked, ready: Callable[[str], None]) -> None:
    """Serve the pages until Ctrl-C.

    Parameters
    ----------
    ready : called with the address, when who asks there is answered.

    Raises
    ------
    StudyError  when it may not be served like this, or an extra is missing.
    """
    _refuse_open(asked)
    Thread(target=sandbox.warm_up, daemon=True).start()  # on another core, while this one imports the server
    try:
        import uvicorn

        from closo.web.app import make_app
        from closo.web.safety import Access, read_users
        from closo.web.workplace import Workplace
    except ImportError as error:
        raise StudyError(f"{error.name} is not installed.", hint="Install it with: pip install 'closo[web]'") from None
    with _listening(asked) as listener:
        access = Access(
            origins=_origins(asked, int(listener.getsockname()[1])),
            users=read_users(asked.users) if asked.users is not None else {},
            secure=asked.certificate is not None or asked.proxy is not None,
            largest=asked.largest,
        )
        settings = _settings(make_app(Workplace(study, Path.cwd()), access), asked)
        ready(access.origins[0] + ("/" if access.users else f"/?token={access.token}"))
        uvicorn.Server(settings).run(sockets=[listener])


def _settings(app: Any, asked: Asked) -> uvicorn.Config:
    """Return how the server runs, with its certificate read."""
    import uvicorn

    settings = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        ws="none",
        timeout_keep_alive=15,
        timeout_graceful_shutdown=3,
        limit_concurrency=100,
        h11_max_incomplete_event_size=32 * 1024,
        proxy_headers=False,
        ssl_certfile=asked.certificate,
        ssl_keyfile=asked.key,
    )
    try:
        settings.load()
    except (OSError, ssl.SSLError) as error:
        raise StudyError(f"the certificate cannot be used ({error}).", file=asked.certificate) from None
    return settings


def _refuse_open(asked: Asked) -> None:
    """Refuse to answer other machines without users, and without TLS or a stated proxy that does it."""
    if asked.proxy is not None and not asked.proxy.startswith("https://"):
        raise StudyError(
            f"--proxy {asked.proxy} is not an https address.", hint="Write for example --proxy https://closo.lab.org"
        )
    if (asked.certificate is None) != (asked.key is None):
        raise StudyError("TLS needs both --tls-certificate and --tls-key.")
    if asked.host in _LOOPBACK and asked.proxy is None:
        return
    if asked.users is None:
        raise StudyError(
            f"under {asked.proxy or asked.host} other machines reach this server, and no users are given.",
            hint="Make a file of users with --users FILE --add-user NAME, and give it with --users FILE.",
        )
    if asked.certificate is None and asked.proxy is None:
        raise StudyError(
            f"under {asked.host} passwords would cross the network unencrypted.",
            hint="Give --tls-certificate and --tls-key, or --proxy https://NAME where a trusted proxy does TLS.",
        )


def _origins(asked: Asked, port: int) -> tuple[str, ...]:
    """Return the addresses under which the page is reached."""
    if asked.proxy is not None:
        return (asked.proxy.rstrip("/"),)
    scheme = "https" if asked.certificate is not None else "http"
    names = ["127.0.0.1", "localhost", "[::1]"] if asked.host in _LOOPBACK else [asked.host]
    if asked.host in ("0.0.0.0", "::"):  # every address of this machine: its name
        names = [socket.getfqdn(), socket.gethostname(), "127.0.0.1", "localhost"]
    return tuple(f"{scheme}://{name}:{port}" for name in dict.fromkeys(names))


def _listening(asked: Asked) -> socket.socket:
    """Return a socket that listens: who asks from now on waits for the server, and is not refused."""
    for port in (PORT, 0) if asked.port is None else (asked.port,):
        listener = socket.socket(socket.AF_INET6 if ":" in asked.host else socket.AF_INET)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((asked.host, port))
            listener.listen(100)
        except OSError as error:
            listener.close()
            problem = f"nothing can listen on {asked.host}, port {port} ({error.strerror})."
        else:
            return listener
    raise StudyError(problem, hint="Is another closo there? Give another --port, or another --host.")
