"""What a figure is made of: a page of boxes, lines, polygons, dots and texts, that knows no format.

Lengths are in units of a page, x to the right and y down; what comes later lies on top. Colours are names of
`themes.Theme` ("ink", "input", …) or ``#rrggbb``.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from convcli.figures.fonts import CAPITAL, width

__all__ = ["Box", "Dot", "Group", "Item", "Line", "Page", "Polygon", "Text", "bounds", "flat"]

Point: TypeAlias = tuple[float, float]
Bounds: TypeAlias = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle: a cell, a bar, a frame. `name` and `at` say what it stands for, and are not drawn."""

    x: float
    y: float
    wide: float
    high: float
    fill: str | None = None
    line: str | None = None
    stroke: float = 1.0
    dashed: bool = False
    name: str = ""
    at: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """A line through points."""

    points: Sequence[Point]
    line: str = "ink"
    stroke: float = 1.0
    dashed: bool = False


@dataclass(frozen=True, slots=True)
class Polygon:
    """A closed shape: a side of a box in perspective, the head of an arrow."""

    points: Sequence[Point]
    fill: str | None = None
    line: str | None = None
    stroke: float = 1.0


@dataclass(frozen=True, slots=True)
class Dot:
    """A disc."""

    x: float
    y: float
    radius: float
    fill: str | None = None
    line: str | None = None
    stroke: float = 1.0


@dataclass(frozen=True, slots=True)
class Text:
    """One line of text; (x, y) is its anchor, y the middle of its capitals and digits."""

    x: float
    y: float
    text: str
    size: float = 14.0
    ink: str = "ink"
    anchor: Literal["start", "middle", "end"] = "middle"

    @property
    def wide(self) -> float:
        """Width on the page."""
        return width(self.text, self.size)

    @property
    def bounds(self) -> Bounds:
        """Left, top, right and bottom, from the capitals' tops to their feet."""
        left = self.x - {"start": 0.0, "middle": 0.5, "end": 1.0}[self.anchor] * self.wide
        half = CAPITAL * self.size / 2
        return left, self.y - half, left + self.wide, self.y + half


@dataclass(frozen=True, slots=True)
class Group:
    """Items that belong together, with a name for whoever reads or styles the drawing."""

    name: str
    items: Sequence["Item"]


Item: TypeAlias = Box | Line | Polygon | Dot | Text | Group


@dataclass(frozen=True, slots=True)
class Page:
    """A figure, or one frame of it.

    Parameters
    ----------
    wide, high : float
    items : sequence of Item
    title, description : str
        For those who cannot see it.
    """

    wide: float
    high: float
    items: Sequence[Item]
    title: str
    description: str = ""
    paper: str = field(default="paper")


def flat(items: Sequence[Item]) -> Iterator[Box | Line | Polygon | Dot | Text]:
    """Go through items in the order they are drawn, groups opened."""
    for item in items:
        if isinstance(item, Group):
            yield from flat(item.items)
        else:
            yield item


def bounds(items: Sequence[Item]) -> Bounds:
    """Return left, top, right and bottom of all that is drawn.

    >>> bounds([Box(1, 2, 3, 4), Dot(10, 2, 1)])
    (1, 1, 11, 6)
    """
    found: list[Bounds] = []
    for item in flat(items):
        match item:
            case Box(x, y, wide, high):
                found.append((x, y, x + wide, y + high))
            case Dot(x, y, radius):
                found.append((x - radius, y - radius, x + radius, y + radius))
            case Text():
                found.append(item.bounds)
            case Line(points) | Polygon(points):
                found.append(
                    (
                        min(x for x, _ in points),
                        min(y for _, y in points),
                        max(x for x, _ in points),
                        max(y for _, y in points),
                    )
                )
    lefts, tops, rights, bottoms = zip(*found, strict=True)
    return min(lefts), min(tops), max(rights), max(bottoms)
