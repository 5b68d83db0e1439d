"""Products of matrices, in pieces that BLAS keeps to one thread where its threads cost more than they bring.

This is the one place that knows from where on it starts them.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["SMALL", "product"]

Array = NDArray[Any]

SMALL, SMALL_VECTOR = 1 << 18, 9216
"""Multiplications up to which OpenBLAS starts no threads; the second of a matrix times a vector."""
LARGE = 12
"""So many times as many, and more, are worth its threads. In between they are little faster on a machine that has
nothing else to do, and twenty times slower on one that has: each waits for its turn on a core, at every product."""
_LEAST = 8
"""Rows, columns or terms that a piece has at least."""


def product(a: Array, b: Array, out: Array | None = None, *, threads: bool = True) -> Array:
    """Multiply matrices, or stacks of them, as `numpy.matmul` does.

    Parameters
    ----------
    a : ndarray, shape (…, M, K)
    b : ndarray, shape (…, K, N)
    out : ndarray, shape (…, M, N), optional
    threads : bool
        Whether a large product may have BLAS's threads, from which flat ones (few rows or columns, many terms) gain
        nothing.

    Returns
    -------
    ndarray, shape (…, M, N)
        The same bytes on any number of cores, as far as BLAS gives them.

    Examples
    --------
    >>> product(np.ones((300, 400)), np.ones((400, 2))).sum().item()
    240000.0
    """
    m, k, n = *a.shape[-2:], b.shape[-1]
    most = SMALL if min(m, n) > 1 else SMALL_VECTOR
    longest, terms = max(m, k, n), m * k * n
    step = most * longest // max(terms, 1)
    if terms <= most or (threads and terms >= LARGE * most) or step < _LEAST:
        found: Array = np.matmul(a, b, out=out)
        return found
    if out is None:
        shape: Any = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
        out = np.empty((*shape, m, n), np.result_type(a, b))
    for start in range(0, longest, step):
        part = slice(start, start + step)
        if longest == n:
            np.matmul(a, b[..., part], out=out[..., part])
        elif longest == m:
            np.matmul(a[..., part, :], b, out=out[..., part, :])
        elif start:
            out += np.matmul(a[..., part], b[..., part, :])
        else:
            np.matmul(a[..., part], b[..., part, :], out=out)
    return out
