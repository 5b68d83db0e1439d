"""The loss of a classifier."""

import numpy as np
from numpy.typing import NDArray

from convcli.nets.layers.base import Array

__all__ = ["cross_entropy"]


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
