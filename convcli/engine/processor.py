"""The class of the processor, by the width of its vectors: what NumPy says that it found, and its BLAS was told.

Nothing is timed: the same call on the same machine gives the same bytes.
"""

import os
from functools import cache

from convcli.engine.errors import one_of

__all__ = ["CLASSES", "VARIABLE", "told_blas", "vectors"]

CLASSES = ("avx512", "avx2", "128-bit")
"""From the widest vectors to the narrowest; the last is any that is none of the others (SSE, NEON)."""

VARIABLE = "CONVCLI_PROCESSOR"
"""The environment variable that forces a class: another choice of strategies, the same results but for rounding."""

_FEATURES = {"avx512": {"AVX512_SKX", "X86_V4"}, "avx2": {"AVX2", "X86_V3"}}
"""What NumPy calls them, before and since 2.4."""

_WIDE = ("skylakex", "cooperlake", "sapphirerapids")
_MIDDLE = ("haswell", "zen", "excavator")
"""OpenBLAS's names of processors whose kernels have vectors of 512 and of 256 bits and fused sums."""


def told_blas() -> str | None:
    """Return the class whose kernels OpenBLAS was told to take, by OPENBLAS_CORETYPE; None if it was told nothing."""
    core = os.environ.get("OPENBLAS_CORETYPE", "").lower()
    if not core:
        return None
    return "avx512" if core in _WIDE else "avx2" if core in _MIDDLE else "128-bit"


@cache
def vectors() -> str:
    """Return the class, a name of `CLASSES`: the narrower one of NumPy's and its BLAS's.

    Raises
    ------
    ConvError
        The variable that forces one holds none of them.
    """
    forced = os.environ.get(VARIABLE)
    if forced:
        if forced not in CLASSES:
            raise one_of("class of processor", forced, CLASSES).about(VARIABLE)
        return forced
    return max(_found(), told_blas() or CLASSES[0], key=CLASSES.index)


def _found() -> str:
    import numpy as np

    told = np.show_config(mode="dicts") or {}
    there = told.get("SIMD Extensions", {})
    features = {*there.get("baseline", ()), *there.get("found", ())}
    return next((name for name, own in _FEATURES.items() if own & features), CLASSES[-1])
