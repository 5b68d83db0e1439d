"""Pooling: one number for every window of every plane: its largest, smallest or middle cell, its mean or sum.

A window's rows are reduced first, then its columns: k + k steps in place of k * k. Unless a border is named, padding is
never read, so it cannot win whatever the type of the numbers is.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from convcli.engine import ranks
from convcli.engine.arguments import Wholes, real, row_of
from convcli.engine.arrays import as_array, check_planes
from convcli.engine.borders import BORDERS, Border, border, filling, read_window
from convcli.engine.errors import ConvError, printable
from convcli.engine.footprints import FOOTPRINTS, Columns, runs
from convcli.engine.numbers import read_real
from convcli.engine.ranks import Rule, Windows
from convcli.engine.results import Result, check_cells
from convcli.engine.sizes import geometry
from convcli.engine.sizes.geometry import Axis, PaddingLike, size_text
from convcli.engine.threads import each, shared, workers

__all__ = ["MODES", "Mode", "Pooling", "merge_windows", "mode_of", "pool2d", "prepare"]

CACHE = 1 << 19
"""Bytes of half-reduced rows that stay in a core's cache while their columns are reduced."""

BESIDE = 1 << 20
"""The same beside other threads (see `threads.shared`)."""

RANKED = 1 << 18
"""Elements of a result by order that one thread computes at a time."""

LEAST = 1 << 14
"""The same, at least."""

NETWORKED = 1 << 20
"""The same by a network."""

COUNTED = 300
"""Cells from which on a window of 8-bit numbers that hangs over the edge is counted, not sorted."""


@dataclass(frozen=True, eq=False, repr=False)
class Mode:
    """One way of reducing a window to a number: by merging its cells, or by their order.

    Parameters
    ----------
    name, title, source : str
    merge : ufunc or None
        Joins two parts of a window.
    empty : callable or None
        What `merge` leaves out, of a given dtype: the value of a part without cells.
    divides : bool
        Whether the result is divided by the number of cells.
    ranks : callable or None
        Makes the rule which cells, in order of size, are the answer, from the parameter.
    parameter : str
        How the parameter is written, empty for a mode that takes none.
    """

    name: str
    title: str
    source: str
    merge: np.ufunc | None = None
    empty: Callable[[np.dtype[Any]], Any] | None = None
    divides: bool = False
    ranks: Callable[[str], Rule] | None = None
    parameter: str = ""

    @property
    def written(self) -> str:
        """How the mode is written."""
        return f"{self.name}:{self.parameter}" if self.parameter else self.name


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


