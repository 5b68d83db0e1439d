"""Bytes from a file, a pipe or a device, judged as they come: what can be no text, and what has no end, is not read whole."""

import codecs
import os
from io import BytesIO
from math import inf
from typing import IO, BinaryIO

from convcli.engine.errors import ConvError
from convcli.files.memory import amount, free
from convcli.files.sniff import ARE_READ, HEAD, described, sniff

__all__ = ["GZIP", "PER_BYTE", "read_binary", "read_whole"]

GZIP = b"\x1f\x8b"
"""First bytes of a packed file."""
_BLOCK = 1 << 20
_CHECKED = 1 << 26
"""So many bytes are read before the free memory is looked at again: others may have taken it."""
PER_BYTE = 6
"""Bytes of memory that reading a text takes for each of its bytes: lines, and cells of 64 bits."""
_LONGEST = 1 << 26
"""Bytes of a text of names or layers."""
_SHARE = 0.25
"""Of the free memory, and of the room for temporary files, what a stream may take unless told otherwise."""
_HELD = 1 << 26
"""Bytes of a stream that are held in memory: what comes further waits on disk, until its end has come."""
_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def read_whole(file: BinaryIO, limit: float | None = None, *, text: bool = False) -> bytes:
    """Read to the end a picture, an array, a text, or what gzip packed.

    Parameters
    ----------
    file : binary file
    limit : float, optional
        Bytes of memory that this may take; unless told a quarter of what is free. A text counts six times: its
        lines and numbers have to stand beside it.
    text : bool
        Whether nothing but a text is wanted, of names or layers: 64 MiB are enough.

    Raises
    ------
    ConvError
        A text holds null bytes, and is longer than a block; there is more than the limit.
    OSError
        It cannot be read.
    """
    first = file.read(_BLOCK)
    kind = None if text else sniff(first[:HEAD])
    plain = kind is None and (text or not first.startswith(GZIP)) and not first.startswith(_MARKS)
    if (
        plain and len(first) == _BLOCK and b"\0" in first
    ):  # of a short one the parser knows the place
        needed = "text is needed" if text else f"{ARE_READ}, and so are NPY and text"
        what = described(first)  # (a text or JSON it is not)
        raise ConvError(f"is {'binary data' if what in ('text', 'JSON') else what}, {needed}")
    if text:
        return read_binary(file, _LONGEST, first, plain=plain, of="of names and layers")
    return read_binary(file, limit, first, PER_BYTE if kind is None else 1, plain=plain)


def read_binary(
    file: BinaryIO,
    limit: float | None = None,
    first: bytes = b"",
    each: int = 1,
    *,
    plain: bool = False,
    of: str = "--max-memory",
) -> bytes:
    """Read to the end, whatever it is.

    Parameters
    ----------
    file : binary file
    limit : float, optional
        As `read_whole` has it.
    first : bytes
        What was read already.
    each : int
        Bytes of memory that a byte takes.
    plain : bool
        Whether null bytes are an error.
    of : str
        What the limit is, for the message.

    Raises
    ------
    ConvError
    OSError
    """
    done, lines, checked, block = 0, 0, 0, first or file.read(_BLOCK)
    allowed = 0.0
    with _Held(_HELD if limit != inf else inf) as held:
        while block:
            if done >= checked:
                allowed = held.allowed(each) if limit is None else limit
                checked = done + _CHECKED
            done += len(block)
            if done * each > allowed and done > _BLOCK:  # (that much is read in any case)
                raise _endless(
                    done, allowed, each, "a quarter of what is free" if limit is None else of
                )
            held.write(block)
            lines += block.count(b"\n") if plain else 0
            block = file.read(_BLOCK)
            if plain and b"\0" in block:
                line = lines + block[: block.index(b"\0")].count(b"\n") + 1
                raise ConvError(f"line {line}: got a null byte, text is needed")
        return held.whole()


class _Held:
    """Bytes that come one after the other: in memory, and once they are more than `most` in a temporary file."""

    def __init__(self, most: float) -> None:
        self.most = most
        self.place: IO[bytes] = BytesIO()

    def __enter__(self) -> "_Held":
        return self

    def __exit__(self, *_: object) -> None:
        self.place.close()

    def allowed(self, each: int) -> float:
        """Bytes of memory that all may take in the end, `each` for one of them."""
        done = self.place.tell()
        if isinstance(self.place, BytesIO):
            return _SHARE * (free() + done)  # what is held already is not free any more
        room = os.fstatvfs(self.place.fileno())
        return _SHARE * min(free(), each * (room.f_bavail * room.f_frsize + done))

    def write(self, block: bytes) -> None:
        if isinstance(self.place, BytesIO):
            self.place.write(block)
            if self.place.tell() > self.most:
                self._move()
            return
        end = self.place.tell()
        try:
            _write(self.place, block)
        except OSError:  # the disk is full
            self.place.truncate(end)
            whole = self.whole()
            self.place.close()
            self.most, self.place = inf, BytesIO(whole)
            self.place.seek(end)
            self.place.write(block)

    def _move(self) -> None:
        """Go on in a file, if one can be had."""
        import tempfile  # nearly all that comes is short

        self.most, file = inf, None
        try:
            file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - it is held
            _write(file, self.whole())
        except OSError:
            if file is not None:
                file.close()
            return
        self.place = file

    def whole(self) -> bytes:
        """Return all of them; nothing more is to be written."""
        if isinstance(self.place, BytesIO):
            return self.place.getvalue()  # (it gives its memory away, and makes no copy)
        self.place.seek(0)
        return self.place.read()


def _write(file: IO[bytes], block: bytes) -> None:
    left = memoryview(block)
    while left:
        left = left[file.write(left) :]


def _endless(done: int, allowed: float, each: int, of: str) -> ConvError:
    what = f"a text of {amount(done)} or more" if each > 1 else f"{amount(done)} or more"
    needs = f" needs {amount(done * each)} of memory" if each > 1 else ""
    return ConvError(f"has no end in reach: {what}{needs}, {amount(allowed)} are allowed ({of})")
