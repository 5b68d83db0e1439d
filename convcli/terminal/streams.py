"""The standard streams, made safe: notes never cost a result, and no file takes the number of a stream."""

import io
import os
import sys
from typing import TextIO

__all__ = ["secure"]


class _Notes(io.TextIOWrapper):
    """Standard error. What nobody takes (its reader went away, its disk is full) is dropped."""

    def write(self, text: str) -> int:
        try:
            return super().write(text)
        except OSError:
            self._drop()
            return len(text)

    def flush(self) -> None:
        try:
            super().flush()
        except OSError:
            self._drop()

    def _drop(self) -> None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), self.buffer.fileno())


def secure() -> None:
    """Make the streams of this process safe.

    A stream that is closed gets /dev/null's descriptor, so that no file of ours is opened under its number; that
    standard input or output is closed is told where it is used. What the encoding of standard output lacks is escaped.
    """
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest number that is free
    out, err = sys.stdout, sys.stderr
    if isinstance(out, io.TextIOWrapper) and not _is_utf8(out):
        out.reconfigure(errors="backslashreplace")
    if err is None or isinstance(err, io.TextIOWrapper):
        file = io.FileIO(2, "w", closefd=False)
        encoding = "utf-8" if err is None else err.encoding
        buffer = io.BufferedWriter(file)
        sys.stderr = _Notes(buffer, encoding, errors="backslashreplace", line_buffering=True)


def _is_utf8(stream: TextIO) -> bool:
    return stream.encoding.lower().replace("-", "") == "utf8"
