"""Optimizers: what a step does to the weights, given their gradients."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from convcli.nets.layers.base import Array
from convcli.nets.zoo.recipes import Recipe

__all__ = ["OPTIMIZERS", "Optimizer"]

Slots: TypeAlias = Mapping[str, Array]


@dataclass(frozen=True)
class Optimizer:
    """One way to step.

    Parameters
    ----------
    summary : str
    slots : tuple of str
        What it remembers: arrays like the weight, 0 at first.
    step : callable
        Given the weight, which it changes in place, its gradient, which it may write over, the slots, the learning
        rate, the recipe, and the number of the step, from 1.
    """

    summary: str
    slots: tuple[str, ...]
    step: Callable[[Array, Array, Slots, float, Recipe, int], None]


def _sgd(
    weight: Array, gradient: Array, slots: Slots, rate: float, recipe: Recipe, number: int
) -> None:
    del number
    velocity = slots["velocity"]
    velocity *= velocity.dtype.type(recipe.momentum)
    velocity += gradient
    weight -= weight.dtype.type(rate) * velocity


def _adam(
    weight: Array, gradient: Array, slots: Slots, rate: float, recipe: Recipe, number: int,
    *, first: float = 0.9, second: float = 0.999, eps: float = 1e-8,
) -> None:  # fmt: skip
    del recipe
    real = weight.dtype.type
    mean, square = slots["mean"], slots["square"]
    mean *= real(first)
    mean += real(1 - first) * gradient
    square *= real(second)
    np.square(gradient, out=gradient)
    gradient *= real(1 - second)
    square += gradient
    # both means began at 0: what is divided by corrects for it
    scale = np.sqrt(square, out=gradient)
    scale *= real((1 - second**number) ** -0.5)
    scale += real(eps)
    np.divide(mean, scale, out=scale)
    scale *= real(rate / (1 - first**number))
    weight -= scale


OPTIMIZERS: dict[str, Optimizer] = {
    "adam": Optimizer("Kingma and Ba, arXiv:1412.6980", ("mean", "square"), _adam),
    "sgd": Optimizer("stochastic gradient descent with momentum", ("velocity",), _sgd),
}
"""Optimizers by name."""
