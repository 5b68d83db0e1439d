"""How a padded window of the input is correlated: by shifted taps, or as a matrix product over channels."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from convcli.engine.geometry import Axis

__all__ = ["band_height", "correlate_window"]

CACHE = 1 << 16
"""Elements of a band that stay in a core's cache while every tap passes over them."""

COLUMNS = 1 << 18
"""Elements of the column matrix of a band."""


def band_height(weights: NDArray[Any], axes: tuple[Axis, Axis], groups: int) -> int:
    """Rows of output to compute at a time."""
    maps, depth, kh, kw = map(int, weights.shape)
    width = axes[1].out
    if depth == 1 and maps == groups:
        return max(CACHE // max(width * maps, 1), 1)
    return max(COLUMNS // max(width * depth * groups * kh * kw, 1), 1)


def correlate_window(
    window: NDArray[Any],
    weights: NDArray[Any],
    bias: NDArray[Any] | None,
    groups: int,
    axes: tuple[Axis, Axis],
    out: NDArray[Any],
) -> None:
    """Correlate one padded window.

    Parameters
    ----------
    window : ndarray, shape (C, rows, columns)
        Of the dtype of the arithmetic; read only.
    weights : ndarray, shape (O, C / groups, kh, kw)
    bias : ndarray, shape (O,) or None
    axes : (Axis, Axis)
        Strides and dilations.
    out : ndarray, shape (O, rows', columns')
        May be of a narrower integer type that holds every result.
    """
    maps, depth = weights.shape[:2]
    if depth == 1:
        per = maps // groups
        for channel in range(groups):
            for i in range(per):
                o = channel * per + i
                found = _by_taps(window[channel], weights[o, 0], axes, out.shape[1:])
                if bias is not None:
                    found += bias[o]
                out[o] = found
        return
    per = maps // groups
    for g in range(groups):
        own = slice(g * per, (g + 1) * per)
        columns = _columns(
            window[g * depth : (g + 1) * depth], weights.shape[2:], axes, out.shape[1:]
        )
        found = weights[own].reshape(per, -1) @ columns
        if bias is not None:
            found += bias[own, None]
        out[own] = found.reshape(per, *out.shape[1:])


def _tap(
    window: NDArray[Any], u: int, v: int, axes: tuple[Axis, Axis], size: tuple[int, ...]
) -> NDArray[Any]:
    """View of what tap (u, v) reads: one element a window."""
    (y, x), (rows, columns) = axes, size
    top, left = u * y.d, v * x.d
    return window[
        ..., top : top + (rows - 1) * y.s + 1 : y.s, left : left + (columns - 1) * x.s + 1 : x.s
    ]


def _by_taps(
    plane: NDArray[Any], kernel: NDArray[Any], axes: tuple[Axis, Axis], size: tuple[int, ...]
) -> NDArray[Any]:
    found = np.zeros(size, plane.dtype)
    product = np.empty(size, plane.dtype)
    for u in range(kernel.shape[0]):
        for v in range(kernel.shape[1]):
            if kernel[u, v] != 0 or plane.dtype.kind == "f":
                np.multiply(_tap(plane, u, v, axes, size), kernel[u, v], out=product)
                found += product
    return found


def _columns(
    window: NDArray[Any], kernel: tuple[int, ...], axes: tuple[Axis, Axis], size: tuple[int, ...]
) -> NDArray[Any]:
    """Gather the windows of a band: shape (C * kh * kw, rows * columns)."""
    kh, kw = kernel
    gathered = np.empty((window.shape[0], kh, kw, *size), window.dtype)
    for u in range(kh):
        for v in range(kw):
            gathered[:, u, v] = _tap(window, u, v, axes, size)
    return gathered.reshape(window.shape[0] * kh * kw, -1)
