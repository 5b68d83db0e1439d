"""Pairs of input and answer, checked: which kernel they ask for, and whether its size, padding and stride fit."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from convcli.engine.arguments import Wholes
from convcli.engine.arrays import as_array, check_planes
from convcli.engine.correlation import prepare
from convcli.engine.errors import ConvError
from convcli.engine.learning.design_matrix import Data, Floats, Pair
from convcli.engine.results import check_cells
from convcli.engine.sizes import geometry
from convcli.engine.sizes.geometry import PaddingLike, size_text

__all__ = ["LARGEST", "Examples", "Layer", "sizes_that_fit"]

LARGEST = 15
"""Rows and columns of the largest kernel that is tried when no size is given."""

Array = NDArray[Any]
Limits: TypeAlias = tuple[float, float] | None


@dataclass(frozen=True)
class Layer:
    """How the kernel is applied: the options of `correlation.corr2d`."""

    padding: PaddingLike = 0
    stride: Wholes = 1
    dilation: Wholes = 1
    mode: str = "zero"
    value: float = 0.0

    def out(self, n: int, k: int, axis: int) -> int | None:
        """Return the output size of one axis of two, None if the kernel does not fit."""
        try:
            sizes, kernel = ((n, n), (k, k))
            found = geometry.axes(
                sizes, kernel, padding=self.padding, stride=self.stride, dilation=self.dilation
            )
        except ConvError as error:
            if error.usage:
                raise
            return None
        return found[axis].out


@dataclass(frozen=True)
class Examples:
    """All pairs of a fit, as they were given.

    Parameters
    ----------
    pairs : list of (ndarray, ndarray)
        Inputs and answers, 2-D to 4-D, with the same channels in every pair.
    names : list of (str, str)
        What messages call them.
    limits : list of (float, float) or None
        Answers at or beyond these two values are clipped.
    largest : float
        Largest |element| of the inputs.
    """

    pairs: list[tuple[Array, Array]]
    names: list[tuple[str, str]]
    limits: list[Limits]
    largest: float

    @classmethod
    def of(
        cls,
        x: Any,
        y: Any,
        *,
        names: Sequence[tuple[str, str]] | None = None,
        limits: Sequence[Limits] | None = None,
    ) -> "Examples":
        """Check arrays, or sequences of arrays.

        Raises
        ------
        ConvError
            Numbers that are not finite, no numbers, too many or too few dimensions, or not as many answers as inputs.
        """
        inputs, answers = _several("X", x), _several("Y", y)
        if len(inputs) != len(answers) or not inputs:
            raise ConvError(
                f"got {len(inputs)} inputs and {len(answers)} answers, one answer an input is needed"
            )
        if names is None:
            places = [f" {i}" for i in range(1, len(inputs) + 1)] if len(inputs) > 1 else [""]
            names = [(f"X{place}", f"Y{place}") for place in places]
        largest = 0.0
        for input_, answer, (a, b) in zip(inputs, answers, names, strict=True):
            largest = max(largest, _checked(input_, a))
            _checked(answer, b)
        pairs = list(zip(inputs, answers, strict=True))
        return cls(pairs, list(names), list(limits or [None] * len(pairs)), largest)

    def kernel_shape(self, size: Sequence[int]) -> tuple[int, ...]:
        """Return the shape of the kernel that a size asks for.

        Two numbers give a kernel that filters each channel by itself, if the answers have the channels of the inputs;
        if not, one that mixes channels, with as many axes as the answers need.

        Raises
        ------
        ConvError
        """
        if not 1 <= len(size) <= 4:
            raise ConvError(
                f"size: got {size_text(size) or 'nothing'}, KHxKW, CxKHxKW or OxCxKHxKW is allowed",
                usage=True,
            )
        plane = geometry.per_axis("size", size[-2:], 2, 1)
        if len(size) > 2:
            return (*geometry.per_axis("size", size[:-2], len(size) - 2, 1), *plane)
        x, y = self.pairs[0]
        if x.shape[:-2] == y.shape[:-2]:
            return plane
        channels = x.shape[-3] if x.ndim > 2 else 1
        if y.ndim == 2:
            return (channels, *plane)
        return (y.shape[-3], channels, *plane)

    def data(self, shape: tuple[int, ...], layer: Layer) -> Data:
        """Lay the windows of a kernel over all pairs.

        Raises
        ------
        ConvError
            A pair does not fit the kernel.
        """
        check_cells("kernel", shape)
        pairs = []
        each = zip(self.pairs, self.names, self.limits, strict=True)
        for (x, y), names, limits in each:
            plan = prepare(
                x,
                np.broadcast_to(0.0, shape),  # no memory, should it not fit
                padding=layer.padding,
                stride=layer.stride,
                dilation=layer.dilation,
                mode=layer.mode,
                value=layer.value,
            )
            if plan.shape != y.shape:
                raise _misfit(x, y, names, shape, plan.shape, layer)
            problem = plan.problem
            channels, maps = (1, 1) if len(shape) == 2 else problem.weights.shape[1::-1]
            planes = problem.x.reshape(-1, channels, *problem.x.shape[-2:])
            answers = y.reshape(-1, maps, *y.shape[-2:])
            pairs.append(Pair(planes, answers, problem.axes, problem.mode, problem.value, limits))
        whole = all(pair.x.dtype.kind in "iu" for pair in pairs)
        shift = _means([pair.x for pair in pairs])
        # a whole shift keeps integers whole, so that their products are exact
        shift = np.round(shift) if whole else shift
        return Data(pairs, shift, _means([pair.y for pair in pairs]))


def _several(what: str, arrays: Any) -> list[Array]:
    if isinstance(arrays, list | tuple) and any(isinstance(a, np.ndarray) for a in arrays):
        return [as_array(f"{what} {i}", a) for i, a in enumerate(arrays, 1)]
    return [as_array(what, arrays)]


def _checked(array: Array, name: str) -> float:
    """Return the largest |element|."""
    check_planes(name, array)
    low, high = float(array.min()), float(array.max())
    if not np.isfinite([low, high]).all():
        bad = ~np.isfinite(array)
        at = ", ".join(str(i) for i in np.argwhere(bad)[0])
        raise ConvError(
            f"{name}: got {bad.sum()} of {array.size} values that are not finite "
            f"(the first at [{at}]), numbers are needed"
        )
    return max(abs(low), abs(high))


def _means(arrays: Sequence[Array]) -> Floats:
    """Mean of each channel, shape (C,)."""
    total = sum(a.sum((0, 2, 3), dtype=np.float64) for a in arrays)
    return np.asarray(total / sum(a.size // a.shape[1] for a in arrays), np.float64)


def _misfit(
    x: Array,
    y: Array,
    names: tuple[str, str],
    shape: tuple[int, ...],
    found: tuple[int, ...],
    layer: Layer,
) -> ConvError:
    text = (
        f"{names[1]} is {size_text(y.shape)}, but a {size_text(shape)} kernel on {names[0]} ({size_text(x.shape)}) "
        f"gives {size_text(found)}"
    )
    hint = ""
    if found[:-2] == y.shape[:-2]:
        hint = _hint(x, y, shape[-2:], layer)
    return ConvError(text + hint)


def _hint(x: Array, y: Array, kernel: Sequence[int], layer: Layer) -> str:
    """Name the padding that would fit, if one does."""
    for word in ("same", "valid", "full"):
        other = Layer(word, layer.stride, layer.dilation)
        if all(other.out(x.shape[a - 2], kernel[a], a) == y.shape[a - 2] for a in (0, 1)):
            return f"; -p {word} fits"
    return ""


def sizes_that_fit(examples: Examples, layer: Layer) -> list[tuple[int, int]]:
    """Return the sizes of kernels that may have made the answers: odd and square if there are such, to `LARGEST`.

    Raises
    ------
    ConvError
        No size fits.
    """
    found: list[list[int]] = []
    for axis in (0, 1):
        fitting = [
            k
            for k in range(1, LARGEST + 1)
            if all(
                layer.out(x.shape[axis - 2], k, axis) == y.shape[axis - 2]
                for x, y in examples.pairs
            )
        ]
        n = min(x.shape[axis - 2] for x, _ in examples.pairs)
        d = geometry.per_axis("dilation", layer.dilation, 2, 1)[axis]
        inside = [k for k in fitting if d * (k - 1) + 1 <= n]
        found.append([k for k in inside if k % 2] or inside or fitting)
    both = sorted(set(found[0]) & set(found[1]))
    if both:
        return [(k, k) for k in both]
    if not found[0] or not found[1]:
        (x, y), (a, b) = examples.pairs[0], examples.names[0]
        raise ConvError(
            f"no kernel of up to {LARGEST}x{LARGEST} on {a} ({size_text(x.shape)}) gives the size of "
            f"{b} ({size_text(y.shape)}) with this padding and stride{_hint(x, y, (3, 3), layer)}"
        )
    return [(kh, kw) for kh in found[0] for kw in found[1]]
