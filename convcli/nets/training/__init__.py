"""Training: steps on batches, epoch by epoch, that can be broken off between any two and taken up again.

Open: evaluation, examples, resume.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, astuple, dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convcli.engine.errors import ConvError, one_of
from convcli.nets.layers.base import Array
from convcli.nets.model import Model, tensor
from convcli.nets.training.evaluation import cross_entropy, evaluated
from convcli.nets.training.examples import Examples
from convcli.nets.training.optimizers import OPTIMIZERS
from convcli.nets.zoo import Preparation
from convcli.nets.zoo.recipes import Recipe

__all__ = ["Batch", "Epoch", "Training", "best_epoch", "frozen_layers"]

_ORDER, _DROPOUT = 1, 2
"""What the seed serves for: each use has a stream of its own."""


@dataclass(frozen=True)
class Batch:
    """A step that is done.

    Parameters
    ----------
    epoch : int
        From 1.
    done, total : int
        Examples seen, in all epochs.
    loss : float
        Mean over the batch.
    accuracy : float
        Of the epoch so far, 0…1.
    """

    epoch: int
    done: int
    total: int
    loss: float
    accuracy: float


@dataclass(frozen=True)
class Epoch:
    """An epoch that is done.

    Parameters
    ----------
    epoch : int
        From 1.
    rate : float
        The learning rate of its last step.
    loss, accuracy : float
        Means over its batches, as they were seen.
    test_loss, test_accuracy : float, optional
        Of the examples set aside.
    """

    epoch: int
    rate: float
    loss: float
    accuracy: float
    test_loss: float | None = None
    test_accuracy: float | None = None


@dataclass
class _Sums:
    """Of the epoch under way."""

    batches: int = 0
    loss: float = 0.0
    correct: int = 0
    seen: int = 0


class Training:
    """A run: the weights, the state of the optimizer, and the progress.

    Everything random is drawn from the seed and the place in the run, so that the same seed gives the same weights,
    whether the run was broken off or not.

    Parameters
    ----------
    model : Model
        With weights, which are changed in place: what `evaluating.scoring` returned.
    recipe : Recipe
    size : (int, int, int)
        The network's input, C×H×W.
    preparation : Preparation
    seed : int
    frozen : collection of str
        Layers that stay as they are.

    Attributes
    ----------
    history : list of Epoch
        What is done.

    Raises
    ------
    ConvError
        There is no such optimizer.
    """

    def __init__(
        self,
        model: Model,
        recipe: Recipe,
        size: Sequence[int],
        preparation: Preparation,
        seed: int = 0,
        frozen: Collection[str] = (),
    ) -> None:
        if recipe.optimizer not in OPTIMIZERS:
            raise one_of("optimizer", recipe.optimizer, OPTIMIZERS)
        self.model = model
        self.recipe = recipe
        self.size = tuple(size)
        self.preparation = preparation
        self.seed = seed
        self.frozen = tuple(frozen)
        if frozen:
            model.freeze(frozen)
        self.history: list[Epoch] = []
        self.steps = 0
        self._sums = _Sums()
        self._optimizer = OPTIMIZERS[recipe.optimizer]
        self._slots = {
            f"{name}.{slot}": np.zeros(shape, np.float32)
            for name, shape in model.shapes(learned=True).items()
            if name.rpartition(".")[0] not in self.frozen
            for slot in self._optimizer.slots
        }

    @property
    def seen(self) -> int:
        """Examples seen in the epoch under way."""
        return self._sums.seen

    def run(self, train: Examples, test: Examples | None = None) -> Iterator[Batch | Epoch]:
        """Train until all epochs are done. Between two records the run may be saved, and given up.

        Parameters
        ----------
        train, test : Examples

        Yields
        ------
        Batch or Epoch

        Raises
        ------
        ConvError
            The loss is no finite number any more: which step, which layer.
        """
        bounds = _bounds(len(train), self.recipe.batch)
        total = len(train) * self.recipe.epochs
        while len(self.history) < self.recipe.epochs:
            epoch = len(self.history)
            order = self._rng(_ORDER, epoch).permutation(len(train))
            batches = len(bounds) - 1
            while self._sums.batches < batches:
                at = self._sums.batches
                rate = self.recipe.rate(epoch + at / batches)
                loss = self._step(train, order[bounds[at] : bounds[at + 1]], rate)
                seen = self._sums.seen
                accuracy = self._sums.correct / seen
                yield Batch(epoch + 1, epoch * len(train) + seen, total, loss, accuracy)
            tested: tuple[float, ...] = ()
            if test is not None:
                found = evaluated(self.model, test, self.size, self.preparation)
                tested = found.loss, found.accuracy
            sums, self._sums = self._sums, _Sums()
            means = sums.loss / sums.seen, sums.correct / sums.seen
            rate = self.recipe.rate(epoch + (batches - 1) / batches)
            self.history.append(Epoch(epoch + 1, rate, *means, *tested))
            yield self.history[-1]

    def _step(self, train: Examples, rows: NDArray[np.intp], rate: float) -> float:
        x, y = train.batch(rows, self.size, self.preparation), train.y[rows]
        self.model.draw_from(self._rng(_DROPOUT, self.steps))
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):  # found by its loss
            logits = self.model.forward(x, training=True)
            loss, correct, gradient = cross_entropy(logits, y)
            if not np.isfinite(loss):
                raise ConvError(f"step {self.steps + 1}: the loss is {loss}; {self._blame(x)}")
            self.model.backward(gradient)
            self.steps += 1
            self._update(rate)
        self._sums.batches += 1
        self._sums.loss += loss
        self._sums.correct += correct
        self._sums.seen += len(rows)
        return loss / len(rows)

    def _update(self, rate: float) -> None:
        decay = np.float32(self.recipe.weight_decay)
        for name, op in self.model.operations.items():
            if op.frozen:
                op.gradients.clear()
                continue
            for part, weight in op.weights.items():
                gradient = op.gradients.pop(part)
                if decay and weight.ndim > 1:
                    gradient += decay * weight
                slots = {s: self._slots[f"{tensor(name, part)}.{s}"] for s in self._optimizer.slots}
                self._optimizer.step(weight, gradient, slots, rate, self.recipe, self.steps)

    def _blame(self, x: Array) -> str:
        """Name the first layer that gives what is no finite number."""
        for name, op in self.model.operations.items():
            if not all(np.isfinite(w).all() for w in op.weights.values()):
                return f"{name}: its weights are not finite any more (a smaller --lr may help)"
        names = [step.name for step in self.model.steps]
        self.model.forward(x, training=True, keep=names)
        for name in names:
            if not np.isfinite(self.model.kept[name]).all():
                return f"{name}: its output is not finite any more (a smaller --lr may help)"
        return "every layer's output is finite, their softmax is not (a smaller --lr may help)"

    def _rng(self, *place: int) -> np.random.Generator:
        return np.random.default_rng([self.seed, *place])

    def tensors(self) -> dict[str, Array]:
        """Return the state of the optimizer, by names."""
        return dict(self._slots)

    def record(self) -> dict[str, Any]:
        """Return how far it is, and by which recipe, as JSON holds it."""
        return {
            "recipe": self.recipe.record(),
            "seed": self.seed,
            "steps": self.steps,
            "sums": list(astuple(self._sums)),
            "history": [asdict(epoch) for epoch in self.history],
            **({"frozen": list(self.frozen)} if self.frozen else {}),
        }

    def resume(self, record: Mapping[str, Any], tensors: Mapping[str, Array]) -> None:
        """Take up a run that was saved: what `record` and `tensors` returned.

        Raises
        ------
        ConvError
            It is of another optimizer.
        """
        if set(tensors) != set(self._slots):
            raise ConvError(
                f"--optimizer: got {self.recipe.optimizer}, the run was begun with "
                f"{record['recipe']['optimizer']}",
                usage=True,
            )
        for name, slot in self._slots.items():
            slot[...] = tensors[name]
        self.steps = int(record["steps"])
        self._sums = _Sums(*record["sums"])
        names = [f.name for f in fields(Epoch)]
        self.history = [Epoch(**{n: row[n] for n in names}) for row in record["history"]]


def best_epoch(history: Sequence[Epoch]) -> Epoch | None:
    """Return the first epoch of the best accuracy on the examples set aside, of equal ones that of the least loss.

    >>> best_epoch([Epoch(1, 0.1, 1, 0.5, 2.0, 0.5), Epoch(2, 0.1, 1, 0.5, 1.5, 0.5)]).epoch
    2
    """
    tested = [e for e in history if e.test_accuracy is not None and e.test_loss is not None]
    return max(tested, key=lambda e: (e.test_accuracy, -(e.test_loss or 0)), default=None)


def frozen_layers(model: Model, asked: str) -> tuple[str, ...]:
    """Return the layers with weights that a call wants left as they are.

    Parameters
    ----------
    model : Model
    asked : str
        Names of layers or blocks, or what they begin with, joined by commas; ``all-but-last``.

    Raises
    ------
    ConvError
        A name that no layer with weights begins with; nothing is left to learn.
    """
    names = [name for name, op in model.operations.items() if op.weight_shapes()]
    if asked == "all-but-last":
        found = set(names) - {model.last}
    else:
        found = set()
        for prefix in asked.split(","):
            exact = {n for n in names if n == prefix or n.startswith(f"{prefix}.")}
            begun = exact or {n for n in names if prefix and n.startswith(prefix)}
            if not begun:
                raise one_of("layer", prefix, [*names, "all-but-last"]).about("--freeze")
            found |= begun
    if found == set(names):
        raise ConvError("--freeze: no layer is left to learn", usage=True)
    return tuple(name for name in names if name in found)


def _bounds(count: int, batch: int) -> list[int]:
    """Return where batches begin, and the end; a last one of one example joins the one before it.

    (Batch normalization has nothing to normalize by in a single example.)

    >>> _bounds(10, 4), _bounds(9, 4), _bounds(1, 4)
    ([0, 4, 8, 10], [0, 4, 9], [0, 1])
    """
    bounds = [*range(0, count, batch), count]
    if len(bounds) > 2 and bounds[-1] - bounds[-2] == 1 < batch:
        del bounds[-2]
    return bounds
