"""Decoding that begins before NumPy is loaded: it needs none, and lets go of the interpreter meanwhile."""

import os
import stat
import threading
from contextlib import suppress
from io import BytesIO
from mmap import mmap
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from convcli.engine.errors import ConvError
from convcli.files.sniff import HEAD, picture_format

if TYPE_CHECKING:  # most operands are no photographs
    from PIL.ImageFile import ImageFile

__all__ = ["Opened", "begin", "opened"]

_FORMATS = ("PNG", "JPEG")

_BLOCK = 1 << 22
"""Bytes of a file that are handed to the decoder at a time: after each it waits for the interpreter."""

_LARGEST = 1 << 25
"""Bytes of a file that is read at once, so that the decoder waits for no read."""

_MOST = 1 << 25
"""Pixels at most that are decoded ahead: beside more, what NumPy takes is nothing, and a call may end early."""


class Opened(NamedTuple):
    """A file that Pillow has opened."""

    image: "ImageFile"
    memory: mmap | None = None
    """The decoded pixels, as of `opening.lend`; None if nothing is decoded yet."""


class _Begun(threading.Thread):
    """Decodes; what goes wrong is left to be found by who reads the file."""

    def __init__(self, opened: Opened) -> None:
        super().__init__(name="convcli-ahead")
        self.opened, self.done = opened, False

    def run(self) -> None:
        with suppress(Exception):
            self.opened.image.load()
            self.done = True


_begun: dict[tuple[int, ...], _Begun] = {}


def begin(name: str, max_pixels: int) -> None:
    """Begin to decode a file if it is a plain photograph; what is wrong with it is told when it is read."""
    _begun.clear()  # of a call before, in the same process, that was refused
    with suppress(OSError, ValueError, ConvError, MemoryError):
        path = Path(name)
        about = path.stat()
        if name == "-" or not stat.S_ISREG(about.st_mode) or about.st_size > _LARGEST:
            return
        with path.open("rb") as file:
            known = _identity(file)
            format = picture_format(file.read(HEAD))
            if format not in _FORMATS:
                return
            file.seek(0)
            data = BytesIO(file.read())
        begun = _begin(data, format, min(max_pixels, _MOST))
        if begun is not None:
            _begun[known] = begun
            begun.start()


def _begin(data: BytesIO, format: str, max_pixels: int) -> _Begun | None:
    from convcli.files.opening import lend, open_picture, rawmode

    image = open_picture(data, format, max_pixels)
    if {rawmode(tile) for tile in image.tile} != {image.mode}:
        return None
    memory = lend(image)
    if memory is None:
        return None
    image.decodermaxblock = _BLOCK
    if format == "PNG":
        _join(image)
    return _Begun(Opened(image, memory))


def _join(image: "ImageFile") -> None:
    """Let the chunks of a PNG be read as if they were long: many have 8 KiB."""
    read = image.load_read  # type: ignore[attr-defined]

    def joined(most: int) -> bytes:
        parts: list[bytes] = []
        while (part := read(most)) and (most := most - len(part)) > 0:
            parts.append(part)
        return b"".join((*parts, part))

    setattr(image, "load_read", joined)  # noqa: B010 - a method, by its type


def _identity(file: BinaryIO) -> tuple[int, ...]:
    """Return what tells an open file from others, and from itself when it is another content."""
    try:
        about = os.fstat(file.fileno())
    except OSError:  # it is in memory
        return ()
    return about.st_dev, about.st_ino, about.st_size, about.st_mtime_ns


def opened(file: BinaryIO, format: str, max_pixels: int) -> Opened:
    """Return a file's picture as `opening.open_picture` does, decoded if that was begun.

    Raises
    ------
    ConvError
    """
    begun = _begun.pop(_identity(file), None) if _begun else None
    if begun is not None:
        begun.join()
        if begun.done:
            return begun.opened
    from convcli.files.opening import open_picture

    return Opened(open_picture(file, format, max_pixels))
