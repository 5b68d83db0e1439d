"""Canny's detector: blur, gradient, thin to the crest, keep what hangs together with a strong edge.

Source: Canny, "A computational approach to edge detection", IEEE PAMI 8(6), 1986.
"""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from convcli.engine import borders, correlation
from convcli.engine.edges.detectors import at_least_0, checked_sigma
from convcli.engine.edges.otsu import otsu
from convcli.engine.edges.rounding import fits_float32, largest_of
from convcli.engine.errors import ConvError, printable
from convcli.engine.kernels import gaussian_row
from convcli.engine.results import check_cells
from convcli.engine.sizes import geometry
from convcli.engine.sizes.geometry import Axis, PaddingLike
from convcli.engine.threads import each, workers

__all__ = ["RATIO", "Canny", "canny", "connected_to"]

RATIO = 0.4
"""The low threshold over the high one, where one of them is not given: Canny found 1/2 to 1/3 good."""

HIGHEST = 0.3
"""The most that a high threshold which is not given may be, over the largest gradient."""

FAINT = 1e-6
"""Share of the Gaussian inside the mask below which nothing is known of a cell."""

OUTER = 65
"""Taps of a Gaussian row up to which one correlation with its square takes less time than two with the row."""

EPSILON = 2.0**-23
"""Of float32."""

GRID = 2.0**-32
"""What blurred planes are rounded to, over the largest number, where float32 would lose digits of the plane."""

BAND = 1 << 19
"""Cells that are blurred at a time."""

CACHE = 1 << 15
"""Cells of a band that stay in a core's cache while it is thinned."""


@dataclass(frozen=True, eq=False, repr=False)
class Canny:
    """What Canny's detector found, and the thresholds it used.

    Parameters
    ----------
    map : ndarray of bool, shape (H', W')
    low, high : float
        In the units of the input.
    axes : (Axis, Axis)
        Where the windows lie in the input: each cell looks at all that the stages reach.
    """

    map: NDArray[np.bool]
    low: float
    high: float
    axes: tuple[Axis, Axis]


def canny(
    x: NDArray[Any],
    sigma: float,
    *,
    low: float | str | None = None,
    high: float | str | None = None,
    padding: PaddingLike = 0,
    border: str = "reflect",
    value: float = 0.0,
    mask: NDArray[np.bool] | None = None,
) -> Canny:
    """Find thin, connected edges of one plane.

    The plane is padded once by all that the stages reach (Gaussian, Sobel and thinning: floor(4 sigma + 1/2) + 2
    cells a side), and each stage then loses its margin.

    Parameters
    ----------
    x : ndarray, shape (H, W)
    sigma : float
        Of the Gaussian, cut at 4 sigma.
    low, high : float or str, optional
        An edge has a gradient of at least `low` all along and of at least `high` somewhere. Scaled as `edges` scales
        Sobel, a quarter of the plain kernel's. '80%' is the gradient that 80 % of the cells (inside the mask) do not
        pass. One that is not given follows from the other by `RATIO`; if neither is, `high` parts the gradients on the
        crest into two classes, by Otsu's method on their square roots.
    padding, border, value
        As in `edges`.
    mask : ndarray of bool, shape (H, W), optional
        What lies outside, where `x` is 0, is not looked at: the Gaussian weighs the cells inside alone, and an edge has all eight
        neighbours inside, so that the mask's own border makes none.

    Returns
    -------
    Canny

    Raises
    ------
    ConvError
    """
    shares = _shares(low, high)
    row = gaussian_row(checked_sigma(sigma))
    reach = len(row) // 2 + 2
    vertical, horizontal = geometry.axes(
        x.shape, (2 * reach + 1,), padding=padding, what=f"canny with sigma {sigma:g}: window"
    )
    axes = vertical, horizontal
    largest = max(largest_of(x), abs(value))
    blur = _blurred(x, row, axes, border, value)
    inside = weight = None
    short = fits_float32(x)
    if mask is not None:
        look = borders.of_mask(borders.border(border))
        weight = _blurred(mask.astype(np.float64), row, axes, *look)
        inside = _inside(mask, axes, reach, look)
        short = not mask.any() or fits_float32(x[mask])
    smooth = _smoothed(blur, weight, largest, short=short)
    # gradients that rounding alone can make, and by which two equal ones can differ
    rounding = 4 * largest * (GRID if smooth.dtype == np.float64 else EPSILON)
    crest = _crest(smooth, rounding)
    if inside is not None:
        crest[~inside] = 0
    low, high = _given(*_levels(shares, smooth, inside))
    del smooth
    if low is None or high is None:
        low, high = _chosen(crest)
    weak = crest >= max(low, np.finfo(crest.dtype).tiny)
    strong = crest >= max(high, np.finfo(crest.dtype).tiny)
    del crest
    return Canny(connected_to(weak, strong), low, high, axes)


