"""Ranks: the r-th smallest cell of every window, by sorting networks, by thresholds or by partition.

A network is a list of minima and maxima of whole planes, shifted against each other. The columns of a window are sorted
first and then merged, two and two; what windows side by side have in common is computed once. Source: Batcher, "Sorting
networks and their applications", 1968; Adams, "Fast median filters using separable sorting networks", 2021.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from convcli.engine.arrays import empty
from convcli.engine.footprints import Columns, runs
from convcli.engine.threads import shared, workers

__all__ = ["Rule", "Windows", "clipped", "countable", "counted", "middle", "network", "select"]

Array: TypeAlias = NDArray[Any]
Wire: TypeAlias = tuple[int, int]
"""A node of a network, and how many cells to the right it is looked at."""

Rule: TypeAlias = Callable[[NDArray[np.int64]], tuple[NDArray[np.int64], NDArray[np.int64]]]
"""From numbers of cells to the lower and the upper rank whose mean is asked for."""

LONGEST = 20000
"""Minima and maxima of the longest network that is used; windows of more are counted or parted."""

COUNTED = 2200
"""The same where the numbers have 8 bits, and a window's cells below each of the 256 can be counted instead."""

SHARED, ALONE = 1700, 64
"""Cells of the largest window for which a network is built: neighbours share its parts, or do not."""

HELD = 1 << 21
"""Bytes that a network's live planes may take, so that they stay in a core's cache."""

BESIDE = 1 << 23
"""The same beside other threads (see `threads.shared`)."""

LEAST = 3 << 15
"""Bytes of a plane below which the calls cost more than the cells."""

TILE = 192
"""Rows and columns of windows that are counted together: their answers are near each other, and their cells in the cache."""

TOGETHER = 8
"""Numbers that are counted at a time."""

GATHERED = 1 << 20
"""Cells of windows that are gathered at a time, to be parted or sorted."""


@dataclass(frozen=True)
class Windows:
    """Which cells a window looks at, and where the windows lie.

    Parameters
    ----------
    columns : tuple of (int, int)
        The half-open range of rows that the window takes of each of its columns; an empty one takes none.
    stride, dilation : (int, int)
    """

    columns: Columns
    stride: tuple[int, int]
    dilation: tuple[int, int]

    @property
    def count(self) -> int:
        """Cells of a window."""
        return sum(stop - start for start, stop in self.columns)

    @property
    def mask(self) -> NDArray[np.bool]:
        """Which cells of the window count, shape (kh, kw)."""
        rows = np.arange(max(stop for _, stop in self.columns))[:, None]
        start, stop = np.array(self.columns).T
        return np.asarray((rows >= start) & (rows < stop))

    @property
    def taps(self) -> NDArray[np.intp]:
        """Row and column of every cell of the window at the origin, column by column; shape (2, cells)."""
        columns, rows = np.nonzero(self.mask.T)
        return np.stack((rows * self.dilation[0], columns * self.dilation[1]))


def select(cells: Array, windows: Windows, ranks: Sequence[int], out: Sequence[Array]) -> None:
    """Find the cells of some ranks (0 is the smallest) in every window.

    Parameters
    ----------
    cells : ndarray, shape (P, rows, columns), C-contiguous, in native byte order
        All that the windows look at. A window that holds NaN answers NaN.
    windows : Windows
    ranks : sequence of int
        One, or two that follow each other.
    out : sequence of ndarray, shape (P, rows of windows, columns of windows)
        One a rank, of the dtype of `cells`.
    """
    if cells.dtype == np.bool:
        cells, out = cells.view(np.uint8), [o.view(np.uint8) for o in out]
    found = network(cells.dtype, windows, ranks)
    if found is not None:
        with _turn():
            found.run(cells, windows, out)
    elif countable(cells.dtype, windows):
        counted(cells, windows, ranks, out)
    else:
        _parted(cells, windows, ranks, out)


def network(dtype: np.dtype[Any], windows: Windows, ranks: Sequence[int]) -> "Network | None":
    """Return the network that `select` uses; None where another way is shorter."""
    together = windows.stride[1] == 1
    if windows.count > (SHARED if together else ALONE):
        return None
    built = _network(windows.columns, windows.dilation[1] if together else 0, tuple(ranks))
    return (
        built if len(built.steps) <= (COUNTED if countable(dtype, windows) else LONGEST) else None
    )


