"""Curves as a picture: a panel each, with its axes in numbers."""

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

import numpy as np

from convcli.files.pictures.picture import Picture

__all__ = ["barred", "plotted"]

_WIDTH, _HEIGHT = 560, 400
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 16, 36, 44
_SCALE = 2
"""Drawn so many times as large, then reduced: lines without steps."""
_INKS = ("#1f5fa8", "#d1680b", "#2a8a4a", "#8a3fa0")
_GREY = "#c9c9c9"


def plotted(panels: Mapping[str, Mapping[str, Sequence[float]]], across: str) -> Picture:
    """Draw panels side by side.

    Parameters
    ----------
    panels : mapping of str to mapping of str to sequence of float
        Title of a panel, name of a curve, its values at 1, 2, 3 …; not finite ones are left out.
    across : str
        What is counted along the horizontal axis.

    Returns
    -------
    Picture
        8-bit RGB.

    Examples
    --------
    >>> plotted({"loss": {"training": [2.3, 0.4]}}, "epoch").planes.shape
    (3, 400, 560)
    """
    image, drawing = import_module("PIL.Image"), import_module("PIL.ImageDraw")
    font = import_module("PIL.ImageFont").load_default(13 * _SCALE)
    size = (_WIDTH * len(panels) * _SCALE, _HEIGHT * _SCALE)
    sheet = image.new("RGB", size, "white")
    pen = drawing.Draw(sheet)
    for i, (title, curves) in enumerate(panels.items()):
        _Panel(pen, font, i * _WIDTH, curves).draw(title, across)
    small = sheet.resize((size[0] // _SCALE, size[1] // _SCALE), image.Resampling.BOX)
    return Picture(np.ascontiguousarray(np.moveaxis(np.asarray(small), 2, 0)))


def barred(panels: Mapping[str, Mapping[str, float]]) -> Picture:
    """Draw panels of bars side by side, the longest across the whole panel; the names stand at the left.

    Parameters
    ----------
    panels : mapping of str to mapping of str to float
        Title of a panel, names and their numbers, of at least 0; the names are those of the first panel.

    Returns
    -------
    Picture
        8-bit RGB.

    Examples
    --------
    >>> barred({"MACs": {"a": 2.0, "b": 0.5}}).planes.shape[1]
    108
    """
    image, drawing = import_module("PIL.Image"), import_module("PIL.ImageDraw")
    font = import_module("PIL.ImageFont").load_default(13 * _SCALE)
    names = list(next(iter(panels.values())))
    named = max(font.getlength(name) for name in names) + 2 * _RIGHT * _SCALE
    wide, line = _WIDTH // 2 * _SCALE, 28 * _SCALE
    size = (int(named) + wide * len(panels), line * len(names) + (_TOP + _RIGHT) * _SCALE)
    sheet = image.new("RGB", size, "white")
    pen = drawing.Draw(sheet)
    for i, (title, bars) in enumerate(panels.items()):
        left, most = named + i * wide, max(*bars.values(), 1e-30)
        pen.text((left, _RIGHT * _SCALE), title, "black", font, "lt")
        for j, (name, value) in enumerate(bars.items()):
            middle = (_TOP + 14) * _SCALE + j * line
            length = value / most * (wide - 96 * _SCALE)
            pen.rectangle([left, middle - line / 3, left + length, middle + line / 3], _INKS[i % 4])
            pen.text((left + length + 6 * _SCALE, middle), f"{value:.4g}", "black", font, "lm")
            if not i:
                pen.text((named - 8 * _SCALE, middle), name, "black", font, "rm")
    small = sheet.resize((size[0] // _SCALE, size[1] // _SCALE), image.Resampling.BOX)
    return Picture(np.ascontiguousarray(np.moveaxis(np.asarray(small), 2, 0)))


def _ticks(low: float, high: float, most: int) -> list[float]:
    """Return round numbers within a range, at most so many.

    >>> _ticks(0.03, 2.31, 5)
    [0.5, 1.0, 1.5, 2.0]
    """
    rough = (high - low) / most
    step = 10.0 ** np.floor(np.log10(rough))
    step = float(next(f * step for f in (1, 2, 5, 10) if f * step >= rough))
    numbers = np.arange(np.ceil(low / step), np.floor(high / step) + 1) * step
    return [float(round(n, 12)) for n in numbers]


class _Panel:
    def __init__(
        self, pen: Any, font: Any, left: int, curves: Mapping[str, Sequence[float]]
    ) -> None:
        self.pen, self.font, self.left = pen, font, left
        self.curves = {
            name: [(i, v) for i, v in enumerate(values, 1) if np.isfinite(v)]
            for name, values in curves.items()
        }
        heights = [v for points in self.curves.values() for _, v in points] or [0.0]
        self.low, self.high = min(heights), max(heights)
        if self.low == self.high:
            self.low, self.high = self.low - 0.5, self.high + 0.5
        self.last = max([2, *(len(values) for values in curves.values())])

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Return the pixel of a point, from the left and from the top."""
        wide, high = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM
        right = (x - 1) / (self.last - 1) * wide
        down = (self.high - y) / (self.high - self.low) * high
        return (self.left + _LEFT + right) * _SCALE, (_TOP + down) * _SCALE

    def text(self, where: tuple[float, float], text: str, anchor: str, ink: str = "black") -> None:
        self.pen.text(where, text, ink, self.font, anchor)

    def draw(self, title: str, across: str) -> None:
        (left, bottom), (right, top) = self.at(1, self.low), self.at(self.last, self.high)
        gap = 6 * _SCALE
        for tick in _ticks(self.low, self.high, 6):
            _, y = self.at(1, tick)
            self.pen.line([(left, y), (right, y)], _GREY, _SCALE)
            self.text((left - gap, y), f"{tick:g}", "rm")
        for tick in _ticks(1, self.last, 8):
            if tick == int(tick):
                x, _ = self.at(tick, self.low)
                self.pen.line([(x, bottom), (x, bottom + gap / 2)], "black", _SCALE)
                self.text((x, bottom + gap), f"{tick:g}", "ma")
        self.pen.rectangle([(left, top), (right, bottom)], outline="black", width=_SCALE)
        self.text(((left + right) / 2, bottom + 4 * gap), across, "ma")
        self.text((left, top - gap), title, "ld")
        x = right
        for (name, points), ink in zip(reversed(self.curves.items()), _INKS, strict=False):
            self.text((x, top - gap), name, "rd", ink)
            x -= self.pen.textlength(name, self.font) + 2 * gap
            places = [self.at(*point) for point in points]
            if len(places) > 1:
                self.pen.line(places, ink, 2 * _SCALE, "curve")
            for a, b in places if len(places) <= 40 else []:  # more would hide the line
                r = 3 * _SCALE
                self.pen.ellipse([(a - r, b - r), (a + r, b + r)], ink)
