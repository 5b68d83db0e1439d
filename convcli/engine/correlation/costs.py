"""What a core does in a second, roughly: the planner compares strategies with these, it does not time them.

Measured on one core of a server of 2024 (AVX-512, 3.6 GHz) with arrays that stay in its cache. Other machines are
slower in all of them, by factors near enough for the order of the strategies to stay.
"""

from dataclasses import dataclass

from convcli.engine.correlation.problem import Problem

__all__ = [
    "CALL",
    "COPY",
    "FLOP",
    "FOURIER",
    "LINE",
    "PASS",
    "PRODUCT",
    "STORE",
    "Cost",
    "count_parts",
]

PASS = {2: 0.06e-9, 4: 0.12e-9, 8: 0.25e-9}
"""Seconds an element of an addition or a multiplication of arrays, by bytes an element."""

COPY = {4: 0.09e-9, 8: 0.18e-9}
"""Seconds an element of a copy within the cache."""

STORE = {4: 0.13e-9, 8: 0.25e-9}
"""Seconds an element of writing the result to memory."""

FLOP = {4: 0.0095e-9, 8: 0.019e-9}
"""Seconds of an addition or multiplication in a matrix product of floats."""

PRODUCT = 0.06e-6
"""Seconds that each small matrix product of a stack costs by itself."""

LINE = 5e-9
"""Seconds that each row costs by itself in a copy between planes of different width."""

CALL = 1.5e-6
"""Seconds that each call of NumPy costs by itself."""

FOURIER = 0.45e-9
"""Seconds an element and doubling of a real transform there and back."""


@dataclass(frozen=True, eq=False, repr=False)
class Cost:
    """What a strategy would do for a problem.

    Parameters
    ----------
    operations : int
        Additions and multiplications.
    seconds : float
        On one core.
    """

    operations: int
    seconds: float


def count_parts(problem: Problem, step: tuple[int, int, int]) -> int:
    """Into how many parts the result falls."""
    sizes = problem.groups, problem.axes[0].out, problem.axes[1].out
    count = int(problem.x.shape[0])
    for size, own in zip(sizes, step, strict=True):
        count *= -(-size // own)
    return count