def countable(dtype: np.dtype[Any], windows: Windows) -> bool:
    """Whether `counted` serves: the numbers have 8 bits, and the windows stand close."""
    return dtype.itemsize == 1 and max(windows.stride) <= 2


# --- networks -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Network:
    """Minima and maxima that leave the cells of some ranks on its outputs.

    Parameters
    ----------
    inputs : int
        Nodes 0 … inputs-1 are planes that are given.
    steps : tuple
        (node, least, a, b): the minimum, or the maximum, of two wires.
    reach : dict of int to int
        Cells to the right of its own place that a node looks at.
    freed : tuple
        For each step, the nodes that nobody needs any more after it.
    live : int
        Nodes that are held at the same time, at most.
    outputs : tuple of Wire
    """

    inputs: int
    steps: tuple[tuple[int, bool, Wire, Wire], ...]
    reach: dict[int, int]
    freed: tuple[tuple[int, ...], ...]
    live: int
    outputs: tuple[Wire, ...]

    def run(self, cells: Array, windows: Windows, out: Sequence[Array]) -> None:
        """Compute the windows of `cells` (see `select`), some rows at a time."""
        planes, _, width = cells.shape
        rows = out[0].shape[1]
        down, step = windows.dilation[0], windows.stride[0]
        held = BESIDE if shared() and _turns() > 1 else HELD
        fit = max(held // max(self.live, 8), LEAST) // cells.dtype.itemsize
        height = min(max(fit // width, 1), rows)
        spare: list[Array] = []
        whole = planes if height == rows else 1
        for plane in range(0, planes, whole):
            for top in range(0, rows, height):
                bottom = min(top + height, rows)
                last = (bottom - 1) * step + down * (max(b for _, b in windows.columns) - 1) + 1
                part = cells[plane : plane + whole, top * step : last]
                found = [o[plane : plane + whole, top:bottom] for o in out]
                self._run(part, windows, found, spare)

    def _run(self, part: Array, windows: Windows, out: list[Array], spare: list[Array]) -> None:
        planes, rows, _ = out[0].shape
        given = _planes(part, windows, rows)
        wide = given[0].shape[-1]
        size = planes * rows * wide
        values: dict[int, Array] = dict(enumerate(plane.reshape(-1) for plane in given))
        for (node, least, (a, i), (b, j)), freed in zip(self.steps, self.freed, strict=True):
            length = size - self.reach[node]
            buffer = spare.pop() if spare else empty((size,), part.dtype)
            if buffer.size < size:
                buffer = empty((size,), part.dtype)
            merge = np.minimum if least else np.maximum
            merge(values[a][i : i + length], values[b][j : j + length], out=buffer[:length])
            values[node] = buffer
            for gone in freed:
                spare.append(values.pop(gone))
        for target, (node, shift) in zip(out, self.outputs, strict=True):
            # the windows of the last columns would look into the next row: there are none, rows are cut there
            found = np.lib.stride_tricks.as_strided(
                values[node][shift:],
                target.shape,
                tuple(n * part.itemsize for n in (rows * wide, wide, 1)),
            )
            np.copyto(target, found)
        for node in {node for node, _ in self.outputs if node >= self.inputs}:
            spare.append(values[node])


def _planes(part: Array, windows: Windows, rows: int) -> list[Array]:
    """Lay out the planes that a network is given, each of shape (P, rows, columns) and contiguous.

    One a row of the window, which the network shifts; with a horizontal stride one a cell of the window.
    """
    (step, aside), (down, _) = windows.stride, windows.dilation
    span = (rows - 1) * step + 1
    if aside == 1:
        lowest = max(stop for _, stop in windows.columns)
        found = [part[:, u * down : u * down + span : step] for u in range(lowest)]
    else:
        columns = (part.shape[2] - 1 - (len(windows.columns) - 1) * windows.dilation[1]) // aside
        found = [
            part[:, u : u + span : step, v : v + columns * aside + 1 : aside]
            for u, v in windows.taps.T.tolist()
        ]
    return [np.ascontiguousarray(plane) for plane in found]


class _Builder:
    """Nodes that are made once, however often they are asked for."""

    def __init__(self, inputs: int) -> None:
        self.inputs = inputs
        self.steps: dict[tuple[bool, Wire, Wire], int] = {}

    def exchange(self, one: Wire, other: Wire) -> tuple[Wire, Wire]:
        """Return minimum and maximum of two wires."""
        shift = min(one[1], other[1])
        a, b = sorted([(one[0], one[1] - shift), (other[0], other[1] - shift)])
        low, high = (
            (self.steps.setdefault((least, a, b), self.inputs + len(self.steps)), shift)
            for least in (True, False)
        )
        return low, high

    def merged(self, one: list[Wire], other: list[Wire]) -> list[Wire]:
        """Merge two sorted lists: Batcher's odd-even merge, for any lengths."""
        if not one or not other:
            return one or other
        if len(one) == len(other) == 1:
            return list(self.exchange(one[0], other[0]))
        even = self.merged(one[::2], other[::2])
        odd = self.merged(one[1::2], other[1::2])
        found = even[:1]
        for low, high in zip(odd, even[1:], strict=False):
            found += self.exchange(low, high)
        both = min(len(odd), len(even) - 1)
        return found + odd[both:] + even[both + 1 :]

    def ordered(self, wires: list[Wire]) -> list[Wire]:
        """Sort a list."""
        if len(wires) < 2:
            return wires
        half = len(wires) // 2
        return self.merged(self.ordered(wires[:half]), self.ordered(wires[half:]))


def _turns() -> int:
    """How many threads may run a network at a time: its calls are short, so that more would wait for the interpreter."""
    return max(workers() // 2, 1)


@cache
def _turn() -> threading.Semaphore:
    return threading.Semaphore(_turns())


@cache
def _network(columns: Columns, across: int, ranks: tuple[int, ...]) -> Network:
    """Build the network of a window; `across` is the distance of its columns, 0 where each cell is given by itself."""
    count = sum(stop - start for start, stop in columns)
    inputs = max(stop for _, stop in columns) if across else count
    builder = _Builder(inputs)
    at = 0
    lists: list[tuple[int, list[Wire]]] = []
    for column, (start, stop) in enumerate(columns):
        wires = [
            (row, column * across) if across else (at + row - start, 0)
            for row in range(start, stop)
        ]
        at += stop - start
        if wires:
            lists.append((len(wires), _useful(builder.ordered(wires), len(wires), 0, count, ranks)))
    # 1 + 1, 2 + 2, 4 + 4 … columns, so that neighbours are merged alike; what is left over joins at the end
    while len(lists) > 1:
        pairs = len(lists) // 2 * 2
        joined = [
            _joined(builder, lists[i], lists[i + 1], count, ranks) for i in range(0, pairs, 2)
        ]
        lists = joined + lists[pairs:]
    _, left = lists[0]
    return _finished(builder, tuple(left))


def _joined(
    builder: _Builder,
    one: tuple[int, list[Wire]],
    other: tuple[int, list[Wire]],
    count: int,
    ranks: tuple[int, ...],
) -> tuple[int, list[Wire]]:
    size = one[0] + other[0]
    lost = sum(max(min(ranks) - count + n, 0) for n in (one[0], other[0]))
    return size, _useful(builder.merged(one[1], other[1]), size, lost, count, ranks)


def _useful(
    wires: list[Wire], size: int, lost: int, count: int, ranks: tuple[int, ...]
) -> list[Wire]:
    """Keep what can still be of the ranks: `wires` are the smallest of `size` cells of `count`, less `lost` smaller ones."""
    return wires[max(min(ranks) - count + size, 0) - lost : max(ranks) + 1 - lost]


def _finished(builder: _Builder, outputs: tuple[Wire, ...]) -> Network:
    """Leave out what no output needs, and count who needs what."""
    nodes = {node: step for step, node in builder.steps.items()}
    needed: set[int] = set()
    stack = [node for node, _ in outputs]
    while stack:
        node = stack.pop()
        if node in nodes and node not in needed:
            needed.add(node)
            stack += [wire[0] for wire in nodes[node][1:]]
    steps = tuple((node, *nodes[node]) for node in sorted(needed))
    last = {wire[0]: i for i, (_, _, *wires) in enumerate(steps) for wire in wires}
    for node, _ in outputs:
        last[node] = len(steps)
    reach = dict.fromkeys(range(builder.inputs), 0)
    freed, held, live = [], 0, 0
    for i, (node, _, a, b) in enumerate(steps):
        reach[node] = max(reach[a[0]] + a[1], reach[b[0]] + b[1])
        held += 1
        live = max(live, held)
        gone = tuple({w[0] for w in (a, b) if last[w[0]] == i and w[0] >= builder.inputs})
        held -= len(gone)
        freed.append(gone)
    return Network(builder.inputs, steps, reach, tuple(freed), live + builder.inputs, outputs)


# --- large windows --------------------------------------------------------------------------------


def counted(
    cells: Array,
    windows: Windows,
    ranks: Sequence[int | NDArray[np.int64]],
    out: Sequence[Array],
) -> None:
    """Count, for the numbers that occur, the cells of each window that are no larger: O(256), whatever the window.

    A tile at a time, in which answers are near each other. As `select`, but ranks may differ from window to window, and
    more than two are allowed.

    Source: Fitch, Coyle and Gallagher, "Median filtering by threshold decomposition", 1984.
    """
    (step, aside), (down, across) = windows.stride, windows.dilation
    reach = (max(b for _, b in windows.columns) - 1) * down, (len(windows.columns) - 1) * across
    planes, rows, columns = out[0].shape
    places = product(range(planes), range(0, rows, TILE), range(0, columns, TILE))
    for plane, top, left in places:
        tile = slice(top, min(top + TILE, rows)), slice(left, min(left + TILE, columns))
        last = [
            (w.stop - 1) * s + r + 1 for w, s, r in zip(tile, windows.stride, reach, strict=True)
        ]
        one = slice(plane, plane + 1)
        part = cells[one, top * step : last[0], left * aside : last[1]]
        own = [r if isinstance(r, int) else r[tile] for r in ranks]
        _counted(part, windows, own, [o[one, *tile] for o in out])


def _counted(
    cells: Array,
    windows: Windows,
    ranks: Sequence[int | NDArray[np.int64]],
    out: Sequence[Array],
) -> None:
    """Count in a part: of the numbers that occur only those between the least and the largest answer."""
    values = np.unique(cells)
    index = [np.zeros(o.shape, np.uint8) for o in out]
    passed = 0
    # ranges of numbers of which it is not known yet whether answers are larger
    undecided = [(0, len(values) - 1)] if len(values) > 1 else []
    while undecided:
        taken, undecided = undecided[:TOGETHER], undecided[TOGETHER:]
        middles = [(first + last) // 2 for first, last in taken]
        ones = (cells <= values[middles][:, None, None]).view(np.uint8)
        below = _sums(ones, windows, *out[0].shape[1:])
        larger = [below <= rank for rank in ranks]
        for at, found in zip(index, larger, strict=True):
            at += found.view(np.uint8).sum(axis=0, dtype=np.uint8)
        every = np.logical_and.reduce([found.all(axis=(1, 2)) for found in larger])
        some = np.logical_or.reduce([found.any(axis=(1, 2)) for found in larger])
        for (first, last), middle, whole, part in zip(taken, middles, every, some, strict=True):
            if whole:
                passed += middle - first
            elif first < middle:
                undecided.append((first, middle))
            if part and middle + 1 < last:
                undecided.append((middle + 1, last))
    for target, at in zip(out, index, strict=True):
        at += passed
        target[...] = values[at]


def _sums(ones: Array, windows: Windows, rows: int, columns: int) -> Array:
    """Sum up the cells of each window, zeros and ones: from (P, H, W) to (P, rows, columns)."""
    (down, across), (step, aside) = windows.dilation, windows.stride
    dtype = np.dtype(np.uint16 if windows.count < 1 << 16 else np.uint32)
    found: Array | None = None
    for (start, stop), ranges in runs(windows.columns).items():
        few = np.dtype(np.uint8) if stop - start <= 255 else dtype  # half the bytes
        tall = _added(ones, stop - start, down, few)[:, start * down :: step][:, :rows]
        # all rows as one: what a window at a row's end sees of the next is cut off
        line, wide = np.ascontiguousarray(tall).reshape(1, -1), tall.shape[2]
        for left, right in ranges:
            flat = _added(line[:, left * across :], right - left, across, dtype)
            steps = (rows * wide, wide, aside)
            whole = np.lib.stride_tricks.as_strided(
                flat, (len(ones), rows, columns), tuple(n * flat.itemsize for n in steps)
            )
            found = whole if found is None else found + whole
    assert found is not None
    return found


def _added(cells: Array, length: int, apart: int, dtype: np.dtype[Any]) -> Array:
    """Sum up `length` cells of the middle axis, `apart` from each other: by 1, 2, 4, …, and length as a sum of those."""
    run = cells.astype(dtype, copy=False)
    size = cells.shape[1] - (length - 1) * apart
    total: Array | None = None
    done, doubled = 0, 1
    while True:
        if length & doubled:
            part = run[:, done * apart : done * apart + size]
            total = part if total is None else total + part
            done += doubled
        if done == length:
            assert total is not None
            return total
        run = run[:, : -doubled * apart] + run[:, doubled * apart :]
        doubled *= 2


def _parted(cells: Array, windows: Windows, ranks: Sequence[int], out: Sequence[Array]) -> None:
    """Lay the cells of each window side by side and part them at the ranks."""
    planes, rows, columns = out[0].shape
    mask = windows.mask
    size = tuple((k - 1) * d + 1 for k, d in zip(mask.shape, windows.dilation, strict=True))
    (step, aside), (down, across) = windows.stride, windows.dilation
    views = np.lib.stride_tricks.sliding_window_view(cells, size, axis=(1, 2))
    views = views[:, ::step, ::aside, ::down, ::across]
    height = max(GATHERED // (windows.count * columns), 1)
    for plane in range(planes):
        for top in range(0, rows, height):
            part = views[plane, top : min(top + height, rows), :columns]
            gathered = part.copy().reshape(*part.shape[:2], -1) if mask.all() else part[..., mask]
            gathered.partition((*ranks, windows.count - 1), axis=-1)
            largest = gathered[:, :, -1]  # NaN, if there is one
            for target, rank in zip(out, ranks, strict=True):
                found = gathered[:, :, rank]
                if cells.dtype.kind == "f":
                    found = np.where(np.isnan(largest), largest, found)
                target[plane, top : top + len(found)] = found


# --- windows that hang over the edge ---------------------------------------------------------------


def clipped(cells: Array, windows: Windows, first: tuple[int, int], rule: Rule, out: Array) -> None:
    """Find the answer of windows of which only a part may lie inside, from the cells inside.

    Parameters
    ----------
    cells : ndarray, shape (P, H, W)
    windows : Windows
    first : (int, int)
        Row and column of the first cell of the first window, which may lie outside.
    rule : callable
        From numbers of cells to the lower and the upper rank whose mean is the answer.
    out : ndarray, shape (P, rows, columns)
    """
    planes, rows, columns = out.shape
    taps = windows.taps
    height = max(GATHERED // (windows.count * columns * planes), 1)
    if cells.dtype == np.bool:
        cells = cells.view(np.uint8)
    largest = np.inf if cells.dtype.kind == "f" else np.iinfo(cells.dtype).max
    right = first[1] + np.arange(columns)[:, None] * windows.stride[1] + taps[1]
    for top in range(0, rows, height):
        bottom = min(top + height, rows)
        down = first[0] + np.arange(top, bottom)[:, None] * windows.stride[0] + taps[0]
        inside = ((down >= 0) & (down < cells.shape[1]))[:, None, :]
        inside = inside & ((right >= 0) & (right < cells.shape[2]))
        at = (
            np.clip(down, 0, cells.shape[1] - 1)[:, None, :],
            np.clip(right, 0, cells.shape[2] - 1)[None],
        )
        gathered = np.where(inside, cells[:, *at], cells.dtype.type(largest))
        gathered.sort(axis=-1)
        low, high = rule(inside.sum(axis=-1))
        ends = [
            np.take_along_axis(gathered, rank[None, :, :, None], -1)[..., 0] for rank in (low, high)
        ]
        if (
            cells.dtype.kind == "f"
        ):  # NaN stands at the end, behind the infinities of what lies outside
            ends = [np.where(np.isnan(gathered[..., -1]), np.nan, end) for end in ends]
        middle(ends[0], ends[1], out[:, top:bottom])


def middle(low: Array, high: Array, out: Array) -> None:
    """Write the mean of two neighbours in rank: themselves, where they are one, or `out` is of no floats."""
    if low is high or out.dtype.kind != "f":
        out[...] = low  # no window has an even number of cells
        return
    with np.errstate(over="ignore", invalid="ignore"):
        found = np.add(low, high, dtype=np.float64)
        np.multiply(found, 0.5, out=out, casting="unsafe")
        if low.dtype == np.float64:  # the sum may pass its range
            np.copyto(out, low, where=low == high)
