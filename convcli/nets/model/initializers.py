"""Weights to start training from."""

from collections.abc import Callable

import numpy as np

from convcli.engine.errors import one_of
from convcli.nets.layers.base import Array, Shape
from convcli.nets.model import Model, tensor

__all__ = ["METHODS", "start"]


def _xavier(shape: Shape, rng: np.random.Generator) -> Array:
    fan_in, fan_out = _fans(shape)
    found = rng.random(shape, np.float32)
    found -= np.float32(0.5)
    found *= np.float32(2 * (6 / (fan_in + fan_out)) ** 0.5)
    return found


def _logistic(shape: Shape, rng: np.random.Generator) -> Array:
    found = _xavier(shape, rng)
    found *= np.float32(4)  # a sigmoid's slope is 1/4 at most
    return found


def _he(shape: Shape, rng: np.random.Generator) -> Array:
    found = rng.standard_normal(shape, np.float32)
    found *= np.float32((2 / _fans(shape)[0]) ** 0.5)
    return found


def _fans(shape: Shape) -> tuple[int, int]:
    """Fan-in and fan-out: the inputs of a unit, and the units that an input has a part in."""
    window = int(np.prod(shape[2:]))
    return shape[1] * window, shape[0] * window


METHODS: dict[str, Callable[[Shape, np.random.Generator], Array]] = {
    "xavier": _xavier,
    "he": _he,
    "xavier-sigmoid": _logistic,
}
"""How weights are drawn: Glorot and Bengio, AISTATS 2010 (uniform); He et al., arXiv:1502.01852 (normal); the first
times 4 for layers before a sigmoid, so that neither what goes forward nor what comes back fades.
"""


def start(model: Model, method: str, rng: np.random.Generator) -> None:
    """Draw a network's weights; biases are 0, batch normalization changes nothing yet.

    Parameters
    ----------
    model : Model
    method : str
        A key of `METHODS`.
    rng : numpy.random.Generator

    Raises
    ------
    ConvError
    """
    if method not in METHODS:
        raise one_of("method", method, METHODS)
    tensors: dict[str, Array] = {}
    told = {tensor(n, p): v for n, op in model.operations.items() for p, v in op.start().items()}
    for name, shape in model.shapes().items():
        if name in told:
            tensors[name] = np.full(shape, told[name], np.float32)
        elif len(shape) > 1:
            tensors[name] = METHODS[method](shape, rng)
        else:
            one = name.endswith((".weight", ".running_var"))
            tensors[name] = np.full(shape, 1 if one else 0, np.float32)
    model.load(tensors)
