"""Layers without weights: element-wise activations, softmax, dropout, flatten."""

from collections.abc import Callable
from functools import cache

import numpy as np

from convcli.nets.layers.base import Array, Operation
from convcli.nets.layers.memory_layout import by_channels, inner, outer

__all__ = [
    *("Dropout", "Elementwise", "Flatten", "Gelu", "HardSigmoid", "HardSwish", "LeakyRelu", "Relu"),
    *("Relu6", "Sigmoid", "Silu", "Softmax", "Tanh"),
]


class Relu(Operation):
    """max(x, 0)."""

    def forward(self, x: Array, *, spare: bool = False) -> Array:
        found = np.maximum(x, 0, out=x if spare else None)
        self.saved = found > 0 if self.training else None
        return found

    def backward(self, gradient: Array) -> Array:
        found: Array = gradient * self.saved
        return found


class Sigmoid(Operation):
    """1 / (1 + exp(-x))."""

    def forward(self, x: Array, *, spare: bool = False) -> Array:
        found = x if spare else np.empty_like(x)

        def work(part: slice) -> None:
            cells = found[:, part]
            np.negative(x[:, part], out=cells)
            with np.errstate(over="ignore"):  # exp of a large number is inf, and 1 / inf is 0
                np.exp(cells, out=cells)
            cells += 1
            np.reciprocal(cells, out=cells)

        by_channels(work, x.shape[1], x.size)
        self.saved = found if self.training else None
        return found

    def backward(self, gradient: Array) -> Array:
        found: Array = np.empty_like(self.saved)

        def work(part: slice) -> None:
            cells, saved = found[:, part], self.saved[:, part]
            np.subtract(1, saved, out=cells)
            cells *= saved
            cells *= gradient[:, part]

        by_channels(work, found.shape[1], found.size)
        return found


class Tanh(Operation):
    """Hyperbolic tangent."""

    def forward(self, x: Array, *, spare: bool = False) -> Array:
        found = np.tanh(x, out=x if spare else None)
        self.saved = found if self.training else None
        return found

    def backward(self, gradient: Array) -> Array:
        found: Array = np.square(self.saved)
        np.subtract(1, found, out=found)
        found *= gradient
        return found


class Elementwise(Operation):
    """An activation by its value and its slope at each cell; it keeps what it is given."""

    fresh = True

    def forward(self, x: Array, *, spare: bool = False) -> Array:
        del spare
        self.saved = x if self.training else None
        return self._each(self.value, x)

    def backward(self, gradient: Array) -> Array:
        found = self._each(self.slope, self.saved)
        found *= gradient
        return found

    def _each(self, function: Callable[[Array], Array], x: Array) -> Array:
        found = np.empty_like(x)

        def work(part: slice) -> None:
            found[:, part] = function(x[:, part])

        by_channels(work, x.shape[1], x.size)
        return found

    def value(self, x: Array) -> Array:
        """Return the activation."""
        raise NotImplementedError

    def slope(self, x: Array) -> Array:
        """Return its derivative."""
        raise NotImplementedError


class Relu6(Elementwise):
    """min(max(x, 0), 6)."""

    def value(self, x: Array) -> Array:
        return np.clip(x, 0, 6)

    def slope(self, x: Array) -> Array:
        return ((x > 0) & (x < 6)).astype(x.dtype)


class LeakyRelu(Elementwise):
    """x, and where it is below 0 a part of it."""

    def value(self, x: Array) -> Array:
        found: Array = np.maximum(x, x * x.dtype.type(self.layer.slope))
        return found

    def slope(self, x: Array) -> Array:
        found: Array = np.where(x > 0, x.dtype.type(1), x.dtype.type(self.layer.slope))
        return found


class HardSigmoid(Elementwise):
    """min(max(x + 3, 0), 6) / 6. Howard et al., arXiv:1905.02244, section 5.2."""

    def value(self, x: Array) -> Array:
        found: Array = np.clip(x + 3, 0, 6) / 6
        return found

    def slope(self, x: Array) -> Array:
        found: Array = (np.abs(x) < 3).astype(x.dtype) / 6
        return found


class HardSwish(Elementwise):
    """x times the hard sigmoid."""

    def value(self, x: Array) -> Array:
        found: Array = x * np.clip(x + 3, 0, 6) / 6
        return found

    def slope(self, x: Array) -> Array:
        return np.where(np.abs(x) < 3, x / 3 + x.dtype.type(0.5), (x >= 3).astype(x.dtype))


