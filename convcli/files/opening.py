"""Pictures' files opened by Pillow, and memory for it to decode into; nothing here needs NumPy."""

import logging
import mmap
import re
import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO

import PIL
from PIL import Image, ImageFile, UnidentifiedImageError

from convcli.engine.errors import ConvError, printable
from convcli.files.memory import check_size, too_large

__all__ = ["UnknownSamplesError", "lend", "open_picture", "rawmode", "told"]

_PLUGINS = {"PNG": "PngImagePlugin", "JPEG": "JpegImagePlugin"}
"""What reads the everyday formats: `Image.open` would load three more before it."""

_UNKNOWN = ("unknown pixel mode", "unknown raw mode for given image mode")
"""What Pillow says of a page, and of bands apart, that it cannot read."""

_BYTES = {"L": ("L", 1), "RGB": ("RGBX", 4), "RGBA": ("RGBA", 4)}
"""By mode: that of an image of Pillow's which lies in memory as this one does, and its bytes a pixel."""


class UnknownSamplesError(ConvError):
    """Pillow, or what takes planes from it, has no way to read such samples: another library may."""


def open_picture(file: BinaryIO, format: str, max_pixels: int) -> ImageFile.ImageFile:
    """Read the head of a picture's file.

    Parameters
    ----------
    file : BinaryIO
        Seekable. (Never a name: Pillow would map some files into memory, and a file that is cut while it is read would
        end the process.)
    format : str
        What `sniff.picture_format` says.
    max_pixels : int

    Raises
    ------
    ConvError
    """
    if format == "TIFF":
        _silence_libtiff()
    # `check_size` asks before anything is decoded; but of a GIF Pillow makes canvases while it opens it and counts its
    # frames, and refuses those of more than twice this many pixels
    Image.MAX_IMAGE_PIXELS = max_pixels / 2 if format == "GIF" else None  # type: ignore[assignment]
    with told():
        image = _identified(file, format)
        check_size(*image.size, max_pixels)
    return image


def _identified(file: BinaryIO, format: str) -> ImageFile.ImageFile:
    if format not in _PLUGINS:
        return Image.open(file, formats=[format])
    import_module(f"PIL.{_PLUGINS[format]}")
    factory, _ = Image.OPEN[format]
    file.seek(0)
    try:
        return factory(file, "")
    except (SyntaxError, IndexError, TypeError, struct.error) as error:
        raise UnidentifiedImageError from error


@contextmanager
def told() -> Iterator[None]:
    """Turn whatever Pillow raises about a bad file into one line, and keep its warnings to itself."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except ConvError:
        raise
    except MemoryError as error:
        raise ConvError("there is not enough memory for it") from error
    except Image.DecompressionBombError as error:
        found = re.search("[0-9]+", str(error))
        most = int(2 * (Image.MAX_IMAGE_PIXELS or 0))
        raise too_large(found[0] if found else "too many", most) from error
    except UnidentifiedImageError as error:
        raise UnknownSamplesError("is broken, or of a kind that is not read here") from error
    except Exception as error:  # decoders of many hands: SyntaxError, struct.error, KeyError, …
        if str(error) in _UNKNOWN:
            raise UnknownSamplesError("has samples of a kind that is not read here") from error
        if isinstance(error, EOFError) or "truncated" in str(error).lower():
            raise ConvError("is truncated") from error
        raise ConvError(f"is damaged: {printable(error) or type(error).__name__}") from error


def rawmode(tile: ImageFile._Tile) -> str:
    """Name the kind of samples in a part of a file, as Pillow does."""
    return str(tile.args[0] if isinstance(tile.args, tuple) else tile.args)


def lend(image: ImageFile.ImageFile) -> mmap.mmap | None:
    """Give an image that is not decoded yet memory of ours to be decoded into; None where that cannot be.

    It is (H, W, bytes a pixel): one of grey, else four. (From memory of Pillow's own it takes three copies to get it.)
    That is for samples of at most 8 bits, and for files with one picture.

    Raises
    ------
    MemoryError
    """
    still = image.format in _PLUGINS and getattr(image, "n_frames", 1) == 1
    if not still or image.mode not in _BYTES or not image.tile:
        return None
    mode, count = _BYTES[image.mode]
    try:
        size = image.width * image.height * count
        memory = mmap.mmap(-1, size, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    except OSError as error:
        raise MemoryError from error
    with suppress(AttributeError, OSError):
        memory.madvise(mmap.MADV_HUGEPAGE)  # the system gives a page of 4 KiB at a time, slowly
    buffer: Any = memory  # any buffer will do, Pillow's types say less
    image.im = Image.frombuffer(mode, image.size, buffer, "raw", mode, 0, 1).im
    return memory


logging.getLogger("PIL").addHandler(logging.NullHandler())


@cache
def _silence_libtiff() -> None:
    """Take libtiff's error handler away, once in a process. Where the library is not found, it goes on talking.

    (Pillow has no call for this. Turning standard error away while it decodes would lose the lines of other threads.)
    """
    import ctypes  # for TIFF alone

    for library in _loaded():
        with suppress(OSError, AttributeError):
            ctypes.CDLL(library).TIFFSetErrorHandler(None)


def _loaded() -> set[str]:
    maps = Path("/proc/self/maps")
    with suppress(OSError):
        lines = maps.read_text(errors="surrogateescape").splitlines()
        return {line.split(maxsplit=5)[5] for line in lines if "/libtiff" in line}
    return {str(path) for path in Path(PIL.__file__).parent.glob(".dylibs/libtiff*")}  # macOS
