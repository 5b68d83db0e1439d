"""A network drawn as its graph: layer by layer, branches side by side and joined again, what repeats once with ×3."""

from collections.abc import Sequence
from dataclasses import dataclass

from convcli.figures.fonts import fitted, width
from convcli.figures.graphs import Fold, Fork, Item, Part, arranged, leaves
from convcli.figures.scene import Box, Dot, Group, Line, Page, Polygon, Text
from convcli.figures.scene import Item as Drawn

__all__ = ["blocks_page"]

_MARGIN, _TITLE = 28.0, 34.0
_HIGH, _STRIP, _ARROW, _BUS, _GAP = 30.0, 19.0, 24.0, 20.0, 26.0
_PAD, _LEAST, _MOST = 14.0, 96.0, 300.0
_NOTE = 12.0
"""Size of the letters beside arrows."""
_FACES = {
    "weighted": ("a_face", "a"),
    "pool": ("b_face", "b"),
    "dense": ("d_face", "d"),
    "join": ("c_face", "c"),
    "plain": ("unread", "pad_line"),
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
    items = arranged(parts)
    body = _Column(items, tuple(size), outer=True)
    wide = max(body.wide, width(name, 18), _LEAST + 120) + 2 * _MARGIN
    middle = _MARGIN + (wide - 2 * _MARGIN - body.wide) / 2 + body.axis
    top = _MARGIN + _TITLE
    drawn: list[Drawn] = [
        Text(wide / 2, _MARGIN + 6, fitted(name, 18, wide - 2 * _MARGIN), 18),
        Text(middle, top, f"input {_times(size)}", 13, "faint"),
    ]
    y = top + 12
    drawn.append(_arrow(middle, y, y + _ARROW))
    drawn += body.draw(middle, y + _ARROW)
    high = y + _ARROW + body.high + _MARGIN
    steps = leaves(items)
    told = (
        f"{len(parts)} layers, {len(steps)} drawn; from {_times(size)} to {_times(parts[-1].size)}"
    )
    return Page(wide, high, drawn, f"{name} as a graph", told)


def _times(size: Sequence[int]) -> str:
    return "×".join(map(str, size))


def _arrow(x: float, top: float, bottom: float) -> Group:
    head = [(x - 4, bottom - 7), (x + 4, bottom - 7), (x, bottom)]
    return Group("arrow", [Line([(x, top), (x, bottom - 6)], "faint", 1.4), Polygon(head, "faint")])


@dataclass
class _Row:
    """One thing of a column: how much room it takes left and right of the axis, and how high it is."""

    left: float
    right: float
    high: float
    item: "Item | list[Part]"
    inner: list["_Column"]
    note: str = ""
    """What the size is behind it, where that is another than before."""


class _Column:
    """Items one below the other on an axis."""

    def __init__(
        self, items: Sequence[Item], size: tuple[int, ...], *, outer: bool = False
    ) -> None:
        self.rows: list[_Row] = []
        self.outer = outer
        for item in _stacked(items):
            self.rows.append(self._measured(item, size))
            after = _size_after(item)
            if after and after != size:
                if not isinstance(item, Fold):
                    self.rows[-1].note = _times(after)
                size = after
        self.size = size
        notes = [width(row.note, _NOTE) + 10 for row in self.rows if row.note]
        self.axis = max([row.left for row in self.rows], default=14.0)
        right = max([row.right for row in self.rows] + notes, default=14.0)
        self.wide = self.axis + right
        gaps = _ARROW * max(len(self.rows) - 1, 0) + (_ARROW if outer and self.rows else 0)
        self.high = sum(row.high for row in self.rows) + gaps

    def _measured(self, item: "Item | list[Part]", size: tuple[int, ...]) -> _Row:
        if isinstance(item, list):
            wide = max(_width_of(part, at) for at, part in enumerate(item))
            high = _HIGH + _STRIP * (len(item) - 1)
            return _Row(wide / 2, wide / 2, high, item, [])
        if isinstance(item, Fold):
            inner = _Column(item.items, size)
            side = max(inner.axis, inner.wide - inner.axis) + _PAD
            sign = width(f"×{item.times}", 15) + 18
            return _Row(side, side + sign, inner.high + 2 * _PAD + 4, item, [inner])
        assert isinstance(item, Fork)
        columns = [_Column(branch, size) for branch in item.branches]
        wide = sum(c.wide for c in columns) + _GAP * (len(columns) - 1)
        tall = max(c.high for c in columns)
        high = 2 * _BUS + tall + 2 * _ARROW + (_HIGH if item.join else 0.0)
        return _Row(wide / 2, wide / 2, high, item, columns)

    def draw(self, x: float, top: float) -> list[Drawn]:
        """Draw it, its axis at x."""
        drawn: list[Drawn] = []
        y = top
        for at, row in enumerate(self.rows):
            drawn += self._drawn(row, x, y)
            y += row.high
            last = at == len(self.rows) - 1
            if not last or self.outer:
                if not last and isinstance(self.rows[at + 1].item, Fork | Fold):
                    drawn.append(Line([(x, y), (x, y + _ARROW)], "faint", 1.4))
                elif not last:
                    drawn.append(_arrow(x, y, y + _ARROW))
                if row.note:
                    drawn.append(Text(x + 9, y + _ARROW / 2, row.note, _NOTE, "faint", "start"))
                y += _ARROW
        return drawn

    def _drawn(self, row: _Row, x: float, y: float) -> list[Drawn]:
        item = row.item
        if isinstance(item, list):
            return [_stack(item, x, y, row.left)]
        if isinstance(item, Fold):
            return self._fold(item, row, x, y)
        assert isinstance(item, Fork)
        return self._fork(item, row, x, y)

    def _fold(self, item: Fold, row: _Row, x: float, y: float) -> list[Drawn]:
        frame = Box(x - row.left, y, 2 * row.left, row.high, None, "pad_line", 1.2, True)
        sign = Text(x + row.left + 9, y + row.high / 2, f"×{item.times}", 15, "ink", "start")
        first = item.items[0]
        into = Line([(x, y), (x, y + _PAD + 2)], "faint", 1.4)
        begun = [into] if isinstance(first, Fork | Fold) else []
        return [frame, *begun, *row.inner[0].draw(x, y + _PAD + 2), sign]

    def _fork(self, item: Fork, row: _Row, x: float, y: float) -> list[Drawn]:
        drawn: list[Drawn] = []
        tall = max(c.high for c in row.inner)
        upper, lower = y + _BUS, y + _BUS + 2 * _ARROW + tall
        left = x - row.left
        axes = []
        for column in row.inner:
            axis = left + column.axis
            axes.append(axis)
            if column.rows:
                begin = upper + _ARROW + (tall - column.high) / 2
                split = isinstance(column.rows[0].item, Fork | Fold)
                into = Line([(axis, upper), (axis, begin)], "faint", 1.4)
                drawn += [into if split else _arrow(axis, upper, begin), *column.draw(axis, begin)]
                drawn.append(Line([(axis, begin + column.high), (axis, lower)], "faint", 1.4))
            else:
                drawn.append(Line([(axis, upper), (axis, lower)], "faint", 1.4))
            left += column.wide + _GAP
        ends = [min([*axes, x]), max([*axes, x])]
        drawn.append(Line([(x, y), (x, upper)], "faint", 1.4))
        drawn.append(Line([(ends[0], upper), (ends[1], upper)], "faint", 1.4))
        drawn.append(Line([(ends[0], lower), (ends[1], lower)], "faint", 1.4))
        if item.join is not None:
            drawn.append(_arrow(x, lower, lower + _BUS))
            drawn.append(_joined(item.join, x, lower + _BUS))
        return drawn


def _joined(part: Part, x: float, y: float) -> Drawn:
    sign = _SIGNS.get(part.label.partition(" ")[0].lower())
    if sign is None:
        return _stack([part], x, y, max(_width_of(part, 0), _LEAST) / 2)
    middle = y + _HIGH / 2
    face, edge = _FACES["join"]
    return Group(
        part.name,
        [Dot(x, middle, _HIGH / 2, face, edge, 1.4), Text(x, middle, sign, 18)],
    )


def _stack(parts: Sequence[Part], x: float, y: float, half: float) -> Drawn:
    drawn: list[Drawn] = []
    for at, part in enumerate(parts):
        high = _STRIP if at else _HIGH
        face, edge = _FACES[part.family]
        drawn.append(Box(x - half, y, 2 * half, high, face, edge, 1.2, name=part.name))
        size = 11.5 if at else 13.0
        drawn.append(Text(x, y + high / 2, fitted(part.label, size, 2 * half - 10), size))
        y += high
    return Group(parts[0].name, drawn)


def _width_of(part: Part, at: int) -> float:
    return min(max(width(part.label, 11.5 if at else 13.0) + 28, _LEAST), _MOST)


def _stacked(items: Sequence[Item]) -> "list[Item | list[Part]]":
    """Put a plain layer below the one it follows, as one stack."""
    found: list[Item | list[Part]] = []
    for item in items:
        if not isinstance(item, Part):
            found.append(item)
        elif item.family == "plain" and found and isinstance(found[-1], list):
            found[-1].append(item)
        else:
            found.append([item])
    return found


def _size_after(item: "Item | list[Part]") -> tuple[int, ...]:
    if isinstance(item, list):
        return item[-1].size
    if isinstance(item, Fold):
        return item.last.size
    if isinstance(item, Fork) and item.join is not None:
        return item.join.size
    return ()