def sigmoid(x: Array) -> Array:
    """Return 1 / (1 + exp(-x))."""
    with np.errstate(over="ignore"):  # exp of a large number is inf, and 1 / inf is 0
        found: Array = 1 / (1 + np.exp(-x))
        return found


class Silu(Elementwise):
    """x times the sigmoid. Elfwing, Uchibe and Doya, arXiv:1702.03118."""

    def value(self, x: Array) -> Array:
        found: Array = x * sigmoid(x)
        return found

    def slope(self, x: Array) -> Array:
        part = sigmoid(x)
        found: Array = part * (1 + x * (1 - part))
        return found


# erfc(z) = t exp(-z^2 + P(y)) for z >= 0, with t = 2 / (2 + z) and y = 2 t - 1 from -1 to 1: Chebyshev's series of P, cf.
# Schonfelder, "Chebyshev expansions for the error and related functions", Math. Comp. 32, 1978, and the tests
_SERIES = (-0.6513268598908547, 6.4196979235649026e-1, 1.9476473204185836e-2, -9.561514786808631e-3,
           -9.46595344482036e-4, 3.66839497852761e-4, 4.2523324806907e-5, -2.0278578112534e-5,
           -1.624290004647e-6, 1.303655835580e-6, 1.5626441722e-8, -8.5238095915e-8, 6.529054439e-9,
           5.059343495e-9, -9.91364156e-10, -2.27365122e-10, 9.6467911e-11, 2.394038e-12, -6.886027e-12,
           8.94487e-13, 3.13092e-13, -1.12708e-13, 3.81e-16, 7.106e-15, -1.523e-15, -9.4e-17, 1.21e-16,
           -2.8e-17)  # fmt: skip


@cache
def _powers(itemsize: int) -> list[float]:
    """Return the same by powers of y, the highest first, as far as the bytes of a number tell."""
    from numpy.polynomial import chebyshev  # most networks have no GELU

    found: list[float] = chebyshev.cheb2poly(_SERIES[: None if itemsize > 4 else 14])[::-1].tolist()
    return found


def normal(x: Array) -> Array:
    """Return the normal distribution at x, erfc(-x / sqrt(2)) / 2, to the last digits of float32 and float64."""
    z = np.abs(x) * x.dtype.type(0.5**0.5)
    t = 2 / (2 + z)
    y = 2 * t - 1
    first, *others = _powers(x.dtype.itemsize)
    power = np.full_like(y, first)
    for number in others:
        power *= y
        power += number
    power -= z * z
    np.exp(power, out=power)
    power *= t / 2
    found: Array = np.where(x > 0, 1 - power, power)
    return found


class Gelu(Elementwise):
    """x times the normal distribution at x. Hendrycks and Gimpel, arXiv:1606.08415."""

    def value(self, x: Array) -> Array:
        found: Array = x * normal(x)
        return found

    def slope(self, x: Array) -> Array:
        density = np.exp(-x * x / 2) / x.dtype.type((2 * np.pi) ** 0.5)
        found: Array = normal(x) + x * density
        return found


class Softmax(Operation):
    """Softmax over the channels."""

    def forward(self, x: Array, *, spare: bool = False) -> Array:
        found: Array = np.subtract(x, x.max(axis=1, keepdims=True), out=x if spare else None)
        np.exp(found, out=found)
        found /= found.sum(axis=1, keepdims=True)
        self.saved = found if self.training else None
        return found

    def backward(self, gradient: Array) -> Array:
        along = (gradient * self.saved).sum(axis=1, keepdims=True)
        found: Array = self.saved * (gradient - along)
        return found


class Dropout(Operation):
    """Sets random elements to zero in training, and scales the others up. Srivastava et al., JMLR 15, 2014.

    Attributes
    ----------
    rng : numpy.random.Generator
        Has to be set before training.
    """

    rng: np.random.Generator

    def forward(self, x: Array, *, spare: bool = False) -> Array:
        del spare
        self.saved = None
        rate = self.layer.rate
        if not self.training or not rate:
            return x
        stays = self.rng.random(x.shape, np.float32) >= rate
        self.saved = stays.astype(x.dtype) / x.dtype.type(1 - rate)
        found: Array = x * self.saved
        return found

    def backward(self, gradient: Array) -> Array:
        found: Array = gradient if self.saved is None else gradient * self.saved
        return found


class Flatten(Operation):
    """Everything of an example in one row."""

    def forward(self, x: Array, *, spare: bool = False) -> Array:
        del spare
        self.saved = x.shape if self.training else None
        return outer(inner(x).reshape(-1, x.shape[0]))

    def backward(self, gradient: Array) -> Array:
        return outer(inner(gradient).reshape(*self.saved[1:], self.saved[0]))