Thresholds: TypeAlias = tuple[float | str | None, float | str | None]


def _shares(low: float | str | None, high: float | str | None) -> Thresholds:
    """Check what is known of the thresholds before anything is computed."""
    shares = [
        _share(name, given)
        for name, given in (("low", low), ("high", high))
        if isinstance(given, str)
    ]
    if sorted(shares) != shares:
        raise ConvError(f"low: got {low}, at most high ({high}) is allowed", usage=True)
    _given(*(None if isinstance(given, str) else given for given in (low, high)))
    return low, high


def _share(name: str, text: str) -> float:
    number = re.fullmatch(r"([0-9]+\.?[0-9]*|\.[0-9]+)%", text)
    if number is None or float(number[1]) > 100:
        raise ConvError(
            f"{name}: got '{printable(text)}', a number or 0% to 100% is allowed", usage=True
        )
    return float(number[1]) / 100


def _levels(
    given: Thresholds, smooth: NDArray[Any], inside: NDArray[np.bool] | None
) -> tuple[float | None, float | None]:
    """Turn shares into gradients: quantiles of the magnitude, between two cells by their distance."""
    low, high = given
    if not isinstance(low, str) and not isinstance(high, str):
        return low, high
    with np.errstate(over="ignore", invalid="ignore"):  # infinities of the input
        magnitude = _gradient(smooth)[2][1:-1, 1:-1]
    if inside is not None:
        magnitude = magnitude[inside]

    def level(one: float | str | None) -> float | None:
        if not isinstance(one, str):
            return one
        return float(np.quantile(magnitude, _share("", one))) if magnitude.size else 0.0

    return level(low), level(high)


def _inside(
    mask: NDArray[np.bool], axes: tuple[Axis, Axis], reach: int, look: tuple[str, float]
) -> NDArray[np.bool]:
    """Which cells of the result lie in the mask with all their neighbours."""
    spans = [(reach - 1 - a.before, reach + 1 - a.before + a.out) for a in axes]
    found = np.empty([stop - start for start, stop in spans], np.bool)
    borders.read_window(mask, spans[0], spans[1], borders.border(look[0]), look[1], found)
    found = found[:-2] & found[1:-1] & found[2:]
    return found[:, :-2] & found[:, 1:-1] & found[:, 2:]


def _blurred(
    x: NDArray[Any],
    row: NDArray[np.float64],
    axes: tuple[Axis, Axis],
    border: str,
    value: float,
) -> correlation.Correlation:
    """Plan the blur of a plane, in float64."""
    pads = [(axis.before, axis.after) for axis in axes]
    if len(row) <= OUTER:
        return correlation.prepare(
            x, np.outer(row, row), padding=pads, mode=border, value=value, double=True
        )
    down = correlation.prepare(
        x, row[:, None], padding=[pads[0], (0, 0)], mode=border, value=value, double=True
    )
    return correlation.prepare(
        down.run(), row[None], padding=[(0, 0), pads[1]], mode=border, value=value
    )


def _smoothed(
    blur: correlation.Correlation,
    weight: correlation.Correlation | None,
    largest: float,
    *,
    short: bool,
) -> NDArray[Any]:
    """Compute a blur, over that of the mask where there is one, and give equal values for what is equal but for rounding.

    What order sums are taken in hangs on where a cell lies. So they are taken in float64 and rounded to far fewer
    bits: to float32 where that holds every number of the plane (whatever its own dtype is), else to `GRID` of the
    largest. From there on all arithmetic is the same for a plane that is turned or seen in a mirror.
    """
    step = math.ldexp(GRID, math.frexp(largest)[1])
    check_cells("result", blur.shape)
    smooth = np.empty(blur.shape, np.float32 if short else np.float64)
    with np.errstate(over="ignore", invalid="ignore"):  # infinities of the input
        for top, bottom in blur.bands(BAND):
            part = blur.rows(top, bottom)
            if weight is not None:
                known = weight.rows(top, bottom)
                part = np.divide(part, known, out=np.zeros_like(part), where=known > FAINT)
            if not short:
                part /= step
                np.rint(part, out=part)
                part *= step
            smooth[top:bottom] = part
    return smooth


