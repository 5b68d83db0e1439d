"""What every strategy is given: the checked problem, a part of its result to compute, and scratch memory."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from math import isfinite, prod
from typing import Any, ClassVar, NamedTuple, Protocol, TypeVar

import numpy as np
from numpy.typing import DTypeLike, NDArray

from convcli.engine.arrays import empty
from convcli.engine.borders import Border, read_window
from convcli.engine.correlation.factors import Factors, real_factors, whole_factors
from convcli.engine.sizes.geometry import Axis

__all__ = ["Kind", "Part", "Problem", "Runner", "Scratch", "all_finite", "as_it_lies"]

Array = NDArray[Any]
R = TypeVar("R", bound="Runner")

LITTLE = 1 << 14
"""Bytes of weights up to which what was found out about them is kept."""


@dataclass(frozen=True, eq=False, repr=False)
class Problem:
    """One correlation, checked.

    Parameters
    ----------
    x : ndarray, shape (N, C, H, W)
    weights : ndarray, shape (O, C / groups, kh, kw)
        In `work` dtype, flipped already if that was asked for.
    bias : ndarray, shape (O,) or None
        In `work` dtype.
    groups : int
    axes : (Axis, Axis)
    mode, value
        What stands beyond the edge.
    dtype, work : numpy dtype
        Of the result, and of the arithmetic (a float type that holds every integer of it exactly, or int64).
    bound : int or None
        What no |result| and no |partial sum| exceeds, for integers.
    """

    x: Array
    weights: Array
    bias: Array | None
    groups: int
    axes: tuple[Axis, Axis]
    mode: Border
    value: float
    dtype: np.dtype[Any]
    work: np.dtype[Any]
    bound: int | None

    @property
    def maps(self) -> int:
        """Output channels."""
        return int(self.weights.shape[0])

    @property
    def per(self) -> int:
        """Output channels a group."""
        return self.maps // self.groups

    @property
    def depth(self) -> int:
        """Input channels that one output channel adds up."""
        return int(self.weights.shape[1])

    @property
    def kernel(self) -> tuple[int, int]:
        """Rows and columns of the kernel."""
        return int(self.weights.shape[2]), int(self.weights.shape[3])

    @cached_property
    def planes(self) -> int:
        """Planes of the result: batch times output channels."""
        return int(self.x.shape[0]) * self.maps

    @cached_property
    def elements(self) -> int:
        """Elements of the result."""
        return self.planes * self.axes[0].out * self.axes[1].out

    @cached_property
    def finite(self) -> bool:
        """Whether all weights are finite."""
        return bool(np.isfinite(self.weights).all())

    @cached_property
    def safe(self) -> bool:
        """Whether no sum can hold NaN or infinity, because only finite, moderate numbers go in."""
        return self.x.dtype.kind in "iu" and bool(
            np.isfinite(self.value)
            and abs(self.value) < 2.0**63
            and float(np.abs(self.weights).sum()) < 2.0**48
        )

    @cached_property
    def kernels(self) -> Array:
        """The different planes of the weights: one if all are equal (one 2-D kernel for all channels)."""
        flat = self.weights.reshape(-1, *self.kernel)
        return flat[:1] if (flat == flat[:1]).all() else flat

    @cached_property
    def factors(self) -> list[Factors]:
        """What each of `kernels` is the sum of: products column × row."""
        split = real_factors if self.bound is None else whole_factors
        return [split(kernel, self.work) for kernel in self.kernels]

    def kind(self) -> "Kind | None":
        """All that strategies go by, the numbers of `x` left out; None where the weights are large."""
        if self.weights.nbytes > LITTLE:
            return None
        bias = None if self.bias is None else self.bias.tobytes()
        return Kind(
            self.x.shape,
            self.x.dtype,
            self.weights.shape,
            self.weights.tobytes(),
            bias,
            self.groups,
            self.axes,
            self.mode,
            self.value,
            self.dtype,
            self.work,
            self.bound,
        )

    def take(self, runner: "R") -> "R":
        """Copy a strategy that was made ready for a problem of the same kind: the copy is ready for this one."""
        ready: R = object.__new__(type(runner))
        ready.__dict__.update(runner.__dict__, problem=self)
        return ready

    def span(self, part: "Part") -> tuple[tuple[int, int], tuple[int, int]]:
        """Half-open ranges of the input's rows and columns that the windows of a part read."""
        (y, x) = self.axes
        return (
            (part.top * y.s - y.before, (part.bottom - 1) * y.s - y.before + y.extent),
            (part.left * x.s - x.before, (part.right - 1) * x.s - x.before + x.extent),
        )

    def read(self, part: "Part", channels: slice, out: Array) -> None:
        """Copy what the windows of a part read, padded and cast, into `out`, shape (channels, rows, columns)."""
        rows, columns = self.span(part)
        read_window(self.x[part.image, channels], rows, columns, self.mode, self.value, out)


