"""The data of a fit: pairs of input and answer, and the windows of the input that the answers see, band by band.

A window of the padded input is one row of the design matrix A, its answer one element of y; a column of A is a tap.
A is never built whole.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from convcli.engine.borders import Border, read_window
from convcli.engine.errors import ConvError
from convcli.engine.sizes.geometry import Axis

__all__ = ["Band", "Data", "Floats", "Pair", "Run", "split"]

Floats: TypeAlias = NDArray[np.float64]

BAND = 1 << 17
"""Elements of a band's windows: few enough to stay in a core's cache while all their products are made."""

BLOCK = 16
"""Most rows that are held out together."""


@dataclass(frozen=True)
class Pair:
    """One input with its answers, as planes, and where the windows lie.

    Parameters
    ----------
    x : ndarray, shape (N, C, H, W)
    y : ndarray, shape (N, O, H', W')
    axes : (Axis, Axis)
        With the size of the kernel that is learned.
    mode, value
        What stands beyond the edge of `x`.
    limits : (float, float) or None
        Answers at or beyond these two values are clipped: they are left out.
    """

    x: NDArray[Any]
    y: NDArray[Any]
    axes: tuple[Axis, Axis]
    mode: Border
    value: float
    limits: tuple[float, float] | None = None


@dataclass(frozen=True)
class Run:
    """Rows start … stop-1 of the answers to one image of one pair."""

    pair: int
    image: int
    start: int
    stop: int

    @property
    def rows(self) -> int:
        """Number of rows."""
        return self.stop - self.start


@dataclass(frozen=True)
class Band:
    """A few rows of answers with the windows they see.

    Parameters
    ----------
    cells : ndarray, shape (rows of the padded input, C * kw, W')
        What the taps of one kernel row read along each row of the input.
    windows : ndarray, shape (rows, kh * C * kw, W')
        Columns of A for each row of answers, taps in the order (row, channel, column). Without dilation it is an
        overlapping view of `cells`: no copies, and still matrices as BLAS takes them.
    y : ndarray, shape (rows, O, W')
    weight : ndarray, shape (rows, 1 or O, W')
        1 where an answer counts, 0 where it is clipped.
    whole : bool
        Whether every weight is 1.
    """

    cells: Floats
    windows: Floats
    y: Floats
    weight: Floats
    whole: bool


@dataclass(frozen=True)
class Data:
    """All pairs of a fit.

    Parameters
    ----------
    pairs : sequence of Pair
        All with the same numbers of channels.
    shift : ndarray, shape (C,)
        Subtracted from each input channel before products are made: about its mean, so that a nearly flat
        photograph keeps its digits. Solvers put it back.
    center : ndarray, shape (O,)
        About the mean of each answer channel.
    """

    pairs: Sequence[Pair]
    shift: Floats
    center: Floats

    @property
    def masks(self) -> int:
        """Answer channels whose weights may differ: all if any may be clipped, else 1 for all."""
        return self.maps if any(pair.limits for pair in self.pairs) else 1

    @property
    def size(self) -> tuple[int, int, int]:
        """Channels, rows and columns of the kernel of one answer channel."""
        vertical, horizontal = self.pairs[0].axes
        return int(self.pairs[0].x.shape[1]), vertical.k, horizontal.k

    @property
    def maps(self) -> int:
        """Channels of the answers."""
        return int(self.pairs[0].y.shape[1])

    @property
    def taps(self) -> int:
        """Taps of the kernel of one answer channel."""
        channels, kh, kw = self.size
        return channels * kh * kw

    @property
    def offsets(self) -> Floats:
        """What is subtracted from the column of each tap, shape (taps,)."""
        return np.repeat(self.shift, self.taps // self.size[0])

    def runs(self) -> list[Run]:
        """Return all rows of all images."""
        return [
            Run(p, i, 0, pair.axes[0].out)
            for p, pair in enumerate(self.pairs)
            for i in range(pair.x.shape[0])
        ]

    def in_order(self, taps: Floats) -> Floats:
        """Bring an axis of taps, the first, from the order of `Band.windows` to (channel, row, column)."""
        channels, kh, kw = self.size
        return taps.reshape(kh, channels, kw, -1).swapaxes(0, 1).reshape(taps.shape)

    def bands(self, run: Run) -> Iterator[Band]:
        """Read a run, a few rows of answers at a time."""
        horizontal = self.pairs[run.pair].axes[1]
        height = max(BAND // (self.size[0] * horizontal.k * horizontal.out), 1)
        for top in range(run.start, run.stop, height):
            yield self._band(run, top, min(top + height, run.stop))

    def _band(self, run: Run, top: int, bottom: int) -> Band:
        pair, (channels, kh, kw) = self.pairs[run.pair], self.size
        vertical, horizontal = pair.axes
        count, wide, across = bottom - top, channels * kw, horizontal.out
        reach = (across - 1) * horizontal.s + 1
        deep, width = (count - 1) * vertical.s + vertical.extent, reach - 1 + horizontal.extent
        first, left = top * vertical.s - vertical.before, -horizontal.before
        source = np.empty((channels, deep, width))
        spans = (first, first + deep), (left, left + width)
        read_window(pair.x[run.image], *spans, pair.mode, pair.value, source)
        source -= self.shift[:, None, None]
        cells = np.empty((deep, wide, across))
        by_channel = cells.reshape(deep, channels, kw, across).transpose(1, 0, 2, 3)
        for v in range(kw):
            at = v * horizontal.d
            by_channel[:, :, v] = source[:, :, at : at + reach : horizontal.s]
        row, *within = cells.strides
        windows = as_strided(
            cells, (count, kh, wide, across), (vertical.s * row, vertical.d * row, *within)
        ).reshape(count, kh * wide, across)
        y = pair.y[run.image, :, top:bottom].swapaxes(0, 1)
        if pair.limits is None:
            weight = np.ones((count, self.masks, across))
            return Band(cells, windows, y.astype(np.float64), weight, True)
        kept = (y > pair.limits[0]) & (y < pair.limits[1])
        return Band(cells, windows, y.astype(np.float64), kept.astype(np.float64), bool(kept.all()))


def split(runs: Sequence[Run], held: float) -> tuple[list[Run], list[Run]]:
    """Split rows into those to fit and those held out: blocks of up to `BLOCK` rows, spread evenly.

    A block is held out where that brings the rows held out so far nearer to their share of those seen.

    Parameters
    ----------
    runs : sequence of Run
    held : float
        Share of the rows to hold out, 0 … 1.

    Returns
    -------
    (list of Run, list of Run)

    Raises
    ------
    ConvError
        Nothing would be held out, or nothing left.
    """
    total = sum(run.rows for run in runs)
    height = min(max(int(total * min(held, 1 - held) / 4), 1), BLOCK) if held else total
    kept: list[Run] = []
    out: list[Run] = []
    seen = aside = 0
    for run in runs:
        for start in range(run.start, run.stop, height):
            part = Run(run.pair, run.image, start, min(start + height, run.stop))
            seen += part.rows
            if seen * held - aside >= part.rows / 2:
                out.append(part)
                aside += part.rows
            else:
                kept.append(part)
    if held and not (out and kept):
        raise ConvError(
            f"holdout: got {held:g} of {total} row{'s' * (total != 1)}, "
            "at least one row has to be held out and one has to be left"
        )
    return _joined(kept), _joined(out)


def _joined(runs: Sequence[Run]) -> list[Run]:
    """Join runs that follow each other."""
    found: list[Run] = []
    for run in runs:
        last = found[-1] if found else None
        if last and (last.pair, last.image, last.stop) == (run.pair, run.image, run.start):
            found[-1] = Run(run.pair, run.image, last.start, run.stop)
        else:
            found.append(run)
    return found
