"""Amounts of bytes, as they are read and written; how much may be read, and how much memory a result may take."""

import os
import re
from contextlib import suppress
from pathlib import Path

from convcli.engine.errors import ConvError, printable
from convcli.engine.numbers import BLANKS, read_number

__all__ = [
    "MAX_PIXELS",
    "amount",
    "check_free",
    "check_memory",
    "check_size",
    "free",
    "read_amount",
    "too_large",
]

MAX_PIXELS = 2**28
"""The largest number of pixels of a picture that is read unless told otherwise."""

_SHARE = 0.8
"""Of the free memory, what a result may take unless told otherwise."""

_UNITS = "KMGTPE"
"""Powers of 1024, whether written K, KB or KiB: there is no other unit here."""


def amount(count: float) -> str:
    """Write a number of bytes; `read_amount` reads it.

    >>> amount(128), amount(1_500_000)
    ('128 bytes', '1.431 MiB')
    """
    if count < 10_000:
        return f"{count:.0f} bytes"
    power = 1
    while power < len(_UNITS) and count >= 1024 ** (power + 1):
        power += 1
    return f"{count / 1024**power:.4g} {_UNITS[power - 1]}iB"


def read_amount(text: str, of: str = "bytes") -> int:
    """Read a number of bytes, or of something else: plain, or in K, M, G, T, P, E, powers of 1024.

    Raises
    ------
    ConvError

    Examples
    --------
    >>> read_amount("2G"), read_amount("1.5 KiB")
    (2147483648, 1536)
    """
    found = re.fullmatch(
        rf"(\+?[0-9.]{{1,20}}) ?(?:bytes|([{_UNITS}])?(?:i?B)?)", text.strip(BLANKS), re.IGNORECASE
    )
    try:
        count = read_number(found[1]) if found else 0
    except ConvError:
        count = 0
    if found and found[2]:
        count *= 1024 ** (_UNITS.index(found[2].upper()) + 1)
    if count < 1:
        raise ConvError(f"got '{printable(text)}', {of} are needed, as in 500M or 2G", usage=True)
    return int(count)


def check_memory(need: int, limit: int | None, among: int = 1) -> None:
    """Refuse a result that does not fit.

    Parameters
    ----------
    need : int
        Bytes.
    limit : int or None
        Bytes; None is most of what the machine has free.
    among : int
        Results that are made at the same time, and share the limit.

    Raises
    ------
    ConvError
    """
    allowed = (_SHARE * free() if limit is None else limit) / among
    if need > allowed:
        share = f", shared by {among} jobs" if among > 1 else ""
        raise ConvError(
            f"the result needs {amount(need)} of memory, {amount(allowed)} are allowed (--max-memory{share})"
        )


def check_free(need: int) -> None:
    """Refuse to read what does not fit.

    Parameters
    ----------
    need : int
        Bytes.

    Raises
    ------
    ConvError
    """
    allowed = _SHARE * free()
    if need > allowed:
        raise ConvError(f"needs {amount(need)} of memory, {amount(allowed)} are free")


def free() -> float:
    """Bytes that the machine can give without swapping; endless where it does not say."""
    with suppress(OSError, ValueError):
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    with suppress(OSError, ValueError, AttributeError):
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2
    return float("inf")


def check_size(width: int, height: int, max_pixels: int) -> None:
    """Refuse a picture without pixels, or with too many: asked before anything is decoded.

    Raises
    ------
    ConvError

    Examples
    --------
    >>> check_size(16384, 16384, 2**28)
    """
    if width < 1 or height < 1:
        raise ConvError(f"has no pixels: its size is {height}x{width}")
    if width * height > max_pixels:
        raise too_large(f"{height}x{width} = {width * height}", max_pixels)


def too_large(count: str, max_pixels: int) -> ConvError:
    """Build the error for a picture of so many pixels."""
    return ConvError(f"has {count} pixels, at most {max_pixels} are allowed (--max-pixels)")
