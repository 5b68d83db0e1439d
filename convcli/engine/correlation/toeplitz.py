"""Correlation along one axis as a stack of small matrix products with a banded (Toeplitz) matrix.

M neighbouring results of one column are a matrix of M rows, each holding the taps one stride further right, times
the M·s + k - s rows of the input that they read. The right-hand side of the product is a strided view of the
scratch buffer: nothing is gathered for it, and BLAS reads it as it lies. Products stay small on purpose: OpenBLAS
has its fastest kernels for them, and runs none of them on more than one thread, so threads of ours can. With M = 1 the
product is one of a vector, which BLAS does not pack.
"""

from dataclasses import dataclass
from math import gcd
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convcli.engine.blas import SMALL, SMALL_VECTOR
from convcli.engine.sizes.geometry import Axis

__all__ = [
    "DEEP",
    "HEIGHT",
    "LANES",
    "Across",
    "Down",
    "Interleave",
    "band",
    "high",
    "padded",
    "row_length",
    "strided",
]

Array = NDArray[Any]

HEIGHT = 4
"""Rows M of a banded matrix: more rows hold more zeros, fewer reuse less of what is read."""

WIDTH = 1 << 11
"""Columns of a product, at most."""

DEEP = 1 << 7
"""Rows of a product that is multiplied from the right, at most."""

LANES = 16
"""Columns of a product are a multiple of this."""


