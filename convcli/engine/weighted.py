"""Smoothing and averaging of pictures whose pixels count by their alpha."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from convcli.engine import borders, correlation, pooling
from convcli.engine.alpha import Weighted, white
from convcli.engine.borders import Border
from convcli.engine.sizes.geometry import Axis, PaddingLike

__all__ = ["averaged", "smoothed"]

Array = NDArray[Any]

EMPTY = 2.0**-17
"""Alpha, of 1, up to which there is no colour: half a step of 16 bits."""


def smoothed(
    planes: Array,
    alpha: Array,
    kernel: Array,
    *,
    padding: PaddingLike = 0,
    stride: int | Sequence[int] = 1,
    dilation: int | Sequence[int] = 1,
    mode: str = "zero",
    value: float = 0.0,
    bias: ArrayLike | None = None,
    groups: int = 1,
    flip: bool = False,
) -> Weighted:
    """Correlate a picture with alpha with a kernel that `smooths`, as `correlation.prepare` does one without.

    Premultiplied colours and alpha are filtered alike, and the colours divided back: a pixel counts by its alpha, and
    where everything is opaque the result is that of the colours alone. Alpha is filtered with the kernel over its sum
    (of a kernel that mixes channels, its taps added up; of several kernels, their mean). Beyond the edge border zero is
    transparent, the fill of border constant opaque; the other borders repeat pixels with their alpha. Negative weights
    can make alpha less than 0 (no pixel) or more than 1, which divides but is written as 1.

    Raises
    ------
    ConvError
        As `correlation.prepare`.
    """
    windows: dict[str, Any] = {"stride": stride, "dilation": dilation, "flip": flip}
    plain = correlation.prepare(
        planes, kernel, padding=padding, mode=mode, value=value, bias=bias, groups=groups, **windows
    )
    look, full = borders.border(mode), white(alpha.dtype)
    weights = kernel.astype(np.float64)
    each = weights.reshape(-1, *weights.shape[-3:]) if weights.ndim > 2 else weights[None, None]
    shares = each.sum(axis=1) / each.sum(axis=(1, 2, 3))[:, None, None]
    fill = float(full) if look.name == "constant" else 0.0

    def of_alpha(share: Array) -> correlation.Correlation:
        return correlation.prepare(alpha, share, padding=padding, mode=mode, value=fill, **windows)

    opacity = of_alpha(shares.mean(axis=0))
    divisor = opacity if (shares == shares[:1]).all() else of_alpha(shares[:, None])
    offset = 0.0 if bias is None else np.asarray(bias, np.float64).reshape(-1, 1, 1)
    if len(plain.shape) == 2:
        offset = np.ravel(offset)[0]

    def colours(top: int, bottom: int) -> Array:
        window = _premultiplied(planes, alpha, plain.axes, (top, bottom), look, value, fill)
        sums = correlation.prepare(window, weights, groups=groups, **windows).run()
        return _divided(sums, divisor.rows(top, bottom), full, offset)

    return Weighted(plain, colours, opacity)


def _premultiplied(
    planes: Array,
    alpha: Array,
    axes: tuple[Axis, Axis],
    span: tuple[int, int],
    look: Border,
    value: float,
    fill: float,
) -> Array:
    """Return colour times alpha of all that the windows of some rows read, padding and all."""
    down, across = axes
    rows = span[0] * down.s - down.before, (span[1] - 1) * down.s - down.before + down.extent
    columns = -across.before, (across.out - 1) * across.s - across.before + across.extent
    size = rows[1] - rows[0], columns[1] - columns[0]
    window = np.empty((*planes.shape[:-2], *size), np.float32)
    there = np.empty(size, np.float32)
    borders.read_window(planes, rows, columns, look, value, window)
    borders.read_window(alpha, rows, columns, look, fill, there)
    window *= there
    return window


def _divided(sums: Array, alpha: Array, full: int, offset: Any = 0.0) -> Array:
    """Divide by alpha, and leave 0 where there is none."""
    there = alpha > EMPTY * full
    found: Array = np.divide(sums, np.where(there, alpha, np.inf), dtype=sums.dtype)
    if np.any(offset):
        found += there * offset
    return found


def averaged(
    planes: Array,
    alpha: Array,
    size: int | Sequence[int],
    *,
    stride: int | Sequence[int] | None = None,
    padding: PaddingLike = 0,
    dilation: int | Sequence[int] = 1,
    ceil: bool = False,
    include_pad: bool = False,
) -> Weighted:
    """Average a picture with alpha, as `pooling.prepare` does one without: every pixel counts by its alpha.

    Padding that is counted is transparent.

    Raises
    ------
    ConvError
        As `pooling.prepare`.
    """
    options: dict[str, Any] = {"mode": "avg", "dilation": dilation, "include_pad": include_pad}
    plain, opacity = (
        pooling.prepare(x, size, stride=stride, padding=padding, ceil=ceil, **options)
        for x in (planes, alpha)
    )
    down, across = plain.axes
    steps = down.s, across.s
    twice = np.dtype(np.uint16 if alpha.itemsize == 1 else np.uint32)  # holds every product
    over = max((across.out - 1) * across.s + across.extent - across.before - across.n, 0)

    def colours(top: int, bottom: int) -> Array:
        first = top * down.s - down.before
        last = (bottom - 1) * down.s - down.before + down.extent
        low, high = max(first, 0), min(last, down.n)
        if low >= high:  # padding that is counted
            return np.zeros((*plain.shape[:-2], bottom - top, across.out), np.float32)
        there = alpha[low:high]
        weighed = np.multiply(planes[..., low:high, :], there, dtype=twice)
        stack = np.concatenate([weighed.reshape(-1, *there.shape), there[None]], dtype=twice)
        pads = [(low - first, last - high), (across.before, over)]
        means = pooling.prepare(stack, size, stride=steps, padding=pads, **options).run()
        found = _divided(means[:-1], means[-1], white(alpha.dtype))
        return found.reshape(*plain.shape[:-2], bottom - top, across.out)

    return Weighted(plain, colours, opacity)
