"""Cores and threads: NumPy lets go of the interpreter while it works on a long array, so parts of a result run side by side."""

import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

__all__ = ["LIMITS", "cores", "each", "in_order", "shared", "threads", "workers"]

S = TypeVar("S")
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
    """Run `work` in `count` threads, this one among them; each takes items, by calling its argument, until None.

    Within work that is shared out already one thread does it all: the cores are busy.
    """
    left = list(items)[::-1]

    def take() -> "T | None":  # quoted: the annotation would be computed at every call
        try:
            return left.pop()
        except IndexError:
            return None

    if count < 2 or shared():
        work(take)
        return

    def share() -> None:
        _shared.out = True
        try:
            work(take)
        except BaseException:
            left.clear()  # nobody begins what is of no use any more
            raise
        finally:
            _shared.out = False

    others = [_pool().submit(share) for _ in range(count - 1)]
    try:
        share()
    finally:
        left.clear()
        for other in others:
            if not other.cancel():  # one that has not begun finds nothing left
                other.result()


_shared = threading.local()


def shared() -> bool:
    """Whether this thread has a share of work that is shared out already.

    NumPy's calls should be long then, even if that leaves the cache: each takes the interpreter back when it is done, and
    a thread that finds it taken goes to sleep.
    """
    return getattr(_shared, "out", False)


def in_order(make: Callable[[S], T], items: Iterable[S], count: int) -> Iterator[T]:
    """Yield `make` of each item, in order, made by `count` threads that are no more than two items each ahead."""
    if count < 2:
        yield from map(make, items)
        return
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(count, initializer=setattr, initargs=(_shared, "out", True)) as pool:
        ahead: deque[Future[T]] = deque()
        try:
            for item in items:
                ahead.append(pool.submit(make, item))
                if len(ahead) > 2 * count:
                    yield ahead.popleft().result()
            while ahead:
                yield ahead.popleft().result()
        finally:  # what nobody asks for any more
            for future in ahead:
                future.cancel()
