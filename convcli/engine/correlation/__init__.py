"""Two-dimensional cross-correlation: the chapter's corr2d, with channels, padding, stride, dilation and groups.

`prepare` checks sizes and types and returns a `Correlation`, which computes any band of output rows. A picture
can so be filtered and written band by band, and no strategy ever holds the padded input or all of its windows.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from convcli.engine.arguments import Whole, Wholes, whole
from convcli.engine.arrays import as_array, check_numbers, check_planes, empty, float_dtype
from convcli.engine.borders import border, filling
from convcli.engine.correlation.planner import Plan, choose
from convcli.engine.correlation.problem import Part, Problem, Runner, Scratch
from convcli.engine.correlation.taps import anyway
from convcli.engine.errors import ConvError
from convcli.engine.results import Result
from convcli.engine.sizes import geometry
from convcli.engine.sizes.geometry import PaddingLike, size_text
from convcli.engine.threads import each

__all__ = ["Correlation", "corr2d", "prepare"]

FEW = 4
"""Parts of the rows for each thread, below which one more or less would show."""

UNIT = 8
"""Rows of such a part are a multiple of this."""


@dataclass(eq=False, repr=False)
class Correlation(Result):
    """One correlation, checked, planned and ready to compute any rows of its result.

    Parameters
    ----------
    problem : Problem
    shape : tuple of int
        Of the result as the caller sees it; the last two axes are its rows and columns.
    plan : Plan
        The strategy, and why it was chosen.
    runner : Runner
        The strategy, made ready.

    Notes
    -----
    The same call gives the same bytes. Bands of integers are exactly the rows of the whole result; bands of floats
    may differ from them by rounding (below 1e-6 of sum|kernel| * max|x| for float32), where a strategy takes sums
    in another order at the end of a band.
    """

    problem: Problem
    shape: tuple[int, ...]
    plan: Plan
    runner: Runner

    def __post_init__(self) -> None:
        self.dtype, self.axes = self.problem.dtype, self.problem.axes
        self.shared = self.runner.threads

    @property
    def native(self) -> np.dtype[Any]:
        """The dtype of the strategy's arithmetic (see `Result.native`)."""
        return self.runner.work

    @property
    def rounds(self) -> bool:
        """Whether the strategy rounds its floats (see `Result.rounds`): while they are in the cache."""
        return self.runner.rounds and self.problem.bound is None and self.problem.safe

    @property
    def ends(self) -> tuple[float, float]:
        """What no value passes, as the weights and the dtype of an unsigned input say."""
        problem = self.problem
        if problem.x.dtype.kind != "u":
            return super().ends
        most = max(float(np.iinfo(problem.x.dtype).max), problem.value)
        weights = problem.weights.reshape(problem.maps, -1).astype(np.float64)
        parts = weights * min(0.0, problem.value), weights * most
        offset = 0.0 if problem.bias is None else problem.bias.astype(np.float64)
        low, high = (pick(*parts).sum(axis=1) + offset for pick in (np.minimum, np.maximum))
        return float(low.min()), float(high.max())

    @property
    def height(self) -> int:
        """Rows of a part."""
        return self.runner.step[1]

    def rows(self, start: int, stop: int, out: NDArray[Any] | None = None) -> NDArray[Any]:
        """Compute output rows start … stop-1 (see `Result.rows`)."""
        problem = self.problem
        if out is None:
            out = empty((*self.shape[:-2], stop - start, self.shape[-1]), self.dtype)
        full = (problem.x.shape[0], problem.maps, stop - start, self.shape[-1])
        target = np.reshape(out, full, copy=False)
        threads = self.plan.threads_for((stop - start) / self.shape[-2])
        parts = list(self._parts(start, stop, threads))
        each(lambda take: self._work(take, start, target), parts, min(threads, len(parts)))
        return out

    def _parts(self, start: int, stop: int, threads: int) -> Iterator[Part]:
        groups, rows, columns = self.runner.step
        height = max(stop - start, 1)
        many = -(-height // rows)
        if many < FEW * threads:  # as many for each thread
            many = -(-many // threads) * threads
            rows = min(rows, -(-height // (UNIT * many)) * UNIT)
        for image in range(self.problem.x.shape[0]):
            for group in range(0, self.problem.groups, groups):
                own = group, min(group + groups, self.problem.groups)
                for top in range(start, stop, rows):
                    for left in range(0, self.shape[-1], columns):
                        right = min(left + columns, self.shape[-1])
                        yield Part(image, own, top, min(top + rows, stop), left, right)

    def _work(self, take: Callable[[], Part | None], start: int, target: NDArray[Any]) -> None:
        """Compute parts as long as there are any, with scratch memory of one's own."""
        per = self.problem.per
        # NaN and infinity go through as they do in plain sums
        with Scratch.borrow() as scratch, np.errstate(all="ignore"):
            while (part := take()) is not None:
                maps = slice(part.groups[0] * per, part.groups[1] * per)
                rows = slice(part.top - start, part.bottom - start)
                out = target[part.image, maps, rows, part.left : part.right]
                if not self.runner.run(part, out, scratch):
                    anyway(self.problem).run(part, out, scratch)


def corr2d(
    x: ArrayLike,
    kernel: ArrayLike,
    *,
    padding: PaddingLike = 0,
    stride: Wholes = 1,
    dilation: Wholes = 1,
    border: str = "zero",
    value: float = 0.0,
    bias: ArrayLike | None = None,
    groups: Whole = 1,
    flip: bool = False,
) -> NDArray[Any]:
    """Cross-correlate an array with a kernel, as a convolution layer does (the kernel is not flipped).

    Parameters
    ----------
    x : array_like, shape (H, W), (C, H, W) or (N, C, H, W)
        Integers or floats.
    kernel : array_like, shape (kh, kw), (C, kh, kw) or (O, C / groups, kh, kw)
        A 2-D kernel filters each channel by itself; 3-D and 4-D kernels add channels up.
    padding : int, str or sequence
        Rows per side, (before, after) pairs an axis, or 'valid', 'same', 'same-lower', 'full', 'causal'.
    stride, dilation : int or sequence of int
        Here, in `padding` and in `groups` NumPy's integers, and arrays of them, are as good as int.
    border : str
        What the padding holds: a name of `borders.BORDERS`.
    value : float
        The fill of border 'constant'.
    bias : array_like, shape () or (O,), optional
        Added to each output channel.
    groups : int
        Channels are split into this many groups that do not mix.
    flip : bool
        Flip the kernel in both axes first: true convolution.

    Returns
    -------
    ndarray, shape (H', W'), (O, H', W') or (N, O, H', W')
        Integers with integer kernels: exact, int32 when sum|K| * max|dtype of x| < 2**31, else int64. 8- and 16-bit
        integers with a float kernel: float32, wider ones float64. float32 stays float32, float64 float64.

    Raises
    ------
    ConvError
        Channels, groups or sizes that do not fit or are no whole numbers, or integers that could pass int64.

    Source: Zhang et al., "Dive into Deep Learning", section "The cross-correlation operator".

    Examples
    --------
    >>> corr2d([[0, 1, 2], [3, 4, 5], [6, 7, 8]], [[0, 1], [2, 3]]).tolist()
    [[19, 25], [37, 43]]
    >>> corr2d([[0, 1, 2], [3, 4, 5], [6, 7, 8]], [[0, 1], [2, 3]], flip=True).tolist()
    [[5, 11], [23, 29]]
    """
    return prepare(
        as_array("input", x),
        as_array("kernel", kernel),
        padding=padding,
        stride=stride,
        dilation=dilation,
        mode=border,
        value=value,
        bias=bias,
        groups=groups,
        flip=flip,
    ).run()


def prepare(
    x: NDArray[Any],
    kernel: NDArray[Any],
    *,
    padding: PaddingLike = 0,
    stride: Wholes = 1,
    dilation: Wholes = 1,
    mode: str = "zero",
    value: float = 0.0,
    bias: ArrayLike | None = None,
    groups: Whole = 1,
    flip: bool = False,
    double: bool = False,
    strategy: str | None = None,
) -> Correlation:
    """Check the arguments of `corr2d` (see there; `mode` is its border), settle sizes and types, and plan.

    Parameters
    ----------
    double : bool
        With a float kernel, compute in float64 and give that, whatever `x` is.
    strategy : str, optional
        A name of `planner.STRATEGIES` to use, in place of the planner's choice.

    Raises
    ------
    ConvError
    """
    look = border(mode)
    value = filling(look, value)
    groups = whole("groups", groups, 1)
    check_planes("input", x)
    check_planes("kernel", kernel)
    x, kernel = _numeric(x), _numeric(kernel)
    planes = x.reshape((1,) * (4 - x.ndim) + x.shape)
    channels = planes.shape[1]
    if kernel.ndim == 2:
        if groups != 1:
            raise ConvError(
                "groups: a 2-D kernel filters each channel by itself, groups need a 4-D kernel"
            )
        groups = channels
        weights = kernel[None, None]
        if channels > 1:
            weights = np.broadcast_to(kernel, (channels, 1, *kernel.shape))
    else:
        weights = kernel.reshape((1,) * (4 - kernel.ndim) + kernel.shape)
    _check_channels(x, kernel, channels, weights, groups)
    vertical, horizontal = geometry.axes(
        planes.shape[2:], weights.shape[2:], padding=padding, stride=stride, dilation=dilation
    )
    offset = _as_bias(bias, weights.shape[0])
    dtype, work, bound = _types(
        x, weights, offset, value if look.name == "constant" else 0, double=double
    )
    if flip:
        weights = weights[:, :, ::-1, ::-1]
    maps = () if kernel.ndim < 4 and x.ndim < 4 else (weights.shape[0],)
    leading = x.shape[:-2] if kernel.ndim == 2 else (x.shape[:1] if x.ndim == 4 else ()) + maps
    problem = Problem(
        x=planes,
        weights=weights.astype(work),
        bias=None if offset is None else offset.astype(work),
        groups=groups,
        axes=(vertical, horizontal),
        mode=look,
        value=value,
        dtype=dtype,
        work=work,
        bound=bound,
    )
    plan, runner = choose(problem, strategy)
    return Correlation(problem, (*leading, vertical.out, horizontal.out), plan, runner)


def _numeric(array: NDArray[Any]) -> NDArray[Any]:
    return array.view(np.uint8) if array.dtype == bool else array


def _check_channels(
    x: NDArray[Any], kernel: NDArray[Any], channels: int, weights: NDArray[Any], groups: int
) -> None:
    divided = channels % groups == weights.shape[0] % groups == 0
    if divided and weights.shape[1] * groups == channels:
        return
    both = f"input {size_text(x.shape)}, kernel {size_text(kernel.shape)}"
    if not divided:
        raise ConvError(
            f"groups: {groups} does not divide {channels} input and {weights.shape[0]} output channels ({both})"
        )
    split = f" in {groups} groups" if groups > 1 else ""
    raise ConvError(
        f"channels do not match: the input has {channels}{split}, the kernel takes {weights.shape[1]} ({both})"
    )


def _as_bias(bias: ArrayLike | None, maps: int) -> NDArray[Any] | None:
    if bias is None:
        return None
    given = as_array("bias", bias)
    check_numbers("bias", given)
    given = _numeric(given).reshape(-1)
    if given.size not in (1, maps):
        several = f" or {maps} (one an output channel) are" if maps > 1 else " is"
        raise ConvError(f"bias: got {given.size} numbers, 1{several} needed")
    return np.broadcast_to(given, (maps,))


def _types(
    x: NDArray[Any],
    weights: NDArray[Any],
    bias: NDArray[Any] | None,
    value: float,
    *,
    double: bool,
) -> tuple[np.dtype[Any], np.dtype[Any], int | None]:
    """Settle the dtype of the result and of the arithmetic, and for integers what no |sum| exceeds."""
    whole = (
        weights.dtype.kind in "iu"
        and (bias is None or bias.dtype.kind in "iu")
        and float(value).is_integer()
    )
    if x.dtype.kind == "f" or not whole:
        found = np.dtype(np.float64) if double else float_dtype(x.dtype)
        return found, found, None
    gain = max(_magnitude(w) for w in weights) if weights.strides[0] else _magnitude(weights[0])
    extra = 0 if bias is None else max(abs(int(b)) for b in bias)
    info = np.iinfo(x.dtype)
    largest = max(info.max, -info.min, abs(int(value)))
    bound = gain * largest + extra
    dtype = np.dtype(np.int32 if bound < 2**31 else np.int64)
    if bound >= 2**24 and x.dtype.itemsize > 2:  # a wide type, seldom full: look at the numbers
        largest = max(int(x.max()), -int(x.min()), abs(int(value)))
        bound = gain * largest + extra
    if bound >= 2**63:
        raise ConvError(
            f"the sum of |kernel| is {gain} and the largest |input| {largest}: "
            "results could pass int64, use a float kernel (1.0 instead of 1)"
        )
    exact = ((2**24, np.float32), (2**53, np.float64))
    return dtype, np.dtype(next((t for limit, t in exact if bound < limit), np.int64)), bound


def _magnitude(kernel: NDArray[Any]) -> int:
    """Sum of absolute values, as an exact whole number."""
    if kernel.size * max(int(kernel.max()), -int(kernel.min())) < 2**63:
        return int(np.abs(kernel.astype(np.int64)).sum())
    return sum(abs(int(tap)) for tap in kernel.ravel())
