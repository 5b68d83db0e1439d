"""Grids of cells, and the lines that lead from a window to the unit that it gives."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from convcli.figures.fonts import width
from convcli.figures.scene import Box, Group, Item, Line, Text
from convcli.figures.windows import Row

__all__ = ["Grid", "kinds", "leads", "number", "side_of"]

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


def number(value: float, room: float, size: float = 15.0) -> tuple[str, float]:
    """Write a number so that it fits into a width, rounded or smaller where it must be.

    >>> number(19, 34), number(0.1 + 0.2, 34), number(-123456, 24)
    (('19', 15.0), ('0.3', 15.0), ('−1e5', 10.5))
    """
    exact = repr(int(value)) if value == value and abs(value) < 1e15 and value == int(value) else ""
    texts = [exact] if exact else []
    texts += [f"{value:.{digits}g}" for digits in (4, 3, 2, 1)]
    tidy = [t.replace("e+0", "e").replace("e-0", "e-").replace("e+", "e") for t in texts]
    shown = [t.replace("-", "−") for t in tidy]
    for scale in (1.0, 0.85, 0.7):
        for text in shown[: 3 if scale > 0.7 else None]:
            if width(text, size * scale) <= room:
                return text, size * scale
    text = shown[-1]
    return text, size * min(0.7, room / width(text, size))


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
        fill, line, dashed = _FACES[kind]
        ink = "faint" if kind in ("padding", "beyond", "inserted", "unread") else "ink"
        if tapped:
            fill, line = _AT_HAND.get(kind, _TAPPED)
            ink = {"input": "window_ink", "output": "unit_ink"}.get(kind, "ink")
        name = f"{kind} at hand" if tapped else kind
        stroke = 1.6 if tapped and not face else 1.0
        if face:
            fill, line, dashed = face, face, kind != "input" and not tapped
            light = sum(int(face[i : i + 2], 16) * w for i, w in ((1, 3), (3, 6), (5, 1))) > 1280
            ink = "#101418" if light else "#f4f6f8"
        box = Box(x, y, self.side, self.side, fill, line, stroke, dashed, name, at)
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
