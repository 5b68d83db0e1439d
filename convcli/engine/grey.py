"""From colour to grey."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convcli.engine.threads import each, workers

__all__ = ["REC709", "grey"]

REC709 = (0.2125, 0.7154, 0.0721)
"""Weights of red, green and blue (ITU-R BT.709, rounded as scikit-image does)."""

_BAND = 1 << 16
"""Cells at a time: they stay in a core's cache."""

ALONE = 1 << 19
"""Cells up to which threads cost more to load and start than they save."""


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
    weights = [np.float32(weight) for weight in REC709]
    height = max(_BAND // planes.shape[-1], 1)

    def work(take: Callable[[], int | None]) -> None:
        while (top := take()) is not None:
            rows, found = slice(top, top + height), out[top : top + height]
            np.multiply(planes[0, rows].astype(np.float32), weights[0], out=found)
            for plane, weight in zip(planes[1:], weights[1:], strict=True):
                part = plane[rows].astype(np.float32)
                part *= weight
                found += part

    tops = range(0, len(out), height)
    each(work, tops, min(workers(), len(tops)) if out.size > ALONE else 1)
    return out
