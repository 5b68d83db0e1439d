"""Border modes: what stands beyond the edge of an array. One row each, with scipy.ndimage's names."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convcli.engine.arguments import real, row_of
from convcli.engine.errors import ConvError
from convcli.engine.names import BORDER_SYNONYMS

__all__ = ["BORDERS", "SYNONYMS", "Border", "border", "cells", "filling", "of_mask", "read_window"]

Index = NDArray[np.intp]


@dataclass(frozen=True, eq=False, repr=False)
class Border:
    """One border mode.

    Parameters
    ----------
    name : str
    example : str
        What surrounds ``a b c d``.
    source_of : callable or None
        Maps positions (any integers) and a length n to the positions 0 … n-1 whose cells they repeat;
        None for modes that fill with a constant.
    note : str
        What other tools call it.
    """

    name: str
    example: str
    source_of: Callable[[Index, int], Index] | None
    note: str = ""


def _reflect(at: Index, n: int) -> Index:
    phase = at % (2 * n)
    return np.minimum(phase, 2 * n - 1 - phase)


def _mirror(at: Index, n: int) -> Index:
    period = max(2 * (n - 1), 1)
    phase = at % period
    return np.minimum(phase, period - phase) if n > 1 else phase


def _nearest(at: Index, n: int) -> Index:
    return np.clip(at, 0, n - 1)


def _wrap(at: Index, n: int) -> Index:
    return at % n


_ROWS = (
    Border("zero", "0 0 0 | a b c d | 0 0 0", None),
    Border("constant", "v v v | a b c d | v v v", None, "v is --value"),
    Border("reflect", "d c b a | a b c d | d c b a", _reflect, "numpy.pad: symmetric"),
    Border("mirror", "d c b | a b c d | c b a", _mirror, "numpy.pad and PyTorch: reflect"),
    Border("nearest", "a a a | a b c d | d d d", _nearest, "numpy.pad: edge, PyTorch: replicate"),
    Border("wrap", "b c d | a b c d | a b c", _wrap, "PyTorch: circular"),
)
BORDERS: dict[str, Border] = {row.name: row for row in _ROWS}
"""The border modes by name."""

SYNONYMS: dict[str, str] = BORDER_SYNONYMS
"""Other names that cannot be misread."""

_BY_ANY_NAME = {**BORDERS, **{name: BORDERS[other] for name, other in SYNONYMS.items()}}


def border(name: str) -> Border:
    """Look up a border mode by name or synonym.

    >>> border("replicate").example
    'a a a | a b c d | d d d'
    """
    return row_of("border", name, _BY_ANY_NAME)


def cells(mode: Border, start: int, stop: int, n: int) -> Index:
    """Positions of an axis of length n that the padded positions start … stop-1 repeat, -1 where a constant stands.

    >>> cells(BORDERS["mirror"], -3, 7, 4).tolist()
    [3, 2, 1, 0, 1, 2, 3, 2, 1, 0]
    >>> cells(BORDERS["zero"], -1, 3, 2).tolist()
    [-1, 0, 1, -1]
    """
    at = np.arange(start, stop, dtype=np.intp)
    if mode.source_of is not None:
        return mode.source_of(at, n)
    at[(at < 0) | (at >= n)] = -1
    return at


MANY = 8
"""Columns beyond an edge from which on they are gathered in one go, not one by one."""


def read_window(
    x: NDArray[Any],
    rows: tuple[int, int],
    columns: tuple[int, int],
    mode: Border,
    value: float,
    out: NDArray[Any],
) -> None:
    """Copy the window rows[0]:rows[1], columns[0]:columns[1] of the padded plane `x` into `out`, casting on the way.

    Parameters
    ----------
    x : ndarray, shape (..., H, W)
    rows, columns : (int, int)
        Half-open ranges in the coordinates of `x`; they may reach beyond it on all sides, by any number of cells.
    mode : Border
    value : float
        What stands outside, for modes that fill with a constant (0 for ``zero``).
    out : ndarray, shape (..., rows, columns)
        Its dtype must hold the values of `x`.
    """
    height, width = x.shape[-2:]
    top, bottom = _inside(rows, height)
    left, right = _inside(columns, width)
    first, last = top - rows[0], bottom - rows[0]  # where the inner rows stand in `out`
    start, stop = left - columns[0], right - columns[0]
    np.copyto(out[..., first:last, start:stop], x[..., top:bottom, left:right], casting="unsafe")
    wide, high = columns[1] - columns[0], rows[1] - rows[0]
    if mode.source_of is None:
        fill = value if mode.name == "constant" else 0
        if start > 0:
            out[..., :start] = fill
        if stop < wide:
            out[..., stop:] = fill
        if first > 0:
            out[..., :first, :] = fill
        if last < high:
            out[..., last:, :] = fill
        return
    # the inner rows' ends first, then whole rows from the finished ones
    if start > 0:
        _pick(x, top, bottom, mode, columns[0], left, out[..., first:last, :start])
    if stop < wide:
        _pick(x, top, bottom, mode, right, columns[1], out[..., first:last, stop:])
    if last - first == high:
        return
    sources = cells(mode, *rows, height).tolist()
    for position in (*range(first), *range(last, high)):
        source = sources[position]
        if top <= source < bottom:
            out[..., position, :] = out[..., source - rows[0], :]
        else:
            out[..., position, :] = x[..., source, :][..., cells(mode, *columns, width)]


def _pick(
    x: NDArray[Any], top: int, bottom: int, mode: Border, start: int, stop: int, out: NDArray[Any]
) -> None:
    """Fill columns beyond the edge, start … stop-1, from rows top … bottom-1."""
    sources = cells(mode, start, stop, x.shape[-1]).tolist()
    if len(sources) > MANY:
        np.copyto(out, x[..., top:bottom, sources], casting="unsafe")
        return
    for position, source in enumerate(sources):
        np.copyto(out[..., position], x[..., top:bottom, source], casting="unsafe")


def _inside(span: tuple[int, int], n: int) -> tuple[int, int]:
    """Cut a half-open range to 0 … n; one that lies outside becomes empty, at its near end."""
    start, stop = max(span[0], 0), min(span[1], n)
    if start < stop:
        return start, stop
    end = span[0] if span[0] >= n else span[1]
    return end, end


def of_mask(mode: Border) -> tuple[str, float]:
    """Return border and fill value for the mask of what has this border: what a constant fills counts as inside.

    >>> of_mask(BORDERS["zero"]), of_mask(BORDERS["wrap"])
    (('constant', 1.0), ('wrap', 0.0))
    """
    return ("constant", 1.0) if mode.source_of is None else (mode.name, 0.0)


def filling(mode: Border, value: object) -> float:
    """Return the fill value of a mode.

    Raises
    ------
    ConvError
        It is no number, or the mode takes none.
    """
    found = real("value", value)
    if found and mode.name != "constant":
        raise ConvError(
            f"value: got {found} with border {mode.name}, only border constant has a value",
            usage=True,
        )
    return found
