"""What strategies share that filter plane by plane, in floats: from one source to all maps that are made from it."""

from abc import ABC, abstractmethod

import numpy as np

from convcli.engine.strategies.problem import Array, Part, Problem, Scratch, all_finite
from convcli.engine.strategies.threads import workers
from convcli.engine.strategies.toeplitz import HEIGHT, Interleave, padded

__all__ = ["Planewise", "plane_step", "refuse"]

COLUMNS = 1 << 11
"""Columns of a part, at most."""


def refuse(problem: Problem) -> str | None:
    """Say why products of floats cannot serve."""
    if problem.depth > 1:
        return "it does not add up channels"
    if problem.work.kind != "f":
        return "its sums pass 2**53, products of floats would round them"
    return None if problem.finite else "the kernel holds a value that is not finite"


def plane_step(problem: Problem) -> tuple[int, int, int]:
    """Groups, rows and columns of a part that is taken plane by plane.

    NumPy's calls are long, so that they weigh more than what Python does between them and threads seldom wait for
    each other; scratch memory stays small.
    """
    y, x = problem.axes
    columns = min(x.out, COLUMNS)
    elements = min(1 << 18, (1 << 20) // workers())
    return 1, min(max(elements // columns // HEIGHT * HEIGHT, HEIGHT), y.out), columns


class Planewise(ABC):
    """A strategy that reads a channel of a part once and makes each map of it by products of floats."""

    threads = True

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.step = plane_step(problem)
        self.interleave = Interleave.of(problem.axes[0])

    @abstractmethod
    def source(self, part: Part, channel: int, scratch: Scratch) -> Array:
        """Read what all maps of a channel are made from."""

    @abstractmethod
    def one(self, source: Array, o: int, found: Array, scratch: Scratch) -> None:
        """Compute output map `o` without its bias into `found`, unit stride along columns."""

    def run(self, part: Part, out: Array, scratch: Scratch) -> bool:
        """Compute a part (see `Runner.run`)."""
        problem, channel = self.problem, part.groups[0]
        source = self.source(part, channel, scratch)
        direct = out.dtype == problem.work and out.strides[-1] == out.itemsize
        for i in range(problem.per):
            o = channel * problem.per + i
            found = out[i] if direct else scratch.get("found", out[i].shape, problem.work)
            self.one(source, o, found, scratch)
            if problem.bias is not None:
                np.add(found, problem.bias[o], out=found)
            if not problem.safe and not all_finite(found, scratch):
                return False  # zeros of the band times NaN or infinity
            if not direct:
                np.copyto(out[i], found, casting="unsafe")
        return True

    def high(self, part: Part) -> int:
        """Rows that the products read, of each residue of the input's rows by the vertical dilation."""
        y = self.problem.axes[0]
        phases = self.interleave.phases
        rows = padded(-(-part.rows // phases), HEIGHT, self.interleave.stride, y.k)
        return rows + y.s * (phases - 1) // y.d
