"""How well a network does on labelled examples."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convcli.engine.errors import ConvError
from convcli.engine.sizes.geometry import size_text
from convcli.nets.layers.base import Array
from convcli.nets.model import Model
from convcli.nets.training.examples import Examples
from convcli.nets.zoo import Preparation

__all__ = ["Evaluation", "cross_entropy", "evaluated", "evaluating", "ranked", "scoring", "summed"]

_CELLS = 1 << 24
"""Numbers in the largest feature maps of a batch: more at a time would be no faster."""


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What came out.

    Parameters
    ----------
    loss : float
        Mean softmax cross-entropy, in nats.
    confusion : ndarray of int, shape (classes, classes)
        Examples of each class, a row, by the class that was predicted, a column.

    Examples
    --------
    >>> found = Evaluation(0.5, np.array([[3, 1], [0, 0]]))
    >>> found.accuracy, found.per_class
    (0.75, [0.75, nan])
    """

    loss: float
    confusion: NDArray[np.int64]

    @property
    def examples(self) -> int:
        """How many there were."""
        return int(self.confusion.sum())

    @property
    def accuracy(self) -> float:
        """The fraction of examples whose class was predicted, 0…1."""
        return int(self.confusion.trace()) / self.examples

    @property
    def per_class(self) -> list[float]:
        """The same of each class; of one without examples, NaN."""
        right, counts = self.confusion.diagonal().tolist(), self.confusion.sum(axis=1).tolist()
        return [r / n if n else float("nan") for r, n in zip(right, counts, strict=True)]


def scoring(model: Model) -> Model:
    """Return the part of a network that gives one score a class, before any softmax; the weights are shared.

    Raises
    ------
    ConvError
        It does not end in one number a class.
    """
    *most, last = model.steps
    if last.layer.kind == "softmax" and most:
        scores = Model(most)
        scores.load(model.tensors())
        return scoring(scores)
    if len(last.output) != 1:
        got = size_text(last.output)
        raise ConvError(f"{last.name}: the network ends in {got}, one number a class is needed")
    return model


def evaluating(
    model: Model, examples: Examples, size: Sequence[int], preparation: Preparation
) -> Iterator[tuple[int, float, Array]]:
    """Run a network over examples.

    Parameters
    ----------
    model : Model
        What `scoring` returned.
    examples : Examples
    size : (int, int, int)
        The network's input, C×H×W.
    preparation : Preparation

    Yields
    ------
    done : int
        Examples so far.
    loss : float
        Of this batch, a sum.
    logits : ndarray, shape (n, classes)
        Of the examples of this batch.
    """
    largest = max(step.activations for step in model.steps)
    batch = min(max(_CELLS // largest, 1), 256)
    for first in range(0, len(examples), batch):
        rows = slice(first, first + batch)
        y = examples.y[rows]
        with np.errstate(over="ignore", invalid="ignore"):
            logits = model.forward(examples.batch(rows, size, preparation))
            loss, _, _ = cross_entropy(logits, y)
        yield first + len(y), loss, logits


def evaluated(
    model: Model, examples: Examples, size: Sequence[int], preparation: Preparation
) -> Evaluation:
    """Run a network over examples, and sum up; arguments as of `evaluating`."""
    return summed(
        examples,
        [
            (loss, logits.argmax(axis=1))
            for _, loss, logits in evaluating(model, examples, size, preparation)
        ],
    )


def summed(examples: Examples, batches: Sequence[tuple[float, Array]]) -> Evaluation:
    """Sum up the loss of each batch, and the class answered for each of its examples."""
    classes = len(examples.labels)
    found = np.concatenate([f for _, f in batches])
    pairs = np.bincount(examples.y * classes + found, minlength=classes**2)
    return Evaluation(
        sum(loss for loss, _ in batches) / len(examples), pairs.reshape(classes, classes)
    )


def ranked(logits: Array, most: int) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Return the most probable classes of each example, the first of equal ones first, and their probabilities.

    Parameters
    ----------
    logits : ndarray, shape (N, classes)
    most : int

    Returns
    -------
    classes : ndarray of int, shape (N, most)
    probabilities : ndarray of float64, shape (N, most)

    Examples
    --------
    >>> found, shares = ranked(np.array([[0.0, np.log(3.0), -np.inf]]), 2)
    >>> found.tolist(), shares.round(4).tolist()
    ([[1, 0]], [[0.75, 0.25]])
    """
    found = np.argsort(-logits, axis=1, kind="stable")[:, :most]
    powers = np.exp(logits.astype(np.float64) - logits.max(axis=1, keepdims=True))
    powers /= powers.sum(axis=1, keepdims=True)
    return found, np.take_along_axis(powers, found, axis=1)


def cross_entropy(logits: Array, y: NDArray[np.int64]) -> tuple[float, int, Array]:
    """Return the softmax cross-entropy of a batch, and its gradient.

    Parameters
    ----------
    logits : ndarray, shape (N, classes)
    y : ndarray of int, shape (N,)
        The classes.

    Returns
    -------
    loss : float
        Sum over the examples, in nats.
    correct : int
        Examples whose class has the largest logit; of equal ones the first counts.
    gradient : ndarray, shape (N, classes)
        Of the mean loss by the logits.

    Examples
    --------
    >>> loss, correct, gradient = cross_entropy(np.array([[0.0, np.log(3.0)]]), np.array([1]))
    >>> round(loss, 4), correct, gradient.round(4).tolist()
    (0.2877, 1, [[0.25, -0.25]])
    """
    rows = np.arange(len(y))
    below = logits - logits.max(axis=1, keepdims=True)
    powers = np.exp(below)
    sums = powers.sum(axis=1, keepdims=True)
    losses = np.log(sums[:, 0]) - below[rows, y]
    correct = int((logits.argmax(axis=1) == y).sum())
    powers /= sums
    powers[rows, y] -= 1
    powers /= len(y)
    return float(losses.sum(dtype=np.float64)), correct, powers
