"""Layers that add up channels: the windows of a band as columns of a matrix, times the weights (im2col).

Source: Chellapilla, Puri and Simard, "High performance convolutional neural networks for document processing" (2006).
"""

import numpy as np

from convcli.engine.strategies.problem import Array, Cost, Part, Problem, Scratch
from convcli.engine.strategies.rates import CALL, COPY, FLOP, PASS, STORE

__all__ = ["Columns", "cost", "refuse"]

ELEMENTS = 1 << 18
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
    rate = FLOP[size] if problem.work.kind == "f" else 1e-9
    slow = max(4 / problem.per, 1)  # a product with few rows is bound by memory
    calls = max(gathered / ELEMENTS, problem.x.shape[0] * problem.groups) * (kh * kw + 10)
    seconds = flops * rate * slow + gathered * 2 * COPY[size]
    return Cost(flops, seconds + problem.elements * (STORE[size] + PASS[size]) + calls * CALL)


class Columns:
    """Columns and products, made ready for one problem."""

    threads = False  # the products are large: BLAS shares them out by itself

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        kh, kw = problem.kernel
        y, x = problem.axes
        taps = problem.depth * kh * kw
        columns = min(x.out, max(ELEMENTS // taps, 64))
        rows = min(max(ELEMENTS // (taps * columns), 1), y.out)
        self.step = (1, rows, columns)

    def run(self, part: Part, out: Array, scratch: Scratch) -> bool:
        """Compute a part (see `Runner.run`); always right."""
        problem, group = self.problem, part.groups[0]
        depth, per = problem.depth, problem.per
        gathered = self._gather(part, slice(group * depth, (group + 1) * depth), scratch)
        own = slice(group * per, (group + 1) * per)
        weights = problem.weights[own].reshape(per, -1)
        found = scratch.get("found", (per, part.rows * part.columns), problem.work)
        np.matmul(weights, gathered, out=found)
        if problem.bias is not None:
            np.add(found, problem.bias[own, None], out=found)
        np.copyto(out, found.reshape(per, part.rows, part.columns), casting="unsafe")
        return True

    def _gather(self, part: Part, channels: slice, scratch: Scratch) -> Array:
        """Shape (depth * kh * kw, rows * columns)."""
        problem = self.problem
        (y, x), (kh, kw) = problem.axes, problem.kernel
        (top, bottom), (left, right) = problem.span(part)
        depth, rows, columns = problem.depth, part.rows, part.columns
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
