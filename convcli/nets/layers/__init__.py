"""The layers at work: forward on batches of N×C×H×W, and backward beside it.

Each is made from a layer as it was written; `out_shape` needs no weights. In training, `forward` keeps what
`backward` needs, and `backward` takes the loss's gradient by the output, leaves the gradients of the weights in
`gradients` (which is all that `learn` does), and returns those of the inputs. In evaluation nothing is kept. All arrays
are of the dtype of the input, and lie in memory as memory_layout.py says.

Open: activations, base, memory_layout.
"""

from collections.abc import Callable

from convcli.engine.blas import product
from convcli.engine.errors import ConvError
from convcli.engine.sizes.geometry import Axis
from convcli.nets.architecture.layer import Layer
from convcli.nets.layers import pooling, winograd
from convcli.nets.layers.activations import (
    Dropout,
    Flatten,
    Gelu,
    HardSigmoid,
    HardSwish,
    LeakyRelu,
    Relu,
    Relu6,
    Sigmoid,
    Silu,
    Softmax,
    Tanh,
)
from convcli.nets.layers.base import Array, Operation, Shape
from convcli.nets.layers.convolution import convolve, input_gradient, weight_gradient
from convcli.nets.layers.memory_layout import inner, outer
from convcli.nets.layers.normalization import BatchNorm, GroupNorm, LayerNorm, ResponseNorm
from convcli.nets.layers.rearranging import Crop, Part, Shuffle, Upsample
from convcli.nets.layers.scaling import LayerScale, SqueezeExcitation

__all__ = ["OPERATIONS", "operation"]


