"""SVG of a figure as part of a page: small, with ids of its own, and described for those who cannot see it."""

from __future__ import annotations

import re
from collections.abc import Callable

from markupsafe import Markup, escape

_TAG = re.compile(r"<[^<>]+>")  # matplotlib escapes < and > in text and attributes
_NUMBER = re.compile(r"-?\d+\.\d{3,}")
_STYLED = re.compile(r"(<g[^<>]*>)((?:\s*<use [^<>]*/>){2,})")
_USE = re.compile(r"<use [^<>]*/>")
_PLACE = re.compile(r'<use href="#([^"]+)" x="([^"]+)" y="([^"]+)" style="([^"<>]*)"/>')
_STYLE = re.compile(r' style="([^"<>]*)"')
_FONT = "font-family:'DejaVu Sans', Verdana, Arial, sans-serif;"


def inline_svg(svg: str, name: str, description: str) -> Markup:
    """Return the SVG that closo drew as an element of a page.

    Parameters
    ----------
    svg : text from `figures.to_svg`; what users wrote is escaped in it already.
    name : unique on the page; goes in front of all ids.
    description : read aloud instead of the picture.
    """
    body = svg[svg.index("<svg") :]
    body = re.sub(r"<metadata>.*?</metadata>", "", body, count=1, flags=re.DOTALL)
    body = re.sub(r"<title>.*?</title>", "", body, count=1, flags=re.DOTALL)
    body = re.sub(r"<style[^<>]*>.*?</style>", "", body, count=1, flags=re.DOTALL)  # it would style the whole page
    used = dict.fromkeys(re.findall(r'(?:href="#|url\(#)([^")]+)', body))
    body = _TAG.sub(_own_ids({old: f"{name}-{number}" for number, old in enumerate(used)}), body)
    body = _STYLED.sub(_share_style, body)
    body = re.sub(r">\s+<", "><", body).replace(_FONT, "")
    size = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', body)
    width = f"{float(size[1]) * (1.6 if float(size[1]) > 300 else 2.2):.0f}px" if size else "100%"
    opening = f'<svg role="img" aria-label="{escape(description)}" style="max-width:{width};{_FONT}"'
    body = re.sub(
        r'^<svg ((?:[^<>])*?) ?width="[^"]*" height="[^"]*"', lambda found: f"{opening} {found[1]}", body, count=1
    )
    return Markup(body)  # drawn by closo; every text of a user in it is escaped


def _own_ids(new: dict[str, str]) -> Callable[[re.Match[str]], str]:
    """Return a replacement that shortens numbers, drops unused ids and renames the others (old name -> `new`)."""

    def replace(match: re.Match[str]) -> str:
        tag = re.sub(r' id="([^"]*)"', lambda found: f' id="{new[found[1]]}"' if found[1] in new else "", match[0])
        tag = re.sub(r'(?:xlink:)?href="#([^"]+)"', lambda found: f'href="#{new[found[1]]}"', tag)
        tag = re.sub(r"url\(#([^)]+)\)", lambda found: f"url(#{new[found[1]]})", tag)
        tag = _NUMBER.sub(_short, re.sub(r"\s+", " ", tag))
        tag = _STYLE.sub(lambda style: f' style="{style[1].replace(": ", ":").replace("; ", ";")}"', tag)
        tag = re.sub(r' transform="rotate\(-0 [^"]*"', "", tag)
        return re.sub(r" ?([MLCz]) ", r"\1", tag) if tag.startswith("<path") else tag

    return replace


def _short(number: re.Match[str]) -> str:
    """Return a length with as many digits as can be seen: a tenth of a point, of a marker's outline a hundredth."""
    value = float(number[0])
    return (f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}").rstrip("0").rstrip(".")


def _share_style(match: re.Match[str]) -> str:
    """Write many equal markers as the corners of one path, which takes a quarter of the room; those at one place once."""
    markers = list(dict.fromkeys(_USE.findall(match[2])))
    places = [_PLACE.fullmatch(marker) for marker in markers]
    looks = {place and (place[1], place[4]) for place in places}
    if len(looks) != 1 or None in looks:
        return f"{match[1]}{''.join(markers)}"
    (glyph, style), name = looks.pop(), f"m{match.start()}-{places[0][1]}"  # type: ignore[misc, index]
    corners = "L".join(f"{place[2]} {place[3]}" for place in places if place is not None)
    return (
        f'{match[1]}<marker id="{name}" markerUnits="userSpaceOnUse" overflow="visible"><use href="#{glyph}" '
        f'style="{style}"/></marker><path d="M{corners}" style="fill:none;stroke:none;marker:url(#{name})"/>'
    )
