"""A kernel as a sum of few products column × row."""

from math import gcd
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["Factors", "real_factors", "whole_factors"]

Array: TypeAlias = NDArray[Any]
Factors: TypeAlias = list[tuple[Array, Array]]
"""Columns and rows, whose products add up to the kernel."""

NEAR = {4: 3e-7, 8: 1e-15}
"""What of sum|kernel| a factorisation may leave out, by bytes an element."""


def whole_factors(kernel: Array, work: np.dtype[Any]) -> Factors:
    """Split into whole numbers, exactly: two terms when one will not do (the second is what is left)."""
    taps = [[int(tap) for tap in row] for row in kernel.tolist()]
    divisors = [gcd(*row) for row in taps]
    pivot = next((i for i, divisor in enumerate(divisors) if divisor), 0)
    row = [tap // max(divisors[pivot], 1) for tap in taps[pivot]]
    at = next((j for j, tap in enumerate(row) if tap), 0)
    column = [line[at] // row[at] if row[at] else 0 for line in taps]
    first = np.array(column, work), np.array(row, work)
    exact = all(
        tap == a * b
        for a, line in zip(column, taps, strict=True)
        for b, tap in zip(row, line, strict=True)
    )
    return [first] if exact else [first, first]


def real_factors(kernel: Array, work: np.dtype[Any]) -> Factors:
    """Split by singular values, leaving out what rounding would."""
    i, j = divmod(int(np.abs(kernel).argmax()), kernel.shape[1])
    allowed = NEAR[work.itemsize] * float(np.abs(kernel).sum())
    if kernel[
        i, j
    ]:  # most kernels that are worth it are one product, which singular values know less exactly
        column = kernel[:, j].astype(np.float64) / float(kernel[i, j])
        row = kernel[i].astype(np.float64)
        if float(np.abs(kernel - np.outer(column, row)).sum()) <= allowed:
            return [(column.astype(work), row.astype(work))]
    columns, values, rows = np.linalg.svd(kernel.astype(np.float64), full_matrices=False)
    terms: Factors = []
    for i, value in enumerate(values):
        # the sum of |what is left| is at most sqrt(size) times its Frobenius norm
        left = float(np.sqrt((values[i:] ** 2).sum() * kernel.size))
        if terms and left <= allowed:
            break
        scale = np.sqrt(value)
        terms.append(((columns[:, i] * scale).astype(work), (rows[i] * scale).astype(work)))
    return terms
