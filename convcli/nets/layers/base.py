"""What every layer at work is: weights, forward, and backward beside it."""

from typing import Any

from numpy.typing import NDArray

from convcli.nets.architecture.counting_rules import Found
from convcli.nets.architecture.kinds import KINDS
from convcli.nets.architecture.layer import Layer

__all__ = ["Array", "Operation", "Shape"]

Array = NDArray[Any]
Shape = tuple[int, ...]


class Operation:
    """A layer that does nothing to its input; the others are made from it.

    Parameters
    ----------
    layer : Layer
    size : tuple of int
        The input it is made for, C×H×W or one number: what the weights' shapes depend on.

    Attributes
    ----------
    weights, buffers : dict of str to ndarray
        Learned numbers, and numbers that are kept but not learned (running statistics).
    gradients : dict of str to ndarray
        Of `weights`, after `backward`.
    training : bool
    fresh : bool
        Whether its output is a new array that it does not need afterwards, in training too.
    frozen : bool
        Whether training leaves its numbers alone, the running ones too.
    """

    fresh = False

    def __init__(self, layer: Layer, size: Shape) -> None:
        self.layer = layer
        self.size = size
        self.weights: dict[str, Array] = {}
        self.buffers: dict[str, Array] = {}
        self.gradients: dict[str, Array] = {}
        self.training = False
        self.frozen = False
        self.saved: Any = None
        self._found: tuple[Shape, Found] | None = None

    def found(self, size: Shape) -> Found:
        """Return windows and output for an input, C×H×W."""
        if self._found is None or self._found[0] != size:
            self._found = size, KINDS[self.layer.kind].rule(self.layer, size)
        return self._found[1]

    def out_shape(self, size: Shape) -> Shape:
        """Return the output for an input, both without the batch."""
        return self.found(size).output

    def weight_shapes(self) -> dict[str, Shape]:
        """Return the shapes of the weights."""
        return {}

    def buffer_shapes(self) -> dict[str, Shape]:
        """Return the shapes of the buffers."""
        return {}

    def start(self) -> dict[str, float]:
        """Return what weights that are not drawn start training with; of one axis: 1 for scales, 0 for shifts."""
        return {}

    def forward(self, x: Array, *, spare: bool = False) -> Array:
        """Compute the output; with `spare`, it may be written over the input."""
        del spare
        return x

    def learn(self, gradient: Array) -> None:
        """Compute the gradients of the weights only."""

    def backward(self, gradient: Array) -> Array:
        """Compute the gradients of the weights, and return that by the input."""
        self.learn(gradient)
        return gradient
