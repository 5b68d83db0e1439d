"""What rounding must not decide: the same numbers in any dtype are one picture, and equal values are ties."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["fits_float32", "largest_of", "multiples", "noise_of", "not_above"]

ROUNDINGS = 2
"""Rounding errors of sum|kernel| times the largest number that a sum over a kernel's taps may come to (0.8 was seen)."""

STEEP = 16
"""A plane is computed in float32 if its numbers span more than a 16th of the largest: else that would lose digits."""

_BAND = 1 << 18
_SOME = 1 << 10


def fits_float32(x: NDArray[Any]) -> bool:
    """Whether a picture may be computed in float32: what float32 or 16 bits hold, and no small steps on a high level.

    >>> [fits_float32(np.array([[0.0, x]])) for x in (1.5, 2**24, 2**24 + 1, 0.1)]
    [True, True, False, False]
    >>> fits_float32(np.array([[1e6, 1e6 + 0.5]])), fits_float32(np.array([[60000.0, 60001.0]]))
    (False, True)
    """
    if x.dtype.kind == "b" or x.dtype.itemsize <= 2 or x.dtype == np.float32:
        return True
    least, most = ends_of(x)
    largest = max(-least, most)
    level = (most - least) * STEEP < largest
    if level and largest >= 1 << 16:
        return False
    rows = x.reshape(-1, x.shape[-1])
    height = max(_BAND // rows.shape[1], 1)
    with np.errstate(over="ignore", invalid="ignore"):
        for top in range(0, len(rows), height):
            part = rows[top : top + height]
            # as they are held: a comparison of integers with floats would round them to floats first
            same = (np.rint(part) if level else part.astype(np.float32)).astype(x.dtype) == part
            if not same.all() and not (same | np.isnan(part)).all():
                return False
    return True


def ends_of(values: NDArray[Any]) -> tuple[float, float]:
    """Return the least and the largest finite number; 0 and 0 if there is none."""
    least, most = float(values.min()), float(values.max())
    if not math.isfinite(most - least):
        finite = values[np.isfinite(values)]
        if not finite.size:
            return 0.0, 0.0
        least, most = float(finite.min()), float(finite.max())
    return least, most


def largest_of(values: NDArray[Any]) -> float:
    """Return the largest finite magnitude."""
    least, most = ends_of(values)
    return max(-least, most)


def multiples(values: NDArray[Any], unit: float) -> bool:
    """Whether all numbers are whole multiples of a power of two."""
    if values.dtype.kind != "f":
        return unit <= 1
    dtype = np.result_type(values.dtype, np.float32)
    for part in (values.ravel()[:_SOME], values):
        with np.errstate(all="ignore"):
            counts = np.divide(part, unit, dtype=dtype)
        if not (counts == np.rint(counts)).all():
            return False
    return True


def noise_of(
    planes: NDArray[Any], stack: NDArray[Any], dtype: np.dtype[Any], value: float
) -> NDArray[np.float64]:
    """By how much a sum of kernels' answers may miss the truth, for each plane; 0 where all arithmetic is exact.

    Parameters
    ----------
    planes : ndarray, shape (P, 1, H, W)
    stack : ndarray
        The kernels.
    dtype : numpy dtype
        Of the answers.
    value : float
        What may stand beyond the edge.
    """
    if dtype.kind != "f":
        return np.zeros(len(planes))
    gain, epsilon = float(np.abs(stack).sum()), float(np.finfo(dtype).eps)
    terms = [gain * max(largest_of(plane), abs(value)) for plane in planes]
    return np.array(
        [
            0.0 if _exact(plane, stack, value, bound, epsilon) else ROUNDINGS * epsilon * bound
            for plane, bound in zip(planes, terms, strict=True)
        ]
    )


def _exact(
    plane: NDArray[Any], stack: NDArray[Any], value: float, bound: float, epsilon: float
) -> bool:
    """Whether all sums are whole multiples of a unit, and few enough that a float holds them."""
    unit = math.ldexp(epsilon / 2, math.frexp(bound)[1])
    if not unit or stack.dtype.kind != "i" or not (value / unit).is_integer():
        return False
    return multiples(plane, unit)


def not_above(limits: NDArray[np.float64], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Round down to a float dtype: of its numbers, the same are larger than the result as are larger than the limit."""
    if dtype.kind != "f":
        return limits
    near = limits.astype(dtype)
    return np.where(near > limits, np.nextafter(near, -np.inf, dtype=dtype), near)
