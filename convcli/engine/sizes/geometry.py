"""Sizes: where every window of a convolution or pooling layer lies. Pure integers, no NumPy.

Everything that needs a size asks here, so that `shape`, `corr`, `pool`, `edge`, `learn` and `net` cannot disagree.

Notation, an axis at a time: n input size, k kernel size, s stride, d dilation, k' = d(k-1)+1 the extent of the
dilated kernel, `before` and `after` the rows that padding adds at the two ends.
Source: Dumoulin and Visin, "A guide to convolution arithmetic for deep learning", arXiv:1603.07285.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import gcd
from typing import TypeAlias

from convcli.engine.arguments import Whole, Wholes, row_of, several, shown, wholes
from convcli.engine.errors import ConvError

__all__ = [
    "WORDS",
    "Axis",
    "Padding",
    "as_padding",
    "axes",
    "output_size",
    "per_axis",
    "pool_axes",
    "size_text",
]

Pair: TypeAlias = tuple[int, int]
PaddingLike: TypeAlias = "Padding | str | Wholes | Sequence[Sequence[Whole]]"

WORDS: dict[str, str] = {
    "valid": "no padding",
    "same": "output ceil(n/s), the odd row at the end (TensorFlow SAME, ONNX SAME_UPPER, PyTorch 'same')",
    "same-lower": "output ceil(n/s), the odd row at the start (ONNX SAME_LOWER)",
    "full": "k'-1 rows on both sides: every overlap counts",
    "causal": "k'-1 rows before, none after, on every axis",
}
"""The words of `padding`, and what each means."""


@dataclass(frozen=True)
class Padding:
    """How much to pad, before the sizes are known: a word of `WORDS`, or rows before and after each axis.

    Parameters
    ----------
    word : str
        A key of `WORDS`, or ``"explicit"``.
    pairs : tuple of (int, int)
        Rows (before, after) an axis; one pair serves all axes. Read only when `word` is ``"explicit"``.
    """

    word: str = "explicit"
    pairs: tuple[Pair, ...] = ((0, 0),)

    def split(self, axis: int, n: int, extent: int, s: int) -> Pair:
        """Return the rows (before, after) that this padding adds to one axis."""
        if self.word == "explicit":
            return self.pairs[axis if len(self.pairs) > 1 else 0]
        if self.word in ("same", "same-lower"):
            total = max((-(-n // s) - 1) * s + extent - n, 0)
            less, more = total // 2, total - total // 2
            return (less, more) if self.word == "same" else (more, less)
        ends = {"valid": (0, 0), "full": (extent - 1, extent - 1), "causal": (extent - 1, 0)}
        return ends[self.word]


def as_padding(padding: PaddingLike) -> Padding:
    """Read any way of writing padding: a word, rows per side (one or one an axis), or (before, after) pairs.

    >>> as_padding((2, 1)).pairs
    ((2, 2), (1, 1))
    >>> as_padding([(0, 1), (2, 3)]).pairs
    ((0, 1), (2, 3))
    """
    if isinstance(padding, Padding):
        return padding
    if isinstance(padding, str):
        row_of("padding", padding, WORDS)
        return Padding(padding)
    items = several(padding)
    pairs = tuple([_pair(rows) for rows in ([padding] if items is None else items)])
    if not pairs:
        raise ConvError("padding: got nothing, rows per side are needed", usage=True)
    return Padding("explicit", pairs)


def _pair(rows: object) -> Pair:
    ends = wholes("padding", rows, 0)
    if len(ends) == 2 or several(rows) is None:
        return ends[0], ends[-1]
    raise ConvError(
        f"padding: got {shown(rows)} for an axis, rows per side or (before, after) are needed",
        usage=True,
    )


@dataclass(frozen=True)
class Axis:
    """One axis of a layer, resolved: the windows, the padding and the output size.

    Parameters
    ----------
    n, k, s, d : int
        Input size, kernel size, stride, dilation.
    before, after : int
        Rows that padding adds at the start and at the end.
    out : int
        Number of windows.
    """

    n: int
    k: int
    s: int
    d: int
    before: int
    after: int
    out: int

    @property
    def extent(self) -> int:
        """Size k' of the dilated kernel."""
        return self.d * (self.k - 1) + 1

    @property
    def anchors(self) -> list[int]:
        """The input row that each window stands for, inside the input.

        Where padding keeps the size at stride 1 (same, same-lower, causal, a pair such as 1/0), window i stands for
        row i times the stride. Else it is the middle of the window; of an even one the row before it, or, where there
        is more padding before than after, the row behind it.

        >>> axes((5,), (3,), stride=2, padding=1)[0].anchors
        [0, 2, 4]
        >>> axes((3,), (2,), padding="same-lower")[0].anchors, axes((3,), (2,))[0].anchors
        ([0, 1, 2], [0, 1])
        """
        if self.before + self.after == self.extent - 1:
            shift = 0
        else:
            shift = (self.extent - (self.before <= self.after)) // 2 - self.before
        return [min(max(i * self.s + shift, 0), self.n - 1) for i in range(self.out)]

    @property
    def unused(self) -> int:
        """Rows of the input that no tap of any window reads (at the end, between strides or between dilated taps).

        >>> axes((10,), (3,), stride=2)[0].unused
        1
        """
        # Tap j of window i reads row s*i + d*j - before. Windows and taps play the same part: take as "tap" what
        # makes fewer classes. Taps whose d*j leave the same remainder by s read rows of one residue class, in runs
        # of `out` windows: count each class as a union of runs.
        s, out, d, k = self.s, self.out, self.d, self.k
        common = gcd(s, d)
        if min(out, d // common) < min(k, s // common):
            s, out, d, k = d, k, s, out
        period, step = s // common, d // common
        used = 0
        for first in range(min(k, period)):
            taps = -(-(k - first) // period)  # taps j = first, first + period, …
            shift, residue = divmod(d * first, s)
            # row = residue - before + s*(shift + m*step + i), 0 <= m < taps, 0 <= i < out; keep 0 <= row < n
            low = max(-(-(self.before - residue) // s), shift)
            high = (self.n - 1 + self.before - residue) // s
            used += _in_runs(shift, step, taps, out, low, high)
        return self.n - used


def _in_runs(start: int, step: int, runs: int, length: int, low: int, high: int) -> int:
    """Count the integers in [low, high] that lie in the union of [start + m*step, … + length) for 0 <= m < runs."""

    def below(bound: int) -> int:  # members smaller than `bound`
        span = bound - start
        if span <= 0:
            return 0
        if length >= step:
            return min(span, (runs - 1) * step + length)
        whole, rest = divmod(span, step)
        return runs * length if whole >= runs else whole * length + min(rest, length)

    return max(below(high + 1) - below(low), 0)


def axes(
    sizes: Sequence[Whole],
    kernel: Wholes,
    *,
    padding: PaddingLike = 0,
    stride: Wholes = 1,
    dilation: Wholes = 1,
    ceil: bool = False,
    what: str = "kernel",
) -> tuple[Axis, ...]:
    """Resolve the windows of a layer, axis by axis.

    Parameters
    ----------
    sizes, kernel : sequence of int
        Input and kernel size an axis; a kernel of one number serves all axes. NumPy's integers are as good as int.
    padding : Padding, str, int or sequence
        What `as_padding` reads.
    stride, dilation : int or sequence of int
        One number for all axes, or one an axis.
    ceil : bool
        Round up: a last window that hangs over the end counts if it starts inside the input or its padding before.
    what : str
        What the error calls the kernel: "kernel" or "window".

    Raises
    ------
    ConvError
        A size below 1, a wrong number of axes, or a kernel larger than the padded input.

    Examples
    --------
    >>> [a.out for a in axes((8, 8), (3, 5), padding=(0, 1), stride=(3, 4))]
    [2, 2]
    >>> axes((4,), (2,), stride=3, padding=1, ceil=True)[0].out
    2
    """
    n = wholes("input", sizes, 1)
    count = len(n)
    k = per_axis(what, kernel, count, 1)
    s = per_axis("stride", stride, count, 1)
    d = per_axis("dilation", dilation, count, 1)
    pad = as_padding(padding)
    if len(pad.pairs) not in (1, count):
        raise ConvError(
            f"padding: got {len(pad.pairs)} axes, the input has {count} ({size_text(n)})",
            usage=True,
        )
    return tuple([_axis(i, n, k, s[i], d[i], pad, ceil, what) for i in range(count)])


def _axis(
    i: int,
    sizes: Sequence[int],
    kernel: Sequence[int],
    s: int,
    d: int,
    pad: Padding,
    ceil: bool,
    what: str,
) -> Axis:
    n, k = sizes[i], kernel[i]
    extent = d * (k - 1) + 1
    before, after = pad.split(i, n, extent, s)
    room = n + before + after - extent
    if room <= (-s if ceil else -1):  # rounded up, a window may hang over by less than a stride
        both = f" ({what.rpartition(': ')[2]} {size_text(kernel)}, input {size_text(sizes)})"
        both = both if len(sizes) > 1 else ""
        dilated = f" ({extent} with dilation {d})" if d > 1 else ""
        padded = f" ({n + before + after} with padding)" if before or after else ""
        raise ConvError(
            f"{what} {k}{dilated} does not fit: it is larger than the input {n}{padded} on axis {i}{both}"
        )
    if ceil:
        out = -(-room // s) + 1
        if (out - 1) * s >= n + before:
            out -= 1
    else:
        out = room // s + 1
    return Axis(n, k, s, d, before, after, out)


def pool_axes(
    sizes: Sequence[Whole],
    window: Wholes,
    *,
    padding: PaddingLike = 0,
    stride: Wholes | None = None,
    dilation: Wholes = 1,
    ceil: bool = False,
    divides: bool = False,
    include_pad: bool = False,
) -> tuple[Axis, ...]:
    """Resolve the windows of a pooling layer as `axes` does; the stride is the window's size unless given.

    A window that holds no cell of the input is refused, by one rule for all that pools. It is PyTorch's in this: where
    padding is at most half the dilated window, it is taken, and a window between whose taps the whole input falls
    has the maximum -inf and the minimum inf. (More padding than that PyTorch refuses outright; here it is taken as long
    as no window is empty.)

    Parameters
    ----------
    divides, include_pad : bool
        An average divides by the cells of the input in each window: one without any is refused, whatever the padding;
        but not if padding is counted as well.

    Raises
    ------
    ConvError

    Examples
    --------
    >>> pool_axes((1,), (2,), padding=1, dilation=2)[0].out
    1
    """
    count = len(sizes)
    found = axes(
        sizes,
        window,
        padding=padding,
        stride=per_axis("window", window, count, 1) if stride is None else stride,
        dilation=dilation,
        ceil=ceil,
        what="window",
    )
    for i, axis in enumerate(found):
        if not include_pad and (divides or max(axis.before, axis.after) > axis.extent // 2):
            _check_cells(i, axis)
    return found


def _check_cells(i: int, axis: Axis) -> None:
    empty = _first_empty(axis)
    if empty is None:
        return
    dilated = f", dilation {axis.d}" if axis.d > 1 else ""
    raise ConvError(
        f"padding: window {empty} on axis {i} holds no cell of the input "
        f"(window {axis.k}{dilated}, input {axis.n}, padding {axis.before}/{axis.after}), every window needs one"
    )


def _first_empty(axis: Axis) -> int | None:
    """Return the first window none of whose taps reads a row of the input."""
    n, s, d = axis.n, axis.s, axis.d
    if axis.extent <= axis.before:  # the first window ends in the padding
        return 0
    if n < d:
        # a window that begins before the input steps over it where its first tap past row -1 is past the input too
        early = min(axis.out, -(-axis.before // s))
        start, step = -axis.before % d, s % d
        i = _first_within(step, d, n - start, d - 1 - start) if start < n else 0
        if i is not None and i < early:
            return i
    late = -(-(n + axis.before) // s)  # the first window that begins past the input
    return late if late < axis.out else None


def _first_within(a: int, m: int, low: int, high: int) -> int | None:
    """Return the least i >= 0 for which a·i mod m lies in [low, high], 0 <= low <= high < m; as Euclid's algorithm."""
    if low == 0:
        return 0
    if a == 0:
        return None
    i = -(-low // a)
    if a * i <= high:
        return i
    y = _first_within(m % a, a, -high % a, -low % a)
    return None if y is None else -(-(low + m * y) // a)


def output_size(
    n: Wholes,
    k: Wholes,
    *,
    padding: PaddingLike = 0,
    stride: Wholes = 1,
    dilation: Wholes = 1,
    ceil: bool = False,
) -> int | tuple[int, ...]:
    """Output size of a convolution or pooling layer, floor((n + before + after - k') / s) + 1.

    Parameters
    ----------
    n, k : int or sequence of int
        Input and kernel size, one number or one an axis. Here and below NumPy's integers, and arrays of them, are as
        good as int.
    padding : int, str or sequence
        Rows per side, one number or one an axis, (before, after) pairs, or a word of `WORDS`.
    stride, dilation : int or sequence of int
    ceil : bool
        Round up, with the clip that pooling layers apply.

    Returns
    -------
    int or tuple of int
        An int when `n` is one number.

    Raises
    ------
    ConvError
        What is no whole number or too small, a wrong number of axes, an unknown word, or a kernel larger than the
        padded input.

    Examples
    --------
    >>> output_size(224, 7, padding=3, stride=2)
    112
    >>> output_size((8, 8), (5, 3), padding=(2, 1))
    (8, 8)
    """
    sizes = wholes("input", n, 1)
    if not sizes:
        raise ConvError("input: got nothing, a size is needed", usage=True)
    found = axes(sizes, k, padding=padding, stride=stride, dilation=dilation, ceil=ceil)
    return found[0].out if several(n) is None else tuple(a.out for a in found)


def per_axis(what: str, value: Wholes, count: int, least: int) -> tuple[int, ...]:
    """Spread one number over all axes, or check that there is one an axis and that none is below `least`.

    >>> per_axis("stride", 2, 3, 1)
    (2, 2, 2)
    """
    values = wholes(what, value, least)
    if len(values) not in (1, count):
        raise ConvError(
            f"{what}: got {size_text(values) or 'nothing'} for {count} {'axis' if count == 1 else 'axes'}, "
            f"one number or {count} are needed",
            usage=True,
        )
    return values * count if len(values) == 1 else values


def size_text(sizes: Sequence[int]) -> str:
    """Write a size as the command line reads it.

    >>> size_text((3, 224, 224))
    '3x224x224'
    """
    return "x".join(str(n) for n in sizes)
