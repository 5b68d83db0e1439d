"""What every filter of the engine gives: a result that is computed rows at a time."""

from collections.abc import Iterator
from typing import Any, Protocol

from numpy.typing import NDArray

from convcli.engine.geometry import Axis

__all__ = ["Plan"]


class Plan(Protocol):
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
