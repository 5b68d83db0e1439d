"""Matrices to text: CSV that reads back equal, a piece at a time."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convcli.engine.errors import ConvError
from convcli.engine.sizes.geometry import size_text

__all__ = ["csv_chunks"]

_CHUNK = 8192  # cells: about 64 KiB of text


def csv_chunks(array: NDArray[Any]) -> Iterator[bytes]:
    r"""Write a matrix as CSV, some 64 KiB at a time.

    Whole numbers are written as such, bool as 0 and 1, and floats in the fewest digits that read back as the
    exact value (a float32 is widened first), always with a point or an exponent.

    Parameters
    ----------
    array : ndarray of shape (H, W)

    Yields
    ------
    bytes

    Raises
    ------
    ConvError
        If the array has more dimensions than CSV.

    Examples
    --------
    >>> import numpy as np
    >>> b"".join(csv_chunks(np.array([[1, 2.5], [-0.0, np.nan]])))
    b'1.0,2.5\n-0.0,nan\n'
    """
    if array.ndim != 2:
        raise ConvError(
            f"CSV holds 2 dimensions: got {size_text(array.shape) or 'a single number'}, "
            "--format npy writes any number of them"
        )
    if array.dtype.kind not in "biuf":
        raise ConvError(f"CSV holds real numbers: got {array.dtype}")
    return _chunks(array)


def _chunks(array: NDArray[Any]) -> Iterator[bytes]:
    height, width = array.shape
    rows = max(_CHUNK // max(width, 1), 1)
    for top in range(0, height, rows):
        if width <= _CHUNK:
            lines = (",".join(map(repr, row)) for row in _plain(array[top : top + rows]))
            yield ("\n".join(lines) + "\n").encode("ascii")
            continue
        for left in range(0, width, _CHUNK):  # a row by itself is long: it goes in pieces
            cells = _plain(array[top : top + 1, left : left + _CHUNK])[0]
            end = "," if left + _CHUNK < width else "\n"
            yield (",".join(map(repr, cells)) + end).encode("ascii")


def _plain(block: NDArray[Any]) -> list[list[int | float]]:
    """Turn cells into Python numbers, whose repr is what is to be written."""
    exact = block.astype({"b": np.uint8, "f": np.float64}.get(block.dtype.kind, block.dtype))
    rows: list[list[int | float]] = exact.tolist()
    return rows
