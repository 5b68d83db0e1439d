"""Which named kernel a kernel is like, and whether it is separable."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convcli.engine.errors import ConvError
from convcli.engine.kernels import KERNELS, kernel

__all__ = ["FAMILIES", "Likeness", "nearest", "rank_one_error"]

Size = tuple[int, int]
Distance = Callable[[str], float]

SCALED = 0.8
"""A kernel is called a multiple of a named one only if that brings the distance below this share, and is no rounding."""

KEPT = 0.5
"""The share of a named kernel's energy that must lie within a kernel for it to be called like it: a corner of emboss
is none."""

EACH = 16
"""Numbers of three digits of which each is tried: between them a distance has steps, and, where a multiple of the
kernel is nearer than itself, a dip of its own."""

TURNED = 1e-6
"""Of a kernel and its negative, turned by 180 degrees, the plain name wins by this distance."""


@dataclass(frozen=True)
class Likeness:
    """The named kernel that is nearest.

    Parameters
    ----------
    name : str
        As `kernels.kernel` reads it: ``"gaussian:1.02"``.
    scale : float
        What the named kernel is multiplied by; less than 0 for a negative.
    distance : float
        Norm of the difference over norm of the kernel.
    """

    name: str
    scale: float
    distance: float

    @property
    def text(self) -> str:
        """What it is like, in words.

        >>> Likeness("sobel-x", 0.25, 0.0031).text
        '0.25 × sobel-x, within 0.31 %'
        """
        times = "" if self.scale == 1 else f"{self.scale:.3g} × "
        near = f"within {self.distance * 100:.2g} %" if self.distance > 1e-6 else "exactly"
        return f"{times}{self.name}, {near}"


def _searched(low: float, high: float, text: Callable[[float], str]) -> Callable[..., str]:
    """Make the search for one positive parameter of three digits: a coarse grid, golden sections of its best interval,
    and at the end each number, for there the distance has steps.
    """

    def search(distance: Distance) -> str:
        grid = np.geomspace(low, high, 48)
        far = [distance(text(p)) for p in grid]
        at = int(np.argmin(far))
        a, b = grid[max(at - 1, 0)], grid[min(at + 1, len(grid) - 1)]
        golden = (math.sqrt(5) - 1) / 2
        while b - a > EACH * _third_digit(a):
            c, d = b - golden * (b - a), a + golden * (b - a)
            a, b = (a, d) if distance(text(c)) < distance(text(d)) else (c, b)
        unit = _third_digit(a)
        numbers = range(math.floor(a / unit), math.ceil(b / unit) + 1)
        return min((text(number * unit) for number in numbers), key=distance)

    return search


def _third_digit(number: float) -> float:
    return 10.0 ** (math.floor(math.log10(number)) - 2)


def _sizes(name: str, size: Size) -> Iterator[str]:
    yield from (f"{name}:{k}" for k in range(2, min(size) + 1))
    if size[0] != size[1]:
        yield f"{name}:{size[0]}x{size[1]}"


def _radii(size: Size) -> Iterator[str]:
    reach = (max(size) + 1) // 2
    squares = {a * a + b * b for a in range(reach + 1) for b in range(reach + 1)}
    for square in sorted(squares):
        if 1 <= square <= reach**2:
            # just past the cells it holds, so that two decimals do not lose them
            yield f"disk:{math.ceil(math.sqrt(square) * 100) / 100:g}"


def _sigmas(name: str, second: float = 0.0) -> Callable[[Size, Distance], Iterator[str]]:
    def text(sigma: float) -> str:
        return f"{name}:{sigma:.3g}" + (f",{second * float(f'{sigma:.3g}'):.3g}" if second else "")

    def family(size: Size, distance: Distance) -> Iterator[str]:
        yield _searched(0.25, max(size), text)(distance)

    return family


def _gaussians(size: Size, distance: Distance) -> Iterator[str]:
    """Try Gaussians as they are, and with the sum 1 in no more than the size of the kernel, as some tools cut them."""
    yield _searched(0.25, max(size), lambda sigma: f"gaussian:{sigma:.3g}")(distance)
    side = min(size) - 1 + min(size) % 2
    if side > 1:
        yield _searched(0.25, side, lambda sigma: f"gaussian:{sigma:.3g},{side}")(distance)


FAMILIES: dict[str, Callable[[Size, Distance], Iterator[str]]] = {
    "identity": lambda size, _: iter(["identity:1"] if size else []),
    "box": lambda size, _: _sizes("box", size),
    "gaussian": _gaussians,
    "disk": lambda size, _: _radii(size),
    "laplacian": lambda *_: iter(["laplacian:4", "laplacian:8"]),
    "log": _sigmas("log"),
    "dog": _sigmas("dog", 1.6),
}
"""How the parameters of a kernel that takes some are tried, given the size and a distance. Others are tried as they
stand, and turned."""


LARGER = {"sobel-x": (5, 7), "sobel-y": (5, 7)}
"""The other sizes of kernels of which there are a few."""


def nearest(taps: NDArray[Any]) -> Likeness | None:
    """Find the named kernel, or the multiple of one, that is nearest.

    Parameters
    ----------
    taps : ndarray, shape (kh, kw)

    Returns
    -------
    Likeness or None
        None for a kernel of zeros, or of a single tap.

    Examples
    --------
    >>> nearest(kernel("gaussian:1.5")).text
    'gaussian:1.5, exactly'
    >>> nearest(np.array([[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]])).text
    '-1 × laplacian:8, exactly'
    """
    norm = float(np.linalg.norm(taps))
    if taps.size == 1 or not norm or not math.isfinite(norm):
        return None
    unit = taps / norm
    compared: dict[str, tuple[float, float]] = {}

    def distance(name: str) -> float:
        if name not in compared:
            compared[name] = _compare(unit, norm, name)
        return compared[name][1]

    for name in KERNELS:
        for text in FAMILIES.get(name, _as_it_stands(name))(taps.shape, distance):
            distance(text)
    for name in KERNELS:
        if name not in FAMILIES:
            for angle in range(45, 360, 45):
                distance(f"{name}@{angle}")

    def far(text: str) -> float:
        scale, apart = compared[text]
        turned = TURNED * ("@" in text)
        if abs(scale) == 1:  # a negative is no worse than a turn
            return round(apart + turned + TURNED * (scale < 0), 9)
        # of either sign, a multiple has a number more to fit by
        return round(apart / SCALED + turned + 2 * TURNED, 9)

    # of those that are as near, the first: a plain one before a turned one, which for most is its negative
    name = min(compared, key=far)
    return Likeness(name, *compared[name])


def _as_it_stands(name: str) -> Callable[[Size, Distance], Iterator[str]]:
    def family(size: Size, _: Distance) -> Iterator[str]:
        yield name
        yield from (f"{name}:{k}" for k in LARGER.get(name, ()) if k <= max(size))

    return family


def _compare(unit: NDArray[Any], norm: float, name: str) -> tuple[float, float]:
    """Return scale and relative distance of a named kernel, at its best place within the size of `unit`."""
    try:
        other = kernel(name)
    except ConvError:  # an angle that the kernel does not take
        return 1.0, math.inf
    best = 1.0, math.inf
    for placed in _placed(other / norm, unit.shape):
        square = float(np.sum(placed**2))
        if square < KEPT * float(np.sum((other / norm) ** 2)):
            continue
        scale = float(np.sum(placed * unit)) / square
        sign = math.copysign(1.0, scale)
        plain = float(np.linalg.norm(unit - sign * placed))
        scaled = float(np.linalg.norm(unit - scale * placed))
        multiple = abs(abs(scale) - 1) > 0.01 and scaled < SCALED * plain
        found = (scale, scaled) if multiple else (sign, plain)
        best = min(best, found, key=lambda pair: pair[1])
    return best


def _placed(taps: NDArray[Any], size: tuple[int, ...]) -> Iterator[NDArray[Any]]:
    """Cut or pad a kernel about its middle; where that lies between two cells, both ways."""
    for top in _starts(taps.shape[0], size[0]):
        for left in _starts(taps.shape[1], size[1]):
            placed = np.zeros(size)
            rows = slice(max(top, 0), min(top + taps.shape[0], size[0]))
            columns = slice(max(left, 0), min(left + taps.shape[1], size[1]))
            placed[rows, columns] = taps[
                rows.start - top : rows.stop - top, columns.start - left : columns.stop - left
            ]
            yield placed


def _starts(inner: int, outer: int) -> list[int]:
    apart = outer - inner
    return sorted({apart // 2, apart - apart // 2})


def rank_one_error(taps: NDArray[Any]) -> float:
    """Norm of what the nearest column times row leaves of a kernel, over its norm: 0 for a separable kernel.

    Parameters
    ----------
    taps : ndarray, shape (..., kh, kw)
        Of several kernels the worst counts; kernels of zeros are separable.
    """
    values = np.linalg.svd(taps, compute_uv=False)
    rest, whole = np.sqrt((values[..., 1:] ** 2).sum(-1)), np.linalg.norm(values, axis=-1)
    return float(np.max(rest / np.where(whole == 0, 1, whole)))
