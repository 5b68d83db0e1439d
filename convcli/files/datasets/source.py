"""What was given as labelled data, looked at just so far that its format can be told."""

from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from convcli.engine.errors import display_name
from convcli.files.gzipped import CHUNK, unpacked
from convcli.files.incoming import GZIP
from convcli.files.memory import check_free
from convcli.files.operands import contents
from convcli.files.output import about_file
from convcli.files.sniff import HEAD

__all__ = ["Part", "Source", "fill", "look", "size_of"]

Part: TypeAlias = Literal["train", "test"]

SWELL = 1040
"""More times its size no deflated stream becomes (zlib's technical notes: 1032 at most)."""


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


def size_of(source: bytes | Path) -> tuple[int, bool]:
    """Return the bytes of a file, and whether they are packed by gzip."""
    if isinstance(source, bytes):
        return len(source), source.startswith(GZIP)
    with source.open("rb") as file:
        return source.stat().st_size, file.read(2) == GZIP


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
        chunk = file.read(min(CHUNK, count - done))
        if not chunk:
            break
        found[done : done + len(chunk)] = np.frombuffer(chunk, np.uint8)
        done += len(chunk)
    return found[:done]
