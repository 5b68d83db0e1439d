"""Matrices from text: CSV, TSV and columns of white space, read with the place of every fault.

A file is read twice at most: NumPy's parser in C reads what is plain, and only where that gives up or could be
wrong the parser here goes through the lines. It is the one that defines what is read, and finds the faulty cell.
"""

import codecs
import csv
import re
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convcli.engine.errors import ConvError, brief, display_name
from convcli.engine.numbers import MINUS, is_special, read_number
from convcli.engine.sizes.geometry import size_text

__all__ = [
    "cells_of",
    "csv_chunks",
    "delimiter_of",
    "is_blank",
    "is_name",
    "read_csv",
    "shortened",
    "unified",
]

_WITH_COMMAS = re.compile(r"[+-]?[0-9]+(?:,[0-9]+)+(?:\.[0-9]*)?")
_MISSING = {"na", "n/a", "nil", "none", "null"}  # holes in the data, not names of columns
_QUOTED = re.compile(rb'"[^"]*"')
_LONG_DIGITS = re.compile(rb"(?<![.0-9])[0-9]{19,}(?![.0-9eE])")
_SPECIALS = re.compile(rb"nan|inf", re.IGNORECASE)
_PARTED = re.compile(rb"\n[ \t]*\n")

_INT64 = np.iinfo(np.int64)


def read_csv(
    data: bytes, name: str, *, allow_nan: bool = False, planes: bool = True
) -> NDArray[Any]:
    r"""Read a matrix from text, or several of one size that blank lines part.

    Cells are parted by tabs, semicolons, commas or white space, whichever the first two rows show, in this order.
    UTF-8 with or without a byte order mark, UTF-16 with one; line ends of any system; cells in double quotes.
    What stands after a ``#`` is skipped, and so are blank lines above the first row and below the last. One row of
    names at the top, none of them a number, is skipped. A cell is a decimal number: no decimal commas, underscores,
    hexadecimal, or digits of other scripts.

    Parameters
    ----------
    data : bytes
    name : str
        The file's name, for messages.
    allow_nan : bool
        Whether ``nan`` and ``inf`` are read.
    planes : bool
        Whether a blank line between rows parts matrices; else it is skipped.

    Returns
    -------
    ndarray of shape (H, W), or (C, H, W) where blank lines part the matrices
        int64 if every cell is a whole number (``2``, not ``2.0`` or ``1e3``), else float64.

    Raises
    ------
    ConvError
        With the place: the line of the file and the cell of that line (its column), both counted from 1.

    Examples
    --------
    >>> read_csv(b"a;b\r\n1;2\r\n3;4\r\n", "x.csv")
    array([[1, 2],
           [3, 4]])
    """
    try:
        return _read(unified(data), allow_nan, planes)
    except ConvError as error:
        raise error.about(display_name(name)) from None


