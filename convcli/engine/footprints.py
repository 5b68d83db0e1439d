"""Footprints: which cells of a window count. One row each."""

from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["FOOTPRINTS", "Columns", "Footprint", "runs"]

Columns = tuple[tuple[int, int], ...]
"""The half-open range of rows that counts of each column."""


@dataclass(frozen=True)
class Footprint:
    """One footprint.

    Parameters
    ----------
    name, title : str
    columns : callable
        Makes the columns from the window's rows and columns.
    """

    name: str
    title: str
    columns: Callable[[int, int], Columns]


def _box(rows: int, columns: int) -> Columns:
    return ((0, rows),) * columns


def _disk(rows: int, columns: int) -> Columns:
    """Cells whose middles lie in the ellipse of half axes (k - 1) / 2, as radii are counted, or k / 2 where k is even.

    >>> _disk(5, 5)
    ((2, 3), (1, 4), (0, 5), (1, 4), (2, 3))
    """
    tall, wide = (max(k - 1, 1) if k % 2 else k for k in (rows, columns))  # twice the half axes
    found = []
    for column in range(columns):
        aside = 2 * column - (columns - 1)  # twice the distance from the middle
        inside = [
            row
            for row in range(rows)
            if (2 * row - (rows - 1)) ** 2 * wide**2 + aside**2 * tall**2 <= tall**2 * wide**2
        ]
        found.append((inside[0], inside[-1] + 1) if inside else (0, 0))
    return tuple(found)


def _cross(rows: int, columns: int) -> Columns:
    """The middle row and the middle column; both middle ones, of an even number.

    >>> _cross(3, 3)
    ((1, 2), (0, 3), (1, 2))
    """
    middle = (rows - 1) // 2, rows // 2 + 1
    return tuple(
        (0, rows) if column in ((columns - 1) // 2, columns // 2) else middle
        for column in range(columns)
    )


_ROWS = (
    Footprint("box", "all cells of the window", _box),
    Footprint("disk", "the cells of a disk (an ellipse, where the window is no square)", _disk),
    Footprint("cross", "the middle row and the middle column", _cross),
)
FOOTPRINTS: dict[str, Footprint] = {row.name: row for row in _ROWS}
"""The footprints by name."""


def runs(columns: Columns) -> dict[tuple[int, int], list[tuple[int, int]]]:
    """Group a window's columns by the rows that they take: half-open ranges of neighbours.

    >>> runs(((1, 2), (0, 3), (1, 2)))
    {(1, 2): [(0, 1), (2, 3)], (0, 3): [(1, 2)]}
    """
    found: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for column, rows in enumerate(columns):
        if rows[0] == rows[1]:
            continue
        ranges = found.setdefault(rows, [])
        if ranges and ranges[-1][1] == column:
            ranges[-1] = ranges[-1][0], column + 1
        else:
            ranges.append((column, column + 1))
    return found
