"""Which inputs of a chain give a wanted size of its maps. No arrays.

Sizes along one axis do not depend on the others, and never fall where the input grows; but branches that join may agree
at some sizes only. So the range is searched for as if they always did, and then each size in it is tried.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from convcli.engine.errors import ConvError, printable
from convcli.engine.sizes.geometry import size_text
from convcli.engine.sizes.inverse import first_where
from convcli.nets.architecture.kinds import KINDS
from convcli.nets.architecture.layer import Layer
from convcli.nets.architecture.parser import Join, Node, Repeat

__all__ = ["inputs_for", "runs"]

_LARGEST = 10**6
"""Rows of an input that are tried, at most; and how long the axes are that are not looked at."""


def inputs_for(
    net: Iterable[Node], out: Sequence[int], *, channels: int, most: int
) -> list[list[int]]:
    """Find the sizes of the input, an axis each, for which a chain ends in maps of a size.

    Parameters
    ----------
    net : iterable of Node
    out : sequence of int
        The wanted size, without channels.
    channels : int
        Of the input.
    most : int
        Sizes that are returned an axis, the smallest first.

    Raises
    ------
    ConvError
        No input gives it: the nearest sizes that are reached; a chain that cannot be, or does not end in maps.

    Examples
    --------
    >>> from convcli.nets.architecture.parser import read_chain
    >>> inputs_for(read_chain("conv:8,k3,s2,p1 maxpool:k2"), (7,), channels=3, most=9)
    [[27, 28, 29, 30]]
    >>> inputs_for(read_chain("residual( maxpool:k2 upsample:2 )"), (6, 8), channels=3, most=9)
    [[6], [8]]
    """
    net = tuple(net)
    return [_Axis(net, i, len(out), channels).inputs(size, most) for i, size in enumerate(out)]


@dataclass(frozen=True)
class _Axis:
    """A chain along one axis."""

    net: tuple[Node, ...]
    axis: int
    rank: int
    channels: int

    def inputs(self, out: int, most: int) -> list[int]:
        self.of(_LARGEST, exact=False)  # what cannot be at any size is told as it is
        low = first_where(lambda n: self.reached(n) >= out, 1, _LARGEST)
        end = first_where(lambda n: self.reached(n) > out, 1, _LARGEST)
        found = list(islice((n for n in range(low, end) if self.fits(n)), most))
        if found:
            return found
        where = f" on axis {self.axis}" if self.rank > 1 else ""
        if low < end:
            what = size_text([low]) if end == low + 1 else f"{low} to {end - 1}"
            raise ConvError(
                f"no input gives the output {out}{where}: at {what} rows branches that join differ"
            )
        near = [self.reached(n) for n in (low - 1, end) if 1 <= n <= _LARGEST]
        told = " and ".join(str(n) for n in dict.fromkeys(near) if n)
        raise ConvError(
            f"no input gives the output {out}{where}; the nearest that can be reached: {told}"
        )

    def reached(self, n: int) -> int:
        """Return the output for n rows, 0 where they are too few; branches that join count as if they agreed."""
        try:
            return self.of(n, exact=False)
        except ConvError:
            return 0

    def fits(self, n: int) -> bool:
        try:
            self.of(n, exact=True)
        except ConvError:
            return False
        return True

    def of(self, n: int, *, exact: bool) -> int:
        return _through(self.net, (self.channels, n), self.axis, self.rank, exact)[1]


_Along = tuple[int, int]
"""Channels, and rows along the axis."""


def _through(nodes: Iterable[Node], size: _Along, axis: int, rank: int, exact: bool) -> _Along:
    for node in nodes:
        if isinstance(node, Layer):
            size = _after(node, size, axis, rank)
        elif isinstance(node, Join):
            ends = [_through(b, size, axis, rank, exact) for b in node.branches]
            size = _joined(node, ends, exact)
        else:
            for _ in range(node.times if isinstance(node, Repeat) else 1):
                size = _through(node.items, size, axis, rank, exact)
    return size


def _after(layer: Layer, size: _Along, axis: int, rank: int) -> _Along:
    rows = [_LARGEST] * rank
    rows[axis] = size[1]
    try:
        output = KINDS[layer.kind].rule(layer, (size[0], *rows)).output
    except ConvError as error:
        raise error.about(f"'{printable(layer.text)}'") from error
    if len(output) == 1:
        raise ConvError(f"'{printable(layer.text)}' ends the maps: --out is the size of maps")
    return output[0], output[1 + axis]


def _joined(join: Join, ends: Sequence[_Along], exact: bool) -> _Along:
    channels, rows = zip(*ends, strict=True)
    most = max(rows)
    agree = all(n == most or (join.kind == "multiply" and n == 1) for n in rows)
    if exact and not agree:
        raise ConvError(f"'{join.kind}': its branches end in different sizes")
    return sum(channels) if join.kind == "concat" else max(channels), most


def runs(numbers: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Join numbers that follow each other: the first and the last of each run.

    >>> list(runs([1, 2, 3, 7, 9, 10]))
    [(1, 3), (7, 7), (9, 10)]
    """
    first = last = None
    for n in numbers:
        if first is None or last is None:
            first = n
        elif n != last + 1:
            yield first, last
            first = n
        last = n
    if first is not None and last is not None:
        yield first, last
