"""The verb that serves the pages: serve."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import Annotated

import typer

from closo.cli.output import say, show_lines
from closo.errors import StudyError


def serve(
    study: Annotated[
        Path | None, typer.Argument(metavar="[STUDY]", help="Folder of a study; without it the page to drop files on.")
    ] = None,
    *,
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="8322, or a free one, without it.")] = None,
    host: Annotated[str, typer.Option(help="Address to listen on; this machine alone without it.")] = "127.0.0.1",
    users: Annotated[Path | None, typer.Option(metavar="FILE", help="Names and passwords of a group.")] = None,
    add_user: Annotated[
        str | None, typer.Option(metavar="NAME", help="Ask for a password, add the user to --users FILE, and stop.")
    ] = None,
    tls_certificate: Annotated[Path | None, typer.Option(metavar="PEM", help="Certificate of TLS.")] = None,
    tls_key: Annotated[Path | None, typer.Option(metavar="PEM", help="Its key.")] = None,
    proxy: Annotated[
        str | None, typer.Option(metavar="https://NAME", help="Address of a trusted proxy in front, which does TLS.")
    ] = None,
    max_upload: Annotated[int, typer.Option(min=1, metavar="MB", help="Largest request that is accepted.")] = 256,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the page in a browser.")] = True,
) -> int:
    """Serve the pages to work in: drop files, see numbers and plots, fit again, compare, judge claims. Ctrl-C ends it.

    The address that is printed opens the page once, and gives the browser a cookie. Nothing is loaded from a network. Other
    machines are answered only with --users, and TLS or a proxy that does it.
    """
    from closo.web.serving import Asked
    from closo.web.serving import serve as begin

    if add_user is not None:
        return _add_user(users, add_user)

    def ready(address: str) -> None:
        show_lines([f"closo serves {study or 'the page to drop files on'}. Open {address}", "Press Ctrl-C to stop."])
        if browser:
            import webbrowser

            webbrowser.open(address)

    begin(study, Asked(host, port, users, tls_certificate, tls_key, proxy, max_upload * 1024**2), ready)
    return 0


def _add_user(file: Path | None, name: str) -> int:
    from closo.web.safety import read_users, user_line

    if file is None:
        raise StudyError("--add-user needs the file to write.", hint="Give --users FILE too.")
    if file.exists() and name in read_users(file):
        raise StudyError(
            f"there is already a user '{name}'.", file=file, hint="Delete the line to change the password."
        )
    line = user_line(name, getpass.getpass(f"Password of {name} (10 characters or more): "))
    with file.open("a", encoding="utf-8") as out:
        out.write(f"{line}\n")
    file.chmod(0o600)
    say(f"{name} may log in. Start with --users {file}.")
    return 0


VERBS = (serve,)
