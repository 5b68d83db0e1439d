"""A picture in memory, whatever file it came from."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from convcli.engine import threads

if TYPE_CHECKING:
    from convcli.engine.ranges import Sampled

__all__ = ["LONGEST_EXIF", "Display", "Frames", "Picture", "Samples", "full_scale", "unbounded"]

Samples: TypeAlias = (
    NDArray[np.uint8] | NDArray[np.uint16] | NDArray[np.float32] | NDArray[np.integer[Any]]
)

LONGEST_EXIF = 2**16 - 3
"""Bytes of EXIF that a JPEG has room for."""


@dataclass(frozen=True)
class Display:
    """How the samples are meant to be shown; None is what the file does not say.

    Parameters
    ----------
    resolution : (float, float) or None
        Pixels along a row and down a column, to an inch.
    aspect : (float, float) or None
        The same without a unit: only their ratio means something.
    gamma : float or None
        Of PNG's gAMA: samples are light to this power.
    primaries : tuple of 8 floats or None
        Of PNG's cHRM: x and y of white, red, green, blue.
    srgb : int or None
        Of PNG's sRGB: the rendering intent.
    """

    resolution: tuple[float, float] | None = None
    aspect: tuple[float, float] | None = None
    gamma: float | None = None
    primaries: tuple[float, ...] | None = None
    srgb: int | None = None

    def turned(self) -> "Display":
        """Return it for the picture with rows and columns swapped."""
        across, aspect = self.resolution, self.aspect
        return replace(
            self,
            resolution=across and (across[1], across[0]),
            aspect=aspect and (aspect[1], aspect[0]),
        )


@dataclass(frozen=True, eq=False)
class Picture:
    """The samples of a picture, and what is carried along with them.

    Parameters
    ----------
    planes : ndarray
        Grey (H, W) or colour (3, H, W); uint8, uint16 or float32. Other dtypes, several bands and floats beyond 0 … 1
        are numbers of their own units (elevations, densities), with no black and white.
    alpha : ndarray or None
        (H, W), of the same dtype.
    profile : bytes or None
        The ICC colour profile.
    notes : tuple of str
        What was not read as it is, for people to be told.
    display : Display
    background : tuple of 3 floats, or None
        The colour that the file says it is to be seen over: red, green, blue, 0 … 1.
    made : Sampled or None
        Computes the planes, rows at a time, while they are written: `planes` then has their shape and dtype alone.
    exif : bytes or None
        What the camera says, as the file has it.
    numbers : bool
        Whether the planes are numbers of their own units though their dtype does not say so: bands (C, H, W), or floats
        beyond black and white.
    """

    planes: Samples
    alpha: Samples | None = None
    profile: bytes | None = None
    notes: tuple[str, ...] = ()
    background: tuple[float, float, float] | None = None
    display: Display = Display()
    made: "Sampled | None" = None
    exif: bytes | None = None
    numbers: bool = False

    def rows(self, top: int, bottom: int) -> Samples:
        """Return rows top … bottom-1 of the planes."""
        rows: Samples = self.planes[..., top:bottom, :]
        return self.made.rows(top, bottom) if self.made else rows

    def held(self) -> "Picture":
        """Return it with planes that are there."""
        return replace(self, planes=self.made.run(), made=None) if self.made else self

    def strips(self, size: int, unit: int = 1) -> range:
        """Say where strips of the planes begin that have about so many bytes, and whole units of rows."""
        count = self.planes.shape[-2]
        rows = max(size * count // self.planes.nbytes, 1)
        if (
            self.made
        ):  # what is made together is written together, if it is no more than a few strips
            tall = self.made.height
            rows = rows // tall * tall or min(tall, 4 * rows)
        return range(0, count, max(rows // unit, 1) * unit)

    def threads(self, most: int | None, strips: int) -> int:
        """How many threads are for so many strips: one a core unless `most` is given."""
        alone = self.made is not None and not self.made.shared
        return 1 if alone else min(most or threads.threads(), strips)

    @property
    def size(self) -> tuple[int, int]:
        """Height and width."""
        height, width = self.planes.shape[-2:]
        return height, width

    @property
    def colour(self) -> bool:
        """Whether there are three planes of colours."""
        return self.planes.ndim == 3 and not self.numbers

    @property
    def measured(self) -> bool:
        """Whether the samples are numbers of their own units."""
        return self.numbers or self.planes.dtype not in (np.uint8, np.uint16, np.float32)

    @property
    def full_scale(self) -> float:
        """The value of white: 255, 65535 or 1.0."""
        return full_scale(self.planes.dtype)


@dataclass(frozen=True, eq=False)
class Frames:
    """All pictures of a file.

    Parameters
    ----------
    pictures : tuple of Picture
    durations : tuple of float or None
        Of an animation, milliseconds of each: its pictures are alike in size, colour and alpha. None: they are pages.
    plays : int
        How often an animation is shown; 0 is without end.
    """

    pictures: tuple[Picture, ...]
    durations: tuple[float, ...] | None = None
    plays: int = 1


def full_scale(dtype: np.dtype[Any]) -> float:
    """Return the value of white in a picture of this dtype.

    >>> full_scale(np.dtype(np.uint8)), full_scale(np.dtype(np.float32))
    (255, 1.0)
    """
    return int(np.iinfo(dtype).max) if dtype.kind in "iu" else 1.0


def unbounded(values: NDArray[Any]) -> bool:
    """Whether values are floats that are not all from black to white, 0 to 1.

    >>> unbounded(np.float32([0, 0.5, 1])), unbounded(np.float32([0, 2])), unbounded(np.uint8([2]))
    (False, True, False)
    """
    return values.dtype.kind == "f" and not (0 <= values.min() <= values.max() <= 1)
