"""Layers that add up channels: the windows of a band as columns of a matrix, times the weights (im2col).

Source: Chellapilla, Puri and Simard, "High performance convolutional neural networks for document processing" (2006).
"""

import numpy as np

from convcli.engine.correlation.costs import CALL, LINE, Cost, count_parts, rates
from convcli.engine.correlation.problem import Array, Part, Problem, Scratch

__all__ = ["Columns", "cost", "refuse"]

ELEMENTS = 1 << 20
"""Elements of the column matrix of a part."""


def refuse(problem: Problem) -> str | None:
    """Say why columns cannot serve: they always can."""
    return None if problem.weights.size else "there is no kernel"


def cost(problem: Problem) -> Cost:
    """Count the product, and the copies that fill the columns."""
    kh, kw = problem.kernel
    size, taps = problem.work.itemsize, problem.depth * kh * kw
    flops = 2 * taps * problem.elements
    gathered = taps * problem.elements / problem.per
    own = rates()
    rate = own.flop[size] if problem.work.kind == "f" else 1e-9
    slow = max(4 / problem.per, 1)  # a product with few rows is bound by memory
    calls = count_parts(problem, _step(problem)) * (kh * kw + 10)
    seconds = flops * rate * slow + gathered * 2 * own.copy[size]
    seconds += gathered / problem.axes[1].out * LINE + calls * CALL
    stores = 1 if problem.per > 1 else 4  # two rows are computed for one
    return Cost(flops, seconds + problem.elements * (stores * own.store[size] + own.add[size]))


def _step(problem: Problem) -> tuple[int, int, int]:
    kh, kw = problem.kernel
    y, x = problem.axes
    taps = problem.depth * kh * kw
    columns = min(x.out, max(ELEMENTS // taps, 64))
    return 1, min(max(ELEMENTS // (taps * columns), 1), y.out), columns


class Columns:
    """Columns and products, made ready for one problem."""

    threads = False  # the products are large: BLAS shares them out by itself
    rounds = False

    def __init__(self, problem: Problem) -> None:
        self.problem, self.work = problem, problem.work
        self.step = _step(problem)
        self.pointwise = problem.x.dtype == problem.work and all(
            a.extent == a.s == 1 and a.out == a.n for a in problem.axes
        )

    def run(self, part: Part, out: Array, scratch: Scratch) -> bool:
        """Compute a part (see `Runner.run`); always right."""
        problem, group = self.problem, part.groups[0]
        depth, per = problem.depth, problem.per
        gathered = self._gather(part, slice(group * depth, (group + 1) * depth), scratch)
        own = slice(group * per, (group + 1) * per)
        weights = problem.weights[own].reshape(per, -1)
        flat = _flat(out) if out.dtype == problem.work and per > 1 else None
        if (
            per == 1
        ):  # BLAS takes other ways for a single row, with roundings that depend on the place
            weights = np.concatenate((weights, np.zeros_like(weights)))
        shape = (len(weights), part.rows * part.columns)
        found = scratch.get("found", shape, problem.work) if flat is None else flat
        np.matmul(weights, gathered, out=found)
        found = found[:per]
        if problem.bias is not None:
            np.add(found, problem.bias[own, None], out=found)
        if flat is None:
            np.copyto(out, found.reshape(out.shape), casting="unsafe")
        return True

    def _gather(self, part: Part, channels: slice, scratch: Scratch) -> Array:
        """Shape (depth * kh * kw, rows * columns)."""
        problem = self.problem
        (y, x), (kh, kw) = problem.axes, problem.kernel
        (top, bottom), (left, right) = problem.span(part)
        depth, rows, columns = problem.depth, part.rows, part.columns
        if self.pointwise:  # a matrix product with the input as it lies
            lying = problem.x[part.image, channels, top:bottom, left:right]
            flat = _flat(lying)
            if flat is not None:
                return flat
        window = scratch.get("window", (depth, bottom - top, right - left), problem.work)
        problem.read(part, channels, window)
        if window.shape == (depth, rows, columns):
            return window.reshape(depth, -1)
        gathered = scratch.get("gathered", (depth, kh, kw, rows, columns), problem.work)
        for u in range(kh):
            for v in range(kw):
                gathered[:, u, v] = window[
                    :,
                    u * y.d : u * y.d + (rows - 1) * y.s + 1 : y.s,
                    v * x.d : v * x.d + (columns - 1) * x.s + 1 : x.s,
                ]
        return gathered.reshape(depth * kh * kw, -1)


def _flat(array: Array) -> Array | None:
    """View of shape (C, rows * columns), None if that takes a copy."""
    try:
        return np.reshape(array, (array.shape[0], -1), copy=False)
    except ValueError:
        return None
