"""What every filter of the engine gives: a result that is computed rows at a time."""

from collections.abc import Iterator
from dataclasses import dataclass
from time import perf_counter
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from convcli.engine.sizes import geometry
from convcli.engine.sizes.geometry import Axis

__all__ = ["Ready", "Result", "Timed"]


@dataclass(frozen=True, eq=False)
class Ready:
    """A result that is there already."""

    result: NDArray[Any]

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the result."""
        return self.result.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """Dtype of the result."""
        return self.result.dtype

    @property
    def axes(self) -> tuple[Axis, Axis]:
        """Each cell stands for itself."""
        vertical, horizontal = geometry.axes(self.shape[-2:], (1,))
        return vertical, horizontal

    def rows(self, start: int, stop: int) -> NDArray[Any]:
        """Return rows start … stop-1."""
        return self.result[..., start:stop, :]

    def bands(self) -> Iterator[tuple[int, int]]:
        """Yield all rows at once."""
        yield 0, self.shape[-2]

    def run(self) -> NDArray[Any]:
        """Return the result."""
        return self.result


class Result(Protocol):
    """A filter that is checked and ready to compute any rows of its result.

    `shape` and `dtype` are those of the whole result, its last two axes are rows and columns; `axes` tells where
    the windows of these two lie in the input.
    """

    @property
    def shape(self) -> tuple[int, ...]: ...  # noqa: D102
    @property
    def dtype(self) -> Any: ...  # noqa: D102
    @property
    def axes(self) -> tuple[Axis, Axis]: ...  # noqa: D102

    def rows(self, start: int, stop: int) -> NDArray[Any]:
        """Compute output rows start … stop-1."""

    def bands(self) -> Iterator[tuple[int, int]]:
        """Yield half-open ranges of output rows that cover the result, of a size that computes well."""

    def run(self) -> NDArray[Any]:
        """Compute the whole result."""


@dataclass(eq=False)
class Timed:
    """A result that adds up how long it computes.

    Parameters
    ----------
    result : Result
    seconds : float
    """

    result: Result
    seconds: float = 0.0

    def __post_init__(self) -> None:
        self.shape, self.dtype, self.axes = self.result.shape, self.result.dtype, self.result.axes

    def rows(self, start: int, stop: int) -> NDArray[Any]:
        """Compute output rows start … stop-1."""
        begun = perf_counter()
        found = self.result.rows(start, stop)
        self.seconds += perf_counter() - begun
        return found

    def bands(self) -> Iterator[tuple[int, int]]:
        """Yield the ranges of the result."""
        return self.result.bands()

    def run(self) -> NDArray[Any]:
        """Compute the whole result."""
        return self.rows(0, self.shape[-2])
