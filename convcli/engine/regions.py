"""Connected regions of a map, found by runs: no cell is looked at twice, however a region winds."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["connected_to"]

Index = NDArray[np.intp]


def connected_to(weak: NDArray[np.bool], strong: NDArray[np.bool]) -> NDArray[np.bool]:
    """Keep the 8-connected regions of `weak` that hold a cell of `strong`.

    Parameters
    ----------
    weak, strong : ndarray of bool, shape (H, W)
        `strong` lies within `weak`.

    Returns
    -------
    ndarray of bool, shape (H, W)

    Notes
    -----
    The cells of a row that touch form a run; runs of neighbouring rows that touch are joined. Rosenfeld and Pfaltz,
    "Sequential operations in digital picture processing", 1966, with the joins made all at once, by rounds.

    Examples
    --------
    >>> weak = np.array([[1, 0, 1], [0, 1, 0], [0, 0, 0], [1, 1, 1]], bool)
    >>> strong = np.zeros((4, 3), bool)
    >>> strong[0, 0] = True
    >>> connected_to(weak, strong).astype(int).tolist()
    [[1, 0, 1], [0, 1, 0], [0, 0, 0], [0, 0, 0]]
    """
    height, width = weak.shape
    wide = width + 1  # a row's runs end in a column of their own: no run reaches into the next row
    padded = np.zeros(height * wide + 1, np.int8)
    padded[1:].reshape(height, wide)[:, :width] = weak
    turns = np.flatnonzero(padded[1:] != padded[:-1])
    starts, ends = turns[0::2], turns[1::2]  # half open, in cells of `wide` rows
    if starts.size == 0:
        return np.zeros_like(weak)
    root = _roots(starts, ends, wide)
    held = np.zeros(starts.size, np.bool)
    rows, columns = np.nonzero(strong)
    held[root[np.searchsorted(starts, rows * wide + columns, side="right") - 1]] = True
    kept = held[root]
    steps = np.zeros(height * wide + 1, np.int8)
    steps[starts[kept]] = 1
    steps[ends[kept]] -= 1
    painted = np.cumsum(steps[:-1], dtype=np.int8).reshape(height, wide)
    return painted[:, :width].astype(np.bool)


def _roots(starts: Index, ends: Index, wide: int) -> Index:
    """Number, for each run, the first run of its region."""
    # a run touches the runs of the row above from one column before it to one behind it
    first = np.searchsorted(ends, starts - wide, side="left")
    last = np.searchsorted(starts, ends - wide, side="right")
    counts = np.maximum(last - first, 0)
    lower = np.repeat(np.arange(starts.size), counts)
    upper = np.repeat(first - np.cumsum(counts) + counts, counts) + np.arange(lower.size)
    parent = np.arange(starts.size)
    while lower.size:
        np.minimum.at(
            parent, lower, upper
        )  # a root hangs itself under the first root that it touches
        while True:
            above = parent[parent]
            if np.array_equal(above, parent):
                break
            parent = above
        a, b = parent[lower], parent[upper]
        apart = a != b
        a, b = a[apart], b[apart]
        lower, upper = np.maximum(a, b), np.minimum(a, b)
    return parent
