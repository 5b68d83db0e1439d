"""Named kernels, one row each: taps, parameters, scale, source. And the language in which kernels are written.

A kernel is written `NAME`, `NAME:NUMBER,NUMBER` or `NAME:ROWSxCOLUMNS`, and `@ANGLE` turns it clockwise
(`sobel-x@90` is `sobel-y`), or as numbers: `0 1; 2 3`.
"""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convcli.engine.arguments import row_of, shown
from convcli.engine.errors import ConvError, brief, printable
from convcli.engine.numbers import BLANKS, read_number, read_real
from convcli.engine.sizes.notation import read_sizes

__all__ = [
    "KERNELS",
    "LARGEST",
    "Kernel",
    "frequency_response",
    "gaussian_row",
    "kernel",
    "log_factors",
    "named",
    "radius_of",
    "rank",
    "read_numbers",
    "turn",
]

Taps = NDArray[Any]


@dataclass(frozen=True, eq=False, repr=False)
class Kernel:
    """One named kernel.

    Parameters
    ----------
    name : str
    build : callable
        Makes the taps from the text of the parameters (empty when none are given).
    title : str
        What it is, in a few words.
    source : str
        The paper or book it is from.
    parameters : str
        How the parameters are written, empty for a kernel that takes none.
    example : str
        A call that works.
    """

    name: str
    build: Callable[[str], Taps]
    title: str
    source: str
    parameters: str = ""
    example: str = ""

    @property
    def scale(self) -> float:
        """What the taps are divided by to answer 1 to a unit step (Sobel 4, Scharr 16); `corr` does not divide."""
        taps = self.build("")
        return float(taps[taps > 0].sum())


def _table(*rows: tuple[float, ...]) -> Callable[[str], Taps]:
    """Make the builder of a kernel without parameters."""
    taps = np.array(rows)

    def build(text: str) -> Taps:
        if text:
            raise ConvError(
                f"got parameters '{printable(text)}', this kernel takes none", usage=True
            )
        return taps.copy()

    return build


def _numbers(text: str, names: str, least: int, most: int) -> list[float]:
    """Read the parameters of a kernel: positive numbers, joined by commas."""
    given = text.split(",") if text else []
    try:
        numbers = [read_real(part) for part in given]
    except ConvError:
        numbers = []
    if not least <= len(numbers) <= most:
        raise ConvError(f"got '{printable(text)}', {names} is allowed", usage=True)
    if not all(number > 0 for number in numbers):
        raise ConvError(f"got '{printable(text)}', numbers above 0 are allowed", usage=True)
    return numbers


def _gaussian(text: str) -> Taps:
    plain, told = _parted(text)
    allowed = "SIGMA|SIGMAxSIGMA[,SIZE][,order=N|NxN][,truncate=T]"
    order = _orders(told.pop("order", "0"))
    (cut,) = _numbers(told.pop("truncate", "4"), "truncate=T", 1, 1)
    sigma, _, size = (plain or "1").partition(",")
    if told or sigma.count("x") > 1 or "," in size:
        raise ConvError(f"got '{printable(text)}', {allowed} is allowed", usage=True)
    numbers = _numbers(
        ",".join([*sigma.split("x"), *([size] if "," in plain else [])]), allowed, 1, 3
    )
    sigmas = numbers[0], numbers[1 if "x" in sigma else 0]
    radius = None
    if "," in plain:
        if "truncate=" in text:
            raise ConvError(f"got '{printable(text)}', a size or truncate=T is allowed", usage=True)
        if numbers[-1] % 2 != 1 or numbers[-1] > LARGEST:
            raise ConvError(
                f"got size {numbers[-1]:g}, an odd whole number to {LARGEST} is allowed", usage=True
            )
        radius = int(numbers[-1]) // 2
    down, across = (
        gaussian_row(s, radius_of(s, cut) if radius is None else radius, n)
        for s, n in zip(sigmas, order, strict=True)
    )
    return np.outer(down, across)


