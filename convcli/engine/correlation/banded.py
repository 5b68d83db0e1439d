"""Banded products down the columns: the general method for dense kernels of one input channel.

A kernel is cut into blocks, each one product with a scratch buffer that holds g copies of each row, each shifted by one
tap; the products are added up. Two cuts are to choose from. Blocks of all rows and g columns: a matrix of several rows
gives as many results of a column, zeros of the band included, from data that BLAS packs. Blocks of some rows and all
columns: a single row of taps gives one result, without zeros and without packing.
"""

from functools import lru_cache
from itertools import pairwise
from math import gcd
from typing import NamedTuple

import numpy as np

from convcli.engine.blas import SMALL_VECTOR
from convcli.engine.correlation.costs import CALL, LINE, PRODUCT, Cost, Rates, count_parts, rates
from convcli.engine.correlation.planewise import COUNTED, Planewise, plane_step, refuse
from convcli.engine.correlation.problem import Array, Problem, Scratch
from convcli.engine.correlation.toeplitz import (
    HEIGHT,
    LANES,
    WIDTH,
    Down,
    Interleave,
    band,
    high,
    padded,
    row_length,
    strided,
)
from convcli.engine.sizes.geometry import Axis

__all__ = ["Banded", "cost", "refuse"]

TOGETHER = 5
"""Kernel columns taken in one product of matrices, at most."""

SHORTEST = 128
"""Columns of a product with a single row of taps, at least: of fewer, calls would show."""

MANY = 8
"""Blocks of a kernel whose products have a single row, at most."""


class Block(NamedTuple):
    """Rows top … bottom - 1 of a kernel, and columns from `left` on, as many as its layout takes together."""

    top: int
    bottom: int
    left: int


class Layout(NamedTuple):
    """How a kernel is cut.

    Parameters
    ----------
    height : int
        Rows of the banded matrices.
    together : int
        Columns of a block: they may reach beyond the kernel's last one.
    blocks : tuple of Block
    operations : int
        Additions and multiplications of the products, for one result.
    seconds : float
        For one result: products, the sums of them and shifted copies.
    """

    height: int
    together: int
    blocks: tuple[Block, ...]
    operations: int
    seconds: float


def cost(problem: Problem) -> Cost:
    """Count the products with all zeros of the band, the shifted copies and the sums."""
    (y, x), size, own = problem.axes, problem.work.itemsize, rates()
    layout = _layout(y, x, size, own)
    count = len(layout.blocks)
    extra = 0 if problem.dtype == problem.work else own.copy[size]
    per = layout.seconds + x.s * y.s * own.copy[size]
    per += (problem.bias is not None) * own.join[size] + own.store[size] + extra
    # of matrices; what products of single rows cost beyond that is in their rate
    products = count * problem.elements / (HEIGHT * min(x.out, WIDTH))
    lines = problem.elements / x.out * (layout.together + 4)
    parts = count_parts(problem, plane_step(problem, COUNTED))
    calls = parts * (2 * y.d + problem.per * (2 * count * min(y.d, y.out) + 5) + 15)
    return Cost(
        round((layout.operations + count - 1) * problem.elements),
        problem.elements * per + products * PRODUCT + lines * LINE + calls * CALL,
    )


@lru_cache(256)
def _layout(down: Axis, along: Axis, size: int, own: Rates) -> Layout:
    """Cut a kernel so that it takes the least time."""
    return min(_layouts(down, along, size, own), key=lambda layout: layout.seconds)


