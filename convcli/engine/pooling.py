"""Pooling: the maximum, the average or the minimum of every window of every plane.

A window's rows are reduced first, then its columns: k + k steps in place of k * k. Padding is never read, so it
cannot win whatever the type of the numbers is.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from convcli.engine.arguments import Wholes, row_of
from convcli.engine.arrays import as_array, check_planes
from convcli.engine.errors import ConvError
from convcli.engine.results import Result
from convcli.engine.sizes import geometry
from convcli.engine.sizes.geometry import Axis, PaddingLike

__all__ = ["MODES", "Mode", "Pooling", "merge_windows", "pool2d", "prepare"]

CACHE = 1 << 16
"""Elements of half-reduced rows that stay in a core's cache while their columns are reduced."""


@dataclass(frozen=True, eq=False, repr=False)
class Mode:
    """One way of reducing a window to a number.

    Parameters
    ----------
    name, title, source : str
    merge : ufunc
        Joins two parts of a window.
    empty : callable
        What `merge` leaves out, of a given dtype: the value of a part without cells.
    divides : bool
        Whether the result is divided by the number of cells.
    """

    name: str
    title: str
    source: str
    merge: np.ufunc
    empty: Callable[[np.dtype[Any]], Any]
    divides: bool = False


def _lowest(dtype: np.dtype[Any]) -> Any:
    if dtype.kind in "fb":
        return -np.inf if dtype.kind == "f" else False
    return np.iinfo(dtype).min


def _highest(dtype: np.dtype[Any]) -> Any:
    if dtype.kind in "fb":
        return np.inf if dtype.kind == "f" else True
    return np.iinfo(dtype).max


def _nothing(dtype: np.dtype[Any]) -> Any:  # noqa: ARG001
    return 0


_CHAPTER = "Zhang et al., Dive into Deep Learning, 'Pooling'"
_LECUN = "LeCun et al., Gradient-based learning applied to document recognition, 1998"
_MORPHOLOGY = "Serra, Image Analysis and Mathematical Morphology, 1982 (erosion)"

_ROWS = (
    Mode("max", "largest cell of the window", _CHAPTER, np.maximum, _lowest),
    Mode("avg", "mean of the window", _LECUN, np.add, _nothing, divides=True),
    Mode("min", "smallest cell of the window", _MORPHOLOGY, np.minimum, _highest),
)
MODES: dict[str, Mode] = {row.name: row for row in _ROWS}
"""The modes by name."""


