"""Edges of an array by any detector, whole or rows at a time.

Every detector is scaled so that a unit step along an axis is answered by 1 at most (Sobel is divided by 4, Scharr by
16); only the magnitude of Roberts' two diagonals answers sqrt(2). The formula is the same for every dtype.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from convcli.engine import correlate, geometry
from convcli.engine import padding as borders
from convcli.engine.canny import canny, check_sigma
from convcli.engine.correlate import Correlation
from convcli.engine.detectors import DETECTORS, Detector, Join, answer_to_a_step, signed
from convcli.engine.errors import ConvError, one_of
from convcli.engine.geometry import Axis, PaddingLike, size_text
from convcli.engine.gradients import Direct
from convcli.engine.padding import Border
from convcli.engine.thresholds import check_number, otsu

__all__ = ["AXES", "DETECTORS", "Answer", "Found", "edges", "prepare"]

AXES = ("x", "y", "both")
"""Along a row, down a column, or the magnitude of both derivatives."""

BAND = 1 << 19
"""Output elements that a band aims at."""

PART = 1 << 18
"""Answers of all kernels that are held before they are joined."""


@dataclass(frozen=True)
class Kernelwise:
    """The answers of a detector on planes, kernel by kernel, rows at a time (the other way is `gradients.Direct`).

    Parameters
    ----------
    correlation : Correlation
        Of the planes, shape (P, 1, H, W), with the kernels.
    axes : (Axis, Axis)
    """

    correlation: Correlation
    axes: tuple[Axis, Axis]

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


@dataclass(frozen=True)
class Answer:
    """The answer of a detector made of kernels, checked and ready to compute any rows of it.

    Parameters
    ----------
    source : Kernelwise or Direct
    join : callable
    scale : float
        What the joined answer is divided by.
    threshold : float or None
        What is above it, of either sign, is an edge.
    dtype : numpy dtype
    shape : tuple of int
        The last two axes are rows and columns.
    """

    source: Kernelwise | Direct
    join: Join
    scale: float
    threshold: float | None
    dtype: np.dtype[Any]
    shape: tuple[int, ...]

    @property
    def axes(self) -> tuple[Axis, Axis]:
        """Where the windows lie in the input."""
        return self.source.axes

    def rows(self, start: int, stop: int, out: NDArray[Any] | None = None) -> NDArray[Any]:
        """Compute rows start … stop-1.

        Returns
        -------
        ndarray, shape (*shape[:-2], stop - start, shape[-1]), dtype `dtype`
            `out`, if it was given.
        """
        width = self.shape[-1]
        if out is None:
            out = np.empty((*self.shape[:-2], stop - start, width), self.dtype)
        target = np.reshape(out, (-1, stop - start, width), copy=False)
        height = self.source.height
        with np.errstate(over="ignore", invalid="ignore"):  # infinities of the input
            for top in range(start, stop, height):
                bottom = min(top + height, stop)
                joined = self.join(self.source.answers(top, bottom))
                if self.scale != 1:
                    joined /= self.scale
                band = target[:, top - start : bottom - start]
                if self.threshold is None:
                    band[...] = joined
                else:
                    np.greater(np.abs(joined), self.threshold, out=band)
        return out

    def bands(self, elements: int = BAND) -> Iterator[tuple[int, int]]:
        """Yield half-open ranges of rows of about `elements` elements each, which cover the answer."""
        return _bands(self.shape, elements)

    def run(self) -> NDArray[Any]:
        """Compute the whole answer."""
        return self.rows(0, self.shape[-2])


@dataclass(frozen=True)
class Found:
    """A map of edges that needs the whole picture at once, with the thresholds that made it.

    Parameters
    ----------
    map : ndarray of bool, shape (..., H', W')
    thresholds : tuple
        One entry a plane, in the units of the input: (low, high) of Canny, (threshold,) of Otsu.
    axes : (Axis, Axis)
        Where the windows lie in the input.
    """

    map: NDArray[np.bool]
    thresholds: tuple[tuple[float, ...], ...]
    axes: tuple[Axis, Axis]

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the map."""
        return self.map.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """Always bool."""
        return self.map.dtype

    def rows(self, start: int, stop: int, out: NDArray[Any] | None = None) -> NDArray[Any]:
        """Return rows start … stop-1, in `out` if it was given."""
        found = self.map[..., start:stop, :]
        if out is None:
            return found
        out[...] = found
        return out

    def bands(self, elements: int = BAND) -> Iterator[tuple[int, int]]:
        """Yield half-open ranges of rows of about `elements` elements each, which cover the map."""
        return _bands(self.shape, elements)

    def run(self) -> NDArray[Any]:
        """Return the whole map."""
        return self.map