class Kind(NamedTuple):
    """A problem without the numbers of its input: see `Problem` for the fields."""

    shape: tuple[int, ...]
    given: np.dtype[Any]
    size: tuple[int, ...]
    weights: bytes
    bias: bytes | None
    groups: int
    axes: tuple[Axis, Axis]
    mode: Border
    value: float
    dtype: np.dtype[Any]
    work: np.dtype[Any]
    bound: int | None

    def problem(self) -> Problem:
        """Make a problem of this kind, with an input that takes no memory."""
        return Problem(
            np.broadcast_to(np.zeros((), self.given), self.shape),
            np.frombuffer(self.weights, self.work).reshape(self.size),
            None if self.bias is None else np.frombuffer(self.bias, self.work),
            *self[5:],
        )


@dataclass(frozen=True, eq=False, repr=False)
class Part:
    """A piece of the result that one call computes: rows and columns of the maps of some groups of one image."""

    image: int
    groups: tuple[int, int]
    top: int
    bottom: int
    left: int
    right: int

    @property
    def rows(self) -> int:
        """Rows of the result."""
        return self.bottom - self.top

    @property
    def columns(self) -> int:
        """Columns of the result."""
        return self.right - self.left

    def bands(self, rows: int) -> Iterator[tuple["Part", slice]]:
        """Cut it into pieces of so many rows, each with the rows of this part that it is."""
        for top in range(self.top, self.bottom, rows):
            bottom = min(top + rows, self.bottom)
            band = Part(self.image, self.groups, top, bottom, self.left, self.right)
            yield band, slice(top - self.top, bottom - self.top)


class Runner(Protocol):
    """A strategy made ready for one problem."""

    @property
    def threads(self) -> bool:
        """Whether parts may run in threads of their own (or the strategy's BLAS calls start their own)."""

    @property
    def rounds(self) -> bool:
        """Whether floats are rounded into an `out` of integers."""

    @property
    def work(self) -> np.dtype[Any]:
        """Dtype that results are computed in, or one that costs no more: it holds all of them exactly."""

    @property
    def step(self) -> tuple[int, int, int]:
        """Groups, rows and columns of a part."""

    def run(self, part: Part, out: Array, scratch: "Scratch") -> bool:
        """Compute a part into `out`, shape (maps, rows, columns).

        Returns
        -------
        bool
            False when a value that is not finite would have spoiled windows that do not hold it: `out` is then to
            be computed by taps.
        """


class Scratch:
    """Buffers that one thread uses again and again, by name; also from one problem to the next, if they are small.

    `kept` is for what the last strategy that used it made ready, and needs for its next part or result.
    """

    KEPT = 1 << 24
    _spare: ClassVar[list["Scratch"]] = []

    def __init__(self) -> None:
        self._buffers: dict[str, Array] = {}
        self._last: dict[str, Array] = {}
        self.kept: dict[Any, Any] = {}
        self.keeper: object = None

    @classmethod
    @contextmanager
    def borrow(cls) -> Iterator["Scratch"]:
        """Lend one to a thread: memory that was touched before costs no page faults."""
        try:
            scratch = cls._spare.pop()
        except IndexError:
            scratch = cls()
        yield scratch
        if sum(buffer.nbytes for buffer in scratch._buffers.values()) <= cls.KEPT:
            cls._spare.append(scratch)

    def keep(self, keeper: object) -> dict[Any, Any]:
        """Return what `keeper` kept here; nothing, if another one was here in between."""
        if self.keeper is not keeper:
            self.keeper, self.kept = keeper, {}
        return self.kept

    def get(self, name: str, shape: tuple[int, ...], dtype: DTypeLike) -> Array:
        """Return an uninitialised C-contiguous array on a line of the cache; it holds until the name's next call."""
        last = self._last.get(name)
        if last is not None and last.shape == shape and last.dtype == dtype:
            return last
        dtype = np.dtype(dtype)
        size = dtype.itemsize * prod(shape)
        buffer = self._buffers.get(name)
        if buffer is None or buffer.size < size:
            buffer = self._buffers[name] = empty((size,), np.uint8)
        self._last[name] = np.ndarray(shape, dtype, buffer)
        return self._last[name]


def as_it_lies(array: Array, dtype: np.dtype[Any]) -> bool:
    """Whether an array can be computed with, or into, as it lies: of this dtype, unit stride along its last axis."""
    return array.dtype == dtype and array.strides[-1] == array.itemsize


def all_finite(found: Array, scratch: Scratch) -> bool:
    """Whether a float array, unit stride along its last axis, holds no NaN and no infinity."""
    # a sum of squares is quicker than a look at every element, and only where it overflows does not decide
    if isfinite(np.vecdot(found, found).sum()):
        return True
    return bool(np.isfinite(found, out=scratch.get("finite", found.shape, bool)).all())