def _layouts(down: Axis, along: Axis, size: int, own: Rates) -> list[Layout]:
    """All cuts.

    More columns together take more copies, fewer take more products and sums. The second block reads what the first
    one reads, shifted by a whole number of windows; so the blocks of a strided kernel are a multiple of s / gcd(s, d)
    columns wide.
    """
    k, step = along.k, along.s // gcd(along.s, along.d)
    depth = (HEIGHT - 1) * Interleave.of(down).stride + down.k
    again = 1 + (down.k - 1) / 36  # a band's first rows are copied again
    found = []

    def add(
        height: int, together: int, blocks: list[Block], flops: int, copy: float, flop: float
    ) -> None:
        # more copies fill more of the cache
        seconds = again * together * copy * down.s + flops * flop
        seconds += (len(blocks) - 1) * own.join[size]
        found.append(Layout(height, together, tuple(blocks), flops, seconds))

    sizes = [min(together, k) for together in range(step, step * (TOGETHER // step + 1), step)]
    for together in sizes or [min(step, k)]:
        blocks = [Block(0, down.k, left) for left in range(0, k, together)]
        flops = 2 * depth * together * len(blocks)
        add(HEIGHT, together, blocks, flops, own.copy[size], own.flop[size])
    rows = SMALL_VECTOR // (SHORTEST * k)
    if rows * MANY >= down.k:
        count = -(-down.k // rows)
        ends = [down.k * i // count for i in range(count + 1)]
        blocks = [Block(top, bottom, 0) for top, bottom in pairwise(ends)]
        add(1, k, blocks, 2 * down.k * k, own.shift[size], own.row[size])
    return found


class Banded(Planewise):
    """Banded products, made ready for one problem."""

    def __init__(self, problem: Problem) -> None:
        y, x = problem.axes
        layout = _layout(y, x, problem.work.itemsize, rates())
        self.together, self.blocks = layout.together, layout.blocks
        super().__init__(problem, (self.together + 2) * y.s)
        # without zeros in the matrices nothing gets into windows that do not hold it
        self.safe |= layout.height == 1 and bool(problem.weights.all())
        kernels = problem.weights[: 1 if len(problem.kernels) == 1 else None, 0]
        taps = np.zeros((len(kernels), y.k, self.blocks[-1].left + self.together), problem.work)
        taps[:, :, : x.k] = kernels
        self.matrices = [
            band(
                taps[:, block.top : block.bottom, block.left : block.left + self.together],
                layout.height,
                self.interleave.stride,
            )
            for block in self.blocks
        ]

    def wide(self, columns: int) -> int:
        """Columns of the input that products read (see `Planewise.wide`)."""
        x = self.problem.axes[1]
        return (self.columns(columns) - 1) * x.s + (self.together - 1) * x.d + 1

    def columns(self, columns: int) -> int:
        """Columns of the scratch buffer that products read."""
        return padded(columns, LANES, 1, 1) + self.shift(self.blocks[-1])

    def shift(self, block: Block) -> int:
        """How many windows further right than the first block's a block's products begin to read."""
        x = self.problem.axes[1]
        return block.left * x.d // x.s

    def band(self, rows: int, columns: int, scratch: Scratch) -> "Products":
        """Make ready what all bands of a size have in common."""
        return Products(self, rows, columns, scratch)


class Products:
    """The products of a band (see `planewise.Band`)."""

    def __init__(self, owner: Banded, rows: int, columns: int, scratch: Scratch) -> None:
        problem, together, several = owner.problem, owner.together, len(owner.blocks) > 1
        y, _ = problem.axes
        self.axes, self.matrices, self.wide = problem.axes, owner.matrices, owner.columns(columns)
        row = row_length(self.wide)
        # [ρ, r, j] = row y.d·r + ρ from tap j on
        self.gathered = scratch.get("gathered", (y.d, high(rows, y), together, row), problem.work)
        self.more = scratch.get("more", (rows, columns), problem.work) if several else None
        self.phases, stride = owner.interleave.phases, owner.interleave.stride
        self.steps = []
        for phase in range(min(self.phases, rows)):
            first, residue = divmod(y.s * phase, y.d)
            shape = len(range(phase, rows, self.phases)), columns
            for q, (block, matrices) in enumerate(zip(owner.blocks, owner.matrices, strict=True)):
                source = self.gathered[residue, first + block.top :]
                down = Down(shape, matrices.shape[1:], stride, source, owner.shift(block))
                self.steps.append((slice(phase, None, self.phases), q, down))

    def fill(self, window: Array) -> None:
        """Shift the rows (see `planewise.Band.fill`)."""
        (y, x), size = self.axes, window.itemsize
        for residue in range(y.d):
            lines = window[residue :: y.d]
            steps = lines.strides[0], x.d * size, x.s * size
            shape = len(lines), self.gathered.shape[2], self.wide
            # one call for all shifts; NumPy would take a copy of its own if both lay in one buffer
            self.gathered[residue, :, :, : self.wide] = strided(lines, shape, steps)

    def make(self, o: int, found: Array) -> None:
        """Multiply and add up (see `planewise.Band.make`)."""
        for rows, q, down in self.steps:
            matrices, target = self.matrices[q], found[rows]
            matrix = matrices[min(o, len(matrices) - 1)]
            if q == 0 or self.more is None:
                down(matrix, target)
            else:
                down(matrix, self.more[rows])
                np.add(target, self.more[rows], out=target)
