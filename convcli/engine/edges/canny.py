"""Canny's detector: blur, gradient, thin to the crest, keep what hangs together with a strong edge.

Source: Canny, "A computational approach to edge detection", IEEE PAMI 8(6), 1986.
"""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

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

BAND = 1 << 20
"""Cells that are blurred at a time, on up to four cores; on more, a share of four such bands."""

CACHE = 1 << 17
"""Cells of a band that are thinned at a time: fewer stay in a core's own cache, but make NumPy's calls so short that two
threads wait for each other as long as they work."""

FEW = 0.35
"""Share of the cells up to which it takes less time to thin them one by one than all together."""


Index: TypeAlias = NDArray[np.intp]


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
    step = None if short else math.ldexp(GRID, math.frexp(largest)[1])
    # gradients that rounding alone can make, and by which two equal ones can differ
    rounding = 4 * largest * (EPSILON if short else GRID)
    stages = _Stages(blur, weight, inside, step, rounding)
    low, high = _given(*_levels(shares, stages))
    crest = None
    if low is None or high is None:
        crest = stages.crest()
        low, high = _chosen(crest)
    return Canny(stages.edges(low, high, crest), low, high, axes)


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


def _levels(given: Thresholds, stages: "_Stages") -> tuple[float | None, float | None]:
    """Turn shares into gradients: quantiles of the magnitude, between two cells by their distance."""
    low, high = given
    if not isinstance(low, str) and not isinstance(high, str):
        return low, high
    magnitude = stages.magnitude()
    if stages.inside is not None:
        magnitude = magnitude[stages.inside]

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


