"""What strategies share that filter plane by plane, in floats: from one source to all maps that are made from it."""

from abc import ABC, abstractmethod
from math import isfinite
from typing import Protocol

import numpy as np

from convcli.engine.correlation.problem import Array, Part, Problem, Scratch, as_it_lies
from convcli.engine.correlation.toeplitz import HEIGHT, Interleave, high
from convcli.engine.threads import shared, workers

__all__ = ["COUNTED", "Planewise", "plane_step", "refuse"]

COLUMNS = 1 << 11
"""Columns of a part, at most."""

CACHE = 1 << 18
"""Elements that a band may fill: more leaves a core's cache."""

BESIDE = 1 << 20
"""The same beside other threads (see `threads.shared`)."""

PART = 1 << 20
"""Elements of a part, at most."""

READ = 1 << 19
"""Elements of a result for which one thread by itself reads the padded input in one go."""

COUNTED = 1 << 18
"""Elements of a result for which costs count the calls: about what bands make."""


def refuse(problem: Problem) -> str | None:
    """Say why products of floats cannot serve."""
    if problem.depth > 1:
        return "it does not add up channels"
    if problem.work.kind != "f":
        return "its sums pass 2**53, products of floats would round them"
    return None if problem.finite else "the kernel holds a value that is not finite"


def plane_step(problem: Problem, most: int = PART) -> tuple[int, int, int]:
    """Groups, rows and columns of a part of `most` elements that is taken plane by plane; of many threads' smaller ones."""
    y, x = problem.axes
    columns = min(x.out, COLUMNS)
    elements = min(most, 2 * PART // workers())
    return 1, min(max(elements // columns // HEIGHT * HEIGHT, HEIGHT), y.out), columns


class Band(Protocol):
    """A band of a part, of one size, that is computed wherever it lies."""

    def fill(self, window: Array) -> None:
        """Arrange the padded input of the band for all maps that are made of it; shape (rows read, `wide`)."""

    def make(self, o: int, found: Array) -> None:
        """Compute output map `o` without its bias into `found`, unit stride along columns."""


class Planewise(ABC):
    """A strategy that reads a channel of a part once and makes each map of it by products of floats.

    The part is taken in bands of rows, few enough for all that is made of them to stay in a core's own cache.
    """

    threads = True
    rounds = True

    def __init__(self, problem: Problem, held: int) -> None:
        """Make ready; `held` is how many elements a band holds for each one of its result."""
        self.problem = problem
        self.safe, self.token = problem.safe, object()
        self.step, self.work = plane_step(problem), problem.work
        self.interleave = Interleave.of(problem.axes[0])
        self.alone, self.beside = (self._rows(size // held) for size in (CACHE, BESIDE))

    def _rows(self, most: int) -> int:
        """Rows of a band that makes about `most` elements: all bands of one size, if that can be."""
        # a band begins where each phase begins, with a whole matrix
        unit = HEIGHT * self.interleave.phases
        units = -(-self.step[1] // unit)
        bands = -(-units // max(most // self.step[2] // unit, 1))
        even = (b for b in range(bands, 2 * bands) if units % b == 0)
        return -(-units // next(even, bands)) * unit

    @abstractmethod
    def wide(self, columns: int) -> int:
        """Columns of the input that products for `columns` of the result read, those of units cut off included."""

    @abstractmethod
    def band(self, rows: int, columns: int, scratch: Scratch) -> "Band":
        """Make ready what all bands of `rows` × `columns` have in common."""

    def run(self, part: Part, out: Array, scratch: Scratch) -> bool:
        """Compute a part (see `Runner.run`)."""
        if shared():
            return self._run(part, self.beside, out, scratch)
        most = max(READ // self.step[2] // self.alone, 1) * self.alone
        return all(
            self._run(piece, self.alone, out[:, rows], scratch) for piece, rows in part.bands(most)
        )

    def _run(self, part: Part, height: int, out: Array, scratch: Scratch) -> bool:
        """Compute a part in bands of so many rows."""
        problem, channel = self.problem, part.groups[0]
        y, per = problem.axes[0], problem.per
        window = self._window(part, channel, height, scratch)
        direct = as_it_lies(out, problem.work)
        rounded = out.dtype.kind in "iu" and problem.bound is None
        squares = None if self.safe else scratch.get("squares", (per, part.rows), problem.work)
        kept = scratch.keep(self.token)
        for start in range(0, part.rows, height):
            stop = min(start + height, part.rows)
            size = stop - start, part.columns
            if size not in kept:
                kept[size] = self.band(*size, scratch), self.read(stop - start)
            band, read = kept[size]
            band.fill(window[start * y.s : start * y.s + read])
            for i in range(per):
                o, target = channel * per + i, out[i, start:stop]
                found = target if direct else scratch.get("found", target.shape, problem.work)
                band.make(o, found)
                if problem.bias is not None:
                    np.add(found, problem.bias[o], out=found)
                if squares is not None:
                    np.vecdot(found, found, out=squares[i, start:stop])
                if rounded:
                    np.rint(found, out=found)
                if not direct:
                    np.copyto(target, found, casting="unsafe")
        # zeros of the band times NaN or infinity spoil windows; a sum of squares is quicker than a look at every
        # element, and only where it overflows does not decide
        return squares is None or isfinite(squares.sum()) or bool(np.isfinite(out).all())

    def read(self, rows: int) -> int:
        """Rows of the input that products for `rows` rows read, those of units cut off included."""
        y = self.problem.axes[0]
        return high(rows, y) * y.d

    def _window(self, part: Part, channel: int, height: int, scratch: Scratch) -> Array:
        """Read what the windows of a part read, and zeros up to what the products of its bands read."""
        problem, x, s = self.problem, self.problem.x, self.problem.axes[0].s
        (top, bottom), (left, right) = problem.span(part)
        last = (part.rows - 1) // height * height
        tall = last * s + self.read(part.rows - last)
        if last:
            tall = max(tall, (last - height) * s + self.read(height))
        wide = self.wide(part.columns)
        inside = top >= 0 <= left and top + tall <= x.shape[2] and left + wide <= x.shape[3]
        if inside and as_it_lies(x, problem.work):
            lying: Array = x[part.image, channel, top : top + tall, left : left + wide]
            # what is contiguous a band may keep, and so the picture
            if not lying.flags.c_contiguous:
                return lying
        window = scratch.get("window", (tall, wide), problem.work)
        rows, columns = bottom - top, right - left
        problem.read(part, slice(channel, channel + 1), window[None, :rows, :columns])
        window[:rows, columns:] = 0
        window[rows:] = 0
        return window
