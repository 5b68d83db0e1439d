"""Grids of cells, and the lines that lead from a window to the unit that it gives."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from math import isfinite

from convcli.figures.fonts import width
from convcli.figures.scene import Box, Group, Item, Line, Text
from convcli.figures.windows import Row

__all__ = ["Grid", "kinds", "leads", "numbers", "side_of"]

_FACES = {
    "input": ("input", "input_line", False),
    "unread": ("unread", "pad_line", False),
    "inserted": ("pad", "pad_line", True),
    "padding": ("pad", "pad_line", True),
    "beyond": ("pad", "grid", True),
    "kernel": ("kernel", "kernel_line", False),
    "output": ("output", "output_line", False),
}
_AT_HAND = {
    "input": ("window", "window_line"),
    "kernel": ("kernel", "kernel_line"),
    "output": ("unit", "unit_line"),
}
_TAPPED = ("pad_window", "window_line")


def side_of(most: int, numbers: bool) -> float:
    """Return the side of a cell, for grids of at most so many cells a row."""
    steps = ((8, 40), (14, 34), (22, 28), (34, 24)) if numbers else ((8, 32), (14, 26), (24, 20))
    return float(next((side for n, side in steps if most <= n), 22 if numbers else 14))


def numbers(values: Sequence[float], room: float, size: float = 15.0) -> tuple[list[str], float]:
    """Write the numbers of a grid alike, so that all fit into a width: as many decimals as help, and one size.

    >>> numbers([19, 25], 34), numbers([0.1 + 0.2, 2], 34), numbers([1 / 3, -10], 34)
    ((['19', '25'], 15.0), (['0.3', '2.0'], 15.0), (['0.33', '−10.00'], 10.5))
    >>> numbers([-123456, 7], 24)[0]
    ['−1e5', '7']
    """
    finite = [v for v in values if isfinite(v)]
    most = max(map(abs, finite), default=0.0)
    fine = next(
        (d for d in range(3) if all(abs(v - round(v, d)) <= 1e-9 * most for v in finite)), 2
    )
    if most < 1e6 and (most >= 0.05 or fine < 2 or not most):
        for decimals in range(fine, (0 if fine == 0 or most >= 100 else 1) - 1, -1):
            texts = [_tidy(f"{v:.{decimals}f}") for v in values]
            widest = max((width(t, size) for t in texts), default=1.0)
            if widest * 0.7 <= room:
                return texts, next(size * f for f in (1.0, 0.85, 0.7) if widest * f <= room)
    texts = [_shortest(v, room / (size * 0.62)) for v in values]
    widest = max(width(t, size) for t in texts)
    return texts, size * min(0.7, room / widest)


def _tidy(text: str) -> str:
    if "e" in text:
        head, _, power = text.partition("e")
        text = f"{head}e{int(power)}"
    return text.lstrip("-") if text.strip("-0.") == "" else text.replace("-", "−")


def _shortest(value: float, room: float) -> str:
    """Write a number with the digits that fit into so many times the size."""
    texts = [_tidy(f"{value:.{digits}g}") for digits in (4, 3, 2, 1)]
    return next((t for t in texts if width(t, 1.0) <= room), texts[-1])


@dataclass(frozen=True)
class Grid:
    """A plane of cells on the page.

    Parameters
    ----------
    x, y, side : float
        Its corner, and the side of a cell.
    first : (int, int)
        The position of its first cell.
    shape : (int, int)
    """

    x: float
    y: float
    side: float
    first: tuple[int, int]
    shape: tuple[int, int]

    @property
    def wide(self) -> float:
        """Width on the page."""
        return self.shape[1] * self.side

    @property
    def high(self) -> float:
        """Height on the page."""
        return self.shape[0] * self.side

    def corner(self, row: int, column: int) -> tuple[float, float]:
        """Return the corner of the cell at a position."""
        return (
            self.x + (column - self.first[1]) * self.side,
            self.y + (row - self.first[0]) * self.side,
        )

    def cell(
        self,
        kind: str,
        at: tuple[int, ...],
        text: str | None = None,
        *,
        tapped: bool = False,
        size: float = 15.0,
        face: str | None = None,
    ) -> list[Item]:
        """Draw the cell at a position (its last two numbers); `face` is a picture's own colour."""
        x, y = self.corner(*at[-2:])
        fill: str
        line: str | None
        fill, line, dashed = _FACES[kind]
        ink = "faint" if kind in ("padding", "beyond", "inserted", "unread") else "ink"
        if tapped:
            fill, line = _AT_HAND.get(kind, _TAPPED)
            ink = {"input": "window_ink", "output": "unit_ink"}.get(kind, "ink")
        name = f"{kind} at hand" if tapped else kind
        stroke = 1.6 if tapped and not face else 1.0
        if face:
            fill, line, dashed = face, None, False
            light = sum(int(face[i : i + 2], 16) * w for i, w in ((1, 3), (3, 6), (5, 1))) > 1280
            ink = "#101418" if light else "#f4f6f8"
        gap = 1.5 if face and kind in ("padding", "beyond") else 0.0  # paper parts what is added
        side = self.side - 2 * gap
        box = Box(x + gap, y + gap, side, side, fill, line, stroke, dashed, name, at)
        if text is None:
            return [box]
        middle = x + self.side / 2, y + self.side / 2
        return [box, Text(*middle, text, size, ink)]

    def frame(self, rows: Sequence[int], columns: Sequence[int], line: str) -> Box:
        """Draw a frame around what lies between positions."""
        x, y = self.corner(rows[0], columns[0])
        right, bottom = self.corner(rows[-1] + 1, columns[-1] + 1)
        return Box(x, y, right - x, bottom - y, None, line, 2.5, name="frame")


def leads(source: Box, target: Box, *, down: bool = False) -> Group:
    """Draw the two lines from a window's frame to its output unit, at its right or below it."""
    if down:
        starts = [
            (source.x, source.y + source.high),
            (source.x + source.wide, source.y + source.high),
        ]
        ends = [(target.x, target.y), (target.x + target.wide, target.y)]
    else:
        starts = [
            (source.x + source.wide, source.y),
            (source.x + source.wide, source.y + source.high),
        ]
        ends = [(target.x, target.y), (target.x, target.y + target.high)]
    return Group(
        "leads", [Line([a, b], "pad_line", 1.2) for a, b in zip(starts, ends, strict=True)]
    )


def kinds(rows: tuple[Row, Row], at: tuple[int, int]) -> str:
    """Tell what stands at a position of a plane: the outermost of what its row and its column say."""
    found: Collection[str] = {row.kind(i) for row, i in zip(rows, at, strict=True)}
    kind = next(k for k in ("beyond", "padding", "inserted", "input") if k in found)
    unread = any(i not in row.read for row, i in zip(rows, at, strict=True))
    return "unread" if kind == "input" and unread else kind
