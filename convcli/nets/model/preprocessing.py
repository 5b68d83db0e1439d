"""A picture becomes the input of a network: scaled to 0…1, resized, cropped, normalised."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convcli.engine.errors import ConvError
from convcli.engine.grey import grey
from convcli.nets.zoo import Preparation

__all__ = ["normalised", "placed", "prepared", "resized"]

Array = NDArray[Any]


def prepared(
    planes: Array, white: float, size: Sequence[int], resize: int | None = None
) -> NDArray[np.float32]:
    """Bring a picture, or a batch of pictures of one size, to a network's input size.

    Parameters
    ----------
    planes : ndarray, shape (H, W), (3, H, W), or (N, C, H, W) with C of 1 or 3
    white : float
        The value that becomes 1.
    size : (int, int, int)
        C×H×W; a colour picture becomes grey for one channel, a grey one is repeated for three.
    resize : int, optional
        What the shorter side becomes before the middle is cut out; None: both sides are fitted to the size.

    Returns
    -------
    ndarray of float32, shape (C, H, W) or (N, C, H, W), 0…1

    Raises
    ------
    ConvError
        Another number of channels; a crop that is larger than what it is cut from.

    Examples
    --------
    >>> prepared(np.full((4, 6), 51, np.uint8), 204, (3, 2, 2), 2)[0].tolist()
    [[0.25, 0.25], [0.25, 0.25]]
    """
    channels, height, width = size
    if channels not in (1, 3):
        raise ConvError(f"pictures have 1 or 3 channels, the network's input has {channels}")
    if planes.ndim > 2 and planes.shape[-3] == 3 and channels == 1:
        planes = grey(planes)
    x = np.asarray(planes, np.float32) / np.float32(white)
    (rows, columns), (top, left) = placed(x.shape[-2:], (height, width), resize)
    x = resized(x, (rows, columns))
    x = x[..., top : top + height, left : left + width]
    return np.ascontiguousarray(np.broadcast_to(x, (*x.shape[:-3], *size)))


def placed(
    picture: Sequence[int], size: Sequence[int], resize: int | None
) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return to what a picture is resized, and where in it the network's input begins, rows and columns each.

    Parameters
    ----------
    picture, size : (int, int)
        Of the picture, and of the input.
    resize : int, optional
        As `prepared` takes it.

    Raises
    ------
    ConvError

    Examples
    --------
    >>> placed((100, 200), (40, 40), 50)
    ((50, 100), (5, 30))
    """
    rows, columns = picture
    height, width = size
    if resize is None:
        rows, columns = height, width
    elif rows < columns:
        rows, columns = resize, int(resize * columns / rows)
    else:
        rows, columns = int(resize * rows / columns), resize
    if rows < height or columns < width:
        raise ConvError(
            f"--crop: got {height}x{width}, the picture is resized to {rows}x{columns}", usage=True
        )
    return (rows, columns), (round((rows - height) / 2), round((columns - width) / 2))


def normalised(x: Array, preparation: Preparation) -> NDArray[np.float32]:
    """Return (x - mean) / std, a channel at a time; x is (C, H, W) or (N, C, H, W).

    Raises
    ------
    ConvError
        Neither one number nor one a channel; a deviation of 0.
    """
    if not all(preparation.std):
        raise ConvError("--std: got 0, numbers other than 0 are allowed", usage=True)
    for what, values in (("--mean", preparation.mean), ("--std", preparation.std)):
        if len(values) not in (1, x.shape[-3]):
            got, wanted = len(values), x.shape[-3]
            raise ConvError(f"{what}: got {got} numbers, one or {wanted} are needed", usage=True)
    mean, std = (
        np.array(v, np.float32)[:, None, None] for v in (preparation.mean, preparation.std)
    )
    if not mean.any() and (std == 1).all():
        return x.astype(np.float32, copy=False)
    return (x.astype(np.float32) - mean) / std


def resized(x: Array, size: Sequence[int]) -> Array:
    """Resize planes by bilinear interpolation; where they shrink, over all the cells that a new one covers.

    >>> resized(np.array([[0.0, 7, 14, 21]]), (1, 2)).round(6).tolist()
    [[5.0, 16.0]]
    """
    for axis, out in ((-2, size[0]), (-1, size[1])):
        if x.shape[axis] != out:
            weights = _triangles(x.shape[axis], out).astype(x.dtype)
            x = weights @ x if axis == -2 else x @ weights.T
    return x


def _triangles(n: int, out: int) -> Array:
    """Weights of n cells in each of `out`: triangles as wide as two new cells, or two old ones; shape (out, n)."""
    scale = n / out
    reach = max(scale, 1.0)
    middles = (np.arange(out) + 0.5) * scale
    away = np.abs(np.arange(n) + 0.5 - middles[:, None]) / reach
    weights = np.maximum(1 - away, 0)
    found: Array = weights / weights.sum(axis=1, keepdims=True)
    return found
