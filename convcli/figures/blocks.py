"""A network drawn as its graph: layer by layer, branches side by side and joined again, what repeats once with ×3."""

from collections.abc import Sequence
from math import ceil

from convcli.figures.fonts import fitted, width
from convcli.figures.graphs import Fold, Fork, Item, Part, Tangle, arranged, gathered, size_after
from convcli.figures.scene import Box, Group, Line, Page, Polygon, Text
from convcli.figures.scene import Item as Drawn

__all__ = ["blocks_page"]

_MARGIN, _GAP, _BUS, _FRAME, _MEET, _BESIDE = 28.0, 34.0, 18.0, 16.0, 22.0, 20.0
_SIZE, _SMALL, _LEADING = 13.0, 11.0, 16.0
_LEAST, _MOST = 96.0, 300.0
_LANE, _LANES = 9.0, 14.0
"""Room between lines that lead past layers, and between the layers and the first of them."""
_COLUMN, _GUTTER = 1500.0, 56.0
"""Height from which on a network goes on in another column, and the room between them."""
_FACES = {
    "weighted": ("a_face", "a"),
    "pool": ("b_face", "b"),
    "dense": ("c_face", "c"),
    "join": ("d_face", "d"),
    "norm": ("unread", "faint"),
    "plain": ("unread", "faint"),
}
_SIGNS = {"residual": "+", "add": "+", "sum": "+", "multiply": "×", "mul": "×"}


def blocks_page(name: str, size: Sequence[int], parts: Sequence[Part]) -> Page:
    """Draw a network as a graph from top to bottom.

    Parameters
    ----------
    name : str
    size : sequence of int
        Of its input, C×spatial.
    parts : sequence of Part
        Its layers in the order of computation.
    """
    joined = gathered(parts, tuple(size))
    first = Part("input", "plain", tuple(size), (), after=(_times(size),))
    columns = _columns((first, *arranged(joined)))
    painter = _Painter(tuple(size))
    left, top, bottom = _MARGIN, _MARGIN + 28, 0.0
    x = end = 0.0
    for i, column in enumerate(columns):
        wide = _measured(column)[0]
        if i:
            turn, middle = left - _GUTTER / 2, left + wide / 2
            way = [(x, end), (x, end + 16), (turn, end + 16), (turn, top - 16), (middle, top - 16)]
            painter.drawn += _edge([*way, (middle, top)], column[0])
        x = left + wide / 2
        end = painter.column(column, x, top)
        bottom = max(bottom, end)
        left += wide + _GUTTER
    painter.drawn += _arrow([(x, end), (x, end + 20)])
    last = size_after(columns[-1][-1])
    painter.drawn.append(Text(x, end + 31, _times(last), _SMALL, "faint"))
    wide = max(left - _GUTTER, _MARGIN + min(width(name, 16), 480.0)) + _MARGIN
    title = Text(_MARGIN, _MARGIN, fitted(name, 16, wide - 2 * _MARGIN), 16, anchor="start")
    told = f"{len(parts)} layers, from {_times(size)} to {_times(parts[-1].size)}"
    high = max(bottom, end + 38) + _MARGIN
    return Page(wide, high, [title, *painter.drawn], f"{name} as a graph", told)


def _times(size: Sequence[int]) -> str:
    return "×".join(map(str, size))


def _columns(items: Sequence[Item]) -> list[Sequence[Item]]:
    """Break a row of items where it is too long for one column."""
    heights = [_measured([item])[1] + _GAP for item in items]
    count = ceil(sum(heights) / _COLUMN)
    if max(heights) > sum(heights) / count:  # one item is nearly all of it
        count = 1
    columns: list[list[Item]] = [[]]
    filled = 0.0
    for item, high in zip(items, heights, strict=True):
        if columns[-1] and filled + high / 2 > sum(heights) / count * len(columns):
            columns.append([])
        columns[-1].append(item)
        filled += high
    return [*columns]


def _lines(part: Part) -> list[tuple[str, float, str]]:
    """Return the lines of a part's box with their size and ink."""
    main = 1 if part.before else 0
    sign = _SIGNS.get(part.label.lower(), part.label)
    found = []
    for i, line in enumerate(part.lines):
        size = _SIZE if i == main else _SMALL
        text = fitted(sign if i == main else line, size, _MOST)
        found.append((text, size, "ink" if i == main else "faint"))
    return found


