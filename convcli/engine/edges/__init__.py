"""Edges of an array by any detector, whole or rows at a time.

Every detector is scaled so that a unit step along an axis is answered by 1 at most (Sobel is divided by 4, Scharr by
16); only the magnitude of Roberts' two diagonals answers sqrt(2). The formula is the same for every dtype.

Open: canny.
"""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from convcli.engine import borders
from convcli.engine.arrays import as_array, check_planes, float_dtype
from convcli.engine.borders import Border
from convcli.engine.edges.detectors import (
    DETECTORS,
    Detector,
    Join,
    answer_to_a_step,
    at_least_0,
    checked_sigma,
    detector,
    signed,
)
from convcli.engine.edges.gradients import Direct
from convcli.engine.edges.responses import Answer, Found, Kernelwise
from convcli.engine.edges.rounding import fits_float32, noise_of, not_above
from convcli.engine.errors import ConvError, one_of
from convcli.engine.grey import grey
from convcli.engine.sizes import geometry
from convcli.engine.sizes.geometry import Axis, PaddingLike, size_text

__all__ = ["AXES", "DETECTORS", "Answer", "Found", "edges", "prepare"]

AXES = ("x", "y", "both")
"""Along a row, down a column, or the magnitude of both derivatives."""

SHARPEST = 0.2
"""The least sigma of a Gaussian whose second derivative shows at whole numbers."""


def edges(
    x: ArrayLike,
    method: str = "sobel",
    *,
    axis: str | None = None,
    sigma: float | None = None,
    low: float | str | None = None,
    high: float | str | None = None,
    threshold: float | str | None = None,
    padding: PaddingLike = 0,
    border: str = "reflect",
    value: float = 0.0,
    mask: ArrayLike | None = None,
) -> NDArray[Any]:
    """Find the edges of an array, each plane by itself.

    Parameters
    ----------
    x : array_like, shape (H, W), (C, H, W) or (N, C, H, W)
        Integers or floats.
    method : str
        A name of `DETECTORS`; 'sobel:5' and 'sobel:7' are Sobel's of more cells.
    axis : str, optional
        'x' or 'y': the signed derivative along a row or down a column (a rise answers +, for 'diff' a fall does; for
        'roberts' along the falling and the rising diagonal). 'both': the magnitude, sqrt(gx**2 + gy**2), on the cells
        that have both. The default is 'both', for 'diff' 'x'. The compass, the Laplacians and Canny have no axis.
    sigma : float, optional
        Standard deviation, in cells, of the Gaussian of 'log' and 'canny'.
    low, high : float or str, optional
        Canny's thresholds, in the units of `x` for a step, or '80%': the gradient that 80 % of the cells do not pass.
        Chosen from the gradients unless given.
    threshold : float or 'otsu', optional
        Turn the answer into a map: True where its absolute value is larger by more than rounding.
    padding : int, str or sequence
        Rows per side, (before, after) pairs an axis, or a word such as 'same'. Canny pads once, by all that its
        Gaussian, its Sobel and its thinning reach: it is as if the input were larger.
    border : str
        What the padding holds: a name of `borders.BORDERS`.
    value : float
        The fill of border 'constant'.
    mask : array_like, shape (H, W), optional
        Where it is 0 nothing is looked at. A window that reaches there answers 0, so that the mask's own border makes
        no edges; Canny blurs with the cells inside alone, and has edges up to one cell from the mask's border.

    Returns
    -------
    ndarray, shape (..., H', W')
        float64 of float64 and of integers of more than 16 bits, else float32; signed 'diff' of integers is exact, in
        int32 or int64. bool with a threshold and for 'canny'.

    Raises
    ------
    ConvError
        An unknown method, an option that the method does not have or that is no number, a kernel that does not fit.

    Examples
    --------
    >>> edges([[0, 0, 4, 4]] * 3, "sobel").tolist()
    [[4.0, 4.0]]
    >>> edges([[1, 1, 0, 0, 1]], "diff").tolist()
    [[0, 1, 0, -1]]
    """
    return prepare(
        as_array("input", x),
        method,
        axis=axis,
        sigma=sigma,
        low=low,
        high=high,
        threshold=threshold,
        padding=padding,
        border=border,
        value=value,
        mask=None if mask is None else as_array("mask", mask),
    ).run()


