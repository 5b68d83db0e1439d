"""The picture formats that are written: one row each, what it can hold, and how it is written."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from io import BytesIO
from pathlib import PurePath
from typing import Any, BinaryIO, TypeAlias

import numpy as np
from numpy.typing import NDArray

from convcli.engine.errors import ConvError, one_of, printable
from convcli.engine.sizes.geometry import size_text
from convcli.files.memory import amount
from convcli.files.pictures.exif import carried, loaded
from convcli.files.pictures.picture import LONGEST_EXIF, Frames, Picture

__all__ = [
    "FORMATS",
    "Format",
    "check_format",
    "format_of",
    "losses",
    "write_numbers",
    "write_picture",
]

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
    keeps : tuple of str
        Of "profile", "resolution", "aspect", "gamma" and "exif", what it has a place for.
    """

    name: str
    suffixes: tuple[str, ...]
    holds: tuple[str, ...]
    alpha: tuple[str, ...]
    write: Write
    longest: int = 2**31 - 1
    keeps: tuple[str, ...] = ()


def kind_of(dtype: np.dtype[Any], colour: bool) -> str:
    """Name a kind of samples.

    >>> kind_of(np.dtype(np.uint16), True)
    '16-bit RGB'
    """
    depth = "float" if dtype.kind == "f" else f"{8 * dtype.itemsize}-bit"
    return f"{depth} {'RGB' if colour else 'grey'}"


def _with_pillow(name: str, **options: Any) -> Write:
    def write(file: BinaryIO, picture: Picture, threads: int | None) -> None:  # noqa: ARG001
        _save(file, name, [picture], **options)

    return write


def _save(file: BinaryIO, name: str, pictures: Sequence[Picture], **options: Any) -> None:
    pictures = [p.held() for p in pictures]
    picture = pictures[0]
    kept = {"icc_profile": picture.profile} if picture.profile and name != "BMP" else {}
    kept |= _about(name, picture)
    # in memory first: an encoder of Pillow that fails to write does not say why
    encoded = BytesIO()
    pillow = import_module("PIL.Image")  # not at the top: arrays never need it
    try:
        first, *more = (pillow.fromarray(_interleaved(p)) for p in pictures)
        several = {"save_all": True, "append_images": more} if more else {}
        first.save(encoded, name, **options, **kept, **several)
    except (OSError, ValueError) as error:
        raise ConvError(f"cannot be written as {name}: {printable(error)}") from error
    with encoded.getbuffer() as held:  # let go of, whatever the disk says
        file.write(held)


def _interleaved(picture: Picture) -> NDArray[Any]:
    planes = [*picture.planes] if picture.colour else [picture.planes]
    if picture.alpha is not None:
        planes.append(picture.alpha)
    return np.stack(planes, axis=-1) if len(planes) > 1 else np.ascontiguousarray(planes[0])


def _about(name: str, picture: Picture) -> dict[str, Any]:
    """Give resolution and EXIF as Pillow's writers want them; WebP has no place for the former but the latter."""
    dpi, exif = picture.display.resolution, carried(picture)
    if name == "BMP":
        exif = b""
    about: dict[str, Any] = {"dpi": dpi, "exif": exif}
    if name == "WEBP" and dpi is not None:
        tags = loaded(exif)
        tags[282], tags[283], tags[296] = *dpi, 2
        about = {"exif": tags.tobytes()}
    elif name == "TIFF" and exif:
        about["exif"] = loaded(exif)
    return {key: value for key, value in about.items() if value}


def _png(file: BinaryIO, picture: Picture, threads: int | None) -> None:
    from convcli.files.pictures import png

    png.write_png(
        file,
        picture.planes,
        picture.alpha,
        profile=picture.profile,
        display=picture.display,
        exif=carried(picture),
        threads=threads,
        made=picture.made,
    )


def _netpbm(file: BinaryIO, picture: Picture, threads: int | None) -> None:  # noqa: ARG001
    from convcli.files.pictures import netpbm

    netpbm.write(file, picture.held().planes)