def _side(part: Part) -> tuple[float, float]:
    """Return the width and height of a part's box."""
    least = 40.0 if part.family == "join" else _LEAST
    lines = _lines(part)
    return max(least, *(width(t, s) for t, s, _ in lines)) + 20, _LEADING * len(lines) + 12


def _measured(items: Sequence[Item]) -> tuple[float, float]:
    """Return the width and height of items below one another, on an axis in the middle."""
    if not items:
        return 24.0, 0.0
    sizes = [_extent(item) for item in items]
    return max(w for w, _ in sizes), sum(h for _, h in sizes) + _GAP * (len(sizes) - 1)


def _extent(item: Item) -> tuple[float, float]:
    label = 2 * (width(_times(size_after(item)), _SMALL) + 10)
    if isinstance(item, Part):
        wide, high = _side(item)
        return max(wide, label), high
    if isinstance(item, Fold):
        wide, high = _measured(item.items)
        sign = width(f"×{item.times}", 16) + 8
        return max(wide + 2 * (_FRAME + sign), label), high + 2 * _FRAME + _BUS
    if isinstance(item, Tangle):
        wide, high = _measured(item.parts)
        lanes = max(_lanes(item).values(), default=-1) + 1
        return wide + 2 * (_LANES + lanes * _LANE), high + _BUS
    sizes = [_measured(branch) for branch in item.branches]
    wide, high = _abreast(sizes), _GAP + max(h for _, h in sizes) + _MEET
    if item.join is not None:
        joined = _side(item.join)
        wide, high = max(wide, joined[0]), high + 14 + joined[1]
    return max(wide, label), high


def _abreast(sizes: Sequence[tuple[float, float]]) -> float:
    return sum(w for w, _ in sizes) + _BESIDE * (len(sizes) - 1)


def _past(item: Tangle) -> dict[int, list[int]]:
    """Return what leads past layers: from where (-1 is what comes in), to which."""
    found: dict[int, list[int]] = {}
    for start, end in item.edges:
        if end - start > 1:
            found.setdefault(start, []).append(end)
    return found


def _lanes(item: Tangle) -> dict[int, int]:
    """Give each layer that something leads on from a lane beside the layers, those that overlap different ones."""
    found: dict[int, int] = {}
    ends: list[int] = []  # of each lane, the last layer that it leads to
    for start, to in sorted(_past(item).items()):
        free = (lane for lane, end in enumerate(ends) if end <= start)
        lane = next(free, len(ends))
        ends[lane : lane + 1] = [max(to)]
        found[start] = lane
    return found


def _arrow(points: Sequence[tuple[float, float]]) -> list[Drawn]:
    x, y = points[-1]
    head = Polygon([(x, y), (x - 3.5, y - 7), (x + 3.5, y - 7)], "faint")
    return [Line([*points[:-1], (x, y - 5)], "faint", 1.2), head]


def _edge(points: Sequence[tuple[float, float]], item: Item) -> list[Drawn]:
    """Draw what leads to an item: with a head where its box is."""
    return _arrow(points) if isinstance(item, Part) else [Line(points, "faint", 1.2)]


