"""Which cells a figure draws along an axis, and which of them a window reads: pure integers, from the resolved sizes."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod

from convcli.engine.errors import ConvError
from convcli.engine.sizes.geometry import Axis, size_text
from convcli.engine.sizes.transposed import TransposedAxis

__all__ = ["LARGEST", "Row", "check_size", "laid_out", "rows_of", "unit_of", "units"]

LARGEST = 48
"""Cells of a row or column that can be drawn, padding and inserted zeros among them."""


@dataclass(frozen=True)
class Row:
    """The cells of one axis, at positions that count from the input's first cell.

    Parameters
    ----------
    n, gap : int
        Cells of the input, and the step from one to the next: more than 1 where zeros are inserted between them.
    shift : int
        The first window begins at -shift.
    before, after : int
        Cells of padding.
    k, s, d, out : int
        Taps, stride, dilation, windows.
    """

    n: int
    gap: int
    shift: int
    before: int
    after: int
    k: int
    s: int
    d: int
    out: int

    @property
    def extent(self) -> int:
        """Cells from the first to the last tap."""
        return self.d * (self.k - 1) + 1

    @property
    def stretched(self) -> int:
        """Cells of the input with the zeros between them."""
        return (self.n - 1) * self.gap + 1

    @property
    def span(self) -> tuple[int, int]:
        """The first position, and the one past the last."""
        last = (self.out - 1) * self.s - self.shift + self.extent
        return min(-self.before, -self.shift), max(self.stretched + self.after, last)

    def taps(self, unit: int) -> list[int]:
        """Positions that the window of an output unit reads."""
        return [unit * self.s - self.shift + t * self.d for t in range(self.k)]

    def kind(self, at: int) -> str:
        """Tell what stands at a position: "input", "inserted", "padding", or "beyond" where `ceil` reaches past it."""
        if 0 <= at < self.stretched:
            return "inserted" if at % self.gap else "input"
        return "padding" if -self.before <= at < self.stretched + self.after else "beyond"

    @cached_property
    def read(self) -> frozenset[int]:
        """Positions that any window reads."""
        return frozenset(at for unit in range(self.out) for at in self.taps(unit))


def rows_of(axes: Sequence[Axis | TransposedAxis]) -> tuple[Row, ...]:
    """Lay out the axes of a layer; a transposed convolution as the plain one over its stretched input.

    Raises
    ------
    ConvError
        They are too long to be drawn.

    >>> from convcli.engine.sizes.transposed import transposed_axes
    >>> row = rows_of(transposed_axes((2,), (3,), stride=2))[0]
    >>> [row.kind(i) for i in range(*row.span)]
    ['padding', 'padding', 'input', 'inserted', 'input', 'padding', 'padding']
    """
    found = tuple(_row(axis) for axis in axes)
    check_size([n for row in found for n in (row.span[1] - row.span[0], row.out)])
    return found


def laid_out(axes: Sequence[Axis]) -> tuple[Row, Row]:
    """Lay out the two axes of a plane, however long they are."""
    down, across = (_row(axis) for axis in axes)
    return down, across


def _row(axis: Axis | TransposedAxis) -> Row:
    if isinstance(axis, Axis):
        before, after = axis.before, axis.after
        return Row(axis.n, 1, before, before, after, axis.k, axis.s, axis.d, axis.out)
    # the stamps of the input rows are the windows of a convolution with stride 1 over the input spread out
    shift = axis.extent - 1 - axis.before
    after = axis.extent - 1 - axis.after + axis.extra
    return Row(axis.n, axis.s, shift, max(shift, 0), max(after, 0), axis.k, 1, axis.d, axis.out)


def check_size(lengths: Sequence[int], what: str = "rows or columns") -> None:
    """Refuse what is too large to be drawn."""
    if max(lengths) > LARGEST:
        raise ConvError(
            f"--draw: got {max(lengths)} {what} to draw, padding among them, at most {LARGEST}x{LARGEST} cells can be"
        )


def unit_of(at: Sequence[int] | None, sizes: Sequence[int]) -> tuple[int, ...]:
    """Return the output unit that --at says, the first unless told.

    Raises
    ------
    ConvError
        The output has none there.
    """
    if at is None:
        return (0,) * len(sizes)
    if len(at) != len(sizes) or any(i >= n for i, n in zip(at, sizes, strict=True)):
        last = ",".join(str(n - 1) for n in sizes)
        raise ConvError(
            f"--at: got {','.join(map(str, at))}, the output is {size_text(sizes)}: "
            f"{','.join('0' for _ in sizes)} to {last} are allowed",
            usage=True,
        )
    return tuple(at)


def units(sizes: Sequence[int]) -> list[tuple[int, ...]]:
    """List the output units in reading order.

    >>> units((2, 2))
    [(0, 0), (0, 1), (1, 0), (1, 1)]
    """
    found = []
    for i in range(prod(sizes)):
        unit = []
        for n in reversed(sizes):
            i, at = divmod(i, n)
            unit.append(at)
        found.append(tuple(reversed(unit)))
    return found
