"""How much may be read, and how much memory a result may take: asked before it is allocated."""

import os
import re
from contextlib import suppress
from pathlib import Path

from convcli.engine.errors import ConvError, printable

__all__ = ["MAX_PIXELS", "check_free", "check_memory", "read_bytes_text"]

MAX_PIXELS = 2**28
"""The largest number of pixels of a picture that is read unless told otherwise."""

_SHARE = 0.8
"""Of the free memory, what a result may take unless told otherwise."""

_UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}


def read_bytes_text(text: str) -> int:
    """Read an amount of memory: bytes, or K, M, G, T in powers of 1024.

    Raises
    ------
    ConvError

    Examples
    --------
    >>> read_bytes_text("2G")
    2147483648
    """
    found = re.fullmatch(r"([0-9]{1,15})([KMGT]?)(i?B)?", text.strip(), re.IGNORECASE)
    if not found or not int(found[1]):
        raise ConvError(f"got '{printable(text)}', bytes are needed, as in 500M or 2G", usage=True)
    return int(found[1]) * _UNITS[found[2].upper()]


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
    allowed = (_SHARE * _free() if limit is None else limit) / among
    if need > allowed:
        share = f", shared by {among} jobs" if among > 1 else ""
        raise ConvError(
            f"the result needs {_shown(need)} of memory, {_shown(allowed)} are allowed (--max-memory{share})"
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
    allowed = _SHARE * _free()
    if need > allowed:
        raise ConvError(f"needs {_shown(need)} of memory, {_shown(allowed)} are free")


def _free() -> float:
    """Bytes that the machine can give without swapping; endless where it does not say."""
    with suppress(OSError, ValueError):
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    with suppress(OSError, ValueError, AttributeError):
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2
    return float("inf")


def _shown(count: float) -> str:
    size, unit = count, 0
    names = ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")
    while size >= 1024 and unit < len(names) - 1:
        size, unit = size / 1024, unit + 1
    return f"{size:.4g} {names[unit]}"
