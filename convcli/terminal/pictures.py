"""Pictures on a terminal: two pixels a character, as half blocks."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.color import Color
from rich.console import Console
from rich.segment import Segment, Segments
from rich.style import Style

from convcli.terminal.consoles import console

__all__ = ["draw_pictures"]

_GAP = 2
_LARGEST_HEIGHT = 40
"""Lines that a preview takes at the most: a long terminal is no reason for a long picture."""


def draw_pictures(
    pictures: list[NDArray[Any]], *, title: str = "", to: Console | None = None
) -> None:
    """Draw pictures side by side, shrunk to fit the terminal. Without colours nothing is drawn.

    Parameters
    ----------
    pictures : list of ndarray, shape (H, W), (1, H, W) or (3, H, W)
        uint8, uint16, or floats with white at 1.
    title : str
        A line above, where something is drawn.
    to : rich.console.Console, optional
        Where to, standard output unless told.
    """
    to = to or console()
    if to.color_system is None or to.no_color or to.options.ascii_only:
        return
    width = (to.width - _GAP * (len(pictures) - 1)) // len(pictures)
    height = 2 * min(to.height - 3, _LARGEST_HEIGHT)
    if width < 1 or height < 2:
        return
    small = [_colours(_shrunk(picture, height, width)) for picture in pictures]
    if title:
        to.print(title)
    lines = max(picture.shape[0] for picture in small) // 2
    segments: list[Segment] = []
    for line in range(lines):
        for i, picture in enumerate(small):
            segments += [Segment(" " * _GAP)] if i else []
            segments += _half_blocks(picture, line)
        segments.append(Segment.line())
    to.print(Segments(segments), end="")


def _shrunk(picture: NDArray[Any], height: int, width: int) -> NDArray[Any]:
    """Shrink by averaging boxes of cells, so that thin lines do not vanish; never enlarge. White becomes 255."""
    white = np.iinfo(picture.dtype).max if picture.dtype.kind == "u" else 1
    rows, columns = picture.shape[-2:]
    factor = min(1.0, height / rows, width / columns)
    shape = max(round(rows * factor), 1), max(round(columns * factor), 1)
    for axis, parts in ((-2, shape[0]), (-1, shape[1])):
        n = picture.shape[axis]
        starts = np.arange(parts) * n // parts
        counts = np.diff(np.append(starts, n))
        sums = np.add.reduceat(picture, starts, axis=axis, dtype=np.float32)
        picture = sums / (counts[:, None] if axis == -2 else counts)
    return np.clip(picture * (255 / white), 0, 255)


def _colours(picture: NDArray[Any]) -> NDArray[np.uint8]:
    """Return shape (lines * 2, columns, 3)."""
    samples = np.rint(picture).astype(np.uint8)
    coloured = np.broadcast_to(samples, (3, *samples.shape[-2:]))
    even = np.pad(coloured, ((0, 0), (0, coloured.shape[1] % 2), (0, 0)), mode="edge")
    return even.transpose(1, 2, 0)


def _half_blocks(picture: NDArray[np.uint8], line: int) -> list[Segment]:
    if 2 * line >= picture.shape[0]:
        return [Segment(" " * picture.shape[1])]
    upper, lower = picture[2 * line].tolist(), picture[2 * line + 1].tolist()
    return [
        Segment("▀", Style(color=Color.from_rgb(*above), bgcolor=Color.from_rgb(*below)))
        for above, below in zip(upper, lower, strict=True)
    ]