@dataclass(frozen=True, eq=False, repr=False)
class _Stages:
    """Blur, gradient and thinning of a plane, in bands of rows: a band goes through all of them while it is in the cache.

    What order the sums of a blur are taken in hangs on where a cell lies. So they are taken in float64 and rounded to
    far fewer bits, and equal values are equal: to float32 where that holds every number of the plane (whatever its own
    dtype is), else to `GRID` of the largest. From there on all arithmetic is the same for a plane that is turned or
    seen in a mirror.

    Parameters
    ----------
    blur : Correlation
        Of the plane, shape (H + 4, W + 4).
    weight : Correlation or None
        The blur of the mask, where there is one: the other is divided by it.
    inside : ndarray of bool, shape (H, W), or None
        Where there may be edges.
    step : float or None
        Blurred values become multiples of it; None: they become float32.
    rounding : float
        Gradients that differ by less are equal.
    """

    blur: correlation.Correlation
    weight: correlation.Correlation | None
    inside: NDArray[np.bool] | None
    step: float | None
    rounding: float

    @property
    def dtype(self) -> np.dtype[Any]:
        """Dtype of gradients."""
        return np.dtype(np.float32 if self.step is None else np.float64)

    @property
    def size(self) -> tuple[int, int]:
        """Rows and columns of the map."""
        return self.blur.shape[-2] - 4, self.blur.shape[-1] - 4

    def magnitude(self) -> NDArray[Any]:
        """Magnitude of the gradient everywhere, shape (H, W)."""
        check_cells("result", self.size)
        found = np.empty(self.size, self.dtype)

        def work(top: int, smooth: NDArray[Any]) -> None:
            found[top : top + len(smooth) - 4] = _gradient(smooth)[2][1:-1, 1:-1]

        self._through(work)
        return found

    def crest(self) -> NDArray[Any]:
        """Magnitude of the gradient where it is largest along the gradient, else 0, shape (H, W)."""
        check_cells("result", self.size)
        found = np.empty(self.size, self.dtype)

        def work(top: int, smooth: NDArray[Any]) -> None:
            out = found[top : top + len(smooth) - 4]
            _thin(*_gradient(smooth), self.rounding, out)
            if self.inside is not None:
                out[~self.inside[top : top + len(out)]] = 0

        self._through(work)
        return found

    def edges(self, low: float, high: float, crest: NDArray[Any] | None) -> NDArray[np.bool]:
        """Keep what is on the crest, at least `low` all along and `high` somewhere, shape (H, W)."""
        (height, width), tiny = self.size, float(np.finfo(self.dtype).tiny)
        low, high = max(low, tiny), max(high, tiny)
        bands: dict[int, _Runs] = {}

        def work(top: int, smooth: NDArray[Any]) -> None:
            if crest is None:
                at, found = self._above(low, top, smooth)
            else:
                some = crest[top : top + len(smooth) - 4]
                at = np.flatnonzero(some >= low)
                found = some.ravel()[at]
            bands[top] = _runs(top * width + at, found >= high, width)

        self._through(work, blurred=crest is None)
        return _connected([bands[top] for top in sorted(bands)], (height, width))

    def _above(self, low: float, top: int, smooth: NDArray[Any]) -> tuple[Index, NDArray[Any]]:
        """Return the cells of a flat band that are on the crest and at least `low`, and their gradients."""
        gx, gy, m = _gradient(smooth)
        near = m >= low
        near[0] = near[-1] = near[:, 0] = near[:, -1] = False
        if self.inside is not None:
            near[1:-1, 1:-1] &= self.inside[top : top + len(m) - 2]
        at = np.flatnonzero(near)
        if at.size > FEW * near.size:
            crest = np.empty((len(m) - 2, m.shape[1] - 2), self.dtype)
            _thin(gx, gy, m, self.rounding, crest)
            at = np.flatnonzero((crest >= low) & near[1:-1, 1:-1])
            return at, crest.ravel()[at]
        at = _thinned(gx, gy, m, at, self.rounding)
        return at - (at // m.shape[1] * 2 + m.shape[1] - 1), m.ravel()[at]

    def _through(self, work: Callable[[int, NDArray[Any]], None], *, blurred: bool = True) -> None:
        """Call `work` with the first row of each of many bands of the map, and the blurred rows that it is made of.

        Unless they are needed, they are not `blurred`, and hold nothing.
        """
        height, width = self.size
        band = min(BAND, 4 * BAND // workers())
        tall, short = max(band // width, 1), max(CACHE // width, 1)
        parts = [(top, min(top + tall, height)) for top in range(0, height, tall)]

        def share(take: Callable[[], tuple[int, int] | None]) -> None:
            with np.errstate(over="ignore", invalid="ignore"):  # infinities of the input
                while (part := take()) is not None:
                    smooth = (
                        self._smooth(part[0], part[1] + 4)
                        if blurred
                        else np.broadcast_to(np.float32(0), (part[1] + 4 - part[0], width + 4))
                    )
                    for top in range(part[0], part[1], short):
                        first = top - part[0]
                        work(top, smooth[first : first + short + 4])

        each(share, parts, min(workers(), len(parts)))

    def _smooth(self, top: int, bottom: int) -> NDArray[Any]:
        part = self.blur.rows(top, bottom)
        if self.weight is not None:
            known = self.weight.rows(top, bottom)
            part = np.divide(part, known, out=np.zeros_like(part), where=known > FAINT)
        if self.step is None:
            return part.astype(np.float32)
        part /= self.step
        np.rint(part, out=part)
        part *= self.step
        return part


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


def _thinned(
    gx: NDArray[Any], gy: NDArray[Any], m: NDArray[Any], at: Index, rounding: float
) -> Index:
    """Return those of the cells `at`, of the flat arrays, that `_thin` would keep."""
    width, flat = gx.shape[1], m.ravel()
    x, y, here = gx.ravel()[at], gy.ravel()[at], flat[at]
    ax, ay = np.abs(x), np.abs(y)
    steep, same = ay > ax, (x > 0) == (y > 0)
    longer = np.maximum(np.maximum(ax, ay), np.finfo(m.dtype).tiny)
    share = np.minimum(ax, ay, out=ax)
    share /= longer
    reach = here + here.dtype.type(rounding)
    # each way along the gradient passes between a neighbour beside or below and one at a corner
    side = np.array([1, width]).take(steep)
    corner = np.array([1 - width, width - 1, width + 1, width + 1]).take(steep + 2 * same)
    ahead = flat[at + corner] * share
    ahead += flat[at + side] * (1 - share)
    first = (here > rounding) & (reach >= ahead)
    at, side, corner, share, reach = (a[first] for a in (at, side, corner, share, reach))
    ahead = flat[at - corner] * share
    ahead += flat[at - side] * (1 - share)
    kept: Index = at[reach >= ahead]
    return kept


def _thin(
    gx: NDArray[Any], gy: NDArray[Any], m: NDArray[Any], rounding: float, out: NDArray[Any]
) -> None:
    """Write the magnitude where it is largest along the gradient, else 0; `out` has a margin of one less."""
    dtype = m.dtype
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
    cells = np.flatnonzero(weak)
    size = weak.shape[0], weak.shape[1]
    return _connected([_runs(cells, strong.ravel()[cells], size[1])], size)


class _Runs(NamedTuple):
    """The runs of some rows.

    Parameters
    ----------
    cells : ndarray of int
        Those of the flat map that are in a run, in order.
    starts, counts : ndarray of int
        The first cell of each run, in rows of one cell more, which parts the runs of a row from those of the next; and
        how many it has.
    strong : ndarray of bool
        Which runs have a strong cell.
    root : ndarray of int
        For each run, the first run of its region.
    """

    cells: Index
    starts: Index
    counts: Index
    strong: NDArray[np.bool]
    root: Index


def _runs(cells: Index, strong: NDArray[np.bool], width: int) -> _Runs:
    """Find the runs of weak cells, of which some are strong, and the regions that they make."""
    apart = cells + cells // width
    first = np.flatnonzero(np.diff(apart, prepend=-2) != 1)
    starts, counts = apart[first], np.diff(first, append=cells.size)
    held = np.logical_or.reduceat(strong, first) if first.size else strong
    pairs = _touching(starts, starts + counts, width + 1, np.arange(starts.size))
    return _Runs(cells, starts, counts, held, _joined(starts.size, *pairs))


def _connected(bands: list[_Runs], size: tuple[int, int]) -> NDArray[np.bool]:
    """Join the regions of bands, and keep those with a strong cell."""
    found, wide = np.zeros(size, np.bool), size[1] + 1
    bands = [band for band in bands if band.starts.size]
    if not bands:
        return found
    offsets = np.cumsum([0, *(band.starts.size for band in bands)])
    starts, counts = (np.concatenate([band[i] for band in bands]) for i in (1, 2))
    root = np.concatenate([band.root + o for band, o in zip(bands, offsets, strict=False)])
    # the runs of a band's first row touch those of the band above
    upmost = [
        np.arange(o, o + np.searchsorted(band.starts, (band.starts[0] // wide + 1) * wide))
        for band, o in zip(bands[1:], offsets[1:], strict=False)
    ]
    lower, upper = _touching(starts, starts + counts, wide, np.concatenate([offsets[:0], *upmost]))
    known, which = np.unique(root[np.concatenate([lower, upper])], return_inverse=True)
    first = np.arange(starts.size)
    first[known] = known[_joined(known.size, *np.split(which, [lower.size]))]
    root = first[root]
    held = np.zeros(starts.size, np.bool)
    held[root[np.concatenate([band.strong for band in bands])]] = True
    kept, flat = held[root], found.ravel()

    def paint(take: Callable[[], int | None]) -> None:
        while (i := take()) is not None:
            own = kept[offsets[i] : offsets[i + 1]]
            flat[bands[i].cells[np.repeat(own, bands[i].counts)]] = True

    each(paint, range(len(bands)), min(workers(), len(bands)))
    return found


def _touching(starts: Index, ends: Index, wide: int, some: Index) -> tuple[Index, Index]:
    """List the pairs of `some` of all runs with those of the row above that they touch."""
    # a run touches the runs of the row above from one column before it to one behind it
    above = np.searchsorted(ends, starts[some] - wide, side="left")
    counts = np.maximum(np.searchsorted(starts, ends[some] - wide, side="right") - above, 0)
    lower = np.repeat(some, counts)
    return lower, np.repeat(above - np.cumsum(counts) + counts, counts) + np.arange(lower.size)


def _joined(count: int, lower: Index, upper: Index) -> Index:
    """Number, for each of `count` runs, the first that it hangs together with by pairs."""
    parent = np.arange(count)
    lower, upper = np.maximum(lower, upper), np.minimum(lower, upper)
    while lower.size:
        # a root hangs itself under the first root that it touches
        np.minimum.at(parent, lower, upper)
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
