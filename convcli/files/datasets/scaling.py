"""Which value of stored pictures is white, and the smallest dtype that holds them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from convcli.engine.errors import ConvError

__all__ = ["narrowed", "white_of"]

Array = NDArray[Any]

_ROWS = 4096
_SIXTEEN = 16
"""The largest value of the UCI digits: counts of 4×4 blocks."""


def white_of(x: Array, given: float | None) -> tuple[float, tuple[str, ...]]:
    """Find the value that becomes 1, and what people should be told about it.

    Parameters
    ----------
    x : ndarray, shape (N, C, H, W)
    given : float or None
        What ``--max-value`` says.

    Raises
    ------
    ConvError
        NaN or infinity among the values.

    Examples
    --------
    >>> white_of(np.array([0, 200], np.uint8), None)
    (255, ())
    """
    least, largest = x.min().item(), x.max().item()
    if not (np.isfinite(least) and np.isfinite(largest)):
        raise ConvError("got NaN or infinity among the pixels, finite numbers are needed")
    if given is not None:
        return given, ()
    whole = _whole(x)
    if least < 0 or largest > 65535 or (largest > 1 and not whole):
        kind = "negative" if least < 0 else "large" if whole else "fractional"
        told = f"its {kind} values, {least:g} to {largest:g}, are taken as they are"
        return 1, (f"{told} (--max-value says what white is)",)
    if largest == _SIXTEEN:
        return _SIXTEEN, ("its largest value is 16, and 16 is white (--max-value says otherwise)",)
    if largest <= 1:
        told = "its values are 0 and 1: 1 is white (--max-value says otherwise)"
        return 1, (told,) if x.dtype.kind in "iu" and largest else ()
    if x.dtype == np.uint16:
        told = f"its largest value is {largest}, white is 65535 (--max-value says otherwise)"
        return 65535, (told,) if largest <= 255 else ()
    return (255 if largest <= 255 else 65535), ()


def _whole(x: Array) -> bool:
    if x.dtype.kind in "iu":
        return True
    parts = (x[top : top + _ROWS] for top in range(0, len(x), _ROWS))
    return all((part == np.rint(part)).all() for part in parts)


def narrowed(x: Array) -> Array:
    """Return numbers of 64 bits in fewer, where that loses nothing that a network would see.

    >>> narrowed(np.array([0, 255])).dtype, narrowed(np.array([0, 256])).dtype, narrowed(np.array([0.5])).dtype
    (dtype('uint8'), dtype('uint16'), dtype('float32'))
    """
    if x.dtype.kind == "f":
        with np.errstate(over="ignore"):  # past 3.4e38: infinity, which is told
            return x.astype(np.float32)
    for dtype in (np.uint8, np.uint16):
        if x.min() >= 0 and x.max() <= np.iinfo(dtype).max:
            return x.astype(dtype)
    return x
