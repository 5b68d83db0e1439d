"""A network at work: its steps computed in order, and backwards. What nothing reads any more is let go at once.

Open: feature_maps, initializers, matching, preprocessing, weights.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from typing import Any

import numpy as np

from convcli.engine.errors import ConvError
from convcli.engine.sizes.geometry import size_text
from convcli.nets.architecture.layer import Layer
from convcli.nets.architecture.steps import Step
from convcli.nets.architecture.summary import last_uses
from convcli.nets.layers import operation
from convcli.nets.layers.activations import Dropout
from convcli.nets.layers.base import Array, Operation, Shape
from convcli.nets.layers.memory_layout import hold_memory

__all__ = ["Model", "Prediction", "tensor"]


def tensor(name: str, part: str) -> str:
    """Name a layer's tensor; one without a name of its own has the layer's.

    >>> tensor("conv1", "weight"), tensor("features.1.0.layer_scale", "")
    ('conv1.weight', 'features.1.0.layer_scale')
    """
    return f"{name}.{part}" if part else name


class Model:
    """A network with weights.

    Parameters
    ----------
    steps : sequence of Step
        What `steps.program` writes out.

    Attributes
    ----------
    operations : dict of str to Operation
        By the name of the step; the joining of branches has none.

    Examples
    --------
    >>> from convcli.nets.architecture.steps import program
    >>> from convcli.nets.architecture.parser import read_chain
    >>> model = Model(program(read_chain("residual( relu ) flatten"), (1, 1, 2)))
    >>> model.forward(np.array([[[[-1.0, 2.0]]]])).tolist()
    [[-1.0, 4.0]]
    """

    def __init__(self, steps: Sequence[Step]) -> None:
        hold_memory()
        self.steps = list(steps)
        self.operations: dict[str, Operation] = {}
        for step in self.steps:
            if isinstance(step.layer, Layer):
                try:
                    self.operations[step.name] = operation(step.layer, step.input)
                except ConvError as error:
                    raise error.about(step.name) from error
        self._dead = last_uses(self.steps)
        self._frozen = False
        self._read = Counter(v for step in self.steps for v in step.inputs)
        self._learned = self._after_weights()

    @property
    def input(self) -> Shape:
        """The input it is made for, without the batch."""
        return self.steps[0].input

    def shapes(self, *, learned: bool | None = None) -> dict[str, Shape]:
        """Return the shape of every tensor by its name, `conv1.weight`; the learned ones, the others, or all."""
        found: dict[str, Shape] = {}
        for name, op in self.operations.items():
            parts = {} if learned is False else op.weight_shapes()
            parts |= {} if learned else op.buffer_shapes()
            found |= {tensor(name, part): shape for part, shape in parts.items()}
        return found

    def tensors(self) -> dict[str, Array]:
        """Return every tensor by its name."""
        return {
            tensor(name, part): array
            for name, op in self.operations.items()
            for part, array in (op.weights | op.buffers).items()
        }

    def load(self, tensors: dict[str, Array]) -> None:
        """Take tensors by their names; the shapes have been checked (weights.py)."""
        for name, op in self.operations.items():
            op.weights = {part: tensors[tensor(name, part)] for part in op.weight_shapes()}
            op.buffers = {part: tensors[tensor(name, part)] for part in op.buffer_shapes()}

    @property
    def last(self) -> str:
        """The last layer with weights, which tells the classes apart; none has no name."""
        weighted = [name for name, op in self.operations.items() if op.weight_shapes()]
        return weighted[-1] if weighted else ""

    def freeze(self, names: Collection[str]) -> None:
        """Leave layers as they are in training: what only they have a part in is computed as in evaluation."""
        for name, op in self.operations.items():
            op.frozen = name in names
        self._frozen = bool(names)
        self._learned = self._after_weights()

    def draw_from(self, rng: np.random.Generator) -> None:
        """Set the generator that dropout draws from: needed before training."""
        for op in self.operations.values():
            if isinstance(op, Dropout):
                op.rng = rng

    def forward(self, x: Array, *, training: bool = False, keep: Collection[str] = ()) -> Array:
        """Compute the network's output.

        Parameters
        ----------
        x : ndarray, shape (N, C, H, W)
            Never written to.
        training : bool
            Batch statistics, dropout, and what `backward` needs is kept.
        keep : collection of str
            Names of steps whose outputs `kept` holds afterwards.

        Returns
        -------
        ndarray
            The last step's output.

        Raises
        ------
        ConvError
            The input is not of the size that the network is made for.
        """
        if x.shape[1:] != self.input:
            raise ConvError(
                f"input: got {size_text(x.shape[1:])}, {size_text(self.input)} is needed"
            )
        values = {0: x}
        self.kept: dict[str, Array] = {}
        self._factors: dict[int, list[Array]] = {}
        inputs: list[Array] = []
        for step, dead in zip(self.steps, self._dead, strict=True):
            inputs = [values[v] for v in step.inputs]
            spare = [
                self._fresh(v, keep) if training else v in dead and self._alone(v, values, x)
                for v in step.inputs
            ]
            op = self.operations.get(step.name)
            if op is not None:
                op.training = training and self._trains(step, op)
                found = op.forward(inputs[0], spare=spare[0])
            elif step.layer.kind == "concat":
                found = np.concatenate(inputs, axis=1)
            elif step.layer.kind == "multiply":
                found = reduce(np.multiply, inputs)
                if training:
                    self._factors[step.number] = inputs
            else:
                found = _sum(inputs, spare)
            values[step.number] = found
            if step.name in keep:
                self.kept[step.name] = found
            for value in dead:
                del values[value]
        return found

    def _alone(self, value: int, values: dict[int, Array], x: Array) -> bool:
        """Whether no other array that is still needed shares a value's memory (some layers return views)."""
        others = [x, *self.kept.values(), *(a for v, a in values.items() if v != value)]
        return not any(np.may_share_memory(values[value], other) for other in others)

    def _fresh(self, value: int, keep: Collection[str]) -> bool:
        """Whether only the step that reads a value needs it in training, and its backward does not."""
        if not value or self._read[value] > 1:
            return False
        step = self.steps[value - 1]
        op = self.operations.get(step.name)
        return op is not None and op.fresh and step.name not in keep

    def _trains(self, step: Step, op: Operation) -> bool:
        """Whether a step works as in training: not where only frozen weights came before, dropout apart."""
        return not self._frozen or step.number in self._learned or isinstance(op, Dropout)

    def _after_weights(self) -> set[int]:
        """Values that learned weights have a part in: others need no gradient."""
        found: set[int] = set()
        for step in self.steps:
            op = self.operations.get(step.name)
            learned = op is not None and op.weight_shapes() and not op.frozen
            if learned or not found.isdisjoint(step.inputs):
                found.add(step.number)
        return found

    def backward(self, gradient: Array, *, inputs: bool = False) -> Array | None:
        """Compute the gradients of all weights, which the operations then hold, after `forward` in training.

        Parameters
        ----------
        gradient : ndarray
            Of the loss by the network's output.
        inputs : bool
            Whether the gradient by the input is wanted too: the first convolution has much less to do without.

        Returns
        -------
        ndarray, shape (N, C, H, W), or None
            Of the loss by the input.
        """
        gradients: dict[int, Array] = {len(self.steps): gradient}
        for step in reversed(self.steps):
            if step.number not in gradients:
                continue
            coming = gradients.pop(step.number)
            op = self.operations.get(step.name)
            if not inputs and self._learned.isdisjoint(step.inputs):
                if op is not None and not op.frozen:
                    op.learn(coming)
                continue
            if op is not None:
                parts = [op.backward(coming)]
            elif step.layer.kind == "concat":
                sizes = [self._channels(v) for v in step.inputs]
                parts = np.split(coming, np.cumsum(sizes)[:-1], axis=1)
            elif step.layer.kind == "multiply":
                parts = _by_factors(coming, self._factors.pop(step.number))
            else:
                parts = [coming] * len(step.inputs)
            for value, part in zip(step.inputs, parts, strict=True):
                # a new array: branches of a sum share theirs
                gradients[value] = gradients[value] + part if value in gradients else part
        return gradients.get(0)

    def _channels(self, value: int) -> int:
        return self.steps[value - 1].output[0] if value else self.input[0]


