"""Shifted adds: every tap multiplies the whole input, shifted, and is added. Exact in integers, right for any input."""

from dataclasses import replace
from typing import Any

import numpy as np

from convcli.engine.correlation.costs import CALL, Cost, count_parts, rates
from convcli.engine.correlation.problem import Array, Part, Problem, Scratch, all_finite, as_it_lies
from convcli.engine.threads import shared

__all__ = ["Taps", "anyway", "cost", "refuse"]

CACHE = 1 << 18
"""Bytes of a result that stay in a core's cache while every tap passes over them."""

BESIDE = 1 << 20
"""The same beside other threads (see `threads.shared`)."""

FLAT = 512
"""Rows narrower than this are taken as one long row, padding and all: NumPy's loop over rows would show."""


def refuse(problem: Problem) -> str | None:
    """Say why taps cannot serve: they do not add up channels."""
    return "it does not add up channels" if problem.depth > 1 else None


def cost(problem: Problem) -> Cost:
    """Count one pass for a tap of ±1, two for any other."""
    kernels = problem.kernels
    ones = np.count_nonzero(kernels == 1) + np.count_nonzero(kernels == -1)
    passes = (2 * np.count_nonzero(kernels) - ones) / len(kernels)
    size, own = arithmetic(problem).itemsize, rates()
    per_element = (passes + 0.5) * own.add[size] + own.store[problem.dtype.itemsize]
    calls = count_parts(problem, _step(problem, CACHE)) * (problem.per * (passes + 5) + 10)
    return Cost(round(passes * problem.elements), problem.elements * per_element + calls * CALL)