@dataclass(frozen=True)
class Interleave:
    """The windows of a dilated axis as `phases` undilated problems, one next to the other.

    Window i reads rows s·i + d·u. The windows i = p, p + phases, … read every d-th row only, and among those they
    are windows of stride `stride` and dilation 1.
    """

    phases: int
    stride: int

    @classmethod
    def of(cls, axis: Axis) -> "Interleave":
        """Split an axis.

        >>> Interleave.of(Axis(n=9, k=2, s=2, d=3, before=0, after=0, out=3))
        Interleave(phases=3, stride=2)
        """
        common = gcd(axis.s, axis.d)
        return cls(axis.d // common, axis.s // common)


def band(taps: Array, rows: int, stride: int) -> Array:
    """Build banded matrices.

    Parameters
    ----------
    taps : ndarray, shape (..., k, g)
        g taps side by side for each of k rows.
    rows : int
        M.
    stride : int
        Rows of the input between one result and the next.

    Returns
    -------
    ndarray, shape (..., M, ((M - 1) * stride + k) * g)

    Examples
    --------
    >>> band(np.array([[1], [2]]), 3, 1)
    array([[1, 2, 0, 0],
           [0, 1, 2, 0],
           [0, 0, 1, 2]])
    """
    *leading, k, g = taps.shape
    matrix = np.zeros((*leading, rows, (rows - 1) * stride + k, g), taps.dtype)
    for i in range(rows):
        matrix[..., i, i * stride : i * stride + k, :] = taps
    return matrix.reshape(*leading, rows, -1)


class Down:
    """Multiply from the left: results of one column from the rows below each other.

    Parameters
    ----------
    shape : (int, int)
        Of the result.
    matrix : (int, int)
        Shape (M, ((M - 1) * stride + k) * g) of what `band` builds.
    stride : int
    source : ndarray, shape (rows, g, columns)
        C-contiguous, finite beyond what the windows read: `padded` tells how far it has to reach.
    offset : int
        The column at which the first window starts.
    """

    def __init__(
        self,
        shape: tuple[int, int],
        matrix: tuple[int, int],
        stride: int,
        source: Array,
        offset: int,
    ) -> None:
        (height, depth), (_, g, row) = matrix, source.shape
        most = (SMALL if height > 1 else SMALL_VECTOR) // (height * depth)
        width = min(WIDTH, max(most // LANES * LANES, LANES))
        lanes = shape[1] // LANES
        if width < shape[1] == lanes * LANES:  # all of one size, if that can be
            least = -(-shape[1] // width)
            even = (n for n in range(least, 2 * least + 1) if lanes % n == 0)
            width = next((shape[1] // n for n in even), width)
        self._pieces = []
        for start, stop in _pieces(shape[0], height):
            blocks = -(-(stop - start) // height)
            for left, right in _pieces(shape[1], width):
                tile = min(width, -(-(right - left) // LANES) * LANES)
                tiles = -(-(right - left) // tile)
                view = _view(
                    source,
                    start * stride * g * row + offset + left,
                    (blocks, tiles, depth, tile),
                    (height * stride * g * row, tile, row, 1),
                )
                place = slice(start, stop), slice(left, right)
                self._pieces.append((place, view, (blocks, height, tiles, tile)))

    def __call__(self, matrix: Array, out: Array) -> None:
        """Multiply into `out`, shape (rows', columns'), unit stride along columns."""
        for place, view, shape in self._pieces:
            _multiply(matrix, view, shape, out[place])


class Across:
    """Multiply from the right: results of one row from the columns beside each other.

    Parameters
    ----------
    shape : (int, int)
        Of the result.
    matrix : (int, int)
        Shape ((M - 1) * stride + k, M) of what `band` builds, transposed; taps of a dilated kernel have zeros between
        them.
    stride : int
    source : ndarray, shape (rows, columns)
        C-contiguous, finite beyond what the windows read: `padded` tells how far it has to reach.
    """

    def __init__(
        self, shape: tuple[int, int], matrix: tuple[int, int], stride: int, source: Array
    ) -> None:
        (depth, width), row = matrix, source.shape[1]
        deep = max(min(SMALL // (width * depth), DEEP) // HEIGHT * HEIGHT, HEIGHT)
        self._pieces = []
        for left, right in _pieces(shape[1], width):
            tiles = -(-(right - left) // width)
            for start, stop in _pieces(shape[0], deep):
                some = min(deep, -(-(stop - start) // HEIGHT) * HEIGHT)
                blocks = -(-(stop - start) // some)
                view = _view(
                    source,
                    start * row + left * stride,
                    (blocks, tiles, some, depth),
                    (some * row, width * stride, row, 1),
                )
                place = slice(start, stop), slice(left, right)
                self._pieces.append((place, view, (blocks, some, tiles, width)))

    def __call__(self, matrix: Array, out: Array) -> None:
        """Multiply into `out`, shape (rows', columns'), unit stride along columns."""
        for place, view, shape in self._pieces:
            _multiply(view, matrix, shape, out[place])


def padded(n: int, unit: int, stride: int, extent: int) -> int:
    """Length that `n` windows read when they are computed in whole units.

    >>> padded(5, 4, stride=1, extent=3)
    10
    """
    return (-(-n // unit) * unit - 1) * stride + extent


def row_length(columns: int) -> int:
    """Columns of a row of scratch memory that holds so many: an odd number of lines of the cache.

    Rows of a power of two would fall on the same few lines.

    >>> row_length(100), row_length(128)
    (112, 144)
    """
    return (-(-columns // LANES) | 1) * LANES


def strided(base: Array, shape: tuple[int, ...], steps: tuple[int, ...]) -> Array:
    """View of an array from its first element on, with strides in bytes."""
    if base.flags.c_contiguous:  # many times quicker
        return np.ndarray(shape, base.dtype, base, 0, steps)
    return np.lib.stride_tricks.as_strided(base, shape, steps)


def high(rows: int, axis: Axis) -> int:
    """Rows that products for `rows` rows read, of each residue of the input's rows by the dilation of their axis."""
    split = Interleave.of(axis)
    read = padded(-(-rows // split.phases), HEIGHT, split.stride, axis.k)
    return read + axis.s * (split.phases - 1) // axis.d


def _multiply(a: Array, b: Array, shape: tuple[int, int, int, int], out: Array) -> None:
    """Multiply stacks of matrices into the plane that they tile, by (blocks, rows, tiles, columns).

    What hangs over the plane's end is computed and left out. A smaller product would take other ways through BLAS,
    with other roundings: so a result depends on its window alone, not on where the window lies.
    """
    blocks, rows, tiles, columns = shape
    full = blocks * rows, tiles * columns
    whole = out.shape == full
    plane = out if whole else np.empty(full, out.dtype)
    np.matmul(a, b, out=plane.reshape(shape, copy=False).swapaxes(1, 2))
    if not whole:
        out[...] = plane[: out.shape[0], : out.shape[1]]


def _pieces(n: int, size: int) -> list[tuple[int, int]]:
    """Cut 0 … n into the longest run of whole sizes and what is left of it."""
    whole = n // size * size
    return [(a, b) for a, b in ((0, whole), (whole, n)) if a < b]


def _view(base: Array, offset: int, shape: tuple[int, ...], steps: tuple[int, ...]) -> Array:
    """View of a C-contiguous array, with offset and strides in elements."""
    size = base.itemsize
    return np.ndarray(shape, base.dtype, base, offset * size, tuple(s * size for s in steps))