def _given(low: float | None, high: float | None) -> tuple[float | None, float | None]:
    low, high = (
        None if number is None else at_least_0(name, number)
        for name, number in (("low", low), ("high", high))
    )
    if low is not None and high is not None and low > high:
        raise ConvError(f"low: got {low:g}, at most high ({high:g}) is allowed", usage=True)
    if low is None and high is not None:
        return RATIO * high, high
    if high is None and low is not None:
        return low, low / RATIO
    return low, high


def _chosen(crest: NDArray[Any]) -> tuple[float, float]:
    """Choose (low, high) from the gradients on the crest.

    Most of them are noise and texture, few are edges, and these spread over a wide range: their square roots fall
    into two classes that are more alike in size and spread, which is what Otsu's method wants. High lies midway
    between the means of the two (where Otsu's threshold lies too, but for a gap between the classes). A drawing
    without noise has edges only: there `HIGHEST` keeps the weaker of them.
    """
    found = crest[crest > 0]
    if found.size == 0:
        return 0.0, 0.0
    # a power of two is taken out first: the root of twice a number is rounded otherwise than that of the number
    exponent = math.frexp(float(found.max()))[1]
    roots = np.sqrt(np.ldexp(found, -exponent))
    upper = roots > otsu(roots)
    largest = float(roots.max())
    means = [
        float(part.mean(dtype=np.float64)) if part.size else largest
        for part in (roots[~upper], roots[upper])
    ]
    high = math.ldexp(min((sum(means) / 2) ** 2, HIGHEST * largest**2), exponent)
    return RATIO * high, high


