"""Edge detectors, one row each: gradients, the compass, Laplacians, Canny."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from convcli.engine.arguments import real, row_of
from convcli.engine.edges.gradients import Together, compass, pair
from convcli.engine.errors import ConvError, printable
from convcli.engine.kernels import kernel, log_factors

__all__ = [
    "DETECTORS",
    "Detector",
    "Join",
    "answer_to_a_step",
    "at_least_0",
    "checked_sigma",
    "detector",
    "signed",
]

Taps = NDArray[Any]

Join: TypeAlias = Callable[[list[Taps]], Taps]
"""Makes one array of the kernels' answers, all of one shape, which it may overwrite."""


@dataclass(frozen=True, eq=False, repr=False)
class Detector:
    """One edge detector.

    Parameters
    ----------
    name, title, source : str
    taps : callable or None
        Makes the kernels from sigma; None: the detector is no set of kernels (Canny).
    join : callable or None
        What becomes of the kernels' answers.
    axis : str or None
        The default axis; None: the detector knows no axes.
    sigma : float or None
        The default of the Gaussian before; None: there is none.
    together : callable or None
        Computes the answers of all kernels faster than one by one (or, for the compass, the largest of them).
    sizes : tuple of int
        Other sizes that it has, written ``NAME:SIZE``.
    """

    name: str
    title: str
    source: str
    taps: Callable[[float], list[Taps]] | None
    join: Join | None
    axis: str | None = None
    sigma: float | None = None
    together: Together | None = None
    sizes: tuple[int, ...] = ()

    @property
    def takes(self) -> tuple[str, ...]:
        """Options of `edges.edges` that the detector knows."""
        own = {"axis": self.axis is not None, "sigma": self.sigma is not None}
        thin = self.taps is None
        return tuple(
            k for k, v in {**own, "low": thin, "high": thin, "threshold": not thin}.items() if v
        )


def _named(*names: str) -> Callable[[float], list[Taps]]:
    def taps(sigma: float) -> list[Taps]:  # noqa: ARG001
        return [kernel(name) for name in names]

    return taps


def _log(sigma: float) -> list[Taps]:
    bend, blur = log_factors(sigma)  # two kernels that are separable; their sum is not
    return [np.outer(bend, blur), np.outer(blur, bend)]


def _magnitude(answers: list[Taps]) -> Taps:
    gx, gy = answers
    np.multiply(gx, gx, out=gx)
    np.multiply(gy, gy, out=gy)
    gx += gy
    return np.asarray(np.sqrt(gx, out=gx))


def _largest(answers: list[Taps]) -> Taps:
    for answer in answers[1:]:
        np.maximum(answers[0], answer, out=answers[0])
    return answers[0]


def signed(answers: list[Taps]) -> Taps:
    """Add the answers up, most often just one."""
    for answer in answers[1:]:
        answers[0] += answer
    return answers[0]


_SOBEL = "Sobel and Feldman, A 3x3 isotropic gradient operator, 1968"
_SCHARR = "Scharr, Optimale Operatoren in der digitalen Bildverarbeitung, 2000"
_PREWITT = "Prewitt, Object enhancement and extraction, 1970"
_ROBERTS = "Roberts, Machine perception of three-dimensional solids, 1963"
_FARID = "Farid and Simoncelli, Differentiation of discrete multidimensional signals, 2004"
_KIRSCH = "Kirsch, Computer determination of the constituent structure of biological images, 1971"
_BOOK = "Gonzalez and Woods, Digital Image Processing"
_MARR = "Marr and Hildreth, Theory of edge detection, 1980"
_CHAPTER = "Zhang et al., Dive into Deep Learning, 'Object edge detection in images'"
_CANNY = "Canny, A computational approach to edge detection, 1986"
_COMPASS = tuple(f"kirsch@{angle}" for angle in range(0, 360, 45))

_ROWS = (
    Detector("sobel", "gradient, 3x3", _SOBEL, _named("sobel-x", "sobel-y"), _magnitude, "both", together=pair("sobel-x"), sizes=(3, 5, 7)),
    Detector("scharr", "gradient, 3x3, the same in all directions", _SCHARR, _named("scharr-x", "scharr-y"), _magnitude, "both", together=pair("scharr-x")),
    Detector("prewitt", "gradient, 3x3, equal weights", _PREWITT, _named("prewitt-x", "prewitt-y"), _magnitude, "both", together=pair("prewitt-x")),
    Detector("roberts", "gradient along the two diagonals, 2x2", _ROBERTS, _named("roberts-x", "roberts-y"), _magnitude, "both"),
    Detector("farid", "gradient, 5x5, the same in all directions", _FARID, _named("farid-x", "farid-y"), _magnitude, "both", together=pair("farid-x")),
    Detector("kirsch", "the largest of eight compass directions, 3x3", _KIRSCH, _named(*_COMPASS), _largest, together=compass),
    Detector("laplacian", "second derivative, signed, 3x3", _BOOK, _named("laplacian"), signed),
    Detector("log", "Laplacian of a Gaussian, signed", _MARR, _log, signed, sigma=1.4),
    Detector("diff", "the chapter's [1, -1]: falls are positive", _CHAPTER, _named("diff-x", "diff-y"), _magnitude, "x"),
    Detector("canny", "thin connected lines", _CANNY, None, None, sigma=1.4),
)  # fmt: skip
DETECTORS: dict[str, Detector] = {row.name: row for row in _ROWS}
"""The detectors by name."""


def detector(text: str) -> Detector:
    """Read a detector: a name of `DETECTORS`, for some with a size, ``sobel:5``.

    Raises
    ------
    ConvError
    """
    name, colon, size = text.partition(":") if isinstance(text, str) else (text, "", "")
    row = row_of("detector", name, DETECTORS)
    if not colon:
        return row
    if size not in map(str, row.sizes):
        *most, last = map(str, row.sizes or ("",))
        allowed = f"{', '.join(most)} or {last} is allowed" if row.sizes else "it has no sizes"
        raise ConvError(f"detector {name}: got size '{printable(size)}', {allowed}", usage=True)
    names = [f"{name}-{axis}:{size}" for axis in "xy"]
    return replace(row, name=text, taps=_named(*names), together=pair(names[0]))


def answer_to_a_step(taps: Taps) -> float:
    """Largest answer to a unit step along an axis.

    >>> answer_to_a_step(kernel("scharr-x"))
    16.0
    """
    return float(max(np.abs(np.cumsum(taps.sum(axis=axis))).max() for axis in (0, 1)))


def checked_sigma(sigma: object) -> float:
    """Return sigma if it is a number above 0.

    Raises
    ------
    ConvError
    """
    return real("sigma", sigma, "a number above 0 is needed", lambda s: 0 < s < math.inf)


def at_least_0(name: str, value: object) -> float:
    """Return a threshold if it is a finite number of at least 0.

    Raises
    ------
    ConvError
    """
    return real(name, value, "a number of at least 0 is needed", lambda v: 0 <= v < math.inf)
