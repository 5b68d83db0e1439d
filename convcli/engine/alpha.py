"""Pictures with alpha: a pixel that is not there has no colour to give.

Smoothing works on premultiplied colour: every pixel counts by its alpha. What has no such weights (a derivative, an
edge) is computed on the picture as it looks over a background.
Source: Porter and Duff, "Compositing digital images", SIGGRAPH 1984.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convcli.engine.grey import REC709
from convcli.engine.results import Result

__all__ = ["Weighted", "laid_over", "opaque", "smooths", "solid", "white"]

Array = NDArray[Any]

SUM = 1e-6
"""The sum of a kernel over that of its magnitudes, up to which it is taken for 0."""

BAND = 1 << 20
"""Output elements that a band aims at."""

_STRIP = 64


def white(dtype: np.dtype[Any]) -> int:
    """Full scale of the samples of a picture with alpha: 255 or 65535."""
    return int(np.iinfo(dtype).max)


def opaque(alpha: Array) -> bool:
    """Whether every pixel is wholly there."""
    return bool(alpha.min() == white(alpha.dtype))


def solid(alpha: Array) -> Array:
    """Return an alpha of the same size, opaque everywhere, which takes no memory."""
    return np.broadcast_to(alpha.dtype.type(white(alpha.dtype)), alpha.shape)


def laid_over(planes: Array, alpha: Array, background: Sequence[float]) -> Array:
    """Lay a picture over a background of one colour.

    Parameters
    ----------
    planes : ndarray of uint8 or uint16, shape (H, W) or (3, H, W)
    alpha : ndarray, shape (H, W)
        Of the same dtype.
    background : sequence of 3 floats
        Red, green, blue, 0 … 1; a grey picture gets their brightness.

    Returns
    -------
    ndarray
        As `planes`, rounded to whole samples: what any program would write.

    Examples
    --------
    >>> laid_over(np.array([[0, 0, 0]], np.uint8), np.array([[255, 128, 0]], np.uint8), (1, 1, 1)).tolist()
    [[0, 127, 255]]
    """
    full = white(alpha.dtype)
    colour = background if planes.ndim == 3 else [np.dot(background, REC709)]
    levels = np.rint(np.multiply(colour, full)).astype(np.uint32).reshape(-1, 1, 1)
    whole = planes.reshape(-1, *alpha.shape)
    found = np.empty_like(whole)
    for top in range(0, len(alpha), _STRIP):
        rows = slice(top, top + _STRIP)
        there = alpha[rows].astype(np.uint32)
        mixed = whole[:, rows] * there
        mixed += levels * (full - there)  # at most full², which 32 bits hold
        mixed += full // 2
        mixed //= full
        found[:, rows] = mixed
    return found.reshape(planes.shape)


def smooths(kernel: Array) -> bool:
    """Whether the weights of every output have a positive sum: a mean, of some kind, of the pixels there are."""
    taps = kernel.reshape(len(kernel) if kernel.ndim == 4 else 1, -1).astype(np.float64)
    return bool((taps.sum(axis=1) > SUM * np.abs(taps).sum(axis=1)).all())


class Weighted(Result):
    """A filter of a picture with alpha, checked and ready to compute any rows of its colours.

    Parameters
    ----------
    plain : Result
        The same filter on the colours alone: shape and windows are its.
    colours : callable
        (top, bottom) -> rows of the colours.
    opacity : Result
        The filtered alpha, shape (H', W'), in its own units.
    """

    shared = False

    def __init__(
        self, plain: Result, colours: Callable[[int, int], Array], opacity: Result
    ) -> None:
        self.plain, self.colours, self.opacity = plain, colours, opacity
        self.shape, self.axes = plain.shape, plain.axes
        self.dtype = np.dtype(np.float32)

    def rows(self, start: int, stop: int, out: Array | None = None) -> Array:
        """Compute rows start … stop-1 of the colours (see `Result.rows`)."""
        if out is None:
            out = np.empty((*self.shape[:-2], stop - start, self.shape[-1]), self.dtype)
        for top, bottom in self._bands(start, stop):
            out[..., top - start : bottom - start, :] = self.colours(top, bottom)
        return out

    def bands(self, elements: int | None = None) -> Iterator[tuple[int, int]]:
        """Yield half-open ranges of rows which cover the result."""
        return self._bands(0, self.shape[-2], elements or BAND)

    def _bands(self, start: int, stop: int, elements: int = BAND) -> Iterator[tuple[int, int]]:
        # bands read what lies between them twice: they are several windows high
        across = int(np.prod(self.shape)) // self.shape[-2]
        height = max(elements // max(across, 1), 4 * self.axes[0].extent // self.axes[0].s, 1)
        for top in range(start, stop, height):
            yield top, min(top + height, stop)