def _by_factors(gradient: Array, factors: list[Array]) -> list[Array]:
    """Return the gradients by the factors of a product; one of a single cell gets those of all that it scaled."""
    found = []
    for i, factor in enumerate(factors):
        others = [gradient, *factors[:i], *factors[i + 1 :]]
        shared = tuple(axis for axis, n in enumerate(factor.shape) if n < gradient.shape[axis])
        found.append(reduce(np.multiply, others).sum(axis=shared, keepdims=True))
    return found


def _sum(inputs: list[Array], spare: list[bool]) -> Array:
    out: Any = next((a for a, free in zip(inputs[:2], spare[:2], strict=True) if free), None)
    found: Array = np.add(inputs[0], inputs[1], out=out)
    for other in inputs[2:]:
        found += other
    return found


@dataclass(frozen=True, eq=False)
class Prediction:
    """The scores of the classes for one input, and their probabilities.

    Parameters
    ----------
    name : str
        Of the example.
    logits : ndarray, shape (classes,)
    normalized : bool
        Whether they are probabilities already: the network ends in a softmax.

    Examples
    --------
    >>> found = Prediction("x", np.array([0.0, np.log(3.0)]))
    >>> found.best(1), found.probabilities.tolist()
    ([1], [0.25, 0.75])
    """

    name: str
    logits: Array
    normalized: bool = False

    @cached_property
    def probabilities(self) -> Array:
        """The probabilities of the classes."""
        if self.normalized:
            return self.logits
        powers = np.exp(self.logits.astype(np.float64) - self.logits.max())
        probabilities: Array = powers / powers.sum()
        return probabilities

    def best(self, top: int) -> list[int]:
        """Return the most probable classes, the first of equal ones first."""
        return [int(c) for c in np.argsort(-self.probabilities, kind="stable")[:top]]
