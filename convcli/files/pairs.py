"""A table of pairs of files: an input and its answer a line."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from convcli.engine.errors import ConvError, printable
from convcli.files.output import about_file
from convcli.files.text import read_text

__all__ = ["read_pairs"]


def read_pairs(name: str) -> list[tuple[str, str]]:
    """Read a CSV of two columns, the names of an input and of its answer; blank lines and a head `x,y` are passed over.

    Parameters
    ----------
    name : str
        The file, ``-`` for standard input. Names in it are relative to its folder.

    Raises
    ------
    ConvError
        It cannot be read, or a line has not two names.
    """
    shown = "standard input" if name == "-" else name
    try:
        text = read_text(name)
    except OSError as error:
        raise about_file(shown, error) from error
    folder = Path() if name == "-" else Path(name).parent
    pairs: list[tuple[str, str]] = []
    for number, row in enumerate(_rows(text, shown), 1):
        cells = [cell.strip() for cell in row]
        if not any(cells) or (number == 1 and [c.lower() for c in cells] == ["x", "y"]):
            continue
        if len(cells) != 2 or not all(cells):
            raise ConvError(
                f"{printable(shown)}: line {number} has {len(cells)} cells, "
                "the names of an input and of its answer are needed"
            )
        pairs.append((str(folder / cells[0]), str(folder / cells[1])))
    if not pairs:
        raise ConvError(f"{printable(shown)}: has no lines, pairs of file names are needed")
    return pairs


def _rows(text: str, shown: str) -> Iterator[list[str]]:
    reader = csv.reader(io.StringIO(text, newline=None))  # any line end is one
    try:
        yield from reader
    except csv.Error as error:
        raise ConvError(f"{printable(shown)}: line {reader.line_num}: {error}") from error
