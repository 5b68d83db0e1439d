"""A network as its feature maps: boxes in perspective, the layers on the way between them, fully connected parts as bars.

The look of LeCun et al. (1998), Gradient-based learning applied to document recognition, figure 2, and of
Krizhevsky et al. (2012), ImageNet classification with deep convolutional neural networks, figure 2.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, sqrt

from convcli.figures.fonts import fitted, width
from convcli.figures.graphs import Fork, Item, Part, Tangle, arranged, gathered, size_after
from convcli.figures.scene import Box, Group, Line, Page, Polygon, Text, bounds
from convcli.figures.scene import Item as Drawn

__all__ = ["maps_page"]

_MARGIN, _GAP, _LEADING = 28.0, 34.0, 15.0
_SIZE, _SMALL = 13.0, 11.0
_TALLEST, _LOWEST, _THICKEST, _THINNEST = 150.0, 18.0, 84.0, 7.0
_SKEW = 0.36
_WIDEST = 2000.0
"""Width from which on a network goes on in another row."""


@dataclass(frozen=True)
class _Stop:
    """A map, or a row of numbers, and the layers that lead to it."""

    size: tuple[int, ...]
    lines: tuple[str, ...] = ()
    window: tuple[int, ...] = ()

    @property
    def label(self) -> str:
        return "×".join(map(str, self.size))

    @property
    def ways(self) -> float:
        return max((width(line, _SMALL) for line in self.lines), default=0.0)


def maps_page(name: str, size: Sequence[int], parts: Sequence[Part]) -> Page:
    """Draw a network as its feature maps, from left to right.

    Parameters
    ----------
    name : str
    size : sequence of int
        Of its input, C×spatial.
    parts : sequence of Part
        Its layers in the order of computation.
    """
    stops = _stops(parts, tuple(size))
    scale = _Scale(stops)
    drawn: list[Drawn] = []
    y, right = _MARGIN + 34, _MARGIN + min(width(name, 16), 480.0)
    for i, row in enumerate(_rows(stops, scale)):
        items = _row(row, scale, y, first=i == 0)
        drawn += items
        _, _, end, bottom = bounds(items)
        right, y = max(right, end), bottom + 44
    title = Text(_MARGIN, _MARGIN, fitted(name, 16, right - _MARGIN), 16, anchor="start")
    told = ", ".join(" → ".join(filter(None, ("; ".join(s.lines), s.label))) for s in stops)
    page = [title, *drawn]
    return Page(right + _MARGIN, y - 44 + _MARGIN, page, f"{name} as feature maps", told)


def _stops(parts: Sequence[Part], size: tuple[int, ...]) -> list[_Stop]:
    """List the maps; what is only flattened, or of no known size, is on the way to the next."""
    found = [_Stop(size)]
    waiting: tuple[str, ...] = ()
    for item in arranged(gathered(parts, size), fold=False):
        lines, out = _said(item), size_after(item)
        if not out or (isinstance(item, Part) and item.small and len(out) < 2):
            waiting += lines
            continue
        window = item.window if isinstance(item, Part) else ()
        found.append(_Stop(out, waiting + lines, window))
        waiting = ()
    if waiting:
        found.append(_Stop(parts[-1].size or found[-1].size, waiting))
    return found


def _said(item: Item) -> tuple[str, ...]:
    if isinstance(item, Part):
        return tuple(item.lines)
    if isinstance(item, Tangle):
        return (f"{len(item.parts)} layers",)
    assert isinstance(item, Fork)
    return (f"{len(item.branches)} branches", *(item.join.lines if item.join else ()))


class _Scale:
    """Lengths on the page, by square roots: what is small stays visible."""

    def __init__(self, stops: Sequence[_Stop]) -> None:
        maps = [stop.size for stop in stops if len(stop.size) > 1]
        self.extent = max((n for size in maps for n in size[1:]), default=1)
        self.channels = max((size[0] for size in maps), default=1)
        self.units = max((stop.size[0] for stop in stops if len(stop.size) == 1), default=1)

    def box(self, size: tuple[int, ...]) -> tuple[float, float, float]:
        """Return thickness, height and skew of a box, or of a bar, which has no skew."""

        def length(n: int) -> float:
            return _LOWEST + (_TALLEST - _LOWEST) * sqrt(n / self.extent)

        if len(size) == 1:
            return 14.0, 36 + (_TALLEST - 36) * sqrt(size[0] / self.units), 0.0
        down, across = (1, size[1]) if len(size) == 2 else size[-2:]
        thick = _THINNEST + (_THICKEST - _THINNEST) * sqrt(size[0] / self.channels)
        return thick, length(down), _SKEW * length(across)

    def wide(self, stop: _Stop) -> float:
        """Return the room of a box and its label."""
        thick, _, skew = self.box(stop.size)
        return max(thick + skew, width(stop.label, _SIZE))


def _rows(stops: Sequence[_Stop], scale: _Scale) -> list[list[_Stop]]:
    """Break a network into rows of about one width."""
    rooms = [scale.wide(stop) + max(_GAP, stop.ways) for stop in stops]
    count = ceil(sum(rooms) / _WIDEST)
    rows: list[list[_Stop]] = [[]]
    filled = 0.0
    for stop, room in zip(stops, rooms, strict=True):
        if rows[-1] and filled + room / 2 > sum(rooms) / count * len(rows):
            rows.append([])
        rows[-1].append(stop)
        filled += room
    return rows


def _row(row: Sequence[_Stop], scale: _Scale, top: float, *, first: bool) -> list[Drawn]:
    boxes = [scale.box(stop.size) for stop in row]
    high = max(h + skew for _, h, skew in boxes)
    middle = top + 18 + high / 2
    words = top + 18 + high + 20
    drawn: list[Drawn] = []
    x = _MARGIN
    said = -1e9  # where the last words ended
    exits: tuple[float, float, float, float] | None = None
    for i, (stop, (thick, tall, skew)) in enumerate(zip(row, boxes, strict=True)):
        slot = scale.wide(stop)
        if i or not first:
            gap = max(_GAP, min(stop.ways + 14, 60.0))
            # the words stand under the middle of the gap
            gap = max(gap, 2 * (said + 14 + stop.ways / 2 - x))
            if not i:
                gap = max(gap, stop.ways + 14)
            at = x + gap / 2
            said = at + stop.ways / 2
            drawn += [
                Text(at, words + j * _LEADING, line, _SMALL, "faint")
                for j, line in enumerate(stop.lines)
            ]
            x += gap
        left = x + (slot - thick - skew) / 2
        upper = middle - (tall - skew) / 2
        if i or not first:
            goal = (left - 3, upper + tall / 2)
            if exits is not None and stop.window and skew:
                corners = _window(row[i - 1], stop, exits)
                drawn.append(Polygon(corners, None, "b", 1.2))
                drawn += [Line([corner, goal], "b", 0.8) for corner in corners[1:3]]
            else:
                start = (exits[0] if exits else _MARGIN, middle)
                drawn += [
                    Line([start, (goal[0] - 5, middle)], "faint", 1.2),
                    Polygon([(goal[0], middle), (goal[0] - 7, middle - 3.5), (goal[0] - 7, middle + 3.5)], "faint"),
                ]  # fmt: skip
        drawn.append(Group("map" if skew else "units", _solid(left, upper, thick, tall, skew)))
        drawn.append(Text(x + slot / 2, upper - skew - 12, stop.label, _SIZE))
        exits = (left + thick + skew / 2 + 2, upper + tall / 2 - skew / 2, tall, skew)
        x += slot
    return drawn


def _solid(x: float, y: float, thick: float, tall: float, skew: float) -> list[Drawn]:
    """Draw a box in perspective: channels to the right, rows down, columns away; without depth a bar."""
    if not skew:
        return [Box(x, y, thick, tall, "output", "output_line", 1.2)]
    right, bottom = x + thick, y + tall
    return [
        Polygon([(x, y), (x + skew, y - skew), (right + skew, y - skew), (right, y)], "paper", "input_line", 1.2),
        Polygon([(right, y), (right + skew, y - skew), (right + skew, bottom - skew), (right, bottom)], "pad_window", "input_line", 1.2),
        Box(x, y, thick, tall, "input", "input_line", 1.2),
    ]  # fmt: skip


def _window(
    source: _Stop, stop: _Stop, exits: tuple[float, float, float, float]
) -> list[tuple[float, float]]:
    """Return the corners of a window on the side of a box."""
    x, y, tall, skew = exits
    down, across = (1, source.size[1]) if len(source.size) == 2 else source.size[-2:]
    k = stop.window
    v = min(1.0, max((k[-2] if len(k) > 1 else 1) / down, 8 / tall)) * tall / 2
    u = min(1.0, max(k[-1] / across, 8 / skew)) * skew / 2
    x -= 2
    return [(x - u, y - v + u), (x + u, y - v - u), (x + u, y + v - u), (x - u, y + v + u)]
