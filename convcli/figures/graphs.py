"""A network as a graph of layers: what follows one another, where it forks and comes together again, and what repeats.

`arranged` finds that structure in layers that name the values they read, whatever language or file they are from:
a value through which every path goes parts a network into two that are looked at by themselves.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

__all__ = ["Fold", "Fork", "Item", "Part", "Tangle", "arranged", "gathered", "leaves", "size_after"]

_LONGEST = 24
"""Items of a pattern that is looked for again behind itself."""


@dataclass(frozen=True)
class Part:
    """One layer.

    Parameters
    ----------
    label : str
        What it does, in a few words.
    family : str
        "weighted", "pool", "dense", "join", "norm" or "plain": how it is coloured; "norm" and "plain" change nothing
        but values.
    size : tuple of int
        Of its output, C×spatial.
    inputs : tuple of int
        The values it reads: 0 is the network's input, value i is what layer number i gives.
    name : str
        Blocks, from the outside, and the layer in them, joined by dots.
    window : tuple of int
        Rows and columns of its window.
    before, after : tuple of str
        Small layers that go with it.
    """

    label: str
    family: str
    size: tuple[int, ...]
    inputs: tuple[int, ...]
    name: str = ""
    window: tuple[int, ...] = ()
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()

    @property
    def small(self) -> bool:
        """Whether it goes with the layer that it follows, or stands before."""
        return self.family in ("norm", "plain")

    @property
    def lines(self) -> list[str]:
        """What stands in its box, a line each."""
        return [", ".join(words) for words in (self.before, (self.label,), self.after) if words]


@dataclass(frozen=True)
class Fork:
    """Branches on one value, and the layer where they come together, if they do."""

    branches: tuple[tuple["Item", ...], ...]
    join: Part | None = None


@dataclass(frozen=True)
class Tangle:
    """Layers that no branches side by side can show: in the order of computation, with all that leads from one to another.

    Parameters
    ----------
    parts : tuple of Part
    edges : tuple of (int, int)
        From a part to a later one, by their places in `parts`; from -1 is what comes in.
    """

    parts: tuple[Part, ...]
    edges: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Fold:
    """Items that repeat, drawn once."""

    items: tuple["Item", ...]
    times: int
    last: Part = field(compare=False)
    """The last layer of the last turn."""


Item: TypeAlias = Part | Fork | Fold | Tangle


def arranged(parts: Sequence[Part], *, fold: bool = True) -> tuple[Item, ...]:
    """Find the structure of layers, which stand in the order of computation.

    >>> relu, conv = (Part(n, "plain", (1,), (i,)) for i, n in enumerate(("relu", "conv")))
    >>> [item.label for item in arranged([relu, conv])]
    ['relu', 'conv']
    >>> add = Part("add", "join", (1,), (2, 0))
    >>> [fork] = arranged([relu, conv, add])
    >>> [[p.label for p in branch] for branch in fork.branches], fork.join.label
    ([['relu', 'conv'], []], 'add')
    """
    return _Arranging(parts, fold=fold).series(list(range(1, len(parts) + 1)), 0)


def gathered(parts: Sequence[Part], size: tuple[int, ...]) -> list[Part]:
    """Put small layers to those that they follow, or stand before.

    A normalization after a sum belongs to the convolution behind it.

    Parameters
    ----------
    parts : sequence of Part
    size : tuple of int
        Of the network's input.

    >>> conv, relu = Part("conv", "weighted", (1, 2), (0,)), Part("relu", "plain", (1, 2), (1,))
    >>> [part.lines for part in gathered([conv, relu], (1, 2))]
    [['conv', 'relu']]
    """
    readers = Counter(value for part in parts for value in set(part.inputs))
    sizes = [size, *(part.size for part in parts)]
    made: dict[int, Part] = {}
    into = {0: 0}  # a value: the layer that has taken it over
    for number, part in enumerate(parts, 1):
        inputs = tuple(into[value] for value in part.inputs)
        alone = len(part.inputs) == 1 and readers[part.inputs[0]] == 1
        last = made.get(inputs[0]) if alone else None
        into[number] = number
        made[number] = replace(part, inputs=inputs)
        if last is None:
            continue
        same = part.size == sizes[part.inputs[0]]
        if part.small and same and (part.family, last.family) != ("norm", "join"):
            made[inputs[0]] = replace(last, after=(*last.after, part.label))
            into[number] = inputs[0]
            del made[number]
        elif part.family in ("weighted", "dense") and last.small:
            head = (last.label, *last.after)
            made[number] = replace(part, inputs=last.inputs, before=head)
            del made[inputs[0]]
    place = {0: 0} | {number: i for i, number in enumerate(sorted(made), 1)}
    return [
        replace(made[n], inputs=tuple(place[value] for value in made[n].inputs))
        for n in sorted(made)
    ]


def size_after(item: Item) -> tuple[int, ...]:
    """Return the size of what goes on, () where it is not one."""
    if isinstance(item, Part):
        return item.size
    if isinstance(item, Fold):
        return item.last.size
    if isinstance(item, Tangle):
        return item.parts[-1].size
    return item.join.size if item.join else ()


def leaves(items: Sequence[Item]) -> list[Part]:
    """Return the layers of items as they are drawn."""
    found: list[Part] = []
    for item in items:
        if isinstance(item, Part):
            found.append(item)
        elif isinstance(item, Fold):
            found += leaves(item.items)
        elif isinstance(item, Tangle):
            found += item.parts
        else:
            for branch in item.branches:
                found += leaves(branch)
            found += [item.join] if item.join else []
    return found


class _Arranging:
    def __init__(self, parts: Sequence[Part], *, fold: bool) -> None:
        self.parts, self.fold = parts, fold
        self.readers: dict[int, list[int]] = {}
        for number, part in enumerate(parts, 1):
            for value in part.inputs:
                self.readers.setdefault(value, []).append(number)

    def series(self, numbers: list[int], entry: int) -> tuple[Item, ...]:
        """Part layers where one value is all that goes on."""
        inside = set(numbers)
        items: list[Item] = []
        begun, reach = 0, self.last(entry, inside)
        for at, number in enumerate(numbers):
            if number >= reach or at == len(numbers) - 1:
                items += self.segment(numbers[begun : at + 1], entry)
                entry, begun = number, at + 1
                reach = self.last(number, inside)
            else:
                reach = max(reach, self.last(number, inside))
        return _folded(items) if self.fold else tuple(items)

    def last(self, value: int, inside: set[int]) -> int:
        return max((r for r in self.readers.get(value, ()) if r in inside), default=0)

    def segment(self, numbers: list[int], entry: int) -> list[Item]:
        if len(numbers) == 1:
            return [self.parts[numbers[0] - 1]]
        *inner, end = numbers
        join = self.parts[end - 1]
        branches = self.components(inner)
        joined = len(join.inputs) > 1 and all(branch[-1] in join.inputs for branch in branches)
        if not joined:  # ends that do not come together again
            branches, inner = self.components(numbers), numbers
        if len(branches) == 1 and not (joined and entry in join.inputs):
            return [self.tangle(numbers)]
        found = [self.series(branch, entry) for branch in branches]
        if joined and entry in join.inputs:
            found.append(())
        return [Fork(tuple(found), join if joined else None)]

    def tangle(self, numbers: list[int]) -> Tangle:
        place = {number: at for at, number in enumerate(numbers)}
        parts = [self.parts[number - 1] for number in numbers]
        edges = {(place.get(v, -1), at) for at, part in enumerate(parts) for v in part.inputs}
        return Tangle(tuple(parts), tuple(sorted(edges)))

    def components(self, numbers: list[int]) -> list[list[int]]:
        """Return the layers that hang together, each group in order."""
        group = {number: number for number in numbers}

        def root(number: int) -> int:
            while group[number] != number:
                group[number] = group[group[number]]
                number = group[number]
            return number

        for number in numbers:
            for value in self.parts[number - 1].inputs:
                if value in group:
                    group[root(number)] = root(value)
        held: dict[int, list[int]] = {}
        for number in numbers:
            held.setdefault(root(number), []).append(number)
        return list(held.values())


def _shape_of(items: Sequence[Item]) -> tuple[object, ...]:
    """What makes two rows of items the same drawing: their labels, whatever their names and channels before."""
    found: list[object] = []
    for item in items:
        if isinstance(item, Part):
            found.append((item.lines, item.size[1:]))
        elif isinstance(item, Fold):
            found.append((item.times, _shape_of(item.items)))
        elif isinstance(item, Tangle):
            found.append((_shape_of(item.parts), item.edges))
        else:
            branches = tuple(_shape_of(branch) for branch in item.branches)
            found.append((branches, item.join and (item.join.lines, item.join.size[1:])))
    return tuple(found)


def _folded(items: list[Item]) -> tuple[Item, ...]:
    """Put together what repeats right behind itself, unless it is a single plain layer."""
    shapes = [_shape_of([item]) for item in items]
    found: list[Item] = []
    at = 0
    while at < len(items):
        best = (0, 0)
        for length in range(1, min(_LONGEST, (len(items) - at) // 2) + 1):
            times = 1
            while (
                shapes[at + times * length : at + (times + 1) * length] == shapes[at : at + length]
            ):
                times += 1
            if times > 1 and times * length > best[0] * best[1]:
                best = (length, times)
        length, times = best
        if length * times < 2 or (length == 1 and isinstance(items[at], Part) and times < 3):
            found.append(items[at])
            at += 1
            continue
        last = leaves(items[at + (times - 1) * length : at + times * length])[-1]
        turns = [items[at + turn * length : at + (turn + 1) * length] for turn in range(times)]
        found.append(Fold(tuple(map(_shared, *turns)), times, last))
        at += length * times
    return tuple(found)


def _shared(*turns: Item) -> Item:
    """Return an item that repeats, without the sizes that are not the same every time."""
    first = turns[0]
    if isinstance(first, Part):
        same = len({turn.size for turn in turns if isinstance(turn, Part)}) == 1
        return first if same else replace(first, size=())
    if isinstance(first, Fold):
        rows = [turn.items for turn in turns if isinstance(turn, Fold)]
        last = _shared(*(turn.last for turn in turns if isinstance(turn, Fold)))
        assert isinstance(last, Part)
        return replace(first, items=tuple(map(_shared, *rows)), last=last)
    if isinstance(first, Tangle):
        tangles = (turn.parts for turn in turns if isinstance(turn, Tangle))
        shared = (_shared(*parts) for parts in zip(*tangles, strict=True))
        return replace(first, parts=tuple(part for part in shared if isinstance(part, Part)))
    forks = [turn for turn in turns if isinstance(turn, Fork)]
    branches = tuple(
        tuple(map(_shared, *rows)) for rows in zip(*(f.branches for f in forks), strict=True)
    )
    join = _shared(*(f.join for f in forks if f.join)) if first.join else None
    assert join is None or isinstance(join, Part)
    return Fork(branches, join)
