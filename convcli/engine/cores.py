"""How many cores this process may use, and how many threads a filter or an encoder may start on them."""

import os

__all__ = ["LIMITS", "cores", "threads"]

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
