"""How batches lie in memory: the axes are N×C×H×W, the cells of one place of all examples lie side by side.

Windows that are gathered, taps that are merged and products over a batch then run along whole rows of memory, whatever
the stride, and also where the maps are small. Of one example, and for every function of NumPy, nothing changes.
"""

import threading
from collections.abc import Callable
from itertools import pairwise
from math import prod
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from convcli.engine.threads import each, workers

__all__ = ["by_channels", "hold_memory", "inner", "outer", "scratch"]

Array = NDArray[Any]

SHARED = 1 << 18
"""Cells of a batch from which on threads share the channels out."""
KEPT = 1 << 25
"""Bytes of a piece of scratch memory, at most, that is kept for the next call."""


def inner(x: Array) -> Array:
    """Put the batch last: shape (C, H, W, N), contiguous; a copy only if `x` lies otherwise.

    >>> x = outer(np.zeros((3, 5, 5, 2)))
    >>> np.may_share_memory(inner(x), x)
    True
    """
    return np.ascontiguousarray(x.transpose(*range(1, x.ndim), 0))


def outer(x: Array) -> Array:
    """View an array whose batch is last with the batch first.

    >>> outer(np.zeros((3, 5, 5, 2))).shape
    (2, 3, 5, 5)
    """
    return x.transpose(-1, *range(x.ndim - 1))


_kept = threading.local()


def scratch(name: str, shape: tuple[int, ...], dtype: DTypeLike) -> Array:
    """Return memory to work in, of any content: the next call of that name in this thread gets the same.

    Fresh memory costs a page fault every 4 KiB, which is as slow as what is computed in it.
    """
    dtype = np.dtype(dtype)
    count = prod(shape) * dtype.itemsize
    held: Array | None = getattr(_kept, name, None)
    if held is None or held.size < count:
        held = np.empty(count, np.uint8)
        if count <= KEPT:
            setattr(_kept, name, held)
    return held[:count].view(dtype).reshape(shape)


def hold_memory() -> None:
    """Have the C library keep freed memory for the arrays of the next step, where it is glibc.

    It hands every array over a limit back to the system, and raises the limit to the size of the largest that was ever
    freed, up to 32 MiB. Here one is freed that was never touched. A step of LeNet is a third faster.
    """
    np.empty(KEPT - (1 << 16), np.uint8)


def by_channels(work: Callable[[slice], None], channels: int, cells: int) -> None:
    """Call `work` with parts of the channels, side by side if there are many cells in all.

    Each part is computed by itself: what comes out does not depend on how many there are.
    """
    count = min(workers(), channels) if cells >= SHARED else 1
    if count <= 1:
        work(slice(0, channels))
        return
    bounds = [channels * i // count for i in range(count + 1)]
    errors = np.geterr()

    def run(take: Callable[[], slice | None]) -> None:
        with np.errstate(**errors):  # a thread begins with NumPy's own
            while (part := take()) is not None:
                work(part)

    each(run, [slice(*pair) for pair in pairwise(bounds)], count)
