"""Kernels of low rank: a sum of few products column × row, each applied as a row filter, then a column filter.

Source: Treitel and Shanks, "The design of multistage separable planar filters", IEEE Trans. Geosci. Electron. 9 (1971).
"""

import numpy as np

from convcli.engine.correlation import planewise
from convcli.engine.correlation.costs import CALL, LINE, PRODUCT, Cost, count_parts, rates
from convcli.engine.correlation.planewise import COUNTED, Planewise, plane_step
from convcli.engine.correlation.problem import Array, Problem, Scratch
from convcli.engine.correlation.toeplitz import (
    DEEP,
    HEIGHT,
    WIDTH,
    Across,
    Down,
    Interleave,
    band,
    high,
    padded,
    row_length,
)
from convcli.engine.sizes.geometry import Axis

__all__ = ["Separable", "cost", "refuse"]

SMALL = 64
"""Taps up to which only kernels of rank 1 are worth a column and a row filter."""


def refuse(problem: Problem) -> str | None:
    """Say why column and row filters cannot serve."""
    reason = planewise.refuse(problem)
    if reason is None and problem.bound is not None and any(len(f) > 1 for f in problem.factors):
        return "the kernel is not a column times a row of integers"
    return reason


def cost(problem: Problem) -> Cost:
    """Count both products for each term of the sum."""
    (y, x), size, own = problem.axes, problem.work.itemsize, rates()
    rank = _rank(problem)
    rows, width = HEIGHT, _width(x)
    column = (rows - 1) * Interleave.of(y).stride + y.k
    row = (width - 1) * x.s + x.extent
    flops = 2 * (column + row * y.s)
    per = (flops * own.flop[size] + 2 * own.copy[size]) * rank + (rank - 1) * own.join[size]
    per += own.store[size] + y.s * x.s * own.copy[size] + (problem.bias is not None) * own.add[size]
    products = rank * problem.elements * (1 / (rows * min(x.out, WIDTH)) + 1 / (DEEP * width))
    lines = problem.elements / x.out * 4
    parts = count_parts(problem, plane_step(problem, COUNTED))
    calls = parts * (problem.per * rank * (5 + 2 * min(y.d, y.out)) + 15)
    return Cost(
        round((flops * rank + rank - 1) * problem.elements),
        problem.elements * per + products * PRODUCT + lines * LINE + calls * CALL,
    )


def _rank(problem: Problem) -> float:
    """Mean rank of the kernels; of small ones, for which only rank 1 pays, a quick guess."""
    if problem.bound is None and problem.kernel[0] * problem.kernel[1] <= SMALL:
        return 1.0 if all(map(_rank_one, problem.kernels)) else min(problem.kernel)
    return sum(map(len, problem.factors)) / len(problem.factors)


def _rank_one(kernel: Array) -> bool:
    """Whether a kernel is near the product of the column and the row of its largest tap."""
    i, j = divmod(int(np.abs(kernel).argmax()), kernel.shape[1])
    left = kernel * kernel[i, j] - kernel[:, j, None] * kernel[i]
    return bool(np.abs(left).max() <= 1e-6 * kernel[i, j] ** 2)


def _width(axis: Axis) -> int:
    """Columns of a banded matrix for rows: BLAS is at its best with 16, wide kernels reuse more with 32."""
    return 16 if axis.extent < 48 else 32


class Separable(Planewise):
    """Column and row filters, made ready for one problem."""

    def __init__(self, problem: Problem) -> None:
        y = problem.axes[0]
        super().__init__(problem, y.s)
        self.terms = [
            [self._matrices(column, row) for column, row in terms] for terms in problem.factors
        ]
        self.several = any(len(terms) > 1 for terms in self.terms)

    def _matrices(self, column: Array, row: Array) -> tuple[Array, Array]:
        x = self.problem.axes[1]
        dilated = np.zeros(x.extent, row.dtype)
        dilated[:: x.d] = row
        return (
            band(column[:, None], HEIGHT, self.interleave.stride),
            np.ascontiguousarray(band(dilated[:, None], _width(x), x.s).T),
        )

    def wide(self, columns: int) -> int:
        """Columns of the input that products read (see `Planewise.wide`)."""
        x = self.problem.axes[1]
        return row_length(padded(columns, _width(x), x.s, x.extent))

    def read(self, rows: int) -> int:
        """Rows of the input that products read (see `Planewise.read`): whole matrices of each residue."""
        y = self.problem.axes[0]
        return padded(high(rows, y), HEIGHT, 1, 1) * y.d

    def band(self, rows: int, columns: int, scratch: Scratch) -> "Passes":
        """Make ready what all bands of a size have in common."""
        return Passes(self, rows, columns, scratch)


class Passes:
    """The row and column filters of a band (see `planewise.Band`)."""

    def __init__(self, owner: Separable, rows: int, columns: int, scratch: Scratch) -> None:
        (y, self.x), work = owner.problem.axes, owner.problem.work
        self.d, self.terms, self.scratch = y.d, owner.terms, scratch
        column, row = owner.terms[0][0]
        self.width = row.shape
        self.size = owner.read(rows), padded(columns, row.shape[1], 1, 1)
        length = row_length(self.size[1])
        self.middle = scratch.get("middle", (self.size[0], length), work)
        self.more = scratch.get("more", (rows, columns), work) if owner.several else self.middle
        phases, stride = owner.interleave.phases, owner.interleave.stride
        sorted_ = self.middle.reshape(y.d, -1, 1, length)  # [ρ, r] = row y.d·r + ρ
        self.downs = []
        for phase in range(min(phases, rows)):
            first, residue = divmod(y.s * phase, y.d)
            shape = len(range(phase, rows, phases)), columns
            down = Down(shape, column.shape, stride, sorted_[residue, first:], 0)
            self.downs.append((slice(phase, None, phases), down))

    def fill(self, window: Array) -> None:
        """Sort rows by residue (see `planewise.Band.fill`)."""
        source = window  # as it lies
        if self.d > 1 or not window.flags.c_contiguous:
            source = self.scratch.get("split", window.shape, window.dtype)
            split = source.reshape(self.d, -1, source.shape[1])
            for residue in range(self.d):
                split[residue] = window[residue :: self.d]
        self.across = Across(self.size, self.width, self.x.s, source)

    def make(self, o: int, found: Array) -> None:
        """Filter rows, then columns, whose products write whole rows (see `planewise.Band.make`)."""
        for n, (column, row) in enumerate(self.terms[min(o, len(self.terms) - 1)]):
            target = self.more if n else found
            self.across(row, self.middle[:, : self.size[1]])
            for rows, down in self.downs:
                down(column, target[rows])
            if n:
                np.add(found, target, out=found)
