"""A picture in memory, whatever file it came from, and how large it may be."""

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from convcli.engine.errors import ConvError

__all__ = ["Picture", "Samples", "check_size", "full_scale", "too_large"]

Samples: TypeAlias = NDArray[np.uint8] | NDArray[np.uint16] | NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Picture:
    """The samples of a picture, and what is carried along with them.

    Parameters
    ----------
    planes : ndarray
        Grey (H, W) or colour (3, H, W); uint8, uint16 or float32.
    alpha : ndarray or None
        (H, W), of the same dtype.
    profile : bytes or None
        The ICC colour profile.
    notes : tuple of str
        What was not read as it is, for people to be told.
    background : tuple of 3 floats, or None
        The colour that the file says it is to be seen over: red, green, blue, 0 … 1.
    """

    planes: Samples
    alpha: Samples | None = None
    profile: bytes | None = None
    notes: tuple[str, ...] = ()
    background: tuple[float, float, float] | None = None

    @property
    def size(self) -> tuple[int, int]:
        """Height and width."""
        height, width = self.planes.shape[-2:]
        return height, width

    @property
    def colour(self) -> bool:
        """Whether there are three planes."""
        return self.planes.ndim == 3

    @property
    def full_scale(self) -> float:
        """The value of white: 255, 65535 or 1.0."""
        return full_scale(self.planes.dtype)


def full_scale(dtype: np.dtype[Any]) -> float:
    """Return the value of white in a picture of this dtype.

    >>> full_scale(np.dtype(np.uint8)), full_scale(np.dtype(np.float32))
    (255, 1.0)
    """
    return int(np.iinfo(dtype).max) if dtype.kind in "iu" else 1.0


def check_size(width: int, height: int, max_pixels: int) -> None:
    """Refuse a picture without pixels, or with too many: asked before anything is decoded.

    Raises
    ------
    ConvError

    Examples
    --------
    >>> check_size(16384, 16384, 2**28)
    """
    if width < 1 or height < 1:
        raise ConvError(f"has no pixels: its size is {height}x{width}")
    if width * height > max_pixels:
        raise too_large(f"{height}x{width} = {width * height}", max_pixels)


def too_large(count: str, max_pixels: int) -> ConvError:
    """Build the error for a picture of so many pixels."""
    return ConvError(f"has {count} pixels, at most {max_pixels} are allowed (--max-pixels)")
