"""A scene as SVG: text is text, with a title and a description for screen readers."""

import re
from collections.abc import Iterable
from xml.etree.ElementTree import Element, SubElement, tostring

from convcli.figures.fonts import CAPITAL
from convcli.figures.scene import Box, Dot, Group, Item, Line, Page, Polygon, Text
from convcli.figures.themes import Theme

__all__ = ["svg"]

_FONT = "Aileron, Helvetica, Arial, 'Liberation Sans', sans-serif"
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold, however it is written."""


def svg(page: Page, theme: Theme) -> bytes:
    """Write a page as an SVG document.

    Examples
    --------
    >>> from convcli.figures.themes import THEMES
    >>> b"<title>a &lt; b</title>" in svg(Page(10, 10, [], "a < b"), THEMES["light"])
    True
    """
    root = Element(
        "svg",
        {
            "xmlns": "http://www.w3.org/2000/svg",
            "width": _n(page.wide),
            "height": _n(page.high),
            "viewBox": f"0 0 {_n(page.wide)} {_n(page.high)}",
            "role": "img",
            "font-family": _FONT,
            "xml:space": "preserve",
        },
    )
    SubElement(root, "title").text = _held(page.title)
    if page.description:
        SubElement(root, "desc").text = _held(page.description)
    paper = theme.colour(page.paper)
    SubElement(root, "rect", {"width": "100%", "height": "100%", "fill": paper})
    _add(root, page.items, theme)
    written = tostring(root, "unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{written}\n'.encode()


def _add(parent: Element, items: Iterable[Item], theme: Theme) -> None:
    for item in items:
        match item:
            case Group(name, inner):
                group = SubElement(parent, "g", {"class": _held(name)} if name else {})
                _add(group, inner, theme)
            case Box(x, y, wide, high):
                place = {"x": _n(x), "y": _n(y), "width": _n(wide), "height": _n(high)}
                SubElement(parent, "rect", place | _look(item, theme))
            case Dot(x, y, radius):
                place = {"cx": _n(x), "cy": _n(y), "r": _n(radius)}
                SubElement(parent, "circle", place | _look(item, theme))
            case Line(points) | Polygon(points):
                kind = "polyline" if isinstance(item, Line) else "polygon"
                places = " ".join(f"{_n(x)},{_n(y)}" for x, y in points)
                SubElement(parent, kind, {"points": places} | _look(item, theme))
            case Text(x, y, text, size):
                look = {
                    "x": _n(x),
                    "y": _n(y + CAPITAL * size / 2),
                    "font-size": _n(size),
                    "fill": theme.colour(item.ink),
                    "text-anchor": item.anchor,
                }
                if len(text) > 1:  # whatever font is there, a text takes the room that it was given
                    look |= {"textLength": _n(item.wide), "lengthAdjust": "spacingAndGlyphs"}
                SubElement(parent, "text", look).text = _held(text)


def _look(item: Box | Line | Polygon | Dot, theme: Theme) -> dict[str, str]:
    fill = None if isinstance(item, Line) else item.fill
    look = {"fill": theme.colour(fill) if fill else "none"}
    if item.line:
        look |= {"stroke": theme.colour(item.line), "stroke-width": _n(item.stroke)}
        if isinstance(item, Box | Line) and item.dashed:
            look["stroke-dasharray"] = "3 3"
        if not isinstance(item, Box | Dot):
            look |= {"stroke-linejoin": "round", "stroke-linecap": "butt"}
    return look


def _n(number: float) -> str:
    return f"{number:.2f}".rstrip("0").rstrip(".")


def _held(text: str) -> str:
    r"""Escape what no XML document may hold.

    >>> _held("a\x1b[31m")
    'a\\x1b[31m'
    """
    return _FORBIDDEN.sub(lambda found: ascii(found[0])[1:-1], text)