@dataclass(eq=False, repr=False)
class Pooling(Result):
    """One pooling, checked and ready to compute any rows of its result.

    Parameters
    ----------
    x : ndarray, shape (N, C, H, W)
    mode : Mode
    axes : (Axis, Axis)
    cells : (ndarray, ndarray)
        What the average divides by is the product of the two: cells of each window down and across.
    dtype, work : numpy dtype
        Of the result, and of the arithmetic.
    shape : tuple of int
        Of the result as the caller sees it; the last two axes are its rows and columns.
    """

    BAND = 1 << 19

    x: NDArray[Any]
    mode: Mode
    axes: tuple[Axis, Axis]
    cells: tuple[NDArray[np.int64], NDArray[np.int64]]
    dtype: np.dtype[Any]
    work: np.dtype[Any]
    shape: tuple[int, ...]

    def rows(self, start: int, stop: int, out: NDArray[Any] | None = None) -> NDArray[Any]:
        """Compute output rows start … stop-1 (see `Result.rows`)."""
        if out is None:
            out = np.empty((*self.shape[:-2], stop - start, self.shape[-1]), self.dtype)
        target = np.reshape(out, (*self.x.shape[:2], stop - start, self.shape[-1]), copy=False)
        batch, channels, _, width = self.x.shape
        # a band far lower than the window would reduce the same rows again and again
        height = max(CACHE // (batch * channels * width), self.axes[0].extent // self.axes[0].s, 1)
        for top in range(start, stop, height):
            bottom = min(top + height, stop)
            self._band(top, bottom, target[:, :, top - start : bottom - start])
        return out

    def _band(self, top: int, bottom: int, out: NDArray[Any]) -> None:
        vertical, horizontal = self.axes
        empty = self.mode.empty(self.work)
        *planes, _, width = self.x.shape
        down = np.full((*planes, bottom - top, width), empty, self.work)
        across = np.full((*planes, bottom - top, horizontal.out), empty, self.work)
        with np.errstate(over="ignore", invalid="ignore"):  # infinities of the input
            merge_windows(self.x, vertical, top, self.mode.merge, empty, down)
            turned = across.swapaxes(-1, -2)
            merge_windows(down.swapaxes(-1, -2), horizontal, 0, self.mode.merge, empty, turned)
            if self.mode.divides:
                counts = self.cells[0][top:bottom, None] * self.cells[1]
                np.divide(across, counts, out=out, casting="unsafe")
            else:
                out[...] = across


def pool2d(
    x: ArrayLike,
    size: Wholes,
    *,
    mode: str = "max",
    stride: Wholes | None = None,
    padding: PaddingLike = 0,
    dilation: Wholes = 1,
    ceil: bool = False,
    include_pad: bool = False,
) -> NDArray[Any]:
    """Pool an array: one number for each window of each plane.

    Parameters
    ----------
    x : array_like, shape (H, W), (C, H, W) or (N, C, H, W)
        Integers, floats or booleans.
    size : int or sequence of int
        Window size. Here and below NumPy's integers, and arrays of them, are as good as int.
    mode : str
        A name of `MODES`: 'max', 'avg' or 'min'.
    stride : int or sequence of int, optional
        The window's size unless given.
    padding : int, str or sequence
        Rows per side, (before, after) pairs an axis, or 'valid', 'same', 'same-lower', 'full', 'causal'. Padding never
        wins a maximum or minimum; every window must hold at least one cell of the input.
    dilation : int or sequence of int
    ceil : bool
        Round the output size up: a window that hangs over the end counts if it starts inside the input or the padding
        before it.
    include_pad : bool
        Averages divide by the cells inside input and padding, not by those inside the input. Cells past the padding
        (`ceil`) are never counted.

    Returns
    -------
    ndarray, shape (H', W'), (C, H', W') or (N, C, H', W')
        Maxima and minima keep the dtype (in the machine's byte order) and hand NaN on. Averages of integers are float64, of float32 (and float16)
        float32, summed in float64.

    Raises
    ------
    ConvError
        A window that does not fit or holds no cell of the input, an unknown mode, a dtype that has no order, a size
        that is no whole number.

    Source: Zhang et al., "Dive into Deep Learning", section "Pooling".

    Examples
    --------
    >>> pool2d([[0, 1, 2], [3, 4, 5], [6, 7, 8]], 2, stride=1).tolist()
    [[4, 5], [7, 8]]
    >>> pool2d([[0, 1, 2], [3, 4, 5], [6, 7, 8]], 2, stride=1, mode="avg").tolist()
    [[2.0, 3.0], [5.0, 6.0]]
    """
    return prepare(
        as_array("input", x),
        size,
        mode=mode,
        stride=stride,
        padding=padding,
        dilation=dilation,
        ceil=ceil,
        include_pad=include_pad,
    ).run()


def prepare(
    x: NDArray[Any],
    size: Wholes,
    *,
    mode: str = "max",
    stride: Wholes | None = None,
    padding: PaddingLike = 0,
    dilation: Wholes = 1,
    ceil: bool = False,
    include_pad: bool = False,
) -> Pooling:
    """Check the arguments of `pool2d` (see there) and settle sizes and types.

    Raises
    ------
    ConvError
    """
    row = row_of("pooling mode", mode, MODES)
    if include_pad and not row.divides:
        raise ConvError(
            f"include_pad: got it with mode {mode}, only avg divides by a number of cells",
            usage=True,
        )
    check_planes("input", x)
    vertical, horizontal = geometry.pool_axes(
        x.shape[-2:],
        geometry.per_axis("window", size, 2, 1),
        padding=padding,
        stride=stride,
        dilation=dilation,
        ceil=ceil,
        divides=row.divides,
        include_pad=include_pad,
    )
    counts = [
        _cells(a, -a.before, a.n + a.after) if include_pad else _cells(a, 0, a.n)
        for a in (vertical, horizontal)
    ]
    dtype, work = _types(x.dtype, row, vertical.k * horizontal.k)
    return Pooling(
        x=x.reshape((1,) * (4 - x.ndim) + x.shape),
        mode=row,
        axes=(vertical, horizontal),
        cells=(counts[0], counts[1]),
        dtype=dtype,
        work=work,
        shape=(*x.shape[:-2], vertical.out, horizontal.out),
    )


def _cells(axis: Axis, low: int, high: int) -> NDArray[np.int64]:
    """How many taps of each window lie at low … high-1, in rows of the input."""
    first = np.arange(axis.out, dtype=np.int64) * axis.s - axis.before
    below = -(-(low - first) // axis.d)  # the first tap that is not before `low`
    past = -(-(high - first) // axis.d)  # the first tap that is at `high` or behind
    return np.clip(past, 0, axis.k) - np.clip(below, 0, axis.k)


def _types(given: np.dtype[Any], mode: Mode, cells: int) -> tuple[np.dtype[Any], np.dtype[Any]]:
    """Settle the dtype of the result and of the arithmetic, both in the machine's byte order."""
    if not mode.divides:
        native = given.newbyteorder("=")
        return native, native
    if given.kind == "f":
        return np.dtype(np.float32 if given.itemsize <= 4 else np.float64), np.dtype(np.float64)
    exact = given.itemsize <= 2 and cells << 8 * given.itemsize < 2**31
    return np.dtype(np.float64), np.dtype(np.int32 if exact else np.float64)


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
