"""What a detector answers: computed rows at a time, or found as a whole."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from convcli.engine.edges.detectors import Join
from convcli.engine.edges.gradients import Direct
from convcli.engine.results import Ready, Result
from convcli.engine.sizes.geometry import Axis
from convcli.engine.threads import each

if TYPE_CHECKING:
    from convcli.engine.correlation import Correlation

__all__ = ["Answer", "Found", "Kernelwise"]

ALONE = 1 << 19
"""Answers up to which threads cost more to load and start than they save."""

PART = 1 << 20
"""Answers of all kernels that are held before they are joined."""


@dataclass(frozen=True, eq=False, repr=False)
class Kernelwise:
    """The answers of a detector on planes, kernel by kernel, rows at a time (the other way is `gradients.Direct`).

    Parameters
    ----------
    correlation : Correlation
        Of the planes, shape (P, 1, H, W), with the kernels.
    axes : (Axis, Axis)
    """

    correlation: "Correlation"
    axes: tuple[Axis, Axis]

    @property
    def threads(self) -> int:
        """Threads that may call `answers` at the same time: one, the correlation has threads of its own."""
        return 1

    @property
    def shared(self) -> bool:
        """Whether the correlation may be computed by several threads, rows of it by each."""
        return self.correlation.shared

    @property
    def dtype(self) -> np.dtype[Any]:
        """Dtype of the answers."""
        return self.correlation.dtype

    @property
    def height(self) -> int:
        """Rows to compute at a time."""
        planes, count, _, width = self.correlation.shape
        return max(PART // (planes * count * width), 1)

    def answers(self, top: int, bottom: int) -> list[NDArray[Any]]:
        """Compute rows top … bottom-1, one array of shape (P, rows, columns) a kernel."""
        parts = self.correlation.rows(top, bottom)
        return [parts[:, i] for i in range(parts.shape[1])]


@dataclass(eq=False, repr=False)
class Answer(Result):
    """The answer of a detector made of kernels, checked and ready to compute any rows of it.

    Parameters
    ----------
    source : Kernelwise or Direct
    join : callable
    scale : float
        What the joined answer is divided by.
    limits : ndarray, shape (P,), or None
        What is above its plane's limit, of either sign, is an edge.
    dtype : numpy dtype
    shape : tuple of int
        The last two axes are rows and columns.
    inside : ndarray of bool, shape (H', W'), or None
        Where there is an answer; elsewhere it is 0.
    """

    source: Kernelwise | Direct
    join: Join
    scale: float
    limits: NDArray[Any] | None
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    inside: NDArray[np.bool] | None = None

    def __post_init__(self) -> None:
        self.axes, self.shared = self.source.axes, self.source.shared

    @property
    def height(self) -> int:
        """Rows of a part."""
        return self.source.height

    def rows(self, start: int, stop: int, out: NDArray[Any] | None = None) -> NDArray[Any]:
        """Compute rows start … stop-1 (see `Result.rows`)."""
        width = self.shape[-1]
        if out is None:
            out = np.empty((*self.shape[:-2], stop - start, width), self.dtype)
        target = np.reshape(out, (-1, stop - start, width), copy=False)
        height = self.source.height
        parts = [(top, min(top + height, stop)) for top in range(start, stop, height)]

        def work(take: Callable[[], tuple[int, int] | None]) -> None:
            with np.errstate(over="ignore", invalid="ignore"):  # infinities of the input
                while (part := take()) is not None:
                    self._join(*part, target[:, part[0] - start : part[1] - start])

        threads = min(self.source.threads, len(parts)) if target.size > ALONE else 1
        each(work, parts, threads)
        return out

    def _join(self, top: int, bottom: int, out: NDArray[Any]) -> None:
        joined = self.join(self.source.answers(top, bottom))
        if self.scale != 1:
            joined /= self.scale
        if self.limits is None:
            out[...] = joined
        else:
            np.greater(np.abs(joined), self.limits[:, None, None], out=out)
        if self.inside is not None:
            out[:, ~self.inside[top:bottom]] = 0


class Found(Ready):
    """A map of edges that needs the whole picture at once, with the thresholds that made it.

    Parameters
    ----------
    result : ndarray of bool, shape (..., H', W')
    thresholds : tuple
        One entry a plane, in the units of the input: (low, high) of Canny, (threshold,) of Otsu.
    axes : (Axis, Axis)
        Where the windows lie in the input.
    """

    def __init__(
        self,
        result: NDArray[np.bool],
        thresholds: tuple[tuple[float, ...], ...],
        axes: tuple[Axis, Axis],
    ) -> None:
        super().__init__(result, axes)
        self.thresholds = thresholds
