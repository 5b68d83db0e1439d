"""Pooling of batches, and the gradients. Windows are reduced down, then across: k + k steps in place of k * k."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convcli.engine.sizes.geometry import Axis
from convcli.engine.sizes.receptive_field import part
from convcli.nets.layers.convolution import padded, span
from convcli.nets.layers.memory_layout import by_channels, inner, outer, scratch

__all__ = [
    "maximum",
    "maximum_gradient",
    "mean",
    "mean_gradient",
    "parts_mean",
    "parts_mean_gradient",
]

Array = NDArray[Any]
Axes = Sequence[Axis]


def maximum(x: Array, axes: Axes) -> Array:
    """Return the largest cell of each window, shape (N, C, H', W'); padding never wins."""
    return outer(_reduced(padded(x, axes, -np.inf), axes, np.maximum))


def maximum_gradient(gradient: Array, x: Array, found: Array, axes: Axes) -> Array:
    """Hand each window's gradient to its largest cell; of equal ones, to the first."""
    cells, largest, coming = inner(x), inner(found), inner(gradient)
    if all(a.s >= a.extent for a in axes):
        return outer(_handed(coming, largest, cells, axes, apart=True))
    # the largest of a row's part is first met in the first row that has it: down first, then across
    down, across = axes
    none = Axis(across.out, 1, 1, 1, 0, 0, across.out), Axis(down.n, 1, 1, 1, 0, 0, down.n)
    rows = _rows(cells, across)
    coming = _handed(coming, largest, rows, (down, none[0]), apart=False)
    return outer(_handed(coming, rows, cells, (none[1], across), apart=False))


def mean(x: Array, axes: Axes, *, include_pad: bool = False) -> Array:
    """Return the mean of each window over the cells of the input, or over those of input and padding."""
    found = _reduced(padded(x, axes), axes, np.add)
    found /= _counts(axes, include_pad).astype(x.dtype)
    return outer(found)


def mean_gradient(gradient: Array, axes: Axes, *, include_pad: bool = False) -> Array:
    """Share each window's gradient among its cells."""
    share = inner(gradient) / _counts(axes, include_pad).astype(gradient.dtype)
    size = (share.shape[0], axes[0].n, axes[1].n, share.shape[3])
    result = np.zeros(size, gradient.dtype)
    for u, v in np.ndindex(axes[0].k, axes[1].k):
        windows, at = _met(axes, u, v)
        result[at] += share[windows]
    return outer(result)


def parts_mean(x: Array, cells: Sequence[int]) -> Array:
    """Return the mean of each of `cells` parts of the maps, shape (N, C, *cells)."""
    if tuple(cells) == (1, 1):
        mean: Array = x.mean(axis=(2, 3), keepdims=True)
        return mean
    if tuple(cells) == x.shape[2:]:
        return x
    found = np.empty((x.shape[1], *cells, x.shape[0]), x.dtype)
    for i, j in np.ndindex(*cells):
        found[:, i, j] = x[_part(x.shape, cells, i, j)].mean(axis=(2, 3)).T
    return outer(found)


def parts_mean_gradient(gradient: Array, shape: tuple[int, ...]) -> Array:
    """Share each part's gradient among its cells; `shape` is the input's, (N, C, H, W)."""
    cells = gradient.shape[2:]
    result = outer(np.zeros((*shape[1:], shape[0]), gradient.dtype))
    for i, j in np.ndindex(*cells):
        inside = result[_part(shape, cells, i, j)]
        inside += (gradient[:, :, i, j] / (inside.shape[2] * inside.shape[3]))[:, :, None, None]
    return result


def _part(shape: Sequence[int], cells: Sequence[int], i: int, j: int) -> tuple[slice, ...]:
    rows, columns = part(i, shape[2], cells[0]), part(j, shape[3], cells[1])
    return slice(None), slice(None), slice(*rows), slice(*columns)


def _tap(axis: Axis, i: int) -> slice:
    """Return what tap i of every window reads, from the first window's first cell."""
    return slice(i * axis.d, i * axis.d + (axis.out - 1) * axis.s + 1, axis.s)


def _rows(cells: Array, across: Axis) -> Array:
    """Return the largest of each window's cells in every row, shape (C, H, W', N)."""
    if across.k == across.s == 1 and across.out == across.n:
        return cells
    found = np.full((*cells.shape[:2], across.out, cells.shape[3]), -np.inf, cells.dtype)
    for tap in range(across.k):
        windows, at = span(across, tap, slice(0, across.out))
        left = found[:, :, windows]
        np.maximum(left, cells[:, :, at], out=left)
    return found


def _handed(gradient: Array, largest: Array, cells: Array, axes: Axes, *, apart: bool) -> Array:
    """Hand windows' gradients to the first cell that is the largest; `apart`: no cell is in two windows."""
    result = np.empty_like(cells)
    waiting = gradient.copy()

    def work(part: slice) -> None:
        into, left, most, seen = (a[part] for a in (result, waiting, largest, cells))
        into[...] = 0
        share = scratch("share", left.shape, left.dtype)
        for u, v in np.ndindex(axes[0].k, axes[1].k):
            windows, at = _met(axes, u, v)
            given = into[at] if apart else share[windows]
            np.multiply(left[windows], seen[at] == most[windows], out=given)
            if not apart:
                into[at] += given
            left[windows] -= given

    by_channels(work, len(cells), cells.size)
    return result


def _met(axes: Axes, u: int, v: int) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
    """Return which windows have tap (u, v) inside the input, and the cells that they read by it, of all channels."""
    down, across = (span(a, t, slice(0, a.out)) for a, t in zip(axes, (u, v), strict=True))
    everything = slice(None)
    return (everything, down[0], across[0]), (everything, down[1], across[1])


def _reduced(inside: Array, axes: Axes, merge: np.ufunc) -> Array:
    """Merge the cells of each window of an input whose batch is last; a new array."""
    down, across = axes
    rows = inside[:, _tap(down, 0)]
    for u in range(1, down.k):
        rows = merge(rows, inside[:, _tap(down, u)], out=rows if u > 1 else None)
    found = rows[:, :, _tap(across, 0)]
    for v in range(1, across.k):
        found = merge(found, rows[:, :, _tap(across, v)], out=found if v > 1 else None)
    # a window of one cell leaves a view of what is not ours
    return found.copy() if across.k == 1 else found


def _counts(axes: Axes, include_pad: bool) -> NDArray[np.int64]:
    """Cells that each window's mean divides by, shape (H', W', 1)."""
    down, across = (np.asarray(_counted(axis, include_pad), np.int64) for axis in axes)
    return np.maximum(np.outer(down, across), 1)[..., None]


def _counted(axis: Axis, include_pad: bool) -> list[int]:
    low, high = (-axis.before, axis.n + axis.after) if include_pad else (0, axis.n)
    firsts = [i * axis.s - axis.before for i in range(axis.out)]
    return [sum(low <= f + t * axis.d < high for t in range(axis.k)) for f in firsts]
