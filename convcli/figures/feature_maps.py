"""A network drawn as its feature maps: boxes in perspective, as LeNet's and AlexNet's papers draw them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import log2

from convcli.figures.fonts import fitted, width
from convcli.figures.graphs import Fork, Item, Part, arranged
from convcli.figures.scene import Box, Group, Line, Page, Polygon, Text
from convcli.figures.scene import Item as Drawn

__all__ = ["maps_page"]

_MARGIN, _TITLE, _GAP = 24.0, 30.0, 26.0
_TALL, _LOW = 190.0, 22.0
_THICK, _THIN = 46.0, 7.0
_SLOPE = (0.42, 0.30)
"""How far a row of a map goes to the right and up, of its length."""
_LINE, _SMALL = 16.0, 12.0


@dataclass
class _Stage:
    """A value of the network that is drawn, and the layers on the way to it."""

    size: tuple[int, ...]
    family: str
    words: list[str] = field(default_factory=list)
    name: str = ""


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
    stages = [_Stage(tuple(size), "input")]
    for item in arranged(parts):
        _add(stages, item)
    scale = _Scale([stage.size for stage in stages])
    feet = _MARGIN + _TITLE + max(scale.tall(s.size) + scale.deep(s.size)[1] for s in stages)
    drawn: list[Drawn] = []
    first = stages[0].size
    x = _MARGIN + max(width(_times(first), _SMALL) - scale.thick(first), 0) / 2
    for at, stage in enumerate(stages):
        if at:
            room = max([width(word, _SMALL) for word in stage.words] + [_GAP]) + 14
            drawn += _way(stage, x, room, _middle(scale, feet))
            x += room
        box, wide = _box(stage, scale, x, feet)
        drawn += box
        front, label = scale.thick(stage.size), _times(stage.size)
        drawn.append(Text(x + front / 2, feet + 18, label, _SMALL, "ink"))
        x += wide
    wide = x + _MARGIN + 12
    title = Text(wide / 2, _MARGIN + 6, fitted(name, 18, wide - 2 * _MARGIN), 18)
    told = ", ".join(
        f"{'; '.join(s.words)} → {_times(s.size)}" if s.words else _times(s.size) for s in stages
    )
    return Page(wide, feet + 18 + _MARGIN, [title, *drawn], f"{name} as feature maps", told)


def _times(size: Sequence[int]) -> str:
    return "×".join(map(str, size))


def _add(stages: list[_Stage], item: Item) -> None:
    """Draw what an item gives, unless it changes nothing but values."""
    before = stages[-1]
    if isinstance(item, Part):
        if item.size == before.size and item.family in ("plain", "join") and len(stages) > 1:
            before.words.append(item.label)
        elif len(item.size) == 1 < len(before.size) and item.family == "plain":
            stages.append(_Stage(item.size, "flat", [item.label], item.name))
        elif before.family == "flat":  # what is flattened for a dense layer is not drawn by itself
            stages[-1] = _Stage(item.size, item.family, [*before.words, item.label], item.name)
        elif item.size:
            stages.append(_Stage(item.size, item.family, [item.label], item.name))
        return
    if isinstance(item, Fork):
        size = item.join.size if item.join else stages[-1].size
        word = (
            f"{len(item.branches)} branches"
            if item.join is None
            else f"{item.join.label} of {len(item.branches)}"
        )
        stages.append(_Stage(size, "join", [word], item.join.name if item.join else ""))
        return
    kinds = [part for part in item.items if not isinstance(part, Part) or part.family != "plain"]
    one = kinds[0] if len(kinds) == 1 and isinstance(kinds[0], Part) else None
    words = [f"{item.times} × {one.label if one else 'blocks'}"]
    if before.family == "flat":
        words = [*before.words, *words]
        stages.pop()
    stages.append(_Stage(item.last.size, one.family if one else "join", words, item.last.name))


class _Scale:
    """Lengths on the page: logarithms, so that small maps stay visible beside large ones."""

    def __init__(self, sizes: Sequence[tuple[int, ...]]) -> None:
        self.side = max([n for s in sizes for n in s[1:]] + [1])
        self.channels = (
            max(s[0] for s in sizes if len(s) > 1) if any(len(s) > 1 for s in sizes) else 1
        )
        self.units = max([s[0] for s in sizes if len(s) == 1] + [1])

    def tall(self, size: tuple[int, ...]) -> float:
        if len(size) == 1:
            return _LOW + (_TALL - _LOW) * log2(1 + size[0]) / log2(1 + max(self.units, 2))
        return _LOW + (_TALL - _LOW) * log2(1 + size[-2 if len(size) > 2 else -1]) / log2(
            1 + max(self.side, 2)
        )

    def thick(self, size: tuple[int, ...]) -> float:
        if len(size) == 1:
            return 11.0
        return _THIN + (_THICK - _THIN) * log2(1 + size[0]) / log2(1 + max(self.channels, 2))

    def deep(self, size: tuple[int, ...]) -> tuple[float, float]:
        if len(size) < 3:
            return 0.0, 0.0
        length = _LOW + (_TALL - _LOW) * log2(1 + size[-1]) / log2(1 + max(self.side, 2))
        return length * _SLOPE[0], length * _SLOPE[1]


_FACES = {
    "input": ("unread", "grid", "pad_line"),
    "weighted": ("a_face", "input", "a"),
    "pool": ("b_face", "kernel", "b"),
    "dense": ("d_face", "d_face", "d"),
    "join": ("c_face", "output", "c"),
    "flat": ("unread", "grid", "pad_line"),
    "plain": ("unread", "grid", "pad_line"),
}


def _box(stage: _Stage, scale: _Scale, x: float, feet: float) -> tuple[list[Drawn], float]:
    """Draw a value, its front lower left corner at (x, feet), and return how wide it is."""
    high, wide = scale.tall(stage.size), scale.thick(stage.size)
    dx, dy = scale.deep(stage.size)
    face, side, line = _FACES[stage.family]
    top = feet - high
    drawn: list[Drawn] = []
    if dx:
        drawn += [
            Polygon(
                [(x, top), (x + dx, top - dy), (x + wide + dx, top - dy), (x + wide, top)],
                face,
                line,
                1.2,
            ),
            Polygon(
                [
                    (x + wide, top),
                    (x + wide + dx, top - dy),
                    (x + wide + dx, feet - dy),
                    (x + wide, feet),
                ],
                *(side, line, 1.2),
            ),
        ]
    drawn.append(Box(x, top, wide, high, face, line, 1.2, name=stage.name))
    return [Group(stage.name or "input", drawn)], wide + dx


def _middle(scale: _Scale, feet: float) -> float:
    return feet - scale.tall((1, 1, 1)) / 2 - 26


def _way(stage: _Stage, x: float, room: float, y: float) -> list[Drawn]:
    """Draw the layers on the way: words above an arrow."""
    left, right = x + 5, x + room - 5
    drawn: list[Drawn] = [
        Line([(left, y), (right - 6, y)], "faint", 1.4),
        Polygon([(right - 7, y - 4), (right - 7, y + 4), (right, y)], "faint"),
    ]
    top = y - 12 - _LINE * (len(stage.words) - 1)
    for at, word in enumerate(stage.words):
        drawn.append(Text(x + room / 2, top + at * _LINE, word, _SMALL, "faint"))
    return drawn
