"""A CSV of layers, answered row by row: what `convcli shape -` does. Constant memory, whatever the number of rows."""

import csv
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import Any

from convcli.engine.errors import ConvError, printable
from convcli.engine.sizes import notation
from convcli.engine.sizes.geometry import Padding, axes, size_text

__all__ = ["COLUMNS", "Defaults", "OutputRow", "output_rows"]

COLUMNS = ("n", "k", "p", "s", "d", "ceil")
"""The columns that are read; others are passed on."""

_YES = ("1", "true", "yes")
_NO = ("0", "false", "no")


@dataclass(frozen=True)
class Defaults:
    """A layer as far as it is known; what a row leaves out is taken from here."""

    n: tuple[int, ...] | None = None
    k: tuple[int, ...] | None = None
    p: Padding = Padding()  # noqa: RUF009  frozen
    s: tuple[int, ...] = (1,)
    d: tuple[int, ...] = (1,)
    ceil: bool = False


@dataclass(frozen=True)
class OutputRow:
    """One line of the result: its cells, or what is wrong with the row."""

    line: int
    cells: list[str]
    error: ConvError | None = None


def output_rows(lines: Iterable[str], given: Defaults) -> Iterator[OutputRow]:
    r"""Give every row of a CSV: the head with ``out`` appended, then each row with its output size.

    Parameters
    ----------
    lines : iterable of str
        With their line ends. Cells are parted by commas, or by semicolons where the head has no comma; capitals in the
        head count as small letters.
    given : Defaults

    Yields
    ------
    OutputRow
        As soon as its line is read. A row that cannot be answered has `error` set; blank lines are left out.

    Raises
    ------
    ConvError
        The head itself cannot be read.

    Examples
    --------
    >>> [a.cells for a in output_rows(["n,k\n", "8,3\n"], Defaults())]
    [['n', 'k', 'out'], ['8', '3', '6']]
    """
    lines = iter(lines)
    first = next(lines, "")
    parting = ";" if ";" in first and "," not in first else ","
    reader = csv.reader(chain([first], lines), delimiter=parting)
    head = _head(reader, given)
    yield OutputRow(1, [*head, "out"])
    at = {name.lower(): i for i, name in enumerate(head) if name.lower() in COLUMNS}
    known = vars(given)
    while True:
        try:
            row = next(reader)
            if row:
                out = size_text(_output(row, len(head), at, known))
                yield OutputRow(reader.line_num, [*row, out])
        except StopIteration:
            return
        except csv.Error as error:
            yield OutputRow(reader.line_num, [], ConvError(f"no CSV: {error}"))
        except ConvError as error:
            yield OutputRow(reader.line_num, [], error)


def _head(reader: Iterator[list[str]], given: Defaults) -> list[str]:
    try:
        head = [name.strip() for name in next(reader, [])]
    except csv.Error as error:
        raise ConvError(f"line 1: no CSV: {error}") from error
    names = [name.lower() for name in head]
    known = [name for name in names if name in COLUMNS]
    if not known:
        raise ConvError(
            f"line 1: no column of {', '.join(COLUMNS)} in the head, got '{printable(','.join(head))}'"
        )
    for name in names:
        if name == "out" or (name in COLUMNS and names.count(name) > 1):
            raise ConvError(
                f"line 1: column '{name}' is {'there already' if name == 'out' else 'there twice'}"
            )
    for name, value in (("n", given.n), ("k", given.k)):
        if name not in names and value is None:
            raise ConvError(f"line 1: no column '{name}', and no -{name} is given")
    return head


def _output(
    row: list[str], width: int, at: dict[str, int], given: dict[str, Any]
) -> tuple[int, ...]:
    if len(row) != width:
        raise ConvError(f"got {len(row)} cells, the head has {width}")
    known = dict(given)
    for name, i in at.items():
        cell = row[i].strip()
        if cell:
            try:
                known[name] = _READERS[name](cell)
            except ConvError as error:
                raise error.about(name) from error
    for name in ("n", "k"):
        if known[name] is None:
            raise ConvError(f"{name} is blank, and no -{name} is given")
    found = axes(
        known["n"],
        known["k"],
        padding=known["p"],
        stride=known["s"],
        dilation=known["d"],
        ceil=known["ceil"],
    )
    return tuple(a.out for a in found)


def _yes(text: str) -> bool:
    if text.lower() not in (*_YES, *_NO):
        raise ConvError(
            f"got '{printable(text)}', {', '.join(_YES)} or {', '.join(_NO)} are allowed"
        )
    return text.lower() in _YES


# columns repeat their values: reading each text once makes a long CSV several times faster
_sizes = lru_cache(4096)(notation.read_sizes)
_READERS: dict[str, Callable[[str], Any]] = {
    "n": _sizes,
    "k": _sizes,
    "s": _sizes,
    "d": _sizes,
    "p": lru_cache(4096)(notation.read_padding),
    "ceil": _yes,
}
