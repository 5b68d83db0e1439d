"""Convolution of batches, and its two adjoints, as matrix products over bands of gathered windows.

So many rows of the output are taken at a time, of all examples, that their windows fill `BAND`: memory does not grow
with the picture, and the product finds its operands in the cache. The batch lies innermost (memory_layout.py). All
arrays are of one float dtype.
"""

from collections.abc import Iterator, Sequence
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convcli.engine.blas import product
from convcli.engine.sizes.geometry import Axis
from convcli.nets.layers.memory_layout import inner, outer, scratch

__all__ = ["Axes", "convolve", "input_gradient", "padded", "reach", "span", "weight_gradient"]

BAND = 1 << 18
"""Elements of gathered windows that are made at a time, four times as many for products of many rows; as many as there
are weights, up to `WIDE`, where those are more."""
WIDE = 1 << 21

Axes = Sequence[Axis]
Array = NDArray[Any]
Band = tuple[slice, slice]
"""Rows and columns of the output; one row, or all columns."""


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
    inside = padded(x, axes)
    out = np.empty((maps, axes[0].out, axes[1].out, batch), x.dtype)
    flat = out.reshape(groups, maps // groups, -1)
    kernels = weight.reshape(groups, maps // groups, -1)
    for band in _bands(batch * groups * kernels.shape[2], kernels.shape, axes):
        cells = _cells(band, axes, batch)
        if weight.shape[1] == 1 and groups > 1:
            _by_taps(_windows(inside, axes, band), weight, out[:, band[0], band[1]])
        else:
            product(kernels, _gathered(inside, axes, band, groups), flat[:, :, cells])
        if bias is not None:
            out[:, band[0], band[1]] += bias[:, None, None, None]
    return outer(out)


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
    batch = x.shape[0]
    found = np.empty((groups, shape[0] // groups, prod(shape[1:])), x.dtype)
    inside = padded(x, axes)
    flat = inner(gradient).reshape(groups, shape[0] // groups, -1)
    part = found
    for band in _bands(batch * groups * found.shape[2], found.shape, axes):
        columns = _gathered(inside, axes, band, groups)
        product(flat[:, :, _cells(band, axes, batch)], columns.swapaxes(-1, -2), part)
        if part is found:  # the first
            part = scratch("part", found.shape, x.dtype)
        else:
            found += part
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
    batch, (down, across) = shape[0], axes
    maps = weight.shape[0] // groups
    seen: Axes = (_each(down.out), _each(across.out))
    rest = axes
    kernels = weight.reshape(groups, maps, -1).swapaxes(-1, -2)
    if across.s == 1 < across.k and across.before < across.extent and weight.size < gradient.size:
        # along rows this is a correlation too, with the taps turned round: less is left to add up
        before = across.extent - 1 - across.before
        seen = seen[0], Axis(across.out, across.k, 1, across.d, before, 0, across.n)
        rest = down, _each(across.n)
        kernels = weight.reshape(groups, maps, *weight.shape[1:])[..., ::-1]
        kernels = kernels.transpose(0, 2, 3, 1, 4).reshape(groups, -1, maps * across.k)
    inside = padded(gradient, seen)
    found = np.zeros((*shape[1:], batch), gradient.dtype)
    for rows, cells in _bands(batch * groups * max(kernels.shape[1:]), kernels.shape, seen):
        columns = _gathered(inside, seen, (rows, cells), groups)
        parts = scratch("parts", (groups, kernels.shape[1], columns.shape[2]), gradient.dtype)
        product(kernels, columns, parts)
        parts = parts.reshape(
            *(shape[1], rest[0].k, rest[1].k),
            *(rows.stop - rows.start, cells.stop - cells.start, batch),
        )
        for u, (from_row, to_row) in enumerate(_spans(rest[0], rows)):
            for v, (from_cell, to_cell) in enumerate(_spans(rest[1], cells)):
                found[:, to_row, to_cell] += parts[:, u, v, from_row, from_cell]
    return outer(found)


def _each(n: int) -> Axis:
    """Windows of one cell."""
    return Axis(n, 1, 1, 1, 0, 0, n)


def _spans(axis: Axis, windows: slice) -> list[tuple[slice, slice]]:
    return [span(axis, tap, windows) for tap in range(axis.k)]


def reach(axis: Axis) -> int:
    """Rows from the first cell of the first window to the last cell that is needed, all of the input among them."""
    return max((axis.out - 1) * axis.s + axis.extent, axis.before + axis.n)


def span(axis: Axis, tap: int, windows: slice) -> tuple[slice, slice]:
    """Return which of some windows have this tap inside the input, counted from the first of them, and the cells there.

    >>> from convcli.engine.sizes.geometry import axes
    >>> span(axes((5,), 3, padding=1, stride=2)[0], 0, slice(0, 3))
    (slice(1, 3, None), slice(1, 4, 2))
    """
    at = tap * axis.d - axis.before + windows.start * axis.s
    first = max(-(at // axis.s), 0)
    last = min((axis.n - 1 - at) // axis.s + 1, windows.stop - windows.start)
    if last <= first:
        return slice(0, 0), slice(0, 0)
    return slice(first, last), slice(at + first * axis.s, at + (last - 1) * axis.s + 1, axis.s)


def padded(x: Array, axes: Axes, value: float = 0.0, size: tuple[int, int] | None = None) -> Array:
    """Put a batch into all the cells that its windows reach, or as many as `size` says: shape (C, rows, columns, N).

    It is `x` itself, or memory that the next call uses again.
    """
    height, width = size or (reach(axes[0]), reach(axes[1]))
    top, left = axes[0].before, axes[1].before
    if (top, left, height, width) == (0, 0, *x.shape[2:]):
        return inner(x)
    found = scratch("padded", (x.shape[1], height, width, x.shape[0]), x.dtype)
    lying = x.transpose(1, 2, 3, 0)[:, : height - top, : width - left]
    bottom, right = top + lying.shape[1], left + lying.shape[2]
    found[:, :top] = value
    found[:, bottom:] = value
    found[:, top:bottom, :left] = value
    found[:, top:bottom, right:] = value
    found[:, top:bottom, left:right] = lying
    return found


def _bands(cell: int, kernels: Sequence[int], axes: Axes) -> Iterator[Band]:
    """Yield parts of the output that fill a band, so many elements a cell: some rows, or a part of one.

    `kernels` is the shape of the matrices that windows are multiplied with.
    """
    height, width = axes[0].out, axes[1].out
    # few rows are bound by memory, and want their windows in the nearest cache; weights are read again for each band
    band = max(BAND * min(max(kernels[1] // 16, 1), 4), min(prod(kernels), WIDE))
    if cell * width > band:
        step = max(band // cell, 1)
        for top in range(height):
            for left in range(0, width, step):
                yield slice(top, top + 1), slice(left, min(left + step, width))
        return
    step = max(band // (cell * width), 1)
    for top in range(0, height, step):
        yield slice(top, min(top + step, height)), slice(0, width)


def _cells(band: Band, axes: Axes, batch: int) -> slice:
    """Return where a band lies in maps that are flat."""
    rows, cells = band
    width = axes[1].out
    first = rows.start * width + cells.start
    return slice(first * batch, ((rows.stop - 1) * width + cells.stop) * batch)


def _windows(inside: Array, axes: Axes, band: Band) -> Array:
    """View the windows of a band: shape (C, kh, kw, rows, columns, N). `inside` is contiguous."""
    (down, across), (rows, cells) = axes, band
    channel, row, cell, example = inside.strides
    return np.ndarray(
        (
            *(inside.shape[0], down.k, across.k),
            *(rows.stop - rows.start, cells.stop - cells.start, inside.shape[3]),
        ),
        inside.dtype,
        inside,
        rows.start * down.s * row + cells.start * across.s * cell,
        (channel, down.d * row, across.d * cell, down.s * row, across.s * cell, example),
    )


def _gathered(inside: Array, axes: Axes, band: Band, groups: int) -> Array:
    """Return the windows as columns: shape (groups, C / groups * kh * kw, rows * columns * N)."""
    windows = _windows(inside, axes, band)
    cells = prod(windows.shape[3:])
    if all(a.k == a.s == 1 for a in axes):  # a kernel of one cell sees the input as it lies
        return windows.reshape(groups, -1, cells)
    columns = scratch("columns", windows.shape, inside.dtype)
    columns[...] = windows
    return columns.reshape(groups, -1, cells)


def _by_taps(windows: Array, weight: Array, out: Array) -> None:
    """Weigh and add up the taps, where a kernel sees one channel only."""
    per = out.shape[0] // windows.shape[0]
    for first in range(per):
        target = out[first::per]
        for i, (u, v) in enumerate(np.ndindex(weight.shape[2:])):
            tap = windows[:, u, v] * weight[first::per, 0, u, v, None, None, None]
            if i:
                target += tap
            else:
                target[...] = tap
