"""All answers of a detector from one padded window: what its kernels have in common is computed once.

They equal, but for rounding, what the kernels answer one by one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from convcli.engine.borders import Border, read_window
from convcli.engine.grey import grey
from convcli.engine.kernels import kernel
from convcli.engine.sizes.geometry import Axis
from convcli.engine.threads import workers

__all__ = ["Direct", "Together", "compass", "pair"]

Array: TypeAlias = NDArray[Any]

Together: TypeAlias = Callable[[Array], list[Array]]
"""From padded windows, shape (P, rows + kh - 1, columns + kw - 1), to the kernels' answers, (P, rows, columns) each."""

CACHE = 1 << 17
"""Cells of a window that stay in a core's cache."""


@dataclass(frozen=True, eq=False, repr=False)
class Direct:
    """The answers of a detector on the planes `x`, rows at a time.

    Parameters
    ----------
    x : ndarray, shape (P, H, W)
    axes : (Axis, Axis)
    mode, value
        What stands beyond the edge.
    compute : callable
    work, dtype : numpy dtype
        Of the arithmetic (a type that holds all sums of integers exactly), and of the answers (a float type).
    colour : ndarray, shape (3, H, W), or None
        The planes whose brightness it is, in place of `x`, which then has its shape alone.
    """

    x: Array
    axes: tuple[Axis, Axis]
    mode: Border
    value: float
    compute: Together
    work: np.dtype[Any]
    dtype: np.dtype[Any]
    colour: Array | None = None
    shared = True

    @property
    def threads(self) -> int:
        """Threads that may call `answers` at the same time."""
        return workers()

    @property
    def height(self) -> int:
        """Rows to compute at a time."""
        return max(CACHE // (len(self.x) * self.axes[1].out), 1)

    def answers(self, top: int, bottom: int) -> list[Array]:
        """Compute rows top … bottom-1, one array of shape (P, rows, columns) a kernel."""
        vertical, horizontal = self.axes
        rows = top - vertical.before, bottom - 1 - vertical.before + vertical.extent
        columns = -horizontal.before, horizontal.out - 1 - horizontal.before + horizontal.extent
        size = self.x.shape[0], rows[1] - rows[0], columns[1] - columns[0]
        if self.colour is None:
            window = np.empty(size, self.work)
            read_window(self.x, rows, columns, self.mode, self.value, window)
        else:
            read = np.empty((3, *size[1:]), self.colour.dtype)
            read_window(self.colour, rows, columns, self.mode, self.value, read)
            window = grey(read)[None]
        return [a.astype(self.dtype, copy=False) for a in self.compute(window)]


def pair(name: str) -> Together:
    """Both derivatives of a family whose kernel along a row, `name`, is a blur down times a slope along.

    >>> x, y = pair("sobel-x")(np.array([[[0, 0, 8], [0, 0, 8], [0, 0, 8]]]))
    >>> x.tolist(), y.tolist()
    ([[[32]]], [[[0]]])
    """
    taps = kernel(name)
    middle = len(taps) // 2
    blur: list[float] = taps[middle:, -1].tolist()  # symmetric: from the middle out
    slope: list[float] = (taps[middle, middle:] / taps[middle, -1]).tolist()  # antisymmetric
    return lambda window: [
        _sloped(_blurred(window, blur).swapaxes(-1, -2), slope).swapaxes(-1, -2),
        _blurred(_sloped(window, slope).swapaxes(-1, -2), blur).swapaxes(-1, -2),
    ]


def _blurred(window: Array, weights: list[float]) -> Array:
    """Sum, down the columns, of `weights` for the middle and each pair of cells around it."""
    reach = len(weights) - 1
    rows = window.shape[-2] - 2 * reach
    found: Array = window[:, reach : reach + rows] * _as(weights[0], window)
    for i, weight in enumerate(weights[1:], 1):
        both = window[:, reach - i : reach - i + rows] + window[:, reach + i : reach + i + rows]
        found += both if weight == 1 else both * _as(weight, window)
    return found


def _sloped(window: Array, weights: list[float]) -> Array:
    """Sum, down the columns, of `weights` for the difference of each pair of cells around the middle."""
    reach = len(weights) - 1
    rows = window.shape[-2] - 2 * reach
    found: Array | None = None
    for i, weight in enumerate(weights[1:], 1):
        rise = window[:, reach + i : reach + i + rows] - window[:, reach - i : reach - i + rows]
        if weight != 1:
            rise *= _as(weight, window)
        found = rise if found is None else found + rise
    assert found is not None
    return found


def _as(weight: float, window: Array) -> Any:
    return window.dtype.type(weight)


def compass(window: Array) -> list[Array]:
    """Answer with the largest of Kirsch's eight: three neighbours weigh 5 and five -3, so 8 times the three less 3 times all."""
    nw, n, ne = (window[:, :-2, j : j + window.shape[-1] - 2] for j in range(3))
    w, _, e = (window[:, 1:-1, j : j + window.shape[-1] - 2] for j in range(3))
    sw, s, se = (window[:, 2:, j : j + window.shape[-1] - 2] for j in range(3))
    ring = [nw, n, ne, e, se, s, sw, w]
    pairs = [ring[i] + ring[(i + 1) % 8] for i in range(8)]
    largest = pairs[0] + ring[2]
    three = np.empty_like(largest)
    for i in range(1, 8):
        np.maximum(largest, np.add(pairs[i], ring[(i + 2) % 8], out=three), out=largest)
    whole = pairs[0] + pairs[2]
    whole += pairs[4]
    whole += pairs[6]
    largest *= 8
    whole *= 3
    largest -= whole
    return [largest]