class Convolution(Operation):
    """Correlation with a bank of kernels: conv, dwconv."""

    fresh = True

    def __init__(self, layer: Layer, size: Shape) -> None:
        super().__init__(layer, size)
        self.groups = size[0] if layer.kind == "dwconv" else layer.groups

    def weight_shapes(self) -> dict[str, Shape]:
        found = self.found(self.size)
        kernel = tuple(a.k for a in found.axes)
        shapes: dict[str, Shape] = {
            "weight": (found.output[0], self.size[0] // self.groups, *kernel)
        }
        return shapes | ({"bias": (found.output[0],)} if self.layer.bias else {})

    def windows(self, size: Shape) -> tuple[Axis, ...]:
        return tuple(a for a in self.found(size).axes if isinstance(a, Axis))

    def forward(self, x: Array, *, spare: bool = False) -> Array:
        del spare
        self.saved = x if self.training else None
        axes = self.windows(x.shape[1:])
        weight, bias = self.weights["weight"], self.weights.get("bias")
        if not self.training and winograd.pays(x, weight, axes, self.groups):
            return winograd.convolve(x, weight, axes, bias)
        return convolve(x, weight, axes, self.groups, bias)

    def learn(self, gradient: Array) -> None:
        x, axes, weight = self.saved, self.windows(self.saved.shape[1:]), self.weights["weight"]
        if "bias" in self.weights:
            self.gradients["bias"] = inner(gradient).reshape(gradient.shape[1], -1).sum(axis=1)
        self.gradients["weight"] = weight_gradient(x, gradient, axes, self.groups, weight.shape)

    def backward(self, gradient: Array) -> Array:
        self.learn(gradient)
        shape = self.saved.shape
        axes = self.windows(shape[1:])
        return input_gradient(gradient, self.weights["weight"], axes, self.groups, shape)


class TransposedConvolution(Convolution):
    """The adjoint of a convolution; its weights are (C, O / groups, kh, kw)."""

    def weight_shapes(self) -> dict[str, Shape]:
        found = self.found(self.size)
        kernel = tuple(a.k for a in found.axes)
        shapes: dict[str, Shape] = {
            "weight": (self.size[0], found.output[0] // self.groups, *kernel)
        }
        return shapes | ({"bias": (found.output[0],)} if self.layer.bias else {})

    def windows(self, size: Shape) -> tuple[Axis, ...]:
        """Return the windows of the convolution that this one turns round."""
        return tuple(
            Axis(a.out, a.k, a.s, a.d, a.before, a.after, a.n) for a in self.found(size).axes
        )

    def forward(self, x: Array, *, spare: bool = False) -> Array:
        del spare
        self.saved = x if self.training else None
        size = x.shape[1:]
        shape = (x.shape[0], *self.out_shape(size))
        found = input_gradient(x, self.weights["weight"], self.windows(size), self.groups, shape)
        if "bias" in self.weights:
            found = found + self.weights["bias"][:, None, None]
        return found

    def learn(self, gradient: Array) -> None:
        x, axes, weight = self.saved, self.windows(self.saved.shape[1:]), self.weights["weight"]
        if "bias" in self.weights:
            self.gradients["bias"] = inner(gradient).reshape(gradient.shape[1], -1).sum(axis=1)
        self.gradients["weight"] = weight_gradient(gradient, x, axes, self.groups, weight.shape)

    def backward(self, gradient: Array) -> Array:
        self.learn(gradient)
        axes = self.windows(self.saved.shape[1:])
        return convolve(gradient, self.weights["weight"], axes, self.groups)


class Linear(Operation):
    """Fully connected layer, of a row of numbers or of every place's channels."""

    fresh = True

    def weight_shapes(self) -> dict[str, Shape]:
        out = self.found(self.size).output[0]
        shapes: dict[str, Shape] = {"weight": (out, self.size[0])}
        return shapes | ({"bias": (out,)} if self.layer.bias else {})

    def forward(self, x: Array, *, spare: bool = False) -> Array:
        del spare
        self.saved = x if self.training else None
        if x.ndim > 2:
            found = product(self.weights["weight"], _by_channel(x))
            if "bias" in self.weights:
                found += self.weights["bias"][:, None]
            return outer(found.reshape(-1, *x.shape[2:], x.shape[0]))
        found = product(x, self.weights["weight"].T)
        if "bias" in self.weights:
            found += self.weights["bias"]
        return found

    def learn(self, gradient: Array) -> None:
        coming, given = _by_channel(gradient), _by_channel(self.saved)
        if "bias" in self.weights:
            self.gradients["bias"] = coming.sum(axis=1)
        self.gradients["weight"] = product(coming, given.T)

    def backward(self, gradient: Array) -> Array:
        self.learn(gradient)
        found = product(self.weights["weight"].T, _by_channel(gradient))
        return outer(found.reshape(-1, *gradient.shape[2:], gradient.shape[0]))


def _by_channel(x: Array) -> Array:
    """Put the cells of a channel, of all examples, in a row; of a row of numbers that is its transpose."""
    return x.T if x.ndim == 2 else inner(x).reshape(x.shape[1], -1)


class Pooling(Operation):
    """Max and average pooling."""

    def forward(self, x: Array, *, spare: bool = False) -> Array:
        del spare
        axes = self.windows(x.shape[1:])
        if self.layer.kind == "maxpool":
            found = pooling.maximum(x, axes)
            self.saved = (x, found) if self.training else None
            return found
        self.saved = x.shape if self.training else None
        return pooling.mean(x, axes, include_pad=self.layer.count_padding)

    def backward(self, gradient: Array) -> Array:
        if self.layer.kind == "maxpool":
            x, found = self.saved
            return pooling.maximum_gradient(gradient, x, found, self.windows(x.shape[1:]))
        axes = self.windows(self.saved[1:])
        return pooling.mean_gradient(gradient, axes, include_pad=self.layer.count_padding)

    def windows(self, size: Shape) -> tuple[Axis, ...]:
        """Return where the windows lie."""
        return tuple(a for a in self.found(size).axes if isinstance(a, Axis))


class PartsPooling(Operation):
    """Average pooling of each map into a number of parts: gap, adaptive."""

    def forward(self, x: Array, *, spare: bool = False) -> Array:
        del spare
        self.saved = x.shape if self.training else None
        return pooling.parts_mean(x, self.out_shape(x.shape[1:])[1:])

    def backward(self, gradient: Array) -> Array:
        return pooling.parts_mean_gradient(gradient, self.saved)


OPERATIONS: dict[str, Callable[[Layer, Shape], Operation]] = {
    "conv": Convolution,
    "dwconv": Convolution,
    "convt": TransposedConvolution,
    "maxpool": Pooling,
    "avgpool": Pooling,
    "gap": PartsPooling,
    "adaptive": PartsPooling,
    "lrn": ResponseNorm,
    "bn": BatchNorm,
    "layernorm": LayerNorm,
    "groupnorm": GroupNorm,
    "layerscale": LayerScale,
    "se": SqueezeExcitation,
    "shuffle": Shuffle,
    "part": Part,
    "upsample": Upsample,
    "crop": Crop,
    "relu": Relu,
    "relu6": Relu6,
    "leakyrelu": LeakyRelu,
    "hardswish": HardSwish,
    "hardsigmoid": HardSigmoid,
    "silu": Silu,
    "gelu": Gelu,
    "sigmoid": Sigmoid,
    "tanh": Tanh,
    "softmax": Softmax,
    "dropout": Dropout,
    "flatten": Flatten,
    "linear": Linear,
}
"""What computes each kind of `kinds.KINDS`: the one row that a kind needs beside its own."""


def operation(layer: Layer, size: Shape) -> Operation:
    """Make the operation of a layer, without weights.

    Parameters
    ----------
    layer : Layer
    size : tuple of int
        Its input, C×H×W or one number.

    Raises
    ------
    ConvError
        The input has other than two spatial axes.

    Examples
    --------
    >>> from convcli.nets.architecture.kinds import read_layer
    >>> conv = operation(read_layer("conv:8,k3,g2"), (4, 9, 9))
    >>> conv.weight_shapes(), conv.out_shape((4, 9, 9))
    ({'weight': (8, 2, 3, 3), 'bias': (8,)}, (8, 7, 7))
    """
    if len(size) not in (1, 3):
        raise ConvError(f"networks are run on CxHxW, got {len(size)} axes")
    return OPERATIONS[layer.kind](layer, size)
