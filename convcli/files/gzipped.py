"""Files packed by gzip, read as what they hold."""

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, cast

from convcli.engine.errors import ConvError
from convcli.files.memory import amount, check_free

__all__ = ["CHUNK", "GZIP", "read_unpacked", "unpacked"]

GZIP = b"\x1f\x8b"
"""First bytes of a packed file."""
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


def read_unpacked(source: bytes | Path, *, per_byte: float = 1) -> bytes:
    """Read a file whole, unpacked, as long as there is memory for what becomes of it.

    Parameters
    ----------
    source : bytes or Path
    per_byte : float
        Bytes of memory that each byte will take.

    Raises
    ------
    ConvError
    """
    chunks, done, checked = [], 0, 0
    with unpacked(source) as file:
        while chunk := file.read(CHUNK):
            chunks.append(chunk)
            done += len(chunk)
            if done >= 2 * checked:
                try:
                    check_free(int(done * per_byte))
                except ConvError as error:
                    raise ConvError(f"a file of {amount(done)} or more {error}") from error
                checked = done
    return b"".join(chunks)
