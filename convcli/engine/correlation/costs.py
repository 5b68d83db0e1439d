"""What a core does in a second, roughly: the planner compares strategies with these, it does not time them.

By classes of processors, as the width of vectors decides more than all else does about their order: with AVX2 a product
of matrices takes four times, with vectors of 128 bits eight times as long as with AVX-512, and transforms hardly longer.
Fitted to what all strategies took for 190 correlations of arrays of 512² and 2048², k 3 to 31, on one core of a server of
2025 that has AVX-512; the other classes there, with NumPy's and OpenBLAS's kernels for them, and AVX2's where a server
of 2021 that has no more would rather take another strategy; transforms with AVX-512 lie between that server and one of
2023, where they take over from k 21 on. Other machines differ by factors that are near enough for the order to stay.
"""

from dataclasses import dataclass

from convcli.engine.correlation.problem import Problem
from convcli.engine.processor import vectors

__all__ = ["CALL", "LINE", "PRODUCT", "Cost", "Rates", "count_parts", "rates"]


@dataclass(frozen=True, eq=False, repr=False)
class Rates:
    """Seconds an element of what NumPy and BLAS do, by bytes an element.

    Parameters
    ----------
    add : dict
        An addition or a multiplication of arrays within the cache.
    copy : dict
        A copy within the cache, and its part of the packing that BLAS does before it multiplies matrices.
    join : dict
        Adding up the results of two products.
    store : dict
        Writing the result to memory.
    flop : dict
        An addition or multiplication in a small matrix product.
    row : dict
        One in a product of a short row with a matrix.
    shift : dict
        A shifted copy of a row, one of several.
    fourier : float
        An element of a tile of a transform there and back, in float64.
    """

    add: dict[int, float]
    copy: dict[int, float]
    join: dict[int, float]
    store: dict[int, float]
    flop: dict[int, float]
    row: dict[int, float]
    shift: dict[int, float]
    fourier: float


_RATES = {
    "avx512": Rates(
        add={2: 0.036e-9, 4: 0.07e-9, 8: 0.14e-9},
        copy={4: 0.065e-9, 8: 0.1e-9},
        join={4: 0.14e-9, 8: 0.25e-9},
        store={4: 0.15e-9, 8: 0.25e-9},
        flop={4: 0.0044e-9, 8: 0.0098e-9},
        row={4: 0.0212e-9, 8: 0.04e-9},
        shift={4: 0.04e-9, 8: 0.1e-9},
        fourier=4.4e-9,
    ),
    "avx2": Rates(
        add={2: 0.044e-9, 4: 0.07e-9, 8: 0.14e-9},
        copy={4: 0.065e-9, 8: 0.1e-9},
        join={4: 0.25e-9, 8: 1.3e-9},
        store={4: 0.15e-9, 8: 0.25e-9},
        flop={4: 0.0215e-9, 8: 0.037e-9},
        row={4: 0.0174e-9, 8: 0.027e-9},
        shift={4: 0.075e-9, 8: 0.22e-9},
        fourier=5e-9,
    ),
    "128-bit": Rates(
        add={2: 0.05e-9, 4: 0.1e-9, 8: 0.19e-9},
        copy={4: 0.065e-9, 8: 0.1e-9},
        join={4: 0.2e-9, 8: 0.85e-9},
        store={4: 0.2e-9, 8: 0.3e-9},
        flop={4: 0.0365e-9, 8: 0.068e-9},
        row={4: 0.0285e-9, 8: 0.049e-9},
        shift={4: 0.06e-9, 8: 0.17e-9},
        fourier=5e-9,
    ),
}

PRODUCT = 0.05e-6
"""Seconds that each small matrix product of a stack costs by itself."""

LINE = 3e-9
"""Seconds that each row costs by itself in a copy between planes of different width."""

CALL = 1e-6
"""Seconds that each call of NumPy costs by itself."""


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
