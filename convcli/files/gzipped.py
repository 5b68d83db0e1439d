"""Files packed by gzip, read as what they hold."""

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from math import inf
from pathlib import Path
from typing import BinaryIO, cast

from convcli.engine.errors import ConvError
from convcli.files.incoming import GZIP, PER_BYTE, read_whole
from convcli.files.memory import amount, check_free

__all__ = ["CHUNK", "read_unpacked", "unpacked"]

CHUNK = 1 << 20
"""Bytes that are read at a time."""


@contextmanager
def unpacked(source: bytes | Path) -> Iterator[BinaryIO]:
    """Open a file, or what it holds if it is packed by gzip.

    Raises
    ------
    ConvError
        While reading: the gzip stream is damaged, or ends too early.
    """
    with BytesIO(source) if isinstance(source, bytes) else source.open("rb") as raw:
        packed = raw.read(2) == GZIP
        raw.seek(0)
        if not packed:
            yield raw
            return
        try:
            with gzip.GzipFile(fileobj=raw) as file:
                yield cast(BinaryIO, file)
        except EOFError as error:
            raise ConvError("the gzip stream ends too early: the file is truncated") from error
        except (gzip.BadGzipFile, zlib.error) as error:
            raise ConvError(f"the gzip stream is damaged: {error}") from error


def read_unpacked(source: bytes | Path, limit: int | None = None) -> bytes:
    """Read a file whole, unpacked, as long as there is memory for what becomes of it.

    Parameters
    ----------
    source : bytes or Path
    limit : int, optional
        Bytes of memory that what is packed may take, as `incoming.read_whole` has it; of what is not packed it is known
        how much it is.

    Raises
    ------
    ConvError
    """
    with unpacked(source) as file:
        if isinstance(file, gzip.GzipFile):
            return read_whole(file, limit)
        if isinstance(source, bytes):
            return source
        size = source.stat().st_size
        try:
            check_free(size * PER_BYTE)
        except ConvError as error:
            raise ConvError(f"a file of {amount(size)} {error}") from error
        return read_whole(file, inf)