def _parted(text: str) -> tuple[str, dict[str, str]]:
    """Split parameters into the plain ones and those with a name, ``name=value``."""
    parts = text.split(",") if text else []
    told = dict(part.split("=", 1) for part in parts if "=" in part)
    if len(told) < sum("=" in part for part in parts):
        raise ConvError(f"got '{printable(text)}', each name is allowed once", usage=True)
    return ",".join(part for part in parts if "=" not in part), told


def _orders(text: str) -> tuple[int, int]:
    if not re.fullmatch(r"[0-9](x[0-9])?", text):
        raise ConvError(
            f"got order '{printable(text)}', one digit or ROWSxCOLUMNS is allowed: "
            "how often the Gaussian is derived down and across",
            usage=True,
        )
    return int(text[0]), int(text[-1])


def _log(text: str) -> Taps:
    (sigma,) = _numbers(text or "1.4", "SIGMA", 1, 1)
    if sigma < 0.2:  # between two samples: every tap would be 0
        raise ConvError(f"got sigma {sigma:g}, at least 0.2 is allowed", usage=True)
    bend, blur = log_factors(sigma)
    return np.outer(bend, blur) + np.outer(blur, bend)


def _dog(text: str) -> Taps:
    small, large = _numbers(text or "1,1.6", "SIGMA,SIGMA", 2, 2)
    radius = radius_of(max(small, large))
    a, b = gaussian_row(small, radius), gaussian_row(large, radius)
    return np.outer(a, a) - np.outer(b, b)


def _sides(text: str) -> tuple[int, int]:
    sides = read_sizes(text)
    if len(sides) > 2 or max(sides) > LARGEST:
        raise ConvError(
            f"got '{printable(text)}', ROWSxCOLUMNS to {LARGEST} is allowed", usage=True
        )
    return sides[0], sides[-1]


def _box(text: str) -> Taps:
    rows, columns = _sides(text or "3")
    return np.full((rows, columns), 1 / (rows * columns))