def prepare(
    x: NDArray[Any],
    method: str = "sobel",
    *,
    axis: str | None = None,
    sigma: float | None = None,
    low: float | str | None = None,
    high: float | str | None = None,
    threshold: float | str | None = None,
    padding: PaddingLike = 0,
    border: str = "reflect",
    value: float = 0.0,
    mask: NDArray[Any] | None = None,
    brightness: bool = False,
) -> Answer | Found:
    """Check the arguments of `edges` (see there) and settle sizes and types.

    What needs the whole picture at once (Canny, Otsu's threshold) is computed here; the rest waits for `rows`.

    Parameters
    ----------
    brightness : bool
        Look at what `grey` makes of `x`, the planes of a picture. Where nothing needs all of it, it is made as it goes.

    Raises
    ------
    ConvError
    """
    row = detector(method)
    given = {"axis": axis, "sigma": sigma, "low": low, "high": high, "threshold": threshold}
    _check_options(row, given)
    look = borders.border(border)
    value = borders.filling(look, value)
    check_planes("input", x)
    colour = None
    if brightness:
        apart = axis in ("x", "y") or row.together is None
        if apart or threshold is not None or mask is not None or value or x.ndim != 3:
            x = grey(x)
        else:
            colour, x = x, np.broadcast_to(np.float32(0), x.shape[1:])
    inner = None if mask is None else _mask(mask, x.shape[-2:])
    if inner is not None:
        x = np.where(inner, x, x.dtype.type(0))
    planes = x.reshape(-1, 1, *x.shape[-2:])
    width = (row.sigma or 0.0) if sigma is None else checked_sigma(sigma)
    if row.taps is None:
        from convcli.engine.edges.canny import canny  # each detector loads what it needs

        found = [
            canny(
                p[0],
                width,
                low=low,
                high=high,
                padding=padding,
                border=border,
                value=value,
                mask=inner,
            )
            for p in planes
        ]
        return _found(
            x.shape, [f.map for f in found], [(f.low, f.high) for f in found], found[0].axes
        )
    if threshold is not None and x.dtype.itemsize > 2 and fits_float32(x):
        planes = planes.astype(np.float32, copy=False)  # one picture in any dtype: one arithmetic
    axis = row.axis if axis is None else axis
    source, join, scale, stack = _source(planes, row, axis, width, padding, look, value, colour)
    if inner is not None:
        from convcli.engine.pooling import pool2d

        name, fill = borders.of_mask(look)
        inner = pool2d(
            inner,
            [a.k for a in source.axes],
            mode="min",
            stride=1,
            padding=padding,
            border=name,
            value=fill,
        )
    answer = Answer(
        source=source,
        join=join,
        scale=scale,
        limits=None,
        dtype=source.dtype,
        shape=(*x.shape[:-2], *(a.out for a in source.axes)),
        inside=inner,
    )
    if threshold is None:
        return answer
    if not isinstance(threshold, str):
        threshold = at_least_0("threshold", threshold)
    noise = noise_of(planes, stack, source.dtype, value) / scale
    if isinstance(threshold, str):
        return _by_otsu(answer, noise)
    limits = not_above(threshold + noise, source.dtype)
    return replace(answer, limits=limits, dtype=np.dtype(np.bool))


def _mask(mask: NDArray[Any], size: tuple[int, ...]) -> NDArray[np.bool]:
    if mask.shape != size:
        raise ConvError(
            f"mask: got {size_text(mask.shape) or 'a single number'}, the input's {size_text(size)} is needed"
        )
    return mask.astype(np.bool)


def _by_otsu(answer: Answer, noise: NDArray[np.float64]) -> Found:
    from convcli.engine.edges.otsu import otsu

    values = np.abs(answer.run())
    planes = values.reshape(-1, *values.shape[-2:])
    seen = planes if answer.inside is None else planes[:, answer.inside]
    found = [
        otsu(plane, noise=doubt) if plane.size else 0.0
        for plane, doubt in zip(seen, noise, strict=True)
    ]
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
    colour: NDArray[Any] | None,
) -> tuple[Kernelwise | Direct, Join, float, NDArray[Any]]:
    """Where the answers come from, how they are joined, what the joined answer is divided by, and the kernels."""
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
    vertical, horizontal = geometry.axes(planes.shape[2:], size, padding=padding)
    axes = vertical, horizontal
    if row.together is None or axis in ("x", "y"):
        from convcli.engine.correlation import prepare as prepare_correlation

        prepared = prepare_correlation(
            planes,
            stack if exact else stack.astype(np.float64),
            padding=padding,
            mode=border.name,
            value=value,
        )
        return Kernelwise(prepared, axes), join, scale, stack
    floats = float_dtype(planes.dtype)
    small = planes.dtype == np.uint8 and stack.dtype.kind == "i" and value == 0
    small = small and 255 * int(np.abs(stack).sum(axis=(1, 2, 3)).max()) < 2**15
    work = np.dtype(np.int16) if small else floats
    direct = Direct(planes[:, 0], axes, border, value, row.together, work, floats, colour)
    return direct, join, scale, stack


def _check_options(row: Detector, given: dict[str, float | str | None]) -> None:
    for name, got in given.items():
        if got is not None and name not in row.takes:
            others = ", ".join(d.name for d in DETECTORS.values() if name in d.takes)
            raise ConvError(f"{name}: {row.name} has none, {name} is for {others}", usage=True)
    axis, sigma, threshold = given["axis"], given["sigma"], given["threshold"]
    if axis is not None and not (isinstance(axis, str) and axis in AXES):
        raise one_of("axis", str(axis), AXES)
    if sigma is not None and checked_sigma(sigma) < SHARPEST and row.taps is not None:
        raise ConvError(
            f"sigma: got {sigma:g}, at least {SHARPEST:g} is needed with {row.name}", usage=True
        )
    if isinstance(threshold, str) and threshold != "otsu":
        raise one_of("threshold", threshold, ["a number", "otsu"])
    if threshold is not None and not isinstance(threshold, str):
        at_least_0("threshold", threshold)
