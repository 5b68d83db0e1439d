"""Banded products down the columns: the general method for dense kernels of one input channel.

A kernel of kw columns is a sum over its columns; g neighbouring columns are taken in one product (the scratch
buffer holds g copies of each row, each shifted by one tap), and the ceil(kw / g) products are added up.
"""

from math import gcd

import numpy as np

from convcli.engine.strategies.planewise import Planewise, plane_step, refuse
from convcli.engine.strategies.problem import Array, Cost, Part, Problem, Scratch, count_parts
from convcli.engine.strategies.rates import CALL, COPY, FLOP, LINE, PASS, PRODUCT, STORE
from convcli.engine.strategies.toeplitz import HEIGHT, LANES, WIDTH, Interleave, band, down, padded

__all__ = ["Banded", "cost", "refuse"]

TOGETHER = 3
"""Kernel columns taken in one product."""


def cost(problem: Problem) -> Cost:
    """Count the products with all zeros of the band, the shifted copies and the sums."""
    (y, x), size = problem.axes, problem.work.itemsize
    together, count = _groups(x.k, x.s, x.d)
    rows = HEIGHT
    depth = ((rows - 1) * Interleave.of(y).stride + y.k) * together
    flops = 2 * depth * count
    copies = (together + x.s) * y.s
    passes = count - 1 + (problem.bias is not None)
    extra = 0 if problem.dtype == problem.work else COPY[size]
    per = flops * FLOP[size] + copies * COPY[size] + passes * PASS[size] + STORE[size] + extra
    products = count * problem.elements / (rows * min(x.out, WIDTH))
    lines = problem.elements / x.out * (together + 4)
    parts = count_parts(problem, plane_step(problem))
    calls = parts * (together * y.d + problem.per * (2 * count * min(y.d, y.out) + 5) + 15)
    return Cost(
        round((flops + count - 1) * problem.elements),
        problem.elements * per + products * PRODUCT + lines * LINE + calls * CALL,
    )


def _groups(k: int, s: int, d: int) -> tuple[int, int]:
    """How many taps of a row are taken together, and how often.

    The second group reads what the first one reads, shifted by a whole number of windows; so the groups of a
    strided kernel are a multiple of s / gcd(s, d) long.
    """
    step = s // gcd(s, d)
    together = min(-(-TOGETHER // step) * step, k)
    return together, -(-k // together)


class Banded(Planewise):
    """Banded products, made ready for one problem."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        y, x = problem.axes
        self.together, self.count = _groups(x.k, x.s, x.d)
        taps = np.zeros((problem.maps, y.k, self.count * self.together), problem.work)
        taps[:, :, : x.k] = problem.weights[:, 0]
        split = taps.reshape(problem.maps, y.k, self.count, self.together).swapaxes(1, 2)
        shared = split[:1] if len(problem.kernels) == 1 else split
        self.matrices = band(shared, HEIGHT, self.interleave.stride)

    def source(self, part: Part, channel: int, scratch: Scratch) -> Array:
        """Read the input of a part: shape (y.d, rows, together, columns), [ρ, r, j] = row y.d·r + ρ from tap j on."""
        y, x = self.problem.axes
        work, channels = self.problem.work, slice(channel, channel + 1)
        (top, bottom), (left, right) = self.problem.span(part)
        rows, columns, together = bottom - top, right - left, self.together
        shift = together * x.d // x.s  # of windows, from one group of taps to the next
        wide = padded(part.columns, LANES, 1, 1) + (self.count - 1) * shift
        # an odd number of cache lines a row: rows of a power of two would fall on the same few lines of the cache
        row = -(-wide // 16) | 1
        gathered = scratch.get("gathered", (y.d, self.high(part), together, row * 16), work)
        # a buffer of its own: NumPy copies between interleaved views of one buffer by way of a third
        window = scratch.get("window", (rows, columns), work)
        self.problem.read(part, channels, window[None])
        for residue in range(y.d):
            count = len(range(residue, rows, y.d))
            gathered[residue, count:, :, :wide] = 0
            for j in range(together):
                lines = window[residue :: y.d, j * x.d :: x.s][:, :wide]
                some = lines.shape[1]
                gathered[residue, :count, j, :some] = lines
                if some < wide:
                    gathered[residue, :count, j, some:wide] = 0
        return gathered

    def one(self, source: Array, o: int, found: Array, scratch: Scratch) -> None:
        """Compute a map (see `Planewise.one`)."""
        y, x = self.problem.axes
        phases, stride = self.interleave.phases, self.interleave.stride
        more = scratch.get("more", found.shape, found.dtype) if self.count > 1 else found
        for phase in range(min(phases, len(found))):
            first, residue = divmod(y.s * phase, y.d)
            rows = source[residue, first:]
            for q, matrix in enumerate(self.matrices[min(o, len(self.matrices) - 1)]):
                target = (more if q else found)[phase::phases]
                down(matrix, stride, rows, q * self.together * x.d // x.s, target)
                if q:
                    np.add(found[phase::phases], target, out=found[phase::phases])
