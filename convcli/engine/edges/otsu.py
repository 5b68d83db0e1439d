"""Thresholds: from an answer of an edge detector to a map of edges."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convcli.engine.edges.rounding import multiples
from convcli.engine.errors import ConvError

__all__ = ["BINS", "otsu"]

BINS = 256
"""Bins of the histogram of real numbers."""


def otsu(values: NDArray[Any], bins: int = BINS, *, noise: float = 0.0) -> float:
    """Threshold that parts a histogram into two classes as far from each other as can be.

    Parameters
    ----------
    values : ndarray
        Integers or floats; NaN and infinities are left out.
    bins : int
        Bins of the histogram, from the least to the largest value. Integers that span at most 65536 values have a bin
        each, and so have floats that are as few multiples of a power of two.
    noise : float
        Values that lie no further apart than this are the same but for rounding.

    Returns
    -------
    float
        What is above it is the upper class: the middle of the last bin of the lower class. The largest value, where
        all are the same but for rounding.

    Raises
    ------
    ConvError
        No finite value.

    Source: Otsu, "A threshold selection method from gray-level histograms", 1979.

    Examples
    --------
    >>> otsu(np.array([1, 1, 2, 8, 9, 9]))
    2.0
    """
    if values.dtype.kind == "f":
        finite = np.isfinite(values)
        values = values.ravel() if finite.all() else values[finite]
    if values.size == 0:
        raise ConvError("threshold otsu: got no finite number, at least one is needed")
    least, largest = values.min(), values.max()
    real = values.dtype.kind == "f"
    if (
        least == largest
        or largest - least <= noise
        or (real and np.nextafter(least, largest) - least > (largest - least) / bins)
    ):
        return float(largest)
    unit = math.ldexp(1.0, math.frexp(float(largest) - float(least))[1] - 16) if real else 1.0
    few = multiples(values, unit) if real and unit else int(largest) - int(least) < 1 << 16
    if few and unit:
        above = (values.ravel() - least) / unit if real else values.ravel() - least
        counts = np.bincount(above.astype(np.int64))
        middles = float(least) + np.arange(counts.size, dtype=np.float64) * unit
    else:
        counts, ends = np.histogram(values, bins)
        middles = (ends[:-1] + ends[1:]) / 2
    below = np.cumsum(counts)[:-1].astype(np.float64)
    first = np.cumsum(counts * middles)
    whole, moment = float(counts.sum()), first[-1]
    # between-class variance, but for a constant factor; neither class is empty: the end bins hold least and largest
    between = (moment * below - whole * first[:-1]) ** 2 / (below * (whole - below))
    return float(middles[np.argmax(between)])