def _crest(smooth: NDArray[Any], rounding: float) -> NDArray[Any]:
    """Magnitude of Sobel's gradient where it is largest along the gradient, else 0.

    Parameters
    ----------
    smooth : ndarray, shape (H + 4, W + 4)
    rounding : float
        Gradients that differ by less are equal.

    Returns
    -------
    ndarray, shape (H, W)
    """
    height, width = smooth.shape[0] - 4, smooth.shape[1] - 4
    crest = np.empty((height, width), smooth.dtype)
    band = max(CACHE // (width + 4), 1)
    parts = [(top, min(top + band, height)) for top in range(0, height, band)]

    def work(take: Callable[[], tuple[int, int] | None]) -> None:
        with np.errstate(over="ignore", invalid="ignore"):  # infinities of the input
            while (part := take()) is not None:
                _thin(smooth[part[0] : part[1] + 4], rounding, crest[slice(*part)])

    each(work, parts, min(workers(), len(parts)))
    return crest


def _gradient(smooth: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Return Sobel's answers along rows and down columns, and a quarter of the magnitude."""
    pairs = smooth[:-1] + smooth[1:]
    down = pairs[:-1] + pairs[1:]
    gx = down[:, 2:] - down[:, :-2]
    pairs = smooth[:, :-1] + smooth[:, 1:]
    across = pairs[:, :-1] + pairs[:, 1:]
    gy = across[2:] - across[:-2]
    m = gx * gx
    m += gy * gy
    np.sqrt(m, out=m)
    m *= m.dtype.type(0.25)
    return gx, gy, m


def _thin(smooth: NDArray[Any], rounding: float, out: NDArray[Any]) -> None:
    dtype = smooth.dtype
    gx, gy, m = _gradient(smooth)
    gx, gy, here = gx[1:-1, 1:-1], gy[1:-1, 1:-1], m[1:-1, 1:-1]
    ax, ay = np.abs(gx), np.abs(gy)
    bits = m.view(np.int32 if dtype.itemsize == 4 else np.int64)
    steep = -(ay > ax).astype(bits.dtype)  # all bits, or none
    same = -((gx > 0) == (gy > 0)).astype(bits.dtype)  # the gradient points down right or up left
    longer = np.maximum(ax, ay)
    np.maximum(longer, np.finfo(dtype).tiny, out=longer)
    share = np.minimum(ax, ay, out=ax)
    share /= longer
    rest = np.subtract(1, share, out=ay)
    # each way along the gradient passes between a neighbour beside or below and one at a corner
    north_west, north, north_east = bits[:-2, :-2], bits[:-2, 1:-1], bits[:-2, 2:]
    west, east = bits[1:-1, :-2], bits[1:-1, 2:]
    south_west, south, south_east = bits[2:, :-2], bits[2:, 1:-1], bits[2:, 2:]
    reach = here + dtype.type(rounding)
    keep = here > rounding
    for side, corner in (
        (
            _picked(steep, south, east),
            _picked(same, south_east, _picked(steep, south_west, north_east)),
        ),
        (
            _picked(steep, north, west),
            _picked(same, north_west, _picked(steep, north_east, south_west)),
        ),
    ):
        ahead, aside = corner.view(dtype), side.view(dtype)
        ahead *= share
        aside *= rest
        ahead += aside
        keep &= reach >= ahead
    np.multiply(here, keep, out=out)


def _picked(mask: NDArray[Any], yes: NDArray[Any], no: NDArray[Any]) -> NDArray[Any]:
    """Do the same as np.where, on bits and in a third of the time."""
    found: NDArray[Any] = yes ^ no
    found &= mask
    found ^= no
    return found


Index = NDArray[np.intp]


def connected_to(weak: NDArray[np.bool], strong: NDArray[np.bool]) -> NDArray[np.bool]:
    """Keep the 8-connected regions of `weak` that hold a cell of `strong`.

    Parameters
    ----------
    weak, strong : ndarray of bool, shape (H, W)
        `strong` lies within `weak`.

    Returns
    -------
    ndarray of bool, shape (H, W)

    Notes
    -----
    The cells of a row that touch form a run; runs of neighbouring rows that touch are joined. Rosenfeld and Pfaltz,
    "Sequential operations in digital picture processing", 1966, with the joins made all at once, by rounds.

    Examples
    --------
    >>> weak = np.array([[1, 0, 1], [0, 1, 0], [0, 0, 0], [1, 1, 1]], bool)
    >>> strong = np.zeros((4, 3), bool)
    >>> strong[0, 0] = True
    >>> connected_to(weak, strong).astype(int).tolist()
    [[1, 0, 1], [0, 1, 0], [0, 0, 0], [0, 0, 0]]
    """
    height, width = weak.shape
    wide = width + 1  # a row's runs end in a column of their own: no run reaches into the next row
    padded = np.zeros(height * wide + 1, np.int8)
    padded[1:].reshape(height, wide)[:, :width] = weak
    turns = np.flatnonzero(padded[1:] != padded[:-1])
    starts, ends = turns[0::2], turns[1::2]  # half open, in cells of `wide` rows
    if starts.size == 0:
        return np.zeros_like(weak)
    root = _roots(starts, ends, wide)
    held = np.zeros(starts.size, np.bool)
    rows, columns = np.nonzero(strong)
    held[root[np.searchsorted(starts, rows * wide + columns, side="right") - 1]] = True
    kept = held[root]
    steps = np.zeros(height * wide + 1, np.int8)
    steps[starts[kept]] = 1
    steps[ends[kept]] -= 1
    painted = np.cumsum(steps[:-1], dtype=np.int8).reshape(height, wide)
    return painted[:, :width].astype(np.bool)


def _roots(starts: Index, ends: Index, wide: int) -> Index:
    """Number, for each run, the first run of its region."""
    # a run touches the runs of the row above from one column before it to one behind it
    first = np.searchsorted(ends, starts - wide, side="left")
    last = np.searchsorted(starts, ends - wide, side="right")
    counts = np.maximum(last - first, 0)
    lower = np.repeat(np.arange(starts.size), counts)
    upper = np.repeat(first - np.cumsum(counts) + counts, counts) + np.arange(lower.size)
    parent = np.arange(starts.size)
    while lower.size:
        np.minimum.at(
            parent, lower, upper
        )  # a root hangs itself under the first root that it touches
        while True:
            above = parent[parent]
            if np.array_equal(above, parent):
                break
            parent = above
        a, b = parent[lower], parent[upper]
        apart = a != b
        a, b = a[apart], b[apart]
        lower, upper = np.maximum(a, b), np.minimum(a, b)
    return parent
