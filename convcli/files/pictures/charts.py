"""What came out of a test as pictures: which classes are taken for which, and a gallery of examples."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from math import ceil, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convcli.files.pictures.picture import Picture

__all__ = ["Tile", "confusion_chart", "gallery"]

_CELL = 40
"""Pixels of a class's cell, where there is room for a number in it."""
_MOST = 1200
"""Pixels that all cells take, at most; many classes have smaller ones, without numbers."""
_TEXT, _SMALL = 14, 11
_GAP = 8
_LONGEST = 24
_SIDE = 112
"""Pixels of a tile's longer side, at least, as far as a whole factor brings it there."""
_BLUE = np.array([23, 78, 140])


def _short(text: str) -> str:
    shown = "".join(c if c.isprintable() else "?" for c in text)
    return shown if len(shown) <= _LONGEST else f"{shown[: _LONGEST - 1]}…"


def _fonts() -> tuple[Any, Any, Any, Any]:
    image, drawing = import_module("PIL.Image"), import_module("PIL.ImageDraw")
    font = import_module("PIL.ImageFont").load_default
    return image, drawing, font(_TEXT), font(_SMALL)


def _picture(sheet: Any) -> Picture:
    return Picture(np.ascontiguousarray(np.moveaxis(np.asarray(sheet), 2, 0)))


def confusion_chart(counts: NDArray[np.int64], labels: Sequence[str]) -> Picture:
    """Draw how often each class, a row, was taken for each, a column: the darker, the larger the share of its row.

    Parameters
    ----------
    counts : ndarray of int, shape (classes, classes)
    labels : sequence of str

    Returns
    -------
    Picture
        8-bit RGB.

    Examples
    --------
    >>> confusion_chart(np.array([[3, 1], [0, 2]]), ["a", "b"]).planes.shape[0]
    3
    """
    image, drawing, font, small = _fonts()
    side = max(min(_CELL, _MOST // len(labels)), 1)
    names = [_short(label) for label in labels] if side >= _TEXT else [""] * len(labels)
    corner = "class \\ answer"
    room = int(max([small.getlength(corner), *(font.getlength(n) for n in names)])) + 2 * _GAP
    whole = side * len(labels)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    cells = np.rint(255 + shares[..., None] * (_BLUE - 255)).astype(np.uint8)
    grid = cells.repeat(side, axis=0).repeat(side, axis=1)
    if side > 2 * _GAP:
        grid[::side] = grid[:, ::side] = 214
    sheet = image.new("RGB", (room + whole + _GAP, room + whole + _GAP), "white")
    sheet.paste(image.fromarray(grid), (room, room))
    upright = image.new("RGB", (whole, room), "white")
    pens = drawing.Draw(sheet), drawing.Draw(upright)
    for i, name in enumerate(names):
        middle = (i + 0.5) * side
        pens[0].text((room - _GAP, room + middle), name, "black", font, "rm")
        across = image.new("RGB", (room, _TEXT + 4), "white")
        drawing.Draw(across).text((_GAP, _TEXT / 2 + 2), name, "black", font, "lm")
        turned = across.transpose(image.Transpose.ROTATE_90)
        upright.paste(turned, (int(middle - turned.width / 2), 0))
    sheet.paste(upright, (room, 0))
    pens[0].text((room - _GAP, room - _GAP), corner, "black", small, "rd")
    for row, column in np.argwhere(counts) if side == _CELL else ():
        ink = "white" if shares[row, column] > 0.5 else "black"
        where = room + (column + 0.5) * side, room + (row + 0.5) * side
        pens[0].text(where, str(counts[row, column]), ink, small, "mm")
    return _picture(sheet)


@dataclass(frozen=True, eq=False)
class Tile:
    """A picture and what stands below it.

    Parameters
    ----------
    planes : ndarray, shape (C, H, W), C of 1 or 3, 0…1
    lines : tuple of str
    """

    planes: NDArray[Any]
    lines: tuple[str, ...]


def gallery(tiles: Sequence[Tile]) -> Picture:
    """Draw pictures of one size side by side, each with its lines below.

    Examples
    --------
    >>> gallery([Tile(np.zeros((1, 28, 28)), ("a", "b"))] * 3).planes.shape
    (3, 320, 248)
    """
    image, drawing, font, _ = _fonts()
    height, width = tiles[0].planes.shape[-2:]
    factor = max(ceil(_SIDE / max(height, width)), 1)
    tall = height * factor + len(tiles[0].lines) * (_TEXT + 4) + _GAP
    lines = [[_short(line) for line in tile.lines] for tile in tiles]
    longest = max(font.getlength(line) for each in lines for line in each)
    wide = max(width * factor, int(longest)) + _GAP
    across = ceil(sqrt(len(tiles)))
    down = ceil(len(tiles) / across)
    sheet = image.new("RGB", (across * wide + _GAP, down * tall + _GAP), "white")
    pen = drawing.Draw(sheet)
    for i, tile in enumerate(tiles):
        top, left = _GAP + i // across * tall, _GAP + i % across * wide
        samples = np.rint(np.clip(tile.planes, 0, 1) * 255).astype(np.uint8)
        large = np.broadcast_to(samples, (3, height, width)).repeat(factor, 1).repeat(factor, 2)
        sheet.paste(image.fromarray(np.ascontiguousarray(np.moveaxis(large, 0, 2))), (left, top))
        for n, line in enumerate(lines[i]):
            pen.text((left, top + height * factor + 2 + n * (_TEXT + 4)), line, "black", font)
    return _picture(sheet)
