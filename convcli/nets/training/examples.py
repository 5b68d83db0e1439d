"""Labelled examples as a network takes them: a batch at a time, scaled, resized, normalised."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convcli.engine.errors import ConvError
from convcli.nets.model.preprocessing import normalised, prepared
from convcli.nets.zoo import Preparation

__all__ = ["Examples", "stratified"]

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Examples:
    """Pictures of one size and their classes, as they are stored: preparing all of them would take many times the memory.

    Parameters
    ----------
    x : ndarray, shape (N, C, H, W)
        C is 1 or 3; any real dtype.
    y : ndarray of int64, shape (N,)
        The number of the class, an index into `labels`.
    labels : tuple of str
        One a class.
    white : float
        The value of `x` that becomes 1.
    ready : bool
        Whether the pictures have the network's input size already: only the mean and the deviation are left to do.
    rows : ndarray of int, shape (N,), or None
        Which of the data each is, from 0; None: all, in their order.
    """

    x: Array
    y: NDArray[np.int64]
    labels: tuple[str, ...]
    white: float = 1.0
    ready: bool = False
    rows: NDArray[np.intp] | None = None

    def __len__(self) -> int:
        return len(self.y)

    def taken(self, rows: NDArray[np.intp]) -> "Examples":
        """Return some of them, in the order of `rows`."""
        own = rows if self.rows is None else self.rows[rows]
        return replace(self, x=self.x[rows], y=self.y[rows], rows=own)

    def batch(
        self, rows: NDArray[np.intp] | slice, size: Sequence[int], preparation: Preparation
    ) -> NDArray[np.float32]:
        """Prepare some of them.

        Parameters
        ----------
        rows : ndarray of int or slice
        size : (int, int, int)
            The network's input, C×H×W.
        preparation : Preparation

        Returns
        -------
        ndarray of float32, shape (len(rows), C, H, W)

        Examples
        --------
        >>> one = Examples(np.full((3, 1, 2, 2), 8, np.uint8), np.array([0, 1, 0]), ("a", "b"), 16)
        >>> one.batch(slice(0, 2), (1, 1, 1), Preparation()).ravel().tolist()
        [0.5, 0.5]
        """
        resize = None if self.ready else preparation.resize
        return normalised(prepared(self.x[rows], self.white, size, resize), preparation)


def stratified(
    y: NDArray[np.int64], share: float, rng: np.random.Generator
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Set a share of each class aside.

    Parameters
    ----------
    y : ndarray of int, shape (N,)
    share : float
        Between 0 and 1. Of n examples of a class, share * n are set aside, rounded to the nearest whole number.
    rng : numpy.random.Generator

    Returns
    -------
    kept, aside : ndarray of int
        Rows, in their order.

    Raises
    ------
    ConvError
        Nothing would be left, or set aside.

    Examples
    --------
    >>> kept, aside = stratified(np.repeat([0, 1], [10, 5]), 0.2, np.random.default_rng(0))
    >>> len(kept), len(aside), int(sum(aside < 10))
    (12, 3, 2)
    """
    aside = np.zeros(len(y), bool)
    for c in np.unique(y):
        rows = np.flatnonzero(y == c)
        count = int(share * len(rows) + 0.5)
        aside[rng.permutation(rows)[:count]] = True
    if aside.all() or not aside.any():
        raise ConvError(
            f"--holdout: {share:g} of {len(y)} examples leaves {len(y) - aside.sum()} to learn from "
            f"and {aside.sum()} to test with",
            usage=True,
        )
    return np.flatnonzero(~aside), np.flatnonzero(aside)
