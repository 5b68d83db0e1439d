"""Large kernels: products of Fourier transforms, tile by tile (overlap-save). Sums of integers are rounded to the
nearest one, where no error of the transforms can reach half of the way to another.

Sources: Stockham, "High-speed convolution and correlation", AFIPS Spring Joint Computer Conference (1966); the bound of
the error after Higham, "Accuracy and Stability of Numerical Algorithms", 2nd ed., theorem 24.2.
"""

from math import log2, sqrt

import numpy as np

from convcli.engine.correlation.costs import CALL, Cost, rates
from convcli.engine.correlation.problem import Array, Part, Problem, Scratch, all_finite

__all__ = ["Spectral", "cost", "refuse"]

TILES = (32, 48, 64, 96, 128, 160, 192, 256, 288, 384, 512)
"""Sides of a tile."""

SETUP = 8
"""Elements that a line of a tile costs on top of its own."""

WIDE, SPILL = 256, 1.08
"""The longest line of a tile that stays in a core's cache, and what longer ones cost."""

TOGETHER = 1 << 17
"""Elements of the tiles that are transformed in one call."""


def refuse(problem: Problem) -> str | None:
    """Say why transforms cannot serve."""
    if problem.depth > 1:
        return "it does not add up channels"
    if not problem.finite:
        return "the kernel holds a value that is not finite"
    y, x = problem.axes
    if max(y.extent, x.extent) > TILES[-1] // 2:
        return f"the kernel is larger than half a tile of {TILES[-1]}"
    # rounding mends less than 0.5
    if problem.bound is not None and _error(problem.bound, *_side(problem)) > 0.25:
        return "its sums are too large for transforms to find the integers"
    return None


def _error(bound: int, side: int, wide: int) -> float:
    """Bound what transforms add to a sum that is at most `bound`.

    Each of the three that a result goes through has a relative error of at most ε = 8 u log₂ N in the 2-norm, N being
    the elements of a tile. With |x| ≤ m this makes ε √N m (2 ‖k‖₁ + √N ‖k‖₂), and m ‖k‖₂ ≤ m ‖k‖₁ ≤ `bound`.
    """
    count = side * wide
    return 8 * 2.0**-53 * log2(count) * (count + 2 * sqrt(count)) * bound


def cost(problem: Problem) -> Cost:
    """Count the transforms of all tiles, overlaps and the windows that a stride leaves out included."""
    side, wide = _side(problem)
    down, across = _tiles(problem, side, wide)
    tiles = problem.planes * down * across
    elements = tiles * side * wide
    parts = problem.planes * down * -(-across // max(TOGETHER // (side * wide), 1))
    calls = 4 * tiles + 30 * (parts + 1)  # once for the kernel
    return Cost(
        round(elements * (5 * log2(side * wide) + 6)),
        tiles * _line(side) * _line(wide) * rates().fourier
        + problem.elements * rates().store[problem.work.itemsize]
        + CALL * calls,
    )


def _side(problem: Problem) -> tuple[int, int]:
    """Rows and columns of the tiles that need the least work."""
    y, x = problem.axes

    def best(extent: int, span: int) -> int:
        fitting = [t for t in TILES if t >= 2 * extent - 1] or [TILES[-1]]
        return min(fitting, key=lambda t: -(-span // (t - extent + 1)) * _line(t))

    return best(y.extent, (y.out - 1) * y.s + 1), best(x.extent, (x.out - 1) * x.s + 1)


def _line(length: int) -> float:
    """Elements of a line of a tile, and as many as its transform costs by itself."""
    return (length + SETUP) * (1 if length <= WIDE else SPILL)


def _tiles(problem: Problem, side: int, wide: int) -> tuple[int, int]:
    """How many tiles lie below and beside each other."""
    y, x = problem.axes
    down = -(-((y.out - 1) * y.s + 1) // (side - y.extent + 1))
    return down, -(-((x.out - 1) * x.s + 1) // (wide - x.extent + 1))


class Spectral:
    """Transforms, made ready for one problem. They are computed in float64: a tile's largest value sets their error."""

    threads = True
    rounds = False

    def __init__(self, problem: Problem) -> None:
        self.problem, self.work = problem, problem.work
        y, x = problem.axes
        self.side, self.wide = _side(problem)
        rows = (self.side - y.extent) // y.s + 1
        columns = (self.wide - x.extent) // x.s + 1
        tiles = max(min(TOGETHER // (self.side * self.wide), -(-x.out // columns)), 1)
        self.own = rows, columns
        self.step = (1, rows, tiles * columns)
        kernels = problem.kernels
        dilated = np.zeros((len(kernels), self.side, self.wide))
        dilated[:, : y.extent : y.d, : x.extent : x.d] = kernels
        self.spectra = np.fft.rfft2(dilated).conj()  # the conjugate: correlation, not convolution

    def run(self, part: Part, out: Array, scratch: Scratch) -> bool:
        """Compute a part (see `Runner.run`)."""
        problem, channel = self.problem, part.groups[0]
        whole = problem.bound is not None
        (y, x), (_, own) = problem.axes, self.own
        (top, bottom), (left, right) = problem.span(part)
        tiles = -(-part.columns // own)
        window = scratch.get("tiles", (self.side, (tiles - 1) * own * x.s + self.wide), np.float64)
        window[bottom - top :] = 0
        window[:, right - left :] = 0
        problem.read(
            part, slice(channel, channel + 1), window[None, : bottom - top, : right - left]
        )
        size = window.itemsize
        split = np.ndarray(
            (tiles, self.side, self.wide),
            np.float64,
            window,
            0,
            (own * x.s * size, window.strides[0], size),
        )
        # buffers of our own: NumPy would take and give back megabytes of memory for every part; what one map is made of
        # is of no use afterwards
        half, one = (tiles, self.side, self.wide // 2 + 1), problem.per == 1
        spectrum = scratch.get("spectrum", half, np.complex128)
        product = spectrum if one else scratch.get("product", half, np.complex128)
        high = (part.rows - 1) * y.s + 1  # rows that are kept, or lie between those
        np.fft.rfft(split, out=spectrum)
        found = scratch.get("tiles" if one else "found", (tiles, high, self.wide), np.float64)
        np.fft.fft(spectrum, axis=1, out=spectrum)
        ok = True
        for i in range(problem.per):
            o = channel * problem.per + i
            np.multiply(spectrum, self.spectra[min(o, len(self.spectra) - 1)], out=product)
            np.fft.ifft(product, axis=1, out=product)
            np.fft.irfft(product[:, :high], self.wide, out=found)
            if whole:
                np.rint(found, out=found)
            bias = 0.0 if problem.bias is None else problem.bias[o]
            for t in range(tiles):
                start, stop = t * own, min((t + 1) * own, part.columns)
                kept = found[t, :: y.s, : (stop - start) * x.s : x.s]
                np.add(kept, bias, out=out[i, :, start:stop], casting="unsafe")
            ok = whole or (ok and all_finite(out[i], scratch))
        return ok
