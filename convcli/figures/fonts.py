"""How wide a text is: the advances of Aileron Regular, the font that Pillow carries, so that both renderers agree.

The font knows little more than ASCII. Signs that figures need beside it are drawn as strokes (`STROKES`), letters
with an accent lose it, what is left is shown as "?": in the raster renderer. SVG keeps every character, at this width.
"""

import unicodedata

__all__ = ["CAPITAL", "STROKES", "fitted", "plain", "width"]

CAPITAL = 0.704
"""Height of capitals and digits, in sizes of the font."""

# fmt: off
_ADVANCES = (  # of the characters from 32 to 126, in thousandths of the size
    216, 242, 339, 580, 580, 740, 654, 176, 315, 315, 560, 580, 220, 274, 220, 303, 580, 580, 580, 580, 580, 580, 580,
    580, 580, 580, 220, 220, 580, 580, 580, 499, 852, 639, 627, 699, 709, 587, 567, 710, 730, 264, 544, 609, 575, 866,
    718, 737, 598, 733, 619, 585, 612, 682, 622, 952, 625, 581, 591, 307, 303, 295, 580, 500, 300, 531, 611, 529, 615,
    549, 290, 615, 593, 238, 233, 522, 247, 855, 593, 586, 611, 615, 330, 459, 313, 592, 514, 785, 482, 513, 462, 303,
    250, 303, 580,
)
# fmt: on
_OTHERS = {"…": 620, "·": 202, "±": 580, "°": 298, "’": 247, "“": 417, "”": 417}

STROKES: dict[str, tuple[int, tuple[tuple[int, int, int, int], ...]]] = {
    "×": (580, ((110, 150, 470, 510), (110, 510, 470, 150))),
    "−": (580, ((80, 330, 500, 330),)),
    "–": (560, ((40, 280, 520, 280),)),
    "→": (900, ((70, 330, 820, 330), (590, 540, 825, 330), (590, 120, 825, 330))),
    "∗": (560, ((280, 120, 280, 540), (98, 225, 462, 435), (98, 435, 462, 225))),
}
"""Advance, and the strokes (x0, y0, x1, y1) above the base line, in thousandths of the size."""


def plain(text: str) -> str:
    r"""Put a text into the characters that can be drawn.

    >>> plain("Bär 3×3 ☃"), plain("a\x1bb")
    ('Bar 3×3 ?', 'a?b')
    """
    if text.isascii() and text.isprintable():
        return text
    parts = (
        c if c in STROKES or c in _OTHERS else unicodedata.normalize("NFKD", c)[:1] for c in text
    )
    return "".join(
        c if c in STROKES or c in _OTHERS or (c.isascii() and c.isprintable()) else "?"
        for c in parts
    )


def width(text: str, size: float) -> float:
    """Return the width of a text at a size.

    >>> width("19", 10)
    11.6
    """
    return sum(map(_advance, plain(text))) * size / 1000


def _advance(sign: str) -> int:
    if sign in STROKES:
        return STROKES[sign][0]
    return _OTHERS[sign] if sign in _OTHERS else _ADVANCES[ord(sign) - 32]


def fitted(text: str, size: float, room: float) -> str:
    """Cut a text to a width, with "…" for what is left out.

    >>> fitted("a label that is too long", 10, 60)
    'a label that i…'
    """
    if width(text, size) <= room:
        return text
    while text and width(text + "…", size) > room:
        text = text[:-1]
    return text.rstrip() + "…"
