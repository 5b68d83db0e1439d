"""3×3 convolutions with a quarter of the multiplications: tiles of 4×4 outputs from 6×6 inputs, F(4×4, 3×3).

Lavin and Gray, "Fast algorithms for convolutional neural networks", arXiv:1509.09308. Kernels and tiles are carried to
36 numbers, where a convolution is a product number by number, and the products are carried back. The rounding errors
are about ten times those of plain sums, some 1e-5 of the largest output: good enough to predict, not to learn.
"""

from functools import partial
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convcli.nets.layers.convolution import Axes, padded
from convcli.nets.layers.memory_layout import by_channels, outer, scratch

__all__ = ["convolve", "pays"]

Array = NDArray[Any]

BAND = 1 << 20
"""Numbers of the tiles that are worked on at a time, about."""
CHANNELS, TILES = 64, 48
"""Fewer channels or tiles cost more on the way there and back, and in carrying the kernels, than they save."""

# the paper's matrices, and what they are in two dimensions
_TILE = [
    [4, 0, -5, 0, 1, 0],
    [0, -4, -4, 1, 1, 0],
    [0, 4, -4, -1, 1, 0],
    [0, -2, -1, 2, 1, 0],
    [0, 2, -1, -2, 1, 0],
    [0, 4, 0, -5, 0, 1],
]
_KERNEL = [
    [1 / 4, 0, 0],
    [-1 / 6, -1 / 6, -1 / 6],
    [-1 / 6, 1 / 6, -1 / 6],
    [1 / 24, 1 / 12, 1 / 6],
    [1 / 24, -1 / 12, 1 / 6],
    [0, 0, 1],
]
_BACK = [[1, 1, 1, 1, 1, 0], [0, 1, -1, 2, -2, 0], [0, 1, 1, 4, 4, 0], [0, 1, -1, 8, -8, 1]]
_TILES, _KERNELS, _BACKS = (
    np.kron(m, m) for m in (np.array(rows, np.float32) for rows in (_TILE, _KERNEL, _BACK))
)


def pays(x: Array, weight: Array, axes: Axes, groups: int) -> bool:
    """Tell whether this serves for a convolution (`convolution.convolve`), and is quicker."""
    return (
        x.dtype == np.float32
        and groups == 1
        and all((a.k, a.s, a.d) == (3, 1, 1) for a in axes)
        and min(weight.shape[:2]) >= CHANNELS
        and x.shape[0] * prod(-(-a.out // 4) for a in axes) >= TILES
    )


def convolve(x: Array, weight: Array, axes: Axes, bias: Array | None = None) -> Array:
    """Correlate a batch with a bank of 3×3 kernels.

    Parameters
    ----------
    x : ndarray of float32, shape (N, C, H, W)
    weight : ndarray of float32, shape (O, C, 3, 3)
    axes : (Axis, Axis)
        Windows with stride 1, without dilation.
    bias : ndarray of float32, shape (O,), optional

    Returns
    -------
    ndarray of float32, shape (N, O, H', W')
    """
    batch, channels, maps = x.shape[0], x.shape[1], weight.shape[0]
    height, width = (a.out for a in axes)
    down, across = -(-height // 4), -(-width // 4)
    inside = padded(x, axes, size=(4 * down + 2, 4 * across + 2))
    kernels = scratch("kernels", (36, maps, channels), np.float32)
    np.matmul(_KERNELS, weight.reshape(-1, 9).T, out=kernels.reshape(36, -1))
    out = np.empty((maps, height, width, batch), np.float32)
    step = max(BAND // (36 * max(channels, maps) * across * batch), -(-TILES // (across * batch)))
    for top in range(0, down, step):
        rows = min(step, down - top)
        count = rows * across * batch
        tiles = scratch("columns", (6, 6, channels, rows, across, batch), np.float32)
        by_channels(partial(_copy, tiles, _windows(inside, top, tiles.shape)), channels, tiles.size)
        carried = scratch("carried", (36, channels, count), np.float32)
        np.matmul(_TILES, tiles.reshape(36, -1), out=carried.reshape(36, -1))
        products = scratch("columns", (36, maps, count), np.float32)
        np.matmul(kernels, carried, out=products)
        back = scratch("carried", (4, 4, maps, rows, across, batch), np.float32)
        np.matmul(_BACKS, products.reshape(36, -1), out=back.reshape(16, -1))
        if bias is not None:
            back += bias[:, None, None, None]
        by_channels(partial(_laid, back, out[:, 4 * top : 4 * (top + rows)]), maps, products.size)
    return outer(out)


def _copy(tiles: Array, windows: Array, part: slice) -> None:
    tiles[:, :, part] = windows[:, :, part]


def _laid(back: Array, band: Array, part: slice) -> None:
    """Put the cells of tiles, shape (4, 4, O, rows, columns, N), where they belong."""
    for i, j in np.ndindex(4, 4):
        cells = band[part, i::4, j::4]
        cells[...] = back[i, j, part, : cells.shape[1], : cells.shape[2]]


def _windows(inside: Array, top: int, shape: tuple[int, ...]) -> Array:
    """View the cells of tiles, from a row of tiles on: shape (6, 6, C, rows, columns, N)."""
    channel, row, cell, example = inside.strides
    steps = (row, cell, channel, 4 * row, 4 * cell, example)
    return np.ndarray(shape, inside.dtype, inside, 4 * top * row, steps)