def _step(problem: Problem, size: int) -> tuple[int, int, int]:
    y, x = problem.axes
    columns = min(x.out, 1 << 13)
    most = size // arithmetic(problem).itemsize
    rows = min(max(most // columns, 4), y.out)
    return min(max(most // (rows * columns * problem.per), 1), problem.groups), rows, columns


def arithmetic(problem: Problem) -> np.dtype[Any]:
    """Narrowest dtype that holds every partial sum."""
    if problem.bound is None:
        return problem.work
    sizes = ((2**15, np.int16), (2**31, np.int32))
    return np.dtype(next((t for limit, t in sizes if problem.bound < limit), np.int64))


def anyway(problem: Problem) -> "Taps | Lines":
    """Return what computes parts whose NaN or infinity spoil another strategy's: sums as they are defined, in float64."""
    lines = problem.bound is None and all(
        len(terms) == 1 and bool(terms[0][0].all() and terms[0][1].all())
        for terms in problem.factors
    )
    return Lines(problem) if lines else Taps(problem, np.dtype(np.float64))


class Taps:
    """Shifted adds, made ready for one problem. Planes of few elements are taken many at a time."""

    threads = True
    rounds = False

    def __init__(self, problem: Problem, work: np.dtype[Any] | None = None) -> None:
        self.problem = problem
        self.work = work or arithmetic(problem)
        self.step, self.alone = _step(problem, BESIDE), _step(problem, CACHE)
        self.weights = problem.weights[:, 0].astype(self.work)
        self.exact = problem.bound is not None
        self.holes = not self.exact and bool((self.weights == 0).any())
        kernels = self.weights[: 1 if len(problem.kernels) == 1 else None]
        alike = (kernels == kernels[:1]).all(axis=0)
        self.terms = [
            (u, v, kernels[0, u, v].item() if alike[u, v] else None)
            for u, v in np.ndindex(*problem.kernel)
        ]
        if (
            self.exact
        ):  # any order gives the same sum: the first product needs no sum to be added to
            self.terms.sort(key=lambda term: term[2] in (0, 1, -1))

    def run(self, part: Part, out: Array, scratch: Scratch) -> bool:
        """Compute a part (see `Runner.run`); always right."""
        if shared():
            self._run(part, out, scratch)
            return True
        per, (first, last), (groups, height, _) = self.problem.per, part.groups, self.alone
        for group in range(first, last, groups):
            stop = min(group + groups, last)
            some = replace(part, groups=(group, stop))
            maps = out[(group - first) * per : (stop - first) * per]
            for band, rows in some.bands(height):
                self._run(band, maps[:, rows], scratch)
        return True

    def _run(self, part: Part, out: Array, scratch: Scratch) -> None:
        problem, (first, last) = self.problem, part.groups
        (top, bottom), (left, right) = problem.span(part)
        shape = (last - first, bottom - top, right - left)
        window = scratch.get("window", shape, self.work)
        problem.read(part, slice(first, last), window)
        # 0 times infinity is NaN: taps of 0 may be left out only where all is finite
        skip = not self.holes or all_finite(window, scratch)
        for i in range(problem.per):
            maps = np.arange(first, last) * problem.per + i
            self._one(window, maps, skip, out[i :: problem.per], scratch)

    def _one(self, window: Array, maps: Array, skip: bool, out: Array, scratch: Scratch) -> None:
        (y, x), size = self.problem.axes, out.shape
        flat = y.s == x.s == 1 and x.out < FLAT
        shape = window.shape if flat else size
        direct = not flat and as_it_lies(out, self.work)
        found = out if direct else scratch.get("found", shape, self.work)
        product = scratch.get("product", shape, self.work)
        row = window.shape[2]
        run = size[1] * row - (x.extent - 1)  # from the first window's start to the last one's
        if flat:
            window, found, product = (a.reshape(len(maps), -1) for a in (window, found, product))
            found, product = found[:, :run], product[:, :run]
        bias = self.problem.bias
        begun = bias is not None or not self.exact
        if begun:
            found[...] = 0 if bias is None else self._spread(bias[maps], found.ndim)
        for u, v, weight in self.terms:
            taps: Any = weight
            if weight is None:
                taps = self._spread(self.weights[maps, u, v], found.ndim)
            if skip and (weight == 0 or (weight is None and not taps.any())):
                continue
            start = u * y.d, v * x.d
            if flat:
                offset = start[0] * row + start[1]
                read = window[:, offset : offset + run]
            else:
                read = window[
                    :,
                    start[0] : start[0] + (size[1] - 1) * y.s + 1 : y.s,
                    start[1] : start[1] + (size[2] - 1) * x.s + 1 : x.s,
                ]
            if not begun:
                np.multiply(read, taps, out=found)
                begun = True
            elif weight == 1:
                np.add(found, read, out=found)
            elif weight == -1:
                np.subtract(found, read, out=found)
            else:
                np.multiply(read, taps, out=product)
                np.add(found, product, out=found)
        if not begun:
            found[...] = 0
        if flat:
            whole = scratch.get("found", shape, self.work)
            np.copyto(out, whole[:, : size[1], : size[2]], casting="unsafe")
        elif not direct:
            np.copyto(out, found, casting="unsafe")

    @staticmethod
    def _spread(values: Array, dimensions: int) -> Array:
        if len(values) == 1:
            return values.reshape(())
        return values.reshape(-1, *(1,) * (dimensions - 1))


class Lines:
    """Shifted adds of a column, then of a row: kernels that are a product of both, without a 0 that would stop NaN."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem

    def run(self, part: Part, out: Array, scratch: Scratch) -> bool:
        """Compute a part (see `Runner.run`); always right."""
        problem, (first, last) = self.problem, part.groups
        (y, x), ((top, bottom), (left, right)) = problem.axes, problem.span(part)
        shape = last - first, bottom - top, right - left
        window = scratch.get("window", shape, np.float64)
        problem.read(part, slice(first, last), window)
        for i, target in enumerate(out):
            o = first * problem.per + i
            [(column, row)] = problem.factors[min(o, len(problem.factors) - 1)]
            down = _added(window[i // problem.per], column, y.d, y.s, part.rows)
            found = _added(down.T, row, x.d, x.s, part.columns).T
            target[...] = found if problem.bias is None else found + problem.bias[o]
        return True


def _added(cells: Array, taps: Array, apart: int, step: int, count: int) -> Array:
    """Sum up rows of cells, `apart` from each other and each times its tap, for windows `step` apart."""
    last = (count - 1) * step + 1
    rows = (cells[u * apart : u * apart + last : step] for u in range(len(taps)))
    found: Array = np.zeros(())
    for line, tap in zip(rows, taps.astype(np.float64), strict=True):
        found = found + line * tap
    return found
