"""Pictures from files and to files: every kind of sample kept as it is, or refused in words.

Open: charts, formats, picture.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from convcli.engine.errors import ConvError, display_name, printable
from convcli.files.memory import MAX_PIXELS
from convcli.files.output import about_file
from convcli.files.pictures.picture import Frames, Picture
from convcli.files.sniff import ARE_READ, HEAD, picture_format

if TYPE_CHECKING:
    from convcli.files.pictures.formats import FORMATS, check_format, format_of, write_picture

__all__ = [
    "FORMATS",
    "Frames",
    "Picture",
    "check_format",
    "colour_of",
    "format_of",
    "read_frames",
    "read_picture",
    "write_picture",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'convcli.files.pictures' has no attribute {name!r}")
    from convcli.files.pictures import formats  # what only reads needs no formats to write

    return getattr(formats, name)


def read_picture(
    source: bytes | Path, name: str, *, max_pixels: int = MAX_PIXELS, frame: int | None = None
) -> Picture:
    """Read a picture: PNG, JPEG, WebP, TIFF, BMP, GIF, PBM/PGM/PPM.

    Fewer than 8 bits are stretched to 0…255; a palette becomes grey if every entry in use is, else colour; EXIF turns
    are applied; of several frames or pages the first is read, and that is noted. 16 bits stay 16 bits, in colour too.
    The planes are contiguous. While reading, twice their size is needed (2.4 times for 8-bit colour).

    Parameters
    ----------
    source : bytes or Path
        The file's content, or where it is.
    name : str
        What the errors call it.
    max_pixels : int
        Larger pictures are refused before anything is decoded.
    frame : int, optional
        Which frame or page is read, from 0.

    Returns
    -------
    Picture

    Raises
    ------
    ConvError
        The file cannot be opened, is no picture, too large, truncated, damaged, or of a kind that would lose bits.
    """
    with _pictured(source, name) as (file, format):
        if format == "PPM":
            from convcli.files.pictures import netpbm

            if frame:
                raise ConvError(f"has one frame, --frame 0 is allowed, got {frame}")
            return Picture(netpbm.read(file, max_pixels))
        # Pillow is loaded for the first picture: arrays never need it
        from convcli.files.opening import UnknownSamplesError
        from convcli.files.pictures.decoding import decode

        try:
            return decode(file, format, max_pixels, frame)
        except UnknownSamplesError as error:
            if format != "TIFF":
                raise
            from convcli.files.pictures import tiff

            return tiff.read(file, max_pixels, frame, error)


def read_frames(source: bytes | Path, name: str, *, max_pixels: int = MAX_PIXELS) -> Frames:
    """Read all frames of an animation, or all pages, as `read_picture` reads one.

    Parameters
    ----------
    source, name
        As of `read_picture`.
    max_pixels : int
        Of all together.

    Raises
    ------
    ConvError
    """
    with _pictured(source, name) as (file, format):
        if format == "PPM":
            from convcli.files.pictures import netpbm

            return Frames((Picture(netpbm.read(file, max_pixels)),))
        from convcli.files.opening import UnknownSamplesError
        from convcli.files.pictures.decoding import decode_frames

        try:
            return decode_frames(file, format, max_pixels)
        except UnknownSamplesError as error:
            if format != "TIFF":
                raise
            from convcli.files.pictures import tiff

            return tiff.read_all(file, max_pixels, error)


@contextmanager
def _pictured(source: bytes | Path, name: str) -> Iterator[tuple[BinaryIO, str]]:
    """Open a file and name its format; what goes wrong begins with its name."""
    try:
        with _opened(source) as file:
            head = file.read(HEAD)
            file.seek(0)
            format = picture_format(head)
            if format is None:
                raise ConvError(f"is no picture: {ARE_READ}")
            yield file, format
    except OSError as error:
        raise about_file(name, error) from error
    except ConvError as error:
        raise error.about(display_name(name)) from error


def colour_of(text: str) -> tuple[float, float, float]:
    """Read an opaque colour, by name or as #rgb, #rrggbb, rgb(…), hsl(…): red, green and blue, 0 … 1.

    Raises
    ------
    ConvError

    Examples
    --------
    >>> colour_of("white"), colour_of("#f00")
    ((1.0, 1.0, 1.0), (1.0, 0.0, 0.0))
    """
    from PIL import ImageColor

    try:
        levels = ImageColor.getrgb(text.strip())
    except ValueError as error:
        raise ConvError(
            f"got '{printable(text)}', a colour is needed, as in white or #ff8000", usage=True
        ) from error
    if len(levels) == 4 and levels[3] < 255:
        raise ConvError(f"got '{printable(text)}', an opaque colour is needed", usage=True)
    red, green, blue = (level / 255 for level in levels[:3])
    return red, green, blue


@contextmanager
def _opened(source: bytes | Path) -> Iterator[BinaryIO]:
    """Open what can be read from any place (a pipe is kept in memory)."""
    if isinstance(source, bytes):
        yield BytesIO(source)
        return
    with source.open("rb") as file:
        yield file if file.seekable() else BytesIO(file.read())
