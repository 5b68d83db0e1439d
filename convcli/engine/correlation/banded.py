"""Banded products down the columns: the general method for dense kernels of one input channel.

A kernel of kw columns is a sum over its columns; g neighbouring columns are taken in one product (the scratch
buffer holds g copies of each row, each shifted by one tap), and the ceil(kw / g) products are added up.
"""

from functools import lru_cache
from math import gcd

import numpy as np

from convcli.engine.correlation.costs import CALL, LINE, PRODUCT, Cost, count_parts, rates
from convcli.engine.correlation.planewise import Planewise, plane_step, refuse
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
    strided,
)
from convcli.engine.sizes.geometry import Axis

__all__ = ["Banded", "cost", "refuse"]

TOGETHER = 5
"""Kernel columns taken in one product, at most."""


def cost(problem: Problem) -> Cost:
    """Count the products with all zeros of the band, the shifted copies and the sums."""
    (y, x), size, own = problem.axes, problem.work.itemsize, rates()
    together, count = _groups(y, x, size)
    rows = HEIGHT
    depth = ((rows - 1) * Interleave.of(y).stride + y.k) * together
    flops = 2 * depth * count
    copies = (together + x.s) * y.s
    passes = count - 1 + (problem.bias is not None)
    extra = 0 if problem.dtype == problem.work else own.copy[size]
    per = flops * own.flop[size] + copies * own.copy[size] + passes * own.join[size]
    per += own.store[size] + extra
    products = count * problem.elements / (rows * min(x.out, WIDTH))
    lines = problem.elements / x.out * (together + 4)
    parts = count_parts(problem, plane_step(problem))
    calls = parts * (2 * y.d + problem.per * (2 * count * min(y.d, y.out) + 5) + 15)
    return Cost(
        round((flops + count - 1) * problem.elements),
        problem.elements * per + products * PRODUCT + lines * LINE + calls * CALL,
    )


@lru_cache(256)
def _groups(down: Axis, along: Axis, size: int) -> tuple[int, int]:
    """How many taps of a row are taken together, and how often: what takes the least time.

    More taps together take more copies, fewer take more products and sums. The second group reads what the first one
    reads, shifted by a whole number of windows; so the groups of a strided kernel are a multiple of s / gcd(s, d)
    long.
    """
    own, k, step = rates(), along.k, along.s // gcd(along.s, along.d)
    depth = (HEIGHT - 1) * Interleave.of(down).stride + down.k

    def seconds(together: int) -> float:
        count = -(-k // together)
        flops = 2 * depth * together * count
        # a band's first rows are copied again, and more copies fill more of the cache
        copies = (1 + (down.k - 1) / 36) * together * own.copy[size]
        return copies + flops * own.flop[size] + (count - 1) * own.join[size]

    sizes = [min(together, k) for together in range(step, step * (TOGETHER // step + 1), step)]
    together = min(sizes or [min(step, k)], key=seconds)
    return together, -(-k // together)


class Banded(Planewise):
    """Banded products, made ready for one problem."""

    def __init__(self, problem: Problem) -> None:
        y, x = problem.axes
        self.together, self.count = _groups(y, x, problem.work.itemsize)
        super().__init__(problem, (self.together + 2) * y.s)
        taps = np.zeros((problem.maps, y.k, self.count * self.together), problem.work)
        taps[:, :, : x.k] = problem.weights[:, 0]
        split = taps.reshape(problem.maps, y.k, self.count, self.together).swapaxes(1, 2)
        shared = split[:1] if len(problem.kernels) == 1 else split
        self.matrices = band(shared, HEIGHT, self.interleave.stride)

    def wide(self, columns: int) -> int:
        """Columns of the input that products read (see `Planewise.wide`)."""
        x = self.problem.axes[1]
        return (self._columns(columns) - 1) * x.s + (self.together - 1) * x.d + 1

    def _columns(self, columns: int) -> int:
        x = self.problem.axes[1]
        shift = self.together * x.d // x.s  # of windows, from one group of taps to the next
        return padded(columns, LANES, 1, 1) + (self.count - 1) * shift

    def band(self, rows: int, columns: int, scratch: Scratch) -> "Products":
        """Make ready what all bands of a size have in common."""
        return Products(self, rows, columns, self._columns(columns), scratch)


class Products:
    """The products of a band (see `planewise.Band`)."""

    def __init__(self, owner: Banded, rows: int, columns: int, wide: int, scratch: Scratch) -> None:
        problem, together, count = owner.problem, owner.together, owner.count
        y, x = problem.axes
        self.axes, self.matrices, self.wide = problem.axes, owner.matrices, wide
        # an odd number of cache lines a row: rows of a power of two would fall on the same few lines of the cache
        row = (-(-wide // 16) | 1) * 16
        # [ρ, r, j] = row y.d·r + ρ from tap j on
        self.gathered = scratch.get("gathered", (y.d, high(rows, y), together, row), problem.work)
        self.more = scratch.get("more", (rows, columns), problem.work) if count > 1 else None
        self.phases, stride = owner.interleave.phases, owner.interleave.stride
        self.steps = []
        for phase in range(min(self.phases, rows)):
            first, residue = divmod(y.s * phase, y.d)
            shape, source = (
                (len(range(phase, rows, self.phases)), columns),
                self.gathered[residue, first:],
            )
            for q in range(count):
                down = Down(
                    shape, self.matrices.shape[2:], stride, source, q * together * x.d // x.s
                )
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
        matrices, more = self.matrices[min(o, len(self.matrices) - 1)], self.more
        for rows, q, down in self.steps:
            target = found[rows]
            if q == 0 or more is None:
                down(matrices[q], target)
            else:
                down(matrices[q], more[rows])
                np.add(target, more[rows], out=target)
