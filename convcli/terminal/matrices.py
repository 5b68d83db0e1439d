"""Arrays drawn on a terminal: aligned, signs coloured, cut in the middle to fit, or as a map of colours."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import floor, isfinite, log10
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.color import Color
from rich.console import Console
from rich.style import Style
from rich.text import Text

from convcli.engine.errors import printable

__all__ = ["draw_matrix"]

TITLE, ASIDE, NEGATIVE, ZERO, NOT_FINITE = "bold", "dim", "cyan", "dim", "magenta"

DIVERGING = ((33, 102, 172), (247, 247, 247), (178, 24, 43))
"""Blue, white, red: the middle and two ends of RdBu (Brewer, colorbrewer2.org)."""
SEQUENTIAL = ((68, 1, 84), (59, 82, 139), (33, 145, 140), (94, 201, 98), (253, 231, 37))
"""Dark to bright: five stops of viridis (Smith and van der Walt, 2015)."""

_DIGITS = 4  # significant ones, of the largest number shown
_GAP = 2  # columns of the terminal between two cells
_LEAST_ROWS = 5  # of a plane, before planes are left out


def draw_matrix(
    array: NDArray[Any], *, console: Console, heat: bool = False, title: str | None = None
) -> None:
    """Draw an array of 2 to 4 dimensions: the whole of it, or its ends as far as the console has room.

    Floats have the decimals that give the largest number shown 4 digits, or fewer where that is exact; what would
    round to zero gets a power of ten. What does not fit is left out in the middle, and counted below.

    Parameters
    ----------
    array : ndarray of shape (H, W), (C, H, W) or (N, C, H, W)
        Integers, bool or floats.
    console : Console
        Its width and height are the room there is.
    heat : bool
        Whether the values show as colours behind the cells: blue below zero and red above where there is a negative
        one, else dark to bright. Where the numbers do not fit, the colours stand alone. On a console without
        colours (NO_COLOR, TERM=dumb, a file) the numbers are drawn as ever.
    title : str, optional
    """
    colours = console.color_system is not None and not console.no_color
    scale = _Heat.of(array) if heat and colours else None
    more = "..." if console.options.ascii_only else "…"
    planes = array.reshape(-1, *array.shape[-2:])
    aside = (
        2 + (title is not None) + (scale is not None)
    )  # below: what was left out, and the prompt
    chosen, rows = _share(len(planes), planes.shape[1], array.ndim > 2, console.height - aside)
    grid = _Grid.of(planes, chosen, rows, console.width, scale, more)

    lines = [Text(printable(title), TITLE)] if title is not None else []
    for plane in chosen:
        if plane is None:
            lines.append(Text(more[: console.width], ASIDE))
            continue
        if array.ndim > 2:
            lines.append(Text(_label(plane, array.shape), ASIDE))
        lines += [grid.line(planes[plane], row) for row in rows]
    if scale is not None:
        lines += scale.legend(console.width)
    left_out = _left_out(array, chosen, rows, grid.columns)
    if left_out:
        lines.append(Text(f"{more} {left_out} left out", ASIDE))
    console.print(Text("\n").join(lines))


@dataclass(frozen=True)
class _Heat:
    """The colours between two values."""

    low: float
    high: float

    @classmethod
    def of(cls, array: NDArray[Any]) -> "_Heat":
        finite = np.isfinite(array)
        if not finite.any():
            return cls(0.0, 0.0)
        low = float(np.min(array, where=finite, initial=array[finite][0]))
        high = float(np.max(array, where=finite, initial=array[finite][0]))
        return cls(min(low, -high), max(high, -low)) if low < 0 else cls(low, high)

    def style(self, value: float) -> Style:
        if not isfinite(value):
            return Style.parse(NOT_FINITE)
        stops = DIVERGING if self.low < 0 else SEQUENTIAL
        span = self.high / 2 - self.low / 2  # halves: the whole may be past the largest float
        at = (value / 2 - self.low / 2) / span * (len(stops) - 1) if span else 0.0
        first = min(floor(at), len(stops) - 2)
        red, green, blue = (
            round(a + (b - a) * (at - first))
            for a, b in zip(stops[first], stops[first + 1], strict=True)
        )
        bright = 0.2126 * red + 0.7152 * green + 0.0722 * blue > 128
        return Style(color="black" if bright else "white", bgcolor=Color.from_rgb(red, green, blue))

    def legend(self, width: int) -> list[Text]:
        """Draw the colours from the lowest to the highest value, if there is room."""
        ends = f"{self.low:.4g} ", f" {self.high:.4g}"
        steps = min(width - len(ends[0] + ends[1]), 24)
        if steps < 2 or self.low == self.high:
            return []
        line = Text(ends[0], ASIDE)
        for step in range(steps):
            part = step / (steps - 1)
            line.append(" ", self.style(self.low * (1 - part) + self.high * part))
        return [line.append(ends[1], ASIDE)]


@dataclass(frozen=True)
class _Grid:
    """How the cells of all planes are drawn: which columns, how wide, in which words and colours."""

    columns: list[int | None]
    cell: int
    gap: str
    write: Callable[[Any], str] | None  # None: colours only
    scale: _Heat | None
    more: str

    @classmethod
    def of(
        cls,
        planes: NDArray[Any],
        chosen: list[int | None],
        rows: list[int | None],
        room: int,
        scale: _Heat | None,
        more: str,
    ) -> "_Grid":
        width = planes.shape[2]
        candidates = _real(_ends(width, room))  # no cell is narrower than a digit
        seen = planes[np.ix_(_real(chosen), _real(rows), candidates)]
        write = _writer(seen)
        cell, gap = max(len(write(value)) for value in seen.flat), " " * _GAP
        if scale is not None and width * (cell + _GAP) <= room:
            return cls(list(range(width)), cell + _GAP, "", write, scale, more)
        if scale is not None:
            cell = 2 if 2 * width <= room else 1  # two columns of a terminal are about a square
            return cls(_fitting(width, cell, 0, room, more), cell, "", None, scale, more)
        columns = _fitting(width, cell, _GAP, room, more)
        return cls(columns, min(cell, room), gap, write, None, more)

    def line(self, plane: NDArray[Any], row: int | None) -> Text:
        if row is None and self.write is None:
            return Text(self.more, ASIDE)
        line = Text()
        for column in self.columns:
            line.append(self.gap if line else "")
            if column is None:
                line.append(self.more, ASIDE)
            elif row is None:
                line.append(self._fit(self.more), ASIDE)
            else:
                value = plane[row, column]
                text = self.write(value) if self.write else ""
                style = self.scale.style(float(value)) if self.scale else _sign(value)
                line.append(self._fit(text), style)
        return line

    def _fit(self, text: str) -> str:
        if len(text) > self.cell:  # a part of a number would be another number
            text = self.more[: self.cell]
        if self.scale and self.write:  # the colour goes around the number
            text += " "
        return text.rjust(self.cell)


def _fitting(width: int, cell: int, gap: int, room: int, more: str) -> list[int | None]:
    """Choose the columns of the array for which there is room."""
    if width * (cell + gap) - gap <= room:
        return list(range(width))
    columns = _ends(width, max((room - len(more)) // (cell + gap), 1))
    return columns if cell + gap + len(more) <= room else columns[:1]


def _sign(value: Any) -> str:
    if not isfinite(value):
        return NOT_FINITE
    return NEGATIVE if value < 0 else "" if value else ZERO


def _writer(seen: NDArray[Any]) -> Callable[[Any], str]:
    """Choose how numbers are written, from those that may be shown."""
    if seen.dtype.kind != "f":
        return lambda value: str(int(value))
    sizes = np.abs(seen[np.isfinite(seen) & (seen != 0)])
    largest = float(sizes.max()) if sizes.size else 1.0
    if not 1e-4 <= largest < 1e8:
        return lambda value: f"{value:.{_DIGITS - 1}e}" if value else "0"
    most = max(_DIGITS - 1 - floor(log10(largest)), 1)
    exact = seen.dtype.type  # 0.1 is exact for a float32 where it is the float32 nearest to 0.1
    decimals = next(
        (d for d in range(1, most) if all(exact(f"{v:.{d}f}") == v for v in sizes.flat)), most
    )

    def write(value: Any) -> str:
        text = f"{value + 0.0:.{decimals}f}"  # + 0.0: without the sign of -0.0
        return f"{value:.1e}" if value and isfinite(value) and float(text) == 0 else text

    return write


def _share(
    planes: int, height: int, labelled: bool, room: int
) -> tuple[list[int | None], list[int | None]]:
    """Choose which planes are drawn and which of their rows (None: left out there), for a number of lines."""
    least = min(height, _LEAST_ROWS) + labelled
    fitting = max(room // least, 1)
    shown = planes if planes <= fitting else max((room - 1) // least, 1)
    lines = max((room - (planes > shown)) // shown - labelled, 3)
    return _ends(planes, shown), _ends(height, height if height <= lines else lines - 1)


def _ends(count: int, shown: int) -> list[int | None]:
    """Return so many positions from both ends, None in the middle for those left out."""
    if count <= shown:
        return list(range(count))
    tail = shown // 2
    return [*range(shown - tail), None, *range(count - tail, count)]


def _real(positions: Sequence[int | None]) -> list[int]:
    return [at for at in positions if at is not None]


def _label(plane: int, shape: tuple[int, ...]) -> str:
    item, channel = divmod(plane, shape[-3])
    return f"channel {channel}" if len(shape) == 3 else f"item {item}, channel {channel}"


def _left_out(
    array: NDArray[Any],
    planes: Sequence[int | None],
    rows: Sequence[int | None],
    columns: Sequence[int | None],
) -> str:
    """Count what is not drawn, an axis at a time."""
    height, width = array.shape[-2:]
    total = array.size // (height * width)
    counts = (
        (total - len(_real(planes)), "channel" if array.ndim == 3 else "plane"),
        (height - len(_real(rows)), "row"),
        (width - len(_real(columns)), "column"),
    )
    parts = [f"{n} {name}{'s' if n > 1 else ''}" for n, name in counts if n]
    return " and ".join(filter(None, (", ".join(parts[:-1]), *parts[-1:])))