class _Painter:
    """Draws items downwards, and keeps the size that was said last."""

    def __init__(self, size: tuple[int, ...]) -> None:
        self.size = size
        self.drawn: list[Drawn] = []

    def column(self, items: Sequence[Item], x: float, y: float) -> float:
        """Draw items below one another; return where they end."""
        for i, item in enumerate(items):
            if i:
                self.drawn += _edge([(x, y), (x, y + _GAP)], item)
                self.label(size_after(items[i - 1]), x, y + _GAP / 2 - 2)
                y += _GAP
            if isinstance(item, Part):
                y = self.part(item, x, y)
            elif isinstance(item, Fold):
                y = self.fold(item, x, y)
            elif isinstance(item, Tangle):
                y = self.tangle(item, x, y)
            else:
                y = self.fork(item, x, y)
        return y

    def label(self, size: tuple[int, ...], x: float, y: float) -> None:
        """Write a size beside an edge where it is another one than before."""
        if size and size != self.size:
            self.drawn.append(Text(x + 8, y, _times(size), _SMALL, "faint", "start"))
        self.size = size

    def part(self, part: Part, x: float, y: float) -> float:
        """Draw a box with its lines."""
        wide, high = _side(part)
        face, edge = _FACES[part.family]
        lines = _lines(part)
        middle = y + high / 2 - _LEADING * (len(lines) - 1) / 2
        items: list[Drawn] = [Box(x - wide / 2, y, wide, high, face, edge, 1.2, name=part.name)]
        for i, (text, size, ink) in enumerate(lines):
            items.append(Text(x, middle + i * _LEADING, text, size, ink))
        self.drawn.append(Group(part.name, items))
        return y + high

    def fold(self, item: Fold, x: float, y: float) -> float:
        """Draw what repeats in a frame, with how often."""
        wide, high = _measured(item.items)
        wide, high = wide + 2 * _FRAME, high + 2 * _FRAME + _BUS
        left = x - wide / 2
        self.drawn.append(Box(left, y, wide, high, None, "faint", 1.2, dashed=True))
        sign = Text(left + wide + 8, y + high / 2, f"×{item.times}", 16, anchor="start")
        self.drawn.append(sign)
        inner = y + _FRAME + _BUS / 2
        self.drawn += _edge([(x, y), (x, inner)], item.items[0])
        end = self.column(item.items, x, inner)
        self.drawn.append(Line([(x, end), (x, y + high)], "faint", 1.2))
        return y + high

    def fork(self, item: Fork, x: float, y: float) -> float:
        """Draw branches side by side, and the layer that joins them."""
        sizes = [_measured(branch) for branch in item.branches]
        tall = max(h for _, h in sizes)
        left = x - _abreast(sizes) / 2
        fork, meet = y + _BUS / 2, y + _GAP + tall + _MEET
        before = self.size
        after = item.join.size if item.join else ()
        for branch, (wide, high) in zip(item.branches, sizes, strict=True):
            middle = left + wide / 2
            into, out = [(x, y), (x, fork), (middle, fork)], [(middle, meet), (x, meet)]
            if branch:
                top = y + _GAP + (tall - high) / 2
                self.drawn += _edge([*into, (middle, top)], branch[0])
                self.size = before
                end = self.column(branch, middle, top)
                self.drawn.append(Line([(middle, end), *out], "faint", 1.2))
                if size_after(branch[-1]) != after:
                    self.label(size_after(branch[-1]), middle, end + 9)
            else:
                self.drawn.append(Line([*into, *out], "faint", 1.2))
            left += wide + _BESIDE
        self.size = before
        if item.join is None:
            return meet
        self.drawn += _arrow([(x, meet), (x, meet + 14)])
        return self.part(item.join, x, meet + 14)

    def tangle(self, item: Tangle, x: float, y: float) -> float:
        """Draw layers below one another; what leads past some has a line at their right."""
        past, lanes = _past(item), _lanes(item)
        edge = x + _measured(item.parts)[0] / 2 + _LANES
        into = [
            sorted(s for s, ends in past.items() if at in ends) for at in range(len(item.parts))
        ]
        self.drawn += _arrow([(x, y), (x, y + _BUS)])
        leaves = {-1: (x, y + _BUS / 3)}
        arrive: dict[tuple[int, int], tuple[float, float]] = {}
        y += _BUS
        for at, part in enumerate(item.parts):
            if at:
                if (at - 1, at) in item.edges:
                    self.drawn += _arrow([(x, y), (x, y + _GAP)])
                    self.label(item.parts[at - 1].size, x, y + _GAP / 2 - 2)
                y += _GAP
            wide, high = _side(part)
            right, ports = x + wide / 2, [*into[at], *([at] if at in past else [])]
            for place, port in enumerate(ports, 1):
                point = right, y + high * place / (len(ports) + 1)
                if port == at:
                    leaves[at] = point
                else:
                    arrive[port, at] = point
            y = self.part(part, x, y)
        for start, ends in past.items():
            lane, (left, top) = edge + lanes[start] * _LANE, leaves[start]
            reach = [arrive[start, end] for end in ends]
            self.drawn.append(Line([(left, top), (lane, top), (lane, reach[-1][1])], "faint", 1.2))
            for right, high in reach:
                head = Polygon(
                    [(right, high), (right + 7, high - 3.5), (right + 7, high + 3.5)], "faint"
                )
                self.drawn += [Line([(lane, high), (right + 5, high)], "faint", 1.2), head]
        return y
