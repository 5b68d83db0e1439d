"""Text files, and standard input as one."""

import sys
from collections.abc import Iterator
from io import TextIOWrapper
from pathlib import Path
from typing import BinaryIO

from convcli.engine.errors import ConvError, display_name

__all__ = ["decoded", "read_text", "standard_input"]


def read_text(name: str) -> str:
    """Read a text file whole, `-` for standard input.

    Raises
    ------
    ConvError
        It is no UTF-8.
    OSError
        It cannot be read.
    """
    return decoded(_stdin().read() if name == "-" else Path(name).read_bytes(), name)


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
    """Yield the lines of standard input as they come, with their ends; bytes that are no UTF-8 pass through."""
    yield from TextIOWrapper(_stdin(), encoding="utf-8-sig", errors="surrogateescape", newline="")


def _stdin() -> BinaryIO:
    if sys.stdin is None:
        raise ConvError("standard input: is closed")
    return sys.stdin.buffer
