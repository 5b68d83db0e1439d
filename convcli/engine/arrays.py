"""Arrays as callers give them, checked: planes of integers or floats."""

from math import prod
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from convcli.engine.errors import ConvError
from convcli.engine.sizes.notation import check_dimensions

__all__ = ["as_array", "check_numbers", "check_planes", "empty", "float_dtype"]

CACHE_LINE = 64
"""Bytes of a line of the cache: where an array begins on one, no vector lies across two."""


def as_array(what: str, given: ArrayLike) -> NDArray[Any]:
    """Make an array of what was given.

    Raises
    ------
    ConvError
        Its rows differ in length.
    """
    try:
        return np.asarray(given)
    except ValueError as error:
        raise ConvError(f"{what}: got rows of different lengths, an array is needed") from error


def check_numbers(what: str, array: NDArray[Any]) -> None:
    """Raise ConvError unless an array holds booleans, integers or floats of at most 64 bits."""
    if array.dtype.kind not in "biuf" or array.dtype.itemsize > 8:
        raise ConvError(
            f"{what}: got dtype {array.dtype}, integers or floats of at most 64 bits are needed"
        )


def check_planes(what: str, array: NDArray[Any]) -> None:
    """Raise ConvError unless an array holds such numbers in rows and columns, perhaps of channels and a batch."""
    check_numbers(what, array)
    check_dimensions(array.shape, what)


def empty(shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
    """Return an uninitialised C-contiguous array that begins on a line of the cache."""
    dtype = np.dtype(dtype)
    memory = np.empty(dtype.itemsize * prod(shape) + CACHE_LINE, np.uint8)
    return np.ndarray(shape, dtype, memory, -memory.__array_interface__["data"][0] % CACHE_LINE)


def float_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Return the floats that results of arithmetic with floats are in: float32 for small numbers, else float64.

    >>> [float_dtype(np.dtype(t)).name for t in ("uint8", "int16", "float32", "int32", "float64")]
    ['float32', 'float32', 'float32', 'float64', 'float64']
    """
    narrow = dtype.itemsize <= (4 if dtype.kind == "f" else 2)
    return np.dtype(np.float32 if narrow else np.float64)
