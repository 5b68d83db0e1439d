"""Cores and threads: NumPy lets go of the interpreter while it works on a long array, so parts of a result run side by side."""

import os
from collections.abc import Callable, Iterable
from functools import cache
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

__all__ = ["LIMITS", "cores", "each", "threads", "workers"]

T = TypeVar("T")

LIMITS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)
"""The variables that limit threads: the first is what we heed, the others what NumPy's libraries may go by."""


def cores() -> int:
    """Count the cores that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def threads(most: int | None = None) -> int:
    """How many threads to start: one a core and at most `most`, or what OMP_NUM_THREADS says, if that is fewer cores.

    Where several pictures are worked on at once, each worker's share of the cores is set there.
    """
    told = os.environ.get(LIMITS[0], "")
    limit = int(told) if told.isascii() and told.isdigit() else 0
    return max(1, min(cores(), limit or most or cores()))


MOST = 8
"""Threads at most: each holds scratch memory, and memory bandwidth is shared."""


@cache
def workers() -> int:
    """How many threads may run: the cores that this process may use, or OMP_NUM_THREADS if that is less."""
    return min(threads(MOST), MOST)


@cache
def _pool() -> "ThreadPoolExecutor":
    from concurrent.futures import ThreadPoolExecutor  # small work needs no threads

    return ThreadPoolExecutor(workers() - 1, "convcli")


if hasattr(os, "register_at_fork"):  # a forked child has none of its parent's threads
    os.register_at_fork(after_in_child=_pool.cache_clear)


def each(work: Callable[[Callable[[], T | None]], None], items: Iterable[T], count: int) -> None:
    """Run `work` in `count` threads, this one among them; each takes items, by calling its argument, until None."""
    left = list(items)[::-1]

    def take() -> "T | None":  # quoted: the annotation would be computed at every call
        try:
            return left.pop()
        except IndexError:
            return None

    others = [_pool().submit(work, take) for _ in range(count - 1)]
    try:
        work(take)
    finally:
        left.clear()
        for other in others:
            if (
                not other.cancel()
            ):  # one that has not begun finds nothing left; its thread may be this one
                other.result()
