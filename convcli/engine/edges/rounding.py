"""What rounding may decide, and what not: the same numbers in any dtype are one picture."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["fits_float32"]

_BAND = 1 << 18


def fits_float32(x: NDArray[Any]) -> bool:
    """Whether float32 holds every number of an array.

    >>> fits_float32(np.array([1.5, 2**24])), fits_float32(np.array([0.1])), fits_float32(np.array([2**24 + 1]))
    (True, False, False)
    """
    if x.dtype.kind == "b" or x.dtype.itemsize <= 2 or x.dtype == np.float32:
        return True
    height = max(_BAND // max(x.shape[-1], 1), 1)
    for plane in x.reshape(-1, *x.shape[-2:]) if x.ndim > 1 else [x[np.newaxis]]:
        for top in range(0, len(plane), height):
            part = plane[top : top + height]
            with np.errstate(over="ignore"):
                short = part.astype(np.float32)
            # as they are held: a comparison of integers with floats would round them to floats first
            with np.errstate(invalid="ignore"):
                same = short.astype(part.dtype) == part
            if part.dtype.kind == "f":
                same |= np.isnan(part)
            if not same.all():
                return False
    return True