def _identity(text: str) -> Taps:
    rows, columns = _sides(text or "3")
    taps = np.zeros((rows, columns), int)
    taps[(rows - 1) // 2, (columns - 1) // 2] = 1  # where padding 'same' anchors an even kernel
    return taps


def _disk(text: str) -> Taps:
    (radius,) = _numbers(text or "3", "RADIUS", 1, 1)
    if 2 * int(radius) + 1 > LARGEST:
        raise ConvError(f"got radius {radius:g}, at most {LARGEST // 2} is allowed", usage=True)
    at = np.arange(-int(radius), int(radius) + 1)
    inside = at[:, None] ** 2 + at**2 <= radius**2
    return np.asarray(inside / inside.sum())


def _laplacian(text: str) -> Taps:
    if text not in ("", "4", "8"):
        raise ConvError(f"got '{printable(text)}', 4 or 8 (neighbours) is allowed", usage=True)
    if text == "8":
        return np.array([[1, 1, 1], [1, -8, 1], [1, 1, 1]])
    return np.array([[0, 1, 0], [1, -4, 1], [0, 1, 0]])


def _sobel(turned: bool) -> Callable[[str], Taps]:
    """Make the builder of Sobel's kernel along a row, or `turned` down a column, of 3, 5 or 7 cells a side.

    OpenCV's: binomials across, and along them binomials of two orders less, times -1 0 1.
    """

    def build(text: str) -> Taps:
        if text not in ("", "3", "5", "7"):
            raise ConvError(
                f"got '{printable(text)}', 3, 5 or 7 (cells a side) is allowed", usage=True
            )
        size = int(text or 3)
        blur = np.array([math.comb(size - 1, i) for i in range(size)])
        slope = np.convolve([math.comb(size - 3, i) for i in range(size - 2)], [-1, 0, 1])
        return np.outer(slope, blur) if turned else np.outer(blur, slope)

    return build


_SOBEL = "Sobel and Feldman, A 3x3 isotropic gradient operator, 1968"
_SCHARR = "Scharr, Optimale Operatoren in der digitalen Bildverarbeitung, 2000"
_PREWITT = "Prewitt, Object enhancement and extraction, 1970"
_ROBERTS = "Roberts, Machine perception of three-dimensional solids, 1963"
_FARID = "Farid and Simoncelli, Differentiation of discrete multidimensional signals, 2004"
_CHAPTER = "Zhang et al., Dive into Deep Learning, 'Object edge detection in images'"
_BOOK = "Gonzalez and Woods, Digital Image Processing"
# the paper's five taps for a first derivative: interpolation across, differentiation along
_FARID_P = (0.037659, 0.249153, 0.426375, 0.249153, 0.037659)
_FARID_D = (-0.109604, -0.276691, 0.0, 0.276691, 0.109604)

_ROWS = (
    Kernel("identity", _identity, "leaves every cell as it is", _BOOK, "[SIZE|ROWSxCOLUMNS]", example="identity:5"),
    Kernel("box", _box, "mean of a window", _BOOK, "[SIZE|ROWSxCOLUMNS]", example="box:5x5"),
    Kernel("gaussian", _gaussian, "Gaussian blur, cut at 4 sigma, or its derivatives", _BOOK, "[SIGMA|SIGMAxSIGMA[,SIZE][,order=NxN][,truncate=T]]", example="gaussian:1.5"),
    Kernel("disk", _disk, "mean of a disk: a lens out of focus", _BOOK, "[RADIUS]", example="disk:3"),
    Kernel("sharpen", _table((0, -1, 0), (-1, 5, -1), (0, -1, 0)), "the input less its Laplacian", _BOOK),
    Kernel("emboss", _table((-2, -1, 0), (-1, 1, 1), (0, 1, 2)), "light from the upper left", _BOOK),
    Kernel("diff-x", _table((1, -1)), "the chapter's edge kernel, columns", _CHAPTER),
    Kernel("diff-y", _table((1,), (-1,)), "the chapter's edge kernel, rows", _CHAPTER),
    Kernel("sobel-x", _sobel(turned=False), "derivative along a row", _SOBEL, "[3|5|7]", example="sobel-x:5"),
    Kernel("sobel-y", _sobel(turned=True), "derivative down a column", _SOBEL, "[3|5|7]", example="sobel-y:5"),
    Kernel("scharr-x", _table((-3, 0, 3), (-10, 0, 10), (-3, 0, 3)), "derivative along a row, rounder", _SCHARR),
    Kernel("scharr-y", _table((-3, -10, -3), (0, 0, 0), (3, 10, 3)), "derivative down a column, rounder", _SCHARR),
    Kernel("prewitt-x", _table((-1, 0, 1), (-1, 0, 1), (-1, 0, 1)), "derivative along a row", _PREWITT),
    Kernel("prewitt-y", _table((-1, -1, -1), (0, 0, 0), (1, 1, 1)), "derivative down a column", _PREWITT),
    Kernel("roberts-x", _table((-1, 0), (0, 1)), "derivative along the falling diagonal", _ROBERTS),
    Kernel("roberts-y", _table((0, -1), (1, 0)), "derivative along the rising diagonal", _ROBERTS),
    Kernel("farid-x", _table(*(tuple(p * d for d in _FARID_D) for p in _FARID_P)), "derivative along a row, five taps", _FARID),
    Kernel("farid-y", _table(*(tuple(d * p for p in _FARID_P) for d in _FARID_D)), "derivative down a column, five taps", _FARID),
    Kernel("kirsch", _table((5, 5, 5), (-3, 0, -3), (-3, -3, -3)), "compass kernel, north (others by @45, @90 …)", "Kirsch, Computer determination of the constituent structure of biological images, 1971", example="kirsch@45"),
    Kernel("laplacian", _laplacian, "second derivative, 4 or 8 neighbours", _BOOK, "[4|8]", example="laplacian:8"),
    Kernel("log", _log, "Laplacian of a Gaussian", "Marr and Hildreth, Theory of edge detection, 1980", "[SIGMA]", example="log:2"),
    Kernel("dog", _dog, "difference of two Gaussians", "Marr and Hildreth, Theory of edge detection, 1980", "[SIGMA,SIGMA]", example="dog:1,1.6"),
)  # fmt: skip
KERNELS: dict[str, Kernel] = {row.name: row for row in _ROWS}
"""The named kernels."""


def named(text: str) -> bool:
    """Whether a text is meant as a named kernel: it begins with a name of `KERNELS`, then ends, ``:`` or ``@``."""
    return re.split("[:@]", text, maxsplit=1)[0] in KERNELS


def kernel(text: str) -> NDArray[Any]:
    """Return the taps of a named kernel.

    Parameters
    ----------
    text : str
        ``NAME[:PARAMETERS][@ANGLE]``; angles are clockwise, multiples of 90, of 45 for 3x3 kernels.

    Returns
    -------
    ndarray, shape (kh, kw)
        int64 where the taps are whole numbers by definition, else float64.

    Raises
    ------
    ConvError
        An unknown name, parameters or an angle that the kernel does not take; what is no text.

    Examples
    --------
    >>> kernel("sobel-x@90").tolist()
    [[-1, -2, -1], [0, 0, 0], [1, 2, 1]]
    >>> kernel("box:1x2").tolist()
    [[0.5, 0.5]]
    """
    if not isinstance(text, str):
        raise ConvError(f"kernel: got {shown(text)}, a name is needed", usage=True)
    name, _, angle = text.partition("@")
    name, _, parameters = name.partition(":")
    row = row_of("kernel", name, KERNELS)
    try:
        taps = row.build(parameters)
        return turn(taps, angle) if "@" in text else taps
    except ConvError as error:
        raise error.about(f"kernel {name}") from error


def turn(taps: Taps, angle: str) -> Taps:
    """Turn a kernel clockwise by a multiple of 90 degrees, or of 45 for the ring of a 3x3 kernel.

    >>> turn(np.array([[5, 5, 5], [-3, 0, -3], [-3, -3, -3]]), "45").tolist()
    [[-3, 5, 5], [-3, 0, 5], [-3, -3, -3]]
    """
    step = 45 if taps.shape == (3, 3) else 90
    if not re.fullmatch(r"-?[0-9]{1,6}", angle) or int(angle) % step:
        raise ConvError(
            f"got angle '{printable(angle)}', a multiple of {step} is allowed", usage=True
        )
    if int(angle) % 90 == 0:
        return np.rot90(taps, -(int(angle) // 90)).copy()
    ring = [(0, 0), (0, 1), (0, 2), (1, 2), (2, 2), (2, 1), (2, 0), (1, 0)]
    turned = taps.copy()
    for i, place in enumerate(ring):
        turned[place] = taps[ring[(i - int(angle) // 45) % 8]]
    return turned


def read_numbers(text: str) -> NDArray[Any]:
    """Read a kernel written as numbers: rows by ``;`` (or line ends), numbers by blanks or by commas; or in brackets.

    A number may be a fraction, ``1/9``. Nested brackets are rows, planes and stacks of planes, as every framework
    writes them.

    Returns
    -------
    ndarray, shape (kh, kw), in brackets also (C, kh, kw) or (O, C, kh, kw)
        int64 when every number is whole and written without point or exponent, else float64.

    Raises
    ------
    ConvError

    Examples
    --------
    >>> read_numbers("0 1; 2 3").tolist(), read_numbers("1/4, 0.5").tolist()
    ([[0, 1], [2, 3]], [[0.25, 0.5]])
    >>> read_numbers("[[[0, 1], [2, 3]], [[1, 2], [3, 4]]]").shape
    (2, 2, 2)
    """
    bare = text.strip(BLANKS)
    if bare.startswith("["):
        return _nested(bare)
    numbers: list[list[int | float]] = []
    for i, line in enumerate(re.split(r"[;\n]", bare.strip(";")), 1):
        row = re.sub(f"[{BLANKS}]*,[{BLANKS}]*", ",", line.strip(BLANKS)).strip(",")
        cells = re.split(f"[,{BLANKS}]+", row)
        if "," in row and re.search(f"[{BLANKS}]", row):
            rows = row.replace(",", "; ")
            raise ConvError(
                f"got '{brief(line.strip())}', blanks and commas mixed: '{brief(rows)}' has rows, "
                f"'{brief(' '.join(cells))}' is one row of {len(cells)}",
                usage=True,
            )
        if numbers and len(cells) != len(numbers[0]):
            raise ConvError(
                f"row {i} has {len(cells)} numbers, the first has {len(numbers[0])}", usage=True
            )
        numbers.append([])
        for j, cell in enumerate(cells, 1):
            try:
                numbers[-1].append(_number(cell))
            except ConvError as error:
                raise error.about(f"row {i}, number {j}") from error
    return _as_array(numbers, text)


def _number(text: str) -> int | float:
    """Read a number, or a fraction of two."""
    over, line, under = text.partition("/")
    if not line:
        return read_number(text)
    parts = [read_number(part) for part in (over, under)]
    if not parts[1]:
        raise ConvError(f"got '{brief(text)}', nothing is divided by 0", usage=True)
    return parts[0] / parts[1]


def _nested(text: str) -> NDArray[Any]:
    tokens = re.findall(r"[\[\]]|[^\[\],\s]+", text)
    open_lists: list[list[Any]] = [[]]
    for token in tokens:
        if token == "[":
            open_lists.append([])
        elif token == "]" and len(open_lists) > 1:
            closed = open_lists.pop()
            open_lists[-1].append(closed)
        elif token == "]" or len(open_lists) == 1:
            raise ConvError(f"got '{brief(text)}', brackets that match are needed", usage=True)
        else:
            open_lists[-1].append(_number(token))
        if len(open_lists) > 5:
            raise ConvError(f"got '{brief(text)}', at most 4 dimensions are allowed", usage=True)
    if len(open_lists) > 1:
        raise ConvError(f"got '{brief(text)}', brackets that match are needed", usage=True)
    if len(open_lists[0]) != 1:
        raise ConvError(f"got '{brief(text)}', one list in brackets is needed", usage=True)
    found = open_lists[0][0]
    rows = found if found and isinstance(found[0], list) else [found]
    _shape(rows, text)
    return _as_array(rows, text)


def _shape(given: Any, text: str) -> tuple[int, ...]:
    """The shape of nested lists; ones of different lengths are refused."""
    if not isinstance(given, list):
        return ()
    inner = {_shape(item, text) for item in given}
    if len(inner) != 1:
        raise ConvError(f"got '{brief(text)}', rows of one length are needed", usage=True)
    return (len(given), *inner.pop())


def _as_array(numbers: list[Any], text: str) -> NDArray[Any]:
    flat: list[Any] = [numbers]
    while flat and isinstance(flat[0], list):
        flat = [item for part in flat for item in part]
    if not all(isinstance(number, int) for number in flat):
        return np.array(numbers, np.float64)
    if not all(abs(number) < 2**63 for number in flat):
        raise ConvError(f"got '{brief(text)}', numbers that fit 64 bits are needed", usage=True)
    return np.array(numbers, np.int64)


LARGEST = 4097
"""The longest side of a named kernel."""


def radius_of(sigma: float, truncate: float = 4.0) -> int:
    """Cells on each side of a Gaussian that is cut at `truncate` sigma, as scipy.ndimage cuts it.

    >>> radius_of(1.4)
    6
    """
    reach = truncate * sigma + 0.5
    if reach >= LARGEST // 2 + 1:
        most = (LARGEST // 2) / truncate
        raise ConvError(f"got sigma {sigma:g}, at most {most:g} is allowed", usage=True)
    return int(reach)


def gaussian_row(sigma: float, radius: int | None = None, order: int = 0) -> NDArray[np.float64]:
    """One-dimensional Gaussian, sampled at whole numbers and scaled to sum 1, or a derivative of it.

    Parameters
    ----------
    sigma : float
        Standard deviation in cells.
    radius : int, optional
        Cells on each side; floor(4 sigma + 1/2) unless given.
    order : int
        Of the derivative. Odd ones answer + to a rise: they are the derivative of what was blurred, as
        scipy.ndimage.gaussian_filter gives it, and as a kernel that is not flipped the mirror image of the curve.

    Returns
    -------
    ndarray, shape (2 * radius + 1,), float64

    Examples
    --------
    >>> gaussian_row(1.0, 1, order=1).round(3).tolist()
    [-0.274, 0.0, 0.274]
    """
    radius = radius_of(sigma) if radius is None else radius
    at = np.arange(-radius, radius + 1)
    weights = np.exp(-0.5 * (at / sigma) ** 2)
    weights = weights / weights.sum()
    if not order:  # NumPy loads its polynomials when they are asked for
        return np.asarray(weights)
    # the n-th derivative of g is g times a polynomial: q' - q x / sigma², from q to the next
    factor = np.polynomial.Polynomial([1.0])
    for _ in range(order):
        factor = factor.deriv() - factor * np.polynomial.Polynomial([0.0, 1 / sigma**2])
    return np.asarray(weights * factor(-at))


def log_factors(sigma: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Bend and blur of a Laplacian of a Gaussian, which is outer(bend, blur) + outer(blur, bend).

    Returns
    -------
    bend, blur : ndarray, shape (2 * radius + 1,), float64
        The second derivative of the Gaussian, made to sum 0 (a constant answers 0, whatever was cut off); the Gaussian.
    """
    blur = gaussian_row(sigma)
    at = np.arange(len(blur)) - len(blur) // 2
    bend = blur * (at**2 / sigma**4 - 1 / sigma**2)
    return bend - blur * bend.sum(), blur


def rank(taps: NDArray[Any]) -> int:
    """Number of separable kernels that add up to this one; 1 means two 1-D passes do the same.

    Parameters
    ----------
    taps : ndarray, shape (kh, kw)

    Examples
    --------
    >>> rank(np.outer([1, 2, 1], [-1, 0, 1])), rank(np.array([[0, 1, 0], [1, -4, 1], [0, 1, 0]]))
    (1, 2)
    """
    values = np.linalg.svd(taps.astype(np.float64), compute_uv=False)
    return int(np.count_nonzero(values > 1e-12 * values[0])) if values[0] > 0 else 0


def frequency_response(taps: NDArray[Any], size: int = 64) -> NDArray[np.float64]:
    """Magnitude of the answer to each frequency, from -1/2 to 1/2 cycle a cell, zero in the middle.

    Parameters
    ----------
    taps : ndarray, shape (kh, kw)
    size : int
        Frequencies an axis.

    Returns
    -------
    ndarray, shape (size, size), float64
        Rows are vertical frequencies; at least 0.
    """
    step = np.fft.fftshift(np.fft.fftfreq(size))
    rows = np.exp(-2j * np.pi * np.outer(step, np.arange(taps.shape[0])))
    columns = np.exp(-2j * np.pi * np.outer(np.arange(taps.shape[1]), step))
    magnitude: NDArray[np.float64] = np.abs(rows @ taps @ columns)
    return magnitude
