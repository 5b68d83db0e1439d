"""What was given as labelled data, looked at just so far that its format can be told."""

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from math import inf
from pathlib import Path
from typing import BinaryIO, Literal, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from convcli.engine.errors import ConvError, display_name
from convcli.files import incoming
from convcli.files.memory import amount, check_free
from convcli.files.operands import contents
from convcli.files.output import about_file
from convcli.files.sniff import HEAD

__all__ = ["Part", "Source", "fill", "look", "read_whole", "size_of", "unpacked"]

Part: TypeAlias = Literal["train", "test"]

SWELL = 1040
"""More times its size no deflated stream becomes (zlib's technical notes: 1032 at most)."""
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Source:
    """What a call names as its data.

    Parameters
    ----------
    name : str
        As it was given.
    source : bytes, Path or None
        None: a folder, or the beginning of names.
    head : bytes
        First bytes of the file, unpacked.
    part : str
        Which examples are meant, where both are there: those to learn from, or to test with.
    """

    name: str
    source: bytes | Path | None
    head: bytes
    part: Part

    @property
    def shown(self) -> str:
        """The name for messages."""
        return display_name(self.name)

    @property
    def path(self) -> Path:
        """The name as a path."""
        return Path(self.name)


def look(name: str, part: Part) -> Source:
    """Look at what is of this name.

    Raises
    ------
    ConvError
        It cannot be read.
    """
    try:
        folder = name != "-" and Path(name).is_dir()
        beginning = name != "-" and not folder and not Path(name).exists() and _begins(Path(name))
    except (OSError, ValueError):  # a name that is none: what is wrong, contents() says
        folder = beginning = False
    if folder or beginning:
        return Source(name, None, b"", part)
    source = contents(name)
    try:
        with unpacked(source) as file:
            head = file.read(HEAD)
    except OSError as error:
        raise about_file(name, error) from error
    return Source(name, source, head, part)


def _begins(path: Path) -> bool:
    return path.parent.is_dir() and any(
        entry.name.startswith(path.name) for entry in path.parent.iterdir()
    )


@contextmanager
def unpacked(source: bytes | Path) -> Iterator[BinaryIO]:
    """Open a file, or what it holds if it is packed by gzip.

    Raises
    ------
    ConvError
        While reading: the gzip stream is damaged, or ends too early.
    """
    with BytesIO(source) if isinstance(source, bytes) else source.open("rb") as raw:
        packed = raw.read(2) == incoming.GZIP
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


def size_of(source: bytes | Path) -> tuple[int, bool]:
    """Return the bytes of a file, and whether they are packed by gzip."""
    if isinstance(source, bytes):
        return len(source), source.startswith(incoming.GZIP)
    with source.open("rb") as file:
        return source.stat().st_size, file.read(2) == incoming.GZIP


def fill(file: BinaryIO, count: int, begun: bytes = b"") -> NDArray[np.uint8]:
    """Read so many bytes, the first of which are there already; fewer where the file ends.

    Raises
    ------
    ConvError
        There is not so much memory.
    """
    check_free(count)
    found = np.empty(count, np.uint8)
    done = min(len(begun), count)
    found[:done] = np.frombuffer(begun[:done], np.uint8)
    while done < count:
        chunk = file.read(min(_CHUNK, count - done))
        if not chunk:
            break
        found[done : done + len(chunk)] = np.frombuffer(chunk, np.uint8)
        done += len(chunk)
    return found[:done]


def read_whole(source: bytes | Path) -> bytes:
    """Read a text, as long as there is memory to make numbers of it.

    Raises
    ------
    ConvError
    """
    size, packed = size_of(source)
    if not packed:
        try:
            check_free(size * incoming.PER_BYTE)
        except ConvError as error:
            raise error.about(f"a text of {amount(size)}") from error
    with unpacked(source) as file:
        return incoming.read_whole(file, None if packed else inf)
