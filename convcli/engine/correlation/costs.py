"""What a core does in a second, roughly: the planner compares strategies with these, it does not time them.

By classes of processors, as the width of vectors decides more than all else does about their order: with AVX2 a product
takes twice, with vectors of 128 bits four times as long as with AVX-512, and transforms take the same. Measured with
arrays of 2048², on one core of a server of 2023 that has AVX-512; the other classes there, with NumPy's and OpenBLAS's
kernels for them. Other machines differ by factors that are near enough for the order to stay.
"""

from dataclasses import dataclass

from convcli.engine.correlation.problem import Problem
from convcli.engine.processor import vectors

__all__ = ["CALL", "FOURIER", "LINE", "PRODUCT", "Cost", "Rates", "count_parts", "rates"]


@dataclass(frozen=True, eq=False, repr=False)
class Rates:
    """Seconds an element of what NumPy and BLAS do, by bytes an element.

    Parameters
    ----------
    add : dict
        An addition or a multiplication of arrays within the cache.
    copy : dict
        A copy within the cache, and its part of the packing that BLAS does before it multiplies.
    join : dict
        Adding up the results of two products.
    store : dict
        Writing the result to memory.
    flop : dict
        An addition or multiplication in a small matrix product.
    """

    add: dict[int, float]
    copy: dict[int, float]
    join: dict[int, float]
    store: dict[int, float]
    flop: dict[int, float]


_RATES = {
    "avx512": Rates(
        {2: 0.07e-9, 4: 0.165e-9, 8: 0.33e-9},
        {4: 0.3e-9, 8: 0.6e-9},
        {4: 0.42e-9, 8: 0.84e-9},
        {4: 1.1e-9, 8: 2.2e-9},
        {4: 0.0142e-9, 8: 0.032e-9},
    ),
    "avx2": Rates(
        {2: 0.07e-9, 4: 0.165e-9, 8: 0.33e-9},
        {4: 0.6e-9, 8: 1.2e-9},
        {4: 0.88e-9, 8: 1.7e-9},
        {4: 0.9e-9, 8: 1.8e-9},
        {4: 0.027e-9, 8: 0.062e-9},
    ),
    "128-bit": Rates(
        {2: 0.1e-9, 4: 0.2e-9, 8: 0.4e-9},
        {4: 0.5e-9, 8: 1.0e-9},
        {4: 1.2e-9, 8: 2.4e-9},
        {4: 0.9e-9, 8: 1.8e-9},
        {4: 0.062e-9, 8: 0.124e-9},
    ),
}

PRODUCT = 0.06e-6
"""Seconds that each small matrix product of a stack costs by itself."""

LINE = 5e-9
"""Seconds that each row costs by itself in a copy between planes of different width."""

CALL = 1.5e-6
"""Seconds that each call of NumPy costs by itself."""

FOURIER = 11.5e-9
"""Seconds an element of a tile of a transform there and back, in float64: from 32² to 512² they hardly differ."""


def rates() -> Rates:
    """Return the rates of this processor's class."""
    return _RATES[vectors()]


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
