"""Check a built site: nothing is loaded from a network, and every link inside leads to a page and an anchor that exist.

`make site` runs it: `python docs/check_site.py build/site`.
"""

from __future__ import annotations

import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

_LOADS = {
    "script": "src",
    "img": "src",
    "link": "href",
    "iframe": "src",
    "source": "src",
    "video": "src",
    "object": "data",
}
_NOT_LOADED = {"canonical", "next", "prev", "search", "index", "author", "copyright", "top", "up", "about"}


class _Page(HTMLParser):
    """Collects what a page loads, where it links to, and its anchors."""

    def __init__(self) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.links: list[str] = []
        self.anchors: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {key: value or "" for key, value in attrs}
        self.anchors |= {given[key] for key in ("id", "name") if given.get(key)}
        if tag == "a" and given.get("href"):
            self.links.append(given["href"])
        kinds = set(given.get("rel", "").split())
        if tag in _LOADS and given.get(_LOADS[tag]) and not kinds & _NOT_LOADED:
            self.loads.append(given[_LOADS[tag]])
        self.loads += re.findall(r"url\(([^)]+)\)", given.get("style", ""))


def problems(site: Path) -> list[str]:
    """Return a sentence for everything that is loaded from elsewhere, and for each link that leads nowhere."""
    pages = {path: _read(path) for path in sorted(site.rglob("*.html"))}
    said = []
    for path, page in pages.items():
        place = path.relative_to(site)
        said += [f"{place} loads {one}" for one in page.loads if _foreign(one)]
        said += [f"{place} links to {link}, which is not there" for link in page.links if not _leads(link, path, pages)]
    for style in sorted(site.rglob("*.css")):
        text = style.read_text(encoding="utf-8", errors="replace")
        loaded = re.findall(r"(?:url\(|@import\s+)[\"']?((?:https?:)?//[^\"')]+)", text)
        said += [f"{style.relative_to(site)} loads {one}" for one in loaded]
    return said


def _read(path: Path) -> _Page:
    page = _Page()
    page.feed(path.read_text(encoding="utf-8"))
    return page


def _foreign(address: str) -> bool:
    return bool(re.match(r"(https?:)?//", address.strip("'\" ")))


def _leads(link: str, path: Path, pages: dict[Path, _Page]) -> bool:
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:
        return True  # outside: not ours to check without a network
    target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
    page = pages.get(target)
    if page is None:
        return target.is_file()
    return not parts.fragment or unquote(parts.fragment) in page.anchors


if __name__ == "__main__":
    site = Path(sys.argv[1]).resolve()
    found = problems(site)
    sys.stdout.write("".join(f"{sentence}\n" for sentence in found))
    sys.exit(1 if found else 0)
