"""A scene as pixels, by Pillow and the font that it carries: the only room of the figures that knows Pillow."""

import re
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import pairwise
from math import floor
from typing import Any, BinaryIO

from PIL import Image, ImageDraw, ImageFont

from convcli.figures.fonts import CAPITAL, STROKES, plain
from convcli.figures.scene import Box, Dot, Line, Page, Polygon, Text, flat
from convcli.figures.themes import Theme

__all__ = ["animation", "image", "still"]

_SMOOTH = 4
"""Slanted edges are drawn so many times as large, then reduced: lines without steps."""
_DASH = 3.0


def still(file: BinaryIO, page: Page, theme: Theme, scale: float = 2.0) -> None:
    """Write a page as a PNG."""
    image(page, theme, scale).save(file, "PNG", compress_level=6)


def animation(
    file: BinaryIO,
    pages: Sequence[Page],
    theme: Theme,
    form: str,
    *,
    milliseconds: int,
    scale: float = 2.0,
) -> None:
    """Write pages of one size as an endless animation, "gif" or "webp"."""
    frames = [image(page, theme, scale) for page in pages]
    if form == "gif":
        own = any(isinstance(i, Box) and (i.fill or "")[:1] == "#" for i in flat(pages[0].items))
        palette = _palette(frames, 255 if own else 64)  # a picture has colours of its own
        frames = [f.quantize(palette=palette, dither=Image.Dither.NONE) for f in frames]
        options: dict[str, Any] = {"optimize": True, "disposal": 1, "comment": b""}
    else:
        options = {"lossless": True, "quality": 0, "method": 0, "kmin": 0, "kmax": 0}
    frames[0].save(
        file,
        form.upper(),
        save_all=True,
        append_images=frames[1:],
        duration=milliseconds,
        loop=0,
        **options,
    )


