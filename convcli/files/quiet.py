"""Keep Pillow and libtiff from writing about damaged files to standard error: the error that is raised says it."""

import ctypes
import logging
from contextlib import suppress
from functools import cache
from pathlib import Path

import PIL

__all__ = ["silence_libtiff"]

logging.getLogger("PIL").addHandler(logging.NullHandler())


@cache
def silence_libtiff() -> None:
    """Take libtiff's error handler away, once in a process. Where the library is not found, it goes on talking.

    (Pillow has no call for this. Turning standard error away while it decodes would lose the lines of other threads.)
    """
    for library in _loaded():
        with suppress(OSError, AttributeError):
            ctypes.CDLL(library).TIFFSetErrorHandler(None)


def _loaded() -> set[str]:
    maps = Path("/proc/self/maps")
    with suppress(OSError):
        lines = maps.read_text(errors="surrogateescape").splitlines()
        return {line.split(maxsplit=5)[5] for line in lines if "/libtiff" in line}
    return {str(path) for path in Path(PIL.__file__).parent.glob(".dylibs/libtiff*")}  # macOS
