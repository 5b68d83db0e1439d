"""Arrays of pictures and of labels, in the shapes that people keep them in."""

from math import isqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convcli.engine.errors import ConvError
from convcli.engine.sizes.geometry import size_text
from convcli.files.memory import check_size

__all__ = ["labels_of", "pictures_of", "square"]

Array = NDArray[Any]

_SHAPES = "NxHxW, NxCxHxW with 1 or 3 channels, or a row of HxH pixels for each"


def pictures_of(x: Array, max_pixels: int) -> Array:
    """Bring an array of pictures to the shape (N, C, H, W).

    Parameters
    ----------
    x : ndarray, shape (N, H, W), (N, C, H, W), (N, H, W, 1), or (N, S * S)
    max_pixels : int
        Of one picture.

    Raises
    ------
    ConvError
        Another shape; channels that stand last, with the transpose that mends it.
    """
    if x.dtype.kind not in "biuf":
        raise ConvError(f"got {x.dtype}, numbers are needed")
    got = size_text(x.shape) or "a single number"
    if x.ndim == 2:
        side = square(x.shape[1])
        x = x.reshape(len(x), 1, side, side)
    elif x.ndim == 3:
        x = x[:, None]
    elif x.ndim == 4 and x.shape[1] not in (1, 3):
        if x.shape[3] == 1:
            x = x.reshape(len(x), 1, *x.shape[1:3])
        elif x.shape[3] in (3, 4):
            colours = "[..., :3]" if x.shape[3] == 4 else ""
            raise ConvError(
                f"got {got}, which looks like NxHxWxC, NxCxHxW is needed: "
                f"numpy.transpose(x{colours}, (0, 3, 1, 2)) mends it"
            )
    if x.ndim != 4 or x.shape[1] not in (1, 3):
        raise ConvError(f"got {got}, {_SHAPES} is needed")
    check_size(x.shape[3], x.shape[2], max_pixels)
    return np.ascontiguousarray(x)


def square(pixels: int) -> int:
    """Return the side of a square of so many pixels.

    Raises
    ------
    ConvError
        There is none.

    Examples
    --------
    >>> square(784)
    28
    """
    side = isqrt(pixels)
    if side * side == pixels and side:
        return side
    near = round(pixels**0.5) or 1
    more = ""
    if pixels % 3 == 0 and isqrt(pixels // 3) ** 2 == pixels // 3:
        side = isqrt(pixels // 3)
        more = f" (three colours of {side}x{side} go into an NPZ file as Nx3x{side}x{side})"
    raise ConvError(
        f"got {pixels} pixels for each, a square number is needed, as {near * near} = {near}x{near}{more}"
    )


def labels_of(y: Array) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return labels as texts, and what people should be told about them.

    Parameters
    ----------
    y : ndarray, shape (N,) or (N, 1), or (N, K) with a single 1 in each row
        Whole numbers, of whatever dtype, or texts.

    Raises
    ------
    ConvError
    """
    got = size_text(y.shape) or "a single label"
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if y.ndim == 2 and y.dtype.kind in "biuf":
        on = y == 1
        if not (on.sum(1) == 1).all() or np.count_nonzero(y) != len(y):
            raise ConvError(
                f"got {got}, one label an example is needed, or rows of zeros with a single 1"
            )
        told = f"its labels are one-hot, {got}: the place of each 1, from 0, is the label"
        return tuple(map(str, on.argmax(1).tolist())), (told,)
    if y.ndim != 1:
        raise ConvError(f"got {got}, one label an example is needed")
    if y.dtype.kind == "S":
        return tuple(text.decode("utf-8", "backslashreplace") for text in y.tolist()), ()
    if y.dtype.kind == "f":
        if not (np.isfinite(y).all() and (y == np.rint(y)).all() and (abs(y) < 2.0**53).all()):
            raise ConvError(f"got {y.dtype} with fractions, whole numbers or texts are needed")
        y = y.astype(np.int64)
    return tuple(map(str, y.tolist())), ()