def _palette(frames: Sequence[Any], most: int) -> Any:
    """Take the most frequent colours of the first, the middle and the last frame, so that what is flat stays exact."""
    chosen = [frames[0], frames[len(frames) // 2], frames[-1]]
    wide, high = frames[0].size
    sheet = Image.new("RGB", (wide, high * len(chosen)))
    for i, frame in enumerate(chosen):
        sheet.paste(frame, (0, i * high))
    counted: Any = sheet.getcolors(wide * high * len(chosen))
    found = sorted(counted, reverse=True)[:most]
    palette = Image.new("P", (1, 1))
    palette.putpalette([part for _, colour in found for part in colour])
    return palette


def image(page: Page, theme: Theme, scale: float = 2.0) -> Any:
    """Draw a page.

    Returns
    -------
    PIL.Image.Image
        RGB, `scale` pixels a unit.
    """
    size = round(page.wide * scale), round(page.high * scale)
    drawn = Image.new("RGB", size, theme.colour(page.paper))
    pen = _Pen(drawn, theme, scale)
    for item in flat(page.items):
        match item:
            case Box():
                pen.box(item)
            case Text():
                pen.text(item)
            case Dot():
                pen.dot(item)
            case Line():
                pen.line(item)
            case Polygon():
                pen.polygon(item)
    return drawn


_RUNS = f"[{''.join(STROKES)}]|[^{''.join(STROKES)}]+"


@cache
def _font(size: float) -> Any:
    return ImageFont.load_default(size)


@cache
def _stroked(sign: str, size: float) -> tuple[Any, int, int]:
    """Draw a sign that the font lacks, as a mask, and where it lies beside the point that it is written at."""
    em = size / 1000
    lines = [((a * em, -b * em), (c * em, -d * em)) for a, b, c, d in STROKES[sign][1]]
    return _mask(lines, stroke=max(0.068 * size, 1.0))


class _Pen:
    def __init__(self, drawn: Any, theme: Theme, scale: float) -> None:
        self.drawn, self.theme, self.scale = drawn, theme, scale
        self.draw = ImageDraw.Draw(drawn)

    def box(self, box: Box) -> None:
        """Draw a box; its outline lies half inside and half outside, as in SVG."""
        s, draw = self.scale, self.draw
        left, top = round(box.x * s), round(box.y * s)
        right, bottom = round((box.x + box.wide) * s), round((box.y + box.high) * s)
        if box.fill and right > left and bottom > top:
            fill = self.theme.colour(box.fill)
            draw.rectangle((left, top, right - 1, bottom - 1), fill)
        if not box.line:
            return
        ink, thick = self.theme.colour(box.line), max(round(box.stroke * s), 1)
        out = thick // 2
        for x0, y0, x1, y1 in (
            (left, top, right, top),
            (left, bottom, right, bottom),
            (left, top, left, bottom),
            (right, top, right, bottom),
        ):
            for a, b in _dashes(x1 - x0 + y1 - y0, _DASH * s) if box.dashed else ((0, None),):
                across = y0 == y1
                end = (x1 if across else y1) if b is None else (x0 if across else y0) + b
                start = (x0 if across else y0) + a
                if b is None:
                    start, end = start - out, end - out + thick
                low = (y0 if across else x0) - out
                bar = (start, low, end - 1, low + thick - 1)
                draw.rectangle(bar if across else (bar[1], bar[0], bar[3], bar[2]), ink)

    def text(self, text: Text) -> None:
        """Draw a text; signs that the font lacks as strokes."""
        s, ink = self.scale, self.theme.colour(text.ink)
        size, base = text.size * s, (text.y + CAPITAL * text.size / 2) * s
        font = _font(size)
        runs = [  # letters, parted by signs of strokes
            (run, STROKES[run][0] * size / 1000 if run in STROKES else font.getlength(run))
            for run in re.findall(_RUNS, plain(text.text))
        ]
        # hinting makes letters wider or narrower than they were counted: they stay where the anchor is
        x = text.x * s - {"start": 0.0, "middle": 0.5, "end": 1.0}[text.anchor] * sum(
            w for _, w in runs
        )
        for run, wide in runs:
            if run in STROKES:
                mask, left, top = _stroked(run, size)
                self.drawn.paste(ink, (round(x) + left, round(base) + top), mask)
            else:
                self.draw.text((x, base), run, ink, font, "ls")
            x += wide

    def dot(self, dot: Dot) -> None:
        """Draw a disc."""
        s, r, f = self.scale, dot.radius * self.scale, _SMOOTH
        left, top, side = int(dot.x * s - r) - 2, int(dot.y * s - r) - 2, int(2 * r) + 6
        x, y = (dot.x * s - left) * f, (dot.y * s - top) * f
        stroke = dot.stroke * s if dot.line else 0.0
        for ink, radius in (
            (dot.line, r + stroke / 2),
            (dot.fill or ("paper" if dot.line else None), r - stroke / 2),
        ):
            if ink:
                mask = Image.new("L", (side * f, side * f))
                big = radius * f
                ImageDraw.Draw(mask).ellipse((x - big, y - big, x + big, y + big), 255)
                self.drawn.paste(self.theme.colour(ink), (left, top), mask.reduce(f))

    def line(self, line: Line) -> None:
        """Draw a line through points."""
        s, ink = self.scale, self.theme.colour(line.line)
        pairs = [((a * s, b * s), (c * s, d * s)) for (a, b), (c, d) in pairwise(line.points)]
        if line.dashed:
            pairs = [part for pair in pairs for part in _dashed(*pair, _DASH * s)]
        straight = [p for p in pairs if p[0][0] == p[1][0] or p[0][1] == p[1][1]]
        thick = max(round(line.stroke * s), 1)
        for (x0, y0), (x1, y1) in straight:
            (x0, x1), (y0, y1) = sorted((x0, x1)), sorted((y0, y1))
            left, top = (
                (round(x0), round(y0) - thick // 2)
                if y0 == y1
                else (
                    round(x0) - thick // 2,
                    round(y0),
                )
            )
            right, bottom = (
                (round(x1), top + thick) if y0 == y1 else (left + thick, round(y1) + thick // 2)
            )
            self.draw.rectangle((left, top, max(right - 1, left), max(bottom - 1, top)), ink)
        slanted = [p for p in pairs if p not in straight]
        if slanted:
            self._smooth(slanted, ink, stroke=line.stroke * s, joined=not line.dashed)

    def polygon(self, shape: Polygon) -> None:
        """Draw a closed shape."""
        s = self.scale
        points = [(x * s, y * s) for x, y in shape.points]
        if shape.fill:
            self._smooth(
                list(pairwise([*points, points[0]])), self.theme.colour(shape.fill), filled=True
            )
        if shape.line:
            ink = self.theme.colour(shape.line)
            edges = list(pairwise([*points, points[0]]))
            self._smooth(edges, ink, stroke=shape.stroke * s, joined=True)

    def _smooth(
        self,
        lines: Sequence[tuple[tuple[float, float], tuple[float, float]]],
        ink: str,
        *,
        stroke: float = 0.0,
        filled: bool = False,
        joined: bool = False,
    ) -> None:
        """Draw slanted lines, or the shape that they close."""
        mask, left, top = _mask(lines, stroke=stroke, filled=filled, joined=joined)
        self.drawn.paste(ink, (left, top), mask)


def _mask(
    lines: Sequence[tuple[tuple[float, float], tuple[float, float]]],
    *,
    stroke: float,
    filled: bool = False,
    joined: bool = False,
) -> tuple[Any, int, int]:
    """Draw slanted lines, or the shape that they close, in finer pixels; return a mask and its corner."""
    f, room = _SMOOTH, int(stroke) + 2
    xs, ys = [p[0] for pair in lines for p in pair], [p[1] for pair in lines for p in pair]
    left, top = floor(min(xs)) - room, floor(min(ys)) - room
    size = (int(max(xs)) + room + 1 - left) * f, (int(max(ys)) + room + 1 - top) * f
    mask = Image.new("L", size)
    pen = ImageDraw.Draw(mask)
    fine = [tuple(((x - left) * f, (y - top) * f) for x, y in pair) for pair in lines]
    if filled:
        pen.polygon([pair[0] for pair in fine], 255)
    else:
        r = stroke * f / 2
        for (x0, y0), (x1, y1) in fine:
            pen.line((x0, y0, x1, y1), 255, max(round(stroke * f), 1))
            for x, y in ((x0, y0), (x1, y1)) if joined else ():
                pen.ellipse((x - r, y - r, x + r, y + r), 255)
    return mask.reduce(f), left, top


def _dashes(length: float, dash: float) -> Iterable[tuple[int, int]]:
    """Part a length into dashes, the first and the last of them whole as far as it goes."""
    count = max(int((length / dash + 1) // 2), 1)
    step = (length + dash) / count if count > 1 else length
    return [(round(i * step), min(round(i * step + dash), round(length))) for i in range(count)]


def _dashed(
    start: tuple[float, float], end: tuple[float, float], dash: float
) -> list[tuple[tuple[float, float], tuple[float, float]]]:
    (x0, y0), (x1, y1) = start, end
    length = ((x1 - x0) ** 2 + (y1 - y0) ** 2) ** 0.5 or 1.0
    along = (x1 - x0) / length, (y1 - y0) / length
    return [
        ((x0 + along[0] * a, y0 + along[1] * a), (x0 + along[0] * b, y0 + along[1] * b))
        for a, b in _dashes(length, dash)
    ]
