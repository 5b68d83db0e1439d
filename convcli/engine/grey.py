"""From colour to grey."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["REC709", "grey"]

REC709 = (0.2125, 0.7154, 0.0721)
"""Weights of red, green and blue (ITU-R BT.709, rounded as scikit-image does)."""

_BAND = 64


def grey(planes: NDArray[Any]) -> NDArray[Any]:
    """Return the brightness of a picture, in its own units and not rounded.

    Parameters
    ----------
    planes : ndarray, shape (H, W), (3, H, W) or (N, 3, H, W)

    Returns
    -------
    ndarray, shape (H, W) or (N, 1, H, W)
        Grey planes as they are; of colour float32.

    Examples
    --------
    >>> grey(np.full((3, 1, 2), 200, np.uint8)).round(3).tolist()
    [[200.0, 200.0]]
    """
    if planes.ndim == 2:
        return planes
    if planes.ndim == 4:
        return np.stack([grey(one)[None] for one in planes])
    out = np.empty(planes.shape[1:], np.float32)
    weights = np.array(REC709, np.float32)
    for start in range(0, len(out), _BAND):
        rows = slice(start, start + _BAND)
        np.einsum("c,chw->hw", weights, planes[:, rows].astype(np.float32), out=out[rows])
    return out
