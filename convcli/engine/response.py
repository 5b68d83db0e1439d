"""What a kernel does: its rank, and what it answers to waves."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["frequency_response", "rank"]


def rank(taps: NDArray[Any]) -> int:
    """Number of separable kernels that add up to this one; 1 means two 1-D passes do the same.

    Parameters
    ----------
    taps : ndarray, shape (kh, kw)

    Examples
    --------
    >>> rank(np.outer([1, 2, 1], [-1, 0, 1])), rank(np.array([[0, 1, 0], [1, -4, 1], [0, 1, 0]]))
    (1, 2)
    """
    values = np.linalg.svd(taps.astype(np.float64), compute_uv=False)
    return int(np.count_nonzero(values > 1e-12 * values[0])) if values[0] > 0 else 0


def frequency_response(taps: NDArray[Any], size: int = 64) -> NDArray[np.float64]:
    """Magnitude of the answer to each frequency, from -1/2 to 1/2 cycle a cell, zero in the middle.

    Parameters
    ----------
    taps : ndarray, shape (kh, kw)
    size : int
        Frequencies an axis.

    Returns
    -------
    ndarray, shape (size, size), float64
        Rows are vertical frequencies; at least 0.
    """
    step = np.fft.fftshift(np.fft.fftfreq(size))
    rows = np.exp(-2j * np.pi * np.outer(step, np.arange(taps.shape[0])))
    columns = np.exp(-2j * np.pi * np.outer(np.arange(taps.shape[1]), step))
    magnitude: NDArray[np.float64] = np.abs(rows @ taps @ columns)
    return magnitude
