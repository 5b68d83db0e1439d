"""Gaussians and their second derivatives, sampled at whole numbers."""

import numpy as np
from numpy.typing import NDArray

from convcli.engine.errors import ConvError

__all__ = ["LARGEST", "gaussian_row", "log_factors", "radius_of"]

LARGEST = 4097
"""The longest side of a named kernel."""


def radius_of(sigma: float) -> int:
    """Cells on each side of a Gaussian that is cut at 4 sigma.

    >>> radius_of(1.4)
    6
    """
    radius = int(4 * sigma + 0.5)  # scipy.ndimage's truncation at 4 sigma
    if 2 * radius + 1 > LARGEST:
        raise ConvError(f"got sigma {sigma:g}, at most {LARGEST // 8} is allowed", usage=True)
    return radius


def gaussian_row(sigma: float, radius: int | None = None) -> NDArray[np.float64]:
    """One-dimensional Gaussian, sampled at whole numbers and scaled to sum 1.

    Parameters
    ----------
    sigma : float
        Standard deviation in cells.
    radius : int, optional
        Cells on each side; floor(4 sigma + 1/2) unless given.

    Returns
    -------
    ndarray, shape (2 * radius + 1,), float64
    """
    radius = radius_of(sigma) if radius is None else radius
    weights = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma) ** 2)
    return np.asarray(weights / weights.sum())


def log_factors(sigma: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Bend and blur of a Laplacian of a Gaussian, which is outer(bend, blur) + outer(blur, bend).

    Returns
    -------
    bend, blur : ndarray, shape (2 * radius + 1,), float64
        The second derivative of the Gaussian, made to sum 0 (a constant answers 0, whatever was cut off); the Gaussian.
    """
    blur = gaussian_row(sigma)
    at = np.arange(len(blur)) - len(blur) // 2
    bend = blur * (at**2 / sigma**4 - 1 / sigma**2)
    return bend - blur * bend.sum(), blur
