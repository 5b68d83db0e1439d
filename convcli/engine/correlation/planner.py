"""The ways to compute a correlation, one row each, and the planner that chooses among them.

All give the same result: integers exactly, floats within rounding. What one cannot do, it says; what each would
cost is estimated from counts of operations and the rates of `costs`, and the cheapest one is taken.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from convcli.engine.arguments import row_of
from convcli.engine.correlation import banded, fft, im2col, separable, taps
from convcli.engine.correlation.costs import Cost
from convcli.engine.correlation.problem import Kind, Problem, Runner
from convcli.engine.errors import ConvError
from convcli.engine.processor import vectors
from convcli.engine.threads import workers

__all__ = ["STRATEGIES", "Plan", "Strategy", "choose"]


@dataclass(frozen=True, eq=False, repr=False)
class Strategy:
    """One way to compute a correlation.

    Parameters
    ----------
    name : str
    method : str
        What it does, in words.
    needs : str
        What the problem must be like, in words.
    refuse : callable
        Says why a problem cannot be solved so; None when it can.
    cost : callable
        Estimates the work, on one core.
    build : callable
        Makes ready what all parts of the result need.
    """

    name: str
    method: str
    needs: str
    refuse: Callable[[Problem], str | None]
    cost: Callable[[Problem], Cost]
    build: Callable[[Problem], Runner]


_ROWS = (
    Strategy(
        "taps",
        "shifted adds, one a nonzero tap",
        "one input channel an output channel",
        taps.refuse,
        taps.cost,
        taps.Taps,
    ),
    Strategy(
        "banded",
        "products with banded (Toeplitz) matrices down the columns",
        "one input channel an output channel; floats, or integers whose sums stay under 2**53",
        banded.refuse,
        banded.cost,
        banded.Banded,
    ),
    Strategy(
        "separable",
        "row filters, then column filters, one pair for each rank of the kernel",
        "as banded; a kernel of integers must be of rank 1",
        separable.refuse,
        separable.cost,
        separable.Separable,
    ),
    Strategy(
        "spectral",
        "products of Fourier transforms, tile by tile (overlap-save)",
        "one input channel an output channel; floats, or integers whose sums no error can change",
        fft.refuse,
        fft.cost,
        fft.Spectral,
    ),
    Strategy(
        "columns",
        "windows gathered as columns of a matrix, times the weights (im2col)",
        "nothing",
        im2col.refuse,
        im2col.cost,
        im2col.Columns,
    ),
)
STRATEGIES: dict[str, Strategy] = {row.name: row for row in _ROWS}
"""The strategies by name."""


ALONE = 6e-4
"""Seconds of predicted work up to which threads cost more than they save."""


@dataclass(frozen=True, eq=False, repr=False)
class Plan:
    """What the planner chose.

    Parameters
    ----------
    strategy : str
        A key of `STRATEGIES`.
    method : str
        What it does, in words.
    why : str
        What the choice was made by, in words: the class of the processor whose rates it was among them.
    operations : int
        Additions and multiplications it performs.
    seconds : float
        Predicted time with `threads` threads, from the rates of `costs`: a guess, good for comparing.
    threads : int
    """

    strategy: str
    method: str
    why: str
    operations: int
    seconds: float
    threads: int

    def threads_for(self, share: float) -> int:
        """How many threads pay for a share (0 … 1) of the result."""
        return self.threads if self.seconds * self.threads * share > ALONE else 1


def choose(problem: Problem, forced: str | None = None) -> tuple[Plan, Runner]:
    """Choose the strategy of least predicted time, or make ready the one that is asked for.

    What was chosen and made ready for a small kernel serves the next problem that differs in its numbers alone.

    Raises
    ------
    ConvError
        When the strategy asked for is unknown or cannot solve the problem.
    """
    kind = problem.kind()
    if kind is None:
        return _choose(problem, forced, workers())
    plan, runner = _chosen(kind, forced, workers())
    return plan, problem.take(runner)


@lru_cache(32)
def _chosen(kind: Kind, forced: str | None, count: int) -> tuple[Plan, Runner]:
    return _choose(kind.problem(), forced, count)


def _choose(problem: Problem, forced: str | None, count: int) -> tuple[Plan, Runner]:
    if forced is not None:
        row = row_of("strategy", forced, STRATEGIES)
        reason = row.refuse(problem)
        if reason is not None:
            raise ConvError(f"strategy {forced}: {reason}", usage=True)
        spent, why = row.cost(problem), "it was asked for"
    else:
        able = [row for row in _ROWS if row.refuse(problem) is None]
        costs = sorted(((row.cost(problem), row) for row in able), key=lambda pair: pair[0].seconds)
        (spent, row), *others = costs
        why = ", ".join(f"{o.name} {c.seconds / spent.seconds:.1f}×" for c, o in others)
        why = (
            f"the least predicted time with {vectors()} ({why})"
            if others
            else "nothing else serves"
        )
    runner = row.build(problem)
    threads = count if runner.threads and spent.seconds > ALONE else 1
    seconds = spent.seconds / threads
    plan = Plan(row.name, row.method, why, spent.operations, seconds, threads)
    return plan, runner
