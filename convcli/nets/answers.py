"""What a network says about one example."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from convcli.nets.layers.base import Array

__all__ = ["Answer"]


@dataclass(frozen=True, eq=False)
class Answer:
    """The last layer's numbers, and what they mean.

    Parameters
    ----------
    name : str
        Of the example.
    logits : ndarray, shape (classes,)
    shared : bool
        Whether they are probabilities already: the network ends in a softmax.

    Examples
    --------
    >>> found = Answer("x", np.array([0.0, np.log(3.0)]))
    >>> found.best(1), found.shares.tolist()
    ([1], [0.25, 0.75])
    """

    name: str
    logits: Array
    shared: bool = False

    @cached_property
    def shares(self) -> Array:
        """The probabilities of the classes."""
        if self.shared:
            return self.logits
        powers = np.exp(self.logits.astype(np.float64) - self.logits.max())
        shares: Array = powers / powers.sum()
        return shares

    def best(self, top: int) -> list[int]:
        """Return the most probable classes, the first of equal ones first."""
        return [int(c) for c in np.argsort(-self.shares, kind="stable")[:top]]