def _jpeg(file: BinaryIO, picture: Picture, threads: int | None) -> None:
    from convcli.files.pictures import jpeg

    try:
        jpeg.write_jpeg(file, picture, threads)
    except (OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno is not None:  # the disk's, not the encoder's
            raise
        raise ConvError(f"cannot be written as JPEG: {printable(error)}") from error


_LOSSLESS = {"lossless": True, "exact": True}
_DEEP = (_GREY, _RGB, _GREY16, _RGB16)
_MOST = ("profile", "resolution", "exif")

FORMATS: dict[str, Format] = {
    "png": Format("PNG", (".png",), _DEEP, _DEEP, _png, keeps=(*_MOST, "aspect", "gamma")),
    "tiff": Format(
        "TIFF",
        (".tif", ".tiff"),
        (_GREY, _RGB, _GREY16, _FLOAT),
        (_GREY, _RGB),
        _with_pillow("TIFF"),
        keeps=_MOST,
    ),
    "jpeg": Format("JPEG", (".jpg", ".jpeg"), (_GREY, _RGB), (), _jpeg, 65500, _MOST),
    "webp": Format(
        "WebP",
        (".webp",),
        (_GREY, _RGB),
        (_GREY, _RGB),
        _with_pillow("WEBP", **_LOSSLESS),
        16383,
        _MOST,
    ),
    "bmp": Format("BMP", (".bmp",), (_GREY, _RGB), (), _with_pillow("BMP"), keeps=("resolution",)),
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
    profile = picture.profile if _fits(picture) else None
    alpha = None if notes else picture.alpha
    fitting = replace(picture, alpha=alpha, profile=profile)
    FORMATS[format].write(file, fitting, threads)
    return (*notes, *losses(picture, format))


def write_frames(
    file: BinaryIO, pictures: Sequence[Picture], format: str, frames: Frames
) -> tuple[str, ...]:
    """Write several pictures to one file: an animation as PNG or WebP, pages as TIFF.

    Parameters
    ----------
    file : BinaryIO
    pictures : sequence of Picture
        What `check_format` lets pass, or `numbers`; of an animation they are alike.
    format : str
        "png", "webp" or "tiff".
    frames : Frames
        How long each is shown, and how often all are.

    Returns
    -------
    tuple of str
        What was left out, for people to be told.
    """
    pictures = [p if _fits(p) else replace(p, profile=None) for p in pictures]
    if format == "tiff":
        _pages(file, pictures)
        lost = frames.durations is not None
        return ("TIFF holds pages: how long each is shown is left out",) if lost else ()
    spent = frames.durations or (0.0,) * len(pictures)
    if format == "webp":
        times = [round(s) for s in spent]
        _save(file, "WEBP", pictures, **_LOSSLESS, duration=times, loop=frames.plays)
    else:
        first = pictures[0]
        shown = [(p.planes, p.alpha) for p in pictures]
        profile, display = first.profile, first.display
        from convcli.files.pictures import png

        png.write_apng(file, shown, spent, frames.plays, profile=profile, display=display)
    return ()


def numbers(values: NDArray[Any], source: Picture) -> Picture:
    """Make what a TIFF can hold of numbers of their own units: integers are signed, others are floats.

    Parameters
    ----------
    values : ndarray, shape (H, W) or, of several bands, (C, H, W)
        Integers, or floats: of 64 bits they are rounded to 32, unless the source has 64.
    source : Picture
        What they were made from.

    Raises
    ------
    ConvError
        There are more dimensions, or an integer has more than 32 bits and none of the source could.
    """
    if values.ndim > 3:
        got = size_text(values.shape)
        raise ConvError(f"TIFF cannot hold {got}: bands of numbers at most, NPY holds more")
    if len(values) == 1 and values.ndim == 3:
        values = values[0]
    wide = source.planes.dtype.itemsize == 8
    kind: type[np.generic] = np.float64 if wide else np.float32
    if values.dtype.kind in "iu":
        kind, held = (np.int64, np.iinfo(np.int64)) if wide else (np.int32, np.iinfo(np.int32))
        if not held.min <= values.min() <= values.max() <= held.max:
            raise ConvError(
                f"TIFF cannot hold integers of more than {held.bits} bits: NPY and CSV can"
            )
    return Picture(values.astype(kind, copy=False), display=source.display, numbers=True)


def write_numbers(file: BinaryIO, values: NDArray[Any], source: Picture) -> None:
    """Write numbers of their own units as a TIFF, as `numbers` says."""
    _pages(file, [numbers(values, source)])


def _pages(file: BinaryIO, pictures: Sequence[Picture]) -> None:
    if any(p.numbers and (p.planes.ndim == 3 or p.planes.itemsize == 8) for p in pictures):
        from convcli.files.pictures import tiff

        tiff.write_bands(file, pictures)
    else:
        _save(file, "TIFF", pictures)


_SCREENS = {72, 96}
"""Pixels to an inch that programs write where nobody has measured anything: that they are left out is not told."""


def losses(picture: Picture, format: str) -> tuple[str, ...]:
    """Tell what a format leaves out of how a picture is meant to be shown.

    Parameters
    ----------
    picture : Picture
    format : str
        A key of `FORMATS`.

    Examples
    --------
    >>> from convcli.files.pictures.picture import Display
    >>> page = Picture(np.zeros((2, 2), np.uint8), display=Display(resolution=(300, 300), gamma=1.0))
    >>> losses(page, "pgm")
    ('PGM holds no resolution and no gamma, they are left out',)
    """
    row, how = FORMATS[format], picture.display
    # where nothing is said, readers take samples for sRGB
    gamma = how.srgb is None and (how.gamma is not None or how.primaries is not None)
    given = {
        "colour profile": ("profile", picture.profile is not None),
        "resolution": ("resolution", not {round(v) for v in how.resolution or ()} <= _SCREENS),
        "shape of its pixels": ("aspect", how.aspect is not None),
        "gamma": ("gamma", gamma and not picture.profile),
        "EXIF": ("exif", bool(picture.exif)),
    }
    if format == "jpeg" and len(carried(picture)) > LONGEST_EXIF:
        given[f"EXIF of more than {amount(LONGEST_EXIF)}"] = ("", True)
    lost = [f"no {name}" for name, (key, has) in given.items() if has and key not in row.keeps]
    notes = []
    if lost:
        which = "it is" if len(lost) == 1 else "they are"
        notes.append(f"{row.name} holds {' and '.join(lost)}, {which} left out")
    if "exif" in row.keeps and picture.exif and not carried(picture):
        notes.append("its EXIF is damaged, it is left out")
    if "profile" in row.keeps and not _fits(picture):
        kind = "RGB" if picture.colour else "grey"
        notes.append(f"its colour profile is none of {kind}, it is left out")
    return tuple(notes)


def _fits(picture: Picture) -> bool:
    """Whether the profile is one for these samples (a picture that became grey must not carry one of RGB)."""
    space = b"RGB " if picture.colour else b"GRAY"
    return not picture.profile or picture.profile[16:20] == space
