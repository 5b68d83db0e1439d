"""A table of pictures as text: the label of each stands before its pixels."""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from convcli.engine.errors import ConvError
from convcli.engine.numbers import is_whole
from convcli.files.arrays.csv_format import (
    cells_of,
    delimiter_of,
    is_blank,
    is_name,
    read_csv,
    shortened,
    unified,
)
from convcli.files.datasets.labelled import Labelled
from convcli.files.datasets.scaling import narrowed
from convcli.files.datasets.shapes import square
from convcli.files.datasets.source import Source
from convcli.files.gzipped import read_unpacked
from convcli.files.memory import check_size
from convcli.files.output import about_file

__all__ = ["claims", "read"]

_BLOCK = 4 << 20
"""Bytes of text that are read at a time: their cells take a multiple of that."""
_WHOLE_FLOAT = re.compile(r"([+-]?[0-9]+)\.0*")
LABEL = "label"


class _Table(NamedTuple):
    lines: list[bytes]
    first: int
    """The first line that is not blank: names, or data."""
    start: int
    """The first line of data."""
    delimiter: str | None
    width: int
    """Cells a line, the label included."""

    @property
    def named(self) -> bool:
        """Whether the first line names the columns."""
        return self.start > self.first


def claims(given: Source) -> bool:
    """Whether it is a file: what is no other format is text."""
    return given.source is not None


def read(given: Source, max_pixels: int) -> Labelled:
    """Read a table.

    Raises
    ------
    ConvError
        With the line: a label is empty, a cell no number, a line longer or shorter, the pixels no square.
    """
    assert given.source is not None
    try:
        table = _table(unified(read_unpacked(given.source)))
        side = _side(table)
        check_size(side, side, max_pixels)
        texts, rows = _labels(table)
        _check_first(texts, table)
        blocks = [narrowed(block[:, 1:]) for block in _blocks(table, rows, given.shown)]
    except OSError as error:
        raise about_file(given.shown, error) from error
    except ConvError as error:
        about = given.shown
        raise error if str(error).startswith(f"{about}: ") else error.about(about) from error
    x: NDArray[Any] = np.concatenate(blocks)
    return Labelled(given.name, tuple(texts), x.reshape(len(x), 1, side, side))


def _table(data: bytes) -> _Table:
    lines = data.split(b"\n")
    full = (at for at, line in enumerate(lines) if not is_blank(line))
    first = next(full, None)
    if first is None:
        raise ConvError("got no lines, a label and pixels in each are needed")
    second = next(full, None)
    delimiter = delimiter_of(lines[first], lines[first if second is None else second])
    names = cells_of(lines[first], delimiter)
    place = f"line {first + 1}"
    lower = [name.lower() for name in names]
    named = LABEL in lower
    if named and lower[0] != LABEL:
        raise ConvError(
            f"{place}: the column label is number {lower.index(LABEL) + 1} of {len(names)}, it must be the first"
        )
    if not named and len(names) > 1 and all(map(is_name, names[1:])):
        raise ConvError(
            f"{place}: got the names '{shortened(names[0])}', '{shortened(names[1])}' …, "
            "the first must be label"
        )
    if named and second is None:
        raise ConvError(f"{place}: got names and no more, a label and pixels a line are needed")
    return _Table(lines, first, second if named and second else first, delimiter, len(names))


def _side(table: _Table) -> int:
    line = table.start + 1
    try:
        if table.width < 2:
            got = shortened(table.lines[table.start].decode(errors="surrogateescape"))
            raise ConvError(f"got '{got}', a label and pixels after it are needed")
        return square(table.width - 1)
    except ConvError as error:
        raise error.about(f"line {line}") from error


def _labels(table: _Table) -> tuple[list[str], list[tuple[int, bytes]]]:
    """Cut the labels off; a 0 takes the place of each, so that columns keep their numbers."""
    texts: list[str] = []
    rows: list[tuple[int, bytes]] = []
    mark = None if table.delimiter is None else table.delimiter.encode()
    zero = b"0" + (mark or b" ")
    for at in range(table.start, len(table.lines)):
        line = table.lines[at]
        if not line or line.isspace() or line.lstrip()[:1] == b"#":
            continue
        if line.lstrip()[:1] == b'"':
            label, parted, rest = _quoted(line, mark)
        elif mark is None:
            label, parted, rest = line.strip().replace(b"\t", b" ").partition(b" ")
        else:
            label, parted, rest = line.partition(mark)
        text = label.decode("utf-8", "surrogateescape").strip()
        if not text or any("\ud800" <= c <= "\udfff" or c == "\0" for c in text):
            got = f"'{shortened(text)}'" if text else "an empty label"
            raise ConvError(f"line {at + 1}: got {got}, a number or UTF-8 text is needed")
        whole = _WHOLE_FLOAT.fullmatch(text)
        texts.append(whole[1] if whole else text)
        rows.append((at, zero + rest if parted else b"0"))
    return texts, rows


def _quoted(line: bytes, mark: bytes | None) -> tuple[bytes, bytes, bytes]:
    """Part a line after a label in double quotes, in which a doubled one stands for itself."""
    parted = rb"(" + (re.escape(mark) if mark else b"") + rb")"
    found = re.match(rb'\s*"((?:[^"]|"")*)"[ \t]*?' + parted, line)
    if found is None:
        return line, b"", b""
    return found[1].replace(b'""', b'"'), mark or b" ", line[found.end() :]


def _check_first(texts: list[str], table: _Table) -> None:
    """Refuse a line of names that could be taken for data: `digit,0,1,2,3`."""
    if table.named or len(texts) < 2 or is_whole(texts[0]):
        return
    if all(is_whole(text) for text in texts[1:]):
        raise ConvError(
            f"line {table.start + 1}: got the label '{shortened(texts[0])}' where all others are whole numbers; "
            "the name of the first column must be label"
        )


def _blocks(table: _Table, rows: list[tuple[int, bytes]], name: str) -> Iterator[NDArray[Any]]:
    """Read the lines some at a time, each at its own number and below names that say how many cells it has."""
    names = (table.delimiter or " ").join(["a"] * table.width).encode()
    begin = 0
    while begin < len(rows):
        end, size = begin, 0
        while end < len(rows) and size < _BLOCK:
            size += len(rows[end][1])
            end += 1
        lines = [b""] * table.first
        if table.named or begin:
            lines.append(names)
        for at, line in rows[begin:end]:
            lines.extend([b""] * (at - len(lines)))
            lines.append(line)
        yield read_csv(b"\n".join(lines), name, planes=False)
        begin = end
