"""The standard streams, made safe: notes never cost a result, and no file takes the number of a stream."""

import codecs
import io
import os
import sys
from collections.abc import Callable, Iterable
from typing import TextIO

from convcli.engine.errors import printable

__all__ = ["row_printer", "secure", "settle"]


_SPELLED = "convcli.spelled"

SPELLING = {
    **{"⌊": "floor(", "⌋": ")", "⌈": "ceil(", "⌉": ")"},
    **{"−": "-", "·": ".", "×": "x", "²": "^2", "√": "sqrt", "…": "...", "→": "->"},
    **{"■": "#", "█": "#", "▀": "#", "─": "-", "━": "-", "│": "|"},
}
"""What formulas and drawings are made of, in ASCII."""


def _spelled(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end]
    escaped = (c.encode("ascii", "backslashreplace").decode() for c in lacking)
    return "".join(map(SPELLING.get, lacking, escaped)), error.end


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

    Under the number of a stream that is closed /dev/null is opened, so that no file of ours gets it; but writing to a
    closed standard output fails, as it should. What an encoding lacks is spelled in ASCII if formulas and drawings have
    it, else escaped.
    """
    codecs.register_error(_SPELLED, _spelled)
    for number, how in enumerate((os.O_RDONLY, os.O_RDONLY, os.O_WRONLY)):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, how)  # takes the lowest number that is free
    if sys.stdout is None:
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    out, err = sys.stdout, sys.stderr
    if isinstance(out, io.TextIOWrapper) and not _is_utf8(out):
        out.reconfigure(errors=_SPELLED)
    if err is None or isinstance(err, io.TextIOWrapper):
        file = io.FileIO(2, "w", closefd=False)
        encoding = "utf-8" if err is None else err.encoding
        buffer = io.BufferedWriter(file)
        sys.stderr = _Notes(buffer, encoding, errors=_SPELLED, line_buffering=True)


def settle() -> None:
    """Drop what standard output does not take, so that the interpreter does not complain of it when it ends."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class _Out:
    """Standard output for csv: bytes of a name that are no UTF-8 go out as they are, and a slow source is answered."""

    def write(self, text: str) -> None:
        sys.stdout.buffer.write(text.encode("utf-8", "surrogateescape"))
        sys.stdout.buffer.flush()


def row_printer() -> Callable[[Iterable[object]], object]:
    """Give what prints a row of CSV at a time; on a terminal, text stands without what that would act on."""
    import csv  # a size alone needs none

    sys.stdout.flush()
    write = csv.writer(_Out(), lineterminator="\n").writerow
    if not sys.stdout.isatty():
        return write
    return lambda row: write([printable(c) if isinstance(c, str) else c for c in row])


def _is_utf8(stream: TextIO) -> bool:
    return stream.encoding.lower().replace("-", "") == "utf8"
