"""Threads: NumPy lets go of the interpreter while it works on a long array, so parts of a result run side by side."""

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TypeVar

from convcli.engine import cores

__all__ = ["each", "workers"]

T = TypeVar("T")

MOST = 8
"""Threads at most: each holds scratch memory, and memory bandwidth is shared."""


@cache
def workers() -> int:
    """How many threads may run: the cores that this process may use, or OMP_NUM_THREADS if that is less."""
    return min(cores.threads(MOST), MOST)


@cache
def _pool() -> ThreadPoolExecutor:
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
