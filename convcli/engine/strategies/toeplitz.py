"""Correlation along one axis as a stack of small matrix products with a banded (Toeplitz) matrix.

M neighbouring results of one column are a matrix of M rows, each holding the taps one stride further right, times
the M·s + k - s rows of the input that they read. The right-hand side of the product is a strided view of the
scratch buffer: nothing is gathered for it, and BLAS reads it as it lies. Products stay small on purpose: OpenBLAS
has its fastest kernels for them, and runs none of them on more than one thread, so threads of ours can.
"""

from dataclasses import dataclass
from math import gcd
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convcli.engine.geometry import Axis

__all__ = ["HEIGHT", "Interleave", "across", "band", "down"]

Array = NDArray[Any]

HEIGHT = 4
"""Rows M of a banded matrix: more rows hold more zeros, fewer reuse less of what is read."""

WIDTH = 512
"""Columns of a product."""

SMALL = 1 << 18
"""M·K·N that a product stays under: from there on OpenBLAS starts threads of its own."""


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


def down(matrix: Array, k: int, stride: int, source: Array, offset: int, out: Array) -> None:
    """Multiply from the left: results of one column from the rows below each other.

    Parameters
    ----------
    matrix : ndarray, shape (M, ((M - 1) * stride + k) * g)
        What `band` built.
    k, stride : int
    source : ndarray, shape (rows, g, columns)
        C-contiguous.
    offset : int
        The column at which the first window starts.
    out : ndarray, shape (rows', columns')
        Unit stride along columns.
    """
    height, (_, g, row) = matrix.shape[0], source.shape
    for start, stop in _pieces(out.shape[0], height):
        size = min(height, stop - start)
        depth = ((size - 1) * stride + k) * g
        small = matrix[:size, :depth]
        blocks = (stop - start) // size
        width = min(WIDTH, max(SMALL // (size * depth) // 16 * 16, 16))
        for left, right in _pieces(out.shape[1], width):
            tile = min(width, right - left)
            tiles = (right - left) // tile
            view = _view(
                source,
                start * stride * g * row + offset + left,
                (blocks, tiles, depth, tile),
                (size * stride * g * row, tile, row, 1),
            )
            target = np.reshape(
                out[start:stop, left:right], (blocks, size, tiles, tile), copy=False
            )
            np.matmul(small, view, out=target.swapaxes(1, 2))


def across(matrix: Array, k: int, stride: int, source: Array, out: Array) -> None:
    """Multiply from the right: results of one row from the columns beside each other.

    Parameters
    ----------
    matrix : ndarray, shape ((M - 1) * stride + k, M)
        What `band` built, transposed.
    k, stride : int
        `k` is the extent of the kernel: taps of a dilated kernel have zeros between them.
    source : ndarray, shape (rows, columns)
        C-contiguous.
    out : ndarray, shape (rows, columns')
        Unit stride along columns.
    """
    rows, row = source.shape
    height = matrix.shape[1]
    for left, right in _pieces(out.shape[1], height):
        size = min(height, right - left)
        depth = (size - 1) * stride + k
        small = matrix[:depth, :size]
        tiles = (right - left) // size
        deep = max(min(SMALL // (size * depth), 128), 1)
        for start, stop in _pieces(rows, deep):
            some = min(deep, stop - start)
            blocks = (stop - start) // some
            view = _view(
                source,
                start * row + left * stride,
                (blocks, tiles, some, depth),
                (some * row, size * stride, row, 1),
            )
            target = np.reshape(
                out[start:stop, left:right], (blocks, some, tiles, size), copy=False
            )
            np.matmul(view, small, out=target.swapaxes(1, 2))


def _pieces(n: int, size: int) -> list[tuple[int, int]]:
    """Cut 0 … n into the longest run of whole sizes and what is left of it."""
    whole = n // size * size
    return [(a, b) for a, b in ((0, whole), (whole, n)) if a < b]


def _view(base: Array, offset: int, shape: tuple[int, ...], steps: tuple[int, ...]) -> Array:
    """View of a C-contiguous array, with offset and strides in elements."""
    size = base.itemsize
    return np.ndarray(shape, base.dtype, base, offset * size, tuple(s * size for s in steps))