def _bands(shape: tuple[int, ...], elements: int) -> Iterator[tuple[int, int]]:
    rows = shape[-2]
    height = max(elements * rows // max(int(np.prod(shape)), 1), 1)
    for start in range(0, rows, height):
        yield start, min(start + height, rows)


def edges(
    x: ArrayLike,
    method: str = "sobel",
    *,
    axis: str | None = None,
    sigma: float | None = None,
    low: float | None = None,
    high: float | None = None,
    threshold: float | str | None = None,
    padding: PaddingLike = 0,
    border: str = "reflect",
    value: float = 0.0,
) -> NDArray[Any]:
    """Find the edges of an array, each plane by itself.

    Parameters
    ----------
    x : array_like, shape (H, W), (C, H, W) or (N, C, H, W)
        Integers or floats.
    method : str
        A name of `DETECTORS`.
    axis : str, optional
        'x' or 'y': the signed derivative along a row or down a column (a rise answers +, for 'diff' a fall does; for
        'roberts' along the falling and the rising diagonal). 'both': the magnitude, sqrt(gx**2 + gy**2), on the cells
        that have both. The default is 'both', for 'diff' 'x'. The compass, the Laplacians and Canny have no axis.
    sigma : float, optional
        Standard deviation, in cells, of the Gaussian of 'log' and 'canny'.
    low, high : float, optional
        Canny's thresholds, in the units of `x` for a step; chosen from the gradients unless given.
    threshold : float or 'otsu', optional
        Turn the answer into a map: True where its absolute value is larger.
    padding : int, str or sequence
        Rows per side, (before, after) pairs an axis, or a word such as 'same'. Canny pads once, by all that its
        Gaussian, its Sobel and its thinning reach: it is as if the input were larger.
    border : str
        What the padding holds: a name of `padding.BORDERS`.
    value : float
        The fill of border 'constant'.

    Returns
    -------
    ndarray, shape (..., H', W')
        float64 of float64 and of integers of more than 16 bits, else float32; signed 'diff' of integers is exact, in
        int32 or int64. bool with a threshold and for 'canny'.

    Raises
    ------
    ConvError
        An unknown method, an option that the method does not have, a kernel that does not fit.

    Examples
    --------
    >>> edges([[0, 0, 4, 4]] * 3, "sobel").tolist()
    [[4.0, 4.0]]
    >>> edges([[1, 1, 0, 0, 1]], "diff").tolist()
    [[0, 1, 0, -1]]
    """
    return prepare(
        np.asarray(x),
        method,
        axis=axis,
        sigma=sigma,
        low=low,
        high=high,
        threshold=threshold,
        padding=padding,
        border=border,
        value=value,
    ).run()


def prepare(
    x: NDArray[Any],
    method: str = "sobel",
    *,
    axis: str | None = None,
    sigma: float | None = None,
    low: float | None = None,
    high: float | None = None,
    threshold: float | str | None = None,
    padding: PaddingLike = 0,
    border: str = "reflect",
    value: float = 0.0,
) -> Answer | Found:
    """Check the arguments of `edges` (see there) and settle sizes and types.

    What needs the whole picture at once (Canny, Otsu's threshold) is computed here; the rest waits for `rows`.

    Raises
    ------
    ConvError
    """
    row = DETECTORS.get(method)
    if row is None:
        raise one_of("detector", method, DETECTORS)
    given = {"axis": axis, "sigma": sigma, "low": low, "high": high, "threshold": threshold}
    _check_options(row, given)
    if not 2 <= x.ndim <= 4 or x.size == 0:
        raise ConvError(
            f"input: got shape {size_text(x.shape) or 'of a single number'}, "
            "a non-empty array of 2 to 4 dimensions is needed"
        )
    planes = x.reshape(-1, 1, *x.shape[-2:])
    width = (row.sigma or 0.0) if sigma is None else sigma
    if row.taps is None:
        found = [
            canny(p[0], width, low=low, high=high, padding=padding, border=border, value=value)
            for p in planes
        ]
        return _found(
            x.shape, [f.map for f in found], [(f.low, f.high) for f in found], found[0].axes
        )
    axis = row.axis if axis is None else axis
    source, join, scale = _source(planes, row, axis, width, padding, borders.border(border), value)
    fixed = threshold if not isinstance(threshold, str) else None
    answer = Answer(
        source=source,
        join=join,
        scale=scale,
        threshold=fixed,
        dtype=source.dtype if fixed is None else np.dtype(np.bool),
        shape=(*x.shape[:-2], *(a.out for a in source.axes)),
    )
    return _by_otsu(answer) if isinstance(threshold, str) else answer


def _by_otsu(answer: Answer) -> Found:
    values = np.abs(answer.run())
    planes = values.reshape(-1, *values.shape[-2:])
    found = [otsu(plane) for plane in planes]
    maps = [plane > threshold for plane, threshold in zip(planes, found, strict=True)]
    return _found(values.shape, maps, [(threshold,) for threshold in found], answer.axes)


def _found(
    shape: tuple[int, ...],
    maps: list[NDArray[np.bool]],
    thresholds: list[tuple[float, ...]],
    axes: tuple[Axis, Axis],
) -> Found:
    """Put the planes' maps together; the planes are those of `shape`, a map not copied when it is the only one."""
    joined = np.stack(maps) if len(maps) > 1 else maps[0]
    return Found(joined.reshape(*shape[:-2], *joined.shape[-2:]), tuple(thresholds), axes)


def _source(
    planes: NDArray[Any],
    row: Detector,
    axis: str | None,
    sigma: float,
    padding: PaddingLike,
    border: Border,
    value: float,
) -> tuple[Kernelwise | Direct, Join, float]:
    """Where the answers come from, how they are joined, and what the joined answer is divided by."""
    assert row.taps is not None
    assert row.join is not None
    given, join = row.taps(sigma), row.join
    if axis in ("x", "y"):
        given, join = [given[AXES.index(axis)]], signed
    # kernels of different sizes meet in their first cells: what one lacks at its end is cut off the other's answer
    size = tuple(max(taps.shape[i] for taps in given) for i in (0, 1))
    stack = np.zeros((len(given), 1, *size), given[0].dtype)
    for place, taps in zip(stack, given, strict=True):
        place[0, : taps.shape[0], : taps.shape[1]] = taps
    scale = answer_to_a_step(stack.sum(axis=(0, 1)) if join is signed else stack[0, 0])
    exact = (
        join is signed and scale == 1
    )  # nothing is divided, no root is drawn: integers stay integers
    correlation = correlate.prepare(
        planes,
        stack if exact else stack.astype(np.float64),
        padding=padding,
        mode=border.name,
        value=value,
    )
    vertical, horizontal = geometry.axes(planes.shape[2:], size, padding=padding)
    axes = vertical, horizontal
    if row.together is None or axis in ("x", "y"):
        return Kernelwise(correlation, axes), join, scale
    small = planes.dtype == np.uint8 and stack.dtype.kind == "i" and value == 0
    work = np.dtype(np.int16) if small else correlation.dtype
    direct = Direct(planes[:, 0], axes, border, value, row.together, work, correlation.dtype)
    return direct, join, scale


def _check_options(row: Detector, given: dict[str, float | str | None]) -> None:
    for name, got in given.items():
        if got is not None and name not in row.takes:
            others = ", ".join(d.name for d in DETECTORS.values() if name in d.takes)
            raise ConvError(f"{name}: {row.name} has none, {name} is for {others}", usage=True)
    axis, sigma, threshold = given["axis"], given["sigma"], given["threshold"]
    if axis is not None and axis not in AXES:
        raise one_of("axis", str(axis), AXES)
    if sigma is not None:
        check_sigma(sigma)
    if isinstance(threshold, str) and threshold != "otsu":
        raise one_of("threshold", threshold, ["a number", "otsu"])
    if threshold is not None and threshold != "otsu":
        check_number("threshold", threshold)
