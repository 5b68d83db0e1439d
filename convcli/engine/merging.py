"""Merging the cells of each window of one axis, by any operation that takes two: maximum, minimum, sum."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from convcli.engine.sizes.geometry import Axis

__all__ = ["merge_windows"]


def merge_windows(
    x: NDArray[Any], axis: Axis, first: int, merge: np.ufunc, empty: Any, out: NDArray[Any]
) -> None:
    """Merge the cells of windows first, first + 1, … of the axis before the last of `x`.

    Parameters
    ----------
    x : ndarray, shape (..., H, W)
    axis : Axis
        Where the windows lie; cells of the padding are left out.
    first : int
    merge : ufunc
    empty : scalar
        What `merge` leaves as it is.
    out : ndarray, shape (..., windows, W)
        Comes in filled with `empty`. Its dtype is that of the arithmetic.
    """
    count = out.shape[-2]
    start = first * axis.s - axis.before  # of the first window, in rows of x
    if (axis.k.bit_length() + axis.k.bit_count()) * axis.s < axis.k:
        _merge_by_doubling(x, axis, start, merge, empty, out)
        return
    for tap in range(axis.k):
        at = start + tap * axis.d
        low = max(-(at // axis.s), 0)  # windows whose tap lies inside
        high = min((axis.n - 1 - at) // axis.s + 1, count)
        if low < high:
            inside = out[..., low:high, :]
            cells = x[..., at + low * axis.s : at + (high - 1) * axis.s + 1 : axis.s, :]
            merge(inside, cells, out=inside, dtype=out.dtype, casting="unsafe")


def _merge_by_doubling(
    x: NDArray[Any], axis: Axis, start: int, merge: np.ufunc, empty: Any, out: NDArray[Any]
) -> None:
    """Do the same for a long window in about 2 log2(k) steps: runs of 1, 2, 4, … cells, and k as a sum of those."""
    span = (out.shape[-2] - 1) * axis.s + axis.extent
    low, high = max(start, 0), min(start + span, axis.n)
    run = np.full((*x.shape[:-2], span, x.shape[-1]), empty, out.dtype)
    if low < high:
        run[..., low - start : high - start, :] = x[..., low:high, :]
    length, done = 1, 0
    while True:
        if axis.k & length:
            at = done * axis.d
            part = run[..., at : at + (out.shape[-2] - 1) * axis.s + 1 : axis.s, :]
            merge(out, part, out=out)
            done += length
        if done == axis.k:
            return
        step = length * axis.d
        run = merge(run[..., :-step, :], run[..., step:, :])
        length *= 2
