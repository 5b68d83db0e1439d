"""Layers without weights: element-wise activations, softmax, dropout, flatten."""

import numpy as np

from convcli.nets.layers.base import Array, Operation
from convcli.nets.layers.memory_layout import by_channels, inner, outer

__all__ = ["Dropout", "Flatten", "Relu", "Sigmoid", "Softmax", "Tanh"]


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
