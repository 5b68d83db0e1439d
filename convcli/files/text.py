"""Text files, and standard input as one."""

import sys
from collections.abc import Iterator
from contextlib import nullcontext
from io import TextIOWrapper
from pathlib import Path
from typing import BinaryIO

from convcli.engine.errors import ConvError, display_name
from convcli.files.incoming import read_whole

__all__ = ["decoded", "read_text", "standard_input"]

_LONGEST = 1 << 20
"""Characters of a line that is answered by itself."""


def read_text(name: str) -> str:
    """Read a text file whole, `-` for standard input.

    Raises
    ------
    ConvError
        It is no UTF-8, or has no end.
    OSError
        It cannot be read.
    """
    given = nullcontext(_stdin()) if name == "-" else None
    try:
        with given or Path(name).open("rb") as file:
            data = read_whole(file, text=True)
    except ConvError as error:
        raise error.about(display_name(name)) from error
    return decoded(data, name)


def decoded(data: bytes, name: str) -> str:
    """Take bytes for UTF-8 text.

    Raises
    ------
    ConvError
        They are none.
    """
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConvError(f"{display_name(name)}: line {line} is no UTF-8 text") from error


def standard_input() -> Iterator[str]:
    """Yield the lines of standard input as they come, with their ends; bytes that are no UTF-8 pass through.

    Raises
    ------
    ConvError
        While reading: a line has no end in reach.
    """
    lines = TextIOWrapper(_stdin(), encoding="utf-8-sig", errors="surrogateescape", newline="")
    while line := lines.readline(_LONGEST):
        if len(line) == _LONGEST:
            raise ConvError(
                f"got a line of {_LONGEST} characters or more, lines of text are needed"
            )
        yield line


def _stdin() -> BinaryIO:
    if sys.stdin is None:
        raise ConvError("standard input: is closed")
    return sys.stdin.buffer