def _halves(text: str) -> Rule:  # noqa: ARG001
    return lambda cells: ((cells - 1) // 2, cells // 2)


def _percentile(text: str) -> Rule:
    try:
        share = read_real(text)
    except ConvError:
        share = -1.0
    if not 0 <= share <= 100:
        got = f"'{printable(text)}'" if text else "no number"
        raise ConvError(
            f"percentile: got {got}, percentile:Q with Q from 0 to 100 is allowed", usage=True
        )

    def ranks(cells: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        rank = np.minimum((cells * share / 100).astype(np.int64), cells - 1)
        return rank, rank

    return ranks


_CHAPTER = "Zhang et al., Dive into Deep Learning, 'Pooling'"
_LECUN = "LeCun et al., Gradient-based learning applied to document recognition, 1998"
_MORPHOLOGY = "Serra, Image Analysis and Mathematical Morphology, 1982 (erosion)"
_TUKEY = "Tukey, Exploratory Data Analysis, 1977"
_RANKS = "Heygster, Rank filters in digital image processing, 1982"
_BOOK = "Gonzalez and Woods, Digital Image Processing"

_ROWS = (
    Mode("max", "largest cell of the window (dilation)", _CHAPTER, np.maximum, _lowest),
    Mode("avg", "mean of the window", _LECUN, np.add, _nothing, divides=True),
    Mode("min", "smallest cell of the window (erosion)", _MORPHOLOGY, np.minimum, _highest),
    Mode("sum", "sum of the window", _BOOK, np.add, _nothing),
    Mode("median", "middle cell of the window", _TUKEY, ranks=_halves),
    Mode("percentile", "cell that Q % are below", _RANKS, ranks=_percentile, parameter="Q"),
)
MODES: dict[str, Mode] = {row.name: row for row in _ROWS}
"""The modes by name."""


def mode_of(text: str) -> tuple[Mode, Rule | None]:
    """Read a mode: its row, and for a mode that goes by order its rule.

    Raises
    ------
    ConvError

    Examples
    --------
    >>> row, rule = mode_of("percentile:50")
    >>> row.name, rule(np.array(9))[0].item()
    ('percentile', 4)
    """
    name, colon, parameter = text.partition(":") if isinstance(text, str) else ("", "", "")
    row = MODES.get(name) or row_of("pooling mode", text, {r.written: r for r in _ROWS})
    if colon and not row.parameter:
        raise ConvError(f"{name}: got '{printable(parameter)}', it takes no parameter", usage=True)
    return row, row.ranks(parameter) if row.ranks else None


@dataclass(eq=False, repr=False)
class Pooling(Result):
    """One pooling, checked and ready to compute any rows of its result.

    Parameters
    ----------
    x : ndarray, shape (N, C, H, W)
    mode : Mode
    rule : callable or None
        Of a mode that goes by order.
    axes : (Axis, Axis)
    windows : Windows
        The cells of a window.
    box : bool
        Whether these are all cells between the first and the last.
    border : Border or None
        What stands beyond the edge; None where nothing does.
    value : float
        The fill of border 'constant'.
    cells : (ndarray, ndarray), shapes (runs, rows) and (runs, columns)
        Cells that count of each window, down and across; the sum of their products is what the average divides by.
    dtype, work : numpy dtype
        Of the result, and of the arithmetic.
    shape : tuple of int
        Of the result as the caller sees it; the last two axes are its rows and columns.
    """

    BAND = 1 << 19

    x: NDArray[Any]
    mode: Mode
    rule: Rule | None
    axes: tuple[Axis, Axis]
    windows: Windows
    box: bool
    border: Border | None
    value: float
    cells: tuple[NDArray[np.int64], NDArray[np.int64]]
    dtype: np.dtype[Any]
    work: np.dtype[Any]
    shape: tuple[int, ...]

    def rows(self, start: int, stop: int, out: NDArray[Any] | None = None) -> NDArray[Any]:
        """Compute output rows start … stop-1 (see `Result.rows`)."""
        if out is None:
            out = np.empty((*self.shape[:-2], stop - start, self.shape[-1]), self.dtype)
        target = np.reshape(out, (*self.x.shape[:2], stop - start, self.shape[-1]), copy=False)
        threads, row = workers(), max(target.size // max(stop - start, 1), 1)
        if self.rule is None:
            band = CACHE if threads == 1 and not shared() else BESIDE
            batch, channels, _, width = self.x.shape
            # a band far lower than the window would reduce the same rows again and again
            fit = band // (batch * channels * width * self.work.itemsize)
            height = max(fit, self.axes[0].extent // self.axes[0].s, 1)
        elif ranks.network(self.work, self.windows, self._ranks(self.rule)) is not None:
            height = max(NETWORKED // row, 1)
        elif ranks.countable(self.work, self.windows):
            height = max(ranks.TILE, RANKED // row)
        else:
            height = max(min(RANKED, max(-(-target.size // threads), LEAST)) // row, 1)
        parts = [(top, min(top + height, stop)) for top in range(start, stop, height)]

        def work(take: Callable[[], tuple[int, int] | None]) -> None:
            while (part := take()) is not None:
                found = target[:, :, part[0] - start : part[1] - start]
                if self.rule is None:
                    self._band(*part, found)
                else:
                    self._ranked(self.rule, *part, found)

        each(work, parts, max(min(threads, len(parts)), 1))
        return out

    def _band(self, top: int, bottom: int, out: NDArray[Any]) -> None:
        assert self.mode.merge is not None
        assert self.mode.empty is not None
        vertical, horizontal = self.axes
        merge, empty = self.mode.merge, self.mode.empty(self.work)
        x, first = self.x, top
        if self.border is not None or not self.box:
            x, first = self._read((top, bottom), (0, horizontal.out), empty), 0
            vertical = replace(vertical, n=x.shape[-2], before=0)
            horizontal = replace(horizontal, n=x.shape[-1], before=0)
        *planes, _, width = x.shape
        across = np.empty((*planes, bottom - top, horizontal.out), self.work)
        begun = False
        with np.errstate(over="ignore", invalid="ignore"):  # infinities of the input
            for (lowest, highest), columns in runs(self.windows.columns).items():
                tall = replace(
                    vertical, k=highest - lowest, before=vertical.before - lowest * vertical.d
                )
                down = np.empty((*planes, bottom - top, width), self.work)
                merge_windows(x, tall, first, merge, empty, down)
                for left, right in columns:
                    wide = replace(
                        horizontal, k=right - left, before=horizontal.before - left * horizontal.d
                    )
                    turned = across.swapaxes(-1, -2)
                    merge_windows(down.swapaxes(-1, -2), wide, 0, merge, empty, turned, onto=begun)
                    begun = True
            if self.mode.divides:
                np.divide(across, self._divisors(top, bottom), out=out, casting="unsafe")
            else:
                out[...] = across

    def _divisors(self, top: int, bottom: int) -> NDArray[np.float64]:
        """How many cells count of each window; one row or column stands for all if they are alike."""
        rows, columns = (
            n[:, :1] if (n == n[:, :1]).all() else n
            for n in (self.cells[0][:, top:bottom], self.cells[1])
        )
        return rows.T.astype(np.float64) @ columns.astype(np.float64)

    def _read(self, rows: tuple[int, int], columns: tuple[int, int], empty: Any) -> NDArray[Any]:
        """Copy what a range of windows looks at; beyond the edge stands the border, or `empty` where there is none."""
        down, across = (_span(a, *r) for a, r in zip(self.axes, (rows, columns), strict=True))
        size = *self.x.shape[:2], down[1] - down[0], across[1] - across[0]
        found = np.empty(size, self.work)
        mode, fill = self.border or BORDERS["constant"], self.value if self.border else empty
        read_window(self.x, down, across, mode, fill, found)
        return found

    def _ranked(self, rule: Rule, top: int, bottom: int, out: NDArray[Any]) -> None:
        """Find the cells of a rank; windows that hang over the edge, where no border stands, by themselves."""
        width = self.axes[1].out
        found = out.reshape(-1, *out.shape[2:])
        left, right, first, last = 0, width, top, bottom
        if self.border is None:
            first, last = (min(max(i, top), bottom) for i in _whole(self.axes[0]))
            left, right = _whole(self.axes[1])
        if first >= last or left >= right:
            self._outer(rule, (top, bottom), (0, width), found)
            return
        self._inner(
            rule, (first, last), (left, right), found[:, first - top : last - top, left:right]
        )
        for rows, columns in (
            ((top, first), (0, width)),
            ((last, bottom), (0, width)),
            ((first, last), (0, left)),
            ((first, last), (right, width)),
        ):
            if rows[0] < rows[1] and columns[0] < columns[1]:
                part = found[:, rows[0] - top : rows[1] - top, slice(*columns)]
                self._outer(rule, rows, columns, part)

    def _inner(
        self, rule: Rule, rows: tuple[int, int], columns: tuple[int, int], out: NDArray[Any]
    ) -> None:
        cells = self._read(rows, columns, 0)
        cells = cells.reshape(-1, *cells.shape[2:])
        asked = self._ranks(rule)
        if len(asked) == 1 and out.dtype == cells.dtype:
            ranks.select(cells, self.windows, asked, (out,))
            return
        both = [np.empty(out.shape, cells.dtype) for _ in asked]
        ranks.select(cells, self.windows, asked, both)
        ranks.middle(both[0], both[-1], out)

    def _ranks(self, rule: Rule) -> tuple[int, ...]:
        """Which ranks of a whole window are asked for: one, or two that follow each other."""
        low, high = (int(rank) for rank in rule(np.array(self.windows.count)))
        return (low,) if low == high else (low, high)

    def _outer(
        self, rule: Rule, rows: tuple[int, int], columns: tuple[int, int], out: NDArray[Any]
    ) -> None:
        vertical, horizontal = self.axes
        if self.windows.count < COUNTED or not ranks.countable(self.work, self.windows):
            planes = self.x.reshape(-1, *self.x.shape[2:])
            corner = (
                rows[0] * vertical.s - vertical.before,
                columns[0] * horizontal.s - horizontal.before,
            )
            ranks.clipped(planes, self.windows, corner, rule, out)
            return
        # what lies outside is not below anything, whatever the number of cells inside
        cells = self._read(rows, columns, _highest(self.work))
        cells = cells.reshape(-1, *cells.shape[2:])
        low, high = rule(self.cells[0][:, slice(*rows)].T @ self.cells[1][:, slice(*columns)])
        both = [np.empty(out.shape, cells.dtype) for _ in range(2)]
        ranks.counted(cells, self.windows, (low, high), both)
        ranks.middle(both[0], both[1], out)


def _span(axis: Axis, first: int, last: int) -> tuple[int, int]:
    """Half-open range of the input's rows that windows first … last-1 look at."""
    return first * axis.s - axis.before, (last - 1) * axis.s - axis.before + axis.extent


def _whole(axis: Axis) -> tuple[int, int]:
    """Half-open range of the windows that lie inside the input."""
    first = -(-axis.before // axis.s)
    last = (axis.n - axis.extent + axis.before) // axis.s + 1
    first = min(first, axis.out)
    return first, max(min(last, axis.out), first)


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
    border: str | None = None,
    value: float = 0.0,
    footprint: str = "box",
) -> NDArray[Any]:
    """Pool an array: one number for each window of each plane.

    Parameters
    ----------
    x : array_like, shape (H, W), (C, H, W) or (N, C, H, W)
        Integers, floats or booleans.
    size : int or sequence of int
        Window size. Here and below NumPy's integers, and arrays of them, are as good as int.
    mode : str
        A name of `MODES`: 'max', 'avg', 'min', 'sum', 'median', or 'percentile:Q' with Q from 0 to 100. The median of
        an even number of cells is the mean of the middle two, as numpy.median's. A percentile is a cell of the window,
        as scipy.ndimage.percentile_filter's: of m cells in order, the one at floor(m Q / 100), counted from 0, and for
        100 the last.
    stride : int or sequence of int, optional
        The window's size unless given.
    padding : int, str or sequence
        Rows per side, (before, after) pairs an axis, or 'valid', 'same', 'same-lower', 'full', 'causal'. Unless there
        is a border, only the cells of the input count; every window must hold at least one.
    dilation : int or sequence of int
    ceil : bool
        Round the output size up: a window that hangs over the end counts if it starts inside the input or the padding
        before it.
    include_pad : bool
        Averages divide by the cells inside input and padding, not by those inside the input. Cells past the padding
        (`ceil`) are never counted.
    border : str, optional
        What fills the padding (and what `ceil` reaches behind it), a name of `borders.BORDERS`; its cells count as the
        input's do.
    value : float
        The fill of border 'constant'.
    footprint : str
        Which cells of the window count, a name of `FOOTPRINTS`: 'box' (all), 'disk' or 'cross'.

    Returns
    -------
    ndarray, shape (H', W'), (C, H', W') or (N, C, H', W')
        Maxima, minima, percentiles and medians keep the dtype (in the machine's byte order), but where a window has an even number of cells, medians
        of integers are float64. NaN makes the answer of each window that holds it NaN. Averages of integers are
        float64, of float32 (and float16) float32, summed in float64. Sums of integers are exact, int32 where no window
        of the dtype could pass it, else int64; of floats as averages.

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
    >>> pool2d([[0, 1, 2], [3, 9, 5], [6, 7, 8]], 3, mode="median", footprint="cross").tolist()
    [[5]]
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
        border=border,
        value=value,
        footprint=footprint,
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
    border: str | None = None,
    value: float = 0.0,
    footprint: str = "box",
) -> Pooling:
    """Check the arguments of `pool2d` (see there) and settle sizes and types.

    Raises
    ------
    ConvError
    """
    row, rule = mode_of(mode)
    if include_pad and (not row.divides or border is not None):
        got = f"mode {mode}" if not row.divides else f"border {border}"
        why = (
            "only avg divides by a number of cells"
            if not row.divides
            else "whose cells always count"
        )
        raise ConvError(f"include_pad: got it with {got}, {why}", usage=True)
    cells = row_of("footprint", footprint, FOOTPRINTS)
    look, value = _border(border, value)
    check_planes("input", x)
    vertical, horizontal = geometry.pool_axes(
        x.shape[-2:],
        geometry.per_axis("window", size, 2, 1),
        padding=padding,
        stride=stride,
        dilation=dilation,
        ceil=ceil,
        divides=row.divides or rule is not None,  # no cell has a rank where there is none
        include_pad=include_pad or look is not None,
    )
    check_cells("result", (*x.shape[:-2], vertical.out, horizontal.out))
    check_cells("window", (vertical.k, horizontal.k))
    check_cells("stride", (max(vertical.s, horizontal.s),))
    check_cells("dilation", (max(vertical.d, horizontal.d),))
    columns = cells.columns(vertical.k, horizontal.k)
    windows = Windows(columns, (vertical.s, horizontal.s), (vertical.d, horizontal.d))
    counts, numbers = _counts((vertical, horizontal), columns, include_pad, look)
    box = windows.count == vertical.k * horizontal.k
    if not box and not numbers.all():
        size_of = size_text((vertical.k, horizontal.k))
        raise ConvError(
            f"padding: a {footprint} of {size_of} holds no cell of the input, every window needs one"
        )
    dtype, work = _types(x, row, windows.count, numbers, value if look else 0)
    return Pooling(
        x=x.reshape((1,) * (4 - x.ndim) + x.shape),
        mode=row,
        rule=rule,
        axes=(vertical, horizontal),
        windows=windows,
        box=box,
        border=look,
        value=value,
        cells=counts,
        dtype=dtype,
        work=work,
        shape=(*x.shape[:-2], vertical.out, horizontal.out),
    )


def _border(name: str | None, value: float) -> tuple[Border | None, float]:
    if name is not None:
        found = border(name)
        return found, filling(found, value)
    value = real("value", value)
    if value:
        raise ConvError(
            f"value: got {value} without a border, only border constant has a value", usage=True
        )
    return None, value


Counts = tuple[NDArray[np.int64], NDArray[np.int64]]


def _counts(
    axes: tuple[Axis, Axis],
    columns: Columns,
    padding: bool,
    look: Border | None,
) -> tuple[Counts, NDArray[np.int64]]:
    """How many cells of each window count, as `Pooling.cells` holds it, and the numbers that occur."""
    vertical, horizontal = axes
    parts = runs(columns)
    if look is not None:
        whole = (
            np.array([b - a for a, b in parts]),
            np.array([sum(b - a for a, b in r) for r in parts.values()]),
        )
        down, across = (np.tile(n[:, None], a.out) for n, a in zip(whole, axes, strict=True))
    else:
        down = np.array([_counted(vertical, rows, padding) for rows in parts])
        across = np.array(
            [sum(_counted(horizontal, r, padding) for r in ranges) for ranges in parts.values()]
        )
    numbers = np.unique(down, axis=1).T @ np.unique(across, axis=1)
    return (down, across), np.unique(numbers)


def _counted(axis: Axis, taps: tuple[int, int], padding: bool) -> NDArray[np.int64]:
    """How many of the taps first … last-1 of each window lie inside the input, or inside it and the padding."""
    part = replace(axis, k=taps[1] - taps[0], before=axis.before - taps[0] * axis.d)
    return _cells(part, -axis.before, axis.n + axis.after) if padding else _cells(part, 0, axis.n)


def _cells(axis: Axis, low: int, high: int) -> NDArray[np.int64]:
    """How many taps of each window lie at low … high-1, in rows of the input."""
    first = np.arange(axis.out, dtype=np.int64) * axis.s - axis.before
    below = -(-(low - first) // axis.d)  # the first tap that is not before `low`
    past = -(-(high - first) // axis.d)  # the first tap that is at `high` or behind
    return np.clip(past, 0, axis.k) - np.clip(below, 0, axis.k)


def _types(
    x: NDArray[Any], mode: Mode, cells: int, numbers: NDArray[np.int64], value: float
) -> tuple[np.dtype[Any], np.dtype[Any]]:
    """Settle the dtype of the result and of the arithmetic, both in the machine's byte order."""
    given = x.dtype.newbyteorder("=")
    if mode.merge is not np.add:
        if given.kind != "f" and not _holds(given, value):
            raise ConvError(f"value: got {value:g}, a number that {given} holds is needed")
        halves = mode.name == "median" and given.kind != "f" and (numbers % 2 == 0).any()
        return np.dtype(np.float64) if halves else given, given
    if given.kind == "f":
        return np.dtype(np.float32 if given.itemsize <= 4 else np.float64), np.dtype(np.float64)
    if mode.divides:
        exact = given.itemsize <= 2 and cells << 8 * given.itemsize < 2**31 and _holds(given, value)
        return np.dtype(np.float64), np.dtype(np.int32 if exact else np.float64)
    if not float(value).is_integer():
        return np.dtype(np.float64), np.dtype(np.float64)
    if given.kind == "b":
        given = np.dtype(np.uint8)
    ends = np.iinfo(given)
    bound = cells * max(int(ends.max), -int(ends.min), abs(int(value)))
    if bound < 2**31:
        return np.dtype(np.int32), np.dtype(np.int32)
    largest = max(int(x.max()), -int(x.min()), abs(int(value)))
    if cells * largest >= 2**63:
        raise ConvError(
            f"the window has {cells} cells and the largest |input| is {largest}: sums could pass int64, use floats"
        )
    return np.dtype(np.int64), np.dtype(np.int64)


def _holds(dtype: np.dtype[Any], value: float) -> bool:
    low, high = (0, 1) if dtype.kind == "b" else (np.iinfo(dtype).min, np.iinfo(dtype).max)
    return float(value).is_integer() and low <= int(value) <= high


def merge_windows(
    x: NDArray[Any],
    axis: Axis,
    first: int,
    merge: np.ufunc,
    empty: Any,
    out: NDArray[Any],
    *,
    onto: bool = False,
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
        Its dtype is that of the arithmetic.
    onto : bool
        Merge what `out` holds too.
    """
    count = out.shape[-2]
    start = first * axis.s - axis.before  # of the first window, in rows of x
    if (axis.k.bit_length() + axis.k.bit_count()) * axis.s < axis.k:
        _merge_by_doubling(x, axis, start, merge, empty, out, onto=onto)
        return
    # of each tap: the first and the last window whose tap lies inside, and what lies there
    parts = []
    for tap in range(axis.k):
        at = start + tap * axis.d
        low = max(-(at // axis.s), 0)
        high = min((axis.n - 1 - at) // axis.s + 1, count)
        if low < high:
            cells = x[..., at + low * axis.s : at + (high - 1) * axis.s + 1 : axis.s, :]
            parts.append((low, high, cells))
    whole = [part[:2] == (0, count) for part in parts[:2]]
    if not onto and whole == [True, True]:
        merge(parts[0][2], parts[1][2], out=out, dtype=out.dtype, casting="unsafe")
        del parts[:2]
    elif not onto:
        out[...] = empty
    for low, high, cells in parts:
        inside = out[..., low:high, :]
        merge(inside, cells, out=inside, dtype=out.dtype, casting="unsafe")


def _merge_by_doubling(
    x: NDArray[Any],
    axis: Axis,
    start: int,
    merge: np.ufunc,
    empty: Any,
    out: NDArray[Any],
    *,
    onto: bool,
) -> None:
    """Do the same for a long window in about 2 log2(k) steps: runs of 1, 2, 4, … cells, and k as a sum of those."""
    span = (out.shape[-2] - 1) * axis.s + axis.extent
    low, high = max(start, 0), min(start + span, axis.n)
    if x.strides[-2] < x.strides[-1]:  # a turned view: its columns lie in memory as rows do
        run = np.empty((*x.shape[:-2], x.shape[-1], span), out.dtype).swapaxes(-1, -2)
    else:
        run = np.empty((*x.shape[:-2], span, x.shape[-1]), out.dtype)
    if low > start or high < start + span:
        run[...] = empty
    if low < high:
        run[..., low - start : high - start, :] = x[..., low:high, :]
    length, done = 1, 0
    while True:
        if axis.k & length:
            at = done * axis.d
            part = run[..., at : at + (out.shape[-2] - 1) * axis.s + 1 : axis.s, :]
            if onto or done:
                merge(out, part, out=out)
            else:
                out[...] = part
            done += length
        if done == axis.k:
            return
        step = length * axis.d
        run = merge(run[..., :-step, :], run[..., step:, :])
        length *= 2
