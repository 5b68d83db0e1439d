"""From results of any range to the samples of a picture, and what is lost on the way."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from convcli.engine.arguments import row_of
from convcli.engine.errors import ConvError
from convcli.engine.results import Result

__all__ = ["RANGES", "Clipped", "Range", "Sampled", "clipped_text", "to_samples"]

Array: TypeAlias = NDArray[Any]

NEAR = 0.25
"""What is less beyond black or white is so by rounding: it is rounded back."""


@dataclass(frozen=True)
class Clipped:
    """What became of the range of results.

    Parameters
    ----------
    count : int
        Values that the picture could not hold: they became 0 or full scale. NaN counts, it becomes 0.
    low, high : float
        The smallest and the largest value before (NaN apart).
    missing : int
        How many of `count` were NaN.
    """

    count: int = 0
    low: float = np.inf
    high: float = -np.inf
    missing: int = 0

    def __add__(self, other: "Clipped") -> "Clipped":
        """Join two bands of one picture."""
        return Clipped(
            self.count + other.count,
            min(self.low, other.low),
            max(self.high, other.high),
            self.missing + other.missing,
        )


@dataclass(frozen=True, eq=False, repr=False)
class Range:
    """One way to fit results into 0…full scale.

    Parameters
    ----------
    meaning : str
        For the help.
    fit : callable
        (values, full, low, high) -> values where 0…full is kept, for arrays of float or integers.
    keeps : callable
        (low, high, full) -> whether it keeps all values from low to high.
    """

    meaning: str
    fit: Callable[[Array, float, float, float], Array]
    keeps: Callable[[float, float, float], bool]


def _abs(values: Array, full: float, low: float, high: float) -> Array:  # noqa: ARG001
    if values.dtype.kind == "i":  # the smallest integer has no absolute value of its dtype
        values = np.maximum(values, -np.iinfo(values.dtype).max)
    magnitude: Array = np.abs(values)
    return magnitude


def _stretch(values: Array, full: float, low: float, high: float) -> Array:
    if high <= low:  # a constant
        return np.zeros(values.shape)
    return (values - np.float64(low)) * (full / (high - low))


RANGES: dict[str, Range] = {
    "clip": Range(
        "below 0 becomes 0, above full scale becomes full scale",
        lambda values, full, low, high: values,  # noqa: ARG005
        lambda low, high, full: low >= 0 and high <= full,
    ),
    "abs": Range(
        "the absolute value, then clip",
        _abs,
        lambda low, high, full: max(-low, high) <= full,
    ),
    "stretch": Range(
        "from the smallest to the largest value: 0 to full scale",
        _stretch,
        lambda low, high, full: bool(np.isfinite(high - low)),  # noqa: ARG005
    ),
    "offset": Range(
        "value/2 + full scale/2: signed results, 0 becomes middle grey",
        lambda values, full, low, high: values * 0.5 + full / 2,  # noqa: ARG005
        lambda low, high, full: max(-low, high) <= full,
    ),
}
"""The values of ``--range``."""


def to_samples(
    values: Array,
    dtype: type[np.generic] | np.dtype[Any],
    how: str = "clip",
    *,
    low: float | None = None,
    high: float | None = None,
    spoil: bool = False,
) -> tuple[Array, Clipped]:
    """Fit results into the samples of a picture; a band of rows at a time if `low` and `high` are given.

    The fitted values are rounded, half to even, then clipped to 0…full scale (255 or 65535). ``offset`` maps
    −full…full onto 0…full: 0 becomes 127.5, which is rounded to 128 (in 16 bits 32768). For float32 nothing is
    rounded or clipped, full scale is 1, and NaN stays.

    Parameters
    ----------
    values : ndarray
        Integers or floats of any shape and range.
    dtype : dtype
        uint8, uint16 or float32.
    how : str
        A key of `RANGES`.
    low, high : float or None
        For ``stretch``: the values that become 0 and full scale. None: the smallest and the largest of `values`.
    spoil : bool
        Whether `values` may be overwritten.

    Returns
    -------
    samples : ndarray of `dtype`
    clipped : Clipped

    Raises
    ------
    ConvError
        Unknown `how`, or ``stretch`` of an infinite range.

    Examples
    --------
    >>> to_samples(np.array([-255, 0, 255]), np.uint8, "offset")[0].tolist()
    [0, 128, 255]
    >>> to_samples(np.array([-7, 0, 300]), np.uint8)
    (array([  0,   0, 255], dtype=uint8), Clipped(count=2, low=-7.0, high=300.0, missing=0))
    """
    row = row_of("range", how, RANGES)
    target = np.dtype(dtype)
    full = _full(target)
    low_seen, high_seen, missing = _extent(values)
    low = low_seen if low is None else low
    high = high_seen if high is None else high
    if how == "stretch" and not np.isfinite(high - low) and values.size > missing:
        raise ConvError(f"cannot stretch values from {low:g} to {high:g}: the range must be finite")
    same = low_seen >= 0 and how == "abs" and target.kind != "f"
    fitted = values if same else row.fit(values, full, low, high)
    if target.kind == "f":  # a float picture holds everything, NaN too
        return fitted.astype(target, copy=False), Clipped(0, low_seen, high_seen)
    own = spoil or fitted is not values
    if missing:
        fitted, own = np.where(np.isnan(fitted), 0, fitted), True
    count = missing
    bottom, top, _ = (low_seen, high_seen, 0) if fitted is values else _extent(fitted)
    if fitted.dtype.kind == "f":
        fitted = np.rint(fitted, out=fitted if own else None)
        own, bottom, top = True, np.rint(bottom), np.rint(top)
    if bottom < 0 or top > full:
        most: float = full
        if fitted.dtype.kind in "iu":
            most = min(int(full), np.iinfo(fitted.dtype).max)  # of a float, integers would be cast
            # what is negative is beyond all others
            unsigned = fitted.view(fitted.dtype.str.replace("i", "u"))
            count += int(np.count_nonzero(unsigned > most))
        else:
            count += int(np.count_nonzero(fitted < 0)) + int(np.count_nonzero(fitted > full))
        fitted = np.clip(fitted, 0, most, out=fitted if own else None)
    return fitted.astype(target, copy=False), Clipped(count, low_seen, high_seen, missing)


def _extent(values: Array) -> tuple[float, float, int]:
    """Return the smallest and the largest value, and how many are NaN."""
    if values.size == 0:
        return np.inf, -np.inf, 0
    low, high = float(values.min()), float(values.max())
    if not np.isnan(low):
        return low, high, 0
    missing = int(np.count_nonzero(np.isnan(values)))
    if missing == values.size:
        return np.inf, -np.inf, missing
    return float(np.nanmin(values)), float(np.nanmax(values)), missing


def _full(dtype: np.dtype[Any]) -> float:
    return float(np.iinfo(dtype).max) if dtype.kind == "u" else 1.0


def clipped_text(clipped: Clipped, dtype: type[np.generic] | np.dtype[Any]) -> str | None:
    """Put into words what was lost, and which option keeps it; None if nothing was.

    Parameters
    ----------
    clipped : Clipped
    dtype : dtype
        Of the picture.

    Examples
    --------
    >>> clipped_text(Clipped(12, -255.0, 255.0), np.uint8)
    'results run from -255 to 255, the picture holds 0 to 255: 12 were clipped (--range abs, stretch or offset keeps them)'
    """
    if not clipped.count:
        return None
    full = _full(np.dtype(dtype))
    low, high = clipped.low, clipped.high
    beyond = clipped.count - clipped.missing
    parts = []
    if beyond:
        able = [name for name, row in RANGES.items() if row.keeps(low, high, full)]
        options = " or ".join([", ".join(able[:-1]), able[-1]] if len(able) > 1 else able)
        way = f"--range {options} keeps them" if able else "-o FILE.npy keeps them"
        parts.append(
            f"results run from {low:.6g} to {high:.6g}, the picture holds 0 to {full:g}: "
            f"{beyond} were clipped ({way})"
        )
    if clipped.missing:
        parts.append(f"{clipped.missing} were NaN and became 0 (-o FILE.npy keeps them)")
    return "; ".join(parts)


class Sampled:
    """The samples of a picture that a result becomes, rows at a time: its raw values are never held as a whole.

    Parameters
    ----------
    result : Result
        It has one plane or three.
    dtype : dtype
        uint8, uint16 or float32.
    how : str
        A key of `RANGES`. ``stretch`` computes everything twice, first to find the range.
    unit : float
        What values are multiplied by first (65535 for samples with white at 1 that become 16 bits).
    invert : bool
        Swap black and white.

    Attributes
    ----------
    clipped : Clipped
        Of the rows that were computed so far.

    Raises
    ------
    ConvError
        Unknown `how`, or ``stretch`` of an infinite range.
    """

    def __init__(
        self,
        result: Result,
        dtype: np.dtype[Any],
        how: str,
        *,
        unit: float = 1.0,
        invert: bool = False,
    ) -> None:
        self.result, self.dtype, self.how, self.unit, self.invert = result, dtype, how, unit, invert
        self.height, self.shared = result.height, result.shared
        self.shape = result.shape[-2:] if result.shape[:-2] == (1,) else result.shape
        self.clipped, self._lock = Clipped(), threading.Lock()
        self.low = self.high = None
        low, high = result.ends
        whole = how == "clip" and unit == 1 and self.dtype.kind == "u"
        self._kept = whole and low >= -NEAR and high <= _full(self.dtype) + NEAR
        if how == "stretch":
            seen = sum((self._fit(*span)[1] for span in result.bands()), Clipped())
            self.low, self.high = seen.low, seen.high

    def rows(self, start: int, stop: int) -> Array:
        """Compute rows start … stop-1, shape (..., stop - start, W); each row is to be asked for once."""
        fitted, clipped = self._fit(start, stop)
        fitted = fitted.reshape(*self.shape[:-2], *fitted.shape[-2:])
        if self.invert:
            np.subtract(self.dtype.type(_full(self.dtype)), fitted, out=fitted)
        with self._lock:
            self.clipped += clipped
        return fitted

    def run(self) -> Array:
        """Compute all, shape (H, W) or (3, H, W)."""
        out = np.empty(self.shape, self.dtype)
        for start, stop in self.result.bands():
            out[..., start:stop, :] = self.rows(start, stop)
        return out

    def _fit(self, start: int, stop: int) -> tuple[Array, Clipped]:
        size = (*self.result.shape[:-2], stop - start, self.shape[-1])
        if self._kept and self.result.rounds:
            return self.result.rows(start, stop, np.empty(size, self.dtype)), Clipped()
        values = self.result.rows(start, stop, np.empty(size, self.result.native))
        if self._kept:  # nothing can be clipped, so that nobody has to look
            if values.dtype.kind == "f":
                np.rint(values, out=values)
            return values.astype(self.dtype, copy=False), Clipped()
        if self.unit != 1:
            # a map becomes black and white of its own kind; all else has the unit of floats
            unit = self.dtype.type(self.unit) if values.dtype == np.bool else self.unit
            values = values * unit
        return to_samples(values, self.dtype, self.how, low=self.low, high=self.high, spoil=True)
