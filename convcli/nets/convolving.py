"""Convolution of batches, and its two adjoints, as matrix products over bands of gathered windows.

Images of a batch, or rows of one large image, are taken so many at a time that their windows fill `BAND`: memory does
not grow with the picture, and the product finds its operands in the cache. All arrays are of one float dtype.
"""

from collections.abc import Iterator, Sequence
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convcli.engine.geometry import Axis

__all__ = ["convolve", "input_gradient", "padded", "reach", "weight_gradient"]

BAND = 1 << 21
"""Elements of gathered windows that are made at a time."""

Axes = Sequence[Axis]
Array = NDArray[Any]


def convolve(
    x: Array, weight: Array, axes: Axes, groups: int = 1, bias: Array | None = None
) -> Array:
    """Correlate a batch with a bank of kernels.

    Parameters
    ----------
    x : ndarray, shape (N, C, H, W)
    weight : ndarray, shape (O, C / groups, kh, kw)
    axes : (Axis, Axis)
        The windows, down and across.
    groups : int
    bias : ndarray, shape (O,), optional

    Returns
    -------
    ndarray, shape (N, O, H', W')
    """
    batch, maps = x.shape[0], weight.shape[0]
    size = (axes[0].out, axes[1].out)
    out = np.empty((batch, maps, *size), x.dtype)
    kernels = weight.reshape(groups, maps // groups, -1)
    if _plain(axes):
        picked = np.ascontiguousarray(x[:, :, :: axes[0].s, :: axes[1].s])
        picked = picked.reshape(batch, groups, -1, prod(size))
        np.matmul(kernels, picked, out=out.reshape(batch, groups, -1, prod(size)))
        if bias is not None:
            out += bias[:, None, None]
        return out
    inside = padded(x, axes)
    for images, rows in _chunks(batch, weight.shape, groups, axes):
        band = out[images, :, rows]
        if weight.shape[1] == 1 and groups > 1:
            _by_taps(_windows(inside[images], axes, rows), weight, band)
        else:
            flat = out.reshape(batch, groups, maps // groups, -1)
            cells = slice(rows.start * size[1], rows.stop * size[1])
            columns = _gathered(inside[images], axes, rows, groups)
            np.matmul(kernels, columns, out=flat[images, :, :, cells])
        if bias is not None:
            band += bias[:, None, None]
    return out


def weight_gradient(
    x: Array, gradient: Array, axes: Axes, groups: int, shape: tuple[int, ...]
) -> Array:
    """Return what a loss gains by a step of each weight.

    Parameters
    ----------
    x : ndarray, shape (N, C, H, W)
    gradient : ndarray, shape (N, O, H', W')
        Of the loss by the convolution's output.
    axes, groups
        As of `convolve`.
    shape : tuple of int
        Of the weights, (O, C / groups, kh, kw).
    """
    found = np.zeros((groups, shape[0] // groups, prod(shape[1:])), x.dtype)
    inside = padded(x, axes)
    for images, rows in _chunks(x.shape[0], shape, groups, axes):
        columns = _gathered(inside[images], axes, rows, groups)
        band = gradient[images, :, rows]
        band = band.reshape(band.shape[0], groups, shape[0] // groups, -1)
        found += np.matmul(band, columns.swapaxes(-1, -2)).sum(axis=0)
    return found.reshape(shape)


def input_gradient(
    gradient: Array, weight: Array, axes: Axes, groups: int, shape: tuple[int, ...]
) -> Array:
    """Return what a loss gains by a step of each cell of the input; this is the transposed convolution of `gradient`.

    Parameters
    ----------
    gradient : ndarray, shape (N, O, H', W')
    weight, axes, groups
        As of `convolve`.
    shape : tuple of int
        Of the input, (N, C, H, W).
    """
    (down, across), kernel = axes, weight.shape[2:]
    batch, channels = shape[:2]
    found = np.zeros((batch, channels, reach(down), reach(across)), gradient.dtype)
    kernels = weight.reshape(groups, weight.shape[0] // groups, -1).swapaxes(-1, -2)
    for images, rows in _chunks(batch, weight.shape, groups, axes):
        band = gradient[images, :, rows]
        count, _, height, width = band.shape
        columns = kernels @ band.reshape(count, groups, -1, height * width)
        columns = columns.reshape(count, channels, *kernel, height, width)
        target = found[images]
        for u, v in np.ndindex(kernel):
            top, left = rows.start * down.s + u * down.d, v * across.d
            target[
                :,
                :,
                top : top + (height - 1) * down.s + 1 : down.s,
                left : left + (width - 1) * across.s + 1 : across.s,
            ] += columns[:, :, u, v]
    return _cut(found, axes)


def reach(axis: Axis) -> int:
    """Rows from the first cell of the first window to the last cell that is needed, all of the input among them."""
    return max((axis.out - 1) * axis.s + axis.extent, axis.before + axis.n)


def padded(x: Array, axes: Axes, value: float = 0.0) -> Array:
    """Put a batch into all the cells that its windows reach."""
    size = (reach(axes[0]), reach(axes[1]))
    if size == x.shape[2:]:
        return np.ascontiguousarray(x)
    found = np.full((*x.shape[:2], *size), value, x.dtype)
    _cut(found, axes)[...] = x
    return found


def _cut(inside: Array, axes: Axes) -> Array:
    down, across = axes
    return inside[
        :, :, down.before : down.before + down.n, across.before : across.before + across.n
    ]


def _plain(axes: Axes) -> bool:
    """Whether each window is one cell of the input."""
    return all(a.k == 1 and not a.before and not a.after for a in axes)


def _chunks(
    batch: int, shape: Sequence[int], groups: int, axes: Axes
) -> Iterator[tuple[slice, slice]]:
    """Yield images and rows of the output whose gathered windows fill a band."""
    height, width = axes[0].out, axes[1].out
    row = groups * prod(shape[1:]) * width
    if row * height > BAND:
        step = max(BAND // row, 1)
        for image in range(batch):
            for top in range(0, height, step):
                yield slice(image, image + 1), slice(top, min(top + step, height))
        return
    step = max(BAND // (row * height), 1)
    for first in range(0, batch, step):
        yield slice(first, min(first + step, batch)), slice(0, height)


def _windows(inside: Array, axes: Axes, rows: slice) -> Array:
    """View the windows of some rows of the output: shape (N, C, kh, kw, rows, W'). `inside` is contiguous."""
    down, across = axes
    image, channel, row, cell = inside.strides
    return np.ndarray(
        (*inside.shape[:2], down.k, across.k, rows.stop - rows.start, across.out),
        inside.dtype,
        inside,
        rows.start * down.s * row,
        (image, channel, down.d * row, across.d * cell, down.s * row, across.s * cell),
    )


def _gathered(inside: Array, axes: Axes, rows: slice, groups: int) -> Array:
    """Copy the windows: shape (N, groups, C / groups * kh * kw, rows * W')."""
    windows = _windows(inside, axes, rows)
    columns = np.empty(windows.shape, inside.dtype)
    columns[...] = windows
    cells = windows.shape[-2] * windows.shape[-1]
    return columns.reshape(inside.shape[0], groups, -1, cells)


def _by_taps(windows: Array, weight: Array, out: Array) -> None:
    """Weigh and add up the taps, where a kernel sees one channel only."""
    per = out.shape[1] // windows.shape[1]
    for first in range(per):
        target = out[:, first::per]
        for i, (u, v) in enumerate(np.ndindex(weight.shape[2:])):
            tap = windows[:, :, u, v] * weight[first::per, 0, u, v, None, None]
            if i:
                target += tap
            else:
                target[...] = tap
