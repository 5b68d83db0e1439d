"""The picture formats that are written: one row each, what it can hold, and how it is written."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from io import BytesIO
from pathlib import PurePath
from typing import Any, BinaryIO, TypeAlias

import numpy as np

from convcli.engine.errors import ConvError, one_of, printable
from convcli.files.pictures.picture import Picture

__all__ = ["FORMATS", "Format", "check_format", "format_of", "write_picture"]

Write: TypeAlias = Callable[[BinaryIO, Picture, int | None], None]

_GREY, _GREY16, _FLOAT = "8-bit grey", "16-bit grey", "float grey"
_RGB, _RGB16 = "8-bit RGB", "16-bit RGB"


@dataclass(frozen=True, eq=False, repr=False)
class Format:
    """A picture format.

    Parameters
    ----------
    name : str
        As people write it.
    suffixes : tuple of str
    holds : tuple of str
        The kinds of samples, as `kind_of` names them.
    alpha : tuple of str
        Those of them that may have alpha.
    write : callable
        Writes what it holds, on so many threads.
    longest : int
        The largest height and width.
    """

    name: str
    suffixes: tuple[str, ...]
    holds: tuple[str, ...]
    alpha: tuple[str, ...]
    write: Write
    longest: int = 2**31 - 1


def kind_of(dtype: np.dtype[Any], colour: bool) -> str:
    """Name a kind of samples.

    >>> kind_of(np.dtype(np.uint16), True)
    '16-bit RGB'
    """
    depth = "float" if dtype.kind == "f" else f"{8 * dtype.itemsize}-bit"
    return f"{depth} {'RGB' if colour else 'grey'}"


def _with_pillow(name: str, **options: Any) -> Write:
    def write(file: BinaryIO, picture: Picture, threads: int | None) -> None:  # noqa: ARG001
        planes = [*picture.planes] if picture.colour else [picture.planes]
        if picture.alpha is not None:
            planes.append(picture.alpha)
        samples = np.stack(planes, axis=-1) if len(planes) > 1 else np.ascontiguousarray(planes[0])
        profile = {"icc_profile": picture.profile} if picture.profile and name != "BMP" else {}
        # in memory first: an encoder of Pillow that fails to write does not say why
        encoded = BytesIO()
        pillow = import_module("PIL.Image")  # not at the top: arrays never need it
        try:
            pillow.fromarray(samples).save(encoded, name, **options, **profile)
        except (OSError, ValueError) as error:
            raise ConvError(f"cannot be written as {name}: {printable(error)}") from error
        file.write(encoded.getbuffer())

    return write


def _png(file: BinaryIO, picture: Picture, threads: int | None) -> None:
    from convcli.files.pictures.png import write_png

    write_png(file, picture.planes, picture.alpha, profile=picture.profile, threads=threads)


def _netpbm(file: BinaryIO, picture: Picture, threads: int | None) -> None:  # noqa: ARG001
    from convcli.files.pictures import netpbm

    netpbm.write(file, picture.planes)


_DEEP = (_GREY, _RGB, _GREY16, _RGB16)

FORMATS: dict[str, Format] = {
    "png": Format("PNG", (".png",), _DEEP, _DEEP, _png),
    "tiff": Format(
        "TIFF",
        (".tif", ".tiff"),
        (_GREY, _RGB, _GREY16, _FLOAT),
        (_GREY, _RGB),
        _with_pillow("TIFF"),
    ),
    "jpeg": Format(
        "JPEG", (".jpg", ".jpeg"), (_GREY, _RGB), (), _with_pillow("JPEG", quality=95), 65500
    ),
    "webp": Format(
        "WebP",
        (".webp",),
        (_GREY, _RGB),
        (_GREY, _RGB),
        _with_pillow("WEBP", lossless=True, exact=True),
        16383,
    ),
    "bmp": Format("BMP", (".bmp",), (_GREY, _RGB), (), _with_pillow("BMP")),
    "pgm": Format("PGM", (".pgm",), (_GREY, _GREY16), (), _netpbm),
    "ppm": Format("PPM", (".ppm", ".pnm"), _DEEP, (), _netpbm),
}
"""By the name that `--format` takes."""


def format_of(path: PurePath | str) -> str:
    """Return the key in `FORMATS` that a file's suffix picks.

    Raises
    ------
    ConvError
        No format that is written has this suffix.

    Examples
    --------
    >>> format_of("out/edges.JPG")
    'jpeg'
    """
    suffix = PurePath(path).suffix.lower()
    for key, row in FORMATS.items():
        if suffix in row.suffixes:
            return key
    error = one_of("suffix", suffix, [s for row in FORMATS.values() for s in row.suffixes])
    raise error.about(printable(path))


def check_format(
    format: str, *, dtype: np.dtype[Any], colour: bool, alpha: bool, size: tuple[int, int]
) -> tuple[str, ...]:
    """Ask, before the work, whether a format can hold a picture.

    Parameters
    ----------
    format : str
        A key of `FORMATS`.
    dtype, colour, alpha, size
        Of the picture.

    Returns
    -------
    tuple of str
        What will be left out, for people to be told.

    Raises
    ------
    ConvError
        It would lose samples or bits: the error names the formats that can.
    """
    if format not in FORMATS:
        raise one_of("picture format", format, FORMATS)
    row, kind = FORMATS[format], kind_of(dtype, colour)
    if kind not in row.holds:
        able = [other.name for other in FORMATS.values() if kind in other.holds]
        # arrays take everything
        raise ConvError(f"{row.name} cannot hold {kind}: {', '.join([*able, 'NPY'])} can")
    if max(size) > row.longest:
        height, width = size
        raise ConvError(f"{row.name} cannot hold {height}x{width}: at most {row.longest} a side")
    return (
        (f"{row.name} holds no alpha, it is left out",) if alpha and kind not in row.alpha else ()
    )


def write_picture(
    file: BinaryIO, picture: Picture, format: str, *, threads: int | None = None
) -> tuple[str, ...]:
    """Write a picture; its colour profile is carried where the format can.

    Parameters
    ----------
    file : BinaryIO
    picture : Picture
    format : str
        A key of `FORMATS`.
    threads : int or None
        For encoders that use several: None is one a core. (Whoever writes several pictures at once wants 1.)

    Returns
    -------
    tuple of str
        What was left out, for people to be told.

    Raises
    ------
    ConvError
        The format cannot hold the picture; nothing is written.
    """
    notes = check_format(
        format,
        dtype=picture.planes.dtype,
        colour=picture.colour,
        alpha=picture.alpha is not None,
        size=picture.size,
    )
    fitting = Picture(picture.planes, None if notes else picture.alpha, _profile(picture))
    FORMATS[format].write(file, fitting, threads)
    return notes


def _profile(picture: Picture) -> bytes | None:
    """Return the profile if it is one for these samples (a picture that became grey must not carry one of RGB)."""
    space = b"RGB " if picture.colour else b"GRAY"
    profile = picture.profile
    return profile if profile and profile[16:20] == space else None
