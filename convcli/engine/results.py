"""What every filter of the engine gives: a result that is computed rows at a time."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import inf, prod
from time import perf_counter
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from convcli.engine.errors import ConvError
from convcli.engine.sizes import geometry
from convcli.engine.sizes.geometry import Axis, size_text

__all__ = ["Ready", "Result", "Timed", "check_cells"]

_MOST_CELLS = 1 << 40


def check_cells(what: str, shape: Sequence[int]) -> None:
    """Refuse what no memory holds, before anything is counted, allocated or handed to NumPy, whose integers end.

    Parameters
    ----------
    what : str
        What is of this shape, for the message.
    shape : sequence of int

    Raises
    ------
    ConvError
    """
    if prod(shape) > _MOST_CELLS:
        raise ConvError(f"{what}: got {size_text(shape)}, at most 2^40 cells are allowed")


class Result(ABC):
    """A filter that is checked and ready to compute any rows of its result.

    `shape` and `dtype` are those of the whole result, its last two axes are rows and columns; `axes` tells where
    the windows of these two lie in the input.
    """

    BAND: ClassVar[int] = 1 << 20
    """Elements a band aims at: enough for all threads, small against a picture."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    axes: tuple[Axis, Axis]
    shared: bool = True
    """Whether several threads may compute rows at the same time, each on its own core."""

    @property
    def native(self) -> np.dtype[Any]:
        """The dtype in which rows come fastest: it holds each value of theirs, in more or fewer bits than `dtype`."""
        return self.dtype

    @property
    def rounds(self) -> bool:
        """Whether `rows` rounds, half to even, into an `out` of integers, which has to hold every value."""
        return False

    @property
    def ends(self) -> tuple[float, float]:
        """What no value passes, below and above; where nothing is known, it may be NaN, too."""
        return -inf, inf

    @property
    def height(self) -> int:
        """Rows that are well computed together: several windows, as what lies between two bands is read for both."""
        return max(4 * self.axes[0].extent // self.axes[0].s, 1)

    @abstractmethod
    def rows(self, start: int, stop: int, out: NDArray[Any] | None = None) -> NDArray[Any]:
        """Compute output rows start … stop-1.

        Returns
        -------
        ndarray, shape (*shape[:-2], stop - start, shape[-1]), dtype `dtype`
            `out`, if it was given.
        """

    def bands(self, elements: int | None = None) -> Iterator[tuple[int, int]]:
        """Yield half-open ranges of output rows of about `elements` (`BAND`) elements each, which cover the result."""
        rows = self.shape[-2]
        height = max((elements or self.BAND) * rows // max(prod(self.shape), 1), 1)
        for start in range(0, rows, height):
            yield start, min(start + height, rows)

    def run(self) -> NDArray[Any]:
        """Compute the whole result.

        Raises
        ------
        ConvError
            No memory holds it.
        """
        check_cells("result", self.shape)
        return self.rows(0, self.shape[-2])


class Ready(Result):
    """A result that is there already.

    Parameters
    ----------
    result : ndarray, shape (..., H, W)
    axes : (Axis, Axis), optional
        Unless given, each cell stands for itself.
    """

    def __init__(self, result: NDArray[Any], axes: tuple[Axis, Axis] | None = None) -> None:
        self.result, self.shape, self.dtype = result, result.shape, result.dtype
        if axes is None:
            vertical, horizontal = geometry.axes(self.shape[-2:], (1,))
            axes = vertical, horizontal
        self.axes = axes

    def rows(self, start: int, stop: int, out: NDArray[Any] | None = None) -> NDArray[Any]:
        """Return rows start … stop-1, in `out` if it was given."""
        found = self.result[..., start:stop, :]
        if out is None:
            return found
        out[...] = found
        return out


@dataclass(eq=False, repr=False)
class Timed(Result):
    """A result that adds up how long it computes.

    Parameters
    ----------
    result : Result
    seconds : float
    """

    result: Result
    seconds: float = 0.0
    shared = False

    def __post_init__(self) -> None:
        self.shape, self.dtype, self.axes = self.result.shape, self.result.dtype, self.result.axes

    def rows(self, start: int, stop: int, out: NDArray[Any] | None = None) -> NDArray[Any]:
        """Compute output rows start … stop-1."""
        begun = perf_counter()
        found = self.result.rows(start, stop, out)
        self.seconds += perf_counter() - begun
        return found