def unified(data: bytes) -> bytes:
    r"""Bring a file to UTF-8 without a byte order mark, its lines to ``\n``."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        try:
            data = data.decode("utf-16").encode()
        except UnicodeError:
            raise ConvError("got a UTF-16 byte order mark, but no UTF-16 text after it") from None
    data = data.removeprefix(codecs.BOM_UTF8)
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return data


def _read(data: bytes, allow_nan: bool, planes: bool) -> NDArray[Any]:
    lines = data.split(b"\n")
    found = (at for at, line in enumerate(lines) if not is_blank(line))
    first = next(found, None)
    if first is None:
        got = "only blank lines and comments" if any(lines) else "an empty file"
        raise ConvError(f"got {got}, rows of numbers are needed")
    second = next(found, None)
    delimiter = delimiter_of(lines[first], lines[first if second is None else second])
    start, width, names = first, 0, cells_of(lines[first], delimiter)
    if _are_names(names):
        if second is None:
            row = lines[first].decode(errors="surrogateescape").strip()
            raise ConvError(f"got '{shortened(row)}' and no more, rows of numbers are needed")
        start, width = second, len(names)
    text = data[sum(len(line) + 1 for line in lines[:start]) :]
    array = _read_plain(text, lines[start:], delimiter, allow_nan)
    if array is None or (width and array.shape[1] != width):
        array = _read_exactly(lines, start, first, delimiter, allow_nan)
    if planes and _PARTED.search(text.strip()):
        height = _plane_height(lines, start)
        if height < len(array):
            return array.reshape(-1, height, array.shape[1])
    return array


def _plane_height(lines: list[bytes], start: int) -> int:
    """Count the rows of each of the matrices that blank lines part."""
    planes: list[list[int]] = [[]]  # the numbers of each one's lines
    for at in range(start, len(lines)):
        if not lines[at].strip(b" \t"):
            planes += [[]] if planes[-1] else []
        elif not is_blank(lines[at]):
            planes[-1].append(at)
    height = len(planes[0])
    for rows in planes[1:]:
        if rows and len(rows) != height:
            raise ConvError(
                f"line {rows[0] + 1}: got a matrix of {len(rows)} rows after a blank line, "
                f"{height} are needed as in the first"
            )
    return height


def is_blank(line: bytes) -> bool:
    """Whether a line holds nothing, or only a comment."""
    return not line.partition(b"#")[0].strip(b" \t")


def delimiter_of(one: bytes, other: bytes) -> str | None:
    """Find what parts the cells of two rows; None is white space."""
    bare = [_QUOTED.sub(b"", line) for line in (one, other)]
    names, row = ([d for d in "\t;," if d.encode() in line] for line in bare)
    shared = [d for d in row if d in names]  # a comma may be part of a name
    alone = [d for d in row + names if d != "\t"]  # a tab in one row only is white space
    return next(iter(shared + alone), None)


def cells_of(line: bytes, delimiter: str | None) -> list[str]:
    """Return the cells of a line, without the white space and the quotes around them."""
    # bytes that are no UTF-8 become surrogates, which no number holds and a message shows as \xe9
    text = line.decode(errors="surrogateescape")
    if '"' in text:
        if delimiter is None:
            text, delimiter = text.strip(" \t").replace("\t", " "), " "
        try:
            rows = list(csv.reader([text], delimiter=delimiter, skipinitialspace=True, strict=True))
        except csv.Error:
            return [text.strip(" \t")]  # an open quote: the row as a whole is no number
        return [cell.strip(" \t") for cell in rows[0]]
    if delimiter is None:
        return re.split("[ \t]+", text.strip(" \t"))
    return [cell.strip(" \t") for cell in text.split(delimiter)]


def _are_names(cells: list[str]) -> bool:
    """Tell a row of names from one of numbers: no cell is a number, or could be a mistyped one."""
    return any(cells) and all(not cell or is_name(cell) for cell in cells)


def is_name(cell: str) -> bool:
    """Tell the name of a column from a number, or what could be a mistyped one."""
    return (
        any(c.isalpha() for c in cell)
        and cell.isprintable()
        and not (cell[0].isnumeric() or cell[0] in f"+-.,{MINUS}")
        and not is_special(cell)
        and cell.lower() not in _MISSING
    )


def _read_plain(
    text: bytes, lines: list[bytes], delimiter: str | None, allow_nan: bool
) -> NDArray[Any] | None:
    """Read with NumPy's parser, or return None where its answer could differ from `_read_exactly`'s."""
    rest = set(text.translate(None, b"0123456789+- \n" + (delimiter or "\t").encode()))
    if not rest <= set(b'."eE' + (b"naifytNAIFYT" if allow_nan else b"")):
        return None
    if ord('"') in rest:
        bare = _unquoted(text, delimiter)
        if bare is None:
            return None
        lines = bare.split(b"\n")
    whole = rest <= set(b'"')
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # older NumPy reads 2^63 by way of a float, and warns
            array = np.loadtxt(
                lines,
                dtype=np.int64 if whole else np.float64,
                delimiter=delimiter,
                comments=None,
                ndmin=2,
            )
    except (ValueError, OverflowError, Warning):
        return None
    if not whole:
        specials = array.size - np.count_nonzero(np.isfinite(array))
        if specials != (len(_SPECIALS.findall(text)) if allow_nan else 0):
            return None  # 1e400 was read as infinity
        if np.nanmax(np.abs(array), initial=0.0) >= 2.0**63 and _LONG_DIGITS.search(text):
            return None  # a whole number that int64 cannot hold was read as a float
    return array


def _unquoted(text: bytes, delimiter: str | None) -> bytes | None:
    """Remove quotes, or return None if some do not enclose a whole cell (NumPy reads ``"1"2`` as 12)."""
    code = np.frombuffer(b"\n" + text + b"\n", np.uint8)
    quotes = np.flatnonzero(code == ord('"'))
    ends = np.flatnonzero(np.isin(code, list((delimiter or " \t").encode() + b"\n")))
    if len(quotes) % 2:
        return None
    first, last = quotes[::2], quotes[1::2]
    cell = np.searchsorted(ends, first)  # the end of a cell that follows a quote
    enclosed = (ends[cell - 1] == first - 1) & (ends[cell] == last + 1) & (last > first + 1)
    if not enclosed.all():
        return None
    return text.translate(None, b'"')


def _read_exactly(
    lines: list[bytes], start: int, first: int, delimiter: str | None, allow_nan: bool
) -> NDArray[Any]:
    """Read cell by cell; the line `first` says how many cells a row has."""
    width = len(cells_of(_data(lines[first]) if first == start else lines[first], delimiter))
    rows = []
    for at in range(start, len(lines)):
        if is_blank(lines[at]):
            continue
        row: list[int | float] = []
        for cell in cells_of(_data(lines[at]), delimiter):
            place = f"line {at + 1}, column {len(row) + 1}"
            if len(row) == width:
                raise ConvError(f"{place}: got '{shortened(cell)}', {_asked(width, first)}")
            try:
                row.append(_number(cell, allow_nan))
            except ConvError as error:
                raise error.about(place) from None
        if len(row) < width:
            place = f"line {at + 1}, column {len(row) + 1}"
            raise ConvError(f"{place}: got no cell, {_asked(width, first)}")
        rows.append(row)
    whole = all(isinstance(value, int) for row in rows for value in row)
    return np.array(rows, np.int64 if whole else np.float64)


def _data(line: bytes) -> bytes:
    return line.partition(b"#")[0]


def _asked(width: int, first: int) -> str:
    cells = "1 cell is" if width == 1 else f"{width} cells are"
    return f"{cells} needed as in line {first + 1}"


def _number(cell: str, allow_nan: bool) -> int | float:
    got = f"got '{shortened(cell)}'"
    try:
        value = read_number(cell, special=allow_nan)
    except ConvError as error:
        if not cell:
            raise ConvError("got an empty cell, a number is needed") from None
        if is_special(cell):
            raise ConvError(f"{error} (--allow-nan reads it)") from None
        if _WITH_COMMAS.fullmatch(cell):
            needed = "a number with a decimal point and no commas is needed"
        elif any("\ud800" <= c <= "\udfff" for c in cell):
            needed = "UTF-8 text is needed"
        elif "\0" in cell:
            needed = "text without NUL bytes is needed"
        else:  # no usage error: the call is right, the data are not
            raise ConvError(str(error)) from None
        raise ConvError(f"{got}, {needed}") from None
    if isinstance(value, int) and not _INT64.min <= value <= _INT64.max:
        raise ConvError(
            f"{got}, whole numbers from {_INT64.min} to {_INT64.max} are allowed "
            "(a point at the end makes it a float)"
        )
    return value


def shortened(cell: str) -> str:
    """Put a cell into a message."""
    return brief(cell, 20)


_CHUNK = 8192  # cells: about 64 KiB of text


def csv_chunks(array: NDArray[Any]) -> Iterator[bytes]:
    r"""Write a matrix as CSV, some 64 KiB at a time; several with a blank line between them.

    Whole numbers are written as such, bool as 0 and 1, and floats in the fewest digits that read back as the
    exact value (a float32 is widened first), always with a point or an exponent.

    Parameters
    ----------
    array : ndarray of shape (H, W) or (C, H, W)

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
    if array.ndim not in (2, 3):
        raise ConvError(
            f"CSV holds 2 or 3 dimensions: got {size_text(array.shape) or 'a single number'}, "
            "--format npy writes any number of them"
        )
    if array.dtype.kind not in "biuf":
        raise ConvError(f"CSV holds real numbers: got {array.dtype}")
    return _chunks(array)


def _chunks(array: NDArray[Any]) -> Iterator[bytes]:
    if array.ndim == 3:
        for at, plane in enumerate(array):
            yield from [b"\n"] if at else []
            yield from _chunks(plane)
        return
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
