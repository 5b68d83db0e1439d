"""A network as a graph of layers: what follows one another, where it forks and comes together again, and what repeats.

`arranged` finds that structure in layers that name the values they read, whatever language or file they are from:
a value through which every path goes parts a network into two that are looked at by themselves.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

__all__ = ["Fold", "Fork", "Item", "Part", "arranged", "leaves"]

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
        "weighted", "pool", "dense", "join" or "plain": how it is coloured; "plain" changes nothing but values.
    size : tuple of int
        Of its output, C×spatial.
    inputs : tuple of int
        The values it reads: 0 is the network's input, value i is what layer number i gives.
    name : str
        Blocks, from the outside, and the layer in them, joined by dots.
    """

    label: str
    family: str
    size: tuple[int, ...]
    inputs: tuple[int, ...]
    name: str = ""


@dataclass(frozen=True)
class Fork:
    """Branches on one value, and the layer where they come together, if they do."""

    branches: tuple[tuple["Item", ...], ...]
    join: Part | None = None


@dataclass(frozen=True)
class Fold:
    """Items that repeat, drawn once."""

    items: tuple["Item", ...]
    times: int
    last: Part = field(compare=False)
    """The last layer of the last turn."""


Item: TypeAlias = Part | Fork | Fold


def arranged(parts: Sequence[Part]) -> tuple[Item, ...]:
    """Find the structure of layers, which stand in the order of computation.

    >>> relu, conv = (Part(n, "plain", (1,), (i,)) for i, n in enumerate(("relu", "conv")))
    >>> [item.label for item in arranged([relu, conv])]
    ['relu', 'conv']
    >>> add = Part("add", "join", (1,), (2, 0))
    >>> [fork] = arranged([relu, conv, add])
    >>> [[p.label for p in branch] for branch in fork.branches], fork.join.label
    ([['relu', 'conv'], []], 'add')
    """
    return _Arranging(parts).series(list(range(1, len(parts) + 1)), 0)


def leaves(items: Sequence[Item]) -> list[Part]:
    """Return the layers of items as they are drawn."""
    found: list[Part] = []
    for item in items:
        if isinstance(item, Part):
            found.append(item)
        elif isinstance(item, Fold):
            found += leaves(item.items)
        else:
            for branch in item.branches:
                found += leaves(branch)
            found += [item.join] if item.join else []
    return found


class _Arranging:
    def __init__(self, parts: Sequence[Part]) -> None:
        self.parts = parts
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
        return _folded(items)

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
            return [self.parts[number - 1] for number in numbers]  # a tangle: one after the other
        found = [self.series(branch, entry) for branch in branches]
        if joined and entry in join.inputs:
            found.append(())
        return [Fork(tuple(found), join if joined else None)]

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
            found.append((item.label, item.size[1:]))
        elif isinstance(item, Fold):
            found.append((item.times, _shape_of(item.items)))
        else:
            branches = tuple(_shape_of(branch) for branch in item.branches)
            found.append((branches, item.join and (item.join.label, item.join.size[1:])))
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
        found.append(Fold(tuple(items[at : at + length]), times, last))
        at += length * times
    return tuple(found)
